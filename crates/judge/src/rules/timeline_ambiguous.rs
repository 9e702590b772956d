//! Several assets fit an event of a timeline.
//!
//! Neither the path, the name nor the frames that the event states leave exactly one. None of them is taken as played
//! for it, and none is said to be out of the cut.
//!
//! **Why it matters.** Which of them is on the screen is not known, so the roles of all rest on other grounds.
//!
//! **What to do.** Look which of them the cut plays, or use a timeline that states whole paths.
//!
//! **Example.** `reel1.edl` plays the clip `sky`, and there are `plates/sky.mov` and `old/sky.mov`.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use countersign_model::{FindingAction, FindingSubject, Severity};

pub(super) struct TimelineAmbiguous;

static INFO: Info = Info {
    id: "timeline-ambiguous",
    severity: Severity::Note,
    subject: FindingSubject::Timeline,
    explains: &[],
    manual: Manual::Source(include_str!("timeline_ambiguous.rs")),
};

impl Rule for TimelineAmbiguous {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let Some(timeline) = &context.asset.cut.timeline else { return };
        let list = &timeline.ambiguous;
        if list.count > 0 {
            let what =
                format!("{} of {} events fit several assets: {}", list.count, timeline.events, wording::events(list));
            out.push(RawFinding::new(what, FindingAction::TellApartMedia));
        }
    }
}
