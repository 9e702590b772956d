//! `scan --attest FILE --key KEY`: what is signed of a run.

use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

use super::{keys, whole_file};
use countersign_engine::attest::FileDigests;
use countersign_judge::verdict::{VerdictPredicate, VerdictStatement};
use countersign_model::error::{Error, Result};
use countersign_model::{Run, Summary};

/// Options of a signed verdict.
#[derive(Debug, clap::Args)]
pub(super) struct Attestation {
    /// Sign the verdict, with the SHA-256 of every file scanned, and write it to this file; hashes every file
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "files_from")]
    attest: Option<PathBuf>,
    /// The Ed25519 key that signs it (OpenSSH; `countersign keys new` makes one)
    #[arg(long, value_name = "KEY", env = "COUNTERSIGN_KEY")]
    key: Option<PathBuf>,
}

/// A verdict to be signed when the run has ended.
pub(super) struct Attest {
    file: PathBuf,
    key: SigningKey,
}

impl Attestation {
    /// The file that is written, where one is wanted.
    pub(super) fn file(&self) -> Option<&Path> {
        self.attest.as_deref()
    }

    /// Opens the key before anything is scanned, so that a wrong passphrase is told at once.
    ///
    /// # Errors
    /// As [`keys::load`].
    pub(super) fn open(&self) -> Result<Option<Attest>> {
        let (Some(file), Some(key)) = (&self.attest, &self.key) else { return Ok(None) };
        Ok(Some(Attest { file: file.clone(), key: keys::load(key)? }))
    }
}

impl Attest {
    /// Signs and writes the verdict; the file gets its name when it is whole.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&self, run: &Run, summary: &Summary, digests: &FileDigests) -> Result<()> {
        let (files, without_digest) = digests.split();
        let predicate = VerdictPredicate {
            outcome: summary.outcome,
            version: run.version.clone(),
            started: run.started.clone(),
            roots: run.roots.clone(),
            policy: run.policy.clone(),
            approvals: run.approvals.clone(),
            further_approvals: run.further_approvals.clone(),
            trust: run.trust.clone(),
            catalogue: run.catalogue.clone(),
            options: run.options.clone(),
            assets: summary.assets,
            by_ai: summary.by_ai,
            findings: summary.findings,
            approved: summary.approved,
            not_judged: summary.not_judged,
            not_looked_at: summary.not_looked_at.clone(),
            without_digest,
        };
        let sealed = VerdictStatement::new(files, predicate).seal(&self.key).map_err(|what| self.failed(what))?;
        whole_file::write(&self.file, sealed.as_ref()).map_err(|e| self.failed(e.to_string()))
    }

    fn failed(&self, what: String) -> Error {
        Error::File {
            path: self.file.clone(),
            what: format!("the signed verdict cannot be written: {what}"),
            hint: "check that the folder exists, that it may be written to and that the disk is not full".to_owned(),
        }
    }
}
