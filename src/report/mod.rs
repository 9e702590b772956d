//! The reports: one file each, all of them in [`ALL`]. Reports render what was judged and decide nothing.

pub mod escape;
pub mod json;
pub mod layout;
pub mod ndjson;
pub mod terminal;

use std::io::{self, Write};

use crate::model::{AssetReport, Run, Summary};

/// What a report is.
#[derive(Debug)]
pub struct Info {
    /// The name that `--report` takes.
    pub id: &'static str,
    pub summary: &'static str,
}

/// How a report is to look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether ANSI colors are wanted.
    pub color: bool,
    /// Columns to fill.
    pub width: usize,
    /// Whether suppressed and baseline findings are shown.
    pub suppressed: bool,
    /// Verbosity: below zero only the verdict, above zero every note by name.
    pub detail: i8,
}

impl Default for Look {
    fn default() -> Self {
        Self { color: false, width: 80, suppressed: false, detail: 0 }
    }
}

/// A report being written: it streams where its format allows.
pub trait Report {
    /// Called once, first.
    ///
    /// # Errors
    /// Those of the writer, as for the other verbs.
    fn begin(&mut self, run: &Run) -> io::Result<()>;

    /// Called once for each asset, in walking order.
    ///
    /// # Errors
    /// Those of the writer.
    fn asset(&mut self, asset: &AssetReport) -> io::Result<()>;

    /// Called once, last.
    ///
    /// # Errors
    /// Those of the writer.
    fn end(&mut self, summary: &Summary) -> io::Result<()>;
}

/// A kind of report: what it is and how one is started.
pub struct Kind {
    pub info: Info,
    pub start: for<'w> fn(Box<dyn Write + 'w>, Look) -> Box<dyn Report + 'w>,
}

/// Every report.
pub static ALL: &[&Kind] = &[&terminal::KIND, &json::KIND, &ndjson::KIND];

/// The report with this name.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.info.id == id)
}
