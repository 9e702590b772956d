//! Names of files as text from which their bytes can be had back.

pub use crate::io::paths::lossless_bytes as lossless;
