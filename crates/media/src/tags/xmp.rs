//! XMP packets (ISO 16684-1): RDF/XML properties as tags.
//!
//! Simple properties become one tag each, items of an `rdf:Alt`, `rdf:Seq` or `rdf:Bag` one tag each under the same
//! key, and fields of structures are joined with `/`: `xmpMM:History/stEvt:softwareAgent`. The reader streams, expands
//! nothing but the five XML entities and character references, and goes on after mismatched tags.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::xmp_attributes::Usual;
use super::xmp_names::Scope;
use crate::framing::xml;
use crate::tags::{self, Place};
use countersign_model::limits;
use countersign_model::{CompactString, Extraction, Problem};

/// Elements within one another, and attributes of one, that most packets have.
const USUAL: usize = 16;
/// Bytes of a property path that keys keep.
const PATH: usize = 512;
/// The vocabulary's name in [`countersign_model::Tag::space`].
const SPACE: CompactString = CompactString::const_new("xmp");
/// Elements of one packet; overgrown histories of real files stay far below.
const ELEMENTS: usize = 1_000_000;
/// `photoshop:DocumentAncestors` grows without end in real files; its items are bare identifiers.
const ANCESTORS: usize = 500;

/// Reads one packet. Keys are `prefix:Name` with the field's canonical prefix for a known namespace, whatever prefix the file declares.
///
/// ```
/// use countersign_media::tags::{Place, xmp};
/// use countersign_model::Extraction;
///
/// let packet = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
///     <rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Adobe Firefly"/>
///     </rdf:RDF></x:xmpmeta>"#;
/// let mut out = Extraction::default();
/// xmp::read(packet, &Place::new("JPEG APP1", 0), &mut out);
/// let tag = &out.facts.tags[0];
/// assert_eq!((tag.space.as_str(), tag.key.as_str(), tag.value.as_str()), ("xmp", "xmp:CreatorTool", "Adobe Firefly"));
/// ```
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    let (bytes, plain) = unicode(blob);
    let end = bytes.iter().rposition(|b| !matches!(b, 0 | b' ' | b'\t' | b'\r' | b'\n')).map_or(0, |i| i + 1);
    let start = bytes.iter().take(end).take_while(|b| matches!(b, 0 | b' ' | b'\t' | b'\r' | b'\n')).count();
    let Some(body) = bytes.get(start..end).filter(|b| !b.is_empty()) else { return };
    let mut packet = Packet {
        body,
        whole: std::str::from_utf8(body).ok(),
        skipped: plain.then_some(start as u64),
        at,
        out,
        scope: Scope::default(),
        open: Vec::with_capacity(USUAL),
        attributes: Vec::with_capacity(USUAL),
        path: String::new(),
        name: String::new(),
        rdf: false,
        closed: false,
        ancestors: 0,
        elements: 0,
    };
    packet.run();
}

/// UTF-16 and UTF-32 packets as UTF-8; false where offsets are no longer the file's.
fn unicode(blob: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let wide = |size: usize, big: bool| {
        let units = blob.chunks_exact(size).map(|unit| {
            let fold = |sum: u32, byte: &u8| sum << 8 | u32::from(*byte);
            if big { unit.iter().fold(0, fold) } else { unit.iter().rev().fold(0, fold) }
        });
        let text: String = if size == 2 {
            char::decode_utf16(units.map(|u| u as u16)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        } else {
            units.map(|u| char::from_u32(u).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        };
        (Cow::Owned(text.trim_start_matches('\u{feff}').as_bytes().to_vec()), false)
    };
    match blob {
        [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, b'<', ..] => wide(4, true),
        [0xFF, 0xFE, 0, 0, ..] | [b'<', 0, 0, 0, ..] => wide(4, false),
        [0xFE, 0xFF, ..] | [0, b'<', ..] => wide(2, true),
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => wide(2, false),
        _ => (Cow::Borrowed(blob), true),
    }
}

/// What an open element is to RDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Around or before `rdf:RDF`.
    Outside,
    Rdf,
    /// A resource: its children are properties.
    Node,
    /// A property or an array item: its content is a value, an array or a structure.
    Property,
    /// `rdf:Alt`, `rdf:Seq`, `rdf:Bag`: its children are items.
    Array,
}

/// The text of an open element so far, without blanks before it.
#[derive(Debug)]
enum Said<'a> {
    Nothing,
    /// It stands in the packet in one piece, as nearly all do.
    Piece(&'a str),
    Joined(String),
}

#[derive(Debug)]
struct Open<'a> {
    /// Where its name stands in the packet.
    name: Range<usize>,
    part: Part,
    /// Length of the packet's path above it.
    above: usize,
    said: Said<'a>,
    /// Offset in the packet of the first text.
    at: Option<usize>,
    /// Whether something other than text stood inside.
    filled: bool,
    scope: usize,
}

struct Packet<'a> {
    body: &'a [u8],
    /// The same as text, where all of it is UTF-8: its pieces need not be looked at one by one then.
    whole: Option<&'a str>,
    /// Bytes before `body` in the blob, where offsets hold.
    skipped: Option<u64>,
    at: &'a Place,
    out: &'a mut Extraction,
    scope: Scope<'a>,
    open: Vec<Open<'a>>,
    /// Room for the attributes of the element that is being read.
    attributes: Vec<Attribute<'a>>,
    /// The path of what the innermost open element says; each element's is a continuation of the one around it.
    path: String,
    /// Room for the name that is being resolved.
    name: String,
    rdf: bool,
    /// Whether `<?xpacket end` was passed: what follows is padding or another packet.
    closed: bool,
    ancestors: usize,
    elements: usize,
}

impl Said<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Piece(text) => text.is_empty(),
            Self::Joined(text) => text.is_empty(),
        }
    }
}

impl From<Said<'_>> for CompactString {
    /// Without blanks behind it.
    fn from(said: Said<'_>) -> Self {
        match said {
            Said::Nothing => Self::const_new(""),
            Said::Piece(text) => text.trim_end().into(),
            Said::Joined(mut text) => {
                text.truncate(text.trim_end().len());
                text.into()
            }
        }
    }
}

impl<'a> Packet<'a> {
    fn run(&mut self) {
        let body = self.body;
        let mut reader = Reader::from_reader(body);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        loop {
            match reader.read_event() {
                Ok(Event::Start(e)) => {
                    if !self.start(&e) {
                        return;
                    }
                }
                Ok(Event::Empty(e)) => {
                    if !self.start(&e) {
                        return;
                    }
                    self.close_top();
                }
                Ok(Event::End(e)) => self.end(e.name().as_ref()),
                Ok(Event::Text(e)) => self.text(&e),
                Ok(Event::CData(e)) => self.text(&e),
                Ok(Event::GeneralRef(e)) => {
                    let at = self.offset_of(&e).map(|o| o.saturating_sub(1));
                    self.say(Cow::Owned(xml::reference(&tags::charset::text(&e))), at);
                }
                Ok(Event::PI(e)) => {
                    // A damaged header runs on to the end of the trailer, and all between them is lost.
                    if e.contains(&b'<') {
                        let by = self.offset_of(&e).unwrap_or(0) as u64;
                        self.problem(|at| Problem::malformed("", at, "xmp: a processing instruction has no end"), by);
                    }
                    self.closed |= e.starts_with(b"xpacket end");
                }
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(e) => {
                    if !(self.closed && self.open.is_empty()) {
                        let by = reader.error_position();
                        self.problem(|at| Problem::malformed("", at, format!("xmp: {e}")), by);
                    }
                    break;
                }
            }
        }
        if let Some(top) = self.open.last() {
            let what = format!("xmp: the packet ends inside <{}>", tags::charset::text(self.name_of(top)));
            self.problem(|at| Problem::truncated("", at, what), body.len() as u64);
            while !self.open.is_empty() {
                self.close_top();
            }
        } else if !self.rdf {
            // An empty wrapper says nothing; elements without the one that makes them statements were meant to say something.
            let said = self.elements > 1;
            let make = |at| Problem::malformed("", at, "xmp: no rdf:RDF element");
            self.problem(|at| if said { make(at) } else { make(at).harmless() }, 0);
        }
    }

    /// False where reading must stop.
    fn start(&mut self, element: &BytesStart<'_>) -> bool {
        self.elements += 1;
        if let Some((what, most)) = self.bound_passed() {
            let by = self.offset_of(element.name().as_ref()).unwrap_or(0) as u64;
            self.problem(|at| Problem::limit("", at, format!("xmp: {what} {most}")), by);
            return false;
        }
        let scope = self.scope.mark();
        let mut attributes = std::mem::take(&mut self.attributes);
        self.read_attributes(element, &mut attributes);
        let written = element.name();
        let mut name = std::mem::take(&mut self.name);
        name.clear();
        self.scope.element(&self.piece(written.as_ref()), &mut name);
        let above = self.path.len();
        let part = self.place(&name);
        if let Some(parent) = self.open.last_mut() {
            parent.filled = true;
        }
        let mut filled = false;
        for (key, value, by) in attributes.drain(..) {
            name.clear();
            self.scope.attribute(&key, &mut name);
            filled |= self.attribute(part, (&name, value, by));
        }
        (self.name, self.attributes) = (name, attributes);
        let start = self.offset_of(written.as_ref()).unwrap_or(0);
        let name = start..start.saturating_add(written.as_ref().len());
        self.open.push(Open { name, part, above, said: Said::Nothing, at: None, filled, scope });
        true
    }

    /// What there is more of than is read, and how much is.
    fn bound_passed(&self) -> Option<(&'static str, usize)> {
        if self.open.len() >= limits::DEPTH {
            Some(("elements nested deeper than", limits::DEPTH))
        } else if self.elements > ELEMENTS {
            Some(("more elements than", ELEMENTS))
        } else if self.out.facts.tags.len() > limits::TAGS {
            Some(("more tags than", limits::TAGS))
        } else {
            None
        }
    }

    /// Declares the element's namespaces; adds its other attributes, with their names as they are written.
    fn read_attributes(&mut self, element: &BytesStart<'_>, others: &mut Vec<Attribute<'a>>) {
        let held = self.held(element);
        let tag = held.unwrap_or_default();
        let mut usual = Usual::new(tag, element.name().as_ref().len());
        let mut read = 0;
        for (name, value) in usual.by_ref() {
            let piece = |range: Range<usize>| tag.get(range).unwrap_or_default();
            if !self.take(piece(name), piece(value), others) {
                return;
            }
            read += 1;
        }
        if held.is_some() && usual.is_done() {
            return;
        }
        for attribute in element.attributes().with_checks(false).skip(read) {
            match attribute {
                Ok(attribute) => {
                    if !self.take(attribute.key.into_inner(), &attribute.value, others) {
                        return;
                    }
                }
                Err(e) => {
                    let by = self.offset_of(element.name().as_ref()).unwrap_or(0) as u64;
                    self.problem(|at| Problem::malformed("", at, format!("xmp: attribute: {e}")), by);
                }
            }
        }
    }

    /// Takes one attribute; false where there are more than are read.
    fn take(&mut self, name: &[u8], value: &[u8], others: &mut Vec<Attribute<'a>>) -> bool {
        if others.len() > limits::TAGS {
            self.problem(|at| Problem::limit("", at, "xmp: more attributes of one element than are read"), 0);
            return false;
        }
        let by = self.offset_of(value);
        let (name, value) = (self.piece(name), self.piece(value));
        let value =
            if memchr::memchr(b'&', value.as_bytes()).is_some() { Cow::Owned(xml::unescape(&value)) } else { value };
        let Some(prefix) = name.strip_prefix("xmlns").filter(|rest| rest.is_empty() || rest.starts_with(':')) else {
            others.push((name, value, by));
            return true;
        };
        let prefix = prefix.len().saturating_sub(1);
        let prefix = match name {
            Cow::Borrowed(name) => Cow::Borrowed(&name[name.len() - prefix..]),
            Cow::Owned(name) => Cow::Owned(name[name.len() - prefix..].to_owned()),
        };
        if !self.scope.declare(prefix, &value) {
            self.problem(|at| Problem::limit("", at, "xmp: too many namespace declarations"), 0);
        }
        true
    }

    /// What an element with this name is here; the path becomes that of its values.
    fn place(&mut self, name: &str) -> Part {
        match (self.open.last().map_or(Part::Outside, |parent| parent.part), name) {
            (Part::Outside, "rdf:RDF") => {
                self.rdf = true;
                Part::Rdf
            }
            // Seen without the RDF wrapper.
            (Part::Outside, "rdf:Description") => {
                self.rdf = true;
                Part::Node
            }
            (Part::Outside, _) => Part::Outside,
            (Part::Rdf, _) | (_, "rdf:Description") => Part::Node,
            (_, "rdf:Alt" | "rdf:Seq" | "rdf:Bag") => Part::Array,
            (Part::Array, _) | (_, "rdf:value" | "rdf:li") => Part::Property,
            (Part::Node | Part::Property, name) => {
                extend(&mut self.path, name);
                Part::Property
            }
        }
    }

    /// True where the attribute says something of the element. It is its name, its value, and where that stands.
    fn attribute(&mut self, part: Part, attribute: (&str, Cow<'_, str>, Option<usize>)) -> bool {
        let (key, value, by) = attribute;
        match (part, key) {
            (Part::Outside | Part::Rdf, "x:xmptk") => self.push(key, value.into(), by),
            (Part::Outside | Part::Rdf, _) => return false,
            (_, "rdf:resource" | "resource" | "rdf:value") => self.push_here(value.into(), by),
            (
                _,
                "rdf:about" | "about" | "rdf:ID" | "ID" | "rdf:nodeID" | "rdf:parseType" | "parseType" | "rdf:datatype",
            ) => {
                return false;
            }
            (_, key) if key.starts_with("xml:") => return false,
            (_, key) => {
                let above = self.path.len();
                extend(&mut self.path, key);
                self.push_here(value.into(), by);
                self.path.truncate(above);
            }
        }
        true
    }

    fn text(&mut self, text: &[u8]) {
        let Some(top) = self.open.last() else { return };
        // Most text is the blanks between elements, which say nothing.
        let silent = matches!(top.part, Part::Outside | Part::Array);
        if silent || top.said.is_empty() && text.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
            return;
        }
        self.say(self.piece(text), self.offset_of(text));
    }

    fn say(&mut self, text: Cow<'a, str>, at: Option<usize>) {
        let Some(top) = self.open.last_mut() else { return };
        if matches!(top.part, Part::Node | Part::Property) {
            match &mut top.said {
                Said::Nothing => {
                    let said = match &text {
                        Cow::Borrowed(text) => Said::Piece(text.trim_start()),
                        Cow::Owned(text) => Said::Joined(text.trim_start().to_owned()),
                    };
                    if !said.is_empty() {
                        (top.said, top.at) = (said, at);
                    }
                }
                Said::Piece(before) => top.said = Said::Joined([before, &*text].concat()),
                Said::Joined(before) => before.push_str(&text),
            }
        } else if top.part == Part::Rdf && text.contains(['<', '>', '=']) {
            // Between resources no text may stand: this was the tag of one.
            self.problem(|at| Problem::malformed("", at, "xmp: a damaged tag in rdf:RDF"), at.unwrap_or(0) as u64);
        }
    }

    fn end(&mut self, name: &[u8]) {
        match self.open.iter().rposition(|o| self.name_of(o) == name) {
            Some(index) if index + 1 == self.open.len() => self.close_top(),
            found => {
                if self.closed && self.open.is_empty() {
                    return;
                }
                let what = format!("xmp: </{}> closes an element that is not open there", tags::charset::text(name));
                let by = self.offset_of(name).unwrap_or(0) as u64;
                self.problem(|at| Problem::malformed("", at, what), by);
                while found.is_some_and(|index| self.open.len() > index) {
                    self.close_top();
                }
            }
        }
    }

    fn close_top(&mut self) {
        let Some(top) = self.open.pop() else { return };
        let said = !top.said.is_empty() || (top.part == Part::Property && !top.filled);
        match (top.part, said) {
            // Text directly in a resource: a property that stands where only resources may.
            (Part::Node, true) if self.path.is_empty() => {
                let mut name = String::new();
                self.scope.element(&tags::charset::text(self.name_of(&top)), &mut name);
                self.push(&name, top.said.into(), top.at);
            }
            (Part::Node | Part::Property, true) => self.push_here(top.said.into(), top.at),
            _ => {}
        }
        self.path.truncate(top.above);
        self.scope.leave(top.scope);
    }

    /// The name of an open element, as it is written.
    fn name_of(&self, open: &Open<'_>) -> &[u8] {
        self.body.get(open.name.clone()).unwrap_or_default()
    }

    /// Adds a tag whose key is the path.
    fn push_here(&mut self, value: CompactString, by: Option<usize>) {
        let path = std::mem::take(&mut self.path);
        self.push(&path, value, by);
        self.path = path;
    }

    fn push(&mut self, key: &str, value: CompactString, by: Option<usize>) {
        if key == "photoshop:DocumentAncestors" {
            self.ancestors += 1;
            if self.ancestors > ANCESTORS {
                return;
            }
        }
        let (place, by) = (self.at, self.by(by.unwrap_or(0) as u64));
        // Volcano Ark wraps its label in Base64.
        let wrapped = key.ends_with(":XmpKvBase64").then(|| data_encoding::BASE64.decode(value.trim().as_bytes()).ok());
        tags::push_field(self.out, (SPACE, CompactString::const_new(""), key.into()), value, place, by);
        if let Some(unwrapped) = wrapped.flatten() {
            let text = tags::charset::utf8_or_latin1(&unwrapped);
            tags::push(self.out, ("xmp", &format!("{key}/decoded")), text, place, by);
        }
    }

    fn problem(&mut self, make: impl FnOnce(u64) -> Problem, by: u64) {
        let problem = make(self.at.offset.unwrap_or(0).saturating_add(self.by(by)));
        self.at.problem(problem, self.out);
    }

    /// The offset to report in the packet's place: its start where the text was converted.
    fn by(&self, by: u64) -> u64 {
        self.skipped.map_or(0, |s| s.saturating_add(by))
    }

    /// A piece of the packet, borrowed for as long as that.
    fn held(&self, piece: &[u8]) -> Option<&'a [u8]> {
        let start = self.offset_of(piece)?;
        self.body.get(start..start.checked_add(piece.len())?)
    }

    /// The text of a piece of the packet.
    fn piece(&self, piece: &[u8]) -> Cow<'a, str> {
        let range = self.offset_of(piece).map(|start| start..start.saturating_add(piece.len()));
        if let Some(text) = self.whole.zip(range).and_then(|(whole, range)| whole.get(range)) {
            return Cow::Borrowed(text);
        }
        match self.held(piece) {
            Some(held) => tags::charset::text(held),
            None => Cow::Owned(tags::charset::utf8_or_latin1(piece)),
        }
    }

    /// Where a borrowed piece stands in the packet.
    fn offset_of(&self, piece: &[u8]) -> Option<usize> {
        let offset = (piece.as_ptr() as usize).checked_sub(self.body.as_ptr() as usize)?;
        (offset <= self.body.len()).then_some(offset)
    }
}

/// A name, a value, and where the value stands in the packet.
type Attribute<'a> = (Cow<'a, str>, Cow<'a, str>, Option<usize>);

/// Continues a path by a name, as far as keys keep it.
fn extend(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(name);
    if path.len() > PATH {
        let end = (0..=PATH).rev().find(|i| path.is_char_boundary(*i)).unwrap_or(0);
        path.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(packet: &[u8]) -> Vec<(String, String, Option<u64>)> {
        let mut out = Extraction::default();
        read(packet, &Place::new("JPEG APP1", 100), &mut out);
        let tags = out.facts.tags.into_iter();
        let tags = tags.map(|tag| (tag.key.to_string(), tag.value.to_string(), tag.offset));
        let problems = out.facts.problems.into_iter();
        tags.chain(problems.map(|problem| (problem.what.clone(), String::new(), problem.offset))).collect()
    }

    /// What is borrowed from a packet that is UTF-8 throughout is what is decoded piece by piece from one that is not.
    #[test]
    fn one_foreign_byte_changes_nothing_elsewhere() {
        let pieces = [
            "<a:b>",
            "</a:b>",
            "<rdf:Seq>",
            "</rdf:Seq>",
            "<rdf:li>",
            "</rdf:li>",
            "<c d='e' f:g=\"h &amp; i\"/>",
            "Größe",
            " \n ",
            "\u{a0}",
            "&lt;",
            "&#x41;",
            "<![CDATA[ <j> ]]>",
            "k l",
            "<?m n?>",
            "<o p=q r>",
            "</o>",
            "&",
            "<!-- s -->",
            "<a:t rdf:parseType='Resource'>",
            "</a:t>",
            "<é:ü xmlns:é='http://ns.adobe.com/photoshop/1.0/'>",
            "</é:ü>",
        ];
        let head = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
                    <rdf:Description xmlns:a='http://ns.adobe.com/xap/1.0/' a:u='v'>";
        let mut seed = 11_usize;
        let mut said = 0;
        for _ in 0..6_000 {
            let mut packet = head.to_owned();
            for _ in 0..(seed >> 9) % 24 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                packet.push_str(pieces[(seed >> 33) % pieces.len()]);
            }
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            packet.push_str("</rdf:Description></rdf:RDF></x:xmpmeta><!-- x -->");
            let mut foreign = packet.clone().into_bytes();
            let last = foreign.len() - 5;
            foreign[last] = 0xFF;
            let plain = told(packet.as_bytes());
            said += plain.len();
            assert_eq!(plain, told(&foreign), "{packet}");
        }
        assert!(said > 20_000, "{said}");
    }
}
