//! Minolta raw files: blocks of which `TTW` is a TIFF structure with all metadata (layout unpublished; as files show it).

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{self, Place};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Mrw;

static INFO: Info = Info {
    id: FormatId::new("mrw"),
    name: "Minolta raw",
    extensions: &["mrw"],
    media: Media::Image,
    specification: "unpublished",
    version: 1,
    ..Info::DEFAULT
};

impl Format for Mrw {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(b"\0MRM") { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let end = u64::from(u32::from_be_bytes(source.array(4)?)) + 8;
        let mut position = 8;
        for _ in 0..64 {
            if position + 8 > end {
                return Ok(());
            }
            let name: [u8; 4] = source.array(position)?;
            let len = u64::from(u32::from_be_bytes(source.array(position + 4)?));
            position += 8;
            if &name == b"\0TTW" {
                let block = source.read_bounded(position, len, limits::BLOB).map_err(|p| p.within("mrw (TTW)"))?;
                tags::exif::read(&block, &Place::new("MRW TTW", source.absolute(position)), out);
            }
            position += len;
        }
        Err(Problem::limit("mrw", source.absolute(position), "too many blocks"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Extraction {
        let mut out = Extraction::default();
        if let Err(problem) = Mrw.read(&mut Source::memory(bytes.to_vec(), 0), &mut out) {
            out.facts.problems.push(problem);
        }
        out
    }

    #[test]
    fn the_block_is_found_and_every_cut_is_told() {
        let mut tiff = b"MM\0*\0\0\0\x08\0\x01".to_vec();
        tiff.extend([1, 0x31, 0, 2, 0, 0, 0, 2, b'x', 0, 0, 0, 0, 0, 0, 0]);
        let mut bytes = b"\0MRM\0\0\0\x32\0PRD\0\0\0\x08fixture0\0TTW\0\0\0\x1A".to_vec();
        bytes.extend(&tiff);
        let facts = read(&bytes);
        assert_eq!(facts.facts.problems, []);
        assert_eq!(facts.facts.tags[0].place, "MRW TTW, EXIF IFD0 Software");
        assert_eq!(facts.facts.tags[0].offset, Some(32 + 18));
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).facts.problems.iter().any(|p| p.blocking), "{len}");
        }
    }
}
