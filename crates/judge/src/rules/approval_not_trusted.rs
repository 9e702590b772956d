//! The approval's grade is below what the policy demands.
//!
//! The grades, best first: `signed-known` (signed by a key that the policy names), `signed` (by any key),
//! `imported` (no signature), `path-only` (no digest of the bytes). The policy sets the least one, also by scope.
//!
//! **Why it matters.** A row in a spreadsheet that names a file proves neither who approved it nor which bytes.
//!
//! **What to do.** Have the approver record it for the bytes, signed where the policy demands it
//! (`countersign approve --key KEY`), or name the approver's key under `[[trust.keys]]` in the policy.
//!
//! **Example.** An imported list names `crowd.png` without a digest; the policy demands at least `imported`.

use super::{AssetContext, Info, Manual, RawFinding, Rule, unapproved_ai_in_final, wording};
use crate::approvals::Verdict;
use countersign_model::{FindingAction, FindingSubject, Grade, Severity};

pub(super) struct ApprovalNotTrusted;

static INFO: Info = Info {
    id: "approval-not-trusted",
    severity: Severity::Error,
    subject: FindingSubject::Approval,
    explains: &[&unapproved_ai_in_final::INFO],
    manual: Manual::Source(include_str!("approval_not_trusted.rs")),
};

impl Rule for ApprovalNotTrusted {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Verdict::Insufficient { untrusted: Some(untrusted), .. } = &context.status.verdict else { return };
        if !context.asset.role.reaches_audience() || !context.needs_record() {
            return;
        }
        let known = &untrusted.record;
        let grade = match untrusted.grade {
            Grade::PathOnly => "it names the path but not the bytes",
            Grade::Imported => "it is not signed",
            Grade::Signed | Grade::SignedKnown => "it is signed by a key that the policy does not name",
        };
        let record = wording::record(&known.record);
        let least = untrusted.least.word();
        let message = format!(
            "{}; {record}, but {grade} (grade {}, the policy demands {least})",
            wording::mark(context),
            untrusted.grade.word()
        );
        let signed = untrusted.least >= Grade::Signed;
        let action = FindingAction::RecordForTheseBytes { signed, approve: wording::approve(context) };
        out.push(RawFinding::new(message, action).about(&known.record.id));
    }
}
