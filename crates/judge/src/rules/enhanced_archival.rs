//! AI enhancement (upscaling, restoration, colorization) on archival material.
//!
//! Where a file says no more than that an algorithm enhanced it (IPTC `algorithmicallyEnhanced`), that need not be AI: the
//! finding says so, and is no error under any policy.
//!
//! An approval or a disclosure for these exact bytes clears it.
//!
//! **Why it matters.** Enhancement invents detail: faces, number plates, lettering. Whether it changes the meaning is
//! for people to judge, and the audience may have to be told.
//!
//! **What to do.** Use the untouched scan, or have the enhancement reviewed and record that with
//! `countersign approve` or `countersign approvals disclose`.
//!
//! **Example.** `archival/reel3.mov` was upscaled: its metadata names an AI video tool.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use crate::approvals::Verdict;
use countersign_model::{Ai, FindingAction, FindingSubject, Role, Severity};

pub(super) struct EnhancedArchival;

static INFO: Info = Info {
    id: "enhanced-archival",
    severity: Severity::Warning,
    subject: FindingSubject::Marks,
    explains: &[],
    manual: Manual::Source(include_str!("enhanced_archival.rs")),
};

impl Rule for EnhancedArchival {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        if context.asset.role != Role::Archival || context.ai != Ai::Enhanced {
            return;
        }
        let mark = wording::mark(context);
        if let Verdict::Covered(known) = &context.status.verdict {
            let message = format!("{mark}, among archival material; {}", wording::record(&known.record));
            return out.push(RawFinding::new(message, FindingAction::KeepRecorded).cleared_by(&known.record.id));
        }
        let (approve, disclose) = (wording::approve(context), wording::disclose(context));
        let message = format!("{mark}, among archival material; no record covers it");
        let finding = RawFinding::new(message, FindingAction::ReviewEnhancement { approve, disclose });
        // That an algorithm enhanced it is no error by itself, whatever the policy makes of AI.
        out.push(match wording::enhanced_by_algorithm_only(context) {
            true => finding.at_most(Severity::Warning),
            false => finding,
        });
    }
}
