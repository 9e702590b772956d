//! Settings of a generative model, told by their structure: no list of programs, and any way of writing them down.
//!
//! What generators have in common is what they were asked: a prompt, with a seed, steps, a sampler, a guidance scale, a
//! model, a negative prompt, a size. They write it as JSON, as one field each, as `key: value` text, as YAML, as a Python
//! dictionary or as a command line, in whatever text field the container offers.

mod bag;
mod lines;
mod names;
mod objects;
mod python;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use self::bag::{Bag, Verdict};
use self::names::Field;
use super::{Decoder, Options, Signs, Subject, json, said, with_any};
use countersign_model::limits;
use countersign_model::{Facts, Tag, Via};

pub(super) const DECODER: Decoder = Decoder { id: "settings", version: 1, decode };

/// Names in tool fields that are looked for in fields for people.
const TOOLS: usize = 64;
/// How far from the start of a value its object may begin.
const BEFORE: usize = 256;
/// Separators in a key behind which a field's name is looked for.
const SEPARATORS: usize = 15;

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let mut out = Vec::new();
    let hidden = facts.decoded.iter().filter(|t| t.space == "stealth").map(|tag| (tag, Signs::of(&tag.value)));
    let values = with_any(Signs::SETTINGS, &facts.tags, &subject.signs).chain(hidden);
    let (mut known, mut tools) = (None, None);
    for (tag, _) in values.filter(|(tag, signs)| is_telling(&tag.value, *signs)) {
        if out.len() >= limits::EMBEDDED {
            break;
        }
        let (found, tool) = read(&tag.value);
        if found.is_none() && tool.is_none() {
            continue;
        }
        let written_by_people =
            tag.is_about_content() && !names_its_tool(tools.get_or_insert_with(|| tool_fields(facts)), tag);
        if let Some(tool) = tool.filter(|_| !written_by_people) {
            out.push(said(DECODER.id, "tool", tool, tag));
        }
        if let Some((bag, verdict)) =
            found.filter(|_| !known.get_or_insert_with(|| known_places(facts)).contains(&place_of(tag)))
        {
            push_verdict(&bag, verdict, if written_by_people { "quoted" } else { "structure" }, tag, &mut out);
        }
    }
    for (tag, bag, verdict) in one_field_each(facts) {
        push_verdict(&bag, verdict, "structure", tag, &mut out);
    }
    out
}

/// Where a tag stands.
type PlaceOf<'a> = (&'a str, Option<u64>, Via);

fn place_of(tag: &Tag) -> PlaceOf<'_> {
    (&tag.place, tag.offset, tag.via)
}

/// The fields of which a decoder that knows the program has told what they hold.
fn known_places(facts: &Facts) -> HashSet<PlaceOf<'_>> {
    let told = facts.decoded.iter().filter(|told| ["a1111", "invokeai"].contains(&told.space.as_str()));
    told.map(place_of).collect()
}

fn push_verdict(bag: &Bag, verdict: Verdict, key: &str, tag: &Tag, out: &mut Vec<Tag>) {
    let verb = match verdict {
        Verdict::Generate => "generate",
        Verdict::Edit => "edit",
    };
    let by = bag.tool.as_deref().map(|tool| format!("; by {}", tool.trim())).unwrap_or_default();
    out.push(said(DECODER.id, key, format!("{verb}: {}{by}", bag.describe()), tag));
    if key == "structure" {
        let parts = [("prompt", bag.asked()), ("model", bag.model.as_deref())];
        out.extend(parts.into_iter().filter_map(|(key, value)| Some(said(DECODER.id, key, value?, tag))));
    }
}

/// Whether a value holds a word that any settings hold: that alone sorts out most fields.
fn is_telling(value: &str, signs: Signs) -> bool {
    // Every one of the words has a letter.
    signs.has_letter()
        && (12..=limits::INFLATED).contains(&value.len())
        && may_be_read(value, signs)
        && words::are_in_value(value)
}

/// Whether a value has the signs of any way of writing settings down: a bracket near its start, options, or names with
/// signs behind them. [`read`] finds nothing in a value that has none of them.
fn may_be_read(value: &str, signs: Signs) -> bool {
    signs.has_two_separators() || signs.has_bracket() || signs.has_dash() && lines::may_have_options(value)
}

/// The settings in a value, and the program that an object in it names.
fn read(value: &str) -> (Option<(Bag, Verdict)>, Option<String>) {
    let text = value.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    let text = ["ASCII\0\0\0", "UNICODE\0"].iter().find_map(|start| text.strip_prefix(start)).unwrap_or(text);
    let start = text.bytes().take(BEFORE).position(|b| b == b'{' || b == b'[');
    let object = start.and_then(|at| text.get(at..)).and_then(object);
    if let Some(object) = &object {
        let found = objects::find(object);
        let tool = objects::tool(object);
        if found.is_some() || text.starts_with(['{', '[']) {
            return (found, tool);
        }
    }
    (lines::find(text), None)
}

/// JSON, or a Python dictionary.
fn object(text: &str) -> Option<Value> {
    if let Some(value) = json::parse(text) {
        return Some(value).filter(|value| value.is_object() || value.is_array());
    }
    let dictionary = text.starts_with("{'") || text.starts_with("[{'") || text.contains("': ");
    dictionary.then(|| json::parse(&python::to_json(text))).flatten().filter(Value::is_object)
}

/// The names that the file's tool fields hold, each once, as many as are compared.
fn tool_fields(facts: &Facts) -> Vec<&Tag> {
    const FIELDS: &[&str] =
        &["software", "creatortool", "originatingprogram", "xmp:creatortool", "tiff:software", "encoder", "source"];
    let mut seen = HashSet::new();
    let names = facts.tags.iter().filter(|tag| FIELDS.iter().any(|field| tag.key.eq_ignore_ascii_case(field)));
    let names = names.filter(|tag| (5..100).contains(&tag.value.trim().len()));
    names.filter(|tag| seen.insert((tag.value.trim(), tag.via))).take(TOOLS).collect()
}

/// Whether settings in a field for people are the writing of the program that the file's tool fields name.
fn names_its_tool(tools: &[&Tag], tag: &Tag) -> bool {
    let others = tools.iter().filter(|other| other.via == tag.via && !std::ptr::eq(**other, tag));
    others.into_iter().any(|other| tag.value.contains(other.value.trim()))
}

/// One field each: fields of one vocabulary whose names begin alike, together.
fn one_field_each(facts: &Facts) -> Vec<(&Tag, Bag, Verdict)> {
    let mut groups: BTreeMap<(&str, Via, &str), (&Tag, Bag, bool)> = BTreeMap::new();
    for tag in facts.tags.iter().filter(|tag| is_free(tag) && tag.value.len() <= limits::VALUE) {
        let key = tag.key.as_str();
        let Some((prefix, field)) = split(key) else { continue };
        // What is an object of its own is read as one.
        if tag.value.trim_start().starts_with('{') {
            continue;
        }
        let (first, bag, prompted) =
            groups.entry((&tag.space, tag.via, prefix)).or_insert_with(|| (tag, Bag::default(), false));
        bag.set(field, &tag.value);
        if field == Field::Prompt && !*prompted {
            (*first, *prompted) = (tag, true);
        }
    }
    let judged = groups.into_values().filter_map(|(tag, bag, _)| bag.judge().map(|verdict| (tag, bag, verdict)));
    let judged: Vec<_> = judged.collect();
    // Asked last: nearly no file has fields that are judged to be settings.
    let has_word = |tag: &Tag| (is_free(tag) || is_structure(tag)) && words::are_in_key(&tag.key);
    if judged.is_empty() || facts.tags.iter().any(has_word) { judged } else { Vec::new() }
}

/// Whether a tag tells of the picture or the sound itself, by a name of our own: sides, rates and lengths.
fn is_structure(tag: &Tag) -> bool {
    matches!(tag.space.as_str(), "image" | "audio")
}

/// Whether a tag's field has no fixed meaning: one field each is not how settings stand in those that have one.
fn is_free(tag: &Tag) -> bool {
    match tag.space.as_str() {
        "exif" | "iptc" | "icc" | "samsung" | "countersign" | "c2pa" | "dpx" | "bext" | "ixml" | "photoshop"
        | "comfyui" | "tar" | "zip" => false,
        "xmp" => {
            let own = memchr::memchr(b':', tag.key.as_bytes()).and_then(|end| tag.key.get(..end));
            !own.is_some_and(is_fixed)
        }
        _ => !is_structure(tag),
    }
}

/// Namespaces of XMP whose fields have fixed meanings.
fn is_fixed(namespace: &str) -> bool {
    matches!(
        namespace,
        "dc" | "xmp"
            | "xmpMM"
            | "xmpDM"
            | "xmpRights"
            | "tiff"
            | "exif"
            | "exifEX"
            | "aux"
            | "crs"
            | "photoshop"
            | "Iptc4xmpCore"
            | "Iptc4xmpExt"
            | "plus"
            | "pdf"
            | "stEvt"
            | "stRef"
            | "lr"
            | "GPano"
            | "GCamera"
            | "Camera"
            | "drone-dji"
            | "MicrosoftPhoto"
    )
}

/// The field that the end of a key names, and what stands before it: nothing, or a prefix such as `SD:` or `TXXX:`.
fn split(key: &str) -> Option<(&str, Field)> {
    // A name is what follows the last colon or slash: from any start before it, the same name is read.
    let named = memchr::memrchr2(b':', b'/', key.as_bytes()).map_or(0, |at| at + 1);
    let of = |at: usize| Some((key.get(..at)?, names::field(key.get(at..)?)?));
    if let Some(found) = of(0) {
        return Some(found);
    }
    let (mut separators, bytes) = (0, key.as_bytes());
    for (at, b) in bytes.iter().enumerate() {
        if !matches!(b, b':' | b'/' | b'.' | b'-' | b'_' | b' ') {
            continue;
        }
        separators += 1;
        if separators > SEPARATORS {
            break;
        }
        if let Some(found) = Some(at + 1).filter(|start| *start > named).and_then(of) {
            return Some(found);
        }
    }
    None
}
