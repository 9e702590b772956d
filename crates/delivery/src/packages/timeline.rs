//! Shared by IMF and DCP: what a composition's events play, read as every other timeline is (`countersign_timelines`).

use super::assetmap::id;
use countersign_model::{Play, TimelineRange, limits};
use countersign_timelines::{Kind, TimeRange, Timeline, read};

/// The cut that a composition playlist describes.
///
/// # Errors
/// What cannot be read of it, with its place.
pub(super) fn cut(kind: Kind, bytes: &[u8]) -> Result<(Timeline, Vec<String>), String> {
    let mut document = read(kind, "", bytes, &mut |_| None).map_err(|error| error.to_string())?;
    let problems = document.problems.iter().map(|problem| format!("{}: {}", problem.place, problem.reason)).collect();
    match document.timelines.pop() {
        Some(timeline) => Ok((timeline, problems)),
        None => Err("holds no composition".to_owned()),
    }
}

/// A record range of a timeline as reports tell it.
#[must_use]
pub fn record_range(timeline: &Timeline, range: TimeRange) -> TimelineRange {
    TimelineRange {
        from: timeline.record_timecode(range.start, range.rate).to_string(),
        to: timeline.record_timecode(range.end(), range.rate).to_string(),
        rate: range.rate.to_string(),
        start: range.start,
        duration: range.duration,
    }
}

/// Assets by id, with the stretch of each that a composition plays.
pub(super) fn plays(composition: &str, timeline: &Timeline) -> Vec<(String, Play)> {
    let units = |count: i64| u64::try_from(count).unwrap_or(0);
    let events = timeline.events.iter().take(limits::ITEMS).filter_map(|event| {
        let (record, source) = (record_range(timeline, event.record), event.source);
        let play = Play {
            title: timeline.name.clone(),
            composition: composition.to_owned(),
            track: event.name.clone(),
            entry: units(source.start),
            duration: units(source.duration),
            rate: (source.rate.numerator.into(), source.rate.denominator.into()),
            from: record.from.clone(),
            to: record.to.clone(),
            record,
        };
        Some((id(event.media.as_deref()?), play))
    });
    events.collect()
}
