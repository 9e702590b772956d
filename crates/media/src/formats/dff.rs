//! DSDIFF (Philips "Direct Stream Digital Interchange File Format 1.5"): comments, the edited master's information, ID3.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{array, be16, be32, be64};
use crate::tags::{Place, charset, id3, push, push_problem, stream};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Dff;

static INFO: Info = Info {
    id: FormatId::new("dff"),
    name: "DSDIFF",
    extensions: &["dff"],
    media: Media::Audio,
    specification: "Philips DSDIFF 1.5",
    version: 1,
    ..Info::DEFAULT
};

const FORM: u64 = 16;
const CHUNK: u64 = 12;
/// Chunks without words, or that hold chunks of sound.
const SILENT: &[&[u8; 4]] = &[b"FVER", b"DSD ", b"DST ", b"DSTI", b"ABSS", b"LSCO", b"CHNL", b"MARK"];

impl Format for Dff {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let sure = probe.head.starts_with(b"FRM8") && probe.head.get(12..16) == Some(b"DSD ");
        if sure { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let form: [u8; 16] = source.array(0)?;
        let end = be64(&form, 4).unwrap_or_default().saturating_add(CHUNK);
        out.coverage.add(0, FORM);
        // What follows the form may still be chunks, as some put tags there.
        let len = source.len();
        let stop = walk(source, FORM, len, 0, out)?;
        if stop.is_some_and(|stop| stop < end.min(len)) {
            let at = source.absolute(stop.unwrap_or_default());
            return Err(Problem::malformed("dff", at, "no chunk where one is expected"));
        }
        if end > len || stop.is_none() {
            let what = format!("{end} bytes stated, {len} present");
            return Err(Problem::truncated("dff", source.absolute(len), what));
        }
        Ok(())
    }
}

/// The chunks of one level, and where they end; `None` where the last is cut.
fn walk(
    source: &mut Source,
    mut at: u64,
    end: u64,
    depth: usize,
    out: &mut Extraction,
) -> Result<Option<u64>, Problem> {
    for _ in 0..limits::ITEMS {
        if end.saturating_sub(at) < CHUNK {
            break;
        }
        let head: [u8; 12] = source.array(at)?;
        let kind = array::<4>(&head, 0).unwrap_or_default();
        let len = be64(&head, 4).unwrap_or_default();
        if !kind.iter().all(|b| (0x20..0x7F).contains(b)) {
            break;
        }
        let body = at + CHUNK;
        if len > end - body {
            return Ok(None);
        }
        out.coverage.add(at, body + len + len % 2);
        if let Err(problem) = chunk(source, Chunk { kind, body, len }, depth, out) {
            push_problem(out, problem.within(&format!("DFF {}", charset::fourcc(kind).trim_end())));
        }
        at = body + len + len % 2;
    }
    Ok(Some(at))
}

/// A chunk: its id, where its data start, and how long they are.
#[derive(Clone, Copy)]
struct Chunk {
    kind: [u8; 4],
    body: u64,
    len: u64,
}

fn chunk(source: &mut Source, chunk: Chunk, depth: usize, out: &mut Extraction) -> Result<(), Problem> {
    let Chunk { kind, body, len } = chunk;
    let at = Place::new(format!("DFF {}", charset::fourcc(kind).trim_end()), source.absolute(body));
    match &kind {
        b"PROP" if len >= 4 && depth == 0 => drop(walk(source, body + 4, body + len, depth + 1, out)?),
        b"DIIN" if depth == 0 => drop(walk(source, body, body + len, depth + 1, out)?),
        b"FS  " => {
            let rate = u32::from_be_bytes(source.array(body)?);
            stream::audio(&stream::Audio { codec: "DSD".into(), rate, ..Default::default() }, &at, out);
        }
        b"COMT" => comments(&source.read_bounded(body, len, limits::BLOB)?, &at, out),
        b"DIAR" | b"DITI" => {
            let blob = source.read_bounded(body, len, limits::BLOB)?;
            counted(&blob, 0, charset::fourcc(kind).trim_end(), &at, out);
        }
        b"ID3 " | b"id3 " => id3::read(&source.read_bounded(body, len, limits::BLOB)?, &at, out),
        kind if SILENT.contains(&kind) => {}
        _ if len <= charset::UNKNOWN as u64 => {
            if let Some(text) = charset::printable(&source.read_bounded(body, len, charset::UNKNOWN)?) {
                push(out, ("dff", charset::fourcc(kind).trim_end()), text, &at, 0);
            }
        }
        _ => {}
    }
    Ok(())
}

/// A text behind its length; where the next thing stands.
fn counted(blob: &[u8], at: usize, key: &str, place: &Place, out: &mut Extraction) -> Option<usize> {
    let len = be32(blob, at)? as usize;
    let from = at + 4;
    let text = blob.get(from..from.checked_add(len)?);
    match text {
        Some(text) => push(out, ("dff", key), charset::guess(text), place, from as u64),
        None => place.problem(Problem::malformed("", place.offset.unwrap_or(0), "a text runs past its chunk"), out),
    }
    text.map(|text| from + text.len() + text.len() % 2)
}

/// Comments, each with the time, its kind and what it is about.
fn comments(blob: &[u8], at: &Place, out: &mut Extraction) {
    let mut next = 2;
    for _ in 0..be16(blob, 0).unwrap_or_default() {
        let Some(end) = counted(blob, next + 10, "COMT", at, out) else { return };
        next = end;
    }
}
