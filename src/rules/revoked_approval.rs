//! The approval that covered this asset in a final deliverable was withdrawn or replaced.
//!
//! A withdrawal ends the records that it names, or, where it names none, all earlier ones about the same bytes. A
//! record that supersedes another ends it too: where the newer one is about other bytes, these have no approval. A withdrawal
//! counts also where the asset shows no mark, if it is about these very bytes: somebody knew them for AI material.
//!
//! **Why it matters.** Somebody decided that this asset must not be used after all.
//!
//! **What to do.** Replace the asset, or clear it up with whoever withdrew the approval and record a new one.
//!
//! **Example.** A performer withdrew consent for a digital replica; the shot is still in the delivery.

use super::{Case, Draft, Info, Rule, wording};
use crate::approvals::{Decision, Verdict};
use crate::model::Severity;

pub(super) struct RevokedApproval;

static INFO: Info =
    Info { id: "revoked-approval", severity: Severity::Error, source: include_str!("revoked_approval.rs") };

impl Rule for RevokedApproval {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        let Verdict::Ended(known, by) = &case.standing.verdict else { return };
        if !case.explains(INFO.id) {
            return;
        }
        let ended = match by.record.decision {
            Decision::Revoked | Decision::Denied => format!("its approval was {}", wording::record(&by.record)),
            _ => format!("its approval was replaced by record {}, which is not about these bytes", by.record.id),
        };
        let was = wording::record(&known.record);
        let message = format!("{}; {ended}; before that {was}", wording::mark(case));
        let help = format!(
            "Replace it, or clear it up with {} and record a new approval: {}.",
            by.record.approver.name,
            wording::approve(case)
        );
        out.push(Draft::new(message, help).about(&by.record.id));
    }
}
