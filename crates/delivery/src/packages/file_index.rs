//! Shared by the packages: where the files of a whole tree lie, by their names, for manifests that name files by another folder
//! than their own.

use std::hash::{DefaultHasher, Hash, Hasher};

use unicode_normalization::UnicodeNormalization;

use super::Listing;

/// Files and folders that are kept: some 16 bytes a file, and each folder's path.
const FILES: usize = 2_000_000;
const FOLDERS: usize = 200_000;

/// The files of a tree by their names alone, whichever of Unicode's forms they are written in.
///
/// ```
/// use countersign_delivery::packages::{FileIndex, Listing};
///
/// let mut index = FileIndex::default();
/// let listing = Listing { files: vec!["a.mov".to_owned()], folders: vec![] };
/// index.add("reel/one", &listing);
/// index.add("copy", &listing);
/// index.sort();
/// assert_eq!(index.folders_of("a.mov", 8), Some(vec!["copy", "reel/one"]));
/// assert!(index.has("reel/one/a.mov") && !index.has("a.mov"));
/// ```
#[derive(Debug, Default)]
pub struct FileIndex {
    folders: Vec<String>,
    /// The digest of a name, and the number of the folder.
    files: Vec<(u64, u32)>,
    full: bool,
}

impl FileIndex {
    /// Takes up the files of a folder, `/` between the parts of its path, the tree's root being empty.
    pub fn add(&mut self, folder: &str, listing: &Listing) {
        if listing.files.is_empty() {
            return;
        }
        if self.folders.len() >= FOLDERS || self.files.len() + listing.files.len() > FILES {
            self.full = true;
            return;
        }
        let Ok(number) = u32::try_from(self.folders.len()) else { return };
        self.folders.push(folder.to_owned());
        self.files.extend(listing.files.iter().map(|name| (digest(name), number)));
    }

    /// Whether not all files of the tree are in it.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.full
    }

    /// Call once, after the last [`FileIndex::add`] and before anything is looked up.
    pub fn sort(&mut self) {
        let folders = &self.folders;
        let path = |number: u32| folders.get(number as usize);
        self.files.sort_unstable_by(|a, b| (a.0, path(a.1)).cmp(&(b.0, path(b.1))));
    }

    /// The folders in which a file of this name lies, in byte order; `None` for more than `most`.
    #[must_use]
    pub fn folders_of(&self, name: &str, most: usize) -> Option<Vec<&str>> {
        let found: Vec<_> = self.named(name).take(most.saturating_add(1)).collect();
        (found.len() <= most).then_some(found)
    }

    /// Whether a file has this path.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let from = self.start(digest(name));
        let Some(files) = self.files.get(from..) else { return false };
        let wanted = digest(name);
        let end = files.partition_point(|(found, _)| *found == wanted);
        let same = files.get(..end).unwrap_or_default();
        let path = |number: u32| self.folders.get(number as usize).map_or("", String::as_str);
        same.binary_search_by(|(_, number)| path(*number).cmp(folder)).is_ok()
            || !folder.is_ascii() && same.iter().any(|(_, number)| alike(path(*number), folder))
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &str> {
        let wanted = digest(name);
        let files = self.files.get(self.start(wanted)..).unwrap_or_default();
        let files = files.iter().take_while(move |(found, _)| *found == wanted);
        files.filter_map(|(_, number)| self.folders.get(*number as usize)).map(String::as_str)
    }

    fn start(&self, wanted: u64) -> usize {
        self.files.partition_point(|(found, _)| *found < wanted)
    }
}

/// Whether two names or paths are the same but for the form in which Unicode composes their letters.
pub(super) fn alike(one: &str, other: &str) -> bool {
    one == other || !(one.is_ascii() && other.is_ascii()) && one.nfc().eq(other.nfc())
}

fn digest(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    match name.is_ascii() {
        true => name.hash(&mut hasher),
        false => name.nfc().collect::<String>().hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_either_form_of_their_letters() {
        let mut index = FileIndex::default();
        let listing = Listing { files: vec!["cafe\u{301}.mov".to_owned()], folders: vec![] };
        for folder in ["a", "b/e\u{301}", ""] {
            index.add(folder, &listing);
        }
        index.sort();
        assert_eq!(index.folders_of("caf\u{e9}.mov", 3), Some(vec!["", "a", "b/e\u{301}"]));
        assert_eq!(index.folders_of("caf\u{e9}.mov", 2), None);
        assert_eq!(index.folders_of("cafe.mov", 2), Some(vec![]));
        for path in ["caf\u{e9}.mov", "a/cafe\u{301}.mov", "b/\u{e9}/caf\u{e9}.mov"] {
            assert!(index.has(path), "{path}");
        }
        assert!(!index.has("b/caf\u{e9}.mov"));
    }
}
