//! A ledger that was checked once, read again: every line, the chain from the first to the last, and of each line what the
//! index needs. Signatures are checked of lines that are new.
//!
//! It is cut at line ends into blocks, whose lines are digested and read by several threads; they meet in order, where each
//! line must name the number and the digest of the one before. Whatever is not as an append of ours leaves it (a line that
//! does not follow, a blank one, an id twice) ends the reading: then the ledger is read line by line, by [`super::lines`],
//! which names what is wrong.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::index::{self, Growing, Index, Place};
use super::lines::{End, Lines};
use super::outline::{self, LineOutline};

/// Bytes of a block; a longer line makes a longer one.
const BLOCK: usize = 4 * 1024 * 1024;
/// Threads at most: a ledger is read in the time that one disk takes.
const THREADS: usize = 8;

/// The index of the ledger in `file`, whose lines up to `proven` had their signatures checked; `None` where anything is
/// not as it was then.
pub(super) fn index(path: &Path, file: &mut File, proven: &End) -> Option<Index> {
    file.rewind().ok()?;
    let mut chain = Chain { growing: Growing::default(), digest: [0; 32], records: 0, bytes: 0 };
    let mut blocks = Blocks { from: file.by_ref().take(proven.bytes), rest: Vec::new() };
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS));
    let mut met: Vec<Vec<Line>> = Vec::new();
    let mut group = blocks.group(threads)?;
    while !group.is_empty() || !met.is_empty() {
        // While a group of blocks is read, the one before joins the chain.
        let (read, joined) = std::thread::scope(|scope| {
            let readers: Vec<_> = group.iter().map(|block| scope.spawn(|| lines(block))).collect();
            let joined = std::mem::take(&mut met).into_iter().try_for_each(|lines| chain.join(lines));
            let read: Option<Vec<_>> = readers.into_iter().map(|reader| reader.join().ok().flatten()).collect();
            (read, joined)
        });
        joined?;
        met = read?;
        group = blocks.group(threads)?;
    }
    let end = End { records: chain.records, head: HEXLOWER.encode(&chain.digest), bytes: chain.bytes };
    if end != *proven {
        return None;
    }
    let mut growing = chain.growing;
    let mut new = Lines::behind(path, file, end);
    while let Some(entry) = new.next().ok()? {
        growing.add(index::place(&entry), LineOutline::of(&entry.record, entry.line as u64));
    }
    growing.finish(new.end().clone())
}

/// A line of a block, without its place in the ledger.
struct Line {
    said: LineOutline,
    digest: [u8; 32],
    /// Bytes of the line, without blanks behind it and the line feed; with them.
    length: usize,
    whole: usize,
}

/// The lines of a block, in order; `None` where one cannot be read.
fn lines(block: &[u8]) -> Option<Vec<Line>> {
    let read = |whole: &[u8]| {
        let line = whole.strip_suffix(b"\n")?.trim_ascii_end();
        let said = outline::read(line)?;
        Some(Line { said, digest: Sha256::digest(line).into(), length: line.len(), whole: whole.len() })
    };
    block.split_inclusive(|byte| *byte == b'\n').map(read).collect()
}

/// The lines that follow one another so far.
struct Chain {
    growing: Growing,
    digest: [u8; 32],
    records: usize,
    bytes: u64,
}

impl Chain {
    fn join(&mut self, lines: Vec<Line>) -> Option<()> {
        for Line { said, digest, length, whole } in lines {
            if said.sequence != self.records as u64 + 1 || said.previous != self.digest {
                return None;
            }
            self.growing.add(Place { offset: self.bytes, length, digest }, said);
            (self.digest, self.records, self.bytes) = (digest, self.records + 1, self.bytes + whole as u64);
        }
        Some(())
    }
}

/// Cuts a stream at line ends.
struct Blocks<R> {
    from: R,
    /// The beginning of a line whose end was not read yet.
    rest: Vec<u8>,
}

impl<R: Read> Blocks<R> {
    /// The next blocks; none behind the last line, `None` where reading fails or a line is too long or torn.
    fn group(&mut self, most: usize) -> Option<Vec<Vec<u8>>> {
        let mut group = Vec::with_capacity(most);
        while group.len() < most {
            match self.next()? {
                block if block.is_empty() => break,
                block => group.push(block),
            }
        }
        Some(group)
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut block = std::mem::take(&mut self.rest);
        loop {
            let before = block.len();
            self.from.by_ref().take(BLOCK as u64).read_to_end(&mut block).ok()?;
            if block.len() == before {
                // A line without an end is none that was checked.
                return block.is_empty().then_some(block);
            }
            if let Some(end) = block.iter().rposition(|byte| *byte == b'\n') {
                self.rest = block.split_off(end + 1);
                return Some(block);
            }
            if block.len() > countersign_model::limits::LEDGER_LINE {
                return None;
            }
        }
    }
}
