//! The members of an archive as a tree: a member is an entry like a file of a drive.
//!
//! Names that would lead out of the archive are in no folder of it. What is opened here are the manifests of packages:
//! what they unfold to is bounded for all archives in one file together, and each is unfolded once.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Archive, Entries, Row, place, split};
use crate::walk;
use countersign_delivery::packages;
use countersign_io::{ByteRange, Entry, Folder, Handle, Kind, Stat, TempSpace, Tree};
use countersign_media::member::Member;
use countersign_model::Problem;
use countersign_model::limits;

/// The members by their places: they stay where the archive keeps them, in an order in which each is found.
#[derive(Debug)]
pub(super) struct ArchiveTree {
    name: String,
    entries: Arc<Entries>,
    rows: Arc<Vec<Row>>,
    passed: Arc<Vec<Row>>,
    /// The folders in which packages are looked for, each after the folder around it and then by its name.
    folders: Vec<Box<str>>,
    /// Names of links, sorted.
    links: Vec<Arc<str>>,
    /// Not all folders found room.
    pub(super) full: bool,
    space: TempSpace,
    unfolded: Mutex<Unfolded>,
}

/// Folders while they are found.
#[derive(Debug)]
struct Folders {
    known: HashSet<Box<str>>,
    /// Bytes of their paths.
    text: usize,
    full: bool,
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
    pub(super) fn of(archive: &mut Archive, manifests: u64, space: &TempSpace) -> Self {
        let mut folders = Folders { known: HashSet::from(["".into()]), text: 0, full: false };
        let mut last = "";
        for row in archive.rows.iter().filter(|row| is_placed(row)) {
            let folder = row.place().0;
            if folder != last {
                folders.add(folder);
            }
            last = folder;
        }
        let mut links = Vec::new();
        for bare in std::mem::take(&mut archive.bare) {
            match without_dot(&bare).strip_suffix('/') {
                None => links.push(bare),
                Some(folder) if packages::inside(folder).is_ok_and(|plain| plain == folder) => folders.add(folder),
                Some(_) => {}
            }
        }
        links.sort_unstable_by(|a, b| without_dot(a).cmp(without_dot(b)));
        let full = folders.full;
        let mut folders: Vec<_> = folders.known.into_iter().collect();
        folders.sort_unstable_by(|a, b| split(a).cmp(&split(b)));
        Self {
            name: archive.rel.clone(),
            entries: Arc::clone(&archive.entries),
            rows: Arc::clone(&archive.rows),
            passed: Arc::clone(&archive.passed),
            folders,
            links,
            full,
            space: space.clone(),
            unfolded: Mutex::new(Unfolded { left: manifests, kept: HashMap::new() }),
        }
    }

    /// The member at a path. Of two members of one name the later is what stays when they are unpacked.
    fn file(&self, path: &str) -> Option<&Row> {
        last_of(&self.rows, path).or_else(|| last_of(&self.passed, path)).filter(|row| is_placed(row))
    }

    /// Whether packages are looked for in the folder at a path.
    fn has_folder(&self, path: &str) -> bool {
        self.folders.binary_search_by(|folder| split(folder).cmp(&split(path))).is_ok()
    }

    /// Whether there is only a link at a path.
    pub(super) fn is_link(&self, path: &str) -> bool {
        self.file(path).is_none() && self.links.binary_search_by(|link| without_dot(link).cmp(path)).is_ok()
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
        if !self.has_folder(folder) {
            return Err(absent());
        }
        let files = within(&self.rows, folder, |row| row.place()).iter().filter(|row| is_placed(row));
        let files = files.map(|row| (split(&row.shown).1, Kind::File));
        let folders =
            within(&self.folders, folder, |path| split(path)).iter().map(|path| (split(path).1, Kind::Folder));
        // The root is in no folder.
        let mut all: Vec<_> = files.chain(folders.filter(|(name, _)| !name.is_empty())).collect();
        // In an archive one name may be both, and one file there twice.
        all.sort_by(|a, b| a.0.cmp(b.0));
        all.dedup();
        Folder::of(all.into_iter().map(|(name, kind)| (name.to_owned(), kind)))
    }

    fn stat(&self, path: &str) -> Result<Stat> {
        match self.file(path) {
            Some(row) => Ok(Stat { kind: Kind::File, len: self.entries.size(row.number()), ..Stat::default() }),
            None if self.has_folder(path) => Ok(Stat { kind: Kind::Folder, ..Stat::default() }),
            None => Err(absent()),
        }
    }

    fn open(&self, entry: &Entry) -> Result<Arc<dyn Handle>> {
        let row = self.file(&entry.path).ok_or_else(absent)?;
        let member = self.entries.member(row.number());
        let bytes = self.manifest(&entry.path, &member).map_err(|problem| Error::other(problem.what))?;
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

impl Folders {
    /// Takes up a folder and those around it.
    fn add(&mut self, mut folder: &str) {
        if self.known.contains(folder) {
            return;
        }
        let litter = folder.split('/').any(|part| walk::is_system(OsStr::new(part)));
        if litter || folder.matches('/').count() >= limits::ARCHIVED_DEPTH {
            return;
        }
        if self.known.len() >= limits::ARCHIVED_FOLDERS || self.text >= limits::ARCHIVED_FOLDER_NAMES {
            self.full = true;
            return;
        }
        while self.known.insert(folder.into()) {
            self.text += folder.len();
            folder = split(folder).0;
        }
    }
}

/// Whether a member has a place in the tree: its name stays in the archive, and not too deep.
fn is_placed(row: &Row) -> bool {
    row.safe && row.shown.matches('/').count() < limits::ARCHIVED_DEPTH
}

/// Those of a sorted list that are right in a folder.
fn within<'a, T>(list: &'a [T], folder: &str, place: impl Fn(&T) -> (&str, &str)) -> &'a [T] {
    let from = list.partition_point(|one| place(one).0 < folder);
    let to = list.partition_point(|one| place(one).0 <= folder);
    list.get(from..to).unwrap_or_default()
}

/// The last of the rows that have this path.
fn last_of<'a>(rows: &'a [Row], path: &str) -> Option<&'a Row> {
    let end = rows.partition_point(|row| row.place() <= place(path));
    rows.get(..end)?.last().filter(|row| *row.shown == *path)
}

/// A name as `tar c .` writes it, without the dot.
fn without_dot(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}

fn absent() -> Error {
    Error::new(ErrorKind::NotFound, "the archive holds no such file")
}
