//! What a reader gives: documents, timelines and their events, in the words of the field.

use crate::{rate::Rate, text::is_absolute_path, timecode::Timecode};

/// The formats of timelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// CMX3600 and File32 edit decision lists.
    Edl,
    /// OpenTimelineIO.
    Otio,
    /// Final Cut Pro 7 XML (`xmeml`), also of Premiere Pro and Resolve.
    Fcp7,
    /// Final Cut Pro X XML.
    Fcpxml,
    /// Advanced Authoring Format.
    Aaf,
    /// Composition playlist of an Interoperable Master Format package.
    ImfCpl,
    /// Composition playlist of a Digital Cinema Package.
    DcpCpl,
}

impl Format {
    /// The name in reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Edl => "edl",
            Self::Otio => "otio",
            Self::Fcp7 => "fcp7",
            Self::Fcpxml => "fcpxml",
            Self::Aaf => "aaf",
            Self::ImfCpl => "imf-cpl",
            Self::DcpCpl => "dcp-cpl",
        }
    }
}

/// A read document: most hold one timeline, some several.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The timelines in the document's order.
    pub timelines: Vec<Timeline>,
    /// What could not be understood while the rest could.
    pub problems: Vec<Problem>,
    /// How many media lie inside of the document itself (essence data of an AAF).
    pub embedded: usize,
}

/// A part of a document that could not be understood while the rest could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place, as the format names it.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

/// One cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Its name in the document; empty where there is none.
    pub name: String,
    /// The format it was read from.
    pub format: Format,
    /// Frames per second of the picture.
    pub rate: Rate,
    /// The rate is not stated by the document but concluded from its timecodes.
    pub rate_assumed: bool,
    /// The timecode of the first frame, where the document states it; record positions include it.
    pub start: Option<Timecode>,
    /// Record timecode drops frame numbers.
    pub drop: bool,
    /// The events, track by track from the lowest.
    pub events: Vec<Event>,
}

impl Timeline {
    /// A record position (in units of the given rate) as timecode of this timeline.
    pub fn record_timecode(&self, units: i64, rate: Rate) -> Timecode {
        Timecode { frames: rate.convert(units, self.rate), rate: self.rate, drop: self.drop }
    }
}

/// A range in units of one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first unit.
    pub start: i64,
    /// How many units.
    pub duration: i64,
    /// Units per second.
    pub rate: Rate,
}

impl TimeRange {
    /// The first unit after the range.
    pub fn end(&self) -> i64 {
        self.start.saturating_add(self.duration)
    }
}

/// A position in a medium, in the medium's own units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaPosition {
    /// Units from the medium's zero, its start timecode included.
    pub units: i64,
    /// Units per second: 48000 where a sound counts in samples.
    pub rate: Rate,
}

/// Picture or sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Picture, also titles and keys.
    Video,
    /// Sound: does not make a picture final.
    Audio,
}

impl EventKind {
    /// The name in `timeline --json`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Video => "Video",
            Self::Audio => "Audio",
        }
    }
}

/// What part of the cut an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// An edit.
    Edit,
    /// A clip that is only seen inside a transition: an EDL names it in the dissolve's first line, without a length.
    Transition,
}

/// How fast the source is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// As it was shot.
    Normal,
    /// Faster, slower or (below zero) backwards by a constant factor.
    Constant(f64),
    /// One frame, held.
    Freeze,
    /// A curve.
    Varying,
}

/// An identity that a document gives a medium and that the medium may carry itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A basic UMID (SMPTE ST 330) or MobID: 64 lowercase hexadecimal digits in the order that MXF writes them.
    Umid(String),
    /// A UUID: 32 lowercase hexadecimal digits.
    Uuid(String),
}

impl Identity {
    /// Reads a UMID or a UUID in any usual spelling: with `urn:`, braces, dots, dashes, `0x`.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let plain = ["urn:smpte:umid:", "urn:uuid:", "0x"].iter().find_map(|prefix| lower.strip_prefix(prefix));
        let digits: String =
            plain.unwrap_or(&lower).chars().filter(|c| !matches!(c, '.' | '-' | ':' | '{' | '}' | ' ')).collect();
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) || digits.bytes().all(|byte| byte == b'0') {
            return None;
        }
        match digits.len() {
            32 => Some(Self::Uuid(digits)),
            64 => Some(Self::Umid(digits)),
            // An extended UMID begins with the basic one.
            128 => digits.get(..64).map(|basic| Self::Umid(basic.to_owned())),
            _ => None,
        }
    }

    /// The identity in every order of bytes in which it is written: AAF and some files turn the fields of a UMID's
    /// material number as those of a UUID, or swap its halves.
    #[must_use]
    pub fn spellings(&self) -> Vec<Self> {
        let Self::Umid(digits) = self else { return vec![self.clone()] };
        let Some((label, material)) = digits.split_at_checked(32) else { return vec![self.clone()] };
        let mut all = vec![self.clone()];
        for material in [material.to_owned(), swapped(material)] {
            for material in [turned(&material), material] {
                let spelled = Self::Umid(format!("{label}{material}"));
                if !all.contains(&spelled) {
                    all.push(spelled);
                }
            }
        }
        all
    }
}

/// The second half first.
fn swapped(digits: &str) -> String {
    digits.split_at_checked(16).map_or_else(|| digits.to_owned(), |(first, second)| format!("{second}{first}"))
}

/// The first three fields of a UUID with their bytes turned around.
fn turned(digits: &str) -> String {
    const ORDER: [usize; 8] = [3, 2, 1, 0, 5, 4, 7, 6];
    let bytes = ORDER.iter().filter_map(|at| digits.get(at * 2..at * 2 + 2));
    bytes.chain(digits.get(16..)).collect()
}

/// One use of a medium in a cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event's number or identifier in the document, else its position counted from 1.
    pub id: String,
    /// The track, counted from 0 over all tracks of the timeline in the document's order.
    pub track: usize,
    /// Picture or sound.
    pub kind: EventKind,
    /// The clip's name.
    pub name: String,
    /// The medium's path or URL as the document writes it.
    pub media: Option<String>,
    /// Further paths or URLs of the same medium, nearest first.
    pub other_media: Vec<String>,
    /// The reel or tape.
    pub reel: Option<String>,
    /// Further names of the medium: source file, master clip, tape.
    pub names: Vec<String>,
    /// UMIDs, MobIDs and UUIDs of the medium, nearest first.
    pub identities: Vec<Identity>,
    /// Start in the medium (its start timecode included) and length as played at normal speed, in frames.
    pub source: TimeRange,
    /// The start in the medium's own units where these are not the frames of the timeline.
    pub source_position: Option<MediaPosition>,
    /// The frames of the medium that are shown where the speed is not normal and the document says them.
    pub shown: Option<TimeRange>,
    /// Where the clip lies in the cut, the timeline's start timecode included.
    pub record: TimeRange,
    /// The part of `record` that is played: shorter where an enclosing clip cuts it, none where it is cut away.
    pub played: Option<TimeRange>,
    /// The clip and everything around it is switched on.
    pub enabled: bool,
    /// Speed of play.
    pub speed: Speed,
    /// An edit, or a clip that is only seen in a transition.
    pub part: Part,
    /// The medium is an image sequence of these frame numbers.
    pub sequence: Option<(i64, i64)>,
    /// The medium lies inside the document itself.
    pub embedded: bool,
}

impl Event {
    /// The cut shows or sounds this event.
    pub fn is_played(&self) -> bool {
        self.enabled && self.played.is_some()
    }

    /// Names that are whole paths, as some lists write where others write names.
    pub(crate) fn paths_among_names(&self) -> impl Iterator<Item = &String> {
        self.names.iter().chain([&self.name]).filter(|name| is_absolute_path(name))
    }

    pub(crate) fn new(kind: EventKind, source: TimeRange, record: TimeRange) -> Self {
        Self {
            id: String::new(),
            track: 0,
            kind,
            name: String::new(),
            media: None,
            other_media: Vec::new(),
            reel: None,
            names: Vec::new(),
            identities: Vec::new(),
            source,
            source_position: None,
            shown: None,
            record,
            played: Some(record),
            enabled: true,
            speed: Speed::Normal,
            part: Part::Edit,
            sequence: None,
            embedded: false,
        }
    }
}
