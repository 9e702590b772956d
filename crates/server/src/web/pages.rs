//! The templates, and what every page gets. Names of files and texts of tags are escaped by the engine: no template marks any
//! of them as safe.

use chrono::{DateTime, Utc};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};
use serde_json::{Value, json};

use super::answer::html;
use super::{Answer, Asked, Refusal};
use crate::Server;
use crate::store::{Role, now};

/// All templates by their names.
macro_rules! templates {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../../templates/", $name)))),*] };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "layout.html",
    "parts.html",
    "login.html",
    "setup.html",
    "deliveries.html",
    "delivery.html",
    "asset.html",
    "requests.html",
    "request.html",
    "approvals.html",
    "difference.html",
    "policy.html",
    "people.html",
    "audit.html",
    "account.html",
    "error.html",
];

/// What is said once after a change: the address holds the word, never the text.
const SAID: &[(&str, &str)] = &[
    ("queued", "The delivery waits to be scanned again."),
    ("busy", "The delivery is being scanned already, waits for it, or is not there any more."),
    ("asked", "The request waits for its approver."),
    ("approved", "The approval is recorded, and the delivery is judged again."),
    ("denied", "The denial is recorded, and the delivery is judged again."),
    ("withdrawn", "The request is withdrawn."),
    ("changed", "Changed."),
    ("revoked", "The token holds no more."),
    ("password", "The password is changed, and all your other sessions have ended."),
    ("ended", "All your sessions have ended."),
    ("key", "This browser signs for you from now on."),
    ("key-removed", "No browser signs for you any more."),
];

/// The compiled templates.
pub struct Pages(Environment<'static>);

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl Pages {
    /// Compiles them.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn new() -> Result<Self, String> {
        let mut all = Environment::new();
        all.set_auto_escape_callback(|_| AutoEscape::Html);
        all.add_filter("time", |seconds: i64| at(seconds, "%Y-%m-%d %H:%M UTC"));
        all.add_filter("iso", |seconds: i64| at(seconds, "%Y-%m-%dT%H:%M:%SZ"));
        all.add_filter("ago", |seconds: i64| ago(now() - seconds));
        all.add_filter("size", size);
        all.add_filter("number", number);
        for (name, text) in TEMPLATES {
            all.add_template(name, text).map_err(|e| format!("{name}: {e}"))?;
        }
        Ok(Self(all))
    }

    /// A page with what every page gets.
    pub(super) fn render(
        &self,
        name: &str,
        server: &Server,
        asked: Option<&Asked>,
        more: Value,
    ) -> Result<String, String> {
        let site = site(server, asked).map_err(|e| e.to_string())?;
        let template = self.0.get_template(name).map_err(|e| e.to_string())?;
        template
            .render(context! { site => Serde(site), ..minijinja::Value::from(Serde(more)) })
            .map_err(|e| format!("{name}: {e:#}"))
    }
}

/// The answer with this page.
pub(super) fn page(asked: &Asked, name: &str, mut known: Value) -> Answer {
    if let Some((what, fields)) = asked.problem.as_ref().zip(known.as_object_mut()) {
        fields.insert("typed".to_owned(), asked.typed_again());
        fields.insert("wrong".to_owned(), json!({ "field": asked.wrong, "what": what }));
    }
    let page = asked.server.pages.render(name, &asked.server, Some(asked), known);
    Ok(html(page.map_err(Refusal::failed)?))
}

fn site(server: &Server, asked: Option<&Asked>) -> rusqlite::Result<Value> {
    let person = asked.and_then(|asked| asked.session.as_ref()).map(|session| &session.person);
    let may = |role| asked.is_some_and(|asked| asked.may(role));
    let waiting = match person {
        Some(person) if person.role >= Role::Approver => server.store.waiting(person.id, server.settings.four_eyes)?,
        _ => 0,
    };
    let said = asked.map(|asked| asked.query("said")).unwrap_or_default();
    let message = SAID.iter().find(|(word, _)| *word == said).map(|(_, text)| *text);
    let (good, bad) = if said == "busy" { (None, message) } else { (message, None) };
    let typed_wrong = asked.and_then(|asked| asked.problem.as_deref());
    Ok(json!({
        "person": person,
        "csrf": asked.map(Asked::csrf).unwrap_or_default(),
        "waiting": waiting,
        "version": env!("CARGO_PKG_VERSION"),
        "message": good,
        "problem": typed_wrong.or(bad),
        "path": asked.map(|asked| asked.path.clone()).unwrap_or_default(),
        "may": { "ask": may(Role::Qc), "decide": may(Role::Approver), "administer": may(Role::Admin) },
    }))
}

fn at(seconds: i64, format: &str) -> String {
    DateTime::<Utc>::from_timestamp(seconds, 0).map(|time| time.format(format).to_string()).unwrap_or_default()
}

fn ago(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if value < 999.5 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") };
        }
        value /= 1_000.0;
    }
    format!("{value:.1} TB")
}

fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!((number(12_345), number(-7), number(1_234_567)), ("12,345".into(), "-7".into(), "1,234,567".into()));
        assert_eq!((size(999), size(1_200_000_000)), ("999 bytes".into(), "1.2 GB".into()));
        assert_eq!((ago(59), ago(60), ago(7_300)), ("just now".into(), "1 minute ago".into(), "2 hours ago".into()));
        assert_eq!(at(1_795_893_000, "%Y-%m-%d %H:%M UTC"), "2026-11-28 19:10 UTC");
    }

    #[test]
    fn all_templates_compile_and_none_lets_text_through_as_it_is() {
        Pages::new().unwrap();
        for (name, text) in TEMPLATES {
            assert!(!text.contains("|safe") && !text.contains("| safe") && !text.contains("autoescape"), "{name}");
            assert!(!text.contains("<script>") && !text.contains("style=\"") && !text.contains(" onclick="), "{name}");
        }
    }
}
