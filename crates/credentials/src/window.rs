//! A file reader that keeps its buffer across seeks.
//!
//! The crate reads some containers a byte at a time, with a seek before each: without this, every byte
//! would be a system call.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};

const SIZE: usize = 64 * 1024;

/// A file with one window of its bytes in memory.
#[derive(Debug)]
pub(super) struct Window {
    file: File,
    len: u64,
    at: u64,
    start: u64,
    held: Vec<u8>,
}

impl Window {
    /// # Errors
    /// Where the file's length cannot be asked for.
    pub(super) fn new(file: File) -> Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { file, len, at: 0, start: 0, held: Vec::new() })
    }
}

impl Read for Window {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let offset = self.at.checked_sub(self.start).and_then(|o| usize::try_from(o).ok());
        let ready = offset.and_then(|o| self.held.get(o..)).filter(|b| !b.is_empty());
        let got = if let Some(ready) = ready {
            let count = ready.len().min(out.len());
            out[..count].copy_from_slice(&ready[..count]);
            count
        } else if out.len() >= SIZE {
            self.file.seek(SeekFrom::Start(self.at))?;
            self.file.read(out)?
        } else {
            self.file.seek(SeekFrom::Start(self.at))?;
            self.held.resize(SIZE, 0);
            let got = self.file.read(&mut self.held)?;
            self.held.truncate(got);
            self.start = self.at;
            let count = got.min(out.len());
            out[..count].copy_from_slice(&self.held[..count]);
            count
        };
        self.at += got as u64;
        Ok(got)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn small_and_large_reads_agree_with_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        let data: Vec<u8> = (0..300_000_u32).map(|n| (n / 7) as u8).collect();
        file.write_all(&data).unwrap();
        let mut window = Window::new(file).unwrap();
        for (at, len) in [(5, 3), (6, 90_000), (299_990, 10), (2, 9), (70_000, 70_000)] {
            let mut got = vec![0; len];
            window.seek(SeekFrom::Start(at)).unwrap();
            window.read_exact(&mut got).unwrap();
            assert_eq!(got, data[at as usize..at as usize + len]);
        }
        assert_eq!(window.seek(SeekFrom::End(-1)).unwrap(), 299_999);
        assert!(window.seek(SeekFrom::End(-300_001)).is_err());
        assert_eq!(window.read(&mut [0; 4]).unwrap(), 1);
        assert_eq!(window.read(&mut [0; 4]).unwrap(), 0);
    }
}
