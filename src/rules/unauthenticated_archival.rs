//! Archival asset with no authenticated origin.
//!
//! An origin is authenticated by Content Credentials of a trusted signer that say it was captured or digitized, by a
//! digitization mark (IPTC Digital Source Type `negativeFilm`, `positiveFilm`, `print`), or by a custody record: an
//! approval or disclosure in the ledger for these exact bytes, or a package's manifest whose hash of the file was
//! checked (`--integrity`) and holds.
//!
//! **Why it matters.** The absence of AI marks says nothing about authenticity. What is shown as archive material
//! should have a chain of custody.
//!
//! **What to do.** Ask the archive for the credentials or the transfer's metadata, or record where the file comes
//! from: `countersign approve` with the archive's reference.
//!
//! **Example.** `archive/1974_rally.tif` holds pixels and a resolution, nothing else.

use super::{Case, Draft, Info, Rule, wording};
use crate::approvals::Verdict;
use crate::model::{Ai, Claim, CredentialState, Role, Severity};

pub(super) struct UnauthenticatedArchival;

static INFO: Info = Info {
    id: "unauthenticated-archival",
    severity: Severity::Warning,
    source: include_str!("unauthenticated_archival.rs"),
};

/// Formats that describe other files: nothing that an audience sees.
const COMPANIONS: &[&str] = &["appledouble", "xmp", "c2pa", "xml", "json", "text", "mhl", "package-manifest"];

impl Rule for UnauthenticatedArchival {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        let media = case.facts.format.as_deref().is_some_and(|format| !COMPANIONS.contains(&format));
        // What is marked as AI has a worse finding of its own.
        if case.asset.role != Role::Archival || !media || case.ai > Ai::Enhanced || authenticated(case) {
            return;
        }
        let help = format!(
            "Ask the archive for credentials or the transfer's metadata, or record where it comes from: {}.",
            wording::approve(case)
        );
        out.push(Draft::new("nothing in this archival asset proves where it comes from", help));
    }
}

fn authenticated(case: &Case) -> bool {
    let trusted = case.facts.c2pa.as_ref().is_some_and(|c| c.state == CredentialState::Trusted);
    let claims = |claim: Claim| case.evidence.iter().any(|e| e.claim == claim && e.via.is_own());
    let custody = case.asset.custody.is_some() || matches!(case.standing.verdict, Verdict::Covered(_));
    custody || claims(Claim::Digitized) || (trusted && claims(Claim::Captured))
}
