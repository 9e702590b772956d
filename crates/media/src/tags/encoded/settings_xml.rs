//! Settings as XML: elements and attributes by their names, as the members of an object.
//!
//! `<seed>5</seed>`, `<seed value="5"/>`, `<parameter name="seed">5</parameter>` and `<generation seed="5">` say the same.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use crate::framing::xml;
use countersign_model::limits;

/// The longest document that is looked at.
const LONGEST: usize = 1024 * 1024;
const ATTRIBUTES: usize = 64;
/// Words of which settings hold at least two, without their first letters, which may be capitals.
const TELLING: &[&str] = &["eed", "teps", "rompt", "ampler", "cfg", "CFG", "uidance"];
/// Attributes that name what an element holds, and those that hold it.
const NAMING: &[&str] = &["name", "key", "id", "property"];
const HOLDING: &[&str] = &["value", "content", "val"];

/// The object that a document stands for; `None` where it holds no words of settings, or is no document.
pub(super) fn json(text: &str) -> Option<String> {
    let has = |word: &&&str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    if text.len() > LONGEST || TELLING.iter().filter(has).take(2).count() < 2 {
        return None;
    }
    let mut members = Map::new();
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut open: Vec<String> = Vec::new();
    let mut said = String::new();
    for _ in 0..limits::ITEMS {
        match reader.read_event().ok()? {
            Event::Start(e) => {
                said.clear();
                open.push(element(&e, &mut members));
                if open.len() > limits::DEPTH {
                    return None;
                }
            }
            Event::Empty(e) => {
                element(&e, &mut members);
            }
            Event::Text(e) => said.push_str(&e.xml10_content().unwrap_or_default()),
            Event::CData(e) => said.push_str(&String::from_utf8_lossy(&e)),
            Event::GeneralRef(e) => said.push_str(&xml::reference(&String::from_utf8_lossy(&e))),
            Event::End(_) => {
                let name = open.pop().unwrap_or_default();
                add(&mut members, name, said.trim());
                said.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    (!members.is_empty()).then(|| Value::Object(members).to_string())
}

/// The first of several of one name counts; an empty one may be told of again.
fn add(members: &mut Map<String, Value>, name: String, value: &str) {
    let known = members.get(&name).and_then(Value::as_str).is_some_and(|known| !known.is_empty());
    if !known && !name.is_empty() && members.len() < limits::ITEMS {
        members.insert(name, Value::String(value.to_owned()));
    }
}

/// The name of what an element holds; what its attributes say is taken at once.
fn element(e: &BytesStart<'_>, members: &mut Map<String, Value>) -> String {
    let own = String::from_utf8_lossy(e.local_name().as_ref()).into_owned();
    let attributes: Vec<(String, String)> = e
        .attributes()
        .with_checks(false)
        .flatten()
        .take(ATTRIBUTES)
        .map(|a| {
            let name = String::from_utf8_lossy(a.key.local_name().as_ref()).into_owned();
            (name, xml::unescape(&String::from_utf8_lossy(&a.value)))
        })
        .collect();
    let find =
        |names: &[&str]| attributes.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, v)| v.clone());
    let name = find(NAMING).unwrap_or(own);
    match find(HOLDING) {
        Some(value) => add(members, name.clone(), &value),
        None => attributes.iter().for_each(|(name, value)| add(members, name.clone(), value)),
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_setting_is_read() {
        for text in [
            "<g><seed>5</seed><steps>20</steps></g>",
            "<g seed='5' steps='20'/>",
            "<g><seed value='5'/><steps value='20'/></g>",
            "<g><parameter name='seed'>5</parameter><p key='steps' value='20'/></g>",
            "<?xml version='1.0'?><x:g xmlns:x='a'><x:seed><![CDATA[5]]></x:seed><x:steps>&#50;0</x:steps></x:g>",
        ] {
            let value: Value = serde_json::from_str(&json(text).unwrap()).unwrap();
            assert_eq!((value["seed"].as_str(), value["steps"].as_str()), (Some("5"), Some("20")), "{text}");
        }
        assert!(json("<clip><model>A7</model><seed>no</seed></clip>").is_none());
        assert!(json("<g><seed>5</seed><steps>20").is_some(), "what was read of a cut one");
    }
}
