//! A C2PA manifest store: JUMBF, CBOR, the chain of manifests.
#![no_main]

use countersign_credentials::{signals, store};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let said = store::read(bytes);
    let _ = signals::chain(&said);
});
