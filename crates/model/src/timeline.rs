//! What editorial timelines say of an asset: where the cut plays it, and what is wrong with a timeline itself.
//!
//! Positions are SMPTE ST 12-1 timecode as text, and units as numbers, so that nobody has to count again.

use serde::{Deserialize, Serialize};

/// One use of an asset in a cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The timeline's file, as its own row calls it; of a composition its id.
    pub timeline: String,
    /// The cut's own name.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub title: String,
    /// The event's number or identifier.
    pub event: String,
    /// `V1`, `A2`: tracks of a kind counted from the lowest; of a composition the kind of its sequence.
    pub track: String,
    /// `video` or `audio`.
    pub kind: UseKind,
    /// Where it is in the cut.
    pub record: TimelineRange,
    /// What is played of the asset.
    pub source: TimelineRange,
}

/// Picture or sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UseKind {
    /// Makes the pictures of an asset final.
    #[default]
    Video,
    /// Does not make a picture final.
    Audio,
}

/// A range as timecode, the end not in it, and in units of its rate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineRange {
    /// Timecode of the first unit; a plain number of units where the rate is not one of pictures.
    #[serde(rename = "in")]
    pub from: String,
    /// Timecode of the first unit behind it, in the same form.
    #[serde(rename = "out")]
    pub to: String,
    /// Units per second: `24`, `30000/1001`.
    pub rate: String,
    /// The first unit, counted from zero.
    pub start: i64,
    /// How many units it spans.
    pub duration: i64,
}

/// What all timelines say of one asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetCut {
    /// Played uses only: what is disabled or cut away is none.
    pub uses: Vec<Use>,
    /// `None` where no timeline can say so.
    pub in_cut: Option<bool>,
    /// The asset is a timeline itself.
    pub timeline: Option<TimelineState>,
}

/// A timeline of the delivery as its own row tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimelineState {
    /// `edl`, `otio`, `fcp7`, `fcpxml` or `aaf`.
    pub format: String,
    /// Events that are played.
    pub events: u64,
    /// Those whose medium is not in the delivery.
    pub missing: NamedEvents,
    /// Those whose medium lies in the timeline's own file, where it is not judged.
    pub embedded: NamedEvents,
    /// Media inside the timeline's own file, played or not: none of them is read.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub essence: u64,
    /// Those to which several assets fit.
    pub ambiguous: NamedEvents,
    /// What could not be read of it; all of it where there is no event.
    pub unreadable: Vec<String>,
}

/// Events of which one thing is said: how many, and the first of them by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamedEvents {
    /// How many there are.
    pub count: u64,
    /// The first of them, in words for people.
    pub named: Vec<String>,
}

/// A cut, for reports that draw it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineReport {
    /// The timeline's file; of a composition its id, as its uses have it.
    pub timeline: String,
    /// The composition's playlist, below its root; empty where `timeline` is the file.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub file: String,
    /// What the timeline calls itself; empty where it has no name.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub title: String,
    /// `edl`, `otio`, `fcp7`, `fcpxml` or `aaf`; `imf-cpl` or `dcp-cpl` of a package's composition.
    pub format: String,
    /// Whether the user named it, or it came with the delivery.
    pub named: bool,
    /// Events that are played.
    pub events: u64,
    /// Those of them whose medium is not in the delivery.
    pub missing: u64,
    /// Those of them to which several assets fit.
    pub ambiguous: u64,
    /// From the first frame that is played to the last.
    pub record: TimelineRange,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
