//! What a whole run asks of the operating system, seen from outside: one opening of each asset, whatever is hashed and
//! pictured, and one listing of each folder.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::shared::archived::sample;
use crate::shared::prerequisite;

/// A bag of stills and sound, marked and unmarked, among them two frames of one run.
fn bag(folder: &Path) -> Vec<String> {
    let files = [
        ("stills/hero.png", "delivery/final/hero_010.png"),
        ("stills/poster.jpg", "delivery/final/poster_020.jpg"),
        ("stills/photo.jpg", "delivery/final/photo_030.jpg"),
        ("stills/deep/portrait.tif", "delivery/archival/portrait_1958.tif"),
        ("stills/deep/shot.1001.png", "delivery/final/hero_010.png"),
        ("stills/deep/shot.1002.png", "delivery/temporary/previs_010.png"),
        ("sound/credits.mp3", "delivery/final/end_credits.mp3"),
    ];
    let mut manifest = String::new();
    let mut names = Vec::new();
    for (name, from) in files {
        let path = folder.join("data").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, sample(from)).unwrap();
        let digest = countersign::digest::sha256(&path).unwrap();
        writeln!(manifest, "{digest}  data/{name}").unwrap();
        names.push(format!("data/{name}"));
    }
    std::fs::write(folder.join("bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n").unwrap();
    std::fs::write(folder.join("manifest-sha256.txt"), manifest).unwrap();
    names
}

/// What a run opens, a line a call; `None` where it cannot be watched.
fn watched(root: &Path, out: &Path) -> Option<String> {
    let trace = out.join("trace");
    let report = |kind: &str| format!("{kind}={}", out.join(kind).display());
    let output = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=open,openat,openat2,getdents64", "-o"])
        .arg(&trace)
        .args([env!("CARGO_BIN_EXE_countersign"), "scan", "--no-progress", "--integrity"])
        .args(["--report", &report("html"), "--report", &report("json")])
        .arg(root)
        .env("COUNTERSIGN_CONFIG", out.join("no-configuration"))
        .output()
        .ok()?;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    std::fs::read_to_string(trace).ok()
}

#[test]
fn each_asset_is_opened_once_and_each_folder_listed_once() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = std::fs::canonicalize(folder.path()).unwrap();
    let assets = bag(&root);
    let Some(trace) = watched(&root, out.path()) else {
        prerequisite::absent("strace", "no strace here: what a run opens was not seen");
        return;
    };
    // The run did what it was asked: it compared the hashes, and the page shows pictures.
    let report: Value = serde_json::from_slice(&std::fs::read(out.path().join("json")).unwrap()).unwrap();
    let rows = report["assets"].as_array().unwrap();
    let marked = rows.iter().filter(|row| row["ai"] != "none").count();
    assert_eq!((marked, report["packages"][0]["kind"].as_str()), (5, Some("bagit")), "{report:#}");
    let page = std::fs::read_to_string(out.path().join("html")).unwrap();
    let pictures = (page.matches("\"jpeg\":\"").count(), page.matches("\"wave\":[").count());
    assert_eq!(pictures, (4, 1));

    let opened = |path: &str| {
        let whole = root.join(path);
        let named = format!("\"{}\"", whole.display());
        // Or by its name, in a folder that is open.
        let parts = whole.parent().zip(whole.file_name());
        let in_folder = parts.map(|(folder, name)| format!("<{}>, \"{}\"", folder.display(), name.display()));
        let is_one =
            |line: &&str| line.contains(&named) || in_folder.as_ref().is_some_and(|named| line.contains(named));
        trace.lines().filter(is_one).count()
    };
    let counts: Vec<_> = assets.iter().map(|path| (path, opened(path))).collect();
    assert!(counts.iter().all(|(_, count)| *count == 1), "{counts:#?}");
    let folders = ["", "data", "data/stills", "data/stills/deep", "data/sound"];
    let of_root = |line: &&str| line.contains("O_DIRECTORY") && line.contains(&format!("\"{}", root.display()));
    // Whoever opens a folder by `O_PATH` cannot list it: it is where files are found.
    let (kept_open, listed): (Vec<_>, Vec<_>) = trace.lines().filter(of_root).partition(|line| line.contains("O_PATH"));
    assert_eq!(listed.len(), folders.len(), "{listed:#?}");
    assert!((1..assets.len()).contains(&kept_open.len()), "{kept_open:#?}");
}
