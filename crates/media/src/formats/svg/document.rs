//! One pass over the document's elements.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::addresses;
use super::entities::Entities;
use crate::framing::jumbf;
use crate::framing::xml;
use crate::tags::{self, Place, push, xmp};
use countersign_io::asset_budget;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, Problem, Store};

/// Namespace declarations that are kept for RDF blocks.
const NAMESPACES: usize = 256;
/// Elements inside each other; drawings nest groups more deeply than metadata nest.
const OPEN: usize = 1024;

/// An open element.
struct Open {
    name: Vec<u8>,
    /// Offset of its `<`.
    start: usize,
    /// What text it wants.
    kind: Kind,
    text: String,
    /// Offset of the first text.
    at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Title,
    Description,
    Manifest,
    /// Text of `metadata`, or of an element in it, that is no RDF.
    Metadata,
    Rdf,
    /// A style sheet or a program, which may name pictures.
    Sheet,
    Other,
}

struct Document<'a> {
    text: &'a [u8],
    /// Offset of the document in the file; `None` where it was unfolded or converted.
    base: Option<u64>,
    open: Vec<Open>,
    namespaces: Vec<(Vec<u8>, Vec<u8>)>,
    /// `x:xmptk` of the packet around the RDF.
    toolkit: Vec<u8>,
    in_rdf: usize,
    in_metadata: usize,
    entities: Entities,
    out: &'a mut Extraction,
}

/// Reads a document in UTF-8.
///
/// # Errors
/// `malformed` where it is not well-formed, `truncated` where elements are left open.
pub(super) fn read(text: &[u8], base: Option<u64>, out: &mut Extraction) -> Result<(), Problem> {
    let mut reader = Reader::from_reader(text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    reader.config_mut().allow_dangling_amp = true;
    let entities = Entities::default();
    let mut document = Document {
        text,
        base,
        open: Vec::new(),
        namespaces: Vec::new(),
        toolkit: Vec::new(),
        in_rdf: 0,
        in_metadata: 0,
        entities,
        out,
    };
    loop {
        asset_budget::check()?;
        let start = reader.buffer_position() as usize;
        if document.open.len() > OPEN {
            let at = base.unwrap_or_default().saturating_add(start as u64);
            return Err(Problem::limit("", at, format!("more than {OPEN} elements inside each other")));
        }
        match reader.read_event() {
            Ok(Event::Start(e)) => document.start(&e, start),
            Ok(Event::Empty(e)) => {
                document.start(&e, start);
                document.end(e.name().as_ref(), reader.buffer_position() as usize);
            }
            Ok(Event::End(e)) => document.end(e.name().as_ref(), reader.buffer_position() as usize),
            Ok(Event::Text(e)) => document.text(&e, start),
            Ok(Event::CData(e)) => document.text(&e, start + 9),
            Ok(Event::GeneralRef(e)) => {
                let text = document.entities.expand(&format!("&{};", String::from_utf8_lossy(&e)));
                document.replaced(&text, start);
                document.text(text.as_bytes(), start);
            }
            Ok(Event::DocType(e)) => document.entities.declare(&String::from_utf8_lossy(&e)),
            Ok(Event::PI(e)) => document.addresses(&String::from_utf8_lossy(&e), false, start, 0),
            Ok(Event::Comment(e)) => {
                let place = document.place("SVG", start);
                push(document.out, ("svg", "Comment"), String::from_utf8_lossy(&e).trim(), &place, 4);
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(e) => {
                let at = base.unwrap_or_default().saturating_add(reader.error_position());
                return Err(Problem::malformed("", at, e.to_string()));
            }
        }
    }
    if document.entities.overflowed {
        let what = "entities unfold to more than is read";
        return Err(Problem::limit("", base.unwrap_or_default(), what));
    }
    if document.open.is_empty() {
        return Ok(());
    }
    let at = base.unwrap_or_default().saturating_add(text.len() as u64);
    Err(Problem::truncated("", at, format!("{} elements are left open", document.open.len())))
}

fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().position(|b| *b == b':') {
        Some(colon) => (&name[..colon], &name[colon + 1..]),
        None => (b"", name),
    }
}

impl Document<'_> {
    fn place(&self, container: &str, at: usize) -> Place {
        Place { container: container.into(), offset: self.base.map(|base| base.saturating_add(at as u64)) }
    }

    fn start(&mut self, element: &BytesStart<'_>, start: usize) {
        let name = element.name().as_ref().to_vec();
        let root = self.open.is_empty();
        for attribute in element.attributes().with_checks(false).flatten() {
            let key = attribute.key.as_ref();
            let (prefix, local) = split(key);
            if prefix == b"xmlns" {
                self.declare(local, &attribute.value, start);
            } else if key == b"x:xmptk" && !attribute.value.contains(&b'"') {
                self.toolkit = attribute.value.to_vec();
            } else if root && matches!(key, b"width" | b"height" | b"viewBox" | b"version" | b"inkscape:version") {
                let value = unescaped(&attribute.value);
                let place = self.place("SVG", start);
                push(self.out, ("svg", &String::from_utf8_lossy(key)), value, &place, 0);
            } else if memchr::memchr2(b':', b'&', &attribute.value).is_some() {
                let value = self.entities.expand(&String::from_utf8_lossy(&attribute.value));
                self.addresses(&value, local == b"srcset", start, 0);
            }
        }
        let kind = self.kind(&name);
        self.in_rdf += usize::from(kind == Kind::Rdf);
        self.in_metadata += usize::from(kind == Kind::Metadata);
        self.open.push(Open { name, start, kind, text: String::new(), at: 0 });
    }

    /// Keeps what a prefix stands for. Without it neither a manifest nor a packet might be known for what it is.
    fn declare(&mut self, prefix: &[u8], uri: &[u8], start: usize) {
        self.namespaces.retain(|(known, _)| known != prefix);
        if self.namespaces.len() < NAMESPACES {
            return self.namespaces.push((prefix.to_vec(), uri.to_vec()));
        }
        let at = self.place("SVG", start);
        let what = format!("more than {NAMESPACES} namespaces are not kept");
        at.problem(Problem::limit("", at.offset.unwrap_or_default(), what), self.out);
    }

    fn kind(&self, name: &[u8]) -> Kind {
        let (prefix, local) = split(name);
        let of_svg = || {
            let root = self.open.first().map_or(&b""[..], |root| split(&root.name).0);
            self.in_rdf == 0 && prefix == root
        };
        match local {
            b"RDF" => Kind::Rdf,
            b"manifest" if prefix == b"c2pa" || self.namespace(prefix) == Some(b"http://c2pa.org/manifest") => {
                Kind::Manifest
            }
            b"title" if of_svg() => Kind::Title,
            b"desc" if of_svg() => Kind::Description,
            b"style" | b"script" => Kind::Sheet,
            b"metadata" if of_svg() => Kind::Metadata,
            _ if self.in_metadata > 0 && self.in_rdf == 0 => Kind::Metadata,
            _ => Kind::Other,
        }
    }

    fn namespace(&self, prefix: &[u8]) -> Option<&[u8]> {
        self.namespaces.iter().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_slice())
    }

    fn text(&mut self, text: &[u8], at: usize) {
        let Some(open) = self.open.last_mut().filter(|o| !matches!(o.kind, Kind::Other | Kind::Rdf)) else { return };
        if open.text.is_empty() {
            open.at = at;
        }
        open.text.push_str(&String::from_utf8_lossy(text));
    }

    fn end(&mut self, name: &[u8], end: usize) {
        // An end without a start is passed over; one that skips starts closes them.
        let Some(depth) = self.open.iter().rposition(|o| o.name == name) else { return };
        while self.open.len() > depth {
            let Some(open) = self.open.pop() else { return };
            self.close(open, end);
        }
    }

    fn close(&mut self, open: Open, end: usize) {
        let name = String::from_utf8_lossy(split(&open.name).1).into_owned();
        let key = match open.kind {
            Kind::Title => "title",
            Kind::Description => "desc",
            Kind::Metadata => {
                self.in_metadata = self.in_metadata.saturating_sub(1);
                name.as_str()
            }
            Kind::Manifest => return self.manifest(&open),
            Kind::Rdf => {
                self.in_rdf = self.in_rdf.saturating_sub(1);
                return self.rdf(open.start, end);
            }
            Kind::Sheet => return self.addresses(&open.text, false, open.start, 0),
            Kind::Other => return,
        };
        let text = open.text.trim();
        if !text.is_empty() {
            let place = self.place("SVG", open.at);
            push(self.out, ("svg", key), text, &place, 0);
        }
    }

    /// Hands an RDF block on as a packet of its own, with the prefixes that are declared around it.
    fn rdf(&mut self, start: usize, end: usize) {
        if self.in_rdf > 0 {
            return;
        }
        let Some(block) = self.text.get(start..end) else { return };
        let mut packet = b"<x:xmpmeta".to_vec();
        let own = self.namespaces.iter().filter(|(_, uri)| !uri.contains(&b'"') && !uri.contains(&b'<'));
        for (prefix, uri) in own.filter(|(prefix, _)| prefix != b"x") {
            packet.extend([b" xmlns:", prefix.as_slice(), b"=\"", uri.as_slice(), b"\""].concat());
        }
        if !self.toolkit.is_empty() {
            packet.extend([b" x:xmptk=\"", self.toolkit.as_slice(), b"\""].concat());
        }
        packet.extend(b" xmlns:x=\"adobe:ns:meta/\">");
        let before = packet.len() as u64;
        packet.extend(block);
        packet.extend(b"</x:xmpmeta>");
        let mut place = self.place("SVG metadata", start);
        // Offsets inside the packet count from its own start.
        place.offset = place.offset.and_then(|offset| offset.checked_sub(before));
        xmp::read(&packet, &place, self.out);
    }

    fn manifest(&mut self, open: &Open) {
        let place = self.place("SVG c2pa:manifest", open.at);
        let digits: Vec<u8> = open.text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let decoded = data_encoding::BASE64.decode(&digits);
        let wrong = decoded.is_err().then(|| "not Base64".to_owned());
        let bytes = decoded.unwrap_or_default();
        if let jumbf::Kind::Other(label) = jumbf::kind_of_box(&bytes) {
            return push(self.out, ("svg", "c2pa:manifest"), label, &place, 0);
        }
        let damage = wrong.or_else(|| jumbf::damage(&bytes));
        let offset = place.offset.unwrap_or_default();
        tags::push_store(self.out, Store { place: place.container.to_string(), offset, bytes, damage });
    }

    /// What an entity brought into the content: elements with addresses, or a packet.
    fn replaced(&mut self, text: &str, at: usize) {
        if !text.contains('<') {
            return;
        }
        self.addresses(text, false, at, 0);
        if text.contains("<rdf:RDF") {
            let place = Place { offset: None, ..self.place("SVG metadata", at) };
            xmp::read(text.as_bytes(), &place, self.out);
        }
    }

    /// Pictures inside the document, as `data:` addresses.
    fn addresses(&mut self, value: &str, list: bool, at: usize, depth: usize) {
        for carried in addresses::carried(value, list) {
            let place = self.place("SVG image", at);
            let offset = place.offset.unwrap_or_default();
            let Some(bytes) = carried.bytes else {
                let problem =
                    Problem::malformed(place.container.to_string(), offset, "an embedded picture is not Base64");
                tags::push_problem(self.out, problem);
                continue;
            };
            if carried.kind.starts_with("text/") && depth < limits::EMBEDDED_DEPTH {
                // A style sheet or a page may carry addresses of its own.
                self.addresses(&String::from_utf8_lossy(&bytes), false, at, depth + 1);
            }
            if bytes.is_empty() || is_font(&bytes) {
                continue;
            }
            if self.out.embedded.len() >= limits::EMBEDDED || bytes.len() > limits::EMBEDDED_BYTES {
                let what = "more or longer embedded pictures than are read";
                tags::push_problem(self.out, Problem::limit(place.container.to_string(), offset, what));
                continue;
            }
            tags::push_embedded(self.out, Embedded { place: place.container.to_string(), offset, bytes, name: None });
        }
    }
}

/// Fonts carry no media.
fn is_font(bytes: &[u8]) -> bool {
    const FONTS: [&[u8]; 6] = [b"\0\x01\0\0", b"OTTO", b"true", b"ttcf", b"wOFF", b"wOF2"];
    FONTS.iter().any(|font| bytes.starts_with(font))
}

fn unescaped(value: &[u8]) -> String {
    xml::unescape(&String::from_utf8_lossy(value))
}
