//! The peaks of a spectrogram: places that are the loudest around them in time and in frequency.

use std::f32::consts::PI;

use rustfft::{FftPlanner, num_complex::Complex};

/// Samples of one spectrum: 128 ms at 8,000 Hz.
const WINDOW: usize = 1024;
/// Samples from one spectrum to the next: 32 ms.
pub(crate) const HOP: usize = 256;
/// The frequencies that are looked at, as numbers of 7.8 Hz: 90 to 3,700 Hz.
const LOWEST: usize = 12;
const HIGHEST: usize = 475;
/// A peak is the loudest for this many spectra before and after it …
const REACH_IN_TIME: usize = 4;
/// … and for this many frequencies below and above.
const REACH_IN_FREQUENCY: usize = 9;
/// Silence is below this: about −80 dB of full scale.
const SILENCE: f32 = 1e-4 * WINDOW as f32 / 4.0;
/// A peak is at least this share of the loudest around it in time (−50 dB): a pure tone has no others than its own.
const LEAST_SHARE: f32 = 0.003;
/// The most peaks of one spectrum.
const PEAKS_A_SPECTRUM: usize = 6;

/// A peak: which spectrum, which frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peak {
    pub(crate) time: u32,
    pub(crate) frequency: u16,
}

/// The peaks of sound at 8,000 Hz, in order of time and then frequency.
pub(crate) fn peaks(samples: &[f32]) -> Vec<Peak> {
    let spectra = spectra(samples);
    let mut peaks = Vec::new();
    let bins = HIGHEST - LOWEST;
    let across: Vec<Vec<f32>> = spectra.iter().map(|spectrum| running_maximum(spectrum)).collect();
    for (time, spectrum) in spectra.iter().enumerate() {
        let around = &across[time.saturating_sub(REACH_IN_TIME)..(time + REACH_IN_TIME + 1).min(across.len())];
        let floor = SILENCE.max(LEAST_SHARE * around.iter().flatten().copied().fold(0.0, f32::max));
        let is_peak = |bin: usize| spectrum[bin] > floor && around.iter().all(|line| line[bin] <= spectrum[bin]);
        let mut here: Vec<usize> = (0..bins).filter(|bin| is_peak(*bin)).collect();
        here.sort_unstable_by(|a, b| spectrum[*b].total_cmp(&spectrum[*a]));
        here.truncate(PEAKS_A_SPECTRUM);
        here.sort_unstable();
        peaks.extend(here.iter().map(|bin| Peak { time: time as u32, frequency: (bin + LOWEST) as u16 }));
    }
    peaks
}

fn spectra(samples: &[f32]) -> Vec<Vec<f32>> {
    let fft = FftPlanner::<f32>::new().plan_fft_forward(WINDOW);
    let hann: Vec<f32> = (0..WINDOW).map(|n| 0.5 - 0.5 * (2.0 * PI * n as f32 / WINDOW as f32).cos()).collect();
    let mut buffer = vec![Complex::default(); WINDOW];
    let mut scratch = vec![Complex::default(); fft.get_inplace_scratch_len()];
    let mut spectra = Vec::with_capacity(samples.len() / HOP);
    for window in samples.windows(WINDOW).step_by(HOP) {
        for ((place, sample), weight) in buffer.iter_mut().zip(window).zip(&hann) {
            let sample = if sample.is_finite() { sample.clamp(-16.0, 16.0) } else { 0.0 };
            *place = Complex::new(sample * weight, 0.0);
        }
        fft.process_with_scratch(&mut buffer, &mut scratch);
        spectra.push(buffer[LOWEST..HIGHEST].iter().map(|value| value.norm()).collect());
    }
    spectra
}

/// For each frequency the loudest within reach.
fn running_maximum(spectrum: &[f32]) -> Vec<f32> {
    (0..spectrum.len())
        .map(|bin| {
            let reach = bin.saturating_sub(REACH_IN_FREQUENCY)..(bin + REACH_IN_FREQUENCY + 1).min(spectrum.len());
            spectrum[reach].iter().copied().fold(0.0, f32::max)
        })
        .collect()
}
