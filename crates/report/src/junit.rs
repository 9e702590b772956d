//! The JUnit report: the XML that build servers read, in the shape that both the strict schema of Apache Ant's
//! JUnitReport task and Jenkins accept.
//!
//! A suite for each package and one for the loose files; a test case for each finding, and one for each asset without
//! any. Open findings at or above `--fail-on` fail, what could not be read is an error, settled ones are skipped.
//! The counts stand before the cases, so the cases are kept until the end.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::escape::{shorten, xml};
use crate::not_looked_at;
use crate::words::{basis, blocks, decisive, describe_evidence, word};
use crate::{Info, Kind, RenderOptions, Report};
use countersign_model::{AssetReport, Finding, FindingState, FindingSubject, PackageReport, Run, Severity, Summary};

/// One test case an asset, for what shows test results.
pub static KIND: Kind = Kind { info: Info { id: "junit", summary: "JUnit XML for build servers" }, start };

/// Characters of a name or message: build servers show them in tables.
const TEXT: usize = 2_000;

fn start<'w>(out: Box<dyn Write + 'w>, _options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(Junit { out, run: Run::default(), least: Severity::Error, suites: BTreeMap::new() })
}

struct Junit<'w> {
    out: Box<dyn Write + 'w>,
    run: Run,
    /// The least severity that fails.
    least: Severity,
    /// By package; loose files and the run itself first.
    suites: BTreeMap<Option<usize>, Suite>,
}

#[derive(Default)]
struct Suite {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    cases: String,
}

impl Report for Junit<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.run = run.clone();
        if run.options.get("fail_on").and_then(|v| v.as_str()) == Some("warning") {
            self.least = Severity::Warning;
        }
        Ok(())
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        let least = self.least;
        let suite = self.suites.entry(asset.package).or_default();
        let name = match self.run.roots.get(asset.root) {
            Some(root) if self.run.roots.len() > 1 => format!("{root}/{}", asset.path),
            _ => asset.path.clone(),
        };
        if asset.findings.is_empty() {
            suite.tests += 1;
            suite
                .cases
                .push_str(&format!("    <testcase name=\"judged\" classname=\"{}\" time=\"0\"/>\n", text(&name)));
        }
        for finding in &asset.findings {
            suite.case(&name, finding, &details(asset, finding), least);
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let least = self.least;
        for package in &summary.packages {
            let suite = self.suites.entry(Some(package.id)).or_default();
            for finding in &package.findings {
                suite.case(&package.root, finding, &finding.help(), least);
            }
        }
        let loose = self.suites.entry(None).or_default();
        for finding in &summary.findings_of_run {
            loose.case("run", finding, &finding.help(), least);
        }
        if summary.interrupted {
            loose.tests += 1;
            loose.errors += 1;
            loose.cases.push_str(
                "    <testcase name=\"complete\" classname=\"run\" time=\"0\"><error message=\"the scan was interrupted\" \
                 type=\"interrupted\">What follows it was not judged.</error></testcase>\n",
            );
        }
        self.out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n")?;
        for (id, (package, suite)) in std::mem::take(&mut self.suites).into_iter().enumerate() {
            let package = package.and_then(|p| summary.packages.iter().find(|known| known.id == p));
            self.suite(id, package, &suite, summary)?;
        }
        self.out.write_all(b"</testsuites>\n")?;
        self.out.flush()
    }
}

impl Junit<'_> {
    fn suite(
        &mut self,
        id: usize,
        package: Option<&PackageReport>,
        suite: &Suite,
        summary: &Summary,
    ) -> io::Result<()> {
        let name = package.map_or_else(|| "files".to_owned(), |p| format!("{} {}", p.kind, p.root));
        // The strict schema wants a time without zone.
        let time = self.run.started.get(..19).unwrap_or("1970-01-01T00:00:00");
        let Suite { tests, failures, errors, skipped, cases } = suite;
        writeln!(
            self.out,
            "  <testsuite id=\"{id}\" package=\"countersign\" name=\"{}\" timestamp=\"{}\" hostname=\"localhost\" \
             tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\">",
            text(&name),
            text(time)
        )?;
        self.out.write_all(b"    <properties>\n")?;
        let properties = [
            ("version", self.run.version.clone()),
            ("policy", self.run.policy.name.clone()),
            ("outcome", word(&summary.outcome)),
            ("assets", summary.assets.to_string()),
            ("not-judged", summary.not_judged.to_string()),
            ("not-looked-at", not_looked_at::with_cache(summary).join("; ")),
        ];
        let files = self.run.catalogue.files.iter().map(|file| ("marks", format!("{} {}", file.path, file.sha256)));
        for (name, value) in properties.into_iter().chain(files) {
            writeln!(self.out, "      <property name=\"{name}\" value=\"{}\"/>", text(&value))?;
        }
        self.out.write_all(b"    </properties>\n")?;
        self.out.write_all(cases.as_bytes())?;
        self.out.write_all(b"    <system-out></system-out>\n    <system-err></system-err>\n  </testsuite>\n")
    }
}

impl Suite {
    fn case(&mut self, about: &str, finding: &Finding, details: &str, least: Severity) {
        self.tests += 1;
        let (about, rule) = (text(about), text(&finding.rule));
        let (message, details) = (text(&finding.message), xml(details));
        let outcome = if blocks(finding, least) && finding.subject == FindingSubject::Unreadable {
            self.errors += 1;
            format!("<error message=\"{message}\" type=\"{rule}\">{details}</error>")
        } else if blocks(finding, least) {
            self.failures += 1;
            format!("<failure message=\"{message}\" type=\"{rule}\">{details}</failure>")
        } else if finding.state == FindingState::Open {
            format!("<system-out>{}: {message}</system-out>", word(&finding.severity))
        } else {
            self.skipped += 1;
            let why = finding.reason.as_ref().or(finding.approval.as_ref()).map(|r| format!(": {}", text(r)));
            format!("<skipped message=\"{}{}\"/>", word(&finding.state), why.unwrap_or_default())
        };
        let case = format!("    <testcase name=\"{rule}\" classname=\"{about}\" time=\"0\">{outcome}</testcase>\n");
        self.cases.push_str(&case);
    }
}

fn text(value: &str) -> String {
    xml(&shorten(value, TEXT))
}

fn details(asset: &AssetReport, finding: &Finding) -> String {
    let mark = decisive(&asset.evidence).map(|e| format!("{}. ", describe_evidence(e))).unwrap_or_default();
    format!("{mark}Role {} (by {}). {}", word(&asset.role), basis(asset), finding.help())
}
