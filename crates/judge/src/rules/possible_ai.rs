//! Evidence that only hints at AI, or an AI claim for which the policy demands no record here.
//!
//! A tool's name that has generative functions among others, a label of doubt, an AI input to the work; and, in
//! final and temporary places, AI enhancement unless the policy lists `enhanced` among the claims that need a record.
//!
//! **Why it matters.** A hint proves nothing, but it tells where to ask.
//!
//! **What to do.** Ask the supplier whether a generative tool was used. A policy can raise this rule's severity or
//! list `possible` or `enhanced` among the claims that need a record.
//!
//! **Example.** `xmp:CreatorTool` names an editor with a generative fill, and nothing else says that it was used.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use crate::approvals::Verdict;
use countersign_model::{Ai, FindingAction, FindingSubject, Role, Severity};

pub(super) struct PossibleAi;

pub(super) static INFO: Info = Info {
    id: "possible-ai",
    severity: Severity::Note,
    subject: FindingSubject::Marks,
    explains: &[],
    manual: Manual::Source(include_str!("possible_ai.rs")),
};

impl Rule for PossibleAi {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let elsewhere = context.asset.role == Role::Archival && context.ai == Ai::Enhanced;
        if context.ai == Ai::None || elsewhere || context.needs_record() {
            return;
        }
        let message = match context.ai {
            Ai::Possible => wording::mark(context),
            _ => format!("{}; the policy demands no record for that here", wording::mark(context)),
        };
        let finding = RawFinding::new(message, FindingAction::AskHowItWasMade);
        out.push(match &context.status.verdict {
            Verdict::Covered(known) => finding.cleared_by(&known.record.id),
            _ => finding,
        });
    }
}
