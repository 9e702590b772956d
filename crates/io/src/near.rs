//! The folder of a drive that files were opened in last, kept open: the system finds a name in it without going through all
//! folders above it again. Elsewhere than on Linux nothing is kept, and every file is found by its path.

#[cfg(target_os = "linux")]
pub(super) use linux::LastFolder;
#[cfg(not(target_os = "linux"))]
pub(super) use others::LastFolder;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::os::fd::OwnedFd;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, PoisonError};

    use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat as Found, openat, statat};

    use super::super::{Kind, Stat};

    /// The folder that was asked for last, by its path below the tree, and open.
    #[derive(Debug, Default)]
    pub(in super::super) struct LastFolder(Mutex<Option<(Box<str>, Arc<OwnedFd>)>>);

    impl LastFolder {
        /// The file of this name in this folder, opened for reading; nothing where the path has to tell why not.
        pub(in super::super) fn open(&self, folder: &str, name: &str, whole: impl Fn(&str) -> PathBuf) -> Option<File> {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
            openat(self.folder(folder, whole)?, name, flags, Mode::empty()).ok().map(File::from)
        }

        /// What goes by this name in this folder, links followed; nothing where the path has to tell why not.
        pub(in super::super) fn stat(&self, folder: &str, name: &str, whole: impl Fn(&str) -> PathBuf) -> Option<Stat> {
            statat(self.folder(folder, whole)?, name, AtFlags::empty()).ok().map(|found| stat_of(&found))
        }

        fn folder(&self, folder: &str, whole: impl Fn(&str) -> PathBuf) -> Option<Arc<OwnedFd>> {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, open)) = last.as_ref().filter(|(known, _)| **known == *folder) {
                return Some(Arc::clone(open));
            }
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let open = Arc::new(rustix::fs::open(whole(folder), flags, Mode::empty()).ok()?);
            *last = Some((folder.into(), Arc::clone(&open)));
            Some(open)
        }
    }

    fn stat_of(found: &Found) -> Stat {
        let kind = match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        };
        let time = |seconds, nanoseconds| Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds));
        Stat {
            kind,
            len: u64::try_from(found.st_size).unwrap_or(0),
            modified: time(found.st_mtime, found.st_mtime_nsec),
            changed: time(found.st_ctime, found.st_ctime_nsec),
            identity: Some((found.st_dev, found.st_ino)),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use std::fs::File;
    use std::path::PathBuf;

    use super::super::Stat;

    /// Nothing.
    #[derive(Debug, Default)]
    pub(in super::super) struct LastFolder;

    #[expect(clippy::unused_self, reason = "as on Linux")]
    impl LastFolder {
        pub(in super::super) fn open(&self, _: &str, _: &str, _: impl Fn(&str) -> PathBuf) -> Option<File> {
            None
        }

        pub(in super::super) fn stat(&self, _: &str, _: &str, _: impl Fn(&str) -> PathBuf) -> Option<Stat> {
            None
        }
    }
}
