//! Decoding in worker processes: what comes back is what the decoder gives, bombs and dead workers cost one asset, and
//! no worker is started for nothing.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use countersign::io::ByteRange;
use countersign::worker::client::{self, Failure, PictureFormat, Refusal};
use countersign::worker::{Bounds, Crash, Pool, Program, WorkerFailure};
use image::{DynamicImage, ImageFormat};
use serde_json::Value;

use crate::shared::prerequisite;

fn pool(bounds: Bounds) -> Pool {
    Pool::new(Program { path: env!("CARGO_BIN_EXE_countersign").into(), argument: "worker" }, bounds)
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> ByteRange {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    ByteRange::memory(bytes)
}

fn picture(width: u32, height: u32) -> DynamicImage {
    let color = |x: u32, y: u32| image::Rgba([(x * 3) as u8, (y * 5) as u8, (x * y) as u8, (x + y) as u8]);
    DynamicImage::ImageRgba8(image::RgbaImage::from_fn(width, height, color))
}

#[test]
fn a_worker_gives_the_pixels_that_the_decoder_gives() {
    let pool = pool(Bounds::default());
    let image = picture(150, 90);
    let layouts = [
        image.clone(),
        DynamicImage::ImageRgb8(image.to_rgb8()),
        DynamicImage::ImageLuma8(image.to_luma8()),
        DynamicImage::ImageLumaA8(image.to_luma_alpha8()),
        DynamicImage::ImageRgb16(image.to_rgb16()),
    ];
    for layout in &layouts {
        let bytes = encoded(layout, ImageFormat::Png);
        let decoded = client::pixels_by(Some(&pool), &bytes, PictureFormat::Png, 1 << 20).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (150, 90));
        assert_eq!(decoded.has_alpha(), layout.color().has_alpha());
        assert_eq!(decoded.rgba().flatten().collect::<Vec<_>>(), layout.to_rgba8().into_raw());
        assert_eq!(*decoded.rgb(), layout.to_rgb8().into_raw());
    }
    // A large answer, which takes a share of the budget, as often as one likes.
    let large = encoded(&picture(2_000, 1_000), ImageFormat::Png);
    for _ in 0..4 {
        let decoded = client::pixels_by(Some(&pool), &large, PictureFormat::Png, 1 << 22).unwrap();
        assert_eq!(decoded.rgb().len(), 6_000_000);
    }
}

#[test]
fn too_large_and_undecodable_are_told_apart() {
    let pool = pool(Bounds::default());
    let bytes = encoded(&picture(100, 100), ImageFormat::Png);
    let ask = |bytes: &ByteRange, most| client::pixels_by(Some(&pool), bytes, PictureFormat::Png, most);
    assert!(matches!(ask(&bytes, 9_999), Err(Failure::Refused(Refusal::TooLarge(_)))));
    assert!(matches!(ask(&ByteRange::memory(vec![0; 99]), 9_999), Err(Failure::Refused(Refusal::Undecodable(_)))));
    assert!(ask(&bytes, 10_000).is_ok());
}

#[test]
#[cfg(target_os = "linux")]
fn a_decoder_that_takes_too_much_memory_is_a_failure_of_its_job_alone() {
    // Room for the program, not for sixty million pixels.
    let pool = pool(Bounds { memory: 200 << 20, ..Bounds::default() });
    let large = encoded(&DynamicImage::new_rgb8(10_000, 6_000), ImageFormat::Png);
    let failed = client::pixels_by(Some(&pool), &large, PictureFormat::Png, 1 << 27).unwrap_err();
    assert_eq!(failed, Failure::Worker(WorkerFailure::Crashed(Crash::Memory)));
    let small = encoded(&picture(10, 10), ImageFormat::Png);
    assert!(client::pixels_by(Some(&pool), &small, PictureFormat::Png, 100).is_ok());
}

/// A second of sound at 48 kHz whose header states so many bytes.
fn wav(stated: u32) -> Vec<u8> {
    let data: Vec<u8> = (0..48_000u32).flat_map(|i| ((i / 2) as i16).to_le_bytes()).collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend(stated.saturating_add(36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(48_000u32.to_le_bytes());
    wav.extend(96_000u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(stated.to_le_bytes());
    wav.extend(data);
    wav
}

#[test]
fn sound_comes_in_pieces_and_may_be_left_before_its_end() {
    let pool = pool(Bounds::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, wav(96_000)).unwrap();
    let collect = |pool: Option<&Pool>, rate| {
        let mut all = Vec::new();
        let mut take = |piece: &[i16]| {
            all.extend_from_slice(piece);
            true
        };
        client::samples_by(pool, &path, rate, u64::MAX, &mut take).unwrap();
        all
    };
    for rate in [11_025, 192_000] {
        let there = collect(Some(&pool), rate);
        assert_eq!(there.len(), rate as usize);
        assert_eq!(there, collect(None, rate));
    }
    let mut pieces = 0;
    let mut once = |_: &[i16]| {
        pieces += 1;
        false
    };
    client::samples_by(Some(&pool), &path, 192_000, u64::MAX, &mut once).unwrap();
    assert_eq!(pieces, 1);
    std::fs::write(&path, b"no sound").unwrap();
    let refused = client::samples_by(Some(&pool), &path, 8_000, 1, &mut |_| true);
    assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(body);
    [&(body.len() as u32).to_be_bytes(), &kind[..], body, &crc.sum().to_be_bytes()].concat()
}

const SIDE: u32 = 60_000;

/// A PNG of ten gigabytes of pixels; the first few megabytes of them are there.
fn png_bomb() -> Vec<u8> {
    let side = SIDE.to_be_bytes();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; 8 << 20]).unwrap();
    let header = [&side[..], &side, &[8, 2, 0, 0, 0]].concat();
    let parts = [chunk(b"IHDR", &header), chunk(b"IDAT", &packed.finish().unwrap()), chunk(b"IEND", &[])];
    [b"\x89PNG\r\n\x1a\n".to_vec(), parts.concat()].concat()
}

fn tiff_bomb() -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    let entries =
        [(256u16, SIDE), (257, SIDE), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, SIDE), (279, 64)];
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        out.extend([&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat());
    }
    out.extend([0; 4]);
    out.extend([7; 64]);
    out
}

fn bmp_bomb() -> Vec<u8> {
    let mut out = b"BM".to_vec();
    out.extend(118u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend(54u32.to_le_bytes());
    out.extend(40u32.to_le_bytes());
    out.extend(SIDE.to_le_bytes());
    out.extend(SIDE.to_le_bytes());
    out.extend([1, 0, 24, 0]);
    out.extend([0; 24]);
    out.extend([7; 64]);
    out
}

fn webp_bomb() -> Vec<u8> {
    // 16383 x 16383, with alpha.
    let body = [&[0x2F][..], &(0x3FFEu32 | 0x3FFE << 14 | 1 << 28).to_le_bytes(), &[0; 59]].concat();
    let riff = [b"WEBPVP8L", &(body.len() as u32).to_le_bytes()[..], &body].concat();
    [b"RIFF", &(riff.len() as u32).to_le_bytes()[..], &riff].concat()
}

fn gif_bomb() -> Vec<u8> {
    let side = (SIDE as u16).to_le_bytes();
    let head = [b"GIF89a", &side[..], &side, &[0x80, 0, 0, 0, 0, 0, 255, 255, 255]].concat();
    let frame = [&[0x2C, 0, 0, 0, 0][..], &side, &side, &[0, 2, 2, 0x4C, 1, 0, 0x3B]].concat();
    [head, frame].concat()
}

fn jpeg_bomb() -> Vec<u8> {
    let mut out = Vec::new();
    let gray = DynamicImage::new_luma8(16, 16);
    gray.write_to(&mut Cursor::new(&mut out), ImageFormat::Jpeg).unwrap();
    let frame = out.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    out[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    out
}

/// Scans with pixels and previews; no process may take more than so much address space.
fn scan(folder: &Path, more: &[&str]) -> (Output, Value) {
    let report = folder.join("report.json");
    let line = "ulimit -v 1800000 2>/dev/null; exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", line, "sh", env!("CARGO_BIN_EXE_countersign"), "scan", "d", "--no-progress"])
        .args(["--report", "json=report.json"])
        .args(more)
        .current_dir(folder)
        .env("COUNTERSIGN_CONFIG", folder.join("no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap();
    let report = std::fs::read(report).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    (output, serde_json::from_slice(&report).unwrap())
}

#[test]
#[cfg(unix)]
fn bombs_are_told_in_time_and_within_memory_and_have_no_preview() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("d")).unwrap();
    for (name, bytes) in [
        ("a.png", png_bomb()),
        ("b.tif", tiff_bomb()),
        ("c.bmp", bmp_bomb()),
        ("d.webp", webp_bomb()),
        ("e.gif", gif_bomb()),
        ("f.jpg", jpeg_bomb()),
        ("g.wav", wav(u32::MAX - 64)),
    ] {
        std::fs::write(folder.path().join("d").join(name), bytes).unwrap();
    }
    let start = Instant::now();
    let (output, report) = scan(folder.path(), &["--pixels", "--report", "html=report.html"]);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    for name in ["a.png", "b.tif", "c.bmp", "d.webp"] {
        let assets = report["assets"].as_array().unwrap();
        let asset = assets.iter().find(|a| a["path"] == name).unwrap();
        let told = asset["problems"].as_array().unwrap().iter().any(|p| p["where"] == "pixels" && p["kind"] == "limit");
        assert!(told, "{name}: {:#}", asset["problems"]);
    }
    let html = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(!html.contains("\"jpeg\":"), "a bomb has a picture");
}

#[test]
#[cfg(target_os = "linux")]
fn the_death_of_a_decoder_is_told_of_its_asset_and_ends_nothing_else() {
    use std::os::unix::fs::PermissionsExt;
    // The pool of a process is set once and for good: this test runs in a process of its own.
    const CHILD: &str = "COUNTERSIGN_TEST_OF_THE_POOL";
    if std::env::var_os(CHILD).is_none() {
        let name = "decoding::the_death_of_a_decoder_is_told_of_its_asset_and_ends_nothing_else";
        let child = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && words.contains("1 passed"), "{child:?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("worker.sh");
    std::fs::write(&script, "#!/bin/sh\nread a; kill -9 $$\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let pool = Pool::new(Program { path: script, argument: "worker" }, Bounds::default());
    countersign::worker::set_decoding_pool(pool.into());
    let options = countersign::extract::Options {
        decoders: countersign::decoders::Options { pixels: true, ..Default::default() },
        ..Default::default()
    };
    let path = folder.path().join("a.bmp");
    picture(64, 64).to_rgb8().save(&path).unwrap();
    let facts = countersign::extract::facts(&path, &[], &options);
    assert_eq!(facts.format.as_deref(), Some("bmp"));
    let [problem] = facts.problems.as_slice() else { panic!("{:?}", facts.problems) };
    assert!(problem.blocking && problem.place == "pixels" && problem.what.contains("ended abnormally"), "{problem:?}");
    assert_eq!(countersign::preview::picture(&path), None);
}

/// Without pixels and without credentials nothing needs a worker: the program is run where it cannot start another.
#[test]
#[cfg(target_os = "linux")]
fn no_worker_is_started_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("d");
    std::fs::create_dir(&place).unwrap();
    picture(64, 64).to_rgb8().save(place.join("a.png")).unwrap();
    picture(64, 64).to_rgb8().save(place.join("b.jpg")).unwrap();
    std::fs::write(place.join("c.wav"), wav(96_000)).unwrap();
    let started = |more: &[&str]| {
        let trace = folder.path().join("trace");
        let _ = std::fs::remove_file(&trace);
        let output = Command::new("strace")
            .args(["-f", "-e", "trace=execve", "-o"])
            .arg(&trace)
            .args([env!("CARGO_BIN_EXE_countersign"), "scan", "d", "--no-progress"])
            .args(more)
            .current_dir(folder.path())
            .output();
        output.ok()?;
        Some(std::fs::read_to_string(&trace).ok()?.matches("\"worker\"").count())
    };
    let Some(plain) = started(&[]) else {
        prerequisite::absent("strace", "no strace here: whether workers are started was not seen");
        return;
    };
    assert_eq!(plain, 0);
    assert!(started(&["--pixels", "--role", "archival"]).unwrap() > 0);
}
