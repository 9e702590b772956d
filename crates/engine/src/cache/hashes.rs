//! Hashes of pictures that earlier runs made: what is far from everything known is then not decoded again.
//!
//! They stand beside the facts, under keys of the same making. No statement is kept, only what the picture is looked up
//! by: whether it is like something known is decided in every run, and what may be is decoded afresh.

use rusqlite::{OptionalExtension, params};
use sha2::Digest;

use super::{Cache, Key};
use crate::extract;
use countersign_matching::PdqHash;
use countersign_model::Asset;

/// Part of every key; to be changed with how hashes are made.
const FORM: &str = "hashes/1";
/// Bytes of a hash.
const HASH: usize = 32;
/// Hashes that are kept of one asset: two hours of frames, with and without borders, in three orientations.
const MOST: usize = 7_200 * 6;
/// Assets whose hashes are written together.
const ROWS: usize = 512;

/// What one asset is looked up by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptHashes {
    /// At more than so many bits from everything known it is like nothing known.
    pub limit: u8,
    /// The hashes in all orientations, of a still or of the frames of a clip.
    pub hashes: Vec<PdqHash>,
}

impl KeptHashes {
    fn to_bytes(&self) -> Vec<u8> {
        let hashes = self.hashes.iter().flat_map(PdqHash::to_bytes);
        std::iter::once(self.limit).chain(hashes).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (limit, rest) = bytes.split_first()?;
        let (hashes, left) = rest.as_chunks::<HASH>();
        let whole = left.is_empty() && !hashes.is_empty();
        whole.then(|| Self { limit: *limit, hashes: hashes.iter().map(PdqHash::from_bytes).collect() })
    }
}

/// A place in the cache that was asked for before the asset was read.
#[derive(Debug)]
pub struct HashesKey(Option<Key>);

impl Cache {
    /// The hashes of a file, if an earlier run kept them, and where they belong.
    pub fn hashes(&self, asset: &Asset) -> (Option<KeptHashes>, HashesKey) {
        let key = self.hashes_key(asset);
        let found = key.and_then(|key| self.find_hashes(&key));
        (found, HashesKey(key))
    }

    /// Keeps the hashes of a file that has not changed since [`Cache::hashes`] was asked.
    pub fn keep_hashes(&self, asset: &Asset, key: &HashesKey, hashes: &KeptHashes) {
        let Some(key) = key.0.filter(|key| self.hashes_key(asset) == Some(*key)) else { return };
        if hashes.hashes.is_empty() || hashes.hashes.len() > MOST {
            return;
        }
        let mut state = self.state();
        state.hashes.push((key, hashes.to_bytes()));
        if state.hashes.len() >= ROWS {
            state.flush(self.today);
        }
    }

    /// `None` where the file is not as the walk saw it, or changed just now.
    fn hashes_key(&self, asset: &Asset) -> Option<Key> {
        let alone = Asset { sidecars: Vec::new(), ..asset.clone() };
        let (key, settled) = self.key(&alone, &extract::Options::default())?;
        let mut digest = sha2::Sha256::new();
        digest.update(FORM);
        digest.update(key);
        settled.then(|| digest.finalize().into())
    }

    fn find_hashes(&self, key: &Key) -> Option<KeptHashes> {
        let mut state = self.state();
        let connection = state.connection.as_ref()?;
        let row = connection.prepare_cached("SELECT hashes, used FROM hashes WHERE key = ?1").and_then(|mut query| {
            let columns = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?));
            query.query_row(params![key], columns).optional()
        });
        let (bytes, used) = match row {
            Ok(row) => row?,
            Err(error) => {
                state.fails(Some(error));
                return None;
            }
        };
        let found = KeptHashes::from_bytes(&bytes);
        if used != self.today {
            state.hashes.push((*key, bytes));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_come_back_for_the_same_file_and_for_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jpg");
        std::fs::write(&path, b"one").unwrap();
        // The time of its status change cannot be set.
        std::thread::sleep(super::super::SETTLED + std::time::Duration::from_millis(100));
        let cache = Cache::open(&dir.path().join("cache.sqlite"), dir.path()).unwrap();
        let asset = || {
            let stat = countersign_io::stat_of(&path.metadata().unwrap());
            let walked = Asset::new(path.clone(), "a.jpg".to_owned(), 0, stat.len, stat.modified);
            Asset { changed: stat.changed, ..walked }
        };
        let kept = KeptHashes { limit: 60, hashes: vec![PdqHash([1, 2, 3, 4]), PdqHash([5, 6, 7, 8])] };
        let (none, key) = cache.hashes(&asset());
        assert_eq!(none, None);
        cache.keep_hashes(&asset(), &key, &kept);
        assert_eq!(cache.close(), None);
        let cache = Cache::open(&dir.path().join("cache.sqlite"), dir.path()).unwrap();
        assert_eq!(cache.hashes(&asset()).0, Some(kept));
        std::fs::write(&path, b"another").unwrap();
        assert_eq!(cache.hashes(&asset()).0, None);
        for bytes in [&[][..], &[60], &[60; 32], &[60; 34]] {
            assert_eq!(KeptHashes::from_bytes(bytes), None);
        }
    }
}
