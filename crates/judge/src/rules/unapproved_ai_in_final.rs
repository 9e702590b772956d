//! AI-marked asset in a final deliverable with no recorded approval that covers it.
//!
//! Speaks where the ledger holds nothing about these bytes, or only a refusal, a notification, or an approval that
//! is not in force yet. Where it holds more, a more exact rule speaks instead: `expired-approval`,
//! `revoked-approval`, `approval-scope-missing`, `approval-not-trusted` or `approval-for-other-bytes`; should the
//! policy have turned that rule off, this one still speaks. With an approval in force the finding stays in the
//! report as approved, with the record that covers it. Which claims need an approval, the policy says; an
//! asset without a mark whose use was refused for these very bytes is flagged too. What timelines play is named with its
//! timecodes; where an approval has a range, what they play beyond it is not covered.
//!
//! **Why it matters.** Generated material in the final cut, even in the background, needs a written approval before
//! it is delivered; what reaches the audience without one cannot be recalled.
//!
//! **What to do.** Remove or replace the asset, or get an approval and record it for these exact bytes with
//! `countersign approve`. If the mark is wrong, ask the supplier for the original: do not strip it.
//!
//! **Example.** `stills/portrait.jpg` carries the IPTC Digital Source Type `trainedAlgorithmicMedia`.

use super::{AssetContext, Info, Manual, RawFinding, Rule, uses, wording};
use crate::approvals::Verdict;
use countersign_model::{Ai, FindingAction, FindingSubject, Severity};

pub(super) struct UnapprovedAiInFinal;

pub(super) static INFO: Info = Info {
    id: "unapproved-ai-in-final",
    severity: Severity::Error,
    subject: FindingSubject::Marks,
    explains: &[],
    manual: Manual::Source(include_str!("unapproved_ai_in_final.rs")),
};

impl Rule for UnapprovedAiInFinal {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        if !context.asset.role.reaches_audience() || !context.needs_record() {
            return;
        }
        let mark = wording::mark(context);
        let played = uses::played(&context.asset.cut.uses);
        if let Verdict::Covered(known) = &context.status.verdict {
            let record = wording::record(&known.record);
            if let Some(outside) = uses::outside(context, known) {
                let message = format!("{mark}; {record}, but the cut plays more: {}", uses::one(outside));
                let action = FindingAction::RemoveOrApprove { approve: wording::approve(context) };
                return out.push(RawFinding::new(message, action).about(&known.record.id));
            }
            let weak = context.matches.too_weak_to_end(known, context.as_of);
            let weak = weak.last().map(|by| {
                let (id, grade) = (&by.record.id, by.grade.word());
                format!(
                    "; record {id} ({}) is of a lower grade ({grade}) and does not end it",
                    wording::record(&by.record)
                )
            });
            let message = format!("{mark}; {record}{}{played}", weak.unwrap_or_default());
            return out.push(RawFinding::new(message, FindingAction::KeepApproved).cleared_by(&known.record.id));
        }
        let (why, record) = why(context);
        let action = FindingAction::RemoveOrApprove { approve: wording::approve(context) };
        out.push(RawFinding::new(format!("{mark}; {why}{played}"), action).about_any(record));
    }
}

/// Why no approval covers it, and the record that comes nearest.
fn why<'a>(context: &'a AssetContext) -> (String, Option<&'a str>) {
    match &context.status.verdict {
        Verdict::Denied(k) => (format!("approval was {}", wording::record(&k.record)), Some(&k.record.id)),
        Verdict::NotYetValid(k) => {
            (format!("its approval holds only from {}", k.record.decided_on), Some(&k.record.id))
        }
        Verdict::WeakerDecision(k) => {
            let what = wording::record(&k.record);
            (format!("it was {what}, but a final deliverable needs an approval"), Some(&k.record.id))
        }
        Verdict::Expired(k) | Verdict::Superseded(k, _) | Verdict::Insufficient { record: k, .. } => {
            (format!("the record {} does not cover it", k.record.id), Some(&k.record.id))
        }
        _ if context.ai == Ai::None => ("a record says that it needs an approval, and none covers it".to_owned(), None),
        _ => ("no recorded approval covers it".to_owned(), None),
    }
}
