//! The files of one folder that are handed out one after the other: of a folder of a million files, as many are in memory as
//! assets as are asked for.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use globset::GlobSet;

use super::siblings::{Beside, Siblings};
use super::{OpenFolder, RootWalk};
use countersign_io::paths::native;
use countersign_io::{self as io, Folder, Kind, Stat};
use countersign_model::{Asset, NotLookedAt};

/// The files of a folder, and which of them was handed out last.
pub(super) struct FolderFiles {
    /// The folder's path below its root.
    pub(super) path: String,
    folder: Arc<Folder>,
    /// The numbers of its names that are files to be handed out, ascending.
    files: Vec<u32>,
    /// Which of `files` comes next.
    next: usize,
    siblings: Siblings,
}

/// A file of a folder.
pub(super) struct FolderFile<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) beside: Beside,
}

/// Which names of a folder are files, as they are found.
#[derive(Default)]
pub(super) struct FileNumbers {
    files: Vec<u32>,
    /// Those of them that can be no sidecars: what is known already to be no file that can be opened.
    closed: Vec<u32>,
}

impl FileNumbers {
    /// Takes up the next name, by its number in the folder.
    pub(super) fn add(&mut self, number: usize, is_closed: bool) {
        // No folder is listed that has more names than these numbers count.
        let Ok(number) = u32::try_from(number) else { return };
        self.files.push(number);
        if is_closed {
            self.closed.push(number);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }
}

impl FolderFiles {
    pub(super) fn of(path: String, folder: Arc<Folder>, numbers: FileNumbers) -> Self {
        let FileNumbers { mut files, closed } = numbers;
        files.shrink_to_fit();
        let open = |at: usize| {
            let number = *files.get(at)?;
            closed.binary_search(&number).is_err().then_some(())?;
            name_of(&folder, &files, at)
        };
        let siblings = Siblings::of(files.len(), open);
        Self { path, folder, files, next: 0, siblings }
    }

    /// The number of the next file.
    pub(super) fn next_number(&mut self) -> Option<usize> {
        let at = self.next;
        self.next += 1;
        (at < self.files.len()).then_some(at)
    }

    /// The file of a number, with what stands beside it.
    pub(super) fn file(&self, at: usize) -> Option<FolderFile<'_>> {
        let (name, kind) = self.folder.get(*self.files.get(at)? as usize)?;
        let beside = self.siblings.beside(&native(name), |at| name_of(&self.folder, &self.files, at));
        Some(FolderFile { name, kind, beside })
    }

    /// The name of the file of a number, as [`FolderFile::beside`] tells it.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        Some(self.folder.get(*self.files.get(at)? as usize)?.0)
    }

    /// Whether all were handed out.
    pub(super) fn is_done(&self) -> bool {
        self.next >= self.files.len()
    }
}

fn name_of<'a>(folder: &'a Folder, files: &[u32], at: usize) -> Option<Cow<'a, Path>> {
    let (name, _) = folder.get(*files.get(at)? as usize)?;
    Some(native(name))
}

impl RootWalk {
    /// Opens a folder: its files come next, the folders in it later. Gives what cannot be opened.
    pub(super) fn enter(
        &mut self,
        path: String,
        target: String,
        exclude: &GlobSet,
        passed: &mut NotLookedAt,
    ) -> Vec<Asset> {
        let folder = match self.listings.folder(&target) {
            Ok(folder) => folder,
            Err(e) => return vec![self.failed(&path, &e)],
        };
        let (mut files, mut below) = (FileNumbers::default(), VecDeque::new());
        for (number, (name, kind)) in folder.iter().enumerate() {
            let at = io::join(&path, name);
            let leads_to = (kind == Kind::Link).then(|| self.stat(&at));
            let is_folder = |stat: &std::io::Result<Stat>| stat.as_ref().is_ok_and(|stat| stat.kind == Kind::Folder);
            if kind == Kind::Folder || leads_to.as_ref().is_some_and(is_folder) {
                match self.below(at.clone(), name, kind == Kind::Link, (&target, exclude)) {
                    Ok(next) => below.extend(next),
                    Err(why) => passed.pass(self.root, &at, why),
                }
                continue;
            }
            let broken = leads_to.as_ref().is_some_and(Result::is_err);
            let passes = if broken { None } else { self.passes_over_file(name, &at, exclude) };
            if let Some(why) = passes {
                passed.pass(self.root, &at, why);
                continue;
            }
            let is_file = |stat: std::io::Result<Stat>| {
                stat.is_ok_and(|stat| stat.kind == Kind::File) && self.target(&at).is_ok()
            };
            files.add(number, kind == Kind::Other || leads_to.is_some_and(|stat| !is_file(stat)));
        }
        if path != target {
            self.linked_files = self.linked_files.saturating_add(files.len() as u64);
        }
        self.files = Some(FolderFiles::of(path, folder, files));
        self.open.push(OpenFolder { target, below });
        Vec::new()
    }

    /// The next files of the open folder. What has become a folder since it was listed is walked as one.
    pub(super) fn next_files(&mut self, files: &mut FolderFiles, room: usize, exclude: &GlobSet) -> Vec<Asset> {
        let mut assets = Vec::new();
        while assets.len() < room {
            let Some(number) = files.next_number() else { break };
            let Some(file) = files.file(number) else { continue };
            let (path, link) = (io::join(&files.path, file.name), file.kind == Kind::Link);
            let stat = self.stat(&path);
            if !link && stat.as_ref().is_ok_and(|stat| stat.kind == Kind::Folder) {
                let around = self.open.last().map(|folder| folder.target.clone()).unwrap_or_default();
                let found = self.below(path, file.name, false, (&around, exclude)).ok().flatten();
                if let Some(folder) = self.open.last_mut() {
                    folder.below.extend(found);
                }
                continue;
            }
            let obstacle = if link && stat.is_ok() { self.target(&path).err() } else { None };
            let mut asset = self.file(path, &stat, obstacle);
            let sidecars = file.beside.sidecars.iter().filter_map(|at| files.name(*at));
            asset.sidecars = sidecars.map(|name| self.path_of(&io::join(&files.path, name))).collect();
            asset.raw_sibling = file.beside.raw;
            assets.push(asset);
        }
        assets
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use globset::GlobSet;

    use super::super::Walk;
    use countersign_model::Asset;

    #[test]
    fn a_folder_is_handed_out_in_parts_and_sidecars_are_found_across_them() {
        let (outside, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = dir.path();
        std::fs::create_dir(root.join("sub")).unwrap();
        for name in ["a.CR2", "a.jpg", "a.xmp", "b.jpg", "c.jpg", "c.jpg.txt", "d.jpg", "sub/e.jpg"] {
            std::fs::write(root.join(name), b"x").unwrap();
        }
        std::fs::write(outside.path().join("secret.xmp"), b"x").unwrap();
        // What can be no sidecar: a link out of the root, one that leads nowhere, a socket.
        symlink(outside.path().join("secret.xmp"), root.join("b.xmp")).unwrap();
        symlink("nowhere", root.join("c.xmp")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.join("d.xmp")).unwrap();
        let whole: Vec<_> = Walk::new(&[root.to_path_buf()], GlobSet::empty()).flatten().collect();
        let sidecars: Vec<_> = whole.iter().filter(|asset| !asset.sidecars.is_empty()).collect();
        assert_eq!(sidecars.iter().map(|asset| asset.rel.as_str()).collect::<Vec<_>>(), ["a.CR2", "a.jpg", "c.jpg"]);
        assert_eq!(sidecars[1].sidecars, [root.join("a.xmp")]);
        assert_eq!(sidecars[1].raw_sibling.as_deref(), Some("a.CR2"));
        assert_eq!(sidecars[2].sidecars, [root.join("c.jpg.txt")]);
        for batch in [1, 2, 3, 100] {
            let walk = Walk { batch, ..Walk::new(&[root.to_path_buf()], GlobSet::empty()) };
            let parts: Vec<Vec<Asset>> = walk.collect();
            assert!(parts.iter().all(|part| part.len() <= batch), "{batch}");
            assert_eq!(parts.concat(), whole, "{batch}");
        }
    }

    #[test]
    fn few_assets_of_a_folder_wait_to_be_handed_out() {
        let dir = tempfile::tempdir().unwrap();
        (0..50).for_each(|n| std::fs::write(dir.path().join(format!("{n:02}.png")), b"x").unwrap());
        let mut walk = Walk { batch: 8, ..Walk::new(&[dir.path().to_path_buf()], GlobSet::empty()) };
        let mut handed_out = 0;
        while let Some(batch) = walk.next() {
            handed_out += batch.len();
            assert!(walk.ready.len() <= 8, "{} assets are made that nobody asked for", walk.ready.len());
        }
        assert_eq!(handed_out, 50);
    }
}
