//! Not a media format that is read.
//!
//! The asset counts as not judged. Files whose name promises media that the bytes are not are `unreadable-asset`.
//!
//! **Why it matters.** Nothing was looked for in it. Most such files hold no media (notes, checksums, project files),
//! but a policy may want every file of a delivery to be of a known kind.
//!
//! **What to do.** Look at it by other means if it holds media. A policy can raise this rule's severity.
//!
//! **Example.** `notes.docx.bak`, `grade.drp`.

use super::{AssetContext, Info, Manual, RawFinding, Rule};
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct UnrecognizedFormat;

static INFO: Info = Info {
    id: "unrecognized-format",
    severity: Severity::Note,
    subject: FindingSubject::Unrecognized,
    explains: &[],
    manual: Manual::Source(include_str!("unrecognized_format.rs")),
};

impl Rule for UnrecognizedFormat {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let unread = context.asset.obstacle.is_some() || context.facts.problems.iter().any(|p| p.blocking);
        if context.facts.format.is_some() || context.facts.named.is_some() || unread {
            return;
        }
        let message = match context.asset.size {
            0 => "the file is empty",
            _ => "not a media format that is read: nothing was looked for in it",
        };
        out.push(RawFinding::new(message, FindingAction::InspectIfMedia));
    }
}
