//! All hashes of an index, compared one by one.
//!
//! At the distances that matter no index structure is faster than counting bits in order: any prefix or bucket has to
//! be tried in too many neighbors.

use crate::PdqHash;

/// Hashes that are counted before the few near ones are sought among them, so that the counting has no branches.
const BLOCK: usize = 512;

/// Hashes in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct HashScan {
    hashes: Vec<[u64; 4]>,
}

impl HashScan {
    /// Adds a hash; its number is how many there were before.
    pub fn push(&mut self, hash: PdqHash) {
        self.hashes.push(hash.0);
    }

    /// How many hashes there are.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Calls `found` with the number and distance of each hash within the limit, in order.
    pub fn within(&self, query: &PdqHash, limit: u32, mut found: impl FnMut(usize, u32)) {
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
}
