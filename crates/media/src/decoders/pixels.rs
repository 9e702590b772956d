//! Shared by the decoders that look at pixels: whole images, lossless files only, bounded in bytes and in pixels. The
//! decoding itself happens in a worker process.

use super::Subject;
use crate::formats::{self, Pixels};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Facts, Problem, ProblemKind};
use countersign_worker::WorkerFailure;
use countersign_worker::client::{self, Failure, GrayCopy, PictureFormat, PixelImage, Refusal};

/// Where problems with pixels are.
const PLACE: &str = "pixels";

/// Which compressions somebody can use the pixels of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fidelity {
    /// Only the pixels that were written: the lowest bits count.
    Exact,
    /// Whatever looks alike.
    Alike,
}

/// The picture of one asset: decoded at most once, and only when it is asked for.
#[derive(Debug, Default)]
pub(super) struct Picture(Option<Option<PixelImage>>);

/// The picture of at most `most` pixels as it was written, if the file is a lossless image that can be decoded within
/// bounds. Where a bound or a failure keeps it from being looked at, the source notes it: a mark could hide there.
pub(super) fn decode<'a>(subject: &'a mut Subject<'_>, facts: &Facts, most: u64) -> Option<&'a PixelImage> {
    let format = format(subject, facts, Fidelity::Exact)?;
    let most = most.min(limits::PIXELS);
    if subject.picture.0.is_none() {
        let bytes = subject.source.range();
        // Pictures that are known to be small are decoded side by side; what a decoder counts otherwise comes alone.
        let stated = stated(facts).filter(|pixels| *pixels < most);
        let first = stated.map(|pixels| client::pixels(&bytes, format, pixels));
        let decoded = match first {
            Some(Err(Failure::Refused(Refusal::TooLarge(_)))) | None => client::pixels(&bytes, format, most),
            Some(decoded) => decoded,
        };
        match decoded {
            Ok(image) => subject.picture.0 = Some(Some(image)),
            Err(failure) => {
                problem(&failure).into_iter().for_each(|problem| subject.source.note(problem));
                // Another decoder may take larger ones.
                let larger = matches!(failure, Failure::Refused(Refusal::TooLarge(_))) && most < limits::PIXELS;
                subject.picture.0 = (!larger).then_some(None);
            }
        }
    }
    let image = subject.picture.0.as_ref()?.as_ref()?;
    if image.pixels() > most {
        let (width, height) = (image.width(), image.height());
        let what = format!("{width} x {height} pixels are more than the {most} that are looked at for this");
        subject.source.note(Problem::new(ProblemKind::Limit, PLACE, None, what));
        return None;
    }
    Some(image)
}

/// How many pixels the reader of the format found stated; of several pictures the largest.
fn stated(facts: &Facts) -> Option<u64> {
    let sides = |key: &'static str| {
        let tags = facts.tags.iter().filter(move |tag| tag.space == "image" && tag.key == key);
        tags.filter_map(|tag| tag.value.parse::<u64>().ok())
    };
    sides("Width").zip(sides("Height")).map(|(width, height)| width.saturating_mul(height)).max()
}

/// A small gray copy of the picture of at most `most` pixels, whatever its compression: made of the pixels where they are
/// decoded already, else where they are decoded.
pub(super) fn gray(
    subject: &mut Subject<'_>,
    facts: &Facts,
    most: u64,
    side: u32,
) -> Result<Option<GrayCopy>, WorkerFailure> {
    let Some(format) = format(subject, facts, Fidelity::Alike) else { return Ok(None) };
    match &subject.picture.0 {
        Some(image) => Ok(image.as_ref().filter(|image| image.pixels() <= most).and_then(|image| image.gray(side))),
        None if subject.source.len() > limits::BLOB as u64 => Ok(None),
        None => Ok(client::grays(&[(Some(format), subject.source.range())], most, side)?.pop().flatten()),
    }
}

/// The decoder to ask for, if the pixels are of use.
fn format(subject: &mut Subject<'_>, facts: &Facts, fidelity: Fidelity) -> Option<PictureFormat> {
    let info = formats::info(facts.format?)?;
    let usable = match info.pixels {
        Pixels::NotDecoded => false,
        Pixels::Lossless => true,
        Pixels::Lossy => fidelity == Fidelity::Alike,
        Pixels::LossyOrLossless => fidelity == Fidelity::Alike || is_lossless_webp(subject.source),
    };
    info.extensions.first().and_then(|usual| PictureFormat::from_extension(usual)).filter(|_| usable)
}

/// What is to be told of a picture without pixels. Damage is the format readers' to tell.
pub(super) fn problem(failure: &Failure) -> Option<Problem> {
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
