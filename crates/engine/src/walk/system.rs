//! Names that operating systems, file servers and storage leave on a drive: counted, and passed over unless a manifest
//! names what lies there.

use std::collections::HashSet;
use std::ffi::OsStr;

use countersign_delivery::packages::PackageIndex;
use countersign_io as io;

/// Files that operating systems leave behind: counted, not judged.
const FILES: &[&str] = &[".DS_Store", ".localized", ".apdisk", ".VolumeIcon.icns"];

/// The same of Windows, which keeps no case apart.
const FILES_ANY_CASE: &[&str] = &["Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"];

/// Folders that operating systems and file servers keep on a drive: counted as one, not entered.
const FOLDERS: &[&str] = &[
    // macOS, and the Netatalk server for it.
    ".Spotlight-V100",
    ".Trash",
    ".Trashes",
    ".fseventsd",
    ".TemporaryItems",
    ".DocumentRevisions-V100",
    ".MobileBackups",
    ".PKInstallSandboxManager",
    ".AppleDB",
    ".AppleDesktop",
    "Network Trash Folder",
    // Synology and QNAP: thumbnails, indexes, bins, snapshots.
    "@eaDir",
    "#recycle",
    "#snapshot",
    "@Recycle",
    "@Recently-Snapshot",
    ".@__thumb",
    // Unix: what `fsck` found, snapshots of NetApp.
    "lost+found",
    ".snapshot",
];

/// The same of Windows.
const FOLDERS_ANY_CASE: &[&str] = &["System Volume Information", "$RECYCLE.BIN", "RECYCLER"];

/// Bins that carry a user's number (freedesktop.org Trash specification).
const FOLDER_PREFIXES: &[&str] = &[".Trash-"];

/// What all of them begin with: most names are none at the first look.
const BEGINNINGS: &[u8] = b".@#$lNSsRrTtEeDd";

fn begins_like_one(name: &str) -> bool {
    name.bytes().next().is_some_and(|first| BEGINNINGS.contains(&first))
}

/// Whether a file of this name is counted and passed over.
pub(crate) fn is_system_file(name: &str) -> bool {
    if !begins_like_one(name) {
        return false;
    }
    FILES.contains(&name) || FILES_ANY_CASE.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a folder of this name is counted and not entered.
pub(crate) fn is_system_folder(name: &str) -> bool {
    if !begins_like_one(name) {
        return false;
    }
    let number = |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    FOLDERS.contains(&name)
        || FOLDERS_ANY_CASE.iter().any(|known| known.eq_ignore_ascii_case(name))
        || FOLDER_PREFIXES.iter().any(|known| number(known))
}

/// Whether a name is one of either.
pub(crate) fn is_system(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| is_system_file(name) || is_system_folder(name))
}

/// What manifests name among all this: the delivery plays or lists it, so it is looked at.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// (root, path below it).
    files: HashSet<(usize, String)>,
    /// The folders around them.
    folders: HashSet<(usize, String)>,
}

impl Named {
    /// What the packages of a drive list below system names.
    pub(crate) fn of(packages: &PackageIndex) -> Self {
        let mut named = Self::default();
        for (root, path) in packages.listed().filter(|(_, path)| path.split('/').any(|part| is_system(part.as_ref()))) {
            named.files.insert((root, path.to_owned()));
            let mut folder = io::parent(path);
            while !folder.is_empty() && named.folders.insert((root, folder.clone())) {
                folder = io::parent(&folder);
            }
        }
        named
    }

    pub(super) fn has_file(&self, root: usize, path: &str) -> bool {
        !self.files.is_empty() && self.files.contains(&(root, path.to_owned()))
    }

    pub(super) fn has_folder(&self, root: usize, path: &str) -> bool {
        !self.folders.is_empty() && self.folders.contains(&(root, path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_passes_the_first_look() {
        for name in [FILES, FILES_ANY_CASE, FOLDERS, FOLDERS_ANY_CASE, FOLDER_PREFIXES].concat() {
            assert!(begins_like_one(name), "{name}");
        }
        for name in [FILES_ANY_CASE, FOLDERS_ANY_CASE].concat() {
            assert!(begins_like_one(&name.to_uppercase()) && begins_like_one(&name.to_lowercase()), "{name}");
        }
    }

    #[test]
    fn junk_is_told_by_its_whole_name() {
        for name in ["#recycle", "@eaDir", ".Trash-1000", "lost+found", "$Recycle.Bin", "RECYCLER"] {
            assert!(is_system_folder(name), "{name}");
        }
        for name in ["recycle", "eaDir", ".Trash-old", "lost", "Trash-1000", "@eadir2", "found"] {
            assert!(!is_system_folder(name), "{name}");
        }
        assert!(is_system_file("thumbs.db") && is_system_file(".DS_Store") && !is_system_file("DS_Store"));
    }
}
