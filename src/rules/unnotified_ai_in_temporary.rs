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

use super::{Case, Draft, Info, Rule, wording};
use crate::approvals::Verdict;
use crate::model::{Role, Severity};

pub(super) struct UnnotifiedAiInTemporary;

static INFO: Info = Info {
    id: "unnotified-ai-in-temporary",
    severity: Severity::Warning,
    source: include_str!("unnotified_ai_in_temporary.rs"),
};

impl Rule for UnnotifiedAiInTemporary {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        if case.asset.role != Role::Temporary || !case.needs_record() {
            return;
        }
        let mark = wording::mark(case);
        if let Verdict::Covered(known) = &case.standing.verdict {
            let message = format!("{mark}, in temporary material; {}", wording::record(&known.record));
            let help = "Nothing to do while it stays temporary.";
            return out.push(Draft { cleared: true, ..Draft::new(message, help) }.about(&known.record.id));
        }
        if case.explained() {
            return;
        }
        let (why, record) = match (&case.standing.verdict, &case.standing.other_bytes) {
            (Verdict::Denied(k), _) => (format!("its use was {}", wording::record(&k.record)), Some(k)),
            (Verdict::Expired(k), _) => (format!("its record has run out ({})", wording::record(&k.record)), Some(k)),
            (Verdict::Ended(k, by), _) => (format!("its record was ended by record {}", by.record.id), Some(k)),
            (Verdict::Early(k), _) => (format!("its record holds only from {}", k.record.decided_on), Some(k)),
            (Verdict::Short { record: k, .. }, _) => {
                (format!("its record is of too low a grade ({})", wording::record(&k.record)), Some(k))
            }
            (_, Some(k)) => (format!("record {} names it, but is for other bytes", k.record.id), Some(k)),
            _ => ("no notification is recorded".to_owned(), None),
        };
        let help = format!("Tell the contact and record that: {}.", wording::notify(case));
        let draft = Draft::new(format!("{mark}, in temporary material; {why}"), help);
        out.push(match record {
            Some(known) => draft.about(&known.record.id),
            None => draft,
        });
    }
}
