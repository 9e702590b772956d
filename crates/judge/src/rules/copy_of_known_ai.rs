//! Copy of an asset that is known to be AI-made, without a recorded approval for these bytes.
//!
//! Speaks with `--match` or `--known`, about assets without sufficient marks of their own. Known are the AI-marked assets of
//! the same scan, the subjects of the ledger's records, and the indexes that are named. The same pixels or samples and clear
//! copies count as errors; as a note counts what is only near enough that a person should look, a copy of what was only
//! enhanced where the policy demands no record for that, and archival material that is like what a record names without
//! saying that it is AI-made. In temporary material it counts as a warning. An approval of the known asset never passes on
//! to a copy: the finding names it, so that these bytes can be approved as well.
//!
//! **Why it matters.** A mark is lost as soon as a picture is encoded anew, graded or captured from a screen; the
//! material stays what it is.
//!
//! **What to do.** Look at both. Replace the copy, or have it approved and record that for these exact bytes. Where both
//! only look alike, suppress the finding with that reason.
//!
//! **Example.** `final/poster.jpg` without any mark is a mirrored copy of `temporary/idea.png`, which a generator marked.

use super::{
    AssetContext, Info, Manual, RawFinding, Rule, unapproved_ai_in_final, unnotified_ai_in_temporary, wording,
};
use crate::approvals::Verdict;
use countersign_model::{Claim, Evidence, FindingAction, FindingSubject, KnownCopy, KnownRelation, Role, Severity};

pub(super) struct CopyOfKnownAi;

static INFO: Info = Info {
    id: "copy-of-known-ai",
    severity: Severity::Error,
    subject: FindingSubject::Marks,
    explains: &[&unapproved_ai_in_final::INFO, &unnotified_ai_in_temporary::INFO, &super::possible_ai::INFO],
    manual: Manual::Source(include_str!("copy_of_known_ai.rs")),
};

impl Rule for CopyOfKnownAi {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some((evidence, of)) = strongest(context.evidence) else { return };
        let severity = severity(context, evidence, of);
        // Where the policy demands a record for what is only possible, the rule for that says more than a note.
        if severity == Severity::Note && context.needs_record() {
            return;
        }
        let what = wording::clipped_value(&evidence.value);
        let finding = match &context.status.verdict {
            Verdict::Covered(known) => {
                let message = format!("it is {what}; {}", wording::record(&known.record));
                RawFinding::new(message, FindingAction::KeepRecorded).cleared_by(&known.record.id)
            }
            _ => RawFinding::new(message(&what, evidence, of), action(context, of)).about_any(of.record.as_deref()),
        };
        out.push(finding.at_most(severity));
    }
}

/// The strongest relation; of equal ones that to a record, which says most about what to do.
fn strongest(evidence: &[Evidence]) -> Option<(&Evidence, &KnownCopy)> {
    let copies = evidence.iter().filter_map(|e| Some((e, e.of.as_deref()?)));
    copies.min_by_key(|(e, of)| (of.relation, of.record.is_none(), e.claim))
}

fn severity(context: &AssetContext, evidence: &Evidence, of: &KnownCopy) -> Severity {
    let role = context.asset.role;
    match (of.relation, evidence.claim) {
        (KnownRelation::Look, _) => Severity::Note,
        (_, Claim::Possible) if role == Role::Archival => Severity::Note,
        (_, Claim::Enhanced) if !context.needs_record() => Severity::Note,
        _ if role == Role::Temporary => Severity::Warning,
        _ => Severity::Error,
    }
}

fn message(what: &str, evidence: &Evidence, of: &KnownCopy) -> String {
    let known = match evidence.claim {
        Claim::Generated => ", which is AI-generated",
        Claim::Composite => ", which is partly AI-generated",
        Claim::Enhanced => ", which is AI-enhanced",
        _ => "",
    };
    match (&of.record, of.relation) {
        (_, KnownRelation::Look) => format!("it is {what}; whether it is a copy, a person has to see"),
        (Some(_), _) => format!("it is {what}: that record is not for these bytes, approve these bytes"),
        (None, _) => format!("it is {what}{known}; no recorded approval covers these bytes"),
    }
}

fn action(context: &AssetContext, of: &KnownCopy) -> FindingAction {
    match (of.relation, context.asset.role) {
        (KnownRelation::Look, _) => FindingAction::LookAtBoth,
        (_, Role::Final | Role::Promotional) => FindingAction::RemoveOrApprove { approve: wording::approve(context) },
        (_, Role::Temporary) => FindingAction::Notify { notify: wording::notify(context) },
        (_, Role::Archival) => FindingAction::ReplaceOrDisclose { disclose: wording::disclose(context) },
    }
}
