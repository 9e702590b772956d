//! Another file in a part of which nobody knows what it is for, packed or not: kept to be read as one of its own.

use super::{Place, picture};
use crate::framing::{beginnings, deflate};
use countersign_model::Extraction;
use countersign_model::limits;

/// How far from its start a part may be packed: some have a zero, a number of bytes or a name before what they packed.
const PACKED: usize = 32;
/// Fewer bytes are no file that says anything.
const SHORT: usize = 32;

/// Keeps the file that begins in these bytes, or in what they unfold to; false where none does.
pub fn read(bytes: &[u8], at: &Place, out: &mut Extraction) -> bool {
    if let Some(by) = beginnings::first(bytes) {
        keep(bytes, by, at, out);
        return true;
    }
    let found = packed(bytes).and_then(|unfolded| Some((beginnings::first(&unfolded)?, unfolded)));
    found.map(|(by, unfolded)| keep(&unfolded, by, &Place { offset: None, ..at.clone() }, out)).is_some()
}

/// Keeps the file that begins so many bytes into a part.
pub fn keep(bytes: &[u8], by: usize, at: &Place, out: &mut Extraction) {
    picture::embed(bytes.get(by..).unwrap_or_default(), None, &at.inside("another file", by as u64), out);
}

/// What a zlib stream near the start of a part unfolds to.
#[must_use]
pub fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    let near = bytes.get(..PACKED).unwrap_or(bytes);
    let header = |by: &usize| matches!(bytes.get(by + 1), Some(0x01 | 0x5E | 0x9C | 0xDA));
    memchr::memchr_iter(0x78, near).filter(header).find_map(|by| {
        let (unfolded, _) = deflate::zlib(bytes.get(by..).unwrap_or_default(), limits::INFLATED);
        (unfolded.len() >= SHORT).then_some(unfolded)
    })
}
