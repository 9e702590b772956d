//! Plain ZIP archives (PKWARE APPNOTE 6.3.10): what the directory says, and the C2PA store about the whole (C2PA 2.2,
//! annex A.6). The members are assets of their own.

use crate::formats::{Archive, Contents, Format, Info, Media, Probe, Score, zip_document};
use crate::framing::zip::{self, Listing, Member};
use crate::tags::{Place, push, push_problem};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Zip;

pub(super) static INFO: Info = Info {
    id: FormatId::new("zip"),
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
        tell(source, &listing.members, out)?;
        listed
    }
}

/// What an archive says about all of it.
pub(super) fn tell(source: &mut Source, members: &[Member], out: &mut Extraction) -> Result<(), Problem> {
    if let Some(member) = members.iter().find(|m| m.name == zip_document::STORE)
        && let Err(problem) = zip_document::store(source, member, out)
    {
        push_problem(out, problem);
    }
    push(out, "zip", "members", members.len().to_string(), &Place::new("ZIP (directory)", 0), 0);
    Ok(())
}
