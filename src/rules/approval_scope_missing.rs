//! Approved, but not for a scope that the policy demands here.
//!
//! The scopes are `final-deliverable`, `talent-likeness`, `personal-data` and `third-party-ip`. The policy demands
//! them by role, by path and by mark (what touches a person's face, lips or voice demands `talent-likeness` under the
//! built-in policy); several records in force may share them. For some scopes the policy may also demand that the
//! record names a consent (`consent` under `[approvals]`): without one it does not cover that scope.
//!
//! **Why it matters.** Who may approve a background is not who may approve a face: each scope has its own reviewers.
//!
//! **What to do.** Have the missing scope approved and record it beside the other approval, or replace the asset.
//!
//! **Example.** `hero/double.mov` is approved for `final-deliverable`; the policy demands `talent-likeness` too.

use super::{Case, Draft, Info, Rule, wording};
use crate::approvals::Verdict;
use crate::model::Severity;
use crate::policy::Scope;

pub(super) struct ApprovalScopeMissing;

static INFO: Info =
    Info { id: "approval-scope-missing", severity: Severity::Error, source: include_str!("approval_scope_missing.rs") };

impl Rule for ApprovalScopeMissing {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        let Verdict::Short { record: known, missing, .. } = &case.standing.verdict else { return };
        if !case.explains(INFO.id) {
            return;
        }
        let consent = |s: &Scope| case.policy.approvals.consent.contains(s) && known.record.scopes.contains(s);
        let unproven = missing.iter().any(consent);
        let (record, missing) = (wording::record(&known.record), wording::scopes(missing));
        if unproven {
            let message = format!(
                "{}; {record}, which names no consent: the policy demands {missing} with a reference to one",
                wording::mark(case)
            );
            let help = format!("Record the approval with its consent: {}.", wording::approve(case));
            return out.push(Draft::new(message, help).about(&known.record.id));
        }
        let has = match known.record.scopes.is_empty() {
            true => "for no named scope".to_owned(),
            false => format!("for {} only", wording::scopes(&known.record.scopes)),
        };
        let message = format!("{}; {record}, {has}: the policy demands {missing} here", wording::mark(case));
        let help = format!("Have it approved for {missing} too and record that: {}.", wording::approve(case));
        out.push(Draft::new(message, help).about(&known.record.id));
    }
}
