//! Samsung's SEF trailer: a directory at the very end of a JPEG (or of a HEIF `sefd` box).
//!
//! No specification is public; the layout is the one that free readers document:
//! entries, `SEFH`, version, count, count × { u16, u16 type, u32 distance before `SEFH`, u32 size }, u32 length, `SEFT`.

use crate::framing::numbers::{le16, le32};
use crate::limits;
use crate::model::Problem;
use crate::source::Source;

/// One named entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: u16,
    pub name: String,
    /// Offset of the payload in the source.
    pub data: u64,
    /// Length of the payload in bytes.
    pub len: u64,
}

/// Whether the bytes before `end` are the end of a trailer.
#[must_use]
pub fn ends_with(tail: &[u8]) -> bool {
    tail.ends_with(b"SEFT")
}

/// The entries of the trailer that ends at `end`, and where the earliest of them begins.
///
/// # Errors
/// `malformed` where the directory makes no sense, `truncated` where it reaches before the start.
pub fn entries(source: &mut Source, end: u64) -> Result<(u64, Vec<Entry>), Problem> {
    let bad = |what: &str| Problem::malformed("", end.saturating_sub(8), what);
    let foot = source.array::<8>(end.checked_sub(8).ok_or_else(|| bad("no room for a trailer"))?)?;
    let size = u64::from(le32(&foot, 0).unwrap_or_default());
    let start = end.checked_sub(8 + size).ok_or_else(|| bad("the directory reaches before the start"))?;
    let directory = source.stated(start, size, limits::INFLATED)?;
    if !directory.starts_with(b"SEFH") {
        return Err(bad("no SEFH where the directory should begin"));
    }
    let count = le32(&directory, 8).unwrap_or_default() as usize;
    let mut first = start;
    let mut found = Vec::new();
    for n in 0..count.min(limits::ITEMS) {
        let at = 12 + n * 12;
        let (Some(kind), Some(back), Some(size)) =
            (le16(&directory, at + 2), le32(&directory, at + 4), le32(&directory, at + 8))
        else {
            return Err(bad("the directory holds fewer entries than it says"));
        };
        let Some(offset) = start.checked_sub(u64::from(back)) else {
            return Err(bad("an entry reaches before the start"));
        };
        first = first.min(offset);
        found.extend(entry(source, kind, offset, u64::from(size)));
    }
    Ok((first, found))
}

fn entry(source: &mut Source, kind: u16, offset: u64, size: u64) -> Option<Entry> {
    let head = source.array::<8>(offset).ok()?;
    let name_len = u64::from(le32(&head, 4)?);
    let len = size.checked_sub(8)?.checked_sub(name_len)?;
    let name = source.stated(offset + 8, name_len, 256).ok()?;
    let data = offset + 8 + name_len;
    Some(Entry { kind, name: String::from_utf8_lossy(&name).into_owned(), data, len })
}
