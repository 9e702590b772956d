//! Whether a path lies in a tree, links resolved; and whether what stands there is a file that can be read to an end.
//!
//! A path need not exist yet: what exists of it tells where it will be. A link that leads nowhere is followed all the
//! same, since whoever writes to it makes the file that it names.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Links that are followed one after the other, as systems bound them (POSIX, `SYMLOOP_MAX`).
const LINKS: usize = 40;

/// The path as it is once links and `..` are resolved, as far as it exists; what does not exist yet follows as it is
/// written.
#[must_use]
pub fn resolved(path: &Path) -> PathBuf {
    let mut at = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing: Vec<OsString> = Vec::new();
    // `..` that what stands before it has yet to answer for.
    let mut above = 0_usize;
    let mut links = 0;
    loop {
        if let Ok(mut real) = std::fs::canonicalize(&at) {
            for _ in 0..above {
                real.pop();
            }
            return missing.iter().rev().fold(real, |path, part| path.join(part));
        }
        if let Ok(target) = std::fs::read_link(&at)
            && links < LINKS
        {
            links += 1;
            let base = at.parent().map(Path::to_owned).unwrap_or_default();
            at = base.join(target);
            continue;
        }
        // `..` behind something that does not exist can only be taken as it is written.
        match at.components().next_back() {
            Some(Component::Normal(_)) if above > 0 => above -= 1,
            Some(Component::Normal(name)) => missing.push(name.to_owned()),
            Some(Component::ParentDir) => above += 1,
            _ => return missing.iter().rev().fold(at, |path, part| path.join(part)),
        }
        at.pop();
    }
}

/// The root, of these, below which `path` lies, links resolved on both sides.
#[must_use]
pub fn inside_roots(path: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let target = resolved(path);
    let below = |root: &&PathBuf| std::fs::canonicalize(root).is_ok_and(|root| target.starts_with(root));
    roots.iter().find(below).cloned()
}

/// Nothing where a file stands under this path, or nothing at all.
///
/// # Errors
/// A pipe or a device is refused before it is opened: one that nobody writes to would never end.
pub fn regular(path: &Path) -> io::Result<()> {
    let Ok(meta) = std::fs::metadata(path) else { return Ok(()) };
    match (meta.is_file(), meta.is_dir()) {
        (true, _) => Ok(()),
        (_, true) => Err(io::Error::other("it is a folder, not a file")),
        _ => Err(io::Error::other("it is a pipe, a socket or a device, not a file")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_even_where_they_lead_to_nothing_yet() {
        let outer = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(outer.path()).unwrap();
        let (tree, home) = (base.join("tree"), base.join("home"));
        std::fs::create_dir_all(tree.join("sub")).unwrap();
        std::fs::create_dir(&home).unwrap();
        symlink("../tree/new.json", home.join("dangling")).unwrap();
        symlink("dangling", home.join("twice")).unwrap();
        symlink(&tree, home.join("folder")).unwrap();
        symlink("loop", home.join("loop")).unwrap();
        let roots = [tree.clone()];
        for inside in ["dangling", "twice", "folder/a/b/c", "folder/sub", "none/../../tree/x", "folder"] {
            assert_eq!(inside_roots(&home.join(inside), &roots), Some(tree.clone()), "{inside}");
        }
        for outside in ["a", "a/b", "loop", "folder/../home/x", "../tree-2"] {
            assert_eq!(inside_roots(&home.join(outside), &roots), None, "{outside}");
        }
        assert_eq!(inside_roots(&home.join("x"), &[home.join("folder/../home")]), Some(home.join("folder/../home")));
    }

    #[test]
    fn what_never_ends_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(regular(&folder.path().join("none")).is_ok());
        assert!(regular(folder.path()).is_err());
        assert!(regular(Path::new("/dev/zero")).unwrap_err().to_string().contains("device"));
    }
}
