//! Facts that are kept between runs: what comes back is what was read, and whatever changes is read again.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use countersign::cache::Cache;
use countersign::decoders;
use countersign::extract::{self, Options};
use countersign::model::{Asset, Facts, FormatId, Problem, ProblemKind};
use serde_json::Value;

/// What decoders are asked for.
/// Longer than what the cache takes for "just now".
const SETTLED: Duration = Duration::from_millis(2_200);

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The files below a folder as the walk finds them.
fn assets(root: &Path) -> Vec<Asset> {
    countersign::walk::Walk::new(&[root.to_path_buf()], globset::GlobSet::empty()).flatten().collect()
}

fn copied(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let from = fixtures().join(file);
        std::fs::copy(&from, dir.path().join(from.file_name().unwrap())).unwrap();
    }
    dir
}

fn scan(folder: &Path, cache: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env("COUNTERSIGN_CONFIG", folder.join("no-configuration"));
    command.args(["scan", "--report", "json", "--cache"]).arg(cache).args(more).arg(folder);
    command.output().unwrap()
}

fn findings(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["assets"].clone()
}

#[test]
fn facts_come_back_as_they_were_read() {
    let dir = tempfile::tempdir().unwrap();
    let samples = assets(&fixtures().join("formats"));
    assert!(samples.len() > 100);
    std::thread::sleep(SETTLED);
    let read = |asset: &Asset| extract::facts(&asset.path, &asset.sidecars, &Options::default());
    let path = dir.path().join("facts.db");
    let first = Cache::open(&path, dir.path()).unwrap();
    let fresh: Vec<Facts> = samples.iter().map(|a| first.facts(a, &Options::default(), || read(a))).collect();
    assert_eq!((first.found(), first.close()), (0, None));
    let second = Cache::open(&path, dir.path()).unwrap();
    let lasting = |facts: &Facts| facts.problems.iter().all(|p| p.kind != ProblemKind::Io);
    for (asset, fresh) in samples.iter().zip(&fresh).filter(|(_, facts)| lasting(facts)) {
        let kept = second.facts(asset, &Options::default(), || panic!("{} was read again", asset.rel));
        assert_eq!(kept, *fresh, "{}", asset.rel);
    }
    assert!(second.found() > 100);
    let other = Cache::open(&path, dir.path()).unwrap();
    let decoders = decoders::Options { pixels: true, ..decoders::Options::default() };
    let pixels = Options { decoders, ..Options::default() };
    other.facts(&samples[0], &pixels, || read(&samples[0]));
    assert_eq!(other.found(), 0, "other options give other facts");
}

#[test]
fn what_changes_is_read_again() {
    let dir = copied(&["formats/iim-credit.jpg"]);
    let cache = tempfile::tempdir().unwrap();
    let open = || Cache::open(&cache.path().join("facts.db"), dir.path()).unwrap();
    let told = |facts: &str| Facts { format: FormatId::parse(facts), ..Facts::default() };
    let asset = |dir: &Path| assets(dir).remove(0);

    let early = open();
    early.facts(&asset(dir.path()), &Options::default(), || told("early"));
    let _ = early.close();
    let late = open();
    late.facts(&asset(dir.path()), &Options::default(), || told("late"));
    assert_eq!(late.found(), 0, "a file that has just been written is not kept");

    std::thread::sleep(SETTLED);
    let _ = (late.facts(&asset(dir.path()), &Options::default(), || told("late")), late.close());
    let known = open();
    assert_eq!(known.facts(&asset(dir.path()), &Options::default(), || told("again")), told("late"));

    // The same size and the same time of modification: what remains is the time of the last change of anything.
    let path = asset(dir.path()).path;
    let time = path.metadata().unwrap().modified().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.reverse();
    std::fs::write(&path, &bytes).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    if cfg!(unix) {
        assert_eq!(known.facts(&asset(dir.path()), &Options::default(), || told("changed")), told("changed"));
    }

    // A sidecar that was not there before says more.
    std::fs::write(path.with_extension("xmp"), "<x/>").unwrap();
    assert_eq!(known.facts(&asset(dir.path()), &Options::default(), || told("sidecar")), told("sidecar"));
}

#[test]
fn what_could_not_be_read_is_tried_again() {
    let dir = copied(&["formats/iim-credit.jpg"]);
    let cache = Cache::open(&dir.path().join("facts.db"), dir.path()).unwrap();
    let asset = assets(dir.path()).into_iter().find(|a| a.rel.ends_with("jpg")).unwrap();
    std::thread::sleep(SETTLED);
    let failed = Facts { problems: vec![Problem::new(ProblemKind::Io, "file", None, "gone")], ..Facts::default() };
    for _ in 0..2 {
        assert_eq!(cache.facts(&asset, &Options::default(), || failed.clone()), failed);
        assert_eq!(cache.close(), None);
    }
    assert_eq!(cache.found(), 0);
}

#[test]
fn a_run_with_known_facts_reports_the_same() {
    let dir = copied(&["delivery/final/hero_010.png", "c2pa/generated.jpg", "formats/iim-credit.jpg"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let cache = elsewhere.path().join("facts.db");
    std::thread::sleep(SETTLED);
    let [first, second] = [(), ()].map(|()| scan(dir.path(), &cache, &["--tags"]));
    assert_eq!(findings(&first), findings(&second));
    assert_eq!(findings(&first).as_array().unwrap().len(), 3);
    // The one with Content Credentials is verified each time.
    let rows = rusqlite::Connection::open(&cache).unwrap().query_row("SELECT count(*) FROM facts", [], |r| r.get(0));
    assert_eq!(rows, Ok(2));
    let none = scan(dir.path(), &elsewhere.path().join("unused.db"), &["--no-cache"]);
    assert_eq!(findings(&none)[0]["findings"], findings(&first)[0]["findings"]);
    assert!(!elsewhere.path().join("unused.db").exists());
}

#[test]
fn a_file_that_is_no_cache_is_left_alone() {
    let dir = copied(&["delivery/final/hero_010.png"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let notes = elsewhere.path().join("notes.txt");
    std::fs::write(&notes, "these are my notes, and no database at all").unwrap();
    let output = scan(dir.path(), &notes, &[]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be used as a cache"));
    assert_eq!(std::fs::read(&notes).unwrap(), b"these are my notes, and no database at all");

    let foreign = elsewhere.path().join("other.db");
    rusqlite::Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE mine (a); PRAGMA user_version = 1")
        .unwrap();
    let output = scan(dir.path(), &foreign, &[]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let tables: i64 = rusqlite::Connection::open(&foreign)
        .unwrap()
        .query_row("SELECT count(*) FROM mine", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 0);

    let inside = scan(dir.path(), &dir.path().join("facts.db"), &[]);
    assert_eq!(inside.status.code(), Some(3));
    assert!(!dir.path().join("facts.db").exists(), "nothing is written below a root");
}
