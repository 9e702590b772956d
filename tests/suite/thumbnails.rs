//! A picture and the thumbnail that it carries: one that was replaced under it is found in archival places, by the program.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::Path;
use std::process::Command;

use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma, imageops};
use serde_json::Value;

fn hills(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        Luma([((u * 7.0).sin() * 60.0 + (v * 5.0 + u * 3.0).cos() * 60.0 + 125.0) as u8])
    })
}

fn disc(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32 - 0.6, y as f32 / height as f32 - 0.4);
        Luma([if (u * u + v * v).sqrt() < 0.25 { 230 } else { 30 }])
    })
}

fn jpeg(image: &GrayImage) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 80).encode_image(image).unwrap();
    out
}

/// An EXIF block whose second directory is this thumbnail.
fn exif(thumbnail: &[u8]) -> Vec<u8> {
    let mut out = b"Exif\0\0II*\0\x08\0\0\0\0\0\x0e\0\0\0".to_vec();
    let entry = |tag: u16, value: u32| [&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat();
    out.extend(2u16.to_le_bytes());
    out.extend(entry(0x0201, 14 + 2 + 24 + 4));
    out.extend(entry(0x0202, thumbnail.len() as u32));
    out.extend([0; 4]);
    out.extend(thumbnail);
    out
}

/// Photoshop's resource 1036: a header of 28 bytes, and a JPEG.
fn photoshop(thumbnail: &[u8]) -> Vec<u8> {
    let mut out = b"Photoshop 3.0\0".to_vec();
    out.extend(b"8BIM\x04\x0c\0\0");
    out.extend((28 + thumbnail.len() as u32).to_be_bytes());
    out.extend([0, 0, 0, 1]);
    out.extend([0; 24]);
    out.extend(thumbnail);
    out.resize(out.len() + thumbnail.len() % 2, 0);
    out
}

fn with_segment(image: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u16 + 2).to_be_bytes();
    [&image[..2], &[0xFF, marker], &len, body, &image[2..]].concat()
}

fn found(folder: &Path, bytes: &[u8], more: &[&str]) -> Vec<String> {
    let file = folder.join("d/s.jpg");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["scan", "d", "--report", "json"])
        .args(more)
        .current_dir(folder)
        .env("COUNTERSIGN_CONFIG", folder.join("no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["assets"][0]["findings"].as_array().unwrap().iter();
    findings
        .filter(|f| f["rule"] == "conflicting-provenance")
        .map(|f| f["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_picture_replaced_under_its_thumbnail_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let found = |bytes: &[u8], more: &[&str]| found(folder.path(), bytes, more);
    let archival = ["--role", "archival"];
    let (picture, other) = (jpeg(&hills(300, 200)), jpeg(&disc(300, 200)));
    let mut boxed = GrayImage::new(160, 120);
    imageops::overlay(&mut boxed, &hills(160, 107), 0, 6);
    let boxed = jpeg(&boxed);
    for (name, marker, block) in [("EXIF IFD1", 0xE1, exif(&boxed)), ("8BIM 0x040C", 0xED, photoshop(&boxed))] {
        assert_eq!(found(&with_segment(&picture, marker, &block), &archival), [""; 0], "{name}");
        let messages = found(&with_segment(&other, marker, &block), &archival);
        assert_eq!(messages.len(), 1, "{name}");
        assert!(messages[0].contains("unlike the thumbnail") && messages[0].contains(name), "{messages:?}");
        assert_eq!(found(&with_segment(&other, marker, &block), &[]), [""; 0], "{name} in a final place");
    }
    // What cannot be decoded gives no fact.
    let block = exif(&boxed[..boxed.len() / 3]);
    assert_eq!(found(&with_segment(&picture, 0xE1, &block), &archival), [""; 0]);
    let replaced = with_segment(&other, 0xE1, &exif(&boxed));
    assert_eq!(found(&replaced[..replaced.len() / 2], &archival), [""; 0]);
}
