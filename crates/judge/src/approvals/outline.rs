//! Of a line that was checked once, word for word, what the index needs, and nothing else.
//!
//! The whole statement is read where a line is checked and where a record is asked for: this is for the pass over all
//! lines of a large ledger on every run.

use std::borrow::Cow;

use chrono::NaiveDate;
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::paths;
use super::record::{Decision, PREDICATE, Record, STATEMENT, Subject};

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline<'a> {
    #[serde(borrow, rename = "_type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    subject: Vec<Named<'a>>,
    #[serde(borrow)]
    predicate_type: Cow<'a, str>,
    #[serde(borrow)]
    predicate: Decided<'a>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    digest: Digests<'a>,
}

#[derive(Default, Deserialize)]
struct Digests<'a> {
    #[serde(borrow)]
    sha256: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decided<'a> {
    sequence: u64,
    #[serde(borrow)]
    previous: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    decision: Decision,
    decided_on: NaiveDate,
    #[serde(default)]
    expires_on: Option<NaiveDate>,
    #[serde(borrow, default)]
    supersedes: Vec<Cow<'a, str>>,
}

/// What a line says, as far as the index needs it.
#[derive(Clone, Debug)]
pub(super) struct LineOutline {
    /// The line's number, as it says itself.
    pub(super) sequence: u64,
    /// SHA-256 of the line before, as it says.
    pub(super) previous: [u8; 32],
    /// Key of its id ([`id_key`]).
    pub(super) id: u64,
    pub(super) decision: Decision,
    pub(super) decided_on: NaiveDate,
    pub(super) expires_on: Option<NaiveDate>,
    pub(super) subjects: Vec<OutlinedSubject>,
    /// Keys of the ids that it ends.
    pub(super) supersedes: Vec<u64>,
}

/// One subject of a line.
#[derive(Clone, Debug)]
pub(super) struct OutlinedSubject {
    pub(super) name: String,
    /// Key of the name ([`paths::key`]).
    pub(super) key: i64,
    /// Key of its SHA-256 ([`digest_key`]), where it has one.
    pub(super) digest: Option<[u8; 32]>,
}

impl LineOutline {
    /// What a record on this line says, that was read as a whole.
    pub(super) fn of(record: &Record, sequence: u64) -> Self {
        let subject = |s: &Subject| OutlinedSubject::new(&s.name, s.sha256());
        Self {
            sequence,
            previous: [0; 32],
            id: id_key(&record.id),
            decision: record.decision,
            decided_on: record.decided_on,
            expires_on: record.expires_on,
            subjects: record.subjects.iter().map(subject).collect(),
            supersedes: record.supersedes.iter().map(|id| id_key(id)).collect(),
        }
    }
}

impl OutlinedSubject {
    fn new(name: &str, sha256: Option<&str>) -> Self {
        Self { name: name.to_owned(), key: paths::key(name), digest: sha256.map(digest_key) }
    }
}

/// What the line says; `None` where it is not one that an append of ours leaves behind.
pub(super) fn read(line: &[u8]) -> Option<LineOutline> {
    let envelope: Envelope<'_> = serde_json::from_slice(line).ok()?;
    let payload = BASE64.decode(envelope.payload.as_bytes()).ok()?;
    let outline: Outline<'_> = serde_json::from_slice(&payload).ok()?;
    if outline.kind != STATEMENT || outline.predicate_type != PREDICATE {
        return None;
    }
    let decided = outline.predicate;
    let subject = |named: Named<'_>| OutlinedSubject::new(&named.name, named.digest.sha256.as_deref());
    Some(LineOutline {
        sequence: decided.sequence,
        previous: hex(decided.previous.as_bytes())?,
        id: id_key(&decided.id),
        decision: decided.decision,
        decided_on: decided.decided_on,
        expires_on: decided.expires_on,
        subjects: outline.subject.into_iter().map(subject).collect(),
        supersedes: decided.supersedes.iter().map(|id| id_key(id)).collect(),
    })
}

/// Blanks behind an id are no difference.
pub(super) fn id_key(id: &str) -> u64 {
    let digest = Sha256::digest(id.trim_end().as_bytes());
    u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// The bytes of a SHA-256 that is written as one; whatever else stands in its place is found by its own.
pub(super) fn digest_key(sha256: &str) -> [u8; 32] {
    // As every append of ours writes it.
    if let Some(bytes) = hex(sha256.as_bytes()) {
        return bytes;
    }
    let text = sha256.trim().to_lowercase();
    let hex = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    hex.unwrap_or_else(|| Sha256::digest(text.as_bytes()).into())
}

/// 32 bytes in lower-case hex.
fn hex(text: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    (text.len() == 64 && HEXLOWER.decode_mut(text, &mut bytes).is_ok()).then_some(bytes)
}
