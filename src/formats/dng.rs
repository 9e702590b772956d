//! Digital Negative (Adobe DNG 1.7): a TIFF whose first directory carries DNGVersion.

use crate::formats::{Format, Info, Media, Probe, Score, tiff};
use crate::model::{Facts, Problem};
use crate::source::Source;

/// DNGVersion.
pub(super) const VERSION: u16 = 0xC612;

pub(super) struct Dng;

pub(super) static INFO: Info = Info {
    id: "dng",
    name: "Digital Negative",
    extensions: &["dng"],
    media: Media::Image,
    specification: "Adobe DNG 1.7.1",
    version: 1,
};

impl Format for Dng {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match tiff::first_directory(probe.head) {
            Some((_, _, directory)) if directory.entries.iter().any(|e| e.tag == VERSION) => Score::SURE,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Facts) -> Result<(), Problem> {
        tiff::read(source, "DNG", out).map(|_| ())
    }
}
