//! Requests for approval: to ask, to look, to decide in one of three ways.

use axum::http::header;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{json_of, or_form, redirect, with};
use super::assets::{asset, scopes, why_not};
use super::deliveries::delivery;
use super::pages::page;
use super::{Answer, Asked, Refusal};
use crate::ledger::{self, Terms};
use crate::secret;
use crate::store::{Draft, Request, Role};

/// Requests on the page.
const MOST: u32 = 200;
/// The longest text of a field, in bytes.
const LONGEST: usize = 4_000;
const STATES: [&str; 4] = ["open", "approved", "denied", "withdrawn"];

fn text(asked: &Asked, name: &'static str) -> Result<String, Refusal> {
    let text = asked.field(name);
    match text.len() <= LONGEST {
        true => Ok(text.to_owned()),
        false => Err(Refusal::wrong(format!("this is longer than {LONGEST} bytes")).at(name)),
    }
}

pub(super) fn ask(asked: &Asked) -> Answer {
    or_form(asked, asked_for(asked), super::assets::one)
}

fn asked_for(asked: &Asked) -> Answer {
    let (store, delivery, me) = (&asked.server.store, delivery(asked)?, asked.person()?);
    let (_, row) = asset(asked, &delivery)?;
    if let Some(why) = why_not(&row) {
        return Err(Refusal::wrong(why));
    }
    let approver = match asked.field("approver") {
        "" => None,
        id => {
            let found = store.people()?.into_iter().find(|person| person.id.to_string() == id);
            let found = found.filter(|person| person.role >= Role::Approver && !person.disabled);
            let found = found.ok_or_else(|| Refusal::wrong("whom you ask may not decide").at("approver"))?;
            if asked.server.settings.four_eyes && found.id == me.id {
                return Err(Refusal::wrong("somebody else must decide what you ask for").at("approver"));
            }
            Some(found.id)
        }
    };
    let mut scopes = asked.fields("scope");
    scopes.retain(|word| countersign_judge::policy::Scope::ALL.iter().any(|scope| scope.word() == word));
    let draft = Draft {
        reason: text(asked, "reason")?,
        tool: text(asked, "tool")?,
        model: text(asked, "model")?,
        prompt: text(asked, "prompt")?,
        reference: text(asked, "reference")?,
        scopes,
    };
    let new = Request {
        id: secret::random().map_err(Refusal::failed)?,
        delivery: delivery.id.clone(),
        path: row.path.clone(),
        sha256: row.sha256.unwrap_or_default(),
        ai: row.ai,
        requester: me.id,
        requester_name: me.display.clone(),
        approver,
        approver_name: None,
        state: "open".to_owned(),
        draft,
        created: 0,
        decided: None,
        decided_by: None,
        record: None,
    };
    let id = store.ask(&new)?;
    asked.note("asked for an approval", &row.path)?;
    asked.server.changed(&delivery.id);
    Ok(redirect(&format!("/requests/{id}?said=asked")))
}

/// A request with what lists show of it.
fn with_names(asked: &Asked, request: &Request) -> Result<Value, Refusal> {
    let mut out = serde_json::to_value(request).unwrap_or_default();
    let delivery = asked.server.store.delivery(&request.delivery)?;
    if let Some(fields) = out.as_object_mut() {
        fields.insert("delivery_name".to_owned(), json!(delivery.map(|delivery| delivery.name)));
        fields.insert("url".to_owned(), json!(format!("/requests/{}", request.id)));
    }
    Ok(out)
}

pub(super) fn list(asked: &Asked) -> Answer {
    let wanted = asked.query("state");
    let state = STATES.into_iter().find(|state| *state == wanted).unwrap_or("open");
    let me = asked.person()?;
    // What waits for others is no work of an approver; everybody else sees all.
    let approver = (state == "open" && me.role == Role::Approver).then_some(me.id);
    let rows = asked.server.store.requests(state, approver, MOST)?;
    let requests = rows.iter().map(|request| with_names(asked, request)).collect::<Result<Vec<_>, _>>()?;
    page(asked, "requests.html", json!({ "state": state, "requests": requests }))
}

fn request(asked: &Asked) -> Result<Request, Refusal> {
    let found = asked.server.store.request(asked.param("id"))?;
    found.ok_or_else(|| Refusal::nothing("there is no such request"))
}

/// Why who is signed in may not decide a request.
fn not_for(asked: &Asked, request: &Request) -> Option<String> {
    let Ok(me) = asked.person() else { return Some("nobody is signed in".to_owned()) };
    if request.state != "open" {
        return Some(format!("it is {} already", request.state));
    }
    if me.role < Role::Approver {
        return Some("approvers decide, and your role is another one".to_owned());
    }
    if asked.server.settings.four_eyes && request.requester == me.id {
        return Some("you asked for it: somebody else must decide".to_owned());
    }
    let other = request.approver.filter(|approver| *approver != me.id);
    other.map(|_| format!("{} was asked", request.approver_name.clone().unwrap_or_default()))
}

pub(super) fn one(asked: &Asked) -> Answer {
    let (store, request) = (&asked.server.store, request(asked)?);
    let delivery = store.delivery(&request.delivery)?;
    let scan = delivery.as_ref().map(|delivery| store.last_report(&delivery.id)).transpose()?.flatten();
    let number = scan.as_ref().map(|s| store.asset_with(s.id, &request.path, &request.sha256)).transpose()?.flatten();
    let row = scan.zip(number).map(|(scan, number)| store.asset(scan.id, number)).transpose()?.flatten();
    let asset = row.as_ref().and_then(|row| serde_json::from_str::<Value>(&row.json).ok());
    let asset_url = number.map(|number| format!("/deliveries/{}/assets/{number}", request.delivery));
    let picture = asset_url.as_ref().map(|url| format!("{url}/picture"));
    let why_not = not_for(asked, &request);
    let has_key = asked.person()?.public_key.is_some();
    let mine = asked.person()?.id == request.requester;
    let known = json!({ "request": request, "delivery": delivery, "asset": asset, "asset_url": asset_url, "picture": picture, "may_decide": why_not.is_none(), "why_not": why_not, "has_key": has_key, "public_key": asked.person()?.public_key, "mine": mine, "scopes": scopes(), "ledger": asked.server.settings.approvals.display().to_string() });
    page(asked, "request.html", known)
}

pub(super) fn file(asked: &Asked) -> Answer {
    let request = request(asked)?;
    let name = format!("attachment; filename=\"request-{}.json\"", request.id.get(..8).unwrap_or_default());
    Ok(with(json_of(&ledger::file(&request)), header::CONTENT_DISPOSITION, &name))
}

fn refuse_others(asked: &Asked, request: &Request) -> Result<(), Refusal> {
    match not_for(asked, request) {
        Some(why) if request.state != "open" => Err(Refusal::conflict(why)),
        Some(why) => Err(Refusal::forbidden(why)),
        None => Ok(()),
    }
}

fn decide(asked: &Asked, decision: &str) -> Answer {
    let request = request(asked)?;
    refuse_others(asked, &request)?;
    let terms = Terms {
        decision: decision.to_owned(),
        reference: text(asked, "reference")?,
        expires: text(asked, "expires")?,
        condition: text(asked, "condition")?,
        scopes: asked.fields("scope"),
        note: text(asked, "note")?,
    };
    let id = ledger::record_for(&asked.server, &request, asked.person()?, &terms)?;
    asked.note(decision, &format!("{}: record {id}", request.path))?;
    Ok(redirect(&format!("/requests/{}?said={decision}", request.id)))
}

pub(super) fn approve(asked: &Asked) -> Answer {
    or_form(asked, decide(asked, "approved"), one)
}

pub(super) fn deny(asked: &Asked) -> Answer {
    or_form(asked, decide(asked, "denied"), one)
}

pub(super) fn withdraw(asked: &Asked) -> Answer {
    let (request, me) = (request(asked)?, asked.person()?);
    if request.requester != me.id && me.role < Role::Admin {
        return Err(Refusal::forbidden("who asked can withdraw it, or an admin"));
    }
    if !asked.server.store.withdraw(&request.id, &me.display)? {
        return Err(Refusal::conflict(format!("it is {} already", request.state)));
    }
    asked.note("withdrew a request", &request.path)?;
    asked.server.changed(&request.delivery);
    Ok(redirect(&format!("/requests/{}?said=withdrawn", request.id)))
}

pub(super) fn prepare(asked: &Asked) -> Answer {
    let request = request(asked)?;
    refuse_others(asked, &request)?;
    let terms: Terms = asked.json()?;
    let texts = [&terms.reference, &terms.condition, &terms.note, &terms.expires];
    if texts.iter().any(|text| text.len() > LONGEST) || terms.scopes.len() > 16 {
        return Err(Refusal::wrong(format!("a field is longer than {LONGEST} bytes")));
    }
    let (pae, ticket) = ledger::prepare(&asked.server, &request, asked.person()?, &terms)?;
    Ok(json_of(&json!({ "pae": BASE64.encode(&pae), "ticket": ticket })))
}

#[derive(Debug, Deserialize)]
struct Signed {
    ticket: String,
    signature: String,
}

pub(super) fn sign(asked: &Asked) -> Answer {
    let request = request(asked)?;
    refuse_others(asked, &request)?;
    let signed: Signed = asked.json()?;
    let bad = |_| Refusal::wrong("the signature is not base64");
    let signature = BASE64.decode(signed.signature.as_bytes()).map_err(bad)?;
    let id = ledger::sign(&asked.server, &request, asked.person()?, &signed.ticket, &signature)?;
    asked.note("signed a decision", &format!("{}: record {id}", request.path))?;
    Ok(json_of(&json!({ "url": format!("/requests/{}", request.id) })))
}
