//! A folder or a single file of a drive of this machine.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::near::LastFolders;
use super::{Entry, Folder, Handle, Kind, Stat, Tree, os, paths};

/// What stands at a path of this machine, with all below it. A root that is a single file is a tree of that file alone,
/// by its name.
///
/// ```
/// use countersign_io::{Kind, LocalTree, Tree};
///
/// let folder = tempfile::tempdir()?;
/// std::fs::create_dir(folder.path().join("final"))?;
/// std::fs::write(folder.path().join("final/shot.png"), "")?;
/// let tree = LocalTree::new(folder.path());
/// assert_eq!(tree.list("final")?.iter().collect::<Vec<_>>(), [("shot.png", Kind::File)]);
/// // Links that lead out of the tree lead nowhere.
/// assert_eq!(tree.resolve("final/shot.png")?.as_deref(), Some("final/shot.png"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct LocalTree {
    base: PathBuf,
    /// The name of the file, where the root is one.
    single: Option<String>,
    /// The root, links resolved; made when it is first of use.
    canonical: OnceLock<Option<PathBuf>>,
    /// The folders that files were opened in last.
    near: LastFolders,
}

impl LocalTree {
    /// The tree at `base`, which need not be there: then every question to it is answered with what is wrong.
    #[must_use]
    pub fn new(base: &Path) -> Self {
        let single = base.file_name().filter(|_| base.is_file()).map(|name| paths::lossless(Path::new(name)));
        Self { base: base.to_path_buf(), single, canonical: OnceLock::new(), near: LastFolders::default() }
    }

    fn path(&self, path: &str) -> PathBuf {
        match &self.single {
            Some(name) if name == path => self.base.clone(),
            _ if path.is_empty() => self.base.clone(),
            _ => {
                // One allocation: each file is named several times.
                let mut whole = PathBuf::with_capacity(self.base.as_os_str().len() + path.len() + 1);
                whole.push(&self.base);
                whole.push(paths::native(path));
                whole
            }
        }
    }

    /// The folder of a path, and the name in it, where both are written as the system writes them.
    fn folder_and_name<'p>(&self, path: &'p str) -> Option<(&'p str, &'p str)> {
        let plain = self.single.is_none() && !path.is_empty() && !path.contains("\\x");
        plain.then(|| path.rsplit_once('/').unwrap_or(("", path)))
    }

    fn canonical(&self) -> io::Result<&Path> {
        let canonical = self.canonical.get_or_init(|| std::fs::canonicalize(&self.base).ok());
        canonical.as_deref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Tree for LocalTree {
    fn name(&self) -> String {
        self.base.display().to_string()
    }

    fn list(&self, folder: &str) -> io::Result<Folder> {
        let mut found: Vec<(OsString, Kind)> = Vec::new();
        for entry in std::fs::read_dir(self.path(folder))? {
            let entry = entry?;
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_dir() => Kind::Folder,
                Ok(kind) if kind.is_symlink() => Kind::Link,
                Ok(kind) if !kind.is_file() => Kind::Other,
                // What cannot be told now is asked for again when the file's turn comes.
                _ => Kind::File,
            };
            found.push((entry.file_name(), kind));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Folder::of(found.into_iter().map(|(name, kind)| (paths::lossless(Path::new(&name)), kind)))
    }

    fn stat(&self, path: &str) -> io::Result<Stat> {
        std::fs::metadata(self.path(path)).map(|meta| os::stat_of(&meta))
    }

    fn stat_listed(&self, path: &str) -> io::Result<Stat> {
        let near =
            self.folder_and_name(path).and_then(|(folder, name)| self.near.stat(folder, name, |at| self.path(at)));
        near.map_or_else(|| self.stat(path), Ok)
    }

    fn open(&self, entry: &Entry) -> io::Result<Arc<dyn Handle>> {
        let path = self.path(&entry.path);
        let named = self.folder_and_name(&entry.path);
        let near = named.and_then(|(folder, name)| self.near.open(folder, name, |at| self.path(at)));
        let file = near.map_or_else(|| os::open(&path), Ok)?;
        Ok(Arc::new(LocalFile { file, len: entry.stat.len, path }))
    }

    fn resolve(&self, path: &str) -> io::Result<Option<String>> {
        let target = std::fs::canonicalize(self.path(path))?;
        let Ok(below) = target.strip_prefix(self.canonical()?) else { return Ok(None) };
        match &self.single {
            Some(name) if below.as_os_str().is_empty() => Ok(Some(name.clone())),
            _ => Ok(Some(paths::lossless(below))),
        }
    }

    fn is_link(&self, path: &str) -> bool {
        std::fs::symlink_metadata(self.path(path)).is_ok_and(|meta| meta.is_symlink())
    }

    fn local_path(&self, path: &str) -> Option<PathBuf> {
        Some(self.path(path))
    }
}

/// An open file of this machine.
#[derive(Debug)]
pub struct LocalFile {
    file: File,
    len: u64,
    /// Empty where it has no name.
    path: PathBuf,
}

impl LocalFile {
    /// Opens a regular file.
    ///
    /// # Errors
    /// Whatever the operating system says, and `InvalidInput` for anything but a regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_path_buf(), ..Self::nameless(os::open(path)?)? })
    }

    pub(super) fn nameless(file: File) -> io::Result<Self> {
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Self { file, len: meta.len(), path: PathBuf::new() })
    }
}

impl Handle for LocalFile {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        os::read_at(&self.file, out, offset)
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn stat(&self) -> io::Result<Stat> {
        self.file.metadata().map(|meta| os::stat_of(&meta))
    }

    fn local_path(&self) -> Option<&Path> {
        Some(self.path.as_path()).filter(|path| !path.as_os_str().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    fn entry(tree: &LocalTree, path: &str) -> Entry {
        Entry { path: path.to_owned(), stat: tree.stat(path).unwrap_or_default() }
    }

    #[test]
    fn what_is_found_in_an_open_folder_is_what_its_path_leads_to() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["a/b", "c"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        for file in ["one", "a/two", "a/b/three", "c/one", "c/back\\xslash"] {
            std::fs::write(dir.path().join(file), file).unwrap();
        }
        #[cfg(unix)]
        for (target, link) in [("../c/one", "a/link"), ("nowhere", "a/broken"), ("a/b", "to")] {
            std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
        }
        let tree = LocalTree::new(dir.path());
        let backslash = paths::lossless(Path::new("c/back\\xslash"));
        let there =
            ["", "one", "a", "a/two", "a/b/three", "c/one", "a/link", "to/three", "c/../one", "./one", &backslash];
        let gone = ["two", "a/broken", "a/two/three", "c/", "x/y", "a/\0"];
        for path in there.into_iter().chain(gone).chain(there) {
            let kind = |result: io::Result<Stat>| result.map_err(|e| e.kind());
            assert_eq!(kind(tree.stat_listed(path)), kind(tree.stat(path)), "{path}");
            let opened = tree.open(&entry(&tree, path)).and_then(|file| file.stat()).map_err(|e| e.kind());
            let plainly = os::open(&tree.path(path)).and_then(|file| file.metadata()).map(|meta| os::stat_of(&meta));
            assert_eq!(opened, plainly.map_err(|e| e.kind()), "{path}");
        }
        assert_eq!(tree.stat_listed("x/y").unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn the_path_tells_what_stands_there_now() {
        let dir = tempfile::tempdir().unwrap();
        let tree = LocalTree::new(dir.path());
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/a"), "one").unwrap();
        assert_eq!(tree.stat_listed("d/a").unwrap().len, 3);
        std::fs::rename(dir.path().join("d"), dir.path().join("e")).unwrap();
        // A folder that is not there any more: neither does its path lead to it.
        assert_eq!(tree.stat("d/a").unwrap_err().kind(), ErrorKind::NotFound);
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/a"), "three").unwrap();
        assert_eq!(tree.stat("d/a").unwrap().len, 5);
        assert_eq!((tree.stat_listed("e/a").unwrap().len, tree.stat_listed("d/a").unwrap().len), (3, 5));
    }

    #[test]
    fn a_root_that_is_a_file_is_found_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "one").unwrap();
        let tree = LocalTree::new(&dir.path().join("a"));
        for path in ["", "a"] {
            assert_eq!(tree.stat_listed(path).unwrap().len, 3, "{path}");
            assert!(tree.open(&entry(&tree, path)).is_ok(), "{path}");
        }
        assert!(tree.stat_listed("b").is_err());
    }
}
