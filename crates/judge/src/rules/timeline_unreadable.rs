//! A timeline cannot be read, as a whole or in part.
//!
//! **Why it matters.** What is in the cut is not known: material that it plays may lie where nobody looks for final
//! material.
//!
//! **What to do.** Export the timeline again, or ask the supplier for a sound one.
//!
//! **Example.** `reel1.fcpxml` ends in the middle of an element.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct TimelineUnreadable;

static INFO: Info = Info {
    id: "timeline-unreadable",
    severity: Severity::Error,
    subject: FindingSubject::Timeline,
    explains: &[],
    manual: Manual::Source(include_str!("timeline_unreadable.rs")),
};

impl Rule for TimelineUnreadable {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(timeline) = context.asset.cut.timeline.as_ref().filter(|state| !state.unreadable.is_empty()) else {
            return;
        };
        let parts: Vec<_> = timeline.unreadable.iter().map(|what| wording::quote(what, false)).collect();
        let what = match timeline.events {
            0 => "the timeline cannot be read",
            _ => "parts of the timeline cannot be read",
        };
        out.push(RawFinding::new(format!("{what}: {}", parts.join("; ")), FindingAction::AskForSoundTimeline));
    }
}
