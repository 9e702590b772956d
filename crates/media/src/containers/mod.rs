//! Containers that several formats share, read from a [`countersign_io::source::Source`]: boxes of movies and pictures, RIFF
//! chunks, tags at both ends of sound, layers, Samsung's trailer.
//!
//! What takes a source stands here or in [`crate::formats`]; what a blob says when it is in memory is for [`crate::tags`].

pub mod c2pa_box;
pub mod ends;
pub mod psd_layers;
pub mod quicktime;
pub mod riff;
pub mod samsung;
pub mod stray_tags;
pub mod uuid_box;
