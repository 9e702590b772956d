//! Notes inside the first frame of a video: SEI messages with unregistered user data (a UUID, then whatever its writer
//! likes), which stay when a container is written anew.
//!
//! ITU-T H.264, 7.3.2.3 and D.1.7; ITU-T H.265, 7.3.2.4 and D.2.7; ISO/IEC 14496-15 for how samples hold NAL units.

use super::{Decoder, Options, Subject};
use crate::framing::bmff::{self, Boxes, Header};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Facts, Tag};

pub(super) const DECODER: Decoder = Decoder { id: "sei", version: 1, decode };

/// Bytes of the first frame that are looked at: notes stand before the picture.
const FRAME: usize = 64 * 1024;
/// Tracks of a movie that are looked at.
const TRACKS: usize = 16;
/// The longest text of a note that is kept.
const NOTE: usize = 4 * 1024;
/// The formats that hold their samples as ISO/IEC 14496-15 says.
const FORMATS: &[&str] = &["mp4", "mov"];

fn decode(subject: &mut Subject<'_>, facts: &Facts, _: Options) -> Vec<Tag> {
    let source = &mut *subject.source;
    if !facts.format.as_deref().is_some_and(|format| FORMATS.contains(&format)) {
        return Vec::new();
    }
    let Some((frame, offset, codec, width)) = first_frame(source) else { return Vec::new() };
    let offset = source.absolute(offset);
    let mut out = Vec::new();
    for (by, unit) in units(&frame, width) {
        let message = match (codec, unit.first()) {
            (Codec::Avc, Some(head)) if head & 0x1F == 6 => unit.get(1..),
            (Codec::Hevc, Some(head)) if matches!(head >> 1 & 0x3F, 39 | 40) => unit.get(2..),
            _ => continue,
        };
        for (uuid, text) in notes(&unescaped(message.unwrap_or_default())) {
            if out.len() < limits::EMBEDDED {
                let place = format!("first frame, SEI user data {uuid}");
                out.push(Tag {
                    space: DECODER.id.into(),
                    key: uuid.into(),
                    value: text.into(),
                    place: place.into(),
                    offset: Some(offset + by as u64),
                    ..Tag::default()
                });
            }
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Codec {
    Avc,
    Hevc,
}

/// The bytes of the first frame of the first track that is H.264 or H.265, where they are, and the length of lengths in it.
fn first_frame(source: &mut Source) -> Option<(Vec<u8>, u64, Codec, usize)> {
    let end = source.len();
    let movie = bmff::child(source, 0, end, b"moov").ok()??;
    let mut tracks = Boxes::new(movie.body, movie.end);
    let mut left = TRACKS;
    while let Ok(Some(track)) = tracks.next(source) {
        if &track.kind != b"trak" {
            continue;
        }
        left = left.checked_sub(1)?;
        if let Some(found) = track_frame(source, &track) {
            return Some(found);
        }
    }
    None
}

fn track_frame(source: &mut Source, track: &Header) -> Option<(Vec<u8>, u64, Codec, usize)> {
    let mut table = Header { ..*track };
    for kind in [b"mdia", b"minf", b"stbl"] {
        table = bmff::child(source, table.body, table.end, kind).ok()??;
    }
    let of = |source: &mut Source, kind: &[u8; 4], most: usize| {
        let found = bmff::child(source, table.body, table.end, kind).ok()??;
        Some(source.up_to(found.body, (found.len() as usize).min(most)).ok()?.to_vec())
    };
    let description = of(source, b"stsd", 4096)?;
    let (codec, width) = codec(&description)?;
    let offset = match of(source, b"stco", 12) {
        Some(list) => u64::from(u32::from_be_bytes(list.get(8..12)?.try_into().ok()?)),
        None => u64::from_be_bytes(of(source, b"co64", 16)?.get(8..16)?.try_into().ok()?),
    };
    let sizes = of(source, b"stsz", 16)?;
    let one = |at: usize| Some(u32::from_be_bytes(sizes.get(at..at + 4)?.try_into().ok()?));
    let size = one(4).filter(|size| *size > 0).or_else(|| one(12))?;
    let frame = source.up_to(offset, (size as usize).min(FRAME)).ok()?.to_vec();
    Some((frame, offset, codec, width))
}

/// What a sample description says: the codec, and the length of the lengths before NAL units.
fn codec(description: &[u8]) -> Option<(Codec, usize)> {
    let find = |kind: &[u8]| memchr::memmem::find(description, kind).map(|at| at + 4);
    if let Some(at) = find(b"avcC") {
        return Some((Codec::Avc, usize::from(description.get(at + 4)? & 3) + 1));
    }
    let at = find(b"hvcC")?;
    Some((Codec::Hevc, usize::from(description.get(at + 21)? & 3) + 1))
}

/// The NAL units of a sample; the last may be cut.
fn units(frame: &[u8], width: usize) -> Vec<(usize, &[u8])> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(length) = frame.get(at..at + width) {
        let length = length.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
        let start = at + width;
        let end = start.saturating_add(length).min(frame.len());
        let Some(unit) = frame.get(start..end).filter(|unit| !unit.is_empty()) else { break };
        out.push((start, unit));
        at = end;
        if out.len() >= 256 {
            break;
        }
    }
    out
}

/// Without the bytes that keep start codes out of NAL units.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for byte in bytes {
        if *byte == 3 && zeros >= 2 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    out
}

/// The notes of a message: payloads of type 5, a UUID and text.
fn notes(message: &[u8]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut at = 0;
    let number = |at: &mut usize| -> Option<usize> {
        let mut sum = 0usize;
        loop {
            let byte = *message.get(*at)?;
            *at += 1;
            sum = sum.checked_add(usize::from(byte))?;
            if byte != 0xFF {
                return Some(sum);
            }
        }
    };
    while let (Some(kind), Some(size)) = (number(&mut at), number(&mut at)) {
        let Some(payload) = message.get(at..at.saturating_add(size).min(message.len())) else { break };
        at = at.saturating_add(size);
        if kind == 5 && payload.len() > 16 {
            let (uuid, text) = payload.split_at(16);
            let text = text.get(..text.len().min(NOTE)).unwrap_or_default();
            let text = String::from_utf8_lossy(text).trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned();
            if !text.is_empty()
                && text.chars().all(|c| !c.is_control() || c.is_whitespace())
                && !text.contains('\u{FFFD}')
            {
                out.push((written(uuid), text));
            }
        }
    }
    out
}

fn written(uuid: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(uuid);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    /// A movie of one frame: a note, then the picture.
    fn movie(codec: &[u8; 4], head: &[u8], note: &[u8]) -> Vec<u8> {
        let payload = [&[0x91; 16][..], note].concat();
        let unit = [head, &[5, payload.len() as u8], &payload, &[0x80]].concat();
        let frame = [&(unit.len() as u32).to_be_bytes()[..], &unit, &[0, 0, 0, 2, 0x65, 0x88]].concat();
        let file = boxed(b"ftyp", b"isom\0\0\0\0");
        let configuration =
            boxed(codec, &if codec == b"avcC" { vec![1, 66, 0, 30, 0xFF] } else { [vec![1; 21], vec![3]].concat() });
        let table = [
            boxed(
                b"stsd",
                &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &boxed(b"avc1", &[&[0; 78][..], &configuration].concat())].concat(),
            ),
            boxed(b"stsz", &[&[0; 8][..], &1u32.to_be_bytes(), &(frame.len() as u32).to_be_bytes()].concat()),
            boxed(b"stco", &[&[0; 4][..], &1u32.to_be_bytes(), &(file.len() as u32 + 8).to_be_bytes()].concat()),
        ];
        let movie = boxed(b"moov", &boxed(b"trak", &boxed(b"mdia", &boxed(b"minf", &boxed(b"stbl", &table.concat())))));
        [file, boxed(b"mdat", &frame), movie].concat()
    }

    fn said(bytes: Vec<u8>) -> Vec<(String, String)> {
        let facts = Facts { format: Some(countersign_model::FormatId::new("mp4")), ..Facts::default() };
        let said = decode(&mut Subject::new(&mut Source::memory(bytes, 0)), &facts, Options::default());
        said.into_iter().map(|tag| (tag.key.into(), tag.value.into())).collect()
    }

    #[test]
    fn notes_are_read_in_both_codecs() {
        let expected = [("91919191-9191-9191-9191-919191919191".to_owned(), "example-ai".to_owned())];
        assert_eq!(said(movie(b"avcC", &[6], b"example-ai")), expected);
        assert_eq!(said(movie(b"hvcC", &[39 << 1, 1], b"example-ai")), expected);
        assert_eq!(said(movie(b"avcC", &[6], b"example-ai\0")), expected);
        assert!(said(movie(b"avcC", &[9], b"example-ai")).is_empty());
    }

    #[test]
    fn damage_never_panics() {
        let whole = movie(b"avcC", &[6], b"example-ai");
        for end in 0..whole.len() {
            let _ = said(whole[..end].to_vec());
        }
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0xFF;
            let _ = said(bad);
        }
        assert_eq!(unescaped(&[0, 0, 3, 1, 0, 0, 3]), [0, 0, 1, 0, 0]);
    }
}
