//! The terminal report: the verdict first, then why, then what was not judged. For people with a drive plugged in.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;

use crate::escape::{shorten, terminal};
use crate::layout::{Ink, Tone, count, size, wrap, wrap_action};
use crate::not_looked_at;
use crate::words::{played, word};
use crate::{Info, Kind, RenderOptions, Report, RuleDoc};
use countersign_model::{
    ArchiveEvidence, AssetReport, CredentialFault, CredentialState, Evidence, Finding, FindingAction, FindingState,
    FindingSubject, Outcome, PackageReport, Run, Severity, Summary,
};

/// Text for a person at a terminal.
pub static KIND: Kind =
    Kind { info: Info { id: "terminal", summary: "text for people: verdict, findings, what was not judged" }, start };

/// Characters of a value that a person needs to recognize it.
const VALUE: usize = 110;
/// Files listed by name under one heading before the rest is only counted.
const NAMED: usize = 8;
/// Faults of one kind that are told of a package by name.
const FAULTS: usize = 20;
/// Stretches of a composition that are told of one asset.
const PLAYS: usize = 3;

fn start<'w>(out: Box<dyn Write + 'w>, options: RenderOptions) -> Box<dyn Report + 'w> {
    let ink = Ink { color: options.color };
    Box::new(Terminal { out, options, ink, roots: Vec::new(), kept: Vec::new(), run: None })
}

struct Terminal<'w> {
    out: Box<dyn Write + 'w>,
    options: RenderOptions,
    ink: Ink,
    roots: Vec<String>,
    run: Option<Run>,
    /// Assets with something to tell; clean ones are only counted.
    kept: Vec<Rc<AssetReport>>,
}

/// Findings by package and rule, each with its asset.
type Rows = BTreeMap<(Option<usize>, String), Vec<(Rc<AssetReport>, Finding)>>;
/// One entry of [`Rows`].
type Row = ((Option<usize>, String), Vec<(Rc<AssetReport>, Finding)>);

impl Report for Terminal<'_> {
    fn begin(&mut self, run: &Run) -> io::Result<()> {
        self.roots.clone_from(&run.roots);
        self.run = Some(run.clone());
        Ok(())
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        if !asset.findings.is_empty() {
            self.kept.push(Rc::new(asset.clone()));
        }
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        self.verdict(summary)?;
        if self.options.detail >= 0 {
            self.section("Errors", Tone::Bad, Severity::Error, summary)?;
            self.section("Warnings", Tone::Warn, Severity::Warning, summary)?;
            self.settled("Approved", FindingState::Approved)?;
            if self.options.suppressed {
                self.settled("Suppressed", FindingState::Suppressed)?;
                self.settled("Known from the baseline", FindingState::Baseline)?;
            }
            self.notes(summary)?;
            self.closing(summary)?;
        }
        self.out.flush()
    }
}

impl Terminal<'_> {
    fn verdict(&mut self, summary: &Summary) -> io::Result<()> {
        let (tone, word, meaning) = match (summary.interrupted, summary.outcome) {
            (true, _) => (Tone::Bad, "INTERRUPTED", "the scan was stopped: what follows is only a part"),
            (_, Outcome::Pass) => (Tone::Good, "PASS", "no open finding that blocks this delivery"),
            (_, Outcome::Fail) => (Tone::Bad, "FAIL", "this delivery has findings that must be resolved"),
            (_, Outcome::Incomplete) => (Tone::Bad, "INCOMPLETE", "some files could not be judged"),
        };
        writeln!(self.out, "{}  {meaning}\n", self.ink.paint(tone, word))?;
        let roots: Vec<_> = self.roots.iter().map(|r| terminal(r)).collect();
        self.line(
            "  Scanned     ",
            &format!("{}, {} in {}", files(summary.assets), size(summary.bytes), roots.join(", ")),
        )?;
        let ai = &summary.by_ai;
        let marked = [
            (ai.generated, "generated"),
            (ai.composite, "composite"),
            (ai.enhanced, "enhanced"),
            (ai.possible, "possible"),
        ];
        let marked: Vec<_> = marked.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        let marked = if marked.is_empty() { "none found".to_owned() } else { marked.join(", ") };
        self.line("  AI marks    ", &marked)?;
        let found = &summary.findings;
        let mut open = vec![
            count(found.error, "error", "errors"),
            count(found.warning, "warning", "warnings"),
            count(found.note, "note", "notes"),
        ];
        if summary.approved > 0 {
            open.push(format!("{} approved", summary.approved));
        }
        self.line("  Findings    ", &open.join(", "))?;
        if summary.not_judged > 0 {
            self.line("  Not judged  ", &files(summary.not_judged))?;
        }
        if summary.from_cache > 0 {
            let known =
                format!("{} not read again: what they say is known from an earlier run", files(summary.from_cache));
            self.line("  From cache  ", &known)?;
        }
        let passed = not_looked_at::line(summary);
        if !passed.is_empty() {
            self.line("  Left out    ", &terminal(&format!("not looked at: {passed}")))?;
        }
        self.inputs()
    }

    /// What the verdict rests on: policy, ledger, trust lists.
    fn inputs(&mut self) -> io::Result<()> {
        let Some(run) = self.run.clone() else { return Ok(()) };
        let ledger = match &run.approvals {
            Some(a) => format!("{} ({})", terminal(&a.path), count(a.records as u64, "record", "records")),
            None => "no approvals ledger given".to_owned(),
        };
        self.line("  Judged by   ", &format!("policy {}; {ledger}", terminal(&run.policy.name)))?;
        for file in &run.catalogue.files {
            let marks = count(file.marks as u64, "mark", "marks");
            self.line(
                "  Own marks   ",
                &format!("{} ({marks}, SHA-256 {})", terminal(&file.path), terminal(&file.sha256)),
            )?;
        }
        let lists: Vec<_> = run
            .trust
            .iter()
            .map(|t| {
                let overdue = t.is_overdue(&run.started).then(|| "past its next update".to_owned());
                let notes: Vec<_> = [t.standing.clone(), t.issued.clone(), overdue].into_iter().flatten().collect();
                match notes.is_empty() {
                    true => terminal(&t.name),
                    false => format!("{} ({})", terminal(&t.name), terminal(&notes.join(", "))),
                }
            })
            .collect();
        let lists = if lists.is_empty() { "none (signers cannot be recognized)".to_owned() } else { lists.join(", ") };
        self.line("  Trust       ", &lists)
    }

    /// All open findings of one severity, grouped by package and rule.
    fn section(&mut self, title: &str, tone: Tone, severity: Severity, summary: &Summary) -> io::Result<()> {
        let wanted = |f: &Finding| f.severity == severity && f.state == FindingState::Open;
        let rows = self.rows(wanted);
        let of_run: Vec<_> = summary.findings_of_run.iter().filter(|f| wanted(f)).cloned().collect();
        let of_packages = summary.packages.iter().flat_map(|p| &p.findings).filter(|f| wanted(f)).count();
        if rows.is_empty() && of_packages == 0 && of_run.is_empty() {
            return Ok(());
        }
        let heading = self.ink.paint(tone, title);
        writeln!(self.out, "\n{heading}")?;
        for finding in of_run {
            self.explained(&finding.rule)?;
            self.finding_of_run(&finding)?;
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        let outside = rows.partition_point(|((package, _), _)| package.is_none());
        let inside = rows.split_off(outside);
        self.cards(rows)?;
        let mut inside = inside.into_iter().peekable();
        for package in &summary.packages {
            let findings: Vec<_> = package.findings.iter().filter(|f| wanted(f)).collect();
            let mut own = Vec::new();
            while let Some(row) = inside.next_if(|((id, _), _)| *id == Some(package.id)) {
                own.push(row);
            }
            if !findings.is_empty() || !own.is_empty() {
                let name = self.ink.paint(Tone::Strong, &named(package));
                writeln!(self.out, "\n{name}")?;
                self.faults(&findings)?;
                self.cards(own)?;
            }
        }
        self.cards(inside.collect())
    }

    fn cards(&mut self, rows: Vec<Row>) -> io::Result<()> {
        for ((_, rule), cards) in rows {
            self.explained(&rule)?;
            for (asset, finding) in cards {
                self.card(&asset, &finding)?;
            }
        }
        Ok(())
    }

    /// What is wrong with a package itself: each rule once, with all that it found and what to do.
    fn faults(&mut self, findings: &[&Finding]) -> io::Result<()> {
        for same in findings.chunk_by(|a, b| a.rule == b.rule) {
            let Some(first) = same.first() else { continue };
            self.explained(&first.rule)?;
            let shown = if self.options.detail > 0 { same.len() } else { FAULTS };
            for finding in same.iter().take(shown) {
                self.line("    What   ", &terminal(&finding.message))?;
            }
            if same.len() > shown {
                self.line("           ", &format!("and {} more (-v lists all)", same.len() - shown))?;
            }
            self.action("    Do     ", &first.action)?;
        }
        Ok(())
    }

    fn rows(&self, wanted: impl Fn(&Finding) -> bool) -> Rows {
        let mut rows = Rows::new();
        for asset in &self.kept {
            for finding in asset.findings.iter().filter(|f| wanted(f)) {
                let key = (asset.package, finding.rule.clone());
                rows.entry(key).or_default().push((Rc::clone(asset), finding.clone()));
            }
        }
        rows
    }

    fn rule(&mut self, rule: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.ink.paint(Tone::Faint, &format!("[{rule}]")))
    }

    /// The rule, and why what it finds matters.
    fn explained(&mut self, rule: &str) -> io::Result<()> {
        self.rule(rule)?;
        match self.options.pages.iter().find(|page| page.id == rule).and_then(RuleDoc::why) {
            Some(why) => self.line("  ", &why),
            None => Ok(()),
        }
    }

    /// What, where the mark is, why it matters, what to do: one asset on a few lines.
    fn card(&mut self, asset: &AssetReport, finding: &Finding) -> io::Result<()> {
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
        self.line("    Role   ", &terminal(&format!("{} (by {})", role(asset), asset.role_basis)))?;
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

    fn finding_of_run(&mut self, finding: &Finding) -> io::Result<()> {
        self.line("    What   ", &terminal(&finding.message))?;
        if finding.help().is_empty() { Ok(()) } else { self.action("    Do     ", &finding.action) }
    }

    /// Findings that do not count any more, and why.
    fn settled(&mut self, title: &str, state: FindingState) -> io::Result<()> {
        let rows = self.rows(|f| f.state == state);
        if rows.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{}\n", self.ink.paint(Tone::Good, title))?;
        for (asset, finding) in rows.into_values().flatten() {
            let name = self.ink.paint(Tone::Strong, &self.name(&asset));
            writeln!(self.out, "  {name}")?;
            self.line("    What   ", &terminal(&finding.message))?;
            if let Some(reason) = &finding.reason {
                self.line("    Why    ", &terminal(reason))?;
            }
        }
        Ok(())
    }

    /// Notes by rule: a line each, files by name only as far as that helps.
    fn notes(&mut self, summary: &Summary) -> io::Result<()> {
        let rows = self.rows(|f| f.severity == Severity::Note && f.state == FindingState::Open);
        let wanted = |f: &&Finding| f.severity == Severity::Note && f.state == FindingState::Open;
        let of_run: Vec<_> = summary.findings_of_run.iter().filter(wanted).cloned().collect();
        let remarks: Vec<_> =
            summary.packages.iter().flat_map(|p| p.remarks.iter().map(move |r| format!("{}: {r}", named(p)))).collect();
        let of_packages: Vec<_> = summary.packages.iter().flat_map(|p| &p.findings).filter(wanted).collect();
        if rows.is_empty() && of_run.is_empty() && remarks.is_empty() && of_packages.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{}", self.ink.paint(Tone::Strong, "Notes"))?;
        for finding in of_run {
            self.rule(&finding.rule)?;
            self.line("  ", &terminal(&finding.message))?;
        }
        let mut by_rule: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for ((_, rule), cards) in rows {
            let lines = cards.iter().map(|(asset, f)| format!("{}: {}", self.name(asset), terminal(&f.message)));
            by_rule.entry(rule).or_default().extend(lines);
        }
        for finding in of_packages {
            by_rule.entry(finding.rule.clone()).or_default().push(terminal(&finding.message));
        }
        if !remarks.is_empty() {
            by_rule.insert("packages".to_owned(), remarks.iter().map(|r| terminal(r)).collect());
        }
        for (rule, lines) in by_rule {
            self.rule(&rule)?;
            let named = if self.options.detail > 0 { lines.len() } else { NAMED };
            for line in lines.iter().take(named) {
                self.line("  ", line)?;
            }
            if lines.len() > named {
                let more = files((lines.len() - named) as u64);
                self.line("  ", &format!("and {more} more (-v lists all)"))?;
            }
        }
        Ok(())
    }

    fn closing(&mut self, summary: &Summary) -> io::Result<()> {
        writeln!(self.out)?;
        self.passed_over(summary)?;
        self.line("", "A file without marks is not thereby authentic or made by people: marks can be removed.")?;
        self.line("", "Explain a finding: countersign rules RULE. All a file says: countersign inspect FILE.")
    }

    /// With `-v`, by name what the run did not look at.
    fn passed_over(&mut self, summary: &Summary) -> io::Result<()> {
        let not = &summary.not_looked_at;
        if self.options.detail <= 0 || not.paths.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "{}", self.ink.paint(Tone::Strong, "Not looked at"))?;
        for passed in &not.paths {
            let path = match self.roots.get(passed.root) {
                Some(root) if self.roots.len() > 1 => format!("{root}/{}", passed.path),
                _ => passed.path.clone(),
            };
            self.line("  ", &terminal(&format!("{path} ({})", not_looked_at::why(passed.why))))?;
        }
        let all = not.excluded + not.system + not.unverified_packages + not.closed_archives + not.media_not_read;
        let rest = all.saturating_sub(not.paths.len() as u64);
        if rest > 0 {
            self.line("  ", &format!("and {rest} more"))?;
        }
        writeln!(self.out)
    }

    fn name(&self, asset: &AssetReport) -> String {
        match self.roots.get(asset.root) {
            Some(root) if self.roots.len() > 1 => terminal(&format!("{root}/{}", asset.path)),
            _ => terminal(&asset.path),
        }
    }

    fn action(&mut self, label: &str, action: &FindingAction) -> io::Result<()> {
        self.out.write_all(wrap_action(label, action, self.options.width).as_bytes())
    }

    fn line(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.out.write_all(wrap(label, text, self.options.width).as_bytes())
    }
}

fn files(n: u64) -> String {
    count(n, "file", "files")
}

/// `imf reel_2 “Title”`.
fn named(package: &PackageReport) -> String {
    let title = package.title.as_ref().map(|t| format!(" “{}”", shorten(t, VALUE))).unwrap_or_default();
    terminal(&format!("{} {}{title}", package.kind, package.root))
}

/// The evidence that decides, strongest first; the rest is in the JSON report.
fn strongest(evidence: &[Evidence]) -> impl Iterator<Item = &Evidence> {
    let mut sorted: Vec<_> = evidence.iter().collect();
    sorted.sort_by_key(|e| (e.claim, e.strength));
    sorted.into_iter().take(3)
}

fn role(asset: &AssetReport) -> String {
    word(&asset.role)
}
