//! What the manifests say about the asset's making: actions, ingredients, generators, signers.
//!
//! Starts at the active manifest and follows ingredients (C2PA 2.2, section 18.16), depth first, within bounds,
//! never round a circle. What the statements mean is for the marks.

use std::collections::HashSet;

use serde_json::Value;

use super::store::{Said, Statement, base};
use crate::limits;
use crate::model::{Action, Manifest, Via};

/// Manifests of a chain that are reported.
const CHAIN: usize = 256;
/// Actions of a manifest that are reported.
const ACTIONS: usize = 2_000;
/// Values of a manifest that are reported, and characters of each.
const VALUES: usize = 64;
const VALUE: usize = 1_024;

/// The active manifest first, then what it was made from.
#[must_use]
pub fn chain(said: &Said) -> Vec<Manifest> {
    let mut out = Vec::new();
    let Some(active) = said.manifests.last() else { return out };
    let mut seen = HashSet::new();
    // A stack in place of recursion; the last pushed is read first.
    let mut todo = vec![(active, Vec::<Via>::new())];
    while let Some((statement, path)) = todo.pop() {
        // One manifest may be parent here and component there: each way counts, but only once.
        if out.len() >= CHAIN || path.len() > limits::DEPTH || !seen.insert((statement.label.as_str(), weight(&path))) {
            continue;
        }
        let mut orphans = Vec::new();
        let mut next = Vec::new();
        for (label, value) in ingredients(statement) {
            let mut path = path.clone();
            path.push(via(value));
            match reference(value).and_then(|wanted| said.manifests.iter().find(|m| m.label == wanted)) {
                Some(found) => next.push((found, path)),
                None => orphans.extend(orphan(label, value, path)),
            }
        }
        out.push(manifest(statement, path));
        out.extend(orphans.into_iter().take(CHAIN));
        todo.extend(next.into_iter().rev());
    }
    out.truncate(CHAIN);
    out
}

/// The weakest link of a path: what counts for the asset.
fn weight(path: &[Via]) -> Via {
    path.iter().copied().max().unwrap_or_default()
}

fn ingredients(statement: &Statement) -> impl Iterator<Item = (&str, &Value)> {
    let all = statement.assertions.iter().take(limits::ITEMS);
    all.filter(|(label, value)| base(label).starts_with("c2pa.ingredient") && value.is_object())
        .map(|(label, value)| (label.as_str(), value))
}

fn via(ingredient: &Value) -> Via {
    match ingredient.get("relationship").and_then(Value::as_str) {
        Some("parentOf") => Via::Parent,
        Some("inputTo") => Via::Input,
        _ => Via::Component,
    }
}

/// The label of the manifest that an ingredient names.
fn reference(ingredient: &Value) -> Option<&str> {
    let manifest = ["activeManifest", "c2pa_manifest"].into_iter().find_map(|key| ingredient.get(key))?;
    let url = manifest.get("url").and_then(Value::as_str)?;
    let path = url.rsplit_once("jumbf=").map_or(url, |(_, path)| path).trim_start_matches('/');
    path.strip_prefix("c2pa/").unwrap_or(path).split('/').next()
}

/// An ingredient without a manifest that states its own source type (C2PA 2.4).
fn orphan(label: &str, ingredient: &Value, path: Vec<Via>) -> Option<Manifest> {
    let source_type = text(ingredient, "digitalSourceType")?;
    let action =
        Action { action: "c2pa.ingredient".into(), source_type: Some(source_type), created: true, ..Action::default() };
    let title = text(ingredient, "dc:title");
    Some(Manifest { label: label.to_owned(), path, title, actions: vec![action], ..Manifest::default() })
}

fn manifest(statement: &Statement, path: Vec<Via>) -> Manifest {
    let names = &statement.names;
    Manifest {
        label: statement.label.clone(),
        path,
        title: text(&statement.claim, "dc:title"),
        generator: generator(&statement.claim),
        signer: names.common_name.clone().or_else(|| names.organization.clone()),
        issuer: names.issuer_organization.clone().or_else(|| names.issuer_common_name.clone()),
        signed_at: statement.stamped.clone(),
        actions: actions(statement),
        assertions: statement.assertions.iter().take(limits::PROBLEMS * 8).map(|(label, _)| label.clone()).collect(),
        values: values(statement),
        unproven: false,
    }
}

/// Product name and version of the claim generator.
fn generator(claim: &Value) -> Option<String> {
    let info = claim.get("claim_generator_info");
    let info = info.and_then(|i| i.get(0)).or(info).filter(|i| i.is_object());
    let named = info.and_then(|i| text(i, "name")).map(|name| match info.and_then(|i| text(i, "version")) {
        Some(version) if !name.contains(&version) => format!("{name} {version}"),
        _ => name,
    });
    named.or_else(|| text(claim, "claim_generator"))
}

fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(cut).filter(|t| !t.is_empty())
}

fn cut(text: &str) -> String {
    text.chars().take(VALUE).collect()
}

fn actions(statement: &Statement) -> Vec<Action> {
    let mut out = Vec::new();
    for (label, value) in statement.assertions.iter().filter(|(l, _)| base(l).starts_with("c2pa.actions")) {
        let created = vouched(&statement.claim, label);
        let agents = value.get("softwareAgents").and_then(Value::as_array);
        for action in value.get("actions").and_then(Value::as_array).into_iter().flatten() {
            if out.len() >= ACTIONS {
                return out;
            }
            let indexed = || {
                let index = action.get("softwareAgentIndex").and_then(Value::as_u64)?;
                agents.and_then(|a| a.get(usize::try_from(index).ok()?))
            };
            out.push(Action {
                action: text(action, "action").unwrap_or_default(),
                source_type: text(action, "digitalSourceType"),
                agent: action.get("softwareAgent").or_else(indexed).and_then(agent),
                when: text(action, "when"),
                created,
                parameters: parameters(action),
            });
        }
    }
    out
}

/// False where the claim lists the assertion as gathered; a first-version claim vouches for all it lists.
fn vouched(claim: &Value, label: &str) -> bool {
    let lists = |key: &str| {
        let urls = claim.get(key).and_then(Value::as_array).into_iter().flatten();
        urls.filter_map(|u| u.get("url").and_then(Value::as_str)).any(|u| u.rsplit('/').next() == Some(label))
    };
    lists("created_assertions") || lists("assertions") || !lists("gathered_assertions")
}

fn agent(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => Some(cut(name)),
        _ => {
            let name = text(value, "name")?;
            Some(text(value, "version").map_or_else(|| name.clone(), |version| format!("{name} {version}")))
        }
    }
}

/// Parameters that name a source type, whoever's they are.
fn parameters(action: &Value) -> Vec<(String, String)> {
    let all = action.get("parameters").and_then(Value::as_object).into_iter().flatten();
    all.filter(|(key, _)| key.to_ascii_lowercase().ends_with("digitalsourcetype"))
        .filter_map(|(key, value)| Some((cut(key), cut(value.as_str()?))))
        .take(VALUES)
        .collect()
}

/// Assertions whose presence or text is a mark, by how their base label starts.
const KEPT: &[&str] = &[
    "com.adobe.generative-ai",
    "com.adobe.firefly",
    "c2pa.ai_generated_content",
    "c2pa.ai-disclosure",
    "c2pa.soft-binding",
];
/// Fields that say how an asset was made, wherever in a metadata assertion they stand.
const FIELDS: &[&str] = &["digitalsourcetype", "aisystemused"];

fn values(statement: &Statement) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if let Some(raw) = text(&statement.claim, "claim_generator") {
        out.push(("claim_generator".to_owned(), raw));
    }
    if let Some(format) = text(&statement.claim, "dc:format") {
        out.push(("dc:format".to_owned(), format));
    }
    if let Some(organization) = &statement.names.organization {
        out.push(("signer#O".to_owned(), cut(organization)));
    }
    for (label, value) in &statement.assertions {
        let kind = base(label);
        if KEPT.iter().any(|k| kind.starts_with(k)) {
            let said = value.get("alg").and_then(Value::as_str).filter(|_| kind == "c2pa.soft-binding");
            let said =
                said.map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned);
            out.push((label.clone(), cut(&said)));
        } else if !kind.starts_with("c2pa.actions") && !kind.starts_with("c2pa.ingredient") {
            fields(label, value, &mut out);
        }
    }
    out.truncate(VALUES);
    out
}

/// Finds [`FIELDS`] in a metadata assertion, without recursion.
fn fields(label: &str, value: &Value, out: &mut Vec<(String, String)>) {
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    let name = key.rsplit(':').next().unwrap_or(key).to_ascii_lowercase();
                    match inner.as_str() {
                        Some(text) if FIELDS.contains(&name.as_str()) && out.len() < VALUES => {
                            out.push((format!("{label}#{key}"), cut(text)));
                        }
                        _ => todo.push(inner),
                    }
                }
            }
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
}
