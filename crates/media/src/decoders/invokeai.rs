//! InvokeAI's text chunks: metadata, workflow and graph of today, `sd-metadata` and `Dream` of the early versions.
//!
//! invoke-ai/InvokeAI, `invokeai/app/services/image_files/image_files_disk.py`; legacy `ldm/dream/pngwriter.py`.

use serde_json::Value;

use super::{Decoder, Options, Signs, Subject, json, said, with_any};
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "invokeai", version: 1, decode };

/// Members of the metadata object; two make it InvokeAI's.
const MEMBERS: &[&str] = &[
    "generation_mode",
    "positive_prompt",
    "negative_prompt",
    "app_version",
    "cfg_scale",
    "cfg_rescale_multiplier",
    "rand_device",
    "scheduler",
    "seed",
    "steps",
    "model",
    "width",
    "height",
    "positive_conditioning",
    "type",
    "image",
    "model_weights",
    "app_id",
];
/// Members of older objects that say what a picture was made from.
const FROM_PIXELS: &[&str] = &["img2img", "inpaint", "outpaint", "unified_canvas", "upscale"];

/// A field's value made a mode, if it has the grammar.
type Reader = fn(&str) -> Option<&'static str>;

const FIELDS: &[(&str, Reader)] = &[
    ("invokeai_metadata", metadata),
    ("sd-metadata", metadata),
    ("invokeai_workflow", workflow),
    ("invokeai_graph", workflow),
    ("dream", dream),
];

/// The last letters of all of these names.
const LAST: &[u8] = b"awhm";

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let mut out = Vec::new();
    // Each of them is an object, or a text with options.
    let signed = with_any(Signs::OBJECT_OR_OPTIONS, &facts.tags, &subject.signs);
    for tag in signed.map(|(tag, _)| tag).filter(|t| matches!(t.space.as_str(), "png" | "exif" | "xmp")) {
        let key = tag.key.as_str();
        // The last letter decides cheaply for nearly every key.
        if !key.as_bytes().last().is_some_and(|last| LAST.contains(&last.to_ascii_lowercase())) {
            continue;
        }
        let key = key.rsplit(':').next().unwrap_or_default();
        let Some((_, read)) = FIELDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) else { continue };
        if let Some(mode) = read(&tag.value) {
            out.push(said(DECODER.id, "mode", mode, tag));
        }
    }
    // The metadata tell more than the graph beside them.
    if out.iter().any(|t| t.value != "unknown") {
        out.retain(|t| t.value != "unknown");
    }
    out
}

fn metadata(text: &str) -> Option<&'static str> {
    let Value::Object(object) = json::parse(text.trim())? else { return None };
    let known = MEMBERS.iter().filter(|key| object.contains_key(**key)).count();
    if known < 2 {
        return None;
    }
    let kind = [object.get("generation_mode"), object.get("type"), object.get("image").and_then(|i| i.get("type"))];
    let kind = kind.into_iter().flatten().find_map(Value::as_str).unwrap_or_default();
    Some(if FROM_PIXELS.iter().any(|word| kind.contains(word)) { "edit" } else { "generate" })
}

/// A node graph: `nodes` is a list (workflow) or an object (graph) whose nodes name their type.
fn workflow(text: &str) -> Option<&'static str> {
    let top = json::parse(text.trim())?;
    let nodes: Vec<&Value> = match top.get("nodes")? {
        Value::Array(nodes) => nodes.iter().collect(),
        Value::Object(nodes) => nodes.values().collect(),
        _ => return None,
    };
    let kind = |node: &&Value| {
        let inner = node.get("data").and_then(|data| data.get("type"));
        inner.or_else(|| node.get("type")).and_then(Value::as_str).map(str::to_owned)
    };
    let kinds: Vec<String> = nodes.iter().filter_map(kind).collect();
    if kinds.is_empty() {
        return None;
    }
    let any = |words: &[&str]| kinds.iter().any(|kind| words.iter().any(|word| kind.contains(word)));
    if !any(&["denoise", "l2i", "t2l", "text_to_latents", "noise"]) {
        return Some("unknown");
    }
    Some(if any(&["i2l", "inpaint"]) { "edit" } else { "generate" })
}

/// `"prompt" -s 50 -S 1234 -W 512 -H 512 -C 7.5`
fn dream(text: &str) -> Option<&'static str> {
    let rest = text.trim().rsplit_once('"').map(|(_, rest)| rest)?;
    let number = |flag: &str| {
        rest.split(flag)
            .nth(1)
            .is_some_and(|after| after.trim_start().trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()))
    };
    if !(number(" -s") && number(" -S")) {
        return None;
    }
    Some(if rest.contains(" -I") || rest.contains("--init_img") { "edit" } else { "generate" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_of_metadata_is_read() {
        assert_eq!(
            metadata(r#"{"generation_mode":"sdxl_txt2img","positive_prompt":"x","app_version":"5.0"}"#),
            Some("generate")
        );
        assert_eq!(metadata(r#"{"generation_mode":"inpaint","seed":1}"#), Some("edit"));
        assert_eq!(
            metadata(r#"{"model":"stable diffusion","app_id":"invoke-ai/InvokeAI","image":{"type":"img2img"}}"#),
            Some("edit")
        );
        assert_eq!(dream(r#""a barn" -s 50 -S 1234 -W 512 -H 512 -C 7.5"#), Some("generate"));
        assert_eq!(dream(r#""a barn" -s50 -S1234 -I x.png"#), Some("edit"));
        assert_eq!(workflow(r#"{"nodes":[{"data":{"type":"denoise_latents"}}],"edges":[]}"#), Some("generate"));
        assert_eq!(workflow(r#"{"nodes":{"a":{"type":"img_resize"}}}"#), Some("unknown"));
    }

    #[test]
    fn other_text_is_not() {
        for text in ["", "a nightmare", "\"a\" -s", "\"a\" -s x -S y", "{}", r#"{"seed":1}"#, "[]"] {
            assert!(dream(text).is_none() && metadata(text).is_none() && workflow(text).is_none(), "{text}");
        }
    }
}
