//! JPEG (ISO/IEC 10918-1), with JFIF, Exif, XMP, Photoshop, JUMBF and Multi-Picture data in its application segments.
//!
//! Segments are read up to the first scan, then the end of the file: whether the image is whole, and what follows it.
//! Where more can stand between scans, or the end is not what it should be, the image data are walked.

mod blob;
mod parts;
mod segments;
mod trailer;

use crate::formats::{Format, FrameUse, Info, Media, Pixels, Probe, Score};
use crate::framing::jpeg_segments::Stop;
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Jpeg;

static INFO: Info = Info {
    id: FormatId::new("jpeg"),
    name: "JPEG",
    extensions: &["jpg", "jpeg", "jpe", "jfif", "jif", "jfi", "thm", "mpo", "jps"],
    media: Media::Image,
    specification: "ISO/IEC 10918-1; JFIF 1.02; CIPA DC-008 (Exif); CIPA DC-007 (MPF); ISO/IEC 18477-3 (APP11)",
    version: 3,
    pixels: Pixels::Lossy,
    thumbnails: true,
    frames: FrameUse::Possible,
    ..Info::DEFAULT
};

impl Format for Jpeg {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match *probe.head {
            [0xFF, 0xD8, 0xFF, marker, ..] if marker >= 0xC0 => Score::SURE,
            [0xFF, 0xD8, 0xFF] | [0xFF, 0xD8] => Score::LIKELY,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let image = segments::read(source, 0, "JPEG ", true, out);
        match image.stop {
            Ok(Stop::Scan(from)) => trailer::read(source, from, &image, out)?,
            Ok(Stop::End(at)) => {
                let what = "the image ends before any image data";
                crate::tags::push_problem(out, Problem::truncated("jpeg", at, what));
            }
            Err(problem) => return Err(problem),
        }
        trailer::further_images(source, &image.further, out);
        Ok(())
    }
}
