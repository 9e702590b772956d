//! What stands in one segment or goes on over several, and is read when all segments are known.

use std::borrow::Cow;

use crate::framing::jpeg_segments::Segment;
use crate::tags::Place;
use countersign_io::source::Source;
use countersign_model::{Problem, limits};

/// A block of metadata.
pub(super) struct Blob {
    offset: Option<u64>,
    first: Part,
    rest: Vec<Part>,
}

/// A segment's share of a block.
enum Part {
    /// Where it stands in the source, which has it at hand when it is read: a copy is not needed.
    AtHand {
        from: u64,
        len: usize,
    },
    Copied(Vec<u8>),
}

impl Part {
    /// What stands behind the first `skip` bytes of a segment.
    fn of(segment: &Segment, skip: usize, data: &[u8]) -> Self {
        let (from, body) = (segment.data.saturating_add(skip as u64), data.get(skip..).unwrap_or_default());
        // The head of a file is kept by its source.
        let kept = from.saturating_add(body.len() as u64) <= limits::HEAD as u64;
        if kept { Self::AtHand { from, len: body.len() } } else { Self::Copied(body.to_vec()) }
    }

    fn bytes<'b>(&'b self, source: &'b mut Source) -> Result<&'b [u8], Problem> {
        match self {
            Self::AtHand { from, len } => source.up_to(*from, *len),
            Self::Copied(bytes) => Ok(bytes),
        }
    }
}

impl Blob {
    /// A block that begins behind the first `skip` bytes of a segment with these data.
    pub(super) fn new(at: &Place, segment: &Segment, skip: usize, data: &[u8]) -> Self {
        let offset = at.offset.map(|o| o.saturating_add(skip as u64));
        Self { offset, first: Part::of(segment, skip, data), rest: Vec::new() }
    }

    /// Adds the next part.
    pub(super) fn push(&mut self, segment: &Segment, skip: usize, data: &[u8]) {
        self.rest.push(Part::of(segment, skip, data));
    }

    /// Where its first byte stands; `None` where it is not in one piece.
    pub(super) fn offset(&self) -> Option<u64> {
        self.offset.filter(|_| self.rest.is_empty())
    }

    /// All parts in one piece.
    ///
    /// # Errors
    /// As [`Source::up_to`].
    pub(super) fn bytes<'b>(&'b self, source: &'b mut Source) -> Result<Cow<'b, [u8]>, Problem> {
        if self.rest.is_empty() {
            return self.first.bytes(source).map(Cow::Borrowed);
        }
        let mut joined = Vec::new();
        for part in std::iter::once(&self.first).chain(&self.rest) {
            joined.extend_from_slice(part.bytes(source)?);
        }
        Ok(Cow::Owned(joined))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Wherever its segments stand, and however the source reads them, a block has the bytes that stand behind their headers.
    #[test]
    fn blocks_are_those_that_a_copy_would_be() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let segments = |starts: &[usize]| -> Vec<Segment> {
            starts.iter().map(|at| Segment { marker: 0xE1, data: *at as u64, len: 2_000 }).collect()
        };
        let edge = limits::HEAD;
        for starts in [&[0][..], &[edge - 2_000], &[edge - 1_999], &[299_000], &[299_999], &[10, 3_000, edge, 200_000]]
        {
            let (mut opened, mut held) = (Source::open(file.path()).unwrap(), Source::memory(bytes.clone(), 0));
            for source in [&mut opened, &mut held] {
                for skip in [0, 6, 2_001] {
                    let mut blob: Option<Blob> = None;
                    let mut expected = Vec::new();
                    for segment in segments(starts) {
                        let data = source.up_to(segment.data, segment.len).unwrap().to_vec();
                        expected.extend_from_slice(data.get(skip..).unwrap_or_default());
                        match &mut blob {
                            Some(blob) => blob.push(&segment, skip, &data),
                            none => *none = Some(Blob::new(&Place::new("", segment.data), &segment, skip, &data)),
                        }
                    }
                    // Other segments are read meanwhile.
                    (0..9).for_each(|n| drop(source.vec(90_000 + n * 20_000, 10_000)));
                    let blob = blob.unwrap();
                    let alone = Some((starts[0] + skip) as u64).filter(|_| starts.len() == 1);
                    assert_eq!(blob.offset(), alone, "{starts:?}");
                    assert_eq!(*blob.bytes(source).unwrap(), *expected, "{starts:?} {skip}");
                }
            }
        }
    }
}
