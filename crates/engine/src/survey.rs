//! The pass before the walk: lists each folder once, and opens the packages whose manifests' names it finds. It knows
//! trees only: a drive and an archive are surveyed alike.
//!
//! No file is looked at but the manifests; links to folders are not followed, since what they lead to is listed in
//! its own place.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use globset::GlobSet;

use crate::walk::{self, lossless};
use countersign_delivery::packages::{
    self, FileIndex, Folder, Info, Listing, PackageFiles, PackageIndex, PackageManifest, PackageRoot,
};
use countersign_io::paths::{lossless_bytes, native, plain};
use countersign_io::source::Source;
use countersign_io::{self as io, Entry, Kind, Listings, Roots};
use countersign_model::{PackageFault, PackageFaultKind, Problem, ProblemKind};

/// Every package below `roots`; ends early when told to.
///
/// ```
/// use std::sync::atomic::AtomicBool;
///
/// use countersign_engine::survey;
/// use countersign_io::Roots;
///
/// let roots = Roots::local(&["../../fixtures/custody/bag".into()]);
/// let packages = survey::deliveries(&roots, &globset::GlobSet::empty(), &AtomicBool::new(false));
/// assert_eq!(packages.len(), 1);
/// ```
#[must_use]
pub fn deliveries(roots: &Roots, exclude: &GlobSet, stop: &AtomicBool) -> PackageIndex {
    let mut found = PackageIndex::default();
    for (index, listings) in roots.iter().enumerate() {
        each_folder(listings, exclude, stop, &mut |folder, listing| {
            for (info, opened) in packages_in(folder, listing) {
                let opened = mark_skipped_members_optional(opened, folder, exclude);
                let at = PackageRoot { root: index, rel: &native(folder.folder) };
                found.add(info, at, opened, lossless);
            }
        });
    }
    found.link();
    found
}

/// Shows every folder of a tree to `visit`, a folder before those in it, in byte order; each is listed once.
pub(crate) fn each_folder(
    listings: &Listings,
    exclude: &GlobSet,
    stop: &AtomicBool,
    visit: &mut dyn FnMut(&TreeFolder<'_>, &Listing),
) {
    let whole = WholeTree { listings, exclude, stop, index: OnceCell::new() };
    whole.each(&mut |folder, listing| visit(&TreeFolder { folder, whole: &whole }, listing));
}

/// A tree whose folders are visited, and what was found out about all of it.
struct WholeTree<'a> {
    listings: &'a Listings,
    exclude: &'a GlobSet,
    stop: &'a AtomicBool,
    /// Made when a manifest first asks for it: most name files by their own folder.
    index: OnceCell<FileIndex>,
}

impl WholeTree<'_> {
    fn each(&self, visit: &mut dyn FnMut(&str, &Listing)) {
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop().filter(|_| !self.stop.load(Ordering::Relaxed)) {
            // A folder that cannot be listed is a finding of the walk's.
            let Ok(names) = self.listings.folder(&folder) else { continue };
            let (listing, mut below) = sorted(&names, &folder, self.exclude);
            visit(&folder, &listing);
            below.reverse();
            open.append(&mut below);
        }
    }

    fn index(&self) -> &FileIndex {
        self.index.get_or_init(|| {
            let mut index = FileIndex::default();
            self.each(&mut |folder, listing| {
                // No text names what lies in a folder whose name is none.
                if let Some(folder) = plain(folder) {
                    index.add(&folder, listing);
                }
            });
            index.sort();
            index
        })
    }
}

/// The packages right in one folder.
pub(crate) fn packages_in(folder: &TreeFolder<'_>, listing: &Listing) -> Vec<(&'static Info, PackageManifest)> {
    let place = Folder::new(folder.folder, listing, folder);
    let fitting = packages::ALL.iter().filter(|kind| kind.detect(listing));
    fitting
        .filter_map(|kind| match kind.open(&place) {
            Ok(opened) => Some((kind.info(), opened?)),
            Err(problem) => Some((kind.info(), unreadable(problem))),
        })
        .collect()
}

/// A package of which only this is known, that its manifest cannot be read.
fn unreadable(problem: Problem) -> PackageManifest {
    let mut opened = PackageManifest { expected_unlisted: vec![problem.place.clone()], ..PackageManifest::default() };
    opened.faults.push(PackageFault::new(PackageFaultKind::Malformed, problem.place, problem.what));
    opened
}

/// Members that the walk passes over are not missing: excluded paths. What lies below system names is walked where a
/// manifest names it.
fn mark_skipped_members_optional(
    mut opened: PackageManifest,
    folder: &TreeFolder<'_>,
    exclude: &GlobSet,
) -> PackageManifest {
    for member in &mut opened.members {
        let root = native(folder.folder);
        let base = member.base(&root);
        let excluded = !exclude.is_empty()
            && Path::new(&member.path)
                .ancestors()
                .any(|part| part != Path::new("") && exclude.is_match(base.join(part)));
        member.optional |= excluded;
    }
    opened
}

/// The names in a folder that packages may see, and the folders in it by path, both in byte order.
fn sorted(names: &io::Folder, rel: &str, exclude: &GlobSet) -> (Listing, Vec<String>) {
    let (mut listing, mut below) = (Listing::default(), Vec::new());
    for (name, kind) in names.iter() {
        let path = io::join(rel, name);
        if walk::is_system(name.as_ref()) || exclude.is_match(native(&path)) {
            continue;
        }
        let text = plain(name).map(std::borrow::Cow::into_owned);
        match kind {
            Kind::Folder => {
                listing.folders.extend(text);
                below.push(path);
            }
            Kind::File | Kind::Link => listing.files.extend(text),
            Kind::Other => {}
        }
    }
    listing.files.sort();
    listing.folders.sort();
    (listing, below)
}

/// One folder of a tree, for packages to read in.
pub(crate) struct TreeFolder<'a> {
    folder: &'a str,
    whole: &'a WholeTree<'a>,
}

impl TreeFolder<'_> {
    /// Below the tree's root.
    pub(crate) fn path(&self) -> &str {
        self.folder
    }

    /// A path that a manifest names, as a path of the tree.
    fn below(&self, path: &str) -> String {
        io::join(self.folder, &lossless_bytes(path.as_bytes()))
    }

    fn resolved(&self, path: &str) -> Result<String, Problem> {
        let target = self.whole.listings.tree().resolve(&self.below(path)).map_err(|e| refused(&e))?;
        let what = "the link leads out of the scanned folder and is not followed";
        target.ok_or_else(|| Problem::new(ProblemKind::Unsupported, "", None, what))
    }
}

impl PackageFiles for TreeFolder<'_> {
    fn source(&self, path: &str) -> Result<Source, Problem> {
        let (path, tree) = (self.resolved(path)?, self.whole.listings.tree());
        // A pipe would block for ever when opened.
        let stat = tree.stat(&path).map_err(|e| refused(&e))?;
        if stat.kind != Kind::File {
            return Err(Problem::new(ProblemKind::Unsupported, "", None, "not a regular file"));
        }
        let handle = tree.open(&Entry { path, stat }).map_err(|e| refused(&e))?;
        Ok(Source::new(&io::ByteRange::of(handle)))
    }

    fn list(&self, path: &str) -> Result<Listing, Problem> {
        let names = self.whole.listings.folder(&self.resolved(path)?).map_err(|e| refused(&e))?;
        Ok(sorted(&names, "", &GlobSet::empty()).0)
    }

    fn index(&self) -> Option<&FileIndex> {
        Some(self.whole.index())
    }
}

fn refused(error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::Io, "", None, error.to_string())
}
