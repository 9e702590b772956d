//! What the manifests say about the asset's making: actions, ingredients, generators, signers.
//!
//! Starts at the active manifest and follows ingredients (C2PA 2.2, section 18.16), depth first, within bounds,
//! never round a circle. What the statements mean is for the marks.

use std::collections::HashSet;

use serde_json::Value;

use super::store::{ParsedManifest, ParsedStore, base};
use countersign_model::limits;
use countersign_model::{Action, Manifest, Via};

/// Manifests of a chain that are reported.
const CHAIN: usize = 256;
/// Actions of a manifest that are reported.
const ACTIONS: usize = 2_000;
/// Values of a manifest that are reported, and characters of each.
const VALUES: usize = 256;
const VALUE: usize = 1_024;

/// What a store says, told from the active manifest.
#[derive(Debug, Default)]
pub struct Provenance {
    /// The active manifest first, then what it was made from.
    pub chain: Vec<Manifest>,
    /// What was left out, because there was too much of it.
    pub left_out: Option<&'static str>,
}

/// Follows the ingredients of a store.
#[must_use]
pub fn provenance(parsed: &ParsedStore) -> Provenance {
    let mut provenance = Provenance::default();
    let (out, left_out) = (&mut provenance.chain, &mut provenance.left_out);
    let Some(active) = parsed.manifests.last() else { return provenance };
    let mut seen = HashSet::new();
    // A stack in place of recursion; the last pushed is read first.
    let mut todo = vec![(active, Vec::<Via>::new())];
    while let Some((statement, path)) = todo.pop() {
        // One manifest may be parent here and component there: each way counts, but only once.
        if !seen.insert((statement.label.as_str(), weakest_link(&path))) {
            continue;
        }
        if out.len() >= CHAIN || path.len() > limits::DEPTH {
            left_out.get_or_insert("ingredients");
            continue;
        }
        let mut orphans = Vec::new();
        let mut next = Vec::new();
        for (label, value) in ingredients(statement) {
            let mut path = path.clone();
            path.push(via(value));
            // What the signer says of an ingredient counts beside what its own manifest says.
            orphans.extend(own_word(statement, label, value, &path));
            if let Some(found) = reference(value).and_then(|wanted| parsed.manifests.iter().find(|m| m.label == wanted))
            {
                next.push((found, path));
            }
        }
        out.push(manifest(statement, path, left_out));
        out.extend(orphans);
        todo.extend(next.into_iter().rev());
    }
    if out.len() > CHAIN {
        out.truncate(CHAIN);
        left_out.get_or_insert("ingredients");
    }
    provenance
}

/// The active manifest first, then what it was made from.
#[must_use]
pub fn chain(parsed: &ParsedStore) -> Vec<Manifest> {
    provenance(parsed).chain
}

/// The weakest link of a path: what counts for the asset.
fn weakest_link(path: &[Via]) -> Via {
    path.iter().copied().max().unwrap_or_default()
}

fn ingredients(statement: &ParsedManifest) -> impl Iterator<Item = (&str, &Value)> {
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

/// An ingredient whose source type the signer states (C2PA 2.4).
fn own_word(statement: &ParsedManifest, label: &str, ingredient: &Value, path: &[Via]) -> Option<Manifest> {
    let source_type = text(ingredient, "digitalSourceType")?;
    let created = vouched(&statement.claim, label);
    let action =
        Action { action: "c2pa.ingredient".into(), source_type: Some(source_type), created, ..Action::default() };
    let title = text(ingredient, "dc:title");
    Some(Manifest { label: label.to_owned(), path: path.to_vec(), title, actions: vec![action], ..Manifest::default() })
}

fn manifest(statement: &ParsedManifest, path: Vec<Via>, left_out: &mut Option<&'static str>) -> Manifest {
    let names = &statement.names;
    let labels = || statement.assertions.iter().map(|(label, _)| label);
    Manifest {
        label: statement.label.clone(),
        path,
        title: text(&statement.claim, "dc:title"),
        generator: generator(&statement.claim),
        signer: names.common_name.clone().or_else(|| names.organization.clone()),
        issuer: names.issuer_organization.clone().or_else(|| names.issuer_common_name.clone()),
        signed_at: statement.stamped.clone(),
        actions: actions(statement, left_out),
        assertions: labels().take(limits::PROBLEMS * 8).cloned().collect(),
        gathered: labels().filter(|l| !vouched(&statement.claim, l)).take(limits::PROBLEMS * 8).cloned().collect(),
        values: values(statement, left_out),
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

fn actions(statement: &ParsedManifest, left_out: &mut Option<&'static str>) -> Vec<Action> {
    let mut out = Vec::new();
    for (label, value) in statement.assertions.iter().filter(|(l, _)| base(l).starts_with("c2pa.actions")) {
        let context = Context { created: vouched(&statement.claim, label), assertion: value };
        // Related actions stand inside of the one they go with; a stack in place of recursion.
        let mut todo: Vec<_> = listed(value, "actions").rev().collect();
        while let Some(written) = todo.pop() {
            if out.len() >= ACTIONS {
                left_out.get_or_insert("actions");
                return out;
            }
            out.push(context.action(written));
            todo.extend(listed(written, "related").rev());
        }
    }
    out
}

fn listed<'a>(value: &'a Value, key: &str) -> std::slice::Iter<'a, Value> {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

/// The assertion in which an action stands.
struct Context<'a> {
    created: bool,
    assertion: &'a Value,
}

impl Context<'_> {
    fn action(&self, written: &Value) -> Action {
        let name = text(written, "action").unwrap_or_default();
        // What a template says holds for every action of its name that does not say otherwise itself.
        let for_all = |t: &&Value| t.get("action").and_then(Value::as_str).is_some_and(|a| a == "*" || a == name);
        let sources: Vec<_> =
            std::iter::once(written).chain(listed(self.assertion, "templates").filter(for_all)).collect();
        let first = |key: &str| sources.iter().find_map(|s| text(s, key));
        let parameters = ["parameters", "templateParameters"].into_iter();
        Action {
            source_type: first("digitalSourceType"),
            agent: sources.iter().find_map(|s| self.agent(s)),
            when: first("when"),
            created: self.created,
            parameters: parameters.flat_map(|key| sources.iter().flat_map(move |s| source_types(s, key))).collect(),
            action: name,
        }
    }

    /// The software named here, or by its place in the assertion's list.
    fn agent(&self, action: &Value) -> Option<String> {
        let indexed = || {
            let index = action.get("softwareAgentIndex").and_then(Value::as_u64)?;
            self.assertion.get("softwareAgents")?.get(usize::try_from(index).ok()?)
        };
        action.get("softwareAgent").or_else(indexed).and_then(agent)
    }
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
fn source_types(action: &Value, key: &str) -> Vec<(String, String)> {
    let all = action.get(key).and_then(Value::as_object).into_iter().flatten();
    all.filter(|(key, _)| key.to_ascii_lowercase().ends_with("digitalsourcetype"))
        .filter_map(|(key, value)| Some((cut(key), cut(value.as_str()?))))
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
/// The key of what a claim says it removed from an ingredient.
pub const REDACTED: &str = "redacted";
/// Fields that say how an asset was made, wherever in a metadata assertion they stand.
const FIELDS: &[&str] = &["digitalsourcetype", "aisystemused"];

fn values(statement: &ParsedManifest, left_out: &mut Option<&'static str>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if let Some(raw) = text(&statement.claim, "claim_generator") {
        out.push(("claim_generator".to_owned(), raw));
    }
    // The first of several is the manifest's generator already.
    for info in listed(&statement.claim, "claim_generator_info").skip(1) {
        out.extend(text(info, "name").map(|name| ("claim_generator".to_owned(), name)));
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
            let parsed = value.get("alg").and_then(Value::as_str).filter(|_| kind == "c2pa.soft-binding");
            let parsed =
                parsed.map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned);
            out.push((label.clone(), cut(&parsed)));
        } else if !kind.starts_with("c2pa.actions") && !kind.starts_with("c2pa.ingredient") {
            fields(label, value, &mut out);
        }
    }
    // An assertion that was taken out leaves its name in the claim that lists it, and in the one that says so.
    let there = |label: &str| statement.assertions.iter().any(|(l, _)| l == label);
    let gone = references(&statement.claim).filter(|l| KEPT.iter().any(|k| base(l).starts_with(k)) && !there(l));
    out.extend(gone.map(|label| (cut(label), "(removed)".to_owned())));
    let removed = listed(&statement.claim, "redacted_assertions").filter_map(Value::as_str);
    out.extend(removed.map(|uri| (REDACTED.to_owned(), cut(uri))));
    if out.len() > VALUES {
        out.truncate(VALUES);
        left_out.get_or_insert("values");
    }
    out
}

/// Labels of the assertions that a claim lists.
fn references(claim: &Value) -> impl Iterator<Item = &str> {
    let urls =
        ["created_assertions", "assertions", "gathered_assertions"].into_iter().flat_map(|key| listed(claim, key));
    urls.filter_map(|u| u.get("url").and_then(Value::as_str)?.rsplit('/').next())
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
                        Some(text) if FIELDS.contains(&name.as_str()) && out.len() <= VALUES => {
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
