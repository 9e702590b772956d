//! The approval that covers this asset runs out soon: within the policy's `expiring_days`, 30 unless it says otherwise.
//!
//! Told of final deliverables that an approval in force covers, counted from today or the day of `--as-of`. With
//! `expiring-days = 0` only the last day itself is told.
//!
//! **Why it matters.** A delivery that passes today and is delivered again next month will not pass then.
//!
//! **What to do.** Have the approval renewed in time and record it.
//!
//! **Example.** A licence for a generated backdrop ends on 30 June; the scan is of 10 June.

use chrono::Days;

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use crate::approvals::Verdict;
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct ExpiringApproval;

static INFO: Info = Info {
    id: "expiring-approval",
    severity: Severity::Note,
    subject: FindingSubject::Approval,
    explains: &[],
    manual: Manual::Source(include_str!("expiring_approval.rs")),
};

impl Rule for ExpiringApproval {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Verdict::Covered(known) = &context.status.verdict else { return };
        if !context.asset.role.reaches_audience() || !context.needs_record() {
            return;
        }
        let days = context.policy.approvals.expiring_days;
        let horizon = context.as_of.checked_add_days(Days::new(u64::from(days)));
        let Some(last) = known.record.expires_on.filter(|last| horizon.is_none_or(|horizon| *last <= horizon)) else {
            return;
        };
        let message = match (last - context.as_of).num_days() {
            0 => "its approval runs out today".to_owned(),
            1 => format!("its approval runs out tomorrow, on {last}"),
            days => format!("its approval runs out in {days} days, on {last}"),
        };
        let message = format!("{message} ({})", wording::record(&known.record));
        let action = FindingAction::RenewInTime { approve: wording::approve(context) };
        out.push(RawFinding::new(message, action).about(&known.record.id));
    }
}
