//! Signed pictures of more than a few ranges in an object store, and single objects for `inspect`: whole through every fault.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::io::Cursor;

use serde_json::Value;

use crate::objects::{assert_same, program, scan};
use crate::samples::signed;
use crate::shared::object_store::{Fault, Server};

/// A signed JPEG of noise, which no encoder makes small.
fn large() -> Vec<u8> {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let picture = image::RgbImage::from_fn(640, 640, |_, _| image::Rgb([noise(), noise(), noise()]));
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    let signed = signed::sign("image/jpeg", &out.into_inner(), &signed::created(signed::GENERATED));
    assert!(signed.len() > 256 * 1024, "{} bytes", signed.len());
    signed
}

/// A folder with the picture, and with one of which a byte near the end was changed after it was signed.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let whole = large();
    let mut changed = whole.clone();
    let near_end = changed.len() - 2_000;
    changed[near_end] ^= 1;
    std::fs::write(dir.path().join("sound.jpg"), whole).unwrap();
    std::fs::write(dir.path().join("changed.jpg"), changed).unwrap();
    dir
}

fn state(report: &Value, path: &str) -> String {
    let row = report["assets"].as_array().unwrap().iter().find(|row| row["path"] == path).unwrap();
    row["c2pa"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn large_signed_pictures_are_verified_to_their_last_byte() {
    let dir = folder();
    let (code, here) = scan(&[dir.path().to_str().unwrap()], &[]);
    assert_ne!(state(&here, "sound.jpg"), state(&here, "changed.jpg"), "the changed byte is not noticed on a drive");
    let server = Server::of_folder(dir.path(), "0");
    let (address, options) = (["s3://bucket/0"], ["--endpoint", &server.address, "--jobs", "1"]);
    let (remote, there) = scan(&address, &options);
    assert_same("large signed pictures", &here, &there);
    assert_eq!(code, remote);
    // Few requests for what is read to its end.
    let requests = server.state.lock().unwrap().requests.iter().filter(|r| r.ends_with("sound.jpg")).count();
    assert!(requests <= 10, "{requests} requests");
    for fault in [Fault::Busy, Fault::Cut, Fault::Closed] {
        // In the midst of the picture, too: the first request meets no fault.
        server.fail(&[fault; 5]);
        assert_same(&format!("{fault:?}"), &here, &scan(&address, &options).1);
    }
}

#[test]
fn a_picture_that_is_exchanged_while_it_is_verified_is_not_clean() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("sound.jpg"), large()).unwrap();
    let server = Server::of_folder(dir.path(), "0");
    let options = ["--endpoint", &server.address, "--jobs", "1"];
    let (_, whole) = scan(&["s3://bucket/0"], &options);
    let asked = server.state.lock().unwrap().requests.iter().filter(|r| r.starts_with("GET 0/")).count();
    assert!(asked > 1, "it came in one range: nothing is tried here");
    // Each range in turn is the one before which it is exchanged.
    for good in 0..asked {
        let server = Server::of_folder(dir.path(), "0");
        server.fail_after(good, Fault::Exchanged);
        let (code, report) = scan(&["s3://bucket/0"], &["--endpoint", &server.address, "--jobs", "1"]);
        // What was read before that is told all the same.
        assert!(matches!(code, 1 | 2), "before range {good}: {report:#}");
        let findings = report["assets"][0]["findings"].to_string();
        assert!(findings.contains("unreadable-asset"), "before range {good}: {findings}");
        assert!(report.to_string().contains("exchanged"), "before range {good}: {report:#}");
        assert_ne!(report, whole);
    }
}

#[test]
fn inspect_reads_one_object() {
    let dir = folder();
    let server = Server::of_folder(dir.path(), "show");
    let inspect = |path: &str| program(&["inspect", "--json", path, "--endpoint", &server.address]);
    let told = inspect("s3://bucket/show/changed.jpg");
    assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let here = program(&["inspect", "--json", dir.path().join("changed.jpg").to_str().unwrap()]);
    let mut here: Value = serde_json::from_slice(&here.stdout).unwrap();
    here["path"] = "s3://bucket/show/changed.jpg".into();
    assert_same("inspect", &here, &told);
    let web = format!("{}/bucket/show/changed.jpg", server.address);
    let told: Value = serde_json::from_slice(&inspect(&web).stdout).unwrap();
    here["path"] = web.as_str().into();
    assert_same("inspect of a web server", &here, &told);
    for none in ["s3://bucket/show", "s3://bucket/show/none.jpg"] {
        let told = inspect(none);
        assert_eq!(told.status.code(), Some(3), "{none}: {}", String::from_utf8_lossy(&told.stdout));
    }
    // What cannot be read is told of the file, as on a drive.
    server.fail(&[Fault::Refused("AccessDenied"); 64]);
    let told = inspect("s3://bucket/show/changed.jpg");
    assert!(matches!(told.status.code(), Some(2 | 3)), "{}", String::from_utf8_lossy(&told.stdout));
}
