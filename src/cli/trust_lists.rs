//! Which trust lists are in force: the official ones that are built in, those that were imported, those that the policy
//! names, and those that are typed.
//!
//! A built-in list gives way to an imported one of its name, and to any that is typed for the same purpose.

use std::path::{Path, PathBuf};

use chrono::Utc;

use super::config;
use super::console::warn;
use countersign_credentials::official;
use countersign_credentials::trust::TrustList;
use countersign_judge::policy::Policy;
use countersign_model::error::{Error, Result};

/// Typed in place of a file: no list at all, and the built-in ones beside what else is typed.
pub(super) const NONE: &str = "none";
pub(super) const OFFICIAL: &str = "official";
pub(super) const HELP: &str = "Trust list (JSON or PEM) in place of the built-in one, repeatable; `official` for the built-in, `none` for no list";

/// Where a list comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    BuiltIn,
    Imported(PathBuf),
    Policy,
    Typed,
}

impl Origin {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::BuiltIn => "built in",
            Self::Imported(_) => "imported",
            Self::Policy => "named by the policy",
            Self::Typed => "typed",
        }
    }
}

/// The lists in force.
pub(super) fn in_force(policy: Option<&Policy>, typed: &[PathBuf]) -> Result<Vec<TrustList>> {
    let lists = all(policy, typed)?;
    Ok(lists.into_iter().map(|(list, _)| list).collect())
}

/// The lists in force, each with where it comes from.
pub(super) fn all(policy: Option<&Policy>, typed: &[PathBuf]) -> Result<Vec<(TrustList, Origin)>> {
    let says = |word: &str| typed.iter().any(|path| path == Path::new(word));
    if says(NONE) {
        return match typed.len() {
            1 => Ok(Vec::new()),
            _ => Err(Error::Usage {
                what: "--trust none beside other lists".to_owned(),
                hint: "none means no list at all; leave it out to name lists".to_owned(),
            }),
        };
    }
    let built_in = official::lists();
    let read = |path: &Path| TrustList::load(path).map(|list| list.dated_like(&built_in));
    let mut lists = Vec::new();
    for path in config::trust_lists() {
        lists.push((read(&path)?, Origin::Imported(path)));
    }
    for path in policy.into_iter().flat_map(|policy| &policy.trust.lists) {
        lists.push((read(path)?, Origin::Policy));
    }
    for path in files(typed) {
        lists.push((read(path)?, Origin::Typed));
    }
    let replaced = |own: &TrustList| {
        lists.iter().any(|(list, origin)| match origin {
            Origin::Typed => !says(OFFICIAL) && list.holds_certificates() && list.stamps_only == own.stamps_only,
            _ => list.name.eq_ignore_ascii_case(&own.name),
        })
    };
    let kept: Vec<_> = built_in.iter().filter(|own| !replaced(own)).cloned().collect();
    let mut out: Vec<(TrustList, Origin)> = kept.into_iter().map(|list| (list, Origin::BuiltIn)).collect();
    for (list, origin) in lists {
        // The same list by two ways is one list.
        if !out.iter().any(|(other, _)| *other == list) {
            out.push((list, origin));
        }
    }
    Ok(out)
}

/// The files among what is typed.
pub(super) fn files(typed: &[PathBuf]) -> impl Iterator<Item = &Path> {
    typed.iter().map(PathBuf::as_path).filter(|path| ![Path::new(NONE), Path::new(OFFICIAL)].contains(path))
}

/// Tells of lists that are older than their keepers meant them to get.
pub(super) fn warn_of_overdue(lists: &[TrustList]) {
    let today = Utc::now().date_naive().to_string();
    for list in lists.iter().filter(|list| list.reference().is_overdue(&today)) {
        let next = list.next_update.as_deref().unwrap_or_default();
        warn(&format!(
            "the trust list {} was to be replaced by {next}: import the current one with `countersign trust import FILE`",
            list.name
        ));
    }
}
