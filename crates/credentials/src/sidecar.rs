//! Manifest stores in files beside the asset (C2PA 2.2, section 11.4): `name.ext.c2pa` and `name.c2pa`.
//!
//! `name.c2pa` may go with several files of one stem; which of them it speaks of is for the hash to tell. Where both
//! are there and differ, both speak: the state is that of the first whose seal holds, else of the first.

use std::path::{Path, PathBuf};

use countersign_io::ByteRange;
use countersign_io::source::Source;
use countersign_media::formats::SIDECARS;
use countersign_media::tags::push_problem;
use countersign_model::limits;
use countersign_model::{Facts, Problem, Store};

/// Stores beside one asset that are read.
const MOST: usize = 4;
/// Files of one stem that a store is tried on.
const RIVALS: usize = 8;

/// A store that stands beside the asset.
#[derive(Debug)]
pub(super) struct Beside {
    pub store: Store,
    /// Whether its name names the asset with its extension: then it can be no other's.
    pub exact: bool,
}

/// What stands beside an asset: a verifier asks for it where it has to, and lists no folder by itself.
///
/// ```
/// use std::path::{Path, PathBuf};
///
/// use countersign_credentials::{Neighbors, OnDrive};
///
/// let path = Path::new("../../fixtures/delivery/final/hero_010.png");
/// // No other file beside it has this stem.
/// assert!(OnDrive.of_stem(path).is_empty());
/// assert!(OnDrive.open(path).is_ok());
/// ```
pub trait Neighbors {
    /// Opens a file that stands beside the asset.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn open(&self, path: &Path) -> Result<ByteRange, Problem>;

    /// Other regular files of the asset's stem, in the order of their names, links not followed.
    fn of_stem(&self, asset: &Path) -> Vec<PathBuf>;
}

/// The neighbors of files of this machine: the folder is listed whenever it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct OnDrive;

impl Neighbors for OnDrive {
    fn open(&self, path: &Path) -> Result<ByteRange, Problem> {
        ByteRange::open(path).map_err(Problem::from)
    }

    fn of_stem(&self, asset: &Path) -> Vec<PathBuf> {
        let folder = asset.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let entries = std::fs::read_dir(folder).into_iter().flatten().take(limits::ITEMS).flatten();
        let files = entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_file())).map(|e| e.path());
        let mut same: Vec<_> = files.filter(|p| p.file_stem() == asset.file_stem()).collect();
        same.retain(|p| p.file_name() != asset.file_name());
        same.sort();
        same
    }
}

/// Files that a store of their stem may speak of instead of the asset.
pub(super) fn rivals(asset: &Path, beside: &dyn Neighbors) -> Vec<PathBuf> {
    let is_companion =
        |path: &PathBuf| path.extension().is_some_and(|e| SIDECARS.iter().any(|c| e.eq_ignore_ascii_case(c)));
    beside.of_stem(asset).into_iter().filter(|path| !is_companion(path)).take(RIVALS).collect()
}

/// The manifest stores beside the asset, `name.ext.c2pa` before `name.c2pa`; the same bytes by two names are one.
pub(super) fn find(path: &Path, sidecars: &[PathBuf], beside: &dyn Neighbors, facts: &mut Facts) -> Vec<Beside> {
    let is_store = |p: &&PathBuf| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("c2pa")) && p.as_path() != path;
    let mut candidates: Vec<_> = sidecars.iter().filter(is_store).collect();
    candidates.sort_by_key(|p| (p.file_stem() != path.file_name(), (*p).clone()));
    let mut found: Vec<Beside> = Vec::new();
    for candidate in candidates.into_iter().take(MOST) {
        let name = candidate.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let place = format!("sidecar {name}");
        let read = beside.open(candidate);
        match read.and_then(|bytes| Source::new(&bytes).whole(limits::SIDECAR).map(std::borrow::Cow::into_owned)) {
            Err(problem) => push_problem(facts, problem.within(&place)),
            Ok(bytes) if found.iter().any(|f| f.store.bytes == bytes) => {}
            Ok(bytes) => {
                let exact = candidate.file_stem() == path.file_name();
                found.push(Beside { store: Store { place, bytes, ..Store::default() }, exact });
            }
        }
    }
    found
}
