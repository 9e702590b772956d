//! Plain ZIP archives (PKWARE APPNOTE 6.3.10): what the directory says. The members are assets of their own.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::zip::{self, Listing};
use crate::model::{Facts, Problem};
use crate::source::Source;
use crate::tags::{Place, push};

/// The reader.
pub struct Zip;

static INFO: Info = Info {
    id: "zip",
    name: "ZIP",
    extensions: &["zip", "zipx", "cbz", "jar", "usdz", "kmz", "kra", "ora", "3mf", "apk", "ipa", "xpi", "whl"],
    media: Media::Archive,
    specification: "PKWARE APPNOTE 6.3.10",
    version: 1,
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

    fn read(&self, source: &mut Source, out: &mut Facts) -> Result<(), Problem> {
        let mut listing = Listing::default();
        let listed = zip::list(source, &mut listing);
        push(out, "zip", "members", listing.members.len().to_string(), &Place::new("ZIP (directory)", 0), 0);
        listed
    }
}
