//! The second look at a sound: how much of a known passage is heard in it.
//!
//! Two pieces of one band, in one key and at one tempo, have notes in common that fall on the same beats, and so some
//! landmarks that agree. Of the passage as a whole little is heard: the other notes are missing. Of a copy under speech more
//! is heard than that, wherever the voice leaves room.

use crate::Landmark;

/// Peaks of the two sounds are the same within so many spectra after each other, and so many frequencies either way.
const LATER: i64 = 1;
const FREQUENCIES: u32 = 1;

/// A passage that a sound and a reference may have in common.
pub(crate) struct Passage<'a> {
    /// Of the reference, in order of time.
    pub(crate) reference: &'a [Landmark],
    /// Of the sound, in order of time.
    pub(crate) sound: &'a [Landmark],
    /// The time in the reference less the time in the sound.
    pub(crate) offset: i64,
    /// The first and the last time of it in the sound.
    pub(crate) times: (u32, u32),
}

impl Passage<'_> {
    /// The share of the reference's peaks that the sound has as well, 0 to 1.
    pub(crate) fn heard(&self) -> f32 {
        let (first, last) = (i64::from(self.times.0), i64::from(self.times.1));
        let known = peaks(self.reference, first + self.offset, last + self.offset + LATER);
        let sound = peaks(self.sound, first - LATER, last + LATER);
        let is_heard = |(time, frequency): &&(u32, u32)| {
            // The time of the reference less the offset or the next one: see how votes are counted.
            (0..=LATER).any(|later| {
                let at = i64::from(*time) - self.offset - later;
                let lowest = frequency.saturating_sub(FREQUENCIES);
                u32::try_from(at).is_ok_and(|at| {
                    let place = sound.partition_point(|peak| *peak < (at, lowest));
                    sound.get(place).is_some_and(|peak| *peak <= (at, frequency + FREQUENCIES))
                })
            })
        };
        known.iter().filter(is_heard).count() as f32 / known.len().max(1) as f32
    }
}

/// The peaks that landmarks begin with, as time and frequency in order.
fn peaks(landmarks: &[Landmark], first: i64, last: i64) -> Vec<(u32, u32)> {
    let start = landmarks.partition_point(|landmark| i64::from(landmark.time) < first);
    let end = landmarks.partition_point(|landmark| i64::from(landmark.time) <= last).max(start);
    let mut peaks: Vec<(u32, u32)> =
        landmarks[start..end].iter().map(|landmark| (landmark.time, landmark.frequency())).collect();
    peaks.sort_unstable();
    peaks.dedup();
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landmarks(peaks: &[(u32, u32)]) -> Vec<Landmark> {
        peaks.iter().map(|(time, frequency)| Landmark { key: frequency << 13, time: *time }).collect()
    }

    #[test]
    fn what_is_heard_of_a_passage_is_a_share_of_its_peaks() {
        let known: Vec<(u32, u32)> = (0..100).map(|n| (1000 + n, 20 + n * 3 % 200)).collect();
        let half: Vec<(u32, u32)> = known
            .iter()
            .enumerate()
            .map(|(n, (time, f))| (time - 950, if n % 2 == 0 { *f } else { f + 200 }))
            .collect();
        let passage = |sound: &[(u32, u32)], times| {
            Passage { reference: &landmarks(&known), sound: &landmarks(sound), offset: 950, times }.heard()
        };
        assert_eq!(passage(&half, (50, 148)), 0.5);
        // Spectra that begin a little later, and a frequency beside the peak's.
        let moved: Vec<(u32, u32)> = known.iter().map(|(time, f)| (time - 951, f + 1)).collect();
        assert_eq!(passage(&moved, (60, 140)), 1.0);
        assert_eq!(passage(&[], (50, 148)), 0.0);
        // Times that the reference does not have, as a damaged index may lead to.
        let none = Passage { reference: &[], sound: &landmarks(&known), offset: i64::from(u32::MAX), times: (0, 9) };
        assert_eq!(none.heard(), 0.0);
    }
}
