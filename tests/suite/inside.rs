//! Delivery packages inside archives: the same is said of them as of the loose folders.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::archives;

use std::fs;
use std::path::Path;
use std::process::Command;

use archives::{deflated, gzip, header, stored, taped, tar, zip};
use serde_json::Value;
use sha2::{Digest, Sha256};

type Files = Vec<(String, Vec<u8>)>;

fn scan(root: &Path, options: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["scan", root.to_str().unwrap(), "--report", "json", "--verify", "off"])
        .args(options)
        .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap();
    assert!(output.status.code().is_some_and(|c| c <= 2), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A bag in a folder `bag` with a picture that is marked and one that is not.
fn bag() -> Files {
    let payload =
        [("data/m.png", sample("formats/xmp-generated.png")), ("data/w.png", sample("formats/xmp-caption.png"))];
    let manifest: String = payload.iter().map(|(name, bytes)| format!("{}  {name}\n", hex(bytes))).collect();
    let mut files: Files = payload.into_iter().map(|(name, bytes)| (format!("bag/{name}"), bytes)).collect();
    let about = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
    files.push(("bag/bagit.txt".to_owned(), about.into()));
    files.push(("bag/manifest-sha256.txt".to_owned(), manifest.into_bytes()));
    files.sort();
    files
}

/// A folder of the fixtures, with its name.
fn package(name: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/packages");
    let walk = walkdir::WalkDir::new(root.join(name)).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    files
        .map(|path| (path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect()
}

fn mhl() -> Files {
    let bytes = sample("formats/xmp-generated.png");
    let row = |name: &str, size: usize| {
        format!("<hash><file>{name}</file><size>{size}</size><md5>00000000000000000000000000000000</md5></hash>")
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><hashlist version=\"1.1\">{}{}</hashlist>",
        row("clip/m.png", bytes.len() + 1),
        row("clip/gone.png", 5)
    );
    vec![("reel/clip/m.png".to_owned(), bytes), ("reel/reel.mhl".to_owned(), text.into_bytes())]
}

fn zipped(files: &Files) -> Vec<u8> {
    zip(&files.iter().map(|(name, bytes)| deflated(name, bytes)).collect::<Vec<_>>())
}

fn taken(files: &Files) -> Vec<u8> {
    tar(&files.iter().map(|(name, bytes)| taped(name, bytes)).collect::<Vec<_>>())
}

fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// What is said of assets and packages, with `prefix` taken out of all of it; what stands elsewhere is left out.
fn said(report: &Value, prefix: &str) -> Vec<String> {
    let plain = |value: &Value| value.to_string().replace(prefix, "");
    let findings = |value: &Value| -> Vec<String> {
        let rows = value["findings"].as_array().unwrap().iter();
        rows.map(|f| format!("{} {} {}", text(f, "rule"), text(f, "state"), plain(&f["message"]))).collect()
    };
    let packages = report["packages"].as_array().unwrap();
    let mut out = Vec::new();
    for package in packages.iter().filter(|p| text(p, "root").starts_with(prefix) && text(p, "kind") != "archive") {
        let what = [&package["kind"], &package["title"], &package["root"], &package["remarks"]].map(plain);
        out.push(format!("{what:?} {:?}", findings(package)));
    }
    for asset in report["assets"].as_array().unwrap().iter().filter(|a| text(a, "path").starts_with(prefix)) {
        let around = packages.iter().find(|p| !asset["package"].is_null() && p["id"] == asset["package"]);
        let around = around.filter(|p| text(p, "kind") != "archive").map(|p| plain(&p["root"]));
        let what = ["path", "format", "bytes", "sha256", "role", "role_basis", "plays", "ai"].map(|k| plain(&asset[k]));
        out.push(format!("{what:?} {around:?} {:?}", findings(asset)));
    }
    out.sort();
    out
}

fn faults(report: &Value, root: &str) -> Vec<(String, String)> {
    let package = report["packages"].as_array().unwrap().iter().find(|p| text(p, "root") == root);
    let package = package.unwrap_or_else(|| panic!("no {root} in {}", report["packages"]));
    let rows = package["findings"].as_array().unwrap().iter();
    rows.map(|f| (text(f, "rule").to_owned(), text(f, "message").to_owned())).collect()
}

fn asset<'a>(report: &'a Value, path: &str) -> &'a Value {
    report["assets"].as_array().unwrap().iter().find(|a| a["path"] == path).unwrap_or_else(|| panic!("no {path}"))
}

#[test]
fn the_same_is_said_as_of_the_loose_folder() {
    let mut changed = bag();
    changed[1].1.push(0);
    let mut short = bag();
    short.remove(1);
    let mut more = bag();
    more.push(("bag/data/more.png".to_owned(), sample("formats/xmp-caption.png")));
    let samples = [("bag", bag()), ("changed", changed), ("short", short), ("more", more), ("mhl", mhl())];
    let samples = samples.into_iter().chain([("imf", package("imf")), ("dcp", package("dcp"))]);
    for (what, files) in samples {
        let loose: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        let loose = folder(&loose);
        for options in [&["--jobs", "1"][..], &["--integrity"][..]] {
            let wanted = said(&scan(loose.path(), options), "");
            assert!(wanted.len() > files.len(), "{what}: {wanted:#?}");
            let (packed, tape) = (zipped(&files), taken(&files));
            for (name, bytes, prefix) in [
                ("a.zip", packed.clone(), "a.zip!/"),
                ("a.tar", tape.clone(), "a.tar!/"),
                ("a.tgz", gzip(None, &tape), "a.tgz!/a.tar!/"),
                ("b.tar", tar(&[taped("in/a.zip", &packed)]), "b.tar!/in/a.zip!/"),
            ] {
                let report = scan(folder(&[(name, bytes)]).path(), options);
                assert_eq!(said(&report, prefix), wanted, "{what} in {name}");
            }
        }
    }
}

#[test]
fn what_a_bag_says_is_compared() {
    let mut files = bag();
    files[1].1.push(0);
    files.remove(2);
    let dir = folder(&[("a.zip", zipped(&files))]);
    let changed = ("package-hash-mismatch", "a.zip!/bag/data/m.png");
    let gone = ("package-missing-asset", "a.zip!/bag/data/w.png");
    let has = |found: &[(String, String)], (rule, path): (&str, &str)| {
        found.iter().any(|(r, message)| r == rule && message.contains(path))
    };
    let quick = faults(&scan(dir.path(), &[]), "a.zip!/bag");
    assert!(!has(&quick, changed) && has(&quick, gone), "{quick:?}");
    let full = faults(&scan(dir.path(), &["--integrity"]), "a.zip!/bag");
    assert!(has(&full, changed) && has(&full, gone), "{full:?}");
}

#[test]
fn a_still_outside_in_the_packing_list_and_played_is_three_findings() {
    let mut files = package("dcp");
    files.extend(package("temporary"));
    let report = scan(folder(&[("d.zip", zipped(&files))]).path(), &[]);
    for (path, rule, basis) in [
        ("temporary/still.png", "unnotified-ai-in-temporary", "policy:**/temporary/**"),
        ("dcp/artwork/still.png", "unapproved-ai-in-final", "pkl"),
        ("dcp/subtitles/still.png", "unapproved-ai-in-final", "cpl"),
    ] {
        let asset = asset(&report, &format!("d.zip!/{path}"));
        assert_eq!((text(asset, "role_basis"), text(&asset["findings"][0], "rule")), (basis, rule), "{path}");
    }
    let ids: Vec<_> = report["packages"].as_array().unwrap().iter().map(|p| p["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [0, 1]);
}

#[test]
fn the_innermost_list_counts_and_what_it_leaves_out_is_what_the_archive_is_for() {
    // The outer bag lists the archive; in that, an inner bag lists two pictures and leaves one out.
    let mut inner = bag();
    inner.push(("loose.png".to_owned(), sample("formats/xmp-generated.png")));
    let inner = zipped(&inner);
    let outer: Files = vec![
        ("bagit.txt".to_owned(), b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_vec()),
        ("data/in.zip".to_owned(), inner.clone()),
        ("manifest-sha256.txt".to_owned(), format!("{}  data/in.zip\n", hex(&inner)).into_bytes()),
    ];
    let report = scan(folder(&[("o.tar", taken(&outer))]).path(), &["--integrity", "--role", "temporary"]);
    let root = |path: &str| {
        let id = &asset(&report, path)["package"];
        text(report["packages"].as_array().unwrap().iter().find(|p| p["id"] == *id).unwrap(), "root").to_owned()
    };
    let within = "o.tar!/data/in.zip!/";
    assert_eq!(root("o.tar!/data/in.zip"), "o.tar!");
    assert_eq!(root(&format!("{within}bag/data/m.png")), "o.tar!/data/in.zip!/bag");
    assert_eq!(root(&format!("{within}loose.png")), "o.tar!/data/in.zip");
    for (path, basis) in [("bag/data/m.png", "manifest"), ("loose.png", "manifest"), ("bag/bagit.txt", "manifest")] {
        assert_eq!(text(asset(&report, &format!("{within}{path}")), "role_basis"), basis, "{path}");
    }
    assert_eq!(text(asset(&report, "o.tar"), "role_basis"), "option");
    for root in ["o.tar!", "o.tar!/data/in.zip!/bag"] {
        assert_eq!(faults(&report, root), vec![], "{root}");
    }
}

#[test]
fn hostile_names_and_links_stay_harmless() {
    let mut files = bag();
    files.retain(|(name, _)| name != "bag/data/w.png");
    let mut members: Vec<_> = files.iter().map(|(name, bytes)| taped(name, bytes)).collect();
    // The other picture is a link, which is there; names that lead out are in no package.
    members.push(header(b"bag/data/w.png", b'1', 0, archives::USTAR));
    members.push(taped("../bag/data/out.png", b"x"));
    members.push(taped("/bag/data/root.png", b"x"));
    members.push(taped("d/".repeat(45).trim_end_matches('/'), b"x"));
    let report = scan(folder(&[("a.tar", tar(&members))]).path(), &["--integrity"]);
    assert_eq!(faults(&report, "a.tar!/bag"), vec![]);
    let around = report["packages"].as_array().unwrap().iter().find(|p| text(p, "root") == "a.tar!/bag").unwrap();
    assert!(around["remarks"][0].as_str().unwrap().contains("links"), "{around}");
    assert_eq!(faults(&report, "a.tar").len(), 2);
}

#[test]
fn manifests_that_unfold_without_end_are_not_read() {
    // Many bags in one archive, each with a manifest that unfolds to much: only so much of it is read.
    let blank = vec![b'\n'; 35 * 1024 * 1024];
    let about = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
    let mut members = Vec::new();
    for n in 0..4 {
        members.push(stored(&format!("{n}/bagit.txt"), about));
        members.push(deflated(&format!("{n}/manifest-sha256.txt"), &blank));
    }
    let report = scan(folder(&[("a.zip", zip(&members))]).path(), &[]);
    let refused = (0..4).filter(|n| {
        faults(&report, &format!("a.zip!/{n}")).iter().any(|(_, what)| what.contains("more than is unfolded"))
    });
    assert_eq!(refused.count(), 1);
}

#[test]
fn the_same_report_for_any_number_of_threads() {
    let mut files = package("dcp");
    files.extend(package("imf"));
    files.push(("in.tar".to_owned(), taken(&bag())));
    let dir = folder(&[("a.zip", zipped(&files)), ("b.tar", taken(&files))]);
    let one = scan(dir.path(), &["--integrity", "--jobs", "1"]);
    for _ in 0..3 {
        let many = scan(dir.path(), &["--integrity", "--jobs", "8"]);
        assert_eq!((&one["assets"], &one["packages"]), (&many["assets"], &many["packages"]));
    }
    assert_eq!(one["packages"].as_array().unwrap().len(), 10);
}
