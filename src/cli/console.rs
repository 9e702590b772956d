//! What the commands say beside their reports: standard output, warnings, and whether there is color.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;

use super::columns::width;
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::wrap;

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether to color what goes to standard output.
    pub(in crate::cli) fn wanted(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        }
    }
}

/// Why a new file could not be made, in words for people.
pub(in crate::cli) fn there_already(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => "it is there already, and is not overwritten".to_owned(),
        _ => error.to_string(),
    }
}

/// Something that went wrong and ends nothing.
pub(in crate::cli) fn warn(text: &str) {
    tell(&format!("warning: {text}"));
}

/// A line for people beside the report, on standard error. Where nobody can be told, nothing breaks.
pub(in crate::cli) fn tell(text: &str) {
    let text = terminal(text);
    // A log keeps one line for one warning.
    let text = match std::io::stderr().is_terminal() {
        true => wrap("", &text, width()),
        false => format!("{text}\n"),
    };
    let _ = write!(std::io::stderr(), "{text}");
}

/// Writes to standard output; a closed pipe ends quietly, as every filter does.
pub(in crate::cli) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::File {
            path: "standard output".into(),
            what: e.to_string(),
            hint: "check the disk or the program that reads it".to_owned(),
        }),
        _ => Ok(()),
    }
}
