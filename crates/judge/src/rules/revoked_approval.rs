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

use super::{AssetContext, Info, Manual, RawFinding, Rule, unapproved_ai_in_final, wording};
use crate::approvals::Verdict;
use countersign_model::{Decision, FindingAction, FindingSubject, Severity};

pub(super) struct RevokedApproval;

static INFO: Info = Info {
    id: "revoked-approval",
    severity: Severity::Error,
    subject: FindingSubject::Approval,
    explains: &[&unapproved_ai_in_final::INFO],
    manual: Manual::Source(include_str!("revoked_approval.rs")),
};

impl Rule for RevokedApproval {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Verdict::Superseded(known, by) = &context.status.verdict else { return };
        if !context.asset.role.reaches_audience() || !context.needs_record() {
            return;
        }
        let ended = match by.record.decision {
            Decision::Revoked | Decision::Denied => format!("its approval was {}", wording::record(&by.record)),
            _ => format!("its approval was replaced by record {}, which is not about these bytes", by.record.id),
        };
        let was = wording::record(&known.record);
        let message = format!("{}; {ended}; before that {was}", wording::mark(context));
        let approver = by.record.approver.name.clone();
        let action = FindingAction::ReplaceOrClearUp { approver, approve: wording::approve(context) };
        out.push(RawFinding::new(message, action).about(&by.record.id));
    }
}
