//! Landmarks of sound: pairs of spectral peaks, by their frequencies and the time between them.
//!
//! Follows A. Wang, "An Industrial-Strength Audio Search Algorithm" (ISMIR 2003). What survives of two peaks of music
//! under speech, after equalization or lossy coding, keeps its frequencies and its distance in time.

use crate::{
    resample::{RATE, resampled},
    spectrum::{HOP, Peak, peaks},
};

/// Later peaks that each peak is paired with.
const PARTNERS: usize = 6;
/// The nearest and the farthest partner in spectra of 32 ms.
const NEAREST: u32 = 2;
const FARTHEST: u32 = 48;
/// The farthest partner in frequency, in steps of 7.8 Hz.
const WIDEST: i32 = 63;

/// One pair of peaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Landmark {
    /// Frequency of the first peak (9 bits), step to the second (7 bits), time between them (6 bits).
    pub key: u32,
    /// The time of the first peak, in spectra of 32 ms.
    pub time: u32,
}

impl Landmark {
    /// The frequency of the first peak.
    pub(crate) fn frequency(&self) -> u32 {
        self.key >> 13
    }
}

/// The landmarks of one sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landmarks {
    pub(crate) landmarks: Vec<Landmark>,
}

impl Landmarks {
    /// The landmarks of one channel (or the mean of all) at its sample rate.
    pub fn new(samples: &[f32], sample_rate: f64) -> Self {
        Self { landmarks: pairs(&peaks(&resampled(samples, sample_rate))) }
    }

    /// At most so many, from the beginning of the sound.
    pub fn beginning(mut self, most: usize) -> Self {
        self.landmarks.truncate(most);
        self
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.landmarks.len()
    }

    /// Whether the sound is silence or too short to have any.
    pub fn is_empty(&self) -> bool {
        self.landmarks.is_empty()
    }
}

/// The time of a spectrum in seconds.
pub(crate) fn seconds(spectrum: f64) -> f64 {
    spectrum * HOP as f64 / RATE
}

fn pairs(peaks: &[Peak]) -> Vec<Landmark> {
    let mut landmarks = Vec::with_capacity(peaks.len() * PARTNERS);
    for (number, first) in peaks.iter().enumerate() {
        let later = peaks[number + 1..].iter().take_while(|second| second.time <= first.time + FARTHEST);
        let partners =
            later.filter(|second| second.time >= first.time + NEAREST && step(first, second).abs() <= WIDEST);
        for second in partners.take(PARTNERS) {
            let key = u32::from(first.frequency) << 13
                | ((step(first, second) + WIDEST) as u32) << 6
                | (second.time - first.time);
            landmarks.push(Landmark { key, time: first.time });
        }
    }
    landmarks
}

fn step(first: &Peak, second: &Peak) -> i32 {
    i32::from(second.frequency) - i32::from(first.frequency)
}
