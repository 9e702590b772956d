//! Final Cut Pro 7 XML (`xmeml`, "Final Cut Pro XML Interchange Format"), as Premiere Pro and Resolve write it too.

use crate::{
    error::Unreadable,
    limits::{Budget, check_depth},
    locate::{Placement, seconds},
    model::{Document, Event, EventKind, Format, Identity, Speed, TimeRange, Timeline},
    rate::Rate,
    timecode::Timecode,
    xml::{self, Element},
};
use std::collections::HashMap;

pub(crate) fn read(bytes: &[u8]) -> Result<Document, Unreadable> {
    let mut budget = Budget::new();
    let root = xml::parse(bytes, &mut budget)?;
    if root.name != "xmeml" {
        return Err(Unreadable::new("FCP7 XML", format!("the root element is {:?}, not xmeml", root.name)));
    }
    let mut definitions = Definitions::default();
    definitions.collect(&root);
    let mut sequences = Vec::new();
    find_sequences(&root, &mut sequences);
    let mut document = Document::default();
    for sequence in sequences {
        budget.timeline("FCP7 XML (sequence)")?;
        let mut walker =
            Walker { definitions: &definitions, budget: &mut budget, events: Vec::new(), track: 0, open: Vec::new() };
        document.timelines.push(walker.timeline(sequence)?);
    }
    Ok(document)
}

/// Elements that are written out once and referred to by `id` afterwards.
#[derive(Default)]
struct Definitions<'a> {
    files: HashMap<&'a str, &'a Element>,
    sequences: HashMap<&'a str, &'a Element>,
}

impl<'a> Definitions<'a> {
    fn collect(&mut self, element: &'a Element) {
        let table = match element.name.as_str() {
            "file" => Some(&mut self.files),
            "sequence" => Some(&mut self.sequences),
            _ => None,
        };
        let defined = element.attribute("id").filter(|_| !element.children.is_empty());
        if let (Some(table), Some(id)) = (table, defined) {
            table.entry(id).or_insert(element);
        }
        for child in &element.children {
            self.collect(child);
        }
    }
}

/// The sequences that stand for themselves: not those inside a clip.
fn find_sequences<'a>(element: &'a Element, found: &mut Vec<&'a Element>) {
    for child in &element.children {
        match child.name.as_str() {
            "sequence" => found.push(child),
            "clipitem" => {}
            _ => find_sequences(child, found),
        }
    }
}

/// The rate of an element's `rate` child.
fn rate_of(element: &Element) -> Option<Rate> {
    let rate = element.child("rate")?;
    let timebase = u32::try_from(rate.child_number("timebase")?).ok()?;
    Rate::from_timebase(timebase, rate.said("ntsc").is_some_and(|text| text.eq_ignore_ascii_case("true")))
}

/// The start timecode of a sequence or file, in its own rate.
fn timecode_of(element: &Element, default: Rate) -> Option<Timecode> {
    let timecode = element.child("timecode")?;
    let rate = rate_of(timecode).or_else(|| rate_of(element)).unwrap_or(default);
    let drop = timecode.said("displayformat").is_some_and(|format| format.eq_ignore_ascii_case("DF"));
    match timecode.child_number("frame") {
        Some(frames) => Some(Timecode { frames, rate, drop }),
        None => Timecode::parse(timecode.said("string")?, rate, drop),
    }
}

fn is_false(element: &Element, name: &str) -> bool {
    element.said(name).is_some_and(|text| text.eq_ignore_ascii_case("false") || text == "0")
}

/// What a track inherits.
#[derive(Clone, Copy)]
struct Inherited {
    place: Placement,
    kind: Option<EventKind>,
    rate: Rate,
    enabled: bool,
    depth: usize,
}

struct Walker<'a, 'b> {
    definitions: &'b Definitions<'a>,
    budget: &'b mut Budget,
    events: Vec<Event>,
    track: usize,
    /// The sequences that are being walked, against circles.
    open: Vec<*const Element>,
}

impl<'a> Walker<'a, '_> {
    fn timeline(&mut self, sequence: &'a Element) -> Result<Timeline, Unreadable> {
        let rate = rate_of(sequence).unwrap_or(Rate::FILM);
        let start = timecode_of(sequence, rate);
        let offset = start.map_or(0.0, |start| seconds(start.frames, start.rate));
        let inherited = Inherited { place: Placement::root(offset), kind: None, rate, enabled: true, depth: 0 };
        self.sequence(sequence, inherited, true)?;
        for (index, event) in self.events.iter_mut().enumerate() {
            if event.id.is_empty() {
                event.id = (index + 1).to_string();
            }
        }
        Ok(Timeline {
            name: sequence.said("name").unwrap_or_default().to_owned(),
            format: Format::Fcp7,
            rate,
            rate_assumed: rate_of(sequence).is_none(),
            start,
            drop: start.is_some_and(|start| start.drop),
            events: std::mem::take(&mut self.events),
        })
    }

    fn sequence(&mut self, sequence: &'a Element, inherited: Inherited, is_top: bool) -> Result<(), Unreadable> {
        check_depth(inherited.depth, "FCP7 XML (sequence)")?;
        if self.open.iter().any(|open| std::ptr::eq(*open, sequence)) {
            return Err(Unreadable::new("FCP7 XML (sequence)", "a sequence contains itself"));
        }
        self.open.push(sequence);
        let rate = rate_of(sequence).unwrap_or(inherited.rate);
        for (name, kind) in [("video", EventKind::Video), ("audio", EventKind::Audio)] {
            if inherited.kind.is_some_and(|wanted| wanted != kind) {
                continue;
            }
            let Some(medium) = sequence.path(&["media", name]) else { continue };
            let switched_on = !is_false(medium, "enabled");
            for track in medium.children_named("track").filter(|track| !is_further_channel(track)) {
                let enabled = inherited.enabled && switched_on && !is_false(track, "enabled");
                let inner = Inherited { kind: Some(kind), rate, enabled, depth: inherited.depth + 1, ..inherited };
                self.track(track, inner)?;
                if is_top {
                    self.track += 1;
                }
            }
        }
        self.open.pop();
        Ok(())
    }

    fn track(&mut self, track: &'a Element, inherited: Inherited) -> Result<(), Unreadable> {
        let items: Vec<&Element> = track.children.iter().filter(|item| is_item(item)).collect();
        for (index, item) in items.iter().enumerate() {
            self.budget.step("FCP7 XML (track)")?;
            if item.name == "transitionitem" {
                continue;
            }
            let transition =
                |at: Option<usize>| at.and_then(|at| items.get(at)).filter(|item| item.name == "transitionitem");
            let head = transition(index.checked_sub(1)).copied();
            let tail = transition(Some(index + 1)).copied();
            if let Some(span) = span_of(item, head, tail) {
                self.clip(item, span, inherited)?;
            }
        }
        Ok(())
    }

    fn clip(&mut self, item: &'a Element, span: Span, inherited: Inherited) -> Result<(), Unreadable> {
        let enabled = inherited.enabled && !is_false(item, "enabled");
        let rate = inherited.rate;
        let clip_rate = rate_of(item).unwrap_or(rate);
        let length = span.end.saturating_sub(span.start).max(0);
        // `in` counts in the clip's rate; what a transition moves the cut by counts in the sequence's.
        let source_in = clip_rate.convert(item.child_number("in").unwrap_or(0), rate).saturating_add(span.offset);
        let place = &inherited.place;
        if let Some(nested) = item.child("sequence") {
            let defined = nested.attribute("id").and_then(|id| self.definitions.sequences.get(id).copied());
            let nested = if nested.children.is_empty() { defined.unwrap_or(nested) } else { nested };
            self.budget.refer(nested.size, "FCP7 XML (sequence)")?;
            let inner = place.child(seconds(span.start, rate), seconds(length, rate), seconds(source_in, rate));
            return self.sequence(
                nested,
                Inherited { place: inner, enabled, depth: inherited.depth + 1, ..inherited },
                false,
            );
        }
        let file = item.child("file").map(|file| self.file(file));
        self.budget.refer(file.map_or(0, |file| file.size), "FCP7 XML (file)")?;
        if item.name == "generatoritem"
            || file.is_some_and(|file| file.child("mediaSource").is_some() && file.child("pathurl").is_none())
        {
            return Ok(());
        }
        self.budget.event("FCP7 XML (clipitem)")?;
        let media_start = file.and_then(|file| timecode_of(file, clip_rate));
        let media_start = media_start.map_or(0, |start| start.rate.convert(start.frames, clip_rate));
        let (record, played) = place.range(seconds(span.start, rate), seconds(length, rate), rate);
        // The source is counted as the clip counts: its rate may be another than the sequence's.
        let source = TimeRange {
            start: rate.convert(source_in, clip_rate).saturating_add(media_start),
            duration: rate.convert(length, clip_rate),
            rate: clip_rate,
        };
        let mut event = Event::new(inherited.kind.unwrap_or(EventKind::Video), source, record);
        event.played = played;
        event.track = self.track;
        event.enabled = enabled;
        event.id = item.attribute("id").unwrap_or_default().to_owned();
        event.name = item.said("name").unwrap_or_default().to_owned();
        if let Some(file) = file {
            describe_media(&mut event, file);
        }
        event.identities.extend(item.said("uuid").and_then(Identity::parse));
        if event.reel.is_none() {
            event.reel =
                item.path(&["logginginfo", "reel"]).or(item.child("reel")).and_then(Element::text).map(str::to_owned);
        }
        set_speed(&mut event, item, clip_rate);
        self.events.push(event);
        Ok(())
    }

    /// A file by its id: the first use defines it.
    fn file(&self, file: &'a Element) -> &'a Element {
        let defined = file.attribute("id").and_then(|id| self.definitions.files.get(id).copied());
        if file.children.is_empty() { defined.unwrap_or(file) } else { file }
    }
}

/// Premiere writes a stereo track as two exploded ones: the second holds the same clips again.
fn is_further_channel(track: &Element) -> bool {
    track.attribute("currentExplodedTrackIndex").is_some_and(|index| index != "0")
}

fn is_item(item: &Element) -> bool {
    ["clipitem", "generatoritem", "transitionitem"].contains(&item.name.as_str())
}

/// Where a clip lies in its track; `offset` is how far a transition at its head moves the cut into the clip.
struct Span {
    start: i64,
    end: i64,
    offset: i64,
}

/// A start or end of −1 says that a transition covers it: the cut point of that transition counts.
fn span_of(item: &Element, head: Option<&Element>, tail: Option<&Element>) -> Option<Span> {
    let (start, end) = (item.child_number("start")?, item.child_number("end")?);
    let (mut span, length) = (Span { start, end, offset: 0 }, clip_length(item));
    if start == -1 {
        match head.and_then(cut_point) {
            Some((cut, transition_start)) => {
                span.start = cut;
                span.offset = cut.saturating_sub(transition_start);
            }
            None => span.start = end.checked_sub(length?)?,
        }
    }
    if end == -1 {
        span.end = match tail.and_then(cut_point) {
            Some((cut, _)) => cut,
            None => span.start.checked_add(length?)?,
        };
    }
    (span.start >= 0 && span.end >= span.start).then_some(span)
}

fn clip_length(item: &Element) -> Option<i64> {
    item.child_number("out")?.checked_sub(item.child_number("in")?)
}

/// The cut point of a transition by its alignment, and its start.
fn cut_point(transition: &Element) -> Option<(i64, i64)> {
    let (start, end) = (transition.child_number("start")?, transition.child_number("end")?);
    let cut = match transition.said("alignment").unwrap_or("center") {
        "start" | "start-black" => start,
        "end" | "end-black" => end,
        _ => start.saturating_add(end.saturating_sub(start) / 2),
    };
    Some((cut, start))
}

fn describe_media(event: &mut Event, file: &Element) {
    event.media = file.said("pathurl").map(str::to_owned);
    event.names.extend(file.said("name").filter(|name| *name != event.name).map(str::to_owned));
    event.reel = file.path(&["timecode", "reel", "name"]).and_then(Element::text).map(str::to_owned);
    for name in ["umid", "uuid"] {
        event.identities.extend(file.said(name).and_then(Identity::parse));
    }
}

/// The speed of a "Time Remap" filter, in percent. `in` and `out` of such a clip count its own frames as they are played,
/// and a graph says which frame of the medium each of them is.
fn set_speed(event: &mut Event, item: &Element, clip_rate: Rate) {
    let effects = item.children_named("filter").filter_map(|filter| filter.child("effect"));
    let Some(remap) = effects.filter(|effect| effect.said("effectid") == Some("timeremap")).last() else {
        return;
    };
    let value = |name: &str| {
        let parameter = remap.children_named("parameter").find(|p| p.said("parameterid") == Some(name));
        parameter.and_then(|parameter| parameter.said("value"))
    };
    let is_true = |name: &str| value(name).is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1");
    let percent = value("speed").and_then(|text| text.parse::<f64>().ok()).filter(|speed| speed.is_finite());
    event.speed = match percent {
        _ if is_true("variablespeed") => Speed::Varying,
        Some(0.0) => Speed::Freeze,
        Some(speed) if is_true("reverse") => Speed::Constant(-speed.abs() / 100.0),
        Some(speed) if speed != 100.0 => Speed::Constant(speed / 100.0),
        _ => return,
    };
    let (Some(from), Some(length)) = (item.child_number("in"), clip_length(item)) else { return };
    let media_start = event.source.start.saturating_sub(from);
    let graph = remap.children_named("parameter").find(|p| p.said("parameterid") == Some("graphdict"));
    let points = graph.map(keyframes).unwrap_or_default();
    let factor = match event.speed {
        Speed::Constant(factor) if factor > 0.0 => factor,
        _ => 1.0,
    };
    let (start, duration) = match (value_at(&points, from), value_at(&points, from.saturating_add(length))) {
        (Some(one), Some(other)) => (one.min(other), (one - other).abs()),
        // As many frames as the cut plays: they are frames as they are played.
        _ if length == event.source.duration => (from as f64 * factor, length as f64 * factor),
        _ => (from as f64, length as f64),
    };
    let start = media_start.saturating_add(start.round() as i64);
    event.shown = Some(TimeRange { start, duration: (duration.round() as i64).max(1), rate: clip_rate });
}

/// The points of a time graph: a frame as it is played, and the frame of the medium.
fn keyframes(graph: &Element) -> Vec<(i64, i64)> {
    let point = |keyframe: &Element| Some((keyframe.child_number("when")?, keyframe.child_number("value")?));
    graph.children_named("keyframe").filter_map(point).take(1000).collect()
}

/// Straight lines between the points of a graph; none outside of it.
fn value_at(points: &[(i64, i64)], at: i64) -> Option<f64> {
    points.windows(2).find_map(|pair| match pair {
        [(from, first), (to, last)] if from < to && (*from..=*to).contains(&at) => {
            let part = (at - from) as f64 / (to - from) as f64;
            Some(*first as f64 + (*last as f64 - *first as f64) * part)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: &str = "<rate><timebase>30</timebase><ntsc>TRUE</ntsc></rate>";

    fn sequence(tracks: &str) -> String {
        format!(
            "<xmeml version='5'><project><children><sequence id='s'><name>Cut</name>{RATE}\
             <timecode>{RATE}<string>01:00:00;00</string><displayformat>DF</displayformat></timecode>\
             <media><video>{tracks}</video></media></sequence></children></project></xmeml>"
        )
    }

    fn read_one(tracks: &str) -> Timeline {
        read(sequence(tracks).as_bytes()).unwrap().timelines.remove(0)
    }

    fn clip(name: &str, start: i64, end: i64, source_in: i64, rest: &str) -> String {
        format!(
            "<clipitem id='{name}'><name>{name}</name><start>{start}</start><end>{end}</end><in>{source_in}</in>\
                 <out>{}</out>{rest}</clipitem>",
            source_in + 60
        )
    }

    #[test]
    fn files_are_defined_once_and_timecodes_add_up() {
        let file = "<file id='f'><name>a.mov</name><pathurl>file://localhost/a%20b.mov</pathurl><timecode><string>00:00:01:00</string>\
                    </timecode></file>";
        let timeline = read_one(&format!(
            "<track>{}{}</track>",
            clip("a", 0, 60, 5, file),
            clip("b", 60, 120, 0, "<enabled>FALSE</enabled><file id='f'/>")
        ));
        assert_eq!(timeline.start.map(|start| start.to_string()).as_deref(), Some("01:00:00;00"));
        let [a, b] = &timeline.events[..] else { panic!() };
        assert_eq!((a.source.start, a.record.start, a.enabled), (35, 107_892, true));
        assert_eq!(timeline.record_timecode(b.record.start, b.record.rate).to_string(), "01:00:02;00");
        assert_eq!((b.media.as_deref(), b.enabled), (Some("file://localhost/a%20b.mov"), false));
    }

    #[test]
    fn minus_one_means_the_cut_point_of_the_transition() {
        let transition = "<transitionitem><start>50</start><end>70</end><alignment>center</alignment></transitionitem>";
        let timeline =
            read_one(&format!("<track>{}{transition}{}</track>", clip("a", 0, -1, 0, ""), clip("b", -1, 120, 100, "")));
        let spans: Vec<_> = timeline.events.iter().map(|e| (e.record.duration, e.source.start)).collect();
        assert_eq!(spans, [(60, 0), (60, 110)]);
    }

    #[test]
    fn a_clip_of_another_rate_counts_its_own_frames() {
        let timeline = read_one(&format!(
            "<track>{}</track>",
            clip("slow", 0, 120, 10, "<rate><timebase>15</timebase><ntsc>TRUE</ntsc></rate>")
        ));
        let event = &timeline.events[0];
        assert_eq!((event.source.start, event.source.duration, event.record.duration), (10, 60, 120));
        assert_eq!(event.source.rate.nominal(), 15);
    }

    #[test]
    fn nested_sequences_are_followed_and_circles_refused() {
        let inner = format!(
            "<sequence id='n'>{RATE}<media><video><track>{}</track></video></media></sequence>",
            clip("in", 0, 60, 7, "")
        );
        let timeline = read_one(&format!("<track>{}</track>", clip("nest", 100, 130, 20, &inner)));
        let event = &timeline.events[0];
        assert_eq!((event.name.as_str(), event.record.start - 107_892), ("in", 80));
        assert_eq!(event.played.map(|p| (p.start - 107_892, p.duration)), Some((100, 30)));
        let circle = sequence(&format!("<track>{}</track>", clip("me", 0, 30, 0, "<sequence id='s'/>")));
        assert!(read(circle.as_bytes()).unwrap_err().reason.contains("itself"));
    }

    #[test]
    fn speed_is_read_from_the_time_remap_filter() {
        let filter = "<filter><effect><effectid>timeremap</effectid><parameter><parameterid>speed</parameterid><value>200</value>\
                      </parameter></effect></filter>";
        let timeline = read_one(&format!("<track>{}</track>", clip("a", 0, 30, 0, filter)));
        assert_eq!(timeline.events[0].speed, Speed::Constant(2.0));
        assert_eq!(timeline.events[0].shown.map(|shown| shown.duration), Some(60));
    }

    #[test]
    fn frames_as_they_are_played_become_those_of_the_medium() {
        let remap = |speed: i64, more: &str| {
            format!(
                "<filter><effect><effectid>timeremap</effectid><parameter><parameterid>speed</parameterid>\
                 <value>{speed}</value></parameter>{more}</effect></filter>"
            )
        };
        let shown = |filter: &str| {
            let timeline = read_one(&format!("<track>{}</track>", clip("a", 0, 60, 100, filter)));
            timeline.events[0].shown.map(|shown| (shown.start, shown.duration))
        };
        assert_eq!(shown(&remap(50, "")), Some((50, 30)));
        let keyframe = |when, value| format!("<keyframe><when>{when}</when><value>{value}</value></keyframe>");
        let graph = |points: &[(i64, i64)]| {
            let points: String = points.iter().map(|(when, value)| keyframe(*when, *value)).collect();
            format!("<parameter><parameterid>graphdict</parameterid>{points}</parameter>")
        };
        assert_eq!(shown(&remap(25, &graph(&[(0, 0), (400, 100)]))), Some((25, 15)));
        let reverse = "<parameter><parameterid>reverse</parameterid><value>TRUE</value></parameter>";
        let backwards = graph(&[(0, 400), (100, 300), (160, 240), (400, 0)]) + reverse;
        assert_eq!(shown(&remap(100, &backwards)), Some((240, 60)));
    }
}
