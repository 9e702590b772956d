//! What a structure is read from: a source, or bytes that somebody holds already and that are read where they are.

use countersign_io::asset_budget;
use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;

/// Bytes that are asked for by where they stand.
#[expect(clippy::len_without_is_empty, reason = "as with a source")]
pub trait Bytes {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// The absolute offset in the file of the byte `offset`.
    fn absolute(&self, offset: u64) -> u64;

    /// Exactly `len` bytes at `offset`.
    ///
    /// # Errors
    /// As [`Source::at`].
    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], Problem>;

    /// Up to `len` bytes at `offset`: fewer only at the end.
    ///
    /// # Errors
    /// As [`Source::up_to`].
    fn up_to(&mut self, offset: u64, len: usize) -> Result<&[u8], Problem>;

    /// Exactly `len` bytes at `offset` for a length that a file stated.
    ///
    /// # Errors
    /// As [`Source::bounded`].
    fn bounded(&mut self, offset: u64, len: u64, most: usize) -> Result<&[u8], Problem>;
}

impl Bytes for Source {
    fn len(&self) -> u64 {
        Self::len(self)
    }

    fn absolute(&self, offset: u64) -> u64 {
        Self::absolute(self, offset)
    }

    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], Problem> {
        Self::at(self, offset, len)
    }

    fn up_to(&mut self, offset: u64, len: usize) -> Result<&[u8], Problem> {
        Self::up_to(self, offset, len)
    }

    fn bounded(&mut self, offset: u64, len: u64, most: usize) -> Result<&[u8], Problem> {
        Self::bounded(self, offset, len, most)
    }
}

/// Bytes that somebody holds.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    bytes: &'a [u8],
    base: u64,
}

/// A piece this long is charged to the asset's budget by itself. For shorter ones, of which a structure has many, that is
/// done with what is told of them.
const LONG: usize = 4096;

impl<'a> Held<'a> {
    /// Bytes whose first one stands at `base` in the file.
    #[must_use]
    pub fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, base }
    }

    fn piece(&self, offset: u64, len: usize) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        self.bytes.get(start..start.checked_add(len)?)
    }

    #[cold]
    fn beyond(&self, offset: u64, len: usize) -> Problem {
        let have = Bytes::len(self).saturating_sub(offset);
        Problem::truncated("", self.absolute(offset), format!("{len} bytes expected, {have} left"))
    }
}

impl Bytes for Held<'_> {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn absolute(&self, offset: u64) -> u64 {
        self.base.saturating_add(offset)
    }

    fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], Problem> {
        let Some(piece) = self.piece(offset, len) else { return Err(self.beyond(offset, len)) };
        if len > limits::BLOB {
            let what = format!("a structure of {len} bytes is not read into memory");
            return Err(Problem::limit("", self.absolute(offset), what));
        }
        if len >= LONG {
            asset_budget::read(len)?;
        }
        Ok(piece)
    }

    fn up_to(&mut self, offset: u64, len: usize) -> Result<&[u8], Problem> {
        let left = Bytes::len(self).saturating_sub(offset).min(len as u64) as usize;
        if left == 0 {
            return Ok(&[]);
        }
        self.at(offset, left)
    }

    fn bounded(&mut self, offset: u64, len: u64, most: usize) -> Result<&[u8], Problem> {
        if len > most as u64 {
            let what = format!("{len} bytes stated, at most {most} are read here");
            return Err(Problem::limit("", self.absolute(offset), what));
        }
        self.at(offset, len as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_held_are_those_of_a_source() {
        let bytes: Vec<u8> = (0..6_000_u32).map(|n| n as u8).collect();
        for base in [0, 77, u64::MAX - 3] {
            let (mut held, mut source) = (Held::new(&bytes, base), Source::memory(bytes.clone(), base));
            assert_eq!(Bytes::len(&held), Bytes::len(&source));
            for offset in [0, 1, 5_990, 5_999, 6_000, 6_001, u64::MAX - 1, u64::MAX] {
                assert_eq!(held.absolute(offset), Bytes::absolute(&source, offset));
                for len in [0, 1, 2, 10, 11, 5_000, 6_000, 7_000, usize::MAX] {
                    assert_eq!(held.at(offset, len), Bytes::at(&mut source, offset, len), "{offset} {len}");
                    assert_eq!(held.up_to(offset, len), Bytes::up_to(&mut source, offset, len), "{offset} {len}");
                    let (held, source) = (held.bounded(offset, len as u64, 20), source.bounded(offset, len as u64, 20));
                    assert_eq!(held, source, "{offset} {len}");
                }
            }
        }
    }
}
