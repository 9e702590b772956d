//! Files beside an asset whose names say that they describe it: `a.xmp` and `a.jpg.xmp` beside `a.jpg`.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::extract::SIDECARS;
use countersign_model::Asset;

/// Gives each asset the files beside it whose names say that they describe it.
pub(crate) fn with_sidecars(mut siblings: Vec<Asset>) -> Vec<Asset> {
    // Entries that could not be looked at come unsorted.
    siblings.sort_by(|a, b| a.path.cmp(&b.path));
    let names: HashMap<OsString, PathBuf> = siblings
        .iter()
        .filter(|a| a.obstacle.is_none() && extension(&a.path).is_some_and(|e| SIDECARS.contains(&e.as_str())))
        .filter_map(|a| Some((folded(a.path.file_name()?), a.path.clone())))
        .collect();
    if names.is_empty() {
        return siblings;
    }
    for asset in &mut siblings {
        if extension(&asset.path).is_none_or(|e| !SIDECARS.contains(&e.as_str())) {
            asset.sidecars = candidates(&asset.path).filter_map(|name| names.get(&name).cloned()).collect();
        }
    }
    siblings
}

/// The sidecars of a single file, found by asking for each name that one could have.
#[must_use]
pub fn sidecars(path: &Path) -> Vec<PathBuf> {
    if extension(path).is_some_and(|e| SIDECARS.contains(&e.as_str())) {
        return Vec::new();
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for name in candidates(path) {
        // An ending is written small, in capitals, or with one; where the file system does not tell, once is enough.
        let mut spellings = spellings(&name).into_iter().map(|name| path.with_file_name(name));
        found.extend(spellings.find(|sidecar| sidecar.is_file()));
    }
    found
}

/// A name with its ending in small letters: programs write `a.TXT` beside `a.png`.
fn folded(name: &OsStr) -> OsString {
    let path = Path::new(name);
    let small = |ending: &OsStr| ending.to_ascii_lowercase();
    path.extension().map_or_else(|| name.to_os_string(), |e| path.with_extension(small(e)).into_os_string())
}

/// The ways in which the ending of a name is written.
fn spellings(name: &OsStr) -> Vec<OsString> {
    let path = Path::new(name);
    let Some(ending) = path.extension().and_then(OsStr::to_str) else { return vec![name.to_os_string()] };
    let first = ending.chars().take(1).map(|c| c.to_ascii_uppercase());
    let title: String = first.chain(ending.chars().skip(1)).collect();
    let endings = [ending.to_owned(), ending.to_ascii_uppercase(), title];
    endings.into_iter().map(|ending| path.with_extension(ending).into_os_string()).collect()
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase())
}

fn candidates(path: &Path) -> impl Iterator<Item = OsString> {
    let bases = [path.file_stem(), path.file_name()].map(|b| b.map(OsStr::to_os_string));
    bases.into_iter().flatten().flat_map(|base| {
        SIDECARS.iter().map(move |ending| {
            let mut name = base.clone();
            name.push(".");
            name.push(ending);
            name
        })
    })
}
