//! Signing in by way of an identity provider: to it, and back.

use axum::http::StatusCode;
use serde_json::json;

use super::answer::redirect;
use super::guard::EARLY;
use super::signing_in::{again, begin, link, next, set_cookie};
use super::{Answer, Asked, Refusal};
use crate::identity::{Answered, Identity, Provider, Refused};
use crate::secret;
use crate::store::Provided;

/// How long a cookie of somebody without a session is kept, in seconds.
const EARLY_KEPT: i64 = 86_400;

fn provider(asked: &Asked) -> Result<&Provider, Refusal> {
    let none = || Refusal::nothing("this server was started without an identity provider");
    asked.server.provider.as_ref().ok_or_else(none)
}

/// The page to sign in once more, with why it did not work.
fn refused(asked: &Asked, why: Refused) -> Answer {
    let (status, what) = match why {
        Refused::Stray => (
            StatusCode::FORBIDDEN,
            "this sign-in was not begun in this browser, took longer than ten minutes, or was used before: begin again",
        ),
        Refused::Declined => (StatusCode::FORBIDDEN, "your organization did not let you in"),
        Refused::Unknown => {
            (StatusCode::FORBIDDEN, "your organization knows you, but you are not among those who may come in here")
        }
        Refused::Failed(what) => {
            // What exactly is for who runs the server: it is in the log.
            asked.server.tell("the identity provider", &what);
            (
                StatusCode::BAD_GATEWAY,
                "signing in with your organization failed: try again, or tell an admin, who finds \
                                       the reason in the audit log",
            )
        }
    };
    let mut answer = again(asked, "login.html", json!({ "next": "", "oidc": link(asked, "") }), what)?;
    *answer.status_mut() = status;
    Ok(answer)
}

/// To the provider. Whoever leads a browser here gains nothing: what comes back must be of this browser.
pub(super) fn leave(asked: &Asked) -> Answer {
    let provider = provider(asked)?;
    let fresh = secret::random().map_err(Refusal::failed)?;
    let cookie = asked.early.as_deref().unwrap_or(&fresh);
    match provider.begin(cookie, next(asked.query("next"))) {
        Ok(to) => Ok(set_cookie(redirect(&to), EARLY, cookie, EARLY_KEPT)),
        Err(why) => refused(asked, why),
    }
}

/// Back from the provider.
pub(super) fn back(asked: &Asked) -> Answer {
    let provider = provider(asked)?;
    let answer = Answered {
        state: asked.query("state"),
        code: asked.query("code"),
        error: asked.query("error"),
        issuer: asked.query("iss"),
    };
    let ended = provider.end(asked.early.as_deref().unwrap_or_default(), &answer);
    let (identity, to) = match ended {
        Ok(ended) => ended,
        Err(why) => return refused(asked, why),
    };
    let names = (login(&identity), display(&identity));
    let provided = Provided { subject: &identity.subject, name: &names.0, display: &names.1, role: identity.role };
    let (person, is_new) = asked.server.store.meet(&provided)?;
    if person.disabled {
        let what = "an admin has ended your access";
        return Err(Refusal::forbidden(what).next("An admin can give it back."));
    }
    if is_new {
        asked.server.store.note(&person.name, "joined", person.role.word())?;
    }
    begin(asked, person.id, &person.name, &to)
}

/// What somebody goes by: an address where there is one, else what they sign in as there, of what names may have.
fn login(identity: &Identity) -> String {
    let known = identity.email.as_ref().or(identity.login.as_ref());
    let plain = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let name: String =
        known.map(|name| name.to_lowercase()).unwrap_or_default().chars().filter(plain).take(48).collect();
    match name.is_empty() {
        true => format!("person-{}", secret::digest(&identity.subject).get(..8).unwrap_or_default()),
        false => name,
    }
}

/// What records call somebody.
fn display(identity: &Identity) -> String {
    let name: String = identity.name.iter().flat_map(|name| name.chars()).take(80).collect();
    let name = name.replace(char::is_control, " ");
    match name.trim() {
        "" => login(identity),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Role;

    #[test]
    fn names_of_a_provider_become_names_that_people_here_may_have() {
        let of = |email: Option<&str>, login: Option<&str>, name: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let (email, login, name) = (own(email), own(login), own(name));
            Identity { subject: "https://id.example 1".to_owned(), email, name, login, role: Role::Viewer }
        };
        let known = of(Some("dana@example.com"), Some("DReyes"), Some(" Dana\nReyes "));
        assert_eq!((login(&known), display(&known)), ("dana@example.com".to_owned(), "Dana Reyes".to_owned()));
        let known = of(None, Some("D Reyes/<b>"), Some("  "));
        assert_eq!((login(&known), display(&known)), ("dreyesb".to_owned(), "dreyesb".to_owned()));
        assert!(login(&of(None, Some("名前"), None)).starts_with("person-"));
        assert_eq!(display(&of(None, None, Some(&"x".repeat(500)))).len(), 80);
    }
}
