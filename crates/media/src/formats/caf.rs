//! Core Audio Format (Apple "Core Audio Format Specification 1.0"): the information chunk, texts in other chunks, `uuid`
//! chunks; the sound itself is hopped over.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{array, be32, be64};
use crate::tags::{Place, charset, id3, push, push_problem, stream, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Caf;

static INFO: Info = Info {
    id: FormatId::new("caf"),
    name: "Core Audio Format",
    extensions: &["caf", "caff"],
    media: Media::Audio,
    specification: "Apple Core Audio Format 1.0",
    version: 1,
    ..Info::DEFAULT
};

/// Chunks without words.
const SILENT: &[&[u8; 4]] =
    &[b"data", b"pakt", b"kuki", b"chan", b"mark", b"regn", b"inst", b"ovvw", b"peak", b"midi", b"umid"];
/// Chunks that are read whole, or that are sound and its tables: what any other one holds is looked at once more.
const READ: &[&[u8; 4]] =
    &[b"data", b"pakt", b"desc", b"info", b"strg", b"ID3 ", b"id3 ", b"mark", b"regn", b"ovvw", b"peak", b"midi"];
/// The header and the two numbers of a chunk.
const HEADER: u64 = 8;
const CHUNK: u64 = 12;
/// The identifier that Adobe's tools put XMP under.
const XMP: [u8; 16] = *b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";

impl Format for Caf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(b"caff\0\x01") { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        out.coverage.add(0, HEADER);
        let (mut at, mut sound) = (HEADER, false);
        for _ in 0..limits::ITEMS {
            let left = source.len().saturating_sub(at);
            if left < CHUNK {
                break;
            }
            let head: [u8; 12] = source.array(at)?;
            let kind = array::<4>(&head, 0).unwrap_or_default();
            // Padding to an even address is not of the format, but written by some.
            if !kind.iter().all(|b| (0x20..0x7F).contains(b)) {
                break;
            }
            let size = be64(&head, 4).unwrap_or_default();
            let body = at + CHUNK;
            // Sound whose length was not known when it was begun runs to the end.
            let open = size == u64::MAX && &kind == b"data";
            let len = if open { source.len() - body } else { size };
            sound |= &kind == b"data";
            if len > source.len() - body {
                let what =
                    format!("chunk {} states {len} bytes, {} are left", charset::fourcc(kind), source.len() - body);
                return Err(Problem::truncated("caf", source.absolute(at), what));
            }
            let told = &kind != b"free";
            out.coverage.add(at, if told { body + len } else { body });
            if told && !READ.contains(&&kind) {
                out.coverage.leave(body, body + len);
            }
            if let Err(problem) = chunk(source, kind, body, len, out) {
                push_problem(out, problem.within(&format!("CAF {}", charset::fourcc(kind).trim_end())));
            }
            at = body + len;
        }
        match sound {
            true => Ok(()),
            false => Err(Problem::truncated("caf", source.absolute(source.len()), "no sound in it")),
        }
    }
}

fn chunk(source: &mut Source, kind: [u8; 4], body: u64, len: u64, out: &mut Extraction) -> Result<(), Problem> {
    let at = Place::new(format!("CAF {}", charset::fourcc(kind).trim_end()), source.absolute(body));
    match &kind {
        b"desc" => describe(source.up_to(body, len.min(32) as usize)?, &at, out),
        b"info" => information(&source.read_bounded(body, len, limits::BLOB)?, &at, out),
        b"strg" => strings(&source.read_bounded(body, len, limits::BLOB)?, &at, out),
        b"uuid" if len >= 16 => {
            let name: [u8; 16] = source.array(body)?;
            let blob = source.read_bounded(body + 16, len - 16, limits::BLOB)?;
            let at = at.inside("content", 16);
            if name == XMP || blob.starts_with(b"<?xpacket") || blob.starts_with(b"<x:xmpmeta") {
                xmp::read(&blob, &at, out);
            } else if let Some(text) = charset::printable(&blob) {
                push(out, ("caf", "uuid"), text, &at, 0);
            }
        }
        b"ID3 " | b"id3 " => id3::read(&source.read_bounded(body, len, limits::BLOB)?, &at, out),
        b"free" => {}
        kind if SILENT.contains(&kind) => {}
        _ if len <= charset::UNKNOWN as u64 => {
            if let Some(text) = charset::printable(&source.read_bounded(body, len, charset::UNKNOWN)?) {
                push(out, ("caf", charset::fourcc(kind).trim_end()), text, &at, 0);
            }
        }
        _ => {}
    }
    Ok(())
}

fn describe(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let Some(rate) = be64(bytes, 0).map(f64::from_bits).filter(|rate| (1.0..1e7).contains(rate)) else { return };
    let codec = array::<4>(bytes, 8).map(|id| charset::fourcc(id).trim_end().to_owned()).unwrap_or_default();
    let channels = be32(bytes, 24).unwrap_or_default();
    let bits = be32(bytes, 28).unwrap_or_default();
    stream::audio(&stream::Audio { codec, rate: rate as u32, channels, bits, seconds: 0.0 }, at, out);
}

/// Pairs of texts that end in NUL, behind their number.
fn information(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let mut rest = bytes.get(4..).unwrap_or_default();
    let mut left = be32(bytes, 0).unwrap_or_default();
    while !rest.is_empty() && left > 0 {
        let Some((key, value)) = text(rest).and_then(|(key, rest)| Some((key, text(rest)?))) else {
            return at.problem(Problem::malformed("", at.offset.unwrap_or(0), "a text does not end"), out);
        };
        let by = bytes.len() - rest.len() + key.len() + 1;
        push(out, ("caf", &charset::decode(key)), charset::decode(value.0), at, by as u64);
        (rest, left) = (value.1, left - 1);
    }
    // Words that the number of pairs leaves out are words all the same.
    let by = (bytes.len() - rest.len()) as u64;
    if let Some(words) = charset::printable(charset::trim(rest)).filter(|words| !words.is_empty()) {
        push(out, ("caf", "info"), words, at, by);
    }
}

fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|b| *b == 0)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// Texts by number: a table of numbers and offsets stands before them.
fn strings(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let table = 4 + 12 * be32(bytes, 0).unwrap_or_default() as usize;
    let all = bytes.get(table..).unwrap_or_default();
    for text in all.split(|b| *b == 0).filter(|text| !text.is_empty()) {
        push(out, ("caf", "strg"), charset::decode(text), at, table as u64);
    }
}
