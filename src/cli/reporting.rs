//! Options that every command with reports has: which reports, and how they look.

pub(super) use super::columns::width;
use super::console::Color;
use super::output::{ReportTarget, pages};
use countersign_model::ReportHeading;
use countersign_report::RenderOptions;

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
