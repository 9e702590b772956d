//! `udta`: classic QuickTime strings (`©xxx`), 3GPP TS 26.244 §8 texts, Microsoft's `Xtra`, makers' own boxes.

use encoding_rs::UTF_16LE;

use super::text::{generic, records, show, text};
use super::value::{self, Value};
use super::{Walk, list};
use crate::framing::bmff::{self, Boxes, FourCc, Header};
use countersign_model::limits;

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
            None => {
                walk.leave(child);
                text(walk, &key, child);
            }
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
        // Where the length does not fit the field, what stands behind it is still text or none.
        return match bytes.get(4..).and_then(value::printable) {
            Some(text) if value::printable(&bytes).is_none() => walk.tag(key, text, header.body + 4),
            _ => show(walk, key, &bytes, header.body),
        };
    }
    for (offset, value) in found {
        walk.tag(key, value, header.body + offset as u64);
    }
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
