//! PDQ against another implementation: the hashes and qualities are those that `pdqhash` 0.2.8 (Python, over Meta's own
//! code) gives for the same pictures. Made with `examples/evaluate.rs oracle`.

#[path = "../evaluation/mod.rs"]
mod evaluation;

use countersign_matching::{HashScan, Luma, Pdq, PdqHash, Pixels};
use evaluation::{random::Random, scenes::scene};

/// Seed, quality and hash.
const KNOWN: [(u64, u8, &str); 6] = [
    (0, 100, "1571490eeac1b059012edcd13375298ccc5137a64aadad7b379640a46f69bf9f"),
    (3, 100, "9a5288d6d6d46a526a6b95adb5adab69d0962494616b4baf2d4950a57274bf52"),
    (12, 100, "d084972b2894e5a35a6e0c8e97614194c43a6b3cbf87a7e941fcf673798319cd"),
    (21, 100, "3bc306b31297966091ad05af04e255a9d72d576f0f4b4f5259d60e53954beb94"),
    (38, 100, "1835dda1d6ba69db1009b02b4228863673f078ea74827fccfa8cfc52ce5a6ed5"),
    (47, 100, "ca35a61239492d65e7b458ea4786ec35b95ebca2036befb4f67e429a19a28309"),
];
/// All eight of seed 12.
const DIHEDRAL: [&str; 8] = [
    "d084972b2894e5a35a6e0c8e97614194c43a6b3cbf87a7e941fcf673798319cd",
    "d3b4463134762498ec63a94b4a7ca484b53bf5e25adcde334cd952965ca6adc8",
    "8dd135813dc15f090e3b8634c2347b3e916fd196ead20d4316a95cd92cd6f367",
    "86e1ec9b65a38f3ab93683e33f298e2ee06e5f480f897499198cf83c09f30762",
    "dd8460d46a940a5c5b6ef37197613e6be43a84c3bf87581653fc098c7d83e632",
    "8dd1ca7e3dc1a0f60e3b79dbc23484c1916f2e69ead2f2bc16a9a3262cd64c98",
    "d2b499ce3076ca272c6356b44a74537bb53b0a1d5adc21cc4cd9ad695ca65237",
    "86e11365612371cdb936fc1e1f29f1d1e06ea0b70f898f66198c07c309f3f89d",
];
/// Pictures are painted with floating point, which may round otherwise on another machine.
const TOLERANCE: u32 = 10;

fn hash_of(hexadecimal: &str) -> PdqHash {
    let mut bytes = [0; 32];
    for (byte, place) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&hexadecimal[place..place + 2], 16).expect("hexadecimal");
    }
    PdqHash::from_bytes(&bytes)
}

fn pdq_of(seed: u64) -> Pdq {
    let canvas = scene(seed, 640);
    Pdq::new(&Pixels::rgb8(canvas.width, canvas.height, &canvas.rgb8()).expect("the size fits").to_full_luma())
}

#[test]
fn hashes_agree_with_another_implementation() {
    for (seed, quality, known) in KNOWN {
        let pdq = pdq_of(seed);
        let distance = pdq.hash().distance(&hash_of(known));
        assert!(distance <= TOLERANCE, "{seed}: {distance} bits apart");
        assert!(pdq.quality().abs_diff(quality) <= 2, "{seed}: quality {}", pdq.quality());
        assert_eq!(format!("{:?}", hash_of(known)), known);
    }
}

#[test]
fn turned_hashes_agree_with_another_implementation() {
    let pdq = pdq_of(12);
    for (number, (hash, known)) in pdq.dihedral().iter().zip(DIHEDRAL).enumerate() {
        let distance = hash.distance(&hash_of(known));
        assert!(distance <= TOLERANCE, "{number}: {distance} bits apart");
    }
    assert_eq!([pdq.mirrored(), pdq.upside_down()], [pdq.dihedral()[5], pdq.dihedral()[4]]);
}

#[test]
fn flat_pictures_have_no_quality() {
    for (width, height) in [(4, 400), (64, 64), (300, 200)] {
        let luma = Luma::from_gray8(width, height, &vec![128; width * height]).expect("the size fits");
        assert_eq!(Pdq::new(&luma).quality(), 0);
    }
}

#[test]
fn the_scan_finds_what_counting_one_by_one_finds() {
    let mut random = Random::new(5);
    let mut hash = || PdqHash([random.next(), random.next(), random.next(), random.next()]);
    let mut hashes: Vec<PdqHash> = (0..1500).map(|_| hash()).collect();
    let query = hashes[700];
    hashes[3].0 = [query.0[0] ^ 0xFF, query.0[1], query.0[2] ^ 1, query.0[3]];
    hashes[1499].0 = [query.0[0], !query.0[1], query.0[2], query.0[3]];
    let mut scan = HashScan::default();
    hashes.iter().for_each(|hash| scan.push(*hash));
    for limit in [0, 8, 9, 31, 63, 64, 110, 256] {
        let mut found = Vec::new();
        scan.within(&query, limit, |number, distance| found.push((number, distance)));
        let expected: Vec<(usize, u32)> = hashes
            .iter()
            .map(|hash| hash.distance(&query))
            .enumerate()
            .filter(|(_, distance)| *distance <= limit)
            .collect();
        assert_eq!(found, expected);
    }
}
