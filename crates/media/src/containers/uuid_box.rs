//! Boxes with an extended type (`uuid`): XMP (XMP specification part 3), EXIF and IIM as in JPEG 2000,
//! Canon's CR3 metadata, C2PA.

use crate::containers::c2pa_box;
use crate::framing::bmff::{Boxes, Header};
use crate::tags::{self, Place, exif, iptc, xmp};
use countersign_io::source::Source;
use countersign_model::Extraction;
use countersign_model::limits;

const XMP: [u8; 16] = hex("be7acfcb97a942e89c71999491e3afac");
/// `JpgTiffExif->JP2`.
const EXIF: [u8; 16] = *b"JpgTiffExif->JP2";
const EXIF_OTHER: [u8; 16] = hex("0537cdab9d0c4431a72afa561f2a113e");
const IPTC: [u8; 16] = hex("33c7a4d2b81d4723a0baf1a3e097ad38");
const IPTC_OTHER: [u8; 16] = hex("09a14e97c0b442e0bebf36df6f0ce36f");
/// GeoJP2: the coordinates of a map, as the tags of a GeoTIFF.
const GEOGRAPHIC: [u8; 16] = hex("b14bf8bd083d4b43a5ae8cd7d5a6ce03");
const CANON: [u8; 16] = hex("85c0b687820f11e08111f4ce462b6a48");

/// The longest box of unknown make that is looked into for text.
const UNKNOWN: u64 = 64 * 1024;

type Reader = fn(&mut Source, &Header, &str, &mut Extraction);

const READERS: &[([u8; 16], Reader)] = &[
    (c2pa_box::UUID, |source, header, title, out| {
        let place = format!("{title} uuid C2PA");
        c2pa_box::read(source, header.body, header, &place, out);
    }),
    (XMP, |source, header, title, out| blob(source, header, &format!("{title} uuid XMP"), out, xmp::read)),
    (EXIF, |source, header, title, out| blob(source, header, &format!("{title} uuid EXIF"), out, tiff)),
    (EXIF_OTHER, |source, header, title, out| blob(source, header, &format!("{title} uuid EXIF"), out, tiff)),
    (IPTC, |source, header, title, out| blob(source, header, &format!("{title} uuid IPTC"), out, iptc::read)),
    (IPTC_OTHER, |source, header, title, out| blob(source, header, &format!("{title} uuid IPTC"), out, iptc::read)),
    (GEOGRAPHIC, |source, header, title, out| blob(source, header, &format!("{title} uuid GeoJP2"), out, tiff)),
    (CANON, canon),
];

/// Reads one `uuid` box; `title` is the container path that holds it (`MP4`, `MP4 moov`).
pub fn read(source: &mut Source, header: &Header, title: &str, out: &mut Extraction) {
    let Some(uuid) = header.uuid else { return };
    match READERS.iter().find(|(id, _)| *id == uuid) {
        Some((_, reader)) => reader(source, header, title, out),
        None => {
            if !c2pa_box::read_disguised(source, header, &format!("{title} uuid"), out) {
                unknown(source, header, title, &uuid, out);
            }
        }
    }
}

/// A maker's box: its text, or how long it is.
fn unknown(source: &mut Source, header: &Header, title: &str, uuid: &[u8; 16], out: &mut Extraction) {
    out.coverage.leave(header.body, header.end);
    let bytes = source.up_to(header.body, header.len().min(UNKNOWN + 1) as usize).unwrap_or_default();
    let text = std::str::from_utf8(bytes).ok().map(|t| t.trim_end_matches('\0'));
    let text = text.filter(|t| t.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()));
    let value = match text.filter(|_| header.len() <= UNKNOWN) {
        Some(text) => text.to_owned(),
        None => format!("({} bytes)", header.len()),
    };
    let at = Place::new(format!("{title} uuid"), source.absolute(header.body));
    tags::push(out, ("quicktime", &data_encoding::HEXLOWER.encode(uuid)), value, &at, 0);
}

/// Hands a box's body to a tag reader.
pub fn blob(
    source: &mut Source,
    header: &Header,
    place: &str,
    out: &mut Extraction,
    read: fn(&[u8], &Place, &mut Extraction),
) {
    let at = Place::new(place, source.absolute(header.body));
    match source.read_bounded(header.body, header.len(), limits::BLOB) {
        Ok(bytes) => read(&bytes, &at, out),
        Err(problem) => at.problem(problem, out),
    }
}

/// A TIFF structure, perhaps behind `Exif\0\0`.
pub fn tiff(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let skip = if bytes.starts_with(b"Exif\0\0") { 6 } else { 0 };
    let at = Place { container: at.container.clone(), offset: at.offset.map(|o| o + skip as u64) };
    exif::read(&bytes[skip..], &at, out);
}

/// Where the TIFF header of an Exif payload with an offset field stands; writers disagree on what it counts.
#[must_use]
pub fn tiff_start(bytes: &[u8]) -> Option<usize> {
    let stated = bytes.get(..4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let stated = stated.and_then(|n| n.checked_add(4));
    let is_tiff = |at: usize| bytes.get(at..at + 4).is_some_and(|b| b == b"II*\0" || b == b"MM\0*");
    let starts = [stated.filter(|n| *n < bytes.len()), Some(4), Some(10), Some(0), Some(6)];
    starts.into_iter().flatten().find(|at| is_tiff(*at))
}

/// Whether a document is RDF, as every XMP packet is.
#[must_use]
pub fn is_rdf(bytes: &[u8]) -> bool {
    const NAMESPACE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    let text = String::from_utf8_lossy(bytes);
    // UTF-16 of either order reads as ASCII with zeros between.
    text.contains(NAMESPACE) || (text.contains('\0') && text.replace('\0', "").contains(NAMESPACE))
}

/// Canon's box in CR3: CMT1 (IFD0), CMT2 (Exif), CMT3 (maker notes), CMT4 (GPS), each a TIFF structure.
fn canon(source: &mut Source, header: &Header, title: &str, out: &mut Extraction) {
    let mut boxes = Boxes::new(header.body, header.end);
    for _ in 0..limits::ITEMS {
        match boxes.next(source) {
            Ok(Some(inner)) if matches!(&inner.kind, b"CMT1" | b"CMT2" | b"CMT3" | b"CMT4") => {
                let name = char::from(inner.kind[3]);
                blob(source, &inner, &format!("{title} uuid Canon CMT{name}"), out, tiff);
            }
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(problem) => return tags::push_problem(out, problem.within(&format!("{title} uuid Canon"))),
        }
    }
}

/// Sixteen bytes from 32 hexadecimal digits.
const fn hex(text: &str) -> [u8; 16] {
    let digits = text.as_bytes();
    let mut out = [0; 16];
    let mut i = 0;
    while i < 16 {
        out[i] = nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]);
        i += 1;
    }
    out
}

const fn nibble(digit: u8) -> u8 {
    if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 }
}
