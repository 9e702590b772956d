//! OpenTimelineIO: `.otio` (JSON), `.otioz` (ZIP with `content.otio`), `.otiod` (folder with `content.otio`).
//!
//! Follows the schemas of OpenTimelineIO 0.18 and their older versions. A schema's version is not asked for: an
//! unknown one is read by its base name, as far as its fields are the known ones.

use crate::{
    error::Unreadable,
    limits::{Budget, MAX_DOCUMENT_BYTES, check_depth},
    locate::{Placement, seconds, units},
    model::{Document, Event, EventKind, Format, Identity, Speed, TimeRange, Timeline},
    otio_document::{self, IDENTITIES, METADATA_DEPTH, REELS},
    rate::Rate,
    text,
    timecode::Timecode,
    zip,
};
use serde_json::Value;

/// The member of an archive or folder that holds the timeline.
const CONTENT: &str = "content.otio";

pub(crate) fn read_zip(bytes: &[u8]) -> Result<Document, Unreadable> {
    read(&zip::member(bytes, CONTENT, MAX_DOCUMENT_BYTES)?)
}

pub(crate) fn read(bytes: &[u8]) -> Result<Document, Unreadable> {
    let document = text::decode(bytes);
    let root = otio_document::parse(&document).or_else(|error| match error.is_syntax() {
        true => otio_document::parse(&without_special_numbers(&document)),
        false => Err(error),
    });
    let root = root.map_err(|error| {
        Unreadable::new(format!("OTIO line {} column {}", error.line(), error.column()), error.to_string())
    })?;
    if schema(&root).is_empty() {
        return Err(Unreadable::new("OTIO", "no OTIO_SCHEMA at the top"));
    }
    let mut walker = Walker { budget: Budget::new(), document: Document::default() };
    walker.top(&root, 0)?;
    Ok(walker.document)
}

/// The same document with `null` where OpenTimelineIO writes numbers that JSON does not know: `NaN`, `Inf`, `Infinity`.
fn without_special_numbers(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    let (mut inside, mut escaped) = (false, false);
    let mut rest = document;
    while let Some(character) = rest.chars().next() {
        let special =
            ["-Infinity", "-Inf", "Infinity", "Inf", "NaN"].into_iter().find(|word| !inside && rest.starts_with(word));
        if let Some(word) = special {
            out.push_str("null");
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        inside ^= character == '"' && !escaped;
        escaped = inside && character == '\\' && !escaped;
        out.push(character);
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    out
}

/// The schema's base name: `Clip` of `Clip.2`; older files call tracks sequences.
fn schema(value: &Value) -> &str {
    let full = value.get("OTIO_SCHEMA").and_then(Value::as_str).unwrap_or_default();
    match full.split('.').next().unwrap_or_default() {
        "Sequence" => "Track",
        "Filler" => "Gap",
        base => base,
    }
}

/// A RationalTime as seconds and with the rate it is counted in.
#[derive(Clone, Copy)]
struct Time {
    seconds: f64,
    rate: Rate,
}

fn time(value: &Value) -> Option<Time> {
    let rate = Rate::from_decimal(value.get("rate")?.as_f64()?)?;
    let count = value.get("value")?.as_f64().filter(|count| count.is_finite())?;
    Some(Time { seconds: count / rate.as_f64(), rate })
}

/// A TimeRange: start and duration.
fn range(value: &Value) -> Option<(Time, Time)> {
    let duration = time(value.get("duration")?)?;
    let start = value.get("start_time").and_then(time).unwrap_or(Time { seconds: 0.0, rate: duration.rate });
    Some((start, duration))
}

fn string(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What a nested item inherits.
#[derive(Clone, Copy)]
struct Inherited {
    place: Placement,
    kind: Option<EventKind>,
    track: usize,
    enabled: bool,
    depth: usize,
}

struct Walker {
    budget: Budget,
    document: Document,
}

impl Walker {
    fn top(&mut self, value: &Value, depth: usize) -> Result<(), Unreadable> {
        check_depth(depth, "OTIO")?;
        self.budget.step("OTIO")?;
        match schema(value) {
            "SerializableCollection" => {
                for child in items(value, "children") {
                    self.top(child, depth + 1)?;
                }
                Ok(())
            }
            "Timeline" => {
                let tracks = value.get("tracks").unwrap_or(&Value::Null);
                self.timeline(value, tracks, value.get("global_start_time").and_then(time))
            }
            "Stack" | "Track" | "Clip" => self.timeline(value, value, None),
            _ if depth > 0 => Ok(()),
            other => Err(Unreadable::new("OTIO", format!("{other:?} is no timeline"))),
        }
    }

    fn timeline(&mut self, named: &Value, tracks: &Value, start: Option<Time>) -> Result<(), Unreadable> {
        self.budget.timeline("OTIO")?;
        let mut events = Vec::new();
        let place = Placement::root(start.map_or(0.0, |start| start.seconds));
        let inherited = Inherited { place, kind: None, track: 0, enabled: true, depth: 0 };
        if schema(tracks) == "Stack" && tracks.get("source_range").is_none_or(Value::is_null) {
            for (track, child) in items(tracks, "children").iter().enumerate() {
                self.item(child, Inherited { track, ..inherited }, 0.0, &mut events)?;
            }
        } else {
            self.item(tracks, inherited, 0.0, &mut events)?;
        }
        for (index, event) in events.iter_mut().enumerate() {
            event.id = (index + 1).to_string();
        }
        let pictures = events.iter().find(|event| event.kind == EventKind::Video);
        let rate = pictures.or(events.first()).map(|event| event.record.rate).or(start.map(|start| start.rate));
        let rate = rate.unwrap_or(Rate::FILM);
        self.document.timelines.push(Timeline {
            name: string(named, "name").unwrap_or_default(),
            format: Format::Otio,
            rate,
            rate_assumed: false,
            start: start.map(|start| Timecode { frames: units(start.seconds, rate), rate, drop: false }),
            drop: false,
            events,
        });
        Ok(())
    }

    /// One item at a local second; gives how long it lasts.
    fn item(
        &mut self,
        value: &Value,
        inherited: Inherited,
        at: f64,
        events: &mut Vec<Event>,
    ) -> Result<f64, Unreadable> {
        check_depth(inherited.depth, "OTIO")?;
        self.budget.step("OTIO")?;
        let enabled = inherited.enabled && value.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        let inherited = Inherited { enabled, depth: inherited.depth + 1, ..inherited };
        match schema(value) {
            "Clip" => self.clip(value, inherited, at, events),
            "Track" | "Stack" => self.composition(value, inherited, at, events),
            "Timeline" => match value.get("tracks") {
                Some(tracks) => self.item(tracks, inherited, at, events),
                None => Ok(0.0),
            },
            "Transition" => Ok(0.0),
            // Gaps, and items of foreign schemas: they take their time and show nothing of their own.
            _ => Ok(value.get("source_range").and_then(range).map_or(0.0, |(_, duration)| duration.seconds.max(0.0))),
        }
    }

    fn composition(
        &mut self,
        value: &Value,
        inherited: Inherited,
        at: f64,
        events: &mut Vec<Event>,
    ) -> Result<f64, Unreadable> {
        let is_track = schema(value) == "Track";
        let kind = match value.get("kind").and_then(Value::as_str) {
            _ if inherited.kind == Some(EventKind::Audio) => inherited.kind,
            Some("Audio") => Some(EventKind::Audio),
            Some("Video") => Some(EventKind::Video),
            _ => inherited.kind,
        };
        let trimmed = value.get("source_range").and_then(range);
        let place = match trimmed {
            Some((start, duration)) => inherited.place.child(at, duration.seconds, start.seconds),
            None => inherited.place.child(at, f64::INFINITY, 0.0),
        };
        let inner = Inherited { place, kind, ..inherited };
        let mut length = 0.0_f64;
        for child in items(value, "children") {
            let position = if is_track { length } else { 0.0 };
            let lasted = self.item(child, inner, position, events)?;
            length = if is_track { length + lasted } else { length.max(lasted) };
        }
        Ok(trimmed.map_or(length, |(_, duration)| duration.seconds.max(0.0)))
    }

    fn clip(
        &mut self,
        value: &Value,
        inherited: Inherited,
        at: f64,
        events: &mut Vec<Event>,
    ) -> Result<f64, Unreadable> {
        let reference = active_reference(value);
        let available = reference.and_then(|reference| reference.get("available_range")).and_then(range);
        let Some((start, duration)) = value.get("source_range").and_then(range).or(available) else {
            return Ok(0.0);
        };
        let length = duration.seconds.max(0.0);
        if reference.is_some_and(|reference| schema(reference) == "GeneratorReference") {
            return Ok(length);
        }
        self.budget.event("OTIO")?;
        let rate = duration.rate;
        let (record, played) = inherited.place.range(at, length, rate);
        let source = TimeRange { start: units(start.seconds, rate), duration: units(length, rate), rate };
        let mut event = Event::new(inherited.kind.unwrap_or(EventKind::Video), source, record);
        event.played = played;
        event.track = inherited.track;
        event.enabled = inherited.enabled;
        event.name = string(value, "name").unwrap_or_default();
        if let Some(reference) = reference {
            describe_media(&mut event, reference);
        }
        for other in other_references(value) {
            event.other_media.extend(string(other, "target_url"));
        }
        identities_of_metadata(value.get("metadata"), &mut event);
        set_speed(&mut event, items(value, "effects"));
        events.push(event);
        Ok(length)
    }
}

/// The reference that the clip plays: by its key in `media_references`, else the older single one.
fn active_reference(clip: &Value) -> Option<&Value> {
    let key = clip.get("active_media_reference_key").and_then(Value::as_str).unwrap_or("DEFAULT_MEDIA");
    let many = clip.get("media_references").and_then(|references| references.get(key));
    many.or_else(|| clip.get("media_reference")).filter(|reference| reference.is_object())
}

/// The references that are not active: other resolutions of the same medium.
fn other_references(clip: &Value) -> impl Iterator<Item = &Value> {
    let active = clip.get("active_media_reference_key").and_then(Value::as_str).unwrap_or("DEFAULT_MEDIA").to_owned();
    let all = clip.get("media_references").and_then(Value::as_object);
    all.into_iter().flatten().filter(move |(key, _)| **key != active).map(|(_, reference)| reference).take(16)
}

fn describe_media(event: &mut Event, reference: &Value) {
    event.names.extend(string(reference, "name").filter(|name| *name != event.name));
    identities_of_metadata(reference.get("metadata"), event);
    match schema(reference) {
        "ImageSequenceReference" => image_sequence(event, reference),
        _ => event.media = string(reference, "target_url"),
    }
}

/// An image sequence as `base/name.%04d.exr` with its frame numbers.
fn image_sequence(event: &mut Event, reference: &Value) {
    let integer = |key: &str, default: i64| reference.get(key).and_then(Value::as_i64).unwrap_or(default);
    let (first, step) = (integer("start_frame", 0), integer("frame_step", 1).clamp(1, 1 << 20));
    let padding = integer("frame_zero_padding", 0).clamp(0, 32);
    let text = |key: &str| string(reference, key).unwrap_or_default();
    let base = text("target_url_base");
    let separator = if base.is_empty() || base.ends_with('/') { "" } else { "/" };
    event.media = Some(format!("{base}{separator}{}%0{padding}d{}", text("name_prefix"), text("name_suffix")));
    let rate = reference.get("rate").and_then(Value::as_f64).and_then(Rate::from_decimal).unwrap_or(event.source.rate);
    let available = reference.get("available_range").and_then(range);
    let begins = available.map_or(0.0, |(start, _)| start.seconds);
    // The frames that this event shows: its source range counted from the sequence's own start.
    let offset = units(seconds(event.source.start, event.source.rate) - begins, rate);
    let count = units(seconds(event.source.duration, event.source.rate), rate).max(1);
    let first = first.saturating_add(offset.saturating_mul(step));
    event.sequence = Some((first, first.saturating_add((count - 1).saturating_mul(step))));
}

/// UMIDs and UUIDs in the metadata that adapters leave (AAF `MobID`, FCP `uuid`), looked for three levels deep.
fn identities_of_metadata(metadata: Option<&Value>, event: &mut Event) {
    let mut queue: Vec<(&Value, usize)> = metadata.into_iter().map(|value| (value, 0)).collect();
    let mut looked = 0;
    while let Some((value, depth)) = queue.pop() {
        looked += 1;
        if looked > 256 {
            return;
        }
        let Some(fields) = value.as_object() else { continue };
        for (key, field) in fields {
            let lower = key.to_ascii_lowercase();
            let identifies = IDENTITIES.contains(&lower.as_str());
            match field.as_str() {
                Some(text) if identifies => {
                    let identity = Identity::parse(text);
                    event.identities.extend(identity.filter(|identity| !event.identities.contains(identity)));
                }
                Some(text) if REELS.contains(&lower.as_str()) && !text.is_empty() => {
                    event.reel.get_or_insert_with(|| text.to_owned());
                }
                _ if depth < METADATA_DEPTH => queue.push((field, depth + 1)),
                _ => {}
            }
        }
    }
}

fn set_speed(event: &mut Event, effects: &[Value]) {
    for effect in effects.iter().take(64) {
        event.speed = match schema(effect) {
            "FreezeFrame" => Speed::Freeze,
            "LinearTimeWarp" => match effect.get("time_scalar").and_then(Value::as_f64) {
                Some(0.0) => Speed::Freeze,
                Some(scalar) if scalar != 1.0 => Speed::Constant(scalar),
                _ => continue,
            },
            "TimeEffect" => Speed::Varying,
            _ => continue,
        };
    }
    let length = match event.speed {
        Speed::Constant(scalar) => (event.source.duration as f64 * scalar.abs()).round() as i64,
        Speed::Freeze => 1,
        _ => return,
    };
    let backwards = matches!(event.speed, Speed::Constant(scalar) if scalar < 0.0);
    let start = if backwards { event.source.start.saturating_sub(length) } else { event.source.start };
    event.shown = Some(TimeRange { start, duration: length, ..event.source });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn time(value: f64, rate: f64) -> Value {
        json!({"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": rate})
    }

    fn span(start: f64, duration: f64) -> Value {
        json!({"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start, 24.0), "duration": time(duration, 24.0)})
    }

    fn clip(name: &str, start: f64, duration: f64) -> Value {
        json!({"OTIO_SCHEMA": "Clip.2", "name": name, "source_range": span(start, duration), "enabled": true,
            "active_media_reference_key": "DEFAULT_MEDIA",
            "media_references": {"DEFAULT_MEDIA": {"OTIO_SCHEMA": "ExternalReference.1", "target_url": format!("{name}.mov")}}})
    }

    fn timeline(children: Value) -> Value {
        json!({"OTIO_SCHEMA": "Timeline.1", "name": "cut", "global_start_time": time(86400.0, 24.0),
            "tracks": {"OTIO_SCHEMA": "Stack.1", "children": children}})
    }

    fn events(root: &Value) -> Vec<Event> {
        read(root.to_string().as_bytes()).unwrap().timelines.remove(0).events
    }

    #[test]
    fn tracks_gaps_and_nested_stacks_are_placed() {
        let mut nested =
            json!({"OTIO_SCHEMA": "Stack.1", "source_range": span(2.0, 3.0), "children": [clip("inner", 5.0, 4.0)]});
        nested["enabled"] = json!(false);
        let gap = json!({"OTIO_SCHEMA": "Gap.1", "source_range": span(0.0, 10.0)});
        let root = timeline(json!([
            {"OTIO_SCHEMA": "Track.1", "kind": "Video", "children": [clip("a", 1.0, 24.0), gap, nested, clip("b", 0.0, 5.0)]},
            {"OTIO_SCHEMA": "Sequence.1", "kind": "Audio", "children": [clip("s", 0.0, 7.0)]},
        ]));
        let list = events(&root);
        let seen: Vec<_> =
            list.iter().map(|e| (e.name.as_str(), e.track, e.record.start, e.record.duration, e.enabled)).collect();
        assert_eq!(
            seen,
            [
                ("a", 0, 86400, 24, true),
                ("inner", 0, 86432, 4, false),
                ("b", 0, 86437, 5, true),
                ("s", 1, 86400, 7, true)
            ]
        );
        assert_eq!(list[1].played.map(|played| (played.start, played.duration)), Some((86434, 2)));
        assert_eq!(list[3].kind, EventKind::Audio);
    }

    #[test]
    fn the_active_reference_counts_and_unknown_versions_pass() {
        let mut chosen = clip("a", 0.0, 5.0);
        chosen["OTIO_SCHEMA"] = json!("Clip.99");
        chosen["active_media_reference_key"] = json!("high");
        chosen["media_references"]["high"] =
            json!({"OTIO_SCHEMA": "ExternalReference.7", "target_url": "file:///high.mov"});
        let list = events(&timeline(json!([{"OTIO_SCHEMA": "Track.1", "children": [chosen]}])));
        assert_eq!(list[0].media.as_deref(), Some("file:///high.mov"));
        assert_eq!(list[0].other_media, ["a.mov"]);
    }

    #[test]
    fn image_sequences_name_their_frames() {
        let mut shot = clip("a", 12.0, 10.0);
        shot["media_references"]["DEFAULT_MEDIA"] = json!({"OTIO_SCHEMA": "ImageSequenceReference.1", "rate": 24.0,
            "target_url_base": "file:///p", "name_prefix": "sh.", "name_suffix": ".exr", "start_frame": 1001, "frame_step": 1,
            "frame_zero_padding": 4, "available_range": span(2.0, 100.0)});
        let list = events(&timeline(json!([{"OTIO_SCHEMA": "Track.1", "children": [shot]}])));
        assert_eq!(list[0].media.as_deref(), Some("file:///p/sh.%04d.exr"));
        assert_eq!(list[0].sequence, Some((1011, 1020)));
    }

    #[test]
    fn speed_effects_say_what_is_shown() {
        let mut fast = clip("a", 10.0, 10.0);
        fast["effects"] = json!([{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 2.0}]);
        let list = events(&timeline(json!([{"OTIO_SCHEMA": "Track.1", "children": [fast]}])));
        assert_eq!(list[0].speed, Speed::Constant(2.0));
        assert_eq!(list[0].shown.map(|shown| (shown.start, shown.duration)), Some((10, 20)));
    }

    #[test]
    fn what_is_no_timeline_is_refused() {
        for text in ["", "{}", "[]", "{\"OTIO_SCHEMA\":\"Marker.1\"}", "{\"OTIO_SCHEMA\":\"Timeline.1\""] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "{\"OTIO_SCHEMA\":\"Stack.1\",\"children\":[".repeat(5000);
        assert!(read(deep.as_bytes()).is_err());
    }
}
