//! Index files: what is written is read back, and whatever is read ends with an index or an error.

#[path = "../evaluation/mod.rs"]
mod evaluation;

use std::io::{self, Read};

use countersign_matching::{
    Digest, Index, Landmarks, MatchingError, PictureProbe, PictureReference, Pixels, Reference, Relation, SoundProbe,
    read_index, write_index,
};
use evaluation::{canvas::Canvas, random::Random, scenes::scene, sounds};
use sha2::{Digest as _, Sha256};

fn luma_of(canvas: &Canvas) -> countersign_matching::Luma {
    Pixels::rgb8(canvas.width, canvas.height, &canvas.rgb8()).expect("the size fits").to_luma()
}

fn known() -> Index {
    let mut index = Index::default();
    let still = Reference {
        record: "record 7".to_owned(),
        claim: "generated".to_owned(),
        bytes: Some(Digest([1; 32])),
        samples: Some(Digest([3; 32])),
        frames: vec![PictureReference::new(&luma_of(&scene(3, 200)), 0)],
        ..Reference::named("stills/größe.png")
    };
    let sound = Landmarks::new(&sounds::music(1, 8.0), f64::from(sounds::RATE));
    index.add(still).expect("added");
    index.add(Reference { sound, ..Reference::named("song.wav") }).expect("added");
    index.prepare();
    index
}

fn written(index: &Index) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_index(index, &mut bytes).expect("written");
    bytes
}

/// The bytes with the length and the digest that fit them.
fn resealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes[..bytes.len() - 32].to_vec();
    let length = (bytes.len() - 20) as u64;
    bytes[12..20].copy_from_slice(&length.to_le_bytes());
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

#[test]
fn what_is_written_is_read_back() {
    let index = known();
    let bytes = written(&index);
    let again = read_index(&bytes[..]).expect("read");
    assert_eq!(written(&again), bytes);
    assert_eq!(again.references()[0].name, "stills/größe.png");
    assert_eq!(again.references()[1].sound, index.references()[1].sound);
    assert_eq!(again.find_exact(&Digest([3; 32])), [0]);
    assert!(again.find_exact(&Digest([2; 32])).is_empty());
    let picture = again.find_picture(&PictureProbe::new(&luma_of(&scene(3, 200))));
    assert_eq!(picture[0].relation, Relation::Copy);
    let sound = SoundProbe::at_own_speed(&sounds::music(1, 8.0), f64::from(sounds::RATE));
    assert_eq!(again.find_sound(&sound)[0].relation, Relation::Copy);
}

#[test]
fn no_picture_can_be_read_from_an_index() {
    // 17 hashes of 41 bytes and a sketch of two bits for each of 96 by 96 cells: about three kilobytes a still.
    let mut index = Index::default();
    let before = written(&index).len();
    index
        .add(Reference { frames: vec![PictureReference::new(&luma_of(&scene(3, 400)), 0)], ..Reference::default() })
        .expect("added");
    assert!(written(&index).len() - before < 3200);
}

#[test]
fn every_damage_is_noticed() {
    let bytes = written(&known());
    for place in (0..bytes.len()).step_by(37).chain(0..40).chain(bytes.len() - 40..bytes.len()) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        assert!(read_index(&damaged[..]).is_err(), "byte {place}");
    }
    for length in (0..bytes.len()).step_by(101) {
        assert!(read_index(&bytes[..length]).is_err(), "cut to {length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(read_index(&longer[..]).is_err());
}

#[test]
fn a_forged_digest_does_not_help() {
    // The attacker computes the digest anew: what is read has to be checked itself.
    let bytes = written(&known());
    let mut random = Random::new(11);
    for _ in 0..3000 {
        let mut forged = bytes.clone();
        for _ in 0..1 + random.below(4) {
            let reach = if random.below(2) == 0 { 200 } else { forged.len() - 52 };
            let place = 20 + random.below(reach);
            forged[place] = [0x00, 0xFF, 0x7F, random.next() as u8][random.below(4)];
        }
        if random.below(3) == 0 {
            forged.truncate(60 + random.below(forged.len() - 60));
        }
        // Either result will do; a panic or endless memory will not.
        if let Ok(index) = read_index(&resealed(&forged)[..]) {
            index.find_picture(&PictureProbe::new(&luma_of(&scene(3, 64))));
        }
    }
}

#[test]
fn counts_are_bounded_by_the_bytes_that_are_there() {
    let empty = written(&Index::default());
    for count in [1_u32, 1000, u32::MAX] {
        let mut forged = empty.clone();
        forged[20..24].copy_from_slice(&count.to_le_bytes());
        assert!(matches!(read_index(&resealed(&forged)[..]), Err(MatchingError::BadIndex(_))), "{count}");
    }
    let mut old = empty;
    old[8] = 99;
    assert!(
        matches!(read_index(&resealed(&old)[..]), Err(MatchingError::BadIndex(reason)) if reason.contains("version"))
    );
}

#[test]
fn reading_errors_are_told() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the drive is gone"))
        }
    }
    assert!(matches!(read_index(Failing), Err(MatchingError::Io(_))));
}

#[test]
fn names_that_would_not_be_read_back_are_refused() {
    let mut index = Index::default();
    assert!(matches!(index.add(Reference::named(&"a".repeat(5000))), Err(MatchingError::TooLarge(_))));
    assert!(index.references().is_empty());
}
