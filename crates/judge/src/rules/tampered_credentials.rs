//! The asset's bytes or its manifest do not match its C2PA signature.
//!
//! What the credentials say of AI still counts: a broken seal does not unmark an asset.
//!
//! **Why it matters.** The file was changed after it was signed, by a tool that does not keep credentials or by
//! somebody who meant to: neither its history nor its signer can be relied on.
//!
//! **What to do.** Ask the supplier for the file as it was signed, or for one signed again after the last change.
//!
//! **Example.** A signed JPEG was recompressed: `assertion.dataHash.mismatch`.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use countersign_model::validation_status as status;
use countersign_model::{CredentialState, FindingAction, FindingSubject, Severity, Via};

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
        let Some(c2pa) = context.facts.c2pa.as_ref().filter(|c| c.state == CredentialState::Invalid) else { return };
        let signer = c2pa.signer.as_ref().map(|s| format!(" of {}", wording::quote(s, true))).unwrap_or_default();
        let place = match (&c2pa.place, c2pa.via) {
            (Some(place), Via::Sidecar) => format!(" ({place})"),
            (None, Via::Sidecar) => " (in a file beside it)".to_owned(),
            (Some(place), _) => {
                format!(" ({place}{})", c2pa.offset.map(|o| format!(" at byte {o}")).unwrap_or_default())
            }
            (None, _) => String::new(),
        };
        let codes: Vec<_> = c2pa
            .failures
            .iter()
            .take(4)
            .map(|code| format!("{} ({})", wording::quote(code, false), status::plain(code)))
            .collect();
        let codes = if codes.is_empty() { "no reason given".to_owned() } else { codes.join(", ") };
        let bound = if c2pa.files.is_empty() { "the file" } else { "the files that they bind" };
        out.push(RawFinding::new(
            format!("the Content Credentials{signer}{place} do not match {bound}: {codes}{}", files(&c2pa.files)),
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
