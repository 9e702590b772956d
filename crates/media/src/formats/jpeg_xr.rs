//! JPEG XR and HD Photo (ITU-T T.832, annex A): a container like TIFF, with XMP, EXIF, IPTC and Photoshop blocks.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::tiff_ifd::{self, Header};
use crate::tags::{Place, exif};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct JpegXr;

static INFO: Info = Info {
    id: FormatId::new("jpeg-xr"),
    name: "JPEG XR",
    extensions: &["jxr", "wdp", "hdp"],
    media: Media::Image,
    specification: "ITU-T T.832, annex A",
    version: 1,
    ..Info::DEFAULT
};

/// Places and lengths of the picture and of its alpha plane.
const PIXELS: &[(u16, u16)] = &[(0xBCC0, 0xBCC1), (0xBCC2, 0xBCC3)];

impl Format for JpegXr {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // The byte behind the mark is the version: 0 and 1 are there.
        let marked = matches!(probe.head, [b'I', b'I', 0xBC, 0 | 1, ..]);
        if marked { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let first = source.array::<4>(4).map(u32::from_le_bytes)?;
        let header = Header { big_endian: false, wide: false, magic: 42, first: first.into() };
        let at = Place::new("JPEG XR", source.absolute(0));
        let walked = exif::walk(source, header, &at, out);
        let mut end = 0;
        for directory in &walked {
            for (offset, length) in PIXELS {
                let mut number = |tag: u16| {
                    let entry = directory.directory.entries.iter().find(|e| e.tag == tag)?;
                    tiff_ifd::integers(source, header, entry, 1).ok()?.first().copied()
                };
                if let (Some(offset), Some(length)) = (number(*offset), number(*length)) {
                    end = end.max(offset.saturating_add(length));
                }
            }
        }
        out.coverage.add(0, tiff_ifd::end(walked.iter().map(|w| &w.directory)).max(end));
        if end > source.len() {
            let what = format!("the picture ends at byte {end}, behind the end of the file");
            return Err(Problem::truncated("JPEG XR", source.absolute(source.len()), what));
        }
        Ok(())
    }
}
