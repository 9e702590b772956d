//! A table of hashes by their parts, for indexes in which counting all bits in order takes too long.
//!
//! A hash is cut into sixteen parts of 16 bits, in a ring. Of two hashes that differ by few bits at least one part differs by
//! very few, and it and the next two together by no more than their share. The next two parts stand in the table, so that few
//! of the hashes themselves have to be read, which lie far apart in memory. A part with up to two bits that has up to ten
//! together with the next two is there for every pair of hashes at up to 47 bits, so for all copies: in a ring of sixteen
//! numbers whose mean is less than three one can always begin so that the first, the first two, the first three … have a mean
//! no larger than that of all. Of pairs at 48 to 60 bits (which a person should look at) more than 95 % are found where the
//! bits are spread. See M. Norouzi, A. Punjani, D. Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing" (2014);
//! J. Qin, C. Xiao, "Pigeonring: A Principle for Faster Thresholded Similarity Search" (2018).

use crate::PdqHash;

const PARTS: usize = 16;
/// Bits of a part.
const WIDTH: usize = 256 / PARTS;
/// Values of a part.
const VALUES: usize = 1 << WIDTH;
/// Bits by which a part may differ.
const PART_DISTANCE: u32 = 2;
/// Bits by which a part and the next two together may differ.
const THREE_DISTANCE: u32 = 10;
/// The largest distance at which every hash is found.
#[cfg(test)]
const SURE_DISTANCE: u32 = PARTS as u32 * (PART_DISTANCE + 1) - 1;

/// Where hashes stand, by each of their parts.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    tables: Vec<Table>,
    /// All values with at most [`PART_DISTANCE`] bits, as they are laid over a part, with their number of bits.
    near: Vec<(u16, u32)>,
}

/// The hashes by one part: those with the value `v` are from `starts[v]` to `starts[v + 1]`.
#[derive(Clone, Debug)]
struct Table {
    place: usize,
    starts: Vec<u32>,
    /// The next two parts of each hash.
    next: Vec<u32>,
    /// The number of each hash.
    numbers: Vec<u32>,
}

fn part(words: &[u64; 4], place: usize) -> u16 {
    let place = place % PARTS;
    (words[place * WIDTH / 64] >> (place * WIDTH % 64)) as u16
}

/// The two parts after a place.
fn next_two(words: &[u64; 4], place: usize) -> u32 {
    u32::from(part(words, place + 1)) | u32::from(part(words, place + 2)) << WIDTH
}

/// All values with at most so many bits. Those that lie near each other in memory follow each other.
fn near() -> Vec<(u16, u32)> {
    let all = (0..=u16::MAX).map(|mask| (mask, mask.count_ones()));
    all.filter(|(_, bits)| *bits <= PART_DISTANCE).collect()
}

impl Table {
    fn new(place: usize, hashes: &[[u64; 4]]) -> Self {
        let mut starts = vec![0_u32; VALUES + 1];
        for hash in hashes {
            starts[usize::from(part(hash, place)) + 1] += 1;
        }
        for value in 1..starts.len() {
            starts[value] += starts[value - 1];
        }
        let (mut free, mut next, mut numbers) = (starts.clone(), vec![0; hashes.len()], vec![0; hashes.len()]);
        for (number, hash) in hashes.iter().enumerate() {
            let at = &mut free[usize::from(part(hash, place))];
            (next[*at as usize], numbers[*at as usize]) = (next_two(hash, place), number as u32);
            *at += 1;
        }
        Self { place, starts, next, numbers }
    }

    /// Whether hashes that differ by these bits are found by this table.
    fn finds(&self, apart: &[u64; 4]) -> bool {
        let own = part(apart, self.place).count_ones();
        own <= PART_DISTANCE && own + next_two(apart, self.place).count_ones() <= THREE_DISTANCE
    }

    /// Gathers the numbers of the hashes that this table finds for a query.
    fn gather(&self, near: &[(u16, u32)], query: &[u64; 4], candidates: &mut Vec<u32>) {
        candidates.clear();
        let (own, next) = (part(query, self.place), next_two(query, self.place));
        for (mask, bits) in near {
            let value = usize::from(own ^ mask);
            let (start, end) = (self.starts[value] as usize, self.starts[value + 1] as usize);
            let most = THREE_DISTANCE - bits;
            for (block, of_next) in self.next[start..end].chunks(BLOCK).enumerate() {
                // Most blocks have none: they are counted without a branch.
                let found = of_next.iter().fold(0, |sum, two| sum + u32::from((two ^ next).count_ones() <= most));
                if found > 0 {
                    let places = of_next.iter().enumerate().filter(|(_, two)| (*two ^ next).count_ones() <= most);
                    candidates.extend(places.map(|(place, _)| self.numbers[start + block * BLOCK + place]));
                }
            }
        }
    }
}

/// Entries that are counted before the few near ones are sought among them.
const BLOCK: usize = 64;

impl Buckets {
    /// The tables, each made by a thread of its own. The caller sees to it that numbers fit 32 bits.
    pub(crate) fn new(hashes: &[[u64; 4]]) -> Option<Self> {
        let tables = std::thread::scope(|scope| {
            let made: Vec<_> = (0..PARTS).map(|place| scope.spawn(move || Table::new(place, hashes))).collect();
            made.into_iter().map(|table| table.join().ok()).collect::<Option<Vec<_>>>()
        });
        Some(Self { tables: tables?, near: near() })
    }

    /// Calls `found` with the number and distance of hashes within the limit, each once: of those at up to
    /// 47 bits every one.
    pub(crate) fn within(&self, hashes: &[[u64; 4]], query: &PdqHash, limit: u32, found: &mut dyn FnMut(usize, u32)) {
        let mut candidates: Vec<u32> = Vec::new();
        for (place, table) in self.tables.iter().enumerate() {
            // Gathered first: then neither loop waits for what the other reads.
            table.gather(&self.near, &query.0, &mut candidates);
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
    fn parts_cover_all_bits_once_and_go_around() {
        let words = [0x0003_0002_0001_0000, 0x0007_0006_0005_0004, 0x000B_000A_0009_0008, 0x000F_000E_000D_000C];
        assert!((0..PARTS).all(|place| usize::from(part(&words, place)) == place));
        assert_eq!(next_two(&words, 14), 15);
        assert_eq!(next_two(&words, 15), 1 << 16);
        assert_eq!(near().len(), 1 + 16 + 16 * 15 / 2);
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
