//! What stops the run: a bad option, an unreadable policy or ledger, a report that cannot be written.
//!
//! What is wrong with one media file is a [`crate::Problem`] on that asset and never comes here.

use std::path::PathBuf;

/// An error that ends the command; every variant says what to do next.
///
/// ```
/// use countersign_model::error::Error;
///
/// let error = Error::Ledger {
///     path: "approvals.jsonl".into(),
///     line: 3,
///     what: "its chain is broken".to_owned(),
///     hint: "restore the ledger from a backup".to_owned(),
/// };
/// assert_eq!(error.to_string(), "approvals.jsonl:3: its chain is broken");
/// assert_eq!(error.exit_code(), 3);
/// ```
#[derive(Debug)]
pub enum Error {
    /// An option or argument that makes no sense.
    Usage {
        /// What is wrong, as one clause without a period.
        what: String,
        /// What to do next; empty where there is nothing to say. So in all variants.
        hint: String,
    },
    /// A file that the run needs cannot be read or written.
    File {
        /// The file, as the user or the configuration names it.
        path: PathBuf,
        /// What the operating system or the reader says.
        what: String,
        /// What to do next.
        hint: String,
    },
    /// A policy that is wrong at a place that can be pointed at.
    Policy {
        /// The policy's file, or the name of a bundled policy.
        path: String,
        /// The whole text of the policy, for whoever shows the place.
        text: String,
        /// Where in `text` it is wrong: offset and length in bytes.
        span: Option<(usize, usize)>,
        /// What is wrong there.
        what: String,
        /// What to do next.
        hint: String,
    },
    /// A ledger that cannot be relied on.
    Ledger {
        /// The ledger's file.
        path: PathBuf,
        /// The line that cannot be relied on, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
        /// What to do next.
        hint: String,
    },
    /// The roots hold no file.
    Nothing {
        /// The roots as they were given.
        roots: Vec<String>,
    },
    /// Another program's data that does not fit (a report to convert, a trust list).
    Data {
        /// The file that holds the data.
        path: PathBuf,
        /// What does not fit.
        what: String,
        /// What to do next.
        hint: String,
    },
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
