//! A mark beyond a limit is not absent: behind thousands of other values, far inside of a long one, in the last of hundreds
//! of pictures it counts, or the file is not clean.

#![allow(clippy::unwrap_used, reason = "a test may")]

use countersign::extract;
use countersign::marks::{ai, catalogue};
use countersign::model::{Ai, Facts};

use crate::samples;
use crate::shared::archived::{folder, marked, sample, words};

const SETTINGS: &str = "a lighthouse in fog\nNegative prompt: blur\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 12345, Size: 512x512, Model hash: abcd1234, Model: harbor";
const SUNO: &str = "made with suno; created=2026-04-02T10:15:00Z; id=3f1c0b52-7f0a-4a39-9a67-2f5f4f0f8a11";

fn facts(name: &str, bytes: Vec<u8>) -> Facts {
    let dir = folder(&[(name, bytes)]);
    extract::facts(&dir.path().join(name), &[], &extract::Options::default())
}

fn claim(facts: &Facts) -> Ai {
    ai(&catalogue().evidence(facts))
}

/// A plain PNG with more chunks before its end.
fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let plain = sample("formats/plain.png");
    let end = plain.len() - 12;
    [&plain[..end], &chunks.concat(), &plain[end..]].concat()
}

fn text(key: &str, value: &str) -> Vec<u8> {
    let data = [key.as_bytes(), &[0], value.as_bytes()].concat();
    let mut sum = flate2::Crc::new();
    sum.update(b"tEXt");
    sum.update(&data);
    [&(data.len() as u32).to_be_bytes()[..], b"tEXt", &data, &sum.sum().to_be_bytes()].concat()
}

fn frame(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&id[..], &(body.len() as u32).to_be_bytes(), &[0, 0], body].concat()
}

/// A tag of ID3v2.3 before a little sound.
fn mp3(frames: &[Vec<u8>]) -> Vec<u8> {
    let tag = frames.concat();
    let len = [21, 14, 7, 0].map(|by| (tag.len() >> by & 0x7F) as u8);
    let sound = [&[0xFF, 0xFB, 0x90, 0x00][..], &[0; 413]].concat().repeat(4);
    [&b"ID3\x03\0\0"[..], &len, &tag, &sound].concat()
}

#[test]
fn a_mark_behind_thousands_of_other_values_counts() {
    let others: Vec<_> = (0..3_000).map(|n| text(&format!("key {n}"), "words")).collect();
    let picture = png(&[others.concat(), text("parameters", SETTINGS)]);
    assert_eq!(claim(&facts("a.png", picture)), Ai::Generated);
    let others: Vec<_> = (0..6_000).map(|n| frame(b"TXXX", format!("\0key {n}\0words").as_bytes())).collect();
    let sound = mp3(&[others.concat(), frame(b"COMM", format!("\0eng\0{SUNO}").as_bytes())]);
    assert_eq!(claim(&facts("a.mp3", sound)), Ai::Generated);
}

#[test]
fn a_mark_far_inside_of_a_long_value_counts() {
    for before in [17 * 1024, 300 * 1024] {
        let long = format!("{}\n{SETTINGS}", "word ".repeat(before / 5));
        assert_eq!(claim(&facts("a.png", png(&[text("parameters", &long)]))), Ai::Generated, "{before}");
        let blank = format!("\0eng\0{}{SUNO}", "\n".repeat(before));
        assert_eq!(claim(&facts("a.mp3", mp3(&[frame(b"COMM", blank.as_bytes())]))), Ai::Generated, "{before}");
    }
}

#[test]
fn a_mark_in_the_last_of_hundreds_of_pictures_counts_or_is_told() {
    let (other, last) = (words(), marked());
    let names: Vec<_> = (0..400).map(|n| format!("word/media/image{n}.png")).collect();
    let mut parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &other[..])).collect();
    parts.push(("word/media/z.png", &last));
    let facts = facts("a.docx", samples::zip::document("Title", "x", &parts));
    let told = facts.problems.iter().any(|problem| problem.blocking);
    assert!(claim(&facts) == Ai::Generated || told, "{:?}", facts.problems);
}

#[test]
fn more_values_than_are_kept_are_never_clean() {
    let others: Vec<_> = (0..70_000).map(|n| text(&format!("k{n}"), "v")).collect();
    let facts = facts("a.png", png(&[others.concat(), text("parameters", SETTINGS)]));
    let told = facts.problems.iter().any(|problem| problem.blocking);
    assert!(claim(&facts) == Ai::Generated || told, "{:?}", facts.problems);
}

/// A film with so many padding boxes, a marked picture in the last one.
fn padded(boxes: usize) -> Vec<u8> {
    let free = |body: &[u8]| [&(body.len() as u32 + 8).to_be_bytes()[..], b"free", body].concat();
    let mut out = b"\0\0\0\x14ftypisom\0\0\0\0isom".to_vec();
    for _ in 1..boxes {
        out.extend(free(&[0x55; 40]));
    }
    out.extend(free(&sample("delivery/final/hero_010.png")));
    out.extend(b"\0\0\0\x08moov");
    out
}

#[test]
fn a_picture_in_the_last_of_many_padding_boxes_counts_or_is_told() {
    assert_eq!(claim(&facts("a.mp4", padded(2))), Ai::Generated);
    assert_eq!(claim(&facts("a.mp4", padded(300))), Ai::Generated, "more than a few");
    let many = facts("a.mp4", padded(6_000));
    let told = many.problems.iter().any(|problem| problem.blocking);
    assert!(told || claim(&many) == Ai::Generated, "{:?}", many.problems);
}

/// A manifest goes by its namespace, whatever its prefix: where that is not known any more, the drawing is not clean.
#[test]
fn a_manifest_behind_very_many_namespaces_is_no_clean_drawing() {
    let drawing = |others: usize| {
        let others: String = (0..others).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect();
        let manifest = "<metadata><z:manifest xmlns:z='http://c2pa.org/manifest'>AAAA</z:manifest></metadata>";
        facts("a.svg", format!("<svg xmlns='http://www.w3.org/2000/svg'{others}>{manifest}</svg>").into_bytes())
    };
    let told =
        |facts: &Facts| facts.problems.iter().any(|problem| problem.blocking && problem.what.contains("namespaces"));
    assert!(!told(&drawing(20)) && told(&drawing(300)));
}
