//! One door to all readers.

use crate::{
    aaf, cpl, edl,
    error::Unreadable,
    fcp7, fcpxml,
    identify::Kind,
    limits::{MAX_AAF_BYTES, MAX_DOCUMENT_BYTES},
    model::Document,
    otio,
    rate::Rate,
};

/// What the caller knows and the document may not say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The frame rate of an EDL, which never states it; concluded from its timecodes otherwise.
    pub edl_rate: Option<Rate>,
}

/// Reads a document. `name` is its file name; `sibling` fetches a file beside it (for folder formats) by its name.
pub fn read(
    kind: Kind,
    name: &str,
    bytes: &[u8],
    sibling: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Result<Document, Unreadable> {
    read_with(kind, name, bytes, sibling, Options::default())
}

/// Reads a document with what the caller knows about it.
pub fn read_with(
    kind: Kind,
    name: &str,
    bytes: &[u8],
    sibling: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
    options: Options,
) -> Result<Document, Unreadable> {
    let most = if kind == Kind::Aaf { MAX_AAF_BYTES } else { MAX_DOCUMENT_BYTES };
    if bytes.len() > most {
        return Err(Unreadable::new("document", format!("larger than the {} MiB that are read", most >> 20)));
    }
    match kind {
        Kind::Edl => edl::read(name, bytes, options.edl_rate),
        Kind::Otio => otio::read(bytes),
        Kind::Otioz => otio::read_zip(bytes),
        Kind::Otiod => otio::read(&fetch(sibling, "content.otio")?),
        Kind::Fcp7 => fcp7::read(bytes),
        Kind::Fcpxml => fcpxml::read(bytes),
        Kind::Fcpxmld => fcpxml::read(&fetch(sibling, "Info.fcpxml")?),
        Kind::Aaf => aaf::read(bytes),
        Kind::ImfCpl => cpl::read_imf(bytes),
        Kind::DcpCpl => cpl::read_dcp(bytes),
    }
}

fn fetch(sibling: &mut dyn FnMut(&str) -> Option<Vec<u8>>, name: &str) -> Result<Vec<u8>, Unreadable> {
    let bytes = sibling(name).ok_or_else(|| Unreadable::new(name, "the folder does not hold it"))?;
    if bytes.len() > MAX_DOCUMENT_BYTES { Err(Unreadable::new(name, "larger than what is read")) } else { Ok(bytes) }
}
