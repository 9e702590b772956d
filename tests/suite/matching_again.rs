//! Copies in large JPEG files, in a second scan with a cache, and of clips and sounds that were approved.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::Command;

use image::{ImageFormat, RgbImage};
use serde_json::Value;

use crate::matching::evaluation::{changes, scenes, sounds};
use crate::matching::{copied, countersign, encoded, marked, picture, png, put, row, scan, wav};
use crate::shared::prerequisite;

/// Large enough to be told from all that is known by the means of its blocks.
fn large(seed: u64) -> RgbImage {
    changes::image_of(&scenes::scene(seed, 720))
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    encoded(&changes::jpeg(image, 75), ImageFormat::Jpeg)
}

/// The rows without what differs from run to run.
fn rows(report: &Value) -> &Value {
    &report["assets"]
}

#[test]
fn large_jpegs_are_found_and_a_second_scan_says_the_same_by_what_the_first_kept() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "delivery/original.png", &marked(&large(3)));
    put(dir.path(), "delivery/copy.jpg", &jpeg(&large(3)));
    put(dir.path(), "delivery/bars.jpg", &jpeg(&changes::framed(&large(3), [0.0, 0.15, 0.0, 0.15], 0)));
    for seed in [4, 11, 19] {
        put(dir.path(), &format!("delivery/other-{seed}.jpg"), &jpeg(&large(seed)));
    }
    put(dir.path(), "delivery/other.png", &png(&picture(5)));
    // What changed just now is not kept.
    std::thread::sleep(std::time::Duration::from_millis(2_200));
    let with_cache = ["--match", "--cache", "facts.sqlite"];
    let (code, first) = scan(dir.path(), &with_cache);
    assert_eq!(code, 1);
    for copy in ["copy.jpg", "bars.jpg"] {
        assert_eq!(copied(row(&first, copy)), Some(("error", "open")), "{copy}");
    }
    for other in ["other-4.jpg", "other-11.jpg", "other-19.jpg", "other.png"] {
        assert_eq!(copied(row(&first, other)), None, "{other}");
    }
    let (_, second) = scan(dir.path(), &with_cache);
    assert_eq!(rows(&second), rows(&first));
    assert_eq!(second["summary"]["matching"], first["summary"]["matching"]);
    assert_eq!(first["summary"]["matching"]["compared"], 6);
    // What was kept says nothing of what becomes known later.
    put(dir.path(), "renders/eleven.png", &png(&large(11)));
    assert_eq!(countersign(dir.path(), &["index", "renders", "--out", "known.idx"]).status.code(), Some(0));
    let (_, third) = scan(dir.path(), &[with_cache.as_slice(), &["--known", "known.idx"]].concat());
    assert_eq!(copied(row(&third, "other-11.jpg")), Some(("error", "open")));
}

fn approve(here: &Path, file: &str) {
    let terms = ["--by", "Jane Doe", "--reference", "LGL-7", "--approvals", "ledger.jsonl"];
    let output = countersign(here, &[&["approve", file], terms.as_slice()].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

fn names_the_record(report: &Value, path: &str) {
    let found = row(report, path);
    assert_eq!(copied(found), Some(("error", "open")), "{found:#}");
    let message = found["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("what was approved as LGL-7"), "{message}");
}

#[test]
fn a_copy_of_an_approved_sound_names_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let music = sounds::music(11, 20.0);
    put(dir.path(), "approved/tune.wav", &wav(&music, 16_000, b""));
    put(dir.path(), "delivery/cut.wav", &wav(&music[16_000 * 4..], 16_000, b""));
    put(dir.path(), "delivery/other.wav", &wav(&sounds::music(12, 20.0), 16_000, b""));
    approve(dir.path(), "approved/tune.wav");
    let (_, report) = scan(dir.path(), &["--approvals", "ledger.jsonl", "--match"]);
    names_the_record(&report, "cut.wav");
    assert_eq!(copied(row(&report, "other.wav")), None);
}

#[test]
fn a_copy_of_an_approved_clip_names_the_record() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("approved")).unwrap();
    std::fs::create_dir_all(dir.path().join("delivery")).unwrap();
    for place in 0..3 {
        put(dir.path(), &format!("frame-{place}.png"), &png(&picture(16 + place)));
    }
    let made = |options: &[&str], file: &str| {
        let status = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "quiet", "-framerate", "1/2", "-i", "frame-%d.png", "-r", "12"])
            .args(options)
            .args(["-c:v", "mpeg4", "-pix_fmt", "yuv420p", file])
            .current_dir(dir.path())
            .status();
        status.is_ok_and(|status| status.success())
    };
    let size = "scale=480:320,setsar=1";
    if !made(&["-vf", size, "-q:v", "3"], "approved/clip.mp4") {
        return prerequisite::absent("ffmpeg", "no ffmpeg here; no clip was approved");
    }
    assert!(made(&["-vf", "scale=240:160,setsar=1", "-q:v", "7"], "delivery/again.mp4"));
    approve(dir.path(), "approved/clip.mp4");
    let (_, report) = scan(dir.path(), &["--approvals", "ledger.jsonl", "--match"]);
    names_the_record(&report, "again.mp4");
}
