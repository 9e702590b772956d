//! Settings as a JSON object, at any depth that is bounded, also where objects stand as text inside others.

use serde_json::{Map, Value};

use super::bag::{Bag, Verdict};
use super::names::{self, Field};
use countersign_model::json;
use countersign_model::limits;

/// Objects within objects that are looked into.
const DEPTH: usize = 8;
/// How far down the members of inner objects are taken for those of the outer one.
const TOGETHER: usize = 3;
/// Elements of a list that are looked at.
const ELEMENTS: usize = 64;

/// The settings in a document, the outermost first.
pub(super) fn find(value: &Value) -> Option<(Bag, Verdict)> {
    let mut budget = limits::ITEMS;
    within(value, DEPTH, &mut budget)
}

/// The names of programs that the outermost objects state.
pub(super) fn tool(value: &Value) -> Option<String> {
    let mut bag = Bag::default();
    for (name, value) in value.as_object()?.iter().take(ELEMENTS) {
        if let (Some(Field::Tool), Value::String(text)) = (names::field(name), value) {
            bag.set(Field::Tool, text);
        }
    }
    bag.tool
}

fn within(value: &Value, depth: usize, budget: &mut usize) -> Option<(Bag, Verdict)> {
    let depth = depth.checked_sub(1)?;
    *budget = budget.checked_sub(1)?;
    match value {
        Value::Object(members) => {
            if is_graph(members) {
                return None;
            }
            let mut bag = Bag::default();
            gather(members, TOGETHER, &mut bag, budget);
            if let Some(verdict) = bag.judge() {
                return Some((bag, verdict));
            }
            members.values().find_map(|inner| within(inner, depth, budget))
        }
        Value::Array(items) => items.iter().take(ELEMENTS).find_map(|inner| within(inner, depth, budget)),
        Value::String(text) => within(&inner_text(text)?, depth, budget),
        _ => None,
    }
}

/// An object that stands as text.
fn inner_text(text: &str) -> Option<Value> {
    let text = text.trim();
    (text.starts_with('{') && text.len() > 8).then(|| json::parse(text)).flatten().filter(Value::is_object)
}

/// Whether an object is a graph of nodes: those are judged by what their nodes do.
fn is_graph(members: &Map<String, Value>) -> bool {
    let nodes = members.get("nodes").is_some_and(|nodes| nodes.is_array() || nodes.is_object());
    let joined = ["links", "edges", "connections", "last_node_id"].iter().any(|key| members.contains_key(*key));
    (nodes && joined)
        || members.contains_key("patcher")
        || members.values().any(|node| node.get("class_type").is_some())
}

/// Takes the members of an object, and those of the objects in it.
fn gather(members: &Map<String, Value>, depth: usize, bag: &mut Bag, budget: &mut usize) {
    for (name, value) in members {
        if budget.checked_sub(1).is_none() {
            return;
        }
        *budget -= 1;
        let field = names::field(name);
        match value {
            Value::Null => {
                if field == Some(Field::Negative) {
                    bag.set(Field::Negative, "");
                }
            }
            Value::Bool(truth) => {
                if *truth {
                    bag.add(name, "true");
                }
            }
            Value::Number(number) => bag.add(name, &number.to_string()),
            Value::String(text) => match inner_text(text) {
                Some(Value::Object(inner)) if depth > 0 && !is_graph(&inner) => gather(&inner, depth - 1, bag, budget),
                Some(_) => {}
                None => bag.add(name, text),
            },
            Value::Array(items) => list(field, name, items, bag),
            Value::Object(inner) if is_graph(inner) => {}
            Value::Object(inner) => {
                named(field, inner, bag);
                if depth > 0 {
                    gather(inner, depth - 1, bag, budget);
                }
            }
        }
    }
}

/// A model or prompt that is an object of its own.
fn named(field: Option<Field>, inner: &Map<String, Value>, bag: &mut Bag) {
    let text = |keys: &[&str]| keys.iter().find_map(|key| inner.get(*key)?.as_str());
    match field {
        Some(Field::Model) => {
            if let Some(name) = text(&["name", "model_name", "key", "id", "path", "hash"]) {
                bag.set(Field::Model, name);
            }
        }
        Some(Field::Prompt) => {
            if let Some(prompt) = text(&["text", "value", "positive", "base", "caption", "base_caption"]) {
                bag.set(Field::Prompt, prompt);
            }
        }
        Some(Field::Extra) if !inner.is_empty() => bag.set(Field::Extra, "yes"),
        Some(Field::Size) if inner.contains_key("width") && inner.contains_key("height") => {
            bag.set(Field::Size, "given")
        }
        Some(field @ Field::Foreign(_)) => bag.set(field, "yes"),
        _ => {}
    }
}

/// A list: of texts, of weighted prompts, of numbers.
fn list(field: Option<Field>, name: &str, items: &[Value], bag: &mut Bag) {
    let Some(field) = field.filter(|_| !items.is_empty()) else { return };
    let texts = items.iter().take(ELEMENTS).filter_map(|item| match item {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(inner) => {
            ["prompt", "text", "value", "name"].iter().find_map(|key| Some(inner.get(*key)?.as_str()?.to_owned()))
        }
        _ => None,
    });
    let text = texts.collect::<Vec<_>>().join(", ");
    match field {
        Field::Extra | Field::Foreign(_) => bag.set(field, "yes"),
        _ => bag.add(name, &text),
    }
}
