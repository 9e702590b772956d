//! The roots of a run, each a tree whose folders are listed once.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Listings, LocalTree, Tree};

/// Trees by the number that assets have as their root. Cheap to copy: copies share what was listed.
///
/// ```
/// use countersign_io::{Kind, Roots};
///
/// let drive = tempfile::tempdir()?;
/// std::fs::write(drive.path().join("poster.jpg"), "")?;
/// let roots = Roots::local(&[drive.path().to_owned()]);
/// let names = roots.get(0).unwrap().folder("")?;
/// assert_eq!(names.iter().collect::<Vec<_>>(), [("poster.jpg", Kind::File)]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Roots {
    trees: Vec<Arc<Listings>>,
}

impl Roots {
    /// Folders and files of this machine.
    #[must_use]
    pub fn local(paths: &[PathBuf]) -> Self {
        Self::of(paths.iter().map(|path| Arc::new(LocalTree::new(path)) as Arc<dyn Tree>))
    }

    /// These trees, wherever they are.
    #[must_use]
    pub fn of(trees: impl IntoIterator<Item = Arc<dyn Tree>>) -> Self {
        Self { trees: trees.into_iter().map(|tree| Arc::new(Listings::new(tree))).collect() }
    }

    /// The first so many of them.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        Self { trees: self.trees.iter().take(count).cloned().collect() }
    }

    /// One of them alone.
    #[must_use]
    pub fn only(&self, root: usize) -> Option<Self> {
        self.trees.get(root).map(|tree| Self { trees: vec![Arc::clone(tree)] })
    }

    /// The tree of a root.
    #[must_use]
    pub fn get(&self, root: usize) -> Option<&Arc<Listings>> {
        self.trees.get(root)
    }

    /// All trees, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Listings>> {
        self.trees.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trees.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trees.is_empty()
    }

    /// Those of them that are on drives of this machine.
    #[must_use]
    pub fn local_paths(&self) -> Vec<PathBuf> {
        self.trees.iter().filter_map(|tree| tree.tree().local_path("")).collect()
    }
}
