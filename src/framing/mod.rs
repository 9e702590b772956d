//! Structure without meaning: how each family of containers frames its pieces.
//!
//! A framing walks a [`crate::source::Source`] and yields headers with absolute offsets and bounded
//! lengths; what the pieces say is for `tags`, what they are together is for `formats`.

pub mod iff;
pub mod mpeg_audio;
pub mod ogg_page;
pub mod riff;
pub mod tiff_ifd;
pub mod wave64;
