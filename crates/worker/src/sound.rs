//! Sound decoded by the `symphonia` crate within bounds: a waveform, or one channel of samples at a wanted rate.
//!
//! Runs in a worker process; in a program without workers, in its own.

use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use super::protocol::Refusal;

/// Frames of sound that make one measure, and how many measures are taken: about twelve minutes at 48 kHz.
const MEASURE: usize = 2_048;
const MEASURES: usize = 16_384;
/// How long one waveform may take.
const WAVEFORM_TIME: Duration = Duration::from_secs(8);
/// Samples of one piece.
const PIECE: usize = 64 * 1024;
/// Rates that a file may state and a caller may want.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// The default audio track of a file, being decoded.
struct Track {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    id: u32,
    rate: Option<u32>,
    samples: Vec<f32>,
}

impl Track {
    fn open(path: &Path) -> Option<Self> {
        Self::of(Box::new(File::open(path).ok()?))
    }

    fn of(source: Box<dyn MediaSource>) -> Option<Self> {
        let stream = MediaSourceStream::new(source, Default::default());
        let probe = symphonia::default::get_probe();
        let format = probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default()).ok()?;
        let track = format.default_track(TrackType::Audio)?;
        let (id, parameters) = (track.id, track.codec_params.as_ref()?.audio()?);
        let rate = parameters.sample_rate;
        let options = AudioDecoderOptions::default();
        let decoder = symphonia::default::get_codecs().make_audio_decoder(parameters, &options).ok()?;
        Some(Self { format, decoder, id, rate, samples: Vec::new() })
    }

    /// Whether there is anything but sound in the file.
    fn has_others(&self) -> bool {
        self.format.tracks().iter().any(|t| t.codec_params.as_ref().is_some_and(|p| !p.is_audio()))
    }

    /// The next samples, interleaved, and how many channels they have; `None` at the end and past damage.
    fn next(&mut self) -> Option<(&[f32], usize)> {
        loop {
            let packet = self.format.next_packet().ok()??;
            if packet.track_id != self.id {
                continue;
            }
            let buffer = match self.decoder.decode(&packet) {
                Ok(buffer) => buffer,
                Err(Error::DecodeError(_)) => continue,
                Err(_) => return None,
            };
            let channels = buffer.num_planes().max(1);
            self.samples.clear();
            buffer.copy_to_vec_interleaved(&mut self.samples);
            return Some((&self.samples, channels));
        }
    }
}

fn undecodable() -> Refusal {
    Refusal::Undecodable("no sound that can be decoded".to_owned())
}

/// Loudness of each of so many equal parts of the sound in a file, loudest put to 100.
pub(super) fn waveform_of_file(path: &Path, columns: usize) -> Result<Vec<u8>, Refusal> {
    loudness(Track::open(path).ok_or_else(undecodable)?, columns)
}

/// The same of sound in memory.
pub(super) fn waveform(bytes: Vec<u8>, columns: usize) -> Result<Vec<u8>, Refusal> {
    loudness(Track::of(Box::new(Cursor::new(bytes))).ok_or_else(undecodable)?, columns)
}

fn loudness(mut track: Track, columns: usize) -> Result<Vec<u8>, Refusal> {
    let end = Instant::now() + WAVEFORM_TIME;
    // A film's sound says little about it; its picture is asked for instead.
    if track.has_others() {
        return Err(Refusal::Undecodable("not sound alone".to_owned()));
    }
    let (mut peaks, mut peak, mut filled) = (Vec::new(), 0f32, 0usize);
    while peaks.len() < MEASURES && Instant::now() <= end {
        let Some((samples, channels)) = track.next() else { break };
        for frame in samples.chunks(channels) {
            peak = frame.iter().fold(peak, |most, s| most.max(s.abs()));
            filled += 1;
            if filled == MEASURE {
                peaks.push(peak);
                (peak, filled) = (0.0, 0);
            }
        }
    }
    if filled > 0 {
        peaks.push(peak);
    }
    in_columns(&peaks, columns).ok_or_else(undecodable)
}

/// The measures as at most so many columns, loudest first put to 100.
fn in_columns(peaks: &[f32], columns: usize) -> Option<Vec<u8>> {
    let most = peaks.iter().copied().filter(|p| p.is_finite()).fold(0f32, f32::max);
    if peaks.is_empty() || most <= 0.0 {
        return (!peaks.is_empty()).then(|| vec![0; columns.min(peaks.len())]);
    }
    let parts = columns.min(peaks.len());
    let part = |i: usize| {
        let (from, to) = (i * peaks.len() / parts, (i + 1) * peaks.len() / parts);
        let loudest = peaks.get(from..to).unwrap_or_default().iter().copied().fold(0f32, f32::max);
        (loudest / most * 100.0).round() as u8
    };
    Some((0..parts).map(part).collect())
}

/// The sound as one channel of so many samples a second, in pieces; `take` says whether it wants more.
pub(super) fn samples(path: &Path, rate: u32, most: u64, take: &mut dyn FnMut(&[i16]) -> bool) -> Result<(), Refusal> {
    let mut track = Track::open(path).ok_or_else(undecodable)?;
    let own = track.rate.filter(|own| RATES.contains(own) && RATES.contains(&rate)).ok_or_else(undecodable)?;
    let mut resampler = Resampler::new(own, rate);
    let (mut piece, mut left) = (Vec::with_capacity(PIECE), most);
    while left > 0 {
        let Some((samples, channels)) = track.next() else { break };
        for frame in samples.chunks(channels) {
            let mono = frame.iter().copied().filter(|s| s.is_finite()).sum::<f32>() / channels as f32;
            for _ in 0..resampler.push(mono.clamp(-1.0, 1.0)).min(left) {
                left -= 1;
                piece.push((resampler.value * f32::from(i16::MAX)).round() as i16);
                if piece.len() == PIECE {
                    if !take(&piece) {
                        return Ok(());
                    }
                    piece.clear();
                }
            }
        }
    }
    if !piece.is_empty() {
        take(&piece);
    }
    Ok(())
}

/// The sound as it is decoded: the channels interleaved, in pieces, each with the number of channels and the rate; `take`
/// says whether it wants more.
pub(super) fn exact(path: &Path, take: &mut dyn FnMut(u16, u32, &[f32]) -> bool) -> Result<(), Refusal> {
    let mut track = Track::open(path).ok_or_else(undecodable)?;
    let rate = track.rate.filter(|rate| RATES.contains(rate)).ok_or_else(undecodable)?;
    let mut any = false;
    while let Some((samples, channels)) = track.next() {
        let channels = u16::try_from(channels).map_err(|_| undecodable())?;
        any = true;
        for piece in samples.chunks(PIECE) {
            if !take(channels, rate, piece) {
                return Ok(());
            }
        }
    }
    if any { Ok(()) } else { Err(undecodable()) }
}

/// From one rate to another: the mean of the samples that fall into each new one, or the same one again where the new
/// rate is the higher. Enough to compare sound by; nothing to listen to.
struct Resampler {
    from: u64,
    to: u64,
    /// Input samples since the last output, and their sum.
    count: f32,
    sum: f32,
    /// How far the output has got, in parts of an input sample.
    phase: u64,
    /// The last output.
    value: f32,
}

impl Resampler {
    fn new(from: u32, to: u32) -> Self {
        Self { from: from.into(), to: to.into(), count: 0.0, sum: 0.0, phase: 0, value: 0.0 }
    }

    /// How many outputs this input completes.
    fn push(&mut self, sample: f32) -> u64 {
        self.sum += sample;
        self.count += 1.0;
        self.phase += self.to;
        let made = self.phase / self.from;
        self.phase %= self.from;
        if made > 0 {
            self.value = self.sum / self.count;
            (self.sum, self.count) = (0.0, 0.0);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One second of a rising ramp in stereo at 48 kHz; the header states so many bytes of data.
    fn wav(stated: u32) -> Vec<u8> {
        let data: Vec<u8> = (0..48_000u32).flat_map(|i| ((i / 2) as i16).to_le_bytes().repeat(2)).collect();
        let mut wav = b"RIFF".to_vec();
        wav.extend(stated.saturating_add(36).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
        wav.extend(48_000u32.to_le_bytes());
        wav.extend(192_000u32.to_le_bytes());
        wav.extend(b"\x04\0\x10\0data");
        wav.extend(stated.to_le_bytes());
        wav.extend(data);
        wav
    }

    #[test]
    fn columns_keep_the_loudest() {
        let mut peaks = vec![0.1; 1_600];
        peaks[805] = 0.5;
        let columns = in_columns(&peaks, 160).unwrap();
        assert_eq!((columns.len(), columns[0], columns[80]), (160, 20, 100));
        assert_eq!(in_columns(&[], 160), None);
        assert_eq!(in_columns(&[0.0, 0.0], 160), Some(vec![0, 0]));
        assert_eq!(in_columns(&[f32::NAN, 1.0], 160), Some(vec![0, 100]));
    }

    #[test]
    fn sound_comes_in_one_channel_at_the_rate_that_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        std::fs::write(&path, wav(192_000)).unwrap();
        for (rate, count) in [(11_025, 11_025), (48_000, 48_000), (96_000, 96_000)] {
            let mut got = Vec::new();
            samples(&path, rate, u64::MAX, &mut |piece| {
                got.extend_from_slice(piece);
                piece.len() <= PIECE
            })
            .unwrap();
            assert_eq!(got.len(), count, "{rate}");
            assert!(got.is_sorted() && got.last().unwrap().abs_diff(23_999) < 8, "{rate}: {:?}", got.last());
        }
        let mut bounded = 0;
        samples(&path, 8_000, 100, &mut |piece| {
            bounded += piece.len();
            true
        })
        .unwrap();
        assert_eq!(bounded, 100);
    }

    #[test]
    fn a_stated_size_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        std::fs::write(&path, wav(u32::MAX - 100)).unwrap();
        let mut count = 0;
        let _ = samples(&path, 8_000, u64::MAX, &mut |piece| {
            count += piece.len();
            true
        });
        assert!(count <= 8_000, "{count}");
        std::fs::write(&path, b"no sound at all").unwrap();
        assert!(samples(&path, 8_000, 1, &mut |_| true).is_err());
    }
}
