//! Samsung's trailer (SEF), as after a JPEG's end or in a `sefd` box: entries, then a directory, then `SEFT`.
//!
//! `…entries…, "SEFH", u32 version, u32 count, count × { u16, u16 type, u32 offset back from SEFH, u32 size },
//! u32 directory length, "SEFT"`; an entry is `u16, u16 type, u32 name length, name, payload`. Little-endian.
//! No specification is public; the structure is the one that ExifTool's Samsung module describes.

use std::ops::Range;

use countersign_io::source::Source;
use countersign_model::Problem;

/// The most entries that are read; real trailers hold a handful.
const ENTRIES: usize = 8192;
/// The longest entry name.
const NAME: u64 = 256;

/// One entry and where its payload is, in the source's own offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry's type code.
    pub kind: u16,
    /// The entry's name: `Image_UTC_Data`, `MotionPhoto_Data`, …
    pub name: String,
    /// Offset of the payload in the source.
    pub offset: u64,
    /// Length of the payload in bytes.
    pub len: u64,
}

/// Whether these last bytes of a file are the end of a trailer.
#[must_use]
pub fn ends_with(tail: &[u8]) -> bool {
    tail.ends_with(b"SEFT")
}

/// What a trailer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Where the earliest of its entries begins.
    pub start: u64,
    /// The entries, as the directory lists them.
    pub entries: Vec<Entry>,
    /// What kept the rest of the entries from being found.
    pub problem: Option<Problem>,
}

/// The trailer that ends at `end` and starts at `start` or later.
///
/// # Errors
/// `malformed` where the directory is not what its ends say, else as [`Source::at`].
pub fn read(source: &mut Source, start: u64, end: u64) -> Result<Trailer, Problem> {
    let bad = |source: &Source, at: u64, what: &str| Problem::malformed("", source.absolute(at), what.to_owned());
    let tail = end.checked_sub(8).filter(|t| *t >= start).ok_or_else(|| bad(source, start, "too short for SEFT"))?;
    let foot = source.array::<8>(tail)?;
    if &foot[4..] != b"SEFT" {
        return Err(bad(source, tail, "no SEFT at the end"));
    }
    let len = u64::from(word(&foot, 0));
    let head = tail.checked_sub(len).filter(|h| *h >= start).ok_or_else(|| bad(source, tail, "directory too long"))?;
    let directory = source.read_bounded(head, len, 12 + 12 * ENTRIES)?;
    if directory.get(..4) != Some(b"SEFH") || directory.len() < 12 {
        return Err(bad(source, head, "no SEFH where SEFT points"));
    }
    let count = word(&directory, 8) as usize;
    let mut trailer = Trailer { start: head, entries: Vec::new(), problem: None };
    let mut room = head - start;
    for record in directory[12..].chunks_exact(12).take(count.min(ENTRIES)) {
        match entry(source, record, start..head, &mut room) {
            Ok((at, entry)) => {
                trailer.start = trailer.start.min(at);
                trailer.entries.push(entry);
            }
            Err(problem) => {
                trailer.problem = Some(problem);
                return Ok(trailer);
            }
        }
    }
    if trailer.entries.len() < count {
        trailer.problem = Some(bad(source, head, "the directory is shorter than its count"));
    }
    Ok(trailer)
}

/// One entry of the directory, inside these bounds, and where it begins.
fn entry(source: &mut Source, record: &[u8], bounds: Range<u64>, room: &mut u64) -> Result<(u64, Entry), Problem> {
    let bad = |source: &Source, at: u64, what: &str| Problem::malformed("", source.absolute(at), what.to_owned());
    let (back, size) = (u64::from(word(record, 4)), u64::from(word(record, 8)));
    let at = bounds.end.checked_sub(back);
    let at = at.filter(|at| *at >= bounds.start && size >= 8 && at.saturating_add(size) <= bounds.end);
    let at = at.ok_or_else(|| bad(source, bounds.end, "an entry outside the trailer"))?;
    let lead = source.array::<8>(at)?;
    // Entries do not overlap, so together they are no longer than the trailer.
    *room = room.checked_sub(size).ok_or_else(|| bad(source, at, "entries that overlap"))?;
    let name = u64::from(word(&lead, 4));
    if name > NAME || 8 + name > size {
        return Err(bad(source, at, "an entry with a name too long"));
    }
    let text = String::from_utf8_lossy(source.at(at + 8, name as usize)?).into_owned();
    let kind = u16::from_le_bytes([record[2], record[3]]);
    Ok((at, Entry { kind, name: text, offset: at + 8 + name, len: size - 8 - name }))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn trailer(entries: &[(u16, &str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut starts = Vec::new();
        for (kind, name, payload) in entries {
            starts.push(out.len());
            out.extend([0, 0]);
            out.extend(kind.to_le_bytes());
            out.extend((name.len() as u32).to_le_bytes());
            out.extend(name.as_bytes());
            out.extend(*payload);
        }
        let head = out.len();
        out.extend(b"SEFH\x6b\0\0\0");
        out.extend((entries.len() as u32).to_le_bytes());
        for ((kind, name, payload), start) in entries.iter().zip(starts) {
            out.extend([0, 0]);
            out.extend(kind.to_le_bytes());
            out.extend(((head - start) as u32).to_le_bytes());
            out.extend(((8 + name.len() + payload.len()) as u32).to_le_bytes());
        }
        out.extend(((out.len() - head) as u32).to_le_bytes());
        out.extend(b"SEFT");
        out
    }

    #[test]
    fn entries_come_with_their_places() {
        let bytes = trailer(&[(0xa01, "Image_UTC_Data", b"1600000000000"), (0xba1, "PhotoEditor_Re_Edit_Data", b"{}")]);
        let mut source = Source::memory([b"junk".as_slice(), &bytes].concat(), 0);
        let Trailer { start, entries, problem } = read(&mut source, 0, bytes.len() as u64 + 4).unwrap();
        assert_eq!((start, problem), (4, None));
        assert_eq!(entries[0].name, "Image_UTC_Data");
        assert_eq!((entries[1].kind, entries[1].len), (0xba1, 2));
        assert_eq!(source.at(entries[1].offset, 2).unwrap(), b"{}");
    }

    #[test]
    fn damage_is_told_and_never_panics() {
        let bytes = trailer(&[(0xa01, "Image_UTC_Data", b"1600000000000")]);
        for end in 0..bytes.len() {
            assert!(read(&mut Source::memory(bytes[..end].to_vec(), 0), 0, end as u64).is_err());
        }
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0xFF;
            let _ = read(&mut Source::memory(bad, 0), 0, bytes.len() as u64);
        }
    }
}
