//! gzip (RFC 1952): the name of the one file in it. What it unfolds to is an asset of its own.

use crate::formats::{Archive, Contents, Format, Info, Media, Probe, Score};
use crate::framing::gzip;
use crate::tags::{Place, push};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Gzip;

static INFO: Info = Info {
    id: FormatId::new("gzip"),
    name: "gzip",
    extensions: &["gz", "tgz"],
    media: Media::Archive,
    specification: "RFC 1952",
    version: 1,
    archive: Archive::Opened(Contents::Gzip),
    ..Info::DEFAULT
};

impl Format for Gzip {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // Compressed SVG knows itself.
        if gzip::begins(probe.head) { Score::LIKELY } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        out.coverage.add(0, source.len());
        if let Some(name) = gzip::name(source.head()?) {
            push(out, ("gzip", "name"), name, &Place::new("gzip header", 10), 0);
        }
        Ok(())
    }
}
