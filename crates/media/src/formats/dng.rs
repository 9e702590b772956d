//! Digital Negative (Adobe DNG 1.7): a TIFF whose first directory carries DNGVersion.

use crate::formats::{C2paMime, Format, FrameUse, Info, Media, Probe, Score, tiff_structure};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Dng;

pub(super) static INFO: Info = Info {
    id: FormatId::new("dng"),
    name: "Digital Negative",
    extensions: &["dng"],
    media: Media::Image,
    specification: "Adobe DNG 1.7.1",
    version: 1,
    frames: FrameUse::Possible,
    c2pa_mime: C2paMime::Withheld,
    ..Info::DEFAULT
};

impl Format for Dng {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match tiff_structure::first_directory(probe.head) {
            Some((_, directory)) if directory.entries.iter().any(|e| e.tag == tiff_structure::DNG_VERSION) => {
                Score::SURE
            }
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        tiff_structure::read(source, "DNG", out).map(|_| ())
    }
}
