//! Cineon (Kodak "4.5 DPX (SMPTE) and Cineon image file format", the Cineon part): the texts of its header and of the
//! user's data behind it.

use crate::formats::{Format, FrameUse, Info, Media, Probe, Score};
use crate::framing::numbers::{be32, le32};
use crate::tags::{Place, charset, clip, push, push_problem, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Cineon;

static INFO: Info = Info {
    id: FormatId::new("cineon"),
    name: "Cineon",
    extensions: &["cin"],
    media: Media::Image,
    specification: "Kodak Cineon image file format 4.5",
    version: 2,
    frames: FrameUse::Usual,
    ..Info::DEFAULT
};

/// The header for any picture and the one of the film industry.
const HEADER: usize = 2048;
const MAGIC: [u8; 4] = [0x80, 0x2A, 0x5F, 0xD7];
/// Texts: key, offset, length.
const TEXTS: &[(&str, usize, usize)] = &[
    ("Version", 24, 8),
    ("FileName", 32, 100),
    ("CreationDate", 132, 12),
    ("CreationTime", 144, 12),
    ("Label", 452, 200),
    ("SourceImageFileName", 720, 100),
    ("SourceImageDate", 820, 12),
    ("SourceImageTime", 832, 12),
    ("InputDevice", 844, 64),
    ("InputDeviceModel", 908, 32),
    ("InputDeviceSerialNumber", 940, 32),
    ("FilmFormat", 1036, 32),
    ("FrameAttribute", 1076, 32),
    ("SlateInformation", 1108, 200),
];

impl Format for Cineon {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let turned = [0xD7, 0x5F, 0x2A, 0x80];
        let sure = probe.head.starts_with(&MAGIC) || probe.head.starts_with(&turned);
        if sure { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = source.up_to(0, HEADER)?.to_vec();
        let big = header.starts_with(&MAGIC);
        let number = |at| if big { be32(&header, at) } else { le32(&header, at) };
        let stated = |at| number(at).filter(|value| *value != u32::MAX).map(u64::from).unwrap_or_default();
        let at = Place::new("Cineon header", source.absolute(0));
        for (key, from, len) in TEXTS {
            let field = header.get(*from..(from + len).min(header.len())).unwrap_or_default();
            let end = field.iter().position(|b| matches!(b, 0 | 0xFF)).unwrap_or(field.len());
            let text = charset::field(field.get(..end).unwrap_or_default());
            if !text.is_empty() {
                push(out, ("cineon", key), text, &at, *from as u64);
            }
        }
        for (key, from) in [("Width", 200), ("Height", 204)] {
            push(out, ("image", key), stated(from).to_string(), &at, from as u64);
        }
        film(&number, &at, out);
        let (pixels, user, len) = (stated(4), stated(16), source.len());
        if header.len() < HEADER.min(pixels as usize) || pixels >= len || stated(20) > len {
            let what = format!("{} bytes stated, {len} present", stated(20).max(pixels));
            push_problem(out, Problem::truncated("cineon", source.absolute(len), what));
        }
        let end = stated(20);
        if end == 0 {
            out.coverage.open_from(0);
        } else {
            out.coverage.add(0, end);
        }
        // Both headers have the length that the specification gives them.
        let from = HEADER as u64;
        let there = pixels.min(len).saturating_sub(from).min(user.max(pixels.min(len).saturating_sub(from)));
        if there == 0 {
            return Ok(());
        }
        let at = Place::new("Cineon user data", source.absolute(from));
        let blob = source.read_bounded(from, there, limits::INFLATED).map_err(|p| p.within("Cineon user data"))?;
        let start = blob.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0).count();
        let rest = blob.get(start..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == 0).unwrap_or(rest.len());
        let words = rest.get(..end).unwrap_or_default();
        if [&b"<?xpacket"[..], b"<x:xmpmeta", b"<rdf:RDF"].iter().any(|start| rest.starts_with(start)) {
            xmp::read(rest, &at, out);
        } else if end >= 4 && charset::is_text(words) {
            push(out, ("cineon", "UserData"), charset::decode(words), &at, start as u64);
        }
        Ok(())
    }
}

/// The film that was scanned: prefix and count of its edge code, the frame's number and rate.
fn film(number: &impl Fn(usize) -> Option<u32>, at: &Place, out: &mut Extraction) {
    for (key, from) in [("FilmPrefix", 1028), ("FilmCount", 1032), ("FramePosition", 1068)] {
        if let Some(value) = number(from).filter(|value| !matches!(*value, 0 | u32::MAX)) {
            push(out, ("cineon", key), value.to_string(), at, from as u64);
        }
    }
    if let Some(rate) = number(1072).and_then(|bits| clip::decimal_rate(f32::from_bits(bits))) {
        clip::rate(rate, at, 1072, out);
    }
}
