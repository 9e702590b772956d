//! Monkey's Audio sound (Monkey's Audio SDK): the tags at both ends.

use crate::containers::{ends, stray_tags};
use crate::formats::{Format, Info, Media, Probe, Score};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Monkey;

const MAGICS: &[&[u8]] = &[b"MAC ", b"MACF"];

pub(super) static INFO: Info = Info {
    id: FormatId::new("ape"),
    name: "Monkey's Audio",
    extensions: &["ape", "mac", "apl"],
    media: Media::Audio,
    specification: "Monkey's Audio SDK",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Monkey {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let rest = ends::behind_id3(probe.head);
        if MAGICS.iter().any(|m| rest.starts_with(m)) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        // The header alone takes this much in any version.
        let (start, end) = stray_tags::both(source, "APE", "ape", 24, out)?;
        let Some(sound) = described(source, start)? else { return Ok(()) };
        let behind = start.saturating_add(sound);
        if behind > source.len() {
            return Err(Problem::truncated("ape (header)", source.absolute(end), "the sound is cut short"));
        }
        let cut = [b"APETAGEX".as_slice(), b"TAG", b"ID3"];
        let rest = source.up_to(behind, end.saturating_sub(behind).min(8) as usize)?;
        if cut.iter().any(|mark| rest.starts_with(mark)) {
            return Err(Problem::truncated("ape (tags)", source.absolute(behind), "a tag is cut short"));
        }
        Ok(())
    }
}

/// Length of header, sound and the end of the original file, as the descriptor of version 3.98 and later states them.
fn described(source: &mut Source, start: u64) -> Result<Option<u64>, Problem> {
    let head: [u8; 6] = source.array(start)?;
    if u16::from_le_bytes([head[4], head[5]]) < 3980 {
        return Ok(None);
    }
    let bytes: [u8; 36] = source.array(start).map_err(|p| p.within("ape (header)"))?;
    let field = |at: usize| {
        bytes.get(at..at + 4).map_or(0, |b| u64::from(u32::from_le_bytes(b.try_into().unwrap_or_default())))
    };
    // Descriptor, header, seek table, header of the original, sound (64 bits), end of the original.
    let parts = [8, 12, 16, 20, 24, 32].map(field).iter().fold(0, |sum: u64, part| sum.saturating_add(*part));
    Ok(Some(parts.saturating_add(field(28) << 32)))
}
