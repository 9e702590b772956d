//! Decisions on their way into the ledger, which is the truth: the database only knows which request led to which record.
//!
//! There are three ways. The server records a decision for a person who is signed in, without a signature: the lowest grade. A
//! browser signs the prepared line with a key that it never gives away. Or the person signs with a key of their own on the
//! command line, with the request as a file; the server finds that record when it looks at the ledger.
//!
//! A record names its request as the system that it came from, so that a request whose record is there is never decided twice.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use chrono::{Local, NaiveDate};
use countersign_judge::approvals::detached::{self, Appended, Prepared};
use countersign_judge::approvals::{Approvals, Decision, Ledger, Person, Record, Subject};
use countersign_judge::policy::{Policy, Scope};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::store::{self, Request};
use crate::{Server, secret};

/// What stands before a request's id where a record says where it came from.
const SOURCE: &str = "countersign serve, request ";
/// How long a prepared line waits for its signature.
const TICKET_LIFETIME: Duration = Duration::from_secs(300);
/// Lines that wait for their signatures at most.
const MOST: usize = 256;

/// What somebody decides, as forms and pages send it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// `approved` or `denied`.
    pub decision: String,
    /// Ticket or contract.
    pub reference: String,
    /// The last day on which it holds, as `YYYY-MM-DD`; empty for no end.
    pub expires: String,
    /// On what condition; empty for none.
    pub condition: String,
    /// Scopes, as records spell them.
    pub scopes: Vec<String>,
    /// Anything else.
    pub note: String,
}

/// Why there is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Somebody else decided, or wrote to the ledger in between.
    Conflict(String),
    /// It cannot be recorded so.
    Wrong(String),
    /// It cannot be recorded so, because of this field of the form.
    Field(&'static str, String),
    /// Something failed that is not the person's.
    Failed(String),
}

impl From<rusqlite::Error> for Refused {
    fn from(e: rusqlite::Error) -> Self {
        Self::Failed(format!("the database: {e}"))
    }
}

/// Lines that wait for their signatures.
#[derive(Debug, Default)]
pub struct Tickets(Mutex<HashMap<String, Ticket>>);

#[derive(Debug)]
struct Ticket {
    request: String,
    person: i64,
    state: &'static str,
    prepared: Prepared,
    at: Instant,
}

impl Tickets {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Ticket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, ticket: Ticket) -> Result<String, Refused> {
        let name = secret::random().map_err(Refused::Failed)?;
        let mut tickets = self.lock();
        tickets.retain(|_, ticket| ticket.at.elapsed() < TICKET_LIFETIME);
        if tickets.len() >= MOST {
            return Err(Refused::Failed(
                "too many decisions wait for their signatures: try again in a minute".to_owned(),
            ));
        }
        tickets.insert(name.clone(), ticket);
        Ok(name)
    }

    /// A ticket counts once.
    fn take(&self, name: &str) -> Option<Ticket> {
        self.lock().remove(name).filter(|ticket| ticket.at.elapsed() < TICKET_LIFETIME)
    }
}

/// Words for the record's state: of the request's.
fn state_of(terms: &Terms) -> Result<(&'static str, Decision), Refused> {
    match (terms.decision.as_str(), terms.condition.trim().is_empty()) {
        ("approved", true) => Ok(("approved", Decision::Approved)),
        ("approved", false) => Ok(("approved", Decision::Conditional)),
        ("denied", _) => Ok(("denied", Decision::Denied)),
        _ => Err(Refused::Wrong("say whether it is approved or denied".to_owned())),
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The last day on which an approval is to hold.
fn last_day(text: &str, today: NaiveDate) -> Result<NaiveDate, Refused> {
    let wrong = |what: &str| Refused::Field("expires", what.to_owned());
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    match day.map_err(|_| wrong("write the last day as year, month and day: 2027-06-30"))? {
        day if day < today => Err(wrong("this day has passed: choose today or a later one")),
        day => Ok(day),
    }
}

fn scopes(words: &[String]) -> Result<Vec<Scope>, Refused> {
    let one = |word: &String| {
        let found = Scope::ALL.into_iter().find(|scope| scope.word() == word);
        found.ok_or_else(|| Refused::Wrong(format!("no scope is called {word}")))
    };
    words.iter().map(one).collect()
}

/// The record of a decision.
///
/// # Errors
/// Terms that make no sense.
pub fn record(request: &Request, by: &store::Person, terms: &Terms) -> Result<Record, Refused> {
    let (_, decision) = state_of(terms)?;
    let today = Local::now().date_naive();
    let expires_on = match terms.expires.trim() {
        "" => None,
        text => Some(last_day(text, today)?),
    };
    let refuses = decision == Decision::Denied;
    let mut scopes = scopes(&terms.scopes)?;
    if refuses {
        scopes.clear();
    } else if scopes.is_empty() {
        return Err(Refused::Field("scope", "tick what the approval covers".to_owned()));
    }
    let draft = &request.draft;
    Ok(Record {
        subjects: vec![Subject::new(request.path.clone(), Some(&request.sha256))],
        scopes,
        tool: some(&draft.tool),
        model: some(&draft.model),
        prompt: some(&draft.prompt),
        conditions: if refuses { Vec::new() } else { some(&terms.condition).into_iter().collect() },
        requester: Some(Person::named(request.requester_name.clone())),
        expires_on: expires_on.filter(|_| !refuses),
        reference: some(&terms.reference).or_else(|| some(&draft.reference)),
        note: some(&terms.note),
        source_system: Some(format!("{SOURCE}{}", request.id)),
        ..Record::new(decision, Person::named(by.display.clone()), today)
    })
}

/// Records a decision for somebody who is signed in, without a signature; the record's id.
///
/// # Errors
/// See [`Refused`].
pub fn record_for(server: &Server, request: &Request, by: &store::Person, terms: &Terms) -> Result<String, Refused> {
    let (state, _) = state_of(terms)?;
    let record = record(request, by, terms)?;
    if !server.store.claim(&request.id, state, &by.display)? {
        return Err(decided());
    }
    let appended = Ledger::append(&server.settings.approvals, &[record], None);
    match appended.map(|ids| ids.into_iter().next().unwrap_or_default()) {
        Ok(id) => {
            done(server, request, &id)?;
            Ok(id)
        }
        Err(e) => {
            server.store.reopen(&request.id)?;
            Err(Refused::Failed(e.to_string()))
        }
    }
}

fn decided() -> Refused {
    Refused::Conflict("somebody else has decided this request".to_owned())
}

/// Notes the record, and has the delivery judged again.
fn done(server: &Server, request: &Request, record: &str) -> Result<(), Refused> {
    server.store.recorded(&request.id, record)?;
    server.store.requeue(&request.delivery)?;
    server.changed(&request.delivery);
    Ok(())
}

/// What a browser is to sign, and the ticket that it sends back with the signature.
///
/// # Errors
/// See [`Refused`].
pub fn prepare(
    server: &Server,
    request: &Request,
    by: &store::Person,
    terms: &Terms,
) -> Result<(Vec<u8>, String), Refused> {
    let (state, _) = state_of(terms)?;
    if public_key(by).is_none() {
        return Err(Refused::Wrong("no key of a browser is registered: your account page makes one".to_owned()));
    }
    if request.state != "open" {
        return Err(decided());
    }
    let record = record(request, by, terms)?;
    let prepared =
        detached::prepare(&server.settings.approvals, &record).map_err(|e| Refused::Failed(e.to_string()))?;
    let pae = prepared.pae.clone();
    let ticket = Ticket { request: request.id.clone(), person: by.id, state, prepared, at: Instant::now() };
    Ok((pae, server.tickets.keep(ticket)?))
}

/// Adds the prepared line with the browser's signature; the record's id.
///
/// # Errors
/// See [`Refused`]; a conflict means: prepare again.
pub fn sign(
    server: &Server,
    request: &Request,
    by: &store::Person,
    ticket: &str,
    signature: &[u8],
) -> Result<String, Refused> {
    let ticket = server.tickets.take(ticket).filter(|ticket| ticket.person == by.id && ticket.request == request.id);
    let ticket = ticket.ok_or_else(|| Refused::Conflict("it was prepared too long ago: decide again".to_owned()))?;
    let key = public_key(by).ok_or_else(|| Refused::Wrong("no key of a browser is registered".to_owned()))?;
    let signature: &[u8; 64] =
        signature.try_into().map_err(|_| Refused::Wrong("that is no signature of Ed25519".to_owned()))?;
    if !server.store.claim(&request.id, ticket.state, &by.display)? {
        return Err(decided());
    }
    match detached::append_signed(&server.settings.approvals, &ticket.prepared, &key, signature) {
        Ok(Appended::Done) => {
            done(server, request, &ticket.prepared.id)?;
            Ok(ticket.prepared.id)
        }
        Ok(Appended::Moved) => {
            server.store.reopen(&request.id)?;
            Err(Refused::Conflict("somebody wrote to the ledger in between: sign again".to_owned()))
        }
        Err(e) => {
            server.store.reopen(&request.id)?;
            Err(Refused::Wrong(e.to_string()))
        }
    }
}

/// The key that somebody's browser signs with.
#[must_use]
pub fn public_key(person: &store::Person) -> Option<[u8; 32]> {
    let text = person.public_key.as_deref()?.strip_prefix("ed25519:")?;
    data_encoding::BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// A public key as the database and policies spell it, where the bytes are one.
#[must_use]
pub fn key_text(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 32] = bytes.try_into().ok()?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak())?;
    Some(countersign_judge::approvals::key_id(key.as_bytes()))
}

/// A request as a file that `countersign approve --from-request` takes.
#[must_use]
pub fn file(request: &Request) -> Value {
    json!({
        "countersign_request": 1,
        "id": request.id,
        "name": request.path,
        "sha256": request.sha256,
        "requester": request.requester_name,
        "reason": request.draft.reason,
        "tool": request.draft.tool,
        "model": request.draft.model,
        "prompt": request.draft.prompt,
        "reference": request.draft.reference,
        "scopes": request.draft.scopes,
        "source_system": format!("{SOURCE}{}", request.id),
    })
}

/// When and how long the ledger is: another value means that somebody wrote to it.
pub(crate) fn stamp(server: &Server) -> Option<(u64, SystemTime)> {
    let meta = std::fs::metadata(&server.settings.approvals).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}

/// The ledger as it is now, with the keys that the policy names.
///
/// # Errors
/// What is wrong with the ledger or the policy.
pub fn read(server: &Server) -> Result<Approvals, String> {
    let keys = policy(server)?.trust.keys;
    Approvals::load(&server.settings.approvals, &keys).map_err(|e| e.to_string())
}

/// The policy in force.
///
/// # Errors
/// What is wrong with it.
pub fn policy(server: &Server) -> Result<Policy, String> {
    let named = server.settings.policy.as_deref();
    named.map_or_else(|| Policy::builtin("netflix-genai"), Policy::named).map_err(|e| e.to_string())
}

/// Finds records of requests that the database takes for undecided: signed on the command line, or written just before the
/// last server ended. Deliveries that are held for such bytes are judged again.
///
/// # Errors
/// What is wrong with the ledger.
pub fn notice(server: &Server) -> Result<(), String> {
    let told = |e: rusqlite::Error| format!("the database: {e}");
    if stamp(server).is_none() {
        return Ok(());
    }
    let ledger = Ledger::read(&server.settings.approvals).map_err(|e| e.to_string())?;
    for entry in &ledger.entries {
        let record = &entry.record;
        let Some(id) = record.source_system.as_deref().and_then(|from| from.strip_prefix(SOURCE)) else { continue };
        let Some(request) = server.store.request(id).map_err(told)? else { continue };
        // Who writes a record names a request; only its bytes make it one about this request.
        if request.record.is_some() || !record.sha256().any(|sha256| sha256 == request.sha256) {
            continue;
        }
        let state = match record.decision {
            Decision::Approved | Decision::Conditional => "approved",
            Decision::Denied => "denied",
            _ => continue,
        };
        let claimed = server.store.claim(id, state, &record.approver.name).map_err(told)?;
        if claimed || request.state == state {
            server.store.recorded(id, &record.id).map_err(told)?;
            server.store.requeue(&request.delivery).map_err(told)?;
            server.changed(&request.delivery);
        }
    }
    Ok(())
}
