//! gzip (RFC 1952): the name of the one file in it. What it unfolds to is an asset of its own.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::gzip;
use crate::model::{Facts, Problem};
use crate::source::Source;
use crate::tags::{Place, push};

/// The reader.
pub struct Gzip;

static INFO: Info = Info {
    id: "gzip",
    name: "gzip",
    extensions: &["gz", "tgz"],
    media: Media::Archive,
    specification: "RFC 1952",
    version: 1,
};

impl Format for Gzip {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // Compressed SVG knows itself.
        if gzip::begins(probe.head) { Score::LIKELY } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Facts) -> Result<(), Problem> {
        if let Some(name) = gzip::name(source.head()?) {
            push(out, "gzip", "name", name, &Place::new("gzip header", 10), 0);
        }
        Ok(())
    }
}
