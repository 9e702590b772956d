//! A ledger opened for reading, and where it is remembered that it was checked.

use std::path::{Path, PathBuf};

use crate::cli::config;
use countersign_io::inside_roots;
use countersign_judge::approvals::{Approvals, Cache};
use countersign_judge::policy::TrustedKey;
use countersign_model::error::Result;

/// The ledger at `path`; that its signatures were checked is remembered in the user's cache, unless that lies in a scanned tree or beside the ledger.
#[expect(clippy::print_stderr, reason = "a warning is told, and the command goes on")]
pub(in crate::cli) fn open(path: &Path, keys: &[TrustedKey], roots: &[PathBuf]) -> Result<Approvals> {
    let cache = cache_folder(path, roots);
    let approvals = Approvals::open(path, keys, cache.as_deref().map(Cache::new).as_ref())?;
    if let Some(why) = approvals.warning() {
        let why = countersign_report::escape::terminal(why);
        eprintln!("warning: it could not be remembered that the approvals' signatures were checked: {why}");
    }
    Ok(approvals)
}

/// The user's cache, unless it lies in a scanned tree or beside the ledger.
pub(super) fn cache_folder(ledger: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let folder = config::cache().and_then(|folder| std::path::absolute(folder).ok());
    folder.filter(|folder| inside_roots(folder, roots).is_none() && !beside(folder, ledger))
}

fn beside(folder: &Path, ledger: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    real(folder).is_some_and(|folder| real(ledger).is_some_and(|ledger| ledger.parent() == Some(&folder)))
}
