//! MPEG program and elementary streams (ISO/IEC 13818-1 section 2.5, 11172-1): user data of the first pictures is read.
//!
//! Program streams carry no metadata of their own. What an encoder wrote stands in the video: user data of MPEG-1 and MPEG-2,
//! SEI messages of H.264. It is looked for at the start, and in MPEG video at the end too, where the last groups repeat it.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::mpeg_program;
use crate::framing::nal::{self, Codec};
use crate::tags::{Place, content, id3, mpeg_user_data, sei};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The MPEG program stream format.
pub struct MpegPs;

static INFO: Info = Info {
    id: FormatId::new("mpeg-ps"),
    name: "MPEG program stream",
    extensions: &["mpg", "mpeg", "vob", "m2p", "m2v"],
    media: Media::Video,
    specification: "ISO/IEC 13818-1, ISO/IEC 11172-1",
    version: 2,
    ..Info::DEFAULT
};

/// The pack start code, and the sequence header of a bare video stream.
const PACK: [u8; 4] = [0, 0, 1, 0xBA];
const SEQUENCE: [u8; 4] = [0, 0, 1, 0xB3];
/// Units that H.264 begins with: an access unit delimiter, or parameters of sequences.
const H264: [u8; 3] = [0x09, 0x67, 0x27];
const METADATA: u8 = 0xFC;

impl Format for MpegPs {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // The bits behind the pack's start code are fixed: `01` in MPEG-2, `0010` in MPEG-1.
        let marked = probe.head.get(4).is_some_and(|b| b >> 6 == 0b01 || b >> 4 == 0b0010);
        if probe.head.starts_with(&PACK) && marked {
            Score::SURE
        } else if probe.head.starts_with(&SEQUENCE) {
            Score::LIKELY
        } else {
            Score::NO
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let base = source.absolute(0);
        let head = source.head()?.to_vec();
        let is_program = head.starts_with(&PACK);
        one(&head, base, is_program, out);
        let (at, tail) = source.tail()?;
        if at > head.len() as u64 {
            let (at, tail) = (base.saturating_add(at), tail.to_vec());
            one(&tail, at, is_program, out);
        }
        Ok(())
    }
}

/// Reads the streams of a stretch that begins at `base` of the file.
fn one(bytes: &[u8], base: u64, is_program: bool, out: &mut Extraction) {
    let before = out.facts.tags.len();
    if is_program {
        streams(bytes, base, out);
    } else {
        mpeg_user_data::read(bytes, &Place::new("MPEG video", base), out);
    }
    content::tell_unread_packet(bytes, before, &Place::new("MPEG stream", base), out);
}

fn streams(bytes: &[u8], base: u64, out: &mut Extraction) {
    for stream in mpeg_program::streams(bytes) {
        let place = Place::new(format!("MPEG stream {:#04x}", stream.id), base.saturating_add(stream.at as u64));
        let payload = &stream.payload;
        match payload.get(..5) {
            Some([0, 0, 0, 1, unit] | [0, 0, 1, unit, _]) if H264.contains(unit) => {
                sei::read(Codec::Avc, &nal::of_byte_stream(payload), &place, out);
            }
            _ if stream.id == METADATA => {
                if id3::length(payload).is_some_and(|len| len <= payload.len() as u64) {
                    id3::read(payload, &Place { offset: None, ..place }, out);
                }
            }
            _ => mpeg_user_data::read(payload, &place, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_are_told_from_other_zeros() {
        let sniff = |head: &[u8]| MpegPs.sniff(&Probe { head, len: head.len() as u64 });
        assert_eq!(sniff(&[0, 0, 1, 0xBA, 0x44]), Score::SURE);
        assert_eq!(sniff(&[0, 0, 1, 0xBA, 0x21]), Score::SURE);
        assert_eq!(sniff(&[0, 0, 1, 0xBA, 0xFF]), Score::NO);
        assert_eq!(sniff(&[0, 0, 1, 0xB3, 0x2D]), Score::LIKELY);
        assert_eq!(sniff(&[0, 0, 1, 0]), Score::NO);
        assert_eq!(sniff(&[]), Score::NO);
    }
}
