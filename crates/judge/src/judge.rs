//! From facts to findings: runs the rules, and is the one place where severity, approvals, suppressions and the
//! baseline are applied. No I/O; the same input gives the same findings, in the same order, on any thread.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::approvals::status::{ApprovalStatus, CoverageQuery, Verdict};
use crate::approvals::{Approvals, MatchKind, Matches, Record};
use crate::archive::{self, ArchiveSubject};
use crate::policy::Policy;
use crate::roles::Seen;
use crate::rules::{self, AssetContext, Info, PackageContext, RawFinding, RunContext, Usage};
use countersign_model::error::Result;
use countersign_model::{
    Ai, ArchiveEvidence, Asset, AssetReport, Decision, Evidence, Facts, Finding, FindingState, PackageFault,
    PackageReport, RecordNote, Role, RuleOff, Summary,
};

/// What was found out about one asset before it is judged.
#[derive(Clone, Copy, Debug)]
pub struct ExaminedAsset<'a> {
    /// The file and its place.
    pub asset: &'a Asset,
    /// What it says.
    pub facts: &'a Facts,
    /// The marks that matched.
    pub evidence: &'a [Evidence],
    /// The strongest claim among the evidence.
    pub ai: Ai,
    /// Digest of the asset's bytes in hex, where [`Judge::needs_digest`] asked for it and it could be computed.
    pub sha256: Option<&'a str>,
}

/// Judges assets by one policy, one ledger and one day.
///
/// A judge is of one run: it remembers which records and suppressions were of use. Policy and ledger are shared.
///
/// ```
/// use chrono::NaiveDate;
/// use countersign_judge::judge::{ExaminedAsset, Judge};
/// use countersign_judge::marks;
/// use countersign_judge::policy::Policy;
/// use countersign_model::{Asset, Facts, FindingState, FormatId, Severity, Tag};
///
/// let made = Tag { space: "xmp".into(), key: "Iptc4xmpExt:DigitalSourceType".into(),
///     value: "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia".into(), ..Tag::default() };
/// let facts = Facts { format: Some(FormatId::new("png")), tags: vec![made], ..Facts::default() };
/// let evidence = marks::catalogue().evidence(&facts);
///
/// let policy = Policy::builtin("netflix-genai")?;
/// let judge = Judge::new(policy.into(), None, NaiveDate::from_ymd_opt(2026, 6, 1).unwrap());
/// let asset = Asset::new("final/shot.png".into(), "final/shot.png".to_owned(), 0, 1_024, None);
/// let examined =
///     ExaminedAsset { asset: &asset, facts: &facts, evidence: &evidence, ai: marks::ai(&evidence), sha256: None };
/// let findings = judge.asset(&examined);
/// assert_eq!(findings[0].rule, "unapproved-ai-in-final");
/// assert_eq!((findings[0].severity, findings[0].state), (Severity::Error, FindingState::Open));
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Judge {
    policy: Arc<Policy>,
    approvals: Option<Arc<Approvals>>,
    as_of: NaiveDate,
    baseline: Arc<Baseline>,
    /// The folder that relative paths start from.
    working_directory: PathBuf,
    /// Whether the hashes that packages state are compared in this run.
    integrity: bool,
    /// Whether the digest of every asset matters, as it does to a signed verdict.
    every_digest: bool,
    /// Which records and suppressions matched something, in their own order.
    used_approvals: Usage,
    used_suppressions: Usage,
}

/// Findings that an earlier report held already.
#[derive(Debug, Default)]
pub struct Baseline {
    /// Path and rule of a finding, with size and digest of the asset then.
    rows: HashMap<(String, String), (u64, Option<String>)>,
    /// Rule, root and message of findings about packages and, with an empty root, about the run.
    others: HashSet<(String, String, String)>,
}

impl Baseline {
    /// The open findings of an earlier report.
    #[must_use]
    pub fn new<'r>(assets: impl IntoIterator<Item = &'r AssetReport>) -> Self {
        let mut rows = HashMap::new();
        for asset in assets {
            let kept = |f: &&Finding| matches!(f.state, FindingState::Open | FindingState::Baseline);
            for finding in asset.findings.iter().filter(kept) {
                rows.insert((asset.path.clone(), finding.rule.clone()), (asset.bytes, asset.sha256.clone()));
            }
        }
        Self { rows, others: HashSet::new() }
    }

    /// Also the open findings of that report about packages and about the run.
    #[must_use]
    pub fn with_others(mut self, summary: &Summary) -> Self {
        let of_packages = summary.packages.iter().flat_map(|p| p.findings.iter().map(|f| (p.root.as_str(), f)));
        let of_run = summary.findings_of_run.iter().map(|f| ("", f));
        let kept = |f: &Finding| matches!(f.state, FindingState::Open | FindingState::Baseline);
        let rows = of_packages.chain(of_run).filter(|(_, f)| kept(f));
        self.others = rows.map(|(root, f)| (f.rule.clone(), root.to_owned(), f.message.clone())).collect();
        self
    }

    /// Marks those findings of a package or of the run that were there word for word.
    fn settle(&self, root: &str, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|f| f.state == FindingState::Open && !self.others.is_empty()) {
            let key = (finding.rule.clone(), root.to_owned(), finding.message.clone());
            if self.others.contains(&key) {
                finding.state = FindingState::Baseline;
            }
        }
    }

    /// Whether the finding was there, about the same bytes as far as both runs know them.
    fn holds(&self, rule: &str, asset: &Asset, sha256: Option<&str>) -> bool {
        // Most runs have no baseline; the key is not built for nothing.
        if self.rows.is_empty() {
            return false;
        }
        self.rows.get(&(asset.rel.clone(), rule.to_owned())).is_some_and(|(bytes, then)| {
            let digests = then.as_deref().zip(sha256);
            *bytes == asset.size && digests.is_none_or(|(then, now)| then.eq_ignore_ascii_case(now))
        })
    }
}

impl Judge {
    /// A judge; `as_of` is the day on which approvals and suppressions must hold.
    #[must_use]
    pub fn new(policy: Arc<Policy>, approvals: Option<Arc<Approvals>>, as_of: NaiveDate) -> Self {
        Self {
            as_of,
            baseline: Arc::default(),
            working_directory: PathBuf::new(),
            integrity: false,
            every_digest: false,
            used_approvals: Usage::none_of(approvals.as_ref().map_or(0, |approvals| approvals.len())),
            used_suppressions: Usage::none_of(policy.suppress.len()),
            policy,
            approvals,
        }
    }

    /// Relative paths start from this folder; without it they are told apart as they are written.
    #[must_use]
    pub fn in_directory(mut self, working_directory: &Path) -> Self {
        working_directory.clone_into(&mut self.working_directory);
        self
    }

    /// Findings that `baseline` holds will not count.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Arc<Baseline>) -> Self {
        self.baseline = baseline;
        self
    }

    /// In a run that compares the hashes that packages state, what cannot be compared is worse.
    #[must_use]
    pub fn with_integrity(mut self, integrity: bool) -> Self {
        self.integrity = integrity;
        self
    }

    /// Every asset is hashed, whatever its marks and records are.
    #[must_use]
    pub fn with_every_digest(mut self, every: bool) -> Self {
        self.every_digest = every;
        self
    }

    /// The rules that the policy has switched off, in the order of the rules, and why.
    #[must_use]
    pub fn rules_off(&self) -> Vec<RuleOff> {
        let ids = rules::ALL.iter().map(|rule| rule.info().id);
        let off = |rule: &str| self.policy.off(rule).map(|why| (rule.to_owned(), why.to_owned()));
        ids.filter_map(off).map(|(rule, reason)| RuleOff { rule, reason }).collect()
    }

    /// Whether the SHA-256 of this asset's bytes matters: it needs a record, or a record names its path.
    #[must_use]
    pub fn needs_digest(&self, asset: &Asset, ai: Ai) -> bool {
        let recorded = || self.approvals.as_ref().is_some_and(|approvals| approvals.name(asset));
        self.every_digest || self.policy.demands(asset.role, ai) || ai > Ai::Possible || recorded()
    }

    /// What the rules find in one asset, worst first.
    #[must_use]
    pub fn asset(&self, examined: &ExaminedAsset<'_>) -> Vec<Finding> {
        self.asset_with_archive(examined).0
    }

    /// As [`Judge::asset`], with the evidence for and against an asset in an archival place.
    #[must_use]
    pub fn asset_with_archive(&self, examined: &ExaminedAsset<'_>) -> (Vec<Finding>, Option<ArchiveEvidence>) {
        let ExaminedAsset { asset, facts, evidence, ai, sha256 } = *examined;
        let matches = self.approvals.as_ref().map(|approvals| approvals.matches(asset, sha256)).unwrap_or_default();
        for (known, _) in &matches.rows {
            self.used_approvals.insert(known.index);
        }
        let status = self.status(asset, ai, evidence, &matches);
        let ledger = self.approvals.as_ref().map(|approvals| approvals.path());
        let record = of_these_bytes(&status, &matches);
        let subject = ArchiveSubject { asset, facts, evidence, ai, record, as_of: self.as_of };
        let archive = archive::evidence(&subject);
        let (policy, working_directory) = (self.policy.as_ref(), self.working_directory.as_path());
        let (matches, status, as_of) = (&matches, &status, self.as_of);
        let context = AssetContext {
            asset,
            facts,
            ai,
            evidence,
            archive: archive.as_ref(),
            policy,
            matches,
            status,
            ledger,
            as_of,
            working_directory,
        };
        let mut findings = self.run(asset.into(), |rule, out| rule.check_asset(&context, out));
        for finding in findings.iter_mut().filter(|f| f.state == FindingState::Open) {
            if self.baseline.holds(&finding.rule, asset, sha256) {
                finding.state = FindingState::Baseline;
            }
        }
        (findings, archive)
    }

    /// What is told of an approved asset whose bytes are not any more those that were judged.
    #[must_use]
    pub fn changed(&self, rel: &str) -> Vec<Finding> {
        let mut findings = self.run(rel.into(), |rule, out| rule.check_changed(out));
        findings.iter_mut().for_each(|finding| finding.path = Some(rel.to_owned()));
        findings
    }

    /// What the ledger holds about one asset, for reports.
    #[must_use]
    pub fn records(&self, asset: &Asset, sha256: Option<&str>) -> Vec<RecordNote> {
        let matches = self.approvals.as_ref().map(|approvals| approvals.matches(asset, sha256)).unwrap_or_default();
        matches.rows.iter().map(|(known, by)| note(&known.record, *by, sha256)).collect()
    }

    /// Whether all that was judged so far was judged by the whole ledger.
    ///
    /// # Errors
    /// As [`Approvals::check_ledger_intact`].
    pub fn check_ledger_intact(&self) -> Result<()> {
        self.approvals.as_ref().map_or(Ok(()), |approvals| approvals.check_ledger_intact())
    }

    /// What the rules find in one delivery package, worst first.
    #[must_use]
    pub fn package(&self, package: &PackageReport, faults: &[PackageFault]) -> Vec<Finding> {
        let context = PackageContext { package, faults, integrity: self.integrity };
        let mut findings = self.run(package.root.as_str().into(), |rule, out| rule.check_package(&context, out));
        self.baseline.settle(&package.root, &mut findings);
        findings
    }

    /// What the rules find in the run as a whole, once every asset and all of `packages` were judged.
    #[must_use]
    pub fn finish(&self, packages: &[PackageReport]) -> Vec<Finding> {
        let context = RunContext {
            packages,
            policy: &self.policy,
            approvals: self.approvals.as_deref(),
            as_of: self.as_of,
            used_approvals: &self.used_approvals,
            used_suppressions: &self.used_suppressions,
        };
        let mut findings = self.run("".into(), |rule, out| rule.check_run(&context, out));
        self.baseline.settle("", &mut findings);
        findings
    }

    /// What the records about an asset amount to in its role.
    fn status(&self, asset: &Asset, ai: Ai, evidence: &[Evidence], matches: &Matches<'_>) -> ApprovalStatus {
        use Decision::{Approved, Conditional, Disclosed, Notified};
        let decisions: &[Decision] = match (asset.role, ai) {
            (Role::Final | Role::Promotional, _) => &[Approved, Conditional],
            (Role::Temporary, _) => &[Approved, Conditional, Notified, Disclosed],
            (Role::Archival, Ai::Generated | Ai::Composite) => &[Disclosed],
            (Role::Archival, _) => &[Approved, Conditional, Disclosed],
        };
        if matches.rows.is_empty() {
            return ApprovalStatus::default();
        }
        let scopes = self.policy.scopes_of(asset.role, asset.into(), evidence);
        matches.status(&CoverageQuery { policy: &self.policy, role: asset.role, decisions, scopes, as_of: self.as_of })
    }

    /// Runs every rule that is on, in order, and judges what it says. What a rule says is dropped where a more exact one
    /// explains it, unless a record has settled it.
    fn run(&self, seen: Seen<'_>, check: impl Fn(&dyn rules::Rule, &mut Vec<RawFinding>)) -> Vec<Finding> {
        let (mut said, mut of_rule) = (Vec::new(), Vec::new());
        for rule in rules::ALL {
            let info = rule.info();
            if self.policy.off(info.id).is_some() {
                continue;
            }
            check(*rule, &mut of_rule);
            // Nearly every rule says nothing.
            if of_rule.is_empty() {
                continue;
            }
            said.extend(of_rule.drain(..).map(|finding| (info, finding)));
        }
        let explained: Vec<&str> = said.iter().flat_map(|(info, _)| info.explains).map(|info| info.id).collect();
        let left = said.into_iter().filter(|(info, finding)| finding.cleared || !explained.contains(&info.id));
        let mut findings: Vec<_> = left.filter_map(|(info, finding)| self.judge(info, seen, finding)).collect();
        // Stable: findings of one severity keep the order of the rules.
        findings.sort_by_key(|f: &Finding| std::cmp::Reverse(f.severity));
        findings
    }

    fn judge(&self, info: &Info, seen: Seen<'_>, raw: RawFinding) -> Option<Finding> {
        let severity = self.policy.severity(info.id, raw.severity.unwrap_or(info.severity))?;
        let severity = raw.at_most.map_or(severity, |most| severity.min(most));
        let inner = raw.path.as_deref().and_then(|rel| self.suppression(info.id, Seen { rel, ..seen }));
        let suppressed = if raw.cleared { None } else { inner.or_else(|| self.suppression(info.id, seen)) };
        let state = match (raw.cleared, &suppressed) {
            (true, _) => FindingState::Approved,
            (false, Some(_)) => FindingState::Suppressed,
            (false, None) => FindingState::Open,
        };
        Some(Finding {
            rule: info.id.to_owned(),
            severity,
            state,
            subject: info.subject,
            path: raw.path,
            message: raw.message,
            action: raw.action,
            approval: raw.approval,
            reason: suppressed,
        })
    }

    /// Why this finding is suppressed, where it is; every row that fits counts as used, the first one speaks.
    fn suppression(&self, rule: &str, seen: Seen<'_>) -> Option<String> {
        let mut reason = None;
        for (index, row) in self.policy.suppress.iter().enumerate() {
            if row.rule == rule && row.expires >= self.as_of && seen.fits(&row.pattern) {
                self.used_suppressions.insert(index);
                reason = reason.or_else(|| Some(format!("{} (until {})", row.reason, row.expires)));
            }
        }
        reason
    }
}

/// The record that covers the asset by the digest of its bytes, and not by its name only.
fn of_these_bytes<'a>(status: &'a ApprovalStatus, matches: &Matches<'_>) -> Option<&'a Record> {
    let Verdict::Covered(known) = &status.verdict else { return None };
    let by_digest = matches.rows.iter().any(|(row, by)| row.index == known.index && *by == MatchKind::Digest);
    by_digest.then_some(&known.record)
}

/// A record as a report about the asset with this digest repeats it.
fn note(record: &Record, by: MatchKind, sha256: Option<&str>) -> RecordNote {
    let own = record.subjects.iter().find(|s| s.sha256().is_some() && s.sha256() == sha256);
    let range = own.or_else(|| record.subjects.first()).and_then(|s| s.annotations.as_ref()?.range.clone());
    let by = match by {
        MatchKind::Digest => "digest",
        MatchKind::Path => "path",
        MatchKind::OtherBytes => "other-bytes",
    };
    RecordNote {
        id: record.id.clone(),
        decision: record.decision.word().to_owned(),
        by: by.to_owned(),
        approver: record.approver.to_string(),
        decided_on: record.decided_on.to_string(),
        expires_on: record.expires_on.map(|day| day.to_string()),
        scopes: record.scopes.iter().map(|s| s.word().to_owned()).collect(),
        reference: record.reference.clone(),
        range,
        tool: record.tool.clone(),
        version: record.version.clone().or_else(|| record.model.clone()),
        model: record.model.clone(),
        use_class: record.use_class.map(|class| class.word().to_owned()),
        consents: record.consents.clone(),
        archive: record.archive.clone(),
        collection: record.collection.clone(),
        object: record.object.clone(),
        licence: record.licence.clone(),
        disclosure_text: record.disclosure_text.clone(),
        prompt: record.prompt.clone(),
        sources: record.sources.iter().map(|s| (s.name.clone(), s.rights.clone())).collect(),
        note: record.note.clone(),
    }
}
