//! DPX headers (SMPTE ST 268-1): the file, image, orientation, film and user sections, in either byte order.
//!
//! DPX has no place for XMP; a user section may hold anything, and is read where it is text or XMP.

use crate::formats::{Format, FrameUse, Info, Media, Probe, Score};
use crate::framing::numbers::{be32, le32};
use crate::tags::{self, Place, charset, clip, push, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Dpx;

static INFO: Info = Info {
    id: FormatId::new("dpx"),
    name: "DPX",
    extensions: &["dpx"],
    media: Media::Image,
    specification: "SMPTE ST 268-1:2014",
    version: 2,
    frames: FrameUse::Usual,
    ..Info::DEFAULT
};

/// Length of the generic and the industry header in bytes.
const HEADER: usize = 2048;

/// A text field of the header: key, offset, length.
type Field = (&'static str, usize, usize);

const TEXT: &[Field] = &[
    ("Version", 8, 8),
    ("FileName", 36, 100),
    ("CreationTime", 136, 24),
    ("Creator", 160, 100),
    ("Project", 260, 200),
    ("Copyright", 460, 200),
    ("SourceImageFileName", 1432, 100),
    ("SourceImageTime", 1532, 24),
    ("InputDevice", 1556, 32),
    ("InputDeviceSerialNumber", 1588, 32),
    ("FilmManufacturerId", 1664, 2),
    ("FilmType", 1666, 2),
    ("FilmPrefix", 1670, 6),
    ("FilmCount", 1676, 4),
    ("FilmFormat", 1680, 32),
    ("FrameId", 1732, 32),
    ("SlateInformation", 1764, 100),
];

impl Format for Dpx {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match probe.head.get(..4) {
            Some(b"SDPX" | b"XPDS") if probe.head.get(8..10).is_none_or(|v| v == b"V1" || v == b"V2") => Score::SURE,
            Some(b"SDPX" | b"XPDS") => Score::LIKELY,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = source.up_to(0, HEADER)?.to_vec();
        let big = header.starts_with(b"SDPX");
        let long = |at| if big { be32(&header, at) } else { le32(&header, at) };
        let at = Place::new("DPX header", source.absolute(0));
        for field in TEXT {
            text(&header, *field, &at, out);
        }
        for n in 0..8 {
            text(&header, ("ImageDescription", 820 + n * 72, 32), &at, out);
        }
        numbers(&long, &header, &at, out);
        if header.len() < HEADER {
            let what = format!("{HEADER} bytes of header expected, {} present", header.len());
            return Err(Problem::truncated("", source.absolute(source.len()), what));
        }
        let pixels = u64::from(defined(long(4)).unwrap_or_default());
        user(source, pixels, defined(long(32)), out);
        let stated = u64::from(defined(long(16)).unwrap_or_default());
        if source.len() < stated.max(pixels) {
            let what = format!("{} bytes stated, {} present", stated.max(pixels), source.len());
            return Err(Problem::truncated("", source.absolute(source.len()), what));
        }
        if stated > pixels && pixels > 0 {
            out.coverage.add(0, stated);
        }
        Ok(())
    }
}

/// All bits set means undefined.
fn defined(value: Option<u32>) -> Option<u32> {
    value.filter(|v| *v != u32::MAX)
}

fn text(header: &[u8], (key, from, len): Field, at: &Place, out: &mut Extraction) {
    let end = header.len().min(from + len);
    let Some(bytes) = header.get(from..end) else { return };
    let end = bytes.iter().position(|b| matches!(b, 0 | 0xFF)).unwrap_or(bytes.len());
    let value = charset::field(&bytes[..end]);
    if !value.is_empty() {
        push(out, ("dpx", key), value, at, from as u64);
    }
}

fn numbers(long: &impl Fn(usize) -> Option<u32>, header: &[u8], at: &Place, out: &mut Extraction) {
    for (key, from) in [("Width", 772), ("Height", 776)] {
        if let Some(value) = defined(long(from)) {
            push(out, ("image", key), value.to_string(), at, from as u64);
        }
    }
    if let Some(bits) = header.get(803).filter(|b| **b != 0xFF) {
        push(out, ("image", "BitsPerSample"), bits.to_string(), at, 803);
    }
    for (key, from) in [("FramePosition", 1712), ("SequenceLength", 1716)] {
        if let Some(value) = defined(long(from)).filter(|v| *v != 0) {
            push(out, ("dpx", key), value.to_string(), at, from as u64);
        }
    }
    if let Some(code) = defined(long(1920)).filter(|v| *v != 0) {
        let pair = |shift: u32| (code >> shift) & 0xFF;
        let value = format!("{:02x}:{:02x}:{:02x}:{:02x}", pair(24), pair(16), pair(8), pair(0));
        push(out, ("dpx", "TimeCode"), value, at, 1920);
    }
    // The rate of film, else the one of television; all bits set is not a number.
    for from in [1724, 1940] {
        if let Some(rate) = long(from).and_then(|bits| clip::decimal_rate(f32::from_bits(bits))) {
            clip::rate(rate, at, from as u64, out);
            break;
        }
    }
    if let Some(key) = defined(long(660)) {
        push(out, ("dpx", "EncryptionKey"), key.to_string(), at, 660);
    }
}

/// The user section stands between the header and the pixels: an identification, then anything.
fn user(source: &mut Source, pixels: u64, stated: Option<u32>, out: &mut Extraction) {
    let room = pixels.min(source.len()).saturating_sub(HEADER as u64);
    let len = room.min(u64::from(stated.unwrap_or(u32::MAX)));
    if len == 0 {
        return;
    }
    let at = Place::new("DPX user section", source.absolute(HEADER as u64));
    let id = source.up_to(HEADER as u64, len.min(32) as usize).map(<[u8]>::to_vec).unwrap_or_default();
    text(&id, ("UserId", 0, 32), &at, out);
    let data = HEADER as u64 + 32;
    let Some(len) = len.checked_sub(32).filter(|len| *len > 0) else { return };
    match source.read_bounded(data, len, limits::INFLATED) {
        Ok(bytes) => user_data(&bytes, &Place { offset: Some(source.absolute(data)), ..at }, out),
        Err(problem) => tags::push_problem(out, problem.within("DPX user section")),
    }
}

fn user_data(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let start = bytes.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
    let rest = &bytes[start..];
    let packet = [&b"<?xpacket"[..], b"<x:xmpmeta", b"<x:xapmeta", b"<rdf:RDF"].iter().any(|s| rest.starts_with(s));
    if packet {
        xmp::read(bytes, at, out);
    } else if rest.is_empty() || rest.iter().all(|b| *b == 0xFF) {
        // Padding.
    } else {
        let end = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
        let text = end >= 4 && charset::is_text(&rest[..end]);
        let value = if text { charset::decode(&rest[..end]) } else { format!("({} bytes)", bytes.len()) };
        push(out, ("dpx", "UserData"), value, at, start as u64);
    }
}
