//! MPEG program and elementary streams (ISO/IEC 13818-1 section 2.5, 11172-1): recognized; they carry no metadata.

use crate::formats::{Format, Info, Media, Probe, Score};
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
    version: 1,
    ..Info::DEFAULT
};

/// The pack start code, and the sequence header of a bare video stream.
const PACK: [u8; 4] = [0, 0, 1, 0xBA];
const SEQUENCE: [u8; 4] = [0, 0, 1, 0xB3];

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

    fn read(&self, _: &mut Source, _: &mut Extraction) -> Result<(), Problem> {
        Ok(())
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
