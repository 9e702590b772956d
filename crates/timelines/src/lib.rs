//! Readers of editorial timelines and the conform of their events to files.
//!
//! A timeline says which media a cut plays: EDL (CMX3600, File32), OpenTimelineIO (`.otio`, `.otioz`, `.otiod`),
//! FCP7 XML (`xmeml`), FCPXML (`.fcpxml`, `.fcpxmld`), AAF, and the compositions of IMF and DCP. Every reader takes bytes
//! and gives [`Timeline`]s; a folder format fetches its sibling file through a callback. [`conform::Conform`] then finds
//! the asset of each event.
//!
//! Invariant: nothing here opens a path, and no input makes it panic: depth, events and work are bounded (see [`limits`]), and
//! what cannot be read is an [`Unreadable`] with its place and reason.
//!
//! ```
//! let edl = b"TITLE: Reel 1\n001  A001  V  C  00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n";
//! let kind = countersign_timelines::identify("reel1.edl", edl).unwrap();
//! let document = countersign_timelines::read(kind, "reel1.edl", edl, &mut |_| None).unwrap();
//! assert_eq!(document.timelines[0].events[0].record.duration, 24);
//! ```

#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::panic))]

mod aaf;
pub mod compound;
pub mod conform;
mod cpl;
mod edl;
mod error;
mod fcp7;
mod fcpxml;
mod identify;
pub mod json;
pub mod limits;
mod locate;
mod model;
mod otio;
mod otio_document;
mod rate;
mod read;
mod text;
mod timecode;
pub mod xml;
mod zip;

pub use error::Unreadable;
pub use identify::{Kind, identify};
pub use model::{
    Document, Event, EventKind, Format, Identity, MediaPosition, Part, Problem, Speed, TimeRange, Timeline,
};
pub use rate::Rate;
pub use read::{Options, read, read_with};
pub use timecode::Timecode;
