//! A policy or an approvals ledger of this program among the files, whatever it is called.
//!
//! A ledger is told by its first line: a DSSE envelope with a statement of our predicate type. A policy is told by its
//! sections: a TOML file that holds nothing but a policy's, and at least one that only a policy has.

use data_encoding::BASE64;
use serde_json::Value;
use toml::Table;

use super::{Decoder, Options, Subject};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "countersign", version: 1, decode };

/// The longest first line, and the longest policy, that is looked at.
const LONGEST: usize = 256 * 1024;

const PREDICATE: &str = "https://countersign.dev/approval/v1";

/// Whether what a section holds tells a policy from other files.
type Tells = fn(&toml::Value) -> bool;

/// What a policy may hold.
const SECTIONS: &[(&str, Tells)] = &[
    ("name", |_| false),
    ("extends", |v| v.as_str().is_some_and(|v| ["netflix-genai", "archival", "observe", "none"].contains(&v))),
    ("ceiling", |_| false),
    ("roles", |v| holds(v, |_, role| role.as_str().is_some_and(|r| ["final", "temporary", "archival"].contains(&r)))),
    ("rules", |v| holds(v, |_, rule| rule.get("severity").or_else(|| rule.get("off")).is_some())),
    ("approvals", |v| holds(v, |key, _| APPROVALS.contains(&key))),
    ("require", |v| rows(v, &["pattern", "scopes"])),
    ("suppress", |v| rows(v, &["rule", "pattern"])),
    ("marks", |_| false),
    ("trust", |_| false),
    ("limits", |_| false),
    ("archival", |v| holds(v, |key, _| key == "custody")),
];

const APPROVALS: &[&str] =
    &["least-grade", "path-only", "conditional", "consent", "claims", "scopes", "grades", "marks"];

/// Whether a table is not empty, and all that is in it fits.
fn holds(value: &toml::Value, fits: impl Fn(&str, &toml::Value) -> bool) -> bool {
    value.as_table().is_some_and(|t| !t.is_empty() && t.iter().all(|(key, value)| fits(key, value)))
}

fn rows(value: &toml::Value, keys: &[&str]) -> bool {
    let whole = |row: &toml::Value| keys.iter().all(|key| row.get(key).is_some());
    value.as_array().is_some_and(|rows| !rows.is_empty() && rows.iter().all(whole))
}

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let source = &mut *subject.source;
    let what = match facts.format {
        None => what(source),
        Some(_) => None,
    };
    let tag = |key: &str| Tag {
        space: "countersign".into(),
        key: key.into(),
        place: "file".into(),
        offset: Some(source.absolute(0)),
        ..Tag::default()
    };
    what.map(tag).into_iter().collect()
}

fn what(source: &mut Source) -> Option<&'static str> {
    let short = source.len() <= LONGEST as u64;
    let head = source.head().ok()?;
    if head.starts_with(b"{") {
        return is_ledger(source).then_some("ledger");
    }
    // Most files that are no media are no text either.
    if !short || head.contains(&0) || !head.contains(&b'=') {
        return None;
    }
    let text = source.whole(limits::SIDECAR).ok()?;
    is_policy(std::str::from_utf8(&text).ok()?).then_some("policy")
}

fn is_ledger(source: &mut Source) -> bool {
    let Ok(start) = source.up_to(0, LONGEST) else { return false };
    let line = start.split(|b| *b == b'\n').next().unwrap_or_default();
    let Ok(envelope) = serde_json::from_slice::<Value>(line) else { return false };
    let payload = envelope["payload"].as_str().and_then(|p| BASE64.decode(p.as_bytes()).ok()).unwrap_or_default();
    let statement = serde_json::from_slice::<Value>(&payload).unwrap_or_default();
    statement["predicateType"] == PREDICATE
}

fn is_policy(text: &str) -> bool {
    let Ok(table) = text.parse::<Table>() else { return false };
    let section = |name: &str| SECTIONS.iter().find(|(known, _)| *known == name);
    let ours = table.keys().all(|key| section(key).is_some());
    ours && table.iter().any(|(key, value)| section(key).is_some_and(|(_, tells)| tells(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policies that come with the program, and the one that it writes to begin with.
    const POLICIES: &[&str] = &[
        include_str!("../../../judge/src/policy/builtin/netflix-genai.toml"),
        include_str!("../../../judge/src/policy/builtin/archival.toml"),
        include_str!("../../../judge/src/policy/builtin/observe.toml"),
        include_str!("../../../judge/src/policy/builtin/starter.toml"),
    ];

    fn said(bytes: &[u8]) -> Option<String> {
        let said =
            decode(&mut Subject::new(&mut Source::memory(bytes.to_vec(), 0)), &Facts::default(), Options::default());
        said.first().map(|tag| tag.key.to_string())
    }

    fn line(predicate: &str) -> String {
        let statement = format!(r#"{{"_type":"https://in-toto.io/Statement/v1","predicateType":"{predicate}"}}"#);
        let payload = BASE64.encode(statement.as_bytes());
        format!("{{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"{payload}\",\"signatures\":[]}}\n")
    }

    #[test]
    fn ledgers_and_policies_are_told_by_what_they_hold() {
        assert_eq!(said(line(PREDICATE).as_bytes()).as_deref(), Some("ledger"));
        assert_eq!(said(format!("{}torn", line(PREDICATE)).as_bytes()).as_deref(), Some("ledger"));
        for text in POLICIES {
            assert_eq!(said(text.as_bytes()).as_deref(), Some("policy"), "{text}");
        }
        assert_eq!(said(b"[roles]\n\"**/a/**\" = \"final\"\n").as_deref(), Some("policy"));
    }

    #[test]
    fn other_files_are_not() {
        let provenance = line("https://slsa.dev/provenance/v1");
        let others: &[&[u8]] = &[
            b"",
            b"{}",
            b"{\"payload\": 3}\n",
            provenance.as_bytes(),
            b"name = \"a\"\n[limits]\nseconds-per-file = 3\n",
            b"[package]\nname = \"a\"\n[roles]\na = \"final\"\n",
            b"[roles]\nadmin = \"everything\"\n",
            b"[rules]\nindent = 4\n",
            b"[approvals]\nlegal = \"Jane\"\n",
            b"a = b",
            b"extends = \"eslint:recommended\"\n",
            b"extends = \"none\"\0",
        ];
        for other in others {
            assert_eq!(said(other), None, "{}", String::from_utf8_lossy(other));
        }
        let policy = include_bytes!("../../../judge/src/policy/builtin/starter.toml");
        for end in 0..policy.len() {
            let _ = said(&policy[..end]);
        }
    }
}
