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

use super::{
    AssetContext, Info, Manual, RawFinding, Rule, unapproved_ai_in_final, unnotified_ai_in_temporary, wording,
};
use crate::approvals::Verdict;
use countersign_model::{FindingAction, FindingSubject, Role, Scope, Severity};

pub(super) struct ApprovalScopeMissing;

static INFO: Info = Info {
    id: "approval-scope-missing",
    severity: Severity::Error,
    subject: FindingSubject::Approval,
    explains: &[&unapproved_ai_in_final::INFO, &unnotified_ai_in_temporary::INFO],
    manual: Manual::Source(include_str!("approval_scope_missing.rs")),
};

impl Rule for ApprovalScopeMissing {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Verdict::Insufficient { record: known, missing, .. } = &context.status.verdict else { return };
        if missing.is_empty() || context.asset.role == Role::Archival || !context.needs_record() {
            return;
        }
        let consent = |s: &Scope| context.policy.approvals.consent.contains(s) && known.record.scopes.contains(s);
        let unproven = missing.iter().any(consent);
        let (record, scopes) = (wording::record(&known.record), wording::scopes(missing));
        let approve = wording::approve(context);
        if unproven {
            let message = format!(
                "{}; {record}, which names no consent: the policy demands {scopes} with a reference to one",
                wording::mark(context)
            );
            let action = FindingAction::RecordConsent { approve };
            return out.push(RawFinding::new(message, action).about(&known.record.id));
        }
        let has = match known.record.scopes.is_empty() {
            true => "for no named scope".to_owned(),
            false => format!("for {} only", wording::scopes(&known.record.scopes)),
        };
        let message = format!("{}; {record}, {has}: the policy demands {scopes} here", wording::mark(context));
        let action = FindingAction::ApproveScopes { scopes: missing.clone(), approve };
        out.push(RawFinding::new(message, action).about(&known.record.id));
    }
}
