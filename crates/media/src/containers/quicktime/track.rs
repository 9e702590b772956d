//! The few facts of movie and track headers: brands, dates, handler names, codecs, and movies that stand
//! compressed in a `cmov` (QuickTime File Format, "Compressed movie resources").

use std::io::Read;

use chrono::DateTime;

use super::{Walk, unsupported};
use crate::framing::bmff::{self, Header};
use countersign_io::asset_budget::Decompressed;
use countersign_io::source::Source;
use countersign_model::limits;

/// Seconds from 1904-01-01, the movie's epoch, to 1970-01-01.
const EPOCH: i64 = 2_082_844_800;
/// The longest header that is read.
const HEADER: usize = 64 * 1024;

pub(super) fn brands(walk: &mut Walk<'_>, header: &Header) {
    let Ok(bytes) = walk.source.up_to(header.body, header.len().min(1024) as usize) else { return };
    let codes: Vec<_> = bytes.chunks_exact(4).map(|c| bmff::name([c[0], c[1], c[2], c[3]])).collect();
    if let Some(major) = codes.first() {
        walk.tag("MajorBrand", major.clone(), header.body);
    }
    if codes.len() > 2 {
        walk.tag("CompatibleBrands", codes[2..].join(" "), header.body + 8);
    }
}

pub(super) fn movie_header(walk: &mut Walk<'_>, header: &Header) {
    let Ok(bytes) = walk.source.up_to(header.body, header.len().min(20) as usize) else { return };
    let (Some(version), wide) = (bytes.first().copied(), bytes.get(4..20)) else { return };
    let number = |b: &[u8]| b.iter().fold(0_u64, |n, b| (n << 8) | u64::from(*b));
    let times = match (version, wide) {
        (1, Some(b)) => [number(&b[..8]), number(&b[8..])],
        (_, Some(b)) => [number(&b[..4]), number(&b[4..8])],
        _ => return,
    };
    for (key, seconds, by) in [("CreateDate", times[0], 0), ("ModifyDate", times[1], if version == 1 { 8 } else { 4 })]
    {
        let stamp = i64::try_from(seconds).ok().filter(|s| *s > 0).and_then(|s| DateTime::from_timestamp(s - EPOCH, 0));
        if let Some(stamp) = stamp {
            walk.tag(key, stamp.format("%Y-%m-%dT%H:%M:%SZ").to_string(), header.body + 4 + by);
        }
    }
    super::clip::movie_length(walk, header);
}

/// `hdlr`: version and flags, component type, handler type, 12 bytes, a name (counted in QuickTime files).
pub(super) fn handler(walk: &mut Walk<'_>, header: &Header) {
    let Some(bytes) = walk.body(header, HEADER) else { return };
    let Some(kind) = bytes.get(8..12) else { return };
    let component = bytes.get(4..8).unwrap_or_default();
    if component != b"dhlr" && component != b"alis" {
        walk.handler = [kind[0], kind[1], kind[2], kind[3]];
    }
    let name = bytes.get(24..).unwrap_or_default();
    let (by, name) = match name {
        [len, rest @ ..] if usize::from(*len) <= rest.len() && (component == b"mhlr" || component == b"dhlr") => {
            (25, &rest[..usize::from(*len)])
        }
        [len, rest @ ..] if usize::from(*len) == rest.len() && *len != 0 => (25, rest),
        _ => (24, name),
    };
    let text = super::value::classic(0, name);
    if !text.is_empty() {
        walk.tag("HandlerName", text, header.body + by);
    }
}

/// `dref`: version and flags, count, then one box per file; bit 0 of its flags says that it is this one.
pub(super) fn references(walk: &mut Walk<'_>, header: &Header) {
    let mut boxes = bmff::Boxes::new((header.body + 8).min(header.end), header.end);
    while let Some(entry) = walk.next(&mut boxes) {
        let own = walk.source.array::<4>(entry.body).is_ok_and(|flags| flags[3] & 1 == 1);
        walk.clip.track.elsewhere |= !own;
        walk.seen.elsewhere |= !own;
    }
}

/// `sidx` (ISO/IEC 14496-12 §8.16.3): the media that it lists follow it in this file, so that a cut shows.
pub(super) fn index(walk: &mut Walk<'_>, header: &Header) {
    if walk.path.len() > 1 {
        return;
    }
    let Ok(bytes) = walk.source.up_to(header.body, header.len().min(HEADER as u64) as usize) else { return };
    let long =
        |at: usize, len: usize| bytes.get(at..at + len).map(|b| b.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b)));
    let wide = bytes.first() == Some(&1);
    let (first, entries) = if wide { (long(20, 8), 32) } else { (long(16, 4), 24) };
    let sizes = bytes.get(entries..).unwrap_or_default().chunks_exact(12);
    let sum: u64 = sizes.map(|row| u64::from(u32::from_be_bytes([row[0] & 0x7F, row[1], row[2], row[3]]))).sum();
    let end = header.end.saturating_add(first.unwrap_or(0)).saturating_add(sum);
    if end > walk.source.len() {
        walk.seen.cut = true;
        let what = format!("the index tells of media up to {end}, the file ends before");
        walk.problem(countersign_model::Problem::truncated("", walk.source.absolute(header.offset), what));
    }
}

/// `stsd`: version and flags, count, then one box per codec; pictures name their compressor.
pub(super) fn codecs(walk: &mut Walk<'_>, header: &Header) {
    let mut boxes = bmff::Boxes::new((header.body + 8).min(header.end), header.end);
    while let Some(entry) = walk.next(&mut boxes) {
        walk.tag("Codec", bmff::name(entry.kind), entry.offset + 4);
        if entry.kind == *b"tmcd" {
            super::clip::timecode_entry(walk, &entry);
        }
        if &walk.handler != b"vide" || entry.len() < 78 {
            continue;
        }
        let Ok(field) = walk.source.array::<32>(entry.body + 42) else { continue };
        let len = usize::from(field[0]).min(31);
        let counted = super::value::classic(0, &field[1..=len]);
        if !counted.trim().is_empty() {
            walk.tag("CompressorName", counted, entry.body + 43);
        }
    }
}

/// `cmov`: `dcom` names the method, `cmvd` holds `u32 length` and the packed `moov`.
pub(super) fn compressed_movie(walk: &mut Walk<'_>, header: &Header) {
    let at = walk.source.absolute(header.offset);
    let method = bmff::child(walk.source, header.body, header.end, b"dcom").ok().flatten();
    let method = method.and_then(|m| walk.source.array::<4>(m.body).ok());
    let data = bmff::child(walk.source, header.body, header.end, b"cmvd").ok().flatten();
    let (Some(b"zlib"), Some(data)) = (method.as_ref(), data) else {
        return walk.problem(unsupported("a compressed movie of unknown method", at));
    };
    if walk.unfolded {
        return walk.problem(unsupported("a compressed movie inside a compressed movie", at));
    }
    let Some(bytes) = walk.body(&data, limits::BLOB) else { return };
    let packed = bytes.get(4..).unwrap_or_default();
    let mut movie = Vec::new();
    let mut unfold = Decompressed(flate2::read::ZlibDecoder::new(packed)).take(limits::INFLATED as u64 + 1);
    let whole = unfold.read_to_end(&mut movie).is_ok();
    if !whole || movie.len() > limits::INFLATED {
        walk.problem(unsupported("a compressed movie that does not unfold", at));
    }
    movie.truncate(limits::INFLATED);
    let mut inner = Source::memory(movie, walk.source.absolute(data.body));
    let mut deeper = Walk {
        source: &mut inner,
        out: &mut *walk.out,
        title: walk.title,
        id: walk.id,
        of_items: walk.of_items,
        path: walk.path.clone(),
        items: walk.items,
        handler: [0; 4],
        unfolded: true,
        seen: super::Seen::default(),
        clip: super::clip::Clip::default(),
    };
    let whole = Header { kind: *b"cmov", uuid: None, offset: 0, body: 0, end: deeper.source.len(), stated: 0 };
    deeper.container(&whole);
    walk.items = deeper.items;
}
