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
    seen: BTreeMap<(usize, String), (Role, Role, u64)>,
}

impl Folders {
    /// Takes up the folder of a row that stands for so many files.
    pub(super) fn saw(&mut self, report: &AssetReport, files: u64) {
        // What a package, a timeline, the policy or the user places is placed by somebody who knows.
        if report.role_basis != "default" {
            return;
        }
        let Some((folder, like)) = looks::like(&report.path).filter(|(_, like)| *like != report.role) else { return };
        let key = (report.root, folder.to_owned());
        if self.seen.len() < MOST || self.seen.contains_key(&key) {
            self.seen.entry(key).or_insert((like, report.role, 0)).2 += files;
        }
    }

    pub(super) fn finish(self) -> Vec<FolderHint> {
        let hint = |((root, path), (looks, judged, files))| FolderHint { root, path, looks, judged, files };
        self.seen.into_iter().map(hint).collect()
    }
}
