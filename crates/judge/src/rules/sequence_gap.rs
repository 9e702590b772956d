//! Frames are missing from an image sequence.
//!
//! **Why it matters.** A dropped frame is a fault of its own, and what is missing was not judged.
//!
//! **What to do.** Ask for the missing frames, or for confirmation that the gap is meant.
//!
//! **Example.** `shot_1001.dpx` to `shot_1096.dpx` without `shot_1042.dpx`.

use super::{Info, Manual, PackageContext, RawFinding, Rule};
use countersign_model::{FindingAction, FindingSubject, PackageFaultKind, Severity};

pub(super) struct SequenceGap;

static INFO: Info = Info {
    id: "sequence-gap",
    severity: Severity::Warning,
    subject: FindingSubject::Sequence,
    explains: &[],
    manual: Manual::Source(include_str!("sequence_gap.rs")),
};

impl Rule for SequenceGap {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_package(&self, context: &PackageContext, out: &mut Vec<RawFinding>) {
        for fault in context.faults.iter().filter(|f| f.kind == PackageFaultKind::SequenceGap) {
            out.push(RawFinding::of(fault, "frames are missing", FindingAction::AskForMissingFrames));
        }
    }
}
