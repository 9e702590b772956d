//! Looking up sounds: landmarks that agree on one offset vote for a reference.

use std::ops::Range;

use serde::Serialize;

use crate::{
    COPY_VOTES, Landmark, Landmarks, Reference, Relation, landmarks::seconds, passage::Passage, resample::RATE,
    spectrum::HOP,
};

/// Playing speeds that occur in film work: PAL speed-up and its reverse, and the step between 23.976 and 24.
const SPEEDS: [f64; 5] = [1.0, 24.0 / 25.0, 25.0 / 24.0, 1.001, 1.0 / 1.001];
/// Votes are counted within this time (in spectra, about 30 s): chance gathers votes over two hours, a copy does at once.
const VOTING_SPAN: u32 = 938;
/// Landmarks that are looked up together, as a bound for the memory of one look-up.
const SEGMENT: u32 = 2 * VOTING_SPAN;
/// A landmark that occurs more often among the references says nothing.
const COMMON: usize = 300;
/// The most votes of one frequency: a lasting tone has thousands of equal landmarks and is no copy of another one.
const VOTES_A_FREQUENCY: u32 = 4;
/// The most votes of one moment.
const VOTES_A_MOMENT: usize = 2;
/// A copy has at least so many votes for each second between the first and the last of them. Music under speech at −6 dB had
/// 3.2 and more, another tune of the same band at most 1.7 over its whole length.
const VOTES_A_SECOND: f32 = 2.4;
/// The share of the known passage's peaks that is heard of a copy.
const HEARD_OF_COPY: f32 = 0.2;
/// Times of one offset that are closer together than this (in spectra, 5 s) are one stretch.
const STRETCH_GAP: u32 = 156;

/// All landmarks of an index, sorted by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct LandmarkTable {
    postings: Vec<Posting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Posting {
    key: u32,
    reference: u32,
    time: u32,
}

impl LandmarkTable {
    pub(crate) fn new<'a>(sounds: impl Iterator<Item = (u32, &'a Landmarks)>) -> Self {
        let mut postings: Vec<Posting> = sounds
            .flat_map(|(reference, sound)| {
                sound.landmarks.iter().map(move |landmark| Posting {
                    key: landmark.key,
                    reference,
                    time: landmark.time,
                })
            })
            .collect();
        postings.sort_unstable();
        Self { postings }
    }

    fn of_key(&self, key: u32) -> &[Posting] {
        let start = self.postings.partition_point(|posting| posting.key < key);
        let count = self.postings[start..].partition_point(|posting| posting.key == key);
        if count > COMMON { &[] } else { &self.postings[start..start + count] }
    }

    /// Votes for each reference and offset, the strongest of each reference and stretch of time.
    fn vote(&self, landmarks: &[Landmark], speed: f64, references: &[Reference]) -> Vec<SoundMatch> {
        let mut hits: Vec<Hit> = landmarks
            .iter()
            .flat_map(|landmark| self.of_key(landmark.key).iter().map(move |posting| Hit::new(landmark, posting)))
            .collect();
        hits.sort_unstable();
        hits.dedup();
        let mut found: Vec<SoundMatch> = Vec::new();
        for of_reference in hits.chunk_by(|a, b| a.reference == b.reference) {
            let Some(strongest) = strongest_offset(of_reference) else { continue };
            let Some(reference) = references.get(of_reference[0].reference as usize) else { continue };
            found.push(strongest.judged(&reference.sound, landmarks, speed));
        }
        found
    }
}

/// One landmark that occurs in the sound and in a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    reference: u32,
    /// The time in the reference less the time in the sound.
    offset: i64,
    time: u32,
    frequency: u32,
    key: u32,
}

impl Hit {
    fn new(landmark: &Landmark, posting: &Posting) -> Self {
        Self {
            reference: posting.reference,
            offset: i64::from(posting.time) - i64::from(landmark.time),
            time: landmark.time,
            frequency: landmark.frequency(),
            key: landmark.key,
        }
    }
}

/// The hits of one reference that agree on an offset.
struct Agreeing<'h> {
    hits: &'h [Hit],
    tally: Tally,
    stretch: (u32, u32),
}

/// The most votes within the voting span, and the times of the first and the last of them.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    votes: u32,
    first: u32,
    last: u32,
}

/// The offset of one reference with the most votes, if any has enough to be told of.
fn strongest_offset(hits: &[Hit]) -> Option<Agreeing<'_>> {
    let mut best: Option<(Tally, Range<usize>)> = None;
    let mut end = 0;
    for start in 0..hits.len() {
        if start > 0 && hits[start].offset == hits[start - 1].offset {
            continue;
        }
        // Two neighboring offsets together: the spectra of the two sounds begin at different places.
        end = end.max(start);
        while end < hits.len() && hits[end].offset <= hits[start].offset + 1 {
            end += 1;
        }
        if end - start < COPY_VOTES as usize / 2 {
            continue;
        }
        let tally = tally(&hits[start..end]);
        if best.as_ref().is_none_or(|(most, _)| tally.votes > most.votes) {
            best = Some((tally, start..end));
        }
    }
    let (tally, range) = best?;
    let hits = &hits[range];
    Some(Agreeing { hits, tally, stretch: stretch(hits)? })
}

impl Agreeing<'_> {
    fn judged(&self, reference: &Landmarks, sound: &[Landmark], speed: f64) -> SoundMatch {
        let Tally { votes, first, last } = self.tally;
        let offset = self.hits[0].offset;
        let heard = if votes >= COPY_VOTES {
            Passage { reference: &reference.landmarks, sound, offset, times: (first, last) }.heard()
        } else {
            0.0
        };
        let votes_a_second = votes as f32 / (seconds(f64::from(last - first)) as f32).max(1.0);
        let relation = match votes >= COPY_VOTES {
            true if votes_a_second >= VOTES_A_SECOND && heard >= HEARD_OF_COPY => Relation::Copy,
            true => Relation::Look,
            false => Relation::Different,
        };
        let (start, end) = self.stretch;
        SoundMatch {
            reference: self.hits[0].reference as usize,
            relation,
            votes,
            votes_a_second,
            heard,
            speed,
            start: seconds(f64::from(start)) / speed,
            end: seconds(f64::from(end)) / speed,
            reference_start: seconds(f64::from(start) + offset as f64).max(0.0),
        }
    }
}

/// The most votes within the voting span. A peak has one vote however many partners agree, and neither a moment nor a
/// frequency has more than its share: a chord on the beat of another piece in the same key is no copy.
fn tally(hits: &[Hit]) -> Tally {
    let mut all: Vec<&Hit> = hits.iter().collect();
    all.sort_unstable_by_key(|hit| (hit.time, hit.frequency));
    all.dedup_by_key(|hit| (hit.time, hit.frequency));
    let moments = all.chunk_by(|a, b| a.time == b.time);
    let hits: Vec<&Hit> = moments.flat_map(|moment| moment.iter().take(VOTES_A_MOMENT).copied()).collect();
    let mut of_frequency = [0_u32; 512];
    let (mut start, mut votes, mut most) = (0, 0, Tally::default());
    for hit in &hits {
        while hits[start].time + VOTING_SPAN < hit.time {
            let left = &mut of_frequency[hits[start].frequency as usize % 512];
            votes -= u32::from(*left <= VOTES_A_FREQUENCY);
            *left -= 1;
            start += 1;
        }
        let entered = &mut of_frequency[hit.frequency as usize % 512];
        *entered += 1;
        votes += u32::from(*entered <= VOTES_A_FREQUENCY);
        if votes > most.votes {
            most = Tally { votes, first: hits[start].time, last: hit.time };
        }
    }
    most
}

/// The longest run of times without a large gap: single hits of chance lie far from it.
fn stretch(hits: &[Hit]) -> Option<(u32, u32)> {
    let mut times: Vec<u32> = hits.iter().map(|hit| hit.time).collect();
    times.sort_unstable();
    let runs = times.chunk_by(|a, b| b - a <= STRETCH_GAP);
    let longest = runs.max_by_key(|run| run.len())?;
    Some((*longest.first()?, *longest.last()?))
}

/// A sound that is looked up, at each of the playing speeds.
pub struct SoundProbe {
    at_speeds: Vec<(f64, Landmarks)>,
}

impl SoundProbe {
    /// The landmarks of one channel (or the mean of all) at its sample rate, and at the speeds of film work: as it is,
    /// 24/25, 25/24 and 1.001 either way.
    pub fn new(samples: &[f32], sample_rate: f64) -> Self {
        let at_speed = |speed: f64| (speed, Landmarks::new(samples, sample_rate * speed));
        Self { at_speeds: SPEEDS.into_iter().map(at_speed).collect() }
    }

    /// As it is only.
    pub fn at_own_speed(samples: &[f32], sample_rate: f64) -> Self {
        Self { at_speeds: vec![(1.0, Landmarks::new(samples, sample_rate))] }
    }

    /// Whether there is nothing to look up.
    pub fn is_empty(&self) -> bool {
        self.at_speeds.iter().all(|(_, landmarks)| landmarks.is_empty())
    }

    /// The best match of each reference, the strongest first; those with too few votes are told as [`Relation::Different`].
    pub(crate) fn find(&self, table: &LandmarkTable, references: &[Reference]) -> Vec<SoundMatch> {
        let mut best: Vec<SoundMatch> = Vec::new();
        for (speed, sound) in &self.at_speeds {
            for segment in segments(&sound.landmarks) {
                for found in table.vote(segment, *speed, references) {
                    match best.iter_mut().find(|known| known.reference == found.reference) {
                        Some(known) => known.merge(found),
                        None => best.push(found),
                    }
                }
            }
        }
        best.sort_by(|a, b| (a.relation, b.votes, a.reference).cmp(&(b.relation, a.votes, b.reference)));
        best
    }
}

/// Stretches of the sound that overlap by the voting span, so that no copy is cut in two.
fn segments(landmarks: &[Landmark]) -> impl Iterator<Item = &[Landmark]> {
    let last = landmarks.last().map_or(0, |landmark| landmark.time);
    (0..=last / VOTING_SPAN).map(move |number| {
        let from = number * VOTING_SPAN;
        let start = landmarks.partition_point(|landmark| landmark.time < from);
        let end = landmarks.partition_point(|landmark| landmark.time < from.saturating_add(SEGMENT));
        &landmarks[start..end]
    })
}

/// A known sound that was recognized.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SoundMatch {
    /// The number of the reference in the index.
    pub reference: usize,
    /// `Copy`; `Look` where enough agrees to be told and too little of the passage is heard; `Different` with too few votes.
    pub relation: Relation,
    /// Landmarks that agree on the offset within 30 seconds.
    pub votes: u32,
    /// How many they are for each second between the first and the last of them.
    pub votes_a_second: f32,
    /// The share of the known passage's peaks, 0 to 1, that are heard between the first and the last of these votes; 0 with
    /// too few votes.
    pub heard: f32,
    /// The playing speed at which it agrees, 1 for its own.
    pub speed: f64,
    /// Where it begins in the sound that was looked up, in seconds.
    pub start: f64,
    /// Where it ends there.
    pub end: f64,
    /// What is heard at the beginning, as seconds of the reference.
    pub reference_start: f64,
}

impl SoundMatch {
    /// Keeps the stronger match; one that goes on where the other ends makes it longer.
    fn merge(&mut self, other: Self) {
        let offset = |found: &Self| found.reference_start - found.start * found.speed;
        let same = self.speed == other.speed && (offset(self) - offset(&other)).abs() < 2.0 * HOP as f64 / RATE;
        let (start, end) = (self.start.min(other.start), self.end.max(other.end));
        let first = if other.start < self.start { other.reference_start } else { self.reference_start };
        let near = other.start <= self.end + seconds(STRETCH_GAP.into());
        let longer = same && near && self.votes.min(other.votes) >= COPY_VOTES;
        let order = |found: &Self| (found.relation, u32::MAX - found.votes);
        if order(&other) < order(self) {
            *self = other;
        }
        if longer {
            *self = Self { start, end, reference_start: first, ..self.clone() };
        }
    }
}
