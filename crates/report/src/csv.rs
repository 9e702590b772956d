//! The CSV report (RFC 4180): one row a finding, and one for every asset without any; then one for each use of it in a
//! cut (`about` is `use`). For spreadsheets.

use std::io::{self, Write};

use crate::escape::csv;
use crate::not_looked_at;
use crate::words::{decisive, played, systems, word};
use crate::{Info, Kind, RenderOptions, Report};
use countersign_model::{AssetReport, Evidence, Finding, PackageReport, Run, Summary, Use};

/// One row a finding (RFC 4180), for spreadsheets.
pub static KIND: Kind =
    Kind { info: Info { id: "csv", summary: "one row a finding, and one for each asset without any" }, start };

/// The columns, in order.
const COLUMNS: [&str; 34] = [
    "about",
    "root",
    "path",
    "package",
    "format",
    "bytes",
    "sha256",
    "role",
    "role_basis",
    "ai",
    "systems",
    "rule",
    "severity",
    "state",
    "message",
    "help",
    "approval",
    "reason",
    "mark",
    "strength",
    "where",
    "offset",
    "credentials",
    "signer",
    "plays",
    "in_cut",
    "timeline",
    "event",
    "track",
    "record_in",
    "record_out",
    "rate",
    "source_in",
    "source_out",
];

fn start<'w>(out: Box<dyn Write + 'w>, _options: RenderOptions) -> Box<dyn Report + 'w> {
    Box::new(Csv { out, roots: Vec::new() })
}

struct Csv<'w> {
    out: Box<dyn Write + 'w>,
    roots: Vec<String>,
}

impl Report for Csv<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.roots.clone_from(&run.roots);
        row(&mut self.out, &COLUMNS)
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        if asset.findings.is_empty() {
            self.line(&Line { about: "asset", asset: Some(asset), ..Line::default() })?;
        }
        for finding in &asset.findings {
            self.line(&Line { about: "asset", asset: Some(asset), finding: Some(finding), ..Line::default() })?;
        }
        for of_cut in &asset.uses {
            self.line(&Line { about: "use", asset: Some(asset), of_cut: Some(of_cut), ..Line::default() })?;
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        for package in &summary.packages {
            for finding in &package.findings {
                let (package, finding) = (Some(package), Some(finding));
                self.line(&Line { about: "package", package, finding, ..Line::default() })?;
            }
        }
        for finding in &summary.findings_of_run {
            self.line(&Line { about: "run", finding: Some(finding), ..Line::default() })?;
        }
        let passed = not_looked_at::with_cache(summary).join("; ");
        if !passed.is_empty() {
            // As wide as all rows, so that nothing that reads tables trips over it.
            let cells = COLUMNS.map(|column| match column {
                "about" => "run".to_owned(),
                "message" => format!("not looked at: {passed}"),
                _ => String::new(),
            });
            row(&mut self.out, &cells)?;
        }
        if summary.interrupted {
            row(&mut self.out, &["INCOMPLETE: the scan was interrupted, files after this row are missing"])?;
        }
        self.out.flush()
    }
}

/// What one row tells of; cells of what is not there stay empty.
#[derive(Default)]
struct Line<'a> {
    /// The first cell: `asset`, `use`, `package` or `run`.
    about: &'a str,
    asset: Option<&'a AssetReport>,
    package: Option<&'a PackageReport>,
    finding: Option<&'a Finding>,
    of_cut: Option<&'a Use>,
}

impl Csv<'_> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let Line { about, asset, package, finding, of_cut } = *line;
        let used = |get: &dyn Fn(&Use) -> &String| of_cut.map(|of| get(of).clone()).unwrap_or_default();
        let of = |get: &dyn Fn(&AssetReport) -> String| asset.map(get).unwrap_or_default();
        let found = |get: &dyn Fn(&Finding) -> String| finding.map(get).unwrap_or_default();
        let mark = asset.and_then(|a| decisive(&a.evidence));
        let seen = |get: &dyn Fn(&Evidence) -> String| mark.map(get).unwrap_or_default();
        let of_package = asset.and_then(|a| a.package).or(package.map(|p| p.id));
        let cells = [
            about.to_owned(),
            of(&|a| self.roots.get(a.root).cloned().unwrap_or_default()),
            package.map_or_else(|| of(&|a| a.path.clone()), |p| p.root.clone()),
            of_package.map(|id| id.to_string()).unwrap_or_default(),
            package.map_or_else(|| of(&|a| a.format.map(|id| id.to_string()).unwrap_or_default()), |p| p.kind.clone()),
            of(&|a| a.bytes.to_string()),
            of(&|a| a.sha256.clone().unwrap_or_default()),
            of(&|a| word(&a.role)),
            of(&|a| a.role_basis.clone()),
            of(&|a| a.ai.word().to_owned()),
            of(&|a| systems(&a.evidence).join("; ")),
            found(&|f| f.rule.clone()),
            found(&|f| word(&f.severity)),
            found(&|f| word(&f.state)),
            found(&|f| f.message.clone()),
            found(&|f| f.help()),
            found(&|f| f.approval.clone().unwrap_or_default()),
            found(&|f| f.reason.clone().unwrap_or_default()),
            seen(&|e| e.mark.clone()),
            seen(&|e| word(&e.strength)),
            seen(&|e| e.place.clone()),
            seen(&|e| e.offset.map(|o| o.to_string()).unwrap_or_default()),
            of(&|a| a.c2pa.as_ref().map(|c| word(&c.state)).unwrap_or_default()),
            of(&|a| a.c2pa.as_ref().and_then(|c| c.signer.clone()).unwrap_or_default()),
            of(&|a| a.plays.iter().map(played).collect::<Vec<_>>().join("; ")),
            of(&|a| a.in_cut.map(|yes| yes.to_string()).unwrap_or_default()),
            used(&|u| &u.timeline),
            used(&|u| &u.event),
            used(&|u| &u.track),
            used(&|u| &u.record.from),
            used(&|u| &u.record.to),
            used(&|u| &u.record.rate),
            used(&|u| &u.source.from),
            used(&|u| &u.source.to),
        ];
        row(&mut self.out, &cells)
    }
}

/// One row; CRLF as the specification wants it.
pub(super) fn row(out: &mut dyn Write, cells: &[impl AsRef<str>]) -> io::Result<()> {
    let cells: Vec<_> = cells.iter().map(|cell| csv(cell.as_ref())).collect();
    write!(out, "{}\r\n", cells.join(","))
}
