//! Copies of known AI material that have lost their marks, by the real program: pictures and sounds are made here with
//! fixed seeds, changed as deliveries change them, and looked for.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../../crates/matching/evaluation/mod.rs"]
pub(crate) mod evaluation;

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use evaluation::{changes, scenes, sounds};
use image::{DynamicImage, ImageFormat, RgbImage, imageops};
use serde_json::{Value, json};

use crate::shared::{prerequisite, schema};

/// The longer side of the pictures.
const SIDE: usize = 480;
const SOURCE_TYPE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

pub(crate) fn countersign(here: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .current_dir(here)
        .env("COUNTERSIGN_CONFIG", here.join("no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap()
}

/// The exit code and the JSON report of a scan of `delivery` in this folder.
pub(crate) fn scan(here: &Path, more: &[&str]) -> (i32, Value) {
    let output = countersign(here, &[&["scan", "delivery", "--report", "json", "--no-progress"], more].concat());
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), report)
}

pub(crate) fn row<'a>(report: &'a Value, path: &str) -> &'a Value {
    report["assets"].as_array().unwrap().iter().find(|a| a["path"] == path).unwrap_or_else(|| panic!("no {path}"))
}

/// The severity and state of the finding that speaks of a copy.
pub(crate) fn copied(row: &Value) -> Option<(&str, &str)> {
    let finding = row["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "copy-of-known-ai")?;
    Some((finding["severity"].as_str().unwrap(), finding["state"].as_str().unwrap()))
}

pub(crate) fn picture(seed: u64) -> RgbImage {
    changes::image_of(&scenes::scene(seed, SIDE))
}

pub(crate) fn put(folder: &Path, rel: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(rel);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

pub(crate) fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image.clone()).write_to(&mut out, format).unwrap();
    out.into_inner()
}

pub(crate) fn png(image: &RgbImage) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

/// A PNG that says in XMP that a model made it.
pub(crate) fn marked(image: &RgbImage) -> Vec<u8> {
    let xmp = format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description rdf:about='' xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' \
         Iptc4xmpExt:DigitalSourceType='{SOURCE_TYPE}'/></rdf:RDF></x:xmpmeta>"
    );
    let chunk = [b"iTXtXML:com.adobe.xmp\0\0\0\0\0".as_slice(), xmp.as_bytes()].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    let length = u32::try_from(chunk.len() - 4).unwrap().to_be_bytes();
    let plain = png(image);
    // After the signature and IHDR.
    [&plain[..33], &length, &chunk, &crc.sum().to_be_bytes(), &plain[33..]].concat()
}

pub(crate) fn wav(samples: &[f32], rate: u32, more: &[u8]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|s| ((s.clamp(-1.0, 1.0) * 32_000.0) as i16).to_le_bytes()).collect();
    let mut out = b"RIFF".to_vec();
    out.extend((36 + data.len() as u32 + more.len() as u32).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend(rate.to_le_bytes());
    out.extend((rate * 2).to_le_bytes());
    out.extend(b"\x02\0\x10\0data");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out.extend(more);
    out
}

/// What a picture becomes on its way into a delivery, each under a name before or behind that of its original.
fn deliver(folder: &Path, seed: u64) -> Vec<&'static str> {
    let image = picture(seed);
    let jpeg = |image: &RgbImage| encoded(&changes::jpeg(image, 70), ImageFormat::Jpeg);
    let half = changes::scaled(&image, image.width() / 2, image.height() / 2);
    let bars = changes::framed(&image, [0.0, 0.15, 0.0, 0.15], 0);
    let mirror = imageops::flip_horizontal(&image);
    let all = [
        ("delivery/a/again.jpg", jpeg(&image)),
        ("delivery/a/half.jpg", jpeg(&half)),
        ("delivery/z/bars.png", png(&bars)),
        ("delivery/z/mirror.png", png(&mirror)),
        ("delivery/z/graded.jpg", jpeg(&changes::grade(&image))),
    ];
    all.iter().for_each(|(rel, bytes)| drop(put(folder, rel, bytes)));
    all.map(|(rel, _)| rel.strip_prefix("delivery/").unwrap()).to_vec()
}

#[test]
fn copies_of_marked_assets_are_found_before_and_behind_them_whatever_the_number_of_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let copies = deliver(dir.path(), 3);
    put(dir.path(), "delivery/m/original.png", &marked(&picture(3)));
    put(dir.path(), "delivery/a/rewrapped.webp", &encoded(&picture(3), ImageFormat::WebP));
    for seed in [4, 11, 19, 27] {
        put(dir.path(), &format!("delivery/b/other-{seed}.png"), &png(&picture(seed)));
    }
    let other_take = scenes::Take { pose: 9, shift: (0.05, 0.02), zoom: 1.0, night: false };
    let other_take = changes::image_of(&scenes::take(3, SIDE, other_take));
    put(dir.path(), "delivery/b/other-take.png", &png(&other_take));
    put(dir.path(), "delivery/b/black.png", &png(&RgbImage::new(320, 200)));
    // Its marks are read, its pixels are not: nothing can be compared with it.
    let cut = marked(&picture(30));
    put(dir.path(), "delivery/b/cut.png", &cut[..cut.len() / 3]);

    let (code, plain) = scan(dir.path(), &[]);
    assert_eq!(code, 1);
    assert!(plain["assets"].as_array().unwrap().iter().all(|row| copied(row).is_none()));
    assert!(plain["summary"].get("matching").is_none());

    let (code, mut report) = scan(dir.path(), &["--match", "--jobs", "1"]);
    assert_eq!(code, 1);
    for copy in copies {
        let row = row(&report, copy);
        assert_eq!(copied(row), Some(("error", "open")), "{copy}: {row:#}");
        let evidence = row["evidence"].as_array().unwrap().iter().find(|e| e["mark"] == "known.copy").unwrap();
        assert_eq!((&evidence["strength"], &evidence["via"]), (&json!("similar"), &json!("reference")));
        assert_eq!(evidence["claim"], "generated");
        assert_eq!(evidence["of"]["asset"], "m/original.png");
        assert_eq!((&evidence["of"]["index"], &evidence["of"]["record"]), (&Value::Null, &Value::Null));
        assert_eq!(evidence["of"]["relation"], "copy");
        assert!(evidence["of"]["distance"].as_u64().unwrap() <= 31);
        assert_eq!(row["ai"], "generated");
    }
    let same = row(&report, "a/rewrapped.webp");
    assert_eq!(same["evidence"][0]["of"]["relation"], "same-pixels", "{same:#}");
    assert_eq!(copied(row(&report, "m/original.png")), None);
    for other in ["b/other-4.png", "b/other-11.png", "b/other-19.png", "b/other-27.png", "b/other-take.png"] {
        assert!(copied(row(&report, other)).is_none_or(|(severity, _)| severity == "note"), "{other}");
    }
    let black = row(&report, "b/black.png");
    assert_eq!(black["evidence"], json!([]));
    assert_eq!(black["problems"][0]["where"], "matching", "{black:#}");
    assert_eq!(black["problems"][0]["blocking"], false);
    let matching = &report["summary"]["matching"];
    assert_eq!(
        (&matching["known"], &matching["not_compared"], &matching["left_out"]),
        (&json!(1), &json!(1), &json!(1))
    );

    let published = serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
    assert_eq!(schema::faults(&published, &report), Vec::<String>::new());
    let (_, mut other) = scan(dir.path(), &["--match", "--jobs", "8"]);
    report["run"] = Value::Null;
    other["run"] = Value::Null;
    assert_eq!(report, other);
}

#[test]
fn what_only_looks_alike_is_a_note() {
    let dir = tempfile::tempdir().unwrap();
    let slates = scenes::hard_negatives(SIDE).into_iter().filter(|pair| pair.kind.contains("slate"));
    let pairs: Vec<_> = slates.step_by(2).collect();
    assert!(pairs.len() >= 8);
    for (number, pair) in pairs.iter().enumerate() {
        let (one, two) = (changes::image_of(&pair.one), changes::image_of(&pair.two));
        put(dir.path(), &format!("delivery/{number}/a.png"), &marked(&one));
        put(dir.path(), &format!("delivery/{number}/b.png"), &png(&two));
    }
    let (_, report) = scan(dir.path(), &["--match"]);
    let mut notes = 0;
    for number in 0..pairs.len() {
        let row = row(&report, &format!("{number}/b.png"));
        // Its own slate or another one: none of them is its copy.
        assert!(copied(row).is_none_or(|(severity, _)| severity == "note"), "{row:#}");
        notes += usize::from(copied(row).is_some());
    }
    assert!(notes > 0, "slates are near each other, and a person should look");
}

#[test]
fn an_index_is_written_read_and_refused_where_it_is_none() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "renders/idea.png", &png(&picture(5)));
    put(dir.path(), "renders/notes.txt", b"words");
    deliver(dir.path(), 5);
    let output = countersign(dir.path(), &["index", "renders", "--out", "known.idx"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let first = std::fs::read(dir.path().join("known.idx")).unwrap();
    let again = countersign(dir.path(), &["index", "renders", "--out", "again.idx", "--jobs", "1"]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(first, std::fs::read(dir.path().join("again.idx")).unwrap());

    let (code, report) = scan(dir.path(), &["--known", "known.idx"]);
    assert_eq!(code, 1);
    let found = row(&report, "a/half.jpg");
    assert_eq!(copied(found), Some(("error", "open")));
    let of = &found["evidence"][0]["of"];
    assert_eq!((&of["asset"], &of["index"]), (&json!("idea.png"), &json!("known.idx")));
    let (code, _) = scan(dir.path(), &["--known", "known.idx", "--no-match"]);
    assert_eq!(code, 0);

    let inside = countersign(dir.path(), &["index", "renders", "--out", "renders/known.idx"]);
    assert_eq!(inside.status.code(), Some(3));
    assert!(!dir.path().join("renders/known.idx").exists());
    let mut flipped = first.clone();
    flipped[first.len() / 2] ^= 1;
    let mut other_version = first.clone();
    other_version[8] = 99;
    let hostile = [("flipped", flipped), ("cut", first[..first.len() / 2].to_vec()), ("version", other_version)];
    for (what, bytes) in hostile.into_iter().chain([("empty", vec![]), ("words", b"no index at all".to_vec())]) {
        put(dir.path(), "bad.idx", &bytes);
        let output = countersign(dir.path(), &["scan", "delivery", "--known", "bad.idx"]);
        assert_eq!(output.status.code(), Some(3), "{what}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("bad.idx") && said.contains("not a usable index"), "{what}: {said}");
    }
    let missing = countersign(dir.path(), &["scan", "delivery", "--known", "nowhere.idx"]);
    assert_eq!(missing.status.code(), Some(3));
}

#[test]
fn a_copy_of_what_was_approved_names_the_record_until_its_own_bytes_are_approved() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "approved/still.png", &marked(&picture(6)));
    put(dir.path(), "delivery/still.jpg", &encoded(&changes::jpeg(&picture(6), 60), ImageFormat::Jpeg));
    let approve = |file: &str| {
        let terms = ["--by", "Jane Doe", "--reference", "LGL-7", "--approvals", "ledger.jsonl"];
        let output = countersign(dir.path(), &[&["approve", file], terms.as_slice()].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    };
    approve("approved/still.png");
    let (code, report) = scan(dir.path(), &["--approvals", "ledger.jsonl"]);
    assert_eq!(code, 0, "without matching nothing is known of it: {report:#}");
    let (code, report) = scan(dir.path(), &["--approvals", "ledger.jsonl", "--match"]);
    let found = row(&report, "still.jpg");
    assert_eq!((code, copied(found)), (1, Some(("error", "open"))), "{found:#}");
    let finding = &found["findings"][0];
    let record = found["evidence"][0]["of"]["record"].as_str().unwrap();
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains(&format!("a copy of what was approved as LGL-7 (record {record}, ")), "{message}");
    assert!(message.contains("approve these bytes"), "{message}");
    assert_eq!(finding["approval"], record);
    assert!(finding["help"].as_str().unwrap().contains("countersign approve delivery/still.jpg"), "{finding:#}");

    approve("delivery/still.jpg");
    let (code, report) = scan(dir.path(), &["--approvals", "ledger.jsonl", "--match"]);
    assert_eq!((code, copied(row(&report, "still.jpg"))), (0, Some(("error", "approved"))));
}

#[test]
fn two_files_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let image = picture(7);
    let files = [
        ("a.png", png(&image)),
        ("bytes.png", png(&image)),
        ("pixels.webp", encoded(&image, ImageFormat::WebP)),
        ("copy.jpg", encoded(&changes::jpeg(&image, 60), ImageFormat::Jpeg)),
        ("mirror.png", png(&imageops::flip_horizontal(&image))),
        ("subtitled.png", png(&changes::subtitled(&image))),
        ("other.png", png(&picture(8))),
        ("black.png", png(&RgbImage::new(300, 200))),
        ("words.txt", b"words".to_vec()),
        ("music.wav", wav(&sounds::music(3, 20.0), 16_000, b"")),
        ("longer.wav", wav(&sounds::music(3, 20.0), 16_000, b"note\x04\0\0\0abcd")),
        ("cut.wav", wav(&sounds::music(3, 20.0)[16_000 * 5..], 16_000, b"")),
        ("other.wav", wav(&sounds::music(4, 20.0), 16_000, b"")),
    ];
    files.iter().for_each(|(name, bytes)| drop(put(dir.path(), name, bytes)));
    for (a, b, relation) in [
        ("a.png", "bytes.png", "same-bytes"),
        ("a.png", "pixels.webp", "same-pixels"),
        ("a.png", "copy.jpg", "copy"),
        ("mirror.png", "a.png", "copy"),
        ("a.png", "subtitled.png", "look"),
        ("a.png", "other.png", "different"),
        ("a.png", "black.png", "not-compared"),
        ("a.png", "words.txt", "not-compared"),
        ("a.png", "music.wav", "not-compared"),
        ("music.wav", "longer.wav", "same-samples"),
        ("music.wav", "cut.wav", "copy"),
        ("music.wav", "other.wav", "different"),
    ] {
        let output = countersign(dir.path(), &["compare", a, b, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(value["relation"], relation, "{a} and {b}: {value}");
        for key in ["distance", "votes", "variant"] {
            assert!(value.get(key).is_some(), "{key}");
        }
        assert_eq!(value.get("reason").is_some(), relation == "not-compared", "{value}");
        let page = countersign(dir.path(), &["compare", a, b]);
        assert_eq!(page.status.code(), Some(0));
        assert!(String::from_utf8(page.stdout).unwrap().lines().count() >= 3);
    }
    assert_eq!(countersign(dir.path(), &["compare", "a.png", "nowhere.png"]).status.code(), Some(3));
}

#[test]
fn music_that_is_known_is_found_in_other_files() {
    let dir = tempfile::tempdir().unwrap();
    let music = sounds::music(11, 20.0);
    put(dir.path(), "songs/tune.wav", &wav(&music, 16_000, b""));
    put(dir.path(), "delivery/again.wav", &wav(&music, 16_000, b"note\x04\0\0\0abcd"));
    let mixed = sounds::under_speech(&music, &sounds::speech(5, 20.0), -6.0);
    put(dir.path(), "delivery/mixed.wav", &wav(&mixed, 16_000, b""));
    put(dir.path(), "delivery/other.wav", &wav(&sounds::music(12, 20.0), 16_000, b""));
    assert_eq!(countersign(dir.path(), &["index", "songs", "--out", "known.idx"]).status.code(), Some(0));
    let (code, report) = scan(dir.path(), &["--known", "known.idx"]);
    assert_eq!(code, 1);
    let of = |path: &str| row(&report, path)["evidence"][0]["of"].clone();
    assert_eq!(of("again.wav")["relation"], "same-samples");
    assert_eq!(of("mixed.wav")["relation"], "copy");
    assert!(of("mixed.wav")["votes"].as_u64().unwrap() >= 30);
    assert_eq!(row(&report, "other.wav")["evidence"], json!([]));
}

#[test]
fn a_still_is_found_in_a_clip() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "still.png", &png(&picture(16)));
    put(dir.path(), "other.png", &png(&picture(20)));
    put(dir.path(), "renders/still.png", &png(&picture(16)));
    std::fs::create_dir(dir.path().join("delivery")).unwrap();
    let size = "scale=480:320,setsar=1,fps=12,format=yuv420p";
    let made = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "quiet",
            "-loop",
            "1",
            "-t",
            "4",
            "-i",
            "other.png",
            "-loop",
            "1",
            "-t",
            "4",
            "-i",
            "still.png",
        ])
        .args(["-filter_complex", &format!("[0:v]{size}[a];[1:v]{size}[b];[a][b]concat=n=2:v=1[v]"), "-map", "[v]"])
        .args(["-c:v", "mpeg4", "-q:v", "4", "delivery/cut.mp4"])
        .current_dir(dir.path())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return prerequisite::absent("ffmpeg", "no ffmpeg here; clips were not looked up");
    }
    assert_eq!(countersign(dir.path(), &["index", "renders", "--out", "known.idx"]).status.code(), Some(0));
    let (_, report) = scan(dir.path(), &["--known", "known.idx"]);
    let clip = row(&report, "cut.mp4");
    assert_eq!(copied(clip), Some(("error", "open")), "{clip:#}");
    let place = clip["evidence"][0]["where"].as_str().unwrap();
    assert!(place.starts_with("frames from 0:00:0"), "{place}");
}

#[test]
fn the_page_shows_both_pictures() {
    let dir = tempfile::tempdir().unwrap();
    deliver(dir.path(), 3);
    put(dir.path(), "delivery/m/original.png", &marked(&picture(3)));
    let report = ["--match", "--report", "html=page.html"];
    let output = countersign(dir.path(), &[&["scan", "delivery"], report.as_slice()].concat());
    assert_eq!(output.status.code(), Some(1));
    let page = std::fs::read_to_string(dir.path().join("page.html")).unwrap();
    let pictures = page.lines().filter(|line| line.contains("\"jpeg\":"));
    let known = pictures.clone().filter(|line| line.contains("\"known\":true")).count();
    assert_eq!((pictures.count(), known), (11, 5));
    assert!(page.contains("\"asset\":\"m/original.png\""));
}
