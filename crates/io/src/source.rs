//! The only reader of media bytes: bounded, positioned reads that count what they read.
//!
//! A [`Source`] is a file, a stretch of one (a member of an archive) or a piece of memory (a decompressed blob, a picture
//! inside another file).
//! Readers ask for ranges; the source keeps a few windows so that walking small structures does not
//! cost one system call each. Nothing here interprets what it reads.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use crate::{Buffer, ByteRange, asset_budget};
use countersign_model::limits;
use countersign_model::{Problem, ProblemKind};

/// Bounded random access to bytes.
///
/// ```
/// use countersign_io::source::Source;
/// use countersign_model::ProblemKind;
///
/// // The bytes stand at offset 100 of a file: offsets in problems are that file's.
/// let mut source = Source::memory(b"moov\x00\x00\x00\x08".to_vec(), 100);
/// let size = u32::from_be_bytes(source.array(4)?);
/// assert_eq!(size, 8);
/// let cut = source.at(4, 8).unwrap_err();
/// assert_eq!((cut.kind, cut.offset), (ProblemKind::Truncated, Some(104)));
/// # Ok::<(), countersign_model::Problem>(())
/// ```
#[derive(Debug)]
pub struct Source {
    backing: ByteRange,
    len: u64,
    base: u64,
    windows: Vec<Window>,
    spent: ReadStats,
    notes: Vec<Problem>,
}

/// What a source has read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadStats {
    /// Calls that brought at least one byte.
    pub reads: u64,
    /// Bytes that they brought, together.
    pub bytes: u64,
}

#[derive(Debug)]
struct Window {
    offset: u64,
    room: Room,
    /// How many bytes of the room were read.
    len: usize,
}

/// Where the bytes of a window are.
#[derive(Debug)]
enum Room {
    /// In a buffer that is used again, as nearly all are.
    Usual(Buffer),
    /// In one of their own, where a structure is longer.
    Large(Vec<u8>),
}

/// How many windows are kept: the head, the tail and the two last used.
const WINDOWS: usize = 4;

impl Source {
    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// Whatever the operating system says, and `InvalidInput` for anything but a regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::of(ByteRange::open(path)?, 0))
    }

    /// The bytes of a range, for random access.
    #[must_use]
    pub fn new(range: &ByteRange) -> Self {
        Self::of(range.clone(), 0)
    }

    fn of(backing: ByteRange, base: u64) -> Self {
        let (len, windows, spent, notes) = (backing.len(), Vec::new(), ReadStats::default(), Vec::new());
        Self { backing, len, base, windows, spent, notes }
    }

    /// Bytes already in memory; `base` is where they stand in the file, for offsets in reports.
    #[must_use]
    pub fn memory(bytes: Vec<u8>, base: u64) -> Self {
        Self::of(ByteRange::memory(bytes), base)
    }

    /// The stretch of `len` bytes from `from` as a source of its own: what is read there is not counted here. Offsets in
    /// reports stay those of the whole.
    #[must_use]
    pub fn part(&self, from: u64, len: u64) -> Self {
        Self::of(self.backing.section(from, len), self.absolute(from))
    }

    /// Length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an empty source is a finding of its own, asked for by length")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Where the bytes are, to be handed to somebody else: what is read there is not counted here.
    #[must_use]
    pub fn range(&self) -> ByteRange {
        self.backing.clone()
    }

    /// Notes a problem that no result carries; one of the same words is noted once.
    pub fn note(&mut self, problem: Problem) {
        if !self.notes.contains(&problem) && self.notes.len() < limits::PROBLEMS {
            self.notes.push(problem);
        }
    }

    /// The problems that were noted since the last time.
    #[must_use]
    pub fn take_notes(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.notes)
    }

    /// What has been read so far.
    #[must_use]
    pub fn spent(&self) -> ReadStats {
        self.spent
    }

    /// The absolute offset in the file of this source's byte `offset`.
    #[must_use]
    pub fn absolute(&self, offset: u64) -> u64 {
        self.base.saturating_add(offset)
    }

    /// The first [`limits::HEAD`] bytes, or all there are.
    ///
    /// # Errors
    /// I/O only.
    pub fn head(&mut self) -> Result<&[u8], Problem> {
        let len = self.len.min(limits::HEAD as u64) as usize;
        self.at(0, len)
    }

    /// The last [`limits::TAIL`] bytes, or all there are, with their offset.
    ///
    /// # Errors
    /// I/O only.
    pub fn tail(&mut self) -> Result<(u64, &[u8]), Problem> {
        let len = self.len.min(limits::TAIL as u64);
        let offset = self.len - len;
        Ok((offset, self.at(offset, len as usize)?))
    }

    /// Exactly `len` bytes at `offset`.
    ///
    /// # Errors
    /// `truncated` where the source ends before, `limit` past a bound, `io` from the system.
    pub fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], Problem> {
        let end = offset.checked_add(len as u64).filter(|end| *end <= self.len);
        if end.is_none() {
            let have = self.len.saturating_sub(offset);
            return Err(Problem::truncated("", self.absolute(offset), format!("{len} bytes expected, {have} left")));
        }
        if len > limits::BLOB {
            return Err(Problem::limit(
                "",
                self.absolute(offset),
                format!("a structure of {len} bytes is not read into memory"),
            ));
        }
        asset_budget::read(len)?;
        let held = match self.backing {
            ByteRange::Memory { .. } => None,
            ByteRange::File { .. } => match self.windows.iter().position(|w| w.holds(offset, len)) {
                Some(index) => Some(index),
                None => Some(self.fetch(offset, len)?),
            },
        };
        let (bytes, start) = match (&self.backing, held) {
            (ByteRange::Memory { bytes, start, .. }, _) => (bytes.as_slice(), start + offset as usize),
            (ByteRange::File { .. }, held) => {
                let window = &self.windows[held.unwrap_or_default()];
                (window.bytes(), (offset - window.offset) as usize)
            }
        };
        Ok(&bytes[start..start + len])
    }

    /// Up to `len` bytes at `offset`: fewer only at the end.
    ///
    /// # Errors
    /// `limit` and `io`.
    pub fn up_to(&mut self, offset: u64, len: usize) -> Result<&[u8], Problem> {
        let left = self.len.saturating_sub(offset).min(len as u64) as usize;
        if left == 0 {
            return Ok(&[]);
        }
        self.at(offset, left)
    }

    /// Up to `len` bytes at `offset`, read alone and not kept: for hops between places that are far apart.
    ///
    /// # Errors
    /// As [`Source::up_to`].
    pub fn read_uncached(&mut self, offset: u64, len: usize) -> Result<Vec<u8>, Problem> {
        let left = self.len.saturating_sub(offset).min(len as u64) as usize;
        let near = self.windows.iter().any(|w| w.holds(offset, left));
        if near || left == 0 || left >= limits::WINDOW || matches!(self.backing, ByteRange::Memory { .. }) {
            return self.up_to(offset, len).map(<[u8]>::to_vec);
        }
        asset_budget::check()?;
        let mut bytes = vec![0; left];
        let got = self.pread(&mut bytes, offset).map_err(|e| Problem::from(e).at(self.base.saturating_add(offset)))?;
        bytes.truncate(got);
        Ok(bytes)
    }

    /// Exactly `N` bytes at `offset`, by value.
    ///
    /// # Errors
    /// As [`Source::at`].
    pub fn array<const N: usize>(&mut self, offset: u64) -> Result<[u8; N], Problem> {
        let bytes = self.at(offset, N)?;
        let mut out = [0; N];
        out.copy_from_slice(bytes);
        Ok(out)
    }

    /// Exactly `len` bytes at `offset`, owned.
    ///
    /// # Errors
    /// As [`Source::at`].
    pub fn vec(&mut self, offset: u64, len: usize) -> Result<Vec<u8>, Problem> {
        self.at(offset, len).map(<[u8]>::to_vec)
    }

    /// Exactly `len` bytes at `offset` for a length that a file stated: a bound of its own applies first.
    ///
    /// # Errors
    /// `limit` where `len` is over `most`, else as [`Source::at`].
    pub fn read_bounded(&mut self, offset: u64, len: u64, most: usize) -> Result<Vec<u8>, Problem> {
        self.bounded(offset, len, most).map(<[u8]>::to_vec)
    }

    /// As [`Source::read_bounded`], borrowed.
    ///
    /// # Errors
    /// As [`Source::read_bounded`].
    pub fn bounded(&mut self, offset: u64, len: u64, most: usize) -> Result<&[u8], Problem> {
        if len > most as u64 {
            let what = format!("{len} bytes stated, at most {most} are read here");
            return Err(Problem::limit("", self.absolute(offset), what));
        }
        self.at(offset, len as usize)
    }

    fn fetch(&mut self, offset: u64, len: usize) -> Result<usize, Problem> {
        let least = if offset == 0 { limits::HEAD } else { limits::WINDOW };
        let want = (len.max(least) as u64).min(self.len - offset) as usize;
        if self.spent.bytes.saturating_add(want as u64) > limits::METADATA {
            let what = format!("more than {} bytes of metadata", limits::METADATA);
            return Err(Problem::limit("", self.absolute(offset), what));
        }
        let mut room = Room::of(want);
        let got = self.pread(room.first(want), offset);
        let got = got.map_err(|e| Problem::from(e).at(self.base.saturating_add(offset)))?;
        if got < len {
            // The size said otherwise a moment ago: the file shrank under us.
            let what = format!("{len} bytes expected, {got} read: the file changed or the medium failed");
            return Err(Problem::new(ProblemKind::Changed, "", Some(self.absolute(offset)), what));
        }
        if self.windows.len() >= WINDOWS {
            // The head (never evicted) is asked for by every reader.
            let oldest = usize::from(self.windows[0].offset == 0);
            self.windows.remove(oldest);
        }
        self.windows.push(Window { offset, room, len: got });
        Ok(self.windows.len() - 1)
    }

    fn pread(&mut self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < out.len() {
            let got = match self.backing.read_at(&mut out[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(got) => got,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            self.spent.reads += 1;
            self.spent.bytes += got as u64;
            done += got;
        }
        Ok(done)
    }

    /// The whole content, borrowed where it is in memory already.
    ///
    /// # Errors
    /// `limit` over `most`, else as [`Source::at`].
    pub fn whole(&mut self, most: usize) -> Result<Cow<'_, [u8]>, Problem> {
        let len = self.len;
        if len > most as u64 {
            return Err(Problem::limit("", self.base, format!("{len} bytes, at most {most} are read whole")));
        }
        self.at(0, len as usize).map(Cow::Borrowed)
    }
}

impl Window {
    fn bytes(&self) -> &[u8] {
        let room: &[u8] = match &self.room {
            Room::Usual(buffer) => buffer,
            Room::Large(bytes) => bytes,
        };
        room.get(..self.len).unwrap_or_default()
    }

    fn holds(&self, offset: u64, len: usize) -> bool {
        offset >= self.offset && offset + len as u64 <= self.offset + self.len as u64
    }
}

impl Room {
    fn of(len: usize) -> Self {
        if len <= Buffer::LEN { Self::Usual(Buffer::take()) } else { Self::Large(vec![0; len]) }
    }

    /// The first `len` bytes, to read into.
    fn first(&mut self, len: usize) -> &mut [u8] {
        let room: &mut [u8] = match self {
            Self::Usual(buffer) => buffer,
            Self::Large(bytes) => bytes,
        };
        room.get_mut(..len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn reads_stay_inside_and_are_counted() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let data: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
        file.write_all(&data).unwrap();
        let mut source = Source::open(file.path()).unwrap();
        assert_eq!(source.head().unwrap(), &data[..limits::HEAD]);
        assert_eq!(source.at(10, 5).unwrap(), &data[10..15]);
        assert_eq!(source.spent(), ReadStats { reads: 1, bytes: limits::HEAD as u64 });
        assert_eq!(source.at(150_000, 8).unwrap(), &data[150_000..150_008]);
        assert_eq!(source.at(150_100, 8).unwrap(), &data[150_100..150_108]);
        assert_eq!(source.spent().reads, 2);
        assert_eq!(source.at(199_999, 2).unwrap_err().kind, ProblemKind::Truncated);
        assert_eq!(source.up_to(199_999, 2).unwrap().len(), 1);
        assert_eq!(source.at(u64::MAX, 2).unwrap_err().kind, ProblemKind::Truncated);
    }

    #[test]
    fn memory_keeps_the_file_offset() {
        let mut source = Source::memory(vec![1, 2, 3], 100);
        assert_eq!(source.at(1, 2).unwrap(), &[2, 3]);
        assert_eq!(source.at(1, 3).unwrap_err().offset, Some(101));
    }
}
