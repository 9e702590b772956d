//! What a medium says of itself as a clip: start timecode, rate, length, reel, UMIDs. Space `clip`.
//!
//! Timelines name a clip by these, so that of two takes of one name the right one is found. Timecode is that of SMPTE
//! ST 12-1.

use countersign_model::Extraction;
use countersign_timelines::{Rate, Timecode};

use crate::tags::{Place, push};

/// The longest clip that is believed: a thousand hours.
const LONGEST: f64 = 3.6e6;

/// The timecode of a clip's first frame: a count of frames and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Frames since 00:00:00:00.
    pub frames: i64,
    /// Frames per second.
    pub rate: Rate,
    /// Numbers are dropped.
    pub drop: bool,
}

/// Tells the start timecode and its rate. A count of more than a day is none.
pub fn start(start: Start, at: &Place, by: u64, out: &mut Extraction) {
    let day = i64::from(start.rate.nominal()).saturating_mul(86_400);
    if (0..day).contains(&start.frames) {
        let timecode = Timecode { frames: start.frames, rate: start.rate, drop: start.drop };
        push(out, ("clip", "StartTimecode"), timecode.to_string(), at, by);
        rate(start.rate, at, by, out);
    }
}

/// Tells the rate of the picture.
pub fn rate(rate: Rate, at: &Place, by: u64, out: &mut Extraction) {
    push(out, ("clip", "FrameRate"), rate.to_string(), at, by);
}

/// Tells the length in seconds, where it is one.
pub fn duration(seconds: f64, at: &Place, by: u64, out: &mut Extraction) {
    if seconds.is_finite() && seconds > 0.0 && seconds < LONGEST {
        push(out, ("clip", "Duration"), format!("{seconds:.3}"), at, by);
    }
}

/// The exact rate that a header writes as a floating-point number; undefined and impossible ones are none.
#[must_use]
pub fn decimal_rate(value: f32) -> Option<Rate> {
    if (1.0..=1000.0).contains(&value) { Rate::from_decimal(f64::from(value)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_start_and_no_length_is_not_told() {
        let place = Place::new("x", 7);
        let told = |frames, seconds| {
            let mut out = Extraction::default();
            let rate = Rate::new(30000, 1001).unwrap();
            start(Start { frames, rate, drop: true }, &place, 1, &mut out);
            duration(seconds, &place, 2, &mut out);
            out.facts
                .tags
                .into_iter()
                .map(|tag| (tag.key.to_string(), tag.value.to_string(), tag.offset))
                .collect::<Vec<_>>()
        };
        let tag = |key: &str, value: &str, at| (key.to_owned(), value.to_owned(), Some(at));
        let all = [tag("StartTimecode", "00:01:00;02", 8), tag("FrameRate", "30000/1001", 8)];
        assert_eq!(told(1800, 1.5), [&all[..], &[tag("Duration", "1.500", 9)]].concat());
        assert_eq!(told(-1, f64::NAN), []);
        assert_eq!(told(i64::MAX, 1e12), []);
    }

    #[test]
    fn rates_of_headers_become_exact() {
        assert_eq!(decimal_rate(23.976), Rate::new(24000, 1001));
        assert_eq!((decimal_rate(f32::NAN), decimal_rate(0.0), decimal_rate(f32::INFINITY)), (None, None, None));
    }
}
