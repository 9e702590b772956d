//! What Matroska's elements say (RFC 9559, section 5.1): Info, Tracks, Chapters, Tags.

use crate::framing::ebml::{self, Child};
use crate::tags::{self, Place, xmp};
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// The vocabulary's name in [`countersign_model::Tag::space`].
pub const SPACE: &str = "matroska";

/// Text elements of Info that are reported.
const INFO: &[(u32, &str)] = &[
    (0x7BA9, "Title"),
    (0x4D80, "MuxingApp"),
    (0x5741, "WritingApp"),
    (0x7384, "SegmentFilename"),
    (0x3C83AB, "PrevFilename"),
    (0x3E83BB, "NextFilename"),
];
const DATE_UTC: u32 = 0x4461;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK: &[(u32, &str)] =
    &[(0x86, "CodecID"), (0x536E, "Name"), (0x258688, "CodecName"), (0x3A9697, "CodecSettings")];
const CHAP_STRING: u32 = 0x85;
/// Masters on the way to a chapter's display strings: EditionEntry, ChapterAtom, ChapterDisplay, EditionDisplay.
const CHAPTER_MASTERS: &[u32] = &[0x45B9, 0xB6, 0x80, 0x4520];
const EDITION_STRING: u32 = 0x4521;
/// Chapter names kept per file.
const CHAPTERS: usize = 2_000;
const TAG: u32 = 0x7373;
const TARGETS: u32 = 0x63C0;
const TARGET: &[(u32, &str)] =
    &[(0x63C5, "TrackUID"), (0x63C9, "EditionUID"), (0x63C4, "ChapterUID"), (0x63C6, "AttachmentUID")];
const SIMPLE_TAG: u32 = 0x67C8;
const TAG_NAME: u32 = 0x45A3;
const TAG_STRING: u32 = 0x4487;
const TAG_BINARY: u32 = 0x4485;

/// The name of an element in one of the tables.
#[must_use]
pub fn name_of(table: &[(u32, &'static str)], id: u32) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

/// The children of `body`; a break in the structure is noted, since a tag could stand behind it.
fn sound<'a>(body: &'a [u8], at: &Place, out: &mut Extraction) -> Vec<Child<'a>> {
    let mut found = Vec::new();
    for child in ebml::children(body).take(limits::ITEMS) {
        match child {
            Ok(child) => found.push(child),
            Err(offset) => {
                let offset = at.offset.unwrap_or(0).saturating_add(offset as u64);
                at.problem(Problem::malformed("", offset, "an element is longer than its parent"), out);
            }
        }
    }
    found
}

/// Info: title, applications, date.
pub fn info(body: &[u8], at: &Place, out: &mut Extraction) {
    for child in sound(body, at, out) {
        if let Some(name) = name_of(INFO, child.id) {
            tags::push(out, (SPACE, name), child.text(), at, child.offset as u64);
        } else if child.id == DATE_UTC && child.body.len() == 8 {
            let nanoseconds = child.unsigned() as i64;
            // Counted from 2001-01-01T00:00:00 UTC, which is 978,307,200 s after the Unix epoch.
            let seconds = nanoseconds.div_euclid(1_000_000_000) + 978_307_200;
            let date = chrono::DateTime::from_timestamp(seconds, nanoseconds.rem_euclid(1_000_000_000) as u32);
            if let Some(date) = date {
                let text = date.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
                tags::push(out, (SPACE, "DateUTC"), text, at, child.offset as u64);
            }
        }
    }
}

/// Tracks: codecs and names.
pub fn tracks(body: &[u8], at: &Place, out: &mut Extraction) {
    for track in sound(body, at, out).into_iter().filter(|c| c.id == TRACK_ENTRY) {
        let place =
            Place { container: format!("{}/TrackEntry", at.container).into(), ..at.inside("", track.offset as u64) };
        for child in sound(track.body, &place, out) {
            if let Some(name) = name_of(TRACK, child.id) {
                tags::push(out, (SPACE, name), child.text(), &place, child.offset as u64);
            }
        }
    }
}

/// Chapters: the names that players show.
pub fn chapters(body: &[u8], at: &Place, out: &mut Extraction) {
    let mut stack = vec![(body, 0usize, 0usize)];
    let mut names = 0;
    let mut items = 0;
    while let Some((body, base, depth)) = stack.pop() {
        for child in ebml::children(body).map_while(Result::ok) {
            items += 1;
            if items > limits::ITEMS || names >= CHAPTERS {
                return;
            }
            let offset = base + child.offset;
            if CHAPTER_MASTERS.contains(&child.id) && depth < limits::DEPTH {
                stack.push((child.body, offset, depth + 1));
            } else if child.id == CHAP_STRING || child.id == EDITION_STRING {
                names += 1;
                let key = if child.id == CHAP_STRING { "ChapString" } else { "EditionString" };
                tags::push(out, (SPACE, key), child.text(), at, offset as u64);
            }
        }
    }
}

/// Tags: every SimpleTag, nested ones too, under its name as written.
pub fn tags(body: &[u8], at: &Place, out: &mut Extraction) {
    for tag in sound(body, at, out).into_iter().filter(|c| c.id == TAG) {
        let inner = Place::new("", at.offset.unwrap_or(0).saturating_add(tag.offset as u64));
        let mut place = Place { container: format!("{}/Tag", at.container).into(), ..inner };
        let children = sound(tag.body, &place, out);
        place.container = format!("{}{}/SimpleTag", place.container, targets(&children)).into();
        for child in children.iter().filter(|c| c.id == SIMPLE_TAG) {
            simple_tag(child, &deeper(&place, "", child), 0, out);
        }
    }
}

/// What a Tag is about, where it is not the whole segment: ` (TrackUID 1)`.
fn targets(children: &[Child<'_>]) -> String {
    let targets = children.iter().filter(|c| c.id == TARGETS);
    let ids = targets.flat_map(|t| t.children().map_while(Result::ok));
    // Zero means all of that kind.
    let named = ids.filter_map(|c| Some((name_of(TARGET, c.id)?, c.unsigned()))).filter(|(_, uid)| *uid != 0);
    let listed: Vec<String> = named.take(8).map(|(name, uid)| format!("{name} {uid}")).collect();
    if listed.is_empty() { String::new() } else { format!(" ({})", listed.join(", ")) }
}

fn deeper(at: &Place, more: &str, child: &Child<'_>) -> Place {
    let offset = at.offset.map(|o| o.saturating_add(child.offset as u64));
    Place { container: format!("{}{more}", at.container).into(), offset }
}

fn simple_tag(tag: &Child<'_>, at: &Place, depth: usize, out: &mut Extraction) {
    if depth >= limits::DEPTH {
        let offset = at.offset.unwrap_or(0);
        return at.problem(Problem::limit("", offset, "tags nested too deep"), out);
    }
    let children = sound(tag.body, at, out);
    let name = children.iter().find(|c| c.id == TAG_NAME).map_or_else(String::new, Child::text);
    for child in &children {
        match child.id {
            TAG_STRING => text(&name, &child.text(), at, child.offset as u64, out),
            TAG_BINARY => match std::str::from_utf8(child.body) {
                Ok(found) if printable(found) => text(&name, found, at, child.offset as u64, out),
                _ => {
                    let note = format!("({} bytes of binary)", child.body.len());
                    tags::push(out, (SPACE, &name), note, at, child.offset as u64);
                }
            },
            SIMPLE_TAG => simple_tag(child, &deeper(at, "/SimpleTag", child), depth + 1, out),
            _ => {}
        }
    }
}

/// Whether text has no characters that a person would not have typed.
#[must_use]
pub fn printable(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_control() || c.is_whitespace())
}

/// Adds a text; XMP is read as such.
pub fn text(name: &str, value: &str, at: &Place, by: u64, out: &mut Extraction) {
    tags::push(out, (SPACE, name), value, at, by);
    if value.trim_start_matches('\u{feff}').trim_start().starts_with("<?xpacket") || value.contains("<rdf:RDF") {
        xmp::read(value.as_bytes(), &at.inside(name, by), out);
    }
}
