//! Whether a data hash leaves out more of the asset than the manifest store.
//!
//! C2PA 2.2, section 18.6: the exclusion that makes room for the store shall cover the store and nothing else. A
//! wider one lets anybody change the bytes beside the store while the signature still holds.

use serde_json::Value;

use super::store::{Statement, base};
use crate::model::Store;

/// Our status code for it; the specification's general one is `assertion.dataHash.mismatch`.
pub(super) const WIDER: &str = "assertion.dataHash.exclusionsWider";

/// What a container adds around a store: a fixed part, and one byte in so many.
const FRAME: u64 = 1_024;
const SHARE: u64 = 32;

/// True where the exclusion that holds the start of the store reaches clearly past it.
#[must_use]
pub(super) fn wider(binding: &Statement, store: &Store) -> bool {
    let hashes = binding.assertions.iter().filter(|(label, _)| base(label) == "c2pa.hash.data");
    let ranges = hashes.filter_map(|(_, v)| v.get("exclusions").and_then(Value::as_array)).flatten();
    let stored = store.bytes.len() as u64;
    let slack = FRAME + stored / SHARE;
    ranges.into_iter().any(|range| {
        let number = |key: &str| range.get(key).and_then(Value::as_u64).unwrap_or(0);
        let (start, end) = (number("start"), number("start").saturating_add(number("length")));
        let holds = start <= store.offset && store.offset < end;
        let text = store.offset.saturating_add(stored.saturating_mul(4) / 3);
        // Base64 in text formats takes a third more.
        let last = if store.place.contains("SVG") { text } else { store.offset.saturating_add(stored) };
        holds && (start.saturating_add(FRAME) < store.offset || end > last.saturating_add(slack))
    })
}
