//! What fails around a scan: the disk is full, a folder cannot be written to, descriptors run out.
//! A report is whole or not there, nothing is written below the root, and the exit code says what happened.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
}

/// A delivery of its own: samples of every format, and an archive of some.
fn delivery(folder: &Path) -> PathBuf {
    let delivery = folder.join("delivery");
    std::fs::create_dir(&delivery).unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    for entry in std::fs::read_dir(samples).unwrap().flatten() {
        std::fs::copy(entry.path(), delivery.join(entry.file_name())).unwrap();
    }
    delivery
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Runs it by way of a shell that sets its limits first.
fn limited(folder: &Path, limits: &str, arguments: &[&str]) -> Output {
    let line = format!("{limits}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_countersign")])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The assets that a report, which is whole, counts.
fn assets(report: &Path) -> u64 {
    let whole: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    whole["summary"]["assets"].as_u64().unwrap()
}

#[test]
fn a_report_that_cannot_be_written_to_its_end_is_told_and_not_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    delivery(folder.path());
    // A file may have so many blocks and no more, as where a quota or a disk ends.
    let limits = "trap '' XFSZ; ulimit -f 8";
    let output =
        limited(folder.path(), limits, &["scan", "delivery", "--no-progress", "-q", "--report", "json=r.json"]);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(told(&output).contains("the report cannot be written"), "{}", told(&output));
    assert_eq!(names(folder.path()), BTreeSet::from(["delivery".to_owned()]));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_as_report_is_told() {
    let folder = tempfile::tempdir().unwrap();
    delivery(folder.path());
    let output =
        limited(folder.path(), ":", &["scan", "delivery", "--no-progress", "-q", "--report", "json=/dev/full"]);
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(told(&output).contains("the report cannot be written"), "{}", told(&output));
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    delivery(folder.path());
    // Where nobody, not even root, makes files; elsewhere a folder that is not there.
    for target in ["json=/proc/self/r.json", "json=nowhere/r.json"] {
        let output = limited(folder.path(), ":", &["scan", "delivery", "--no-progress", "--report", target]);
        assert_eq!(output.status.code(), Some(3), "{target}: {}", told(&output));
        assert!(told(&output).contains("the report cannot be written") && output.stdout.is_empty(), "{target}");
    }
}

#[test]
fn without_a_home_a_scan_judges_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let files = names(&delivery(folder.path())).len() as u64;
    let output = program()
        .args(["scan", "delivery", "--no-progress", "-q", "--report", "json=r.json"])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(1 | 2)), "{}", told(&output));
    assert!(assets(&folder.path().join("r.json")) >= files);
}

/// The asset rows of a scan with so many jobs, under these limits.
fn rows(folder: &Path, limits: &str, jobs: &str) -> (Option<i32>, serde_json::Value) {
    let report = folder.join("r.json");
    let _ = std::fs::remove_file(&report);
    let output = limited(
        folder,
        limits,
        &["scan", "delivery", "--no-progress", "-q", "--jobs", jobs, "--report", "json=r.json"],
    );
    let rows = std::fs::read(&report).ok().and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    (output.status.code(), rows.map_or(serde_json::Value::Null, |mut report| report["assets"].take()))
}

#[test]
fn out_of_descriptors_files_are_unreadable_and_never_clean() {
    let folder = tempfile::tempdir().unwrap();
    delivery(folder.path());
    let (_, whole) = rows(folder.path(), ":", "8");
    for (descriptors, jobs) in [(12, "8"), (16, "2"), (24, "8"), (32, "512"), (64, "8")] {
        let (code, few) = rows(folder.path(), &format!("ulimit -n {descriptors}"), jobs);
        if few.is_null() {
            // Not even the run could begin: that is told by its code.
            assert!(matches!(code, Some(3 | 4)), "{descriptors}: {code:?}");
            continue;
        }
        assert!(matches!(code, Some(1 | 2)), "{descriptors}: {code:?}");
        assert_none_became_clean(&whole, &few);
    }
}

/// That each row of a run that lacked descriptors is as the whole run told it, or says that it could not be read.
fn assert_none_became_clean(whole: &serde_json::Value, few: &serde_json::Value) {
    let rows = |of: &serde_json::Value| -> BTreeMap<String, serde_json::Value> {
        let named = |row: &serde_json::Value| (row["path"].as_str().unwrap().to_owned(), row.clone());
        of.as_array().unwrap().iter().map(named).collect()
    };
    let few = rows(few);
    let blocked = |row: &serde_json::Value| row["problems"].as_array().is_some_and(|problems| !problems.is_empty());
    for (path, all) in rows(whole) {
        match few.get(&path) {
            Some(some) => {
                assert!(blocked(some) || all["ai"] == some["ai"], "{path}: {} became {}", all["ai"], some["ai"])
            }
            // What is inside an archive that cannot be opened has no rows; the archive has one, and says so.
            None => {
                let (archive, _) = path.rsplit_once("!/").unwrap_or((&path, ""));
                let told = few.get(archive).is_some_and(&blocked);
                assert!(
                    told || few.iter().any(|(other, row)| path.starts_with(other.as_str()) && blocked(row)),
                    "{path}"
                );
            }
        }
    }
}

#[test]
fn very_many_jobs_give_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    delivery(folder.path());
    assert_eq!(rows(folder.path(), ":", "1"), rows(folder.path(), ":", "512"));
}
