//! `countersign convert REPORT.json --report FORMAT=FILE`: a saved report in another format, without a new scan.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::output::{Outputs, ReportTarget};
use super::reporting::Reporting;
use countersign_judge::judge::Baseline;
use countersign_judge::rules;
use countersign_model::error::{Error, Result};
use countersign_model::{AssetReport, Finding, FindingState, FindingSubject, Run, Severity, Summary};
use countersign_report::saved::{self, Saved, Take};
use countersign_report::{EarlierFinding, RenderOptions};

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
        outputs.end(&saved.summary)?;
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

/// What an earlier report already held, for `scan --baseline`.
pub(super) fn baseline(path: &Path) -> Result<(Baseline, Arc<[EarlierFinding]>)> {
    let mut kept = Kept::default();
    let saved = read(path, &mut kept)?;
    if saved.summary.interrupted {
        return Err(Error::Data {
            path: path.to_path_buf(),
            what: "its scan was interrupted: it does not say what was there".to_owned(),
            hint: "use the report of a whole scan as the baseline".to_owned(),
        });
    }
    let earlier = earlier(&kept.assets, &saved.summary);
    Ok((Baseline::new(&kept.assets).with_others(&saved.summary), earlier))
}

/// The findings that were open then, for reports that tell the difference; notes ask for nothing.
fn earlier(assets: &[AssetReport], summary: &Summary) -> Arc<[EarlierFinding]> {
    let of_assets = assets.iter().flat_map(|asset| asset.findings.iter().map(move |f| (asset.path.as_str(), f)));
    let of_packages = summary.packages.iter().flat_map(|p| p.findings.iter().map(|f| (p.root.as_str(), f)));
    let open =
        |f: &Finding| matches!(f.state, FindingState::Open | FindingState::Baseline) && f.severity > Severity::Note;
    let all = of_assets.chain(of_packages).filter(|(_, f)| open(f));
    all.map(|(path, f)| EarlierFinding { path: path.to_owned(), rule: f.rule.clone(), message: f.message.clone() })
        .collect()
}

/// Assets with findings, without all that a baseline does not need.
#[derive(Default)]
struct Kept {
    assets: Vec<AssetReport>,
}

impl Take for Kept {
    fn run(&mut self, _run: &Run) -> std::result::Result<(), String> {
        Ok(())
    }

    fn asset(&mut self, mut asset: AssetReport) -> std::result::Result<(), String> {
        if !asset.findings.is_empty() {
            (asset.evidence, asset.c2pa, asset.problems) = (Vec::new(), None, Vec::new());
            (asset.tags, asset.records) = (None, Vec::new());
            self.assets.push(asset);
        }
        Ok(())
    }
}

fn read(path: &Path, take: &mut dyn Take) -> Result<Saved> {
    let file: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|e| Error::File {
            path: path.to_path_buf(),
            what: e.to_string(),
            hint: "name a report that was saved with --report json=FILE".to_owned(),
        })?)
    };
    saved::read(BufReader::with_capacity(1 << 20, file), take).map_err(|what| Error::Data {
        path: path.to_path_buf(),
        what: format!("not a report that can be read: {what}"),
        hint: "name a whole report that was saved with --report json=FILE or --report ndjson=FILE".to_owned(),
    })
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
