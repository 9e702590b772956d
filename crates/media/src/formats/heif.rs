//! HEIF and HEIC still pictures and sequences (ISO/IEC 23008-12).

use crate::containers::quicktime;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::bmff::{self, FourCc};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Heif;

static INFO: Info = Info {
    id: FormatId::new("heif"),
    name: "HEIF",
    extensions: &["heic", "heif", "hif", "heics", "heifs", "avci", "avcs"],
    media: Media::Image,
    specification: "ISO/IEC 23008-12",
    version: 2,
    ..Info::DEFAULT
};

const BRANDS: &[&FourCc] = &[
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"mif3", b"msf1",
    b"miaf", b"1pic", b"avci", b"avcs", b"vvic", b"vvis", b"jpeg", b"jpgs", b"j2ki", b"j2is", b"unif", b"heif",
];

impl Format for Heif {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match bmff::brands(probe.head).and_then(|b| b.first().copied()) {
            // Below AVIF's, which may hide behind the same general brands.
            Some(major) if BRANDS.contains(&&major) => Score(90),
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        quicktime::read(source, &quicktime::Flavor { title: "HEIF", id: INFO.id, of_items: true }, out)
    }
}
