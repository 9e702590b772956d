//! Of a line that was checked once, word for word, what the index needs, and nothing else.
//!
//! The whole statement is read where a line is checked and where a record is asked for: this is for the pass over all
//! lines of a large ledger on every run.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use data_encoding::BASE64;
use serde::Deserialize;

use super::record::{Predicate, Statement};
use super::{Decision, Person, Record, Subject};

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
    #[serde(default)]
    digest: Digests,
}

#[derive(Default, Deserialize)]
struct Digests {
    sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decided<'a> {
    sequence: u64,
    previous: String,
    #[serde(default)]
    id: String,
    decision: Decision,
    decided_on: NaiveDate,
    #[serde(default)]
    expires_on: Option<NaiveDate>,
    #[serde(borrow, default)]
    supersedes: Vec<Cow<'a, str>>,
}

/// The statement of a line, as far as the index needs it.
pub(super) fn read(line: &[u8]) -> Result<Statement, String> {
    let envelope: Envelope<'_> = serde_json::from_slice(line).map_err(|e| format!("not an envelope: {e}"))?;
    let payload = BASE64.decode(envelope.payload.as_bytes()).map_err(|_| "its payload is not base64".to_owned())?;
    let outline: Outline<'_> = serde_json::from_slice(&payload).map_err(|e| format!("not an approval: {e}"))?;
    let Decided { sequence, previous, id, decision, decided_on, expires_on, supersedes } = outline.predicate;
    let subject = |named: Named<'_>| {
        let digest: BTreeMap<_, _> = named.digest.sha256.map(|hex| ("sha256".to_owned(), hex)).into_iter().collect();
        Subject { name: named.name.into_owned(), digest, annotations: None }
    };
    let record = Record {
        id,
        expires_on,
        supersedes: supersedes.into_iter().map(Cow::into_owned).collect(),
        ..Record::new(decision, Person::default(), decided_on)
    };
    Ok(Statement {
        kind: outline.kind.into_owned(),
        subject: outline.subject.into_iter().map(subject).collect(),
        predicate_type: outline.predicate_type.into_owned(),
        predicate: Predicate { sequence, previous, record },
    })
}
