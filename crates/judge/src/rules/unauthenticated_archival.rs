//! Archival asset whose origin too little speaks for.
//!
//! The evidence for and against an archival asset is ranked into a grade. *Authenticated*: Content Credentials of a trusted
//! signer say that it was captured or digitized, a package's manifest states a hash of the file that was checked
//! (`--integrity`) and holds, or the ledger has an approval or a disclosure for these exact bytes, such as one imported from
//! an archive's accession list. *Supported*: at least two of its own fields, or of what lies beside it, speak for it (camera,
//! maker note, capture date, scanner, credit, rights, holding, raw file, thumbnail), and nobody vouches for them.
//! *Unsupported*: less than that. *Contradicted*: see `contradicted-archival`.
//!
//! Unsupported assets are a warning. Supported ones are told only where the policy says so (`supported` under `[archival]`);
//! the `archival` policy warns of them. The finding lays out what was found. It is no verdict on the picture.
//!
//! **Why it matters.** The absence of AI marks says nothing about authenticity. What is shown as archive material
//! should have a chain of custody.
//!
//! **What to do.** Ask the archive for the credentials or the transfer's metadata, or record where the file comes
//! from: `countersign approve` with the archive's reference. `scan --report provenance=FILE` lists what is to be asked.
//!
//! **Example.** `archive/1974_rally.tif` holds pixels and a resolution, nothing else.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use countersign_model::{
    Ai, ArchiveEvidence, ArchiveGrade, ArchiveLine, Claim, CredentialState, FindingAction, FindingSubject, Severity,
};

pub(super) struct UnauthenticatedArchival;

static INFO: Info = Info {
    id: "unauthenticated-archival",
    severity: Severity::Warning,
    subject: FindingSubject::Origin,
    explains: &[],
    manual: Manual::Source(include_str!("unauthenticated_archival.rs")),
};

/// Lines on each side that a message names.
const NAMED: usize = 3;

impl Rule for UnauthenticatedArchival {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        // What is marked as AI has a worse finding of its own.
        let Some(archive) = context.archive.filter(|_| context.ai <= Ai::Enhanced) else { return };
        let (opening, severity) = match archive.grade {
            // What contradicts an asset is told by a rule of its own.
            ArchiveGrade::Authenticated | ArchiveGrade::Contradicted => return,
            ArchiveGrade::Unsupported if declared(context) => return,
            ArchiveGrade::Unsupported => ("too little speaks for the origin of this archival asset", None),
            ArchiveGrade::Supported => match context.policy.supported_archival {
                Some(severity) if !declared(context) => (
                    "its own fields support the origin of this archival asset, and nobody vouches for it",
                    Some(severity),
                ),
                _ => return,
            },
        };
        let action = FindingAction::RecordOrigin { approve: wording::approve(context) };
        let message = format!("{opening}; for it: {}; against it: {}", pro(archive), con(context, archive));
        let finding = RawFinding::new(message, action);
        out.push(match severity {
            Some(severity) => finding.of_severity(severity).at_most(severity),
            None => finding,
        });
    }
}

/// Whether it declares that it was digitized, under a policy to which that is enough.
fn declared(context: &AssetContext) -> bool {
    let digitized = context.evidence.iter().any(|e| e.claim == Claim::Digitized && e.via.is_own());
    digitized && !context.policy.digitized_needs_custody
}

fn pro(archive: &ArchiveEvidence) -> String {
    if archive.supporting.is_empty() {
        return "no field that names a camera, a scanner, a date, a maker or a holder".to_owned();
    }
    listed(&archive.supporting)
}

fn listed(lines: &[ArchiveLine]) -> String {
    let named: Vec<_> = lines.iter().take(NAMED).map(wording::archive_line).collect();
    let more = match lines.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    format!("{}{more}", named.join("; "))
}

/// What speaks against it, and what is missing.
fn con(context: &AssetContext, archive: &ArchiveEvidence) -> String {
    let found = if archive.against.is_empty() { String::new() } else { format!("{}; ", listed(&archive.against)) };
    let credentials = match &context.facts.c2pa {
        Some(c2pa) if c2pa.state == CredentialState::Trusted => {
            "its trusted credentials do not say that it was captured or digitized"
        }
        Some(c2pa) if c2pa.present => match (c2pa.state, &c2pa.trust_list) {
            (CredentialState::Invalid, _) => "its credentials do not hold",
            (CredentialState::Valid, Some(_)) => {
                "its signer is on a trust list, but not all of its history is vouched for"
            }
            (CredentialState::Valid, None) => "its credentials are of no trusted signer",
            _ => "its credentials could not be checked",
        },
        _ => "no credentials",
    };
    format!("{found}{credentials}, no custody record of these bytes")
}
