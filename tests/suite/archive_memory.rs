//! Archives of very many members: what a scan of one keeps in memory, and that it tells of every member all the same.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::archives::{self, Zipped};
use crate::shared::memory::scanned;

const MEMBERS: usize = 100_000;
/// Of which a program of tests, without optimizations, takes some 60 for the smallest scan.
const MEGABYTES: u64 = 150;

fn assert_small(name: &str, bytes: &[u8], inside: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("delivery")).unwrap();
    std::fs::write(folder.path().join("delivery").join(name), bytes).unwrap();
    let (report, most) = scanned(folder.path());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let assets = report["assets"].as_array().unwrap();
    let members = assets.iter().filter_map(|asset| asset["path"].as_str()?.strip_prefix(inside));
    assert!(members.eq((0..MEMBERS).map(|n| format!("{n:06}"))), "{name}: not every member, or not in order");
    assert!(most < MEGABYTES, "{name}: {most} MB for {MEMBERS} members without a byte");
}

#[test]
fn a_zip_of_very_many_members_is_told_in_little_memory() {
    let members: Vec<Zipped> = (0..MEMBERS).rev().map(|n| archives::stored(&format!("{n:06}"), b"")).collect();
    assert_small("a.zip", &archives::zip(&members), "a.zip!/");
}

#[test]
fn a_tar_of_very_many_members_is_told_in_little_memory() {
    let members: Vec<u8> = (0..MEMBERS).flat_map(|n| archives::taped(&format!("{n:06}"), b"")).collect();
    let whole = [members, vec![0; 1024]].concat();
    assert_small("a.tar", &whole, "a.tar!/");
    assert_small("a.tgz", &archives::gzip(Some("a.tar"), &whole), "a.tgz!/a.tar!/");
}
