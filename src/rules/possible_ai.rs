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

use super::{Case, Draft, Info, Rule, wording};
use crate::approvals::Verdict;
use crate::model::{Ai, Role, Severity};

pub(super) struct PossibleAi;

static INFO: Info = Info { id: "possible-ai", severity: Severity::Note, source: include_str!("possible_ai.rs") };

impl Rule for PossibleAi {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        let elsewhere = case.asset.role == Role::Archival && case.ai == Ai::Enhanced;
        if case.ai == Ai::None || elsewhere || case.needs_record() {
            return;
        }
        let message = match case.ai {
            Ai::Possible => wording::mark(case),
            _ => format!("{}; the policy demands no record for that here", wording::mark(case)),
        };
        let draft = Draft::new(message, "Ask the supplier whether and how a generative tool was used.");
        out.push(match &case.standing.verdict {
            Verdict::Covered(known) => Draft { cleared: true, ..draft }.about(&known.record.id),
            _ => draft,
        });
    }
}
