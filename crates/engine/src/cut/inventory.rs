//! What events may be conformed to: every file of the delivery that can be played, members of archives and runs of
//! frames included.

use std::collections::BTreeMap;

use countersign_delivery::packages::frame_name;
use countersign_media::formats::{self, Media};
use countersign_timelines::Identity;
use countersign_timelines::conform::Asset;

/// Frames that make a run where their names could as well be those of numbered pictures.
const LEAST: u64 = 8;

/// Extensions of files that stand beside media and that no cut plays.
const BESIDE: &[&str] = &[
    "3dl", "aaf", "ale", "avb", "avp", "bak", "bin", "c2pa", "cc", "ccc", "cdl", "cfg", "cpf", "csv", "cube", "doc",
    "docx", "drp", "edl", "fcpxml", "fcp", "htm", "html", "ini", "json", "log", "lut", "md", "md5", "mhl", "otio",
    "otioz", "prproj", "py", "rmd", "rtf", "sha1", "sha256", "srt", "stl", "txt", "vtt", "xlsx", "xml", "xmp", "yaml",
    "yml",
];

/// What one entry of the conform stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    File { root: usize, rel: String },
    Run { root: usize, prefix: String, suffix: String, first: u64, last: u64, digits: usize },
}

impl Item {
    /// Its path as reports call it.
    pub(super) fn path(&self) -> String {
        match self {
            Self::File { rel, .. } => rel.clone(),
            Self::Run { prefix, suffix, first, last, .. } => format!("{prefix}[{first}-{last}]{suffix}"),
        }
    }

    pub(super) fn root(&self) -> usize {
        match self {
            Self::File { root, .. } | Self::Run { root, .. } => *root,
        }
    }

    /// The kind of media that the extension promises.
    pub(super) fn media(&self) -> Option<Media> {
        let name = match self {
            Self::File { rel, .. } => rel,
            Self::Run { suffix, .. } => suffix,
        };
        formats::by_extension(name.rsplit_once('.')?.1).map(|format| format.info().media)
    }
}

/// All entries, in the order in which they were seen.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) assets: Vec<Asset>,
    pub(super) items: Vec<Item>,
    runs: BTreeMap<(usize, String, String), Run>,
}

#[derive(Debug)]
struct Run {
    first: u64,
    last: u64,
    count: u64,
    /// The names are frames' names and nothing else: each alone is no entry.
    usual: bool,
    sample: String,
    /// Digits of the number of the first frame.
    digits: usize,
}

impl Inventory {
    /// A file; `shown` is its path as it is compared, which may begin with the name of its root.
    pub(super) fn add(&mut self, root: usize, rel: &str, shown: &str) {
        if !can_be_played(rel) {
            return;
        }
        let frame = frame_name(rel);
        let Some(frame) = frame else { return self.file(root, rel, shown) };
        let key = (root, frame.prefix.to_owned(), frame.suffix.to_owned());
        let run = self.runs.entry(key).or_insert_with(|| Run {
            first: frame.number,
            last: frame.number,
            count: 0,
            usual: frame.is_frame,
            sample: shown.to_owned(),
            digits: frame.digits,
        });
        if frame.number < run.first {
            run.digits = frame.digits;
        }
        run.first = run.first.min(frame.number);
        run.last = run.last.max(frame.number);
        run.count += 1;
        if !frame.is_frame {
            self.file(root, rel, shown);
        }
    }

    /// A file that a package knows by an id; one that a composition plays is media whatever its name.
    pub(super) fn add_known(&mut self, root: usize, rel: &str, shown: &str, (id, played): (&str, bool)) {
        if !played && !can_be_played(rel) {
            return;
        }
        self.file(root, rel, shown);
        if let Some(asset) = self.assets.last_mut() {
            asset.identities.extend(Identity::parse(id));
        }
    }

    fn file(&mut self, root: usize, rel: &str, shown: &str) {
        self.assets.push(Asset { path: shown.to_owned(), ..Asset::default() });
        self.items.push(Item::File { root, rel: rel.to_owned() });
    }

    /// Turns what was numbered into runs, once all files were seen.
    pub(super) fn finish(&mut self) {
        for ((root, prefix, suffix), run) in std::mem::take(&mut self.runs) {
            let whole = run.sample.len().checked_sub(suffix.len()).and_then(|end| run.sample.get(..end));
            let stem = whole.map(|text| text.trim_end_matches(|c: char| c.is_ascii_digit())).unwrap_or(&prefix);
            if run.count == 1 && run.usual {
                let rel = match run.sample.strip_prefix(stem) {
                    Some(rest) => format!("{prefix}{rest}"),
                    None => run.sample.clone(),
                };
                self.file(root, &rel, &run.sample);
            } else if run.usual || run.count >= LEAST {
                let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
                self.assets.push(Asset {
                    path: format!("{stem}#{suffix}"),
                    sequence: Some((number(run.first), number(run.last))),
                    ..Asset::default()
                });
                let (first, last, digits) = (run.first, run.last, run.digits);
                self.items.push(Item::Run { root, prefix, suffix, first, last, digits });
            }
        }
    }
}

/// Whether a cut may play a file of this name: what only describes others is left out, so that names without
/// extension find the medium.
fn can_be_played(rel: &str) -> bool {
    let name = rel.rsplit('/').next().unwrap_or(rel);
    let Some((stem, extension)) = name.rsplit_once('.') else { return true };
    let lower = extension.to_ascii_lowercase();
    if stem.is_empty() || name.starts_with("._") || BESIDE.contains(&lower.as_str()) {
        return false;
    }
    formats::by_extension(&lower).is_none_or(|format| format.info().media.is_content())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_become_runs_and_what_stands_beside_media_is_left_out() {
        let mut all = Inventory::default();
        for frame in [1001, 1002, 1004] {
            all.add(0, &format!("sh/a.{frame}.exr"), &format!("root/sh/a.{frame}.exr"));
        }
        for other in ["one.1001.exr", "clip.mov", "clip.mov.xmp", "clip.edl", "._clip.mov", "camera.r3d", "photo_1.jpg"]
        {
            all.add(0, other, other);
        }
        all.finish();
        let paths: Vec<_> = all.items.iter().map(Item::path).collect();
        assert_eq!(paths, ["clip.mov", "camera.r3d", "photo_1.jpg", "one.1001.exr", "sh/a.[1001-1004].exr"]);
        assert_eq!(all.assets[4].path, "root/sh/a.#.exr");
        assert_eq!(all.assets[4].sequence, Some((1001, 1004)));
    }
}
