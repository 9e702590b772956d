//! The names of files that stand beside others: sidecars, and the raw files and pictures that cameras write together.

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
    const KEYS: [u128; SIDECARS.len()] = keys(SIDECARS);
    ends_with(path, &KEYS)
}

/// Whether a name is that of a camera's raw file.
pub(super) fn is_raw(path: &Path) -> bool {
    const KEYS: [u128; RAW.len()] = keys(RAW);
    ends_with(path, &KEYS)
}

/// Whether a name is that of a picture that a camera writes beside a raw file.
pub(super) fn is_developed(path: &Path) -> bool {
    const KEYS: [u128; DEVELOPED.len()] = keys(DEVELOPED);
    ends_with(path, &KEYS)
}

/// Whether a name has one of these endings, in either case.
fn ends_with(path: &Path, endings: &[u128]) -> bool {
    ending(path).map(key).is_some_and(|key| endings.contains(&key))
}

/// Endings as numbers: all of them are compared in less time than two texts.
const fn keys<const N: usize>(endings: &[&str]) -> [u128; N] {
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        out[at] = key(endings[at].as_bytes());
        at += 1;
    }
    out
}

/// An ending in lower case as a number, behind a 1 that tells how long it is; 0 for what is longer than any that is known.
const fn key(ending: &[u8]) -> u128 {
    if ending.len() >= size_of::<u128>() {
        return 0;
    }
    let (mut out, mut at) = (1, 0);
    while at < ending.len() {
        out = out << 8 | ending[at].to_ascii_lowercase() as u128;
        at += 1;
    }
    out
}

/// What follows the last point of a file's name, as [`Path::extension`] tells it, without the path being taken apart.
fn ending(path: &Path) -> Option<&[u8]> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let at = bytes.iter().rposition(|b| *b == b'.')?;
    let (before, ending) = bytes.split_at_checked(at)?;
    let is_separator = |b: &u8| std::path::is_separator(char::from(*b));
    let named = before.last().is_some_and(|b| !is_separator(b));
    ending.strip_prefix(b".").filter(|ending| named && !ending.iter().any(is_separator))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn endings_are_those_that_paths_have() {
        for path in ["a.jpg", "a/b.c.XMP", "a/.jpg", "a.b/c", "a.", ".a.b", "a", "", "a/b.jpg", "ä.öü", "a..xmp"] {
            let expected = Path::new(path).extension().map(OsStr::as_encoded_bytes);
            assert_eq!(ending(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn every_ending_is_known_in_either_case_and_no_other() {
        type IsOne = fn(&Path) -> bool;
        let kinds: [(&[&str], IsOne); 3] = [(SIDECARS, is_sidecar), (RAW, is_raw), (DEVELOPED, is_developed)];
        for (endings, is_one) in kinds {
            for ending in endings {
                let is_one = |name: String| is_one(Path::new(&name));
                assert!(
                    is_one(format!("x/a.{ending}")) && is_one(format!("a.b.{}", ending.to_uppercase())),
                    "{ending}"
                );
                let others = ["x{}", "a.\0{}", "a.{}\0", "a.{}/b", ".{}", "a.x{}", "a.{}x", "a.{}aaaaaaaaaaaaaaaa"];
                for other in others.map(|other| other.replace("{}", ending)) {
                    let ending = Path::new(&other).extension().and_then(OsStr::to_str).unwrap_or_default();
                    assert_eq!(is_one(other.clone()), endings.contains(&ending), "{other}");
                }
            }
        }
    }
}
