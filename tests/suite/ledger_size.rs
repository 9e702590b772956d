//! A ledger of a whole house: how long it takes to read, with an index and without, and what it holds in memory.
//! Run with `--ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use crate::shared::asset;

use std::path::Path;
use std::time::Instant;

use asset::asset;
use countersign::approvals::{Approvals, Cache, Decision, Ledger, Person, Record, Subject};
use countersign::model::Role;
use countersign::policy::Scope;

const RECORDS: usize = 500_000;

fn records(from: usize, to: usize) -> Vec<Record> {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    (from..to)
        .map(|n| {
            let mut record = Record::new(Decision::Approved, Person::named("A. Smith"), day);
            record.subjects = vec![Subject::new(format!("show/reel/{n}.png"), Some(&format!("{n:064x}")))];
            record.scopes = vec![Scope::FinalDeliverable];
            record.reference = Some(format!("PRJ-{n}"));
            record
        })
        .collect()
}

/// A figure of this process in MiB, where the system tells it.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn matched(approvals: &Approvals, folder: &Path) {
    let mut asset = asset(folder.join("reel/1.png"), "1.png", Role::Final);
    let (start, mut found) = (Instant::now(), 0);
    for n in 0..100_000 {
        asset.rel = format!("{}.png", n * 5);
        asset.path = folder.join("reel").join(&asset.rel);
        found += usize::from(!approvals.matches(&asset, Some(&format!("{:064x}", n * 5))).rows.is_empty());
    }
    println!("  {found} of 100000 assets matched in {:.1?}", start.elapsed());
    assert_eq!(found, 100_000);
    let start = Instant::now();
    for n in 0..100_000 {
        asset.rel = format!("other-{n}.png");
        asset.path = folder.join("reel").join(&asset.rel);
        assert!(approvals.matches(&asset, Some(&format!("{:064x}", RECORDS * 2 + n))).rows.is_empty());
    }
    println!("  100000 assets that no record is about, asked in {:.1?}", start.elapsed());
    approvals.check_ledger_intact().unwrap();
}

/// The ledger that the steps are about; without it, the test starts them.
const FOLDER: &str = "COUNTERSIGN_TEST_FOLDER";
const STEP: &str = "COUNTERSIGN_TEST_STEP";

/// One load in a process of its own, so that its memory is its own.
fn step(name: &str, folder: &Path) {
    let (path, cache) = (folder.join("l.jsonl"), folder.join("cache"));
    let cache = Cache::new(&cache);
    let (before, start) = (memory("VmRSS:"), Instant::now());
    let approvals = Approvals::open(&path, &[], (name != "without index").then_some(&cache)).unwrap();
    let (took, held, peak) = (start.elapsed(), memory("VmRSS:"), memory("VmHWM:"));
    println!("{name}: {took:.1?}, {} MiB held, {} MiB at most", held.saturating_sub(before), peak - before);
    matched(&approvals, folder);
}

#[test]
#[ignore = "a measurement, not a check"]
fn five_hundred_thousand_records_and_a_hundred_thousand_assets() {
    if let (Some(folder), Ok(name)) = (std::env::var_os(FOLDER), std::env::var(STEP)) {
        return step(&name, Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    Ledger::append(&path, &records(0, RECORDS), None).unwrap();
    println!("{} records, {} MiB", RECORDS, std::fs::metadata(&path).unwrap().len() >> 20);
    for name in ["first load, index made", "second load, index used", "one line appended", "without index"] {
        if name == "one line appended" {
            let (cache, start) = (folder.path().join("cache"), Instant::now());
            Ledger::append_noted(&path, &records(RECORDS, RECORDS + 1), None, Some(&Cache::new(&cache))).unwrap();
            println!("one record appended in {:.1?}", start.elapsed());
        }
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--nocapture"]).env(FOLDER, folder.path()).env(STEP, name);
        assert!(command.status().unwrap().success());
    }
    let files: Vec<_> = std::fs::read_dir(folder.path().join("cache")).unwrap().flatten().collect();
    let bytes: u64 = files.iter().map(|e| e.metadata().unwrap().len()).sum();
    println!("{} MiB of cache in {} files, the earlier index included", bytes >> 20, files.len());
}
