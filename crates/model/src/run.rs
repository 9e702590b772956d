//! A run and its report: what it was judged with, a row for each asset and package, the numbers.
//!
//! The serialized shapes are the JSON report's (`countersign.report/1`).

use serde::{Deserialize, Serialize};

use super::limits;
use super::{
    Ai, ArchiveEvidence, Credentials, Evidence, Facts, Finding, FormatId, MatchingSummary, Problem, ReportHeading,
    Role, Tag, TimelineRange, TimelineReport, Use,
};

/// What a run was asked to do and with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Version of the program, as `0.1.0`.
    pub version: String,
    /// RFC 3339.
    pub started: String,
    /// The roots as they were given, in the order of [`Asset::root`](super::Asset::root).
    pub roots: Vec<String>,
    /// The policy in force.
    pub policy: PolicyRef,
    /// The ledger in force; `None` where none was given.
    pub approvals: Option<ApprovalsRef>,
    /// Further ledgers in force, in the order in which they were given.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub further_approvals: Vec<ApprovalsRef>,
    /// The trust lists in force; none where signers cannot be recognized.
    pub trust: Vec<TrustRef>,
    /// The mark catalogue in force.
    pub catalogue: CatalogueRef,
    /// What else the user asked for, by the options' names.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// What the papers say at their head.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub report: Option<ReportHeading>,
}

/// The policy in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    /// Name of a bundled policy, or what the policy's file calls itself.
    pub name: String,
    /// SHA-256 of the policy's text, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// The ledger in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalsRef {
    /// The ledger's path as it was given.
    pub path: String,
    /// SHA-256 of the ledger's last line.
    pub head: String,
    /// How many records the ledger holds.
    pub records: usize,
}

/// One trust list in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRef {
    /// What the list is called in reports.
    pub name: String,
    /// The day of its issue, `YYYY-MM-DD`, where the list states one.
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
    /// How many marks the catalogue holds.
    pub marks: usize,
    /// SHA-256 of the catalogue's content, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Files of a house's own marks; their digests are part of the catalogue's.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub files: Vec<MarksFile>,
}

/// A file of marks beside the built-in ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarksFile {
    /// The file, as the user or the policy named it.
    pub path: String,
    /// How many marks it adds to the built-in ones.
    pub marks: usize,
    /// SHA-256 of its text, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// One asset's row in the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetReport {
    /// Below its root, with `/` between the parts; members of archives as `a.zip!/x.png`.
    pub path: String,
    /// Index into [`Run::roots`].
    pub root: usize,
    /// The format's id as the bytes tell it; `None` where no reader recognized them.
    pub format: Option<FormatId>,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits; `None` where they were not hashed.
    pub sha256: Option<String>,
    /// What its place in the delivery is for.
    pub role: Role,
    /// How that was decided; see [`Asset::role_basis`](super::Asset::role_basis).
    pub role_basis: String,
    /// Where a pattern placed it by names above what was scanned: those names, from the delivery's own root down.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub role_above: Option<String>,
    /// Index into [`Summary::packages`].
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
    /// The strongest claim among the evidence.
    pub ai: Ai,
    /// What a generator was asked for, as the file repeats it; only where there is a mark of AI.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipe: Option<Recipe>,
    /// The marks that matched, by their ids, then by place.
    pub evidence: Vec<Evidence>,
    /// Its Content Credentials; `None` where it neither holds nor points to a manifest.
    pub c2pa: Option<Credentials>,
    /// What speaks for and against it where it claims to be archive material; `None` in other roles.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub archive: Option<ArchiveEvidence>,
    /// What the rules found, after judgement.
    pub findings: Vec<Finding>,
    /// What kept us from reading all of it.
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
    /// The model's name as the file has it.
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
                found.first().map(|t| t.value.to_string())
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
    /// The lowest number.
    pub first: u64,
    /// The highest number, inclusive.
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
    /// How many edit units are played from `entry` on.
    pub duration: u64,
    /// Edit units a second, as numerator and denominator.
    pub rate: (u64, u64),
    /// Where the stretch starts and ends (exclusive) in the composition: `01:00:00:00`, from its own start time code
    /// where it has one.
    pub from: String,
    /// End of the stretch in the composition, exclusive.
    pub to: String,
    /// The same in units of the composition.
    #[serde(skip)]
    pub record: TimelineRange,
}

/// One record of the ledger, as far as a report about an asset repeats it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordNote {
    /// The record's id in the ledger.
    pub id: String,
    /// `approved`, `conditional`, `denied`, `revoked`, `notified` or `disclosed`.
    pub decision: String,
    /// How it is about the asset: `digest`, `path` or `other-bytes`.
    pub by: String,
    /// Who decided, with title and company as recorded.
    pub approver: String,
    /// `YYYY-MM-DD`, as is `expires_on`.
    pub decided_on: String,
    /// The last day on which it holds; `None` where it does not run out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_on: Option<String>,
    /// What it is for, in the words of [`Scope`](super::Scope).
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub scopes: Vec<String>,
    /// A ticket or a clause: where the decision can be looked up.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// Frames or timecodes that it covers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub range: Option<String>,
    /// The generative tool that was approved.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tool: Option<String>,
    /// Version of that tool, or the model where no version is recorded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// What the tool was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
    /// What went into the tool, with its rights.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub sources: Vec<(String, Option<String>)>,
    /// What the approver wrote beside it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// The model that the tool used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// How the tool was used: `assistive`, `altered`, `generated` or `digital-replica`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub use_class: Option<String>,
    /// References to consents given.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub consents: Vec<String>,
    /// The archive that the asset comes from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub archive: Option<String>,
    /// The collection in that archive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub collection: Option<String>,
    /// The number or name of the object in that collection.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// The license under which it may be shown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub licence: Option<String>,
    /// The words by which the audience is told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disclosure_text: Option<String>,
}

/// One delivery package's row in the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageReport {
    /// Its index in [`Summary::packages`], to which assets refer.
    pub id: usize,
    /// What sort of package it is: `imf`, `dcp`, `ascmhl`, `mhl`, `bagit`, or an archive's format.
    pub kind: String,
    /// Below its scanned root; `.` for the scanned root itself.
    pub root: String,
    /// What its manifest calls it.
    pub title: Option<String>,
    /// Oddities that are no fault: a composition that plays what lies in no package here.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remarks: Vec<String>,
    /// Files that its manifest lists and that are not there, below the scanned root; as many as are kept.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<String>,
    /// The number of its scanned root.
    #[serde(skip)]
    pub number: usize,
    /// Whether it states hashes of its files, which only a run that was asked to compares.
    #[serde(skip)]
    pub hashed: bool,
    /// Where it and its own manifest disagree, after judgement.
    pub findings: Vec<Finding>,
}

/// Counts by the strongest claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByAi {
    /// Assets wholly made by a generative model.
    pub generated: u64,
    /// Assets partly made or edited by one.
    pub composite: u64,
    /// Assets processed by a model without new content.
    pub enhanced: u64,
    /// Assets with hints only.
    pub possible: u64,
    /// Assets in which no mark was read.
    pub none: u64,
}

/// Open findings by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BySeverity {
    /// Open findings that must be resolved.
    pub error: u64,
    /// Open findings that should be looked at.
    pub warning: u64,
    /// Open findings that are worth knowing.
    pub note: u64,
}

/// The verdict in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All was judged and nothing fails the run.
    #[default]
    Pass,
    /// An open finding is severe enough.
    Fail,
    /// Nothing fails the run, and not everything could be judged.
    Incomplete,
}

/// The whole run in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Assets that were judged, members of archives among them.
    pub assets: u64,
    /// Their sizes in bytes, together.
    pub bytes: u64,
    /// Assets by the strongest claim.
    pub by_ai: ByAi,
    /// Open findings only.
    pub findings: BySeverity,
    /// Findings that an approval clears.
    pub approved: u64,
    /// Assets that could not be judged: unreadable, or no media format that is read.
    pub not_judged: u64,
    /// System and excluded files and folders passed over.
    pub ignored: u64,
    /// Files that were not read because what they say was known from an earlier run (`--cache`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub from_cache: u64,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
    /// The verdict.
    pub outcome: Outcome,
    /// What the verdict does not rest on.
    #[serde(default)]
    pub not_looked_at: NotLookedAt,
    /// Findings about the run itself: an approval or a suppression that matched nothing, a policy found in the tree.
    pub findings_of_run: Vec<Finding>,
    /// Where copies of known material were looked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub matching: Option<MatchingSummary>,
    /// The cuts that were conformed to the assets.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub timelines: Vec<TimelineReport>,
    /// Folders whose names look archival or temporary, and of which no pattern of the policy speaks.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub folders: Vec<FolderHint>,
    /// The delivery packages and archives, in the order of their places.
    #[serde(skip)]
    pub packages: Vec<PackageReport>,
}

/// A folder whose name looks archival or temporary: its files were not judged so, since no pattern of the policy says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderHint {
    /// Index into [`Run::roots`].
    pub root: usize,
    /// Below its root, with `/` between the parts; the whole path of a folder above it.
    pub path: String,
    /// Whether it lies above what was scanned, where nothing shows that it belongs to the delivery.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub above: bool,
    /// What its name looks like.
    pub looks: Role,
    /// What its files were judged as.
    pub judged: Role,
    /// Files in it, and in folders below it.
    pub files: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a run did not look at, and what it was told not to count: a verdict says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotLookedAt {
    /// Files and folders that `--exclude` passed over; a folder counts as one.
    pub excluded: u64,
    /// The same for what operating systems and storage leave behind (`.DS_Store`, `$RECYCLE.BIN`, `@eaDir`).
    pub system: u64,
    /// Rules that the policy has switched off, so that they find nothing.
    pub rules_off: Vec<RuleOff>,
    /// Findings that a line of the policy suppresses.
    pub suppressed: u64,
    /// Findings that the baseline holds already.
    pub baseline: u64,
    /// Packages with a statement that could not be checked, or with hashes that were not to be compared.
    pub unverified_packages: u64,
    /// Archives whose members were not read.
    pub closed_archives: u64,
    /// Files that could not be read to their end, archives aside.
    pub media_not_read: u64,
    /// The paths of the above, as many as are kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PassedOver>,
}

/// A rule that the policy has switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleOff {
    /// The id of the rule.
    pub rule: String,
    /// Why the policy has it off, in the words of the policy.
    pub reason: String,
}

/// Something that the run did not look at, by its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// Index into [`crate::Run::roots`].
    pub root: usize,
    /// Below its root, with `/` between the parts.
    pub path: String,
    /// What kept the run from it.
    pub why: PassedOverReason,
}

/// Why it was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassedOverReason {
    /// A pattern of `--exclude` fits it.
    Excluded,
    /// An operating system or a storage left it behind.
    System,
    /// A package with a statement that could not be checked, or with hashes that were not compared.
    UnverifiedPackage,
    /// An archive whose members were not read.
    ClosedArchive,
    /// A file that could not be read to its end.
    NotRead,
}

impl NotLookedAt {
    /// Takes up a path, as long as there is room for it.
    pub fn pass(&mut self, root: usize, path: &str, why: PassedOverReason) {
        *match why {
            PassedOverReason::Excluded => &mut self.excluded,
            PassedOverReason::System => &mut self.system,
            PassedOverReason::UnverifiedPackage => &mut self.unverified_packages,
            PassedOverReason::ClosedArchive => &mut self.closed_archives,
            PassedOverReason::NotRead => &mut self.media_not_read,
        } += 1;
        if self.paths.len() < limits::PASSED_OVER {
            self.paths.push(PassedOver { root, path: path.to_owned(), why });
        }
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a delivery package and its own manifest disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFault {
    /// What sort of disagreement it is.
    pub kind: PackageFaultKind,
    /// The file it is about, below the root, or the manifest itself.
    pub path: String,
    /// `SHA-1 is … and not …`, `frames 1012-1014 of shot_%04d.dpx`.
    pub what: String,
    /// The manifests of the package that say so, where it has several; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

impl PackageFault {
    /// A fault about `path`.
    #[must_use]
    pub fn new(kind: PackageFaultKind, path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { kind, path: path.into(), what: what.into(), by: String::new() }
    }

    /// Names the manifests that say so.
    #[must_use]
    pub fn stated_by(self, by: impl Into<String>) -> Self {
        Self { by: by.into(), ..self }
    }
}

/// The kinds of [`PackageFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageFaultKind {
    /// The manifest lists a file that is not there.
    MissingAsset,
    /// A file's hash is not the one that the manifest states.
    HashMismatch,
    /// A file's size is not the one that the manifest states.
    SizeMismatch,
    /// A file lies in the package and its manifest does not list it.
    UnlistedFile,
    /// The manifest breaks its specification or contradicts itself.
    Malformed,
    /// Numbers between the first and the last frame have no file.
    SequenceGap,
    /// A manifest, or a statement in it, that could not be checked.
    Unverified,
    /// A signature of a manifest that was not checked, whatever else was.
    UnverifiedSignature,
}
