//! Roots that lie in one another: what two of them hold is scanned once, by the outer one.

use std::path::{Path, PathBuf};

use globset::GlobSet;

use countersign_engine::walk::passes_over;

/// Takes out the roots that others hold, and gives each with the one that holds it. Of equals the first stays.
///
/// A root that the walk over the outer one would pass over stays: who names it wants it.
pub(super) fn inside_others(roots: &mut Vec<PathBuf>, exclude: &GlobSet) -> Vec<(PathBuf, PathBuf)> {
    let whole: Vec<Option<PathBuf>> = roots.iter().map(|root| std::fs::canonicalize(root).ok()).collect();
    let mut taken = Vec::new();
    for (n, own) in whole.iter().enumerate() {
        let Some(own) = own else { continue };
        let holds = |(other, path): (usize, &Option<PathBuf>)| {
            let path = path.as_ref().filter(|path| other != n && holds(path, own, exclude))?;
            // Of two names for one folder the first stays.
            (path != own || other < n).then_some(other)
        };
        let outer = whole.iter().enumerate().find_map(holds);
        taken.extend(outer.map(|outer| (n, outer)));
    }
    let pairs =
        taken.iter().filter_map(|(n, outer)| Some((roots.get(*n)?.clone(), roots.get(*outer)?.clone()))).collect();
    for (n, _) in taken.iter().rev() {
        roots.remove(*n);
    }
    pairs
}

/// The listed paths below `root` that none of `roots` holds; nothing where all of them are held.
pub(super) fn outside(root: &Path, listed: Vec<PathBuf>, roots: &[PathBuf], exclude: &GlobSet) -> Option<Vec<PathBuf>> {
    // Links need not be resolved where there is nothing to compare with.
    if roots.is_empty() {
        return Some(listed);
    }
    let whole: Vec<PathBuf> = roots.iter().filter_map(|root| std::fs::canonicalize(root).ok()).collect();
    let held = |path: &PathBuf| {
        let path = std::fs::canonicalize(root.join(path)).ok();
        path.is_some_and(|path| whole.iter().any(|outer| holds(outer, &path, exclude)))
    };
    let left: Vec<PathBuf> = listed.into_iter().filter(|path| !held(path)).collect();
    (!left.is_empty()).then_some(left)
}

/// Whether the walk over `outer` comes to `inner`.
fn holds(outer: &Path, inner: &Path, exclude: &GlobSet) -> bool {
    inner.strip_prefix(outer).is_ok_and(|rel| !passes_over(rel, exclude))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_root_stays_and_of_equals_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for name in ["a/b", "a/.Trashes", "ab"] {
            std::fs::create_dir_all(path(name)).unwrap();
        }
        let mut roots = vec![path("a/b"), path("a"), path("ab"), path("a/../a"), path("a/.Trashes")];
        let taken = inside_others(&mut roots, &GlobSet::empty());
        assert_eq!(roots, [path("a"), path("ab"), path("a/.Trashes")]);
        assert_eq!(taken, [(path("a/b"), path("a")), (path("a/../a"), path("a"))]);
        let listed = vec![PathBuf::from("a/b"), PathBuf::from("ab")];
        let left = outside(dir.path(), listed.clone(), &[path("a")], &GlobSet::empty());
        assert_eq!(left, Some(vec![PathBuf::from("ab")]));
        assert_eq!(outside(dir.path(), listed, &[dir.path().to_path_buf()], &GlobSet::empty()), None);
    }
}
