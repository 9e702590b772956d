//! Options that every command with reports has: which reports, and how they look.

use super::Color;
use super::output::{Wanted, pages};
use crate::report::Look;

#[derive(Debug, clap::Args)]
pub(super) struct Reporting {
    #[arg(long = "report", value_name = "FORMAT[=FILE]", help = super::output::help())]
    reports: Vec<Wanted>,
    /// Also show suppressed findings
    #[arg(long)]
    show_suppressed: bool,
    /// When to use color
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// Only the verdict
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// List every note by name
    #[arg(short, long)]
    verbose: bool,
}

impl Reporting {
    /// The reports that are asked for, or the usual one.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        if self.reports.is_empty() { vec![Wanted::default_report()] } else { self.reports.clone() }
    }

    pub(super) fn look(&self) -> Look {
        Look {
            color: self.color.wanted(),
            suppressed: self.show_suppressed,
            detail: i8::from(self.verbose) - i8::from(self.quiet),
            pages: pages(),
            ..Look::default()
        }
    }
}
