//! AI enhancement (upscaling, restoration, colorization) on archival material.
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

use super::{Case, Draft, Info, Rule, wording};
use crate::approvals::Verdict;
use crate::model::{Ai, Role, Severity};

pub(super) struct EnhancedArchival;

static INFO: Info =
    Info { id: "enhanced-archival", severity: Severity::Warning, source: include_str!("enhanced_archival.rs") };

impl Rule for EnhancedArchival {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        if case.asset.role != Role::Archival || case.ai != Ai::Enhanced {
            return;
        }
        let mark = wording::mark(case);
        if let Verdict::Covered(known) = &case.standing.verdict {
            let message = format!("{mark}, among archival material; {}", wording::record(&known.record));
            let help = "Nothing to do while the record is in force and the file stays as it is.";
            return out.push(Draft { cleared: true, ..Draft::new(message, help) }.about(&known.record.id));
        }
        let help = format!(
            "Use the untouched scan, or have the enhancement reviewed and record that: {} or {}.",
            wording::approve(case),
            wording::disclose(case)
        );
        out.push(Draft::new(format!("{mark}, among archival material; no record covers it"), help));
    }
}
