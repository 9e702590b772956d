//! How like an image is to the thumbnail that it carries: a picture replaced under its old thumbnail shows.
//!
//! Thumbnails stand in EXIF (CIPA DC-008, IFD1), in Photoshop's resources (8BIM 1036) and in C2PA claims
//! (`c2pa.thumbnail.claim`). Both pictures are reduced to small grids of luminance and correlated, which is indifferent to
//! brightness and contrast. Cameras letterbox a thumbnail to 4:3, programs crop it or turn only one of the two: the best
//! of these alignments counts. What cannot be decoded within bounds, or shows next to nothing, gives no fact.

use image::GrayImage;

use super::{Decoder, Options, Subject, pixels};
use crate::formats;
use crate::framing::jumbf_tree;
use countersign_io::ByteRange;
use countersign_model::limits;
use countersign_model::{Facts, Payload, PayloadKind, Problem, Store, Tag};
use countersign_worker::WorkerFailure;
use countersign_worker::client::{self, GrayCopy};

pub(super) const DECODER: Decoder = Decoder { id: "thumbnail", version: 1, decode };

/// Cells of a side of the grids that are compared.
const GRID: u32 = 16;
/// Pixels of the longest side of what the grids are cut from.
const SIDE: u32 = 192;
/// The least standard deviation of a grid, in levels of 255, that shows anything.
const PLAIN: f32 = 8.0;
/// From here on the two are the same picture, and nothing further is tried.
const CLEAR: f32 = 0.8;
/// Parts of a thumbnail that may be what is left of the picture, in percent of its sides, and how many places for them
/// are tried in each direction, less one.
const PARTS: &[u32] = &[92, 84, 76, 68, 60];
const STEPS: u32 = 4;
/// The share of an image, in percent, that may be blank at its end: more was not decoded.
const BLANK: usize = 12;

fn decode(subject: &mut Subject<'_>, facts: &Facts, options: Options) -> Vec<Tag> {
    let comparable = facts.format.and_then(formats::info).is_some_and(|info| info.thumbnails);
    if !options.thumbnails || !comparable {
        return Vec::new();
    }
    compare(subject, facts).unwrap_or_else(|failure| {
        // What a worker was lost over was not compared, and a picture may have been replaced under its thumbnail.
        let (kind, what) = failure.describe("comparing with the thumbnail");
        subject.source.note(Problem::new(kind, "thumbnail", None, what));
        Vec::new()
    })
}

fn compare(subject: &mut Subject<'_>, facts: &Facts) -> Result<Vec<Tag>, WorkerFailure> {
    let own = subject.payloads.iter().filter(|p| p.kind == PayloadKind::Thumbnail).cloned();
    let carried: Vec<Payload> = own.chain(claimed(subject.stores)).take(limits::THUMBNAILS).collect();
    if carried.is_empty() {
        return Ok(Vec::new());
    }
    let encoded: Vec<_> = carried.iter().map(|p| (None, ByteRange::memory(p.bytes.clone()))).collect();
    let copies = client::grays(&encoded, limits::COMPARED, SIDE)?.into_iter();
    let carried: Vec<_> = copies.zip(carried).filter_map(|(copy, payload)| Some((whole(copy?)?, payload))).collect();
    if carried.is_empty() {
        return Ok(Vec::new());
    }
    let Some(image) = pixels::gray(subject, facts, limits::COMPARED, SIDE)?.and_then(whole) else {
        return Ok(Vec::new());
    };
    let tag = |(small, payload): (GrayImage, Payload)| {
        Some(Tag {
            space: "thumbnail".into(),
            key: "likeness".into(),
            value: format!("{:.2}", likeness(&small, &image)?).into(),
            place: payload.place.into(),
            offset: Some(payload.offset),
            ..Tag::default()
        })
    };
    Ok(carried.into_iter().filter_map(tag).collect())
}

/// Thumbnails of the claims of active manifests, which are the last ones of their stores.
fn claimed(stores: &[Store]) -> impl Iterator<Item = Payload> {
    stores.iter().filter_map(|store| {
        let tree = jumbf_tree::read(&store.bytes);
        let (manifest, _) = tree.children(0).filter(|(_, n)| n.kind == jumbf_tree::SUPERBOX).last()?;
        let (assertions, _) = tree.children(manifest).find(|(_, n)| n.label == "c2pa.assertions")?;
        let (thumbnail, label) =
            tree.children(assertions).find(|(_, n)| n.label.starts_with("c2pa.thumbnail.claim"))?;
        let data = tree.children(thumbnail).map(|(_, n)| n).find(|n| n.kind == *b"bidb")?;
        (data.content.len() <= limits::THUMBNAIL).then(|| Payload {
            kind: PayloadKind::Thumbnail,
            place: format!("{}, C2PA {}", store.place, label.label),
            offset: store.offset.saturating_add(data.offset as u64),
            bytes: data.content.to_vec(),
        })
    })
}

/// A small gray copy as an image, if it was decoded to its end.
fn whole(copy: GrayCopy) -> Option<GrayImage> {
    GrayImage::from_raw(copy.width, copy.height, copy.bytes).filter(|image| !is_cut(image))
}

/// How like the two are, from -1 to 1; `None` where one of them shows next to nothing.
fn likeness(small: &GrayImage, image: &GrayImage) -> Option<f32> {
    let (whole, other) = (grid(small), grid(image));
    if deviation(&whole).1 < PLAIN || deviation(&other).1 < PLAIN {
        return None;
    }
    let turned = |(width, height): (u32, u32)| (height, width);
    let (shape, other_shape) = (small.dimensions(), image.dimensions());
    let upright = [
        (whole.clone(), other.clone()),
        (cropped(small, other_shape), other.clone()),
        (whole.clone(), cropped(image, shape)),
    ];
    let lying = [
        (whole.clone(), other.clone()),
        (cropped(small, turned(other_shape)), other),
        (whole, cropped(image, turned(shape))),
    ];
    let upright = upright.into_iter().flat_map(|(a, b)| [(a.clone(), turn(&turn(&b))), (a, b)]);
    let lying = lying.into_iter().flat_map(|(a, b)| [(a.clone(), turn(&turn(&turn(&b)))), (a, turn(&b))]);
    let fitted = upright.chain(lying).filter_map(|(a, b)| correlation(&a, &b)).max_by(f32::total_cmp)?;
    match fitted < CLEAR {
        true => Some(details(small, image).fold(fitted, f32::max)),
        false => Some(fitted),
    }
}

/// How like the image is to parts of the thumbnail: it may have been cropped since.
fn details(small: &GrayImage, image: &GrayImage) -> impl Iterator<Item = f32> {
    let (width, height) = small.dimensions();
    let whole = grid(image);
    let parts = PARTS.iter().flat_map(move |part| {
        let size = ((width * part).div_ceil(100), (height * part).div_ceil(100));
        let steps = |room: u32| (0..=STEPS).map(move |step| room * step / STEPS);
        let places = steps(height - size.1).flat_map(move |y| steps(width - size.0).map(move |x| (x, y)));
        places.map(move |place| (place, size))
    });
    parts.filter_map(move |(place, size)| correlation(&cells(small, place, size), &whole))
}

/// Whether the end of the image is of the level of blocks without coefficients, which is what a decoder makes of those
/// that it could not read.
fn is_cut(image: &GrayImage) -> bool {
    let blank = image.as_raw().iter().rev().take_while(|level| **level == 128).count();
    blank.saturating_mul(100) > image.as_raw().len().saturating_mul(BLANK)
}

/// A grid turned by a quarter.
fn turn(cells: &[f32]) -> Vec<f32> {
    let columns = (0..GRID).flat_map(|x| (0..GRID).rev().map(move |y| y * GRID + x));
    columns.filter_map(|at| cells.get(at as usize).copied()).collect()
}

fn grid(image: &GrayImage) -> Vec<f32> {
    cells(image, (0, 0), image.dimensions())
}

/// The grid of the middle of an image, cut to the proportions of `like`.
fn cropped(image: &GrayImage, like: (u32, u32)) -> Vec<f32> {
    let (width, height) = image.dimensions();
    let wanted = f64::from(like.0.max(1)) / f64::from(like.1.max(1));
    let fit = |side: f64, most: u32| (side.round() as u32).clamp(1, most.max(1));
    let (w, h) = match f64::from(width) / f64::from(height.max(1)) > wanted {
        true => (fit(f64::from(height) * wanted, width), height),
        false => (width, fit(f64::from(width) / wanted, height)),
    };
    cells(image, ((width - w) / 2, (height - h) / 2), (w, h))
}

/// Mean levels of a part of an image, cut into [`GRID`] rows and columns.
fn cells(image: &GrayImage, (left, top): (u32, u32), (width, height): (u32, u32)) -> Vec<f32> {
    let mut out = Vec::with_capacity((GRID * GRID) as usize);
    let cut = |side: u32, at: u32| (side * at / GRID)..(side * (at + 1)).div_ceil(GRID);
    for row in 0..GRID {
        for column in 0..GRID {
            let (mut sum, mut count) = (0u32, 0u32);
            for y in cut(height, row) {
                for x in cut(width, column) {
                    let level = image.get_pixel_checked(left + x, top + y).map_or(0, |p| u32::from(p.0[0]));
                    (sum, count) = (sum + level, count + 1);
                }
            }
            out.push(sum as f32 / count.max(1) as f32);
        }
    }
    out
}

/// Mean and standard deviation.
fn deviation(cells: &[f32]) -> (f32, f32) {
    let count = cells.len().max(1) as f32;
    let mean = cells.iter().sum::<f32>() / count;
    (mean, (cells.iter().map(|c| (c - mean).powi(2)).sum::<f32>() / count).sqrt())
}

/// Pearson's coefficient.
fn correlation(a: &[f32], b: &[f32]) -> Option<f32> {
    let ((mean_a, dev_a), (mean_b, dev_b)) = (deviation(a), deviation(b));
    let shared = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f32>() / a.len().max(1) as f32;
    let scale = dev_a * dev_b;
    (scale > 0.0).then(|| shared / scale)
}

#[cfg(test)]
mod tests {
    use image::imageops;

    use super::*;

    /// A picture of hills, at any size: brightness by place, in proportions.
    fn hills(width: u32, height: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, y| {
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            image::Luma([((u * 7.0).sin() * 60.0 + (v * 5.0 + u * 3.0).cos() * 60.0 + 125.0) as u8])
        })
    }

    /// Another picture: a bright disc on a dark ground.
    fn disc(width: u32, height: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, y| {
            let (u, v) = (x as f32 / width as f32 - 0.6, y as f32 / height as f32 - 0.4);
            image::Luma([if (u * u + v * v).sqrt() < 0.25 { 230 } else { 30 }])
        })
    }

    fn like(small: &GrayImage, image: &GrayImage) -> f32 {
        likeness(small, image).unwrap()
    }

    #[test]
    fn the_same_picture_is_like_itself_however_it_was_fitted() {
        let image = hills(192, 128);
        assert!(like(&hills(160, 107), &image) > 0.98);
        let mut boxed = GrayImage::new(160, 120);
        imageops::overlay(&mut boxed, &hills(160, 107), 0, 6);
        assert!(like(&boxed, &image) > 0.98, "letterboxed");
        let clipped = imageops::crop_imm(&hills(180, 120), 10, 0, 160, 120).to_image();
        assert!(like(&clipped, &image) > 0.98, "clipped");
        assert!(like(&imageops::rotate90(&hills(160, 107)), &image) > 0.98, "turned");
        assert!(like(&imageops::rotate180(&boxed), &image) > 0.98, "letterboxed and turned");
        let mut darker = hills(160, 107);
        darker.pixels_mut().for_each(|p| p.0[0] /= 2);
        assert!(like(&darker, &image) > 0.98, "darker");
    }

    #[test]
    fn a_picture_cropped_under_its_thumbnail_is_still_like_it() {
        let cropped = imageops::crop_imm(&hills(260, 180), 60, 40, 160, 110).to_image();
        assert!(like(&hills(160, 107), &cropped) > 0.8);
    }

    #[test]
    fn an_image_that_was_not_decoded_to_its_end_shows() {
        let mut image = hills(100, 100);
        assert!(!is_cut(&image));
        imageops::replace(&mut image, &GrayImage::from_pixel(100, 20, image::Luma([128])), 0, 80);
        assert!(is_cut(&image));
        imageops::replace(&mut image, &GrayImage::from_pixel(100, 20, image::Luma([255])), 0, 80);
        assert!(!is_cut(&image), "a white margin");
    }

    #[test]
    fn another_picture_is_not_and_an_empty_one_says_nothing() {
        assert!(like(&disc(160, 120), &hills(192, 128)) < 0.5);
        assert!(like(&hills(160, 107), &disc(192, 128)) < 0.5);
        assert_eq!(likeness(&GrayImage::new(160, 120), &hills(192, 128)), None);
        assert_eq!(likeness(&hills(160, 120), &GrayImage::new(192, 128)), None);
        for (width, height) in [(1, 1), (1, 160), (160, 1), (2, 3)] {
            let _ = likeness(&hills(width, height), &hills(192, 128));
        }
    }
}
