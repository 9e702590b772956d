//! The one error of this crate.

use std::{error::Error, fmt, io};

/// What kept a fingerprint from being made or an index from being read.
#[derive(Debug)]
pub enum MatchingError {
    /// The number of values does not fit the stated size.
    WrongSize {
        /// How many values the stated size asks for, or `None` where that number overflows.
        expected: Option<usize>,
        /// How many were given.
        given: usize,
    },
    /// The index is not one, is damaged, or is of another version.
    BadIndex(&'static str),
    /// An index would become larger than what is read back.
    TooLarge(&'static str),
    /// Reading or writing failed.
    Io(io::Error),
}

impl fmt::Display for MatchingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongSize { expected: Some(expected), given } => {
                write!(formatter, "{given} values where {expected} are expected")
            }
            Self::WrongSize { expected: None, given } => write!(formatter, "{given} values for an impossible size"),
            Self::BadIndex(reason) => write!(formatter, "not a usable index: {reason}"),
            Self::TooLarge(what) => write!(formatter, "too large for an index: {what}"),
            Self::Io(error) => error.fmt(formatter),
        }
    }
}

impl Error for MatchingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for MatchingError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
