//! Whether the path that a record names is the path of this asset.
//!
//! Paths are compared part by part from the end, without regard to case, `\` being `/`. Two paths fit where they are
//! equal, or where the shorter one has at least two parts and is the end of the longer one: drives are mounted
//! elsewhere and scans start at other folders. A bare file name fits only an asset at a root that is called so:
//! `still.png` in one folder is not `still.png` in another.

use std::path::Path;

use sha2::{Digest, Sha256};

use countersign_model::Asset;

/// The parts of a path, lower-case, without `.` and empty ones.
fn parts(path: &str) -> Vec<String> {
    // Blanks behind a name are no difference: some systems drop them.
    path.split(['/', '\\']).map(str::trim_end).filter(|p| !p.is_empty() && *p != ".").map(str::to_lowercase).collect()
}

/// The key of the index: paths that fit each other have the same last two parts, or are the same single part.
pub(super) fn key(path: &str) -> i64 {
    if !path.is_ascii() {
        return key_of(&parts(path));
    }
    // The same without a list of all parts: a ledger has very many paths.
    let mut ends = path.rsplit(['/', '\\']).map(str::trim_end).filter(|part| !part.is_empty() && *part != ".");
    let last = ends.next().unwrap_or_default();
    match ends.next() {
        Some(before) => key_of_end(&format!("{before}/{last}").to_ascii_lowercase()),
        None => key_of_end(&last.to_ascii_lowercase()),
    }
}

fn key_of(parts: &[String]) -> i64 {
    key_of_end(&parts.get(parts.len().saturating_sub(2)..).unwrap_or_default().join("/"))
}

fn key_of_end(end: &str) -> i64 {
    let digest = Sha256::digest(end.as_bytes());
    i64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// An asset's paths, cut into parts once.
pub(super) struct Paths {
    below: Vec<String>,
    whole: Vec<String>,
}

impl Paths {
    /// `here` is the folder that a relative path starts from.
    pub(super) fn of(asset: &Asset, here: &Path) -> Self {
        Self { below: parts(&asset.rel), whole: parts(&here.join(&asset.path).to_string_lossy()) }
    }

    /// The keys under which hints stand that may fit.
    pub(super) fn keys(&self) -> [i64; 2] {
        [key_of(&self.below), key_of(&self.whole)]
    }

    /// Whether the hint names this asset.
    pub(super) fn fit(&self, hint: &str) -> bool {
        let hint = parts(hint);
        tail(&hint, &self.below) || (self.whole.len() > 1 && tail(&hint, &self.whole))
    }
}

fn tail(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    match short.len() {
        0 => false,
        1 => long.len() == 1 && a == b,
        _ => long.ends_with(short),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_fit_by_whole_parts_from_the_end() {
        let fit = |hint: &str, rel: &str, path: &str| Paths { below: parts(rel), whole: parts(path) }.fit(hint);
        let cases = [
            ("stills/a.png", "stills/a.png", "/mnt/d/stills/a.png", true),
            ("./Stills/A.png", "stills/a.png", "/mnt/d/stills/a.png", true),
            (r"D:\show\stills\a.png", "stills/a.png", "/mnt/d/stills/a.png", true),
            ("stills/a.png ", "stills /a.png", "/mnt/d/stills /a.png", true),
            ("stills/a.png", "reel/stills/a.png", "/mnt/reel/stills/a.png", true),
            ("d/stills/a.png", "stills/a.png", "/mnt/d/stills/a.png", true),
            // Scanned from its own folder: the path to open still has the parts.
            ("d/stills/a.png", "a.png", "/mnt/d/stills/a.png", true),
            ("/mnt/d/stills/a.png", "a.png", "/mnt/d/stills/a.png", true),
            ("/mnt/d/stills/a.png", "a.png", "/mnt/d/stills/./a.png", true),
            ("/mnt/d/stills/a.png", "stills/a.png", "/media/e/stills/a.png", true),
            ("/mnt/d/stills/a.png", "a.png", "/media/e/other/a.png", false),
            ("ills/a.png", "stills/a.png", "/mnt/d/stills/a.png", false),
            ("stills/b/a.png", "stills/a.png", "/mnt/d/stills/a.png", false),
            ("stills/aa.png", "stills/a.png", "/mnt/d/stills/a.png", false),
            // A bare name is not enough, on either side.
            ("a.png", "stills/a.png", "/mnt/d/stills/a.png", false),
            ("stills/a.png", "a.png", "a.png", false),
            ("a.png", "a.png", "/mnt/d/a.png", true),
            ("", "a.png", "/mnt/d/a.png", false),
        ];
        for (hint, rel, path, expected) in cases {
            assert_eq!(fit(hint, rel, path), expected, "{hint} on {rel} at {path}");
            let paths = Paths { below: parts(rel), whole: parts(path) };
            assert!(!expected || paths.keys().contains(&key(hint)), "{hint} is not found for {rel} at {path}");
            assert_eq!(key(hint), key_of(&parts(hint)), "{hint}");
        }
    }
}
