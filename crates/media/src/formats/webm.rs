//! WebM: Matroska with DocType `webm` (WebM Container Guidelines).

use crate::formats::{Format, Info, Media, Probe, Score, matroska};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The WebM format.
pub struct WebM;

static INFO: Info = Info {
    id: FormatId::new("webm"),
    name: "WebM",
    extensions: &["webm"],
    media: Media::Video,
    specification: "RFC 9559 (Matroska), WebM Container Guidelines",
    version: 2,
    ..Info::DEFAULT
};

impl Format for WebM {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match matroska::doc_type(probe.head) {
            Some(kind) if kind == "webm" => Score::SURE,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        matroska::segments(source, out)
    }
}
