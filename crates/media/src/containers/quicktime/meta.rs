//! `meta` boxes: `hdlr`, `keys`, `ilst`, `ID32`, `xml `, and the item lists of HEIF (ISO/IEC 14496-12 §8.11,
//! QuickTime File Format "Metadata", 3GPP TS 26.244 §8).

use super::{Walk, items, list, value};
use crate::containers::uuid_box;
use crate::framing::bmff::{Boxes, Header};
use crate::tags::{id3, xmp};
use countersign_model::Problem;
use countersign_model::limits;

/// The longest list of key names.
const KEYS: usize = 4 * 1024 * 1024;
/// The longest key name that is kept: one name may serve many values.
const NAME: usize = 1024;

pub(super) fn read(walk: &mut Walk<'_>, header: &Header) {
    let start = children(walk, header);
    let mut boxes = Boxes::terminated(start, header.end);
    let mut keys = Vec::new();
    let mut lists = Vec::new();
    let mut has_items = false;
    while let Some(child) = walk.next(&mut boxes) {
        if child.is_cut() && !header.is_cut() {
            walk.cut(&child, false);
        }
        match &child.kind {
            b"keys" => keys = names(walk, &child),
            b"ilst" => lists.push(child),
            b"iinf" | b"iloc" => has_items = true,
            // The handler of a meta box has no name worth telling.
            b"hdlr" | b"free" | b"skip" => {}
            b"ID32" => walk.enter(&child, id32),
            b"xml " => walk.enter(&child, xml),
            b"data" => list::stray_data(walk, &child),
            _ => walk.visit(&child),
        }
    }
    // A list may stand before the keys that it needs.
    for child in lists {
        walk.path.push(child.kind);
        list::read(walk, &child, &keys);
        walk.path.pop();
    }
    if has_items {
        items::read(walk, start, header.end);
    }
}

/// Where the children start: behind version and flags, which QuickTime's own `meta` does not have.
fn children(walk: &mut Walk<'_>, header: &Header) -> u64 {
    const FIRST: &[&[u8]] =
        &[b"hdlr", b"keys", b"ilst", b"free", b"skip", b"mhdr", b"ID32", b"xml ", b"iinf", b"iloc", b"pitm", b"data"];
    let lead = walk.source.up_to(header.body, header.len().min(16) as usize).unwrap_or_default();
    let known = |at: usize| lead.get(at..at + 4).is_some_and(|k| FIRST.contains(&k));
    // Zero at both places is an empty or padded box.
    if known(4) || header.len() < 4 || (!known(8) && lead[..4] != [0; 4]) { header.body } else { header.body + 4 }
}

/// `keys`: version and flags, count, then `u32 size, namespace, name` each.
fn names(walk: &mut Walk<'_>, header: &Header) -> Vec<String> {
    let Some(bytes) = walk.body(header, KEYS) else { return Vec::new() };
    let mut found = Vec::new();
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let [a, b, c, d, tail @ ..] = rest {
        let size = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        if found.len() >= limits::TAGS {
            break;
        }
        let Some(entry) = size.checked_sub(4).and_then(|n| tail.get(..n)).filter(|e| e.len() >= 4) else {
            let at = walk.source.absolute(header.body);
            walk.problem(Problem::malformed("", at, format!("key {} states {size} bytes", found.len() + 1)));
            break;
        };
        found.push(String::from_utf8_lossy(&entry[4..entry.len().min(4 + NAME)]).trim_end_matches('\0').to_owned());
        rest = &tail[entry.len()..];
    }
    found
}

/// `ID32`: version and flags, packed language, an ID3v2 tag.
fn id32(walk: &mut Walk<'_>, header: &Header) {
    let place = walk.place(header.body + 6);
    if let Some(bytes) = walk.body(header, limits::BLOB) {
        id3::read(bytes.get(6..).unwrap_or_default(), &place, walk.out);
    }
}

/// `xml `: version and flags, a document; XMP as such, anything else whole.
fn xml(walk: &mut Walk<'_>, header: &Header) {
    let Some(bytes) = walk.body(header, limits::INFLATED) else { return };
    let by = if bytes.starts_with(&[0; 4]) { 4 } else { 0 };
    if uuid_box::is_rdf(&bytes) {
        let place = walk.place(header.body + by);
        xmp::read(&bytes[by as usize..], &place, walk.out);
    } else {
        walk.tag("xml", value::unicode(&bytes[by as usize..]), header.body + by);
    }
}
