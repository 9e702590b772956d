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
    // What the pass over marked assets has read is judged as if it had been read alone.
    let (_, plain) = scan(dir.path(), &["--no-match"]);
    for other in ["other-4.jpg", "other-11.jpg", "other-19.jpg", "other.png"] {
        assert_eq!(row(&plain, other), row(&first, other), "{other}");
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

/// What a command says, in one line.
fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_index_says_what_is_not_in_it_and_is_not_written_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "renders/idea.png", &png(&picture(5)));
    put(dir.path(), "renders/words.jpg", b"no picture at all");
    let whole = encoded(&picture(6), ImageFormat::Jpeg);
    put(dir.path(), "renders/cut.jpg", &whole[..whole.len() / 2]);
    put(dir.path(), "renders/notes.txt", b"words");
    let output = countersign(dir.path(), &["index", "renders", "--out", "known.idx"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output.stdout).contains("known.idx: 1 known 2 could not be fingerprinted"), "{output:?}");
    let warned = said(&output.stderr);
    for what in ["words.jpg is not in the index: it is named like JPEG", "cut.jpg is not in the index: "] {
        assert!(warned.contains(what), "{warned}");
    }
    assert!(!warned.contains("notes.txt"), "{warned}");

    for (folder, what) in
        [("words", "there is no picture, video or sound"), ("cut", "nothing below the paths could be")]
    {
        put(dir.path(), "words/notes.txt", b"words");
        put(dir.path(), "cut/cut.jpg", &whole[..whole.len() / 2]);
        let output = countersign(dir.path(), &["index", folder, "--out", "none.idx"]);
        assert_eq!(output.status.code(), Some(3), "{folder}");
        assert!(said(&output.stderr).contains(what), "{output:?}");
        assert!(!dir.path().join("none.idx").exists());
    }
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    let output = countersign(dir.path(), &["index", "empty", "--out", "none.idx"]);
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn half_a_picture_is_compared_and_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let whole = encoded(&picture(6), ImageFormat::Jpeg);
    put(dir.path(), "whole.jpg", &whole);
    put(dir.path(), "cut.jpg", &whole[..whole.len() / 2]);
    let output = countersign(dir.path(), &["compare", "cut.jpg", "whole.jpg", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let damaged = |text: &Value| text.as_str().is_some_and(|text| text.contains("only what can be decoded"));
    assert!(
        damaged(&value["left_out_a"]) || value["reason"].as_str().is_some_and(|r| r.contains("decoded")),
        "{value}"
    );
    assert!(value.get("left_out_b").is_none());
}

#[test]
fn a_title_card_is_found_by_its_pixels_and_black_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let card = RgbImage::from_fn(320, 200, |x, y| {
        let letter = (60..260).contains(&x) && (96..104).contains(&y) && x / 9 % 3 != 0;
        image::Rgb(if letter { [235; 3] } else { [12, 12, 20] })
    });
    put(dir.path(), "known/card.png", &png(&card));
    put(dir.path(), "known/black.png", &png(&RgbImage::new(320, 200)));
    put(dir.path(), "delivery/again.webp", &encoded(&card, ImageFormat::WebP));
    put(dir.path(), "delivery/black.webp", &encoded(&RgbImage::new(320, 200), ImageFormat::WebP));
    assert_eq!(countersign(dir.path(), &["index", "known", "--out", "known.idx"]).status.code(), Some(0));
    let (_, report) = scan(dir.path(), &["--known", "known.idx"]);
    assert_eq!(row(&report, "again.webp")["evidence"][0]["of"]["relation"], "same-pixels", "{report:#}");
    assert_eq!(row(&report, "black.webp")["evidence"], serde_json::json!([]));
}

/// A clip of the pictures of these numbers, two seconds each.
fn clip(here: &Path, pictures: &[u64], options: &[&str], file: &str) -> bool {
    for (place, seed) in pictures.iter().enumerate() {
        put(here, &format!("frames/{place}.png"), &png(&picture(*seed)));
    }
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-framerate", "1/2", "-i", "frames/%d.png", "-frames:v"])
        .arg((pictures.len() * 24).to_string())
        .args(["-r", "12", "-vf", "scale=480:320,setsar=1"])
        .args(options)
        .args(["-c:v", "mpeg4", "-pix_fmt", "yuv420p", file])
        .current_dir(here)
        .status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn the_page_of_a_comparison_shows_the_frames_that_agree() {
    let dir = tempfile::tempdir().unwrap();
    if !clip(dir.path(), &[16, 17, 18], &["-q:v", "3"], "one.mp4") {
        return prerequisite::absent("ffmpeg", "no ffmpeg here; no clips were compared");
    }
    assert!(clip(dir.path(), &[20, 21, 17], &["-q:v", "7"], "other.mp4"));
    put(dir.path(), "still.png", &png(&picture(17)));
    for (a, b) in [("one.mp4", "other.mp4"), ("one.mp4", "still.png"), ("still.png", "other.mp4")] {
        let output = countersign(dir.path(), &["compare", a, b, "--report", "html=page.html"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let words = said(&output.stdout);
        assert!(words.contains("one is a copy of the other") && words.contains("Frames"), "{words}");
        let page = std::fs::read_to_string(dir.path().join("page.html")).unwrap();
        assert_eq!(page.matches("data:image/jpeg;base64,").count(), 2, "{a} and {b}");
        assert_eq!(
            page.matches(".mp4, at 0:00:0").count(),
            usize::from(a != "still.png") + usize::from(b != "still.png")
        );
        assert!(page.contains("Difference map"), "the frames were laid over each other: {a} and {b}");
    }
}
