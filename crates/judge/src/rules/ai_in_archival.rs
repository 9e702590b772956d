//! AI-marked material in a place that claims to be archival.
//!
//! An approval alone does not clear it: it needs a recorded disclosure for these exact bytes. Assets that are only
//! enhanced are for `enhanced-archival`.
//!
//! **Why it matters.** What is shown as archive material is taken as a record of what happened. Generated pictures
//! passed off as archive photos mislead the audience and harm those shown.
//!
//! **What to do.** Replace it with the authentic source, or move it out of the archival material; where it is to be
//! shown and the audience is told, record that with `countersign approvals disclose`.
//!
//! **Example.** `archival/1987_school_photo.png` carries Content Credentials that say it was generated.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use crate::approvals::Verdict;
use countersign_model::{Ai, Decision, FindingAction, FindingSubject, Role, Severity};

pub(super) struct AiInArchival;

static INFO: Info = Info {
    id: "ai-in-archival",
    severity: Severity::Error,
    subject: FindingSubject::Marks,
    explains: &[],
    manual: Manual::Source(include_str!("ai_in_archival.rs")),
};

impl Rule for AiInArchival {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let marked = context.policy.demands(Role::Archival, context.ai) && context.ai != Ai::Enhanced;
        if context.asset.role != Role::Archival || !marked {
            return;
        }
        let mark = wording::mark(context);
        if let Verdict::Covered(known) = &context.status.verdict {
            let message = format!("{mark}, among archival material; {}", wording::record(&known.record));
            return out.push(RawFinding::new(message, FindingAction::KeepDisclosed).cleared_by(&known.record.id));
        }
        let (why, record) = why(context);
        let action = FindingAction::ReplaceOrDisclose { disclose: wording::disclose(context) };
        let message = format!("{mark}, among archival material; {why}");
        out.push(RawFinding::new(message, action).about_any(record));
    }
}

/// Why no disclosure covers it, and the record that comes nearest.
fn why<'a>(context: &'a AssetContext) -> (String, Option<&'a str>) {
    let status = match &context.status.verdict {
        Verdict::WeakerDecision(k) if matches!(k.record.decision, Decision::Approved | Decision::Conditional) => {
            Some((format!("{}: an approval does not clear it, a disclosure would", wording::record(&k.record)), k))
        }
        Verdict::WeakerDecision(k) => Some((format!("only {}", wording::record(&k.record)), k)),
        Verdict::Denied(k) => Some((format!("its use was {}", wording::record(&k.record)), k)),
        Verdict::Expired(k) => Some((format!("its disclosure has run out ({})", wording::record(&k.record)), k)),
        Verdict::Superseded(k, by) => Some((format!("its disclosure was ended by record {}", by.record.id), k)),
        Verdict::NotYetValid(k) => Some((format!("its disclosure holds only from {}", k.record.decided_on), k)),
        Verdict::Insufficient { record: k, .. } => Some((
            format!(
                "its disclosure is not of the scope or grade that the policy demands ({})",
                wording::record(&k.record)
            ),
            k,
        )),
        Verdict::None | Verdict::Covered(_) => None,
    };
    match status {
        Some((why, known)) => (why, Some(&known.record.id)),
        None => ("no disclosure is recorded for it".to_owned(), None),
    }
}
