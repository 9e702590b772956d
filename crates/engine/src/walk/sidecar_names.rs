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
    ends_with(path, SIDECARS)
}

/// Whether a name has one of these endings, in either case.
pub(super) fn ends_with(path: &Path, endings: &[&str]) -> bool {
    ending(path).is_some_and(|ending| endings.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(ending)))
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
        assert!(ends_with(Path::new("x/A.XmP"), &["json", "xmp"]) && !ends_with(Path::new("x/xmp"), &["xmp"]));
    }
}
