//! Archives of very many members: what a scan of one keeps in memory, and that it tells of every member all the same.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::samples::archives::{self, Zipped};
use crate::shared::document::program;

const MEMBERS: usize = 100_000;
/// Of which a program of tests, without optimizations, takes some 60 for the smallest scan.
const MEGABYTES: u64 = 150;

/// A scan of a folder: its report, and the most memory that its process had, in megabytes.
fn scanned(folder: &Path) -> (String, u64) {
    let report = folder.join("report.json");
    let mut command = program(folder, env!("CARGO_BIN_EXE_countersign"));
    command.args(["scan", "delivery", "--jobs", "2", "--report", "json=report.json"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).and_then(|peak| peak.parse::<u64>().ok());
        most = most.max(peak.unwrap_or(0) / 1024);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(most > 0, "nothing was measured");
    (std::fs::read_to_string(report).unwrap(), most)
}

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
