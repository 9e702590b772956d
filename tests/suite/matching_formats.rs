//! What two pictures have in common in words and on a page, and pictures that only ffmpeg decodes, by the real program.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::Command;

use image::{ImageFormat, imageops};
use serde_json::Value;

use crate::matching::evaluation::changes;
use crate::matching::{countersign, encoded, picture, png, put};
use crate::shared::prerequisite;

fn compared(here: &Path, more: &[&str]) -> Value {
    let output = countersign(here, &[&["compare", "a.png", "b.jpg", "--json"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_page_of_a_comparison_marks_what_was_altered_and_tells_what_was_cropped() {
    let dir = tempfile::tempdir().unwrap();
    let image = picture(7);
    put(dir.path(), "a.png", &png(&image));
    // The lower right is another picture's.
    let (width, height) = (image.width(), image.height());
    let mut altered = image.clone();
    let patch = imageops::resize(&picture(12), width / 5, height / 5, imageops::FilterType::Triangle);
    imageops::replace(&mut altered, &patch, i64::from(width * 7 / 10), i64::from(height * 7 / 10));
    put(dir.path(), "b.jpg", &encoded(&changes::jpeg(&altered, 80), ImageFormat::Jpeg));
    let value = compared(dir.path(), &["--report", "html=page.html"]);
    assert!(["copy", "look"].contains(&value["relation"].as_str().unwrap()), "{value}");
    let areas = value["altered_areas"].as_array().unwrap();
    assert!(!areas.is_empty(), "{value}");
    for area in areas {
        for edge in ["left", "top"] {
            assert!(area["b"][edge].as_f64().unwrap() > 0.66, "{area}");
        }
        for edge in ["right", "bottom"] {
            assert!(area["b"][edge].as_f64().unwrap() < 0.94, "{area}");
        }
    }
    let page = std::fs::read_to_string(dir.path().join("page.html")).unwrap();
    assert_eq!(page.matches("data:image/jpeg;base64,").count(), 2);
    assert_eq!(page.matches("class=\"altered\"").count(), areas.len() * 2);
    assert!(page.contains("the lower right of B: ") && page.contains("Difference map"), "{page}");
    assert!(!page.contains("<script"));

    // A copy is altered nowhere, and its crop is told.
    let part = imageops::crop_imm(&image, width / 20, height / 20, width * 9 / 10, height * 9 / 10).to_image();
    put(dir.path(), "b.jpg", &encoded(&changes::jpeg(&part, 80), ImageFormat::Jpeg));
    let value = compared(dir.path(), &[]);
    assert_eq!(value["altered_areas"], Value::Array(Vec::new()), "{value}");
    let words = String::from_utf8(countersign(dir.path(), &["compare", "a.png", "b.jpg"]).stdout).unwrap();
    assert!(words.contains("B shows A without ") && words.contains("nowhere beyond encoding"), "{words}");

    for refused in ["html", "html=", "pdf=x.pdf"] {
        assert_eq!(countersign(dir.path(), &["compare", "a.png", "b.jpg", "--report", refused]).status.code(), Some(3));
    }
    let before = std::fs::read(dir.path().join("a.png")).unwrap();
    assert_eq!(
        countersign(dir.path(), &["compare", "a.png", "b.jpg", "--report", "html=a.png"]).status.code(),
        Some(3)
    );
    assert_eq!(std::fs::read(dir.path().join("a.png")).unwrap(), before);
}

#[test]
fn pictures_that_ffmpeg_decodes_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.png", &png(&picture(7)));
    let mut made = 0;
    for (name, options) in [
        ("a.jxl", &["-c:v", "libjxl", "-distance", "1"][..]),
        ("a.avif", &["-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8", "-crf", "20"]),
        ("a.exr", &["-vf", "format=gbrpf32le", "-c:v", "exr"]),
        ("a.dpx", &["-c:v", "dpx"]),
        ("a.jp2", &["-c:v", "libopenjpeg", "-format", "jp2"]),
    ] {
        let status = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "quiet", "-i", "a.png", "-frames:v", "1"])
            .args(options)
            .arg(name)
            .current_dir(dir.path())
            .status();
        // Not every ffmpeg is built with every encoder.
        if !status.is_ok_and(|status| status.success()) || !dir.path().join(name).exists() {
            continue;
        }
        let output = countersign(dir.path(), &["compare", "a.png", name, "--json"]);
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(value["relation"], "copy", "{name}: {value}");
        made += 1;
    }
    if made == 0 {
        return prerequisite::absent("ffmpeg", "no ffmpeg here; pictures that only it decodes were not compared");
    }
    put(dir.path(), "cut.exr", &std::fs::read(dir.path().join("a.dpx")).unwrap()[..900]);
    let output = countersign(dir.path(), &["compare", "a.png", "cut.exr", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["relation"], "not-compared", "{value}");
    assert!(value["reason"].as_str().unwrap().starts_with("the second: "), "{value}");
}
