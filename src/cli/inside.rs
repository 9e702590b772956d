//! What a command is told with must not lie in what it judges: whoever made the delivery wrote what lies there.
//!
//! Links are resolved on both sides, for what is typed and for every default alike.

use std::path::{Path, PathBuf};

use countersign_io::inside_roots;
use countersign_model::error::{Error, Result};

/// The trees of a run, and whether something of the user's may lie in them.
pub(super) struct Trees {
    roots: Vec<PathBuf>,
    allowed: bool,
}

impl Trees {
    pub(super) fn new(roots: Vec<PathBuf>, allowed: bool) -> Self {
        Self { roots, allowed }
    }

    /// Roots in which nothing of the user's may lie.
    pub(super) fn closed(&self) -> &[PathBuf] {
        if self.allowed { &[] } else { &self.roots }
    }

    /// # Errors
    /// Where the file lies in one of the trees and that was not allowed; `what` is what it is: `the policy`.
    pub(super) fn keep_out(&self, what: &str, path: Option<&Path>) -> Result<()> {
        let path = path.filter(|path| *path != Path::new("-"));
        let Some((path, root)) = path.and_then(|path| Some((path, inside_roots(path, self.closed())?))) else {
            return Ok(());
        };
        Err(Error::File {
            path: path.to_path_buf(),
            what: format!(
                "{what} lies inside the scanned tree {}: whoever made the delivery may have written it",
                root.display()
            ),
            hint: "keep it elsewhere, or say that you know it: --allow-inside".to_owned(),
        })
    }
}
