//! A record in force that matched no asset of the delivery.
//!
//! **Why it matters.** The approved asset was dropped, renamed and re-encoded, or the wrong ledger was given. A typing
//! error in an imported list shows here.
//!
//! **What to do.** Check whether the asset should be in this delivery. A ledger for a whole show will always hold
//! records for other deliveries: turn the rule off then, with that reason.
//!
//! **Example.** The approval of `crowd_v3.png`; the delivery holds `crowd_v4.png`.

use super::{Info, Manual, RawFinding, Rule, RunContext};
use crate::approvals::Record;
use countersign_model::limits;
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct UnusedApproval;

static INFO: Info = Info {
    id: "unused-approval",
    severity: Severity::Note,
    subject: FindingSubject::Ledger,
    explains: &[],
    manual: Manual::Source(include_str!("unused_approval.rs")),
};

impl Rule for UnusedApproval {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_run(&self, context: &RunContext, out: &mut Vec<RawFinding>) {
        let Some(approvals) = context.approvals else { return };
        let mut unused = approvals.in_force(context.as_of);
        unused.retain(|index| !context.used_approvals.contains(*index));
        for known in unused.iter().take(limits::UNUSED).filter_map(|index| approvals.known(*index)) {
            let finding = RawFinding::new(message(&known.record), FindingAction::LookForTheAsset);
            out.push(finding.about(&known.record.id));
        }
        // A ledger for a whole house would bury everything else.
        if let more @ 1.. = unused.len().saturating_sub(limits::UNUSED) {
            let message = format!("{more} more records in force matched no asset");
            out.push(RawFinding::new(message, FindingAction::ListUnusedRecords));
        }
    }
}

fn message(record: &Record) -> String {
    let name = record.subjects.first().map(|s| s.name.as_str()).filter(|n| !n.is_empty());
    let name = name.or_else(|| record.sha256().next()).unwrap_or("nothing that can be found");
    let more = record.subjects.len().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "record {} ({} by {} on {}) matched no asset: it is about {name}{more}",
        record.id,
        record.decision.word(),
        record.approver,
        record.decided_on
    )
}
