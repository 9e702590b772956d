//! Any bytes as a file without a name: identified, read, decoded (pixels and thumbnails too), matched against the catalogue.
#![no_main]

use countersign_engine::extract::{self, Options};
use countersign_judge::marks;
use countersign_media::decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = Options { decoders: decoders::Options { pixels: true, thumbnails: true }, ..Options::default() };
    let facts = extract::bytes(bytes.to_vec(), &options);
    let evidence = marks::catalogue().evidence(&facts);
    let _ = marks::ai(&evidence);
});
