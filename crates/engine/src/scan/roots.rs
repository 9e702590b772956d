//! Roots that hold no file: beside others they are most often a drive that was not mounted, or a slip of the pen.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Scan;
use crate::walk::Walk;
use countersign_io::Roots;
use countersign_model::NotLookedAt;
use countersign_model::error::{Error, Result};

/// Refuses to scan where some of the first `whole` roots hold no file and others do.
///
/// # Errors
/// Names the roots that hold none.
pub(super) fn refuse_empty(roots: &Roots, whole: usize, scan: &Scan<'_>, stop: &AtomicBool) -> Result<()> {
    if roots.len() < 2 {
        return Ok(());
    }
    let mut empty = Vec::new();
    for root in (0..whole).take_while(|_| !stop.load(Ordering::Relaxed)) {
        let Some(only) = roots.only(root) else { continue };
        let mut walk = Walk::over(&only, scan.exclude.clone());
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
