//! The approval that covered this asset in a final deliverable has run out.
//!
//! An approval holds through its last day; the day that counts is today or the one of `--as-of`.
//!
//! **Why it matters.** Approvals are given for a time: a licence, a consent, a window of release.
//!
//! **What to do.** Have the approval renewed and record it, or replace the asset.
//!
//! **Example.** The consent of a performer's estate was recorded until 31 March; the delivery is of 2 April.

use super::{Case, Draft, Info, Rule, wording};
use crate::approvals::Verdict;
use crate::model::Severity;

pub(super) struct ExpiredApproval;

static INFO: Info =
    Info { id: "expired-approval", severity: Severity::Error, source: include_str!("expired_approval.rs") };

impl Rule for ExpiredApproval {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        let Verdict::Expired(known) = &case.standing.verdict else { return };
        if !case.explains(INFO.id) {
            return;
        }
        let day = known.record.expires_on.map(|d| d.to_string()).unwrap_or_default();
        let record = wording::record(&known.record);
        let message = format!("{}; its approval ran out on {day} ({record})", wording::mark(case));
        let help = format!("Have it approved anew and record that: {}; or replace it.", wording::approve(case));
        out.push(Draft::new(message, help).about(&known.record.id));
    }
}
