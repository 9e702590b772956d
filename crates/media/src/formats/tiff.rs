//! TIFF and BigTIFF (TIFF 6.0; XMP part 3; IPTC-NAA and Photoshop blocks; C2PA tag 0xCD41).

use crate::formats::{C2paMime, Format, FrameUse, Info, Media, Pixels, Probe, Score, dng, tiff_structure};
use crate::framing::tiff_ifd::Header;
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Tiff;

static INFO: Info = Info {
    id: FormatId::new("tiff"),
    name: "TIFF",
    extensions: &["tif", "tiff", "btf", "tf8"],
    media: Media::Image,
    specification: "TIFF 6.0, BigTIFF",
    version: 1,
    pixels: Pixels::Lossless,
    frames: FrameUse::Possible,
    c2pa_mime: C2paMime::Withheld,
    ..Info::DEFAULT
};

impl Format for Tiff {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match Header::parse(probe.head) {
            Some(header) if matches!(header.magic, 42 | 43) => Score::LIKELY,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let directories = tiff_structure::read(source, "TIFF", out)?;
        // Its first directory may stand behind the bytes that identification sees.
        if directories.first().is_some_and(|d| d.directory.entries.iter().any(|e| e.tag == tiff_structure::DNG_VERSION))
        {
            out.facts.format = Some(dng::INFO.id);
        }
        Ok(())
    }
}
