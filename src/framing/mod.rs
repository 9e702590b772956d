//! Structure without meaning: how each family of containers frames its pieces.
//!
//! A framing walks a [`crate::source::Source`] and yields headers with absolute offsets and bounded
//! lengths; what the pieces say is for `tags`, what they are together is for `formats`.

pub mod appended;
pub mod catalog_trailer;
pub mod deflate;
pub mod gif_blocks;
pub mod jpeg_segments;
pub mod jumbf;
pub mod mpf;
pub mod numbers;
pub mod png_chunks;
pub mod samsung_sef;
pub mod tiff_ifd;
