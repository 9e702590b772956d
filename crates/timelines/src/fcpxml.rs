//! FCPXML (Final Cut Pro X, versions 1.0 to 1.13), alone or as `Info.fcpxml` of an `.fcpxmld` folder.
//!
//! Every story element has three times: `offset` places it in its parent's time, `start` is its own time there, and
//! `duration` its length. Connected elements (with a lane) are placed in the time of the element they hang on.

use crate::{
    error::Unreadable,
    limits::{Budget, check_depth},
    locate::{Placement, units},
    model::{Document, Event, EventKind, Format, Identity, Speed, TimeRange, Timeline},
    rate::Rate,
    timecode::Timecode,
    xml::{self, Element},
};
use std::collections::{BTreeMap, HashMap};

pub(crate) fn read(bytes: &[u8]) -> Result<Document, Unreadable> {
    let mut budget = Budget::new();
    let root = xml::parse(bytes, &mut budget)?;
    if root.name != "fcpxml" {
        return Err(Unreadable::new("FCPXML", format!("the root element is {:?}, not fcpxml", root.name)));
    }
    let mut resources = HashMap::new();
    for resource in root.children_named("resources").flat_map(|resources| &resources.children) {
        if let Some(id) = resource.attribute("id") {
            resources.entry(id).or_insert(resource);
        }
    }
    let mut found = Vec::new();
    find_timelines(&root, &mut found);
    let has_projects = found.iter().any(|element| element.name == "project");
    let mut document = Document::default();
    for element in found.into_iter().filter(|element| !has_projects || element.name == "project") {
        budget.timeline("FCPXML")?;
        let mut walker = Walker { resources: &resources, budget: &mut budget, events: Vec::new(), open: Vec::new() };
        document.timelines.extend(walker.timeline(element)?);
    }
    Ok(document)
}

/// Projects; and compound, synchronized and multicam clips of events, which stand for themselves where no project is.
fn find_timelines<'a>(element: &'a Element, found: &mut Vec<&'a Element>) {
    for child in &element.children {
        match child.name.as_str() {
            "project" | "ref-clip" | "sync-clip" | "mc-clip" => found.push(child),
            "library" | "event" => find_timelines(child, found),
            _ => {}
        }
    }
}

/// A time attribute: `5s`, `1001/30000s`.
fn time(text: &str) -> Option<f64> {
    let text = text.trim().strip_suffix('s').unwrap_or(text);
    let seconds = match text.split_once('/') {
        Some((top, bottom)) => top.parse::<f64>().ok()? / bottom.parse::<f64>().ok().filter(|bottom| *bottom != 0.0)?,
        None => text.parse().ok()?,
    };
    (seconds.is_finite() && seconds.abs() < 1e9).then_some(seconds)
}

fn time_of(element: &Element, name: &str) -> Option<f64> {
    element.attribute(name).and_then(time)
}

/// The rate of a format's `frameDuration`.
fn rate_of_format(format: &Element) -> Option<Rate> {
    let text = format.attribute("frameDuration")?.trim().strip_suffix('s')?;
    let (top, bottom) = text.split_once('/').unwrap_or((text, "1"));
    Rate::new(bottom.parse().ok()?, top.parse().ok()?)
}

/// What an element inherits.
#[derive(Clone, Copy)]
struct Inherited {
    place: Placement,
    /// Only picture or only sound of what lies inside is used.
    only: Option<EventKind>,
    lane: i64,
    enabled: bool,
    depth: usize,
    rate: Rate,
}

/// An element's times, completed.
#[derive(Clone, Copy)]
struct Times {
    offset: f64,
    start: f64,
    duration: f64,
}

struct Walker<'a, 'b> {
    resources: &'b HashMap<&'a str, &'a Element>,
    budget: &'b mut Budget,
    events: Vec<(i64, Event)>,
    /// The media that are being walked, against circles.
    open: Vec<*const Element>,
}

impl<'a> Walker<'a, '_> {
    fn resource(&self, element: &Element, attribute: &str) -> Option<&'a Element> {
        self.resources.get(element.attribute(attribute)?).copied()
    }

    fn timeline(&mut self, element: &'a Element) -> Result<Option<Timeline>, Unreadable> {
        let sequence = match element.name.as_str() {
            "project" => element.child("sequence"),
            "ref-clip" => self.resource(element, "ref").and_then(|media| media.child("sequence")),
            _ => Some(element),
        };
        let Some(sequence) = sequence else { return Ok(None) };
        let format = self.resource(sequence, "format");
        let stated = format.and_then(rate_of_format);
        let rate = stated.or_else(|| self.any_rate()).unwrap_or(Rate::FILM);
        let drop = sequence.attribute("tcFormat") == Some("DF");
        let start = time_of(sequence, "tcStart");
        // The sequence's own time begins at its start timecode, and so does the record's.
        let inherited = Inherited { place: Placement::root(0.0), only: None, lane: 0, enabled: true, depth: 0, rate };
        match sequence.child("spine") {
            Some(spine) if sequence.name == "sequence" => self.sequential(spine, inherited, start.unwrap_or(0.0))?,
            _ => {
                self.element(sequence, Inherited { depth: 1, ..inherited }, 0.0)?;
            }
        }
        Ok(Some(Timeline {
            name: element.attribute("name").unwrap_or_default().to_owned(),
            format: Format::Fcpxml,
            rate,
            rate_assumed: stated.is_none(),
            start: start.map(|start| Timecode { frames: units(start, rate), rate, drop }),
            drop,
            events: number_tracks(std::mem::take(&mut self.events)),
        }))
    }

    /// The rate of any format, where a sequence names none that states one.
    fn any_rate(&self) -> Option<Rate> {
        let mut ids: Vec<&&str> = self.resources.keys().collect();
        ids.sort();
        ids.into_iter().filter_map(|id| self.resources.get(*id)).find_map(|resource| rate_of_format(resource))
    }

    /// Elements one after the other (a spine, an angle): where an offset is left out it is the end of the one before.
    fn sequential(&mut self, parent: &'a Element, inherited: Inherited, begin: f64) -> Result<(), Unreadable> {
        check_depth(inherited.depth, "FCPXML (spine)")?;
        let mut next = begin;
        for child in &parent.children {
            let lasted = self.element(child, inherited, next)?;
            if let Some(end) = lasted {
                next = end;
            }
        }
        Ok(())
    }

    fn times(&self, element: &Element, next: f64) -> Times {
        let resource = self.resource(element, "ref");
        let asset = resource.filter(|resource| resource.name == "asset");
        let nested = resource.and_then(|media| media.child("sequence").or(media.child("multicam")));
        let own = time_of(element, "duration");
        let duration = own
            .or_else(|| asset.and_then(|asset| time_of(asset, "duration")))
            .or_else(|| nested.and_then(|nested| time_of(nested, "duration")));
        let start = time_of(element, "start")
            .or_else(|| asset.and_then(|asset| time_of(asset, "start")))
            .or_else(|| nested.and_then(|nested| time_of(nested, "tcStart")));
        Times {
            offset: time_of(element, "offset").unwrap_or(next),
            start: start.unwrap_or(0.0),
            duration: duration.unwrap_or(0.0).max(0.0),
        }
    }

    /// One story element; gives its end in the parent's time when it takes part in the sequence.
    fn element(&mut self, element: &'a Element, inherited: Inherited, next: f64) -> Result<Option<f64>, Unreadable> {
        check_depth(inherited.depth, "FCPXML")?;
        self.budget.step("FCPXML")?;
        if element.name == "audition" {
            // The first of an audition is the one that is picked.
            let picked = element.children.iter().find(|child| is_story(child));
            return match picked {
                Some(picked) => self.element(picked, Inherited { depth: inherited.depth + 1, ..inherited }, next),
                None => Ok(None),
            };
        }
        if !is_story(element) {
            return Ok(None);
        }
        let lane = element.attribute("lane").and_then(|lane| lane.parse::<i64>().ok());
        let inherited = Inherited {
            lane: inherited.lane.saturating_add(lane.unwrap_or(0).clamp(-10_000, 10_000)),
            enabled: inherited.enabled && element.attribute("enabled") != Some("0"),
            depth: inherited.depth + 1,
            ..inherited
        };
        self.budget.refer(self.resource(element, "ref").map_or(0, |resource| resource.size), "FCPXML (resources)")?;
        let times = self.times(element, next);
        if element.name == "spine" {
            let inner = Inherited { place: connected(&inherited.place, times.offset, 0.0), ..inherited };
            self.sequential(element, inner, 0.0)?;
            return Ok(None);
        }
        self.contents(element, inherited, times)?;
        // What is connected to this element lives in its time, but is not cut with it.
        let outer = Inherited { place: connected(&inherited.place, times.offset, times.start), ..inherited };
        let own = own_reference(element, times.start);
        for child in element.children.iter().filter(|child| child.attribute("lane").is_some()) {
            // The sound of the same medium, written out beside its picture, is no use of its own.
            let is_part =
                matches!(child.name.as_str(), "audio" | "video") && own.is_some() && child.attribute("ref") == own;
            if !is_part {
                self.element(child, outer, times.start)?;
            }
        }
        Ok(lane.is_none().then_some(times.offset + times.duration))
    }

    /// What the element itself shows.
    fn contents(&mut self, element: &'a Element, inherited: Inherited, times: Times) -> Result<(), Unreadable> {
        let inside = || inherited.place.child(times.offset, times.duration, times.start);
        match element.name.as_str() {
            "asset-clip" | "video" | "audio" => {
                let kind = if element.name == "audio" { EventKind::Audio } else { self.kind_of_asset(element) };
                self.event(&Clip { element, essence: element, kind, source_start: times.start }, inherited, times)
            }
            "clip" => self.clip(element, inherited, times),
            "sync-clip" => {
                let only = source_enable(element, inherited.only);
                let inner = Inherited { place: inside(), only, ..inherited };
                let content = element.children.iter().filter(|child| child.attribute("lane").is_none());
                let mut next = times.start;
                for child in content {
                    if let Some(end) = self.element(child, inner, next)? {
                        next = end;
                    }
                }
                Ok(())
            }
            "ref-clip" => {
                let Some(media) = self.resource(element, "ref") else { return Ok(()) };
                let Some(sequence) = media.child("sequence") else { return Ok(()) };
                let Some(spine) = sequence.child("spine") else { return Ok(()) };
                let begin = time_of(sequence, "tcStart").unwrap_or(0.0);
                let only = source_enable(element, inherited.only);
                self.enter(media)?;
                self.sequential(spine, Inherited { place: inside(), only, ..inherited }, begin)?;
                self.open.pop();
                Ok(())
            }
            "mc-clip" => self.multicam(element, Inherited { place: inside(), ..inherited }),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, media: &'a Element) -> Result<(), Unreadable> {
        if self.open.iter().any(|open| std::ptr::eq(*open, media)) {
            return Err(Unreadable::new("FCPXML (media)", "a compound clip contains itself"));
        }
        self.open.push(media);
        Ok(())
    }

    /// The angles that a multicam clip shows and sounds.
    fn multicam(&mut self, element: &'a Element, inherited: Inherited) -> Result<(), Unreadable> {
        let Some(media) = self.resource(element, "ref") else { return Ok(()) };
        let Some(multicam) = media.child("multicam") else { return Ok(()) };
        let begin = time_of(multicam, "tcStart").unwrap_or(0.0);
        self.enter(media)?;
        let angles = u32::try_from(multicam.children.len()).unwrap_or(u32::MAX);
        for source in element.children_named("mc-source").take(256) {
            self.budget.refer(angles, "FCPXML (multicam)")?;
            let angle_id = source.attribute("angleID");
            let angle = multicam.children_named("mc-angle").find(|angle| angle.attribute("angleID") == angle_id);
            let only = match source.attribute("srcEnable") {
                Some("none") => continue,
                _ => source_enable(source, source_enable(element, inherited.only)),
            };
            if let Some(angle) = angle {
                self.sequential(angle, Inherited { only, ..inherited }, begin)?;
            }
        }
        self.open.pop();
        Ok(())
    }

    /// A clip with its media written out as `video` and `audio` inside: one event, unless it holds several in a row.
    fn clip(&mut self, element: &'a Element, inherited: Inherited, times: Times) -> Result<(), Unreadable> {
        let essences = element.children.iter().filter(|child| child.attribute("lane").is_none() && is_story(child));
        let several = essences.filter(|child| child.name != "gap").count() > 1;
        if several {
            let inner =
                Inherited { place: inherited.place.child(times.offset, times.duration, times.start), ..inherited };
            return self.sequential_essences(element, inner, times.start);
        }
        let Some((essence, at)) = essence_of(element, times.start) else { return Ok(()) };
        let kind = if essence.name == "audio" { EventKind::Audio } else { self.kind_of_asset(essence) };
        let inner = self.times(essence, 0.0);
        let source_start = inner.start + at - inner.offset;
        self.event(&Clip { element, essence, kind, source_start }, inherited, times)
    }

    fn sequential_essences(&mut self, parent: &'a Element, inherited: Inherited, begin: f64) -> Result<(), Unreadable> {
        let mut next = begin;
        for child in parent.children.iter().filter(|child| child.attribute("lane").is_none()) {
            if let Some(end) = self.element(child, inherited, next)? {
                next = end;
            }
        }
        Ok(())
    }

    /// Sound where the asset has no picture.
    fn kind_of_asset(&self, element: &Element) -> EventKind {
        let sound_only = self
            .resource(element, "ref")
            .is_some_and(|asset| asset.attribute("hasVideo") != Some("1") && asset.attribute("hasAudio") == Some("1"));
        if sound_only || element.attribute("srcEnable") == Some("audio") { EventKind::Audio } else { EventKind::Video }
    }

    fn event(&mut self, clip: &Clip<'a>, inherited: Inherited, times: Times) -> Result<(), Unreadable> {
        let Clip { element, essence, kind, source_start } = *clip;
        let Some(asset) = self.resource(essence, "ref").filter(|resource| resource.name == "asset") else {
            // Titles and generators refer to effects.
            return Ok(());
        };
        self.budget.event("FCPXML")?;
        self.budget.refer(asset.size, "FCPXML (resources)")?;
        let (record, played) = inherited.place.range(times.offset, times.duration, inherited.rate);
        let source = TimeRange {
            start: units(source_start, inherited.rate),
            duration: units(times.duration, inherited.rate),
            rate: inherited.rate,
        };
        // Inside a use that takes only picture or only sound, an event is of that kind, and silent or unseen without it.
        let has_sound = asset.attribute("hasAudio") == Some("1") && essence.name != "video";
        let usable = match inherited.only {
            Some(EventKind::Video) => kind == EventKind::Video,
            Some(EventKind::Audio) => kind == EventKind::Audio || has_sound,
            None => true,
        };
        let mut event = Event::new(inherited.only.unwrap_or(kind), source, record);
        event.played = played.filter(|_| usable);
        event.enabled = inherited.enabled;
        event.name = element.attribute("name").or(asset.attribute("name")).unwrap_or_default().to_owned();
        let stored = asset.children_named("media-rep").filter_map(|rep| rep.attribute("src"));
        let mut urls = asset.attribute("src").into_iter().chain(stored).map(str::to_owned);
        event.media = urls.next();
        event.other_media.extend(urls.take(8));
        event.names.extend(asset.attribute("name").filter(|name| *name != event.name).map(str::to_owned));
        event.identities.extend(asset.attribute("uid").and_then(Identity::parse));
        event.reel = reel_of(element).or_else(|| reel_of(asset));
        if let Some(map) = element.child("timeMap").or(essence.child("timeMap")) {
            let media_start = time_of(asset, "start").unwrap_or(0.0);
            set_speed(&mut event, map, (time_of(element, "start"), times.duration), media_start);
        }
        self.events.push((inherited.lane, event));
        Ok(())
    }
}

/// A clip of the story: its element, the one inside that names the asset (the same where there is only one), and where in
/// the asset it starts, in seconds.
struct Clip<'a> {
    element: &'a Element,
    essence: &'a Element,
    kind: EventKind,
    source_start: f64,
}

/// Elements that take part in the story.
fn is_story(element: &Element) -> bool {
    const STORY: [&str; 11] = [
        "asset-clip",
        "clip",
        "video",
        "audio",
        "gap",
        "ref-clip",
        "sync-clip",
        "mc-clip",
        "title",
        "spine",
        "audition",
    ];
    STORY.contains(&element.name.as_str())
}

/// `srcEnable` of an element, inside what its parent allows.
fn source_enable(element: &Element, outer: Option<EventKind>) -> Option<EventKind> {
    outer.or(match element.attribute("srcEnable") {
        Some("video") => Some(EventKind::Video),
        Some("audio") => Some(EventKind::Audio),
        _ => None,
    })
}

/// The time of an element for what is connected to it: placed, but not cut.
fn connected(parent: &Placement, offset: f64, start: f64) -> Placement {
    Placement { offset: parent.offset + (offset - start) * parent.scale, ..*parent }
}

/// What a clip shows: its first picture, else its first sound.
fn essence_of(clip: &Element, at: f64) -> Option<(&Element, f64)> {
    find_essence(clip, at, "video", 0).or_else(|| find_essence(clip, at, "audio", 0))
}

/// The resource that an element itself refers to, through its essence if it is a clip.
fn own_reference(element: &Element, at: f64) -> Option<&str> {
    match element.name.as_str() {
        "clip" => essence_of(element, at)?.0.attribute("ref"),
        _ => element.attribute("ref"),
    }
}

/// The first `video` or `audio` inside a clip, and the clip's time in the time of that essence's parent.
fn find_essence<'a>(element: &'a Element, at: f64, name: &str, depth: usize) -> Option<(&'a Element, f64)> {
    if depth > 8 {
        return None;
    }
    for child in &element.children {
        if child.name == name {
            return Some((child, at));
        }
        if ["gap", "spine", "video"].contains(&child.name.as_str()) {
            let (offset, start) = (time_of(child, "offset").unwrap_or(0.0), time_of(child, "start").unwrap_or(0.0));
            if let Some(found) = find_essence(child, start + at - offset, name, depth + 1) {
                return Some(found);
            }
        }
    }
    None
}

fn reel_of(element: &Element) -> Option<String> {
    let entries = element.children_named("metadata").flat_map(|metadata| &metadata.children);
    let reel = entries
        .filter(|md| md.attribute("key") == Some("com.apple.proapps.studio.reel"))
        .find_map(|md| md.attribute("value"));
    reel.filter(|reel| !reel.is_empty()).map(str::to_owned)
}

/// A map from the clip's times to those of the medium: two points are a constant speed, more are a curve.
fn set_speed(event: &mut Event, map: &Element, (start, duration): (Option<f64>, f64), media_start: f64) {
    let point = |element: &Element| Some((time_of(element, "time")?, time_of(element, "value")?));
    let points: Vec<(f64, f64)> = map.children_named("timept").filter_map(point).take(1000).collect();
    event.speed = match points[..] {
        [(from, first), (to, last)] if to > from => match (last - first) / (to - from) {
            0.0 => Speed::Freeze,
            1.0 => return,
            factor => Speed::Constant(factor),
        },
        [] | [_] => return,
        _ => Speed::Varying,
    };
    let Some((least, most)) = mapped(&points, start, duration) else { return };
    // Some count the medium from its own start.
    let shift = if least < media_start { media_start } else { 0.0 };
    let rate = event.source.rate;
    let (from, to) = (units(least + shift, rate), units(most + shift, rate));
    // A clip that does not start in the map counts in the medium's time, and the map from the clip's begin.
    let inside =
        start.is_some_and(|start| points.first().zip(points.last()).is_some_and(|(a, b)| (a.0..b.0).contains(&start)));
    let start = if inside { from } else { event.source.start };
    event.shown = Some(TimeRange { start, duration: to.saturating_sub(from).max(1), rate });
}

/// The least and the greatest time of the medium between two times of the clip.
fn mapped(points: &[(f64, f64)], start: Option<f64>, duration: f64) -> Option<(f64, f64)> {
    let (first, last) = (points.first()?.0, points.last()?.0);
    let begin = start.filter(|start| (first..last).contains(start)).unwrap_or(first);
    let end = (begin + duration).min(last);
    let ends = [begin, end].map(|time| value_at(points, time));
    let between = points.iter().filter(|(time, _)| (begin..=end).contains(time)).map(|(_, value)| *value);
    let bounds = |(a, b): (f64, f64), value: f64| (a.min(value), b.max(value));
    Some(between.chain(ends).fold((f64::INFINITY, f64::NEG_INFINITY), bounds))
}

/// Straight lines between the points.
fn value_at(points: &[(f64, f64)], time: f64) -> f64 {
    let line = |pair: &[(f64, f64)]| match pair {
        [(from, first), (to, last)] if to > from && (*from..=*to).contains(&time) => {
            Some(first + (last - first) * (time - from) / (to - from))
        }
        _ => None,
    };
    let end = if points.first().is_some_and(|(first, _)| time <= *first) { points.first() } else { points.last() };
    points.windows(2).find_map(line).or(end.map(|(_, value)| *value)).unwrap_or(0.0)
}

/// Lanes as tracks, from the lowest, and the events in their order.
fn number_tracks(mut events: Vec<(i64, Event)>) -> Vec<Event> {
    events.sort_by_key(|(lane, event)| (*lane, event.kind == EventKind::Video));
    let mut tracks: BTreeMap<(i64, bool), usize> =
        events.iter().map(|(lane, e)| ((*lane, e.kind == EventKind::Video), 0)).collect();
    for (index, track) in tracks.values_mut().enumerate() {
        *track = index;
    }
    let numbered = events.into_iter().enumerate().map(|(index, (lane, mut event))| {
        event.track = tracks.get(&(lane, event.kind == EventKind::Video)).copied().unwrap_or(0);
        event.id = (index + 1).to_string();
        event
    });
    numbered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(resources: &str, spine: &str) -> String {
        format!(
            "<fcpxml version='1.9'><resources><format id='f' frameDuration='1001/30000s'/>\
             <asset id='a' name='a' src='file:///V/a.mov' start='0s' duration='100s' hasVideo='1' hasAudio='1'/>\
             <asset id='b' name='b' start='3600s' duration='100s' hasVideo='1'><media-rep src='file:///V/b.mov'/></asset>\
             <asset id='s' name='s' src='file:///V/s.wav' hasAudio='1'/>{resources}</resources><library><event><project name='Cut'>\
             <sequence format='f' tcStart='3603600/1000s' tcFormat='NDF'><spine>{spine}</spine></sequence></project></event></library></fcpxml>"
        )
    }

    fn read_one(resources: &str, spine: &str) -> Vec<Event> {
        read(project(resources, spine).as_bytes()).unwrap().timelines.remove(0).events
    }

    fn seen(events: &[Event]) -> Vec<(&str, EventKind, i64, i64, bool)> {
        events
            .iter()
            .map(|e| (e.name.as_str(), e.kind, e.record.start - 108_000, e.record.duration, e.is_played()))
            .collect()
    }

    #[test]
    fn offsets_starts_and_lanes_are_placed() {
        let list = read_one(
            "",
            "<asset-clip ref='a' offset='3603600/1000s' duration='30030/30000s' start='10010/1000s'>\
             <asset-clip name='over' lane='1' ref='b' offset='10010/1000s' duration='1001/1000s' enabled='0'/>\
             <asset-clip lane='-1' ref='s' offset='10010/1000s' duration='1001/1000s'/></asset-clip>\
             <gap duration='1001/1000s'/><video ref='b' duration='1001/1000s'/>",
        );
        assert_eq!(
            seen(&list),
            [
                ("s", EventKind::Audio, 0, 30, true),
                ("a", EventKind::Video, 0, 30, true),
                ("b", EventKind::Video, 60, 30, true),
                ("over", EventKind::Video, 0, 30, false)
            ]
        );
        assert_eq!(list[1].source.start, 300);
        assert_eq!(list[2].source.start, 107_892, "the asset's own start where the clip states none");
        assert_eq!(list[2].media.as_deref(), Some("file:///V/b.mov"));
        assert_eq!(list.iter().map(|e| e.track).collect::<Vec<_>>(), [0, 1, 1, 2]);
    }

    #[test]
    fn compound_clips_auditions_and_multicam_are_followed() {
        let media = "<media id='m'><sequence format='f' tcStart='0s'><spine><asset-clip ref='a' duration='2002/1000s'/>\
                     <asset-clip ref='b' duration='2002/1000s'/></spine></sequence></media>\
                     <media id='c'><multicam format='f' tcStart='0s'><mc-angle angleID='1'><asset-clip ref='a' duration='4004/1000s'/></mc-angle>\
                     <mc-angle angleID='2'><asset-clip ref='b' duration='4004/1000s'/></mc-angle></multicam></media>";
        let list = read_one(
            media,
            "<ref-clip ref='m' duration='1001/1000s' start='2002/1000s'/>\
             <audition><asset-clip name='picked' ref='a' duration='1001/1000s'/><asset-clip ref='b' duration='1001/1000s'/></audition>\
             <mc-clip ref='c' duration='1001/1000s'><mc-source angleID='2' srcEnable='video'/><mc-source angleID='1' srcEnable='audio'/></mc-clip>",
        );
        let playing: Vec<_> = seen(&list).into_iter().filter(|event| event.4).map(|e| (e.0, e.1)).collect();
        assert_eq!(
            playing,
            [("a", EventKind::Audio), ("b", EventKind::Video), ("picked", EventKind::Video), ("b", EventKind::Video)]
        );
    }

    #[test]
    fn circles_are_refused_and_speed_is_read() {
        let media = "<media id='m'><sequence><spine><ref-clip ref='m' duration='1s'/></spine></sequence></media>";
        assert!(
            read(project(media, "<ref-clip ref='m' duration='1s'/>").as_bytes()).unwrap_err().reason.contains("itself")
        );
        let map = "<timeMap><timept time='0s' value='0s'/><timept time='5s' value='10s'/></timeMap>";
        let list = read_one("", &format!("<asset-clip ref='a' duration='5s'>{map}</asset-clip>"));
        assert_eq!(list[0].speed, Speed::Constant(2.0));
        // A part of the map: what is shown of the medium, counted from the medium's own start where the map is not.
        let shown = |asset: &str, start: &str, map: &str| {
            let clip = format!("<asset-clip ref='{asset}' start='{start}' duration='2002/1000s'>{map}</asset-clip>");
            read_one("", &clip)[0].shown.map(|shown| (shown.start, shown.duration))
        };
        assert_eq!(shown("a", "2002/1000s", map), Some((120, 120)));
        assert_eq!(shown("b", "3600s", map), Some((107_892, 120)));
        let curve = "<timeMap><timept time='0s' value='1001/1000s'/><timept time='1001/1000s' value='0s'/>\
                     <timept time='10s' value='9s'/></timeMap>";
        assert_eq!(shown("a", "0s", curve), Some((0, 30)));
    }
}
