//! The folders of a tree that files were asked for in last, kept open: the system finds a name in them without going through
//! all folders above again.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::Stat;
use super::os::OpenFolder;

/// Folders that are remembered: threads are in different ones.
const FOLDERS: usize = 8;

/// A folder by its path below the tree, open once it was asked for again: most trees have folders with a single file.
type Known = (Box<str>, Option<Arc<OpenFolder>>);

/// The folders that were asked for last, the last one first.
#[derive(Debug, Default)]
pub(super) struct LastFolders(Mutex<VecDeque<Known>>);

impl LastFolders {
    /// The file of this name in this folder, opened for reading; nothing where its path has to tell why not. `whole` gives
    /// the path of the folder on this machine.
    pub(super) fn open(&self, folder: &str, name: &str, whole: impl Fn(&str) -> PathBuf) -> Option<File> {
        self.folder(folder, whole)?.file(name)
    }

    /// What goes by this name in this folder, links followed; as [`LastFolders::open`].
    pub(super) fn stat(&self, folder: &str, name: &str, whole: impl Fn(&str) -> PathBuf) -> Option<Stat> {
        self.folder(folder, whole)?.stat(name)
    }

    fn folder(&self, folder: &str, whole: impl Fn(&str) -> PathBuf) -> Option<Arc<OpenFolder>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = last.iter().position(|(known, _)| **known == *folder) else {
            last.truncate(FOLDERS - 1);
            last.push_front((folder.into(), None));
            return None;
        };
        last.swap(0, at);
        let (_, open) = last.front_mut()?;
        if open.is_none() {
            *open = OpenFolder::open(&whole(folder)).map(Arc::new);
        }
        open.clone()
    }
}
