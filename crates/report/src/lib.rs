//! The reports: one file each, all of them in [`ALL`].
//!
//! A [`Report`] gets the run, each asset in walking order, and the summary; it streams where its format allows. [`saved`]
//! reads a JSON report back, so that any other can be made of it later; [`html::comparison`] is the page of two files. [`escape`], [`layout`] and [`words`] are shared.
//!
//! Invariant: reports use the model only; they render what was judged and decide nothing.

pub mod csv;
pub mod cue_sheet;
pub mod disclosure;
pub mod escape;
mod folders;
pub mod html;
pub mod json;
pub mod junit;
pub mod layout;
pub mod ndjson;
pub mod not_looked_at;
mod paper;
pub mod provenance;
pub mod sarif;
pub mod saved;
pub mod supplier;
pub mod terminal;
pub mod words;

use std::io::{self, Write};
use std::sync::Arc;

use countersign_model::{AssetReport, FindingState, Run, Severity, Summary};

/// What a report is.
#[derive(Debug)]
pub struct Info {
    /// The name that `--report` takes.
    pub id: &'static str,
    /// What the report is for, in one line of `--help`.
    pub summary: &'static str,
}

/// How a report is to look, and what it may ask for beyond the run itself.
#[derive(Clone, Debug)]
pub struct RenderOptions {
    /// Whether ANSI colors are wanted.
    pub color: bool,
    /// Columns to fill.
    pub width: usize,
    /// Whether suppressed and baseline findings are shown.
    pub suppressed: bool,
    /// Verbosity: below zero only the verdict, above zero every note by name.
    pub detail: i8,
    /// The rules' manual pages, for reports that carry them.
    pub pages: Arc<[RuleDoc]>,
    /// Who can make small pictures of assets; nobody where the files are not at hand.
    pub preview: Option<Arc<dyn Preview>>,
    /// The open findings of an earlier report, for reports that tell the difference; `None` where there is none.
    pub earlier: Option<Arc<[EarlierFinding]>>,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            color: false,
            width: 80,
            suppressed: false,
            detail: 0,
            pages: Arc::default(),
            preview: None,
            earlier: None,
        }
    }
}

/// A finding that an earlier report held open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierFinding {
    /// The asset's path below its root, or a package's root.
    pub path: String,
    /// The path by which a list of files names the asset, where that is another one.
    pub listed: Option<String>,
    /// The rule's id.
    pub rule: String,
    /// What was found.
    pub message: String,
}

impl EarlierFinding {
    /// The paths by which a later run may name what it is about.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.path.as_str()).chain(self.listed.as_deref())
    }
}

/// One rule as reports explain it.
#[derive(Clone, Debug)]
pub struct RuleDoc {
    /// The rule's id.
    pub id: String,
    /// What the rule finds, in one line.
    pub summary: String,
    /// The whole page in Markdown.
    pub text: String,
    /// How bad its findings are unless the policy says otherwise.
    pub severity: Severity,
}

impl RuleDoc {
    /// Why the finding matters: the page's paragraph of that name, as one line of plain text.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let paragraph = self.text.split("\n\n").find_map(|p| p.strip_prefix("**Why it matters.**"))?;
        Some(paragraph.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', ""))
    }
}

/// Makes small pictures of assets for reports that show them.
pub trait Preview: std::fmt::Debug + Send + Sync {
    /// A report that shows so many pictures at most has begun: whoever makes them while assets are open anyway may do so
    /// from now on.
    fn begin(&self, _most: usize) {}

    /// Pictures of the wanted assets (index into [`Run::roots`], path below it), most important first; `show` gets
    /// the number of the wanted asset and its picture. What cannot be pictured is left out.
    fn pictures(&self, wanted: &[(usize, String)], show: &mut dyn FnMut(usize, Picture));
}

/// How urgently a picture of an asset is wanted, by the worst that is open about it: 0 where nothing is, then 1 more than
/// the number of its severity. `None` where a report has nothing to tell of it.
#[must_use]
pub fn urgency(asset: &AssetReport) -> Option<u8> {
    let open = asset.findings.iter().filter(|f| f.state == FindingState::Open).map(|f| f.severity as u8 + 1);
    words::speaks(asset).then(|| open.max().unwrap_or(0))
}

/// The file that shows what a row tells of: of a sequence the first frame.
#[must_use]
pub fn first_frame(asset: &AssetReport) -> String {
    let frame = || {
        let first = asset.frames?.first;
        let (prefix, rest) = asset.path.rsplit_once('[')?;
        let (numbers, suffix) = rest.split_once(']')?;
        let (number, _) = numbers.split_once('-')?;
        (number.parse() == Ok(first)).then(|| format!("{prefix}{number}{suffix}"))
    };
    frame().unwrap_or_else(|| asset.path.clone())
}

/// A small picture of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// A JPEG file of a few kilobytes.
    Jpeg(Vec<u8>),
    /// Loudest sample in each of equal parts of the sound, 0 to 100.
    Waveform(Vec<u8>),
}

/// A report being written: it streams where its format allows.
///
/// ```
/// use countersign_model::{Outcome, Run, Summary};
/// use countersign_report::{RenderOptions, by_id};
///
/// let mut out = Vec::new();
/// let kind = by_id("terminal").unwrap();
/// let mut report = (kind.start)(Box::new(&mut out), RenderOptions::default());
/// report.begin(&Run::default())?;
/// report.end(&Summary { outcome: Outcome::Incomplete, not_judged: 1, ..Summary::default() })?;
/// drop(report);
/// assert!(!String::from_utf8_lossy(&out).contains("PASS"));
/// # Ok::<(), std::io::Error>(())
/// ```
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
    /// What it is.
    pub info: Info,
    /// Starts a report that is written to this writer.
    pub start: for<'w> fn(Box<dyn Write + 'w>, RenderOptions) -> Box<dyn Report + 'w>,
}

/// Every report.
pub static ALL: &[&Kind] = &[
    // One a line, in the order of --help.
    &terminal::KIND,
    &html::KIND,
    &json::KIND,
    &ndjson::KIND,
    &csv::KIND,
    &sarif::KIND,
    &junit::KIND,
    &cue_sheet::KIND,
    &provenance::KIND,
    &provenance::CSV,
    &disclosure::KIND,
    &disclosure::CSV,
    &supplier::KIND,
];

/// The report of a kind as the file's name asks for it: `provenance` into a file `….csv` is `provenance-csv`.
///
/// ```
/// let kind = countersign_report::by_id("provenance").unwrap();
/// assert_eq!(countersign_report::for_file(kind, "sheets.CSV".as_ref()).info.id, "provenance-csv");
/// assert_eq!(countersign_report::for_file(kind, "sheets.html".as_ref()).info.id, "provenance");
/// ```
#[must_use]
pub fn for_file(kind: &'static Kind, file: &std::path::Path) -> &'static Kind {
    let is_csv = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    by_id(&format!("{}-csv", kind.info.id)).filter(|_| is_csv).unwrap_or(kind)
}

/// The report with this name.
///
/// ```
/// assert!(countersign_report::by_id("sarif").is_some());
/// assert!(countersign_report::by_id("telegram").is_none());
/// ```
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Kind> {
    ALL.iter().copied().find(|kind| kind.info.id == id)
}
