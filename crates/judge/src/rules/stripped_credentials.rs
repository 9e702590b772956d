//! Traces of Content Credentials without a manifest that can be read where it should be.
//!
//! The traces: an XMP provenance pointer (`dcterms:provenance`), a remote manifest's address, a store that cannot be
//! read, one in a damaged or retagged box, one that fits none of the files it goes with, or a signature that leaves
//! out more of the file than its manifest needs.
//!
//! **Why it matters.** Credentials do not fall off by themselves. A tool or a person took them away or broke them,
//! and with them perhaps the mark that this asset was generated.
//!
//! **What to do.** Ask the supplier for the file before the step that lost them. A remote manifest is fetched only where
//! you type `--fetch-remote`; or fetch it yourself and put it beside the file as `NAME.c2pa`.
//!
//! **Example.** XMP points to `self#jumbf=/c2pa/…`, and the file holds no C2PA box.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use countersign_model::validation_status as status;
use countersign_model::{CredentialState, FindingAction, FindingSubject, Severity, Tag};

pub(super) struct StrippedCredentials;

static INFO: Info = Info {
    id: "stripped-credentials",
    severity: Severity::Warning,
    subject: FindingSubject::Credentials,
    explains: &[],
    manual: Manual::Source(include_str!("stripped_credentials.rs")),
};

impl Rule for StrippedCredentials {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(what) = trace(context) else { return };
        out.push(RawFinding::new(what, FindingAction::AskForTheFileBeforeCredentialsWereLost));
    }
}

fn trace(context: &AssetContext) -> Option<String> {
    let place = |place: &Option<String>, offset: Option<u64>| {
        let at = offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
        place.as_ref().map(|p| format!(" ({p}{at})")).unwrap_or_default()
    };
    if let Some(c2pa) = &context.facts.c2pa {
        let place = place(&c2pa.place, c2pa.offset);
        let remote = c2pa.remote.as_ref().map(|r| format!(" at {}", wording::quote(r, true))).unwrap_or_default();
        let elsewhere = format!("the file only points to Content Credentials kept elsewhere{remote}");
        match (&c2pa.damage, c2pa.state) {
            (Some(damage), CredentialState::Remote) => {
                return Some(format!("{elsewhere}, which could not be fetched: {}", wording::quote(damage, false)));
            }
            (None, CredentialState::Remote) => return Some(format!("{elsewhere}; none was fetched")),
            (Some(damage), _) => {
                let damage = wording::quote(damage, false);
                return Some(format!("the Content Credentials{place} cannot be relied on: {damage}"));
            }
            (None, CredentialState::Unreadable) => {
                return Some(format!("the file holds Content Credentials{place} that cannot be read"));
            }
            // Nothing is known to be changed, but the signature does not cover what it should.
            (None, CredentialState::Unverified) if !c2pa.failures.is_empty() => {
                let why: Vec<_> = c2pa.failures.iter().take(4).map(|code| status::plain(code)).collect();
                let why = why.join(", ");
                return Some(format!("the Content Credentials{place} cannot be relied on: {why}"));
            }
            _ if c2pa.present => return None,
            _ => {}
        }
    }
    let tag = context.facts.tags.iter().find(|tag| points(tag))?;
    let at = tag.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    Some(format!(
        "{}{at} points to Content Credentials ({}), and there are none",
        tag.place,
        wording::quote(&tag.value, true)
    ))
}

/// Whether this is C2PA's pointer: archives use the same property for the history of a work, in prose.
fn points(tag: &Tag) -> bool {
    let value = tag.value.trim();
    tag.space == "xmp"
        && tag.via.is_own()
        && (tag.key == "dcterms:provenance" || tag.key.ends_with("/dcterms:provenance"))
        && !value.contains(char::is_whitespace)
        && ["self#jumbf", "http://", "https://", "urn:c2pa:", "urn:uuid:"].iter().any(|start| value.starts_with(start))
}
