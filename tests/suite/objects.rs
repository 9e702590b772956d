//! Scans of object stores through the real program: the same report as from a drive, and no failure that passes for clean.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::samples::{archives, signed, zip};
use crate::shared::archived::{marked, words};
use crate::shared::object_store::{Fault, Server};

const SECRET: &str = "a-secret-that-nobody-prints";
const TOKEN: &str = "a-token-that-nobody-prints";

pub(crate) fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .env_remove("AWS_PROFILE")
        .env("HOME", std::env::temp_dir().join("countersign-tests-no-home"))
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", TOKEN)
        .env("AWS_REGION", "us-east-1")
        .output()
        .unwrap()
}

/// The exit code and the JSON report of a scan, all that a run says of itself left out, roots called by their numbers.
pub(crate) fn scan(roots: &[&str], options: &[&str]) -> (i32, Value) {
    let out = tempfile::tempdir().unwrap();
    let report = out.path().join("r.json");
    let target = format!("json={}", report.display());
    let all = [&["scan", "--no-progress", "--tags", "--report", &target], roots, options].concat();
    let output = program(&all);
    let mut text = std::fs::read_to_string(&report).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    for secret in [SECRET, TOKEN, "X-Amz"] {
        assert!(!text.contains(secret) && !stderr(&output).contains(secret), "a report with a key: {text}");
    }
    for (number, root) in roots.iter().enumerate() {
        text = text.replace(root.trim_end_matches('/'), &format!("ROOT{number}"));
    }
    let mut report: Value = serde_json::from_str(&text).unwrap();
    report.as_object_mut().unwrap().remove("run");
    (output.status.code().unwrap(), report)
}

fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    dir
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What two reports do not have in common, to be read by whoever looks at a failing test.
pub(crate) fn assert_same(name: &str, here: &Value, there: &Value) {
    if here == there {
        return;
    }
    let (a, b) = (format!("{here:#}"), format!("{there:#}"));
    let differing = a.lines().zip(b.lines()).enumerate().filter(|(_, (a, b))| a != b).take(12);
    let shown: Vec<_> = differing.map(|(line, (a, b))| format!("{line}:\n  {a}\n  {b}")).collect();
    panic!("{name} differs:\n{}", shown.join("\n"));
}

/// A picture event of an EDL.
const EDL: &str = "TITLE: REEL\nFCM: NON-DROP FRAME\n\n\
    001  AX       V     C        00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n* FROM CLIP NAME: shot.png\n";

/// A delivery of everything that does not stand alone: archives in archives, files beside files, runs of frames, a cut, stores
/// of credentials beside what they speak of.
pub(crate) fn delivery() -> tempfile::TempDir {
    let text =
        b"a cat, oil on canvas\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: sd".to_vec();
    let inner = zip::archive(&[("deep/marked.png", &marked()), ("deep/words.png", &words())]);
    let tape = archives::tar(&[archives::taped("reel/a.png", &marked()), archives::taped("reel/b.txt", b"notes")]);
    let collection: &[(&str, &[u8])] = &[("frame_1.dpx", b"the first"), ("sub/frame 2.dpx", b"the second")];
    let frame = words();
    folder(&[
        ("final/shot.png", marked()),
        ("final/plain.png", words()),
        ("final/plain.txt", text),
        ("final/reel.edl", EDL.as_bytes().to_vec()),
        ("final/still ü & 1+1.png", marked()),
        ("final/empty.mov", Vec::new()),
        ("final/cut.mp4", sample_of("c2pa/cut.mp4")),
        ("final/tampered.png", sample_of("c2pa/tampered.png")),
        ("signed/generated.jpg", sample_of("c2pa/generated.jpg")),
        ("signed/generated.mp4", sample_of("c2pa/generated.mp4")),
        ("collection/frame_1.dpx", collection[0].1.to_vec()),
        ("collection/sub/frame 2.dpx", collection[1].1.to_vec()),
        ("collection/shot.c2pa", signed::collection(collection, false)),
        ("archives/outer.zip", zip::archive(&[("inner.zip", &inner), ("top.png", &marked())])),
        ("archives/tape.tar", tape.clone()),
        ("archives/tape.tar.gz", archives::gzip(None, &tape)),
        ("frames/f.0001.png", frame.clone()),
        ("frames/f.0002.png", frame.clone()),
        ("frames/f.0004.png", frame),
        ("temp/mood.png", marked()),
        (".DS_Store", b"litter".to_vec()),
        ("sound/end.mp3", sample_of("delivery/final/end_credits.mp3")),
    ])
}

fn sample_of(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path)).unwrap()
}

fn bundled(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_store_and_a_drive_give_the_same_report() {
    let made = delivery();
    let made = made.path().to_str().unwrap().to_owned();
    for (name, folder, options) in [
        ("made", made.clone(), &["--integrity"][..]),
        ("delivery", bundled("delivery"), &[]),
        ("packages", bundled("packages"), &["--integrity"]),
        ("custody", bundled("custody"), &["--integrity", "--jobs", "3"]),
        ("c2pa", bundled("c2pa"), &["--match"]),
        ("formats", bundled("formats"), &["--pixels"]),
    ] {
        // A folder that a program made has no name that counts: neither must the prefix.
        let prefix = if name == "made" { "0" } else { name };
        let server = Server::of_folder(Path::new(&folder), prefix);
        let address = format!("s3://bucket/{prefix}");
        let (code, here) = scan(&[&folder], options);
        let (remote, there) = scan(&[&address], &[&["--endpoint", &server.address], options].concat());
        assert_same(name, &here, &there);
        assert_eq!(code, remote, "{name}");
        assert!(here["summary"]["assets"].as_u64().unwrap() > 2, "{name}");
    }
}

#[test]
fn a_store_stands_beside_a_drive() {
    let made = delivery();
    let server = Server::of_folder(made.path(), "show");
    let (local, other) = (bundled("delivery"), bundled("packages"));
    let (code, here) = scan(&[&local, made.path().to_str().unwrap(), &other], &[]);
    let (remote, there) = scan(&[&local, "s3://bucket/show/", &other], &["--endpoint", &server.address]);
    assert_same("mixed roots", &here, &there);
    assert_eq!(code, remote);
}

#[test]
fn what_fails_for_a_moment_changes_nothing() {
    let made = delivery();
    let server = Server::of_folder(made.path(), "0");
    let address = ["s3://bucket/0"];
    let endpoint = ["--endpoint", &server.address];
    let (_, whole) = scan(&address, &endpoint);
    for fault in [Fault::Busy, Fault::Cut, Fault::Closed] {
        server.fail(&[fault; 3]);
        let (_, again) = scan(&address, &endpoint);
        assert_same(&format!("{fault:?}"), &whole, &again);
        assert!(server.state.lock().unwrap().faults.is_empty(), "no request met the fault");
    }
    server.state.lock().unwrap().delay = Duration::from_millis(5);
    assert_same("slow", &whole, &scan(&address, &endpoint).1);
}

#[test]
fn what_fails_for_good_is_never_clean() {
    // Nothing in it is a finding: only the failure is.
    let clean = folder(&[("a.png", words()), ("b.png", words())]);
    let server = Server::of_folder(clean.path(), "0");
    let endpoint = ["--endpoint", &server.address, "--jobs", "1"];
    let address = ["s3://bucket/0"];
    assert_eq!(scan(&address, &endpoint).0, 0);
    for (faults, says) in [
        (vec![Fault::Refused("ExpiredToken"); 64], "ExpiredToken"),
        (vec![Fault::Refused("AccessDenied"); 64], "AccessDenied"),
        (vec![Fault::Exchanged], "exchanged"),
    ] {
        server.fail(&faults);
        let (code, report) = scan(&address, &endpoint);
        server.fail(&[]);
        assert_eq!(code, 2, "{says}: {report:#}");
        assert!(report.to_string().contains(says), "{says}: {report:#}");
        assert!(report["summary"]["not_judged"].as_u64().unwrap() > 0);
    }
    // What the search for timelines could not read is not well again when it is judged: the cut is not known.
    let made = delivery();
    let busy = Server::of_folder(made.path(), "0");
    busy.fail(&[Fault::Busy; 6]);
    let (_, report) = scan(&address, &["--endpoint", &busy.address]);
    let row = report["assets"].as_array().unwrap().iter().find(|row| row["path"] == "final/reel.edl").unwrap();
    assert!(row["findings"].to_string().contains("unreadable-asset"), "{row:#}");
    // Without the listing nothing is known of what there is.
    server.state.lock().unwrap().listing_refused = true;
    let (code, report) = scan(&address, &endpoint);
    assert_eq!(code, 2, "{report:#}");
}

#[test]
fn addresses_that_hold_keys_are_refused_and_not_repeated() {
    for address in ["https://user:pw-secret@host/show/", "https://host/a.png?X-Amz-Signature=pw-secret"] {
        let output = program(&["scan", address]);
        let said = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(!said.contains("pw-secret"), "{said}");
    }
    let output = program(&["scan", "s3://bucket/x", "--endpoint", "http://user:pw-secret@127.0.0.1:9/"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(!stderr(&output).contains("pw-secret"), "{}", stderr(&output));
}

#[test]
fn nothing_below_an_address_is_nothing_to_scan() {
    let server = Server::new(&[("show/a.png", words())]);
    let (code, report) = scan(&["s3://bucket/other"], &["--endpoint", &server.address]);
    assert_eq!(code, 2, "{report:#}");
    assert!(report.to_string().contains("no object of this name"), "{report:#}");
}
