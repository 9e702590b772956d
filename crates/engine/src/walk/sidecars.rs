//! Files beside an asset whose names say that they describe it: `a.xmp`, `a.jpg.xmp` and `a_api.json` beside `a.jpg`, in
//! either case.

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
        .filter_map(|a| Some((a.path.file_name()?.to_ascii_lowercase(), a.path.clone())))
        .collect();
    name_raw_files(&mut siblings);
    if names.is_empty() {
        return siblings;
    }
    for asset in &mut siblings {
        if extension(&asset.path).is_none_or(|e| !SIDECARS.contains(&e.as_str())) {
            let found = candidates(&asset.path).filter_map(|name| names.get(&name.to_ascii_lowercase()).cloned());
            asset.sidecars = found.filter(|path| *path != asset.path).collect();
        }
    }
    siblings
}

/// Endings of the raw files that cameras write beside their pictures, in lower case (the formats that are read, and those
/// that are recognized).
const RAW: &[&str] = &[
    "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "kdc", "mef", "mos", "mrw", "nef", "nrw",
    "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
];
/// Endings of the pictures that cameras write beside them.
const DEVELOPED: &[&str] = &["jpg", "jpeg", "heic", "heif", "hif"];

/// Tells each camera picture of the raw file of its name: `IMG_1.CR2` beside `IMG_1.JPG`.
fn name_raw_files(siblings: &mut [Asset]) {
    let stem = |path: &Path| path.file_stem().map(OsStr::to_ascii_lowercase);
    let is = |path: &Path, endings: &[&str]| extension(path).is_some_and(|e| endings.contains(&e.as_str()));
    let raw: HashMap<OsString, String> = siblings
        .iter()
        .filter(|a| a.obstacle.is_none() && is(&a.path, RAW))
        .filter_map(|a| Some((stem(&a.path)?, a.path.file_name()?.to_string_lossy().into_owned())))
        .collect();
    for asset in siblings.iter_mut().filter(|a| !raw.is_empty() && is(&a.path, DEVELOPED)) {
        asset.raw_sibling = stem(&asset.path).and_then(|stem| raw.get(&stem).cloned());
    }
}

/// The sidecars of a single file, found by asking for each name that one could have.
#[must_use]
pub fn sidecars(path: &Path) -> Vec<PathBuf> {
    if extension(path).is_some_and(|e| SIDECARS.contains(&e.as_str())) {
        return Vec::new();
    }
    let names = candidates(path).flat_map(|name| spellings(&name));
    let mut found: Vec<PathBuf> =
        names.map(|name| path.with_file_name(name)).filter(|sidecar| sidecar.is_file()).collect();
    // Where the file system takes both cases for one, the second is the same file.
    let mut seen = std::collections::HashSet::new();
    found.retain(|path| seen.insert(path.file_name().map(OsStr::to_ascii_lowercase)));
    found
}

/// A name as it is, and with its ending in capitals and with one: programs write `a.TXT` and `a.Txt` beside `a.png`.
fn spellings(name: &OsStr) -> Vec<OsString> {
    let own = name.to_os_string();
    let Some((base, ending)) = name.to_str().and_then(|name| name.rsplit_once('.')) else { return vec![own] };
    let first = ending.chars().take(1).map(|c| c.to_ascii_uppercase());
    let title: String = first.chain(ending.chars().skip(1)).collect();
    let others = [ending.to_ascii_uppercase(), title].map(|ending| OsString::from(format!("{base}.{ending}")));
    std::iter::once(own).chain(others).collect()
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase())
}

/// What follows a name, or a name and its ending, in the names of files that describe it.
const ENDINGS: &[&str] = &[
    ".c2pa",
    ".xmp",
    ".txt",
    ".json",
    ".swarm.json",
    "_api.json",
    "-api.json",
    "_workflow.json",
    ".workflow.json",
    ".metadata.json",
    "_metadata.json",
    ".meta.json",
    ".params.json",
    ".settings.json",
    "_settings.txt",
    ".settings.txt",
    ".prompt.txt",
    "_prompt.txt",
    ".params.txt",
    ".yaml",
    ".yml",
];

fn candidates(path: &Path) -> impl Iterator<Item = OsString> {
    let bases = [path.file_stem(), path.file_name()].map(|b| b.map(OsStr::to_os_string));
    bases.into_iter().flatten().flat_map(|base| {
        ENDINGS.iter().map(move |ending| {
            let mut name = base.clone();
            name.push(ending);
            name
        })
    })
}
