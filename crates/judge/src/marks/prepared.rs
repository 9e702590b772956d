//! The built-in catalogue as the build script leaves it: JSON, which takes a tenth of the time that its TOML takes to be read.

use std::collections::HashMap;

use crate::marks::catalogue_file::RawFile;
use crate::marks::pattern::PatternNeeds;

/// The digest of the TOML, in hex.
pub(super) const SHA256: &str = include_str!(concat!(env!("OUT_DIR"), "/catalogue.sha256"));

/// The files, each with its name, without the examples of their marks.
pub(super) fn files() -> Result<Vec<(&'static str, RawFile)>, String> {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/catalogue.json"))).map_err(|e| e.to_string())
}

/// The patterns, and what is known of them.
pub(super) fn patterns() -> HashMap<String, PatternNeeds> {
    // Ours: a test sees to it that it can be read. Without it, patterns are compiled sooner.
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/patterns.json"))).unwrap_or_default()
}
