//! The asset's own evidence contradicts itself.
//!
//! Speaks where the file states that it was captured, digitized or made without AI, and also that it was generated
//! as a whole. A captured picture that was edited with AI is no contradiction, nor is what an ingredient says.
//!
//! **Why it matters.** One of the two is wrong: metadata copied from another file, or a mark added or removed.
//!
//! **What to do.** Ask the supplier where the file comes from; take it as AI-generated until that is clear.
//!
//! **Example.** IPTC says `digitalCapture`, and the file carries a generator's parameters.

use super::{Case, Draft, Info, Rule, wording};
use crate::model::{Claim, Evidence, Severity, Strength};

pub(super) struct ConflictingProvenance;

static INFO: Info = Info {
    id: "conflicting-provenance",
    severity: Severity::Warning,
    source: include_str!("conflicting_provenance.rs"),
};

impl Rule for ConflictingProvenance {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        let own = |e: &&Evidence| e.via.is_own() && e.strength != Strength::Hint;
        let says = |claims: &[Claim]| case.evidence.iter().filter(own).find(|e| claims.contains(&e.claim));
        let generated = says(&[Claim::Generated]);
        let real = says(&[Claim::Captured, Claim::Digitized, Claim::NotAi]);
        let composite = says(&[Claim::Composite]);
        let denied = says(&[Claim::NotAi]);
        let Some((ai, other)) = generated.zip(real).or(composite.zip(denied)) else { return };
        let claim = match other.claim {
            Claim::Captured => "captured",
            Claim::Digitized => "digitized from an original",
            _ => "made without AI",
        };
        out.push(Draft::new(
            format!(
                "it says both that it is AI-made and that it was {claim}: {}; {}",
                wording::place(ai),
                wording::place(other)
            ),
            "Ask the supplier where it comes from; take it as AI-made until that is clear.",
        ));
    }
}
