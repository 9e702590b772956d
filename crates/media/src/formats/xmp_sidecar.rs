//! XMP sidecar files (ISO 16684-1, section 7.5: a packet in a file of its own).

use std::borrow::Cow;

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{self, Place};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct XmpSidecar;

/// How far the root element is looked for.
const SNIFFED: usize = 16 * 1024;

static INFO: Info = Info {
    id: FormatId::new("xmp"),
    name: "XMP sidecar",
    extensions: &["xmp"],
    media: Media::Companion,
    specification: "ISO 16684-1",
    version: 1,
    ..Info::DEFAULT
};

impl Format for XmpSidecar {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // A byte order mark, a zero of a wide encoding, white space or markup: nothing else starts XML.
        let marked = [&[0xEF, 0xBB, 0xBF][..], &[0xFE, 0xFF], &[0xFF, 0xFE]].iter().any(|m| probe.head.starts_with(m));
        let plain = probe.head.first().is_some_and(|b| matches!(b, 0 | b'<' | b'\t'..=b'\r' | b' '));
        if !(marked || plain) || !begins_as_markup(probe.head) {
            return Score::NO;
        }
        let head = probe.head.get(..SNIFFED).unwrap_or(probe.head);
        // UTF-16 and UTF-32 markup without its zeros is ASCII.
        let start = match memchr::memchr(0, head) {
            None => Cow::Borrowed(head),
            Some(_) => Cow::Owned(head.iter().copied().filter(|b| *b != 0).collect()),
        };
        match root(&start) {
            Some(name) if name.ends_with(b"xmpmeta") || name.ends_with(b"xapmeta") => Score::SURE,
            Some(b"rdf:RDF" | b"RDF") => Score::LIKELY,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let at = Place::new("XMP file", source.absolute(0));
        let bytes = source.whole(limits::SIDECAR)?;
        tags::xmp::read(&bytes, &at, out);
        Ok(())
    }
}

/// Whether the first byte that is no zero of a wide encoding, no white space and of no byte order mark opens markup.
fn begins_as_markup(head: &[u8]) -> bool {
    let before = |b: &&u8| !matches!(b, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF) && !b.is_ascii_whitespace();
    head.iter().take(SNIFFED).find(before) == Some(&b'<')
}

/// The root element's name, behind instructions, comments and a byte order mark.
fn root(text: &[u8]) -> Option<&[u8]> {
    let mark = [b"\xEF\xBB\xBF".as_slice(), b"\xFF\xFE", b"\xFE\xFF"].into_iter().find(|m| text.starts_with(m));
    let mut rest = text.get(mark.map_or(0, <[u8]>::len)..)?;
    loop {
        rest = rest.trim_ascii_start();
        let close: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'!', ..] => b">",
            [b'<', name @ ..] => {
                return name.split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')).next();
            }
            _ => return None,
        };
        let end = memchr::memmem::find(rest, close)?;
        rest = rest.get(end + close.len()..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots() {
        assert_eq!(
            root(b"\xEF\xBB\xBF<?xpacket begin=''?>\n<!-- > --><x:xmpmeta xmlns:x='a'>"),
            Some(&b"x:xmpmeta"[..])
        );
        assert_eq!(root(b"<rdf:RDF>"), Some(&b"rdf:RDF"[..]));
        assert_eq!(root(b"<?xml version='1.0'?><svg><rdf:RDF/></svg>"), Some(&b"svg"[..]));
        assert_eq!(root(b"x:xmpmeta"), None);
        assert_eq!(root(b"<?xpacket"), None);
    }

    #[test]
    fn markup_is_told_in_every_encoding() {
        let text = "\u{feff} \n<?xml version='1.0'?><x:xmpmeta>";
        let wide = |big: bool, size: usize| -> Vec<u8> {
            let unit = |c: char| {
                let bytes = (c as u32).to_be_bytes();
                let mut unit = bytes[4 - size..].to_vec();
                if !big {
                    unit.reverse();
                }
                unit
            };
            text.chars().flat_map(unit).collect()
        };
        let encodings = [text.as_bytes().to_vec(), wide(true, 2), wide(false, 2), wide(true, 4), wide(false, 4)];
        for head in encodings {
            let probe = Probe { head: &head, len: head.len() as u64 };
            assert_eq!(XmpSidecar.sniff(&probe), Score::SURE, "{head:?}");
        }
        for head in [&b"\0\0\0\x20ftypisom<x:xmpmeta>"[..], &[0; 40], b"\xFF\xFE", b" words <x:xmpmeta>", b""] {
            assert_eq!(XmpSidecar.sniff(&Probe { head, len: head.len() as u64 }), Score::NO, "{head:?}");
        }
    }
}
