//! Manifest stores in files beside the asset (C2PA 2.2, section 11.4): `name.ext.c2pa` and `name.c2pa`.
//!
//! `name.c2pa` may go with several files of one stem; which of them it speaks of is for the hash to tell. Where both
//! are there and differ, both speak: the state is that of the first whose seal holds, else of the first.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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

/// The manifest stores beside the asset, `name.ext.c2pa` before `name.c2pa`; the same bytes by two names are one.
pub(super) fn find(path: &Path, sidecars: &[PathBuf], facts: &mut Facts) -> Vec<Beside> {
    let is_store = |p: &&PathBuf| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("c2pa")) && p.as_path() != path;
    let mut candidates: Vec<_> = sidecars.iter().filter(is_store).collect();
    candidates.sort_by_key(|p| (p.file_stem() != path.file_name(), (*p).clone()));
    let mut found: Vec<Beside> = Vec::new();
    for candidate in candidates.into_iter().take(MOST) {
        let name = candidate.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let place = format!("sidecar {name}");
        let read = Source::open(candidate).map_err(Problem::from);
        match read.and_then(|mut s| s.whole(limits::SIDECAR).map(std::borrow::Cow::into_owned)) {
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

/// The files of the folder that was asked about last, by stem: assets of one folder come together.
#[derive(Debug, Default)]
pub(super) struct Rivals(Mutex<Option<Listing>>);

type Listing = (PathBuf, Arc<HashMap<OsString, Vec<PathBuf>>>);

impl Rivals {
    /// Other files of the same stem beside the asset, in the order of their names.
    pub(super) fn of(&self, path: &Path) -> Vec<PathBuf> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let stems = self.stems(folder);
        let same = path.file_stem().and_then(|stem| stems.get(stem)).map(Vec::as_slice).unwrap_or_default();
        same.iter().filter(|p| p.file_name() != path.file_name()).take(RIVALS).cloned().collect()
    }

    fn stems(&self, folder: &Path) -> Arc<HashMap<OsString, Vec<PathBuf>>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, stems)) = last.as_ref().filter(|(listed, _)| listed == folder) {
            return Arc::clone(stems);
        }
        let stems = Arc::new(list(folder));
        *last = Some((folder.to_path_buf(), Arc::clone(&stems)));
        stems
    }
}

fn list(folder: &Path) -> HashMap<OsString, Vec<PathBuf>> {
    let mut stems: HashMap<OsString, Vec<PathBuf>> = HashMap::new();
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(limits::ITEMS).flatten();
    for entry in entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_file())) {
        let path = entry.path();
        let companion = path.extension().is_some_and(|e| SIDECARS.iter().any(|c| e.eq_ignore_ascii_case(c)));
        if let Some(stem) = path.file_stem().filter(|_| !companion) {
            stems.entry(stem.to_os_string()).or_default().push(path);
        }
    }
    stems.values_mut().for_each(|paths| paths.sort());
    stems
}
