//! Evidence against an archival asset's own claim.
//!
//! Speaks where a fact of the file cannot be true together with what it claims to be: bytes that its Content Credentials were
//! not signed for, a picture that is not the one of its thumbnail, an original dated after its own changes, before its camera
//! was made or on no day at all, a history of editing that begins before the capture, a maker's note or a lens of another
//! camera than the one named. Each line names the field, its place and its byte; what makers do is data with its sources.
//!
//! Marks of AI have rules of their own. The finding lays out the facts; it is no verdict on the picture.
//!
//! **Why it matters.** What is shown as archive material is taken as a record of what happened. A fact that cannot be
//! true shows that the file, or what is said of it, was changed on the way.
//!
//! **What to do.** Ask the archive for the file as it left the camera or the scanner, and for an explanation of each line;
//! `scan --report provenance=FILE` lays out all of it. Do not use it as authentic until that is clear.
//!
//! **Example.** `archive/1974_rally.jpg` names a camera that was announced in 2003.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use countersign_model::{ArchiveLine, ArchiveWeight, FindingAction, FindingSubject, Severity};

pub(super) struct ContradictedArchival;

pub(super) static INFO: Info = Info {
    id: "contradicted-archival",
    severity: Severity::Error,
    subject: FindingSubject::Origin,
    explains: &[],
    manual: Manual::Source(include_str!("contradicted_archival.rs")),
};

/// Facts that a message names.
const NAMED: usize = 4;

impl Rule for ContradictedArchival {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(archive) = context.archive else { return };
        let contradicts = |line: &&ArchiveLine| line.weight == ArchiveWeight::Contradicts && line.kind != "ai";
        let lines: Vec<_> = archive.against.iter().filter(contradicts).collect();
        if lines.is_empty() {
            return;
        }
        let more = match lines.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!("; and {n} more"),
        };
        let named: Vec<_> = lines.into_iter().take(NAMED).map(wording::archive_line).collect();
        let message = format!("its own evidence contradicts its claim: {}{more}", named.join("; "));
        out.push(RawFinding::new(message, FindingAction::AskTheArchive));
    }
}
