//! What is of one operating system, each part with the other systems' side beside it.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::{Kind, Stat};

/// Reads once at `offset`, without moving anybody else's place in the file.
#[cfg(unix)]
pub fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, offset)
}

#[cfg(windows)]
pub fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, out, offset)
}

/// Computing time of this thread so far. By the system's library: what asks the kernel's own pages for it cannot be run by
/// valgrind, with which instructions are counted.
#[cfg(unix)]
pub(super) fn computing() -> Duration {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map_or(Duration::ZERO, |time| {
        Duration::new(time.tv_sec().try_into().unwrap_or(0), time.tv_nsec().try_into().unwrap_or(0))
    })
}

/// Without a clock of the thread's own, time that passes stands for it.
#[cfg(not(unix))]
pub(super) fn computing() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// Opens a file for reading. A pipe that took the file's place since the folder was listed would block for ever: it is
/// opened all the same, and then cannot be read at an offset.
#[cfg(unix)]
pub(super) fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    match File::options().read(true).custom_flags(flags).open(path) {
        // Somebody holds a lease on the file, which is given up on being asked: a pipe never says so.
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => File::open(path),
        opened => opened,
    }
}

#[cfg(not(unix))]
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// A folder that is open, in which names are found without going through all folders above it again.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct OpenFolder(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl OpenFolder {
    /// Opens a folder as far as that takes; nothing where that fails.
    pub(super) fn open(path: &Path) -> Option<Self> {
        use rustix::fs::{Mode, OFlags};
        rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok().map(Self)
    }

    /// The file of this name, opened as [`open`] does; nothing where its path has to tell why not.
    pub(super) fn file(&self, name: &str) -> Option<File> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::fs::openat(&self.0, name, flags, Mode::empty()).ok().map(File::from)
    }

    /// What goes by this name, links followed; nothing where its path has to tell why not.
    pub(super) fn stat(&self, name: &str) -> Option<Stat> {
        use rustix::fs::{AtFlags, FileType};
        let found = rustix::fs::statat(&self.0, name, AtFlags::empty()).ok()?;
        let kind = match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        };
        let time = |seconds, nanoseconds| Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds));
        Some(Stat {
            kind,
            len: u64::try_from(found.st_size).unwrap_or(0),
            modified: time(found.st_mtime, found.st_mtime_nsec),
            changed: time(found.st_ctime, found.st_ctime_nsec),
            identity: Some((found.st_dev, found.st_ino)),
        })
    }
}

/// Elsewhere every file is found by its path.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) enum OpenFolder {}

#[cfg(not(target_os = "linux"))]
impl OpenFolder {
    pub(super) fn open(_: &Path) -> Option<Self> {
        None
    }

    pub(super) fn file(&self, _: &str) -> Option<File> {
        match *self {}
    }

    pub(super) fn stat(&self, _: &str) -> Option<Stat> {
        match *self {}
    }
}

/// What the system knows of a file.
pub fn stat_of(meta: &Metadata) -> Stat {
    let kind = match meta.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Other,
    };
    Stat { kind, len: meta.len(), modified: modified(meta), changed: changed(meta), identity: identity(meta) }
}

fn modified(meta: &Metadata) -> Option<i128> {
    nanoseconds(meta.modified().ok()?)
}

fn nanoseconds(time: std::time::SystemTime) -> Option<i128> {
    Some(match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_nanos()).ok()?,
        Err(before) => -i128::try_from(before.duration().as_nanos()).ok()?,
    })
}

#[cfg(unix)]
fn changed(meta: &Metadata) -> Option<i128> {
    use std::os::unix::fs::MetadataExt;
    Some(i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec()))
}

#[cfg(not(unix))]
fn changed(meta: &Metadata) -> Option<i128> {
    nanoseconds(meta.created().ok()?)
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// A name of this system from its bytes, if it can have such a name.
#[cfg(unix)]
pub(super) fn name_from(bytes: Vec<u8>) -> Option<std::ffi::OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes))
}

#[cfg(not(unix))]
pub(super) fn name_from(bytes: Vec<u8>) -> Option<std::ffi::OsString> {
    String::from_utf8(bytes).ok().map(Into::into)
}
