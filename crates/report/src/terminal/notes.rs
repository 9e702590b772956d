//! The notes of the terminal report: by rule, what is said of several files said once, names only as far as they help.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::packages::{Faults, by_rule};
use super::{Card, NAMED, Terminal, files_of, named};
use crate::escape::terminal;
use crate::layout::{Tone, count};
use countersign_model::{Finding, FindingState, Severity, Summary};

/// What is noted of one rule: in the run, of assets, of packages.
#[derive(Default)]
struct Noted<'s> {
    run: Vec<&'s Finding>,
    cards: Vec<Card>,
    faults: Faults<'s>,
}

impl Terminal<'_> {
    /// Open notes by rule, then what packages have that is no fault.
    pub(super) fn notes(&mut self, summary: &Summary) -> io::Result<()> {
        let wanted = |f: &Finding| f.severity == Severity::Note && f.state == FindingState::Open;
        let mut rules: BTreeMap<String, Noted<'_>> = BTreeMap::new();
        for finding in summary.findings_of_run.iter().filter(|f| wanted(f)) {
            rules.entry(finding.rule.clone()).or_default().run.push(finding);
        }
        for (rule, cards) in self.rows(wanted) {
            rules.entry(rule).or_default().cards = cards;
        }
        for (rule, packages) in by_rule(summary, wanted) {
            rules.entry(rule.clone()).or_default().faults.insert(rule, packages);
        }
        let remarks = summary.packages.iter().flat_map(|p| p.remarks.iter().map(move |r| format!("{}: {r}", named(p))));
        let remarks: Vec<_> = remarks.map(|r| terminal(&r)).collect();
        if rules.is_empty() && remarks.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{}", self.ink.paint(Tone::Strong, "Notes"))?;
        for (rule, noted) in rules {
            let of_packages: usize = noted.faults.values().flatten().map(|(_, findings)| findings.len()).sum();
            let all = noted.run.len() + of_packages;
            let found = match (all, noted.cards.as_slice()) {
                (0, cards) => files_of(cards),
                (all, cards) => count((all + cards.len()) as u64, "note", "notes"),
            };
            self.rule(&rule, &found)?;
            let run: Vec<_> = noted.run.iter().map(|finding| terminal(&finding.message)).collect();
            self.list(&run)?;
            self.noted_of_assets(noted.cards)?;
            for (_, packages) in noted.faults {
                self.packages(&packages)?;
            }
        }
        if !remarks.is_empty() {
            self.rule("packages", &count(remarks.len() as u64, "remark", "remarks"))?;
            self.list(&remarks)?;
        }
        Ok(())
    }

    /// The same said of several files is said once, their names below it.
    fn noted_of_assets(&mut self, cards: Vec<Card>) -> io::Result<()> {
        let mut said: Vec<(String, Vec<String>)> = Vec::new();
        for (asset, finding) in &cards {
            let name = self.name(asset);
            match said.iter_mut().find(|(message, _)| *message == finding.message) {
                Some((_, names)) => names.push(name),
                None => said.push((finding.message.clone(), vec![name])),
            }
        }
        let (several, single): (Vec<_>, Vec<_>) = said.into_iter().partition(|(_, names)| names.len() > 1);
        for (message, names) in several {
            let of = count(names.len() as u64, "file", "files");
            self.line("  ", &format!("{of}: {}", terminal(&message)))?;
            let shown = self.shown(NAMED, names.len());
            for name in names.iter().take(shown) {
                self.line("    ", name)?;
            }
            self.and_more(names.len() - shown, "    ")?;
        }
        let single = single.into_iter().map(|(message, names)| format!("{}: {}", names.join(""), terminal(&message)));
        self.list(&single.collect::<Vec<_>>())
    }

    /// Lines, as many as a person reads.
    fn list(&mut self, lines: &[String]) -> io::Result<()> {
        let shown = self.shown(NAMED, lines.len());
        for line in lines.iter().take(shown) {
            self.line("  ", line)?;
        }
        self.and_more(lines.len() - shown, "  ")
    }
}
