//! The notes of the terminal report: by rule, what is said of several files said once, names only as far as they help.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use super::kept::{Kept, Listed};
use super::packages::{Faults, by_rule};
use super::{NAMED, Terminal, files_in_rows, named};
use crate::escape::terminal;
use crate::layout::{Tone, count};
use countersign_model::{Finding, FindingState, Severity, Summary};

/// What is noted of one rule: in the run, of assets, of packages.
#[derive(Default)]
struct Noted<'s> {
    run: Vec<&'s Finding>,
    assets: Listed<'s>,
    faults: Faults<'s>,
}

/// The same said of files: some of their names, and how many there are.
struct GroupedMessage<'l> {
    message: &'l str,
    names: Vec<String>,
    files: usize,
}

impl Terminal<'_> {
    /// Open notes by rule, then what packages have that is no fault.
    pub(super) fn notes(&mut self, kept: &Kept, summary: &Summary) -> io::Result<()> {
        let wanted = |f: &Finding| f.severity == Severity::Note && f.state == FindingState::Open;
        let mut rules: BTreeMap<String, Noted<'_>> = BTreeMap::new();
        for finding in summary.findings_of_run.iter().filter(|f| wanted(f)) {
            rules.entry(finding.rule.clone()).or_default().run.push(finding);
        }
        for (rule, listed) in kept.rules(FindingState::Open, Some(Severity::Note)) {
            rules.entry(rule).or_default().assets = listed;
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
            let found = match all {
                0 => files_in_rows(noted.assets.files(), noted.assets.all() as u64),
                all => count((all + noted.assets.all()) as u64, "note", "notes"),
            };
            self.rule(&rule, &found)?;
            let run: Vec<_> = noted.run.iter().map(|finding| terminal(&finding.message)).collect();
            self.list(&run)?;
            self.noted_of_assets(&noted.assets)?;
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
    fn noted_of_assets(&mut self, listed: &Listed<'_>) -> io::Result<()> {
        let said = self.said(listed);
        let told: usize = said.iter().map(|said| said.files).sum();
        let (several, single): (Vec<_>, Vec<_>) = said.into_iter().partition(|said| said.files > 1);
        for GroupedMessage { message, names, files } in several {
            self.line("  ", &format!("{}: {}", count(files as u64, "file", "files"), terminal(message)))?;
            let shown = self.shown(NAMED, names.len());
            for name in names.iter().take(shown) {
                self.line("    ", name)?;
            }
            self.and_more(files - shown, "    ")?;
        }
        let single: Vec<_> =
            single.iter().map(|said| format!("{}: {}", said.names.join(""), terminal(said.message))).collect();
        self.list_of(&single, single.len() + listed.all().saturating_sub(told))
    }

    /// What is said, each message once, in the order of the first of its files.
    fn said<'l>(&self, listed: &'l Listed<'_>) -> Vec<GroupedMessage<'l>> {
        let (mut said, mut places): (Vec<GroupedMessage<'_>>, HashMap<&str, usize>) = (Vec::new(), HashMap::new());
        for (asset, finding) in &listed.cards {
            let message = finding.message.as_str();
            if let Some(known) = places.get(message).and_then(|at| said.get_mut(*at)) {
                known.names.push(self.name(asset));
                known.files = known.files.max(known.names.len());
            } else if let Some(files) = listed.with_message(message).or((self.options.detail > 0).then_some(1)) {
                places.insert(message, said.len());
                said.push(GroupedMessage { message, names: vec![self.name(asset)], files });
            }
        }
        said
    }

    /// Lines, as many as a person reads.
    fn list(&mut self, lines: &[String]) -> io::Result<()> {
        self.list_of(lines, lines.len())
    }

    /// As [`Terminal::list`], of so many lines of which these are the first.
    fn list_of(&mut self, lines: &[String], all: usize) -> io::Result<()> {
        let shown = self.shown(NAMED, lines.len());
        for line in lines.iter().take(shown) {
            self.line("  ", line)?;
        }
        self.and_more(all - shown, "  ")
    }
}
