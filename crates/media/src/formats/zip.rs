//! Plain ZIP archives (PKWARE APPNOTE 6.3.10): what the directory says, and the C2PA store about the whole (C2PA 2.2,
//! annex A.6). The members are assets of their own.

use crate::formats::{Archive, Contents, Format, Info, Media, Probe, Score, zip_document, zip_store};
use crate::framing::zip::{self, Listing};
use countersign_io::source::Source;
use countersign_model::{Extraction, Problem};

/// The reader.
pub struct Zip;

pub(super) static INFO: Info = Info {
    id: zip_store::ID,
    name: "ZIP",
    extensions: &["zip", "zipx", "cbz", "jar", "usdz", "kmz", "kra", "ora", "3mf", "apk", "ipa", "xpi", "whl", "otioz"],
    media: Media::Archive,
    specification: "PKWARE APPNOTE 6.3.10",
    version: 1,
    archive: Archive::Opened(Contents::Zip),
    ..Info::DEFAULT
};

/// First bytes of an archive: a member, no member at all, and a part of what was meant for several files.
const MAGICS: &[&[u8]] = &[b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04"];

impl Format for Zip {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // Documents are archives too, and know themselves.
        if MAGICS.iter().any(|magic| probe.head.starts_with(magic)) { Score::LIKELY } else { Score::NO }
    }

    fn ends(&self, tail: &[u8]) -> bool {
        zip::ends(tail)
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let mut listing = Listing::default();
        let listed = zip::list(source, &mut listing);
        out.coverage.add(0, if listing.end > 0 { listing.end } else { source.len() });
        if let Some(document) = zip_document::among(&listing.members) {
            out.facts.format = Some(document.info().id);
            return document.read(source, out);
        }
        zip_store::read_store(source, &listing.members, out)?;
        listed
    }
}
