//! A suppression of the policy that matched no finding, or that has run out.
//!
//! **Why it matters.** Suppressions that nobody needs any more hide the next finding of that kind.
//!
//! **What to do.** Take it out of the policy, or renew it with a new `expires` and a reason that still holds.
//!
//! **Example.** `mislabelled-format` was suppressed for `legacy/**` until June; the files have been renamed since.

use super::{Info, Manual, RawFinding, Rule, RunContext};
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct UnusedSuppression;

static INFO: Info = Info {
    id: "unused-suppression",
    severity: Severity::Note,
    subject: FindingSubject::Policy,
    explains: &[],
    manual: Manual::Source(include_str!("unused_suppression.rs")),
};

impl Rule for UnusedSuppression {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_run(&self, context: &RunContext, out: &mut Vec<RawFinding>) {
        for (index, row) in context.policy.suppress.iter().enumerate() {
            let what = match (context.used_suppressions.contains(index), row.expires < context.as_of) {
                (_, true) => format!("ran out on {}", row.expires),
                (false, false) => "matched no finding".to_owned(),
                (true, false) => continue,
            };
            let message = format!("the suppression of {} for `{}` {what}", row.rule, row.pattern.text());
            out.push(RawFinding::new(message, FindingAction::RemoveOrRenewSuppression));
        }
    }
}
