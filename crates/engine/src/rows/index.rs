//! Where rows stand in the store, by the hash of what they are about.
//!
//! A delivery of millions of assets has millions of rows: what tells where they are is itself kept in a file, sorted, and only
//! a sample of it in memory. It is filled first (in sorted runs of bounded length), then sealed (the runs become one), then
//! asked: an answer costs one read of a few kilobytes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use countersign_io::read_at;

/// Entries that are sorted in memory before they are written: 32 bytes each.
const RUN: usize = 1 << 18;
/// Bytes of an entry in the file: hash, offset, length.
const ENTRY: usize = 16 + 8 + 4;
/// Of so many entries the first is kept in memory.
const SAMPLED: u64 = 256;

/// Where a row is, and of what it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    place: u128,
    at: u64,
    len: u32,
}

impl Entry {
    fn bytes(self) -> [u8; ENTRY] {
        let mut out = [0; ENTRY];
        let fields = self.place.to_be_bytes().into_iter().chain(self.at.to_be_bytes()).chain(self.len.to_be_bytes());
        out.iter_mut().zip(fields).for_each(|(to, byte)| *to = byte);
        out
    }

    fn of(bytes: &[u8]) -> Self {
        let number = |bytes: &[u8]| bytes.iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte));
        let (place, rest) = bytes.split_at(16.min(bytes.len()));
        let (at, len) = rest.split_at(8.min(rest.len()));
        Self { place: number(place), at: number(at) as u64, len: number(len) as u32 }
    }
}

/// The index while rows are read.
#[derive(Debug)]
pub(super) struct IndexWriter {
    recent: Vec<Entry>,
    most: usize,
    runs: File,
    /// Entries of each run.
    lengths: Vec<u64>,
}

impl IndexWriter {
    /// An empty one; runs go to this file.
    pub(super) fn new(runs: File) -> Self {
        Self { recent: Vec::new(), most: RUN, runs, lengths: Vec::new() }
    }

    pub(super) fn add(&mut self, place: u128, (at, len): (u64, u32)) -> io::Result<()> {
        self.recent.push(Entry { place, at, len });
        if self.recent.len() >= self.most { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.recent.sort_unstable();
        let mut to = BufWriter::with_capacity(1 << 18, &self.runs);
        self.recent.iter().try_for_each(|entry| to.write_all(&entry.bytes()))?;
        to.flush()?;
        self.lengths.push(self.recent.len() as u64);
        self.recent.clear();
        Ok(())
    }

    /// Makes one sorted file of all runs.
    pub(super) fn seal(mut self, file: File) -> io::Result<Index> {
        self.spill()?;
        self.recent = Vec::new();
        let mut runs = self.readers();
        let mut next = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            next.extend(run.next()?.map(|entry| Reverse((entry, number))));
        }
        let mut out = Index { file, len: 0, sample: Vec::new() };
        let mut to = BufWriter::with_capacity(1 << 18, out.file.try_clone()?);
        while let Some(Reverse((entry, number))) = next.pop() {
            if out.len.is_multiple_of(SAMPLED) {
                out.sample.push(entry.place);
            }
            to.write_all(&entry.bytes())?;
            out.len += 1;
            if let Some(run) = runs.get_mut(number) {
                next.extend(run.next()?.map(|entry| Reverse((entry, number))));
            }
        }
        to.flush()?;
        Ok(out)
    }

    fn readers(&self) -> Vec<RunReader<'_>> {
        // All of them together have the memory of one run.
        let each = (RUN / self.lengths.len().max(1)).clamp(64, 8_192);
        let mut from = 0;
        let reader = |len: &u64| {
            let at = from;
            from += len * ENTRY as u64;
            RunReader { file: &self.runs, at, end: from, block: Vec::new(), taken: 0, most: each * ENTRY }
        };
        self.lengths.iter().map(reader).collect()
    }
}

/// The entries of one run, in their order.
struct RunReader<'a> {
    file: &'a File,
    at: u64,
    end: u64,
    block: Vec<u8>,
    taken: usize,
    most: usize,
}

impl RunReader<'_> {
    fn next(&mut self) -> io::Result<Option<Entry>> {
        if self.taken >= self.block.len() {
            let len = usize::try_from(self.end - self.at).map_or(self.most, |left| left.min(self.most));
            self.block.resize(len, 0);
            whole(self.file, &mut self.block, self.at)?;
            (self.at, self.taken) = (self.at + len as u64, 0);
        }
        let entry = self.block.get(self.taken..self.taken + ENTRY).map(Entry::of);
        self.taken += ENTRY;
        Ok(entry)
    }
}

/// The sealed index.
#[derive(Debug)]
pub(super) struct Index {
    file: File,
    len: u64,
    sample: Vec<u128>,
}

impl Index {
    /// Where all rows of this place are, in the order in which they were read.
    pub(super) fn find(&self, place: u128) -> io::Result<Vec<(u64, u32)>> {
        // The block before the first sample that is not less may end with entries of the place.
        let first = self.sample.partition_point(|sampled| *sampled < place).saturating_sub(1) as u64;
        let (mut from, mut found) = (first * SAMPLED, Vec::new());
        while from < self.len {
            let count = (self.len - from).min(SAMPLED) as usize;
            let mut block = vec![0; count * ENTRY];
            whole(&self.file, &mut block, from * ENTRY as u64)?;
            let entries = block.chunks_exact(ENTRY).skip(first_of(&block, place)).map(Entry::of);
            found.extend(entries.take_while(|entry| entry.place == place).map(|entry| (entry.at, entry.len)));
            from += SAMPLED;
            let goes_on = self.sample.get((from / SAMPLED) as usize).is_some_and(|sampled| *sampled <= place);
            if !goes_on {
                break;
            }
        }
        Ok(found)
    }
}

/// The first entry of a block whose place is not less.
fn first_of(block: &[u8], place: u128) -> usize {
    let wanted = place.to_be_bytes();
    let (mut low, mut high) = (0, block.len() / ENTRY);
    while low < high {
        let middle = low.midpoint(high);
        // Places stand first in entries and are written so that their bytes compare as they do.
        match block.get(middle * ENTRY..middle * ENTRY + wanted.len()).is_some_and(|found| found < &wanted[..]) {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

/// Reads until the bytes are full.
pub(super) fn whole(file: &File, out: &mut [u8], at: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match read_at(file, rest, at + done as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            got => done += got,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(entries: &[(u128, (u64, u32))], most: usize) -> Index {
        let mut writer = IndexWriter::new(tempfile::tempfile().unwrap());
        writer.most = most;
        entries.iter().for_each(|(place, at)| writer.add(*place, *at).unwrap());
        writer.seal(tempfile::tempfile().unwrap()).unwrap()
    }

    #[test]
    fn everything_is_found_whatever_the_length_of_runs() {
        // Places that are spread as hashes are, and three rows of each seventh.
        let place = |n: u64| (u128::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let rows = |n: u64| if n.is_multiple_of(7) { 3 } else { 1 };
        let entries: Vec<_> =
            (0..3_000).flat_map(|n| (0..rows(n)).map(move |row| (place(n), (n * 10 + row, n as u32)))).collect();
        for most in [1, 100, 1_000, 1 << 20] {
            let index = filled(&entries, most);
            for n in 0..3_000 {
                let expected: Vec<_> = (0..rows(n)).map(|row| (n * 10 + row, n as u32)).collect();
                assert_eq!(index.find(place(n)).unwrap(), expected, "{n}, runs of {most}");
            }
            assert!(index.find(12_345).unwrap().is_empty() && index.find(u128::MAX).unwrap().is_empty());
        }
        assert!(filled(&[], 10).find(0).unwrap().is_empty());
    }

    #[test]
    fn rows_of_one_place_are_found_across_blocks() {
        let entries: Vec<_> = (0..2_000).map(|n| (if n < 1_000 { 7 } else { 8 }, (n, 1))).collect();
        let index = filled(&entries, 300);
        for (place, from) in [(7, 0), (8, 1_000)] {
            assert_eq!(index.find(place).unwrap(), (from..from + 1_000).map(|n| (n, 1)).collect::<Vec<_>>());
        }
        assert!(index.find(6).unwrap().is_empty() && index.find(9).unwrap().is_empty());
    }
}
