//! All hashes of an index: compared one by one, or, where there are very many, found by their parts.

use crate::{PdqHash, buckets::Buckets};

/// From so many hashes on (about 60,000 stills) tables are made by [`HashScan::prepare`]: to count the bits of fewer in order
/// takes a few milliseconds.
const TABLES_FROM: usize = 1_000_000;

/// Hashes that are counted before the few near ones are sought among them, so that the counting has no branches.
const BLOCK: usize = 512;

/// Hashes in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct HashScan {
    hashes: Vec<[u64; 4]>,
    /// Of all hashes; `None` where there are few, or since one was added.
    buckets: Option<Buckets>,
}

impl HashScan {
    /// Adds a hash; its number is how many there were before.
    pub fn push(&mut self, hash: PdqHash) {
        self.hashes.push(hash.0);
        self.buckets = None;
    }

    /// Makes tables where there are very many hashes; to be called once after the last one was added. Without it the same
    /// is found, and slower.
    pub fn prepare(&mut self) {
        let many = self.hashes.len() >= TABLES_FROM && u32::try_from(self.hashes.len()).is_ok();
        if many && self.buckets.is_none() {
            self.buckets = Buckets::new(&self.hashes);
        }
    }

    /// Whether [`HashScan::within`] goes by tables, which know nothing of distances beyond those of a look.
    pub(crate) fn has_tables(&self) -> bool {
        self.buckets.is_some()
    }

    /// How many hashes there are.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Calls `found` with the number and distance of each hash within the limit. Where tables were made, those at up to 47
    /// bits are all found, and of those at 48 to 60 bits more than 95 %.
    pub fn within(&self, query: &PdqHash, limit: u32, mut found: impl FnMut(usize, u32)) {
        match &self.buckets {
            Some(buckets) => buckets.within(&self.hashes, query, limit, &mut found),
            None => self.within_all(query, limit, found),
        }
    }

    /// As [`HashScan::within`], by counting the bits of all hashes in order.
    pub fn within_all(&self, query: &PdqHash, limit: u32, mut found: impl FnMut(usize, u32)) {
        let mut distances = [0_u32; BLOCK];
        for (number, block) in self.hashes.chunks(BLOCK).enumerate() {
            let mut nearest = u32::MAX;
            for (distance, hash) in distances.iter_mut().zip(block) {
                *distance = (0..4).map(|word| (hash[word] ^ query.0[word]).count_ones()).sum();
                nearest = nearest.min(*distance);
            }
            if nearest > limit {
                continue;
            }
            for (place, distance) in distances.iter().take(block.len()).enumerate() {
                if *distance <= limit {
                    found(number * BLOCK + place, *distance);
                }
            }
        }
    }

    /// Whether any hash is within the limit, which may be above that of a look where there are no tables.
    pub(crate) fn any_within(&self, query: &PdqHash, limit: u32) -> bool {
        if let Some(buckets) = &self.buckets {
            let mut any = false;
            buckets.within(&self.hashes, query, limit, &mut |_, _| any = true);
            return any;
        }
        let near = |hash: &[u64; 4]| (0..4).map(|word| (hash[word] ^ query.0[word]).count_ones()).sum::<u32>() <= limit;
        // Whole blocks without a branch, as above.
        self.hashes.chunks(BLOCK).any(|block| block.iter().fold(false, |found, hash| found | near(hash)))
    }
}
