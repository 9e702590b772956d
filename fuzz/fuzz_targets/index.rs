//! An index of known material, which anybody may have changed since this program wrote it.
#![no_main]

use countersign_matching::{picture_from_bytes, read_index};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = picture_from_bytes(bytes);
    if let Ok(mut index) = read_index(bytes) {
        index.prepare();
    }
});
