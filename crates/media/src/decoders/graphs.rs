//! Shared by the decoders of graphs: the forms in which programs write nodes and links, each made a [`Flow`].
//!
//! ComfyUI's API form (an object of nodes with `class_type` and `inputs`), litegraph.js (a list of `nodes` with `type`, and
//! `links`), lists or objects of nodes with `edges` (InvokeAI, React Flow), and nodes that name what they depend on (fal).

use serde_json::{Map, Value};

use super::flow::Flow;
use countersign_model::limits;

/// Which program's form it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// ComfyUI, the form that ran.
    Api,
    /// ComfyUI's editor.
    Editor,
    /// Another program's nodes and edges.
    Edges,
}

pub(super) struct Graph {
    pub(super) form: Form,
    pub(super) flow: Flow,
    pub(super) models: Vec<String>,
}

/// The graph that an object is.
pub(super) fn graph(object: &Map<String, Value>) -> Option<Graph> {
    let mut graph = api(object).or_else(|| editor(object)).or_else(|| edges(object))?;
    graph.models.sort();
    graph.models.dedup();
    Some(graph)
}

fn api(object: &Map<String, Value>) -> Option<Graph> {
    let node = |node: &Value| -> Option<(String, Map<String, Value>)> {
        Some((node.get("class_type")?.as_str()?.to_owned(), node.get("inputs")?.as_object()?.clone()))
    };
    let nodes: Vec<_> = object
        .iter()
        .take(limits::ITEMS)
        .filter_map(|(id, value)| node(value).map(|(class, inputs)| (id, class, inputs)))
        .collect();
    if nodes.is_empty() {
        return None;
    }
    let mut edges: Vec<(String, &str)> = Vec::new();
    for (to, _, inputs) in &nodes {
        edges.extend(inputs.values().filter_map(|input| match input.as_array()?.as_slice() {
            [id, slot] if slot.is_u64() => Some((id_of(id)?, to.as_str())),
            _ => None,
        }));
    }
    let models = nodes.iter().flat_map(|(_, _, inputs)| model_names(inputs.values())).collect();
    let named = nodes.iter().map(|(id, class, _)| ((*id).clone(), class.clone()));
    let flow = Flow::new(named, edges.iter().map(|(from, to)| (from.as_str(), *to)));
    Some(Graph { form: Form::Api, flow, models })
}

fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// litegraph.js: mode 2 is muted, 4 is bypassed.
fn editor(object: &Map<String, Value>) -> Option<Graph> {
    let nodes = object.get("nodes")?.as_array()?;
    if !["links", "last_node_id", "version"].iter().any(|key| object.contains_key(*key)) || object.contains_key("edges")
    {
        return None;
    }
    let mut models = Vec::new();
    let mut named: Vec<(String, String)> = Vec::new();
    let mut read = |nodes: &[Value], scope: &str| {
        for (at, node) in nodes.iter().take(limits::ITEMS).enumerate() {
            let Some(class) = node.get("type").and_then(Value::as_str) else { continue };
            let class = match node.get("mode").and_then(Value::as_u64) {
                Some(2) => continue,
                Some(4) => "Reroute",
                _ => class,
            };
            let id = node.get("id").and_then(id_of).unwrap_or_else(|| format!("at {at}"));
            named.push((format!("{scope}{id}"), class.to_owned()));
            if let Some(values) = node.get("widgets_values").and_then(Value::as_array).filter(|_| class != "Reroute") {
                models.extend(model_names(values.iter()));
            }
        }
    };
    read(nodes, "");
    let inner = object.get("definitions").and_then(|d| d.get("subgraphs")).and_then(Value::as_array);
    let inner: Vec<_> = inner.into_iter().flatten().filter_map(|inner| inner.get("nodes")?.as_array()).collect();
    inner.iter().enumerate().for_each(|(at, nodes)| read(nodes, &format!("{at}:")));
    if named.is_empty() {
        return None;
    }
    // What flows into a subgraph and out of it is not followed: then the kinds of nodes have to do.
    let links = object.get("links").and_then(Value::as_array).filter(|_| inner.is_empty());
    let end = |link: &Value, at: usize, name: &str| link.get(at).or_else(|| link.get(name)).and_then(id_of);
    let edges: Vec<_> = links
        .into_iter()
        .flatten()
        .take(limits::ITEMS)
        .filter_map(|link| Some((end(link, 1, "origin_id")?, end(link, 3, "target_id")?)))
        .collect();
    let mut flow = Flow::new(named.into_iter(), edges.iter().map(|(from, to)| (from.as_str(), to.as_str())));
    flow.shared_form = true;
    Some(Graph { form: Form::Editor, flow, models })
}

/// Nodes with edges, or with what they depend on.
fn edges(object: &Map<String, Value>) -> Option<Graph> {
    let list: Vec<(Option<&str>, &Value)> = match object.get("nodes")? {
        Value::Array(nodes) => nodes.iter().take(limits::ITEMS).map(|node| (None, node)).collect(),
        Value::Object(nodes) => nodes.iter().take(limits::ITEMS).map(|(id, node)| (Some(id.as_str()), node)).collect(),
        _ => return None,
    };
    let mut named = Vec::new();
    let mut joined: Vec<(String, String)> = Vec::new();
    let mut models = Vec::new();
    for (key, node) in list {
        let data = node.get("data");
        let class = [
            node.get("app"),
            data.and_then(|data| data.get("type")),
            data.and_then(|data| data.get("model")),
            node.get("class"),
            node.get("type"),
        ];
        let Some(class) = class.into_iter().flatten().find_map(Value::as_str) else { continue };
        let Some(id) = node.get("id").and_then(id_of).or_else(|| key.map(str::to_owned)) else { continue };
        for from in node.get("depends").and_then(Value::as_array).into_iter().flatten().filter_map(id_of) {
            joined.push((from, id.clone()));
        }
        if let Some(values) = node.get("input").or(data).and_then(Value::as_object) {
            models.extend(model_names(values.values()));
        }
        named.push((id, class.to_owned()));
    }
    let end = |edge: &Value, names: [&str; 2]| {
        let end = names.iter().find_map(|name| edge.get(*name))?;
        id_of(end.get("node_id").unwrap_or(end))
    };
    let listed = object.get("edges").and_then(Value::as_array).into_iter().flatten().take(limits::ITEMS);
    joined.extend(
        listed.filter_map(|edge| Some((end(edge, ["source", "from"])?, end(edge, ["destination", "target"])?))),
    );
    if named.is_empty() || joined.is_empty() {
        return None;
    }
    let mut flow = Flow::new(named.into_iter(), joined.iter().map(|(from, to)| (from.as_str(), to.as_str())));
    flow.shared_form = true;
    Some(Graph { form: Form::Edges, flow, models })
}

fn model_names<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let is_model = |text: &&str| {
        text.len() < 256
            && [".safetensors", ".ckpt", ".gguf", ".pth", ".sft", ".onnx"].iter().any(|end| text.ends_with(end))
    };
    values.filter_map(Value::as_str).filter(is_model).map(str::to_owned).collect()
}
