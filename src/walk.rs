//! Roots become sorted batches of assets.
//!
//! Files of one folder come together, so that sidecars are found without asking the disk again; folders
//! follow in byte order of their names, so that a tree is always walked the same way.
//! Links are followed inside the root only; devices, pipes and sockets are named and never opened.

mod paths;
mod sidecars;

use std::collections::{HashSet, VecDeque};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use globset::GlobSet;
use walkdir::{DirEntry, WalkDir};

use crate::limits;
use crate::model::{Asset, Problem, ProblemKind};

pub use paths::{from_lossless, lossless};
pub use sidecars::sidecars;
pub(crate) use sidecars::with_sidecars;

/// Files that operating systems leave behind: counted, not judged.
const SYSTEM_FILES: &[&str] =
    &[".DS_Store", ".localized", ".apdisk", ".VolumeIcon.icns", "Thumbs.db", "ehthumbs.db", "desktop.ini"];

/// Folders that operating systems keep on a drive: counted as one, not entered.
const SYSTEM_FOLDERS: &[&str] = &[
    ".Spotlight-V100",
    ".Trashes",
    ".fseventsd",
    ".TemporaryItems",
    ".DocumentRevisions-V100",
    "System Volume Information",
    "$RECYCLE.BIN",
];

/// Whether a name is one of those that are counted and passed over.
pub(crate) fn is_system(name: &OsStr) -> bool {
    SYSTEM_FILES.iter().chain(SYSTEM_FOLDERS).any(|system| name == OsStr::new(system))
}

/// Walks roots and hands out batches of at most [`limits::BATCH`] assets.
pub struct Walk {
    roots: VecDeque<(usize, PathBuf)>,
    /// Files that were listed one by one below the last root: only they are walked there.
    listed: Option<VecDeque<PathBuf>>,
    exclude: GlobSet,
    current: Option<Folder>,
    ready: VecDeque<Asset>,
    ignored: u64,
}

struct Folder {
    root: usize,
    base: PathBuf,
    /// The root itself is one file.
    single: bool,
    /// One listed file: its siblings are not seen.
    alone: bool,
    canonical: PathBuf,
    entries: walkdir::IntoIter,
    /// Folders entered through a link already: links between folders cannot multiply the walk.
    linked: HashSet<PathBuf>,
}

impl Walk {
    /// A walk over `roots` (folders or single files) that passes over paths matching `exclude`.
    #[must_use]
    pub fn new(roots: &[PathBuf], exclude: GlobSet) -> Self {
        let roots = roots.iter().cloned().enumerate().collect();
        Self { roots, listed: None, exclude, current: None, ready: VecDeque::new(), ignored: 0 }
    }

    /// Below the last root only these paths (relative to it, folders with all they hold) are walked, in this order.
    #[must_use]
    pub fn listing(mut self, listed: Option<&[PathBuf]>) -> Self {
        self.listed = listed.map(|paths| paths.iter().cloned().collect());
        self
    }

    /// The next root, or the next listed path below the last one.
    fn open(&mut self) -> Option<Folder> {
        let last = self.roots.len() == 1;
        let Some(listed) = self.listed.as_mut().filter(|_| last) else {
            return self.roots.pop_front().map(|(root, base)| Folder::open(root, base));
        };
        let Some(path) = listed.pop_front() else {
            self.roots.pop_front();
            return None;
        };
        let (root, base) = self.roots.front().cloned()?;
        Some(Folder::listed(root, base, &path))
    }

    /// System files and folders passed over so far.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn refill(&mut self) -> bool {
        let mut folder = match self.current.take() {
            Some(folder) => folder,
            None => match self.open() {
                Some(folder) => folder,
                None => return false,
            },
        };
        let mut siblings = Vec::new();
        let more = folder.siblings(&self.exclude, &mut self.ignored, &mut siblings);
        if folder.alone {
            siblings.iter_mut().for_each(|asset| asset.sidecars = sidecars(&asset.path));
            self.ready.extend(siblings);
        } else {
            self.ready.extend(with_sidecars(siblings));
        }
        self.current = more.then_some(folder);
        true
    }
}

impl Iterator for Walk {
    type Item = Vec<Asset>;

    fn next(&mut self) -> Option<Vec<Asset>> {
        while self.ready.len() < limits::BATCH && self.refill() {}
        let count = self.ready.len().min(limits::BATCH);
        (count > 0).then(|| self.ready.drain(..count).collect())
    }
}

impl Folder {
    fn open(root: usize, base: PathBuf) -> Self {
        let canonical = std::fs::canonicalize(&base).unwrap_or_else(|_| base.clone());
        let entries = WalkDir::new(&base).follow_links(true).sort_by(files_first).into_iter();
        let single = base.is_file();
        Self { root, base, single, alone: false, canonical, entries, linked: HashSet::new() }
    }

    /// One path below a root as if the walk had just come to it.
    fn listed(root: usize, base: PathBuf, path: &Path) -> Self {
        let canonical = std::fs::canonicalize(&base).unwrap_or_else(|_| base.clone());
        let path = base.join(path);
        let alone = !path.is_dir();
        let entries = WalkDir::new(path).follow_links(true).sort_by(files_first).into_iter();
        Self { root, base, single: false, alone, canonical, entries, linked: HashSet::new() }
    }

    /// Collects the files up to the next folder; false at the end of the root.
    fn siblings(&mut self, exclude: &GlobSet, ignored: &mut u64, out: &mut Vec<Asset>) -> bool {
        loop {
            match self.entries.next() {
                None => return false,
                Some(Err(error)) => match self.failed(&error) {
                    Some(asset) => out.push(asset),
                    None => *ignored += 1,
                },
                Some(Ok(entry)) if entry.file_type().is_dir() => {
                    if let Err(asset) = self.enter(&entry, exclude, ignored) {
                        self.entries.skip_current_dir();
                        out.extend(asset.map(|a| *a));
                    }
                    if !out.is_empty() {
                        return true;
                    }
                }
                Some(Ok(entry)) => match self.file(&entry, exclude) {
                    Some(asset) => out.push(asset),
                    None => *ignored += 1,
                },
            }
        }
    }

    /// Whether a folder is walked; `Err` says no, with the asset that stands for it where that must be told.
    fn enter(&mut self, entry: &DirEntry, exclude: &GlobSet, ignored: &mut u64) -> Result<(), Option<Box<Asset>>> {
        if entry.depth() == 0 {
            return Ok(());
        }
        if SYSTEM_FOLDERS.iter().any(|name| entry.file_name() == OsStr::new(name)) {
            *ignored += 1;
            return Err(None);
        }
        if exclude.is_match(self.below(entry.path())) {
            return Err(None);
        }
        if !entry.path_is_symlink() {
            return Ok(());
        }
        match self.target(entry.path()) {
            Ok(target) => self.linked.insert(target).then_some(()).ok_or(None),
            Err(problem) => Err(Some(Box::new(self.asset(entry.path(), 0, None, Some(problem))))),
        }
    }

    /// The asset for a file, or `None` for what operating systems leave behind and what is excluded.
    fn file(&self, entry: &DirEntry, exclude: &GlobSet) -> Option<Asset> {
        let name = entry.file_name();
        if SYSTEM_FILES.iter().any(|system| name == OsStr::new(system)) || exclude.is_match(self.below(entry.path())) {
            return None;
        }
        let path = entry.path();
        let obstacle = if entry.path_is_symlink() { self.target(path).err() } else { None };
        if obstacle.is_none() && !entry.file_type().is_file() {
            let what = "a device, pipe or socket: not a file that can be read";
            let problem = Problem::new(ProblemKind::Unsupported, "file", None, what);
            return Some(self.asset(path, 0, None, Some(problem)));
        }
        Some(match entry.metadata() {
            Ok(meta) => self.asset(path, meta.len(), modified(&meta), obstacle),
            Err(e) => {
                let problem = Problem::new(ProblemKind::Io, "file", None, e.to_string());
                self.asset(path, 0, None, obstacle.or(Some(problem)))
            }
        })
    }

    /// Where a link leads, if that is inside the root.
    fn target(&self, path: &Path) -> Result<PathBuf, Problem> {
        let target = std::fs::canonicalize(path)
            .map_err(|e| Problem::new(ProblemKind::Io, "link", None, format!("the link cannot be followed: {e}")))?;
        if target.starts_with(&self.canonical) {
            return Ok(target);
        }
        let what = "the link leads out of the scanned folder and is not followed";
        Err(Problem::new(ProblemKind::Unsupported, "link", None, what))
    }

    fn failed(&self, error: &walkdir::Error) -> Option<Asset> {
        if error.loop_ancestor().is_some() {
            return None;
        }
        let path = error.path().unwrap_or(&self.base);
        let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        let problem = Problem::new(ProblemKind::Io, "file", None, reason);
        Some(self.asset(path, 0, None, Some(problem)))
    }

    fn below<'a>(&self, path: &'a Path) -> &'a Path {
        match path.strip_prefix(&self.base) {
            Ok(rel) if !rel.as_os_str().is_empty() => rel,
            _ if self.single => path.file_name().map_or(path, Path::new),
            _ => path,
        }
    }

    fn asset(&self, path: &Path, size: u64, mtime: Option<i128>, obstacle: Option<Problem>) -> Asset {
        Asset { obstacle, ..Asset::new(path.to_path_buf(), lossless(self.below(path)), self.root, size, mtime) }
    }
}

fn files_first(a: &DirEntry, b: &DirEntry) -> std::cmp::Ordering {
    // Entries are sorted before links are followed: a link to a folder is asked for what it leads to.
    let folder = |e: &DirEntry| e.file_type().is_dir() || e.path_is_symlink() && e.path().is_dir();
    let key = |e: &DirEntry| (folder(e), e.file_name().to_os_string());
    key(a).cmp(&key(b))
}

/// Modification time in nanoseconds since the Unix epoch.
pub(crate) fn modified(meta: &std::fs::Metadata) -> Option<i128> {
    let time = meta.modified().ok()?;
    Some(match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn walk(root: &Path) -> (Vec<Asset>, u64) {
        let mut walk = Walk::new(&[root.to_path_buf()], GlobSet::empty());
        let assets = walk.by_ref().flatten().collect();
        (assets, walk.ignored())
    }

    fn rels(assets: &[Asset]) -> Vec<&str> {
        assets.iter().map(|a| a.rel.as_str()).collect()
    }

    #[test]
    fn files_come_before_folders_in_byte_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.txt", "a/z.png", "a/b/c.png", "c.txt", "B.txt"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        let (assets, _) = walk(dir.path());
        assert_eq!(rels(&assets), ["B.txt", "b.txt", "c.txt", "a/z.png", "a/b/c.png"]);
    }

    #[test]
    fn system_files_are_counted_and_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".Trashes")).unwrap();
        for name in [".DS_Store", ".Trashes/old.png", "Thumbs.db", "a.png"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let (assets, ignored) = walk(dir.path());
        assert_eq!((rels(&assets), ignored), (vec!["a.png"], 3));
    }

    #[test]
    fn links_stay_inside_the_root_and_loops_end() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.png"), b"x").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir(root.join("a")).unwrap();
        std::fs::write(root.join("a/real.png"), b"x").unwrap();
        symlink(root.join("a"), root.join("a/loop")).unwrap();
        symlink(root.join("a/real.png"), root.join("inside.png")).unwrap();
        symlink(outside.path().join("secret.png"), root.join("out.png")).unwrap();
        symlink(outside.path(), root.join("outdir")).unwrap();
        symlink("nowhere", root.join("broken.png")).unwrap();
        let (assets, _) = walk(root);
        let blocked: Vec<_> = assets.iter().filter(|a| a.obstacle.is_some()).map(|a| a.rel.as_str()).collect();
        assert_eq!(rels(&assets), ["broken.png", "inside.png", "out.png", "a/real.png", "outdir"]);
        assert_eq!(blocked, ["broken.png", "out.png", "outdir"]);
    }

    #[test]
    fn pipes_are_named_and_never_opened() {
        let dir = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s.png")).unwrap();
        let (assets, _) = walk(dir.path());
        assert_eq!(assets[0].obstacle.as_ref().unwrap().kind, ProblemKind::Unsupported);
    }

    #[test]
    fn sidecars_are_found_beside_their_asset() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["clip.mxf", "clip.mxf.c2pa", "clip.xmp", "other.txt"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let (assets, _) = walk(dir.path());
        let clip = assets.iter().find(|a| a.rel == "clip.mxf").unwrap();
        let names: Vec<_> = clip.sidecars.iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["clip.xmp", "clip.mxf.c2pa"]);
        assert!(assets.iter().filter(|a| a.rel != "clip.mxf").all(|a| a.sidecars.is_empty()));
    }

    #[test]
    fn a_single_file_is_a_root_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("still.png");
        std::fs::write(&path, b"x").unwrap();
        let (assets, _) = walk(&path);
        assert_eq!((assets[0].rel.as_str(), &assets[0].path), ("still.png", &path));
    }
}
