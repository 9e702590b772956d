//! Every byte of a file is accounted for, and what is left over is looked at: files behind, before and between what a
//! format tells of.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::archives;
use countersign::extract;
use countersign::formats;
use countersign::identify::identify;
use countersign::left_over;
use countersign::marks::{ai, catalogue};
use countersign::model::{Ai, Extraction, Facts, Via};
use countersign::source::Source;

use crate::samples;
use crate::samples::archives::taped;
use crate::shared::archived::{folder, marked, sample};
use crate::shared::prerequisite;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut out: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    out.retain(|path| !path.to_string_lossy().ends_with(".facts.json"));
    out.sort();
    out
}

fn facts(path: &Path) -> Facts {
    extract::facts(path, &[], &extract::Options::default())
}

fn claim(facts: &Facts) -> Ai {
    ai(&catalogue().evidence(facts))
}

/// What is one file when it is joined: host, what stands behind it, why.
const JOINED: &[(&str, &[&str], &str)] = &[
    (
        "gzip",
        &[
            "zip",
            "jpeg",
            "png",
            "pdf",
            "mp3",
            "gif",
            "tiff",
            "webp",
            "mp4",
            "matroska",
            "flac",
            "sealed-archive",
            "gzip",
        ],
        "what follows the packed bytes is a problem of what they unfold to",
    ),
    ("mp3", &["mp3"], "frames that follow frames are one stream"),
];

/// Files that may stand behind another one, each with a mark in it.
fn guests() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("zip", samples::zip::archive(&[("still.png", &marked())])),
        ("jpeg", sample("formats/xmp-generated.jpg")),
        ("png", marked()),
        ("pdf", sample("formats/pdf-xmp.pdf")),
        ("mp3", sample("formats/mp3-aigc.mp3")),
        ("gif", sample("formats/xmp-generated.gif")),
        ("tiff", sample("formats/tiff-dst.tif")),
        ("webp", sample("formats/webp-xmp.webp")),
        ("mp4", sample("formats/mp4_aigc_keys.mp4")),
        ("matroska", sample("formats/matroska-aigc-late.mkv")),
        ("flac", sample("formats/flac-aigc.flac")),
        ("gzip", samples::archives::gzip(None, &marked())),
        ("sealed-archive", [b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), vec![0xA5; 300]].concat()),
    ]
}

#[test]
fn what_stands_behind_any_file_is_never_passed_over() {
    let mut hosts: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in fixtures() {
        let facts = facts(&path);
        let silent = claim(&facts) == Ai::None && !facts.problems.iter().any(|p| p.blocking);
        if let Some(format) = facts.format.filter(|_| silent) {
            hosts.entry(format.to_string()).or_insert(path);
        }
    }
    assert!(hosts.len() > 40, "{hosts:?}");
    let dir = tempfile::tempdir().unwrap();
    let mut missed = Vec::new();
    for (format, path) in &hosts {
        for (guest, bytes) in guests() {
            let both = [std::fs::read(path).unwrap(), bytes].concat();
            let to = dir.path().join(path.file_name().unwrap());
            std::fs::write(&to, both).unwrap();
            let facts = facts(&to);
            let opened = archives::opens(facts.format) && guest == "zip";
            let found = claim(&facts) == Ai::Generated || !facts.archives.is_empty() || opened;
            let unread = facts.format.is_none() && facts.named.is_some();
            let reason = JOINED.iter().any(|(host, joined, _)| host == format && joined.contains(&guest));
            if !found && !unread && !reason && !facts.problems.iter().any(|p| p.blocking) {
                missed.push(format!("{format} + {guest}: {:?}", facts.problems));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

/// What the reader of a file accounted for; `None` for what is no format.
fn read(path: &Path) -> Option<(Source, &'static dyn formats::Format, Extraction)> {
    let mut source = Source::open(path).ok()?;
    let format = identify(&mut source).ok()??;
    let mut out = Extraction::default();
    drop(format.read(&mut source, &mut out));
    Some((source, format, out))
}

fn sums(path: &Path) {
    let Some((source, _, out)) = read(path) else { return };
    let (len, coverage) = (source.len(), &out.coverage);
    let left: u64 = coverage.left_over(len).iter().map(|range| range.end - range.start).sum();
    assert_eq!(coverage.covered(len) + left, len, "{}: {coverage:?}", path.display());
}

#[test]
fn what_is_covered_and_what_is_left_over_are_the_whole_file() {
    fixtures().iter().for_each(|path| sums(path));
    match prerequisite::corpus() {
        Some(corpus) => files(&corpus).iter().for_each(|path| sums(path)),
        None => prerequisite::absent("corpus", "no corpus"),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => out.push(entry.path()),
                _ => {}
            }
        }
    }
    out.sort();
    out
}

/// Genuine files hold no other file in what is left over.
#[test]
fn nothing_is_found_in_what_genuine_files_leave_over() {
    let Some(corpus) = prerequisite::corpus() else { return prerequisite::absent("corpus", "no corpus") };
    let (mut read_through, mut found) = (0, Vec::new());
    for path in files(&corpus.join("negatives")) {
        let Some((mut source, format, out)) = read(&path) else { continue };
        let rest = left_over::look(&mut source, format, &out.coverage).unwrap();
        read_through += 1;
        for file in rest.files {
            found.push(format!("{}: {} at {:?}", path.display(), file.format.info().id, file.span));
        }
        for range in out.coverage.left_over(source.len()).iter().filter(|_| !out.coverage.is_unsaid()) {
            println!("{}: {range:?} of {} left over", path.display(), source.len());
        }
    }
    assert!(read_through > 200, "{read_through}");
    assert!(found.is_empty(), "{found:#?}");
}

/// The names of all members that are opened in a file, however it holds them.
fn members(path: &Path) -> Vec<String> {
    let mut text = path.as_os_str().to_owned();
    text.push("!");
    let found = archives::folder(Path::new(&text), &countersign::io::TempSpace::outside(&[])).unwrap();
    let names = found.unwrap_or_default().into_iter();
    names.map(|(path, _)| path.to_string_lossy().rsplit_once("!/").unwrap().1.to_owned()).collect()
}

#[test]
fn an_archive_behind_a_picture_is_opened_like_any() {
    let archive = samples::zip::archive(&[("still.png", &marked())]);
    for host in ["plain.png", "plain.gif", "plain.jpg", "plain.bmp", "matroska-words.mkv", "tiff-caption.tif"] {
        let dir = folder(&[("stills.zip", [sample(&format!("formats/{host}")), archive.clone()].concat())]);
        let path = dir.path().join("stills.zip");
        assert_eq!(facts(&path).archives.len(), 1, "{host}");
        assert_eq!(members(&path), ["still.png"], "{host}");
    }
}

#[test]
fn a_tape_archive_that_begins_like_another_format_is_one_all_the_same() {
    for name in ["GIF89a;", "<svg ></svg>", "BM6", "%PDF-1.4"] {
        let dir = folder(&[("a.tar", samples::archives::tar(&[taped(name, b"x"), taped("still.png", &marked())]))]);
        assert!(members(&dir.path().join("a.tar")).contains(&"still.png".to_owned()), "{name}");
    }
}

#[test]
fn a_disk_image_behind_a_picture_is_not_clean() {
    let mut image = sample("formats/plain.png");
    image.resize(0x8000, 0);
    image.extend(b"\x01CD001\x01");
    image.resize(0x9000, 0);
    let dir = folder(&[("a.png", image)]);
    assert!(facts(&dir.path().join("a.png")).problems.iter().any(|p| p.blocking && p.what.contains("ISO 9660")));
}

#[test]
fn a_run_in_that_is_a_picture_hides_no_film() {
    let film = sample("formats/mxf-aigc-tagged-value.mxf");
    let dir = folder(&[("a.mxf", [b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), film].concat())]);
    let facts = facts(&dir.path().join("a.mxf"));
    assert_eq!(claim(&facts), Ai::Generated);
    assert!(catalogue().evidence(&facts).iter().any(|evidence| evidence.via == Via::Appended));
}

#[test]
fn padding_and_parts_without_a_meaning_hold_no_other_file() {
    let chunk = |kind: &[u8], body: &[u8]| {
        let mut out = [kind, &(body.len() as u32).to_le_bytes(), body].concat();
        out.resize(out.len().next_multiple_of(2), 0);
        out
    };
    let picture = marked();
    let sound = sample("formats/wav-broadcast.wav");
    let mut wav = [&sound[..], &chunk(b"JUNK", &picture)].concat();
    let len = wav.len() as u32 - 8;
    wav[4..8].copy_from_slice(&len.to_le_bytes());
    let free = [&(picture.len() as u32 + 8).to_be_bytes()[..], b"free", &picture].concat();
    let mp4 = [sample("formats/mp4_words_in_title.mp4"), free].concat();
    let dir = folder(&[("a.wav", wav), ("a.mp4", mp4)]);
    for name in ["a.wav", "a.mp4"] {
        assert_eq!(claim(&facts(&dir.path().join(name))), Ai::Generated, "{name}");
    }
}

#[test]
fn words_and_zeros_before_another_file_do_not_hide_it() {
    let noise: Vec<u8> = (0..3_000u32).map(|n| (n * n % 251) as u8 | 1).collect();
    let before = [b"words that stand between. ".repeat(40), noise, vec![0; 5_000], vec![0; 70_000]];
    let guests = [marked(), sample("formats/xmp-generated.jpg"), sample("formats/mp4_aigc_keys.mp4")];
    for host in ["plain.png", "plain.gif", "plain.jpg", "plain.bmp", "wav-broadcast.wav", "mp4_words_in_title.mp4"] {
        for between in &before {
            for guest in &guests {
                let dir = folder(&[(host, [&sample(&format!("formats/{host}"))[..], between, guest].concat())]);
                let facts = facts(&dir.path().join(host));
                assert_eq!(claim(&facts), Ai::Generated, "{host}, {} bytes: {:?}", between.len(), facts.problems);
            }
        }
    }
}

#[test]
fn a_disk_image_that_only_its_end_tells_is_not_clean_behind_a_picture() {
    let image = [&[0x5A; 1_000][..], b"koly\0\0\0\x04\0\0\x02\0", &[0; 500]].concat();
    for host in ["plain.png", "plain.gif", "plain.bmp", "wav-broadcast.wav"] {
        let dir = folder(&[(host, [sample(&format!("formats/{host}")), image.clone()].concat())]);
        assert!(facts(&dir.path().join(host)).problems.iter().any(|problem| problem.blocking), "{host}");
    }
}

#[test]
fn chunks_behind_the_stated_end_are_another_file() {
    let first = sample("formats/wav-broadcast.wav");
    for (name, bytes) in [
        ("wav", sample("formats/wav-aigc.wav")),
        ("tiff", sample("formats/tiff-dst.tif")),
        ("webp", sample("formats/webp-xmp.webp")),
    ] {
        let dir = folder(&[("a.wav", [&first[..], &bytes].concat())]);
        assert_eq!(claim(&facts(&dir.path().join("a.wav"))), Ai::Generated, "{name}");
    }
    let tape = samples::archives::tar(&[taped("still.png", &marked())]);
    let dir = folder(&[("a.wav", [first, tape].concat())]);
    assert_eq!(members(&dir.path().join("a.wav")), ["still.png"]);
}

#[test]
fn blocks_and_boxes_that_nobody_reads_hold_no_other_file() {
    let picture = marked();
    let sound = sample("formats/flac-caption.flac");
    // Behind STREAMINFO, which is the first block and has 34 bytes.
    for kind in [1, 2, 99] {
        let len = (picture.len() as u32 + 4).to_be_bytes();
        let block = [&[kind][..], &len[1..], b"abcd", &picture].concat();
        let dir = folder(&[("a.flac", [&sound[..42], &block, &sound[42..]].concat())]);
        assert_eq!(claim(&facts(&dir.path().join("a.flac"))), Ai::Generated, "block {kind}");
    }
    let boxed = |kind: &[u8], before: &[u8]| {
        let len = (picture.len() + before.len() + 8) as u32;
        [&len.to_be_bytes()[..], kind, before, &picture].concat()
    };
    for (host, more) in
        [("jp2_xmp_caption.jp2", boxed(b"abcd", b"")), ("mp4_words_in_title.mp4", boxed(b"uuid", &[0x5A; 16]))]
    {
        let dir = folder(&[(host, [sample(&format!("formats/{host}")), more].concat())]);
        assert_eq!(claim(&facts(&dir.path().join(host))), Ai::Generated, "{host}");
    }
}

#[test]
fn zeros_behind_the_end_are_no_remark_and_words_are_a_harmless_one() {
    for (rest, remarks) in [(vec![0; 4_000], 0), (b"\r\n".to_vec(), 0), (b"nobody knows what this is. ".repeat(9), 1)] {
        let dir = folder(&[("a.bmp", [sample("formats/plain.bmp"), rest].concat())]);
        let problems = facts(&dir.path().join("a.bmp")).problems;
        assert_eq!(problems.len(), remarks, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.blocking));
    }
}

#[test]
fn a_document_is_one_by_its_parts_and_its_pictures_are_pictures_by_their_bytes() {
    let picture = marked();
    let plain = samples::zip::archive(&[("word/note.txt", b"hi"), ("still.png", &picture)]);
    let book = samples::zip::archive(&[("mimetype", b"application/epub+zip"), ("still.png", &picture)]);
    let odd = samples::zip::document("Title", "x", &[("word/media/image1.jfif", &picture), ("word/theme.bin", b"no")]);
    let dir = folder(&[("a.zip", plain), ("b.zip", book), ("a.docx", odd)]);
    assert_eq!(members(&dir.path().join("a.zip")), ["still.png"]);
    assert!(members(&dir.path().join("b.zip")).contains(&"still.png".to_owned()));
    assert_eq!(claim(&facts(&dir.path().join("a.docx"))), Ai::Generated);
    let inner = samples::zip::archive(&[("still.png", &picture)]);
    let nested = samples::zip::document("Title", "x", &[("word/embeddings/data.bin", &inner)]);
    let dir = folder(&[("a.docx", nested)]);
    assert!(facts(&dir.path().join("a.docx")).problems.iter().any(|problem| problem.blocking));
}

#[test]
fn names_of_systems_hide_no_media_in_archives() {
    let names = [("$RECYCLE.BIN/still.png", &marked()[..]), (".DS_Store", b"\0\0\0\x01Bud1"), ("a.txt", b"words")];
    let packed = samples::archives::gzip(Some(".DS_Store"), &marked());
    let dir = folder(&[("a.zip", samples::zip::archive(&names)), ("poster.png.gz", packed)]);
    let inside = |path: &str| {
        let space = countersign::io::TempSpace::outside(&[]);
        archives::find(&dir.path().join(path), &space)
    };
    assert!(inside("a.zip!/$RECYCLE.BIN/still.png").unwrap().is_some());
    assert!(inside("a.zip!/.DS_Store").is_err());
    assert_eq!(members(&dir.path().join("poster.png.gz")), ["poster.png (.DS_Store)"]);
}
