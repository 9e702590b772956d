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
#[cfg(all(test, unix))]
mod tests;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;

use countersign_io::paths::{below_root, native};
use countersign_io::{self as io, Kind, Listings, Roots, Stat};
use countersign_model::limits;
use countersign_model::{Asset, NotLookedAt, PassedOverReason, Problem, ProblemKind};

pub use countersign_io::paths::{from_lossless, lossless};
use folder_files::{FileNumbers, FolderFiles};
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

    /// The next files of the open folder. What has become a folder since it was listed is walked as one.
    fn next_files(&mut self, files: &mut FolderFiles, room: usize, exclude: &GlobSet) -> Vec<Asset> {
        let mut assets = Vec::new();
        while assets.len() < room {
            let Some(number) = files.next_number() else { break };
            let Some(file) = files.file(number) else { continue };
            let (path, link) = (io::join(&files.path, file.name), file.kind == Kind::Link);
            let stat = self.stat(&path);
            if !link && stat.as_ref().is_ok_and(|stat| stat.kind == Kind::Folder) {
                let around = self.open.last().map(|folder| folder.target.clone()).unwrap_or_default();
                let found = self.below(path, file.name, false, (&around, exclude)).ok().flatten();
                if let Some(folder) = self.open.last_mut() {
                    folder.below.extend(found);
                }
                continue;
            }
            let obstacle = if link && stat.is_ok() { self.target(&path).err() } else { None };
            let mut asset = self.file(path, &stat, obstacle);
            let sidecars = file.beside.sidecars.iter().filter_map(|at| files.name(*at));
            asset.sidecars = sidecars.map(|name| self.path_of(&io::join(&files.path, name))).collect();
            asset.raw_sibling = file.beside.raw;
            assets.push(asset);
        }
        assets
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

    /// Opens a folder: its files come next, the folders in it later. Gives what cannot be opened.
    fn enter(&mut self, path: String, target: String, exclude: &GlobSet, passed: &mut NotLookedAt) -> Vec<Asset> {
        let folder = match self.listings.folder(&target) {
            Ok(folder) => folder,
            Err(e) => return vec![self.failed(&path, &e)],
        };
        let (mut files, mut below) = (FileNumbers::default(), VecDeque::new());
        for (number, (name, kind)) in folder.iter().enumerate() {
            let at = io::join(&path, name);
            let leads_to = (kind == Kind::Link).then(|| self.stat(&at));
            let is_folder = |stat: &std::io::Result<Stat>| stat.as_ref().is_ok_and(|stat| stat.kind == Kind::Folder);
            if kind == Kind::Folder || leads_to.as_ref().is_some_and(is_folder) {
                match self.below(at.clone(), name, kind == Kind::Link, (&target, exclude)) {
                    Ok(next) => below.extend(next),
                    Err(why) => passed.pass(self.root, &at, why),
                }
                continue;
            }
            let broken = leads_to.as_ref().is_some_and(Result::is_err);
            let passes = if broken { None } else { self.passes_over_file(name, &at, exclude) };
            if let Some(why) = passes {
                passed.pass(self.root, &at, why);
                continue;
            }
            let is_file = |stat: std::io::Result<Stat>| {
                stat.is_ok_and(|stat| stat.kind == Kind::File) && self.target(&at).is_ok()
            };
            files.add(number, kind == Kind::Other || leads_to.is_some_and(|stat| !is_file(stat)));
        }
        if path != target {
            self.linked_files = self.linked_files.saturating_add(files.len() as u64);
        }
        self.files = Some(FolderFiles::of(path, folder, files));
        self.open.push(OpenFolder { target, below });
        Vec::new()
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
