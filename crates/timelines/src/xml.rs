//! A small tree of an XML document, bounded in depth and number; document types and their entities are not followed.

use crate::{
    error::Unreadable,
    limits::{Budget, MAX_DEPTH, MAX_XML_ELEMENTS},
    text,
};
use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};

/// An element with its text (of all its own text nodes together).
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The trimmed text; none when it is empty.
    pub(crate) fn text(&self) -> Option<&str> {
        let text = self.text.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The text of a child.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name)?.text()
    }

    /// The number in a child, also when it is written with decimals.
    pub(crate) fn child_number(&self, name: &str) -> Option<i64> {
        number(self.child_text(name)?)
    }

    /// Follows a path of child names.
    pub(crate) fn path(&self, names: &[&str]) -> Option<&Element> {
        names.iter().try_fold(self, |element, name| element.child(name))
    }
}

/// A whole number, also written with decimals (`1055.0`).
pub(crate) fn number(text: &str) -> Option<i64> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole);
    }
    let decimal: f64 = text.parse().ok()?;
    (decimal.is_finite() && decimal.abs() < 9.0e15).then_some(decimal.round() as i64)
}

/// Parses a document into its root element.
pub(crate) fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Element, Unreadable> {
    let document = text::decode(bytes);
    let mut reader = Reader::from_str(&document);
    let mut open = vec![Element::default()];
    let mut elements = 0_usize;
    loop {
        if elements > MAX_XML_ELEMENTS {
            let what = format!("more than {MAX_XML_ELEMENTS} elements are not read");
            return Err(Unreadable::at("XML", reader.buffer_position(), what));
        }
        let event =
            reader.read_event().map_err(|error| Unreadable::at("XML", reader.error_position(), error.to_string()))?;
        let place = reader.buffer_position();
        elements += usize::from(matches!(event, Event::Start(_) | Event::Empty(_)));
        match event {
            Event::Start(start) => {
                budget.step("XML")?;
                if open.len() > MAX_DEPTH {
                    return Err(Unreadable::at("XML", place, "elements nested too deeply"));
                }
                open.push(element(&start, place)?);
            }
            Event::Empty(start) => {
                budget.step("XML")?;
                let child = element(&start, place)?;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(child);
                }
            }
            Event::End(_) => close(&mut open),
            Event::Text(content) => append(&mut open, &content.decode().map_err(|error| bad(place, error))?),
            Event::CData(content) => append(&mut open, &content.decode().map_err(|error| bad(place, error))?),
            Event::GeneralRef(reference) => append(&mut open, &resolve(&reference, place)?),
            Event::Eof => break,
            _ => {}
        }
    }
    if open.len() != 1 {
        return Err(Unreadable::at("XML", reader.buffer_position(), "the document ends inside an element"));
    }
    let top = open.pop().unwrap_or_default();
    top.children.into_iter().next().ok_or_else(|| Unreadable::new("XML", "no element"))
}

fn bad(place: u64, error: impl std::fmt::Display) -> Unreadable {
    Unreadable::at("XML", place, error.to_string())
}

fn element(start: &BytesStart<'_>, place: u64) -> Result<Element, Unreadable> {
    let mut made = Element { name: String::from_utf8_lossy(start.name().as_ref()).into_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| bad(place, error))?;
        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        let value =
            attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| bad(place, error))?;
        made.attributes.push((key, value.into_owned()));
    }
    Ok(made)
}

fn close(open: &mut Vec<Element>) {
    if open.len() < 2 {
        return;
    }
    if let (Some(done), Some(parent)) = (open.pop(), open.last_mut()) {
        parent.children.push(done);
    }
}

fn append(open: &mut [Element], content: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(content);
    }
}

/// A predefined entity or a character reference; any other would come from a document type, which is not followed.
fn resolve(reference: &BytesRef<'_>, place: u64) -> Result<String, Unreadable> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| bad(place, error))? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|error| bad(place, error))?;
    let resolved = match name.as_ref() {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return Err(Unreadable::at("XML", place, "an entity that only a document type could explain")),
    };
    Ok(resolved.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Element, Unreadable> {
        parse(text.as_bytes(), &mut Budget::new())
    }

    #[test]
    fn text_entities_and_attributes_are_read() {
        let root =
            read("<?xml version='1.0'?><!DOCTYPE x><a k='1 &amp; 2'>x &lt;&#65;<b>12.0</b><![CDATA[<]]></a>").unwrap();
        assert_eq!(root.attribute("k"), Some("1 & 2"));
        assert_eq!(root.text(), Some("x <A<"));
        assert_eq!(root.child_number("b"), Some(12));
    }

    #[test]
    fn deep_cut_and_foreign_documents_are_refused_with_a_place() {
        assert!(read(&"<a>".repeat(100_000)).unwrap_err().reason.contains("deeply"));
        assert!(read("<a><b>").unwrap_err().offset.is_some());
        assert!(read("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>").is_err());
        assert!(read("").is_err());
    }
}
