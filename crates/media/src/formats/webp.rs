//! WebP pictures (RFC 9649): RIFF chunks, hopping over the pixels.

use crate::containers::riff as chunks;
use crate::formats::{Format, FrameUse, Info, Media, Pixels, Probe, Score};
use crate::framing::riff::{self, Chunk};
use crate::tags::{push_problem, stream};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Webp;

const FILE: &str = "WebP";
const PICTURES: &[&[u8; 4]] = &[b"VP8 ", b"VP8L", b"ANMF"];
/// Chunks without words.
const SILENT: &[&[u8; 4]] = &[b"ALPH", b"ANIM", b"ANMF", b"ICCP"];

pub(super) static INFO: Info = Info {
    id: FormatId::new("webp"),
    name: "WebP",
    extensions: &["webp"],
    media: Media::Image,
    specification: "RFC 9649",
    version: 2,
    pixels: Pixels::LossyOrLossless,
    thumbnails: true,
    frames: FrameUse::Possible,
    ..Info::DEFAULT
};

impl Format for Webp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let webp = probe.head.starts_with(b"RIFF") && probe.head.get(8..12) == Some(b"WEBP");
        if webp { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = riff::header(source)?;
        let walk = riff::top(source, &header);
        chunks::account(&walk.chunks, &header, out);
        let mut sized = false;
        for chunk in &walk.chunks {
            if let Err(problem) = read_chunk(source, chunk, &mut sized, out) {
                push_problem(out, problem.within(&chunks::place(source, FILE, chunk).container));
            }
        }
        if !walk.chunks.iter().any(|c| PICTURES.contains(&&c.id)) {
            push_problem(out, Problem::truncated("webp (RIFF)", source.absolute(source.len()), "missing VP8"));
        }
        walk.problem.map_or(Ok(()), |p| Err(p.within("webp (RIFF)")))
    }
}

fn read_chunk(source: &mut Source, chunk: &Chunk, sized: &mut bool, out: &mut Extraction) -> Result<(), Problem> {
    let size = match &chunk.id {
        b"VP8X" => canvas(source.array(chunk.data)?),
        b"VP8 " => lossy(source.array(chunk.data)?),
        b"VP8L" => lossless(source.array(chunk.data)?),
        id if SILENT.contains(&id) => None,
        _ => {
            if !chunks::shared(source, FILE, chunk, out)? {
                chunks::unknown(source, FILE, "", chunk, out);
            }
            None
        }
    };
    if let Some((width, height)) = size.filter(|_| !*sized) {
        *sized = true;
        stream::picture(width, height, &chunks::place(source, FILE, chunk), out);
    }
    Ok(())
}

fn canvas([_, _, _, _, a, b, c, d, e, f]: [u8; 10]) -> Option<(u32, u32)> {
    Some((u32::from_le_bytes([a, b, c, 0]) + 1, u32::from_le_bytes([d, e, f, 0]) + 1))
}

/// A key frame of VP8 (RFC 6386, 9.1) starts with its tag and `9D 01 2A`.
fn lossy([_, _, _, x, y, z, a, b, c, d]: [u8; 10]) -> Option<(u32, u32)> {
    let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    ([x, y, z] == [0x9D, 0x01, 0x2A]).then(|| (side(a, b), side(c, d)))
}

fn lossless([sign, a, b, c, d]: [u8; 5]) -> Option<(u32, u32)> {
    let bits = u32::from_le_bytes([a, b, c, d]);
    (sign == 0x2F).then_some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
}
