//! Whether the binding leaves out more of the asset than the manifest store.
//!
//! C2PA 2.2, sections 18.5 to 18.7: what a hash excludes makes room for the store. A wider exclusion lets anybody
//! change the bytes beside the store while the signature still holds.

use serde_json::Value;

use super::store::{ParsedManifest, base};
use countersign_model::Store;

/// Our status code for it: the specification's own (`additionalExclusionsPresent`) is for information only.
pub(super) const EXCLUSIONS_WIDER: &str = "assertion.dataHash.exclusionsWider";

/// What a container adds around a store: a fixed part, and one byte in so many.
const FRAME: u64 = 1_024;
const SHARE: u64 = 32;
/// Boxes that hold what is seen and heard: left out whole, nothing is bound (ISO/IEC 14496-12).
const ESSENCE: &[&str] = &["/mdat", "/moov", "/moov/trak", "/moof", "/meta", "/meta/idat", "/idat"];

/// True where an exclusion reaches clearly past the store; with a store beside the asset, any does.
#[must_use]
pub(super) fn exceeds_store(binding: &ParsedManifest, store: &Store, embedded: bool) -> bool {
    hashes(binding).any(|(label, hash)| match label {
        "c2pa.hash.data" => exclusions(hash).any(|range| reaches(range, store, embedded)),
        label if label.starts_with("c2pa.hash.bmff") => exclusions(hash).any(|e| essence(e, hash)),
        _ => false,
    })
}

/// How many exclusions and boxes the bindings of this manifest list: the crate's time grows with their square.
#[must_use]
pub(super) fn count(statement: &ParsedManifest) -> usize {
    let listed = |hash: &Value, key: &str| hash.get(key).and_then(Value::as_array).map_or(0, Vec::len);
    hashes(statement).map(|(_, hash)| listed(hash, "exclusions") + listed(hash, "boxes")).sum()
}

fn hashes(statement: &ParsedManifest) -> impl Iterator<Item = (&str, &Value)> {
    let all = statement.assertions.iter().map(|(label, value)| (base(label), value));
    all.filter(|(label, _)| label.starts_with("c2pa.hash."))
}

fn exclusions(hash: &Value) -> impl Iterator<Item = &Value> {
    hash.get("exclusions").and_then(Value::as_array).into_iter().flatten()
}

fn reaches(range: &Value, store: &Store, embedded: bool) -> bool {
    let number = |key: &str| range.get(key).and_then(Value::as_u64).unwrap_or(0);
    let (start, len) = (number("start"), number("length"));
    if !embedded {
        return len > 0;
    }
    let stored = store.bytes.len() as u64;
    // Base64 in text formats takes a third more.
    let stored = if store.place.contains("SVG") { stored.saturating_mul(4) / 3 } else { stored };
    let slack = FRAME + stored / SHARE;
    let last = store.offset.saturating_add(stored).saturating_add(slack);
    start.saturating_add(FRAME) < store.offset || start.saturating_add(len) > last
}

fn essence(exclusion: &Value, hash: &Value) -> bool {
    let path = exclusion.get("xpath").and_then(Value::as_str).unwrap_or_default();
    // A Merkle tree binds the media data on its own.
    let merkle = hash.get("merkle").and_then(Value::as_array).is_some_and(|m| !m.is_empty());
    let narrowed = exclusion.get("data").is_some_and(|d| !d.is_null());
    ESSENCE.contains(&path) && !narrowed && !(path == "/mdat" && merkle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(label: &str, hash: Value) -> ParsedManifest {
        ParsedManifest { assertions: vec![(label.to_owned(), hash)], ..ParsedManifest::default() }
    }

    fn data(ranges: &[(u64, u64)]) -> ParsedManifest {
        let ranges: Vec<_> = ranges.iter().map(|(start, length)| json!({"start": start, "length": length})).collect();
        with("c2pa.hash.data", json!({"exclusions": ranges}))
    }

    #[test]
    fn an_exclusion_fits_its_store_or_is_wider() {
        let store = Store { offset: 10_000, bytes: vec![0; 50_000], ..Store::default() };
        assert!(!exceeds_store(&data(&[(9_980, 50_040)]), &store, true));
        assert!(exceeds_store(&data(&[(0, 60_040)]), &store, true));
        assert!(exceeds_store(&data(&[(9_980, 80_000)]), &store, true));
        assert!(exceeds_store(&data(&[(9_980, 50_040), (500_000, 10)]), &store, true));
        assert!(exceeds_store(&data(&[(9_980, u64::MAX)]), &store, true));
        assert!(!exceeds_store(&data(&[]), &store, false));
        assert!(exceeds_store(&data(&[(5, 1)]), &store, false));
        assert_eq!(count(&data(&[(1, 1), (2, 2)])), 2);
    }

    #[test]
    fn boxes_with_essence_must_be_bound() {
        let bmff = |path: &str, merkle: Value| {
            with("c2pa.hash.bmff.v3", json!({"exclusions": [{"xpath": "/uuid"}, {"xpath": path}], "merkle": merkle}))
        };
        let store = Store::default();
        assert!(!exceeds_store(&bmff("/free", Value::Null), &store, true));
        assert!(exceeds_store(&bmff("/mdat", Value::Null), &store, true));
        assert!(!exceeds_store(&bmff("/mdat", json!([{"count": 1}])), &store, true));
        assert!(exceeds_store(&bmff("/moov", json!([{"count": 1}])), &store, true));
    }
}
