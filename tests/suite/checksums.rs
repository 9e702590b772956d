//! Plain lists of checksums beside files, and runs of files that are numbered as frames are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::Path;
use std::process::Command;

use crate::shared::archived::{marked, sample};
use countersign::digest::{Algorithm, Digest};
use serde_json::Value;

pub(crate) fn tree(files: &[(String, Vec<u8>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    dir
}

/// The exit code, and the rules of all that is found.
pub(crate) fn scan(root: &Path, more: &[&str]) -> (i32, Vec<String>) {
    let (code, report) = report(root, more);
    (code, findings(&report).iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect())
}

pub(crate) fn findings(report: &Value) -> Vec<Value> {
    let parts = ["packages", "assets"].map(|part| report[part].as_array().unwrap().clone()).concat();
    parts.iter().flat_map(|part| part["findings"].as_array().unwrap().clone()).collect()
}

/// What packages say of themselves.
pub(crate) fn remarks(report: &Value) -> Vec<String> {
    let packages = report["packages"].as_array().unwrap();
    let all = packages.iter().flat_map(|package| package["remarks"].as_array().cloned().unwrap_or_default());
    all.map(|remark| remark.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn report(root: &Path, more: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["scan", root.to_str().unwrap(), "--report", "json", "--verify", "off", "--no-progress"])
        .args(more)
        .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    [("clips/one two.png", "plain.png"), ("clips/b.jpg", "plain.jpg"), ("c.gif", "plain.gif")]
        .map(|(path, name)| (path.to_owned(), sample(&format!("formats/{name}"))))
        .into()
}

/// Every kind of list, by its name.
fn lists() -> Vec<(String, String)> {
    let hex = |algorithm, bytes: &[u8]| Digest::of(algorithm, bytes).text();
    let list = |line: &dyn Fn(&str, &[u8]) -> String| files().iter().map(|(path, bytes)| line(path, bytes)).collect();
    let md5 = |bytes: &[u8]| hex(Algorithm::Md5, bytes);
    let sha256 = |bytes: &[u8]| hex(Algorithm::Sha256, bytes);
    let all: [(&str, String); 8] = [
        ("drive.md5", list(&|path, bytes| format!("{}  {path}\n", md5(bytes)))),
        ("md5sums.txt", list(&|path, bytes| format!("{} *./{path}\r\n", md5(bytes)))),
        (
            "CHECKSUMS.MD5",
            list(&|path, bytes| format!("{} *{}\r\n", md5(bytes).to_uppercase(), path.replace('/', "\\"))),
        ),
        ("SHA256SUMS", list(&|path, bytes| format!("{}  {path}\n", sha256(bytes)))),
        ("bsd.sha256", list(&|path, bytes| format!("SHA256 ({path}) = {}\n", sha256(bytes)))),
        ("drive.sha1", list(&|path, bytes| format!("# made by hand\n{}  {path}\n", hex(Algorithm::Sha1, bytes)))),
        (
            "drive.sfv",
            list(&|path, bytes| format!("; SFV\r\n{path} {}\r\n", hex(Algorithm::Crc32, bytes).to_uppercase())),
        ),
        ("drive.xxh64", list(&|path, bytes| format!("{}  {path}\n", hex(Algorithm::Xxh64, bytes)))),
    ];
    all.map(|(name, text)| (name.to_owned(), text)).into()
}

#[test]
fn what_a_plain_list_says_is_compared_with_the_drive() {
    for (name, text) in lists() {
        let with = |files: Vec<(String, Vec<u8>)>| {
            let dir = tree(&[files, vec![(name.clone(), text.clone().into_bytes())]].concat());
            scan(dir.path(), &["--integrity"])
        };
        assert_eq!(with(files()), (0, vec![]), "{name}");
        let mut changed = files();
        changed[0].1 = sample("formats/prompt-words.png");
        assert_eq!(with(changed), (1, vec!["package-hash-mismatch".to_owned()]), "{name}");
        let mut lost = files();
        lost.remove(1);
        assert_eq!(with(lost), (1, vec!["package-missing-asset".to_owned()]), "{name}");
    }
}

#[test]
fn a_list_of_one_file_may_be_its_digits_alone() {
    let picture = sample("formats/plain.png");
    let digits = Digest::of(Algorithm::Md5, &picture).text().into_bytes();
    for (bytes, expected) in [(picture, (0, vec![])), (marked(), (1, vec!["package-hash-mismatch".to_owned()]))] {
        let dir = tree(&[("a.png".into(), bytes), ("a.png.md5".into(), digits.clone())]);
        let (code, mut found) = scan(dir.path(), &["--integrity"]);
        found.retain(|rule| rule.starts_with("package-"));
        assert_eq!((code, found), expected);
    }
}

#[test]
fn what_is_no_list_or_speaks_of_another_folder_is_no_error_of_the_drive() {
    let own = |text: &str| tree(&[("a.png".into(), sample("formats/plain.png")), ("md5.txt".into(), text.into())]);
    assert_eq!(scan(own("notes about hashes\nand more of them\n").path(), &["--integrity"]).1, ["unrecognized-format"]);
    let elsewhere =
        "900150983cd24fb0d6963f7d28e17f72  other/one.mov\n900150983cd24fb0d6963f7d28e17f72  /Volumes/x.mov\n";
    let (code, found) = scan(own(elsewhere).path(), &[]);
    assert_eq!((code, found), (0, vec!["package-unverified".to_owned(); 2]));
}

#[test]
fn a_list_does_not_take_files_out_of_the_bag_around_it() {
    let md5 = |bytes: &[u8]| Digest::of(Algorithm::Md5, bytes).text();
    let list = format!("{}  a.txt\n", md5(b"one")).into_bytes();
    let manifest = format!("{}  data/x/a.txt\n{}  data/x/list.md5\n", md5(b"one"), md5(&list));
    let bag = tree(&[
        ("bagit.txt".into(), b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_vec()),
        ("manifest-md5.txt".into(), manifest.into_bytes()),
        ("data/x/a.txt".into(), b"one".to_vec()),
        ("data/x/list.md5".into(), list),
        ("data/x/extra.png".into(), sample("formats/plain.png")),
    ]);
    let (code, found) = scan(bag.path(), &["--integrity"]);
    assert!(code == 1 && found.contains(&"package-malformed".to_owned()), "{code} {found:?}");
}

#[test]
fn what_a_list_names_in_a_bin_is_looked_at() {
    let listed = format!("{}  #recycle/still.png\n", Digest::of(Algorithm::Md5, &marked()).text());
    let dir = tree(&[("list.md5".into(), listed.into_bytes()), ("#recycle/still.png".into(), marked())]);
    let (code, found) = scan(dir.path(), &[]);
    assert!(code == 1 && found.contains(&"unapproved-ai-in-final".to_owned()), "{code} {found:?}");
}

/// Files of one numbered name.
fn numbered(name: &str, numbers: impl Iterator<Item = u32>) -> Vec<(String, Vec<u8>)> {
    let picture = sample("formats/tiff-caption.tif");
    numbers.map(|n| (name.replace('#', &format!("{n:05}")), picture.clone())).collect()
}

#[test]
fn numbers_of_five_digits_are_frames_where_nearly_all_follow_one_another() {
    for name in ["A_#.TIF", "a_#.tif", "X-#.Tif", "#.tiff", "take 2.#.TIFF"] {
        let dir = tree(&numbered(name, (8..20).filter(|n| *n != 12)));
        assert_eq!(scan(dir.path(), &[]).1, ["sequence-gap"], "{name}");
        let dir = tree(&numbered(name, 8..20));
        assert_eq!(scan(dir.path(), &[]).1, [""; 0], "{name}");
    }
    let both = [numbered("A_#.TIF", 8..12), numbered("A_#.tif", 13..20)].concat();
    assert_eq!(scan(tree(&both).path(), &[]).1, ["sequence-gap"]);
    let both = [numbered("A_#.TIF", 8..12), numbered("A_#.tif", 12..20)].concat();
    assert_eq!(scan(tree(&both).path(), &[]).1, [""; 0]);
}

#[test]
fn scans_and_photos_with_numbers_are_no_frames() {
    for (name, numbers) in [
        ("scan_#.tif", vec![3, 4, 7, 12, 13, 19, 20, 31, 40, 41]),
        ("box_#.tif", (0..50).map(|n| 5 * n).collect()),
        ("DSC#.tif", (8..20).filter(|n| *n != 12).collect()),
        ("P_#.jpg", (8..20).filter(|n| *n != 12).collect()),
    ] {
        let mut files = numbered(name, numbers.into_iter());
        if name.ends_with("jpg") {
            files.iter_mut().for_each(|file| file.1 = sample("formats/plain.jpg"));
        }
        assert!(!scan(tree(&files).path(), &[]).1.contains(&"sequence-gap".to_owned()), "{name}");
    }
}
