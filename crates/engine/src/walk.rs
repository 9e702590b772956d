//! Roots become sorted batches of assets.
//!
//! Files of one folder come together, so that sidecars are found without asking the disk again; folders
//! follow in byte order of their names, so that a tree is always walked the same way.
//! Links are followed inside the root only; devices, pipes and sockets are named and never opened.

mod sidecars;

use std::collections::{HashSet, VecDeque};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;

use countersign_io::paths::native;
use countersign_io::{self as io, Kind, Listings, Roots, Stat};
use countersign_model::limits;
use countersign_model::{Asset, Problem, ProblemKind};

pub use countersign_io::paths::{from_lossless, lossless};
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
///
/// ```
/// use countersign_engine::walk::Walk;
///
/// let drive = tempfile::tempdir()?;
/// for name in ["b.png", "a.png", ".DS_Store"] {
///     std::fs::write(drive.path().join(name), "")?;
/// }
/// let mut walk = Walk::new(&[drive.path().to_owned()], globset::GlobSet::empty());
/// let names: Vec<_> = walk.by_ref().flatten().map(|asset| asset.rel).collect();
/// assert_eq!(names, ["a.png", "b.png"]);
/// assert_eq!(walk.ignored(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Walk {
    roots: Roots,
    /// Roots that the walk did not come to yet.
    waiting: VecDeque<usize>,
    /// Files that were listed one by one below the last root: only they are walked there.
    listed: Option<VecDeque<PathBuf>>,
    exclude: GlobSet,
    current: Option<RootWalk>,
    ready: VecDeque<Asset>,
    ignored: u64,
}

/// The walk below one root, or below one listed path.
struct RootWalk {
    root: usize,
    listings: Arc<Listings>,
    /// Where it starts, until it was started.
    start: Option<String>,
    /// The start was listed by its name.
    listed: bool,
    /// Open folders, the innermost last.
    open: Vec<OpenFolder>,
    /// Folders entered through a link already: links between folders cannot multiply the walk.
    linked: HashSet<String>,
}

/// A folder whose files were handed out.
struct OpenFolder {
    /// Its path below the root, links resolved.
    target: String,
    below: std::vec::IntoIter<Below>,
}

/// What comes after the files of a folder.
enum Below {
    Folder {
        path: String,
        target: String,
    },
    /// By a link: entered unless another link led there before.
    Linked {
        path: String,
        target: String,
    },
    /// A folder that is not entered, which must be told.
    Refused(Box<Asset>),
}

impl Walk {
    /// A walk over `roots` (folders or single files) that passes over paths matching `exclude`.
    #[must_use]
    pub fn new(roots: &[PathBuf], exclude: GlobSet) -> Self {
        Self::over(&Roots::local(roots), exclude)
    }

    /// A walk over trees, of which some folders may be listed already.
    #[must_use]
    pub fn over(roots: &Roots, exclude: GlobSet) -> Self {
        let (roots, waiting) = (roots.clone(), (0..roots.len()).collect());
        Self { roots, waiting, listed: None, exclude, current: None, ready: VecDeque::new(), ignored: 0 }
    }

    /// Below the last root only these paths (relative to it, folders with all they hold) are walked, in this order.
    #[must_use]
    pub fn listing(mut self, listed: Option<&[PathBuf]>) -> Self {
        self.listed = listed.map(|paths| paths.iter().cloned().collect());
        self
    }

    /// The next root, or the next listed path below the last one.
    fn open(&mut self) -> Option<RootWalk> {
        let last = self.waiting.len() == 1;
        let (root, start) = match self.listed.as_mut().filter(|_| last) {
            None => (self.waiting.pop_front()?, None),
            Some(listed) => match listed.pop_front() {
                Some(path) => {
                    let plain = path.components().filter(|part| *part != Component::CurDir);
                    (self.waiting.front().copied()?, Some(lossless(&plain.collect::<PathBuf>())))
                }
                None => {
                    self.waiting.pop_front();
                    return None;
                }
            },
        };
        let (listings, listed) = (Arc::clone(self.roots.get(root)?), start.is_some());
        let start = Some(start.unwrap_or_default());
        Some(RootWalk { root, listings, start, listed, open: Vec::new(), linked: HashSet::new() })
    }

    /// System files and folders passed over so far.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn refill(&mut self) -> bool {
        let mut below = match self.current.take() {
            Some(below) => below,
            None => match self.open() {
                Some(below) => below,
                None => return false,
            },
        };
        if let Some(mut siblings) = below.siblings(&self.exclude, &mut self.ignored) {
            if below.listed && below.open.is_empty() {
                // One listed file: its siblings are not seen.
                siblings.iter_mut().for_each(|asset| asset.sidecars = sidecars(&asset.path));
                self.ready.extend(siblings);
            } else {
                self.ready.extend(with_sidecars(siblings));
            }
            self.current = Some(below);
        }
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

impl RootWalk {
    /// The files of the next folder; `None` at the end.
    fn siblings(&mut self, exclude: &GlobSet, ignored: &mut u64) -> Option<Vec<Asset>> {
        if let Some(start) = self.start.take() {
            return Some(self.begin(start, exclude, ignored));
        }
        loop {
            let next = self.open.last_mut()?.below.next();
            match next {
                None => drop(self.open.pop()),
                Some(Below::Refused(asset)) => return Some(vec![*asset]),
                Some(Below::Folder { path, target }) => return Some(self.enter(path, target, exclude, ignored)),
                Some(Below::Linked { path, target }) if self.linked.insert(target.clone()) => {
                    return Some(self.enter(path, target, exclude, ignored));
                }
                Some(Below::Linked { .. }) => {}
            }
        }
    }

    /// The root itself, or a path that was listed by its name.
    fn begin(&mut self, start: String, exclude: &GlobSet, ignored: &mut u64) -> Vec<Asset> {
        let tree = Arc::clone(self.listings.tree());
        let stat = match tree.stat(&start) {
            Ok(stat) if stat.kind == Kind::Folder => {
                let target = if start.is_empty() { Some(String::new()) } else { tree.resolve(&start).ok().flatten() };
                let target = target.unwrap_or_else(|| start.clone());
                return self.enter(start, target, exclude, ignored);
            }
            Ok(stat) => stat,
            Err(e) => return vec![self.failed(&start, &e)],
        };
        // A root that is a single file goes by its name, any other by the whole path.
        let local = tree.local_path(&start);
        let name = local.as_deref().and_then(Path::file_name).map(|name| lossless(Path::new(name)));
        let name = name.unwrap_or_else(|| start.rsplit('/').next().unwrap_or_default().to_owned());
        let rel = match (start.is_empty(), stat.kind) {
            (true, Kind::File) => name.clone(),
            (true, _) => self.whole(),
            (false, _) => start.clone(),
        };
        if is_system_file(&name) || exclude.is_match(native(&rel)) {
            *ignored += 1;
            return Vec::new();
        }
        // Links on the way to it are as whoever named it wants them.
        let obstacle = if tree.is_link(&start) { self.target(&start).err() } else { None };
        vec![Asset { rel, ..self.file(start, &Ok(stat), obstacle) }]
    }

    /// The root as people call it.
    fn whole(&self) -> String {
        let tree = self.listings.tree();
        tree.local_path("").map_or_else(|| tree.name(), |path| lossless(&path))
    }

    /// Opens a folder: its files now, the folders in it later.
    fn enter(&mut self, path: String, target: String, exclude: &GlobSet, ignored: &mut u64) -> Vec<Asset> {
        let folder = match self.listings.folder(&target) {
            Ok(folder) => folder,
            Err(e) => return vec![self.failed(&path, &e)],
        };
        let (mut files, mut below) = (Vec::new(), Vec::new());
        for (name, kind) in folder.iter() {
            let at = io::join(&path, name);
            let stat = if kind == Kind::Folder { Ok(Stat { kind, ..Stat::default() }) } else { self.stat(&at) };
            if stat.as_ref().is_ok_and(|stat| stat.kind == Kind::Folder) {
                match self.below(at, name, kind == Kind::Link, (&target, exclude)) {
                    Ok(next) => below.push(next),
                    Err(counted) => *ignored += u64::from(counted),
                }
                continue;
            }
            let broken = kind == Kind::Link && stat.is_err();
            if !broken && (is_system_file(name) || exclude.is_match(native(&at))) {
                *ignored += 1;
                continue;
            }
            let obstacle = if kind == Kind::Link && !broken { self.target(&at).err() } else { None };
            files.push(self.file(at, &stat, obstacle));
        }
        self.open.push(OpenFolder { target, below: below.into_iter() });
        files
    }

    fn stat(&self, path: &str) -> std::io::Result<Stat> {
        self.listings.tree().stat(path)
    }

    /// A folder to be walked; `Err` says no, and whether it is counted.
    fn below(&self, path: String, name: &str, link: bool, (around, exclude): (&str, &GlobSet)) -> Result<Below, bool> {
        let target = if link { Some(self.target(&path)) } else { None };
        if let Some(Ok(target)) = &target {
            // A folder that is in itself.
            let above = self.open.iter().map(|folder| folder.target.as_str()).chain([around]);
            if above.into_iter().any(|above| above == target) {
                return Err(true);
            }
        }
        if SYSTEM_FOLDERS.contains(&name) {
            return Err(true);
        }
        if exclude.is_match(native(&path)) {
            return Err(false);
        }
        match target {
            None => Ok(Below::Folder { target: io::join(around, name), path }),
            Some(Ok(target)) => Ok(Below::Linked { path, target }),
            Some(Err(problem)) => Ok(Below::Refused(Box::new(self.asset(path, None, Some(problem))))),
        }
    }

    /// The asset for a file.
    fn file(&self, path: String, stat: &std::io::Result<Stat>, obstacle: Option<Problem>) -> Asset {
        match stat {
            Err(e) => self.asset(path, None, Some(refused(e))),
            Ok(stat) if obstacle.is_none() && stat.kind != Kind::File => {
                let what = "a device, pipe or socket: not a file that can be read";
                self.asset(path, None, Some(Problem::new(ProblemKind::Unsupported, "file", None, what)))
            }
            Ok(stat) => self.asset(path, Some(stat), obstacle),
        }
    }

    /// Where a link leads, if that is inside the root.
    fn target(&self, path: &str) -> Result<String, Problem> {
        let target =
            self.listings.tree().resolve(path).map_err(|e| {
                Problem::new(ProblemKind::Io, "link", None, format!("the link cannot be followed: {e}"))
            })?;
        target.ok_or_else(leads_out)
    }

    fn failed(&self, path: &str, error: &std::io::Error) -> Asset {
        let mut asset = self.asset(path.to_owned(), None, Some(refused(error)));
        if path.is_empty() {
            asset.rel = self.whole();
        }
        asset
    }

    fn asset(&self, rel: String, stat: Option<&Stat>, obstacle: Option<Problem>) -> Asset {
        let path = self.listings.tree().local_path(&rel).unwrap_or_else(|| PathBuf::from(&rel));
        let stat = stat.copied().unwrap_or_default();
        let changed = stat.changed;
        Asset { obstacle, changed, ..Asset::new(path, rel, self.root, stat.len, stat.modified) }
    }
}

/// What the walk saw of the file that an asset is.
pub(crate) fn stat_of(asset: &Asset) -> Stat {
    Stat { kind: Kind::File, len: asset.size, modified: asset.mtime, changed: asset.changed, identity: None }
}

fn leads_out() -> Problem {
    let what = "the link leads out of the scanned folder and is not followed";
    Problem::new(ProblemKind::Unsupported, "link", None, what)
}

fn refused(error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::Io, "file", None, error.to_string())
}

fn is_system_file(name: &str) -> bool {
    SYSTEM_FILES.contains(&name)
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
    fn listed_paths_are_followed_as_they_are_written() {
        let (outside, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for path in [outside.path().join("x.png"), dir.path().join("in.png"), dir.path().join("in.xmp")] {
            std::fs::write(path, b"x").unwrap();
        }
        symlink(outside.path(), dir.path().join("far")).unwrap();
        symlink(outside.path().join("x.png"), dir.path().join("out.png")).unwrap();
        let listed = ["far/x.png", "out.png", "./in.png", "gone.png"].map(PathBuf::from);
        let walk = Walk::new(&[dir.path().to_path_buf()], GlobSet::empty()).listing(Some(&listed));
        let assets: Vec<_> = walk.flatten().collect();
        assert_eq!(rels(&assets), ["far/x.png", "out.png", "in.png", "gone.png"]);
        let blocked: Vec<_> = assets.iter().map(|a| a.obstacle.is_some()).collect();
        assert_eq!(blocked, [false, true, false, true]);
        assert_eq!(assets[2].sidecars, [dir.path().join("in.xmp")]);
    }

    #[test]
    fn links_to_one_folder_are_followed_once_in_the_order_of_the_walk() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for path in ["a/sub", "real"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        std::fs::write(root.join("real/f.png"), b"x").unwrap();
        symlink(root.join("real"), root.join("a/sub/link")).unwrap();
        symlink(root.join("real"), root.join("b")).unwrap();
        symlink(root, root.join("a/up")).unwrap();
        let (assets, ignored) = walk(root);
        assert_eq!((rels(&assets), ignored), (vec!["a/sub/link/f.png", "real/f.png"], 1));
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
