//! RealMedia (RealNetworks "RealMedia File Format"): the content description, properties of streams, and the section of
//! properties at the end.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{array, be16, be32};
use crate::tags::{Place, charset, push, push_problem};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct RealMedia;

static INFO: Info = Info {
    id: FormatId::new("realmedia"),
    name: "RealMedia",
    extensions: &["rm", "rmvb", "ra", "rv"],
    media: Media::Video,
    specification: "RealNetworks, RealMedia File Format",
    version: 1,
    ..Info::DEFAULT
};

const CHUNK: u64 = 8;
/// Properties inside properties.
const DEPTH: usize = 8;
/// Properties of one file.
const PROPERTIES: usize = 10_000;

impl Format for RealMedia {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(b".RMF\0\0") { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let (mut at, mut media) = (0, false);
        for _ in 0..limits::ITEMS {
            let left = source.len().saturating_sub(at);
            if left < CHUNK && (left == 0 || media) {
                break;
            }
            let head: [u8; 8] = source.array(at).map_err(|p| p.within("realmedia"))?;
            let (kind, size) =
                (array::<4>(&head, 0).unwrap_or_default(), u64::from(be32(&head, 4).unwrap_or_default()));
            // Behind the media only what is usual there: another file looks like chunks as well.
            if !kind.iter().all(u8::is_ascii_graphic) || media && kind.iter().any(u8::is_ascii_lowercase) {
                if media {
                    break;
                }
                return Err(Problem::malformed("realmedia", source.absolute(at), "no chunk where one is expected"));
            }
            media |= &kind == b"DATA";
            // The sound or picture of a file that was not closed has no length; nothing is behind it.
            let size = if size == 0 && &kind == b"DATA" { left } else { size };
            if size < CHUNK || size > left {
                let what = format!("{} states {size} bytes, {left} are left", charset::fourcc(kind));
                return Err(Problem::truncated("realmedia", source.absolute(at), what));
            }
            out.coverage.add(at, at + size);
            if let Err(problem) = chunk(source, kind, at + CHUNK, size - CHUNK, out) {
                push_problem(out, problem.within(&format!("RealMedia {}", charset::fourcc(kind))));
            }
            at += size;
        }
        match media {
            true => Ok(()),
            false => Err(Problem::truncated("realmedia", source.absolute(source.len()), "no media in it")),
        }
    }
}

fn chunk(source: &mut Source, kind: [u8; 4], body: u64, len: u64, out: &mut Extraction) -> Result<(), Problem> {
    let at = Place::new(format!("RealMedia {}", charset::fourcc(kind)), source.absolute(body));
    match &kind {
        b"CONT" => content(&source.read_bounded(body, len, limits::BLOB)?, &at, out),
        b"MDPR" => stream(&source.read_bounded(body, len, limits::BLOB)?, &at, out),
        b"RMMD" => {
            let blob = source.read_bounded(body, len, limits::BLOB)?;
            let from = blob.windows(4).position(|four| four == b"RJMD").map_or(0, |at| at + 8);
            Properties { blob: &blob, at: &at, left: PROPERTIES.max(1) }.read(from, "", DEPTH, out);
        }
        b".RMF" | b"PROP" | b"DATA" | b"INDX" | b"RMJE" => {}
        _ if len <= charset::UNKNOWN as u64 => {
            if let Some(text) = charset::printable(&source.read_bounded(body, len, charset::UNKNOWN)?) {
                push(out, ("realmedia", &charset::fourcc(kind)), text, &at, 0);
            }
        }
        _ => {}
    }
    Ok(())
}

/// Title, author, copyright and comment, each behind its length.
fn content(blob: &[u8], at: &Place, out: &mut Extraction) {
    let mut next = 2;
    for key in ["Title", "Author", "Copyright", "Comment"] {
        let Some(text) = be16(blob, next).and_then(|len| blob.get(next + 2..next + 2 + usize::from(len))) else {
            return at.problem(Problem::malformed("", at.offset.unwrap_or(0), "a text runs past its chunk"), out);
        };
        if !text.is_empty() {
            push(out, ("realmedia", key), charset::guess(text), at, (next + 2) as u64);
        }
        next += 2 + text.len();
    }
}

/// What a stream is called, its type, and the properties of the file where it is the stream that holds them.
fn stream(blob: &[u8], at: &Place, out: &mut Extraction) {
    let mut next = 32;
    let mut kind = String::new();
    for key in ["StreamName", "MimeType"] {
        let Some(len) = blob.get(next).map(|len| usize::from(*len)) else { return };
        let Some(text) = blob.get(next + 1..next + 1 + len) else { return };
        kind = charset::guess(text);
        if !text.is_empty() {
            push(out, ("realmedia", key), kind.clone(), at, (next + 1) as u64);
        }
        next += 1 + len;
    }
    if kind != "logical-fileinfo" {
        return;
    }
    // Its data: size, version, streams with a number and a place each, rules, then the properties.
    let data = next + 4;
    let Some(streams) = be16(blob, data + 6).map(usize::from) else { return };
    let rules = data + 8 + 6 * streams;
    let Some(count) = be16(blob, rules).map(usize::from) else { return };
    let properties = rules + 2 + 2 * count;
    let mut next = properties + 2;
    for _ in 0..be16(blob, properties).unwrap_or_default() {
        let Some(size) = be32(blob, next).map(|size| size as usize).filter(|size| *size > 0) else { return };
        let Some(property) = blob.get(next..next.saturating_add(size).min(blob.len())) else { return };
        let name = property.get(6).map_or(0, |len| usize::from(*len));
        let value = 7 + name + 4;
        let len = be16(property, value).map_or(0, usize::from);
        let named = property.get(7..7 + name).map(charset::guess);
        if let (Some(named), Some(text)) = (named, property.get(value + 2..value + 2 + len)) {
            push(out, ("realmedia", &named), charset::guess(text), at, (next + value + 2) as u64);
        }
        next = next.saturating_add(size);
    }
}

/// The tree of properties in a blob ("Metadata section"), and how many of them may still be read.
struct Properties<'a> {
    blob: &'a [u8],
    at: &'a Place,
    left: usize,
}

impl Properties<'_> {
    /// A property with its value and those inside it.
    fn read(&mut self, start: usize, path: &str, depth: usize, out: &mut Extraction) -> Option<()> {
        let blob = self.blob;
        let field = |by: usize| be32(blob, start.checked_add(by)?).map(|value| value as usize);
        let (kind, value, inner, count, len) = (field(4)?, field(12)?, field(16)?, field(20)?, field(24)?);
        let name = blob.get(start + 28..(start + 28).checked_add(len)?)?;
        let path = format!("{path}{}", charset::guess(name));
        let from = start.checked_add(value)?;
        let bytes = be32(blob, from).and_then(|len| blob.get(from + 4..(from + 4).checked_add(len as usize)?));
        // Texts, dates, file names and lists of texts have numbers of their own; the others are flags and integers.
        if let Some(text) = bytes.filter(|bytes| matches!(kind, 1 | 2 | 6 | 7 | 8) && !bytes.is_empty()) {
            push(out, ("realmedia", &path), charset::guess(text), self.at, from as u64 + 4);
        }
        for n in 0..count {
            self.left = self.left.checked_sub(1)?;
            let entry = start.checked_add(inner)?.checked_add(8 * n)?;
            let next = start.checked_add(be32(blob, entry)? as usize)?;
            self.read(next, &format!("{path}/"), depth.checked_sub(1)?, out);
        }
        Some(())
    }
}
