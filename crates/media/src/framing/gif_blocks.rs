//! GIF blocks (GIF89a specification, sections 12 and 15): a forward cursor over bytes and chains of sub-blocks.
//!
//! Extensions may stand anywhere up to the trailer and image data have no length in advance, so the file is read once
//! from front to back in large steps.

use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Problem, ProblemKind};

/// A position in a source with the bytes around it.
#[derive(Debug)]
pub struct Cursor<'a> {
    source: &'a mut Source,
    at: u64,
    start: u64,
    held: Vec<u8>,
}

/// A chain of sub-blocks up to its terminator.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The data of all sub-blocks.
    pub data: Vec<u8>,
    /// The same bytes with the length bytes between them, without the terminator.
    pub raw: Vec<u8>,
}

impl<'a> Cursor<'a> {
    /// Begins at offset `at`.
    pub fn new(source: &'a mut Source, at: u64) -> Self {
        Self { source, at, start: at, held: Vec::new() }
    }

    /// Absolute offset in the file of the next byte.
    #[must_use]
    pub fn absolute(&self) -> u64 {
        self.source.absolute(self.at)
    }

    /// Offset in the source of the next byte.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next byte.
    ///
    /// # Errors
    /// `truncated` at the end; I/O and limits.
    pub fn byte(&mut self) -> Result<u8, Problem> {
        let held = |c: &Self| usize::try_from(c.at - c.start).ok().and_then(|by| c.held.get(by).copied());
        if let Some(byte) = held(self) {
            self.at += 1;
            return Ok(byte);
        }
        self.fill()?;
        let byte = held(self).ok_or_else(|| {
            Problem::new(ProblemKind::Truncated, "", Some(self.absolute()), "the file is cut short: no trailer")
        })?;
        self.at += 1;
        Ok(byte)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As [`Cursor::byte`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut out = [0; N];
        for byte in &mut out {
            *byte = self.byte()?;
        }
        Ok(out)
    }

    /// Passes over `len` bytes.
    pub fn skip(&mut self, len: u64) {
        self.at = self.at.saturating_add(len);
    }

    /// Passes over a chain of sub-blocks.
    ///
    /// # Errors
    /// As [`Cursor::byte`].
    pub fn skip_chain(&mut self) -> Result<(), Problem> {
        loop {
            match self.byte()? {
                0 => return Ok(()),
                len => self.skip(u64::from(len)),
            }
        }
    }

    /// Reads a chain of sub-blocks into memory.
    ///
    /// # Errors
    /// As [`Cursor::byte`]; `limit` past [`limits::STORE`]. What was read until then is in `out`.
    pub fn chain(&mut self, out: &mut Chain) -> Result<(), Problem> {
        loop {
            let len = self.byte()?;
            if len == 0 {
                return Ok(());
            }
            if out.data.len() > limits::STORE {
                let what = format!("an extension of more than {} bytes", limits::STORE);
                return Err(Problem::limit("", self.absolute(), what));
            }
            out.raw.push(len);
            for _ in 0..len {
                let byte = self.byte()?;
                out.data.push(byte);
                out.raw.push(byte);
            }
        }
    }

    fn fill(&mut self) -> Result<(), Problem> {
        // The head is in memory already: only what lies behind it is fetched anew.
        let len = match (limits::HEAD as u64).checked_sub(self.at) {
            Some(left) if left > 0 => left as usize,
            _ => limits::HEAD,
        };
        self.held = self.source.up_to(self.at, len)?.to_vec();
        self.start = self.at;
        Ok(())
    }
}
