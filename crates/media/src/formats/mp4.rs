//! MP4 and its kin (ISO/IEC 14496-12 and -14, 3GPP TS 26.244, CMAF segments): whatever has brands that no
//! other format claims.

use crate::containers::quicktime;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::bmff;
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Mp4;

static INFO: Info = Info {
    id: FormatId::new("mp4"),
    name: "MP4",
    // Recorders write audio and `.mov` files with general brands.
    extensions: &[
        "mp4", "m4v", "f4v", "3gp", "3g2", "3gpp", "3ga", "m4s", "cmfv", "cmfa", "m4p", "lrv", "insv", "ismv", "m4a",
        "mov",
    ],
    media: Media::Video,
    specification: "ISO/IEC 14496-12, ISO/IEC 14496-14",
    version: 3,
    ..Info::DEFAULT
};

impl Format for Mp4 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if bmff::brands(probe.head).is_some() {
            return Score::LIKELY;
        }
        match bmff::first(probe.head) {
            Some((kind, size)) if matches!(&kind, b"ftyp" | b"styp") && size >= 8 => Score::LIKELY,
            Some((kind, size)) if matches!(&kind, b"moof" | b"sidx" | b"emsg" | b"prft") && size >= 8 => Score::LIKELY,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        quicktime::read(source, &quicktime::Flavor { title: "MP4", id: INFO.id, of_items: false }, out)
    }
}
