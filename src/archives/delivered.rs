//! The delivery packages inside an archive: found by the names of its members, their manifests read where they stand.
//! The second ground for packages beside the drive's, which is in `survey`.
//!
//! Names that would lead out of the archive belong to no package. What manifests unfold to is bounded for all archives in
//! one file together, and each is unfolded once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use globset::GlobSet;

use super::{Archive, Budget, Row};
use crate::limits;
use crate::member::{Member, Room};
use crate::model::{Problem, ProblemKind};
use crate::packages::{self, Deliveries, Folder, Ground, Listing, Opened, archive};
use crate::source::{Held, Source};
use crate::survey;
use crate::walk;

impl Archive {
    /// The packages in it, before any of its members was handed out; ends early when told to.
    pub fn deliveries(&mut self, budget: &mut Budget, room: &Room, exclude: &GlobSet, stop: &AtomicBool) -> Deliveries {
        let mut found = Deliveries::default();
        // One file alone is no package.
        if self.single {
            return found;
        }
        let tree = Tree::of(self);
        let desk = Desk { room, left: Cell::new(budget.manifests), kept: RefCell::default() };
        // In the walk's order.
        let mut folders: Vec<&str> = tree.folders.keys().copied().collect();
        folders.sort_by(|a, b| Path::new(a).cmp(Path::new(b)));
        for folder in folders.into_iter().take_while(|_| !stop.load(Ordering::Relaxed)) {
            let listing = tree.listing(folder);
            let shelf = Shelf { folder, tree: &tree, desk: &desk };
            let place = Folder::new(folder, &listing, &shelf);
            for kind in packages::ALL.iter().filter(|kind| kind.detect(&listing)) {
                let opened = match kind.open(&place) {
                    Ok(None) => continue,
                    Ok(Some(opened)) => opened,
                    Err(problem) => survey::unreadable(problem),
                };
                let opened = self.excused(opened, folder, &tree, exclude);
                let rel = self.below(folder);
                let rel = Path::new(rel.trim_end_matches('/'));
                found.add(kind.info(), self.root, rel, opened, |path| path.to_string_lossy().into_owned());
            }
        }
        budget.manifests = desk.left.get();
        let full = tree.full;
        if full {
            let what = format!("more than {} folders: packages are not looked for in all", limits::ARCHIVED_FOLDERS);
            self.faults.push(archive::fault(&self.rel, what));
        }
        found.link();
        found
    }

    /// Members that are no assets are not missing: what is excluded, system files that are there, and links.
    fn excused(&self, mut opened: Opened, folder: &str, tree: &Tree<'_>, exclude: &GlobSet) -> Opened {
        let mut linked = 0_u64;
        for member in &mut opened.members {
            let path = join(folder, &member.path);
            let link = !tree.files.contains_key(path.as_str()) && tree.links.contains(path.as_str());
            linked += u64::from(link);
            member.optional |= link || tree.passed.contains(path.as_str()) || self.excluded(&path, exclude);
        }
        if linked > 0 {
            opened.remarks.push(format!("members that are links in the archive and were not compared: {linked}"));
        }
        opened
    }
}

/// `path` below `folder`, where an empty folder is the archive.
fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The members by their places.
struct Tree<'a> {
    files: HashMap<&'a str, &'a Member>,
    folders: HashMap<&'a str, Names<'a>>,
    /// Files that are no assets.
    passed: HashSet<&'a str>,
    links: HashSet<&'a str>,
    /// Not all folders found room.
    full: bool,
}

#[derive(Default)]
struct Names<'a> {
    files: BTreeSet<&'a str>,
    folders: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn of(archive: &'a Archive) -> Self {
        let mut tree = Self {
            files: HashMap::new(),
            folders: HashMap::from([("", Names::default())]),
            passed: archive.passed.iter().map(|row| row.shown.as_str()).collect(),
            links: HashSet::new(),
            full: false,
        };
        let safe = |row: &&Row| row.safe && row.shown.matches('/').count() < limits::ARCHIVED_DEPTH;
        for row in archive.passed.iter().filter(safe) {
            tree.files.insert(&row.shown, &row.member);
        }
        for row in archive.folders.iter().flatten().filter(safe) {
            let (folder, name) = split(&row.shown);
            // Of two members of one name the later is what stays when they are unpacked.
            tree.files.insert(&row.shown, &row.member);
            tree.folder(folder);
            if let Some(names) = tree.folders.get_mut(folder) {
                names.files.insert(name);
            }
        }
        for bare in &archive.bare {
            let bare = bare.strip_prefix("./").unwrap_or(bare);
            match bare.strip_suffix('/') {
                None => drop(tree.links.insert(bare)),
                Some(folder) if packages::inside(folder).is_ok_and(|plain| plain == folder) => tree.folder(folder),
                Some(_) => {}
            }
        }
        tree
    }

    /// Takes up a folder and those around it.
    fn folder(&mut self, mut folder: &'a str) {
        if self.folders.contains_key(folder) {
            return;
        }
        let litter = folder.split('/').any(|part| walk::is_system(OsStr::new(part)));
        if litter || folder.matches('/').count() >= limits::ARCHIVED_DEPTH {
            return;
        }
        if self.folders.len() >= limits::ARCHIVED_FOLDERS {
            self.full = true;
            return;
        }
        self.folders.insert(folder, Names::default());
        let mut known = false;
        while !known {
            let (above, name) = split(folder);
            known = self.folders.contains_key(above);
            self.folders.entry(above).or_default().folders.insert(name);
            folder = above;
        }
    }

    fn listing(&self, folder: &str) -> Listing {
        let Some(names) = self.folders.get(folder) else { return Listing::default() };
        let owned = |names: &BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect();
        Listing { files: owned(&names.files), folders: owned(&names.folders) }
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// What manifests are read with.
struct Desk<'a> {
    room: &'a Room,
    /// Bytes that may still be unfolded.
    left: Cell<u64>,
    /// What was unfolded, by path: the limit above is that of all of it together.
    kept: RefCell<HashMap<String, Held>>,
}

impl Desk<'_> {
    fn open(&self, path: &str, member: &Member) -> Result<Source, Problem> {
        if let Some(held) = self.kept.borrow().get(path) {
            return Ok(held.source());
        }
        let folded = member.unfolds();
        if let Some(size) = folded {
            let left = self.left.get();
            if size > left.min(limits::MANIFEST as u64) {
                let what = format!("{size} bytes that are packed: more than is unfolded of manifests in an archive");
                return Err(Problem::limit("", 0, what));
            }
            self.left.set(left - size);
        }
        let opened = member.open(self.room)?;
        if let Some(problem) = opened.problem {
            return Err(problem);
        }
        if folded.is_some() {
            self.kept.borrow_mut().insert(path.to_owned(), opened.held.clone());
        }
        Ok(opened.held.source())
    }
}

/// One folder of an archive, for packages to read in.
struct Shelf<'a> {
    folder: &'a str,
    tree: &'a Tree<'a>,
    desk: &'a Desk<'a>,
}

impl Shelf<'_> {
    /// The path in the archive.
    fn resolved(&self, path: &str) -> Result<String, Problem> {
        let mut parts: Vec<&str> = self.folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part != ".." {
                parts.push(part);
            } else if parts.pop().is_none() {
                return Err(Problem::new(ProblemKind::Unsupported, "", None, "the path leads out of the archive"));
            }
        }
        Ok(parts.join("/"))
    }
}

impl Ground for Shelf<'_> {
    fn source(&self, path: &str) -> Result<Source, Problem> {
        let path = self.resolved(path)?;
        let member = self.tree.files.get(path.as_str()).ok_or_else(absent)?;
        self.desk.open(&path, member)
    }

    fn list(&self, path: &str) -> Result<Listing, Problem> {
        let path = self.resolved(path)?;
        if !self.tree.folders.contains_key(path.as_str()) {
            return Err(absent());
        }
        Ok(self.tree.listing(&path))
    }
}

fn absent() -> Problem {
    Problem::new(ProblemKind::Io, "", None, "the archive holds no such file")
}
