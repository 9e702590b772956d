//! The one error of the readers: where a timeline could not be read, and why.

use std::fmt;

/// A timeline that cannot be read: the finding `timeline-unreadable` carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The part of the file, as its format names it: `line 12`, `OTIO (tracks/children)`, `AAF (Mob Slots)`.
    pub place: String,
    /// The byte offset where it is known.
    pub offset: Option<u64>,
    /// What is wrong there.
    pub reason: String,
}

impl Unreadable {
    pub(crate) fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), offset: None, reason: reason.into() }
    }

    pub(crate) fn at(place: impl Into<String>, offset: u64, reason: impl Into<String>) -> Self {
        Self { place: place.into(), offset: Some(offset), reason: reason.into() }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} at byte {offset}: {}", self.place, self.reason),
            None => write!(f, "{}: {}", self.place, self.reason),
        }
    }
}

impl std::error::Error for Unreadable {}
