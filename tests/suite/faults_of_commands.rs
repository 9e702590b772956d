//! What fails around `approve`, `extract` and `serve`: the disk is full, a folder cannot be written to, there is no home,
//! descriptors run out, there are very many threads. The exit code says so, nothing half done stays, nothing is judged clean.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use countersign::approvals::Ledger;
use serde_json::Value;

use crate::shared::document::squeezed;
use crate::shared::limited::{FULL, delivery, limited, said};

const FILES: &[&str] = &["end_credits.mp3", "hero_010.png", "poster_020.jpg", "reel_2.mov"];

/// That a command ended with 3 and these words.
fn assert_refused(output: &Output, words: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(squeezed(&said).contains(&squeezed(words)), "no {words:?} in {said}");
}

fn approve(folder: &Path, limits: &str, more: &[&str]) -> Output {
    let files: Vec<_> = FILES.iter().map(|name| format!("delivery/final/{name}")).collect();
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let arguments = [&["approve", "--by", "Jane Doe", "--reference", "T-1"], more, &files].concat();
    limited(folder, limits, &arguments).output().unwrap()
}

const LEDGER: &[&str] = &["--approvals", "l.jsonl"];

#[test]
fn a_record_for_which_there_is_no_room_is_told_and_the_ledger_stays_as_it_was() {
    let folder = delivery();
    let ledger = folder.path().join("l.jsonl");
    assert_refused(&approve(folder.path(), FULL, LEDGER), "nothing was recorded");
    assert_eq!(std::fs::read(&ledger).unwrap_or_default(), b"", "half a record stayed");
    assert_eq!(approve(folder.path(), ":", LEDGER).status.code(), Some(0));
    let before = std::fs::read(&ledger).unwrap();
    assert!(before.len() > 512);
    // So much is there, and there is no room for as much again.
    let limits = format!("trap '' XFSZ; ulimit -f {}", before.len() / 512 + 1);
    assert_refused(&approve(folder.path(), &limits, LEDGER), "nothing was recorded");
    assert_eq!(std::fs::read(&ledger).unwrap(), before);
    assert!(Ledger::read(&ledger).is_ok());
}

#[test]
fn a_ledger_that_cannot_be_written_is_told() {
    let folder = delivery();
    // Where nobody, not even root, makes files.
    let refused = approve(folder.path(), ":", &["--approvals", "/proc/self/l.jsonl"]);
    assert_refused(&refused, "nothing was recorded");
}

#[test]
fn without_a_home_a_ledger_is_asked_for_and_one_that_is_named_is_used() {
    let folder = delivery();
    let bare = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.current_dir(folder.path()).env_clear().args(["approve", "delivery/final/end_credits.mp3", "--by", "J"]);
        command.args(more).output().unwrap()
    };
    assert_refused(&bare(&[]), "name one: --approvals");
    let named = bare(LEDGER);
    assert_eq!(named.status.code(), Some(0), "{}", said(&named));
    assert_eq!(Ledger::read(&folder.path().join("l.jsonl")).unwrap().entries.len(), 1);
}

#[test]
fn out_of_descriptors_a_record_is_whole_or_refused() {
    let folder = delivery();
    let ledger = folder.path().join("l.jsonl");
    let mut refused = 0;
    for descriptors in 3..12 {
        let _ = std::fs::remove_file(&ledger);
        let output = approve(folder.path(), &format!("ulimit -n {descriptors}"), LEDGER);
        let subjects = Ledger::read(&ledger)
            .map_or(0, |ledger| ledger.entries.iter().map(|entry| entry.record.subjects.len()).sum::<usize>());
        let told = said(&output);
        match output.status.success() {
            true => assert_eq!(subjects, FILES.len(), "{descriptors}: {told}"),
            false => {
                refused += 1;
                assert!(subjects == 0 && !told.is_empty(), "{descriptors}: {subjects} recorded, {told}");
            }
        }
    }
    assert!(refused > 0, "no limit was small enough to be felt");
}

fn extract(folder: &Path, limits: &str, more: &[&str]) -> Output {
    let arguments = [&["extract", "delivery", "--no-progress"], more].concat();
    limited(folder, limits, &arguments).output().unwrap()
}

/// The exit code of judging these rows, and the rows of the report by their paths.
fn judged(folder: &Path, rows: &str) -> (Option<i32>, BTreeMap<String, Value>) {
    let arguments = ["judge", rows, "--no-progress", "-q", "--report", "json=r.json"];
    let code = limited(folder, ":", &arguments).output().unwrap().status.code();
    let report: Value = serde_json::from_slice(&std::fs::read(folder.join("r.json")).unwrap()).unwrap();
    let rows = report["assets"].as_array().unwrap().iter();
    (code, rows.map(|row| (row["path"].as_str().unwrap().to_owned(), row.clone())).collect())
}

#[test]
fn rows_for_which_there_is_no_room_are_told_and_leave_nothing_behind() {
    let folder = delivery();
    assert_refused(&extract(folder.path(), FULL, &["--out", "rows"]), "the rows cannot be written");
    assert_eq!(std::fs::read_dir(folder.path().join("rows")).unwrap().count(), 0);
    let refused = limited(folder.path(), ":", &["judge", "rows"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
}

#[test]
fn rows_are_refused_where_nothing_can_be_written_and_written_without_a_home() {
    let folder = delivery();
    assert_refused(&extract(folder.path(), ":", &["--out", "/proc/self/rows"]), "the rows cannot be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder.path()).env_clear().args(["extract", "delivery", "--no-progress", "--out", "rows"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(judged(folder.path(), "rows").0, Some(1));
}

#[test]
fn out_of_descriptors_rows_say_what_could_not_be_read() {
    let folder = delivery();
    assert_eq!(extract(folder.path(), ":", &["--out", "whole"]).status.code(), Some(0));
    let (_, whole) = judged(folder.path(), "whole");
    let blocked = |row: &Value| row["problems"].as_array().is_some_and(|problems| !problems.is_empty());
    let mut felt = 0;
    for descriptors in [6, 8, 10, 12] {
        let out = format!("few-{descriptors}");
        let limits = format!("ulimit -n {descriptors}");
        let output = extract(folder.path(), &limits, &["--out", &out, "--jobs", "8"]);
        let told = said(&output);
        if output.status.code() != Some(0) {
            felt += 1;
            assert!(matches!(output.status.code(), Some(3 | 4)) && !told.is_empty(), "{descriptors}: {told}");
            continue;
        }
        let (code, few) = judged(folder.path(), &out);
        assert!(matches!(code, Some(1 | 2)), "{descriptors}: {code:?}");
        for (path, row) in &whole {
            let some = few.get(path).unwrap_or_else(|| panic!("{descriptors}: {path} has no row"));
            felt += i32::from(some != row);
            assert!(blocked(some) || some["ai"] == row["ai"], "{descriptors}: {path} became {}", some["ai"]);
        }
    }
    assert!(felt > 0, "no limit was small enough to be felt");
}

#[test]
fn very_many_jobs_write_and_judge_the_same_rows() {
    let folder = delivery();
    for (out, jobs) in [("one", "1"), ("many", "512")] {
        let output = extract(folder.path(), ":", &["--out", out, "--jobs", jobs]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    assert_eq!(judged(folder.path(), "one"), judged(folder.path(), "many"));
}

/// Starts a server; what it told before it served or ended, and its exit code where it did.
#[cfg(feature = "serve")]
fn started(folder: &Path, mut command: Command) -> (String, Option<i32>) {
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        told.push_str(&line);
        told.push('\n');
        if line.contains("/setup?token=") {
            break;
        }
    }
    // One that told where it serves goes on until it is ended.
    if told.contains("/setup?token=") {
        std::thread::sleep(std::time::Duration::from_millis(1_500));
    }
    let ended = match told.is_empty() {
        true => Some(child.wait().unwrap()),
        false => child.try_wait().unwrap(),
    };
    let _ = child.kill();
    child.wait().unwrap();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(!told.contains("panicked"), "{told}");
    (told, ended.and_then(|status| status.code()))
}

#[cfg(feature = "serve")]
fn serving(folder: &Path, limits: &str, data: &str) -> (String, Option<i32>) {
    let arguments = ["serve", "--data", data, "--root", "drops=delivery", "--listen", "127.0.0.1:0"];
    started(folder, limited(folder, limits, &arguments))
}

#[test]
#[cfg(feature = "serve")]
fn a_server_without_room_or_rights_does_not_start() {
    let folder = delivery();
    for (limits, data) in [(":", "/proc/self/data"), (FULL, "data"), ("trap '' XFSZ; ulimit -f 0", "data-2")] {
        let (told, code) = serving(folder.path(), limits, data);
        assert_eq!(code, Some(3), "{limits}, {data}: {told}");
        assert!(told.contains("nothing is served"), "{told}");
    }
}

#[test]
#[cfg(feature = "serve")]
fn a_server_without_descriptors_does_not_start() {
    let folder = delivery();
    for descriptors in [6, 10, 16, 40] {
        let data = format!("data-{descriptors}");
        let (told, code) = serving(folder.path(), &format!("ulimit -n {descriptors}"), &data);
        assert_eq!(code, Some(3), "{descriptors}: {told}");
        assert!(told.contains("nothing is served") && !told.contains("token="), "{descriptors}: {told}");
    }
    let (told, code) = serving(folder.path(), "ulimit -n 256", "data-256");
    assert!(code.is_none() && told.contains("/setup?token="), "{code:?}: {told}");
}

#[test]
#[cfg(feature = "serve")]
fn a_server_needs_no_home() {
    let folder = delivery();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_clear().args(["serve", "--data", "data", "--root", "drops=delivery", "--listen", "127.0.0.1:0"]);
    let (told, code) = started(folder.path(), command);
    assert!(code.is_none() && told.contains("/setup?token="), "{code:?}: {told}");
}
