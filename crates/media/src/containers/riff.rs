//! What RIFF chunks say in any form: LIST INFO, `_PMX`, `id3 `, `C2PA`, `AIGC`, and unknown chunks that are plain text.
//!
//! Microsoft RIFF (INFO list), XMP specification part 3 (`_PMX`), C2PA 2.x annex A (`C2PA`), TC260-PG-202510A (`AIGC`).

use crate::framing::jumbf;
use crate::framing::riff::{self, Chunk, Header};
use crate::tags::{Place, charset, exif, id3, push, push_problem, push_store, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, Problem, Store};

/// The longest metadata chunk that is read.
pub const LONGEST: usize = limits::BLOB;

type Reader = fn(&[u8], &Place, &mut Extraction);

/// Chunks that mean the same in every form.
const SHARED: &[(&[u8; 4], Reader)] = &[
    (b"_PMX", xmp::read),
    (b"XMP ", xmp::read),
    (b"EXIF", exif_chunk),
    (b"id3 ", id3::read),
    (b"ID3 ", id3::read),
    (b"Id3 ", id3::read),
];

/// The content of a chunk that holds metadata.
///
/// # Errors
/// As [`Source::read_bounded`].
pub fn content(source: &mut Source, chunk: &Chunk) -> Result<Vec<u8>, Problem> {
    source.read_bounded(chunk.data, chunk.len, LONGEST)
}

/// Chunks of padding, whatever is in them.
const PADDING: &[&[u8; 4]] = &[b"JUNK", b"junk", b"PAD ", b"FLLR", b"fake", b"Fake"];

/// Chunks that readers here take whole, or that are essence: what any other one holds is looked at once more.
const TOLD: &[&[u8; 4]] = &[
    b"data", b"fmt ", b"fact", b"LIST", b"movi", b"idx1", b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF",
    b"ICCP", b"COMM", b"SSND", b"MARK", b"INST", b"bext", b"iXML", b"axml", b"chna", b"dbmd", b"ds64", b"_PMX",
    b"XMP ", b"EXIF", b"id3 ", b"ID3 ", b"Id3 ", b"C2PA", b"AIGC", b"cue ", b"smpl", b"levl", b"peak", b"PEAK",
];

/// Accounts for the header and all chunks; what is in padding, and in chunks that nobody here reads, is left. Behind the
/// end that the file states only what is usual there is believed: another file looks like chunks as well.
pub fn account(chunks: &[Chunk], header: &Header, out: &mut Extraction) {
    let start = chunks.first().map_or(12, |first| first.start);
    out.coverage.add(0, start.max(12));
    // Wave64 states its length elsewhere.
    let promised = header.promised.filter(|_| &header.id != b"riff").unwrap_or(u64::MAX);
    let parts = &header.form == b"AVI ";
    for chunk in chunks {
        if chunk.start >= promised && !(riff::KNOWN.contains(&&chunk.id) && (parts || &chunk.id != b"RIFF")) {
            continue;
        }
        // With the byte that makes its length even; Wave64 fills up to eight.
        let end = chunk.end().saturating_add(chunk.len % 2);
        out.coverage.add(chunk.start, end);
        if PADDING.contains(&&chunk.id) || !TOLD.contains(&&chunk.id) && &chunk.id != b"RIFF" {
            out.coverage.leave(chunk.data, chunk.end());
        }
    }
}

/// A place named after the file and the chunk: `WAV bext`.
#[must_use]
pub fn place(source: &Source, file: &str, chunk: &Chunk) -> Place {
    let name = charset::fourcc(chunk.id);
    Place::new([file, " ", name.trim_end()].concat(), source.absolute(chunk.data))
}

/// Reads a chunk that any form may carry; true where it was one.
///
/// # Errors
/// Where the content cannot be had.
pub fn shared(source: &mut Source, file: &str, chunk: &Chunk, out: &mut Extraction) -> Result<bool, Problem> {
    let at = place(source, file, chunk);
    if let Some((_, read)) = SHARED.iter().find(|(id, _)| **id == chunk.id) {
        let blob = content(source, chunk).map_err(|p| p.within(&at.container))?;
        read(&blob, &at, out);
        return Ok(true);
    }
    match &chunk.id {
        b"C2PA" => keep(source, chunk, None, &at, out),
        b"AIGC" => {
            let blob = content(source, chunk).map_err(|p| p.within(&at.container))?;
            push(out, ("riff", "AIGC"), charset::guess(&blob), &at, 0);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Takes a manifest store as it stands.
pub fn keep(source: &mut Source, chunk: &Chunk, damage: Option<String>, at: &Place, out: &mut Extraction) {
    match source.read_bounded(chunk.data, chunk.len, limits::STORE) {
        Ok(bytes) => {
            let offset = source.absolute(chunk.data);
            push_store(out, Store { place: at.container.to_string(), offset, bytes, damage });
        }
        Err(problem) => at.problem(problem, out),
    }
}

/// Takes a manifest store that somebody put under another name; true where there was one.
pub fn stray(source: &mut Source, file: &str, chunk: &Chunk, out: &mut Extraction) -> bool {
    if !source.up_to(chunk.data, chunk.len.min(jumbf::HEAD as u64) as usize).is_ok_and(jumbf::is_store) {
        return false;
    }
    let at = place(source, file, chunk);
    let damage = format!("the chunk is named {}, not C2PA", charset::fourcc(chunk.id));
    keep(source, chunk, Some(damage), &at, out);
    true
}

/// A chunk that nobody defined: kept where it is plain text, else passed over.
pub fn unknown(source: &mut Source, file: &str, prefix: &str, chunk: &Chunk, out: &mut Extraction) {
    text_chunk(source, file, ChunkKeys { space: "riff", prefix }, chunk, out);
}

/// What tags of chunks that nobody defined are called: their space, and what stands before the chunk's id in their keys.
#[derive(Clone, Copy, Debug)]
pub struct ChunkKeys<'a> {
    /// `riff`, `aiff`.
    pub space: &'a str,
    /// `APPL:`; empty for chunks of the top level.
    pub prefix: &'a str,
}

/// As [`unknown`], with the space to write to.
pub fn text_chunk(source: &mut Source, file: &str, keys: ChunkKeys<'_>, chunk: &Chunk, out: &mut Extraction) {
    let ChunkKeys { space, prefix } = keys;
    if stray(source, file, chunk, out) || chunk.len > charset::UNKNOWN as u64 {
        return;
    }
    let at = place(source, file, chunk);
    match content(source, chunk) {
        Ok(blob) => {
            if let Some(text) = charset::printable(&blob) {
                let key = charset::fourcc(chunk.id);
                push(out, (space, &format!("{prefix}{}", key.trim_end())), text, &at, 0);
            }
        }
        Err(problem) => at.problem(problem, out),
    }
}

/// Lists of text chunks of one file, such as LIST INFO.
#[derive(Clone, Copy, Debug)]
pub struct TextLists<'a> {
    /// The file's name in places: `WAV`.
    pub file: &'a str,
    /// The list's type: `INFO`.
    pub kind: &'a str,
    /// The file's.
    pub header: &'a Header,
}

/// Reads a list of text chunks: one tag a chunk, unknown ids included; lists inside lists are followed.
pub fn texts(source: &mut Source, lists: TextLists<'_>, list: &Chunk, out: &mut Extraction) {
    nested(source, lists, list, 0, out);
}

fn nested(source: &mut Source, lists: TextLists<'_>, list: &Chunk, depth: usize, out: &mut Extraction) {
    let TextLists { file, kind, header } = lists;
    let container = format!("{file} LIST {kind}");
    let walk = riff::list(source, list.inner(), header);
    for chunk in &walk.chunks {
        let at = Place::new(container.clone(), source.absolute(chunk.data));
        let done = match &chunk.id {
            b"JUNK" | b"PAD " | b"junk" => Ok(true),
            b"_PMX" | b"C2PA" | b"id3 " | b"ID3 " => shared(source, &container, chunk, out),
            b"LIST" if depth >= limits::DEPTH => {
                return at.problem(Problem::limit("", at.offset.unwrap_or(0), "lists nested too deep"), out);
            }
            b"LIST" => {
                nested(source, lists, chunk, depth + 1, out);
                Ok(true)
            }
            _ => Ok(false),
        };
        match done.and_then(|done| if done { Ok(None) } else { content(source, chunk).map(Some) }) {
            Ok(Some(blob)) => {
                let key = charset::fourcc(chunk.id);
                push(out, ("riff", &format!("{kind}:{}", key.trim_end())), text(&blob), &at, 0);
            }
            Ok(None) => {}
            Err(problem) => at.problem(problem, out),
        }
    }
    if let Some(problem) = walk.problem {
        push_problem(out, Problem { place: container, ..problem });
    }
}

/// Text up to the first NUL, unless more text follows it: what stands behind is kept as well.
fn text(blob: &[u8]) -> String {
    match blob {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => charset::guess(blob),
        _ => charset::guess(charset::trim(blob)),
    }
}

fn exif_chunk(blob: &[u8], at: &Place, out: &mut Extraction) {
    match blob.strip_prefix(b"Exif\0\0") {
        Some(rest) => exif::read(rest, &Place { offset: at.offset.map(|o| o + 6), ..at.clone() }, out),
        None => exif::read(blob, at, out),
    }
}
