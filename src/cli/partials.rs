//! Unfinished reports: what they are called until they are whole, and what becomes of those that nobody finishes.
//!
//! A process holds a lock on each of its unfinished files for as long as it lives; the system lets it go when the process
//! is killed. An unfinished file without a lock was abandoned, and the next run that writes the same report removes it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

const ENDING: &str = ".partial";

/// `report.json.4711.partial`: beside the final name, so that renaming stays on one file system.
pub(super) fn name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}{ENDING}", std::process::id()));
    path.with_file_name(name)
}

/// Marks an unfinished file as one that somebody works on; it ends with the process, whatever ends that.
pub(super) fn hold(file: &File) {
    // A file system without locks keeps what is abandoned, and nothing worse.
    let _ = file.try_lock();
}

/// Removes what killed runs left of this report.
pub(super) fn remove_abandoned(path: &Path) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(own) = path.file_name().and_then(|name| name.to_str()) else { return };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let of_this = name.to_str().and_then(|name| name.strip_prefix(own)?.strip_suffix(ENDING));
        let process = of_this.and_then(|middle| middle.strip_prefix('.'));
        let partial = process.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
        if partial && entry.file_type().is_ok_and(|kind| kind.is_file()) && abandoned(&entry.path()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether no process works on it; not where that cannot be told.
fn abandoned(path: &Path) -> bool {
    let Ok(file) = File::options().write(true).open(path) else { return false };
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_works_on_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let report = dir.path().join("r.json");
        let at = |name: &str| dir.path().join(name);
        for name in ["r.json.1.partial", "r.json.x.partial", "r.json.partial", "other.json.1.partial", "r.json"] {
            std::fs::write(at(name), "half").unwrap();
        }
        let held = File::create(at("r.json.2.partial")).unwrap();
        hold(&held);
        remove_abandoned(&report);
        assert!(!at("r.json.1.partial").exists(), "nobody works on it");
        for name in ["r.json.2.partial", "r.json.x.partial", "r.json.partial", "other.json.1.partial", "r.json"] {
            assert!(at(name).exists(), "{name}");
        }
        drop(held);
        remove_abandoned(&report);
        assert!(!at("r.json.2.partial").exists(), "its process has ended");
    }
}
