//! Options that every command with reports has: which reports, and how they look.

use std::sync::OnceLock;

use super::console::Color;
use super::output::{ReportTarget, pages};
use countersign_model::ReportHeading;
use countersign_report::RenderOptions;

/// Columns of a page that is no terminal; what a terminal may ask for: longer lines are hard to read.
const USUAL: usize = 80;
const NARROWEST: usize = 40;
const WIDEST: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Reporting {
    #[arg(long, value_name = "FORMAT[=FILE]", help = super::output::help())]
    report: Vec<ReportTarget>,
    /// What the papers are called: provenance, disclosure, supplier
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Also show suppressed findings
    #[arg(long)]
    show_suppressed: bool,
    /// When to use color
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// Only the verdict
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// List all that is otherwise cut short or only counted
    #[arg(short, long)]
    verbose: bool,
}

impl Reporting {
    /// What the papers say at their head: the policy's `[report]`, under the title that was typed.
    pub(super) fn heading(&self, policy: &ReportHeading) -> Option<ReportHeading> {
        let heading = ReportHeading { title: self.title.clone().or_else(|| policy.title.clone()), ..policy.clone() };
        (heading != ReportHeading::default()).then_some(heading)
    }

    /// The reports that are asked for, or the usual one.
    pub(super) fn wanted(&self) -> Vec<ReportTarget> {
        if self.report.is_empty() { vec![ReportTarget::default_report()] } else { self.report.clone() }
    }

    pub(super) fn render_options(&self) -> RenderOptions {
        RenderOptions {
            color: self.color.wanted(),
            suppressed: self.show_suppressed,
            detail: i8::from(self.verbose) - i8::from(self.quiet),
            pages: pages(),
            width: width(),
            ..RenderOptions::default()
        }
    }
}

/// Columns of what is printed on standard output.
pub(super) fn width() -> usize {
    static WIDTH: OnceLock<usize> = OnceLock::new();
    *WIDTH.get_or_init(|| columns().map_or(USUAL, |columns| columns.clamp(NARROWEST, WIDEST)))
}

/// Columns of the terminal that standard output is, if it is one.
#[cfg(unix)]
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn columns() -> Option<usize> {
    None
}
