//! Text without a type: the records of classic QuickTime strings, and fields of unknown make.

use super::Walk;
use super::value;
use crate::framing::bmff::Header;
use countersign_model::limits;

/// The longest value of unknown make that is looked into; makers keep pictures and logs of megabytes here.
const UNKNOWN: u64 = limits::INFLATED as u64;
/// The most texts of one classic field: one a language.
const RECORDS: usize = 1024;

/// The international text records of a classic field; none where the lengths do not fit the bytes.
pub(super) fn records(bytes: &[u8]) -> Vec<(usize, String)> {
    if let Some(text) = overlong(bytes) {
        return vec![(4, text)];
    }
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

/// Text that is longer than a 16-bit length can say: writers keep the lower bits, and all of the field is the text.
fn overlong(bytes: &[u8]) -> Option<String> {
    let (lead, text) = bytes.split_first_chunk::<4>()?;
    let stated = u16::from_be_bytes([lead[0], lead[1]]);
    let language = u16::from_be_bytes([lead[2], lead[3]]);
    let wraps = text.len() > usize::from(u16::MAX) && text.len() & 0xFFFF == usize::from(stated);
    wraps.then(|| value::classic(language, text))
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

/// Bytes of unknown make: classic records, printable text, a picture, or how long they are.
pub(super) fn generic(walk: &mut Walk<'_>, key: &str, bytes: &[u8], offset: u64) {
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

/// As [`generic`], for bytes that are no records.
pub(super) fn show(walk: &mut Walk<'_>, key: &str, bytes: &[u8], offset: u64) {
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
