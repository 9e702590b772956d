//! A suppression of the policy that matched no finding, or that has run out.
//!
//! **Why it matters.** Suppressions that nobody needs any more hide the next finding of that kind.
//!
//! **What to do.** Take it out of the policy, or renew it with a new `expires` and a reason that still holds.
//!
//! **Example.** `mislabelled-format` was suppressed for `legacy/**` until June; the files have been renamed since.

use super::{Info, Rule};
use crate::model::Severity;

pub(super) struct UnusedSuppression;

static INFO: Info =
    Info { id: "unused-suppression", severity: Severity::Note, source: include_str!("unused_suppression.rs") };

impl Rule for UnusedSuppression {
    fn info(&self) -> &'static Info {
        &INFO
    }
}
