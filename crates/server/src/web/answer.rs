//! Answers, refusals, and the headers that every answer has.

use axum::body::Body;
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::Asked;
use crate::Server;
use crate::ledger::Refused;

/// What comes of asking.
pub(crate) type Answer = Result<Response, Refusal>;

/// Why something is not answered, for people.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) next: String,
    /// Where else to go, instead of a page that says so.
    pub(crate) instead: Option<String>,
    /// The field of the form that it is about.
    pub(crate) field: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, title: &str, what: impl Into<String>) -> Self {
        Self { status, title: title.to_owned(), what: what.into(), next: String::new(), instead: None, field: None }
    }

    /// Somebody typed what cannot be so.
    pub(crate) fn wrong(what: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That cannot be", what).next("Go back and mend it.")
    }

    pub(crate) fn nothing(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Nothing here", what).next("The list of deliveries leads everywhere.")
    }

    pub(crate) fn forbidden(what: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Not allowed", what)
    }

    pub(crate) fn conflict(what: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Somebody was faster", what).next("Look at it again: it has changed.")
    }

    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "That went wrong", what).next("Nothing was changed. Try again.")
    }

    /// It is about this field of the form.
    pub(crate) fn at(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    pub(crate) fn next(mut self, next: &str) -> Self {
        next.clone_into(&mut self.next);
        self
    }

    /// As a page, or as JSON for a program.
    pub(crate) fn answer(&self, server: &Server, asked: Option<&Asked>, as_json: bool) -> Response {
        if let Some(to) = &self.instead {
            return redirect(to);
        }
        let mut answer = match as_json {
            true => json_of(&json!({ "why": self.what, "next": self.next })),
            false => {
                let known = json!({ "status": self.status.as_u16(), "title": self.title, "what": self.what, "next": self.next });
                match server.pages.render("error.html", server, asked, known) {
                    Ok(page) => html(page),
                    Err(_) => plain(self.status, &format!("{}\n", self.what)),
                }
            }
        };
        *answer.status_mut() = self.status;
        answer
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(e: rusqlite::Error) -> Self {
        Self::failed(format!("the database: {e}"))
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Conflict(what) => Self::conflict(what),
            Refused::Wrong(what) => Self::wrong(what),
            Refused::Field(field, what) => Self::wrong(what).at(field),
            Refused::Failed(what) => Self::failed(what),
        }
    }
}

/// The answer; where somebody typed what cannot be so, the page with its form once more, with what was typed and what is wrong
/// with it.
pub(crate) fn or_form(asked: &Asked, answer: Answer, page: fn(&Asked) -> Answer) -> Answer {
    match answer {
        Err(refusal) if refusal.status == StatusCode::UNPROCESSABLE_ENTITY => {
            let mut shown = page(&asked.with_problem(refusal.what, refusal.field))?;
            *shown.status_mut() = refusal.status;
            Ok(shown)
        }
        other => other,
    }
}

/// Bytes of this type.
pub(crate) fn bytes(kind: &'static str, body: impl Into<Body>) -> Response {
    with(Response::new(body.into()), header::CONTENT_TYPE, kind)
}

pub(crate) fn html(page: String) -> Response {
    bytes("text/html; charset=utf-8", page)
}

pub(crate) fn json_of(value: &Value) -> Response {
    bytes("application/json", value.to_string())
}

pub(crate) fn plain(status: StatusCode, text: &str) -> Response {
    let mut answer = bytes("text/plain; charset=utf-8", text.to_owned());
    *answer.status_mut() = status;
    answer
}

/// To another page of this server, after a change: reading it again changes nothing again.
pub(crate) fn redirect(to: &str) -> Response {
    let mut answer = with(Response::new(Body::empty()), header::LOCATION, to);
    *answer.status_mut() = StatusCode::SEE_OTHER;
    answer
}

/// With one more header; a value that no header may have is left out.
pub(crate) fn with(mut answer: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().append(name, value);
    }
    answer
}

/// What every answer carries, where it does not say otherwise itself. Addresses of other sites are told nothing of where
/// somebody comes from (`same-origin`; with `no-referrer` browsers would not name the origin of a form, either, which is
/// checked here).
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The content security policy of a saved HTML report, which carries its script and style itself: it is shown as of an origin
/// of its own, which sees nothing of this one.
pub(crate) const REPORT: &str = "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; \
                                 style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn guarded(mut answer: Response) -> Response {
    for (name, value) in HEADERS {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}
