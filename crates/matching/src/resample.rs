//! Sound brought to the one rate at which it is compared, by a windowed sinc.

use std::f64::consts::PI;

/// The rate at which sound is compared: what music and speech have in common with a telephone.
pub(crate) const RATE: f64 = 8000.0;
/// Zero crossings of the sinc on each side.
const LOBES: f64 = 10.0;
/// Places between two samples for which the filter is made beforehand.
const PHASES: usize = 128;
/// Rates outside of these are no rates of sound.
const RATES: std::ops::RangeInclusive<f64> = 1000.0..=768_000.0;

/// The samples as if recorded at 8,000 Hz; nothing where the rate is none of sound.
pub(crate) fn resampled(samples: &[f32], rate: f64) -> Vec<f32> {
    if !RATES.contains(&rate) || samples.is_empty() {
        return Vec::new();
    }
    let step = rate / RATE;
    let cutoff = (1.0 / step).min(1.0);
    let reach = (LOBES / cutoff).ceil() as usize;
    let filter = filter(cutoff, reach);
    let taps = 2 * reach;
    let count = (samples.len() as f64 / step) as usize;
    (0..count)
        .map(|number| {
            let at = number as f64 * step;
            let whole = at as usize;
            let phase = ((at - whole as f64) * PHASES as f64) as usize;
            let weights = &filter[phase * taps..(phase + 1) * taps];
            // The first weight belongs to the sample `reach - 1` before the place.
            let first = (whole + 1).saturating_sub(reach);
            let skipped = (reach - 1).saturating_sub(whole);
            let last = (whole + 1 + reach).min(samples.len());
            samples[first..last].iter().zip(&weights[skipped..]).map(|(sample, weight)| sample * weight).sum()
        })
        .collect()
}

fn filter(cutoff: f64, reach: usize) -> Vec<f32> {
    let taps = 2 * reach;
    let mut filter = Vec::with_capacity(PHASES * taps);
    for phase in 0..PHASES {
        let part = (phase as f64 + 0.5) / PHASES as f64;
        for tap in 0..taps {
            let from_center = tap as f64 - (reach as f64 - 1.0) - part;
            let window = (0.5 * PI * from_center / reach as f64).cos().max(0.0).powi(2);
            let angle = PI * from_center * cutoff;
            let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
            filter.push((cutoff * sinc * window) as f32);
        }
    }
    filter
}
