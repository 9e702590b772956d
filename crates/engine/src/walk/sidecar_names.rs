//! The names of files that stand beside others: sidecars, and the raw files and pictures that cameras write together.

use std::ffi::OsStr;
use std::path::Path;

use crate::extract::SIDECARS;

/// What follows a name, or a name and its ending, in the names of files that describe it.
pub(super) const ENDINGS: &[&str] = &[
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
    ".toml",
    ".md",
    ".markdown",
    ".xml",
    ".text",
    ".ini",
    ".cfg",
    ".conf",
    ".properties",
    ".prompt",
    ".caption",
    ".meta",
    ".metadata",
    ".info",
    ".nfo",
    ".log",
    ".csv",
    ".tsv",
    ".html",
    ".htm",
    ".rtf",
    ".jsonl",
    ".ndjson",
    ".json5",
];

/// Endings of the raw files that cameras write beside their pictures, in lower case (the formats that are read, and those
/// that are recognized).
pub(super) const RAW: &[&str] = &[
    "3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "kdc", "mef", "mos", "mrw", "nef", "nrw",
    "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f",
];
/// Endings of the pictures that cameras write beside them.
pub(super) const DEVELOPED: &[&str] = &["jpg", "jpeg", "heic", "heif", "hif"];

/// Whether a name ends as that of a file that describes another, in either case.
pub(super) fn has_ending(name: &str) -> bool {
    let ends = |ending: &str| {
        let end = name.len().checked_sub(ending.len()).and_then(|at| name.as_bytes().get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(ending.as_bytes()))
    };
    ENDINGS.iter().any(|ending| ends(ending))
}

pub(super) fn is_sidecar(path: &Path) -> bool {
    ends_with(path, SIDECARS)
}

/// Whether a name has one of these endings, in either case.
pub(super) fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| endings.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}
