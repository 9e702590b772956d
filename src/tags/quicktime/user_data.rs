//! `udta`: classic QuickTime strings (`©xxx`), 3GPP TS 26.244 §8 texts, Microsoft's `Xtra`, makers' own boxes.

use encoding_rs::UTF_16LE;

use super::value::{self, Value};
use super::{Walk, list};
use crate::framing::bmff::{self, Boxes, FourCc, Header};
use crate::limits;

/// The longest value of unknown make that is looked into; makers keep pictures and logs of megabytes here.
const UNKNOWN: u64 = limits::INFLATED as u64;
/// The most texts of one classic field: one a language.
const RECORDS: usize = 1024;
/// The longest name of an `Xtra` field: one name may serve many values.
const NAME: usize = 1024;

/// 3GPP text boxes: version and flags, then this many bytes before language and text.
const TEXTS: &[(&FourCc, usize)] = &[
    (b"titl", 0),
    (b"dscp", 0),
    (b"cprt", 0),
    (b"perf", 0),
    (b"auth", 0),
    (b"gnre", 0),
    (b"albm", 0),
    (b"coll", 0),
    (b"loci", 0),
    (b"rtng", 8),
    (b"clsf", 6),
];

pub(super) fn read(walk: &mut Walk<'_>, header: &Header) {
    let mut boxes = Boxes::terminated(header.body, header.end);
    while let Some(child) = walk.next(&mut boxes) {
        if child.is_cut() && !header.is_cut() {
            walk.cut(&child, false);
        }
        field(walk, &child);
    }
}

fn field(walk: &mut Walk<'_>, child: &Header) {
    let key = bmff::name(child.kind);
    match &child.kind {
        b"meta" | b"udta" | b"uuid" | b"XMP_" | b"jumb" | b"ilst" | b"sefd" => walk.visit(child),
        b"free" | b"skip" | b"wide" => {}
        b"Xtra" => walk.enter(child, xtra),
        b"kywd" => keywords(walk, child),
        [0xA9, ..] => classic(walk, &key, child),
        kind => match TEXTS.iter().find(|(k, _)| *k == kind) {
            Some((_, by)) => text_3gpp(walk, &key, child, *by),
            None => text(walk, &key, child),
        },
    }
}

/// `u16 length, u16 language, text`, repeated; some writers put a `data` box there instead.
fn classic(walk: &mut Walk<'_>, key: &str, header: &Header) {
    let Some(bytes) = walk.body(header, limits::INFLATED) else { return };
    if bytes.get(4..8) == Some(b"data") {
        let mut boxes = Boxes::terminated(header.body, header.end);
        while let Some(child) = walk.next(&mut boxes) {
            list::data(walk, &child, header.kind, key);
        }
        return;
    }
    let found = records(&bytes);
    if found.is_empty() {
        return show(walk, key, &bytes, header.body);
    }
    for (offset, value) in found {
        walk.tag(key, value, header.body + offset as u64);
    }
}

/// The international text records of a classic field; none where the lengths do not fit the bytes.
fn records(bytes: &[u8]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(lead) = bytes.get(at..at + 4) {
        let len = usize::from(u16::from_be_bytes([lead[0], lead[1]]));
        let language = u16::from_be_bytes([lead[2], lead[3]]);
        if len == 0 && language == 0 && !found.is_empty() {
            break;
        }
        let text = bytes.get(at + 4..at + 4 + len).filter(|_| found.len() < RECORDS);
        let Some(text) = text else { return Vec::new() };
        found.push((at + 4, value::classic(language, text)));
        at += 4 + len;
    }
    found
}

fn text_3gpp(walk: &mut Walk<'_>, key: &str, header: &Header, by: usize) {
    let Some(bytes) = walk.body(header, limits::INFLATED) else { return };
    let start = 4 + by + 2;
    match bytes.get(start..).filter(|_| bytes.starts_with(&[0; 4])) {
        Some(text) => walk.tag(key, string(text), header.body + start as u64),
        None => generic(walk, key, &bytes, header.body),
    }
}

/// Text up to its terminator, in UTF-8 or in UTF-16 with a byte order mark.
fn string(bytes: &[u8]) -> String {
    let wide = bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]);
    let end = if wide {
        bytes.chunks_exact(2).position(|c| c == [0, 0]).map(|i| 2 * i)
    } else {
        bytes.iter().position(|b| *b == 0)
    };
    value::unicode(&bytes[..end.unwrap_or(bytes.len())])
}

/// `kywd`: version and flags, language, count, then `u8 length, text` each.
fn keywords(walk: &mut Walk<'_>, header: &Header) {
    let Some(bytes) = walk.body(header, limits::BLOB) else { return };
    let mut rest = bytes.get(7..).unwrap_or_default();
    while let [len, tail @ ..] = rest {
        let word = tail.get(..usize::from(*len)).unwrap_or(tail);
        let offset = header.body + (bytes.len() - tail.len()) as u64;
        walk.tag("kywd", string(word), offset);
        rest = &tail[word.len()..];
    }
}

/// A field of unknown make: its text, or how long it is.
pub(super) fn text(walk: &mut Walk<'_>, key: &str, header: &Header) {
    if header.len() > UNKNOWN {
        return walk.tag(key, format!("({} bytes)", header.len()), header.body);
    }
    if let Some(bytes) = walk.body(header, limits::BLOB) {
        generic(walk, key, &bytes, header.body);
    }
}

fn generic(walk: &mut Walk<'_>, key: &str, bytes: &[u8], offset: u64) {
    let found = records(bytes);
    let whole = found.last().is_some_and(|(at, _)| *at > 4 || bytes.len() > 4);
    let sound = |t: &String| !t.is_empty() && !t.chars().any(|c| c.is_control() && !c.is_ascii_whitespace());
    if value::printable(bytes).is_none() && whole && found.iter().all(|(_, t)| sound(t)) {
        for (by, text) in found {
            walk.tag(key, text, offset + by as u64);
        }
        return;
    }
    show(walk, key, bytes, offset);
}

fn show(walk: &mut Walk<'_>, key: &str, bytes: &[u8], offset: u64) {
    match value::printable(bytes) {
        Some(text) => walk.tag(key, text, offset),
        None if value::is_picture(bytes) => {
            walk.tag(key, value::binary(bytes), offset);
            walk.embed(bytes.to_vec(), offset, None);
        }
        // Text behind version and flags.
        None => match bytes.get(4..).filter(|_| bytes.starts_with(&[0; 3])).and_then(value::printable) {
            Some(text) => walk.tag(key, text, offset + 4),
            None => walk.tag(key, value::binary(bytes), offset),
        },
    }
}

/// `Xtra` (Windows): `u32 size, u32 name length, name, u32 count`, then `u32 size, u16 type, value` each.
fn xtra(walk: &mut Walk<'_>, header: &Header) {
    let Some(bytes) = walk.body(header, limits::INFLATED) else { return };
    let mut at = 0;
    while let Some(size) = word(&bytes, at).filter(|s| *s > 12) {
        let Some(entry) = bytes.get(at..at.saturating_add(size)) else { break };
        let Some(name) = word(entry, 4).filter(|n| *n <= NAME).and_then(|n| entry.get(8..8usize.saturating_add(n)))
        else {
            break;
        };
        let key = String::from_utf8_lossy(name).into_owned();
        let mut inner = 8 + name.len() + 4;
        while let Some(len) = word(entry, inner).filter(|l| *l >= 6) {
            let Some(value) = entry.get(inner..inner.saturating_add(len)) else { break };
            let (kind, content) = (u16::from_be_bytes([value[4], value[5]]), &value[6..]);
            let text = match (kind, value::decode(0, [0; 4], content)) {
                (8, _) => UTF_16LE.decode(content).0.trim_end_matches('\0').to_owned(),
                (_, Value::Text(text)) if content.len() > 8 => text,
                _ => value::binary(content),
            };
            walk.tag(&key, text, header.body + (at + inner + 6) as u64);
            inner += len;
        }
        at += size;
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}
