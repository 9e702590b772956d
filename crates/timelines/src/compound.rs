//! Compound files (MS-CFB), as AAF stores its objects: a bounded reader over bytes.
//!
//! Every chain is followed at most as far as the allocation table is long, every directory entry is visited once: no
//! circle can hold the reader. Storages and streams are addressed by the index of their directory entry.

use crate::{error::Unreadable, text};
use std::collections::HashMap;

const SIGNATURE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// Sector numbers from here on are marks: end of chain, free, table.
const FIRST_MARK: u32 = 0xFFFF_FFFA;
const NO_ENTRY: u32 = 0xFFFF_FFFF;
/// The index of the root entry.
pub(crate) const ROOT: u32 = 0;

/// A storage or stream.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    is_stream: bool,
    /// The class identifier as stored: AAF keeps an object's class in it.
    pub(crate) class: [u8; 16],
    left: u32,
    right: u32,
    child: u32,
    start: u32,
    size: u64,
}

/// An opened compound file.
pub(crate) struct Compound<'a> {
    file: &'a [u8],
    sector_shift: u32,
    mini_shift: u32,
    mini_cutoff: u64,
    table: Vec<u32>,
    mini_table: Vec<u32>,
    mini_stream: Vec<u8>,
    entries: Vec<Entry>,
    children: HashMap<u32, HashMap<String, u32>>,
}

fn fail(offset: u64, reason: &str) -> Unreadable {
    Unreadable::at("compound file", offset, reason)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

impl<'a> Compound<'a> {
    pub(crate) fn open(file: &'a [u8]) -> Result<Self, Unreadable> {
        let header = file.get(..512).filter(|header| header.starts_with(SIGNATURE));
        let header = header.ok_or_else(|| fail(0, "no compound file header"))?;
        let field = |at: usize| u32_at(header, at).unwrap_or(NO_ENTRY);
        let sector_shift = u32::from(u16_at(header, 30).unwrap_or(0));
        let mini_shift = u32::from(u16_at(header, 32).unwrap_or(0));
        if !(7..=16).contains(&sector_shift) || !(4..sector_shift).contains(&mini_shift) {
            return Err(fail(30, "sector size that no compound file has"));
        }
        let mut compound = Compound {
            file,
            sector_shift,
            mini_shift,
            mini_cutoff: u64::from(field(56)),
            table: Vec::new(),
            mini_table: Vec::new(),
            mini_stream: Vec::new(),
            entries: Vec::new(),
            children: HashMap::new(),
        };
        compound.read_table(header, field(68))?;
        let directory = compound.chain(field(48), u64::MAX, "directory")?;
        compound.read_directory(&directory);
        let mini_table = compound.chain(field(60), u64::MAX, "small allocation table").unwrap_or_default();
        compound.mini_table = numbers(&mini_table);
        let root = compound.entries.first().ok_or_else(|| fail(48, "no directory"))?;
        let (start, size) = (root.start, root.size);
        if size > 0 {
            compound.mini_stream = compound.chain(start, size, "small streams")?;
        }
        compound.link_children();
        Ok(compound)
    }

    /// The allocation table: its first 109 sectors stand in the header, the rest in a chain of their own.
    fn read_table(&mut self, header: &[u8], first_extra: u32) -> Result<(), Unreadable> {
        let most = self.file.len() >> self.sector_shift;
        let mut sectors: Vec<u32> = (0..109).filter_map(|index| u32_at(header, 76 + index * 4)).collect();
        let mut next = first_extra;
        let per_sector = (1_usize << self.sector_shift) / 4 - 1;
        for _ in 0..most {
            if next >= FIRST_MARK {
                break;
            }
            let sector = numbers(self.sector(next)?);
            sectors.extend(sector.iter().take(per_sector));
            next = sector.get(per_sector).copied().unwrap_or(NO_ENTRY);
        }
        for sector in sectors.into_iter().filter(|sector| *sector < FIRST_MARK).take(most + 1) {
            let part = numbers(self.sector(sector)?);
            self.table.extend(part);
        }
        Ok(())
    }

    fn sector(&self, number: u32) -> Result<&'a [u8], Unreadable> {
        let start = (u64::from(number) + 1) << self.sector_shift;
        let size = 1_usize << self.sector_shift;
        let begin = usize::try_from(start).unwrap_or(usize::MAX);
        // The last sector of a file may be cut short.
        let end = begin.saturating_add(size).min(self.file.len());
        self.file
            .get(begin..end)
            .filter(|part| !part.is_empty())
            .ok_or_else(|| fail(start, "a sector lies behind the end"))
    }

    /// The bytes of a chain of sectors, at most `size` of them.
    fn chain(&self, first: u32, size: u64, what: &str) -> Result<Vec<u8>, Unreadable> {
        let mut bytes = Vec::new();
        let mut next = first;
        let mut steps = 0;
        while next < FIRST_MARK && (bytes.len() as u64) < size {
            steps += 1;
            if steps > self.table.len() {
                return Err(fail(0, &format!("the chain of the {what} runs in a circle")));
            }
            bytes.extend_from_slice(self.sector(next)?);
            let here = next;
            next = *self
                .table
                .get(next as usize)
                .ok_or_else(|| fail(0, &format!("sector {here} of the {what} is in no table")))?;
        }
        self.finish(bytes, size, what)
    }

    /// A chain of small sectors inside the small streams.
    fn mini_chain(&self, first: u32, size: u64, what: &str) -> Result<Vec<u8>, Unreadable> {
        let mut bytes = Vec::new();
        let mut next = first;
        let mut steps = 0;
        let length = 1_usize << self.mini_shift;
        while next < FIRST_MARK && (bytes.len() as u64) < size {
            steps += 1;
            if steps > self.mini_table.len() {
                return Err(fail(0, &format!("the chain of {what} runs in a circle")));
            }
            let start = (next as usize) << self.mini_shift;
            let end = start.saturating_add(length).min(self.mini_stream.len());
            let part = self.mini_stream.get(start..end).filter(|part| !part.is_empty());
            bytes.extend_from_slice(part.ok_or_else(|| fail(0, &format!("{what} lies behind the small streams")))?);
            next = *self.mini_table.get(next as usize).ok_or_else(|| fail(0, &format!("{what} is in no table")))?;
        }
        self.finish(bytes, size, what)
    }

    fn finish(&self, mut bytes: Vec<u8>, size: u64, what: &str) -> Result<Vec<u8>, Unreadable> {
        if size != u64::MAX {
            if (bytes.len() as u64) < size {
                return Err(fail(0, &format!("{what} is cut off")));
            }
            bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        }
        Ok(bytes)
    }

    fn read_directory(&mut self, directory: &[u8]) {
        let is_small = self.sector_shift == 9;
        for raw in directory.chunks_exact(128) {
            let number = |at: usize| u32_at(raw, at).unwrap_or(NO_ENTRY);
            let high = if is_small { 0 } else { u64::from(number(124)) };
            let length = usize::from(u16_at(raw, 64).unwrap_or(0)).min(64);
            let mut class = [0; 16];
            if let Some(stored) = raw.get(80..96) {
                class.copy_from_slice(stored);
            }
            self.entries.push(Entry {
                name: text::utf16_string(raw.get(..length).unwrap_or_default()),
                is_stream: raw.get(66) == Some(&2),
                class,
                left: number(68),
                right: number(72),
                child: number(76),
                start: number(116),
                size: u64::from(number(120)) | high << 32,
            });
        }
    }

    /// The children of every storage, out of their trees; an entry is put into one storage only.
    fn link_children(&mut self) {
        let mut seen = vec![false; self.entries.len()];
        let mut storages = vec![ROOT];
        while let Some(storage) = storages.pop() {
            let mut names = HashMap::new();
            let mut waiting: Vec<u32> = self.entry(storage).map(|entry| entry.child).into_iter().collect();
            while let Some(index) = waiting.pop() {
                let Some(entry) = self.entry(index) else { continue };
                match seen.get_mut(index as usize) {
                    Some(seen) if !*seen && index != ROOT => *seen = true,
                    _ => continue,
                }
                waiting.extend([entry.left, entry.right]);
                if !entry.is_stream {
                    storages.push(index);
                }
                names.insert(entry.name.clone(), index);
            }
            self.children.insert(storage, names);
        }
    }

    pub(crate) fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    /// The child of a storage by its exact name.
    pub(crate) fn child(&self, storage: u32, name: &str) -> Option<u32> {
        self.children.get(&storage)?.get(name).copied()
    }

    /// The bytes of a child stream of at most `limit` bytes.
    pub(crate) fn stream(&self, storage: u32, name: &str, limit: u64) -> Result<Vec<u8>, Unreadable> {
        let missing = || fail(0, &format!("stream {name:?} is missing"));
        let entry = self.child(storage, name).and_then(|index| self.entry(index)).filter(|entry| entry.is_stream);
        let entry = entry.ok_or_else(missing)?;
        if entry.size > limit {
            return Err(fail(0, &format!("stream {name:?} is larger than what is read")));
        }
        match entry.size {
            0 => Ok(Vec::new()),
            size if size < self.mini_cutoff => self.mini_chain(entry.start, size, name),
            size => self.chain(entry.start, size, name),
        }
    }
}

/// A stream of a compound file: the names that lead to it, and its bytes.
pub type Stream = (String, Result<Vec<u8>, Unreadable>);

/// All streams of a compound file, `/` between the names, in the order of their names; for who looks into files of other
/// programs. A stream of more than `longest` bytes, and what is past `most` bytes of all of them, is an error in its place.
///
/// # Errors
/// Where the bytes are no compound file, or its directory cannot be read.
pub fn streams(file: &[u8], longest: u64, most: u64) -> Result<Vec<Stream>, Unreadable> {
    let compound = Compound::open(file)?;
    let mut out = Vec::new();
    let mut left = most;
    let mut storages = vec![(ROOT, String::new())];
    while let Some((storage, path)) = storages.pop() {
        let mut names: Vec<_> = compound.children.get(&storage).into_iter().flatten().collect();
        names.sort();
        for (name, index) in names {
            let Some(entry) = compound.entry(*index) else { continue };
            let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            if !entry.is_stream {
                storages.push((*index, path));
                continue;
            }
            let bytes = compound.stream(storage, name, longest.min(left));
            left = left.saturating_sub(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
            out.push((path, bytes));
        }
    }
    Ok(out)
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).filter_map(|four| four.try_into().ok().map(u32::from_le_bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn made(version: cfb::Version) -> Vec<u8> {
        let mut file = cfb::CompoundFile::create_with_version(version, Cursor::new(Vec::new())).unwrap();
        file.create_storage("/a").unwrap();
        file.create_storage("/a/b").unwrap();
        for index in 0..40 {
            file.create_stream(format!("/a/b/small {index}"))
                .unwrap()
                .write_all(&vec![index; 10 + usize::from(index)])
                .unwrap();
        }
        file.create_stream("/a/large")
            .unwrap()
            .write_all(&(0..20_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>())
            .unwrap();
        file.flush().unwrap();
        file.into_inner().into_inner()
    }

    #[test]
    fn streams_of_both_versions_are_read_as_they_were_written() {
        for version in [cfb::Version::V3, cfb::Version::V4] {
            let bytes = made(version);
            let file = Compound::open(&bytes).unwrap();
            let a = file.child(ROOT, "a").unwrap();
            let b = file.child(a, "b").unwrap();
            for index in 0..40_u8 {
                let stream = file.stream(b, &format!("small {index}"), 1000).unwrap();
                assert_eq!(stream, vec![index; 10 + usize::from(index)]);
            }
            let large = file.stream(a, "large", 100_000).unwrap();
            assert_eq!(large.len(), 80_000);
            assert_eq!(u32_at(&large, 4 * 12_345), Some(12_345));
            assert!(file.stream(a, "large", 10).is_err(), "the limit counts");
            assert!(file.stream(a, "none", 10).is_err());
        }
    }

    #[test]
    fn circles_and_cut_files_are_refused() {
        let bytes = made(cfb::Version::V3);
        assert!(Compound::open(&bytes[..600]).is_err());
        let mut circle = bytes.clone();
        // The directory's first sector follows itself.
        let directory = u32_at(&bytes, 48).unwrap();
        let table = (u32_at(&bytes, 76).unwrap() as usize + 1) * 512;
        circle[table + directory as usize * 4..][..4].copy_from_slice(&directory.to_le_bytes());
        assert!(Compound::open(&circle).err().unwrap().reason.contains("circle"));
    }
}
