//! Composition playlists: of IMF (SMPTE ST 2067-3, `SegmentList`) and of digital cinema (ST 429-7 and Interop, `ReelList`).
//!
//! A composition names its media by UUID only; which file an id stands for is told by the package around it. An event is
//! one resource of a sequence, or one part of a reel; `name` is what the playlist calls the sequence or part.

use crate::{
    error::Unreadable,
    limits::{Budget, MAX_EVENTS},
    model::{Document, Event, EventKind, Format, Identity, Problem, TimeRange, Timeline},
    rate::Rate,
    timecode::Timecode,
    xml::{self, Element},
};
use std::collections::HashMap;

/// How the place of sound is counted where a composition has no picture.
const MILLISECONDS: Rate = Rate { numerator: 1000, denominator: 1 };
/// Parts of a reel that have an id and are no medium.
const NO_MEDIA: [&str; 2] = ["MainMarkers", "CompositionMetadataAsset"];

/// Reads an IMF composition (ST 2067-3).
pub(crate) fn read_imf(bytes: &[u8]) -> Result<Document, Unreadable> {
    let root = playlist(bytes)?;
    let own = said(&root, "EditRate").and_then(rate).unwrap_or(Rate::FILM);
    let mut reading = Reading::new(own, "CPL (Segment)");
    if let Some(code) = child(&root, "CompositionTimecode") {
        reading.start_at(code);
    }
    let mut tracks: HashMap<String, usize> = HashMap::new();
    let mut start = 0.0;
    for segment in below(&root, &["SegmentList", "Segment"]) {
        let mut end: f64 = start;
        for (index, sequence) in below(segment, &["SequenceList"]).flat_map(|list| &list.children).enumerate() {
            let key = said(sequence, "TrackId").map_or_else(|| index.to_string(), str::to_owned);
            let next = tracks.len();
            let track = *tracks.entry(key).or_insert(next);
            let mut at = start;
            for resource in below(sequence, &["ResourceList", "Resource"]) {
                let stretch = Stretch::of(resource, "SourceDuration", own);
                let times = number(resource, "RepeatCount").unwrap_or(1);
                let length = stretch.length(own) * times as f64;
                let media = said(resource, "TrackFileId");
                let names = Names { sequence: local(&sequence.name), own: said(resource, "Id"), media };
                reading.event(track, &names, stretch, (at, at + length));
                at += length;
            }
            end = end.max(at);
        }
        start = end;
    }
    Ok(reading.document(said(&root, "ContentTitle"), Format::ImfCpl))
}

/// Reads a composition of digital cinema (ST 429-7, `PROTO-ASDCP-CPL`).
pub(crate) fn read_dcp(bytes: &[u8]) -> Result<Document, Unreadable> {
    let root = playlist(bytes)?;
    let reels: Vec<&Element> = below(&root, &["ReelList", "Reel"]).collect();
    let own = reels.iter().find_map(|reel| rate(said(lead(reel)?, "EditRate")?)).unwrap_or(Rate::FILM);
    let mut reading = Reading::new(own, "CPL (Reel)");
    let mut tracks: HashMap<&str, usize> = HashMap::new();
    let mut start = 0.0;
    for (index, reel) in reels.iter().enumerate() {
        for part in parts(reel) {
            let kind = local(&part.name);
            let next = tracks.len();
            let track = *tracks.entry(kind).or_insert(next);
            let stretch = Stretch::of(part, "Duration", own);
            let name = format!("{kind}, reel {}", index + 1);
            let names = Names { sequence: &name, own: None, media: said(part, "Id") };
            reading.event(track, &names, stretch, (start, start + stretch.length(own)));
        }
        if let Some(part) = lead(reel) {
            start += Stretch::of(part, "Duration", own).length(own);
        }
    }
    let title = said(&root, "ContentTitleText").or(said(&root, "AnnotationText"));
    Ok(reading.document(title, Format::DcpCpl))
}

fn playlist(bytes: &[u8]) -> Result<Element, Unreadable> {
    let root = xml::parse(bytes, &mut Budget::new())?;
    if local(&root.name) == "CompositionPlaylist" {
        return Ok(root);
    }
    Err(Unreadable::new("CPL", format!("the root element is {:?}, not CompositionPlaylist", root.name)))
}

/// The parts of a reel that play a medium.
fn parts(reel: &Element) -> impl Iterator<Item = &Element> {
    below(reel, &["AssetList"]).flat_map(|list| &list.children).filter(|part| !NO_MEDIA.contains(&local(&part.name)))
}

/// The part that says how long the reel is: the picture, else the first one.
fn lead(reel: &Element) -> Option<&Element> {
    parts(reel).find(|part| part.name.ends_with("Picture")).or_else(|| parts(reel).next())
}

/// What a resource or part plays of its medium.
#[derive(Clone, Copy)]
struct Stretch {
    entry: u64,
    duration: u64,
    rate: Rate,
}

impl Stretch {
    fn of(element: &Element, duration: &str, default: Rate) -> Self {
        let entry = number(element, "EntryPoint").unwrap_or(0);
        let intrinsic = number(element, "IntrinsicDuration").unwrap_or(0);
        let duration = number(element, duration).unwrap_or_else(|| intrinsic.saturating_sub(entry));
        Self { entry, duration, rate: said(element, "EditRate").and_then(rate).unwrap_or(default) }
    }

    /// Its length in units of another rate, with their fraction.
    fn length(self, to: Rate) -> f64 {
        let whole = self.duration as f64 * f64::from(to.numerator) * f64::from(self.rate.denominator);
        whole / (f64::from(to.denominator) * f64::from(self.rate.numerator))
    }
}

/// What a playlist calls an event and its medium.
struct Names<'a> {
    sequence: &'a str,
    own: Option<&'a str>,
    /// None of markers.
    media: Option<&'a str>,
}

/// A composition as far as it was read.
struct Reading {
    place: &'static str,
    own: Rate,
    counted: Rate,
    start: Option<Timecode>,
    events: Vec<Event>,
    left_out: usize,
}

impl Reading {
    fn new(own: Rate, place: &'static str) -> Self {
        let counted = if own.is_of_pictures() { own } else { MILLISECONDS };
        Self { place, own, counted, start: None, events: Vec::new(), left_out: 0 }
    }

    /// The composition's own start address: it may count 25 frames where the edit units are 50.
    fn start_at(&mut self, code: &Element) {
        let stated = number(code, "TimecodeRate").and_then(|nominal| u32::try_from(nominal).ok());
        let nominal = stated.filter(|nominal| (1..=1000).contains(nominal)).unwrap_or(self.counted.nominal());
        // Dropping frame numbers is defined for 29.97 and its multiples only.
        let drop = matches!(said(code, "TimecodeDropFrame"), Some("1" | "true")) && nominal.is_multiple_of(30);
        self.counted = Rate::from_timebase(nominal, drop || self.own.denominator == 1001).unwrap_or(self.counted);
        self.start = Timecode::parse(said(code, "TimecodeStartAddress").unwrap_or_default(), self.counted, drop);
    }

    fn event(&mut self, track: usize, names: &Names<'_>, played: Stretch, (from, to): (f64, f64)) {
        let Some(media) = names.media else { return };
        if self.events.len() >= MAX_EVENTS {
            self.left_out += 1;
            return;
        }
        let base = self.start.map_or(0, |start| self.counted.convert(start.frames, self.own));
        // A frame that is begun counts as the one before it; casts of what is too large end at the largest.
        let at = |units: f64| base.saturating_add((units + 1e-6) as i64);
        let record = TimeRange { start: at(from), duration: at(to).saturating_sub(at(from)).max(0), rate: self.own };
        let units = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let source = TimeRange { start: units(played.entry), duration: units(played.duration), rate: played.rate };
        let audio = ["Audio", "Sound"].iter().any(|word| names.sequence.contains(word));
        let mut event = Event::new(if audio { EventKind::Audio } else { EventKind::Video }, source, record);
        event.id = names.own.map_or_else(|| (self.events.len() + 1).to_string(), str::to_owned);
        event.track = track;
        event.name = names.sequence.to_owned();
        event.media = Some(media.to_owned());
        event.identities.extend(Identity::parse(media));
        self.events.push(event);
    }

    fn document(self, title: Option<&str>, format: Format) -> Document {
        let what = |count| format!("{count} events more than the {MAX_EVENTS} that are read");
        let problem = |count| Problem { place: self.place.to_owned(), reason: what(count) };
        let problems = (self.left_out > 0).then(|| problem(self.left_out)).into_iter().collect();
        let timeline = Timeline {
            name: title.unwrap_or_default().to_owned(),
            format,
            rate: self.counted,
            rate_assumed: false,
            start: self.start,
            drop: self.start.is_some_and(|start| start.drop),
            events: self.events,
        };
        Document { timelines: vec![timeline], problems, embedded: 0 }
    }
}

/// `24000 1001`, `24 1`, `24`.
fn rate(text: &str) -> Option<Rate> {
    let mut parts = text.split_whitespace().map(|part| part.parse().ok());
    let (over, under) = (parts.next()??, parts.next().unwrap_or(Some(1))?);
    if parts.next().is_some() { None } else { Rate::new(over, under) }
}

/// A name without its prefix: playlists put every namespace under any.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn child<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    element.children.iter().find(|child| local(&child.name) == name)
}

fn said<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    child(element, name)?.text()
}

fn number(element: &Element, name: &str) -> Option<u64> {
    said(element, name)?.parse().ok()
}

/// The elements that a path of names leads to, in document order.
fn below<'a>(element: &'a Element, path: &[&str]) -> impl Iterator<Item = &'a Element> + use<'a> {
    let mut found = vec![element];
    for name in path {
        found = found.into_iter().flat_map(|e| e.children.iter().filter(|c| local(&c.name) == *name)).collect();
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(timeline: &Timeline) -> Vec<(usize, String, i64, i64, String, String)> {
        let address = |event: &Event, units| timeline.record_timecode(units, event.record.rate).to_string();
        let row = |e: &Event| {
            let (from, to) = (address(e, e.record.start), address(e, e.record.end()));
            (e.track, e.name.clone(), e.source.start, e.source.duration, from, to)
        };
        timeline.events.iter().map(row).collect()
    }

    fn imf(edit: &str, timecode: &str, segments: &[&str]) -> Timeline {
        let segments: String = segments
            .iter()
            .map(|sequences| format!("<Segment><SequenceList>{sequences}</SequenceList></Segment>"))
            .collect();
        let text = format!(
            "<CompositionPlaylist xmlns='http://www.smpte-ra.org/schemas/2067-3/2016' xmlns:cc='x'><Id>urn:uuid:C0</Id>\
             <ContentTitle>Night</ContentTitle><EditRate>{edit}</EditRate>{timecode}<SegmentList>{segments}</SegmentList>\
             </CompositionPlaylist>"
        );
        read_imf(text.as_bytes()).unwrap().timelines.remove(0)
    }

    fn code(start: &str, rate: u32, drop: u8) -> String {
        format!(
            "<CompositionTimecode><TimecodeDropFrame>{drop}</TimecodeDropFrame><TimecodeRate>{rate}</TimecodeRate>\
             <TimecodeStartAddress>{start}</TimecodeStartAddress></CompositionTimecode>"
        )
    }

    fn images(resources: &str) -> String {
        format!(
            "<cc:MainImageSequence><TrackId>t1</TrackId><ResourceList>{resources}</ResourceList></cc:MainImageSequence>"
        )
    }

    #[test]
    fn resources_fall_on_the_composition_time_code() {
        let resource = |body: &str| format!("<Resource>{body}</Resource>");
        let first = [
            resource("<IntrinsicDuration>100</IntrinsicDuration><EntryPoint>10</EntryPoint><SourceDuration>48</SourceDuration><TrackFileId>urn:uuid:A1</TrackFileId>"),
            resource("<IntrinsicDuration>12</IntrinsicDuration><RepeatCount>2</RepeatCount><TrackFileId>urn:uuid:A2</TrackFileId>"),
        ]
        .concat();
        let sound = resource(
            "<EditRate>48000 1</EditRate><IntrinsicDuration>144000</IntrinsicDuration><TrackFileId>urn:uuid:A3</TrackFileId>",
        );
        let marker = resource("<IntrinsicDuration>72</IntrinsicDuration><Marker/>");
        let last = resource("<IntrinsicDuration>24</IntrinsicDuration><TrackFileId>urn:uuid:A1</TrackFileId>");
        let segment = format!(
            "<MarkerSequence><TrackId>t0</TrackId><ResourceList>{marker}</ResourceList></MarkerSequence>{}\
             <cc:MainAudioSequence><TrackId>t2</TrackId><ResourceList>{sound}</ResourceList></cc:MainAudioSequence>",
            images(&first)
        );
        let timeline = imf("24 1", &code("01:00:00:00", 24, 0), &[&segment, &images(&last)]);
        let row = |track, name: &str, start, duration, from: &str, to: &str| {
            (track, name.to_owned(), start, duration, from.to_owned(), to.to_owned())
        };
        assert_eq!(
            rows(&timeline),
            [
                row(1, "MainImageSequence", 10, 48, "01:00:00:00", "01:00:02:00"),
                row(1, "MainImageSequence", 0, 12, "01:00:02:00", "01:00:03:00"),
                row(2, "MainAudioSequence", 0, 144_000, "01:00:00:00", "01:00:03:00"),
                row(1, "MainImageSequence", 0, 24, "01:00:03:00", "01:00:04:00"),
            ]
        );
        assert_eq!((timeline.name.as_str(), timeline.events[2].kind), ("Night", EventKind::Audio));
        assert_eq!(timeline.events[0].media.as_deref(), Some("urn:uuid:A1"));
    }

    #[test]
    fn addresses_count_in_frames_of_their_own_and_drop_numbers() {
        let one = |units: u32| {
            let resource = |id: &str, units| {
                format!(
                    "<Resource><IntrinsicDuration>{units}</IntrinsicDuration><TrackFileId>{id}</TrackFileId></Resource>"
                )
            };
            images(&(resource("a", units) + &resource("b", 24)))
        };
        let begins = |edit, timecode: &str, units| rows(&imf(edit, timecode, &[&one(units)])).remove(1).4;
        assert_eq!(begins("24 1", "", 25), "00:00:01:01");
        assert_eq!(begins("24000 1001", &code("01:00:00:00", 24, 0), 48), "01:00:02:00");
        assert_eq!(begins("50 1", &code("10:00:00:00", 25, 0), 50), "10:00:01:00");
        assert_eq!(begins("30000 1001", &code("00:00:00;00", 30, 1), 1800), "00:01:00;02");
        assert_eq!(begins("30000 1001", &code("01:00:00;00", 30, 1), 1800), "01:01:00;02");
        assert_eq!(begins("60000 1001", &code("00:00:00;00", 60, 1), 3600), "00:01:00;04");
        assert_eq!(begins("48000 1", "", 72_000), "00:00:01.500", "sound alone is counted in milliseconds");
    }

    #[test]
    fn reels_follow_each_other() {
        let part = |name: &str, id: &str, duration: u64| {
            format!(
                "<{name}><Id>urn:uuid:{id}</Id><EditRate>24 1</EditRate><IntrinsicDuration>99</IntrinsicDuration>\
                 <EntryPoint>3</EntryPoint><Duration>{duration}</Duration></{name}>"
            )
        };
        let reel = |parts: &[String]| format!("<Reel><AssetList>{}</AssetList></Reel>", parts.concat());
        let text = format!(
            "<c:CompositionPlaylist xmlns:c='http://www.smpte-ra.org/schemas/429-7/2006/CPL'><c:Id>urn:uuid:C</c:Id>\
             <ContentTitleText>T</ContentTitleText><ReelList>{}{}</ReelList></c:CompositionPlaylist>",
            reel(&[part("MainMarkers", "m", 48), part("MainSound", "s", 48), part("MainPicture", "p", 48)]),
            reel(&[part("msp:MainStereoscopicPicture", "q", 24), part("CompositionMetadataAsset", "x", 1)]),
        );
        let timeline = read_dcp(text.as_bytes()).unwrap().timelines.remove(0);
        let told: Vec<_> =
            rows(&timeline).into_iter().map(|(track, name, _, _, from, to)| (track, name, from, to)).collect();
        let row = |track, name: &str, from: &str, to: &str| (track, name.to_owned(), from.to_owned(), to.to_owned());
        assert_eq!(
            told,
            [
                row(0, "MainSound, reel 1", "00:00:00:00", "00:00:02:00"),
                row(1, "MainPicture, reel 1", "00:00:00:00", "00:00:02:00"),
                row(2, "MainStereoscopicPicture, reel 2", "00:00:02:00", "00:00:03:00"),
            ]
        );
        assert_eq!((timeline.events[0].source.start, timeline.name.as_str()), (3, "T"));
    }

    #[test]
    fn numbers_out_of_bounds_do_no_harm() {
        let resource = format!(
            "<Resource><EditRate>1 {0}</EditRate><IntrinsicDuration>{0}</IntrinsicDuration><RepeatCount>{0}</RepeatCount>\
             <TrackFileId>a</TrackFileId></Resource>",
            u64::MAX
        );
        let timeline = imf(&format!("{} 1", u64::MAX), &code("99:59:59:99", 0, 1), &[&images(&resource.repeat(2))]);
        assert_eq!(rows(&timeline).len(), 2);
        let slow = imf(&format!("1 {}", u32::MAX), &code("99:99", 1000, 1), &[&images(&resource)]);
        assert_eq!(rows(&slow).len(), 1);
        assert!(read_dcp(b"<PackingList/>").is_err());
    }
}
