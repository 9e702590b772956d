//! What the marker segments of one image say.

use std::sync::Arc;

use super::blob::Blob;
use super::parts::{self, Part};
use crate::framing::beginnings;
use crate::framing::jpeg_segments::{self, ExtendedXmp, Segment, Stop, XtBox};
use crate::framing::{jumbf, mpf, numbers};
use crate::tags::{self, Place, charset, content, exif, icc, photoshop, plain_text, push, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{CompactString, Extraction, Problem, ProblemKind, Store, ToCompactString};

/// The outcome of reading one image's segments.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) stop: Result<Stop, Problem>,
    /// Offsets of further images, from the Multi-Picture index.
    pub(super) further: Vec<u64>,
    /// Length of all segments together in bytes.
    pub(super) len: u64,
    /// Whether more scans than one make the image (progressive, or a scan a component).
    pub(super) many_scans: bool,
}

/// What spans segments and is read when all are known.
#[derive(Default)]
struct Pending {
    exif: Vec<Blob>,
    photoshop: Option<Blob>,
    extended: Vec<ExtendedXmp>,
    boxes: Vec<XtBox>,
    further: Vec<u64>,
    /// Segments of which nobody knows what they are for, those of color profiles, and comments that are no text.
    parts: Vec<Part>,
}

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// `Exif`, a NUL and a byte of padding.
const EXIF_HEADER: usize = 6;
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
/// Identifier, number of the part, number of all parts.
const ICC_HEADER: usize = 14;
/// Bytes of a segment that are looked at to tell what it is.
const START: usize = 64;
/// Names of the application segments, by their numbers.
const APPLICATIONS: [&str; 16] = [
    "APP0", "APP1", "APP2", "APP3", "APP4", "APP5", "APP6", "APP7", "APP8", "APP9", "APP10", "APP11", "APP12", "APP13",
    "APP14", "APP15",
];
/// Enough of an ICC segment for the profile's name.
const ICC_HEAD: usize = 4096;

/// Reads the image whose SOI is at `start`. `prefix` begins every place; only the `main` image states dimensions.
pub(super) fn read(source: &mut Source, start: u64, prefix: &str, main: bool, out: &mut Extraction) -> Image {
    let (segments, stop) = jpeg_segments::walk(source, start);
    let mut pending = Pending::default();
    for segment in &segments {
        let done = match main && is_frame(segment.marker) {
            true => read_frame(source, segment, out),
            false => read_segment(source, segment, prefix, &mut pending, out),
        };
        if let Err(problem) = done {
            tags::push_problem(out, problem.within("jpeg"));
        }
    }
    if pending.boxes.len() >= jpeg_segments::MOST || pending.extended.len() >= jpeg_segments::MOST {
        let what = format!("more than {} boxes or packets over several segments", jpeg_segments::MOST);
        tags::push_problem(out, Problem::limit("jpeg", source.absolute(start), what));
    }
    let mut further = std::mem::take(&mut pending.further);
    further.sort_unstable();
    further.dedup();
    parts::read(source, &std::mem::take(&mut pending.parts), prefix, out);
    finish(source, pending, prefix, out);
    let len = segments.iter().map(|s| s.len as u64).sum();
    let many_scans = many_scans(source, &segments);
    Image { stop, further, len, many_scans }
}

/// Reads segments that stand behind the first scan.
pub(super) fn read_late(source: &mut Source, segments: &[Segment], prefix: &str, out: &mut Extraction) {
    let mut pending = Pending::default();
    let len = source.len();
    for segment in segments.iter().filter(|s| s.data.saturating_add(s.len as u64) <= len) {
        // Thumbnails and tables of the first image do not stand here, so that no size is told twice.
        if let Err(problem) = read_segment(source, segment, prefix, &mut pending, out) {
            tags::push_problem(out, problem.within("jpeg"));
        }
    }
    parts::read(source, &std::mem::take(&mut pending.parts), prefix, out);
    finish(source, pending, prefix, out);
}

/// Whether the first scan does not hold the whole image: the frame is progressive, or has more components than the scan.
fn many_scans(source: &mut Source, segments: &[Segment]) -> bool {
    let frame = segments.iter().find(|s| is_frame(s.marker));
    let scan = segments.iter().find(|s| s.marker == 0xDA);
    let (Some(frame), Some(scan)) = (frame, scan) else { return true };
    let components = source.up_to(frame.data, frame.len.min(6)).ok().and_then(|b| b.get(5).copied());
    let scanned = source.up_to(scan.data, scan.len.min(1)).ok().and_then(|b| b.first().copied());
    !matches!(frame.marker, 0xC0 | 0xC1) || components.is_none() || components != scanned
}

/// Whether this marker starts a frame (ISO/IEC 10918-1, table B.1: SOF0 to SOF15).
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF)
}

fn read_frame(source: &mut Source, segment: &Segment, out: &mut Extraction) -> Result<(), Problem> {
    let offset = source.absolute(segment.data);
    let frame = source.up_to(segment.data, segment.len.min(6))?;
    dimensions(frame, &Place::new("JPEG SOF", offset), out);
    Ok(())
}

fn read_segment(
    source: &mut Source,
    segment: &Segment,
    prefix: &str,
    pending: &mut Pending,
    out: &mut Extraction,
) -> Result<(), Problem> {
    let offset = source.absolute(segment.data);
    match segment.marker {
        0xFE => {
            let text = source.up_to(segment.data, segment.len)?;
            let at = Place::new(named(prefix, "COM"), offset);
            if !charset::is_text(text) {
                pending.parts.push(Part { segment: *segment, head: 0, begins: beginnings::first(text) });
            }
            match plain_text::aigc(text) {
                Some((by, json)) => push(out, ("jpeg", "AIGC"), charset::decode(json), &at, by as u64),
                None => push(out, ("jpeg", "COM"), charset::decode(text), &at, 0),
            }
        }
        0xE0..=0xEF => application(source, segment, prefix, pending, out)?,
        _ => {}
    }
    Ok(())
}

fn dimensions(frame: &[u8], at: &Place, out: &mut Extraction) {
    let (Some(bits), Some(height), Some(width)) = (frame.first(), numbers::be16(frame, 1), numbers::be16(frame, 3))
    else {
        return;
    };
    push(out, ("image", "Width"), width.to_compact_string(), at, 3);
    push(out, ("image", "Height"), height.to_compact_string(), at, 1);
    push(out, ("image", "BitsPerSample"), bits.to_compact_string(), at, 0);
}

/// The container path of a segment.
fn named(prefix: &str, name: &str) -> Arc<str> {
    let mut path = CompactString::from(prefix);
    path.push_str(name);
    path.as_str().into()
}

/// An application segment: told by its marker and the identifier that its data begin with.
fn application(
    source: &mut Source,
    segment: &Segment,
    prefix: &str,
    pending: &mut Pending,
    out: &mut Extraction,
) -> Result<(), Problem> {
    let number = segment.marker - 0xE0;
    let name = APPLICATIONS.get(usize::from(number)).copied().unwrap_or_default();
    let at = Place::new(named(prefix, name), source.absolute(segment.data));
    let data = source.up_to(segment.data, segment.len)?;
    let start = data.get(..START).unwrap_or(data);
    if number == 2 && start.starts_with(ICC) {
        pending.parts.push(Part { segment: *segment, head: ICC_HEADER, begins: beginnings::first(data) });
        if start.get(12) == Some(&1) {
            let profile = data.get(ICC_HEADER..data.len().min(ICC_HEAD)).unwrap_or_default();
            icc::read(profile, &at.inside("ICC profile", ICC_HEADER as u64), out);
        }
        return Ok(());
    }
    match number {
        0 if start.starts_with(b"JFIF\0") => jfif(data, &at, out),
        1 if is_exif(start) => collect_exif(segment, data, &at, pending),
        1 if data.starts_with(XMP) => xmp::read(&data[XMP.len()..], &shifted(&at, XMP.len()), out),
        1 if jpeg_segments::collect_extended(data, &mut pending.extended) => {}
        1 if bare_packet(start).is_some() => {
            let by = bare_packet(start).unwrap_or_default();
            xmp::read(&data[by..], &shifted(&at, by), out);
        }
        2 if start.starts_with(b"MPF\0") => {
            let images = mpf::images(&data[4..]);
            push(out, ("jpeg", "MPF:NumberOfImages"), images.len().to_string(), &at, 4);
            let base = segment.data.saturating_add(4);
            pending.further.extend(images.iter().skip(1).map(|i| base.saturating_add(u64::from(i.offset))));
        }
        10 if start.starts_with(b"UNICODE\0") => {
            let text = encoding_rs::UTF_16BE.decode_without_bom_handling(&data[8..]).0;
            push(out, ("jpeg", "APP10:Comment"), text.trim_end_matches('\0'), &at, 8);
        }
        11 if jpeg_segments::collect_box(data, source_offset(&at), &mut pending.boxes) => {}
        12 if start.starts_with(b"Ducky") => ducky(data, &at, out),
        13 if start.starts_with(PHOTOSHOP) => collect_photoshop(segment, data, &at, pending),
        14 if start.starts_with(b"Adobe") => {
            if let Some(transform) = data.get(11) {
                push(out, ("jpeg", "Adobe:ColorTransform"), transform.to_compact_string(), &at, 11);
            }
        }
        // Elsewhere than the specifications put them: told by what they are.
        _ if is_exif(start) => collect_exif(segment, data, &at, pending),
        _ if start.starts_with(PHOTOSHOP) => collect_photoshop(segment, data, &at, pending),
        _ if jpeg_segments::collect_extended(data, &mut pending.extended) => {}
        _ if bare_packet(start).is_some() => {
            let by = bare_packet(start).unwrap_or_default();
            xmp::read(&data[by..], &shifted(&at, by), out);
        }
        _ if start.starts_with(b"JP") && jpeg_segments::collect_box(data, source_offset(&at), &mut pending.boxes) => {}
        _ => {
            let begins = beginnings::first(data);
            if begins.is_some() || !content::read(data, "jpeg", &at, out) {
                pending.parts.push(Part { segment: *segment, head: 0, begins });
                other(data, &at, number, out);
            }
        }
    }
    Ok(())
}

/// Whether a segment says that it is Exif, in letters of any case: readers do not mind.
fn is_exif(start: &[u8]) -> bool {
    let named = start.get(..4).is_some_and(|id| id.eq_ignore_ascii_case(b"Exif"));
    named && start.get(4).is_none_or(|b| *b == 0)
}

fn source_offset(at: &Place) -> u64 {
    at.offset.unwrap_or_default()
}

fn shifted(at: &Place, by: usize) -> Place {
    Place { container: at.container.clone(), offset: at.offset.map(|o| o.saturating_add(by as u64)) }
}

/// Where an XMP packet starts in a segment whose header is not the standard one.
fn bare_packet(start: &[u8]) -> Option<usize> {
    let marks: [&[u8]; 3] = [b"<?xpacket", b"<x:xmpmeta", b"<x:xapmeta"];
    marks.iter().find_map(|mark| start.windows(mark.len()).position(|w| w == *mark))
}

fn jfif(data: &[u8], at: &Place, out: &mut Extraction) {
    if let (Some(major), Some(minor)) = (data.get(5), data.get(6)) {
        let mut version = major.to_compact_string();
        version.push_str(if *minor < 10 { ".0" } else { "." });
        version.push_str(&minor.to_compact_string());
        push(out, ("jpeg", "JFIF:Version"), version, at, 5);
    }
    if let (Some(unit), Some(x), Some(y)) = (data.get(7), numbers::be16(data, 8), numbers::be16(data, 10)) {
        let unit = ["", " dpi", " dpcm"].get(usize::from(*unit)).copied().unwrap_or_default();
        let (mut density, y) = (x.to_compact_string(), y.to_compact_string());
        for text in [" x ", &y, unit] {
            density.push_str(text);
        }
        push(out, ("jpeg", "JFIF:Density"), density, at, 7);
    }
    let thumbnail = 3 * data.get(12).map_or(0, |w| usize::from(*w)) * data.get(13).map_or(0, |h| usize::from(*h));
    let rest = data.get(14 + thumbnail..).unwrap_or_default();
    if let Some((by, json)) = plain_text::aigc(rest) {
        push(out, ("jpeg", "AIGC"), charset::decode(json), at, (14 + thumbnail + by) as u64);
    }
}

fn collect_exif(segment: &Segment, data: &[u8], at: &Place, pending: &mut Pending) {
    let body = data.get(EXIF_HEADER..).unwrap_or_default();
    let begins = body.starts_with(b"II") || body.starts_with(b"MM");
    match pending.exif.last_mut() {
        // A block too long for one segment goes on in the next ones.
        Some(before) if !begins => before.push(segment, EXIF_HEADER, data),
        _ => pending.exif.push(Blob::new(at, segment, EXIF_HEADER, data)),
    }
}

fn collect_photoshop(segment: &Segment, data: &[u8], at: &Place, pending: &mut Pending) {
    match &mut pending.photoshop {
        Some(before) => before.push(segment, PHOTOSHOP.len(), data),
        none => *none = Some(Blob::new(at, segment, PHOTOSHOP.len(), data)),
    }
}

/// Save for Web data: type, length, content; comments are UTF-16 behind a character count.
fn ducky(data: &[u8], at: &Place, out: &mut Extraction) {
    let mut pos = 5;
    while let (Some(kind @ 1..), Some(len)) = (numbers::be16(data, pos), numbers::be16(data, pos + 2)) {
        let Some(value) = data.get(pos + 4..pos + 4 + usize::from(len)) else { break };
        let (key, text) = match kind {
            1 => ("Ducky:Quality", numbers::be32(value, 0).unwrap_or_default().to_string()),
            2 | 3 => {
                let text = encoding_rs::UTF_16BE.decode_without_bom_handling(value.get(4..).unwrap_or_default()).0;
                (if kind == 2 { "Ducky:Comment" } else { "Ducky:Copyright" }, text.trim_end_matches('\0').to_owned())
            }
            _ => ("Ducky:Unknown", format!("(type {kind}, {len} bytes)")),
        };
        push(out, ("jpeg", key), text, at, pos as u64);
        pos += 4 + usize::from(len);
    }
}

/// A segment that nothing else claims: a bare label, or only its identifier.
fn other(data: &[u8], at: &Place, number: u8, out: &mut Extraction) {
    if let Some((by, json)) = plain_text::aigc(data) {
        return push(out, ("jpeg", "AIGC"), charset::decode(json), at, by as u64);
    }
    if number == 11 && !data.is_empty() && data.iter().all(|b| *b == 0) {
        at.problem(Problem::malformed("", source_offset(at), "zeros where a box should stand"), out);
    }
    let printable = data.iter().take(32).take_while(|b| b.is_ascii_graphic() || **b == b' ').count();
    let name = String::from_utf8_lossy(&data[..printable]).trim().to_owned();
    let value = if name.is_empty() { format!("({} bytes)", data.len()) } else { name };
    push(out, ("jpeg", &format!("APP{number}")), value, at, 0);
}

fn finish(source: &mut Source, pending: Pending, prefix: &str, out: &mut Extraction) {
    let mut read = |blob: &Blob, name: &str, reader: fn(&[u8], &Place, &mut Extraction)| {
        let at = Place { container: named(prefix, name), offset: blob.offset() };
        match blob.bytes(source) {
            Ok(bytes) => reader(&bytes, &at, out),
            Err(problem) => at.problem(problem, out),
        }
    };
    for blob in pending.exif {
        read(&blob, "APP1", exif::read);
    }
    if let Some(blob) = pending.photoshop {
        read(&blob, "APP13", photoshop::read);
    }
    extended_xmp(pending.extended, prefix, out);
    for found in pending.boxes {
        store(found, prefix, out);
    }
}

fn extended_xmp(packets: Vec<ExtendedXmp>, prefix: &str, out: &mut Extraction) {
    if packets.is_empty() {
        return;
    }
    let at = Place { container: named(prefix, "APP1 ExtendedXMP"), offset: None };
    let named = |out: &Extraction, guid: &str| {
        out.facts.tags.iter().any(|t| t.key == "xmpNote:HasExtendedXMP" && t.value.eq_ignore_ascii_case(guid))
    };
    for packet in packets {
        let (guid, total) = (packet.guid.clone(), packet.total);
        if !named(out, &guid) {
            let what = format!("packet {guid} is not the one that the main packet names");
            at.problem(Problem::new(ProblemKind::Malformed, "", None, what).harmless(), out);
        }
        let (bytes, whole) = packet.assemble();
        if !whole {
            let what = format!("{total} bytes stated, {} found without a gap", bytes.len());
            at.problem(Problem::new(ProblemKind::Truncated, "", None, what), out);
        }
        xmp::read(&bytes, &at, out);
    }
}

fn store(found: XtBox, prefix: &str, out: &mut Extraction) {
    let place = format!("{prefix}APP11");
    match jumbf::kind_of_box(&found.bytes) {
        jumbf::Kind::Store | jumbf::Kind::Retagged => {
            let cut = found.bytes.len() >= limits::STORE;
            let damage = found.damage.or_else(|| jumbf::damage(&found.bytes));
            if cut {
                let what = format!("a manifest store of more than {} bytes", limits::STORE);
                tags::push_problem(out, Problem::limit(&place, found.offset, what));
            }
            tags::push_store(out, Store { place, offset: found.offset, bytes: found.bytes, damage });
        }
        jumbf::Kind::Other(label) => {
            push(out, ("jpeg", "JUMBF"), label, &Place::new(place, found.offset), 0);
        }
        jumbf::Kind::None => {
            let kind = found.bytes.get(4..8).unwrap_or_default();
            let at = Place::new(place.clone(), found.offset);
            if kind == b"jumb" || !kind.iter().all(u8::is_ascii_graphic) {
                // Boxes of other kinds have names; this may have been a manifest store.
                at.problem(Problem::malformed("", found.offset, "a box that is overwritten or damaged"), out);
            }
            let kind = kind.escape_ascii().to_string();
            push(out, ("jpeg", "APP11"), format!("box {kind}"), &Place::new(place, found.offset), 0);
        }
    }
}
