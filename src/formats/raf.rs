//! Fujifilm raw files: a header that points to a JPEG with all metadata, and raw data behind it (layout unpublished;
//! as files show it).

use crate::formats::{Format, Info, Media, Probe, Score, by_id};
use crate::limits;
use crate::model::{Facts, Problem};
use crate::source::Source;

pub(super) struct Raf;

static INFO: Info = Info {
    id: "raf",
    name: "Fujifilm raw",
    extensions: &["raf"],
    media: Media::Image,
    specification: "unpublished",
    version: 1,
};

const MAGIC: &[u8] = b"FUJIFILMCCD-RAW ";

impl Format for Raf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(MAGIC) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Facts) -> Result<(), Problem> {
        let start = u64::from(u32::from_be_bytes(source.array(0x54)?));
        let len = u64::from(u32::from_be_bytes(source.array(0x58)?));
        let jpeg = source.stated(start, len, limits::EMBEDDED_BYTES).map_err(|p| p.within("raf (JPEG)"))?;
        let Some(format) = by_id("jpeg") else { return Ok(()) };
        format.read(&mut Source::memory(jpeg, source.absolute(start)), out).map_err(|p| p.within("raf (JPEG)"))
    }
}
