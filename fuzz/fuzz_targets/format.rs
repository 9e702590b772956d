//! One reader, chosen by the first byte, on bytes that it need not have claimed.
#![no_main]

use countersign_io::asset_budget::AssetBudget;
use countersign_io::source::Source;
use countersign_media::{decoders, formats};
use countersign_model::Extraction;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Some(format) = formats::ALL.get(usize::from(*first) % formats::ALL.len()) else { return };
    // As in a scan, what is read, decompressed and kept has one budget.
    let _reading = AssetBudget::of(rest.len() as u64, None).enter();
    let (mut found, mut source) = (Extraction::default(), Source::memory(rest.to_vec(), 0));
    let _ = format.read(&mut source, &mut found);
    decoders::run(&mut source, &mut found, decoders::Options { pixels: false, thumbnails: false });
});
