//! What this program kept itself and anybody may have changed since: facts of the cache, an index of known material.
#![no_main]

use countersign::marks;
use countersign::model::Facts;
use countersign_matching::{picture_from_bytes, read_index};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Rows of the cache are facts as JSON; whatever they say, matching them ends.
    if let Ok(facts) = serde_json::from_slice::<Facts>(bytes) {
        let _ = marks::ai(&marks::catalogue().evidence(&facts));
    }
    let _ = picture_from_bytes(bytes);
    if let Ok(mut index) = read_index(bytes) {
        index.prepare();
    }
});
