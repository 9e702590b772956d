//! What the terminal report tells of delivery packages that disagree with their own manifests: each rule once, below it
//! the packages, below them what was found, with names below the package.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{NAMED, Terminal, named};
use crate::escape::terminal;
use crate::layout::{Tone, count, number};
use countersign_model::{Finding, PackageReport, Summary};

/// Files of one package that are told by name of one fault.
const FILES: usize = 3;

/// By rule, the packages in which it found something, each with what it found.
pub(super) type Faults<'s> = BTreeMap<String, Vec<(&'s PackageReport, Vec<&'s Finding>)>>;

/// The wanted findings about packages.
pub(super) fn by_rule<'s>(summary: &'s Summary, wanted: impl Fn(&Finding) -> bool) -> Faults<'s> {
    let mut rules = Faults::new();
    for package in &summary.packages {
        for (rule, findings) in super::by_rule(package.findings.iter().filter(|f| wanted(f))) {
            rules.entry(rule).or_default().push((package, findings));
        }
    }
    rules
}

impl Terminal<'_> {
    pub(super) fn faults(&mut self, rules: Faults<'_>) -> io::Result<()> {
        for (rule, packages) in rules {
            let found: usize = packages.iter().map(|(_, findings)| findings.len()).sum();
            let found = count(found as u64, "finding", "findings");
            self.explained(&rule, &format!("{found} in {}", count(packages.len() as u64, "package", "packages")))?;
            self.packages(&packages)?;
            if let Some(first) = packages.first().and_then(|(_, findings)| findings.first()) {
                self.action("    Do     ", &first.action)?;
            }
        }
        Ok(())
    }

    /// The packages in which one rule found something, each with what it found.
    pub(super) fn packages(&mut self, packages: &[(&PackageReport, Vec<&Finding>)]) -> io::Result<()> {
        let shown = self.shown(NAMED, packages.len());
        for (package, findings) in packages.iter().take(shown) {
            let name = self.ink.paint(Tone::Strong, &named(package));
            writeln!(self.out, "  {name}")?;
            self.faults_of(package, findings)?;
        }
        if packages.len() > shown {
            let rest = packages.get(shown..).unwrap_or_default();
            let found: usize = rest.iter().map(|(_, findings)| findings.len()).sum();
            let (left, found) = (number(rest.len() as u64), count(found as u64, "finding", "findings"));
            self.line("  ", &format!("and {left} packages more with {found} (-v lists all)"))?;
        }
        Ok(())
    }

    /// What one rule found in one package: the same said of several files is said once.
    fn faults_of(&mut self, package: &PackageReport, findings: &[&Finding]) -> io::Result<()> {
        let mut said: Vec<(&str, Vec<String>)> = Vec::new();
        let mut alone = Vec::new();
        for finding in findings {
            let split = finding.path.as_deref().and_then(|path| {
                let what = finding.message.strip_prefix(path)?.strip_prefix(": ")?;
                Some((below(package, path), what))
            });
            match split {
                Some((name, what)) => match said.iter_mut().find(|(known, _)| *known == what) {
                    Some((_, names)) => names.push(terminal(name)),
                    None => said.push((what, vec![terminal(name)])),
                },
                None => alone.push(finding.message.as_str()),
            }
        }
        // Where each file has words of its own, they are told one by one.
        for (what, names) in said.iter().filter(|(_, names)| names.len() > 1) {
            let files = count(names.len() as u64, "file", "files");
            self.line("    What   ", &format!("{files} {}", terminal(what)))?;
            let shown = self.shown(FILES, names.len());
            for name in names.iter().take(shown) {
                self.line("           ", name)?;
            }
            self.and_more(names.len() - shown, "           ")?;
        }
        let single = said.iter().filter(|(_, names)| names.len() == 1);
        let single = single.map(|(what, names)| format!("{}: {}", names.join(""), terminal(what)));
        let single: Vec<String> = single.chain(alone.into_iter().map(terminal)).collect();
        let shown = self.shown(NAMED, single.len());
        for line in single.iter().take(shown) {
            self.line("    What   ", line)?;
        }
        self.and_more(single.len() - shown, "           ")
    }
}

/// The path below the package's own folder.
fn below<'p>(package: &PackageReport, path: &'p str) -> &'p str {
    path.strip_prefix(&package.root).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
}
