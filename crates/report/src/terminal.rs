//! The terminal report: the verdict first, then why, then what was not judged, and the verdict again. For people with a
//! drive plugged in.
//!
//! Findings of one rule stand under one heading, those about delivery packages behind those about assets. Without
//! `-v` each list is cut to what a person reads, and says how much it leaves out.

mod card;
mod end;
mod head;
mod kept;
mod notes;
mod packages;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;

use crate::escape::{shorten, terminal};
use crate::layout::{Ink, Tone, count, wrap, wrap_action};
use crate::{Info, Kind, RenderOptions, Report, RuleDoc};
use countersign_model::{AssetReport, Finding, FindingAction, FindingState, PackageReport, Run, Severity, Summary};
use kept::{Kept, Listed};

/// Text for a person at a terminal.
pub static KIND: Kind =
    Kind { info: Info { id: "terminal", summary: "text for people: verdict, findings, what was not judged" }, start };

/// Characters of a value that a person needs to recognize it.
const VALUE: usize = 110;
/// Files listed by name under one heading before the rest is only counted.
const NAMED: usize = 8;

fn start<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    let ink = Ink { color: options.color };
    Box::new(Terminal { out, options, ink, rows: 0, roots: Vec::new(), kept: Kept::default(), run: None })
}

struct Terminal<'w> {
    out: Box<dyn Write + 'w>,
    options: RenderOptions,
    ink: Ink,
    /// Assets told of; the frames of a sequence share one.
    rows: u64,
    roots: Vec<String>,
    run: Option<Run>,
    /// Assets that are shown; the others are only counted.
    kept: Kept,
}

/// A finding with its asset.
type Card = (Rc<AssetReport>, Finding);

impl Report for Terminal<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.roots.clone_from(&run.roots);
        self.run = Some(run.clone());
        Ok(())
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        self.rows += 1;
        let name = || terminal(&crate::words::name(asset, &self.roots));
        self.kept.add(asset, self.options.detail > 0, name);
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let kept = std::mem::take(&mut self.kept);
        self.verdict(&kept, summary)?;
        if self.options.detail >= 0 {
            self.section(("Errors", Tone::Bad), Severity::Error, &kept, summary)?;
            self.section(("Warnings", Tone::Warn), Severity::Warning, &kept, summary)?;
            self.settled("Approved", &kept, FindingState::Approved)?;
            if self.options.suppressed {
                self.settled("Suppressed", &kept, FindingState::Suppressed)?;
                self.settled("Known from the baseline", &kept, FindingState::Baseline)?;
            }
            self.notes(&kept, summary)?;
            self.closing(&kept, summary)?;
        }
        self.out.flush()
    }
}

impl Terminal<'_> {
    /// All open findings of one severity: about the run, then about assets, then about packages; each rule once.
    fn section(
        &mut self,
        (title, tone): (&str, Tone),
        severity: Severity,
        kept: &Kept,
        summary: &Summary,
    ) -> io::Result<()> {
        let wanted = |f: &Finding| f.severity == severity && f.state == FindingState::Open;
        let rows = kept.rules(FindingState::Open, Some(severity));
        let of_run = by_rule(summary.findings_of_run.iter().filter(|f| wanted(f)));
        let of_packages = packages::by_rule(summary, wanted);
        if rows.is_empty() && of_packages.is_empty() && of_run.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{}", self.ink.paint(tone, title))?;
        for (rule, findings) in of_run {
            self.explained(&rule, &count(findings.len() as u64, "finding", "findings"))?;
            self.findings_of_run(&findings)?;
        }
        for (rule, listed) in rows {
            self.explained(&rule, &files_in_rows(listed.files(), listed.all() as u64))?;
            self.cards(&listed, &summary.packages)?;
        }
        self.faults(of_packages)
    }

    /// How many of a list of this length are told: all with `-v`.
    fn shown(&self, most: usize, all: usize) -> usize {
        if self.options.detail > 0 { all } else { most.min(all) }
    }

    /// The rule, and how much it found.
    fn rule(&mut self, rule: &str, found: &str) -> io::Result<()> {
        let rule = self.ink.paint(Tone::Faint, &format!("[{rule}]"));
        writeln!(self.out, "\n{rule}  {found}")
    }

    /// The rule, and why what it finds matters.
    fn explained(&mut self, rule: &str, found: &str) -> io::Result<()> {
        self.rule(rule, found)?;
        match self.options.pages.iter().find(|page| page.id == rule).and_then(RuleDoc::why) {
            Some(why) => self.line("  ", &why),
            None => Ok(()),
        }
    }

    fn findings_of_run(&mut self, findings: &[&Finding]) -> io::Result<()> {
        let shown = self.shown(NAMED, findings.len());
        for finding in findings.iter().take(shown) {
            self.line("    What   ", &terminal(&finding.message))?;
        }
        self.and_more(findings.len() - shown, "    ")?;
        match findings.first() {
            Some(first) if !first.help().is_empty() => self.action("    Do     ", &first.action),
            _ => Ok(()),
        }
    }

    /// What a list leaves out, and how it is had.
    fn and_more(&mut self, left: usize, indent: &str) -> io::Result<()> {
        match left {
            0 => Ok(()),
            left => self.line(indent, &format!("and {} more (-v lists all)", crate::layout::number(left as u64))),
        }
    }

    /// Findings that do not count any more, and why.
    fn settled(&mut self, title: &str, kept: &Kept, state: FindingState) -> io::Result<()> {
        let rules = kept.rules(state, None);
        let all: usize = rules.values().map(Listed::all).sum();
        if all == 0 {
            return Ok(());
        }
        let cards: Vec<Card> = rules.into_values().flat_map(|listed| listed.cards).collect();
        writeln!(self.out, "\n{}\n", self.ink.paint(Tone::Good, title))?;
        let shown = self.shown(NAMED, cards.len());
        for (asset, finding) in cards.iter().take(shown) {
            let name = self.ink.paint(Tone::Strong, &self.name(asset));
            writeln!(self.out, "  {name}")?;
            self.line("    What   ", &terminal(&finding.message))?;
            if let Some(reason) = &finding.reason {
                self.line("    Why    ", &terminal(reason))?;
            }
        }
        self.and_more(all.saturating_sub(shown), "  ")
    }

    fn name(&self, asset: &AssetReport) -> String {
        terminal(&crate::words::name(asset, &self.roots))
    }

    fn action(&mut self, label: &str, action: &FindingAction) -> io::Result<()> {
        self.out.write_all(wrap_action(label, action, self.options.width).as_bytes())
    }

    fn line(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.out.write_all(wrap(label, text, self.options.width).as_bytes())
    }
}

/// Findings by their rules, each rule once.
fn by_rule<'f>(findings: impl Iterator<Item = &'f Finding>) -> BTreeMap<String, Vec<&'f Finding>> {
    let mut rules: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        rules.entry(finding.rule.clone()).or_default().push(finding);
    }
    rules
}

/// `3 files`, or `46 files in 23 rows` where frames of a sequence share one.
fn files_in_rows(files: u64, rows: u64) -> String {
    let counted = count(files, "file", "files");
    if files == rows { counted } else { format!("{counted} in {}", count(rows, "row", "rows")) }
}

/// `imf reel_2 “Title”`; a title that only repeats the folder is left out.
fn named(package: &PackageReport) -> String {
    let folder = package.root.rsplit('/').next().unwrap_or_default();
    let title = package.title.as_ref().filter(|title| *title != folder);
    let title = title.map(|t| format!(" “{}”", shorten(t, VALUE))).unwrap_or_default();
    terminal(&format!("{} {}{title}", package.kind, package.root))
}
