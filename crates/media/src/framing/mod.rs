//! Structure without meaning: how each family of containers frames its pieces.
//!
//! A framing walks a [`countersign_io::source::Source`] and yields headers with absolute offsets and bounded
//! lengths; what the pieces say is for `tags`, what they are together is for `formats`.

pub mod appended;
pub mod beginnings;
pub mod bmff;
pub mod bytes;
pub mod catalog_trailer;
pub mod cbor;
pub mod deflate;
pub mod der;
pub mod ebml;
pub mod gif_blocks;
pub mod gzip;
pub mod heif_items;
pub mod iff;
pub mod jpeg_scans;
pub mod jpeg_segments;
pub mod jumbf;
pub mod jumbf_tree;
pub mod klv;
pub mod mpeg_audio;
pub mod mpeg_program;
pub mod mpf;
pub mod nal;
pub mod names;
pub mod numbers;
pub mod ogg_page;
pub mod pdf;
pub mod pdf_filters;
pub mod pdf_inline;
pub mod pdf_objects;
pub mod png_chunks;
pub mod riff;
pub mod sef;
pub mod tar;
pub mod tiff_ifd;
pub mod wave64;
pub mod xml;
pub mod zip;
pub mod zip_names;
