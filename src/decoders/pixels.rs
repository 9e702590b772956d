//! Shared by the decoders that look at pixels: whole images, lossless files only, bounded in bytes and in pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use super::Subject;
use crate::formats::{self, Pixels};
use crate::limits;
use crate::model::Facts;
use crate::source::Source;

/// Memory that one decoded image may take.
const MEMORY: u64 = 4 * limits::PIXELS;

/// Which compressions somebody can use the pixels of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fidelity {
    /// Only the pixels that were written: the lowest bits count.
    Exact,
    /// Whatever looks alike.
    Alike,
}

/// The picture of one asset: decoded at most once, and only when it is asked for.
#[derive(Debug, Default)]
pub(super) struct Picture(Option<Option<DynamicImage>>);

/// The picture of at most `most` pixels, if the file is an image that can be decoded within bounds.
pub(super) fn decode<'a>(
    subject: &'a mut Subject<'_>,
    facts: &Facts,
    most: u64,
    fidelity: Fidelity,
) -> Option<&'a DynamicImage> {
    let info = formats::info(facts.format?)?;
    let usable = match info.pixels {
        Pixels::NotDecoded => false,
        Pixels::Lossless => true,
        Pixels::Lossy => fidelity == Fidelity::Alike,
        Pixels::LossyOrLossless => fidelity == Fidelity::Alike || is_lossless_webp(subject.source),
    };
    let format = info.extensions.first().and_then(ImageFormat::from_extension).filter(|_| usable)?;
    if subject.picture.0.is_none() {
        let bytes = subject.source.whole(limits::BLOB).ok()?;
        let (width, height) = ImageReader::with_format(Cursor::new(&*bytes), format).into_dimensions().ok()?;
        // Another decoder may take larger ones.
        if u64::from(width) * u64::from(height) > most.min(limits::PIXELS) {
            return None;
        }
        subject.picture.0 = Some(decoded(&bytes, format));
    }
    let image = subject.picture.0.as_ref()?.as_ref()?;
    (u64::from(image.width()) * u64::from(image.height()) <= most).then_some(image)
}

fn decoded(bytes: &[u8], format: ImageFormat) -> Option<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut bounds = Limits::default();
    bounds.max_alloc = Some(MEMORY);
    reader.limits(bounds);
    reader.decode().ok()
}

fn is_lossless_webp(source: &mut Source) -> bool {
    vp8l(source).is_some()
}

/// What the header of a lossless WebP says.
pub(super) struct Vp8l {
    /// Whether the alpha channel is used.
    pub(super) alpha: bool,
    pub(super) pixels: u64,
}

/// The header of a lossless WebP; `None` for any other file.
///
/// RFC 9649, sections 2.5 to 2.7 (chunks) and 3.4 (VP8L header).
pub(super) fn vp8l(source: &mut Source) -> Option<Vp8l> {
    let start: [u8; 12] = source.array(0).ok()?;
    if &start[..4] != b"RIFF" || &start[8..] != b"WEBP" {
        return None;
    }
    let mut at = 12u64;
    for _ in 0..64 {
        let header: [u8; 8] = source.array(at).ok()?;
        let len = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        match &header[..4] {
            b"VP8L" => {
                let bits: [u8; 5] = source.array(at + 8).ok()?;
                let fields = u32::from_le_bytes([bits[1], bits[2], bits[3], bits[4]]);
                let side = |at: u32| u64::from(fields >> at & 0x3FFF) + 1;
                let (alpha, pixels) = (fields >> 28 & 1 == 1, side(0) * side(14));
                return (bits[0] == 0x2F).then_some(Vp8l { alpha, pixels });
            }
            b"VP8 " | b"ANIM" | b"ANMF" => return None,
            _ => at = at.checked_add(8 + u64::from(len) + u64::from(len & 1))?,
        }
    }
    None
}
