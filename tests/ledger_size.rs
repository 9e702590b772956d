//! A ledger of a whole house: how long it takes to read, and what it holds in memory. Run with `--ignored`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::time::Instant;

use countersign::approvals::{Approvals, Decision, Ledger, Person, Record, Subject};
use countersign::model::Role;
use countersign::policy::Scope;

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

/// Resident memory in MiB, where the system tells it.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[test]
#[ignore = "a measurement, not a check"]
fn five_hundred_thousand_records_and_a_hundred_thousand_assets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    Ledger::append(&path, &records(0, 500_000), None).unwrap();
    let (before, start) = (memory(), Instant::now());
    let approvals = Approvals::load(&path, &[]).unwrap();
    println!(
        "{} MiB of ledger read in {:.1?}, {} MiB held",
        std::fs::metadata(&path).unwrap().len() >> 20,
        start.elapsed(),
        memory() - before
    );
    let file = folder.path().join("reel/1.png");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "x").unwrap();
    let mut asset = countersign::walk::Walk::new(&[folder.path().join("reel")], globset::GlobSet::empty())
        .flatten()
        .next()
        .unwrap();
    asset.role = Role::Final;
    let start = Instant::now();
    let mut found = 0;
    for n in 0..100_000 {
        asset.rel = format!("{}.png", n * 5);
        asset.path = folder.path().join("reel").join(&asset.rel);
        found += usize::from(!approvals.matches(&asset, Some(&format!("{:064x}", n * 5))).rows.is_empty());
    }
    println!("{found} of 100000 assets matched in {:.1?}", start.elapsed());
    assert_eq!(found, 100_000);
}
