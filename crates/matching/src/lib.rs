//! Recognizes copies of known pictures, clips and sounds, without their marks.
//!
//! The callers decode; this crate takes pixels and samples and gives fingerprints and comparisons. A picture is found
//! by PDQ (a 256-bit hash of its low frequencies) in 51 variants of each reference, and looked at a second time by a
//! coarse grid of edge signs, so that two slates with other words are not called copies of each other. A sound is found
//! by landmarks: pairs of spectral peaks that keep their distance under speech, equalization and lossy coding.
//! Invariant: an [`Index`] holds hashes and names of known assets, never pictures or sounds.
//!
//! ```
//! use countersign_matching::{Index, PictureProbe, PictureReference, Pixels, Reference, Relation};
//!
//! let (width, height) = (320, 200);
//! let pixels: Vec<u8> = (0..width * height)
//!     .flat_map(|i| {
//!         let (x, y) = (i % width, i / width);
//!         let value = ((x * x / 97 + y * y / 53) ^ (x * y / 211)) as u8;
//!         [value, value.wrapping_mul(3), 255 - value]
//!     })
//!     .collect();
//! let picture = Pixels::rgb8(width, height, &pixels)?;
//! let mut index = Index::default();
//! index.add(Reference { frames: vec![PictureReference::new(&picture.to_luma(), 0)], ..Reference::named("still.png") })?;
//! let found = index.find_picture(&PictureProbe::new(&picture.to_luma()));
//! assert_eq!(found[0].relation, Relation::Copy);
//! # Ok::<(), countersign_matching::MatchingError>(())
//! ```

mod areas;
mod border;
mod buckets;
mod clip;
mod compare;
mod difference;
mod digest;
mod error;
mod hint;
mod index;
mod index_file;
mod jpeg;
mod landmarks;
mod luma;
mod part;
mod passage;
mod pdq;
mod picture;
mod pixels;
mod relation;
mod resample;
mod scan;
mod sketch;
mod sound;
mod spectrum;
mod variant;

pub use areas::AlteredArea;
pub use border::trim_uniform_borders;
pub use clip::{ClipMatch, MatchedSpan};
pub use compare::{Asset, Comparison, compare};
pub use difference::{DifferenceMap, difference_map};
pub use digest::{Digest, SampleDigest, pixel_digest};
pub use error::MatchingError;
pub use hint::{HINT_MARGIN, PictureHint};
pub use index::{ClipSearch, Index, Reference};
pub use index_file::{
    MAXIMUM_INDEX_BYTES, picture_from_bytes, picture_to_bytes, read_index, reference_from_bytes, reference_to_bytes,
    write_index,
};
pub use landmarks::{Landmark, Landmarks};
pub use luma::Luma;
pub use part::{Part, PartSearch};
pub use pdq::{Pdq, PdqHash};
pub use picture::{PictureMatch, PictureProbe, PictureReference};
pub use pixels::{PixelData, Pixels};
pub use relation::Relation;
pub use scan::HashScan;
pub use sketch::Sketch;
pub use sound::{SoundMatch, SoundProbe};
pub use variant::{Orientation, Rectangle, Variant};

/// The largest PDQ distance (of 256 bits) that is called a copy.
pub const COPY_DISTANCE: u32 = 31;
/// The largest PDQ distance that a person should look at. Unrelated photos never came nearer than 92.
pub const LOOK_DISTANCE: u32 = 60;
/// Pictures of a lower PDQ quality (0 to 100) hold too little to be told apart, and are not compared.
pub const MINIMUM_QUALITY: u8 = 50;
/// The number of landmarks that must agree on one offset before a sound is called a copy. Unrelated pieces reached 20, the
/// weakest copy that is meant to be found (a cut of five seconds) 35.
pub const COPY_VOTES: u32 = 30;
