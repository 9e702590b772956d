//! Musepack sound (Musepack SV7 and SV8): the tags at both ends.

use crate::containers::{ends, stray_tags};
use crate::formats::{Format, Info, Media, Probe, Score};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Musepack;

/// The packet that ends a stream of version 8, with its length.
const LAST: &[u8; 3] = b"SE\x03";
const MAGICS: &[&[u8]] = &[b"MPCK", b"MP+\x07", b"MP+\x17"];

pub(super) static INFO: Info = Info {
    id: FormatId::new("musepack"),
    name: "Musepack",
    extensions: &["mpc", "mp+", "mpp"],
    media: Media::Audio,
    specification: "Musepack SV4 to SV8",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Musepack {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let rest = ends::behind_id3(probe.head);
        if MAGICS.iter().any(|m| rest.starts_with(m)) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        // The header alone takes this much in any version.
        let (start, end) = stray_tags::both(source, "Musepack", "musepack", 24, out)?;
        if &source.array::<4>(start)? == b"MPCK" && &source.array::<3>(end - 3)? != LAST {
            return Err(Problem::truncated(
                "musepack (packets)",
                source.absolute(end),
                "no packet that ends the stream",
            ));
        }
        Ok(())
    }
}

/// Whether a stream of version 4, 5 or 6 may start here; it has no magic, so only what tags frame is believed.
pub(super) fn is_old(head: &[u8]) -> bool {
    let Some(word) = head.get(..4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes) else { return false };
    // Bit rate, two stereo flags, version, the highest band of 32, block size.
    matches!(word >> 11 & 0x3FF, 4..=6) && word & 0x3F > 0
}
