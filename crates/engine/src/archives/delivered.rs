//! The delivery packages inside an archive: found by the names of its members, as the survey does it for a drive.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use globset::GlobSet;

use super::tree::ArchiveTree;
use super::{Archive, Budget};
use crate::survey;
use countersign_delivery::packages::{PackageIndex, PackageManifest, archive};
use countersign_io::{self as io, Listings, TempSpace, Tree};
use countersign_model::limits;

impl Archive {
    /// The packages in it, before any of its members was handed out; ends early when told to.
    pub fn deliveries(
        &mut self,
        budget: &mut Budget,
        space: &TempSpace,
        exclude: &GlobSet,
        stop: &AtomicBool,
    ) -> PackageIndex {
        let mut found = PackageIndex::default();
        // One file alone is no package.
        if self.single {
            return found;
        }
        let tree = Arc::new(ArchiveTree::of(self, budget.manifests, space));
        let listings = Listings::new(Arc::clone(&tree) as Arc<dyn Tree>);
        // What is excluded is in no folder already.
        survey::each_folder(&listings, &GlobSet::empty(), stop, &mut |folder, listing| {
            for (info, opened) in survey::packages_in(folder, listing) {
                let opened = self.with_optional_members(opened, folder.path(), &tree, exclude);
                let rel = self.below(folder.path());
                let rel = Path::new(rel.trim_end_matches('/'));
                found.add(info, self.root, rel, opened, |path| path.to_string_lossy().into_owned());
            }
        });
        budget.manifests = tree.left();
        if tree.full {
            let what = format!("more than {} folders: packages are not looked for in all", limits::ARCHIVED_FOLDERS);
            self.faults.push(archive::fault(&self.rel, what));
        }
        found.link();
        found
    }

    /// Members that are no assets are not missing: what is excluded, system files that are there, and links.
    fn with_optional_members(
        &self,
        mut opened: PackageManifest,
        folder: &str,
        tree: &ArchiveTree,
        exclude: &GlobSet,
    ) -> PackageManifest {
        let mut linked = 0_u64;
        for member in &mut opened.members {
            let path = io::join(folder, &member.path);
            let link = tree.is_link(&path);
            linked += u64::from(link);
            member.optional |= link || tree.is_passed(&path) || self.excluded(&path, exclude);
        }
        if linked > 0 {
            opened.remarks.push(format!("members that are links in the archive and were not compared: {linked}"));
        }
        opened
    }
}
