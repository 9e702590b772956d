//! Folders that look archival or temporary, of which no pattern of the policy speaks: told at the end of a run, since
//! their files were judged as something else.

use std::collections::BTreeMap;

use countersign_judge::roles::looks;
use countersign_model::{AssetReport, FolderHint, Role};

/// Folders that are told.
const MOST: usize = 100;

/// Such folders, with what they look like and what their files were judged as.
#[derive(Default)]
pub(super) struct Folders {
    seen: BTreeMap<(usize, bool, String), (Role, Role, u64)>,
    /// The folder of the last row and what it looks like: rows of one folder follow one another.
    last: Option<(String, Option<(usize, Role)>)>,
    /// Of each root the folder above it that looks so and does not count.
    above: Vec<Option<(String, Role)>>,
}

impl Folders {
    /// Also tells of these folders above the roots.
    pub(super) fn below(above: Vec<Option<(String, Role)>>) -> Self {
        Self { above, ..Self::default() }
    }

    /// Takes up the folder of a row that stands for so many files.
    pub(super) fn saw(&mut self, report: &AssetReport, files: u64) {
        // What a package, a timeline, the policy or the user places is placed by somebody who knows.
        if report.role_basis != "default" {
            return;
        }
        let own = self.like(&report.path).and_then(|(end, like)| Some((report.path.get(..end)?, like, false)));
        let above = || self.above.get(report.root)?.as_ref().map(|(folder, like)| (folder.as_str(), *like, true));
        let told = own.or_else(above).filter(|(_, like, _)| *like != report.role);
        let Some((folder, like, above)) = told else { return };
        let key = (report.root, above, folder.to_owned());
        if self.seen.len() < MOST || self.seen.contains_key(&key) {
            self.seen.entry(key).or_insert((like, report.role, 0)).2 += files;
        }
    }

    /// Up to where the path names a folder that looks so, and what it looks like.
    fn like(&mut self, path: &str) -> Option<(usize, Role)> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match &self.last {
            Some((last, like)) if last == folder => *like,
            _ => {
                let like = looks::like(path).map(|(folder, like)| (folder.len(), like));
                self.last = Some((folder.to_owned(), like));
                like
            }
        }
    }

    pub(super) fn finish(self) -> Vec<FolderHint> {
        let hint =
            |((root, above, path), (looks, judged, files))| FolderHint { root, path, above, looks, judged, files };
        self.seen.into_iter().map(hint).collect()
    }
}
