//! Marks that need code: each decoder turns tags, payloads or pixels into decoded facts.
//!
//! A decoder sees the full values, before they are cut for keeping, and writes [`Tag`]s whose `space` is the
//! decoder's id. What such a fact means is for the catalogue.

pub mod json;

use crate::model::{Facts, Tag};
use crate::source::Source;

/// What decoders may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Also decode pixels (lossless images only).
    pub pixels: bool,
}

/// A decoder: its id, its version for the cache key, and one verb.
#[derive(Clone, Copy)]
pub struct Decoder {
    pub id: &'static str,
    pub version: u32,
    pub decode: fn(&mut Source, &Facts, Options) -> Vec<Tag>,
}

/// Every decoder.
pub static ALL: &[Decoder] = &[];

/// Runs all decoders and keeps what they say.
pub fn run(source: &mut Source, facts: &mut Facts, options: Options) {
    for decoder in ALL {
        let said = (decoder.decode)(source, facts, options);
        facts.decoded.extend(said);
    }
}
