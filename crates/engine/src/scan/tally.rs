//! The numbers of a run: counted as assets come, the outcome decided at its end.

use super::folders::Folders;
use countersign_delivery::packages::Row;
use countersign_judge::judge::Judge;
use countersign_media::formats::{self, Archive};
use countersign_model::{
    Ai, AssetReport, Finding, FindingState, FindingSubject, NotLookedAt, Outcome, PackageFault, PackageFaultKind,
    PackageReport, PassedOverReason, ProblemKind, Severity, Summary, limits,
};

/// Counts as assets come, decides the outcome at the end.
pub(super) struct Tally {
    pub(super) summary: Summary,
    fail_on: Severity,
    /// Open findings at or above `fail_on` about other things than what cannot be read.
    failing: u64,
    unreadable: u64,
    /// Whether the hashes that packages state are compared.
    integrity: bool,
    folders: Folders,
}

impl Tally {
    pub(super) fn new(fail_on: Severity, integrity: bool, folders: Folders) -> Self {
        Self { summary: Summary::default(), fail_on, failing: 0, unreadable: 0, integrity, folders }
    }

    /// Takes up what a walk passed over.
    pub(super) fn passed_over(&mut self, passed: &NotLookedAt) {
        let own = &mut self.summary.not_looked_at;
        own.excluded += passed.excluded;
        own.system += passed.system;
        let room = limits::PASSED_OVER.saturating_sub(own.paths.len());
        own.paths.extend(passed.paths.iter().take(room).cloned());
        self.summary.ignored = own.excluded + own.system;
    }

    /// An archive could not be opened.
    pub(super) fn closed(&mut self, root: usize, path: &str) {
        self.summary.not_looked_at.pass(root, path, PassedOverReason::ClosedArchive);
    }

    /// Whether an asset was not read to its end, and why.
    fn unread(report: &AssetReport) -> Option<PassedOverReason> {
        let archive = report.format.and_then(formats::info).map(|info| info.archive);
        let too_deep = || report.problems.iter().any(|p| p.kind == ProblemKind::Limit && p.place == "archive");
        match archive {
            Some(Archive::Sealed) => Some(PassedOverReason::ClosedArchive),
            Some(Archive::Opened(_)) if too_deep() => Some(PassedOverReason::ClosedArchive),
            _ => report.problems.iter().any(|p| p.blocking).then_some(PassedOverReason::NotRead),
        }
    }

    /// A row as it will be told, with what is wrong with the sequence that it stands for; the bytes of a `member` of
    /// an archive are counted with it.
    pub(super) fn row(&mut self, row: Row, judge: &Judge, member: bool) -> AssetReport {
        let mut report = *row.report;
        if !row.faults.is_empty() {
            let root = row.faults.first().map(|f| f.path.clone()).unwrap_or_default();
            let run = PackageReport { kind: "sequence".to_owned(), root, ..PackageReport::default() };
            report.findings.extend(judge.package(&run, &row.faults));
            report.findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        }
        self.add(&report);
        self.summary.bytes += if member { 0 } else { report.bytes };
        report
    }

    /// Counts the files that a row stands for; a finding that is told once is counted once.
    fn add(&mut self, report: &AssetReport) {
        let files = report.frames.map_or(1, |frames| frames.count);
        self.folders.saw(report, files);
        let summary = &mut self.summary;
        summary.assets += files;
        *match report.ai {
            Ai::Generated => &mut summary.by_ai.generated,
            Ai::Composite => &mut summary.by_ai.composite,
            Ai::Enhanced => &mut summary.by_ai.enhanced,
            Ai::Possible => &mut summary.by_ai.possible,
            Ai::None => &mut summary.by_ai.none,
        } += files;
        let unjudged = |f: &Finding| f.subject.is_not_judged();
        summary.not_judged += if report.findings.iter().any(unjudged) { files } else { 0 };
        for finding in &report.findings {
            self.count(finding);
        }
        if let Some(why) = Self::unread(report) {
            let not_looked_at = &mut self.summary.not_looked_at;
            not_looked_at.pass(report.root, &report.path, why);
            not_looked_at.media_not_read += files.saturating_sub(1);
        }
    }

    pub(super) fn package(&mut self, mut package: PackageReport, faults: &[PackageFault], judge: &Judge) {
        package.findings = judge.package(&package, faults);
        // Where there are very many, the last one has words of its own and counts the rest.
        let missing = faults.iter().filter(|f| f.kind == PackageFaultKind::MissingAsset && f.what.is_empty());
        package.missing = missing.map(|fault| fault.path.clone()).collect();
        package.findings.iter().for_each(|f| self.count(f));
        let unverified =
            |f: &PackageFault| matches!(f.kind, PackageFaultKind::Unverified | PackageFaultKind::UnverifiedSignature);
        if faults.iter().any(unverified) || package.hashed && !self.integrity {
            self.summary.not_looked_at.pass(package.number, &package.root, PassedOverReason::UnverifiedPackage);
        }
        self.summary.packages.push(package);
    }

    /// Takes findings about the run as a whole.
    pub(super) fn of_run(&mut self, findings: Vec<Finding>) {
        findings.iter().for_each(|f| self.count(f));
        self.summary.findings_of_run.extend(findings);
    }

    fn count(&mut self, finding: &Finding) {
        self.summary.approved += u64::from(finding.state == FindingState::Approved);
        self.summary.not_looked_at.suppressed += u64::from(finding.state == FindingState::Suppressed);
        self.summary.not_looked_at.baseline += u64::from(finding.state == FindingState::Baseline);
        if finding.state != FindingState::Open {
            return;
        }
        let found = &mut self.summary.findings;
        *match finding.severity {
            Severity::Error => &mut found.error,
            Severity::Warning => &mut found.warning,
            Severity::Note => &mut found.note,
        } += 1;
        if finding.subject == FindingSubject::Unreadable {
            self.unreadable += u64::from(finding.severity >= self.fail_on);
        } else {
            self.failing += u64::from(finding.severity >= self.fail_on);
        }
    }

    pub(super) fn finish(mut self, judge: &Judge) -> Summary {
        // What matched nothing can only be said of a run that saw everything.
        if !self.summary.interrupted {
            let of_run = judge.finish(&self.summary.packages);
            self.of_run(of_run);
        }
        self.summary.not_looked_at.rules_off = judge.rules_off();
        self.summary.folders = self.folders.finish();
        self.summary.outcome = match (self.failing, self.unreadable) {
            (1.., _) => Outcome::Fail,
            (0, 1..) => Outcome::Incomplete,
            (0, 0) if self.summary.interrupted => Outcome::Incomplete,
            (0, 0) => Outcome::Pass,
        };
        self.summary
    }
}
