//! People, tokens of clients, and one's own account.

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{json_of, or_form, redirect};
use super::pages::page;
use super::{Answer, Asked, Refusal};
use crate::store::{Person, Role};
use crate::{ledger, secret};

/// How long an invitation holds, in seconds.
const INVITATION: i64 = 7 * 86_400;

fn person_of(person: &Person) -> Value {
    let mut out = serde_json::to_value(person).unwrap_or_default();
    if let Some(fields) = out.as_object_mut() {
        fields.insert("has_password".to_owned(), json!(person.password.is_some()));
    }
    out
}

/// The page, with a secret that was just made: it is shown once and kept by nobody.
fn shown(asked: &Asked, made: Option<(&str, String)>) -> Answer {
    let store = &asked.server.store;
    let people: Vec<Value> = store.people()?.iter().map(person_of).collect();
    let made = made.map(|(what, secret)| json!({ "what": what, "secret": secret }));
    let known =
        json!({ "people": people, "tokens": store.tokens()?, "roles": Role::ALL.map(Role::word), "made": made });
    page(asked, "people.html", known)
}

pub(super) fn list(asked: &Asked) -> Answer {
    shown(asked, None)
}

fn role(asked: &Asked) -> Result<Role, Refusal> {
    Role::read(asked.field("role")).ok_or_else(|| Refusal::wrong("there are the roles viewer, qc, approver and admin"))
}

pub(super) fn invite(asked: &Asked) -> Answer {
    let (role, token) = (role(asked)?, secret::random().map_err(Refusal::failed)?);
    asked.server.store.invite(&secret::digest(&token), role, INVITATION)?;
    asked.note("invited somebody", role.word())?;
    let link = format!("{}/setup?token={token}", asked.server.settings.address());
    shown(asked, Some(("invitation", link)))
}

pub(super) fn make_token(asked: &Asked) -> Answer {
    or_form(asked, token_made(asked), list)
}

fn token_made(asked: &Asked) -> Answer {
    let (role, name) = (role(asked)?, asked.field("name"));
    if role > Role::Qc {
        return Err(Refusal::wrong("a program cannot decide: a token has the role viewer or qc").at("role"));
    }
    if name.is_empty() || name.chars().count() > 120 {
        return Err(Refusal::wrong("say what the token is for, in at most 120 characters").at("name"));
    }
    let token = secret::random().map_err(Refusal::failed)?;
    asked.server.store.add_token(&secret::digest(&token), name, role, &asked.person()?.name)?;
    asked.note("made a token", name)?;
    shown(asked, Some(("token", token)))
}

pub(super) fn revoke_token(asked: &Asked) -> Answer {
    asked.server.store.revoke_token(asked.field("digest"))?;
    asked.note("revoked a token", asked.field("digest").get(..8).unwrap_or_default())?;
    Ok(redirect("/people?said=revoked"))
}

pub(super) fn change(asked: &Asked) -> Answer {
    or_form(asked, changed(asked), list)
}

fn changed(asked: &Asked) -> Answer {
    let (store, role) = (&asked.server.store, role(asked)?);
    let found = store.people()?.into_iter().find(|person| person.id.to_string() == asked.param("id"));
    let person = found.ok_or_else(|| Refusal::nothing("there is no such person"))?;
    let disabled = !asked.field("disabled").is_empty();
    if !store.change_person(person.id, role, disabled)? {
        return Err(Refusal::wrong("this is the last admin: make somebody else one first"));
    }
    let state = if disabled { ", may not sign in" } else { "" };
    asked.note("changed a person", &format!("{}: {}{state}", person.name, role.word()))?;
    Ok(redirect("/people?said=changed"))
}

pub(super) fn account(asked: &Asked) -> Answer {
    let person = asked.person()?;
    page(asked, "account.html", json!({ "person": person, "has_password": person.password.is_some() }))
}

fn own_session(asked: &Asked) -> &str {
    asked.session.as_ref().map(|session| session.digest.as_str()).unwrap_or_default()
}

pub(super) fn password(asked: &Asked) -> Answer {
    or_form(asked, password_changed(asked), account)
}

fn password_changed(asked: &Asked) -> Answer {
    let person = asked.person()?;
    if person.provided {
        return Err(Refusal::forbidden("your organization signs you in: there is no password here"));
    }
    if !asked.server.attempts.begin(&person.name) {
        return Err(Refusal::wrong("there were too many attempts: wait five minutes"));
    }
    if person.password.is_some() && !secret::verified(asked.typed("old"), person.password.as_deref()) {
        return Err(Refusal::wrong("the old password is another one").at("old"));
    }
    asked.server.attempts.succeeded(&person.name);
    if asked.typed("new") != asked.typed("again") {
        return Err(Refusal::wrong("the two new passwords are not the same").at("again"));
    }
    let hash = secret::hashed(asked.typed("new")).map_err(|what| Refusal::wrong(what).at("new"))?;
    asked.server.store.set_password(person.id, &hash, own_session(asked))?;
    asked.note("changed the password", "")?;
    Ok(redirect("/account?said=password"))
}

pub(super) fn end_sessions(asked: &Asked) -> Answer {
    asked.server.store.end_sessions(asked.person()?.id)?;
    asked.note("ended all sessions", "")?;
    Ok(redirect("/login?said=ended"))
}

#[derive(Debug, Deserialize)]
struct Key {
    public_key: String,
}

pub(super) fn register_key(asked: &Asked) -> Answer {
    let key: Key = asked.json()?;
    let bytes = BASE64.decode(key.public_key.as_bytes()).ok();
    let text = bytes.and_then(|bytes| ledger::key_text(&bytes));
    let text = text.ok_or_else(|| Refusal::wrong("that is no public key of Ed25519: 32 bytes in base64"))?;
    asked.server.store.set_public_key(asked.person()?.id, Some(&text))?;
    asked.note("registered a key", &text)?;
    Ok(json_of(&json!({ "url": "/account?said=key", "public_key": text })))
}

pub(super) fn remove_key(asked: &Asked) -> Answer {
    asked.server.store.set_public_key(asked.person()?.id, None)?;
    asked.note("removed the key", "")?;
    Ok(redirect("/account?said=key-removed"))
}
