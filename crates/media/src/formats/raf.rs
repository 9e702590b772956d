//! Fujifilm raw files: a header that points to a JPEG with all metadata, and raw data behind it (layout unpublished;
//! as files show it).

use crate::formats::{Format, Info, Media, Probe, Score, jpeg};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Raf;

static INFO: Info = Info {
    id: FormatId::new("raf"),
    name: "Fujifilm raw",
    extensions: &["raf"],
    media: Media::Image,
    specification: "unpublished",
    version: 1,
    ..Info::DEFAULT
};

const MAGIC: &[u8] = b"FUJIFILMCCD-RAW ";

impl Format for Raf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(MAGIC) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let start = u64::from(u32::from_be_bytes(source.array(0x54)?));
        let len = u64::from(u32::from_be_bytes(source.array(0x58)?));
        let bytes = source.read_bounded(start, len, limits::EMBEDDED_BYTES).map_err(|p| p.within("raf (JPEG)"))?;
        jpeg::Jpeg.read(&mut Source::memory(bytes, source.absolute(start)), out).map_err(|p| p.within("raf (JPEG)"))
    }
}
