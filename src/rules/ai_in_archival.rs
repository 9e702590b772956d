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

use super::{Case, Draft, Info, Rule, wording};
use crate::approvals::{Decision, Verdict};
use crate::model::{Ai, Role, Severity};

pub(super) struct AiInArchival;

static INFO: Info = Info { id: "ai-in-archival", severity: Severity::Error, source: include_str!("ai_in_archival.rs") };

impl Rule for AiInArchival {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        let marked = case.policy.demands(Role::Archival, case.ai) && case.ai != Ai::Enhanced;
        if case.asset.role != Role::Archival || !marked {
            return;
        }
        let mark = wording::mark(case);
        if let Verdict::Covered(known) = &case.standing.verdict {
            let message = format!("{mark}, among archival material; {}", wording::record(&known.record));
            let help = "Nothing to do while the disclosure is in force and the file stays as it is.";
            return out.push(Draft { cleared: true, ..Draft::new(message, help) }.about(&known.record.id));
        }
        let (why, record) = why(case);
        let help = format!(
            "Replace it with the authentic source or move it out of the archival material; if the audience is told, \
             record that: {}.",
            wording::disclose(case)
        );
        let draft = Draft::new(format!("{mark}, among archival material; {why}"), help);
        out.push(match record {
            Some(id) => draft.about(&id),
            None => draft,
        });
    }
}

fn why(case: &Case) -> (String, Option<String>) {
    let standing = match &case.standing.verdict {
        Verdict::Lesser(k) if matches!(k.record.decision, Decision::Approved | Decision::Conditional) => {
            Some((format!("{}: an approval does not clear it, a disclosure would", wording::record(&k.record)), k))
        }
        Verdict::Lesser(k) => Some((format!("only {}", wording::record(&k.record)), k)),
        Verdict::Denied(k) => Some((format!("its use was {}", wording::record(&k.record)), k)),
        Verdict::Expired(k) => Some((format!("its disclosure has run out ({})", wording::record(&k.record)), k)),
        Verdict::Ended(k, by) => Some((format!("its disclosure was ended by record {}", by.record.id), k)),
        Verdict::Early(k) => Some((format!("its disclosure holds only from {}", k.record.decided_on), k)),
        Verdict::Short { record: k, .. } => Some((
            format!(
                "its disclosure is not of the scope or grade that the policy demands ({})",
                wording::record(&k.record)
            ),
            k,
        )),
        Verdict::None | Verdict::Covered(_) => None,
    };
    match standing {
        Some((why, known)) => (why, Some(known.record.id.clone())),
        None => ("no disclosure is recorded for it".to_owned(), None),
    }
}
