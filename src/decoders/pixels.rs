//! Whole images for the decoders that look at pixels: lossless files only, bounded in bytes and in pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use crate::limits;
use crate::model::Facts;
use crate::source::Source;

/// Memory that one decoded image may take.
const MEMORY: u64 = 4 * limits::PIXELS;

/// The picture, if the file is a lossless image that can be decoded within bounds.
pub(super) fn decode(source: &mut Source, facts: &Facts) -> Option<DynamicImage> {
    let format = match facts.format.as_deref()? {
        "png" | "apng" => ImageFormat::Png,
        "webp" if is_lossless_webp(source) => ImageFormat::WebP,
        "tiff" | "bigtiff" => ImageFormat::Tiff,
        "bmp" => ImageFormat::Bmp,
        _ => return None,
    };
    let bytes = source.whole(limits::BLOB).ok()?;
    let mut reader = ImageReader::with_format(Cursor::new(&*bytes), format);
    let mut bounds = Limits::default();
    bounds.max_alloc = Some(MEMORY);
    reader.limits(bounds);
    let (width, height) = ImageReader::with_format(Cursor::new(&*bytes), format).into_dimensions().ok()?;
    if u64::from(width) * u64::from(height) > limits::PIXELS {
        return None;
    }
    reader.decode().ok()
}

fn is_lossless_webp(source: &mut Source) -> bool {
    vp8l(source).is_some()
}

/// Whether a lossless WebP says that its alpha channel is used; `None` for any other file.
///
/// RFC 9649, sections 2.5 to 2.7 (chunks) and 3.4 (VP8L header).
pub(super) fn vp8l(source: &mut Source) -> Option<bool> {
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
                return (bits[0] == 0x2F).then_some(bits[4] & 0x10 != 0);
            }
            b"VP8 " | b"ANIM" | b"ANMF" => return None,
            _ => at = at.checked_add(8 + u64::from(len) + u64::from(len & 1))?,
        }
    }
    None
}
