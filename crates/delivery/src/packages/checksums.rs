//! Plain lists of checksums, as programs write them beside files: `md5sum` and its like, BSD's form, Simple File Verification,
//! what md5deep and corz checksum write ([`lines`]), tables of hashdeep and PowerShell ([`tables`]), and one file's digits
//! alone in a file of its name (`a.mov.md5`).
//!
//! Such a list promises nothing of files that it does not name, and says nothing of what a file is for. Its names may begin at
//! another folder than its own, or be absolute: which files they mean is looked for in the scanned tree ([`alignment`]).

mod alignment;
mod lines;
mod list;
mod members;
mod named_path;
mod tables;

use super::{Algorithm, Folder, Info, Listing, Package, PackageManifest};
use countersign_model::Problem;
use list::List;
use members::Members;

pub(super) struct Checksums;

static INFO: Info = Info { kind: "checksums", name: "Lists of checksums (md5sum and its like, BSD, SFV)" };

/// Lines of all lists in one folder that are read.
const LINES: usize = 500_000;

/// Endings of lists, and what is in them; `None` where the number of digits tells.
const ENDINGS: &[(&str, Option<Algorithm>)] = &[
    ("md5", Some(Algorithm::Md5)),
    ("md5sum", Some(Algorithm::Md5)),
    ("md5sums", Some(Algorithm::Md5)),
    ("sha1", Some(Algorithm::Sha1)),
    ("sha1sum", Some(Algorithm::Sha1)),
    ("sha1sums", Some(Algorithm::Sha1)),
    ("sha224", Some(Algorithm::Sha224)),
    ("sha256", Some(Algorithm::Sha256)),
    ("sha256sum", Some(Algorithm::Sha256)),
    ("sha256sums", Some(Algorithm::Sha256)),
    ("sha384", Some(Algorithm::Sha384)),
    ("sha512", Some(Algorithm::Sha512)),
    ("sha512sum", Some(Algorithm::Sha512)),
    ("sha512sums", Some(Algorithm::Sha512)),
    ("b2", Some(Algorithm::Blake2b)),
    ("xxh32", Some(Algorithm::Xxh32)),
    ("xxh64", Some(Algorithm::Xxh64Either)),
    ("xxh3", Some(Algorithm::Xxh3)),
    ("xxh128", Some(Algorithm::Xxh128)),
    ("c4", Some(Algorithm::C4)),
    ("sfv", Some(Algorithm::Crc32)),
    ("sha", None),
    ("hash", None),
    ("hashes", None),
    ("hashdeep", None),
    ("checksum", None),
    ("checksums", None),
];
/// Names of lists without an ending of their own, or with `.txt` or `.csv` behind them, in lower case.
const NAMES: &[&str] = &[
    "md5",
    "md5sum",
    "md5sums",
    "sha1",
    "sha1sum",
    "sha1sums",
    "sha256",
    "sha256sum",
    "sha256sums",
    "sha512",
    "sha512sum",
    "sha512sums",
    "checksum",
    "checksums",
    "hash",
    "hashes",
    "hashdeep",
    "b2sums",
];
/// Algorithms by the digits of their values, where nothing else tells.
const BY_DIGITS: &[(usize, Algorithm)] = &[
    (32, Algorithm::Md5),
    (40, Algorithm::Sha1),
    (56, Algorithm::Sha224),
    (64, Algorithm::Sha256),
    (96, Algorithm::Sha384),
    (128, Algorithm::Sha512),
];

/// The algorithm of a value that nothing tells but its digits.
fn by_digits(text: &str) -> Option<Algorithm> {
    BY_DIGITS.iter().find(|(digits, _)| *digits == text.len()).map(|(_, algorithm)| *algorithm)
}

/// What a list's name says is in it: `None` for what is no list, else the algorithm where it says that.
fn kind(name: &str) -> Option<Option<Algorithm>> {
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("._") {
        return None;
    }
    let (stem, ending) = lower.rsplit_once('.').unwrap_or((&lower, ""));
    if let Some((_, algorithm)) = ENDINGS.iter().find(|(known, _)| *known == ending) {
        return Some(*algorithm);
    }
    let named = NAMES.contains(&lower.as_str()) || matches!(ending, "txt" | "csv") && NAMES.contains(&stem);
    named.then_some(None)
}

impl Package for Checksums {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, listing: &Listing) -> bool {
        listing.files.iter().any(|name| kind(name).is_some())
    }

    fn open(&self, folder: &Folder) -> Result<Option<PackageManifest>, Problem> {
        let mut members = Members::new(folder);
        let mut left = LINES;
        for name in &folder.listing.files {
            let Some(algorithm) = kind(name) else { continue };
            match folder.read(name) {
                Ok(bytes) => {
                    let Some(list) = List::read(&bytes, name, algorithm, left) else { continue };
                    left = left.saturating_sub(list.entries.len());
                    members.take(list, name);
                }
                Err(problem) => members.unverified(name, problem.what),
            }
        }
        Ok(members.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_told_by_their_names() {
        for name in [
            "a.md5",
            "A.MOV.SHA256",
            "md5sums.txt",
            "MD5SUMS",
            "checksums.txt",
            "a.sfv",
            "SHA256SUMS",
            "reel.hash",
            "hashes.csv",
            "reel.hashdeep",
        ] {
            assert!(kind(name).is_some(), "{name}");
        }
        for name in ["md5.mov", "notes.txt", "._a.md5", "manifest-md5.txt", "a.mhl", "a.csv"] {
            assert!(kind(name).is_none(), "{name}");
        }
    }
}
