//! XML chunks of WAVE files, flattened: `iXML` (ixml.info 2.x) and `axml` (EBU Tech 3285 supplement 5: ADM, EBUCore).
//!
//! A key is the path of element names below the root, joined by `/`; an attribute is `path@name`.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::framing::xml;
use crate::tags::{Place, charset, push, xmp};
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// Values kept of one document; ADM goes to many thousands of them, all positions and gains.
const VALUES: usize = 8_192;
/// The longest text of one element.
const TEXT: usize = 1024 * 1024;

/// What a document is: the space of its tags, and the elements whose content is sound geometry, not metadata.
#[derive(Clone, Copy)]
struct Vocabulary {
    space: &'static str,
    skipped: &'static [&'static str],
}

const IXML: Vocabulary = Vocabulary { space: "ixml", skipped: &["audioBlockFormat"] };
const AXML: Vocabulary = Vocabulary { space: "axml", skipped: &["audioBlockFormat", "audioChannelFormat"] };

/// Reads an `iXML` document; space `ixml`.
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    flatten(blob, IXML, at, out);
}

/// Reads an `axml` document; space `axml`.
pub fn read_axml(blob: &[u8], at: &Place, out: &mut Extraction) {
    let text = charset::guess(blob);
    let start: String = text.chars().take(512).collect();
    if start.contains("<x:xmpmeta") || start.contains("<rdf:RDF") {
        xmp::read(blob, at, out);
    } else {
        flatten(blob, AXML, at, out);
    }
}

/// As [`read_axml`], for a document in UTF-8 of any length: it streams by, and only what is kept is held.
pub fn read_long_axml(document: impl Read, at: &Place, out: &mut Extraction) {
    let spent = Rc::new(Cell::new(0));
    let bounded = Bounded { inner: io::BufReader::new(document), spent: Rc::clone(&spent) };
    events(Reader::from_reader(bounded), &spent, AXML, at, out);
}

/// The longest tag, text or comment of a document that streams by.
const EVENT: usize = limits::INFLATED;

/// Bytes that end with an error where one event does not end.
struct Bounded<R> {
    inner: R,
    spent: Rc<Cell<usize>>,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.spent.get() > EVENT {
            return Err(io::Error::other("a tag or text that is longer than is read"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.spent.set(self.spent.get().saturating_add(count));
        self.inner.consume(count);
    }
}

struct State {
    vocabulary: Vocabulary,
    path: Vec<String>,
    text: String,
    /// Where that text begins.
    start: u64,
    values: usize,
    /// Depth at which an ignored element began.
    ignored: Option<usize>,
}

fn flatten(blob: &[u8], vocabulary: Vocabulary, at: &Place, out: &mut Extraction) {
    let text = charset::guess(blob);
    events(Reader::from_reader(text.as_bytes()), &Cell::new(0), vocabulary, at, out);
}

fn events<R: BufRead>(
    mut reader: Reader<R>,
    spent: &Cell<usize>,
    vocabulary: Vocabulary,
    at: &Place,
    out: &mut Extraction,
) {
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    let mut state = State { vocabulary, path: Vec::new(), text: String::new(), start: 0, values: 0, ignored: None };
    // Every event takes bytes, so that the document's end is the loop's.
    loop {
        let by = reader.buffer_position();
        spent.set(0);
        buffer.clear();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(e) => return at.problem(Problem::malformed("", offset(at, by), e.to_string()), out),
        };
        match event {
            Event::Start(e) => open(&e, &mut state, by, at, out),
            Event::Empty(e) => {
                open(&e, &mut state, by, at, out);
                close(&mut state, at, out);
            }
            Event::End(_) => close(&mut state, at, out),
            Event::Text(e) => add(&mut state, &e.xml10_content().unwrap_or_default(), by),
            Event::CData(e) => add(&mut state, &String::from_utf8_lossy(&e), by),
            Event::GeneralRef(e) => {
                add(&mut state, &xml::reference(&String::from_utf8_lossy(&e)), by);
            }
            Event::Eof if state.path.is_empty() => return,
            Event::Eof => return at.problem(Problem::truncated("", offset(at, by), "the XML is cut"), out),
            _ => {}
        }
        if state.values > VALUES || state.path.len() > limits::DEPTH {
            let problem = Problem::limit("", offset(at, by), "more XML than is read");
            let problem = if vocabulary.space == "axml" { problem.harmless() } else { problem };
            return at.problem(problem, out);
        }
    }
}

fn offset(at: &Place, by: u64) -> u64 {
    at.offset.unwrap_or(0).saturating_add(by)
}

fn add(state: &mut State, text: &str, by: u64) {
    if state.text.trim().is_empty() {
        state.text.clear();
        state.start = by + (text.len() - text.trim_start().len()) as u64;
    }
    if state.ignored.is_none() && state.text.len() + text.len() <= TEXT {
        state.text.push_str(text);
    }
}

fn open(e: &BytesStart<'_>, state: &mut State, by: u64, at: &Place, out: &mut Extraction) {
    // Text before a child element is indentation nearly always; where it is not, it stays with its parent.
    flush(state, at, out);
    let name = String::from_utf8_lossy(e.name().as_ref()).into_owned();
    if state.ignored.is_none() && state.vocabulary.skipped.contains(&name.rsplit(':').next().unwrap_or(&name)) {
        state.ignored = Some(state.path.len());
    }
    state.path.push(name);
    if state.ignored.is_some() {
        return;
    }
    for attribute in e.attributes().with_checks(false).flatten() {
        let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        if name.starts_with("xmlns") || name.starts_with("xsi:") {
            continue;
        }
        let value = xml::unescape(&String::from_utf8_lossy(&attribute.value));
        state.values += 1;
        push(out, (state.vocabulary.space, &format!("{}@{name}", key(state))), value, at, by);
    }
}

fn close(state: &mut State, at: &Place, out: &mut Extraction) {
    flush(state, at, out);
    state.path.pop();
    if state.ignored.is_some_and(|depth| state.path.len() <= depth) {
        state.ignored = None;
    }
}

fn flush(state: &mut State, at: &Place, out: &mut Extraction) {
    let text = std::mem::take(&mut state.text);
    let text = text.trim();
    if !text.is_empty() && !state.path.is_empty() {
        state.values += 1;
        push(out, (state.vocabulary.space, &key(state)), text, at, state.start);
    }
}

/// The path below the root element, or the root itself.
fn key(state: &State) -> String {
    let inner = state.path.get(1..).unwrap_or_default();
    if inner.is_empty() { state.path.concat() } else { inner.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(xml: &str) -> (Vec<(String, String)>, Extraction) {
        let mut out = Extraction::default();
        read(xml.as_bytes(), &Place::new("WAV iXML", 0), &mut out);
        (out.facts.tags.iter().map(|t| (t.key.to_string(), t.value.to_string())).collect(), out)
    }

    #[test]
    fn elements_become_paths() {
        let (got, out) = tags(
            "<?xml version=\"1.0\"?><BWFXML>\n <PROJECT>A &amp; B</PROJECT><BEXT><BWF_ORIGINATOR a='1'>x</BWF_ORIGINATOR></BEXT><NOTE/></BWFXML>",
        );
        let want = [("PROJECT", "A & B"), ("BEXT/BWF_ORIGINATOR@a", "1"), ("BEXT/BWF_ORIGINATOR", "x")];
        assert_eq!(got, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert!(out.facts.problems.is_empty());
    }

    #[test]
    fn a_cut_document_keeps_what_was_read_and_says_so() {
        let (got, out) = tags("<BWFXML><PROJECT>A</PROJECT><NOTE>unfin");
        assert_eq!(got, [("PROJECT".to_owned(), "A".to_owned())]);
        assert!(out.facts.problems[0].blocking);
    }

    #[test]
    fn depth_is_bounded() {
        let (_, out) = tags(&"<a>".repeat(10_000));
        assert_eq!(out.facts.problems[0].kind, countersign_model::ProblemKind::Limit);
    }
}
