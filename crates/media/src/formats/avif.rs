//! AV1 still pictures and sequences in HEIF (AV1 Image File Format 1.1).

use crate::containers::quicktime;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::bmff;
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Avif;

static INFO: Info = Info {
    id: FormatId::new("avif"),
    name: "AVIF",
    extensions: &["avif", "avifs"],
    media: Media::Image,
    specification: "AV1 Image File Format 1.1, ISO/IEC 23008-12",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Avif {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let Some(brands) = bmff::brands(probe.head) else { return Score::NO };
        let av1 = |b: &bmff::FourCc| matches!(b, b"avif" | b"avis");
        let general = matches!(&brands[0], b"mif1" | b"msf1" | b"miaf" | b"mif2");
        if av1(&brands[0]) || (general && brands.iter().any(av1)) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        quicktime::read(source, &quicktime::Flavor { title: "AVIF", id: INFO.id, of_items: true }, out)
    }
}
