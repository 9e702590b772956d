//! What the terminal report tells of one asset: the finding, the place of the mark, and what to do.
//!
//! Assets of the same bytes with the same finding are told of once, with all their places.

use std::io::{self, Write};

use super::kept::{CARDS, Listed, identity};
use super::{Card, NAMED, Terminal, VALUE, named};
use crate::escape::{shorten, terminal};
use crate::layout::{Tone, count, number};
use crate::words::{basis, played, word};
use countersign_model::{
    ArchiveEvidence, AssetReport, CredentialFault, CredentialState, Evidence, Finding, FindingSubject, PackageReport,
};

/// Stretches of a composition that are told of one asset.
const PLAYS: usize = 3;

impl Terminal<'_> {
    /// The first in full, the next by name, the rest counted; with `-v` all in full.
    pub(super) fn cards(&mut self, listed: &Listed<'_>, packages: &[PackageReport]) -> io::Result<()> {
        let groups = same_bytes(&listed.cards);
        // Of a group that is told of, not every asset is kept.
        let all_of = |group: &Vec<&Card>| group.first().map_or(0, |card| listed.same(card).max(group.len()));
        let full = self.shown(CARDS, groups.len());
        for group in groups.iter().take(full) {
            let Some((asset, finding)) = group.first() else { continue };
            self.card(asset, finding, packages)?;
            self.same_bytes(group.get(1..).unwrap_or_default(), all_of(group) - 1, packages)?;
        }
        let more = groups.get(full..).unwrap_or_default();
        for (asset, finding) in more.iter().take(NAMED).filter_map(|group| group.first()) {
            let name = self.ink.paint(Tone::Strong, &self.name(asset));
            writeln!(self.out, "  {name}")?;
            self.line("    What   ", &terminal(&finding.message))?;
        }
        let told: usize = groups.iter().take(full + NAMED).map(all_of).sum();
        self.and_more(listed.all().saturating_sub(told), "  ")
    }

    /// The other places of the bytes that were just told of; with `-v` all that is told of them too.
    fn same_bytes(&mut self, others: &[&Card], all: usize, packages: &[PackageReport]) -> io::Result<()> {
        if others.is_empty() {
            return Ok(());
        }
        let shown = self.shown(NAMED, others.len());
        let mut names: Vec<_> = others.iter().take(shown).map(|(asset, _)| self.name(asset)).collect();
        if all > shown {
            names.push(format!("and {} more (-v lists all)", number((all - shown) as u64)));
        }
        self.line("    Same   ", &format!("bytes in {}", names.join(", ")))?;
        for (asset, play) in others.iter().take(shown).filter_map(|(asset, _)| Some((asset, asset.plays.first()?))) {
            let more = if asset.plays.len() > 1 {
                format!(" and {} more times", asset.plays.len() - 1)
            } else {
                String::new()
            };
            let name = self.name(asset);
            self.line("    Played ", &format!("{name} in {}{more}", terminal(&played(play))))?;
        }
        if self.options.detail > 0 {
            for (asset, finding) in others {
                self.card(asset, finding, packages)?;
            }
        }
        Ok(())
    }

    /// What, where the mark is, why it matters, what to do: one asset on a few lines.
    fn card(&mut self, asset: &AssetReport, finding: &Finding, packages: &[PackageReport]) -> io::Result<()> {
        let name = self.ink.paint(Tone::Strong, &self.name(asset));
        writeln!(self.out, "  {name}")?;
        self.line("    What   ", &terminal(&finding.message))?;
        if finding.subject.shows_marks() {
            for evidence in strongest(&asset.evidence) {
                self.evidence(evidence)?;
            }
        }
        if finding.subject == FindingSubject::Credentials {
            self.credentials(asset)?;
        }
        if let Some(archive) = asset.archive.as_ref().filter(|_| finding.subject == FindingSubject::Origin) {
            self.archive(archive)?;
        }
        let unreadable = finding.subject == FindingSubject::Unreadable;
        for problem in asset.problems.iter().filter(|p| p.blocking && unreadable) {
            let at = problem.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
            self.line("    Where  ", &terminal(&format!("{}{at}: {}", problem.place, problem.what)))?;
        }
        for play in asset.plays.iter().take(PLAYS) {
            self.line("    Played ", &terminal(&played(play)))?;
        }
        if asset.plays.len() > PLAYS {
            self.line("           ", &format!("and {} more times", asset.plays.len() - PLAYS))?;
        }
        let package = asset.package.and_then(|id| packages.iter().find(|package| package.id == id));
        if let Some(package) = package {
            self.line("    In     ", &named(package))?;
        }
        self.line("    Role   ", &terminal(&format!("{} (by {})", word(&asset.role), basis(asset))))?;
        self.action("    Do     ", &finding.action)
    }

    fn evidence(&mut self, evidence: &Evidence) -> io::Result<()> {
        let system = evidence.system.as_ref().map(|s| format!(" by {}", terminal(s))).unwrap_or_default();
        let value = terminal(&shorten(&evidence.value, VALUE));
        let claim = word(&evidence.claim);
        let strength = word(&evidence.strength);
        self.line("    Mark   ", &format!("{claim}{system} ({strength}; {})", terminal(&evidence.mark)))?;
        self.line("           ", &format!("says: {value}"))?;
        let at = evidence.offset.map(|o| format!(", byte {o}")).unwrap_or_default();
        self.line("           ", &format!("in: {}{at}", terminal(&evidence.place)))
    }

    fn credentials(&mut self, asset: &AssetReport) -> io::Result<()> {
        let Some(c2pa) = &asset.c2pa else { return Ok(()) };
        let state = match c2pa.state {
            CredentialState::Trusted => "signature holds, signer is trusted",
            CredentialState::Valid if c2pa.trust_list.is_some() => {
                "signature holds, not all of its history is vouched for"
            }
            CredentialState::Valid => "signature holds, signer is on no trust list in force",
            CredentialState::Invalid => match c2pa.fault() {
                Some(CredentialFault::Mismatch) | None => "bytes or manifest do not match the signature",
                Some(CredentialFault::Malformed) => "not as the specification wants it",
                Some(CredentialFault::Ingredient) => "signature holds, that of an ingredient does not",
            },
            CredentialState::Unverified => "not verified",
            CredentialState::Unreadable => "cannot be read",
            CredentialState::Remote => "kept elsewhere, not fetched",
        };
        let signer = c2pa.signer.as_ref().map(|s| format!("; signer {}", terminal(s))).unwrap_or_default();
        let failures = if c2pa.failures.is_empty() { String::new() } else { format!("; {}", c2pa.failures.join(", ")) };
        self.line("    C2PA   ", &format!("{state}{signer}{}", terminal(&failures)))
    }

    /// The grade of archival evidence; with `-v` every line for and against it.
    fn archive(&mut self, archive: &ArchiveEvidence) -> io::Result<()> {
        let (pro, con) = (archive.supporting.len() as u64, archive.against.len() as u64);
        let (pro, con) = (count(pro, "fact", "facts"), count(con, "fact", "facts"));
        self.line("    Grade  ", &format!("{}: {pro} for it, {con} against it", archive.grade.word()))?;
        if self.options.detail <= 0 {
            return Ok(());
        }
        for (label, lines) in [("    For    ", &archive.supporting), ("    Contra ", &archive.against)] {
            for line in lines {
                let at = line.offset.map(|o| format!(", byte {o}")).unwrap_or_default();
                let value = shorten(&line.value, VALUE);
                self.line(label, &terminal(&format!("{}: {value} (in {}{at})", line.what, line.place)))?;
            }
        }
        Ok(())
    }
}

/// Cards of the same bytes, role and finding together, in the order of the first of them.
fn same_bytes(cards: &[Card]) -> Vec<Vec<&Card>> {
    let mut groups: Vec<Vec<&Card>> = Vec::new();
    let mut places: std::collections::HashMap<(String, String), usize> = std::collections::HashMap::new();
    for card in cards {
        let key = identity(&card.0, &card.1);
        match key.as_ref().and_then(|key| places.get(key)).and_then(|at| groups.get_mut(*at)) {
            Some(group) => group.push(card),
            None => {
                places.extend(key.map(|key| (key, groups.len())));
                groups.push(vec![card]);
            }
        }
    }
    groups
}

/// The evidence that decides, strongest first; the rest is in the JSON report.
fn strongest(evidence: &[Evidence]) -> impl Iterator<Item = &Evidence> {
    let mut sorted: Vec<_> = evidence.iter().collect();
    sorted.sort_by_key(|e| (e.claim, e.strength));
    sorted.into_iter().take(3)
}
