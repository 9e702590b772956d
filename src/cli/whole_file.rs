//! Files that a command writes in one go: whole, or not there.
//!
//! A file gets its name when all of it is written; what cannot be written to its end leaves nothing behind, and what was
//! there before stays as it was. A pipe or a device is written to, never replaced.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::partials;

/// Writes a file, in place of an older one of that name.
///
/// # Errors
/// What the system says; the older file is there as it was.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return File::options().write(true).open(path)?.write_all(bytes);
    }
    partials::remove_abandoned(path);
    let partial = partials::name(path);
    let written = || {
        let mut file = File::create(&partial)?;
        partials::hold(&file);
        file.write_all(bytes)?;
        std::fs::rename(&partial, path)
    };
    written().inspect_err(|_| {
        let _ = std::fs::remove_file(&partial);
    })
}

/// Writes a file that is not there yet.
///
/// # Errors
/// There is one already, or what the system says; then there is none.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes).inspect_err(|_| {
        let _ = std::fs::remove_file(path);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_the_place_of_an_older_one_and_a_new_one_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert!(write_new(&path, b"three").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        write_new(&folder.path().join("b"), b"three").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }
}
