//! ASF (Advanced Systems Format specification, sections 2 and 3): WMV, WMA. The header object's descriptions,
//! and the XMP object beside it.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{self, Place, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, FormatId, Problem};

/// The ASF format.
pub struct Asf;

static INFO: Info = Info {
    id: FormatId::new("asf"),
    name: "ASF (Windows Media)",
    extensions: &["wmv", "wma", "asf"],
    media: Media::Video,
    specification: "Advanced Systems Format specification 01.20.06",
    version: 1,
    ..Info::DEFAULT
};

type Guid = [u8; 16];

const HEADER: Guid = guid(0x75B2_2630_668E_11CF_A6D9_00AA_0062_CE6C);
const CONTENT: Guid = guid(0x75B2_2633_668E_11CF_A6D9_00AA_0062_CE6C);
const EXTENDED: Guid = guid(0xD2D0_A440_E307_11D2_97F0_00A0_C95E_A850);
const EXTENSION: Guid = guid(0x5FBF_03B5_A92E_11CF_8EE3_00C0_0C20_5365);
const METADATA: Guid = guid(0xC5F8_CBEA_5BAF_4877_8467_AA8C_44FA_4CCA);
const PROPERTIES: Guid = guid(0x8CAB_DCA1_A947_11CF_8EE4_00C0_0C20_5365);
const DATA: Guid = guid(0x75B2_2636_668E_11CF_A6D9_00AA_0062_CE6C);
const LIBRARY: Guid = guid(0x4423_1C94_9498_49D1_A141_1D13_4E45_7054);
/// XMP in ASF (XMP specification part 3): the UUID of ISO base media, written in order.
const XMP: Guid = 0xBE7A_CFCB_97A9_42E8_9C71_9994_91E3_AFAC_u128.to_be_bytes();

/// A GUID as ASF writes it: the first three fields little-endian.
const fn guid(value: u128) -> Guid {
    let b = value.to_be_bytes();
    [b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]]
}

const CONTENT_FIELDS: [&str; 5] = ["Title", "Author", "Copyright", "Description", "Rating"];

impl Format for Asf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(&HEADER) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let mut at = 0;
        let mut data = false;
        for _ in 0..limits::ITEMS {
            if at >= source.len() {
                let missing = Problem::truncated("asf", source.absolute(at), "no Data object");
                return if data { Ok(()) } else { Err(missing) };
            }
            let offset = source.absolute(at);
            let bytes = source.read_uncached(at, 24)?;
            let Some((id, size)) = object(&bytes) else {
                return Err(Problem::truncated("asf", offset, "the file ends inside an object"));
            };
            if size < 24 {
                return Err(Problem::malformed("asf", offset, format!("object of {size} bytes")));
            }
            let end = at.saturating_add(size);
            if end > source.len() {
                let what = format!("object of {size} bytes, {} left", source.len() - at);
                tags::push_problem(out, Problem::truncated("asf", offset, what));
            }
            let len = size.min(source.len() - at) - 24;
            out.coverage.add(at, end);
            data |= id == DATA;
            if id == HEADER {
                let body = source.read_bounded(at + 24, len, limits::BLOB).map_err(|p| p.within("asf (Header)"))?;
                if let Some(size) = file_size(body.get(6..).unwrap_or_default()).filter(|size| *size > source.len()) {
                    let what = format!("{size} bytes stated, {} in the file", source.len());
                    tags::push_problem(out, Problem::truncated("asf", source.absolute(source.len()), what));
                }
                let place = Place::new("ASF Header", source.absolute(at + 24));
                objects(body.get(6..).unwrap_or_default(), &shifted(&place, 6), 0, out);
            } else if id == XMP || id == guid(u128::from_be_bytes(XMP)) {
                let body = source.read_bounded(at + 24, len, limits::BLOB).map_err(|p| p.within("asf (XMP)"))?;
                xmp::read(&body, &Place::new("ASF XMP", source.absolute(at + 24)), out);
            }
            at = end;
        }
        Err(Problem::limit("asf", source.absolute(at), "too many objects"))
    }
}

fn object(bytes: &[u8]) -> Option<(Guid, u64)> {
    let id = bytes.get(..16)?.try_into().ok()?;
    Some((id, u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?)))
}

/// The size of the whole file that the File Properties object states (section 3.2), live streams apart.
fn file_size(mut objects: &[u8]) -> Option<u64> {
    while let Some((id, size)) = object(objects) {
        if id == PROPERTIES {
            let broadcast = objects.get(88)? & 1 != 0;
            let size = u64::from_le_bytes(objects.get(40..48)?.try_into().ok()?);
            return (!broadcast).then_some(size);
        }
        objects = objects.get(usize::try_from(size).ok().filter(|size| *size >= 24)?..)?;
    }
    None
}

fn shifted(at: &Place, by: usize) -> Place {
    Place { container: at.container.clone(), offset: at.offset.map(|o| o.saturating_add(by as u64)) }
}

/// The objects inside the header or its extension.
fn objects(bytes: &[u8], at: &Place, depth: usize, out: &mut Extraction) {
    let mut from = 0;
    for _ in 0..limits::ITEMS {
        let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) else { return };
        let found = object(rest).and_then(|(id, size)| Some((id, rest.get(24..usize::try_from(size).ok()?)?)));
        let Some((id, body)) = found else {
            let offset = at.offset.unwrap_or(0).saturating_add(from as u64);
            return at.problem(Problem::truncated("", offset, "an object is longer than the header"), out);
        };
        let place = shifted(at, from + 24);
        match id {
            CONTENT => content(body, &place, out),
            EXTENDED => described(body, &place, out),
            METADATA | LIBRARY => library(body, &place, out),
            EXTENSION if depth < limits::DEPTH => {
                objects(body.get(22..).unwrap_or_default(), &shifted(&place, 22), depth + 1, out);
            }
            XMP => xmp::read(body, &place, out),
            _ => {}
        }
        from += 24 + body.len();
    }
}

fn text(bytes: &[u8]) -> String {
    let (text, _) = encoding_rs::UTF_16LE.decode_without_bom_handling(bytes);
    text.trim_end_matches('\0').to_owned()
}

/// Little-endian fields, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    fn number(&mut self, len: usize) -> Option<usize> {
        Some(self.bytes(len)?.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)))
    }
}

fn content(body: &[u8], at: &Place, out: &mut Extraction) {
    let mut fields = Fields(body);
    let lengths: Vec<_> = (0..5).map_while(|_| fields.number(2)).collect();
    for (key, length) in CONTENT_FIELDS.iter().zip(lengths) {
        let Some(value) = fields.bytes(length) else { return cut(at, out) };
        if length > 2 {
            tags::push(out, ("asf", key), text(value), at, 0);
        }
    }
}

fn cut(at: &Place, out: &mut Extraction) {
    let problem = Problem::truncated("", at.offset.unwrap_or(0), "a description is longer than its object");
    at.problem(problem, out);
}

/// Extended Content Description: names and typed values.
fn described(body: &[u8], at: &Place, out: &mut Extraction) {
    each(body, at, out, |fields| {
        let length = fields.number(2)?;
        let name = text(fields.bytes(length)?);
        Some((name, fields.number(2)?, fields.number(2)?))
    });
}

/// Metadata and Metadata Library: the same, with streams and languages.
fn library(body: &[u8], at: &Place, out: &mut Extraction) {
    each(body, at, out, |fields| {
        fields.bytes(4)?;
        let (name, kind, length) = (fields.number(2)?, fields.number(2)?, fields.number(4)?);
        Some((text(fields.bytes(name)?), kind, length))
    });
}

/// Tells a counted list of values; `head` reads what stands before each: its name, kind and length.
fn each(
    body: &[u8],
    at: &Place,
    out: &mut Extraction,
    head: impl Fn(&mut Fields<'_>) -> Option<(String, usize, usize)>,
) {
    let mut fields = Fields(body);
    let count = fields.number(2).unwrap_or(0);
    for _ in 0..count {
        let mut one = || {
            let (name, kind, length) = head(&mut fields)?;
            let by = body.len() - fields.0.len();
            say(&name, kind, fields.bytes(length)?, &shifted(at, by), out);
            Some(())
        };
        if one().is_none() {
            return cut(at, out);
        }
    }
}

fn say(name: &str, kind: usize, value: &[u8], at: &Place, out: &mut Extraction) {
    match kind {
        0 => {
            let value = text(value);
            tags::push(out, ("asf", name), &*value, at, 0);
            if value.contains("<rdf:RDF") {
                xmp::read(value.as_bytes(), &at.inside(name, 0), out);
            }
        }
        1 if name == "WM/Picture" => picture(value, at, out),
        1 => match std::str::from_utf8(value) {
            Ok(said) if !said.is_empty() && said.chars().all(|c| !c.is_control() || c.is_whitespace()) => {
                tags::push(out, ("asf", name), said, at, 0);
            }
            _ => tags::push(out, ("asf", name), format!("({} bytes of binary)", value.len()), at, 0),
        },
        2..=5 => {
            let number = value.iter().take(8).rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
            tags::push(out, ("asf", name), number.to_string(), at, 0);
        }
        _ => {}
    }
}

/// WM/Picture: kind, length, MIME type, description, bytes.
fn picture(value: &[u8], at: &Place, out: &mut Extraction) {
    let mut fields = Fields(value);
    let length = fields.bytes(1).and_then(|_| fields.number(4));
    for _ in 0..2 {
        while fields.bytes(2).is_some_and(|unit| unit != [0, 0]) {}
    }
    let picture = length.and_then(|length| fields.bytes(length));
    let Some(bytes) = picture.filter(|_| out.embedded.len() < limits::EMBEDDED) else { return cut(at, out) };
    let offset = at.offset.unwrap_or(0).saturating_add((value.len() - fields.0.len() - bytes.len()) as u64);
    tags::push_embedded(out, Embedded { place: "ASF WM/Picture".into(), offset, bytes: bytes.to_vec(), name: None });
}
