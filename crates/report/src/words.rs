//! Shared by the reports: the words for enumerated values, and which of several marks speaks first.

use crate::escape::{shorten, terminal};
use crate::layout::{Tone, count};
use countersign_model::{AssetReport, Evidence, Finding, FindingState, Outcome, Play, Severity, Summary};

/// Characters of a composition's title that a person needs to recognize it.
const TITLE: usize = 110;

/// The word that the JSON report uses for an enumerated value.
#[must_use]
pub fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The verdict in a word, what it means in a clause, and its color.
#[must_use]
pub fn outcome(summary: &Summary) -> (Tone, &'static str, &'static str) {
    match (summary.interrupted, summary.outcome) {
        (true, _) => (Tone::Bad, "INTERRUPTED", "the scan was stopped: what follows is only a part"),
        (_, Outcome::Pass) => (Tone::Good, "PASS", "no open finding that blocks this delivery"),
        (_, Outcome::Fail) => (Tone::Bad, "FAIL", "this delivery has findings that must be resolved"),
        (_, Outcome::Incomplete) => (Tone::Bad, "INCOMPLETE", "some files could not be judged"),
    }
}

/// Open findings by severity, and what is approved: `6 errors, 1 warning, 2 notes, 1 approved`.
#[must_use]
pub fn counts(summary: &Summary) -> String {
    let found = &summary.findings;
    let mut out = vec![
        count(found.error, "error", "errors"),
        count(found.warning, "warning", "warnings"),
        count(found.note, "note", "notes"),
    ];
    if summary.approved > 0 {
        out.push(format!("{} approved", summary.approved));
    }
    out.join(", ")
}

/// The mark that decides: the strongest claim, and of equal claims the surest.
#[must_use]
pub fn decisive(evidence: &[Evidence]) -> Option<&Evidence> {
    evidence.iter().min_by_key(|e| (e.claim, e.strength, std::cmp::Reverse(e.knows_system())))
}

/// The systems that the marks name, each once, surest first.
#[must_use]
pub fn systems(evidence: &[Evidence]) -> Vec<String> {
    let mut sorted: Vec<_> = evidence.iter().collect();
    sorted.sort_by_key(|e| (e.claim, e.strength, std::cmp::Reverse(e.knows_system())));
    let mut names: Vec<String> = Vec::new();
    for name in sorted.into_iter().filter_map(|e| e.system.as_ref()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Whether a finding counts and is at least this bad.
#[must_use]
pub fn blocks(finding: &Finding, least: Severity) -> bool {
    finding.state == FindingState::Open && finding.severity >= least
}

/// Whether there is anything to tell about an asset: a finding in any state, or a mark of AI.
#[must_use]
pub fn speaks(asset: &AssetReport) -> bool {
    !asset.findings.is_empty() || asset.ai != countersign_model::Ai::None
}

/// The asset's path as people know it: below its root, with the root before it where there are several, or where the root
/// only leads to the top or up (as it does for paths that were listed one by one).
#[must_use]
pub fn name(asset: &AssetReport, roots: &[String]) -> String {
    match roots.get(asset.root) {
        Some(root) if root == "/" => format!("/{}", asset.path),
        Some(root) if roots.len() > 1 || root.split('/').all(|part| part == "..") => format!("{root}/{}", asset.path),
        _ => asset.path.clone(),
    }
}

/// `at byte 1234`, or nothing.
#[must_use]
pub fn at(offset: Option<u64>) -> String {
    offset.map(|o| format!(" at byte {o}")).unwrap_or_default()
}

/// One mark in one inert line.
#[must_use]
pub fn describe_evidence(evidence: &Evidence) -> String {
    let system = evidence.system.as_ref().map(|s| format!(" by {s}")).unwrap_or_default();
    terminal(&format!(
        "{}{system} ({}; {}) in {}{}",
        word(&evidence.claim),
        word(&evidence.strength),
        evidence.mark,
        evidence.place,
        at(evidence.offset)
    ))
}

/// `“Title”, MainImageSequence, 01:00:00:00 to 01:00:02:00 (edit units 10 to 57)`.
#[must_use]
pub fn played(play: &Play) -> String {
    let last = play.entry.saturating_add(play.duration).saturating_sub(1);
    let title = shorten(&play.title, TITLE);
    format!("“{title}”, {}, {} to {} (edit units {} to {last})", play.track, play.from, play.to, play.entry)
}
/// Why an asset has its role: the basis, and the scanned folder's own names where a pattern fits only with them.
pub fn basis(asset: &AssetReport) -> String {
    match &asset.role_above {
        Some(above) => format!("{}, of the scanned folder '{above}'", asset.role_basis),
        None => asset.role_basis.clone(),
    }
}
