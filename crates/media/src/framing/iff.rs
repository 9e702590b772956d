//! IFF files (EA IFF 85): `FORM`, big-endian sizes, chunks of even length. Walked as RIFF is.

pub use super::riff::{Chunk, Header, Walk, header, is_whole, list, top};

/// Whether these are the first bytes of a FORM of one of these types.
#[must_use]
pub fn is_form(head: &[u8], types: &[&[u8; 4]]) -> bool {
    head.starts_with(b"FORM") && head.get(8..12).is_some_and(|form| types.iter().any(|t| form == t.as_slice()))
}
