//! The files of one folder that are handed out one after the other: of a folder of a million files, as many are in memory as
//! assets as are asked for.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::siblings::{Beside, Siblings};
use countersign_io::paths::native;
use countersign_io::{Folder, Kind};

/// The files of a folder, and which of them was handed out last.
pub(super) struct FolderFiles {
    /// The folder's path below its root.
    pub(super) path: String,
    folder: Arc<Folder>,
    /// The numbers of its names that are files to be handed out, ascending.
    files: Vec<u32>,
    /// Which of `files` comes next.
    next: usize,
    siblings: Siblings,
}

/// A file of a folder.
pub(super) struct FolderFile<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) beside: Beside,
}

/// Which names of a folder are files, as they are found.
#[derive(Default)]
pub(super) struct FileNumbers {
    files: Vec<u32>,
    /// Those of them that can be no sidecars: what is known already to be no file that can be opened.
    closed: Vec<u32>,
}

impl FileNumbers {
    /// Takes up the next name, by its number in the folder.
    pub(super) fn add(&mut self, number: usize, is_closed: bool) {
        // No folder is listed that has more names than these numbers count.
        let Ok(number) = u32::try_from(number) else { return };
        self.files.push(number);
        if is_closed {
            self.closed.push(number);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }
}

impl FolderFiles {
    pub(super) fn of(path: String, folder: Arc<Folder>, numbers: FileNumbers) -> Self {
        let FileNumbers { mut files, closed } = numbers;
        files.shrink_to_fit();
        let open = |at: usize| {
            let number = *files.get(at)?;
            closed.binary_search(&number).is_err().then_some(())?;
            name_of(&folder, &files, at)
        };
        let siblings = Siblings::of(files.len(), open);
        Self { path, folder, files, next: 0, siblings }
    }

    /// The number of the next file.
    pub(super) fn next_number(&mut self) -> Option<usize> {
        let at = self.next;
        self.next += 1;
        (at < self.files.len()).then_some(at)
    }

    /// The file of a number, with what stands beside it.
    pub(super) fn file(&self, at: usize) -> Option<FolderFile<'_>> {
        let (name, kind) = self.folder.get(*self.files.get(at)? as usize)?;
        let beside = self.siblings.beside(&native(name), |at| name_of(&self.folder, &self.files, at));
        Some(FolderFile { name, kind, beside })
    }

    /// The name of the file of a number, as [`FolderFile::beside`] tells it.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        Some(self.folder.get(*self.files.get(at)? as usize)?.0)
    }

    /// Whether all were handed out.
    pub(super) fn is_done(&self) -> bool {
        self.next >= self.files.len()
    }
}

fn name_of<'a>(folder: &'a Folder, files: &[u32], at: usize) -> Option<Cow<'a, Path>> {
    let (name, _) = folder.get(*files.get(at)? as usize)?;
    Some(native(name))
}
