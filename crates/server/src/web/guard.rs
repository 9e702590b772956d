//! What every request must pass before anything answers it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use super::{Access, Refusal, Route};
use crate::store::{Person, Role, Session};
use crate::{Server, secret};

/// The cookie of a session. Its prefix keeps other hosts and plain connections from setting it (RFC 6265bis, 4.1.3.2).
pub(super) const SESSION: &str = "__Host-countersign";
/// The cookie of somebody who is about to sign in: the CSRF token of that form depends on it.
pub(super) const EARLY: &str = "__Host-countersign-early";

/// A request that was let through.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) server: Arc<Server>,
    /// Path of the address.
    pub(crate) path: String,
    /// Who asks, where somebody is signed in.
    pub(crate) session: Option<Session>,
    /// Name of the client that asks with a token.
    pub(crate) client: Option<String>,
    /// Of somebody who is not signed in.
    pub(crate) early: Option<String>,
    /// What was wrong with what was typed: said above the form, which is shown again.
    pub(crate) problem: Option<String>,
    /// The field that it is about.
    pub(crate) wrong: Option<&'static str>,
    params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    body: Bytes,
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

impl Asked {
    /// A part of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        first(&self.params, name)
    }

    /// What stands behind the question mark.
    pub(crate) fn query(&self, name: &str) -> &str {
        first(&self.query, name)
    }

    /// A field of the form, without blanks around it.
    pub(crate) fn field(&self, name: &str) -> &str {
        first(&self.form, name).trim()
    }

    /// A field as it was typed.
    pub(crate) fn typed(&self, name: &str) -> &str {
        first(&self.form, name)
    }

    /// All values of a field.
    pub(crate) fn fields(&self, name: &str) -> Vec<String> {
        self.form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// The body as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.body).map_err(|e| Refusal::wrong(format!("what was sent cannot be read: {e}")))
    }

    /// The same address, without what was sent.
    pub(super) fn without_body(&self) -> Self {
        Self {
            server: Arc::clone(&self.server),
            path: self.path.clone(),
            session: self.session.clone(),
            client: None,
            early: self.early.clone(),
            problem: None,
            wrong: None,
            params: self.params.clone(),
            query: self.query.clone(),
            form: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// The same, for the page with the form that was sent: with what is wrong with it.
    pub(super) fn with_problem(&self, what: String, field: Option<&'static str>) -> Self {
        Self { problem: Some(what), wrong: field, form: self.form.clone(), ..self.without_body() }
    }

    /// What was typed, by field; `scopes` is what was ticked. No secrets.
    pub(crate) fn typed_again(&self) -> Value {
        let secret =
            |name: &str| name == "csrf" || name.contains("password") || matches!(name, "old" | "new" | "again");
        let fields = self.form.iter().filter(|(name, _)| !secret(name) && name != "scope");
        let mut out: Map<String, Value> = fields.map(|(name, value)| (name.clone(), json!(value))).collect();
        out.insert("scopes".to_owned(), json!(self.fields("scope")));
        Value::Object(out)
    }

    /// The page of a list, from 1.
    pub(crate) fn page(&self) -> u32 {
        self.query("page").parse().unwrap_or(1).clamp(1, 100_000)
    }

    /// The rows before that page.
    pub(crate) fn before(&self, each: u32) -> u32 {
        (self.page() - 1) * each
    }

    /// Who is signed in.
    pub(crate) fn person(&self) -> Result<&Person, Refusal> {
        let signed = self.session.as_ref().map(|session| &session.person);
        signed.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "Sign in", "nobody is signed in"))
    }

    /// Whether who is signed in has this role, or one above it.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.session.as_ref().is_some_and(|session| session.person.role >= role)
    }

    /// What forms of this page must carry.
    pub(crate) fn csrf(&self) -> String {
        match (&self.session, &self.early) {
            (Some(session), _) => session.csrf.clone(),
            (None, Some(early)) => early_token(early),
            (None, None) => String::new(),
        }
    }

    /// Notes in the audit log what was done.
    pub(crate) fn note(&self, what: &str, about: &str) -> Result<(), Refusal> {
        let signed = self.session.as_ref().map(|session| session.person.name.as_str());
        let client = self.client.as_ref().map(|name| format!("token {name}"));
        Ok(self.server.store.note(signed.or(client.as_deref()).unwrap_or("nobody"), what, about)?)
    }
}

/// Whether the host that is asked for is one of this server's: a page of another name that leads to this address gets nothing.
pub(super) fn host(server: &Server, headers: &HeaderMap) -> bool {
    let mut named = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (named.next().and_then(|host| host.to_str().ok()), named.next()) else { return false };
    server.settings.origins().iter().any(|origin| match Url::parse(origin) {
        Ok(url) => {
            let name = url.host_str().unwrap_or_default();
            let with_port = url.port_or_known_default().map(|port| format!("{name}:{port}"));
            // Browsers leave out the port that the scheme means.
            host.eq_ignore_ascii_case(name) && url.port().is_none()
                || with_port.is_some_and(|whole| host.eq_ignore_ascii_case(&whole))
        }
        Err(_) => false,
    })
}

/// Lets a request through, or says why not.
pub(super) fn admit(
    server: &Arc<Server>,
    route: &Route,
    (params, parts, body): (Vec<(String, String)>, &Parts, Bytes),
) -> Result<Asked, Refusal> {
    let pairs = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect::<Vec<_>>();
    let is_form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let mut asked = Asked {
        server: Arc::clone(server),
        path: parts.uri.path().to_owned(),
        session: None,
        client: None,
        early: None,
        problem: None,
        wrong: None,
        params,
        query: pairs(parts.uri.query().unwrap_or_default().as_bytes()),
        form: if is_form && route.post { pairs(&body) } else { Vec::new() },
        body,
    };
    match route.access {
        Access::Open => return Ok(asked),
        Access::Client(role) => {
            asked.client = Some(client(server, &parts.headers, role)?);
            return Ok(asked);
        }
        Access::Early => {
            asked.session = session(server, &parts.headers)?;
            asked.early = cookie(&parts.headers, EARLY);
        }
        Access::Signed(role) => {
            asked.session = session(server, &parts.headers)?;
            let Some(session) = &asked.session else { return Err(sign_in(route, parts)) };
            if session.person.role < role {
                let what = format!("this is for the role {}, and you are {}", role.word(), session.person.role.word());
                return Err(Refusal::forbidden(what).next("An admin can change your role."));
            }
        }
    }
    if route.post {
        changes(server, &asked, &parts.headers)?;
    }
    Ok(asked)
}

/// To sign in, and then back; what was to be changed must be sent again.
fn sign_in(route: &Route, parts: &Parts) -> Refusal {
    let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "Sign in", "nobody is signed in, or the session has ended");
    let refusal = refusal.next("Sign in, and do it again.");
    if route.post || route.json {
        return refusal;
    }
    let path = parts.uri.path_and_query().map_or("/", |whole| whole.as_str());
    let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    let to = if path == "/" { "/login".to_owned() } else { format!("/login?next={next}") };
    Refusal { instead: Some(to), ..refusal }
}

/// A change comes from a page of this server, and from a form that it made for this session.
fn changes(server: &Server, asked: &Asked, headers: &HeaderMap) -> Result<(), Refusal> {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    if !server.settings.origins().iter().any(|own| own == origin) {
        let what = "this change was not sent from a page of this server";
        return Err(Refusal::forbidden(what).next("Open the page here, and send it from there."));
    }
    let sent = match headers.get("x-csrf-token").and_then(|token| token.to_str().ok()) {
        Some(token) => token,
        None => asked.typed("csrf"),
    };
    // At the forms for somebody without a session, somebody who has one may still send the token of before it.
    let early = asked.early.as_deref().map(early_token);
    let wanted = [Some(asked.csrf()), early].into_iter().flatten();
    match wanted.into_iter().any(|token| !token.is_empty() && secret::equal(&token, sent)) {
        true => Ok(()),
        false => {
            Err(Refusal::forbidden("this form is not of your session, or is too old").next("Open the page again."))
        }
    }
}

fn early_token(cookie: &str) -> String {
    secret::digest(&format!("early {cookie}"))
}

fn session(server: &Server, headers: &HeaderMap) -> Result<Option<Session>, Refusal> {
    let Some(cookie) = cookie(headers, SESSION) else { return Ok(None) };
    let idle = i64::try_from(server.settings.idle.as_secs()).unwrap_or(i64::MAX / 4);
    Ok(server.store.session(&secret::digest(&cookie), idle)?)
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs =
        headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, value)| *key == name && !value.is_empty() && value.len() <= 128)
        .map(|(_, value)| value.to_owned())
}

fn client(server: &Server, headers: &HeaderMap, role: Role) -> Result<String, Refusal> {
    let unknown = || {
        Refusal::new(StatusCode::UNAUTHORIZED, "No token", "send `Authorization: Bearer TOKEN` with a token that holds")
    };
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(unknown)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(unknown)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unknown());
    }
    let (name, has) = server.store.token(&secret::digest(token.trim()))?.ok_or_else(unknown)?;
    match has >= role {
        true => Ok(name),
        false => Err(Refusal::forbidden(format!("this needs a token of the role {}", role.word()))),
    }
}
