//! A small tree of an XML document, for timelines and for the manifests of packages: bounded in depth, number and memory.
//!
//! No entity but the five of XML and character references is ever expanded. Names lose their prefix. The tree is compact: a
//! name is kept once however many elements have it, and nothing is reserved for what an element does not have.

use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::{
    error::Unreadable,
    limits::{Budget, MAX_DEPTH, MAX_XML_ATTRIBUTES, MAX_XML_ELEMENTS, MAX_XML_MEMORY},
    text,
};

/// Different names that are kept once.
const NAMES: usize = 4_096;

/// A name without its prefix; all that are the same are one in memory.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Name(Rc<str>);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// An attribute: its name without prefix, and its value.
type Attribute = (Name, Box<str>);

/// An element with what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Without prefix.
    pub name: Name,
    /// The element's own text (of all its text nodes together), white space around it cut off.
    pub text: Box<str>,
    /// The elements in it, in the order of the document.
    pub children: Box<[Element]>,
    /// Itself and all elements in it.
    pub(crate) size: u32,
    attributes: Box<[Attribute]>,
}

impl Element {
    /// The value of an attribute, by its name without prefix.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| *key == *name).map(|(_, value)| &**value)
    }

    /// The first child of that name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == *name)
    }

    /// The elements that a path of names leads to, in the order of the document.
    #[must_use]
    pub fn all<'a>(&'a self, path: &[&str]) -> Vec<&'a Element> {
        let mut found = vec![self];
        for name in path {
            found = found.into_iter().flat_map(|e| e.children.iter().filter(|c| c.name == **name)).collect();
        }
        found
    }

    /// The text of the first child of that name, unless it is empty.
    #[must_use]
    pub fn said(&self, name: &str) -> Option<&str> {
        self.child(name)?.text()
    }

    /// That text as a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.said(name)?.parse().ok()
    }

    pub(crate) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == *name)
    }

    /// The text; none when it is empty.
    pub(crate) fn text(&self) -> Option<&str> {
        (!self.text.is_empty()).then_some(&*self.text)
    }

    /// The number in a child, also when it is written with decimals.
    pub(crate) fn child_number(&self, name: &str) -> Option<i64> {
        number(self.said(name)?)
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

/// What a document may hold.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// Elements inside elements.
    pub depth: usize,
    /// Elements of the document.
    pub elements: usize,
    /// Bytes of memory that its tree may take.
    pub memory: usize,
    /// Elements that are there without what they hold, by their names.
    pub skip: &'a [&'a str],
    /// Whether a document type declaration and a second element at the top are errors. They are passed over otherwise.
    pub strict: bool,
}

/// The root element of a document.
///
/// ```
/// use countersign_timelines::xml::{Bounds, document};
///
/// let bounds = Bounds { depth: 64, elements: 1_000, memory: 1 << 20, skip: &["Signature"], strict: true };
/// let root = document("<p:a xmlns:p='urn:x'><b q='1 &amp; 2'>one</b></p:a>", &bounds).unwrap();
/// assert_eq!((root.name.as_str(), root.said("b")), ("a", Some("one")));
/// assert!(document(&"<a>".repeat(1_000), &bounds).is_err());
/// ```
///
/// # Errors
/// What is wrong with the document or more than its bounds allow, with the place in bytes.
pub fn document(text: &str, bounds: &Bounds<'_>) -> Result<Element, Unreadable> {
    let mut builder = Builder::of(bounds);
    let mut reader = Reader::from_str(text);
    loop {
        let event = reader.read_event().map_err(|e| Unreadable::at("XML", reader.error_position(), e.to_string()))?;
        let at = reader.buffer_position();
        if builder.take(event).map_err(|what| Unreadable::at("XML", at, what))? {
            break;
        }
    }
    match builder.root {
        _ if !builder.open.is_empty() || builder.skipped > 0 => {
            Err(Unreadable::at("XML", reader.buffer_position(), "the document is cut short: it ends inside an element"))
        }
        Some(root) => Ok(root),
        None => Err(Unreadable::new("XML", "the document has no element")),
    }
}

/// The root element of a timeline.
pub(crate) fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Element, Unreadable> {
    let bounds =
        Bounds { depth: MAX_DEPTH, elements: MAX_XML_ELEMENTS, memory: MAX_XML_MEMORY, skip: &[], strict: false };
    budget.step("XML")?;
    document(&text::decode(bytes), &bounds)
}

/// An element that has not ended yet.
struct Open {
    name: Name,
    attributes: Box<[Attribute]>,
    text: String,
    children: Vec<Element>,
}

struct Builder<'b> {
    bounds: &'b Bounds<'b>,
    open: Vec<Open>,
    root: Option<Element>,
    /// Depth inside an element that is passed over.
    skipped: usize,
    elements: usize,
    names: HashSet<Rc<str>>,
    /// Bytes that the tree may still take.
    memory: usize,
}

impl<'b> Builder<'b> {
    fn of(bounds: &'b Bounds<'b>) -> Self {
        let (names, memory) = (HashSet::new(), bounds.memory);
        Self { bounds, open: Vec::new(), root: None, skipped: 0, elements: 0, names, memory }
    }

    /// True at the end of the document.
    fn take(&mut self, event: Event<'_>) -> Result<bool, String> {
        match event {
            Event::Start(start) => self.start(&start)?,
            Event::Empty(start) => {
                self.start(&start)?;
                self.end()?;
            }
            Event::End(_) => self.end()?,
            Event::Text(text) => self.text(&text.decode().map_err(|e| e.to_string())?),
            Event::CData(text) => self.text(&text.decode().map_err(|e| e.to_string())?),
            Event::GeneralRef(reference) => self.text(&resolved(&reference)?),
            Event::DocType(_) if self.bounds.strict => {
                return Err("a document type declaration is not read".to_owned());
            }
            Event::Eof => return Ok(true),
            _ => {}
        }
        Ok(false)
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.elements > self.bounds.elements {
            return Err(format!("more than {} elements are not read", self.bounds.elements));
        }
        if self.open.len() + self.skipped >= self.bounds.depth {
            return Err(format!("elements nested too deeply: more than {} deep", self.bounds.depth));
        }
        if self.open.is_empty() && self.root.is_some() && self.bounds.strict {
            return Err("a second root element".to_owned());
        }
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        self.spend(size_of::<Element>())?;
        let name = self.name(&String::from_utf8_lossy(start.local_name().as_ref()))?;
        let skipped = self.bounds.skip.contains(&name.as_str());
        if let Some(around) = self.open.last_mut().filter(|_| skipped) {
            around.children.push(Element { name, size: 1, ..Element::default() });
            self.skipped = 1;
            return Ok(());
        }
        let attributes = self.attributes(start)?;
        self.open.push(Open { name, attributes, text: String::new(), children: Vec::new() });
        Ok(())
    }

    fn attributes(&mut self, start: &BytesStart<'_>) -> Result<Box<[Attribute]>, String> {
        let mut found = Vec::new();
        // Names are not compared with each other: of one element there may be very many.
        for attribute in start.attributes().with_checks(false) {
            if found.len() >= MAX_XML_ATTRIBUTES {
                return Err(format!("more than {MAX_XML_ATTRIBUTES} attributes of one element are not read"));
            }
            let attribute = attribute.map_err(|e| e.to_string())?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
            self.spend(size_of::<Attribute>() + allocated(value.len()))?;
            let key = self.name(&String::from_utf8_lossy(attribute.key.local_name().as_ref()))?;
            found.push((key, value.into()));
        }
        Ok(found.into_boxed_slice())
    }

    /// A name, which is kept once.
    fn name(&mut self, name: &str) -> Result<Name, String> {
        if let Some(known) = self.names.get(name) {
            return Ok(Name(Rc::clone(known)));
        }
        self.spend(allocated(name.len() + 2 * size_of::<usize>()))?;
        let kept: Rc<str> = Rc::from(name);
        if self.names.len() < NAMES {
            self.names.insert(Rc::clone(&kept));
        }
        Ok(Name(kept))
    }

    fn end(&mut self) -> Result<(), String> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        let Some(open) = self.open.pop() else { return Ok(()) };
        let text = open.text.trim();
        self.spend(allocated(text.len()) + allocated(usize::from(!open.children.is_empty())))?;
        let size = open.children.iter().fold(1, |size, child: &Element| child.size.saturating_add(size));
        let children = open.children.into_boxed_slice();
        let done = Element { name: open.name, text: text.into(), children, size, attributes: open.attributes };
        match self.open.last_mut() {
            Some(around) => around.children.push(done),
            // Of several at the top, the first one is the document.
            None => drop(self.root.get_or_insert(done)),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut().filter(|_| self.skipped == 0) {
            open.text.push_str(text);
        }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.memory.checked_sub(bytes);
        self.memory =
            left.ok_or_else(|| format!("what takes more than {} bytes of memory is not read", self.bounds.memory))?;
        Ok(())
    }
}

/// What so many bytes take where they are kept on their own.
fn allocated(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + 8).next_multiple_of(16).max(32) }
}

/// A predefined entity or a character reference; any other would come from a document type, which is not followed.
fn resolved(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|e| e.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|e| e.to_string())?;
    resolve_xml_entity(&name).map(str::to_owned).ok_or_else(|| format!("unknown entity &{name};"))
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

    #[test]
    fn the_first_element_at_the_top_is_the_document_of_a_timeline() {
        assert_eq!(read("<a/><b/>").unwrap().name, "a");
    }

    /// What a tree holds is counted as it is kept: no shape of elements takes more than its bound.
    #[test]
    fn every_shape_of_a_tree_is_bounded() {
        let bounds = Bounds { depth: 9, elements: usize::MAX, memory: 1_000_000, skip: &[], strict: true };
        let names: String = (0..20_000).map(|n| format!("<n{n}/>")).collect();
        for (shape, least) in [
            ("<a/>".repeat(20_000), "bytes of memory"),
            ("<a>1</a>".repeat(20_000), "bytes of memory"),
            ("<a><b/></a>".repeat(20_000), "bytes of memory"),
            ("<a b='1' c='2'/>".repeat(20_000), "bytes of memory"),
            (names, "bytes of memory"),
            (format!("<a{}/>", " b=''".repeat(20_000)), "attributes"),
        ] {
            let error = document(&format!("<t>{shape}</t>"), &bounds).unwrap_err();
            assert!(error.reason.contains(least), "{error}");
        }
        let few = format!("<t>{}</t>", "<a>1</a>".repeat(5_000));
        assert_eq!(document(&few, &bounds).unwrap().children.len(), 5_000);
    }
}
