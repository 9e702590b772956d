//! ComfyUI graphs: what the nodes say about how the picture came to be.
//!
//! comfyanonymous/ComfyUI, `comfy_api/latest/_ui.py` (images, audio, EXIF Make and Model), `comfy_extras/nodes_video.py`;
//! VideoHelperSuite, `nodes.py` (`comment` JSON). The API form (`prompt`) is an object of nodes with `class_type` and
//! `inputs`; the form of the editor (`workflow`) has a list of `nodes` with `type`.

use serde_json::{Map, Value};

use super::{Decoder, Options, Subject, is_about_content, json, said};
use countersign_model::limits;
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "comfyui", version: 1, decode };

/// Nodes that call a hosted model to make pictures, video or sound; compared from the start of the type.
const HOSTED: &[&str] = &[
    "OpenAIDalle",
    "OpenAIGPTImage",
    "OpenAIVideo",
    "FluxPro",
    "FluxKontext",
    "Flux2",
    "Ideogram",
    "Recraft",
    "StabilityStable",
    "StabilityUpscale",
    "StabilityTextToAudio",
    "StabilityAudio",
    "KlingT",
    "KlingI",
    "KlingV",
    "KlingS",
    "KlingL",
    "KlingD",
    "KlingC",
    "KlingO",
    "LumaI",
    "LumaV",
    "Minimax",
    "MiniMax",
    "VeoVideo",
    "Veo3",
    "GeminiImage",
    "GeminiNanoBanana",
    "ByteDance",
    "Pixverse",
    "Pika",
    "Runway",
    "Vidu",
    "Moonvalley",
    "Sora",
    "WanTextTo",
    "WanImageTo",
    "GrokImage",
    "GrokVideo",
    "Rodin3D",
    "Tripo",
    "HunyuanImageApi",
    "Seedream",
    "Seedance",
    "Hailuo",
    "LtxvApi",
];
/// Words in types of nodes that scale or restore with a model.
const ENHANCING: &[&str] = &[
    "upscalewithmodel",
    "upscalemodelloader",
    "upscale_model",
    "supir",
    "seedvr",
    "codeformer",
    "facerestore",
    "gfpgan",
    "rife",
    "film vfi",
    "film_vfi",
    "frameinterpolation",
    "vfi",
    "colorize",
    "ddcolor",
    "deoldify",
    "topaz",
];
/// Words in types of nodes that bring pixels in from a file.
const LOADING: &[&str] =
    &["loadimage", "loadvideo", "load video", "load image", "image load", "load_image", "loadaudio", "imagefrombase64"];
/// Words in types of nodes that turn loaded pixels into what is sampled, so that the result keeps of them.
const ENCODING: &[&str] = &[
    "vaeencode",
    "inpaint",
    "imagetoimage",
    "img2img",
    "referencelatent",
    "kontext",
    "imageedit",
    "qwenimageedit",
    "facedetailer",
    "ultimatesdupscale",
    "reactor",
];
/// Words that stand for sampling.
const SAMPLING: &[&str] = &[
    "sampler",
    "ultimatesdupscale",
    "facedetailer",
    "detailerforeach",
    "txt2img",
    "img2img",
    "text_to_image",
    "tripleprompt",
];
/// Types that contain such a word and sample nothing.
const NOT_SAMPLING: &[&str] = &[
    "upsampl",
    "downsampl",
    "resampl",
    "samplerselect",
    "supersampl",
    "subsampl",
    "samplercustomselect",
    "sampler selector",
    "samplerparameters",
];
/// Nodes that do not change what a picture shows; with these alone a graph only converts.
const PLAIN: &[&str] = &[
    "loadimage",
    "loadvideo",
    "load video",
    "load image",
    "image load",
    "loadaudio",
    "saveimage",
    "previewimage",
    "savevideo",
    "saveaudio",
    "save",
    "preview",
    "scale",
    "crop",
    "resize",
    "upscale",
    "invert",
    "note",
    "reroute",
    "primitive",
    "pad",
    "blend",
    "batch",
    "mask",
    "composite",
    "flip",
    "rotate",
    "sharpen",
    "blur",
    "getimagesize",
    "createvideo",
    "videocombine",
    "getvideocomponents",
    "color",
    "combine",
    "convert",
];

/// Bytes of a key that stands before its graph in one field.
const LONGEST_KEY: usize = 32;

fn decode(_: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let mut out: Vec<Tag> = Vec::new();
    let mut editors: Vec<Tag> = Vec::new();
    for tag in &facts.tags {
        for graph in graphs(tag) {
            let add = |key: &str, value: String, to: &mut Vec<Tag>| {
                if to.len() < limits::EMBEDDED {
                    to.push(said(DECODER.id, key, value, tag));
                }
            };
            let to = if graph.ran { &mut out } else { &mut editors };
            add("graph", verdict(&graph.types).to_owned(), to);
            for model in graph.models {
                add("model", model, &mut out);
            }
        }
    }
    // The editor's form also lists nodes that were switched off: the form that ran decides where both are there.
    let ran: Vec<_> = out.iter().filter(|t| t.key == "graph").map(|t| t.via).collect();
    out.extend(editors.into_iter().map(|mut tag| {
        if tag.key == "graph" && ran.contains(&tag.via) {
            tag.key = "workflow".into();
        }
        tag
    }));
    out
}

struct Graph {
    /// Whether this is the form that ran, not the editor's.
    ran: bool,
    /// Node types in lower case, as written for hosted ones.
    types: Vec<String>,
    models: Vec<String>,
}

/// The graphs in a tag's value: bare, after `prompt:` or `workflow:`, or as members of a comment's object.
fn graphs(tag: &Tag) -> Vec<Graph> {
    let text = tag.value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let (named, text) = unprefixed(text);
    let looks = text.starts_with('{')
        // Letters of a name may be written as escapes.
        && (text.contains("\\u00") || text.contains("class_type") || text.contains("\"nodes\"") || text.contains("\\\"nodes\\\""));
    // A caption is what people write, but `workflow:{…}` in a caption field is how ComfyUI fills EXIF.
    if !looks || (!named && (is_about_content(tag) || tag.key == "ImageDescription")) {
        return Vec::new();
    }
    let Some(Value::Object(top)) = json::parse(text) else { return Vec::new() };
    if let Some(graph) = graph(&top) {
        return vec![graph];
    }
    let members = ["prompt", "workflow", "extra_pnginfo"].iter().filter_map(|key| top.get(*key));
    members.filter_map(|member| inner(member, 2)).collect()
}

/// A member that is a graph, holds one as text, or holds one under `workflow`.
fn inner(member: &Value, depth: usize) -> Option<Graph> {
    let depth = depth.checked_sub(1)?;
    match member {
        Value::Object(object) => graph(object).or_else(|| inner(object.get("workflow")?, depth)),
        Value::String(text) if text.trim_start().starts_with('{') => match json::parse(text)? {
            Value::Object(object) => graph(&object),
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

fn graph(object: &Map<String, Value>) -> Option<Graph> {
    let mut types = Vec::new();
    let mut models = Vec::new();
    for node in object.values().filter_map(Value::as_object).take(limits::ITEMS) {
        if let (Some(Value::String(class)), Some(Value::Object(inputs))) = (node.get("class_type"), node.get("inputs"))
        {
            types.push(class.clone());
            models.extend(model_names(inputs.values()));
        }
    }
    if !types.is_empty() {
        models.sort();
        models.dedup();
        return Some(Graph { ran: true, types, models });
    }
    let nodes = object.get("nodes")?.as_array()?;
    let graph_like =
        object.contains_key("links") || object.contains_key("last_node_id") || object.contains_key("version");
    if !graph_like {
        return None;
    }
    collect(nodes, &mut types, &mut models);
    let subgraphs = object.get("definitions").and_then(|d| d.get("subgraphs")).and_then(Value::as_array);
    for subgraph in subgraphs.into_iter().flatten() {
        if let Some(nodes) = subgraph.get("nodes").and_then(Value::as_array) {
            collect(nodes, &mut types, &mut models);
        }
    }
    models.sort();
    models.dedup();
    (!types.is_empty()).then_some(Graph { ran: false, types, models })
}

fn collect(nodes: &[Value], types: &mut Vec<String>, models: &mut Vec<String>) {
    for node in nodes.iter().take(limits::ITEMS) {
        let Some(kind) = node.get("type").and_then(Value::as_str) else { continue };
        // 2 is muted, 4 is bypassed.
        if matches!(node.get("mode").and_then(Value::as_u64), Some(2 | 4)) {
            continue;
        }
        types.push(kind.to_owned());
        if let Some(values) = node.get("widgets_values").and_then(Value::as_array) {
            models.extend(model_names(values.iter()));
        }
    }
}

fn model_names<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let is_model = |text: &&str| {
        text.len() < 256 && [".safetensors", ".ckpt", ".gguf", ".pth", ".sft"].iter().any(|end| text.ends_with(end))
    };
    values.filter_map(Value::as_str).filter(is_model).map(str::to_owned).collect()
}

/// `generate`, `edit` (from loaded pixels), `enhance`, `process` (no model at work) or `unknown`.
fn verdict(types: &[String]) -> &'static str {
    let lower: Vec<String> = types.iter().map(|t| t.to_lowercase()).collect();
    let has = |kind: &str, words: &[&str]| words.iter().any(|word| kind.contains(word));
    let any = |words: &[&str]| lower.iter().any(|kind| has(kind, words));
    let hosted = types.iter().any(|kind| HOSTED.iter().any(|start| kind.starts_with(start)));
    let samples = lower.iter().any(|kind| has(kind, SAMPLING) && !has(kind, NOT_SAMPLING));
    let decodes = any(&["vaedecode"]) && !any(&["vaeencode"]);
    let loads = any(LOADING);
    if hosted || samples || decodes {
        let from_pixels = loads && (hosted || any(ENCODING));
        return if from_pixels { "edit" } else { "generate" };
    }
    if any(ENHANCING) {
        return "enhance";
    }
    if lower.iter().all(|kind| has(kind, PLAIN)) { "process" } else { "unknown" }
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
            .map(|t| (t.key, t.value))
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
        let run = graph_of(&["KSampler"]);
        for tag in [
            ("xmp", "dc:description", run.as_str()),
            ("exif", "ImageDescription", &run),
            ("id3", "USLT", &run),
            ("png", "prompt", "Press any key"),
            ("png", "workflow", r#"{"nodes": ["a", "b"]}"#),
            ("png", "workflow", r#"{"nodes": [{"id": "scan"}], "links": []}"#),
            ("png", "prompt", r#"{"a": {"class_type": 1, "inputs": {}}}"#),
        ] {
            assert!(said_of(&[tag]).is_empty(), "{tag:?}");
        }
    }

    #[test]
    fn models_are_named() {
        let text = r#"{"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5.safetensors"}}}"#;
        assert!(said_of(&[("png", "prompt", text)]).contains(&("model".into(), "v1-5.safetensors".into())));
    }
}
