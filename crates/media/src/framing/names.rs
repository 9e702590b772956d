//! Names of files as text from which their bytes can be had back.

pub use countersign_io::paths::lossless_bytes as lossless;
