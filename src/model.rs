//! The nouns of the whole program: assets, facts, evidence, findings, problems, and the report made of them.
//!
//! Nothing here reads a file or decides anything. The serialized shapes of [`Evidence`], [`Finding`],
//! [`Problem`] and [`AssetReport`] are the JSON report's (`countersign.report/1`).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Version of the [`Facts`] shape; part of every cache key.
pub const FACTS_SCHEMA: u32 = 1;

/// What a place in the delivery is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reaches the screen.
    Final,
    /// Work in progress, reference, previsualization.
    Temporary,
    /// Claims to be authentic source material.
    Archival,
}

/// One file to be judged, as the walk found it and the roles placed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The path to open.
    pub path: PathBuf,
    /// The path below its root, with `/` between the parts; lossless for names that are not UTF-8
    /// (see [`crate::walk::lossless`]).
    pub rel: String,
    /// Index into [`Run::roots`].
    pub root: usize,
    /// Size in bytes as the walk saw it.
    pub size: u64,
    /// Modification time in nanoseconds since the Unix epoch, where the file system gives one.
    pub mtime: Option<i128>,
    pub role: Role,
    /// `cpl`, `pkl`, `manifest`, `policy:<pattern>`, `option` or `default`.
    pub role_basis: String,
    /// Index into [`Summary::packages`].
    pub package: Option<usize>,
    /// Files beside this one whose names say that they describe it.
    pub sidecars: Vec<PathBuf>,
    /// Why the walk could not hand over an openable file (a socket, a link out of the root, an unreadable folder).
    pub obstacle: Option<Problem>,
    /// Which package's hashes its bytes have, where they were checked and all agree.
    pub custody: Option<String>,
}

impl Asset {
    /// A file that nothing is known of but where it is.
    #[must_use]
    pub fn new(path: PathBuf, rel: String, root: usize, size: u64, mtime: Option<i128>) -> Self {
        Self {
            path,
            rel,
            root,
            size,
            mtime,
            role: Role::Final,
            role_basis: "default".to_owned(),
            package: None,
            sidecars: Vec::new(),
            obstacle: None,
            custody: None,
        }
    }
}

/// Everything one file says, free of policy: what the cache holds and the wire carries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub schema: u32,
    /// The format's id as the bytes tell it; `None` where no reader recognized them.
    pub format: Option<String>,
    /// The id of the format that the name's extension promises, where a reader claims that extension.
    pub named: Option<String>,
    /// Whether the extension is one that the recognized format uses; `None` without an extension.
    pub extension_fits: Option<bool>,
    pub tags: Vec<Tag>,
    /// What decoders made of the tags, payloads and pixels; `space` is the decoder's id.
    pub decoded: Vec<Tag>,
    pub c2pa: Option<Credentials>,
    pub problems: Vec<Problem>,
    /// Manifest stores that the format reader walked past, for the C2PA passes.
    #[serde(skip)]
    pub stores: Vec<Store>,
    /// Manifest stores of media carried inside: they speak of that media, not of the asset's bytes.
    #[serde(skip)]
    pub carried: Vec<Store>,
    /// Pictures and other media carried inside, to be read as assets of their own.
    #[serde(skip)]
    pub embedded: Vec<Embedded>,
    /// Raw payloads for decoders that the tags cannot carry (a trailer, a private chunk).
    #[serde(skip)]
    pub payloads: Vec<Payload>,
}

/// One key and value that the file carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The vocabulary: `exif`, `xmp`, `iptc`, `png`, `id3`, `vorbis`, `quicktime`, `riff`, …
    pub space: String,
    /// The field's name in that vocabulary: `Software`, `Iptc4xmpExt:DigitalSourceType`, `TXXX:AIGC`.
    pub key: String,
    pub value: String,
    /// The path through the container that leads there: `JPEG APP1, EXIF IFD0 Software`.
    #[serde(rename = "where")]
    pub place: String,
    /// Absolute offset in bytes of the value, or of the nearest structure that holds it.
    pub offset: Option<u64>,
    /// Length in bytes and SHA-256 of the whole value where `value` holds only its beginning.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cut: Option<Cut>,
    #[serde(default, skip_serializing_if = "Via::is_own")]
    pub via: Via,
}

/// What is kept of a value too long to carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    pub bytes: u64,
    pub sha256: String,
}

/// How a statement reaches the asset it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// The asset's own bytes.
    #[default]
    #[serde(rename = "self")]
    Own,
    /// A C2PA `parentOf` ingredient.
    Parent,
    /// A C2PA `componentOf` ingredient.
    Component,
    /// A C2PA `inputTo` ingredient.
    Input,
    /// A picture inside the asset.
    CoverArt,
    /// A file beside the asset.
    Sidecar,
}

impl Via {
    /// True for the asset's own bytes.
    #[must_use]
    pub fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

/// Where a C2PA manifest store stands, as the format reader saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// `JPEG APP11`, `PNG caBX`, …
    pub place: String,
    /// Absolute offset of the store's first byte.
    pub offset: u64,
    /// The store's bytes, reassembled (JUMBF superbox first), bounded by [`crate::limits::STORE`].
    pub bytes: Vec<u8>,
    /// Why this store is not where or how the specification wants it (a retagged box, a cut end).
    pub damage: Option<String>,
}

/// Media inside media: cover art, an attachment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Embedded {
    pub place: String,
    pub offset: u64,
    pub bytes: Vec<u8>,
    pub name: Option<String>,
}

/// Bytes that a decoder wants and no tag can carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// Which decoder-facing kind this is: `jpeg-trailer`, `png-comf`, …
    pub kind: &'static str,
    pub place: String,
    pub offset: u64,
    pub bytes: Vec<u8>,
}

/// The C2PA part of [`Facts`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Credentials {
    pub present: bool,
    pub state: CredentialState,
    /// Subject common name of the active manifest's signing certificate.
    pub signer: Option<String>,
    /// Organization that issued that certificate.
    pub issuer: Option<String>,
    /// RFC 3339, from a time stamp that the manifest carries.
    pub signed_at: Option<String>,
    pub generator: Option<String>,
    /// Failed validation status codes, sorted, without repeats.
    pub failures: Vec<String>,
    /// How many manifests the store holds.
    pub manifests: usize,
    /// Name of the trust list that the signer is on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trust_list: Option<String>,
    /// A remote manifest that the file points to and that was not fetched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remote: Option<String>,
    /// Where the store stands: `JPEG APP11`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u64>,
    /// Why the store is not as the specification wants it, where it is damaged or misplaced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub damage: Option<String>,
    /// Whether the store came from a file beside the asset.
    #[serde(default, skip_serializing_if = "Via::is_own")]
    pub via: Via,
    /// The active manifest first, then its ingredients' manifests, depth first.
    pub chain: Vec<Manifest>,
}

/// What is known of an asset's Content Credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialState {
    /// Bytes and signature hold, and the signer is on a trust list in force.
    Trusted,
    /// Bytes and signature hold; nobody in force vouches for the signer.
    Valid,
    /// Bytes or manifest do not match the signature.
    Invalid,
    /// Not checked (`--verify off`, or a check that was cut short).
    #[default]
    Unverified,
    /// A store is there and cannot be read.
    Unreadable,
    /// Only a pointer to a manifest elsewhere.
    Remote,
}

/// One manifest of a store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub label: String,
    /// How the active manifest reaches it: empty for the active one.
    pub path: Vec<Via>,
    pub title: Option<String>,
    /// Claim generator: product name and version.
    pub generator: Option<String>,
    pub signer: Option<String>,
    pub issuer: Option<String>,
    pub signed_at: Option<String>,
    pub actions: Vec<Action>,
    /// Labels of all assertions, in order.
    pub assertions: Vec<String>,
    /// Values of assertions that marks test: key is `label#path` or `label`, bounded.
    pub values: Vec<(String, String)>,
}

/// One C2PA action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// `c2pa.created`, `c2pa.edited`, …
    pub action: String,
    /// As written in the file, not normalized.
    pub source_type: Option<String>,
    pub agent: Option<String>,
    pub when: Option<String>,
    /// False where the assertion is only gathered: the signer does not vouch for it.
    pub created: bool,
    /// Tool-specific parameters that name a source type, key and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
}

/// What a mark says about the asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// Wholly made by a generative model.
    Generated,
    /// Partly made or edited by a generative model.
    Composite,
    /// Processed by a model without new content.
    Enhanced,
    /// May be one of the above.
    Possible,
    /// Recorded from life.
    Captured,
    /// Digitized from film or print.
    Digitized,
    /// States that no generative model was used.
    NotAi,
}

/// How sure a mark makes us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Cryptographically checkable.
    Signed,
    /// The file states it in a field made for that.
    Declared,
    /// A structure that only a generator writes.
    Fingerprint,
    /// Decoded from the pixels.
    Pixel,
    /// Like another asset that is marked.
    Similar,
    /// Never enough alone.
    Hint,
}

/// One reason to believe a claim, with its exact place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Catalogue id: `iptc.digital-source-type`.
    pub mark: String,
    pub claim: Claim,
    pub strength: Strength,
    pub system: Option<String>,
    #[serde(rename = "where")]
    pub place: String,
    pub offset: Option<u64>,
    pub value: String,
    pub via: Via,
}

/// The strongest claim among the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ai {
    #[default]
    None,
    Possible,
    Enhanced,
    Composite,
    Generated,
}

impl Ai {
    /// The lower-case word that reports use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Possible => "possible",
            Self::Enhanced => "enhanced",
            Self::Composite => "composite",
            Self::Generated => "generated",
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// Whether a finding still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    Open,
    /// A recorded approval covers it.
    Approved,
    /// The policy suppresses it, with a reason.
    Suppressed,
    /// An earlier report already held it.
    Baseline,
}

/// What a rule found, after judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub severity: Severity,
    pub state: FindingState,
    pub message: String,
    pub help: String,
    /// Id of the approval that clears it or that it is about.
    pub approval: Option<String>,
    /// Why it is suppressed.
    pub reason: Option<String>,
}

/// Something about a file that kept us from reading all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub kind: ProblemKind,
    /// `mp4 (moov)`.
    #[serde(rename = "where")]
    pub place: String,
    pub offset: Option<u64>,
    pub what: String,
    /// Whether a mark could hide behind it: then the asset is never called clean.
    pub blocking: bool,
}

impl Problem {
    /// A problem behind which a mark could hide.
    pub fn new(kind: ProblemKind, place: impl Into<String>, offset: Option<u64>, what: impl Into<String>) -> Self {
        Self { kind, place: place.into(), offset, what: what.into(), blocking: true }
    }

    /// Structure that breaks its specification.
    pub fn malformed(place: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self::new(ProblemKind::Malformed, place, Some(offset), what)
    }

    /// Structure that promises more bytes than there are.
    pub fn truncated(place: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self::new(ProblemKind::Truncated, place, Some(offset), what)
    }

    /// A bound of [`crate::limits`] was reached.
    pub fn limit(place: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self::new(ProblemKind::Limit, place, Some(offset), what)
    }

    /// Something that no mark can hide behind; kept for `inspect`, not a finding.
    #[must_use]
    pub fn harmless(mut self) -> Self {
        self.blocking = false;
        self
    }

    /// Names the place where it is still unnamed.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        if self.place.is_empty() {
            place.clone_into(&mut self.place);
        }
        self
    }
}

/// The kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The operating system refused or failed.
    Io,
    Truncated,
    Malformed,
    /// A bound was reached.
    Limit,
    /// A variant that no reader here understands (encrypted, a special file).
    Unsupported,
    /// A reader gave up in a way it never should.
    Panic,
    /// The file changed while it was read.
    Changed,
}

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
    pub format: Option<String>,
    pub bytes: u64,
    pub sha256: Option<String>,
    pub role: Role,
    pub role_basis: String,
    pub package: Option<usize>,
    /// Which compositions play it, and where.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub plays: Vec<Play>,
    pub ai: Ai,
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
