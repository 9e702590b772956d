//! The TIFF family on damaged files: every cut and every changed byte of small samples.

#![expect(clippy::unwrap_used, reason = "a missing sample is a broken checkout")]

use countersign::formats;
use countersign::model::Extraction;
use countersign::source::Source;
use proptest::prelude::*;

fn sample(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    std::fs::read(folder.join(name)).unwrap()
}

/// What the format says of these bytes; the error that ends the reading is among the problems.
fn read(id: &str, bytes: Vec<u8>) -> Extraction {
    let mut out = Extraction::default();
    if let Err(problem) = formats::by_id(id).unwrap().read(&mut Source::memory(bytes, 0), &mut out) {
        out.facts.problems.push(problem);
    }
    out
}

const SAMPLES: &[(&str, &str)] = &[
    ("tiff", "tiff-dst.tif"),
    ("tiff", "tiff-dst-motorola.tif"),
    ("tiff", "tiff-parameters.tif"),
    ("tiff", "tiff-pages.btf"),
    ("dng", "dng.dng"),
    ("raw-tiff", "raw.nef"),
    ("psd", "psd-dst.psd"),
    ("psd", "psd-linked.psd"),
    ("psd", "psd-linked-later.psd"),
    ("psd", "psb-linked.psb"),
];

#[test]
fn every_cut_is_told() {
    for (id, name) in SAMPLES {
        let bytes = sample(name);
        assert!(!read(id, bytes.clone()).facts.problems.iter().any(|p| p.blocking), "{name}");
        // Values are padded to even offsets: the last byte may be padding.
        for len in 0..bytes.len() - 1 {
            let found = read(id, bytes[..len].to_vec());
            assert!(found.facts.problems.iter().any(|p| p.blocking), "{name} cut to {len}");
        }
    }
}

#[test]
fn any_byte_may_change() {
    for (id, name) in SAMPLES {
        let bytes = sample(name);
        for index in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut changed = bytes.clone();
                changed[index] = value;
                read(id, changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400), start in 0usize..5) {
        let heads: [&[u8]; 5] = [
            b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0",
            b"8BPS\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x02\0\x08\0\x01\0\0\0\0\0\0\0\0", b"8BPS\0\x02",
        ];
        let all = [heads[start], &bytes].concat();
        read(if start < 3 { "tiff" } else { "psd" }, all);
    }
}

#[test]
fn a_store_is_handed_over() {
    let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
    bytes.extend([0x41, 0xCD, 7, 0, 12, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(b"\0\0\0\x0Cjumb1234");
    let found = read("tiff", bytes);
    assert_eq!(found.facts.problems, []);
    assert_eq!((found.stores[0].place.as_str(), found.stores[0].offset), ("TIFF 0xCD41", 26));
    assert_eq!(found.stores[0].bytes, b"\0\0\0\x0Cjumb1234");
}
