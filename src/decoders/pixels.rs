//! Shared by the decoders that look at pixels: whole images, lossless files only, bounded in bytes and in pixels. The
//! decoding itself happens in a worker process.

use crate::limits;
use crate::model::{Facts, Problem, ProblemKind};
use crate::source::Source;
use crate::worker::client::{self, Failure, PictureFormat, PixelImage, Refusal};

/// Where problems with pixels are.
const PLACE: &str = "pixels";

/// The picture of at most `most` pixels, if the file is a lossless image that can be decoded within bounds. Where a
/// bound or a failure keeps it from being looked at, the source notes it: a mark could hide there.
pub(super) fn decode(source: &mut Source, facts: &Facts, most: u64) -> Option<PixelImage> {
    let format = match facts.format.as_deref()? {
        "png" | "apng" => PictureFormat::Png,
        "webp" if is_lossless_webp(source) => PictureFormat::WebP,
        "tiff" | "bigtiff" => PictureFormat::Tiff,
        "bmp" => PictureFormat::Bmp,
        _ => return None,
    };
    match client::pixels(&source.held(), format, most.min(limits::PIXELS)) {
        Ok(image) => Some(image),
        Err(failure) => {
            problem(&failure).into_iter().for_each(|problem| source.note(problem));
            None
        }
    }
}

/// What is to be told of a picture without pixels. Damage is the format readers' to tell.
fn problem(failure: &Failure) -> Option<Problem> {
    match failure {
        Failure::Refused(Refusal::Undecodable(_)) => None,
        Failure::Refused(Refusal::TooLarge(what)) => {
            let what = format!("the pixels were not looked at: {what}");
            Some(Problem::new(ProblemKind::Limit, PLACE, None, what))
        }
        Failure::Worker(failure) => {
            let (kind, what) = failure.describe("decoding");
            Some(Problem::new(kind, PLACE, None, what))
        }
    }
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
