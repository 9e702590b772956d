//! A table of hashes by their parts, for indexes in which counting all bits in order takes too long.
//!
//! A hash is cut into twelve parts of 21 or 22 bits. Two hashes that differ by few bits differ by very few in at least one
//! part and not by many in the next one. Both are in the table, so that few of the hashes themselves have to be read, which
//! lie far apart in memory. A part with up to three bits whose next part has up to seven is there for every pair of hashes
//! at up to 47 bits, so for all copies: four bits are needed to hide one table, eight to hide two, 48 to hide all twelve.
//! Of pairs at 48 to 60 bits (which a person should look at) more than 95 % are found where the bits are spread. See
//! M. Norouzi, A. Punjani, D. Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing" (2014).

use crate::PdqHash;

const PARTS: usize = 12;
/// Bits by which a part may differ.
const PART_DISTANCE: u32 = 3;
/// Bits by which the next part may differ.
const NEXT_DISTANCE: u32 = 2 * (PART_DISTANCE + 1) - 1;
/// The largest distance at which every hash is found.
#[cfg(test)]
const SURE_DISTANCE: u32 = PARTS as u32 * (PART_DISTANCE + 1) - 1;

/// Where hashes stand, by each of their parts.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    tables: Vec<Table>,
}

/// The hashes by one part: those with the value `v` are `entries[starts[v]..starts[v + 1]]`.
#[derive(Clone, Debug)]
struct Table {
    part: Part,
    next: Part,
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// The number of a hash, and its next part.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    number: u32,
    next: u32,
}

/// Some neighboring bits.
#[derive(Clone, Copy, Debug)]
struct Part {
    first: usize,
    width: usize,
}

impl Part {
    fn number(number: usize) -> Self {
        let edge = |number: usize| number * 256 / PARTS;
        Self { first: edge(number), width: edge(number + 1) - edge(number) }
    }

    fn of(self, words: &[u64; 4]) -> usize {
        let (word, shift) = (self.first / 64, self.first % 64);
        let next = words.get(word + 1).copied().unwrap_or(0);
        let whole = u128::from(words[word]) | u128::from(next) << 64;
        (whole >> shift) as usize & ((1 << self.width) - 1)
    }

    /// All values with at most so many bits, as they are laid over a part.
    fn near(self) -> Vec<usize> {
        let mut masks: Vec<(usize, usize)> = vec![(0, 0)];
        let mut begin = 0;
        for _ in 0..PART_DISTANCE {
            let end = masks.len();
            for place in begin..end {
                let (mask, above) = masks[place];
                masks.extend((above..self.width).map(|bit| (mask | 1 << bit, bit + 1)));
            }
            begin = end;
        }
        let mut masks: Vec<usize> = masks.into_iter().map(|(mask, _)| mask).collect();
        // Values that lie near each other in memory are looked up one after another.
        masks.sort_unstable();
        masks
    }
}

impl Table {
    fn new(number: usize, hashes: &[[u64; 4]]) -> Self {
        let (part, following) = (Part::number(number), Part::number((number + 1) % PARTS));
        let mut starts = vec![0_u32; (1 << part.width) + 1];
        for hash in hashes {
            starts[part.of(hash) + 1] += 1;
        }
        for value in 1..starts.len() {
            starts[value] += starts[value - 1];
        }
        let (mut free, mut entries) = (starts.clone(), vec![Entry::default(); hashes.len()]);
        for (number, hash) in hashes.iter().enumerate() {
            let place = &mut free[part.of(hash)];
            entries[*place as usize] = Entry { number: number as u32, next: following.of(hash) as u32 };
            *place += 1;
        }
        Self { part, next: following, starts, entries }
    }
}

impl Table {
    /// Whether hashes that differ by these bits are found by this table.
    fn finds(&self, apart: &[u64; 4]) -> bool {
        self.part.of(apart).count_ones() <= PART_DISTANCE && self.next.of(apart).count_ones() <= NEXT_DISTANCE
    }
}

impl Buckets {
    /// The tables, each made by a thread of its own. The caller sees to it that numbers fit 32 bits.
    pub(crate) fn new(hashes: &[[u64; 4]]) -> Option<Self> {
        let tables = std::thread::scope(|scope| {
            let made: Vec<_> = (0..PARTS).map(|number| scope.spawn(move || Table::new(number, hashes))).collect();
            made.into_iter().map(|table| table.join().ok()).collect::<Option<Vec<_>>>()
        });
        Some(Self { tables: tables? })
    }

    /// Calls `found` with the number and distance of hashes within the limit, each once: of those at up to
    /// 47 bits every one.
    pub(crate) fn within(&self, hashes: &[[u64; 4]], query: &PdqHash, limit: u32, found: &mut dyn FnMut(usize, u32)) {
        let mut candidates: Vec<u32> = Vec::new();
        let mut masks: Vec<usize> = Vec::new();
        let mut width = 0;
        for (place, table) in self.tables.iter().enumerate() {
            if table.part.width != width {
                (masks, width) = (table.part.near(), table.part.width);
            }
            let (own, next) = (table.part.of(&query.0), table.next.of(&query.0) as u32);
            // Gathered first: then neither loop waits for what the other reads.
            candidates.clear();
            for mask in &masks {
                let bucket = own ^ mask;
                let (start, end) = (table.starts[bucket] as usize, table.starts[bucket + 1] as usize);
                let near = table.entries[start..end].iter().filter(|e| (e.next ^ next).count_ones() <= NEXT_DISTANCE);
                candidates.extend(near.map(|entry| entry.number));
            }
            for number in &candidates {
                let hash = &hashes[*number as usize];
                let apart: [u64; 4] = std::array::from_fn(|word| hash[word] ^ query.0[word]);
                let distance: u32 = apart.iter().map(|word| word.count_ones()).sum();
                if distance <= limit && !self.tables[..place].iter().any(|table| table.finds(&apart)) {
                    found(*number as usize, distance);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// xorshift64*: the same numbers in every run.
    fn numbers(mut state: u64) -> impl FnMut() -> u64 {
        move || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_F491_4F6C_DD1D)
        }
    }

    #[test]
    fn parts_cover_all_bits_once() {
        let mut at = 0;
        for part in (0..PARTS).map(Part::number) {
            assert_eq!(part.first, at);
            at += part.width;
            let near = part.near();
            let (n, width) = (near.len(), part.width);
            assert_eq!(n, 1 + width + width * (width - 1) / 2 + width * (width - 1) * (width - 2) / 6);
        }
        assert_eq!(at, 256);
        assert_eq!(Part { first: 60, width: 21 }.of(&[u64::MAX, 0, 0, 0]), 0b1111);
    }

    #[test]
    fn every_hash_at_a_sure_distance_is_found_once_and_nearly_every_look() {
        let mut next = numbers(7);
        let query = PdqHash([next(), next(), next(), next()]);
        let mut hashes: Vec<[u64; 4]> = Vec::new();
        for distance in (0..=60).cycle().take(3_000) {
            let mut hash = query.0;
            while PdqHash(hash).distance(&query) < distance {
                let bit = next() % 256;
                hash[(bit / 64) as usize] |= (1 << (bit % 64)) & !query.0[(bit / 64) as usize];
                hash[(bit / 64) as usize] &= !((1 << (bit % 64)) & query.0[(bit / 64) as usize]);
            }
            hashes.push(hash);
        }
        hashes.extend((0..20_000).map(|_| [next(), next(), next(), next()]));
        let buckets = Buckets::new(&hashes).unwrap();
        let mut found = vec![0; hashes.len()];
        buckets.within(&hashes, &query, 60, &mut |number, distance| {
            assert_eq!(PdqHash(hashes[number]).distance(&query), distance);
            found[number] += 1;
        });
        let (mut looks, mut missed) = (0, 0);
        for (hash, times) in hashes.iter().zip(&found) {
            let distance = PdqHash(*hash).distance(&query);
            assert!(*times <= 1);
            if distance <= SURE_DISTANCE {
                assert_eq!(*times, 1, "at {distance}");
            } else if distance <= 60 {
                looks += 1;
                missed += 1 - times;
            } else {
                assert_eq!(*times, 0);
            }
        }
        assert!(looks > 500 && missed * 20 < looks, "{missed} of {looks} missed");
    }
}
