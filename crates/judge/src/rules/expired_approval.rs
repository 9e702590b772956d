//! The approval that covered this asset in a final deliverable has run out.
//!
//! An approval holds through its last day; the day that counts is today or the one of `--as-of`.
//!
//! **Why it matters.** Approvals are given for a time: a licence, a consent, a window of release.
//!
//! **What to do.** Have the approval renewed and record it, or replace the asset.
//!
//! **Example.** The consent of a performer's estate was recorded until 31 March; the delivery is of 2 April.

use super::{AssetContext, Info, Manual, RawFinding, Rule, unapproved_ai_in_final, wording};
use crate::approvals::Verdict;
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct ExpiredApproval;

static INFO: Info = Info {
    id: "expired-approval",
    severity: Severity::Error,
    subject: FindingSubject::Approval,
    explains: &[&unapproved_ai_in_final::INFO],
    manual: Manual::Source(include_str!("expired_approval.rs")),
};

impl Rule for ExpiredApproval {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Verdict::Expired(known) = &context.status.verdict else { return };
        if !context.asset.role.reaches_audience() || !context.needs_record() {
            return;
        }
        let day = known.record.expires_on.map(|d| d.to_string()).unwrap_or_default();
        let record = wording::record(&known.record);
        let message = format!("{}; its approval ran out on {day} ({record})", wording::mark(context));
        let action = FindingAction::RenewOrReplace { approve: wording::approve(context) };
        out.push(RawFinding::new(message, action).about(&known.record.id));
    }
}
