//! Where bytes are: a stretch of an open file or of memory, to be read anywhere or from the first to the last.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{Handle, LocalFile, Stat};

/// A stretch of a file or of memory. Cheap to copy; all copies read by the same handle.
///
/// ```
/// use countersign_io::ByteRange;
///
/// let whole = ByteRange::memory(b"RIFF....WAVEfmt ".to_vec());
/// let form = whole.section(8, 4);
/// let mut bytes = [0; 16];
/// // A range never reads beyond its own end, whatever the file holds behind it.
/// assert_eq!(form.read_at(&mut bytes, 0)?, 4);
/// assert_eq!(&bytes[..4], b"WAVE");
/// assert_eq!(whole.section(12, 1_000).len(), 4);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum ByteRange {
    /// Bytes of an open file, read when they are asked for.
    File {
        /// The open file; all copies of the range read by it.
        handle: Arc<dyn Handle>,
        /// Absolute offset in bytes of the stretch in the file.
        start: u64,
        /// Length of the stretch in bytes.
        len: u64,
    },
    /// Bytes that are in memory already, shared by all copies.
    Memory {
        /// The memory, of which the range may be a part.
        bytes: Arc<Vec<u8>>,
        /// Offset in bytes of the stretch in `bytes`.
        start: usize,
        /// Length of the stretch in bytes.
        len: usize,
    },
}

impl ByteRange {
    /// A regular file of this machine as it is now.
    ///
    /// # Errors
    /// Whatever the operating system says, and `InvalidInput` for anything but a regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::of(Arc::new(LocalFile::open(path)?)))
    }

    /// An open file without a name of its own, from its beginning to its end.
    ///
    /// # Errors
    /// As [`ByteRange::open`].
    pub fn file(file: File) -> io::Result<Self> {
        Ok(Self::of(Arc::new(LocalFile::nameless(file)?)))
    }

    /// All that a handle reads.
    #[must_use]
    pub fn of(handle: Arc<dyn Handle>) -> Self {
        let len = handle.len();
        Self::File { handle, start: 0, len }
    }

    /// Bytes in memory.
    #[must_use]
    pub fn memory(bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        Self::Memory { bytes: Arc::new(bytes), start: 0, len }
    }

    /// Length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "as with a source")]
    pub fn len(&self) -> u64 {
        match self {
            Self::File { len, .. } => *len,
            Self::Memory { len, .. } => *len as u64,
        }
    }

    /// What is known now of the file that the bytes are in; `None` for memory, which does not change.
    #[must_use]
    pub fn stat(&self) -> Option<io::Result<Stat>> {
        match self {
            Self::File { handle, .. } => Some(handle.stat()),
            Self::Memory { .. } => None,
        }
    }

    /// The stretch of `len` bytes from `from`, or as much of it as there is.
    #[must_use]
    pub fn section(&self, from: u64, len: u64) -> Self {
        let from = from.min(self.len());
        let len = len.min(self.len() - from);
        match self {
            Self::File { handle, start, .. } => {
                Self::File { handle: Arc::clone(handle), start: start.saturating_add(from), len }
            }
            Self::Memory { bytes, start, .. } => {
                Self::Memory { bytes: Arc::clone(bytes), start: start + from as usize, len: len as usize }
            }
        }
    }

    /// The bytes from the first to the last.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream { range: self.clone(), at: 0 }
    }

    /// Reads once at `offset`, which may bring fewer bytes than asked for.
    ///
    /// # Errors
    /// As [`Handle::read_at`].
    pub fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.len().saturating_sub(offset).min(out.len() as u64) as usize;
        let Some(out) = out.get_mut(..left).filter(|out| !out.is_empty()) else { return Ok(0) };
        match self {
            Self::File { handle, start, .. } => handle.read_at(out, start.saturating_add(offset)),
            Self::Memory { bytes, start, .. } => {
                let from = start + offset as usize;
                let got = bytes.get(from..from + left).unwrap_or_default();
                out.get_mut(..got.len()).unwrap_or_default().copy_from_slice(got);
                Ok(got.len())
            }
        }
    }
}

impl Handle for ByteRange {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        Self::read_at(self, out, offset)
    }

    fn len(&self) -> u64 {
        Self::len(self)
    }

    /// Of bytes in memory only the length is known.
    fn stat(&self) -> io::Result<Stat> {
        Self::stat(self).unwrap_or_else(|| Ok(Stat { len: Self::len(self), ..Stat::default() }))
    }
}

/// Bytes in their order, for hashing and unfolding.
#[derive(Debug)]
pub struct Stream {
    range: ByteRange,
    at: u64,
}

impl io::Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.range.read_at(out, self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}
