//! Shared by the packages: XML manifests as a small tree, read with bounds.
//!
//! Document type declarations are refused, so that no entity but the five of XML and character references is ever
//! expanded; depth, elements and text are bounded; names lose their prefix and keep their namespace.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// Elements inside elements.
const DEPTH: usize = 64;
/// Elements of one document.
const ELEMENTS: usize = 500_000;
/// Attributes of one element that are kept.
const ATTRIBUTES: usize = 64;

/// An element with what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Without prefix.
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Names without prefix.
    pub(crate) attributes: Vec<(String, String)>,
    /// The element's own text, white space around it cut off.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The elements that a path of names leads to, in document order.
    pub(crate) fn all<'a>(&'a self, path: &[&str]) -> Vec<&'a Element> {
        let mut found = vec![self];
        for name in path {
            found = found.into_iter().flat_map(|e| e.children.iter().filter(|c| c.name == *name)).collect();
        }
        found
    }

    /// The text of the first child of that name, unless it is empty.
    pub(crate) fn said(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.as_str()).filter(|t| !t.is_empty())
    }

    /// That text as a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.said(name)?.parse().ok()
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// The document as a tree; elements named in `skip` are there without what they hold.
///
/// # Errors
/// What is wrong with the document, with the place in bytes.
pub(crate) fn document(bytes: &[u8], skip: &[&str]) -> Result<Element, String> {
    let text = decoded(bytes)?;
    let mut builder = Builder { open: Vec::new(), root: None, skipped: 0, elements: 0, skip };
    let mut reader = reader(&text);
    loop {
        let event = reader.read_event().map_err(|e| format!("{e} at byte {}", reader.error_position()))?;
        let at = reader.buffer_position();
        let done = builder.take(&reader, event).map_err(|what| format!("{what} at byte {at}"))?;
        if done {
            break;
        }
    }
    match builder.root {
        Some(root) if builder.open.is_empty() && builder.skipped == 0 => Ok(root),
        Some(_) | None if !builder.open.is_empty() => Err("the document is cut short".to_owned()),
        _ => Err("the document has no element".to_owned()),
    }
}

/// Name and namespace of the document's root element; `head` may be only its beginning.
pub(crate) fn root(head: &[u8]) -> Option<(String, String)> {
    // A cut character at the end of the head is no error here.
    let text = decoded(head).ok().or_else(|| Some(String::from_utf8_lossy(head).into_owned()))?;
    let mut reader = reader(&text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => {
                return Some((local(start.local_name().as_ref()), namespace(&reader, &start)));
            }
            // Whoever reads the whole document refuses a document type; here only the name matters.
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn reader(text: &str) -> NsReader<&[u8]> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_end_names = true;
    reader
}

/// UTF-8, or UTF-16 by its byte order mark or its first character.
fn decoded(bytes: &[u8]) -> Result<String, String> {
    let (encoding, start) = match bytes {
        [0xFE, 0xFF, ..] => (encoding_rs::UTF_16BE, 2),
        [0xFF, 0xFE, ..] => (encoding_rs::UTF_16LE, 2),
        [0, b'<', ..] => (encoding_rs::UTF_16BE, 0),
        [b'<', 0, ..] => (encoding_rs::UTF_16LE, 0),
        [0xEF, 0xBB, 0xBF, ..] => (encoding_rs::UTF_8, 3),
        _ => (encoding_rs::UTF_8, 0),
    };
    let (text, wrong) = encoding.decode_without_bom_handling(bytes.get(start..).unwrap_or_default());
    if wrong { Err(format!("the text is not {}", encoding.name())) } else { Ok(text.into_owned()) }
}

fn local(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn namespace(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> String {
    match reader.resolver().resolve_element(start.name()).0 {
        ResolveResult::Bound(namespace) => local(namespace.into_inner()),
        _ => String::new(),
    }
}

struct Builder<'s> {
    open: Vec<Element>,
    root: Option<Element>,
    /// Depth inside an element that is passed over.
    skipped: usize,
    elements: usize,
    skip: &'s [&'s str],
}

impl Builder<'_> {
    /// True at the end of the document.
    fn take(&mut self, reader: &NsReader<&[u8]>, event: Event<'_>) -> Result<bool, String> {
        match event {
            Event::Start(start) => self.start(reader, &start)?,
            Event::Empty(start) => {
                self.start(reader, &start)?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.decode().map_err(|e| e.to_string())?),
            Event::CData(text) => self.text(&text.decode().map_err(|e| e.to_string())?),
            Event::GeneralRef(reference) => self.text(&resolved(&reference)?),
            Event::DocType(_) => return Err("a document type declaration is not read".to_owned()),
            Event::Eof => return Ok(true),
            _ => {}
        }
        Ok(false)
    }

    fn start(&mut self, reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.elements > ELEMENTS {
            return Err(format!("more than {ELEMENTS} elements"));
        }
        if self.open.len() + self.skipped >= DEPTH {
            return Err(format!("elements nested more than {DEPTH} deep"));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err("a second root element".to_owned());
        }
        let name = local(start.local_name().as_ref());
        if self.skipped > 0 {
            self.skipped += 1;
            return Ok(());
        }
        let mut element = Element { name, namespace: namespace(reader, start), ..Element::default() };
        if let Some(around) = self.open.last_mut().filter(|_| self.skip.contains(&element.name.as_str())) {
            around.children.push(element);
            self.skipped = 1;
            return Ok(());
        }
        for attribute in start.attributes().take(ATTRIBUTES) {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
            element.attributes.push((local(attribute.key.local_name().as_ref()), value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some(mut element) = self.open.pop() else { return };
        element.text = element.text.trim().to_owned();
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut().filter(|_| self.skipped == 0) {
            element.text.push_str(text);
        }
    }
}

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

    #[test]
    fn a_document_becomes_a_tree() {
        let text = "<?xml version='1.0'?><p:a xmlns:p='urn:x' xmlns='urn:y'> <b q='1 &amp; 2'>one &lt;&#50;</b>\
                    <skip><b>no</b></skip><b><![CDATA[<two>]]></b><n> 7 </n></p:a>";
        let root = document(text.as_bytes(), &["skip"]).unwrap();
        assert_eq!((root.name.as_str(), root.namespace.as_str()), ("a", "urn:x"));
        let texts: Vec<_> = root.all(&["b"]).into_iter().map(|b| b.text.as_str()).collect();
        assert_eq!(texts, ["one <2", "<two>"]);
        assert_eq!(root.child("b").unwrap().attribute("q"), Some("1 & 2"));
        assert_eq!(root.child("b").unwrap().namespace, "urn:y");
        let skipped = root.child("skip").map(|skip| skip.children.len());
        assert_eq!((root.number("n"), skipped), (Some(7), Some(0)), "what is passed over is named and holds nothing");
        assert_eq!(super::root(text.as_bytes()), Some(("a".to_owned(), "urn:x".to_owned())));
        let wide: Vec<u8> = "<a>ü</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(document(&wide, &[]).unwrap().text, "ü");
    }

    #[test]
    fn hostile_documents_are_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b 'xxxxxxxxxx'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>";
        let outside = "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>";
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let many = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS + 1));
        for (text, what) in [
            (bomb, "document type"),
            (outside, "document type"),
            (deep.as_str(), "nested"),
            (many.as_str(), "elements"),
            ("<a>&c;</a>", "unknown entity"),
            ("<a><b></a>", "expected"),
            ("<a><b>", "cut short"),
            ("<a/><b/>", "second root"),
            ("", "no element"),
        ] {
            let said = document(text.as_bytes(), &[]).unwrap_err();
            assert!(said.contains(what), "{said} for {}", text.get(..40).unwrap_or(text));
        }
        assert!(document(b"<a>\xFF</a>", &[]).is_err());
        assert_eq!(root(bomb.as_bytes()), Some(("a".to_owned(), String::new())));
        assert_eq!(root(b"no XML at all"), None);
    }

    #[test]
    fn every_beginning_of_a_document_is_an_error_and_no_panic() {
        let text = "<?xml version='1.0'?><a x='1'><b>t&amp;</b><![CDATA[q]]><!-- c --></a>";
        for end in 0..text.len() {
            assert!(document(&text.as_bytes()[..end], &[]).is_err(), "{}", &text[..end]);
        }
    }
}
