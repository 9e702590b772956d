//! AI-marked temporary material with no recorded notification.
//!
//! A notification, an approval or a disclosure clears it; whether a record that names only the path is enough, the
//! policy says (it is, in the built-in policies).
//!
//! **Why it matters.** Generated temporary material needs no approval as long as it stays temporary, but the contact
//! is to be told: temp pictures and voices have a way of staying in the cut.
//!
//! **What to do.** Tell the contact and record that with `countersign approvals notify`.
//!
//! **Example.** `previs/sc012_concept.png` carries a generator's parameters.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use crate::approvals::Verdict;
use countersign_model::{FindingAction, FindingSubject, Role, Severity};

pub(super) struct UnnotifiedAiInTemporary;

pub(super) static INFO: Info = Info {
    id: "unnotified-ai-in-temporary",
    severity: Severity::Warning,
    subject: FindingSubject::Marks,
    explains: &[],
    manual: Manual::Source(include_str!("unnotified_ai_in_temporary.rs")),
};

impl Rule for UnnotifiedAiInTemporary {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        if context.asset.role != Role::Temporary || !context.needs_record() {
            return;
        }
        let mark = wording::mark(context);
        if let Verdict::Covered(known) = &context.status.verdict {
            let message = format!("{mark}, in temporary material; {}", wording::record(&known.record));
            return out.push(RawFinding::new(message, FindingAction::KeepTemporary).cleared_by(&known.record.id));
        }
        let (why, record) = why(context);
        let action = FindingAction::Notify { notify: wording::notify(context) };
        out.push(RawFinding::new(format!("{mark}, in temporary material; {why}"), action).about_any(record));
    }
}

/// Why no notification covers it, and the record that comes nearest.
fn why<'a>(context: &'a AssetContext) -> (String, Option<&'a str>) {
    let (why, known) = match (&context.status.verdict, &context.status.other_bytes) {
        (Verdict::Denied(k), _) => (format!("its use was {}", wording::record(&k.record)), k),
        (Verdict::Expired(k), _) => (format!("its record has run out ({})", wording::record(&k.record)), k),
        (Verdict::Superseded(k, by), _) => (format!("its record was ended by record {}", by.record.id), k),
        (Verdict::NotYetValid(k), _) => (format!("its record holds only from {}", k.record.decided_on), k),
        (Verdict::Insufficient { record: k, .. }, _) => {
            (format!("its record is of too low a grade ({})", wording::record(&k.record)), k)
        }
        (_, Some(k)) => (format!("record {} names it, but is for other bytes", k.record.id), k),
        _ => return ("no notification is recorded".to_owned(), None),
    };
    (why, Some(&known.record.id))
}
