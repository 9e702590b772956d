//! The cheap first look at a JPEG never speaks for a picture, and its hash is near that of the decoded picture.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../evaluation/mod.rs"]
mod evaluation;

use countersign_matching::{
    HINT_MARGIN, Index, Luma, Pdq, PictureHint, PictureProbe, PictureReference, PixelData, Pixels, Reference, Relation,
};
use evaluation::{
    changes::{framed, image_of, scaled},
    scenes::scene,
};
use image::{DynamicImage, RgbImage, codecs::jpeg::JpegEncoder, imageops};

const MOST_PIXELS: u64 = 1 << 26;
/// The longer side of the pictures: large enough for a hint.
const SIDE: usize = 720;

/// What happens to a picture.
type Change = fn(&RgbImage) -> RgbImage;

fn encoded(image: &RgbImage, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode_image(image).unwrap();
    out
}

/// The picture as the scanner's decoder reduces it, with the luma of Rec. 709.
fn luma(image: &RgbImage, orientation: u8) -> Luma {
    let gray = DynamicImage::ImageRgb8(image.clone()).thumbnail(512, 512).to_luma8();
    let pixels = Pixels::new(gray.width() as usize, gray.height() as usize, PixelData::Gray8(gray.as_raw())).unwrap();
    pixels.with_orientation(orientation).to_luma()
}

#[test]
fn the_hash_of_a_hint_is_near_that_of_the_decoded_picture() {
    let (mut farthest, mut made) = (0, 0);
    for seed in 0..10 {
        let jpeg = encoded(&image_of(&scene(seed, SIDE)), [30, 75, 92][seed as usize % 3]);
        let orientation = 1 + (seed % 8) as u8;
        let Some(hint) = PictureHint::of_jpeg(&jpeg, orientation, MOST_PIXELS) else { continue };
        let decoded = image::load_from_memory(&jpeg).unwrap().to_rgb8();
        let pdq = Pdq::new(&luma(&decoded, orientation));
        let turned = [pdq.hash(), pdq.mirrored(), pdq.upside_down()];
        for (own, exact) in hint.hashes().iter().zip(turned) {
            farthest = farthest.max(own.distance(&exact));
        }
        made += 1;
    }
    assert!(made >= 7, "{made} hints");
    assert!(farthest < HINT_MARGIN, "{farthest} bits apart");
}

#[test]
fn no_copy_that_is_found_by_its_pixels_is_far_by_its_hint() {
    let mut index = Index::default();
    for seed in 0..4 {
        let frames = vec![PictureReference::new(&luma(&image_of(&scene(seed, SIDE)), 1), 0)];
        index.add(Reference { frames, ..Reference::named("known") }).unwrap();
    }
    let changes: [(&str, Change); 6] = [
        ("same", RgbImage::clone),
        ("larger", |image| scaled(image, image.width() * 3 / 2, image.height() * 3 / 2)),
        ("mirrored", imageops::flip_horizontal),
        ("cropped", |image| {
            let (width, height) = (image.width(), image.height());
            imageops::crop_imm(image, width / 20, height / 20, width * 9 / 10, height * 9 / 10).to_image()
        }),
        ("letterbox", |image| framed(image, [0.0, 0.15, 0.0, 0.15], 0)),
        ("thin frame", |image| framed(image, [0.004, 0.004, 0.004, 0.004], 0)),
    ];
    for (name, change) in changes {
        for seed in 0..4 {
            let jpeg = encoded(&change(&image_of(&scene(seed, SIDE))), 60);
            let decoded = image::load_from_memory(&jpeg).unwrap().to_rgb8();
            let found = index.find_picture(&PictureProbe::new(&luma(&decoded, 1)));
            let is_far = PictureHint::of_jpeg(&jpeg, 1, MOST_PIXELS).is_some_and(|hint| index.is_far(&hint));
            assert!(found.is_empty() || !is_far, "{name}, {seed}");
            if name != "cropped" {
                assert!(found.iter().any(|found| found.relation == Relation::Copy), "{name}, {seed}");
            }
        }
    }
    let unrelated = (100..106).filter(|seed| {
        let jpeg = encoded(&image_of(&scene(*seed, SIDE)), 60);
        PictureHint::of_jpeg(&jpeg, 1, MOST_PIXELS).is_some_and(|hint| index.is_far(&hint))
    });
    // A hint that is never far would be of no use.
    assert!(unrelated.count() >= 3);
}
