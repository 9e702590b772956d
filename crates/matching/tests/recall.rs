//! The small evaluation: pictures and sounds with fixed seeds, changed by code. The figures of the large run, changed by
//! another program, are in `docs/matching.md`.

#[path = "../evaluation/mod.rs"]
mod evaluation;

use countersign_matching::{
    Index, Luma, PictureProbe, PictureReference, Pixels, Reference, Relation, SoundMatch, SoundProbe,
};
use evaluation::{
    canvas::Canvas,
    changes::{COPIES, Change, LOOKS, image_of, turned},
    scenes::{hard_negatives, scene},
    sounds::{RATE, music, speech, tune, tune_over_backing, under_speech},
};
use image::RgbImage;

const PICTURES: u64 = 24;
const SIDE: usize = 480;

fn luma_of(image: &RgbImage) -> Luma {
    Pixels::rgb8(image.width() as usize, image.height() as usize, image.as_raw()).expect("the size fits").to_luma()
}

fn luma_of_canvas(canvas: &Canvas) -> Luma {
    luma_of(&image_of(canvas))
}

fn index_of(images: &[RgbImage]) -> Index {
    let mut index = Index::default();
    for (number, image) in images.iter().enumerate() {
        let frames = vec![PictureReference::new(&luma_of(image), 0)];
        index.add(Reference { frames, ..Reference::named(&number.to_string()) }).expect("added");
    }
    index
}

/// How many of the changed pictures are told as their own original with at least a relation, and no other as a copy.
fn recall(index: &Index, images: &[RgbImage], change: Change, wanted: Relation) -> f32 {
    let mut found = 0;
    for (number, image) in images.iter().enumerate() {
        let matches = index.find_picture(&PictureProbe::new(&luma_of(&change.1(image))));
        assert!(
            matches.iter().all(|found| found.reference == number || found.relation != Relation::Copy),
            "{}: {number} is called a copy of another picture: {matches:?}",
            change.0
        );
        found += usize::from(matches.iter().any(|found| found.reference == number && found.relation <= wanted));
    }
    found as f32 / images.len() as f32
}

#[test]
fn changed_pictures_are_recognized() {
    let images: Vec<RgbImage> = (0..PICTURES).map(|seed| image_of(&scene(seed, SIDE))).collect();
    let index = index_of(&images);
    let comparable = index.references().iter().filter(|reference| reference.frames[0].is_comparable()).count();
    assert!(comparable as u64 * 10 >= PICTURES * 9, "only {comparable} have enough in them to be compared");
    let mut low = Vec::new();
    for (changes, wanted, least) in [(&COPIES[..], Relation::Copy, 0.95), (&LOOKS[..], Relation::Look, 0.90)] {
        for change in changes {
            let recall = recall(&index, &images, *change, wanted);
            println!("{:30} {recall:.3}", change.0);
            if recall < least {
                low.push((change.0, recall));
            }
        }
    }
    assert!(low.is_empty(), "{low:?}");
}

#[test]
fn look_alikes_are_no_copies() {
    let pairs = hard_negatives(SIDE);
    assert!(pairs.len() >= 50);
    let mut copies = Vec::new();
    for (number, pair) in pairs.iter().enumerate() {
        let (one, two) = (luma_of_canvas(&pair.one), luma_of_canvas(&pair.two));
        for (reference, picture) in [(&one, &two), (&two, &one)] {
            let mut index = Index::default();
            let frames = vec![PictureReference::new(reference, 0)];
            index.add(Reference { frames, ..Reference::named("known") }).expect("added");
            let probe = PictureProbe::new(picture);
            let found = index.find_picture(&probe);
            let said = found.first().map(|found| (found.relation, found.distance, found.contradictions));
            println!(
                "{:22} {number:3} quality {:3} nearest {:?} {said:?}",
                pair.kind,
                probe.quality(),
                index.nearest_distance(&probe)
            );
            if found.iter().any(|found| found.relation == Relation::Copy) {
                copies.push((pair.kind, number));
            }
        }
    }
    assert!(copies.is_empty(), "called copies: {copies:?}");
}

#[test]
fn orientation_is_applied_before_hashing() {
    let image = image_of(&scene(2, SIDE));
    let index = index_of(std::slice::from_ref(&image));
    let turned = turned(&image);
    let pixels =
        Pixels::rgb8(turned.width() as usize, turned.height() as usize, turned.as_raw()).expect("the size fits");
    let marked = index.find_picture(&PictureProbe::new(&pixels.with_orientation(6).to_luma()));
    assert_eq!(marked.first().map(|found| found.relation), Some(Relation::Copy));
    assert!(index.find_picture(&PictureProbe::new(&pixels.to_luma())).is_empty());
}

#[test]
fn a_shot_in_a_long_clip_is_told_with_its_time() {
    let frame = |shot: u64, second: u32| {
        let drift = evaluation::scenes::Take { shift: (0.01 * second as f32, 0.0), zoom: 1.0, ..Default::default() };
        luma_of_canvas(&evaluation::scenes::take(shot, 192, drift))
    };
    // Ten minutes, a new shot each six seconds; three seconds of a known clip at 7:20.
    let mut frames: Vec<(u32, Luma)> =
        (0..600).map(|second| (second * 1000, frame(9000 + u64::from(second) / 6, second % 6))).collect();
    let known: Vec<PictureReference> =
        (0..8).map(|second| PictureReference::frame(&frame(77, second), second * 1000)).collect();
    for second in 0..3 {
        frames[440 + second as usize].1 = frame(77, second + 4);
    }
    let mut index = Index::default();
    index.add(Reference { frames: known, ..Reference::named("known.mp4") }).expect("added");
    let probes: Vec<(u32, PictureProbe)> = frames.iter().map(|(time, luma)| (*time, PictureProbe::new(luma))).collect();
    let found = index.find_clip(&probes);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].relation, Relation::Copy);
    let span = found[0].spans[0];
    assert_eq!(
        (found[0].spans.len(), span.start_ms, span.end_ms, span.reference_start_ms),
        (1, 440_000, 442_000, 4000)
    );
}

#[test]
fn music_is_recognized_under_speech() {
    const TRACKS: u64 = 20;
    let tracks: Vec<Vec<f32>> = (0..TRACKS).map(|seed| music(seed, 30.0)).collect();
    let mut index = Index::default();
    for track in &tracks {
        let sound = countersign_matching::Landmarks::new(track, f64::from(RATE));
        index.add(Reference { sound, ..Reference::named("track") }).expect("added");
    }
    index.prepare();
    let (mut recognized, mut most_unrelated) = (0, 0);
    for (number, track) in tracks.iter().enumerate() {
        let mixed = under_speech(&track[220_000..], &speech(number as u64, 25.0), -6.0);
        for found in index.find_sound(&SoundProbe::new(&mixed, f64::from(RATE))) {
            if found.reference != number {
                most_unrelated = most_unrelated.max(found.votes);
                assert_ne!(found.relation, Relation::Copy, "{number}: {found:?}");
            } else if found.relation == Relation::Copy {
                recognized += 1;
                let apart = found.reference_start - found.start - 220_000.0 / f64::from(RATE);
                assert!(apart.abs() < 0.1, "{number} is {apart} s off: {found:?}");
            }
        }
    }
    println!("{recognized} of {TRACKS}, unrelated at most {most_unrelated} votes");
    assert!(recognized * 100 >= TRACKS * 95, "{recognized} of {TRACKS}");
}

/// What is said of the second sound where the first one is known.
fn heard_in(known: &[f32], sound: &[f32]) -> Option<SoundMatch> {
    let mut index = Index::default();
    let landmarks = countersign_matching::Landmarks::new(known, f64::from(RATE));
    index.add(Reference { sound: landmarks, ..Reference::named("known") }).expect("added");
    index.prepare();
    index.find_sound(&SoundProbe::new(sound, f64::from(RATE))).into_iter().next()
}

#[test]
fn another_tune_of_the_same_band_is_no_copy_and_one_recording_under_two_tunes_is_told() {
    const BANDS: u64 = 8;
    let mut looks = 0;
    for band in 0..BANDS {
        let found = heard_in(&tune(band, 1000, 40.0), &tune(band, 1001, 40.0));
        println!("{band}: another tune: {found:?}");
        assert!(found.as_ref().is_none_or(|found| found.relation != Relation::Copy), "{band}: {found:?}");
        looks += u32::from(found.is_some_and(|found| found.relation == Relation::Look));
        // What lies under both tunes is the same recording, as music under speech is.
        let found = heard_in(&tune_over_backing(band, 1, 40.0), &tune_over_backing(band, 2, 40.0));
        println!("{band}: the same recording: {found:?}");
        assert!(found.is_some_and(|found| found.relation <= Relation::Look), "{band}");
    }
    // Without them the bounds of a copy would not be tried.
    assert!(looks > 0, "some have enough notes in common to be told");
}

#[test]
fn speeds_of_film_work_are_recognized() {
    let track = music(3, 30.0);
    let mut index = Index::default();
    index
        .add(Reference {
            sound: countersign_matching::Landmarks::new(&track, f64::from(RATE)),
            ..Reference::named("track")
        })
        .expect("added");
    index.prepare();
    for speed in [25.0 / 24.0, 24.0 / 25.0, 1.001, 1.0 / 1.001] {
        // Played faster, the same samples stand for another rate.
        let found = index.find_sound(&SoundProbe::new(&track, f64::from(RATE) * speed));
        assert_eq!(found.first().map(|found| found.relation), Some(Relation::Copy), "{speed}: {found:?}");
    }
}

#[test]
fn a_steady_tone_is_no_copy_of_a_tone() {
    let tone = |seed: f32| -> Vec<f32> {
        (0..RATE * 30).map(|n| 0.1 * ((n as f32 / RATE as f32 * 1000.0 * std::f32::consts::TAU) + seed).sin()).collect()
    };
    let mut index = Index::default();
    index
        .add(Reference {
            sound: countersign_matching::Landmarks::new(&tone(0.0), f64::from(RATE)),
            ..Reference::named("tone")
        })
        .expect("added");
    index.prepare();
    let found = index.find_sound(&SoundProbe::new(&tone(0.4), f64::from(RATE)));
    assert!(found.iter().all(|found| found.relation != Relation::Copy), "{found:?}");
}
