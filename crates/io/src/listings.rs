//! A tree and the names in its folders: each folder is asked for once per run, whoever wants to know.
//!
//! The survey, the walk, the count for the progress bar, packages that look for names, and what stands beside a file
//! all look here. Names are kept for the whole run, packed: some 30 bytes a file.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Kind, Tree};

/// The names in one folder, in byte order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    names: String,
    /// Where each name ends, and what goes by it.
    entries: Vec<(u32, Kind)>,
    /// Whether the names are in byte order as they are written: escapes of bytes that are no text may stand elsewhere.
    sorted: bool,
}

impl Folder {
    /// A folder of these names, which are in byte order.
    ///
    /// # Errors
    /// Where all names together are longer than 4 GiB.
    pub fn of(entries: impl IntoIterator<Item = (String, Kind)>) -> io::Result<Self> {
        let mut folder = Self { sorted: true, ..Self::default() };
        let mut last = String::new();
        for (name, kind) in entries {
            folder.sorted &= last <= name;
            folder.names.push_str(&name);
            let end = u32::try_from(folder.names.len()).map_err(|_| io::Error::other("too many names to be listed"))?;
            folder.entries.push((end, kind));
            last = name;
        }
        folder.names.shrink_to_fit();
        folder.entries.shrink_to_fit();
        Ok(folder)
    }

    /// Names, as [`super::paths::lossless`] writes them, and kinds.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Kind)> {
        let starts = std::iter::once(0).chain(self.entries.iter().map(|(end, _)| *end));
        self.entries
            .iter()
            .zip(starts)
            .map(|((end, kind), start)| (self.names.get(start as usize..*end as usize).unwrap_or_default(), *kind))
    }

    /// As [`Folder::iter`], of the names that start with `prefix` only: they are found without a look at all others.
    ///
    /// ```
    /// use countersign_io::{Folder, Kind};
    ///
    /// let names = ["a.jpg", "b.jpg", "b.png", "c.jpg"].map(|name| (name.to_owned(), Kind::File));
    /// let folder = Folder::of(names)?;
    /// assert_eq!(folder.starting_with("b.").map(|(name, _)| name).collect::<Vec<_>>(), ["b.jpg", "b.png"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, Kind)> {
        let first = if self.sorted { self.first_from(prefix) } else { 0 };
        let some = (first..self.entries.len()).filter_map(|index| self.get(index));
        let sorted = self.sorted;
        some.take_while(move |(name, _)| !sorted || name.starts_with(prefix))
            .filter(move |(name, _)| name.starts_with(prefix))
    }

    /// The number of the first name that is not before `text`.
    fn first_from(&self, text: &str) -> usize {
        let (mut from, mut to) = (0, self.entries.len());
        while from < to {
            let middle = from + (to - from) / 2;
            match self.get(middle) {
                Some((name, _)) if name < text => from = middle + 1,
                _ => to = middle,
            }
        }
        from
    }

    /// The name of this number, and what goes by it.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&str, Kind)> {
        let start = match index.checked_sub(1) {
            Some(before) => self.entries.get(before)?.0,
            None => 0,
        };
        let (end, kind) = *self.entries.get(index)?;
        Some((self.names.get(start as usize..end as usize)?, kind))
    }

    /// What goes by a name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<Kind> {
        self.starting_with(name).find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What came of listing a folder; the error as it can be told more than once.
type Listed = Result<Arc<Folder>, (io::ErrorKind, String)>;

/// A tree whose folders are listed once.
#[derive(Debug)]
pub struct Listings {
    tree: Arc<dyn Tree>,
    /// Whether its folders are folders of this machine.
    local: bool,
    folders: Mutex<HashMap<String, Arc<OnceLock<Listed>>>>,
}

impl Listings {
    /// Of a tree of which nothing is listed yet.
    #[must_use]
    pub fn new(tree: Arc<dyn Tree>) -> Self {
        Self { local: tree.local_path("").is_some(), tree, folders: Mutex::default() }
    }

    /// The tree itself.
    #[must_use]
    pub fn tree(&self) -> &Arc<dyn Tree> {
        &self.tree
    }

    /// The names in a folder; a thread that asks for a folder that another is listing waits for it.
    ///
    /// # Errors
    /// As [`Tree::list`], and the same for everybody.
    pub fn folder(&self, path: &str) -> io::Result<Arc<Folder>> {
        let slot = {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            match folders.get(path) {
                Some(slot) => Arc::clone(slot),
                None => Arc::clone(folders.entry(path.to_owned()).or_default()),
            }
        };
        let listed = slot.get_or_init(|| match self.tree.list(path) {
            Ok(folder) => Ok(Arc::new(folder)),
            Err(e) => Err((e.kind(), e.to_string())),
        });
        listed.clone().map_err(|(kind, what)| io::Error::new(kind, what))
    }

    /// What a path is by the names of its folder: of many files of one folder, that takes one question to the drive. `None`
    /// where that does not tell; elsewhere than on this machine nobody is asked.
    pub fn kind(&self, path: &str) -> Option<Kind> {
        if !self.local || path.is_empty() {
            return None;
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.folder(folder).ok()?.kind(name)
    }
}
