//! What a generator was asked for, as the file repeats it: prompt, model, version of the program. For the production's
//! records; whether there is a mark at all is for the other decoders and the catalogue.
//!
//! Parameters of the Stable Diffusion web UI; ComfyUI graphs that ran; flat JSON (Fooocus, SwarmUI, InvokeAI, NovelAI,
//! Draw Things, mflux); InvokeAI's `Dream` line; Midjourney's description; IPTC Photo Metadata 2025.1 and Video
//! Metadata Hub 1.7; fields named `prompt`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Decoder, Options, Signs, Subject, a1111, json, said, with_any};
use countersign_model::limits;
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "recipe", version: 1, decode };

/// Characters of a prompt that are kept.
const LONGEST: usize = 4_000;
/// Prompts of one graph that are kept.
const PROMPTS: usize = 4;
/// Objects within objects that are looked into.
const DEPTH: usize = 3;

/// Members of a flat object: what each is. The first that is there counts.
const PROMPT: &[&str] = &["prompt", "Prompt", "positive_prompt", "c", "prompt_text"];
const MODEL: &[&str] =
    &["model", "Model", "base_model", "use_stable_diffusion_model", "Stable Diffusion model", "model_weights"];
const VERSION: &[&str] = &["app_version", "mflux_version", "swarm_version", "version"];
/// Members that hold such an object.
const WRAPPERS: &[&str] = &["sui_image_params", "sui_extra_data", "imagemetahub_data", "image", "Comment", "prompt"];
/// Inputs of a graph's nodes that hold text for a model.
const TEXTS: &[&str] = &[
    "text",
    "prompt",
    "text_g",
    "t5xxl",
    "clip_l",
    "text_l",
    "positive",
    "positive_prompt",
    "tags",
    "lyrics",
    "value",
    "string",
];
/// Fields that hold a prompt as plain text, by the end of their key.
const FIELDS: &[&str] = &["aipromptinformation", "prompt", "prompt information", "ai.prompt.information"];
/// Fields that hold the generator's version.
const VERSIONS: &[&str] = &["aisystemversionused", "ai.system.version"];
/// Fields of programs that write a prompt with its options in one line.
const LINES: &[&str] = &["dream", "description"];

/// What one field says.
#[derive(Default)]
struct Recipe {
    prompt: Option<String>,
    model: Option<String>,
    version: Option<String>,
}

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let mut out: Vec<Tag> = Vec::new();
    let told = with_any(Signs::RECIPE, &facts.tags, &subject.signs).filter(|(tag, signs)| !says_nothing(tag, *signs));
    let hidden = facts.decoded.iter().filter(|t| t.space == "stealth");
    for tag in told.map(|(tag, _)| tag).chain(hidden) {
        let found = read(tag);
        for (key, value) in [("prompt", found.prompt), ("model", found.model), ("version", found.version)] {
            let known = out.iter().any(|t| t.key == key && t.via == tag.via);
            if let Some(value) = value.filter(|value| !known && !value.is_empty()) {
                out.push(said(DECODER.id, key, value, tag));
            }
        }
    }
    out
}

/// Whether neither the field nor what stands in it can be a recipe: true of nearly every tag, and cheaply told.
fn says_nothing(tag: &Tag, signs: Signs) -> bool {
    let named = || signs.is_named() && [FIELDS, VERSIONS, LINES].iter().any(|names| is_named(&tag.key, names));
    !(signs.has_brace() || signs.has_steps() && !tag.is_about_content() || named())
}

fn read(tag: &Tag) -> Recipe {
    let text = tag.value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let carries = tag.space == "stealth" || a1111::carries(tag);
    if let Some(line) = carries.then(|| a1111::settings(text)).flatten() {
        return parameters(text, line);
    }
    // `prompt:{…}` is how ComfyUI fills EXIF.
    let braced = memchr::memchr(b'{', text.as_bytes()).is_some();
    let object = braced
        .then(|| text.split_once(":{"))
        .flatten()
        .filter(|(name, _)| name.len() < 32 && name.chars().all(char::is_alphanumeric));
    let object = object.and_then(|(name, _)| text.get(name.len() + 1..)).unwrap_or(text);
    if object.starts_with('{') {
        let prefixed = object.len() < text.len();
        return match (prefixed || !tag.is_about_content()).then(|| json::parse(object)).flatten() {
            Some(Value::Object(object)) => members(&object, DEPTH),
            _ => Recipe::default(),
        };
    }
    let is = |name: &str| tag.key.eq_ignore_ascii_case(name);
    let prompt = if is("dream") {
        text.strip_prefix('"').and_then(|rest| rest.rsplit_once('"')).map(|(prompt, _)| prompt)
    } else if is("description") && text.contains("Job ID: ") {
        text.split(" Job ID: ").next()
    } else {
        (is_named(&tag.key, FIELDS) && !tag.key.to_lowercase().contains("negative")).then_some(text)
    };
    let version = is_named(&tag.key, VERSIONS).then(|| cut(text));
    Recipe { prompt: prompt.map(cut), version, model: None }
}

/// Whether a key ends with one of these, in either case.
fn is_named(key: &str, fields: &[&str]) -> bool {
    let Some(last) = key.as_bytes().last().map(u8::to_ascii_lowercase) else { return false };
    fields.iter().any(|field| {
        // The last letter decides cheaply for nearly every key.
        field.as_bytes().last() == Some(&last)
            && key
                .len()
                .checked_sub(field.len())
                .and_then(|at| key.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case(field))
    })
}

fn cut(text: &str) -> String {
    text.trim().chars().take(LONGEST).collect()
}

/// The text before the line of settings, without what was not wanted.
fn parameters(text: &str, line: &str) -> Recipe {
    let before = text.rfind(line).and_then(|at| text.get(..at)).unwrap_or_default();
    let prompt = before.split("Negative prompt:").next().unwrap_or_default();
    let setting = |key| a1111::setting(line, key).map(cut);
    Recipe { prompt: Some(cut(prompt)), model: setting("Model"), version: setting("Version") }
}

fn members(object: &Map<String, Value>, depth: usize) -> Recipe {
    if object.values().any(|node| node.get("class_type").is_some()) {
        return graph(object);
    }
    let first = |names: &[&str]| names.iter().find_map(|name| text_of(object.get(*name)?));
    let own = Recipe { prompt: first(PROMPT), model: first(MODEL), version: first(VERSION) };
    if own.prompt.is_some() || depth == 0 {
        return own;
    }
    let inner = |value: &Value| match value {
        Value::Object(inner) => Some(members(inner, depth - 1)),
        Value::String(text) if text.trim_start().starts_with('{') => match json::parse(text)? {
            Value::Object(inner) => Some(members(&inner, depth - 1)),
            _ => None,
        },
        _ => None,
    };
    let mut found = WRAPPERS.iter().filter_map(|name| inner(object.get(*name)?));
    let inner = found.find(|recipe| recipe.prompt.is_some()).unwrap_or_default();
    Recipe { prompt: inner.prompt, model: own.model.or(inner.model), version: own.version.or(inner.version) }
}

/// Text as it stands, of a list of weighted prompts, or of a model with a name.
fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) if !text.trim_start().starts_with('{') => text.clone(),
        Value::Array(parts) => {
            let parts = parts.iter().take(PROMPTS).filter_map(|part| part.get("prompt").unwrap_or(part).as_str());
            parts.collect::<Vec<_>>().join(", ")
        }
        Value::Object(named) => ["name", "model_name"].iter().find_map(|key| named.get(*key)?.as_str())?.to_owned(),
        _ => return None,
    };
    Some(cut(&text)).filter(|text| !text.is_empty())
}

/// The texts that a graph's models were given, without those that lead into a `negative` input.
fn graph(nodes: &Map<String, Value>) -> Recipe {
    let link = |value: &Value| value.as_array().and_then(|link| link.first()?.as_str().map(str::to_owned));
    let inputs = |node: &Value| node.get("inputs").and_then(Value::as_object).cloned();
    let mut unwanted = BTreeSet::new();
    for inputs in nodes.values().take(limits::ITEMS).filter_map(inputs) {
        unwanted.extend(inputs.iter().filter(|(name, _)| name.contains("negative")).filter_map(|(_, v)| link(v)));
    }
    let mut prompts: Vec<String> = Vec::new();
    for (id, node) in nodes.iter().take(limits::ITEMS) {
        let class = node.get("class_type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let Some(inputs) = inputs(node).filter(|_| !unwanted.contains(id)) else { continue };
        // Saving and showing nodes have texts of their own.
        if ["save", "load", "note", "show", "preview", "concat"].iter().any(|word| class.contains(word)) {
            continue;
        }
        let speaks = class.contains("textencode") || class.contains("prompt") || inputs.contains_key("prompt");
        let of = |value: &Value| match value {
            Value::String(text) => Some(cut(text)),
            // Typed into a node of its own.
            _ => TEXTS
                .iter()
                .find_map(|name| Some(cut(nodes.get(&link(value)?)?.get("inputs")?.get(*name)?.as_str()?))),
        };
        let texts = TEXTS.iter().filter(|_| speaks).filter_map(|name| of(inputs.get(*name)?));
        for text in texts.filter(|text| text.chars().any(char::is_alphabetic)) {
            if !prompts.contains(&text) && prompts.len() < PROMPTS {
                prompts.push(text);
            }
        }
    }
    let prompt = (!prompts.is_empty()).then(|| cut(&prompts.join(" / ")));
    // The decoder of graphs names the models.
    Recipe { prompt, ..Recipe::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_io::source::Source;

    fn of(space: &str, key: &str, value: &str) -> Vec<(String, String)> {
        let tag = Tag { space: space.into(), key: key.into(), value: value.into(), ..Tag::default() };
        let facts = Facts { tags: vec![tag], ..Facts::default() };
        let said = decode(&mut Subject::new(&mut Source::memory(Vec::new(), 0)), &facts, Options::default());
        said.into_iter().map(|t| (t.key.into(), t.value.into())).collect()
    }

    fn prompt(space: &str, key: &str, value: &str) -> Option<String> {
        of(space, key, value).into_iter().find(|(key, _)| key == "prompt").map(|(_, value)| value)
    }

    #[test]
    fn each_way_of_writing_a_prompt_is_read() {
        let web = "a red barn, dusk\nNegative prompt: people\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Model: v1-5, Version: v1.6.0";
        let graph = r#"{"3":{"class_type":"KSampler","inputs":{"positive":["6",0],"negative":["7",0],"seed":NaN}},
            "6":{"class_type":"CLIPTextEncode","inputs":{"text":"a red barn, dusk","clip":["4",1]}},
            "7":{"class_type":"CLIPTextEncode","inputs":{"text":"people"}},"9":{"class_type":"SaveImage","inputs":{"filename_prefix":"x","prompt":"no"}}}"#;
        let linked = r#"{"1":{"class_type":"CLIPTextEncode","inputs":{"text":["2",0]}},"2":{"class_type":"PrimitiveString","inputs":{"value":"a red barn, dusk"}}}"#;
        for (space, key, value) in [
            ("png", "parameters", web),
            ("exif", "UserComment", web),
            ("png", "prompt", graph),
            ("exif", "Model", &format!("prompt:{graph}")),
            ("png", "prompt", linked),
            ("quicktime", "©cmt", &format!(r#"{{"prompt":{}}}"#, Value::from(graph.replace("NaN", "1")))),
            ("exif", "UserComment", r#"{"prompt":"a red barn, dusk","base_model":"x"}"#),
            ("exif", "UserComment", r#"{"sui_image_params":{"prompt":"a red barn, dusk"}}"#),
            ("png", "sd-metadata", r#"{"image":{"prompt":[{"prompt":"a red barn, dusk","weight":1}]}}"#),
            ("png", "invokeai_metadata", r#"{"positive_prompt":"a red barn, dusk","model":{"name":"sdxl"}}"#),
            ("png", "Dream", r#""a red barn, dusk" -s 50 -S 1"#),
            ("png", "Description", "a red barn, dusk Job ID: 5b0f2a64-91c3-4f0e-8a55-0d6c1f7e2b90"),
            ("xmp", "Iptc4xmpExt:AIPromptInformation", "a red barn, dusk"),
            ("matroska", "PROMPT", " a red barn, dusk "),
        ] {
            assert_eq!(prompt(space, key, value).as_deref(), Some("a red barn, dusk"), "{space}:{key} {value}");
        }
        let said = of("png", "parameters", web);
        assert!(said.contains(&("model".into(), "v1-5".into())) && said.contains(&("version".into(), "v1.6.0".into())));
    }

    #[test]
    fn every_name_is_looked_at() {
        for name in FIELDS.iter().chain(VERSIONS).chain(LINES) {
            for key in [name.to_string(), name.to_uppercase(), format!("x:{name}")] {
                let tag = Tag { key: key.as_str().into(), ..Tag::default() };
                let signs = Signs::of_tag(&tag);
                assert!(signs.has_any(Signs::RECIPE) && !says_nothing(&tag, signs), "{key}");
            }
        }
        let other = Tag { key: "Orientation".into(), value: "1".into(), ..Tag::default() };
        assert!(says_nothing(&other, Signs::of_tag(&other)));
        assert!(!says_nothing(&Tag { key: "Make".into(), ..Tag::default() }, Signs::of("{}")));
    }

    #[test]
    fn other_text_is_no_prompt() {
        for (space, key, value) in [
            ("xmp", "dc:description", "a red barn"),
            ("xmp", "dc:description", r#"{"prompt":"a red barn"}"#),
            ("png", "Negative Prompt", "people"),
            ("png", "Description", "a red barn at dusk"),
            ("png", "prompt", "{"),
            ("png", "prompt", r#"{"1":{"class_type":"LoadImage","inputs":{"prompt":"x"}}}"#),
            ("exif", "UserComment", r#"{"detector":"EIGER"}"#),
            ("png", "Dream", "a dream"),
        ] {
            assert_eq!(prompt(space, key, value), None, "{space}:{key} {value}");
        }
        let long = "x".repeat(100_000);
        assert_eq!(prompt("png", "prompt", &long).map(|p| p.len()), Some(LONGEST));
        let deep = "{\"image\":".repeat(400) + "1" + &"}".repeat(400);
        assert_eq!(prompt("png", "prompt", &deep), None);
    }
}
