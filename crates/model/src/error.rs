//! What stops the run: a bad option, an unreadable policy or ledger, a report that cannot be written.
//!
//! What is wrong with one media file is a [`crate::Problem`] on that asset and never comes here.

use std::path::PathBuf;

/// An error that ends the command; every variant says what to do next.
#[derive(Debug)]
pub enum Error {
    /// An option or argument that makes no sense.
    Usage { what: String, hint: String },
    /// A file that the run needs cannot be read or written.
    File { path: PathBuf, what: String, hint: String },
    /// A policy that is wrong at a place that can be pointed at.
    Policy { path: String, text: String, span: Option<(usize, usize)>, what: String, hint: String },
    /// A ledger that cannot be relied on.
    Ledger { path: PathBuf, line: usize, what: String, hint: String },
    /// The roots hold no file.
    Nothing { roots: Vec<String> },
    /// Another program's data that does not fit (a report to convert, a trust list).
    Data { path: PathBuf, what: String, hint: String },
}

/// Result of anything that can stop the run.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The process exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Nothing { .. } => 4,
            _ => 3,
        }
    }

    /// What to do next; empty where there is nothing to say.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Usage { hint, .. }
            | Self::File { hint, .. }
            | Self::Policy { hint, .. }
            | Self::Ledger { hint, .. }
            | Self::Data { hint, .. } => hint.clone(),
            Self::Nothing { .. } => "check that the drive is mounted and the path is the one you mean".to_owned(),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage { what, .. } => write!(f, "{what}"),
            Self::File { path, what, .. } | Self::Data { path, what, .. } => write!(f, "{}: {what}", path.display()),
            Self::Policy { path, what, .. } => write!(f, "{path}: {what}"),
            Self::Ledger { path, line, what, .. } => write!(f, "{}:{line}: {what}", path.display()),
            Self::Nothing { roots } => write!(f, "nothing to scan: no file in {}", roots.join(", ")),
        }
    }
}

impl std::error::Error for Error {}
