//! `countersign convert REPORT.json --report FORMAT=FILE`: a saved report in another format, without a new scan.

use std::path::PathBuf;

use super::output::{Outputs, ReportTarget};
use super::reporting::Reporting;
use countersign_judge::rules;
use countersign_model::error::{Error, Result};
use countersign_model::{AssetReport, Finding, FindingSubject, Run};
use countersign_report::RenderOptions;
use countersign_report::saved::Take;

use super::baseline::read;

/// Render a saved JSON report in another format, without a new scan.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign convert report.json --report html=report.html\n  \
    countersign convert report.ndjson --report sarif=report.sarif --report csv=report.csv")]
pub(super) struct Arguments {
    /// A report that was saved with --report json=FILE or --report ndjson=FILE; `-` for standard input
    #[arg(value_name = "REPORT")]
    saved: PathBuf,
    #[command(flatten)]
    reporting: Reporting,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let wanted = arguments.reporting.wanted();
    let render_options = arguments.reporting.render_options();
    let reporting = &arguments.reporting;
    let mut rendering = Rendering { wanted: &wanted, reporting, render_options, outputs: None, failed: None };
    let saved = read(&arguments.saved, &mut rendering);
    if let Some(error) = rendering.failed {
        return Err(error);
    }
    let mut saved = saved?;
    let summary = &mut saved.summary;
    summary.packages.iter_mut().for_each(|package| name_subjects(&mut package.findings));
    name_subjects(&mut summary.findings_of_run);
    if let Some(outputs) = rendering.outputs {
        outputs.end(&saved.summary, arguments.reporting.quiet)?;
    }
    Ok(0)
}

/// Reports of earlier versions do not say what a finding is about: its rule does.
fn name_subjects(findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| finding.subject == FindingSubject::Unknown) {
        if let Some(rule) = rules::by_id(&finding.rule) {
            finding.subject = rule.info().subject;
        }
    }
}

/// Opens the reports once it is known which roots must not be written to, and hands them what is read.
struct Rendering<'a> {
    wanted: &'a [ReportTarget],
    reporting: &'a Reporting,
    render_options: RenderOptions,
    outputs: Option<Outputs>,
    failed: Option<Error>,
}

impl Rendering<'_> {
    fn note(&mut self, result: Result<()>) -> std::result::Result<(), String> {
        result.map_err(|e| {
            let text = e.to_string();
            self.failed = Some(e);
            text
        })
    }
}

impl Take for Rendering<'_> {
    fn run(&mut self, run: &Run) -> std::result::Result<(), String> {
        let roots: Vec<_> = run.roots.iter().map(PathBuf::from).collect();
        let begun = Outputs::open(self.wanted, &roots, &self.render_options).and_then(|mut outputs| {
            // A title that is typed now stands over that of then.
            let report = self.reporting.heading(&run.report.clone().unwrap_or_default());
            outputs.begin(&Run { report, ..run.clone() })?;
            self.outputs = Some(outputs);
            Ok(())
        });
        self.note(begun)
    }

    fn asset(&mut self, mut asset: AssetReport) -> std::result::Result<(), String> {
        name_subjects(&mut asset.findings);
        let written = self.outputs.as_mut().map_or(Ok(()), |outputs| outputs.asset(&asset));
        self.note(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_older_reports_get_the_subject_of_their_rule() {
        let old = |rule: &str| {
            let value = serde_json::json!({
                "rule": rule, "severity": "error", "state": "open", "message": "m", "help": "h", "approval": null, "reason": null
            });
            serde_json::from_value::<Finding>(value).unwrap()
        };
        for rule in rules::ALL.iter().map(|rule| rule.info()) {
            let mut findings = [old(rule.id), old("of-another-version")];
            name_subjects(&mut findings);
            assert_eq!(findings.map(|f| f.subject), [rule.subject, FindingSubject::Unknown]);
        }
    }
}
