//! What the parts of verification say to each other, in one process or across two: plain data.

use std::ffi::OsString;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::official;
use super::trust::TrustList;
use countersign_model::{CredentialState, FormatId, IngredientFailure};

/// What is said of a verification that somebody ended.
pub(super) const CANCELLED: &str = "verification was stopped before its end";

/// What verification found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// What verification made of the manifest.
    pub state: CredentialState,
    /// Failed status codes, sorted, without repeats.
    pub failures: Vec<String>,
    /// Those of them that are an ingredient's alone, and its signer that is on no list.
    #[serde(default)]
    pub ingredient_failures: Vec<IngredientFailure>,
    /// Name of the trust list that the signer is on.
    pub trust_list: Option<String>,
    /// Files that do not match, where the manifest binds several.
    #[serde(default)]
    pub files: Vec<String>,
    /// Why no verdict was possible.
    pub obstacle: Option<String>,
}

impl Verdict {
    /// No verdict was possible, for this reason.
    pub(super) fn unverified(obstacle: String) -> Self {
        Self { state: CredentialState::Unverified, obstacle: Some(obstacle), ..Self::default() }
    }

    /// Adds a failed status code where it is not there yet.
    pub(super) fn add_failure(&mut self, code: &str) {
        if !self.failures.iter().any(|f| f == code) {
            self.failures.push(code.to_owned());
            self.failures.sort();
        }
    }
}

/// How far a verification reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum VerifyScope {
    /// Signature, manifest and every byte of the asset.
    Bytes,
    /// Signature and manifest; whoever asks compares what the manifest binds.
    Bound,
    /// Signature and manifest: nothing is said about the asset.
    Manifest,
}

/// What is to be verified against the store.
#[derive(Clone, Copy, Debug)]
pub struct Asset<'a> {
    /// The file to open.
    pub path: &'a Path,
    /// The format's id, where one was recognized.
    pub format: Option<FormatId>,
    /// Whether it comes from an archive: what lay beside it there is not beside it now.
    pub detached: bool,
}

/// What workers verify with.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct VerifySetup {
    /// The lists in force, where they are not just the built-in ones.
    pub(super) lists: Vec<TrustList>,
    /// Whether the built-in lists are in force: every worker has them.
    #[serde(default)]
    pub(super) built_in: bool,
}

impl VerifySetup {
    pub(super) fn of(lists: &[TrustList]) -> Self {
        match lists == official::lists() {
            true => Self { lists: Vec::new(), built_in: true },
            false => Self { lists: lists.to_vec(), built_in: false },
        }
    }

    pub(super) fn into_lists(self) -> Vec<TrustList> {
        if self.built_in { official::lists() } else { self.lists }
    }
}

/// One verification in a worker; the store's bytes are the payload.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VerifyTask {
    pub(super) path: OsString,
    pub(super) format: Option<FormatId>,
    pub(super) scope: VerifyScope,
    /// Whether the store stands in the asset.
    pub(super) embedded: bool,
    pub(super) place: String,
    pub(super) offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_get_the_lists_that_are_in_force() {
        let own = TrustList { name: "ours".into(), anchors_pem: "x".into(), ..TrustList::default() };
        let built_in = official::lists();
        let (less, more) = (built_in[..1].to_vec(), [built_in.clone(), vec![own.clone()]].concat());
        for (lists, sent) in [(vec![], 0), (vec![own], 1), (less, 1), (more, 3), (built_in, 0)] {
            let line = serde_json::to_string(&VerifySetup::of(&lists)).unwrap();
            let setup: VerifySetup = serde_json::from_str(&line).unwrap();
            assert_eq!(setup.lists.len(), sent);
            assert_eq!(setup.into_lists(), lists);
        }
    }
}
