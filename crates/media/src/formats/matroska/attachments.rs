//! Files attached to a Matroska segment (RFC 9559, section 5.1.6): names as tags, media and text read on their own.

use crate::framing::ebml;
use crate::tags::matroska::{SPACE, name_of, printable, text};
use crate::tags::{self, Place};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, Problem};

const ATTACHED_FILE: u32 = 0x61A7;
const FILE_DATA: u32 = 0x465C;
const FILE: &[(u32, &str)] = &[(0x466E, "FileName"), (0x4660, "FileMimeType"), (0x467E, "FileDescription")];

/// Attachments between two offsets: names as tags, media and text to be read on their own.
///
/// # Errors
/// The problem that ended the walk.
pub(super) fn read(source: &mut Source, start: u64, end: u64, out: &mut Extraction) -> Result<(), Problem> {
    let mut at = start;
    for _ in 0..limits::ITEMS {
        if at >= end {
            return Ok(());
        }
        let element = ebml::read(source, at)?;
        let Some(stop) = element.end().filter(|stop| *stop <= end) else {
            return Err(Problem::truncated("", source.absolute(at), "an attachment ends past its parent"));
        };
        if element.id == ATTACHED_FILE {
            attachment(source, element.body, stop, out)?;
        }
        at = stop;
    }
    Err(Problem::limit("", source.absolute(at), "too many attachments"))
}

/// One AttachedFile.
fn attachment(source: &mut Source, start: u64, end: u64, out: &mut Extraction) -> Result<(), Problem> {
    let place = Place::new("Matroska Segment/Attachments/AttachedFile", source.absolute(start));
    let (mut name, mut data) = (String::new(), None);
    let mut at = start;
    for _ in 0..limits::ITEMS {
        if at >= end {
            break;
        }
        let element = ebml::read(source, at)?;
        let Some(stop) = element.end().filter(|stop| *stop <= end) else {
            return Err(Problem::truncated("", source.absolute(at), "an attachment ends past its parent"));
        };
        let size = stop - element.body;
        if let Some(key) = name_of(FILE, element.id) {
            let body = source.read_bounded(element.body, size, limits::VALUE)?;
            let value = String::from_utf8_lossy(&body).trim_end_matches('\0').to_owned();
            if key == "FileName" {
                name.clone_from(&value);
            }
            tags::push(out, (SPACE, key), value, &place, element.body - start);
        } else if element.id == FILE_DATA {
            data = Some((element.body, size));
        }
        at = stop;
    }
    let Some((body, size)) = data else { return Ok(()) };
    if is_font(&source.read_uncached(body, 4.min(size as usize))?) {
        return Ok(());
    }
    if out.embedded.len() >= limits::EMBEDDED {
        let what = format!("more than {} attachments", limits::EMBEDDED);
        return Err(Problem::limit("", source.absolute(body), what));
    }
    let bytes = source.read_bounded(body, size, limits::EMBEDDED_BYTES)?;
    let place = Place::new(place.container, source.absolute(body));
    if let Ok(found) = std::str::from_utf8(&bytes)
        && printable(found)
    {
        text("FileData", found, &place, 0, out);
    }
    let (offset, name) = (source.absolute(body), (!name.is_empty()).then_some(name));
    tags::push_embedded(out, Embedded { place: "Matroska Segment/Attachments".into(), offset, bytes, name });
    Ok(())
}

/// Subtitle fonts are the usual attachment and carry no media. Names and types are what somebody wrote; the first bytes
/// (OpenType, WOFF 1 and 2, Type 1) are what players go by.
fn is_font(start: &[u8]) -> bool {
    const FONTS: [&[u8]; 8] = [b"\0\x01\0\0", b"OTTO", b"true", b"typ1", b"ttcf", b"wOFF", b"wOF2", b"%!PS"];
    FONTS.contains(&start)
}
