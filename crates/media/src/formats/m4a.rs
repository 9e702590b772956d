//! MPEG-4 audio (AAC, ALAC) with Apple's or Adobe's audio brands.

use crate::containers::quicktime;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::bmff;
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct M4a;

static INFO: Info = Info {
    id: FormatId::new("m4a"),
    name: "MPEG-4 audio",
    extensions: &["m4a", "m4b", "m4r", "f4a", "f4b", "m4p"],
    media: Media::Audio,
    specification: "ISO/IEC 14496-12, ISO/IEC 14496-14",
    version: 3,
    ..Info::DEFAULT
};

const BRANDS: &[&bmff::FourCc] = &[b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "];

impl Format for M4a {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let major = bmff::brands(probe.head).and_then(|b| b.first().copied());
        if major.is_some_and(|m| BRANDS.contains(&&m)) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        quicktime::read(source, &quicktime::Flavor { title: "M4A", id: INFO.id, of_items: false }, out)
    }
}
