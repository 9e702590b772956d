//! Properties of a document (MS-OLEPS, section 2.18.1 and following): texts by their numbers, and those that users named.

use crate::framing::numbers::{le16, le32};
use crate::tags::{Place, charset, push};
use countersign_model::Extraction;
use std::collections::HashMap;

/// Properties of one set, and sets of one stream.
const MOST: u32 = 1_024;
const SETS: usize = 4;
/// The names of what every document has.
const SUMMARY: &[(u32, &str)] = &[
    (2, "Title"),
    (3, "Subject"),
    (4, "Author"),
    (5, "Keywords"),
    (6, "Comments"),
    (7, "Template"),
    (8, "LastAuthor"),
    (18, "Application"),
];

/// Reads the sets of a stream: the first has fixed numbers, in the second names may stand.
pub(super) fn read(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let sets = le32(bytes, 24).unwrap_or_default() as usize;
    let summary = at.container.contains("SummaryInformation") && !at.container.contains("Document");
    for set in 0..sets.min(SETS) {
        let Some(start) = le32(bytes, 28 + 20 * set + 16) else { return };
        let Some(body) = bytes.get(start as usize..) else { return };
        one(body, summary && set == 0, at, out);
    }
}

fn one(set: &[u8], summary: bool, at: &Place, out: &mut Extraction) {
    let count = le32(set, 4).unwrap_or_default().min(MOST) as usize;
    let entries: Vec<(u32, usize)> =
        (0..count).filter_map(|n| Some((le32(set, 8 + 8 * n)?, le32(set, 12 + 8 * n)? as usize))).collect();
    let names = entries.iter().find(|(id, _)| *id == 0).map(|(_, offset)| names(set, *offset)).unwrap_or_default();
    for (id, offset) in entries.iter().filter(|(id, _)| *id > 1) {
        let known = SUMMARY.iter().find(|(known, _)| summary && known == id).map(|(_, name)| (*name).to_owned());
        let Some(name) = names.get(id).cloned().or(known) else { continue };
        if let Some(text) = text(set, *offset).filter(|text| !text.is_empty()) {
            push(out, ("ole", &name), text, at, 0);
        }
    }
}

/// The names that users gave: a number, the length, the text.
fn names(set: &[u8], offset: usize) -> HashMap<u32, String> {
    let count = le32(set, offset).unwrap_or_default().min(MOST);
    let mut at = offset.saturating_add(4);
    let mut out = HashMap::new();
    for _ in 0..count {
        let (Some(id), Some(len)) = (le32(set, at), le32(set, at.saturating_add(4))) else { break };
        let start = at.saturating_add(8);
        let Some(name) = set.get(start..start.saturating_add(len as usize)) else { break };
        out.insert(id, charset::fixed(name));
        at = start.saturating_add(len as usize);
    }
    out
}

/// A text of bytes (type 0x1E) or of UTF-16 (0x1F): the number of bytes or of units, then the text.
fn text(set: &[u8], offset: usize) -> Option<String> {
    let len = le32(set, offset.checked_add(4)?)? as usize;
    let start = offset.checked_add(8)?;
    match le16(set, offset)? {
        0x1E => Some(charset::fixed(set.get(start..start.checked_add(len)?)?)),
        0x1F => {
            let bytes = set.get(start..start.checked_add(len.checked_mul(2)?)?)?;
            Some(charset::utf16(bytes, encoding_rs::UTF_16LE).trim_end_matches('\0').to_owned())
        }
        _ => None,
    }
}
