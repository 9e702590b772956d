//! The compositions of all packages as cuts, and which of their media are here: asked once the walk is done.

use std::collections::{HashMap, HashSet};

use super::PackageIndex;
use crate::packages::CompositionCut;
use crate::packages::assetmap::id;

/// A composition, and what of it lies in no package here.
#[derive(Debug)]
pub struct PlayedComposition<'a> {
    /// The number of its scanned root.
    pub root: usize,
    /// Its playlist's file, below that root.
    pub file: String,
    /// What it plays.
    pub cut: &'a CompositionCut,
    /// Events whose medium no package here holds, or whose file was not seen.
    pub missing: u64,
}

impl PackageIndex {
    /// Every composition, packages in the order in which they were found; `complete` when the walk saw everything, so
    /// that absence means something.
    #[must_use]
    pub fn compositions(&self, complete: bool) -> Vec<PlayedComposition<'_>> {
        let wanted = self.packages.iter().any(|package| !package.opened.compositions.is_empty());
        if !wanted {
            return Vec::new();
        }
        let here = self.ids_that_are_here(complete);
        let mut out = Vec::new();
        for package in &self.packages {
            for cut in &package.opened.compositions {
                let media = cut.timeline.events.iter().map(|event| event.media.as_deref().map(id).unwrap_or_default());
                let missing = media.filter(|media| !here.contains(media.as_str())).count() as u64;
                let file = crate::packages::paths::join(&package.rel, &cut.path);
                out.push(PlayedComposition { root: package.number, file, cut, missing });
            }
        }
        out
    }

    /// Ids of assets that a package lists and, where the walk saw all, whose files were seen.
    fn ids_that_are_here(&self, complete: bool) -> HashSet<&str> {
        let rows = self.packages.iter().flat_map(|package| package.opened.members.iter().zip(&package.seen));
        let there = rows.filter(|(member, seen)| !complete || **seen || member.optional);
        there.filter_map(|(member, _)| member.id.as_deref()).collect()
    }

    /// The ids under which compositions may play the files of packages, by (root, path below it), and whether one does.
    #[must_use]
    pub fn asset_ids(&self) -> HashMap<(usize, &str), (&str, bool)> {
        let mut out = HashMap::new();
        for package in &self.packages {
            for (member, path) in package.opened.members.iter().zip(&package.spelled) {
                if let Some(id) = member.id.as_deref() {
                    out.insert((package.number, path.as_str()), (id, !member.plays.is_empty()));
                }
            }
        }
        out
    }
}
