//! Roots that hold no file: beside others they are most often a drive that was not mounted, or a slip of the pen.

use globset::GlobSet;

use crate::walk::Walk;
use countersign_io::Roots;
use countersign_model::NotLookedAt;
use countersign_model::error::{Error, Result};

/// Refuses to scan where some of the roots hold no file and others do; the last one is not asked where it is `listed`.
///
/// # Errors
/// Names the roots that hold none.
pub fn refuse_empty(roots: &Roots, listed: bool, exclude: &GlobSet) -> Result<()> {
    if roots.len() < 2 {
        return Ok(());
    }
    let mut empty = Vec::new();
    for only in (0..roots.len() - usize::from(listed)).filter_map(|root| roots.only(root)) {
        let mut walk = Walk::over(&only, exclude.clone());
        // The folders that this lists are not listed again.
        if walk.next().is_none() {
            empty.extend(with_reason(only.iter().map(|root| root.tree().name()), walk.passed_over()));
        }
    }
    if empty.is_empty() || empty.len() == roots.len() {
        return Ok(());
    }
    Err(Error::Usage {
        what: format!("nothing was scanned: no file in {}", empty.join(", ")),
        hint: "check that the drive is mounted and the path is the one you mean, or leave it out".to_owned(),
    })
}

/// The names of roots without files, with what was passed over in them.
pub(super) fn with_reason(names: impl Iterator<Item = String>, passed: &NotLookedAt) -> Vec<String> {
    let why = match (passed.excluded, passed.system) {
        (1.., 0) => " (--exclude passes over everything in it)",
        (1.., 1..) => " (--exclude passes over everything in it but system files)",
        (0, 1..) => " (it holds system files only)",
        (0, 0) => "",
    };
    names.map(|name| format!("{name}{why}")).collect()
}
