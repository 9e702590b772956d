//! A timeline plays media that is not in the delivery.
//!
//! Speaks once for each timeline, of events that are played: clips that are disabled or cut away are left out. Media that
//! lies inside the timeline's own file (an AAF with embedded essence) is named as well: it is not read.
//!
//! **Why it matters.** What is on the screen and not here was not judged: its evidence may lie in the missing file.
//!
//! **What to do.** Ask for the media, or scan it together with the timeline.
//!
//! **Example.** `reel1.edl` plays `A003C004_0101.mov` at 01:00:04:00, and no such file is in the delivery.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use countersign_model::{FindingAction, FindingSubject, NamedEvents, Severity};

pub(super) struct TimelineMissingMedia;

static INFO: Info = Info {
    id: "timeline-missing-media",
    severity: Severity::Warning,
    subject: FindingSubject::Timeline,
    explains: &[],
    manual: Manual::Source(include_str!("timeline_missing_media.rs")),
};

impl Rule for TimelineMissingMedia {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(timeline) = &context.asset.cut.timeline else { return };
        let events = timeline.events;
        let told = |list: &NamedEvents, what: &str| {
            (list.count > 0).then(|| format!("{} of {events} events {what}: {}", list.count, wording::events(list)))
        };
        let missing = told(&timeline.missing, "play media that is not here");
        let embedded = told(&timeline.embedded, "play media inside the timeline's own file, which is not read");
        let said: Vec<_> = missing.into_iter().chain(embedded).collect();
        if !said.is_empty() {
            out.push(RawFinding::new(said.join("; "), FindingAction::AskForMissingMedia));
        }
    }
}
