//! A movie as a clip (ISO/IEC 14496-12; QuickTime File Format, "Timecode media"): length, size and rate of its picture, and
//! the start timecode and reel of its timecode track, whose first sample is a count of frames.

use super::Walk;
use crate::framing::bmff::{self, Header};
use crate::framing::numbers::{be16, be32};
use crate::tags::clip::{self as tags, Start};
use crate::tags::{push, stream};
use countersign_timelines::Rate;

/// Bytes of a header or of the begin of a table: more is never needed.
const HEAD: usize = 64;
/// Numbers are dropped; the sample is a plain counter and no timecode.
const DROP: u32 = 1;
const COUNTER: u32 = 8;
/// A timecode sample entry, up to the boxes that follow it.
const ENTRY: u64 = 26;
/// The longest name of a reel.
const NAME: u64 = 256;

/// What was told already, and the track that is being read.
#[derive(Debug, Default)]
pub(super) struct Clip {
    pub(super) track: Track,
    /// The first picture and the first timecode speak for the movie.
    pictured: bool,
    timed: bool,
    rated: bool,
}

/// What a track says in its several boxes.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// Its samples are in another file.
    pub(super) elsewhere: bool,
    size: Option<(u32, u32, u64)>,
    scale: u32,
    /// Units of each sample, where all are alike.
    delta: Option<u32>,
    first_chunk: Option<u64>,
    timecode: Option<Timecode>,
}

#[derive(Clone, Copy, Debug)]
struct Timecode {
    flags: u32,
    scale: u32,
    frame: u32,
}

fn head(walk: &mut Walk<'_>, header: &Header) -> Vec<u8> {
    walk.source.up_to(header.body, header.len().min(HEAD as u64) as usize).map(<[u8]>::to_vec).unwrap_or_default()
}

fn wide(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(be32(bytes, at)?) << 32 | u64::from(be32(bytes, at.checked_add(4)?)?))
}

/// `mvhd`: time scale and length; all ones is a length that is not known.
pub(super) fn movie_length(walk: &mut Walk<'_>, header: &Header) {
    let bytes = head(walk, header);
    let (scale, length) = match bytes.first() {
        Some(1) => (be32(&bytes, 20), wide(&bytes, 24).filter(|length| *length != u64::MAX)),
        _ => (be32(&bytes, 12), be32(&bytes, 16).filter(|length| *length != u32::MAX).map(u64::from)),
    };
    if let (Some(scale), Some(length)) = (scale.filter(|scale| *scale > 0), length) {
        let place = walk.place(header.body);
        tags::duration(length as f64 / f64::from(scale), &place, 0, walk.out);
    }
}

/// `tkhd`: its last eight bytes are width and height, as 16.16 numbers.
pub(super) fn track_header(walk: &mut Walk<'_>, header: &Header) {
    let bytes = walk.source.up_to(header.body, header.len().min(2 * HEAD as u64) as usize).map(<[u8]>::to_vec);
    let Ok(bytes) = bytes else { return };
    let at = if bytes.first() == Some(&1) { 88 } else { 76 };
    let size = be32(&bytes, at).zip(be32(&bytes, at + 4));
    walk.clip.track.size = size.map(|(width, height)| (width >> 16, height >> 16, header.body + at as u64));
}

/// `mdhd`: the time scale of the track.
pub(super) fn media_header(walk: &mut Walk<'_>, header: &Header) {
    let bytes = head(walk, header);
    let at = if bytes.first() == Some(&1) { 20 } else { 12 };
    walk.clip.track.scale = be32(&bytes, at).unwrap_or(0);
}

/// `stts`: count of entries, then samples and units of each.
pub(super) fn times(walk: &mut Walk<'_>, header: &Header) {
    if &walk.handler != b"vide" {
        return;
    }
    let bytes = head(walk, header);
    if be32(&bytes, 4) == Some(1) {
        walk.clip.track.delta = be32(&bytes, 12).filter(|delta| *delta > 0);
    }
}

/// `stco` and `co64`: where the first chunk stands.
pub(super) fn chunks(walk: &mut Walk<'_>, header: &Header) {
    if &walk.handler != b"tmcd" {
        return;
    }
    let bytes = head(walk, header);
    if be32(&bytes, 4).is_some_and(|count| count > 0) {
        let first = if &header.kind == b"co64" { wide(&bytes, 8) } else { be32(&bytes, 8).map(u64::from) };
        walk.clip.track.first_chunk = first;
    }
}

/// The sample entry `tmcd`: flags, time scale, units of a frame, frames a second; behind it the reel's `name`.
pub(super) fn timecode_entry(walk: &mut Walk<'_>, entry: &Header) {
    let bytes = head(walk, entry);
    if let (Some(flags), Some(scale), Some(frame)) = (be32(&bytes, 12), be32(&bytes, 16), be32(&bytes, 20)) {
        walk.clip.track.timecode = Some(Timecode { flags, scale, frame });
    }
    let start = entry.body.saturating_add(ENTRY).min(entry.end);
    let Ok(Some(name)) = bmff::child(walk.source, start, entry.end, b"name") else { return };
    // A QuickTime string: 16-bit length, language, text.
    let Ok(bytes) = walk.source.up_to(name.body, name.len().min(NAME) as usize).map(<[u8]>::to_vec) else { return };
    let length = usize::from(be16(&bytes, 0).unwrap_or(0));
    let language = be16(&bytes, 2).unwrap_or(0);
    let Some(text) = bytes.get(4..4 + length) else { return };
    let reel = super::value::classic(language, text);
    if !reel.trim().is_empty() {
        let place = walk.place(name.body + 4);
        push(walk.out, ("clip", "Reel"), reel, &place, 0);
    }
}

/// Tells what a track said once it ends.
pub(super) fn conclude(walk: &mut Walk<'_>) {
    let track = std::mem::take(&mut walk.clip.track);
    match &walk.handler {
        b"vide" => picture(walk, &track),
        b"tmcd" => timecode(walk, &track),
        _ => {}
    }
}

fn picture(walk: &mut Walk<'_>, track: &Track) {
    let size = track.size.filter(|(width, height, _)| *width > 0 && *height > 0);
    if let Some((width, height, at)) = size.filter(|_| !walk.clip.pictured) {
        walk.clip.pictured = true;
        let place = walk.place(at);
        stream::picture(width, height, &place, walk.out);
    }
    let rate = track.delta.and_then(|delta| exact(track.scale, delta)).filter(|rate| rate.nominal() <= 1000);
    if let Some(rate) = rate.filter(|_| !walk.clip.rated && track.size.is_some()) {
        walk.clip.rated = true;
        let place = walk.place(track.size.map_or(0, |(_, _, at)| at));
        tags::rate(rate, &place, 0, walk.out);
    }
}

/// The rate that a time scale means: 2997 units of 100 are 30000/1001.
fn exact(scale: u32, frame: u32) -> Option<Rate> {
    Rate::from_decimal(Rate::new(scale, frame)?.as_f64())
}

/// The first sample of a timecode track, where it is in this file.
fn timecode(walk: &mut Walk<'_>, track: &Track) {
    let (Some(of), Some(at)) = (track.timecode, track.first_chunk) else { return };
    // The movie that stood compressed is in memory: offsets count in the file.
    if track.elsewhere || walk.unfolded || walk.clip.timed || of.flags & COUNTER != 0 {
        return;
    }
    let (Some(rate), Ok(sample)) = (exact(of.scale, of.frame), walk.source.array::<4>(at)) else { return };
    walk.clip.timed = true;
    let place = walk.place(at);
    let frames = i64::from(u32::from_be_bytes(sample));
    tags::start(Start { frames, rate, drop: of.flags & DROP != 0 }, &place, 0, walk.out);
}
