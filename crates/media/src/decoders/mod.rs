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
mod novelai;
mod pixels;
mod png_rows;
mod recipe;
mod samsung;
mod settings;
mod signs;
mod stealth;
mod thumbnail;
mod webp_alpha;

use crate::tags::{self, push_problem};
use countersign_io::asset_budget;
use countersign_io::source::Source;
use countersign_model::json;
use countersign_model::{CompactString, Extraction, Facts, Payload, Problem, ProblemKind, Store, Tag};
use pixels::Picture;
use signs::{Signs, with_any};

/// What decoders may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Also decode pixels (lossless images only).
    pub pixels: bool,
    /// Also decode the image where it carries a thumbnail, and compare the two.
    pub thumbnails: bool,
}

/// What is at hand of the asset besides its facts: its bytes, what the reader kept for decoders, and its picture, which
/// is decoded when the first of them asks for it.
#[derive(Debug)]
pub struct Subject<'a> {
    source: &'a mut Source,
    stores: &'a [Store],
    payloads: &'a [Payload],
    picture: Picture,
    /// The signs in the values of the tags, as far as they were looked for.
    signs: Vec<Signs>,
    /// All of them together: what no tag has, no decoder needs to look for.
    all_signs: Signs,
}

impl<'a> Subject<'a> {
    /// Bytes of which a reader kept nothing.
    #[must_use]
    pub fn new(source: &'a mut Source) -> Self {
        let (signs, all_signs) = (Vec::new(), Signs::UNKNOWN);
        Self { source, stores: &[], payloads: &[], picture: Picture::default(), signs, all_signs }
    }
}

/// A decoder: its id, its version for the cache key, and one verb.
#[derive(Clone, Copy)]
pub struct Decoder {
    /// What its facts are kept under: the `space` of the tags that it makes.
    pub id: &'static str,
    /// Raised with every change of what is decoded; part of every cache key.
    pub version: u32,
    /// Tags, pixels and payloads in, decoded facts out; nothing where the decoder has nothing to say.
    pub decode: fn(&mut Subject<'_>, &Facts, Options) -> Vec<Tag>,
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
///
/// ```
/// use countersign_io::source::Source;
/// use countersign_media::decoders::{self, Options};
/// use countersign_model::{CompactString, Extraction, Tag};
///
/// let mut read = Extraction::default();
/// let value = "a lake\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: sd15";
/// read.facts.tags = vec![Tag { space: "png".into(), key: "parameters".into(), value: value.into(), ..Tag::default() }];
/// decoders::run(&mut Source::memory(Vec::new(), 0), &mut read, Options::default());
/// assert!(read.facts.decoded.iter().any(|fact| fact.space == "a1111"));
/// ```
pub fn run(source: &mut Source, read: &mut Extraction, options: Options) {
    tags::encoded::unwrap(read);
    let Extraction { facts, stores, payloads, .. } = read;
    for tag in facts.tags.iter().filter(|tag| json::is_too_wide(&tag.value)) {
        let what = format!("{}: JSON of more than {} elements is not read", tag.key, json::ELEMENTS);
        source.note(Problem::new(ProblemKind::Limit, &tag.place, tag.offset, what));
    }
    let signs: Vec<Signs> = facts.tags.iter().map(Signs::of_tag).collect();
    let all_signs = signs.iter().fold(Signs::default(), |all, signs| all.and(*signs));
    let mut subject = Subject { source, stores, payloads, picture: Picture::default(), signs, all_signs };
    for decoder in ALL {
        // What a decoder did not see of an asset is told by the budget that is used up.
        if asset_budget::check().is_err() {
            break;
        }
        let said = (decoder.decode)(&mut subject, facts, options);
        if !said.is_empty() && said.iter().all(|tag| asset_budget::keep_text(tag.value.len()).is_ok()) {
            facts.decoded.extend(said);
        }
    }
    // The picture's share of memory is free before pictures inside the asset are read.
    drop(subject);
    source.take_notes().into_iter().for_each(|problem| push_problem(facts, problem));
}

/// A decoded fact that stands where the tag it was made from stands.
fn said(space: &str, key: &str, value: impl Into<CompactString>, from: &Tag) -> Tag {
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
fn seen(space: &str, key: &str, value: impl Into<CompactString>) -> Tag {
    Tag { space: space.into(), key: key.into(), value: value.into(), place: "pixels".into(), ..Tag::default() }
}
