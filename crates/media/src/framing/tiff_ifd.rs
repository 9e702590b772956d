//! TIFF image file directories: header, entries and typed values (TIFF 6.0 section 2, BigTIFF, and the private
//! magic numbers of camera makers that keep the same layout).
//!
//! Offsets are relative to the source, which starts at the TIFF header.

use countersign_model::Problem;
use countersign_model::limits;

use super::bytes::{Bytes, Held};

/// Byte order and width of a TIFF structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// `MM`: most significant byte first.
    pub big_endian: bool,
    /// BigTIFF: 64-bit counts and offsets.
    pub wide: bool,
    /// The number after the byte order: 42, 43, or a camera maker's own.
    pub magic: u16,
    /// Offset of the first directory.
    pub first: u64,
}

/// One directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The field's number: `0x010E` is `ImageDescription`.
    pub tag: u16,
    /// The field type as written.
    pub kind: u16,
    /// How many values.
    pub count: u64,
    /// Offset of the value: inside the entry where it fits there.
    pub at: u64,
    /// Length of the value in bytes; 0 for an unknown type.
    pub len: u64,
}

/// One directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Offset of the directory in the source.
    pub offset: u64,
    /// Its entries in the order of the file.
    pub entries: Vec<Entry>,
    /// Offset of the next directory, 0 for none.
    pub next: u64,
    /// Entries stated but not there.
    pub lost: u64,
}

/// The magic number of Panasonic and Leica raw files.
pub const PANASONIC: u16 = 0x0055;
/// The magic numbers of Olympus raw files.
pub const OLYMPUS: &[u16] = &[0x4F52, 0x5352];

impl Header {
    /// The header that these bytes begin with.
    #[must_use]
    pub fn parse(head: &[u8]) -> Option<Self> {
        let order = head.get(..2)?;
        let big_endian = match order {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        let plain = Self { big_endian, wide: false, magic: 0, first: 0 };
        let magic = plain.number(head.get(2..4)?) as u16;
        if !matches!(magic, 42 | 43 | PANASONIC) && !OLYMPUS.contains(&magic) {
            return None;
        }
        let wide = magic == 43;
        if wide && plain.number(head.get(4..8)?) != plain.eight_zero() {
            return None;
        }
        let first = plain.number(if wide { head.get(8..16)? } else { head.get(4..8)? });
        Some(Self { wide, magic, first, ..plain })
    }

    /// Offset size 8 and a reserved zero, as a 32-bit number in this byte order.
    fn eight_zero(self) -> u64 {
        if self.big_endian { 8 << 16 } else { 8 }
    }

    /// An unsigned number of up to eight bytes.
    #[must_use]
    pub fn number(self, bytes: &[u8]) -> u64 {
        let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        // Nearly all numbers are of these two lengths.
        match *bytes {
            [a, b] if self.big_endian => return u64::from(u16::from_be_bytes([a, b])),
            [a, b] => return u64::from(u16::from_le_bytes([a, b])),
            [a, b, c, d] if self.big_endian => return u64::from(u32::from_be_bytes([a, b, c, d])),
            [a, b, c, d] => return u64::from(u32::from_le_bytes([a, b, c, d])),
            _ => {}
        }
        if self.big_endian { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) }
    }

    fn count_size(self) -> usize {
        if self.wide { 8 } else { 2 }
    }

    fn entry_size(self) -> usize {
        if self.wide { 20 } else { 12 }
    }

    fn word(self) -> usize {
        if self.wide { 8 } else { 4 }
    }
}

/// Size in bytes of one value of a field type; 0 for an unknown one.
#[must_use]
pub fn size_of(kind: u16) -> u64 {
    match kind {
        1 | 2 | 6 | 7 | 129 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}

/// The directory at `offset`; where the source ends inside it, the entries that are there.
///
/// # Errors
/// `truncated` where not even the count is there, `limit` for an absurd count, `io`.
pub fn directory(source: &mut impl Bytes, header: Header, offset: u64) -> Result<Directory, Problem> {
    let count = header.number(source.at(offset, header.count_size())?);
    if count > limits::ITEMS as u64 {
        let what = format!("a directory of {count} entries");
        return Err(Problem::limit("", source.absolute(offset), what));
    }
    let size = header.entry_size();
    let start = offset.saturating_add(header.count_size() as u64);
    let stated = count as usize * size;
    let bytes = source.up_to(start, stated)?;
    let whole = bytes.len() / size;
    let mut out = Directory { offset, ..Directory::default() };
    out.entries.reserve_exact(whole);
    let ats = (0..).map(|index: u64| start.saturating_add(index * size as u64));
    match header.wide {
        true => out.entries.extend(bytes.chunks_exact(size).zip(ats).filter_map(|(raw, at)| entry(header, raw, at))),
        false => out.entries.extend(bytes.as_chunks().0.iter().zip(ats).map(|(raw, at)| short_entry(header, raw, at))),
    }
    out.lost = count - whole as u64;
    if out.lost == 0 {
        let after = start.saturating_add(stated as u64);
        out.next = source.at(after, header.word()).map_or(0, |raw| header.number(raw));
    }
    Ok(out)
}

/// As [`directory`], of bytes at hand, of which only those up to its end are looked at; `None` where it fails.
#[must_use]
pub fn directory_of(bytes: &[u8], header: Header, offset: u64) -> Option<Directory> {
    let start = usize::try_from(offset).ok()?;
    let behind = start.checked_add(header.count_size())?;
    let count = usize::try_from(header.number(bytes.get(start..behind)?)).ok()?;
    let end = behind.saturating_add(count.saturating_mul(header.entry_size())).saturating_add(header.word());
    let own = bytes.get(..end).unwrap_or(bytes);
    directory(&mut Held::new(own, 0), header, offset).ok()
}

/// Where the last of these directories and of their values ends.
pub fn end<'a>(directories: impl Iterator<Item = &'a Directory>) -> u64 {
    let ends = directories.flat_map(|directory| {
        // The count of entries and the offset of the next directory take 16 bytes at most; entries 12 or 20.
        let own = directory.offset.saturating_add(6 + 12 * directory.entries.len() as u64);
        directory.entries.iter().map(|entry| entry.at.saturating_add(entry.len)).chain([own])
    });
    ends.max().unwrap_or_default()
}

fn entry(header: Header, raw: &[u8], at: u64) -> Option<Entry> {
    let word = header.word();
    let tag = header.number(raw.get(..2)?) as u16;
    let kind = header.number(raw.get(2..4)?) as u16;
    let count = header.number(raw.get(4..4 + word)?);
    let value = raw.get(4 + word..4 + 2 * word)?;
    let len = count.saturating_mul(size_of(kind));
    let at = if len <= word as u64 { at.saturating_add(4 + word as u64) } else { header.number(value) };
    Some(Entry { tag, kind, count, at, len })
}

/// As [`entry`], of a structure that is not wide, as nearly all are.
fn short_entry(header: Header, raw: &[u8; 12], at: u64) -> Entry {
    let [t0, t1, k0, k1, c0, c1, c2, c3, v0, v1, v2, v3] = *raw;
    let two = |raw| if header.big_endian { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) };
    let four = |raw| if header.big_endian { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) };
    let (kind, count) = (two([k0, k1]), u64::from(four([c0, c1, c2, c3])));
    let len = count.saturating_mul(size_of(kind));
    let at = if len <= 4 { at.saturating_add(8) } else { u64::from(four([v0, v1, v2, v3])) };
    Entry { tag: two([t0, t1]), kind, count, at, len }
}

/// The first `most` values of an integer entry (types 1, 3, 4, 13, 16, 18), as unsigned numbers.
///
/// # Errors
/// As [`Bytes::at`].
pub fn integers(source: &mut impl Bytes, header: Header, entry: &Entry, most: usize) -> Result<Vec<u64>, Problem> {
    let size = size_of(entry.kind);
    if !matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18) {
        return Ok(Vec::new());
    }
    let count = entry.count.min(most as u64) as usize;
    let bytes = source.at(entry.at, count.saturating_mul(size as usize))?;
    Ok(bytes.chunks_exact(size as usize).map(|raw| header.number(raw)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_io::source::Source;

    /// Both ways to read an entry say the same of any bytes.
    #[test]
    fn short_entries_are_read_as_all_are() {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        for round in 0..20_000_u64 {
            let mut raw = [0; 12];
            for byte in &mut raw {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (seed >> 56) as u8;
            }
            let big_endian = round % 2 == 0;
            // Small kinds and counts, as they are written in files.
            if round % 3 > 0 {
                raw[2..8].fill(0);
                let (kind, count) = if big_endian { (3, 7) } else { (2, 4) };
                (raw[kind], raw[count]) = (seed as u8 % 20, (seed >> 8) as u8 % 9);
            }
            let header = Header { big_endian, wide: false, magic: 42, first: 8 };
            for at in [0, 10, u64::MAX - 4] {
                assert_eq!(Some(short_entry(header, &raw, at)), entry(header, &raw, at), "{raw:?}");
            }
        }
    }

    #[test]
    fn headers() {
        let classic = Header::parse(b"II*\0\x08\0\0\0").unwrap();
        assert_eq!((classic.big_endian, classic.wide, classic.first), (false, false, 8));
        let big = Header::parse(b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10").unwrap();
        assert_eq!((big.big_endian, big.wide, big.first), (true, true, 16));
        assert!(Header::parse(b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0").is_some());
        assert_eq!(Header::parse(b"II+\0\x04\0\0\0\x10\0\0\0\0\0\0\0"), None);
        assert!(Header::parse(b"IIRO\x08\0\0\0").is_some());
        assert!(Header::parse(b"IIU\0\x18\0\0\0").is_some());
        assert_eq!(Header::parse(b"II*\0\x08\0\0"), None);
        assert_eq!(Header::parse(b"IIxx\x08\0\0\0"), None);
    }

    #[test]
    fn entries_and_what_is_missing() {
        let mut bytes = b"MM\0*\0\0\0\x08\0\x02".to_vec();
        bytes.extend([1, 0x31, 0, 2, 0, 0, 0, 2, b'x', 0, 0, 0]);
        bytes.extend([1, 0x0E, 0, 2, 0, 0, 0, 9, 0, 0, 0, 40]);
        bytes.extend([0, 0, 0, 99]);
        let header = Header::parse(&bytes).unwrap();
        let read = directory(&mut Source::memory(bytes.clone(), 0), header, 8).unwrap();
        assert_eq!(read.next, 99);
        assert_eq!(read.entries[0], Entry { tag: 0x131, kind: 2, count: 2, at: 18, len: 2 });
        assert_eq!(read.entries[1], Entry { tag: 0x10E, kind: 2, count: 9, at: 40, len: 9 });
        // Bytes behind its end are of no meaning.
        assert_eq!(directory_of(&[&bytes[..], &[7; 50]].concat(), header, 8), Some(read));
        bytes.truncate(30);
        assert_eq!(directory_of(&bytes, header, 8).map(|cut| (cut.entries.len(), cut.lost, cut.next)), Some((1, 1, 0)));
        assert_eq!((directory_of(&bytes, header, 29), directory_of(&bytes, header, u64::MAX)), (None, None));
        let cut = directory(&mut Source::memory(bytes, 0), header, 8).unwrap();
        assert_eq!((cut.entries.len(), cut.lost, cut.next), (1, 1, 0));
    }
}
