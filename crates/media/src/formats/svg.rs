//! SVG (W3C Scalable Vector Graphics 2), plain or gzipped: RDF metadata, C2PA, titles, comments, embedded pictures.

mod addresses;
mod document;
mod entities;
mod prolog;

use std::borrow::Cow;

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::deflate;
use crate::framing::xml;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Svg;

static INFO: Info = Info {
    id: FormatId::new("svg"),
    name: "SVG",
    extensions: &["svg", "svgz"],
    media: Media::Image,
    specification: "W3C SVG 2; XMP part 3, section 1.1.9; C2PA 2.x, annex A.3",
    version: 2,
    ..Info::DEFAULT
};

const GZIP: &[u8] = b"\x1F\x8B\x08";

impl Format for Svg {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(GZIP) {
            let (head, _) = deflate::gzip(probe.head, 4096);
            return if prolog::leads_to_svg(&head) { Score::SURE } else { Score::NO };
        }
        if prolog::leads_to_svg(&unicode(probe.head).0) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let base = source.absolute(0);
        let whole = source.whole(limits::BLOB)?;
        if whole.starts_with(GZIP) {
            let (text, problem) = deflate::gzip(&whole, limits::BLOB);
            document::read(&text, None, out)?;
            return problem.map_or(Ok(()), Err);
        }
        let (text, same) = unicode(&whole);
        document::read(&text, same.then_some(base), out)
    }
}

/// The document as UTF-8, and whether offsets are still the file's.
fn unicode(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    match xml::utf16(bytes) {
        Some(encoding) => (Cow::Owned(encoding.decode_with_bom_removal(bytes).0.into_owned().into_bytes()), false),
        None => (Cow::Borrowed(bytes), true),
    }
}
