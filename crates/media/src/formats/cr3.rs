//! Canon's raw pictures and movies of third generation (brand `crx `): TIFF structures in a `uuid` box of `moov`.
//! No specification is public; the layout is the one that `lclevy/canon_cr3` describes.

use crate::containers::quicktime;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::bmff;
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Cr3;

static INFO: Info = Info {
    id: FormatId::new("cr3"),
    name: "Canon CR3",
    extensions: &["cr3", "crm"],
    media: Media::Image,
    specification: "ISO/IEC 14496-12; Canon's boxes as publicly described",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Cr3 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match bmff::brands(probe.head) {
            Some(brands) if &brands[0] == b"crx " => Score::SURE,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        quicktime::read(source, &quicktime::Flavor { title: "CR3", id: INFO.id, of_items: false }, out)
    }
}
