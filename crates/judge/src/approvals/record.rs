//! One approval as it is recorded: the predicate of an in-toto Statement v1.
//!
//! The statement's subjects carry the digests (in-toto attestation framework, Statement v1); everything else is our
//! predicate, `https://countersign.dev/approval/v1`. A subject that only names a path has an empty digest set, which
//! other readers of in-toto may refuse; such a record is of the lowest grade here.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use countersign_model::Decision;
use countersign_model::Scope;

/// The type of every statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The type of our predicate.
pub const PREDICATE: &str = "https://countersign.dev/approval/v1";

/// A decision about some bytes, and who made it when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Unique in its ledger; the ledger gives one to a record that has none.
    #[serde(default)]
    pub id: String,
    /// In the statement these stand outside the predicate.
    #[serde(skip)]
    pub subjects: Vec<Subject>,
    /// What was decided.
    pub decision: Decision,
    /// What the decision is for; empty where it does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// How the tool was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_class: Option<UseClass>,
    /// Name of the generative tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Who makes the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Version of the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The model that the tool used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The prompt, or where it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What went into the tool, and its rights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceAsset>,
    /// References to consents given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<String>,
    /// What must be kept to for the decision to hold, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// Who asked for the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<Person>,
    /// Who decided.
    pub approver: Person,
    /// The first day on which the decision holds.
    pub decided_on: NaiveDate,
    /// The last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<NaiveDate>,
    /// Ticket or contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Anything else, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The archive that the material comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// The collection in that archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// The number or name of the object in that collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The license under which it may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The words by which the audience is told.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "disclosure_text")]
    pub disclosure_text: Option<String>,
    /// Ids of earlier records that this one ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<String>,
    /// The system or sheet that it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_system: Option<String>,
}

impl Record {
    /// A record with the fields that every record has.
    #[must_use]
    pub fn new(decision: Decision, approver: Person, decided_on: NaiveDate) -> Self {
        Self {
            id: String::new(),
            subjects: Vec::new(),
            decision,
            scopes: Vec::new(),
            use_class: None,
            tool: None,
            vendor: None,
            version: None,
            model: None,
            prompt: None,
            sources: Vec::new(),
            consents: Vec::new(),
            conditions: Vec::new(),
            requester: None,
            approver,
            decided_on,
            expires_on: None,
            reference: None,
            note: None,
            archive: None,
            collection: None,
            object: None,
            licence: None,
            disclosure_text: None,
            supersedes: Vec::new(),
            source_system: None,
        }
    }

    /// The SHA-256 digests of the subjects, in lower-case hex.
    pub fn sha256(&self) -> impl Iterator<Item = &str> {
        self.subjects.iter().filter_map(Subject::sha256)
    }
}

/// What a record is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The path at the time of the decision: a hint to find the file again, not its identity.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// By algorithm, in lower-case hex where it is a hash: `sha256`, `sha1`, `xxh64`, `c4`, `imfUuid`, `c2paInstance`.
    #[serde(default)]
    pub digest: BTreeMap<String, String>,
    /// What else the record says of these bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Annotations>,
}

impl Subject {
    /// These bytes under this name.
    #[must_use]
    pub fn new(name: impl Into<String>, sha256: Option<&str>) -> Self {
        let digest = sha256.map(|hex| ("sha256".to_owned(), hex.to_lowercase())).into_iter().collect();
        Self { name: name.into(), digest, annotations: None }
    }

    /// The SHA-256 digest in hex.
    #[must_use]
    pub fn sha256(&self) -> Option<&str> {
        self.digest.get("sha256").map(String::as_str)
    }
}

/// What else a record says of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotations {
    /// Frames or timecodes, as people write them: `01:02:03:00-01:02:09:12`, `1001-1096`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// What a copy of it is recognized by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// What a copy of a subject is recognized by: no picture, only hashes and a rough outline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The fingerprints of a still, as an index holds them, in base64; empty for a clip or a sound.
    pub picture: String,
    /// The fingerprints of a clip or a sound, as an index holds them, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving: Option<String>,
    /// What the subject's own marks claimed at the time of the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai: Option<countersign_model::Ai>,
}

/// How the tool was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UseClass {
    /// It helped, and nothing of its output is in the asset.
    Assistive,
    /// It changed material that was recorded or drawn.
    Altered,
    /// It made the material.
    Generated,
    /// It made the likeness or voice of a real person.
    DigitalReplica,
}

impl UseClass {
    /// The kebab-case word that records and reports use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Assistive => "assistive",
            Self::Altered => "altered",
            Self::Generated => "generated",
            Self::DigitalReplica => "digital-replica",
        }
    }
}

/// Something that went into the tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceAsset {
    /// What it is, or what its file is called.
    pub name: String,
    /// Who holds the rights in it, or under which license it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<String>,
}

/// Who asked or decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person's name.
    pub name: String,
    /// What the person does: `VP Post Production`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

impl Person {
    /// A person of whom only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), role: None, organization: None }
    }
}

impl std::fmt::Display for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let more: Vec<&str> = [&self.role, &self.organization].into_iter().flatten().map(String::as_str).collect();
        match more.is_empty() {
            true => write!(f, "{}", self.name),
            false => write!(f, "{} ({})", self.name, more.join(", ")),
        }
    }
}

/// The whole statement, as it stands in an envelope's payload.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statement {
    #[serde(rename = "_type")]
    pub(super) kind: String,
    pub(super) subject: Vec<Subject>,
    pub(super) predicate_type: String,
    pub(super) predicate: Predicate,
}

/// The record and its link in the chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Predicate {
    /// 1 for the ledger's first line.
    pub(super) sequence: u64,
    /// SHA-256 of the line before, without its line feed; 64 zeros on the first line.
    pub(super) previous: String,
    #[serde(flatten)]
    pub(super) record: Record,
}

impl Statement {
    pub(super) fn new(record: &Record, sequence: u64, previous: &str) -> Self {
        Self {
            kind: STATEMENT.to_owned(),
            subject: record.subjects.clone(),
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate { sequence, previous: previous.to_owned(), record: record.clone() },
        }
    }
}
