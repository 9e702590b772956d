//! FLAC (RFC 9639): metadata blocks, behind ID3 tags that some programs put before them.

use crate::containers::{ends, stray_tags};
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{Place, charset, id3, picture, push, push_problem, stream, vorbis};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Flac;

const FILE: &str = "FLAC";

pub(super) static INFO: Info = Info {
    id: FormatId::new("flac"),
    name: "FLAC",
    extensions: &["flac", "fla"],
    media: Media::Audio,
    specification: "RFC 9639",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Flac {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let mut rest = probe.head;
        for _ in 0..4 {
            if rest.starts_with(b"fLaC") {
                return Score::SURE;
            }
            let Some(next) = id3::length(rest).and_then(|n| usize::try_from(n).ok()).and_then(|n| rest.get(n..)) else {
                break;
            };
            rest = next;
        }
        Score::NO
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let start = ends::leading(source, FILE, out)?;
        read_stream(source, start, out)
    }
}

/// Whether a stream starts here.
pub(super) fn at(source: &mut Source, pos: u64) -> Result<bool, Problem> {
    Ok(source.up_to(pos, 4)? == b"fLaC")
}

/// Reads a stream from its `fLaC`, and the tags behind it.
pub(super) fn read_stream(source: &mut Source, start: u64, out: &mut Extraction) -> Result<(), Problem> {
    if !at(source, start)? {
        return Err(Problem::malformed("flac (stream)", source.absolute(start), "missing fLaC"));
    }
    let mut pos = start + 4;
    let mut samples = 0;
    for _ in 0..limits::ITEMS {
        let [head, a, b, c] = source.array(pos).map_err(|p| p.within("flac (metadata)"))?;
        let len = u64::from(u32::from_be_bytes([0, a, b, c]));
        let data = pos + 4;
        let kind = head & 0x7F;
        let len = if kind == 6 { picture_len(source, data, len)? } else { len };
        if len > source.len().saturating_sub(data) {
            let what = format!("block {kind}: {len} bytes stated, {} left", source.len().saturating_sub(data));
            return Err(Problem::truncated("flac (metadata)", source.absolute(pos), what));
        }
        if matches!(kind, 0 | 2 | 4 | 5 | 6) {
            let blob = source.read_bounded(data, len, limits::BLOB).map_err(|p| p.within("flac (metadata)"))?;
            samples = samples.max(block(kind, &blob, FILE, source.absolute(data), out));
        } else if kind == 127 {
            return Err(Problem::malformed("flac (metadata)", source.absolute(pos), "block 127 is forbidden"));
        }
        // What stands in padding, and in blocks that nobody here reads, is looked at once more.
        if !matches!(kind, 0 | 4 | 6) {
            out.coverage.leave(data, data + len);
        }
        pos = data + len;
        if head & 0x80 != 0 {
            return check_first_frame(source, pos, samples, out);
        }
    }
    Err(Problem::limit("flac (metadata)", source.absolute(pos), "too many blocks"))
}

/// What a block says; the number of samples where it is STREAMINFO. Ogg carries the same blocks.
pub(super) fn block(kind: u8, blob: &[u8], file: &str, offset: u64, out: &mut Extraction) -> u64 {
    let at = |name: &str| Place::new(format!("{file} {name}"), offset);
    match kind {
        0 => return stream_info(blob, &at("STREAMINFO"), out),
        2 => application(blob, &at("APPLICATION"), out),
        4 => vorbis::read(blob, &at("VORBIS_COMMENT"), out),
        5 => {
            let catalog = charset::fixed(blob.get(..blob.len().min(128)).unwrap_or_default());
            if !catalog.is_empty() {
                push(out, ("flac", "CUESHEET:catalog"), catalog, &at("CUESHEET"), 0);
            }
        }
        6 => picture::read(blob, &at("PICTURE"), out),
        _ => {}
    }
    0
}

/// Pictures over 16 MiB overflow the 24 bits of the block's length: then the picture's own lengths count.
fn picture_len(source: &mut Source, data: u64, stated: u64) -> Result<u64, Problem> {
    let left = source.len().saturating_sub(data);
    let mut pos = 4;
    for fixed in [0, 16] {
        let Ok(len) = source.array::<4>(data.saturating_add(pos)).map(u32::from_be_bytes) else { return Ok(stated) };
        pos = pos.saturating_add(4 + u64::from(len) + fixed);
    }
    let Ok(len) = source.array::<4>(data.saturating_add(pos)).map(u32::from_be_bytes) else { return Ok(stated) };
    let own = pos.saturating_add(4 + u64::from(len));
    Ok(if own > stated && own > 0x00FF_FFFF && own <= left { own } else { stated })
}

fn stream_info(blob: &[u8], at: &Place, out: &mut Extraction) -> u64 {
    let Some(bits) = blob.get(10..18).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes) else {
        at.problem(Problem::malformed("", at.offset.unwrap_or(0), "STREAMINFO is too short").harmless(), out);
        return 0;
    };
    let samples = bits & 0xF_FFFF_FFFF;
    let rate = (bits >> 44) as u32;
    let about = stream::Audio {
        codec: "FLAC".into(),
        rate,
        channels: (bits >> 41 & 7) as u32 + 1,
        bits: (bits >> 36 & 31) as u32 + 1,
        seconds: samples as f64 / f64::from(rate),
    };
    stream::audio(&about, at, out);
    if let Some(digest) = blob.get(18..34).filter(|d| d.iter().any(|b| *b != 0)) {
        push(out, ("flac", "MD5Signature"), data_encoding::HEXLOWER.encode(digest), at, 18);
    }
    samples
}

fn application(blob: &[u8], at: &Place, out: &mut Extraction) {
    let Some((id, data)) = blob.split_first_chunk::<4>() else { return };
    if id == b"riff" && riff_chunk(data, at, out) {
        return;
    }
    let key = format!("APPLICATION:{}", charset::fourcc(*id));
    let value = charset::printable(data).unwrap_or_else(|| format!("{} bytes", data.len()));
    push(out, ("flac", &key), value, at, 4);
}

/// A chunk of the WAV that the sound came from, as `flac --keep-foreign-metadata` keeps it; true where it held text.
fn riff_chunk(data: &[u8], at: &Place, out: &mut Extraction) -> bool {
    let before = out.facts.tags.len();
    let mut one = |prefix: &str, id: &[u8; 4], body: &[u8], by: usize| {
        if let Some(text) = charset::printable(body) {
            push(out, ("riff", &format!("{prefix}{}", charset::fourcc(*id).trim_end())), text, at, by as u64 + 4);
        }
    };
    let chunk = |from: usize| -> Option<([u8; 4], &[u8])> {
        let (id, rest) = data.get(from..)?.split_first_chunk::<4>()?;
        let (len, body) = rest.split_first_chunk::<4>()?;
        Some((*id, body.get(..(u32::from_le_bytes(*len) as usize).min(body.len()))?))
    };
    match chunk(0) {
        Some((id, body)) if &id == b"LIST" && body.starts_with(b"INFO") => {
            let mut from = 12;
            while let Some((id, body)) = chunk(from) {
                one("INFO:", &id, body, from + 8);
                from += 8 + body.len() + (body.len() & 1);
            }
        }
        Some((id, body)) => one("", &id, body, 8),
        None => {}
    }
    out.facts.tags.len() > before
}

/// The first frame must stand right behind the blocks: else their lengths were wrong and blocks are lost.
fn check_first_frame(source: &mut Source, pos: u64, samples: u64, out: &mut Extraction) -> Result<(), Problem> {
    out.coverage.add(0, pos);
    out.coverage.open_from(pos);
    let end = ends::trailing(source, FILE, pos, out)?;
    stray_tags::near_end(source, FILE, pos, end, out)?;
    let offset = source.absolute(pos);
    if pos >= end {
        let problem = Problem::truncated("flac (frames)", offset, "no sound behind the metadata");
        push_problem(out, if samples == 0 { problem.harmless() } else { problem });
        return Ok(());
    }
    match source.up_to(pos, 2)? {
        [0xFF, second] if second & 0xFC == 0xF8 => Ok(()),
        _ => Err(Problem::malformed("flac (frames)", offset, "no frame behind the metadata")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_the_wav_are_read() {
        let told = |data: &[u8]| {
            let mut out = Extraction::default();
            application(&[b"riff", data].concat(), &Place::new("FLAC", 0), &mut out);
            out.facts
                .tags
                .into_iter()
                .map(|tag| (tag.space.to_string(), tag.key.to_string(), tag.value.to_string()))
                .collect::<Vec<_>>()
        };
        let list = b"LIST\x18\0\0\0INFOICMT\x03\0\0\0one\0ISFT\x01\0\0\0x\0";
        let expected = [("riff", "INFO:ICMT", "one"), ("riff", "INFO:ISFT", "x")];
        assert_eq!(told(list), expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
        assert_eq!(told(b"json\x02\0\0\0{}"), [("riff".to_owned(), "json".to_owned(), "{}".to_owned())]);
        for end in 0..list.len() {
            let _ = told(&list[..end]);
        }
    }
}
