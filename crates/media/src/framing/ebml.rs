//! EBML elements (RFC 8794, sections 4 to 6): variable-length ids and sizes, unknown sizes, master elements.

use countersign_io::source::Source;
use countersign_model::Problem;

/// An element's header as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// The id with its length marker: `0x1A45DFA3`.
    pub id: u32,
    /// Offset of the id's first byte.
    pub start: u64,
    /// Offset of the body.
    pub body: u64,
    /// Length of the body in bytes; `None` where the file leaves it unknown (live streams).
    pub size: Option<u64>,
}

impl Element {
    /// Offset behind the body; `None` where the size is unknown or absurd.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        self.size.and_then(|size| self.body.checked_add(size))
    }
}

/// The longest header: four bytes of id, eight of size.
pub const HEADER: usize = 12;

/// The id at the start of `bytes` (its marker kept) and its length.
#[must_use]
pub fn id(bytes: &[u8]) -> Option<(u32, usize)> {
    let len = bytes.first()?.leading_zeros() as usize + 1;
    if len > 4 {
        return None;
    }
    let value = bytes.get(..len)?.iter().fold(0u32, |n, b| n << 8 | u32::from(*b));
    Some((value, len))
}

/// The data size at the start of `bytes` and its length; the size is `None` where all its bits are set.
#[must_use]
pub fn size(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let len = bytes.first()?.leading_zeros() as usize + 1;
    if len > 8 {
        return None;
    }
    let raw = bytes.get(..len)?.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let mask = (1u64 << (7 * len)) - 1;
    let value = raw & mask;
    Some(((value != mask).then_some(value), len))
}

/// The header at the start of `bytes`, which stand at `start`.
#[must_use]
pub fn header(bytes: &[u8], start: u64) -> Option<Element> {
    let (id, id_len) = id(bytes)?;
    let (size, size_len) = size(bytes.get(id_len..)?)?;
    Some(Element { id, start, body: start.saturating_add((id_len + size_len) as u64), size })
}

/// The header at `start`, read alone.
///
/// # Errors
/// `truncated` where the source ends inside it, `malformed` where no id or size can start so.
pub fn read(source: &mut Source, start: u64) -> Result<Element, Problem> {
    let bytes = source.read_uncached(start, HEADER)?;
    header(&bytes, start).ok_or_else(|| {
        let at = source.absolute(start);
        if bytes.len() < HEADER && bytes.first().is_none_or(|b| *b != 0) {
            Problem::truncated("", at, "the file ends inside an element's header")
        } else {
            Problem::malformed("", at, "no EBML element here")
        }
    })
}

/// A child of a master element that is in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    /// The element's id with its length marker, as specifications write it: `0x4DBB`.
    pub id: u32,
    /// Offset of the body inside the parent's body.
    pub offset: usize,
    /// The element's data, as much of it as is there.
    pub body: &'a [u8],
}

impl<'a> Child<'a> {
    /// Big-endian unsigned integer of up to eight bytes (section 7.2); longer ones are zero.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        if self.body.len() > 8 {
            return 0;
        }
        self.body.iter().fold(0, |n, b| n << 8 | u64::from(*b))
    }

    /// Text (sections 7.4 and 7.5): UTF-8, ended by a zero byte or the element's end.
    #[must_use]
    pub fn text(&self) -> String {
        let end = self.body.iter().position(|b| *b == 0).unwrap_or(self.body.len());
        String::from_utf8_lossy(&self.body[..end]).into_owned()
    }

    /// The children of this child.
    #[must_use]
    pub fn children(&self) -> Children<'a> {
        children(self.body)
    }
}

/// Iterates over the children of a master element's body.
#[derive(Clone, Debug)]
pub struct Children<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The children in `body`.
#[must_use]
pub fn children(body: &[u8]) -> Children<'_> {
    Children { bytes: body, at: 0 }
}

impl<'a> Iterator for Children<'a> {
    /// A child, or the offset inside the parent where the structure breaks; nothing follows that.
    type Item = Result<Child<'a>, usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let broken = self.at;
        let child = header(rest, 0).and_then(|e| {
            let start = e.body as usize;
            let len = usize::try_from(e.size?).ok()?;
            let body = rest.get(start..start.checked_add(len)?)?;
            Some(Child { id: e.id, offset: self.at + start, body })
        });
        self.at = child.map_or(self.bytes.len(), |c| c.offset + c.body.len());
        Some(child.ok_or(broken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_marker_and_sizes_lose_it() {
        assert_eq!(id(&[0x1A, 0x45, 0xDF, 0xA3]), Some((0x1A45_DFA3, 4)));
        assert_eq!(id(&[0xEC]), Some((0xEC, 1)));
        assert_eq!(id(&[0x08, 0, 0, 0, 0]), None);
        assert_eq!(size(&[0x82]), Some((Some(2), 1)));
        assert_eq!(size(&[0x40, 0x02]), Some((Some(2), 2)));
        assert_eq!(size(&[0x01, 0, 0, 0, 0, 0, 1, 0]), Some((Some(256), 8)));
        assert_eq!(size(&[0]), None);
        assert_eq!(size(&[0x40]), None);
    }

    #[test]
    fn all_ones_are_unknown_at_every_length() {
        for len in 1..=8usize {
            let mut bytes = vec![0xFF; len];
            bytes[0] = 0xFFu8 >> (len - 1);
            assert_eq!(size(&bytes), Some((None, len)));
        }
    }

    #[test]
    fn a_child_longer_than_its_parent_ends_the_walk() {
        let mut walk = children(&[0x83, 0x81, 7, 0x83, 0x84, 1]);
        assert_eq!(walk.next(), Some(Ok(Child { id: 0x83, offset: 2, body: &[7] })));
        assert_eq!(walk.next(), Some(Err(3)));
        assert_eq!(walk.next(), None);
    }
}
