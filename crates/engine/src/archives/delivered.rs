//! The delivery packages inside an archive: found by the names of its members, as the survey does it for a drive.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use globset::GlobSet;

use super::tree::ArchiveTree;
use super::{Archive, Budget};
use crate::survey;
use countersign_delivery::packages::{PackageIndex, PackageManifest, PackageRoot, archive};
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
                let at = PackageRoot { root: self.root, rel: Path::new(rel.trim_end_matches('/')) };
                found.add(info, at, opened, |path| path.to_string_lossy().into_owned());
            }
        });
        budget.manifests = tree.left();
        if tree.full {
            let (most, text) = (limits::ARCHIVED_FOLDERS, limits::ARCHIVED_FOLDER_NAMES >> 20);
            let what =
                format!("more than {most} folders, or {text} MiB of their paths: packages are not looked for in all");
            self.faults.push(archive::fault(&self.rel, what));
        }
        found.link();
        self.adopt_named(&found, exclude);
        found
    }

    /// Members below system names that a manifest names are assets like all others.
    fn adopt_named(&mut self, found: &PackageIndex, exclude: &GlobSet) {
        let passed = Arc::unwrap_or_clone(std::mem::take(&mut self.passed));
        let (adopted, passed) = passed.into_iter().partition(|row| {
            let named = row.safe && found.lists(self.root, &self.below(&row.shown));
            named && !self.excluded(&row.shown, exclude)
        });
        (self.adopted, self.passed) = (Arc::new(adopted), Arc::new(passed));
    }

    /// Members that are no assets are not missing: what is excluded, and links.
    fn with_optional_members(
        &self,
        mut opened: PackageManifest,
        folder: &str,
        tree: &ArchiveTree,
        exclude: &GlobSet,
    ) -> PackageManifest {
        let mut linked = 0_u64;
        for member in &mut opened.members {
            let path = io::join(&member.base(Path::new(folder)).to_string_lossy(), &member.path);
            let link = tree.is_link(&path);
            linked += u64::from(link);
            member.optional |= link || self.excluded(&path, exclude);
        }
        if linked > 0 {
            opened.remarks.push(format!("members that are links in the archive and were not compared: {linked}"));
        }
        opened
    }
}
