//! Members of archives at the command line: inspected, approved, pictured, and nothing written where they stand.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::archives;
use crate::shared::archived;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use archived::{folder, marked, sample, words};
use archives::{deflated, stored, taped, tar, zip};
use countersign::approvals::Ledger;
use countersign::limits;

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .current_dir(folder)
        .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap()
}

#[test]
fn an_approval_of_a_members_bytes_clears_it_and_nothing_else() {
    let inner = zip(&[deflated("m.png", &marked()), deflated("n.png", &sample("formats/aigc.png"))]);
    let dir = folder(&[("a.tar", tar(&[taped("d/b.zip", &inner)]))]);
    let path = "a.tar!/d/b.zip!/m.png";
    let output = countersign(dir.path(), &["inspect", path, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["format"], &said["ai"]), (&"png".into(), &"generated".into()));
    for wrong in ["a.tar!/d/b.zip!/gone.png", "a.tar!/d/c.zip!/m.png", "none.tar!/m.png"] {
        assert_eq!(countersign(dir.path(), &["inspect", wrong]).status.code(), Some(3), "{wrong}");
    }

    let ledger = tempfile::tempdir().unwrap();
    let ledger = ledger.path().join("l.jsonl").to_string_lossy().into_owned();
    let approve = ["approve", path, "--by", "Jane Doe", "--reference", "T-1", "--approvals", &ledger];
    let output = countersign(dir.path(), &approve);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let scan = ["scan", ".", "--approvals", &ledger, "--report", "json", "--max-archive-depth", "3"];
    let output = countersign(dir.path(), &scan);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["run"]["options"]["max_archive_depth"], 3);
    let state = |wanted: &str| {
        let rows = report["assets"].as_array().unwrap();
        rows.iter().find(|a| a["path"] == wanted).unwrap()["findings"][0]["state"].clone()
    };
    assert_eq!(state(path), "approved");
    assert_eq!(state("a.tar!/d/b.zip!/n.png"), "open");
    // A file that is really called so comes first.
    std::fs::create_dir(dir.path().join("x.zip!")).unwrap();
    std::fs::write(dir.path().join("x.zip!/w.png"), words()).unwrap();
    std::fs::write(dir.path().join("x.zip"), zip(&[stored("w.png", &marked())])).unwrap();
    let said = countersign(dir.path(), &["inspect", "x.zip!/w.png", "--json"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("\"ai\":\"none\""));
}

#[test]
fn a_listed_archive_is_opened_and_pictures_of_members_are_shown() {
    let dir = folder(&[("a.zip", zip(&[deflated("m.png", &marked())])), ("list", b"a.zip\n".to_vec())]);
    let report = dir.path().join("r.html");
    let output =
        countersign(dir.path(), &["scan", "--files-from", "list", "--report", &format!("html={}", report.display())]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(report).unwrap();
    assert!(page.contains("a.zip!/m.png") && page.contains("data:image/jpeg"), "no picture");
}

#[test]
fn nothing_is_written_below_what_is_scanned() {
    let dir = tempfile::tempdir().unwrap();
    let long = vec![7; limits::UNFOLDED_MEMORY + 1];
    std::fs::write(dir.path().join("a.zip"), zip(&[deflated("long.png", &long), deflated("m.png", &marked())]))
        .unwrap();
    let scan = |temporary: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["scan", ".", "--report", "json"])
            .current_dir(dir.path())
            .env("TMPDIR", temporary)
            .output()
            .unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let report = scan(dir.path());
    let of = |report: &serde_json::Value, n: usize| report["assets"][n].clone();
    assert_eq!(of(&report, 1)["path"], "a.zip!/long.png");
    assert!(of(&report, 1)["problems"][0]["what"].as_str().unwrap().contains("TMPDIR"), "{report}");
    assert_eq!(of(&report, 2)["ai"], "generated");
    let elsewhere = tempfile::tempdir().unwrap();
    let problems = of(&scan(elsewhere.path()), 1)["problems"].clone();
    assert_eq!(problems, serde_json::json!([]));
    let left: Vec<PathBuf> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// What the commands of findings record, run as they were printed.
#[test]
fn frames_and_bracketed_names_inside_are_approved_by_the_printed_command() {
    let (hero, other) = (marked(), sample("formats/aigc.png"));
    let names: Vec<String> = (1001..=1010).map(|n| format!("d/shot.{n}.png")).collect();
    let mut members: Vec<_> = names.iter().map(|name| stored(name, &hero)).collect();
    members.extend([deflated("d/still [v1-22].png", &other), deflated("other.1003.png", &other)]);
    let inner = zip(&members);
    let dir = folder(&[("a.zip", inner.clone()), ("b.tar", tar(&[taped("in/a.zip", &inner)]))]);
    let ledger = tempfile::tempdir().unwrap();
    let ledger = ledger.path().join("l.jsonl").to_string_lossy().into_owned();
    std::fs::write(&ledger, "").unwrap();
    let scan = || -> serde_json::Value {
        let output = countersign(dir.path(), &["scan", ".", "--approvals", &ledger, "--report", "json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let before = scan();
    let open = |report: &serde_json::Value, path: &str| -> Option<String> {
        let row = report["assets"].as_array().unwrap().iter().find(|a| a["path"] == path)?;
        let finding = row["findings"].as_array().unwrap().iter().find(|f| f["state"] == "open")?;
        Some(finding["help"].as_str().unwrap().to_owned())
    };
    let subjects = |ledger: &str| {
        let ledger = Ledger::read(Path::new(ledger)).unwrap();
        ledger.entries.last().unwrap().record.subjects.len()
    };
    for (path, count) in [("b.tar!/in/a.zip!/d/shot.[1001-1010].png", 10), ("a.zip!/d/still [v1-22].png", 1)] {
        let help = open(&before, path).unwrap_or_else(|| panic!("no {path}"));
        let command = help.split('`').nth(1).unwrap().replace("countersign", env!("CARGO_BIN_EXE_countersign"));
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(dir.path())
            .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(subjects(&ledger), count, "{path}");
        assert_eq!(open(&scan(), path), None, "{path}");
    }
    // The frames of a row of the report; what no archive holds is said to be missing.
    std::fs::write(dir.path().join("r.json"), before.to_string()).unwrap();
    let more = ledger.replace("l.jsonl", "m.jsonl");
    let wanted = "unapproved-ai-in-final:a.zip!/d/shot.*";
    let all = ["approve", "--from-report", "r.json", "--finding", wanted, "--by", "J", "--approvals", &more];
    let output = countersign(dir.path(), &all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(subjects(&more), 10);
    for gone in ["a.zip!/d/shot.[2001-2010].png", "a.zip!/e/shot.[1001-1010].png", "a.zip!/gone.png"] {
        let output = countersign(dir.path(), &["approve", gone, "--by", "J", "--approvals", &more]);
        assert!(matches!(output.status.code(), Some(2 | 3)), "{gone}: {output:?}");
    }
    let revoke = ["approvals", "revoke", "a.zip!/d/shot.1001.png", "--by", "J", "--approvals", &more];
    assert!(countersign(dir.path(), &revoke).status.success());
}
