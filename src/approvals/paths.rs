//! Whether the path that a record names is the path of this asset.
//!
//! Paths are compared part by part from the end, without regard to case, `\` being `/`. Two paths fit where they are
//! equal, or where the shorter one has at least two parts and is the end of the longer one: drives are mounted
//! elsewhere and scans start at other folders. A bare file name fits only an asset at a root that is called so:
//! `still.png` in one folder is not `still.png` in another.

use std::path::Path;

use crate::model::Asset;

/// The parts of a path, lower-case, without `.` and empty ones.
fn parts(path: &str) -> Vec<String> {
    path.split(['/', '\\']).filter(|p| !p.is_empty() && *p != ".").map(str::to_lowercase).collect()
}

/// The last part: the key of the index.
pub(super) fn name(path: &str) -> String {
    parts(path).pop().unwrap_or_default()
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

    pub(super) fn name(&self) -> &str {
        self.below.last().map_or("", String::as_str)
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
        }
    }
}
