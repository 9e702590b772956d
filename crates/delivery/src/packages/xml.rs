//! Shared by the packages: XML manifests as small trees, read with bounds.
//!
//! Document type declarations are refused, so that no entity but the five of XML and character references is ever
//! expanded; depth, elements and memory are bounded; names lose their prefix.

use std::borrow::Cow;

use countersign_timelines::xml::{self, Bounds};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

pub(crate) use countersign_timelines::xml::Element;

/// Elements inside elements.
const DEPTH: usize = 64;
/// Elements of one document.
const ELEMENTS: usize = 500_000;
/// Bytes of memory that one document may take beside its text.
const MEMORY: usize = 128 * 1024 * 1024;

/// The document as a tree; elements named in `skip` are there without what they hold.
///
/// # Errors
/// What is wrong with the document, with the place in bytes.
pub(crate) fn document(bytes: &[u8], skip: &[&str]) -> Result<Element, String> {
    let bounds = Bounds { depth: DEPTH, elements: ELEMENTS, memory: MEMORY, skip, strict: true };
    xml::document(&decoded(bytes)?, &bounds).map_err(|wrong| match wrong.offset {
        Some(at) => format!("{} at byte {at}", wrong.reason),
        None => wrong.reason,
    })
}

/// Name and namespace of the document's root element; `head` may be only its beginning.
pub(crate) fn root(head: &[u8]) -> Option<(String, String)> {
    // A cut character at the end of the head is no error here.
    let text = decoded(head).ok().or_else(|| Some(String::from_utf8_lossy(head)))?;
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
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let (encoding, start) = match bytes {
        [0xFE, 0xFF, ..] => (encoding_rs::UTF_16BE, 2),
        [0xFF, 0xFE, ..] => (encoding_rs::UTF_16LE, 2),
        [0, b'<', ..] => (encoding_rs::UTF_16BE, 0),
        [b'<', 0, ..] => (encoding_rs::UTF_16LE, 0),
        [0xEF, 0xBB, 0xBF, ..] => (encoding_rs::UTF_8, 3),
        _ => (encoding_rs::UTF_8, 0),
    };
    let (text, wrong) = encoding.decode_without_bom_handling(bytes.get(start..).unwrap_or_default());
    if wrong { Err(format!("the text is not {}", encoding.name())) } else { Ok(text) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree() {
        let text = "<?xml version='1.0'?><p:a xmlns:p='urn:x' xmlns='urn:y'> <b q='1 &amp; 2'>one &lt;&#50;</b>\
                    <skip><b>no</b></skip><b><![CDATA[<two>]]></b><n> 7 </n></p:a>";
        let root = document(text.as_bytes(), &["skip"]).unwrap();
        assert_eq!(root.name, "a");
        let texts: Vec<_> = root.all(&["b"]).into_iter().map(|b| &*b.text).collect();
        assert_eq!(texts, ["one <2", "<two>"]);
        assert_eq!(root.child("b").unwrap().attribute("q"), Some("1 & 2"));
        let skipped = root.child("skip").map(|skip| skip.children.len());
        assert_eq!((root.number("n"), skipped), (Some(7), Some(0)), "what is passed over is named and holds nothing");
        assert_eq!(super::root(text.as_bytes()), Some(("a".to_owned(), "urn:x".to_owned())));
        let wide: Vec<u8> = "<a>ü</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(document(&wide, &[]).unwrap().text.as_ref(), "ü");
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
