//! The user's configuration folder: the only place besides the options that a policy or ledger is taken from; and the
//! user's cache.
//!
//! A policy or ledger inside the scanned tree came with the delivery: whoever made the delivery wrote it.

use std::path::{Path, PathBuf};

use countersign_judge::policy::Policy;
use countersign_model::error::Result;

/// The policy when none is named.
const DEFAULT_POLICY: &str = "netflix-genai";

/// `$COUNTERSIGN_CONFIG`, else `countersign` in the platform's configuration folder.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = given("COUNTERSIGN_CONFIG") {
        return Some(folder);
    }
    let base = if cfg!(windows) {
        given("APPDATA")
    } else {
        // A relative one means another folder in each place, the scanned tree among them: it does not count.
        given("XDG_CONFIG_HOME")
            .filter(|base| base.is_absolute())
            .or_else(|| given("HOME").map(|home| home.join(".config")))
    };
    base.map(|base| base.join("countersign"))
}

/// The user's own policy, where there is one.
pub(super) fn policy() -> Option<PathBuf> {
    existing("policy.toml")
}

/// The user's own ledger, where there is one.
pub(super) fn approvals() -> Option<PathBuf> {
    existing("approvals.jsonl")
}

/// Where `approve` records when no ledger is named.
pub(super) fn default_ledger() -> Option<PathBuf> {
    folder().map(|folder| folder.join("approvals.jsonl"))
}

/// Where `trust import` keeps lists.
pub(super) fn trust_folder() -> Option<PathBuf> {
    folder().map(|folder| folder.join("trust"))
}

/// The lists that were imported, in the order of their names.
pub(super) fn trust_lists() -> Vec<PathBuf> {
    let entries = trust_folder().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let mut lists: Vec<_> = entries
        .map(|e| e.path())
        .filter(|path| path.extension().is_some_and(|e| e == "pem") && path.is_file())
        .collect();
    lists.sort();
    lists
}

/// Where what can be made again is kept: `$COUNTERSIGN_CACHE_FOLDER`, else `countersign` in the platform's cache folder.
pub(super) fn cache() -> Option<PathBuf> {
    let base = || {
        if cfg!(windows) {
            given("LOCALAPPDATA")
        } else {
            given("XDG_CACHE_HOME")
                .filter(|base| base.is_absolute())
                .or_else(|| given("HOME").map(|home| home.join(".cache")))
        }
    };
    given("COUNTERSIGN_CACHE_FOLDER").or_else(|| base().map(|base| base.join("countersign")))
}

/// What the environment says, unless it is empty.
fn given(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// A file of the configuration folder, where there is one.
pub(super) fn existing(name: &str) -> Option<PathBuf> {
    folder().map(|folder| folder.join(name)).filter(|path| path.is_file())
}

/// The policy that was asked for, else the user's own, else the built-in default.
pub(in crate::cli) fn load_policy(given: Option<&Path>) -> Result<Policy> {
    match given.map(Path::to_path_buf).or_else(policy) {
        Some(path) => Policy::named(&path),
        None => Policy::builtin(DEFAULT_POLICY),
    }
}
