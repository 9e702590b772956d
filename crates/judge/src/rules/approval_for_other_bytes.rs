//! An approval names this asset, but its bytes have changed since.
//!
//! Speaks in final and archival places where a record in force names this path with another digest, and no record
//! is about the bytes that are there now. It speaks also where the file now shows no AI mark: a stripped copy in
//! place of an approved asset must not pass. For a marked asset in a final deliverable it stands in place of
//! `unapproved-ai-in-final`.
//!
//! **Why it matters.** An approval is for what the approver saw. A new render, another grade or a cleaned file under
//! the same name was seen by nobody.
//!
//! **What to do.** Restore the approved file, or have the new one approved and record it; let the new record
//! supersede the old one. Where the asset was replaced by one without AI material, revoke the old record.
//!
//! **Example.** `titles/crowd.png` was approved on Monday and rendered again on Tuesday.

use super::{AssetContext, Info, Manual, RawFinding, Rule, unapproved_ai_in_final, wording};
use countersign_model::{Ai, FindingAction, FindingSubject, Role, Severity};

pub(super) struct ApprovalForOtherBytes;

static INFO: Info = Info {
    id: "approval-for-other-bytes",
    severity: Severity::Error,
    subject: FindingSubject::Approval,
    explains: &[&unapproved_ai_in_final::INFO],
    manual: Manual::Source(include_str!("approval_for_other_bytes.rs")),
};

impl Rule for ApprovalForOtherBytes {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(known) = context.status.other_bytes.as_ref().filter(|_| context.asset.role != Role::Temporary) else {
            return;
        };
        let record = wording::record(&known.record);
        let now = match context.ai {
            Ai::None => "it shows no AI mark now, which does not say that it holds no AI material".to_owned(),
            _ => format!("it is {}", wording::mark(context)),
        };
        let message = format!("record {} names this file, but is for other bytes ({record}); {now}", known.record.id);
        let approve = wording::approve(context);
        let action = FindingAction::RestoreOrApprove { approve, record: known.record.id.clone() };
        out.push(RawFinding::new(message, action).about(&known.record.id));
    }
}
