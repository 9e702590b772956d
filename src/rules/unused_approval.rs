//! A record in force that matched no asset of the delivery.
//!
//! **Why it matters.** The approved asset was dropped, renamed and re-encoded, or the wrong ledger was given. A typing
//! error in an imported list shows here.
//!
//! **What to do.** Check whether the asset should be in this delivery. A ledger for a whole show will always hold
//! records for other deliveries: turn the rule off then, with that reason.
//!
//! **Example.** The approval of `crowd_v3.png`; the delivery holds `crowd_v4.png`.

use super::{Info, Rule};
use crate::model::Severity;

pub(super) struct UnusedApproval;

static INFO: Info =
    Info { id: "unused-approval", severity: Severity::Note, source: include_str!("unused_approval.rs") };

impl Rule for UnusedApproval {
    fn info(&self) -> &'static Info {
        &INFO
    }
}
