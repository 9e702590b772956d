//! Archival asset with no authenticated origin.
//!
//! Three things authenticate an origin: Content Credentials of a trusted signer that say it was captured or digitized;
//! a digitization mark (IPTC Digital Source Type `negativeFilm`, `positiveFilm`, `print`), to which the `archival`
//! policy demands a custody record as well, for anybody can write a mark; or a custody record itself: an approval or
//! disclosure in the ledger for these exact bytes, such as one imported from an archive's accession list, or a
//! package's manifest whose hash of the file was checked (`--integrity`) and holds.
//!
//! The finding lays out what speaks for an authentic origin and what is missing. It is no verdict on the picture.
//!
//! **Why it matters.** The absence of AI marks says nothing about authenticity. What is shown as archive material
//! should have a chain of custody.
//!
//! **What to do.** Ask the archive for the credentials or the transfer's metadata, or record where the file comes
//! from: `countersign approve` with the archive's reference.
//!
//! **Example.** `archive/1974_rally.tif` holds pixels and a resolution, nothing else.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use crate::approvals::Verdict;
use countersign_model::{Ai, Claim, CredentialState, FindingAction, FindingSubject, Media, Role, Severity};

pub(super) struct UnauthenticatedArchival;

static INFO: Info = Info {
    id: "unauthenticated-archival",
    severity: Severity::Warning,
    subject: FindingSubject::Origin,
    explains: &[],
    manual: Manual::Source(include_str!("unauthenticated_archival.rs")),
};

impl Rule for UnauthenticatedArchival {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        // What holds or describes other files is nothing that an audience sees.
        let media = context.facts.media.is_some_and(Media::is_content);
        // What is marked as AI has a worse finding of its own.
        if context.asset.role != Role::Archival || !media || context.ai > Ai::Enhanced || authenticated(context) {
            return;
        }
        let action = FindingAction::RecordOrigin { approve: wording::approve(context) };
        let message = format!("nothing authenticates the origin of this archival asset; {}", evidence(context));
        out.push(RawFinding::new(message, action));
    }
}

/// What speaks for an authentic origin, and what is missing.
fn evidence(context: &AssetContext) -> String {
    let claims = [Claim::Digitized, Claim::Captured];
    let own = context.evidence.iter().find(|e| e.via.is_own() && claims.contains(&e.claim));
    let pro = own.map_or_else(|| "nothing that it says".to_owned(), wording::place);
    let con = match &context.facts.c2pa {
        Some(c2pa) if c2pa.state == CredentialState::Trusted => {
            "its trusted credentials do not say that it was captured or digitized"
        }
        Some(c2pa) if c2pa.present && c2pa.state == CredentialState::Invalid => "its credentials do not hold",
        Some(c2pa) if c2pa.present && c2pa.trust_list.is_some() => {
            "its signer is on a trust list, but not all of its history is vouched for"
        }
        Some(c2pa) if c2pa.present => "its credentials are of no trusted signer",
        _ => "no credentials",
    };
    format!("for it: {pro}; against it: {con}, no custody record of these bytes")
}

fn authenticated(context: &AssetContext) -> bool {
    let trusted = context.facts.c2pa.as_ref().is_some_and(|c| c.state == CredentialState::Trusted);
    let claims = |claim: Claim| context.evidence.iter().any(|e| e.claim == claim && e.via.is_own());
    let custody = context.asset.verified_hashes.is_some() || matches!(context.status.verdict, Verdict::Covered(_));
    let digitized = claims(Claim::Digitized) && (trusted || !context.policy.digitized_needs_custody);
    custody || digitized || (trusted && claims(Claim::Captured))
}
