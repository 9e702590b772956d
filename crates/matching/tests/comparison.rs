//! `compare` from equal bytes to nothing, exact digests, and the difference map.

#[path = "../evaluation/mod.rs"]
mod evaluation;

use countersign_matching::{
    Asset, Digest, Landmarks, Luma, PictureProbe, PictureReference, PixelData, Pixels, Relation, SampleDigest,
    SoundProbe, compare, difference_map, pixel_digest,
};
use evaluation::{
    canvas::Canvas,
    changes::{canvas_of, cropped, image_of, jpeg},
    scenes::scene,
    sounds::{RATE, music, speech, under_speech},
};

fn luma_of(canvas: &Canvas) -> Luma {
    Pixels::rgb8(canvas.width, canvas.height, &canvas.rgb8()).expect("the size fits").to_luma()
}

fn still(canvas: &Canvas) -> Asset {
    let luma = luma_of(canvas);
    let pixels = pixel_digest(&Pixels::rgb8(canvas.width, canvas.height, &canvas.rgb8()).expect("the size fits"));
    Asset {
        pixels: Some(pixels),
        probes: vec![(0, PictureProbe::new(&luma))],
        frames: vec![PictureReference::new(&luma, 0)],
        ..Asset::default()
    }
}

fn sound(samples: &[f32]) -> Asset {
    let mut digest = SampleDigest::new(1, RATE);
    digest.update(samples);
    Asset {
        samples: Some(digest.finish()),
        sound_probe: Some(SoundProbe::new(samples, f64::from(RATE))),
        sound: Landmarks::new(samples, f64::from(RATE)),
        ..Asset::default()
    }
}

#[test]
fn equal_things_are_told_as_facts() {
    let picture = scene(2, 300);
    let bytes = |number| Asset { bytes: Some(Digest([number; 32])), ..still(&picture) };
    assert_eq!(compare(&bytes(1), &bytes(1)).relation, Relation::SameBytes);
    assert_eq!(compare(&bytes(1), &bytes(2)).relation, Relation::SamePixels);
    let track = music(1, 6.0);
    assert_eq!(compare(&sound(&track), &sound(&track)).relation, Relation::SameSamples);
}

#[test]
fn pictures_are_compared_whichever_was_cropped() {
    let original = scene(2, 400);
    let crop = canvas_of(&cropped(&image_of(&original), [0.06; 4]));
    for (a, b, reversed) in [(&original, &crop, true), (&crop, &original, false)] {
        let found = compare(&still(a), &still(b));
        assert!(found.relation <= Relation::Look, "{found:?}");
        assert_eq!(found.variant.as_deref(), Some("crop-6.0%"));
        assert_eq!(found.reversed, reversed);
    }
    let other = compare(&still(&original), &still(&scene(10, 400)));
    assert_eq!((other.relation, other.distance), (Relation::Different, None));
}

#[test]
fn what_cannot_be_compared_is_said_so() {
    let black = Canvas::new(320, 180);
    assert_eq!(compare(&still(&black), &still(&scene(2, 300))).relation, Relation::NotCompared);
    assert_eq!(compare(&still(&scene(2, 300)), &sound(&music(1, 6.0))).relation, Relation::NotCompared);
    assert_eq!(compare(&Asset::default(), &Asset::default()).relation, Relation::NotCompared);
}

#[test]
fn sounds_are_compared_by_votes() {
    let track = music(5, 20.0);
    let mixed = under_speech(&track, &speech(5, 20.0), -3.0);
    let found = compare(&sound(&mixed), &sound(&track));
    assert_eq!(found.relation, Relation::Copy);
    assert!(found.votes >= Some(20));
    let other = compare(&sound(&music(6, 20.0)), &sound(&track));
    assert_eq!(other.relation, Relation::Different);
}

#[test]
fn depth_and_gray_do_not_change_the_digest_of_pixels() {
    let gray: Vec<u8> = (0..=255).collect();
    let color: Vec<u8> = gray.iter().flat_map(|value| [*value; 3]).collect();
    let deep: Vec<u16> = gray.iter().map(|value| u16::from(*value) * 257).collect();
    let digest = |data| pixel_digest(&Pixels::new(16, 16, data).expect("the size fits"));
    let expected = digest(PixelData::Gray8(&gray));
    assert_eq!(digest(PixelData::Rgb8(&color)), expected);
    assert_eq!(digest(PixelData::Gray16(&deep)), expected);
    let mut other = deep.clone();
    other[7] += 1;
    assert_ne!(digest(PixelData::Gray16(&other)), expected);
    assert_ne!(pixel_digest(&Pixels::new(32, 8, PixelData::Gray8(&gray)).expect("the size fits")), expected);
}

#[test]
fn orientation_is_applied_before_the_digest() {
    // Two rows of three, and what a camera held on its side stores of it for each EXIF orientation.
    let seen: [u8; 6] = [1, 2, 3, 4, 5, 6];
    let stored: [(u8, [usize; 2], [u8; 6]); 8] = [
        (1, [3, 2], [1, 2, 3, 4, 5, 6]),
        (2, [3, 2], [3, 2, 1, 6, 5, 4]),
        (3, [3, 2], [6, 5, 4, 3, 2, 1]),
        (4, [3, 2], [4, 5, 6, 1, 2, 3]),
        (5, [2, 3], [1, 4, 2, 5, 3, 6]),
        (6, [2, 3], [3, 6, 2, 5, 1, 4]),
        (7, [2, 3], [6, 3, 5, 2, 4, 1]),
        (8, [2, 3], [4, 1, 5, 2, 6, 3]),
    ];
    let expected = pixel_digest(&Pixels::new(3, 2, PixelData::Gray8(&seen)).expect("the size fits"));
    for (orientation, [width, height], values) in stored {
        let pixels = Pixels::new(width, height, PixelData::Gray8(&values)).expect("the size fits");
        let pixels = pixels.with_orientation(orientation);
        assert_eq!(pixel_digest(&pixels), expected, "orientation {orientation}");
        assert_eq!(pixels.to_luma(), pixels.to_full_luma(), "orientation {orientation}");
    }
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    assert!(Pixels::rgb8(10, 10, &[0; 299]).is_err());
    assert!(Pixels::rgb8(usize::MAX, 2, &[0; 6]).is_err());
    assert!(Luma::new(3, 3, vec![0.0; 8]).is_err());
    for (width, height) in [(0, 0), (0, 7), (1, 1), (4, 4), (5, 5), (1, 4000), (4000, 1)] {
        let values = vec![f32::NAN; width * height];
        let luma = Luma::new(width, height, values).expect("the size fits");
        assert!(!PictureProbe::new(&luma).is_comparable());
        assert!(!PictureReference::new(&luma, 0).is_comparable());
    }
}

#[test]
fn odd_sounds_have_no_landmarks() {
    for (samples, rate) in [
        (vec![], 48_000.0),
        (vec![0.0; 100_000], 48_000.0),
        (vec![f32::NAN; 50_000], 44_100.0),
        (vec![0.5; 99], 8000.0),
        (vec![0.5; 5000], 0.0),
        (vec![0.5; 5000], f64::NAN),
        (vec![0.5; 5000], 1e18),
    ] {
        assert!(Landmarks::new(&samples, rate).is_empty(), "{} at {rate}", samples.len());
    }
}

#[test]
fn the_difference_map_shows_where_a_picture_was_altered() {
    let original = scene(11, 400);
    let mut altered = canvas_of(&jpeg(&image_of(&original), 80));
    altered.rectangle((0.1, 0.1), (0.15, 0.2), [1.0, 1.0, 1.0]);
    let (luma, known) = (luma_of(&altered), luma_of(&original));
    let asset = |luma: &Luma| Asset {
        probes: vec![(0, PictureProbe::new(luma))],
        frames: vec![PictureReference::new(luma, 0)],
        ..Asset::default()
    };
    let found = compare(&asset(&luma), &asset(&known)).picture.expect("alike").best;
    assert_eq!(found.relation, Relation::Look);
    assert!(found.altered > 0.0);
    let map = difference_map(&luma, &known, &found);
    let aspect = original.aspect();
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for (cell, value) in map.values.iter().enumerate() {
        let x = (cell % map.columns) as f32 / map.columns as f32 * aspect;
        let y = (cell / map.columns) as f32 / map.rows as f32;
        if (0.12..0.2).contains(&x) && (0.12..0.26).contains(&y) {
            inside.push(*value);
        } else if x > 0.3 || y > 0.35 {
            outside.push(*value);
        }
    }
    let mean = |values: &[u8]| values.iter().map(|value| u32::from(*value)).sum::<u32>() / values.len() as u32;
    assert!(mean(&inside) > 5 * mean(&outside).max(4), "{} and {}", mean(&inside), mean(&outside));
}
