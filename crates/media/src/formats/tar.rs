//! TAR archives (POSIX.1-2017 pax, ustar, GNU, Unix version 7): what the headers say. The members are assets of their
//! own.

use crate::formats::{Archive, Contents, Format, Info, Media, Probe, Score};
use crate::framing::tar::{self, Listing};
use crate::tags::{Place, push};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Tar;

static INFO: Info = Info {
    id: FormatId::new("tar"),
    name: "TAR",
    extensions: &["tar", "ova"],
    media: Media::Archive,
    specification: "POSIX.1-2017, pax; GNU tar 1.35",
    version: 1,
    archive: Archive::Opened(Contents::Tar),
    ..Info::DEFAULT
};

impl Format for Tar {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        match tar::begins(probe.head) {
            Some(true) => Score::SURE,
            // The oldest headers have a checksum and no name.
            Some(false) => Score::LIKELY,
            None => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let mut listing = Listing::default();
        let listed = tar::list(source, &mut listing);
        out.coverage.add(0, listing.end.map_or(source.len(), |end| end + 1024));
        push(out, ("tar", "members"), listing.entries.len().to_string(), &Place::new("TAR", 0), 0);
        listed
    }
}
