//! What a format reader brings back from one file: the facts that are kept, and the bytes that later passes need.
//!
//! [`Facts`] are cached and cross to other processes; the rest lives as long as the asset is being read.

use super::{Coverage, Facts};

/// Everything that was read of one asset, before decoders and the C2PA pass have seen it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extraction {
    /// What stays of it.
    pub facts: Facts,
    /// Manifest stores that the format reader walked past, for the C2PA passes.
    pub stores: Vec<Store>,
    /// Manifest stores of media carried inside: they speak of that media, not of the asset's bytes.
    pub carried: Vec<Store>,
    /// Pictures and other media carried inside, to be read as assets of their own.
    pub embedded: Vec<Embedded>,
    /// The bytes that the format's reader accounted for.
    pub coverage: Coverage,
    /// Raw payloads for decoders that the tags cannot carry.
    pub payloads: Vec<Payload>,
}

impl From<Facts> for Extraction {
    /// Facts of which nothing else is at hand.
    fn from(facts: Facts) -> Self {
        Self { facts, ..Self::default() }
    }
}

impl AsMut<Facts> for Extraction {
    fn as_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }
}

/// Where a C2PA manifest store stands, as the format reader saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// `JPEG APP11`, `PNG caBX`, …
    pub place: String,
    /// Absolute offset of the store's first byte.
    pub offset: u64,
    /// The store's bytes, reassembled (JUMBF superbox first), bounded by [`crate::limits::STORE`].
    pub bytes: Vec<u8>,
    /// Why this store is not where or how the specification wants it (a retagged box, a cut end).
    pub damage: Option<String>,
}

/// Media inside media: cover art, an attachment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Embedded {
    /// The path through the container that leads there.
    pub place: String,
    /// Absolute offset of its first byte.
    pub offset: u64,
    /// The bytes of the medium, as a file of its own would have them.
    pub bytes: Vec<u8>,
    /// The name that the carrier gives it.
    pub name: Option<String>,
}

/// Bytes that a decoder wants and no tag can carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Which decoder wants it.
    pub kind: PayloadKind,
    /// The path through the container that leads there.
    pub place: String,
    /// Absolute offset of its first byte.
    pub offset: u64,
    /// The bytes as they stand in the file.
    pub bytes: Vec<u8>,
}

/// The kinds of [`Payload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// A small picture of the whole image, as JPEG.
    Thumbnail,
}
