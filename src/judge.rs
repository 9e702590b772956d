//! From facts to findings: runs the rules, and is the one place where severity, approvals, suppressions and the
//! baseline are applied. No I/O; the same input gives the same findings, in the same order, on any thread.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;

use crate::approvals::standing::{Question, Standing};
use crate::approvals::{Approvals, By, Decision, Matches, Record};
use crate::error::Result;
use crate::limits;
use crate::model::{
    Ai, Asset, AssetReport, Evidence, Facts, Finding, FindingState, PackageFault, PackageReport, RecordNote, Role,
    Summary,
};
use crate::policy::Policy;
use crate::rules::{self, Case, Draft, Info, PackageCase};

/// Judges assets by one policy, one ledger and one day.
#[derive(Debug)]
pub struct Judge<'a> {
    policy: &'a Policy,
    approvals: Option<&'a Approvals>,
    as_of: NaiveDate,
    baseline: Baseline,
    /// Which records and suppressions matched something, in their own order.
    used_approvals: Vec<AtomicBool>,
    used_suppressions: Vec<AtomicBool>,
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

impl<'a> Judge<'a> {
    /// A judge; `as_of` is the day on which approvals and suppressions must hold.
    #[must_use]
    pub fn new(policy: &'a Policy, approvals: Option<&'a Approvals>, as_of: NaiveDate) -> Self {
        let unused = |n: usize| std::iter::repeat_with(|| AtomicBool::new(false)).take(n).collect();
        Self {
            policy,
            approvals,
            as_of,
            baseline: Baseline::default(),
            used_approvals: unused(approvals.map_or(0, Approvals::len)),
            used_suppressions: unused(policy.suppress.len()),
        }
    }

    /// Findings that `baseline` holds will not count.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = baseline;
        self
    }

    /// Whether the SHA-256 of this asset's bytes matters: it needs a record, or a record names its path.
    #[must_use]
    pub fn needs_digest(&self, asset: &Asset, ai: Ai) -> bool {
        let recorded = || self.approvals.is_some_and(|approvals| approvals.name(asset));
        self.policy.demands(asset.role, ai) || ai > Ai::Possible || recorded()
    }

    /// What the rules find in one asset, worst first.
    #[must_use]
    pub fn asset(
        &self,
        asset: &Asset,
        facts: &Facts,
        evidence: &[Evidence],
        ai: Ai,
        sha256: Option<&str>,
    ) -> Vec<Finding> {
        let matches = self.approvals.map(|approvals| approvals.matches(asset, sha256)).unwrap_or_default();
        for (known, _) in &matches.rows {
            mark(&self.used_approvals, known.index);
        }
        let standing = self.standing(asset, ai, evidence, &matches);
        let ledger = self.approvals.map(Approvals::path);
        let policy = self.policy;
        let case = Case { asset, facts, ai, evidence, policy, matches: &matches, standing: &standing, ledger };
        let mut findings = self.run(&asset.rel, |rule, out| rule.check_asset(&case, out));
        for finding in findings.iter_mut().filter(|f| f.state == FindingState::Open) {
            if self.baseline.holds(&finding.rule, asset, sha256) {
                finding.state = FindingState::Baseline;
            }
        }
        findings
    }

    /// What the ledger holds about one asset, for reports.
    #[must_use]
    pub fn records(&self, asset: &Asset, sha256: Option<&str>) -> Vec<RecordNote> {
        let matches = self.approvals.map(|approvals| approvals.matches(asset, sha256)).unwrap_or_default();
        matches.rows.iter().map(|(known, by)| note(&known.record, *by, sha256)).collect()
    }

    /// Whether all that was judged so far was judged by the whole ledger.
    ///
    /// # Errors
    /// As [`Approvals::sound`].
    pub fn sound(&self) -> Result<()> {
        self.approvals.map_or(Ok(()), Approvals::sound)
    }

    /// What the rules find in one delivery package, worst first.
    #[must_use]
    pub fn package(&self, package: &PackageReport, faults: &[PackageFault]) -> Vec<Finding> {
        let case = PackageCase { package, faults };
        let mut findings = self.run(&package.root, |rule, out| rule.check_package(&case, out));
        self.baseline.settle(&package.root, &mut findings);
        findings
    }

    /// What is left when every asset was judged: records and suppressions that matched nothing.
    #[must_use]
    pub fn finish(&self) -> Vec<Finding> {
        let mut findings = self.run("", |rule, out| match rule.info().id {
            "unused-approval" => self.unused_approvals(out),
            "unused-suppression" => self.unused_suppressions(out),
            _ => {}
        });
        self.baseline.settle("", &mut findings);
        findings
    }

    /// What the records about an asset amount to in its role.
    fn standing(&self, asset: &Asset, ai: Ai, evidence: &[Evidence], matches: &Matches<'_>) -> Standing {
        use Decision::{Approved, Conditional, Disclosed, Notified};
        let decisions: &[Decision] = match (asset.role, ai) {
            (Role::Final, _) => &[Approved, Conditional],
            (Role::Temporary, _) => &[Approved, Conditional, Notified, Disclosed],
            (Role::Archival, Ai::Generated | Ai::Composite) => &[Disclosed],
            (Role::Archival, _) => &[Approved, Conditional, Disclosed],
        };
        if matches.rows.is_empty() {
            return Standing::default();
        }
        let scopes = self.policy.scopes_of(asset.role, &asset.rel, evidence);
        matches.standing(&Question { policy: self.policy, role: asset.role, decisions, scopes, as_of: self.as_of })
    }

    /// Runs every rule that is on, in order, and judges what it says.
    fn run(&self, rel: &str, check: impl Fn(&dyn rules::Rule, &mut Vec<Draft>)) -> Vec<Finding> {
        let (mut findings, mut drafts) = (Vec::new(), Vec::new());
        for rule in rules::ALL {
            let info = rule.info();
            if self.policy.off(info.id).is_some() {
                continue;
            }
            check(*rule, &mut drafts);
            findings.extend(drafts.drain(..).filter_map(|draft| self.judge(info, rel, draft)));
        }
        // Stable: findings of one severity keep the order of the rules.
        findings.sort_by_key(|f: &Finding| std::cmp::Reverse(f.severity));
        findings
    }

    fn judge(&self, info: &Info, rel: &str, draft: Draft) -> Option<Finding> {
        let severity = self.policy.severity(info.id, info.severity)?;
        let inner = draft.path.as_deref().and_then(|path| self.suppression(info.id, path));
        let suppressed = if draft.cleared { None } else { inner.or_else(|| self.suppression(info.id, rel)) };
        let state = match (draft.cleared, &suppressed) {
            (true, _) => FindingState::Approved,
            (false, Some(_)) => FindingState::Suppressed,
            (false, None) => FindingState::Open,
        };
        Some(Finding {
            rule: info.id.to_owned(),
            severity,
            state,
            message: draft.message,
            help: draft.help,
            approval: draft.approval,
            reason: suppressed,
        })
    }

    /// Why this finding is suppressed, where it is; every row that fits counts as used, the first one speaks.
    fn suppression(&self, rule: &str, rel: &str) -> Option<String> {
        let mut reason = None;
        for (index, row) in self.policy.suppress.iter().enumerate() {
            if row.rule == rule && row.expires >= self.as_of && row.pattern.matches(rel) {
                mark(&self.used_suppressions, index);
                reason = reason.or_else(|| Some(format!("{} (until {})", row.reason, row.expires)));
            }
        }
        reason
    }

    fn unused_approvals(&self, out: &mut Vec<Draft>) {
        let Some(approvals) = self.approvals else { return };
        let mut unused = approvals.in_force(self.as_of);
        unused.retain(|index| !is_marked(&self.used_approvals, *index));
        let help = "Check whether the asset should be here under another name or in another version.";
        for known in unused.iter().take(limits::UNUSED).filter_map(|index| approvals.known(*index)) {
            let record = &known.record;
            let name = record.subjects.first().map(|s| s.name.as_str()).filter(|n| !n.is_empty());
            let name = name.or_else(|| record.sha256().next()).unwrap_or("nothing that can be found");
            let more = record.subjects.len().saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let message = format!(
                "record {} ({} by {} on {}) matched no asset: it is about {name}{more}",
                record.id,
                record.decision.word(),
                record.approver,
                record.decided_on
            );
            out.push(Draft::new(message, help).about(&record.id));
        }
        // A ledger for a whole house would bury everything else.
        if let more @ 1.. = unused.len().saturating_sub(limits::UNUSED) {
            out.push(Draft::new(format!("{more} more records in force matched no asset"), MANY));
        }
    }

    fn unused_suppressions(&self, out: &mut Vec<Draft>) {
        for (index, row) in self.policy.suppress.iter().enumerate() {
            let what = match (is_marked(&self.used_suppressions, index), row.expires < self.as_of) {
                (_, true) => format!("ran out on {}", row.expires),
                (false, false) => "matched no finding".to_owned(),
                (true, false) => continue,
            };
            out.push(Draft::new(
                format!("the suppression of {} for `{}` {what}", row.rule, row.pattern.text()),
                "Take it out of the policy, or renew it with a reason that still holds.",
            ));
        }
    }
}

const MANY: &str = "`countersign approvals list` shows them. A ledger for more than this delivery always holds such \
                    records: turn the rule off then, with that reason.";

/// A record as a report about the asset with this digest repeats it.
fn note(record: &Record, by: By, sha256: Option<&str>) -> RecordNote {
    let own = record.subjects.iter().find(|s| s.sha256().is_some() && s.sha256() == sha256);
    let range = own.or_else(|| record.subjects.first()).and_then(|s| s.annotations.as_ref()?.range.clone());
    let by = match by {
        By::Digest => "digest",
        By::Path => "path",
        By::OtherBytes => "other-bytes",
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
        prompt: record.prompt.clone(),
        sources: record.sources.iter().map(|s| (s.name.clone(), s.rights.clone())).collect(),
        note: record.note.clone(),
    }
}

fn mark(of: &[AtomicBool], index: usize) {
    if let Some(used) = of.get(index) {
        used.store(true, Ordering::Relaxed);
    }
}

fn is_marked(of: &[AtomicBool], index: usize) -> bool {
    of.get(index).is_some_and(|used| used.load(Ordering::Relaxed))
}
