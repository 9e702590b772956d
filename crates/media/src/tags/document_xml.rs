//! Properties of documents in XML: Office Open XML `docProps` (ISO/IEC 29500-2 and -4), EPUB packages, ODF `meta.xml`.
//!
//! A key is the name of the innermost element without its prefix, or what its `name` or `property` attribute says.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::framing::xml;
use crate::tags::{Place, charset, push};
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// Attributes that name what an element holds, and those that hold it.
const NAMING: &[&str] = &["name", "property", "meta:name"];
const HOLDING: &[&str] = &["content"];
/// The longest text of one element.
const TEXT: usize = 1024 * 1024;

/// Reads the text of all innermost elements.
pub fn read(blob: &[u8], space: &str, at: &Place, out: &mut Extraction) {
    let text = charset::guess(blob);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    // Each open element with the name that an attribute gives it.
    let mut open: Vec<(String, Option<String>)> = Vec::new();
    let mut said = String::new();
    for _ in 0..limits::ITEMS {
        match reader.read_event() {
            Ok(Event::Start(e)) => {
                said.clear();
                open.push(named(&e, space, at, out));
                if open.len() > limits::DEPTH {
                    return at.problem(Problem::limit("", at.offset.unwrap_or(0), "XML nested too deep"), out);
                }
            }
            Ok(Event::Empty(e)) => {
                named(&e, space, at, out);
            }
            Ok(Event::Text(e)) => add(&mut said, &e.xml10_content().unwrap_or_default()),
            Ok(Event::CData(e)) => add(&mut said, &String::from_utf8_lossy(&e)),
            Ok(Event::GeneralRef(e)) => {
                add(&mut said, &xml::reference(&String::from_utf8_lossy(&e)));
            }
            Ok(Event::End(_)) => {
                // A value in a typed element (`vt:lpwstr`) belongs to the property around it.
                let given = open.iter().rev().take(2).find_map(|(_, given)| given.clone());
                let element = open.pop().map(|(element, _)| element).unwrap_or_default();
                let value = said.trim();
                if !value.is_empty() {
                    push(out, (space, &given.unwrap_or(element)), value, at, 0);
                }
                said.clear();
            }
            Ok(Event::Eof) if open.is_empty() => return,
            Ok(Event::Eof) => return at.problem(Problem::truncated("", at.offset.unwrap_or(0), "the XML is cut"), out),
            Ok(_) => {}
            Err(e) => return at.problem(Problem::malformed("", at.offset.unwrap_or(0), e.to_string()), out),
        }
    }
    at.problem(Problem::limit("", at.offset.unwrap_or(0), "more XML than is read"), out);
}

fn add(said: &mut String, text: &str) {
    if said.len() + text.len() <= TEXT {
        said.push_str(text);
    }
}

/// The element's name, and the one that an attribute gives; a value in an attribute is told at once.
fn named(e: &BytesStart<'_>, space: &str, at: &Place, out: &mut Extraction) -> (String, Option<String>) {
    let name = String::from_utf8_lossy(e.local_name().as_ref()).into_owned();
    let attribute = |wanted: &[&str]| {
        let mut all = e.attributes();
        let mut all = all.with_checks(false).flatten();
        let found = all.find(|a| wanted.iter().any(|w| a.key.as_ref() == w.as_bytes()))?;
        Some(xml::unescape(&String::from_utf8_lossy(&found.value)))
    };
    let given = attribute(NAMING);
    if let (Some(key), Some(value)) = (&given, attribute(HOLDING)) {
        push(out, (space, key), value, at, 0);
    }
    (name, given)
}
