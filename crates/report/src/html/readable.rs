//! What of the HTML page a person reads without its script: the verdict, what it rests on, the numbers, and the findings,
//! worst first. Where the script runs, it puts tables and charts in the place of the list.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use super::{address, text};
use crate::escape::{shorten, xml};
use crate::folders;
use crate::layout::{count, number, size};
use crate::not_looked_at;
use crate::words::{basis, outcome, systems, word};
use countersign_model::{
    ArchiveEvidence, ArchiveLine, AssetReport, Evidence, Finding, FindingState, PackageReport, Run, Severity, Summary,
};

/// Assets in the list; the next as many are there for who has no script at all.
const LISTED: usize = 200;
/// Assets for whom the list is made, scripts or not.
const MOST: usize = 2_000;
/// Findings about one package, or the run, that are listed.
const FAULTS: usize = 50;
/// Marks of one asset, and characters of what they say.
const MARKS: usize = 3;
const VALUE: usize = 240;
/// Bars of a chart.
const BARS: usize = 8;
/// Roots that are named.
const ROOTS: usize = 4;

/// Collects what is told of assets; the rest is in the summary.
#[derive(Default)]
pub(super) struct Readable {
    /// How bad, where in the walk, and what is told of an asset.
    assets: Vec<(u8, usize, String)>,
    seen: usize,
    rules: BTreeMap<String, u64>,
    systems: HashMap<String, u64>,
}

impl Readable {
    pub(super) fn asset(&mut self, asset: &AssetReport, roots: &[String]) {
        for finding in asset.findings.iter().filter(|f| f.state == FindingState::Open) {
            *self.rules.entry(finding.rule.clone()).or_default() += 1;
        }
        for system in systems(&asset.evidence) {
            *self.systems.entry(system).or_default() += 1;
        }
        let open = asset.findings.iter().filter(|f| f.state == FindingState::Open).map(|f| f.severity as u8 + 1);
        self.assets.push((open.max().unwrap_or(0), self.seen, article(asset, roots)));
        self.seen += 1;
        // The worst are kept, and no more than will be told.
        if self.assets.len() >= 2 * MOST {
            self.keep_worst();
        }
    }

    fn keep_worst(&mut self) {
        self.assets.sort_by_key(|(bad, place, _)| (std::cmp::Reverse(*bad), *place));
        self.assets.truncate(MOST);
    }

    /// Fills a place of the page.
    pub(super) fn slot(
        &mut self,
        name: &str,
        run: &Run,
        (summary, rows): (&Summary, u64),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let html = match name {
            "version" => format!("<span>{}</span>", show(&run.version)),
            "verdict" => verdict(summary),
            "inputs" => inputs(run, summary),
            "tiles" => tiles(summary, rows),
            "chart-ai" => {
                let ai = &summary.by_ai;
                let bars = [
                    ("generated", ai.generated),
                    ("composite", ai.composite),
                    ("enhanced", ai.enhanced),
                    ("possible", ai.possible),
                ];
                chart(bars.iter().map(|(name, n)| ((*name).to_owned(), *n)), "None found.")
            }
            "chart-rules" => {
                let others = summary.packages.iter().flat_map(|p| &p.findings).chain(&summary.findings_of_run);
                for finding in others.filter(|f| f.state == FindingState::Open) {
                    *self.rules.entry(finding.rule.clone()).or_default() += 1;
                }
                chart(self.rules.iter().map(|(rule, n)| (rule.clone(), *n)), "No open findings.")
            }
            "chart-systems" => chart(self.systems.iter().map(|(name, n)| (name.clone(), *n)), "None named."),
            "readable" => return self.list(summary, out),
            "fine" => fine(run),
            _ => String::new(),
        };
        out.write_all(html.as_bytes())
    }

    /// Findings: of assets with errors and warnings, of packages, of the run, and of assets that are only noted.
    fn list(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        self.keep_worst();
        let noted = self.assets.partition_point(|(bad, ..)| *bad > Severity::Note as u8 + 1);
        self.articles(0..noted, out)?;
        for package in &summary.packages {
            out.write_all(package_details(package).as_bytes())?;
        }
        if !summary.findings_of_run.is_empty() {
            out.write_all(details(("This run", ""), &summary.findings_of_run, "").as_bytes())?;
        }
        self.articles(noted..self.assets.len(), out)?;
        let left = self.seen.saturating_sub(MOST) as u64;
        if left > 0 {
            writeln!(out, "<p>and {} more, which the JSON and CSV reports list.</p>", number(left))?;
        }
        if self.seen == 0 {
            out.write_all(b"<p>No asset has a finding or a mark of AI.</p>")?;
        }
        Ok(())
    }
}

impl Readable {
    /// Some of the assets: the first in the page as it is, the others where there is no script.
    fn articles(&self, places: std::ops::Range<usize>, out: &mut dyn Write) -> io::Result<()> {
        let shown = places.start..places.end.min(LISTED.max(places.start));
        let hidden = shown.end..places.end;
        for (.., html) in self.assets.get(shown).unwrap_or_default() {
            out.write_all(html.as_bytes())?;
        }
        if hidden.is_empty() {
            return Ok(());
        }
        out.write_all(b"<noscript>")?;
        for (.., html) in self.assets.get(hidden).unwrap_or_default() {
            out.write_all(html.as_bytes())?;
        }
        out.write_all(b"</noscript>")
    }
}

/// Text from a file, inert and short, for HTML.
fn show(value: &str) -> String {
    xml(&text(value))
}

fn verdict(summary: &Summary) -> String {
    let (_, word, meaning) = outcome(summary);
    let capital = |text: &str| {
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    let class = word.to_ascii_lowercase();
    let (word, meaning) = (capital(&class), capital(meaning));
    format!(
        "<div class=\"verdict {class}\" id=\"verdict\"><h1 id=\"word\">{word}</h1><p id=\"meaning\">{meaning}.</p></div>"
    )
}

fn inputs(run: &Run, summary: &Summary) -> String {
    let mut out = String::new();
    let mut input = |name: &str, values: Vec<String>| {
        let values: String = values.iter().map(|value| format!("<div>{}</div>", show(value))).collect();
        out.push_str(&format!("<div><dt>{name}</dt><dd>{values}</dd></div>"));
    };
    let mut roots: Vec<_> = run.roots.iter().take(ROOTS).cloned().collect();
    if run.roots.len() > ROOTS {
        roots.push(format!("and {}", count((run.roots.len() - ROOTS) as u64, "other", "others")));
    }
    input("Scanned", roots);
    input("Started", vec![run.started.replace('T', " ").replace('Z', " UTC")]);
    let day = run.options.get("as_of").and_then(serde_json::Value::as_str);
    let day = day.map(|day| format!(", as of {day}")).unwrap_or_default();
    input("Policy", vec![format!("{}{day}", run.policy.name)]);
    let ledgers = run.approvals.iter().chain(&run.further_approvals);
    let ledgers: Vec<_> =
        ledgers.map(|a| format!("{} ({})", a.path, count(a.records as u64, "record", "records"))).collect();
    input("Approvals", if ledgers.is_empty() { vec!["No approvals ledger given".to_owned()] } else { ledgers });
    let issued = |issued: &Option<String>| issued.as_ref().map(|day| format!(" ({day})")).unwrap_or_default();
    let lists: Vec<_> = run.trust.iter().map(|list| format!("{}{}", list.name, issued(&list.issued))).collect();
    let none = vec!["None: signers cannot be recognized".to_owned()];
    input("Trust lists", if lists.is_empty() { none } else { lists });
    let passed = not_looked_at::with_cache(summary);
    if !passed.is_empty() {
        input("Not looked at", passed);
    }
    let hints = folders::lines(summary);
    if !hints.is_empty() {
        input("Roles", hints);
    }
    out
}

fn tiles(summary: &Summary, rows: u64) -> String {
    let tile = |value: u64, label: &str, tone: &str| {
        let tone = if value > 0 { tone } else { "" };
        format!("<div class=\"tile {tone}\"><b>{}</b><span>{label}</span></div>", number(value))
    };
    let found = &summary.findings;
    let one = |n: u64, one: &'static str, many: &'static str| if n == 1 { one } else { many };
    // The frames of a sequence share a row.
    let shared = if rows == summary.assets { String::new() } else { format!(" in {}", count(rows, "row", "rows")) };
    let files = format!("{}{shared}, {}", one(summary.assets, "file", "files"), size(summary.bytes));
    [
        tile(summary.assets, &files, ""),
        tile(found.error, one(found.error, "error", "errors"), "bad"),
        tile(found.warning, one(found.warning, "warning", "warnings"), "warn"),
        tile(found.note, one(found.note, "note", "notes"), ""),
        tile(summary.approved, "approved", ""),
        tile(summary.not_judged, "not judged", "bad"),
    ]
    .concat()
}

fn chart(bars: impl Iterator<Item = (String, u64)>, none: &str) -> String {
    let mut bars: Vec<_> = bars.filter(|(_, n)| *n > 0).collect();
    bars.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if bars.is_empty() {
        return format!("<p class=\"none\">{none}</p>");
    }
    let bar = |(name, n): &(String, u64)| {
        format!("<div class=\"bar\"><span>{}</span><b>{}</b></div>", show(name), number(*n))
    };
    let mut out: String = bars.iter().take(BARS).map(bar).collect();
    if bars.len() > BARS {
        out.push_str(&format!("<p class=\"none\">and {} more</p>", number((bars.len() - BARS) as u64)));
    }
    out
}

fn fine(run: &Run) -> String {
    let ledgers = run.approvals.iter().chain(&run.further_approvals);
    let ledger: String = ledgers.map(|a| format!("; ledger head {}", a.head)).collect();
    let files: String =
        run.catalogue.files.iter().map(|file| format!("; marks of {} {}", file.path, file.sha256)).collect();
    let catalogue = &run.catalogue;
    let rest = format!("; catalogue of {} marks {}{files}", catalogue.marks, catalogue.sha256);
    show(&format!("Policy SHA-256 {}{ledger}{rest}", run.policy.sha256))
}

/// One asset: its findings, and the marks that decide.
fn article(asset: &AssetReport, roots: &[String]) -> String {
    let name = crate::words::name(asset, roots);
    let findings: String = asset.findings.iter().map(|f| said(f, &asset.path)).collect();
    let marks: String = strongest(&asset.evidence).map(mark).collect();
    let ai = if asset.ai == countersign_model::Ai::None { String::new() } else { format!("AI: {}; ", asset.ai.word()) };
    let frames = asset.frames.map(|f| format!("; {}", count(f.count, "frame", "frames"))).unwrap_or_default();
    let role = word(&asset.role);
    let about = format!("{ai}role: {role} (by {}){frames}", basis(asset));
    let archive = asset.archive.as_ref().map(archival).unwrap_or_default();
    format!(
        "<article class=\"found\"><h3>{}</h3><p class=\"where\">{}</p>{findings}{marks}{archive}</article>\n",
        show(&name),
        show(&about)
    )
}

/// The grade of archival evidence, and what stands against the asset.
fn archival(archive: &ArchiveEvidence) -> String {
    let (pro, con) = (archive.supporting.len() as u64, archive.against.len() as u64);
    let (pro, con) = (count(pro, "fact", "facts"), count(con, "fact", "facts"));
    let grade = format!("As archival material: {}; {pro} for it, {con} against it", archive.grade.word());
    let line = |line: &ArchiveLine| {
        let at = line.offset.map(|offset| format!(", byte {offset}")).unwrap_or_default();
        format!(
            "<div class=\"mark\"><div>{}</div><div class=\"value\">{}</div><p class=\"where\">{}</p></div>",
            show(&format!("Against it: {}", line.what)),
            xml(&shorten(&line.value, VALUE)),
            show(&format!("{}{at}", line.place))
        )
    };
    let against: String = archive.against.iter().take(MARKS).map(line).collect();
    format!("<p class=\"where\">{}</p>{against}", show(&grade))
}

fn strongest(evidence: &[Evidence]) -> impl Iterator<Item = &Evidence> {
    let mut sorted: Vec<_> = evidence.iter().collect();
    sorted.sort_by_key(|e| (e.claim, e.strength));
    sorted.into_iter().take(MARKS)
}

fn mark(evidence: &Evidence) -> String {
    let system = evidence.system.as_ref().map(|s| format!(" by {s}")).unwrap_or_default();
    let (claim, strength) = (word(&evidence.claim), word(&evidence.strength));
    let what = format!("{claim}{system} ({strength}; {})", evidence.mark);
    let at = evidence.offset.map(|offset| format!(", byte {offset}")).unwrap_or_default();
    format!(
        "<div class=\"mark\"><div>{}</div><div class=\"value\">{}</div><p class=\"where\">{}</p></div>",
        show(&what),
        xml(&shorten(&evidence.value, VALUE)),
        show(&format!("{}{at}", evidence.place))
    )
}

fn said(finding: &Finding, about: &str) -> String {
    let state = match finding.state {
        FindingState::Open => finding.severity.word().to_owned(),
        state => word(&state),
    };
    let tone = match finding.state {
        FindingState::Open => finding.severity.word(),
        FindingState::Approved => "approved",
        _ => "settled",
    };
    let reason = finding.reason.as_ref().map(|r| format!("<p>Because: {}</p>", show(r))).unwrap_or_default();
    let help = finding.help();
    let help = if help.is_empty() { String::new() } else { format!("<p class=\"do\">{}</p>", show(&help)) };
    let address = address(finding, about);
    format!(
        "<div class=\"say\" id=\"{address}\"><span class=\"tag {tone}\">{state}</span> <b>{}</b> \
         <a class=\"link\" href=\"#{address}\" aria-label=\"Link to this finding\">#</a><p>{}</p>{reason}{help}</div>",
        show(&finding.rule),
        show(&finding.message)
    )
}

fn package_details(package: &PackageReport) -> String {
    if package.findings.is_empty() && package.remarks.is_empty() {
        return String::new();
    }
    let name = match &package.title {
        Some(title) => format!("{} {} “{title}”", package.kind, package.root),
        None => format!("{} {}", package.kind, package.root),
    };
    let remarks: String =
        package.remarks.iter().take(FAULTS).map(|r| format!("<p class=\"where\">{}</p>", show(r))).collect();
    details((&name, &package.root), &package.findings, &remarks)
}

/// Findings about something that is no asset (its name, its place), folded away.
fn details((name, about): (&str, &str), findings: &[Finding], remarks: &str) -> String {
    let mut said: String = findings.iter().take(FAULTS).map(|f| said(f, about)).collect();
    if findings.len() > FAULTS {
        said.push_str(&format!("<p>and {} more</p>", number((findings.len() - FAULTS) as u64)));
    }
    let count = count(findings.len() as u64, "finding", "findings");
    format!("<details class=\"found\"><summary>{} ({count})</summary>{said}{remarks}</details>\n", show(name))
}
