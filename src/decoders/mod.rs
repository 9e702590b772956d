//! Marks that need code: each decoder turns tags, payloads or pixels into decoded facts.
//!
//! A decoder sees the full values, before they are cut for keeping, and what earlier decoders said; it writes
//! [`Tag`]s whose `space` is the decoder's id. What such a fact means is for the catalogue.

mod a1111;
mod comfyui;
mod configuration;
mod dwtdct;
mod flow;
mod frame_notes;
mod graphs;
mod invokeai;
pub mod json;
mod novelai;
mod pixels;
mod png_rows;
mod recipe;
mod samsung;
mod settings;
mod stealth;
mod thumbnail;
mod webp_alpha;

use crate::model::{Facts, Tag};
use crate::source::Source;

/// What decoders may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Also decode pixels (lossless images only).
    pub pixels: bool,
    /// Also decode the image where it carries a thumbnail, and compare the two.
    pub thumbnails: bool,
}

/// A decoder: its id, its version for the cache key, and one verb.
#[derive(Clone, Copy)]
pub struct Decoder {
    pub id: &'static str,
    pub version: u32,
    pub decode: fn(&mut Source, &Facts, Options) -> Vec<Tag>,
}

/// Every decoder, in the order in which they run: later ones see what earlier ones said.
pub static ALL: &[Decoder] = &[
    a1111::DECODER,
    comfyui::DECODER,
    invokeai::DECODER,
    samsung::DECODER,
    stealth::DECODER,
    frame_notes::DECODER,
    novelai::DECODER,
    dwtdct::DECODER,
    thumbnail::DECODER,
    configuration::DECODER,
    settings::DECODER,
    recipe::DECODER,
];

/// Runs all decoders and keeps what they say.
pub fn run(source: &mut Source, facts: &mut Facts, options: Options) {
    for decoder in ALL {
        let said = (decoder.decode)(source, facts, options);
        facts.decoded.extend(said);
    }
}

/// A decoded fact that stands where the tag it was made from stands.
fn said(space: &str, key: &str, value: impl Into<String>, from: &Tag) -> Tag {
    Tag {
        space: space.into(),
        key: key.into(),
        value: value.into(),
        place: from.place.clone(),
        offset: from.offset,
        cut: None,
        via: from.via,
    }
}

/// A decoded fact of the pixels as a whole.
fn seen(space: &str, key: &str, value: impl Into<String>) -> Tag {
    Tag { space: space.into(), key: key.into(), value: value.into(), place: "pixels".into(), ..Tag::default() }
}

/// Whether a tag is text about the content (caption, title, keyword, artist, lyrics): what people write, never a mark.
pub(crate) fn is_about_content(tag: &Tag) -> bool {
    const WORDS: &[&str] = &[
        "dc:",
        "caption",
        "headline",
        "title",
        "keyword",
        "subject",
        "artist",
        "lyric",
        "note",
        "synopsis",
        "abstract",
        "byline",
        "by-line",
        "creator",
        "author",
        "copyright",
        "rights",
        "objectname",
        "xpsubject",
        "location",
        "event",
        "usagete",
        "instructions",
        "tit1",
        "tit2",
        "tit3",
        "tpe1",
        "tpe2",
        "talb",
        "tcom",
        "text",
        "tope",
        "uslt",
        "sylt",
        "©nam",
        "©art",
        "©alb",
        "©lyr",
        "©wrt",
        "album",
        "inam",
        "iart",
        "ikey",
        "isbj",
    ];
    let key = tag.key.to_lowercase();
    // "TXXX:workflow" and "----:com.apple.iTunes:prompt" name their own field after the frame.
    let key = key.strip_prefix("txxx:").unwrap_or(&key);
    WORDS.iter().any(|word| key.contains(word))
}
