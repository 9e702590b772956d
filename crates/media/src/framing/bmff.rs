//! Boxes of the ISO base media family: ISO/IEC 14496-12 §4.2 and the QuickTime File Format's atoms.
//!
//! A box is `u32 size, 4-byte type, [u64 size], [16-byte uuid], body`; all integers big-endian. A size
//! of 1 announces the 64-bit size, a size of 0 a box that runs to the end of what holds it.

use countersign_io::source::Source;
use countersign_model::Problem;

/// A four-character code.
pub type FourCc = [u8; 4];

/// One box: where it stands and where its body is, in the source's own offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The box's type: `moov`, `uuid`, …
    pub kind: FourCc,
    /// The extended type of a `uuid` box.
    pub uuid: Option<[u8; 16]>,
    /// The box's first byte.
    pub offset: u64,
    /// The body's first byte.
    pub body: u64,
    /// One past the body's last byte that is there.
    pub end: u64,
    /// One past the last byte that the size states: beyond `end` where the box is cut short.
    pub stated: u64,
}

impl Header {
    /// Body length in bytes, as far as it is there.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.body)
    }

    /// True for a box without a body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the size promises more than there is.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.stated > self.end
    }
}

/// The boxes of one range of a source, one after the other.
///
/// ```
/// use countersign_io::source::Source;
/// use countersign_media::framing::bmff::Boxes;
///
/// let mut source = Source::memory(b"\0\0\0\x08free\0\0\0\x0cmdatABCD".to_vec(), 0);
/// let mut boxes = Boxes::new(0, source.len());
/// let mut kinds = Vec::new();
/// while let Some(header) = boxes.next(&mut source)? {
///     kinds.push((header.kind, header.len()));
/// }
/// assert_eq!(kinds, [(*b"free", 0), (*b"mdat", 4)]);
/// # Ok::<(), countersign_model::Problem>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Boxes {
    at: u64,
    end: u64,
    /// A zero size ends the list instead of stretching the box (QuickTime user data).
    terminated: bool,
}

impl Boxes {
    /// The boxes from `start` up to `end`.
    #[must_use]
    pub fn new(start: u64, end: u64) -> Self {
        Self { at: start, end, terminated: false }
    }

    /// As [`Boxes::new`], for lists that a 32-bit zero may end.
    #[must_use]
    pub fn terminated(start: u64, end: u64) -> Self {
        Self { at: start, end, terminated: true }
    }

    /// Where the next box would start.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next box; `None` at the end. After an error the list is over.
    ///
    /// # Errors
    /// `malformed` for a size smaller than its own header, else as [`Source::at`]. A box that runs past the
    /// end of the range is no error: it comes back shortened, see [`Header::is_cut`].
    pub fn next(&mut self, source: &mut Source) -> Result<Option<Header>, Problem> {
        let found = self.read(source);
        match &found {
            Ok(Some(header)) => self.at = header.end,
            _ => self.at = self.end,
        }
        found
    }

    fn read(&self, source: &mut Source) -> Result<Option<Header>, Problem> {
        let left = self.end.saturating_sub(self.at);
        if left < 8 {
            return self.rest(source, left);
        }
        let bytes = source.array::<8>(self.at)?;
        let kind = [bytes[4], bytes[5], bytes[6], bytes[7]];
        let (mut head, size) = match u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) {
            0 if self.terminated || bytes == [0; 8] => return Ok(None),
            0 => (8, left),
            1 if left < 16 => return Err(self.malformed(source, kind, "has no room for its 64-bit size")),
            1 => (16, u64::from_be_bytes(source.array::<8>(self.at + 8)?)),
            size => (8, u64::from(size)),
        };
        let mut uuid = None;
        if &kind == b"uuid" && left >= head + 16 && size >= head + 16 {
            uuid = Some(source.array::<16>(self.at + head)?);
            head += 16;
        }
        if size < head {
            return Err(self.malformed(source, kind, &format!("states a size of {size} bytes")));
        }
        let stated = self.at.saturating_add(size);
        let end = stated.min(self.end);
        Ok(Some(Header { kind, uuid, offset: self.at, body: self.at + head, end, stated }))
    }

    /// Fewer bytes than a header needs: padding, a terminator, or junk that nothing can be said about.
    fn rest(&self, source: &mut Source, left: u64) -> Result<Option<Header>, Problem> {
        let rest = source.at(self.at, left as usize)?;
        if rest.iter().all(|b| *b == 0 || b.is_ascii_whitespace()) {
            return Ok(None);
        }
        Err(Problem::truncated("", source.absolute(self.at), format!("{left} stray bytes after the last box"))
            .harmless())
    }

    fn malformed(&self, source: &Source, kind: FourCc, what: &str) -> Problem {
        Problem::malformed("", source.absolute(self.at), format!("box {} {what}", name(kind)))
    }
}

/// The first child of this type.
///
/// # Errors
/// As [`Boxes::next`].
pub fn child(source: &mut Source, start: u64, end: u64, kind: &FourCc) -> Result<Option<Header>, Problem> {
    let mut boxes = Boxes::new(start, end);
    for _ in 0..countersign_model::limits::ITEMS {
        match boxes.next(source)? {
            Some(found) if &found.kind == kind => return Ok(Some(found)),
            Some(_) => {}
            None => break,
        }
    }
    Ok(None)
}

/// A type as text: the MacRoman `©` as such, bytes that are not printable as `\xNN`.
#[must_use]
pub fn name(kind: FourCc) -> String {
    let mut text = String::with_capacity(4);
    push_name(kind, &mut text);
    text
}

/// Adds a type as text, as [`name`] writes it.
pub fn push_name(kind: FourCc, text: &mut String) {
    for byte in kind {
        match byte {
            0xA9 => text.push('©'),
            0x20..=0x7E => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
}

/// Whether a type could have been written on purpose: printable ASCII, or `©` first.
#[must_use]
pub fn is_plausible(kind: FourCc) -> bool {
    let printable = |b: &u8| (0x20..=0x7E).contains(b);
    kind[1..].iter().all(printable) && (printable(&kind[0]) || kind[0] == 0xA9)
}

/// The brands of a `ftyp` or `styp` box: the major one, then the compatible ones.
#[must_use]
pub fn brands(head: &[u8]) -> Option<Vec<FourCc>> {
    let kind = head.get(4..8)?;
    if kind != b"ftyp" && kind != b"styp" {
        return None;
    }
    let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?) as usize;
    let body = head.get(8..size.clamp(8, 1024).min(head.len()))?;
    let codes = body.chunks_exact(4).enumerate().filter(|(i, _)| *i != 1);
    let found: Vec<FourCc> = codes.map(|(_, c)| [c[0], c[1], c[2], c[3]]).collect();
    (!found.is_empty()).then_some(found)
}

/// The type and size of the first box, for files that begin without `ftyp`.
#[must_use]
pub fn first(head: &[u8]) -> Option<(FourCc, u64)> {
    let bytes = head.get(..8)?;
    let size = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    Some(([bytes[4], bytes[5], bytes[6], bytes[7]], u64::from(size)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::ProblemKind;

    fn all(bytes: &[u8]) -> (Vec<Header>, Option<Problem>) {
        let mut source = Source::memory(bytes.to_vec(), 0);
        let mut boxes = Boxes::new(0, bytes.len() as u64);
        let mut found = Vec::new();
        loop {
            match boxes.next(&mut source) {
                Ok(Some(header)) => found.push(header),
                Ok(None) => return (found, None),
                Err(problem) => return (found, Some(problem)),
            }
        }
    }

    #[test]
    fn sizes_of_every_kind() {
        let mut bytes = b"\0\0\0\x0cfree1234".to_vec();
        bytes.extend(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x12ab");
        bytes.extend(b"\0\0\0\x1cuuid0123456789abcdefXYZW");
        bytes.extend(b"\0\0\0\0moovto the end");
        let (found, problem) = all(&bytes);
        assert_eq!(problem, None);
        let seen: Vec<_> = found.iter().map(|h| (&h.kind, h.offset, h.len())).collect();
        assert_eq!(seen, [(b"free", 0, 4), (b"mdat", 12, 2), (b"uuid", 30, 4), (b"moov", 58, 10)]);
        assert_eq!(found[2].uuid.as_ref().unwrap(), b"0123456789abcdef");
        assert!(found.iter().all(|h| !h.is_cut()));
    }

    #[test]
    fn a_box_past_the_end_comes_back_shortened() {
        let (found, problem) = all(b"\0\0\0\x40mdatabcd");
        assert_eq!((found[0].len(), found[0].is_cut(), problem), (4, true, None));
    }

    #[test]
    fn sizes_below_the_header_end_the_list() {
        let (found, problem) = all(b"\0\0\0\x07mdatabcd");
        assert!(found.is_empty());
        assert_eq!(problem.unwrap().kind, ProblemKind::Malformed);
        let (_, problem) = all(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0fabcd");
        assert!(problem.unwrap().what.contains("states a size of 15"));
        let (_, problem) = all(b"\0\0\0\x01mdat\0\0");
        assert!(problem.unwrap().what.contains("64-bit"));
    }

    #[test]
    fn zero_padding_and_terminators_end_silently() {
        assert_eq!(all(b"\0\0\0\x08free\0\0\0\0").1, None);
        assert_eq!(all(b"\0\0\0\x08free\0\0\0\0\0\0\0\0\0\0\0\0").1, None);
        assert!(!all(b"\0\0\0\x08freeab").1.unwrap().blocking);
    }

    #[test]
    fn names_and_brands() {
        assert_eq!(name(*b"\xa9cmt"), "©cmt");
        assert_eq!(name([0, 0, 0, 1]), "\\x00\\x00\\x00\\x01");
        assert_eq!(brands(b"\0\0\0\x18ftypisom\0\0\x02\0iso2mp41"), Some(vec![*b"isom", *b"iso2", *b"mp41"]));
        assert_eq!(brands(b"\0\0\0\x18moovisom"), None);
    }
}
