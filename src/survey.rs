//! The pass before the walk: lists each folder once, and opens the packages whose manifests' names it finds.
//!
//! No file is looked at but the manifests; links to folders are not followed, since what they lead to is listed in
//! its own place.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use globset::GlobSet;

use crate::model::{PackageFault, PackageFaultKind, Problem, ProblemKind};
use crate::packages::{self, Deliveries, Folder, Ground, Listing, Opened};
use crate::source::Source;
use crate::walk::{self, lossless};

/// Every package below `roots`; ends early when told to.
#[must_use]
pub fn deliveries(roots: &[PathBuf], exclude: &GlobSet, stop: &AtomicBool) -> Deliveries {
    let mut found = Deliveries::default();
    for (index, base) in roots.iter().enumerate() {
        // A root that cannot be resolved is a finding of the walk's.
        let Ok(canonical) = std::fs::canonicalize(base) else { continue };
        let mut open = vec![PathBuf::new()];
        while let Some(rel) = open.pop().filter(|_| !stop.load(Ordering::Relaxed)) {
            let Ok((listing, mut below)) = list(base, &rel, exclude) else { continue };
            let shelf = Shelf { folder: base.join(&rel), root: &canonical };
            let name = lossless(&rel);
            let folder = Folder::new(&name, &listing, &shelf);
            for kind in packages::ALL.iter().filter(|kind| kind.detect(&listing)) {
                let opened = match kind.open(&folder) {
                    Ok(None) => continue,
                    Ok(Some(opened)) => opened,
                    Err(problem) => unreadable(problem),
                };
                found.add(kind.info(), index, &rel, excused(opened, &rel, &shelf, exclude), lossless);
            }
            below.reverse();
            open.append(&mut below);
        }
    }
    found.link();
    found
}

/// A package of which only this is known, that its manifest cannot be read.
pub(crate) fn unreadable(problem: Problem) -> Opened {
    let mut opened = Opened { aside: vec![problem.place.clone()], ..Opened::default() };
    opened.faults.push(PackageFault { kind: PackageFaultKind::Malformed, path: problem.place, what: problem.what });
    opened
}

/// Members that the walk passes over are not missing: excluded paths, and system files that are there.
fn excused(mut opened: Opened, rel: &Path, shelf: &Shelf<'_>, exclude: &GlobSet) -> Opened {
    for member in &mut opened.members {
        let system = member.path.split('/').any(|part| walk::is_system(part.as_ref()));
        let there = || std::fs::symlink_metadata(shelf.folder.join(&member.path)).is_ok();
        let excluded = !exclude.is_empty()
            && Path::new(&member.path)
                .ancestors()
                .any(|part| part != Path::new("") && exclude.is_match(rel.join(part)));
        member.optional |= excluded || system && there();
    }
    opened
}

/// The names in a folder, and the folders in it by path below the root, both in byte order.
fn list(base: &Path, rel: &Path, exclude: &GlobSet) -> std::io::Result<(Listing, Vec<PathBuf>)> {
    let (mut listing, mut below) = (Listing::default(), Vec::new());
    for entry in std::fs::read_dir(base.join(rel))? {
        // What cannot be listed is a finding of the walk's.
        let Ok(entry) = entry else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        let path = rel.join(&name);
        if walk::is_system(&name) || exclude.is_match(&path) {
            continue;
        }
        let text = name.to_str().map(str::to_owned);
        if kind.is_dir() {
            listing.folders.extend(text);
            below.push(path);
        } else if kind.is_file() || kind.is_symlink() {
            listing.files.extend(text);
        }
    }
    listing.files.sort();
    listing.folders.sort();
    below.sort();
    Ok((listing, below))
}

/// One folder of a scanned root, for packages to read in.
struct Shelf<'a> {
    folder: PathBuf,
    /// The scanned root, links resolved.
    root: &'a Path,
}

impl Shelf<'_> {
    fn resolved(&self, path: &str) -> Result<PathBuf, Problem> {
        let target = std::fs::canonicalize(self.folder.join(path)).map_err(|e| refused(&e))?;
        if target.starts_with(self.root) {
            return Ok(target);
        }
        let what = "the link leads out of the scanned folder and is not followed";
        Err(Problem::new(ProblemKind::Unsupported, "", None, what))
    }
}

impl Ground for Shelf<'_> {
    fn source(&self, path: &str) -> Result<Source, Problem> {
        let target = self.resolved(path)?;
        // A pipe would block for ever when opened.
        if !std::fs::metadata(&target).map_err(|e| refused(&e))?.is_file() {
            return Err(Problem::new(ProblemKind::Unsupported, "", None, "not a regular file"));
        }
        Source::open(&target).map_err(|e| refused(&e))
    }

    fn list(&self, path: &str) -> Result<Listing, Problem> {
        let target = self.resolved(path)?;
        list(&target, Path::new(""), &GlobSet::empty()).map(|(listing, _)| listing).map_err(|e| refused(&e))
    }
}

fn refused(error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::Io, "", None, error.to_string())
}
