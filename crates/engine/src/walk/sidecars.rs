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
        .filter_map(|a| Some((a.path.file_name()?.to_os_string(), a.path.clone())))
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
    candidates(path).map(|name| path.with_file_name(name)).filter(|sidecar| sidecar.is_file()).collect()
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
