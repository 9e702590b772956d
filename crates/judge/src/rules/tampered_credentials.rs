//! The asset's bytes or its manifest do not match its C2PA signature.
//!
//! Only where something does not match: credentials that break the specification, or those of an ingredient, are
//! `malformed-credentials`; a certificate that has run out is told by `untrusted-signer`. What was taken out of, or
//! changed in, an ingredient's manifest after the asset was signed was changed in this asset.
//!
//! What the credentials say of AI still counts: a broken seal does not unmark an asset.
//!
//! **Why it matters.** The file was changed after it was signed, by a tool that does not keep credentials or by
//! somebody who meant to: neither its history nor its signer can be relied on.
//!
//! **What to do.** Ask the supplier for the file as it was signed, or for one signed again after the last change.
//!
//! **Example.** A signed JPEG was recompressed: `assertion.dataHash.mismatch`.

use super::{AssetContext, Info, Manual, RawFinding, Rule, credentials_wording as told, wording};
use countersign_model::{CredentialFault, FindingAction, FindingSubject, Severity};

pub(super) struct TamperedCredentials;

static INFO: Info = Info {
    id: "tampered-credentials",
    severity: Severity::Error,
    subject: FindingSubject::Credentials,
    explains: &[],
    manual: Manual::Source(include_str!("tampered_credentials.rs")),
};

impl Rule for TamperedCredentials {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(c2pa) = context.facts.c2pa.as_ref().filter(|c| c.fault() == Some(CredentialFault::Mismatch)) else {
            return;
        };
        let codes = told::codes(c2pa.own_failures());
        let bound = if c2pa.files.is_empty() { "the file" } else { "the files that they bind" };
        out.push(RawFinding::new(
            format!("{} do not match {bound}: {codes}{}", told::whose(c2pa), files(&c2pa.files)),
            FindingAction::AskForTheSignedFile,
        ));
    }
}

/// The first of the files that do not match.
fn files(all: &[String]) -> String {
    const NAMED: usize = 4;
    let named: Vec<_> = all.iter().take(NAMED).map(|file| wording::quote(file, true)).collect();
    match all.len().saturating_sub(NAMED) {
        0 if all.is_empty() => String::new(),
        0 => format!("; {}", named.join(", ")),
        more => format!("; {} and {more} more", named.join(", ")),
    }
}
