//! Samsung's edit data: which of its members tell of Galaxy AI.
//!
//! Entries `PhotoEditor_Re_Edit_Data` (0x0BA1), `PEg_Info` and those like them, of the SEF trailer (JPEG, PNG) or the
//! `sefd` box (HEIF), undocumented; ExifTool, `Samsung.pm`.

use serde_json::Value;

use super::{Decoder, Options, Subject, json, said};
use countersign_model::limits;
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "samsung-edit", version: 2, decode };

const MEMBERS: &[&str] = &["genAIType", "isScaleAI", "isAIFilterReEditOnly"];

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let mut out = Vec::new();
    // The data are an object.
    if !subject.all_signs.has_brace() {
        return out;
    }
    for tag in facts.tags.iter().filter(|t| t.space == "samsung") {
        // Entries are named differently by each version of the editor; the members' names are their own.
        if !MEMBERS.iter().any(|member| tag.value.contains(member)) {
            continue;
        }
        let Some(start) = tag.value.find('{') else { continue };
        let Some(data) = json::parse(tag.value[start..].trim_end_matches('\0')) else { continue };
        walk(&data, limits::DEPTH, &mut |key, value| out.push(said(DECODER.id, key, value, tag)));
    }
    out.truncate(limits::EMBEDDED);
    out
}

/// Calls back for every member of interest, at any depth, also inside objects that stand as text.
fn walk(value: &Value, depth: usize, say: &mut impl FnMut(&str, String)) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::Number(_) | Value::Bool(_) if MEMBERS.contains(&key.as_str()) => say(key, value.to_string()),
                    Value::String(text) if MEMBERS.contains(&key.as_str()) => say(key, text.clone()),
                    Value::String(text) if text.starts_with('{') => {
                        if let Some(inner) = json::parse(text) {
                            walk(&inner, depth, say);
                        }
                    }
                    _ => walk(value, depth, say),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, depth, say)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_io::source::Source;

    #[test]
    fn members_are_found_at_any_depth_of_samsungs_entries_only() {
        let value = r#"{"clipInfoValue":"{\"a\":1}","x":[{"genAIType":1,"isScaleAI":true}],"y":"{\"isAIFilterReEditOnly\":false}"}"#;
        let tag = |key: &str| Tag { space: "samsung".into(), key: key.into(), value: value.into(), ..Tag::default() };
        let facts = |key: &str| Facts { tags: vec![tag(key)], ..Facts::default() };
        let said =
            |key: &str| decode(&mut Subject::new(&mut Source::memory(Vec::new(), 0)), &facts(key), Options::default());
        let got: Vec<_> =
            said("PhotoEditor_Re_Edit_Data").into_iter().map(|t| (t.key.to_string(), t.value.to_string())).collect();
        assert_eq!(
            got,
            [
                ("genAIType".into(), "1".into()),
                ("isScaleAI".into(), "true".into()),
                ("isAIFilterReEditOnly".to_string(), "false".to_string())
            ]
        );
        assert_eq!(said("PEg_Info").len(), 3);
        let other = Facts { tags: vec![Tag { space: "png".into(), ..tag("PEg_Info") }], ..Facts::default() };
        assert!(decode(&mut Subject::new(&mut Source::memory(Vec::new(), 0)), &other, Options::default()).is_empty());
    }
}
