//! One reader, chosen by the first byte, on bytes that it need not have claimed.
#![no_main]

use countersign::formats;
use countersign::model::Extraction;
use countersign::source::Source;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Some(format) = formats::ALL.get(usize::from(*first) % formats::ALL.len()) else { return };
    let mut found = Extraction::default();
    let _ = format.read(&mut Source::memory(rest.to_vec(), 0), &mut found);
});
