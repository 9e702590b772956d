//! Archival evidence by the program: made forgeries, each told with the line that gives it away, and honest files beside them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::shared::document::program;

use std::path::Path;

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

fn with_segment(image: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u16 + 2).to_be_bytes();
    [&image[..2], &[0xFF, marker], &len, body, &image[2..]].concat()
}

fn xmp(image: &[u8], fields: &str) -> Vec<u8> {
    let packet = format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:xmpMM='http://ns.adobe.com/xap/1.0/mm/' \
         xmlns:stEvt='http://ns.adobe.com/xap/1.0/sType/ResourceEvent#' xmlns:dcterms='http://purl.org/dc/terms/' \
         xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'>{fields}</rdf:Description></rdf:RDF></x:xmpmeta>"
    );
    with_segment(image, 0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat())
}

/// What a camera writes, and a thumbnail.
struct Camera {
    make: &'static str,
    model: &'static str,
    note: &'static [u8],
    lens: &'static str,
    taken: &'static str,
    changed: &'static str,
    size: (u32, u32),
}

/// A camera of 2004, as it is.
const HONEST: Camera = Camera {
    make: "NIKON CORPORATION",
    model: "NIKON D70",
    note: b"Nikon\0\x02\x10\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0",
    lens: "18-70mm f/3.5-4.5",
    taken: "2005:01:14 08:57:59",
    changed: "2005:01:14 08:57:59",
    size: (480, 320),
};

impl Camera {
    /// This camera's EXIF block (CIPA DC-008): IFD0, the EXIF directory, and IFD1 with a thumbnail.
    fn exif(&self, thumbnail: &[u8]) -> Vec<u8> {
        let text = |s: &str| [s.as_bytes(), b"\0"].concat();
        let first = [(0x010F_u16, text(self.make)), (0x0110, text(self.model)), (0x0132, text(self.changed))];
        let second = [
            (0x829A_u16, 5_u16, [1_u32.to_le_bytes(), 60_u32.to_le_bytes()].concat()),
            (0x9003, 2, text(self.taken)),
            (0x927C, 7, self.note.to_vec()),
            (0xA002, 4, self.size.0.to_le_bytes().to_vec()),
            (0xA003, 4, self.size.1.to_le_bytes().to_vec()),
            (0xA434, 2, text(self.lens)),
        ];
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
        };
        let table = |rows: usize| 2 + rows as u32 * 12 + 4;
        let (own, exif_at) = (table(4), 8 + table(4));
        let thumbnail_at = exif_at + table(second.len());
        let mut heap_at = thumbnail_at + table(2);
        let mut heap = Vec::new();
        let mut kept = |bytes: &[u8], kind: u16, width: u32| {
            let count = bytes.len() as u32 / width;
            if bytes.len() <= 4 {
                let mut value = [0; 4];
                value[..bytes.len()].copy_from_slice(bytes);
                return (kind, count, value);
            }
            let at = heap_at;
            heap.extend_from_slice(bytes);
            heap_at += bytes.len() as u32;
            (kind, count, at.to_le_bytes())
        };
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        out.extend(4_u16.to_le_bytes());
        for (tag, value) in &first {
            let (kind, count, value) = kept(value, 2, 1);
            out.extend(entry(*tag, kind, count, value));
        }
        out.extend(entry(0x8769, 4, 1, exif_at.to_le_bytes()));
        out.extend(thumbnail_at.to_le_bytes());
        assert_eq!(out.len() as u32, 8 + own);
        out.extend((second.len() as u16).to_le_bytes());
        for (tag, kind, value) in &second {
            let width = match kind {
                5 => 8,
                4 => 4,
                _ => 1,
            };
            let (kind, count, value) = kept(value, *kind, width);
            out.extend(entry(*tag, kind, count, value));
        }
        out.extend([0; 4]);
        let (_, _, at) = kept(thumbnail, 7, 1);
        out.extend(2_u16.to_le_bytes());
        out.extend(entry(0x0201, 4, 1, at));
        out.extend(entry(0x0202, 4, 1, (thumbnail.len() as u32).to_le_bytes()));
        out.extend([0; 4]);
        out.extend(heap);
        [b"Exif\0\0".to_vec(), out].concat()
    }

    /// A picture, with this camera's fields and its thumbnail of that picture.
    fn file(&self, picture: &GrayImage) -> Vec<u8> {
        self.file_with(picture, picture)
    }

    fn file_with(&self, picture: &GrayImage, of_thumbnail: &GrayImage) -> Vec<u8> {
        let small = jpeg(&imageops::thumbnail(of_thumbnail, 160, 107));
        with_segment(&jpeg(picture), 0xE1, &self.exif(&small))
    }
}

fn scanned(folder: &Path, files: &[(&str, Vec<u8>)], more: &[&str]) -> Value {
    for (name, bytes) in files {
        let path = folder.join("d").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let output = program(folder, env!("CARGO_BIN_EXE_countersign"))
        .args(["scan", "d", "--role", "archival", "--report", "json", "--no-progress"])
        .args(more)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn row<'v>(report: &'v Value, name: &str) -> &'v Value {
    report["assets"].as_array().unwrap().iter().find(|asset| asset["path"] == name).unwrap()
}

/// The first line against the asset of which the words hold.
fn against<'v>(row: &'v Value, words: &str) -> Option<&'v Value> {
    row["archive"]["against"].as_array().unwrap().iter().find(|line| line["what"].as_str().unwrap().contains(words))
}

fn of_history(steps: &[(&str, &str)]) -> String {
    let one = |(when, agent): &(&str, &str)| {
        format!(
            "<rdf:li rdf:parseType='Resource'><stEvt:action>saved</stEvt:action><stEvt:when>{when}</stEvt:when>\
            <stEvt:softwareAgent>{agent}</stEvt:softwareAgent></rdf:li>"
        )
    };
    format!("<xmpMM:History><rdf:Seq>{}</rdf:Seq></xmpMM:History>", steps.iter().map(one).collect::<String>())
}

const SOURCE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype";

#[test]
fn made_forgeries_are_told_each_with_the_line_that_gives_it_away() {
    let folder = tempfile::tempdir().unwrap();
    let (scene, other) = (hills(480, 320), disc(480, 320));
    let honest = HONEST.file(&scene);
    let crop = imageops::crop_imm(&scene, 60, 40, 300, 200).to_image();
    let iphone = Camera {
        make: "Apple",
        model: "iPhone 12",
        note: b"Apple iOS\0\0\x01MM\0\x01\0\0\0\0\0\0\0\0\0\0",
        lens: "iPhone 7 back camera 3.99mm f/1.8",
        taken: "2021:05:02 11:00:00",
        changed: "2021:05:02 11:00:00",
        ..HONEST
    };
    let generated =
        format!("<Iptc4xmpExt:DigitalSourceType>{SOURCE}/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>");
    let stripped =
        "<dcterms:provenance>https://cai-manifests.example.com/manifests/adobe-urn-uuid-1</dcterms:provenance>";
    // Its name, its bytes, what is said against it, whether that contradicts it.
    let forgeries: Vec<(&str, Vec<u8>, &str, bool)> = vec![
        ("ai_with_camera_fields.jpg", xmp(&honest, &generated), "marked as AI-generated", true),
        ("swapped_thumbnail.jpg", HONEST.file_with(&other, &scene), "unlike the thumbnail", true),
        (
            "before_the_camera.jpg",
            Camera { taken: "1974:05:01 12:00:00", changed: "1974:05:01 12:00:00", ..HONEST }.file(&scene),
            "dated before its camera was made",
            true,
        ),
        ("no_such_day.jpg", Camera { taken: "2005:02:30 08:57:59", ..HONEST }.file(&scene), "no calendar has", true),
        (
            "changed_before_it_was_taken.jpg",
            Camera { changed: "2004:11:02 08:00:00", ..HONEST }.file(&scene),
            "dated after its last change",
            true,
        ),
        (
            "edited_before_it_was_taken.jpg",
            xmp(&honest, &of_history(&[("2003-06-01T10:00:00Z", "Adobe Photoshop 7.0")])),
            "edited before it was captured",
            true,
        ),
        (
            "history_runs_backward.jpg",
            xmp(
                &honest,
                &of_history(&[
                    ("2010-06-01T10:00:00Z", "Adobe Photoshop CS5"),
                    ("2009-01-01T10:00:00Z", "Adobe Photoshop CS5"),
                ]),
            ),
            "a later step of its history",
            true,
        ),
        (
            "model_of_another_maker.jpg",
            Camera { model: "Canon EOS 5D", ..HONEST }.file(&scene),
            "the model is one of Canon",
            true,
        ),
        (
            "note_of_another_maker.jpg",
            Camera { note: iphone.note, ..HONEST }.file(&scene),
            "the maker note is of Apple",
            true,
        ),
        ("lens_of_another_phone.jpg", iphone.file(&scene), "built into another model", true),
        ("stripped_credentials.jpg", xmp(&honest, stripped), "points to Content Credentials", false),
        ("crop_of_the_original.jpg", HONEST.file_with(&crop, &scene), "cropped or scaled", false),
    ];
    let mut files: Vec<_> = forgeries.iter().map(|(name, bytes, ..)| (*name, bytes.clone())).collect();
    files.push(("original.jpg", honest));
    files.push(("original.nef", b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec()));
    let report = scanned(folder.path(), &files, &[]);
    for (name, _, words, contradicts) in &forgeries {
        let row = row(&report, name);
        let line = against(row, words).unwrap_or_else(|| panic!("{name} is not told: {:#}", row["archive"]));
        assert!(!line["where"].as_str().unwrap().is_empty() && line["offset"].is_u64(), "{name}: {line}");
        assert_eq!(row["archive"]["grade"] == "contradicted", *contradicts, "{name}: {:#}", row["archive"]);
        let rules: Vec<_> = row["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
        let own = match *name {
            "ai_with_camera_fields.jpg" => "ai-in-archival",
            "stripped_credentials.jpg" => "stripped-credentials",
            _ => "contradicted-archival",
        };
        assert_eq!(rules.contains(&own), *contradicts || own != "contradicted-archival", "{name}: {rules:?}");
    }
    let original = row(&report, "original.jpg");
    assert_eq!(original["archive"]["grade"], "supported", "{:#}", original["archive"]);
    assert_eq!(original["archive"]["against"].as_array().unwrap().len(), 0, "{:#}", original["archive"]);
    let kinds: Vec<_> =
        original["archive"]["for"].as_array().unwrap().iter().map(|l| l["kind"].as_str().unwrap()).collect();
    for kind in ["camera", "lens", "capture-date", "maker-note", "thumbnail", "raw-file"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert_eq!(original["findings"].as_array().unwrap().len(), 0, "{:#}", original["findings"]);
}

#[test]
fn offsets_of_lines_lead_to_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = HONEST.file(&hills(480, 320));
    let report = scanned(folder.path(), &[("a.jpg", bytes.clone())], &[]);
    let lines = row(&report, "a.jpg")["archive"]["for"].as_array().unwrap();
    let camera = lines.iter().find(|line| line["kind"] == "camera").unwrap();
    let at = camera["offset"].as_u64().unwrap() as usize;
    assert!(bytes[at..].starts_with(b"NIKON D70\0"), "{camera}");
}

/// A bag of one picture, with what `bag-info.txt` says of it.
fn bag(folder: &Path) {
    use sha2::{Digest, Sha256};
    let picture = jpeg(&hills(480, 320));
    let bag = folder.join("d/archive/bag");
    std::fs::create_dir_all(bag.join("data")).unwrap();
    std::fs::write(bag.join("data/p.jpg"), &picture).unwrap();
    let hex = data_encoding::HEXLOWER.encode(&Sha256::digest(&picture));
    std::fs::write(bag.join("manifest-sha256.txt"), format!("{hex}  data/p.jpg\n")).unwrap();
    std::fs::write(bag.join("bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n").unwrap();
    std::fs::write(
        bag.join("bag-info.txt"),
        "Source-Organization: City Archive\nExternal-Identifier: P-1187\nBagging-Date: 2019-04-02\n",
    )
    .unwrap();
}

#[test]
fn a_bag_says_where_its_content_is_held_and_vouches_for_it_once_its_hash_was_checked() {
    let folder = tempfile::tempdir().unwrap();
    bag(folder.path());
    let report = scanned(folder.path(), &[], &[]);
    let held = &row(&report, "archive/bag/data/p.jpg")["archive"];
    assert_eq!(held["grade"], "unsupported");
    assert_eq!(
        (held["for"][0]["kind"].as_str(), held["for"][0]["value"].as_str()),
        (Some("holding"), Some("City Archive"))
    );
    let report = scanned(folder.path(), &[], &["--integrity"]);
    let checked = &row(&report, "archive/bag/data/p.jpg")["archive"];
    assert_eq!(
        (checked["grade"].as_str(), checked["for"][0]["kind"].as_str()),
        (Some("authenticated"), Some("custody"))
    );
    assert!(checked["for"][0]["what"].as_str().unwrap().contains("made 2019-04-02"), "{checked}");
}

/// A scene with enough in it to be recognized in a part of it.
fn scene(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let waves = (u * 19.0).sin() * 30.0 + (v * 23.0 + u * 11.0).cos() * 30.0 + (u * v * 57.0).sin() * 25.0;
        let tower = if (u - 0.4).abs() < 0.06 && v > 0.2 { 70.0 } else { 0.0 };
        Luma([(waves + tower + u * 40.0 + 90.0).clamp(0.0, 255.0) as u8])
    })
}

fn encoded(image: &GrayImage, format: image::ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

#[test]
fn a_part_of_a_picture_beside_it_is_told_in_every_format_that_is_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let whole = scene(960, 640);
    let part = |left, top, width, height| imageops::crop_imm(&whole, left, top, width, height).to_image();
    let files = [
        ("a/original.jpg", jpeg(&whole)),
        ("a/right.png", encoded(&part(280, 40, 640, 560), image::ImageFormat::Png)),
        ("a/quarter.webp", encoded(&part(240, 160, 480, 320), image::ImageFormat::WebP)),
        ("a/below.tif", encoded(&part(0, 0, 960, 420), image::ImageFormat::Tiff)),
        ("a/small.jpg", jpeg(&imageops::thumbnail(&part(100, 120, 600, 400), 450, 300))),
        ("b/elsewhere.png", encoded(&part(300, 60, 600, 500), image::ImageFormat::Png)),
    ];
    let report = scanned(folder.path(), &files, &["--match"]);
    for (name, ..) in &files[1..5] {
        let row = row(&report, name);
        let told = against(row, "a larger picture of it is a/original.jpg, 960 by 640 pixels");
        assert!(told.is_some_and(|line| line["weight"] == "weakens"), "{name}: {:#}", row["archive"]);
    }
    assert!(against(row(&report, "a/original.jpg"), "a larger picture").is_none());
    assert!(
        against(row(&report, "b/elsewhere.png"), "a larger picture").is_none(),
        "parts are looked for beside a picture"
    );
}

#[test]
fn the_same_picture_elsewhere_is_compared_where_copies_are_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let whole = scene(960, 640);
    let square = imageops::crop_imm(&whole, 53, 0, 854, 640).to_image();
    let inner = imageops::crop_imm(&whole, 77, 51, 806, 538).to_image();
    let original = Camera { size: (960, 640), ..HONEST };
    let other = Camera { model: "NIKON D50", taken: "2006:08:02 10:00:00", changed: "2006:08:02 10:00:00", ..original };
    let files = [
        ("a/original.jpg", original.file(&whole)),
        ("b/again.jpg", other.file(&imageops::thumbnail(&whole, 900, 600))),
        ("b/square.jpg", original.file(&square)),
        ("b/inner.jpg", original.file(&inner)),
        ("b/unlike.jpg", HONEST.file(&hills(480, 320))),
    ];
    let plain = scanned(folder.path(), &files, &[]);
    assert!(against(row(&plain, "b/again.jpg"), "the same picture").is_none(), "nobody asked for copies");
    let report = scanned(folder.path(), &files, &["--match"]);
    let again = row(&report, "b/again.jpg");
    let dated = against(again, "the same picture, a/original.jpg, is dated otherwise: 2005:01:14 08:57:59").unwrap();
    assert!(dated["value"] == "2006:08:02 10:00:00" && dated["offset"].is_u64(), "{dated}");
    assert_eq!((dated["kind"].as_str(), dated["weight"].as_str()), (Some("same-picture"), Some("weakens")));
    assert!(against(again, "names another camera: NIKON D70").is_some(), "{again}");
    assert!(against(row(&report, "a/original.jpg"), "the same picture, b/again.jpg, is dated otherwise").is_some());
    for part in ["b/square.jpg", "b/inner.jpg"] {
        let part = row(&report, part);
        assert!(against(part, "a larger picture of it is a/original.jpg, 960 by 640 pixels").is_some(), "{part}");
    }
    assert!(against(row(&report, "a/original.jpg"), "a larger picture").is_none());
    assert!(against(row(&report, "b/unlike.jpg"), "picture").is_none());
}
