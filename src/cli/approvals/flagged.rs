//! What a scan flags that a record would clear: the assets of a folder, or of a report, as rows that records are made of.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Deserialize;

use crate::cli::{trust_lists, worker};
use countersign_credentials::{self as c2pa, Bounds, Verifier};
use countersign_engine::extract;
use countersign_engine::scan::{Engine, ScanOptions, Watch};
use countersign_engine::walk::lossless;
use countersign_io::Roots;
use countersign_judge::approvals::Approvals;
use countersign_judge::marks;
use countersign_judge::policy::Policy;
use countersign_model::error::Result;
use countersign_model::limits;
use countersign_model::{
    Ai, AssetReport, Claim, Decision, Evidence, Finding, FindingAction, FindingState, FindingSubject, Frames, Recipe,
    Severity,
};
use countersign_report::words::systems;

/// What a report says of one asset, as far as a record needs it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    pub(super) path: String,
    pub(super) root: usize,
    pub(super) sha256: Option<String>,
    pub(super) bytes: u64,
    pub(super) frames: Option<Frames>,
    pub(super) findings: Vec<Finding>,
    #[serde(default)]
    pub(super) ai: Ai,
    #[serde(default)]
    evidence: Vec<Evidence>,
    #[serde(default)]
    recipe: Option<Recipe>,
}

impl From<&AssetReport> for Row {
    fn from(report: &AssetReport) -> Self {
        Self {
            path: report.path.clone(),
            root: report.root,
            sha256: report.sha256.clone(),
            bytes: report.bytes,
            frames: report.frames,
            findings: report.findings.clone(),
            ai: report.ai,
            evidence: report.evidence.clone(),
            recipe: report.recipe.clone(),
        }
    }
}

/// What made an asset, in the words of its own marks.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Made {
    pub(super) tool: Option<String>,
    pub(super) version: Option<String>,
    pub(super) model: Option<String>,
    pub(super) prompt: Option<String>,
}

impl Row {
    fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.state == FindingState::Open)
    }

    /// Whether it is marked, and a record of this decision would settle what was found.
    pub(super) fn is_settled_by(&self, decision: Decision) -> bool {
        self.is_flagged(|verb| settles(decision, verb))
    }

    /// The command whose records would settle what an approval does not: whoever approves a folder expects all of it.
    pub(super) fn other_command(&self, decision: Decision) -> Option<&'static str> {
        let approves = matches!(decision, Decision::Approved | Decision::Conditional);
        let disclose = approves && !self.is_settled_by(decision) && self.is_flagged(|verb| verb == DISCLOSE);
        disclose.then_some(DISCLOSE)
    }

    fn is_flagged(&self, verb: impl Fn(&str) -> bool) -> bool {
        let settled =
            |finding: &Finding| finding.action.clone().commands_mut().iter().any(|command| verb(&command.verb));
        self.ai > Ai::None && self.open().any(|finding| finding.severity > Severity::Note && settled(finding))
    }

    pub(super) fn made(&self) -> Made {
        if self.ai == Ai::None {
            return Made::default();
        }
        let recipe = self.recipe.clone().unwrap_or_default();
        let marks: Vec<_> = self.evidence.iter().filter(|e| e.claim <= Claim::Possible).cloned().collect();
        let tool = systems(&marks).into_iter().next();
        Made { tool, version: recipe.version, model: recipe.model, prompt: recipe.prompt }
    }

    /// What whoever decides about it has to know, where there is something.
    pub(super) fn warning(&self) -> Option<String> {
        if self.open().any(|finding| finding.subject == FindingSubject::Unreadable) {
            return Some(format!(
                "{}: it could not be read to its end, so marks may be in it that nobody saw",
                self.path
            ));
        }
        let tampered = self.open().any(|finding| finding.action == FindingAction::AskForTheSignedFile);
        tampered.then(|| format!("{}: its bytes do not match its Content Credentials", self.path))
    }
}

/// The command of disclosures, as findings name it.
const DISCLOSE: &str = "approvals disclose";

/// Whether a record of this decision settles what the command would: temporary material is settled by each of them, for
/// whoever approves or discloses has been told.
fn settles(decision: Decision, command: &str) -> bool {
    match decision {
        Decision::Approved | Decision::Conditional => command != DISCLOSE,
        Decision::Notified => command == "approvals notify",
        Decision::Disclosed => command != "approve",
        // A refusal can be of anything that is flagged.
        Decision::Denied | Decision::Revoked => true,
    }
}

/// All that a scan of the folder tells, in the delivery that begins in another one, judged by this policy and these records.
pub(super) fn scanned(
    (folder, delivery): (&Path, Option<&Path>),
    policy: &Arc<Policy>,
    approvals: Option<&Arc<Approvals>>,
) -> Result<Vec<Row>> {
    let trust = trust_lists::in_force(Some(policy), &[])?;
    let seconds = policy.limits.seconds_per_asset;
    let bounds = seconds.map_or_else(Bounds::default, Bounds::of_seconds);
    let verifier = Arc::new(Verifier::new(&c2pa::Options {
        trust,
        worker: worker::program(),
        bounds,
        ..c2pa::Options::default()
    })?);
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    let catalogue = marks::with_files(&policy.marks)?;
    let engine = Engine::new(Arc::clone(policy), 0)?
        .with_approvals(approvals.cloned())
        .with_extract(extract::Options { verifier: Some(verifier), catalogue, seconds, ..extract::Options::default() });
    let deepest = policy.limits.archive_depth.map_or(limits::ARCHIVE_DEPTH, |depth| depth.min(16) as usize);
    let options = ScanOptions {
        max_archive_depth: deepest,
        delivery_root: delivery.map(Path::to_owned),
        ..ScanOptions::on(chrono::Local::now().date_naive())
    };
    let mut rows = Vec::new();
    engine.scan(&Roots::local(&[folder.to_owned()]), options, &Silent(AtomicBool::new(false)), &mut |report| {
        rows.push(Row::from(report));
        Ok(())
    })?;
    Ok(rows)
}

/// Shows nothing and never stops the run.
struct Silent(AtomicBool);

impl Watch for Silent {
    fn hashed(&self, _: u64) {}

    fn judged(&self, _: u64, _: &[Finding]) {}

    fn stop(&self) -> &AtomicBool {
        &self.0
    }
}

/// How a record calls an asset: from the scanned folder's own name on, so that it fits wherever the drive is mounted.
pub(super) fn name(root: &Path, rel: &str) -> String {
    let real = std::fs::canonicalize(root).unwrap_or_else(|_| PathBuf::from(root));
    let folder = if real.is_file() { real.parent().map(Path::to_owned).unwrap_or_default() } else { real };
    match folder.file_name() {
        Some(own) => format!("{}/{rel}", lossless(Path::new(own))),
        None => rel.to_owned(),
    }
}
