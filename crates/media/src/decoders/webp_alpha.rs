//! Shared by the decoders that look at pixels: the alpha channel of a lossy WebP, where it is stored without loss: text can be hidden in its lowest bits.
//!
//! RFC 9649, 2.7.1.2 (`ALPH` chunk): a byte that says how, then the samples raw or as a VP8L stream without its header, the
//! channel in green; rows are predicted from their neighbors.

use std::ops::RangeInclusive;

use super::pixels;
use countersign_io::ByteRange;
use countersign_io::source::Source;
use countersign_worker::client::{self, PictureFormat};

/// An alpha channel, row by row.
pub(super) struct Alpha {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) samples: Vec<u8>,
}

/// The alpha channel of a still, lossy WebP of so many pixels and at most so many bytes.
pub(super) fn read(source: &mut Source, pixels: RangeInclusive<u64>, most_bytes: usize) -> Option<Alpha> {
    let start: [u8; 12] = source.array(0).ok()?;
    if &start[..4] != b"RIFF" || &start[8..] != b"WEBP" {
        return None;
    }
    let (mut at, mut size) = (12u64, None);
    for _ in 0..64 {
        let header: [u8; 8] = source.array(at).ok()?;
        let len = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        match &header[..4] {
            b"VP8X" => {
                let [_, _, _, _, a, b, c, d, e, f]: [u8; 10] = source.array(at + 8).ok()?;
                let side = |bytes: [u8; 3]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1;
                size = Some((side([a, b, c]), side([d, e, f])));
            }
            b"ALPH" => {
                let (width, height) = size?;
                if !pixels.contains(&(u64::from(width) * u64::from(height))) {
                    return None;
                }
                let bytes = source.read_bounded(at + 8, u64::from(len), most_bytes).ok()?;
                return unpacked(source, &bytes, width, height);
            }
            b"VP8 " | b"VP8L" | b"ANIM" | b"ANMF" => return None,
            _ => {}
        }
        at = at.checked_add(8 + u64::from(len) + u64::from(len & 1))?;
    }
    None
}

fn unpacked(source: &mut Source, chunk: &[u8], width: u32, height: u32) -> Option<Alpha> {
    let (how, body) = chunk.split_first()?;
    let (width, height) = (width as usize, height as usize);
    let pixels = width.checked_mul(height)?;
    let mut samples = match how & 3 {
        0 => body.get(..pixels)?.to_vec(),
        1 => green(source, body, width as u32, height as u32)?,
        _ => return None,
    };
    if samples.len() != pixels {
        return None;
    }
    unfilter(&mut samples, width, how >> 2 & 3);
    Some(Alpha { width, height, samples })
}

/// The green channel of a VP8L stream that lacks its header. Where a bound or a failure keeps it from being looked at, the
/// source notes it.
fn green(source: &mut Source, stream: &[u8], width: u32, height: u32) -> Option<Vec<u8>> {
    if width > 0x4000 || height > 0x4000 {
        return None;
    }
    let fields = (width - 1) | (height - 1) << 14;
    let body = [&[0x2F][..], &fields.to_le_bytes(), stream].concat();
    let padded = body.len() + (body.len() & 1);
    let mut file = b"RIFF".to_vec();
    file.extend((padded as u32 + 12).to_le_bytes());
    file.extend(b"WEBPVP8L");
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(&body);
    file.resize(20 + padded, 0);
    let most = u64::from(width) * u64::from(height);
    match client::pixels(&ByteRange::memory(file), PictureFormat::WebP, most) {
        Ok(image) => Some(image.rgba().map(|pixel| pixel[1]).collect()),
        Err(failure) => {
            pixels::problem(&failure).into_iter().for_each(|problem| source.note(problem));
            None
        }
    }
}

/// Adds to each sample what it was predicted from: 1 the left one, 2 the upper one, 3 the gradient.
fn unfilter(samples: &mut [u8], width: usize, method: u8) {
    if method == 0 || width == 0 {
        return;
    }
    for at in 1..samples.len() {
        let of =
            |back: usize| i32::from(at.checked_sub(back).and_then(|at| samples.get(at)).copied().unwrap_or_default());
        let (left, above, corner) = (of(1), of(width), of(width + 1));
        let first_row = at < width;
        let first_column = at % width == 0;
        let predicted = match (first_row, first_column, method) {
            (true, _, _) => left,
            (_, true, _) => above,
            (_, _, 1) => left,
            (_, _, 2) => above,
            _ => (left + above - corner).clamp(0, 255),
        };
        if let Some(sample) = samples.get_mut(at) {
            *sample = sample.wrapping_add(predicted as u8);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use image::ExtendedColorType;
    use image::codecs::webp::WebPEncoder;

    fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut out = [&id[..], &(body.len() as u32).to_le_bytes(), body].concat();
        out.resize(out.len() + (body.len() & 1), 0);
        out
    }

    /// A lossy WebP whose alpha channel holds these samples without loss; the picture itself is left out.
    pub(crate) fn lossy(samples: &[u8], width: u32, height: u32, how: u8) -> Vec<u8> {
        let stored = match how & 3 {
            0 => samples.to_vec(),
            _ => {
                let rgb: Vec<u8> = samples.iter().flat_map(|sample| [0, *sample, 0]).collect();
                let mut file = Vec::new();
                WebPEncoder::new_lossless(&mut file).encode(&rgb, width, height, ExtendedColorType::Rgb8).unwrap();
                let at = file.windows(4).position(|id| id == b"VP8L").unwrap();
                file[at + 8 + 5..].to_vec()
            }
        };
        let mut canvas = vec![0x10, 0, 0, 0];
        canvas.extend(&(width - 1).to_le_bytes()[..3]);
        canvas.extend(&(height - 1).to_le_bytes()[..3]);
        let body = [
            &b"WEBP"[..],
            &chunk(b"VP8X", &canvas),
            &chunk(b"ALPH", &[&[how][..], &stored].concat()),
            &chunk(b"VP8 ", &[0; 10]),
        ]
        .concat();
        chunk(b"RIFF", &body)
    }

    #[test]
    fn channels_come_out_as_they_went_in() {
        let samples: Vec<u8> = (0..40 * 30u32).map(|i| (i * 7 % 251) as u8).collect();
        for how in [0, 1] {
            let alpha = read(&mut Source::memory(lossy(&samples, 40, 30, how), 0), 1..=10_000, 100_000).unwrap();
            assert_eq!((alpha.width, alpha.height), (40, 30));
            assert!(alpha.samples == samples, "{how}");
        }
        let mut filtered = vec![10, 1, 1, 5, 1, 1];
        unfilter(&mut filtered, 3, 1);
        assert_eq!(filtered, [10, 11, 12, 15, 16, 17]);
        let mut filtered = vec![10, 1, 1, 5, 1, 1];
        unfilter(&mut filtered, 3, 2);
        assert_eq!(filtered, [10, 11, 12, 15, 12, 13]);
    }

    #[test]
    fn damage_never_panics() {
        let whole = lossy(&[7; 100], 10, 10, 1);
        for end in 0..whole.len() {
            let _ = read(&mut Source::memory(whole[..end].to_vec(), 0), 1..=10_000, 100_000);
        }
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0xFF;
            let _ = read(&mut Source::memory(bad, 0), 1..=10_000, 100_000);
        }
    }
}
