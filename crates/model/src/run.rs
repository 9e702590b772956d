//! A run and its report: what it was judged with, a row for each asset and package, the numbers.
//!
//! The serialized shapes are the JSON report's (`countersign.report/1`).

use serde::{Deserialize, Serialize};

use super::{Ai, Credentials, Evidence, Facts, Finding, FormatId, Problem, Role, Tag, TimelineReport, Use};

/// What a run was asked to do and with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub version: String,
    /// RFC 3339.
    pub started: String,
    pub roots: Vec<String>,
    pub policy: PolicyRef,
    pub approvals: Option<ApprovalsRef>,
    pub trust: Vec<TrustRef>,
    pub catalogue: CatalogueRef,
    pub options: serde_json::Map<String, serde_json::Value>,
}

/// The policy in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    pub name: String,
    pub sha256: String,
}

/// The ledger in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalsRef {
    pub path: String,
    /// SHA-256 of the ledger's last line.
    pub head: String,
    pub records: usize,
}

/// One trust list in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRef {
    pub name: String,
    pub issued: Option<String>,
    /// The day by which its keeper promised the next one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_update: Option<String>,
    /// `official` (C2PA's own) or `interim` (the frozen list before it); nobody's word but the list's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub standing: Option<String>,
}

impl TrustRef {
    /// Whether the list is older than its keeper meant it to get, on this day (`YYYY-MM-DD` or longer).
    #[must_use]
    pub fn is_overdue(&self, today: &str) -> bool {
        self.next_update.as_deref().is_some_and(|next| next.get(..10) < today.get(..10))
    }
}

/// The mark catalogue in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueRef {
    pub marks: usize,
    pub sha256: String,
}

/// One asset's row in the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetReport {
    pub path: String,
    pub root: usize,
    pub format: Option<FormatId>,
    pub bytes: u64,
    pub sha256: Option<String>,
    pub role: Role,
    pub role_basis: String,
    pub package: Option<usize>,
    /// Which compositions play it, and where.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub plays: Vec<Play>,
    /// Where cuts play it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub uses: Vec<Use>,
    /// Whether a cut plays it; `None` where no timeline can say so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub in_cut: Option<bool>,
    pub ai: Ai,
    /// What a generator was asked for, as the file repeats it; only where there is a mark of AI.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipe: Option<Recipe>,
    pub evidence: Vec<Evidence>,
    pub c2pa: Option<Credentials>,
    pub findings: Vec<Finding>,
    pub problems: Vec<Problem>,
    /// What the ledger holds about this asset.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub records: Vec<RecordNote>,
    /// Only with `--tags`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tags: Option<Vec<Tag>>,
    /// Where the row stands for many frames of an image sequence: `bytes` is their sum.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub frames: Option<Frames>,
}

/// What a generator was asked for, in the file's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// At most some thousand characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// Of the program, not of the model.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
}

impl Recipe {
    /// What the decoders said of an asset that a mark of AI is on; its own fields before those of files beside it.
    #[must_use]
    pub fn of(facts: &Facts, ai: Ai) -> Option<Self> {
        let said = |key: &str| {
            let of = |space: &str| {
                let mut found = facts.decoded.iter().filter(|t| t.space == space && t.key == key).collect::<Vec<_>>();
                found.sort_by_key(|t| !t.via.is_own());
                found.first().map(|t| t.value.clone())
            };
            of("recipe").or_else(|| (key == "model").then(|| of("comfyui")).flatten())
        };
        let recipe = Self { prompt: said("prompt"), model: said("model"), version: said("version") };
        (ai != Ai::None && recipe != Self::default()).then_some(recipe)
    }
}

/// The frames that one row stands for, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frames {
    pub first: u64,
    pub last: u64,
    /// Frames of which this row speaks.
    pub count: u64,
    /// Numbers from first to last that no file has.
    pub missing: u64,
    /// Files from first to last that have a row of their own.
    pub apart: u64,
}

/// One stretch of a track file that a composition plays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Play {
    /// The composition's title.
    pub title: String,
    /// The composition's id, a UUID in lower case.
    pub composition: String,
    /// `MainImageSequence`, `MainPicture`, `MainSound`, …
    pub track: String,
    /// First edit unit that is played of the track file, and how many follow with it.
    pub entry: u64,
    pub duration: u64,
    /// Edit units a second, as numerator and denominator.
    pub rate: (u64, u64),
    /// Where the stretch starts and ends (exclusive) in the composition: `01:00:00:00`, from its own start time code
    /// where it has one.
    pub from: String,
    pub to: String,
}

/// One record of the ledger, as far as a report about an asset repeats it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordNote {
    pub id: String,
    /// `approved`, `conditional`, `denied`, `revoked`, `notified` or `disclosed`.
    pub decision: String,
    /// How it is about the asset: `digest`, `path` or `other-bytes`.
    pub by: String,
    pub approver: String,
    /// `YYYY-MM-DD`, as is `expires_on`.
    pub decided_on: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_on: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub scopes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// Frames or timecodes that it covers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
    /// What went into the tool, with its rights.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub sources: Vec<(String, Option<String>)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// One delivery package's row in the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageReport {
    pub id: usize,
    pub kind: String,
    /// Below its scanned root; `.` for the scanned root itself.
    pub root: String,
    pub title: Option<String>,
    /// Oddities that are no fault: a composition that plays what lies in no package here.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remarks: Vec<String>,
    pub findings: Vec<Finding>,
}

/// Counts by the strongest claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByAi {
    pub generated: u64,
    pub composite: u64,
    pub enhanced: u64,
    pub possible: u64,
    pub none: u64,
}

/// Open findings by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BySeverity {
    pub error: u64,
    pub warning: u64,
    pub note: u64,
}

/// The verdict in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    #[default]
    Pass,
    Fail,
    Incomplete,
}

/// The whole run in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub assets: u64,
    pub bytes: u64,
    pub by_ai: ByAi,
    /// Open findings only.
    pub findings: BySeverity,
    /// Findings that an approval clears.
    pub approved: u64,
    /// Assets that could not be judged: unreadable, or no media format that is read.
    pub not_judged: u64,
    /// System files passed over (`.DS_Store`, `Thumbs.db`, …).
    pub ignored: u64,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
    pub outcome: Outcome,
    /// Findings about the run itself: an approval or a suppression that matched nothing, a policy found in the tree.
    pub findings_of_run: Vec<Finding>,
    /// The cuts that were conformed to the assets.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub timelines: Vec<TimelineReport>,
    #[serde(skip)]
    pub packages: Vec<PackageReport>,
}

/// Where a delivery package and its own manifest disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFault {
    pub kind: PackageFaultKind,
    /// The file it is about, below the root, or the manifest itself.
    pub path: String,
    /// `SHA-1 is … and not …`, `frames 1012-1014 of shot_%04d.dpx`.
    pub what: String,
}

/// The kinds of [`PackageFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageFaultKind {
    MissingAsset,
    HashMismatch,
    SizeMismatch,
    UnlistedFile,
    Malformed,
    SequenceGap,
}
