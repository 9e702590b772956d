//! The name's extension and the bytes disagree about the format.
//!
//! The bytes win: the file is read as what it is.
//!
//! **Why it matters.** Other tools go by the name, and look for metadata where that format keeps it: they will miss
//! what stands here.
//!
//! **What to do.** Rename the file, or ask the supplier which of the two was meant.
//!
//! **Example.** `poster.jpg` is a PNG: a web service delivered it under the wrong name.

use super::{AssetContext, Info, Manual, RawFinding, Rule};
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct MislabelledFormat;

static INFO: Info = Info {
    id: "mislabelled-format",
    severity: Severity::Note,
    subject: FindingSubject::Format,
    explains: &[],
    manual: Manual::Source(include_str!("mislabelled_format.rs")),
};

impl Rule for MislabelledFormat {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let facts = context.facts;
        let Some(format) = facts.format.as_deref().filter(|_| facts.extension_fits == Some(false)) else { return };
        let message = match facts.named.as_deref() {
            Some(named) => format!("its name says {named}, its bytes are {format}; it was read as {format}"),
            None => format!("its bytes are {format}, which its name does not say; it was read as {format}"),
        };
        out.push(RawFinding::new(message, FindingAction::Rename));
    }
}
