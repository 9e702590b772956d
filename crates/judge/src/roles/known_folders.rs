//! What was found out about folders, for the next file in them: the files of a folder come one after another, and to ask all
//! patterns for each of them takes longer than all else about its role.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Folders that are kept; past them all are forgotten.
const KEPT: usize = 1_024;

/// The rows that folders lead to, by their paths.
#[derive(Debug, Default)]
pub(super) struct KnownFolders {
    rows: RwLock<HashMap<String, Option<usize>>>,
}

/// A copy knows nothing yet.
impl Clone for KnownFolders {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl KnownFolders {
    /// What is known of the folder of this file, or what `look` finds, which must be the same for all files of the folder.
    pub(super) fn get_or_look(&self, rel: &str, look: impl FnOnce() -> Option<usize>) -> Option<usize> {
        let folder = rel.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(row) = self.rows.read().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return *row;
        }
        let row = look();
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= KEPT {
            rows.clear();
        }
        rows.insert(folder.to_owned(), row);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_looked_at_once_and_no_more_are_kept_than_have_room() {
        let known = KnownFolders::default();
        assert_eq!(known.get_or_look("a/b/1.png", || Some(3)), Some(3));
        assert_eq!(known.get_or_look("a/b/2.png", || unreachable!()), Some(3));
        assert_eq!(known.get_or_look("a/1.png", || None), None);
        assert_eq!(known.get_or_look("1.png", || Some(1)), Some(1));
        assert_eq!(known.clone().get_or_look("a/b/1.png", || Some(4)), Some(4));
        (0..3 * KEPT).for_each(|at| assert_eq!(known.get_or_look(&format!("{at}/x"), || Some(at)), Some(at)));
        assert!(known.rows.read().unwrap().len() <= KEPT);
    }
}
