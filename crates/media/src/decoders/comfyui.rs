//! ComfyUI graphs: what the nodes say about how the picture came to be.
//!
//! comfyanonymous/ComfyUI, `comfy_api/latest/_ui.py` (images, audio, EXIF Make and Model), `comfy_extras/nodes_video.py`;
//! VideoHelperSuite, `nodes.py` (`comment` JSON). The API form (`prompt`) is an object of nodes with `class_type` and
//! `inputs`; the form of the editor (`workflow`) has a list of `nodes` with `type`. Graphs of other programs are read where
//! they have nodes and edges; what they do is for [`super::flow`].

use serde_json::Value;

use super::graphs::{Form, Graph, graph};
use super::{Decoder, Options, Signs, Subject, json, said, with_any};
use countersign_model::limits;
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "comfyui", version: 2, decode };

/// Bytes of a key that stands before its graph in one field.
const LONGEST_KEY: usize = 32;

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let mut out: Vec<Tag> = Vec::new();
    let mut editors: Vec<Tag> = Vec::new();
    // No object, no graph: that alone sorts out nearly every tag.
    if !subject.all_signs.has_brace() {
        return out;
    }
    for (tag, _) in with_any(Signs::OBJECT, &facts.tags, &subject.signs) {
        for (graph, quoted) in graphs(tag) {
            let effect = graph.flow.effect();
            let space = if graph.form == Form::Edges { "graph" } else { DECODER.id };
            // Other programs' graphs are told where they make something; what else they do is nobody's concern.
            if graph.form == Form::Edges && matches!(effect.verdict, "unknown" | "process") {
                continue;
            }
            let to = if graph.form == Form::Editor { &mut editors } else { &mut out };
            let add = |space: &str, key: &str, value: String, to: &mut Vec<Tag>| {
                if to.len() < limits::EMBEDDED {
                    to.push(said(space, key, value, tag));
                }
            };
            add(space, if quoted { "quoted" } else { "graph" }, effect.verdict.to_owned(), to);
            if quoted {
                continue;
            }
            if let Some(class) = effect.person {
                add("likeness", "node", class, to);
            }
            for model in graph.models {
                add(DECODER.id, "model", model, &mut out);
            }
        }
    }
    // The editor's form also lists nodes that were switched off: the form that ran decides where both are there.
    let ran: Vec<_> = out.iter().filter(|t| t.space == DECODER.id && t.key == "graph").map(|t| t.via).collect();
    for mut tag in editors {
        if ran.contains(&tag.via) {
            match tag.key.as_str() {
                "graph" => tag.key = "workflow".into(),
                "node" => continue,
                _ => {}
            }
        }
        out.push(tag);
    }
    out
}

/// The graphs in a tag's value (bare, after `prompt:` or `workflow:`, or as members of a comment's object), and whether
/// they stand where people write.
fn graphs(tag: &Tag) -> Vec<(Graph, bool)> {
    let text = tag.value.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    let text = ["ASCII\0\0\0", "UNICODE\0"].iter().find_map(|start| text.strip_prefix(start)).unwrap_or(text);
    let (named, text) = unprefixed(text);
    let looks = text.starts_with('{')
        // Letters of a name may be written as escapes.
        && (text.contains("\\u00")
            || text.contains("class_type")
            || text.contains("\"nodes\"")
            || text.contains("\\\"nodes\\\""));
    if !looks {
        return Vec::new();
    }
    // A caption is what people write, but `workflow:{…}` in a caption field is how ComfyUI fills EXIF.
    let quoted = !named && tag.is_about_content();
    let Some(Value::Object(top)) = json::parse(text) else { return Vec::new() };
    if let Some(graph) = graph(&top) {
        return vec![(graph, quoted)];
    }
    let found: Vec<_> = MEMBERS.iter().filter_map(|key| inner(top.get(*key)?, DEPTH)).collect();
    if !found.is_empty() {
        return found.into_iter().map(|graph| (graph, quoted)).collect();
    }
    // Whatever the member is called.
    top.values().find_map(|member| inner(member, DEPTH)).map(|graph| (graph, quoted)).into_iter().collect()
}

/// Members under which programs keep graphs.
const MEMBERS: &[&str] = &["prompt", "workflow", "extra_pnginfo"];
/// Objects within objects that are looked into for a graph.
const DEPTH: usize = 5;
/// Members of an object that are looked into.
const WIDTH: usize = 256;

/// A member that is a graph, holds one as text, or holds one deeper.
fn inner(member: &Value, depth: usize) -> Option<Graph> {
    let depth = depth.checked_sub(1)?;
    match member {
        Value::Object(object) => {
            graph(object).or_else(|| object.values().take(WIDTH).find_map(|member| inner(member, depth)))
        }
        Value::String(text) if text.trim_start().starts_with('{') => match json::parse(text)? {
            Value::Object(object) => inner(&Value::Object(object), depth),
            _ => None,
        },
        _ => None,
    }
}

fn unprefixed(text: &str) -> (bool, &str) {
    let end = text.bytes().take(LONGEST_KEY + 1).position(|b| b == b':');
    match end.and_then(|end| Some((text.get(..end)?, text.get(end + 1..)?.trim_start()))) {
        Some((key, rest)) if rest.starts_with('{') && key.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            (true, rest)
        }
        _ => (false, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_io::source::Source;

    fn said_of(tags: &[(&str, &str, &str)]) -> Vec<(String, String)> {
        let tag = |(space, key, value): &(&str, &str, &str)| Tag {
            space: (*space).into(),
            key: (*key).into(),
            value: (*value).into(),
            ..Tag::default()
        };
        let facts = Facts { tags: tags.iter().map(tag).collect(), ..Facts::default() };
        decode(&mut Subject::new(&mut Source::memory(Vec::new(), 0)), &facts, Options::default())
            .into_iter()
            .map(|t| (t.key.into(), t.value.into()))
            .collect()
    }

    fn graph_of(types: &[&str]) -> String {
        let nodes: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(n, t)| format!(r#""{n}": {{"class_type": "{t}", "inputs": {{"x": NaN}}}}"#))
            .collect();
        format!("{{{}}}", nodes.join(", "))
    }

    #[test]
    fn nodes_decide() {
        for (types, expected) in [
            (&["CheckpointLoaderSimple", "KSampler", "VAEDecode", "SaveImage"][..], "generate"),
            (&["LoadImage", "VAEEncode", "KSampler", "VAEDecode"], "edit"),
            (&["LoadImage", "ControlNetApply", "KSampler"], "generate"),
            (&["OpenAIGPTImage1", "SaveImage"], "generate"),
            (&["LoadImage", "FluxKontextProImageNode"], "edit"),
            (&["LoadImage", "UpscaleModelLoader", "ImageUpscaleWithModel", "SaveImage"], "enhance"),
            (&["LoadImage", "ImageScale", "SaveImage"], "process"),
            (&["LoadImage", "MysteryNode"], "unknown"),
            (&["KSamplerSelect", "LoadImage", "SaveImage"], "unknown"),
        ] {
            assert_eq!(
                said_of(&[("png", "prompt", &graph_of(types))])[0],
                ("graph".into(), expected.into()),
                "{types:?}"
            );
        }
    }

    #[test]
    fn every_place_is_read() {
        let run = graph_of(&["KSampler"]);
        let editor = r#"{"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}, {"id": 4, "type": "LoadImage", "mode": 4}], "links": []}"#;
        let comment = format!(
            r#"{{"prompt": {}, "workflow": {editor}}}"#,
            serde_json::to_string(&run.replace("NaN", "1")).unwrap()
        );
        for tag in [
            ("exif", "Model", format!("prompt:{run}")),
            ("exif", "Make", format!("workflow:{editor}")),
            ("exif", "ImageDescription", format!("workflow:{editor}")),
            ("quicktime", "©cmt", comment),
            ("matroska", "WORKFLOW", editor.to_owned()),
            ("id3", "TXXX:prompt", run.clone()),
        ] {
            assert_eq!(
                said_of(&[(tag.0, tag.1, &tag.2)]).first(),
                Some(&("graph".into(), "generate".into())),
                "{tag:?}"
            );
        }
        // The form that ran decides.
        let loaded = graph_of(&["LoadImage", "ImageScale", "SaveImage"]);
        let both = said_of(&[("png", "prompt", &loaded), ("png", "workflow", editor)]);
        assert_eq!(both, [("graph".into(), "process".into()), ("workflow".to_string(), "generate".to_string())]);
    }

    #[test]
    fn other_json_and_captions_are_not_graphs() {
        for tag in [
            ("png", "prompt", "Press any key"),
            ("png", "workflow", r#"{"nodes": ["a", "b"]}"#),
            ("png", "workflow", r#"{"nodes": [{"id": "scan"}], "links": []}"#),
            ("png", "prompt", r#"{"a": {"class_type": 1, "inputs": {}}}"#),
        ] {
            assert!(said_of(&[tag]).is_empty(), "{tag:?}");
        }
    }

    #[test]
    fn graphs_where_people_write_are_only_quoted() {
        let run = graph_of(&["KSampler"]);
        for (space, key) in [("xmp", "dc:description"), ("id3", "USLT"), ("quicktime", "©lyr")] {
            assert_eq!(said_of(&[(space, key, &run)]), [("quoted".to_owned(), "generate".to_owned())], "{key}");
        }
        assert_eq!(said_of(&[("exif", "ImageDescription", &run)])[0].0, "graph");
    }

    #[test]
    fn graphs_of_other_programs_are_read() {
        let edges = r#"{"nodes":[{"id":"a","type":"invocation","data":{"type":"denoise_latents"}},{"id":"b","data":{"type":"l2i"}}],
            "edges":[{"source":"a","target":"b"}]}"#;
        assert_eq!(said_of(&[("png", "graph", edges)]), [("graph".to_owned(), "generate".to_owned())]);
        let fal = r#"{"nodes":{"n1":{"id":"n1","type":"run","app":"fal-ai/flux/dev","depends":["input"],"input":{"prompt":"x"}},
            "out":{"id":"out","type":"display","depends":["n1"]}}}"#;
        assert_eq!(said_of(&[("png", "workflow", fal)]), [("graph".to_owned(), "generate".to_owned())]);
        for other in [
            r#"{"nodes":[{"id":"1","type":"input","data":{"label":"Start"}},{"id":"2","type":"default"}],"edges":[{"source":"1","target":"2"}]}"#,
            r#"{"nodes":[{"id":"1","type":"Sampler"},{"id":"2","type":"Reverb"}],"edges":[{"source":"1","target":"2"}]}"#,
            r#"{"nodes":[{"name":"LLM","type":"n8n-nodes-base.openAi","typeVersion":1}],"connections":{"LLM":{}}}"#,
        ] {
            assert!(said_of(&[("png", "workflow", other)]).is_empty(), "{other}");
        }
    }

    #[test]
    fn models_are_named() {
        let text = r#"{"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5.safetensors"}}}"#;
        assert!(said_of(&[("png", "prompt", text)]).contains(&("model".into(), "v1-5.safetensors".into())));
    }
}
