//! The members of an archive as a tree: a member is an entry like a file of a drive.
//!
//! Names that would lead out of the archive are in no folder of it. What is opened here are the manifests of packages:
//! what they unfold to is bounded for all archives in one file together, and each is unfolded once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Archive, Row};
use crate::walk;
use countersign_delivery::packages;
use countersign_io::{ByteRange, Entry, Folder, Handle, Kind, Stat, TempSpace, Tree};
use countersign_media::member::Member;
use countersign_model::Problem;
use countersign_model::limits;

/// The members by their places.
#[derive(Debug)]
pub(super) struct ArchiveTree {
    name: String,
    files: HashMap<String, (Member, u64)>,
    folders: HashMap<String, Names>,
    links: HashSet<String>,
    /// Not all folders found room.
    pub(super) full: bool,
    space: TempSpace,
    unfolded: Mutex<Unfolded>,
}

/// The files and folders in a folder.
#[derive(Debug, Default)]
struct Names {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

/// What was unfolded so far.
#[derive(Debug)]
struct Unfolded {
    /// Bytes that still may be.
    left: u64,
    /// By path: the limit above is that of all of it together.
    kept: HashMap<String, ByteRange>,
}

impl ArchiveTree {
    /// The members of an archive before any of them was handed out; at most `manifests` bytes are unfolded.
    pub(super) fn of(archive: &Archive, manifests: u64, space: &TempSpace) -> Self {
        let mut tree = Self {
            name: archive.rel.clone(),
            files: HashMap::new(),
            folders: HashMap::from([(String::new(), Names::default())]),
            links: HashSet::new(),
            full: false,
            space: space.clone(),
            unfolded: Mutex::new(Unfolded { left: manifests, kept: HashMap::new() }),
        };
        let safe = |row: &&Row| row.safe && row.shown.matches('/').count() < limits::ARCHIVED_DEPTH;
        for row in archive.passed.iter().filter(safe) {
            tree.files.insert(row.shown.clone(), (row.member.clone(), row.size));
        }
        for row in archive.folders.iter().flatten().filter(safe) {
            let (folder, name) = split(&row.shown);
            // Of two members of one name the later is what stays when they are unpacked.
            tree.files.insert(row.shown.clone(), (row.member.clone(), row.size));
            tree.folder(folder);
            if let Some(names) = tree.folders.get_mut(folder) {
                names.files.insert(name.to_owned());
            }
        }
        for bare in &archive.bare {
            let bare = bare.strip_prefix("./").unwrap_or(bare);
            match bare.strip_suffix('/') {
                None => drop(tree.links.insert(bare.to_owned())),
                Some(folder) if packages::inside(folder).is_ok_and(|plain| plain == folder) => tree.folder(folder),
                Some(_) => {}
            }
        }
        tree
    }

    /// Takes up a folder and those around it.
    fn folder(&mut self, mut folder: &str) {
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
        self.folders.insert(folder.to_owned(), Names::default());
        let mut known = false;
        while !known {
            let (above, name) = split(folder);
            known = self.folders.contains_key(above);
            self.folders.entry(above.to_owned()).or_default().folders.insert(name.to_owned());
            folder = above;
        }
    }

    /// Whether there is only a link at a path.
    pub(super) fn is_link(&self, path: &str) -> bool {
        !self.files.contains_key(path) && self.links.contains(path)
    }

    /// Bytes that still may be unfolded.
    pub(super) fn left(&self) -> u64 {
        self.unfolded.lock().unwrap_or_else(PoisonError::into_inner).left
    }

    /// The bytes of a manifest.
    fn manifest(&self, path: &str, member: &Member) -> std::result::Result<ByteRange, Problem> {
        let mut unfolded = self.unfolded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = unfolded.kept.get(path) {
            return Ok(kept.clone());
        }
        let folded = member.decompressed_size();
        if let Some(size) = folded {
            if size > unfolded.left.min(limits::MANIFEST as u64) {
                let what = format!("{size} bytes that are packed: more than is unfolded of manifests in an archive");
                return Err(Problem::limit("", 0, what));
            }
            unfolded.left -= size;
        }
        let opened = member.open(&self.space)?;
        if let Some(problem) = opened.problem {
            return Err(problem);
        }
        if folded.is_some() {
            unfolded.kept.insert(path.to_owned(), opened.held.clone());
        }
        Ok(opened.held)
    }
}

impl Tree for ArchiveTree {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn list(&self, folder: &str) -> Result<Folder> {
        let names = self.folders.get(folder).ok_or_else(absent)?;
        // In an archive one name may be both.
        let files = names.files.iter().map(|name| (name.clone(), Kind::File));
        let mut all: Vec<_> = files.chain(names.folders.iter().map(|name| (name.clone(), Kind::Folder))).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Folder::of(all)
    }

    fn stat(&self, path: &str) -> Result<Stat> {
        match self.files.get(path) {
            Some((_, size)) => Ok(Stat { kind: Kind::File, len: *size, ..Stat::default() }),
            None if self.folders.contains_key(path) => Ok(Stat { kind: Kind::Folder, ..Stat::default() }),
            None => Err(absent()),
        }
    }

    fn open(&self, entry: &Entry) -> Result<Arc<dyn Handle>> {
        let (member, _) = self.files.get(&entry.path).ok_or_else(absent)?;
        let bytes = self.manifest(&entry.path, member).map_err(|problem| Error::other(problem.what))?;
        Ok(Arc::new(bytes))
    }

    fn resolve(&self, path: &str) -> Result<Option<String>> {
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part != ".." {
                parts.push(part);
            } else if parts.pop().is_none() {
                return Err(Error::other("the path leads out of the archive"));
            }
        }
        Ok(Some(parts.join("/")))
    }
}

fn absent() -> Error {
    Error::new(ErrorKind::NotFound, "the archive holds no such file")
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
