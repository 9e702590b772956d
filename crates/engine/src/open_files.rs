//! Files that one pass has opened and another will read: each is opened once, however many passes there are.
//!
//! The search for timelines opens what may be one, and archives; later each is read as an asset, and the members of an archive
//! after its row. Few are kept, since a process may have few open files: past that a file is opened again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_io::ByteRange;

/// Files that are kept open. Some systems allow a process no more than 256 of all kinds.
const MOST: usize = 64;

/// Open files by root and path below it.
#[derive(Debug, Default)]
pub struct OpenFiles {
    kept: Mutex<HashMap<(usize, String), ByteRange>>,
}

impl OpenFiles {
    /// Keeps an open file for whoever needs it next, where there is room.
    pub(crate) fn keep(&self, root: usize, rel: &str, bytes: &ByteRange) {
        let mut kept = self.kept();
        if kept.len() < MOST {
            kept.insert((root, rel.to_owned()), bytes.clone());
        }
    }

    /// A file that is kept, and stays so.
    pub(crate) fn get(&self, root: usize, rel: &str) -> Option<ByteRange> {
        self.kept().get(&(root, rel.to_owned())).cloned()
    }

    /// A file that was kept as one of this length; one that has another length now is opened anew.
    pub(crate) fn take(&self, root: usize, rel: &str, len: u64) -> Option<ByteRange> {
        let mut kept = self.kept();
        if kept.is_empty() {
            return None;
        }
        kept.remove(&(root, rel.to_owned())).filter(|bytes| bytes.len() == len)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<(usize, String), ByteRange>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_taken_once_and_only_as_long_as_it_was() {
        let files = OpenFiles::default();
        files.keep(0, "a.zip", &ByteRange::memory(vec![1, 2, 3]));
        assert_eq!(files.get(0, "a.zip").map(|bytes| bytes.len()), Some(3));
        assert!(files.take(1, "a.zip", 3).is_none());
        assert!(files.take(0, "a.zip", 3).is_some() && files.take(0, "a.zip", 3).is_none());
        files.keep(0, "b.zip", &ByteRange::memory(vec![1]));
        assert!(files.take(0, "b.zip", 2).is_none());
        for n in 0..2 * MOST {
            files.keep(0, &n.to_string(), &ByteRange::memory(Vec::new()));
        }
        assert_eq!(files.kept().len(), MOST);
    }
}
