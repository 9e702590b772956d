//! `ilst`: items by key index (`mdta`), by four-character code (`mdir`), freeform `----`, and lists that
//! some phones write without keys or item boxes.

use super::value::{self, Value};
use super::{Walk, text};
use crate::framing::bmff::{self, Boxes, FourCc, Header};
use countersign_model::limits;
use countersign_model::{CompactString, Problem};

/// An `ilst` outside a `meta`.
pub(super) fn outside_meta(walk: &mut Walk<'_>, header: &Header) {
    read(walk, header, &[]);
}

pub(super) fn read(walk: &mut Walk<'_>, header: &Header, keys: &[String]) {
    let mut boxes = Boxes::terminated(header.body, header.end);
    while let Some(item) = walk.next(&mut boxes) {
        if item.is_cut() && !header.is_cut() {
            walk.cut(&item, false);
        }
        match &item.kind {
            b"free" | b"skip" => {}
            b"data" => stray_data(walk, &item),
            b"----" => freeform(walk, &item),
            _ => {
                let key = key(item.kind, keys);
                values(walk, &item, &key);
            }
        }
    }
}

/// The item's name: from `keys` by its index, or the code itself.
fn key(kind: FourCc, keys: &[String]) -> CompactString {
    let index = u32::from_be_bytes(kind) as usize;
    match index.checked_sub(1).and_then(|i| keys.get(i)) {
        Some(name) => name.into(),
        None if index < 0x1_0000 => format!("#{index}").into(),
        None => bmff::name(kind),
    }
}

/// All `data` boxes of an item, or its bare bytes where it has none.
fn values(walk: &mut Walk<'_>, item: &Header, key: &str) {
    let mut found = false;
    if looks_boxed(walk, item) {
        let mut boxes = Boxes::terminated(item.body, item.end);
        while let Some(child) = walk.next(&mut boxes) {
            if &child.kind != b"data" {
                continue;
            }
            found = true;
            // What stands behind a value that states too little, and is no box, is the rest of it.
            let rest = child.end < item.end && !is_boxed(walk, child.end, item.end);
            let whole = Header { end: if rest { item.end } else { child.end }, ..child };
            data(walk, &whole, item.kind, key);
            if rest {
                break;
            }
        }
    }
    if !found && !item.is_empty() {
        text::text(walk, key, item);
    }
}

/// Whether an item's body begins with a box that items hold.
fn looks_boxed(walk: &mut Walk<'_>, item: &Header) -> bool {
    is_boxed(walk, item.body, item.end)
}

fn is_boxed(walk: &mut Walk<'_>, at: u64, end: u64) -> bool {
    let Ok(lead) = walk.source.up_to(at, end.saturating_sub(at).min(8) as usize) else { return false };
    matches!(lead.get(4..8), Some(b"data" | b"itif" | b"name" | b"mean" | b"free"))
}

/// `----`: `mean` (a reverse domain), `name`, one or more `data`.
fn freeform(walk: &mut Walk<'_>, item: &Header) {
    let mut key = String::from("----");
    let mut boxes = Boxes::terminated(item.body, item.end);
    let mut found = Vec::new();
    while let Some(child) = walk.next(&mut boxes) {
        match &child.kind {
            b"mean" | b"name" => {
                let Some(bytes) = walk.body(&child, limits::VALUE) else { continue };
                key.push(':');
                key.push_str(&value::unicode(bytes.get(4..).unwrap_or_default()));
            }
            b"data" => found.push(child),
            _ => {}
        }
    }
    for child in found {
        data(walk, &child, *b"----", &key);
    }
}

/// A `data` box that no item holds.
pub(super) fn stray_data(walk: &mut Walk<'_>, child: &Header) {
    data(walk, child, *b"data", "data");
}

/// `data`: type indicator, locale, value.
pub(super) fn data(walk: &mut Walk<'_>, child: &Header, item: FourCc, key: &str) {
    let Some(bytes) = walk.body(child, limits::EMBEDDED_BYTES) else { return };
    let Some((lead, content)) = bytes.split_at_checked(8) else {
        let at = walk.source.absolute(child.offset);
        return walk.problem(Problem::malformed("", at, format!("data of {key} is {} bytes long", bytes.len())));
    };
    // A non-zero first byte would be a set of types other than the well-known one.
    let kind = u32::from_be_bytes([lead[0], lead[1], lead[2], lead[3]]);
    let offset = child.body + 8;
    match value::decode(kind, item, content) {
        Value::Text(text) => walk.tag(key, text, offset),
        Value::Binary => walk.tag(key, value::binary(content), offset),
        Value::Picture => {
            walk.tag(key, value::binary(content), offset);
            walk.embed(content.to_vec(), offset, None);
        }
    }
}
