//! From an event of a timeline to the use of an asset, with its timecodes.

use std::collections::BTreeSet;

use countersign_delivery::packages::record_range;
use countersign_model::{TimelineRange, TimelineReport, Use, UseKind};
use countersign_timelines::{Event, EventKind, Speed, TimeRange, Timecode, Timeline};

/// The tracks of a timeline by name: those of a kind are counted from the lowest.
pub(super) struct Tracks(BTreeSet<(bool, usize)>);

impl Tracks {
    pub(super) fn of(timeline: &Timeline) -> Self {
        Self(timeline.events.iter().map(|event| (event.kind == EventKind::Audio, event.track)).collect())
    }

    fn name(&self, event: &Event) -> String {
        let audio = event.kind == EventKind::Audio;
        let number = self.0.range((audio, 0)..=(audio, event.track)).count();
        format!("{}{number}", if audio { 'A' } else { 'V' })
    }
}

/// The use that a played event makes of an asset.
pub(super) fn use_of(label: &str, timeline: &Timeline, tracks: &Tracks, event: &Event) -> Use {
    Use {
        timeline: label.to_owned(),
        title: timeline.name.clone(),
        event: event.id.clone(),
        track: tracks.name(event),
        kind: match event.kind {
            EventKind::Video => UseKind::Video,
            EventKind::Audio => UseKind::Audio,
        },
        record: record_range(timeline, event.played.unwrap_or(event.record)),
        source: source(timeline, played_source(event)),
    }
}

/// What is played of the medium: where the speed is normal, an enclosing clip that cuts the event cuts it as well.
pub(super) fn played_source(event: &Event) -> TimeRange {
    if event.speed != Speed::Normal {
        return event.shown.unwrap_or(event.source);
    }
    let shown = event.shown.unwrap_or(event.source);
    let Some(played) = event.played else { return shown };
    let into = |units| played.rate.convert(units, event.source.rate);
    let skipped = into(played.start.saturating_sub(event.record.start)).max(0);
    let left = event.source.duration.saturating_sub(skipped).max(0);
    TimeRange {
        start: event.source.start.saturating_add(skipped),
        duration: into(played.duration).min(left),
        rate: event.source.rate,
    }
}

fn source(timeline: &Timeline, range: TimeRange) -> TimelineRange {
    // Sound counts in samples: there are no frames to tell.
    let at = |frames: i64| match range.rate.is_of_pictures() {
        true => Timecode { frames, rate: range.rate, drop: timeline.drop }.to_string(),
        false => frames.to_string(),
    };
    TimelineRange {
        from: at(range.start),
        to: at(range.end()),
        rate: range.rate.to_string(),
        start: range.start,
        duration: range.duration,
    }
}

/// What reports say of the cut as a whole.
pub(super) fn report(label: &str, timeline: &Timeline, named: bool) -> TimelineReport {
    let played: Vec<TimeRange> = timeline.events.iter().filter(|e| e.is_played()).filter_map(|e| e.played).collect();
    let into = |range: &TimeRange, units| range.rate.convert(units, timeline.rate);
    let start = played.iter().map(|range| into(range, range.start)).min().unwrap_or(0);
    let end = played.iter().map(|range| into(range, range.end())).max().unwrap_or(0);
    let whole = TimeRange { start, duration: end.saturating_sub(start), rate: timeline.rate };
    TimelineReport {
        timeline: label.to_owned(),
        file: String::new(),
        title: timeline.name.clone(),
        format: timeline.format.id().to_owned(),
        named,
        events: played.len() as u64,
        missing: 0,
        ambiguous: 0,
        record: record_range(timeline, whole),
    }
}

/// The frame numbers that an event plays of a run of frames, as far as the event tells; all of them where it does not.
pub(super) fn frames(event: &Event, first: i64, last: i64) -> (i64, i64) {
    let played = played_source(event);
    let (start, length) = (played.start, played.duration.max(1));
    let inside = |from: i64| (first..=last).contains(&from).then(|| (from, last.min(from.saturating_add(length - 1))));
    // The source may be counted in the frames' own numbers, from the frame that is named, or from the first one.
    let by_number = || inside(start);
    let by_named = || named_frame(event).and_then(|named| inside(named.saturating_add(start)));
    let by_first = || event.sequence.map_or(first, |(from, _)| from).checked_add(start).and_then(inside);
    let whole = event.sequence.map_or((first, last), |(from, to)| (from.max(first), to.min(last)));
    by_number().or_else(by_named).or_else(by_first).unwrap_or(whole)
}

/// The number of the frame file that the event names.
fn named_frame(event: &Event) -> Option<i64> {
    let name = event.media.as_deref().or(Some(&event.name))?.rsplit(['/', '\\']).next()?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    stem.get(stem.len() - digits..)?.parse().ok()
}
