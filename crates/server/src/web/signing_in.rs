//! Signing in and out, and the links that make people.

use axum::http::{StatusCode, header};
use axum::response::Response;

use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::{redirect, with};
use super::guard::{EARLY, SESSION};
use super::pages::page as page_of;
use super::{Answer, Asked, Refusal};
use crate::secret;
use crate::store::Role;

/// How long browsers keep the cookie of a session, in seconds; the server ends it earlier.
const KEPT: i64 = 30 * 86_400;

pub(super) fn set_cookie(answer: Response, name: &str, value: &str, seconds: i64) -> Response {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    with(answer, header::SET_COOKIE, &text)
}

/// A page with a form for somebody without a session: its CSRF token depends on a cookie that only this server sets.
fn early_page(asked: &Asked, name: &str, known: Value) -> Answer {
    if asked.early.is_some() {
        return page_of(asked, name, known);
    }
    let early = secret::random().map_err(Refusal::failed)?;
    let with_token = Asked::with_early(asked, &early);
    Ok(set_cookie(page_of(&with_token, name, known)?, EARLY, &early, 86_400))
}

impl Asked {
    /// For a page that is shown to somebody for the first time.
    fn with_early(&self, early: &str) -> Self {
        let mut fresh = self.without_body();
        fresh.early = Some(early.to_owned());
        fresh.session = None;
        fresh.problem.clone_from(&self.problem);
        fresh
    }
}

/// The form once more, with what was typed and what is wrong with it.
pub(super) fn again(asked: &Asked, name: &str, known: Value, problem: &str) -> Answer {
    let mut shown = asked.without_body();
    shown.problem = Some(problem.to_owned());
    let mut answer = early_page(&shown, name, known)?;
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(answer)
}

pub(super) fn page(asked: &Asked) -> Answer {
    if asked.session.is_some() {
        return Ok(redirect(next(asked.query("next"))));
    }
    let wanted = asked.query("next");
    let wanted = if wanted.is_empty() { "" } else { next(wanted) };
    early_page(asked, "login.html", json!({ "next": wanted, "oidc": link(asked, wanted) }))
}

/// Where the page to sign in leads whoever has no password here, where there is a provider.
pub(super) fn link(asked: &Asked, to: &str) -> Option<String> {
    asked.server.provider.as_ref()?;
    let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
    Some(format!("/oidc/start?next={to}"))
}

/// A page of this server to go to; anything else is the list of deliveries.
pub(super) fn next(path: &str) -> &str {
    let good = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() < 2_000
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if good { path } else { "/" }
}

pub(super) fn sign_in(asked: &Asked) -> Answer {
    let (server, name) = (&asked.server, asked.field("name").to_lowercase());
    if !server.attempts.begin(&name) {
        let what = "there were too many attempts to sign in";
        return Err(
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Wait a little", what).next("Try again in five minutes.")
        );
    }
    let person = server.store.person_named(&name)?.filter(|person| !person.disabled);
    let hash = person.as_ref().and_then(|person| person.password.as_deref());
    let good = secret::verified(asked.typed("password"), hash);
    let Some(person) = person.filter(|_| good) else {
        server.store.note("nobody", "failed to sign in", &name.chars().take(64).collect::<String>())?;
        let wanted = asked.field("next");
        let known = json!({ "name": name, "next": wanted, "oidc": link(asked, wanted) });
        return again(asked, "login.html", known, "There is nobody with this name and password.");
    };
    server.attempts.succeeded(&name);
    let to = next(asked.field("next"));
    begin(asked, person.id, &person.name, to)
}

/// Begins a session under a new name, whatever cookie was sent: nobody can have chosen it before.
pub(super) fn begin(asked: &Asked, person: i64, name: &str, to: &str) -> Answer {
    let store = &asked.server.store;
    if let Some(old) = &asked.session {
        store.end_session(&old.digest)?;
    }
    let (token, csrf) = (secret::random().map_err(Refusal::failed)?, secret::random().map_err(Refusal::failed)?);
    store.begin_session(&secret::digest(&token), person, &csrf)?;
    store.note(name, "signed in", "")?;
    Ok(set_cookie(set_cookie(redirect(to), SESSION, &token, KEPT), EARLY, "", 0))
}

pub(super) fn sign_out(asked: &Asked) -> Answer {
    if let Some(session) = &asked.session {
        asked.server.store.end_session(&session.digest)?;
        asked.note("signed out", "")?;
    }
    Ok(set_cookie(redirect("/login"), SESSION, "", 0))
}

/// The role that a link gives.
fn invited(asked: &Asked, token: &str) -> Result<Role, Refusal> {
    let role = asked.server.store.invitation(&secret::digest(token))?;
    role.ok_or_else(|| Refusal::nothing("this link was used, or is too old").next("Ask an admin for a new one."))
}

pub(super) fn setup_page(asked: &Asked) -> Answer {
    let token = asked.query("token");
    let role = invited(asked, token)?;
    early_page(asked, "setup.html", json!({ "token": token, "role": role.word() }))
}

fn wrong_names(name: &str, display: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@' | '+');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Some("A name to sign in with has letters, digits, '.', '_', '-', '+' or '@', at most 64.");
    }
    let told = !display.is_empty() && display.chars().count() <= 120 && !display.chars().any(char::is_control);
    (!told).then_some("Say what records should call you, in at most 120 characters.")
}

pub(super) fn set_up(asked: &Asked) -> Answer {
    let (store, token) = (&asked.server.store, asked.field("token"));
    let role = invited(asked, token)?;
    let (name, display) = (asked.field("name").to_lowercase(), asked.field("display"));
    let wrong = |what: &str| {
        let known = json!({ "token": token, "role": role.word(), "name": name, "display": display });
        again(asked, "setup.html", known, what)
    };
    if let Some(what) = wrong_names(&name, display) {
        return wrong(what);
    }
    let people = store.people()?;
    if people.iter().any(|person| person.name == name || person.display.to_lowercase() == display.to_lowercase()) {
        return wrong("Somebody else goes by this name: records could not tell you apart.");
    }
    if asked.typed("password") != asked.typed("password_again") {
        return wrong("The two passwords are not the same.");
    }
    let hash = match secret::hashed(asked.typed("password")) {
        Ok(hash) => hash,
        Err(what) => return wrong(&what),
    };
    if !store.use_invitation(&secret::digest(token))? {
        return Err(Refusal::conflict("this link was used just now"));
    }
    let person = store.add_person(&name, display, role, Some(&hash))?;
    store.note(&name, "joined", role.word())?;
    begin(asked, person, &name, "/")
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn signing_in_leads_to_no_other_server() {
        assert_eq!(next("/deliveries/x?rule=y"), "/deliveries/x?rule=y");
        for bad in ["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:x", "/a\r\nb", "/a b"]
        {
            assert_eq!(next(bad), "/", "{bad:?}");
        }
    }
}
