//! Folders of very many files, and archives of very many files that describe others: what a scan keeps of them in memory.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use crate::samples::archives::{self, Zipped};
use crate::shared::memory;

/// Files in one folder.
const FILES: usize = 60_000;
/// Members of an archive that have a store each.
const PAIRS: usize = 30_000;
/// For a folder, and for an archive; of which a program of tests, without optimizations, takes some 50 for the smallest scan.
const MEGABYTES: (u64, u64) = (75, 230);

/// The rows of a report and the most megabytes that the scan took.
fn scanned(folder: &Path) -> (Vec<serde_json::Value>, u64) {
    let (report, most) = memory::scanned(folder);
    let mut report: serde_json::Value = serde_json::from_str(&report).unwrap();
    (report["assets"].as_array_mut().map(std::mem::take).unwrap(), most)
}

/// A name without digits: no two of such are frames of one run.
fn letters(n: usize) -> String {
    let letter = |place: u32| char::from(b'a' + u8::try_from(n / 26_usize.pow(place) % 26).unwrap());
    (0..4).rev().map(letter).collect()
}

#[test]
fn a_folder_of_very_many_files_is_told_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let delivery = folder.path().join("delivery");
    std::fs::create_dir(&delivery).unwrap();
    let name = |n: usize| format!("{}.jpg", letters(n));
    // One file by many names: a file system makes and removes them faster than as many files.
    let file = folder.path().join("empty");
    std::fs::write(&file, b"").unwrap();
    (0..FILES).for_each(|n| std::fs::hard_link(&file, delivery.join(name(n))).unwrap());
    let (rows, most) = scanned(folder.path());
    assert!(rows.iter().map(|row| row["path"].as_str().unwrap()).eq((0..FILES).map(name)), "not all, or not in order");
    assert!(rows.iter().all(|row| !row["findings"].as_array().unwrap().is_empty()), "an empty file passes");
    assert!(most < MEGABYTES.0, "{most} MB for {FILES} files without a byte");
}

#[test]
fn an_archive_of_very_many_empty_stores_is_told_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("delivery")).unwrap();
    // Numbered pictures may be frames: their rows are held back until all of them are known.
    let names: Vec<_> = (0..PAIRS).flat_map(|n| ["c2pa", "jpg"].map(|ending| format!("{n:06}.{ending}"))).collect();
    let members: Vec<Zipped> = names.iter().map(|name| archives::stored(name, b"")).collect();
    std::fs::write(folder.path().join("delivery/a.zip"), archives::zip(&members)).unwrap();
    let (rows, most) = scanned(folder.path());
    let mut paths: Vec<_> = rows.iter().filter_map(|row| row["path"].as_str()?.strip_prefix("a.zip!/")).collect();
    paths.sort_unstable();
    assert!(paths == names, "not every member has a row");
    for row in rows.iter().filter(|row| row["path"].as_str().unwrap().ends_with(".jpg")) {
        assert_eq!(row["c2pa"]["state"], "unreadable", "{row}");
    }
    assert!(most < MEGABYTES.1, "{most} MB for {PAIRS} files with a store each");
}
