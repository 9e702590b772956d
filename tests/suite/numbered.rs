//! Files that are numbered without a sign, and numbered photographs: what is missing between frames is told, and what somebody
//! sorted out of stills is not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::checksums::{scan, tree};
use crate::shared::archived::sample;

/// A JPEG of so many bytes more than the sample has, in a comment.
fn photo(more: usize) -> Vec<u8> {
    let jpeg = sample("formats/plain.jpg");
    let comment = vec![b' '; more];
    let length = u16::try_from(more + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xFE], &length, &comment, &jpeg[2..]].concat()
}

/// Files whose name has a number in the place of `#`, of so many digits; what each holds depends on its number.
fn numbered(name: &str, digits: usize, numbers: &[usize], file: &dyn Fn(usize) -> Vec<u8>) -> Vec<(String, Vec<u8>)> {
    numbers.iter().map(|n| (name.replace('#', &format!("{n:0digits$}")), file(*n))).collect()
}

fn gaps(files: &[(String, Vec<u8>)]) -> usize {
    let (_, found) = scan(tree(files).path(), &[]);
    found.iter().filter(|rule| *rule == "sequence-gap").count()
}

/// All but one of so many numbers.
fn cut(count: usize) -> Vec<usize> {
    (10..10 + count).filter(|n| *n != 15).collect()
}

/// Sizes of frames: each is about as large as the one before.
fn frame(number: usize) -> Vec<u8> {
    photo(4_000 + number * 7 % 50)
}

/// Sizes of stills: each is what it shows.
fn still(number: usize) -> Vec<u8> {
    photo(1_000 + number * 7_919 % 40_000)
}

#[test]
fn what_is_missing_between_frames_is_told_whatever_their_names() {
    let png = |_| sample("formats/plain.png");
    let exr = |_| sample("formats/plain.exr");
    for (name, digits, count) in [("A#.PNG", 5, 10), ("shot#.png", 6, 10), ("#.PNG", 4, 24), ("frame_#.png", 4, 24)] {
        assert_eq!(gaps(&numbered(name, digits, &cut(count), &png)), 1, "{name}");
        assert_eq!(gaps(&numbered(name, digits, &(10..10 + count).collect::<Vec<_>>(), &png)), 0, "{name}");
    }
    assert_eq!(gaps(&numbered("shot#.exr", 4, &cut(10), &exr)), 1);
    for name in ["#.jpg", "A#.JPG", "frame_#.jpg", "shot-#.jpeg"] {
        for digits in [4, 5] {
            assert_eq!(gaps(&numbered(name, digits, &cut(30), &frame)), 1, "{name} {digits}");
        }
    }
}

#[test]
fn what_is_sorted_out_of_stills_is_not_missing() {
    for name in ["#.jpg", "wedding_#.jpg", "house#.JPG", "Smith-#.jpeg", "DSC0#.JPG", "IMG_#.JPG"] {
        assert_eq!(gaps(&numbered(name, 4, &cut(60), &still)), 0, "{name}");
    }
    // As many as make a run.
    let sorted: Vec<usize> = (1..500).filter(|n| n % 7 != 0 && n % 11 != 0).collect();
    for name in ["DSC0#.JPG", "wedding_#.jpg"] {
        assert_eq!(gaps(&numbered(name, 4, &sorted, &still)), 0, "{name}");
    }
    // Scattered numbers, however alike the pictures are.
    let scattered: Vec<usize> = (1..90).filter(|n| n % 4 != 0).collect();
    assert_eq!(gaps(&numbered("#.jpg", 4, &scattered, &frame)), 0);
    let png = |_| sample("formats/plain.png");
    for name in ["Screenshot #.png", "DSC#.PNG", "P10#.PNG"] {
        assert_eq!(gaps(&numbered(name, 5, &cut(30), &png)), 0, "{name}");
    }
    let few: Vec<usize> = cut(7);
    assert_eq!(gaps(&numbered("A#.PNG", 5, &few, &png)), 0);
}

/// A JPEG whose Exif names the maker of a camera.
fn taken(_: usize) -> Vec<u8> {
    let jpeg = sample("formats/plain.jpg");
    // One entry: Make, ASCII, four bytes in place.
    let entry = [&0x010F_u16.to_le_bytes()[..], &2_u16.to_le_bytes(), &4_u32.to_le_bytes(), b"Cam\0"].concat();
    let directory = [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat();
    let exif = [&b"Exif\0\0"[..], &directory].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn pictures_that_a_camera_took_are_stills() {
    assert_eq!(gaps(&numbered("house#.jpg", 4, &cut(30), &taken)), 0);
    assert_eq!(gaps(&numbered("house#.jpg", 4, &cut(30), &|_| sample("formats/plain.jpg"))), 1);
}
