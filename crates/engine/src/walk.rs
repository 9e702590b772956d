//! Roots become sorted batches of assets.
//!
//! Files of one folder come together, so that sidecars are found without asking the disk again; folders
//! follow in byte order of their names, so that a tree is always walked the same way. Of a folder its names are kept, and
//! assets are made of them as they are asked for: it may have a million files.
//! Links are followed inside the root only, each under its own name, and a folder that is in itself once more; devices,
//! pipes and sockets are named and never opened.

mod batches;
mod folder_files;
mod siblings;
mod sidecar_names;
mod sidecars;
mod system;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;

use countersign_io::paths::{below_root, native};
use countersign_io::{self as io, Kind, Listings, Roots, Stat};
use countersign_model::limits;
use countersign_model::{Asset, NotLookedAt, PassedOverReason, Problem, ProblemKind};

pub use countersign_io::paths::{from_lossless, lossless};
use folder_files::FolderFiles;
pub(crate) use siblings::{SameStem, Siblings};
use sidecars::LastFolder;
pub use sidecars::sidecars;
pub(crate) use system::{Named, is_system};
use system::{is_system_file, is_system_folder};

/// Walks roots and hands out batches of assets, [`limits::BATCH`] each where nobody says otherwise.
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
/// assert_eq!(walk.passed_over().system, 1);
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
    /// Where sidecars of listed files were looked for last.
    beside: LastFolder,
    passed_over: NotLookedAt,
    /// Assets that are handed out at once.
    batch: usize,
    /// What lies below system names and is looked at all the same.
    named: Arc<Named>,
}

/// The walk below one root, or below one listed path.
struct RootWalk {
    root: usize,
    listings: Arc<Listings>,
    /// Where it starts, until it was started.
    start: Option<String>,
    /// The start was listed by its name.
    listed: bool,
    /// The folder where it started: whoever names a system folder wants what is in it.
    base: String,
    /// The files of the innermost open folder, until all of them were handed out.
    files: Option<FolderFiles>,
    /// Open folders, the innermost last.
    open: Vec<OpenFolder>,
    /// Folders entered by a link, and files below them so far: links between folders cannot multiply the walk for ever.
    linked_folders: usize,
    linked_files: u64,
    named: Arc<Named>,
}

/// A folder whose files come first.
struct OpenFolder {
    /// Its path below the root, links resolved.
    target: String,
    below: VecDeque<Below>,
}

/// What comes after the files of a folder.
enum Below {
    Folder {
        path: String,
        target: String,
    },
    /// By a link: what lies there is judged under this name, too.
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
        let (passed_over, named, beside) = (NotLookedAt::default(), Arc::default(), LastFolder::default());
        Self {
            roots,
            waiting,
            listed: None,
            exclude,
            current: None,
            ready: VecDeque::new(),
            beside,
            passed_over,
            batch: limits::BATCH,
            named,
        }
    }

    /// What `named` holds is looked at, though it lies below system names.
    #[must_use]
    pub(crate) fn naming(mut self, named: Named) -> Self {
        self.named = Arc::new(named);
        self
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
                Some(path) => (self.waiting.front().copied()?, Some(below_root(&path))),
                None => {
                    self.waiting.pop_front();
                    return None;
                }
            },
        };
        let (listings, listed) = (Arc::clone(self.roots.get(root)?), start.is_some());
        let (start, named) = (Some(start.unwrap_or_default()), Arc::clone(&self.named));
        let base = start.clone().unwrap_or_default();
        Some(RootWalk {
            root,
            listings,
            start,
            listed,
            base,
            files: None,
            open: Vec::new(),
            linked_folders: 0,
            linked_files: 0,
            named,
        })
    }

    /// What was passed over so far: system files and folders, and excluded ones.
    #[must_use]
    pub fn passed_over(&self) -> &NotLookedAt {
        &self.passed_over
    }

    fn refill(&mut self) -> bool {
        let mut below = match self.current.take() {
            Some(below) => below,
            None => match self.open() {
                Some(below) => below,
                None => return false,
            },
        };
        let room = self.batch.saturating_sub(self.ready.len());
        if let Some(mut assets) = below.next_assets(room, &self.exclude, &mut self.passed_over) {
            if below.listed && below.open.is_empty() {
                // One listed file: its siblings are not seen.
                let listings = &below.listings;
                assets.iter_mut().for_each(|asset| asset.sidecars = self.beside.sidecars_of(asset, listings));
            }
            self.ready.extend(assets);
            self.current = Some(below);
        }
        true
    }
}

impl Iterator for Walk {
    type Item = Vec<Asset>;

    fn next(&mut self) -> Option<Vec<Asset>> {
        while self.ready.len() < self.batch && self.refill() {}
        let count = self.ready.len().min(self.batch);
        (count > 0).then(|| self.ready.drain(..count).collect())
    }
}

impl RootWalk {
    /// What comes next, at most `room` files; `None` at the end.
    fn next_assets(&mut self, room: usize, exclude: &GlobSet, passed: &mut NotLookedAt) -> Option<Vec<Asset>> {
        if let Some(start) = self.start.take() {
            return Some(self.begin(start, exclude, passed));
        }
        if let Some(mut files) = self.files.take() {
            let assets = self.next_files(&mut files, room, exclude);
            self.files = (!files.is_done()).then_some(files);
            return Some(assets);
        }
        loop {
            let next = self.open.last_mut()?.below.pop_front();
            match next {
                None => drop(self.open.pop()),
                Some(Below::Refused(asset)) => return Some(vec![*asset]),
                Some(Below::Folder { path, target }) => return Some(self.enter(path, target, exclude, passed)),
                Some(Below::Linked { path, target }) => {
                    return Some(match self.too_many_links() {
                        Some(problem) => vec![self.asset(path, None, Some(problem))],
                        None => {
                            self.linked_folders += 1;
                            self.enter(path, target, exclude, passed)
                        }
                    });
                }
            }
        }
    }

    /// The root itself, or a path that was listed by its name.
    fn begin(&mut self, start: String, exclude: &GlobSet, passed: &mut NotLookedAt) -> Vec<Asset> {
        let tree = Arc::clone(self.listings.tree());
        let stat = match tree.stat_listed(&start) {
            Ok(stat) if stat.kind == Kind::Folder => {
                let target = if start.is_empty() { Some(String::new()) } else { tree.resolve(&start).ok().flatten() };
                let target = target.unwrap_or_else(|| start.clone());
                return self.enter(start, target, exclude, passed);
            }
            Ok(stat) => stat,
            Err(e) => return vec![self.failed(&start, &e)],
        };
        // A root that is a single file goes by its name, any other by the whole path.
        let local = tree.local_path(&start);
        let name = local.as_deref().and_then(Path::file_name).map(|name| lossless(Path::new(name)));
        let named = if start.is_empty() { self.listings.tree().name() } else { start.clone() };
        let name = name.unwrap_or_else(|| named.rsplit('/').next().unwrap_or_default().to_owned());
        let rel = match (start.is_empty(), stat.kind) {
            (true, Kind::File) => name.clone(),
            (true, _) => self.whole(),
            (false, _) => start.clone(),
        };
        let system = is_system_file(&name) && !self.named.has_file(self.root, &rel);
        if system || exclude.is_match(native(&rel)) {
            let why = if system { PassedOverReason::System } else { PassedOverReason::Excluded };
            passed.pass(self.root, &rel, why);
            return Vec::new();
        }
        // Links on the way to it are as whoever named it wants them.
        let is_link = self.listings.kind(&start) != Some(Kind::File) && tree.is_link(&start);
        let obstacle = if is_link { self.target(&start).err() } else { None };
        vec![Asset { rel, ..self.file(start, &Ok(stat), obstacle) }]
    }

    /// The root as people call it.
    fn whole(&self) -> String {
        let tree = self.listings.tree();
        tree.local_path("").map_or_else(|| tree.name(), |path| lossless(&path))
    }

    /// Why a file is passed over, if it is.
    fn passes_over_file(&self, name: &str, path: &str, exclude: &GlobSet) -> Option<PassedOverReason> {
        let litter = is_system_file(name) || self.in_system_folder(path);
        if litter && !self.named.has_file(self.root, path) {
            return Some(PassedOverReason::System);
        }
        exclude.is_match(native(path)).then_some(PassedOverReason::Excluded)
    }

    /// Whether one of the folders between the start and a path is a system's.
    fn in_system_folder(&self, path: &str) -> bool {
        let below = path.strip_prefix(self.base.as_str()).unwrap_or(path);
        below.rsplit_once('/').is_some_and(|(folder, _)| folder.split('/').any(is_system_folder))
    }

    /// Why a further folder is not entered by a link, if it is not.
    fn too_many_links(&self) -> Option<Problem> {
        let full = self.linked_folders >= limits::LINKED_FOLDERS || self.linked_files >= limits::LINKED_FILES;
        let what = "links to folders multiply what is to be read: this one is not followed any more";
        full.then(|| Problem::limit("link", 0, what))
    }

    fn stat(&self, path: &str) -> std::io::Result<Stat> {
        self.listings.tree().stat_listed(path)
    }

    /// A folder to be walked, if it is to be; `Err` says why it is passed over.
    fn below(
        &self,
        path: String,
        name: &str,
        link: bool,
        (around, exclude): (&str, &GlobSet),
    ) -> Result<Option<Below>, PassedOverReason> {
        let litter = is_system_folder(name) || self.in_system_folder(&path);
        if litter && !self.named.has_folder(self.root, &path) {
            return Err(PassedOverReason::System);
        }
        if exclude.is_match(native(&path)) {
            return Err(PassedOverReason::Excluded);
        }
        if !link {
            return Ok(Some(Below::Folder { target: io::join(around, name), path }));
        }
        let target = match self.target(&path) {
            Ok(target) => target,
            Err(problem) => return Ok(Some(Below::Refused(Box::new(self.asset(path, None, Some(problem)))))),
        };
        // A folder that is in itself is seen once more, under the name that the link gives it; then it ends.
        let above = self.open.iter().map(|folder| folder.target.as_str()).chain([around]);
        let repeated = above.filter(|above| *above == target).count() > 1;
        Ok((!repeated).then_some(Below::Linked { path, target }))
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

    /// The path to open of what lies at this place.
    fn path_of(&self, rel: &str) -> PathBuf {
        let tree = self.listings.tree();
        // Elsewhere than on this machine it goes by its address, which no file of this machine is called.
        tree.local_path(rel).unwrap_or_else(|| PathBuf::from(io::join(&tree.name(), rel)))
    }

    fn asset(&self, rel: String, stat: Option<&Stat>, obstacle: Option<Problem>) -> Asset {
        let path = self.path_of(&rel);
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

/// Whether a walk over a folder would pass over what lies there at this path.
#[must_use]
pub fn passes_over(rel: &Path, exclude: &GlobSet) -> bool {
    let system = rel.components().any(|part| is_system(part.as_os_str()));
    system || rel.ancestors().any(|part| part != Path::new("") && exclude.is_match(part))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn walk(root: &Path) -> (Vec<Asset>, u64) {
        let mut walk = Walk::new(&[root.to_path_buf()], GlobSet::empty());
        let assets = walk.by_ref().flatten().collect();
        let passed = walk.passed_over();
        (assets, passed.system + passed.excluded)
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
        assert_eq!(rels(&assets), ["broken.png", "inside.png", "out.png", "a/real.png", "a/loop/real.png", "outdir"]);
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
    fn each_link_to_a_folder_is_followed_under_its_own_name() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for path in ["a/temp", "final", "work"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        std::fs::write(root.join("work/f.png"), b"x").unwrap();
        symlink(root.join("work"), root.join("a/temp/ref")).unwrap();
        symlink(root.join("work"), root.join("final/stills")).unwrap();
        let (assets, passed) = walk(root);
        assert_eq!((rels(&assets), passed), (vec!["a/temp/ref/f.png", "final/stills/f.png", "work/f.png"], 0));
    }

    #[test]
    fn a_link_to_a_folder_around_it_shows_that_folder_once_more() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("final")).unwrap();
        std::fs::create_dir_all(root.join("temp")).unwrap();
        std::fs::write(root.join("temp/f.png"), b"x").unwrap();
        symlink(root, root.join("final/all")).unwrap();
        let (assets, _) = walk(root);
        assert_eq!(rels(&assets), ["final/all/temp/f.png", "temp/f.png"]);
    }

    #[test]
    fn links_that_multiply_a_tree_end_and_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        // Each folder leads twice into the next: 2^16 ways to the file.
        for n in 0..16 {
            std::fs::create_dir(root.join(format!("f{n:02}"))).unwrap();
        }
        for n in 0..15 {
            for link in ["x", "y"] {
                symlink(root.join(format!("f{:02}", n + 1)), root.join(format!("f{n:02}/{link}"))).unwrap();
            }
        }
        std::fs::write(root.join("f15/f.png"), b"x").unwrap();
        let (assets, _) = walk(root);
        assert!(assets.len() < 4 * limits::LINKED_FOLDERS, "{}", assets.len());
        let told = |a: &&Asset| a.obstacle.as_ref().is_some_and(|p| p.kind == ProblemKind::Limit && p.blocking);
        assert!(assets.iter().any(|a| told(&a)));
    }

    #[test]
    fn what_a_manifest_names_below_a_system_name_is_walked() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("reel/.Trashes/deep")).unwrap();
        for name in
            ["reel/.Trashes/insert.mxf", "reel/.Trashes/other.mxf", "reel/.Trashes/deep/x.mxf", "reel/Thumbs.db"]
        {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let list = "<hashlist version='1.1'><hash><file>.Trashes/insert.mxf</file><size>1</size>\
                    <md5>9dd4e461268c8034f5c8564e155c67a6</md5></hash></hashlist>";
        std::fs::write(dir.path().join("reel/x.mhl"), list).unwrap();
        let roots = Roots::local(&[dir.path().to_path_buf()]);
        let packages = crate::survey::deliveries(&roots, &GlobSet::empty(), &std::sync::atomic::AtomicBool::new(false));
        let mut walk = Walk::over(&roots, GlobSet::empty()).naming(Named::of(&packages));
        let assets: Vec<_> = walk.by_ref().flatten().collect();
        assert_eq!(rels(&assets), ["reel/x.mhl", "reel/.Trashes/insert.mxf"]);
        let passed: Vec<_> = walk.passed_over().paths.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(passed, ["reel/Thumbs.db", "reel/.Trashes/deep", "reel/.Trashes/other.mxf"]);
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
