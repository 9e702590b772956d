//! Killed at any moment: a report is whole or not there, a cache is of use or left alone, a ledger loses no record that was
//! told as recorded, and half an extraction is never judged. `COUNTERSIGN_KILLS=200` tries so many moments of each.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign::approvals::Ledger;
use serde_json::Value;

use crate::shared::document::program;

/// Moments of each command where nobody asks for more.
const MOMENTS: u32 = 16;
/// Reports that go to files.
const REPORTS: &[&str] =
    &["json=out/r.json", "ndjson=out/r.ndjson", "html=out/r.html", "csv=out/r.csv", "sarif=out/r.sarif"];

fn moments() -> u32 {
    std::env::var("COUNTERSIGN_KILLS").map_or(MOMENTS, |number| number.parse().expect("COUNTERSIGN_KILLS is a number"))
}

/// A folder with a third of the samples of formats below `delivery`, and with room for reports and temporary files.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["delivery", "space", "out"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    for name in names(&samples).iter().filter(|name| !name.ends_with(".json")).step_by(3) {
        std::fs::copy(samples.join(name), folder.path().join("delivery").join(name)).unwrap();
    }
    folder
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// A command that is killed again and again.
struct Victim<'a> {
    folder: &'a Path,
    arguments: Vec<&'a str>,
    /// What it ends with when nobody kills it.
    codes: &'a [i32],
    /// How long it takes when nobody kills it.
    took: Duration,
    /// Where what it writes shows first: every second time it is killed soon after that, when the disk is in work.
    writes: &'a dyn Fn() -> bool,
}

impl<'a> Victim<'a> {
    /// Runs it once to its end; its exit code is one of these.
    fn measured(folder: &'a Path, arguments: Vec<&'a str>, codes: &'a [i32], writes: &'a dyn Fn() -> bool) -> Self {
        let mut victim = Self { folder, arguments, codes, took: Duration::ZERO, writes };
        let start = Instant::now();
        let code = victim.command().status().unwrap().code();
        assert!(code.is_some_and(|code| codes.contains(&code)), "{code:?}");
        victim.took = start.elapsed();
        victim
    }

    fn command(&self) -> Command {
        let mut command = program(self.folder, env!("CARGO_BIN_EXE_countersign"));
        command.args(&self.arguments).env("TMPDIR", self.folder.join("space"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts it and kills it at a moment; whether it had ended well by then.
    fn kill(&self, moment: u32, of: u32) -> bool {
        let mut child = self.command().spawn().unwrap();
        if moment.is_multiple_of(2) {
            // Some are given more than the usual time, so that all of it is covered where the machine is busy.
            std::thread::sleep(self.took * moment / of * 6 / 5);
        } else {
            self.until_it_writes(&mut child);
            std::thread::sleep(self.took / 20 * moment / of);
        }
        let _ = child.kill();
        let code = child.wait().unwrap().code();
        assert!(names(&self.folder.join("space")).is_empty(), "{:?}", names(&self.folder.join("space")));
        assert!(code.is_none_or(|code| self.codes.contains(&code)), "it ended by itself with {code:?}");
        code.is_some()
    }

    fn until_it_writes(&self, child: &mut Child) {
        while !(self.writes)() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// The report without what a run says of itself, and how many rows came from the cache.
fn report(path: &Path) -> (Value, u64) {
    let mut whole: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let summary = whole["summary"].as_object_mut().unwrap();
    let from_cache = summary.remove("from_cache").and_then(|number| number.as_u64()).unwrap_or(0);
    whole.as_object_mut().unwrap().remove("run");
    (whole, from_cache)
}

/// How many rows each report has that is whole: assets of the JSON report, lines of the others but the page.
fn rows(out: &Path) -> BTreeMap<String, usize> {
    let reports = names(out).into_iter().filter(|name| name.starts_with("r.") && !name.ends_with(".partial"));
    let counted = reports.map(|name| {
        let text = std::fs::read_to_string(out.join(&name)).unwrap();
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|e| panic!("{name} is cut: {e}"));
        let rows = match name.as_str() {
            "r.json" => parsed(&text)["assets"].as_array().unwrap().len(),
            "r.sarif" => parsed(&text)["runs"][0]["results"].as_array().unwrap().len(),
            "r.ndjson" => {
                text.lines().for_each(|line| drop(parsed(line)));
                text.lines().count()
            }
            "r.html" => text.matches("</html>").count(),
            _ => text.lines().count(),
        };
        (name, rows)
    });
    counted.collect()
}

/// That all reports that are there have as many rows as whole ones.
fn assert_whole(out: &Path, whole: &BTreeMap<String, usize>) {
    for (name, count) in rows(out) {
        assert_eq!(Some(&count), whole.get(&name), "{name} is not whole");
    }
}

fn clear(out: &Path) {
    for name in names(out) {
        std::fs::remove_file(out.join(name)).unwrap();
    }
}

fn partial(out: &Path) -> bool {
    names(out).iter().any(|name| name.ends_with(".partial"))
}

#[test]
fn a_scan_leaves_whole_reports_or_none_and_a_cache_that_says_what_the_files_say() {
    let folder = place();
    let (out, cache) = (folder.path().join("out"), folder.path().join("facts.cache"));
    let before = names(&folder.path().join("delivery"));
    // What changed a moment ago is not kept in the cache.
    std::thread::sleep(Duration::from_millis(2_500));
    let mut arguments = vec!["scan", "delivery", "--no-progress", "-q", "--cache", "facts.cache"];
    REPORTS.iter().for_each(|report| arguments.extend(["--report", *report]));
    let writes = || partial(&out) || cache.metadata().is_ok_and(|meta| meta.len() > 8_192);
    let scan = Victim::measured(folder.path(), arguments, &[1, 2], &writes);
    let (whole, _) = report(&out.join("r.json"));
    let counts = rows(&out);
    assert!(counts["r.json"] >= before.len() && counts.len() == REPORTS.len() && counts["r.html"] == 1, "{counts:?}");
    let (mut ended, mut kept, of) = (0, 0, moments());
    for moment in 0..of {
        clear(&out);
        // Every fourth time the cache is a new one, else one that killed runs have left.
        if moment % 4 < 2 {
            for name in names(folder.path()).iter().filter(|name| name.starts_with("facts.cache")) {
                std::fs::remove_file(folder.path().join(name)).unwrap();
            }
        }
        ended += u32::from(scan.kill(moment, of));
        assert_whole(&out, &counts);
        assert_eq!(names(&folder.path().join("delivery")), before, "something was written below the root");
        if moment % 4 == 3 {
            let code = scan.command().status().unwrap().code();
            let (again, from_cache) = report(&out.join("r.json"));
            assert!(matches!(code, Some(1 | 2)) && again == whole, "after {moment}: {code:?}");
            kept += u32::from(from_cache > 0);
            // What was abandoned is removed by the next run.
            assert!(!partial(&out), "{:?}", names(&out));
        }
    }
    eprintln!("scan: {of} kills, {ended} of them after its end; {kept} of {} caches were of use", of / 4);
    // Whether a killed run had come to keep anything hangs on the machine; what two whole runs leave behind it does not.
    let (_, first) = (scan.command().status().unwrap(), report(&out.join("r.json")).1);
    let (_, (again, second)) = (scan.command().status().unwrap(), report(&out.join("r.json")));
    assert!(second > 0 && second >= first && again == whole, "{first} and then {second} rows from the cache");
}

/// The ids of the ledger's records; `None` where its last line is torn.
fn recorded(ledger: &Path) -> Option<Vec<String>> {
    if !ledger.exists() {
        return Some(Vec::new());
    }
    let ledger = Ledger::read(ledger).ok()?;
    Some(ledger.entries.into_iter().map(|entry| entry.record.id).collect())
}

#[test]
fn approve_loses_no_record_and_no_torn_line_counts() {
    let folder = place();
    let ledger = folder.path().join("l.jsonl");
    let files: Vec<_> =
        names(&folder.path().join("delivery")).into_iter().take(24).map(|name| format!("delivery/{name}")).collect();
    let mut arguments = vec!["approve", "--by", "Jane Doe", "--reference", "T-1", "--approvals", "l.jsonl"];
    arguments.extend(files.iter().map(String::as_str));
    let length = || ledger.metadata().map_or(0, |meta| meta.len());
    let last = std::cell::Cell::new(0);
    let writes = || length() > last.get();
    let approve = Victim::measured(folder.path(), arguments, &[0], &writes);
    let mut known = recorded(&ledger).unwrap();
    let at_once = known.len();
    assert!(at_once > 0);
    let (mut ended, mut torn, of) = (0, 0, moments());
    for moment in 0..of {
        last.set(length());
        let done = approve.kill(moment, of);
        ended += u32::from(done);
        let now = recorded(&ledger).unwrap_or_else(|| {
            torn += 1;
            // Refused as long as nobody has put the torn line aside.
            for command in [&["scan", "delivery", "--approvals", "l.jsonl"][..], &["approvals", "verify"]] {
                let mut command_line = program(folder.path(), env!("CARGO_BIN_EXE_countersign"));
                let refused = command_line.args(command).env("COUNTERSIGN_APPROVALS", &ledger).output().unwrap();
                assert!(!refused.status.success(), "{command:?}");
            }
            assert!(Ledger::repair(&ledger).unwrap().is_some());
            recorded(&ledger).unwrap()
        });
        assert!(now.starts_with(&known), "after {moment}: {} records became {}", known.len(), now.len());
        let new = now.len() - known.len();
        assert!(new <= at_once && (!done || new == at_once), "after {moment}: {new} new records");
        known = now;
    }
    assert_eq!(BTreeSet::from_iter(&known).len(), known.len(), "an id was given twice");
    eprintln!("approve: {of} kills, {ended} of them after its end; {torn} lines were torn, {} records", known.len());
}

#[test]
fn half_an_extraction_is_never_judged() {
    let folder = place();
    let rows = folder.path().join("rows");
    std::fs::create_dir(&rows).unwrap();
    let writes = || !names(&rows).is_empty();
    let arguments = vec!["extract", "delivery", "--out", "rows", "--no-progress"];
    let extract = Victim::measured(folder.path(), arguments, &[0], &writes);
    let judge = |report: &str| {
        let mut command = program(folder.path(), env!("CARGO_BIN_EXE_countersign"));
        command.args(["judge", "rows", "--no-progress", "-q", "--report", report]).output().unwrap().status.code()
    };
    assert!(matches!(judge("json=out/whole.json"), Some(1 | 2)));
    let (whole, _) = report(&folder.path().join("out/whole.json"));
    let (mut ended, mut there, of) = (0, 0, moments());
    for moment in 0..of {
        // Every fourth time what an earlier extraction wrote lies there still.
        if moment % 4 < 3 {
            clear(&rows);
        }
        let done = extract.kill(moment, of);
        ended += u32::from(done);
        let shard = names(&rows).iter().any(|name| name.ends_with(".ndjson.gz"));
        there += u32::from(shard);
        let _ = std::fs::remove_file(folder.path().join("out/r.json"));
        let code = judge("json=out/r.json");
        if shard {
            assert!(matches!(code, Some(1 | 2)) && report(&folder.path().join("out/r.json")).0 == whole, "{code:?}");
        } else {
            assert!(!done && !matches!(code, Some(0 | 1)), "after {moment}: {code:?}");
            assert!(!folder.path().join("out/r.json").exists(), "after {moment}: something was judged");
        }
    }
    // What killed runs left half done goes with the next one that ends.
    assert_eq!(extract.command().status().unwrap().code(), Some(0));
    assert_eq!(names(&rows).len(), 1, "{:?}", names(&rows));
    eprintln!("extract: {of} kills, {ended} of them after its end; {there} shards were whole, the others not there");
}

/// What an earlier extraction said of a shard is gone as soon as it is extracted again: when that is interrupted, nothing
/// old is judged in its place.
#[test]
fn an_older_shard_is_not_judged_for_one_that_was_interrupted() {
    let folder = place();
    let rows = folder.path().join("rows");
    let arguments = vec!["extract", "delivery", "--out", "rows", "--no-progress"];
    // The file of an earlier extraction goes as soon as the new one is begun.
    let begun = || {
        let names = names(&rows);
        !names.is_empty() && names.iter().all(|name| name.ends_with(".part"))
    };
    let extract = Victim::measured(folder.path(), arguments, &[0], &begun);
    assert_eq!(names(&rows).len(), 1);
    let written = || {
        let whole = names(&rows).into_iter().filter(|name| !name.ends_with(".part"));
        whole.map(|name| rows.join(name).metadata().unwrap().modified().unwrap()).max()
    };
    let before = written();
    let mut child = extract.command().spawn().unwrap();
    extract.until_it_writes(&mut child);
    child.kill().unwrap();
    let ended = child.wait().unwrap().code().is_some();
    // It may have been killed between the last byte of its own shard and its end.
    let after = written();
    assert!(ended || after.is_none() || after > before, "{after:?}");
}

#[test]
fn judging_leaves_whole_reports_or_none() {
    let folder = place();
    let out = folder.path().join("out");
    let extracted = program(folder.path(), env!("CARGO_BIN_EXE_countersign"))
        .args(["extract", "delivery", "--out", "rows", "--no-progress"])
        .status()
        .unwrap();
    assert_eq!(extracted.code(), Some(0));
    let mut arguments = vec!["judge", "rows", "--no-progress", "-q"];
    REPORTS.iter().for_each(|report| arguments.extend(["--report", *report]));
    let writes = || partial(&out);
    let judge = Victim::measured(folder.path(), arguments, &[1, 2], &writes);
    let counts = rows(&out);
    assert_eq!(counts.len(), REPORTS.len());
    let (mut ended, of) = (0, moments());
    for moment in 0..of {
        clear(&out);
        ended += u32::from(judge.kill(moment, of));
        assert_whole(&out, &counts);
    }
    eprintln!("judge: {of} kills, {ended} of them after its end");
}
