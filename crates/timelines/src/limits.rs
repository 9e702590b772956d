//! The bounds of all readers, and the budget that one reading spends.

use crate::error::Unreadable;

/// The largest document that is read, in bytes (AAF files with embedded essence are larger: only their structure counts).
pub const MAX_DOCUMENT_BYTES: usize = 256 << 20;
/// The largest AAF file that is read, in bytes.
pub const MAX_AAF_BYTES: usize = 2 << 30;
/// The most elements of one XML document: each is kept with its name, attributes and text.
pub const MAX_XML_ELEMENTS: usize = 2_000_000;
/// The most attributes of one element.
pub const MAX_XML_ATTRIBUTES: usize = 1_000;
/// The most memory that the elements of one XML document may take, in bytes.
pub const MAX_XML_MEMORY: usize = 192 << 20;
/// The most memory that what is kept of one JSON document may take, in bytes.
pub const MAX_JSON_MEMORY: usize = 192 << 20;
/// How deeply elements, compositions and nested sequences may lie inside each other.
pub const MAX_DEPTH: usize = 96;
/// The most events that one document may yield: a feature film has a few thousand.
pub const MAX_EVENTS: usize = 200_000;
/// The most steps of work (elements, objects, components visited) that one document may cost.
pub const MAX_STEPS: u64 = 5_000_000;
/// The most timelines of one document: a project holds some hundreds, a bin some thousands of clips.
pub const MAX_TIMELINES: usize = 20_000;
/// The most elements that may be gone through again because others refer to what holds them.
pub const MAX_REFERRED: u64 = 50_000_000;
/// The most problems that are kept; more of them are counted by the last one's words.
pub const MAX_PROBLEMS: usize = 100;

/// What one reading may still spend.
pub(crate) struct Budget {
    steps: u64,
    events: usize,
    timelines: usize,
    referred: u64,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { steps: MAX_STEPS, events: MAX_EVENTS, timelines: MAX_TIMELINES, referred: MAX_REFERRED }
    }

    /// Spends one step of work in the given part of the file.
    pub(crate) fn step(&mut self, place: &str) -> Result<(), Unreadable> {
        self.steps =
            self.steps.checked_sub(1).ok_or_else(|| Unreadable::new(place, "more work than a timeline needs"))?;
        Ok(())
    }

    /// Spends what it takes to go through an element of so many once more, for something that refers to it.
    pub(crate) fn refer(&mut self, elements: u32, place: &str) -> Result<(), Unreadable> {
        self.referred = self
            .referred
            .checked_sub(u64::from(elements))
            .ok_or_else(|| Unreadable::new(place, "more references to large parts than a timeline needs"))?;
        Ok(())
    }

    /// Spends one timeline.
    pub(crate) fn timeline(&mut self, place: &str) -> Result<(), Unreadable> {
        self.timelines = self
            .timelines
            .checked_sub(1)
            .ok_or_else(|| Unreadable::new(place, format!("more than {MAX_TIMELINES} timelines in one document")))?;
        Ok(())
    }

    /// Spends one event.
    pub(crate) fn event(&mut self, place: &str) -> Result<(), Unreadable> {
        self.events =
            self.events.checked_sub(1).ok_or_else(|| Unreadable::new(place, "more events than a timeline holds"))?;
        Ok(())
    }
}

/// Refuses nesting that is deeper than any editor makes.
pub(crate) fn check_depth(depth: usize, place: &str) -> Result<(), Unreadable> {
    if depth > MAX_DEPTH { Err(Unreadable::new(place, "nested too deeply")) } else { Ok(()) }
}
