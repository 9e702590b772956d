//! `inspect --tree`: the chain of manifests as a tree.

use serde_json::json;

use countersign_credentials::signals::REDACTED;
use countersign_model::validation_status as status;
use countersign_model::{Action, Credentials, IngredientFailure, Manifest, Via};
use countersign_report::escape::{shorten, terminal};

/// Characters of a title, a name or a source type.
const TEXT: usize = 100;

/// The file, its store, its manifests and what they say was done.
pub(super) fn drawn(file: &str, credentials: Option<&Credentials>) -> String {
    let mut out = format!("{}\n", terminal(file));
    let Some(c2pa) = credentials else {
        out.push_str("└─ no Content Credentials\n");
        return out;
    };
    let mut lines = vec![state(c2pa)];
    lines.extend(c2pa.damage.iter().map(|d| format!("damage: {d}")));
    let fetched = |r: &&String| c2pa.place.as_ref().is_some_and(|place| place.ends_with(r.as_str()));
    lines.extend(c2pa.remote.iter().filter(|r| !fetched(r)).map(|r| format!("remote manifest, not fetched: {r}")));
    lines.extend(c2pa.own_failures().map(|code| format!("failed: {}", status::describe(code))));
    lines.extend(c2pa.ingredient_failures.iter().map(|f| format!("failed of {}", failed_ingredient(c2pa, f))));
    lines.extend(c2pa.files.iter().map(|file| format!("does not match: {file}")));
    for line in &lines {
        out.push_str(&format!("│  {}\n", terminal(line)));
    }
    branch(&mut out, &c2pa.chain, 0, 0, "");
    out
}

/// `“title” of Signer: the code (what it means)`.
pub(super) fn failed_ingredient(c2pa: &Credentials, failure: &IngredientFailure) -> String {
    let manifest = c2pa.ingredient(failure);
    let title = manifest.map(|m| m.title.as_ref().unwrap_or(&m.label)).or(failure.manifest.as_ref());
    let title = title.map_or("an ingredient".to_owned(), |title| format!("“{}”", shorten(title, TEXT)));
    let signer = manifest.and_then(|m| m.signer.as_ref()).map(|s| format!(" of {}", shorten(s, TEXT)));
    format!("{title}{}: {}", signer.unwrap_or_default(), status::describe(&failure.code))
}

fn state(c2pa: &Credentials) -> String {
    let state = json!(c2pa.state).as_str().unwrap_or_default().to_owned();
    let place = c2pa.place.as_ref().map(|p| format!(" in {p}")).unwrap_or_default();
    let list = c2pa.trust_list.as_ref().map(|l| format!(", signer on {l}")).unwrap_or_default();
    format!("credentials{place}: {state}{list}")
}

/// The manifests from `start` on that lie `depth` links below the active one; returns where they end.
fn branch(out: &mut String, chain: &[Manifest], start: usize, depth: usize, indent: &str) -> usize {
    let mut at = start;
    while let Some(manifest) = chain.get(at).filter(|m| m.path.len() >= depth) {
        let below = chain[at + 1..].iter().position(|m| m.path.len() <= manifest.path.len());
        let end = below.map_or(chain.len(), |n| at + 1 + n);
        let last = chain.get(end).is_none_or(|m| m.path.len() < depth);
        let (fork, rest) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let inner = format!("{indent}{rest}");
        let children = end > at + 1;
        let bar = if children { "│  " } else { "   " };
        out.push_str(&format!("{indent}{fork}{}\n", terminal(&headline(manifest))));
        for line in details(manifest) {
            out.push_str(&format!("{inner}{bar}{}\n", terminal(&line)));
        }
        at = if children { branch(out, chain, at + 1, chain[at + 1].path.len(), &inner) } else { end };
    }
    at
}

fn headline(manifest: &Manifest) -> String {
    let relation = match manifest.path.last() {
        None => "active manifest",
        Some(Via::Parent) => "made from (parentOf)",
        Some(Via::Component) => "contains (componentOf)",
        Some(Via::Input) => "was given (inputTo)",
        Some(_) => "embedded",
    };
    let title = manifest.title.as_deref().unwrap_or(&manifest.label);
    format!("{relation}: {}", shorten(title, TEXT))
}

fn details(manifest: &Manifest) -> Vec<String> {
    let mut out = Vec::new();
    let mut row = |label: &str, value: Option<&str>| {
        out.extend(value.map(|v| format!("{label}: {}", shorten(v, TEXT))));
    };
    row("generator", manifest.generator.as_deref());
    let issuer = manifest.issuer.as_ref().map(|i| format!(", certified by {i}")).unwrap_or_default();
    row("signer", manifest.signer.as_ref().map(|s| format!("{s}{issuer}")).as_deref());
    row("time stamp", manifest.signed_at.as_deref());
    out.extend(remarks(manifest));
    out.extend(manifest.actions.iter().map(action));
    out
}

/// What a manifest says beside its actions: the algorithms of its soft bindings, what it took out of an ingredient.
pub(super) fn remarks(manifest: &Manifest) -> Vec<String> {
    let said = manifest.values.iter().filter_map(|(key, value)| match key.as_str() {
        key if key.starts_with("c2pa.soft-binding") => Some(format!("soft binding: {}", shorten(value, TEXT))),
        REDACTED => Some(format!("removed from an ingredient: {}", shorten(value, TEXT))),
        _ => None,
    });
    said.collect()
}

fn action(action: &Action) -> String {
    let kind = action.source_type.as_ref().map(|s| format!(", {}", shorten(s, TEXT))).unwrap_or_default();
    let agent = action.agent.as_ref().map(|a| format!(", by {}", shorten(a, TEXT))).unwrap_or_default();
    let when = action.when.as_ref().map(|w| format!(", {w}")).unwrap_or_default();
    let gathered = if action.created { "" } else { " (gathered, not vouched for)" };
    format!("- {}{kind}{agent}{when}{gathered}", action.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_follow_the_paths() {
        let manifest = |title: &str, path: &[Via]| Manifest {
            title: Some(title.to_owned()),
            path: path.to_vec(),
            ..Manifest::default()
        };
        let chain = vec![
            manifest("a", &[]),
            manifest("b", &[Via::Parent]),
            manifest("c", &[Via::Parent, Via::Component]),
            manifest("d", &[Via::Input]),
        ];
        let text = drawn("x.png", Some(&Credentials { present: true, chain, ..Credentials::default() }));
        let expected = "x.png\n│  credentials: unverified\n└─ active manifest: a\n   ├─ made from (parentOf): b\n   │  \
                        └─ contains (componentOf): c\n   └─ was given (inputTo): d\n";
        assert_eq!(text, expected);
        assert!(drawn("x\u{1b}[2J", None).contains("no Content Credentials"));
        // A chain that does not begin at the top, or skips a level, is drawn and ends.
        for path in [vec![Via::CoverArt], vec![Via::Parent, Via::Parent, Via::Parent]] {
            let chain = vec![manifest("a", &path), manifest("b", &[]), manifest("c", &path)];
            assert_eq!(drawn("x", Some(&Credentials { chain, ..Credentials::default() })).lines().count(), 5);
        }
    }
}
