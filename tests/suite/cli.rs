//! The real binary on real files: reports, exit codes, what it never does.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program in the project's folder with no configuration but what the test gives.
fn countersign(arguments: &[&str]) -> Output {
    let nowhere = std::env::temp_dir().join("countersign-tests-no-configuration");
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .current_dir(project())
        .env("COUNTERSIGN_CONFIG", nowhere)
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder with copies of the project's samples.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (from, to) in files {
        let to = dir.path().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(project().join("fixtures").join(from), to).unwrap();
    }
    dir
}

fn json_report(arguments: &[&str]) -> (i32, Value) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("report.json");
    let report = format!("json={}", file.display());
    let output = countersign(&[&["scan"], arguments, &["--report", &report]].concat());
    let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("no report: {}", stderr(&output)));
    (code(&output), serde_json::from_str(&text).unwrap())
}

fn asset<'a>(report: &'a Value, path: &str) -> &'a Value {
    report["assets"].as_array().unwrap().iter().find(|a| a["path"] == path).unwrap_or_else(|| panic!("no {path}"))
}

fn open_rules(asset: &Value) -> Vec<&str> {
    let findings = asset["findings"].as_array().unwrap();
    findings.iter().filter(|f| f["state"] == "open").map(|f| f["rule"].as_str().unwrap()).collect()
}

const DEMO: &[&str] =
    &["fixtures/delivery", "--approvals", "fixtures/approvals.jsonl", "--as-of", "2026-06-01", "--color", "never"];

#[test]
fn the_demo_delivery_reads_at_a_glance() {
    let output = countersign(&[&["scan"], DEMO].concat());
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let text = stdout(&output);
    let wide: Vec<_> = text.lines().filter(|l| l.chars().count() > 80 && l.trim().contains(' ')).collect();
    // Only a single word that must stay copyable may be wider than a terminal.
    assert!(wide.iter().all(|l| l.split_whitespace().any(|w| w.len() > 40)), "{wide:#?}");
    insta::assert_snapshot!("demo", text);
}

#[test]
fn the_demo_delivery_is_judged_file_by_file() {
    let (code, report) = json_report(DEMO);
    assert_eq!(code, 1);
    let found: Vec<(String, String, Vec<&str>)> = report["assets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["path"].as_str().unwrap().to_owned(), a["ai"].as_str().unwrap().to_owned(), open_rules(a)))
        .collect();
    insta::assert_debug_snapshot!("demo_findings", found);
}

#[test]
fn the_report_is_the_same_with_any_number_of_jobs() {
    let with = |jobs: &str| {
        let (_, mut report) = json_report(&[DEMO, &["--jobs", jobs]].concat());
        report.as_object_mut().unwrap().remove("run");
        serde_json::to_string(&report).unwrap()
    };
    assert_eq!(with("1"), with("7"));
}

#[test]
fn nothing_is_written_below_the_root() {
    let dir = folder(&[("delivery/final/hero_010.png", "final/hero_010.png")]);
    let before = listing(dir.path());
    let report = dir.path().join("report.json");
    let output =
        countersign(&["scan", dir.path().to_str().unwrap(), "--report", &format!("json={}", report.display())]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("never written to"), "{}", stderr(&output));
    let output = countersign(&["scan", dir.path().to_str().unwrap()]);
    assert_eq!(code(&output), 1);
    assert_eq!(listing(dir.path()), before);
}

fn listing(root: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let entries = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(|e| e.unwrap());
    entries
        .map(|e| (e.path().to_owned(), e.metadata().unwrap().len(), e.metadata().unwrap().modified().unwrap()))
        .collect()
}

#[test]
fn exit_codes_tell_the_cases_apart() {
    let photo = folder(&[("delivery/final/photo_030.jpg", "a.jpg")]);
    assert_eq!(code(&countersign(&["scan", photo.path().to_str().unwrap()])), 0);
    let cut = folder(&[("delivery/final/reel_2.mov", "a.mov")]);
    assert_eq!(code(&countersign(&["scan", cut.path().to_str().unwrap()])), 2);
    let both = folder(&[("delivery/final/reel_2.mov", "a.mov"), ("delivery/final/hero_010.png", "b.png")]);
    assert_eq!(code(&countersign(&["scan", both.path().to_str().unwrap()])), 1);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(code(&countersign(&["scan", empty.path().to_str().unwrap()])), 4);
    assert_eq!(code(&countersign(&["scan", "no/such/folder"])), 3);
    assert_eq!(code(&countersign(&["scan", "--no-such-option", "."])), 3);
    assert_eq!(code(&countersign(&["scan", "fixtures/delivery", "--policy", "Cargo.toml"])), 3);
    assert_eq!(code(&countersign(&["scan", "fixtures/delivery", "--approvals", "no/ledger.jsonl"])), 3);
    assert_eq!(code(&countersign(&["--help"])), 0);
}

#[test]
fn temporary_material_only_warns() {
    let dir = folder(&[("delivery/final/hero_010.png", "hero_010.png")]);
    let root = dir.path().to_str().unwrap();
    let (code, report) = json_report(&[root, "--role", "temporary"]);
    assert_eq!((code, open_rules(asset(&report, "hero_010.png"))), (0, vec!["unnotified-ai-in-temporary"]));
    assert_eq!(json_report(&[root, "--role", "temporary", "--fail-on", "warning"]).0, 1);
    let (code, report) = json_report(&[root, "--role", "archival"]);
    assert_eq!(code, 1);
    assert!(open_rules(asset(&report, "hero_010.png")).contains(&"ai-in-archival"));
}

#[test]
fn a_ledger_inside_the_delivery_is_reported_and_not_obeyed() {
    let dir = folder(&[("delivery/final/poster_020.jpg", "poster_020.jpg"), ("approvals.jsonl", "approvals.jsonl")]);
    let root = dir.path().to_str().unwrap();
    let (code, report) = json_report(&[root]);
    assert_eq!(code, 1);
    assert_eq!(open_rules(asset(&report, "poster_020.jpg")), ["unapproved-ai-in-final"]);
    assert!(open_rules(asset(&report, "approvals.jsonl")).contains(&"configuration-in-delivery"));
}

#[test]
fn one_changed_byte_ends_an_approval() {
    let dir = folder(&[("delivery/final/poster_020.jpg", "final/poster_020.jpg")]);
    let root = dir.path().to_str().unwrap();
    let ledger = &["--approvals", "fixtures/approvals.jsonl", "--as-of", "2026-06-01"];
    assert_eq!(json_report(&[&[root], &ledger[..]].concat()).0, 0);
    let path = dir.path().join("final/poster_020.jpg");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() - 100;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (code, report) = json_report(&[&[root], &ledger[..]].concat());
    assert_eq!(code, 1);
    assert!(open_rules(asset(&report, "final/poster_020.jpg")).contains(&"approval-for-other-bytes"));
    let late = &["--approvals", "fixtures/approvals.jsonl", "--as-of", "2036-06-01"];
    let dir = folder(&[("delivery/final/poster_020.jpg", "final/poster_020.jpg")]);
    let (code, report) = json_report(&[&[dir.path().to_str().unwrap()], &late[..]].concat());
    assert_eq!(code, 1);
    assert_eq!(open_rules(asset(&report, "final/poster_020.jpg")), ["expired-approval"]);
}

#[test]
fn approve_makes_the_next_scan_pass() {
    let dir = folder(&[("delivery/final/hero_010.png", "hero_010.png")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let ledger = elsewhere.path().join("approvals.jsonl");
    let (file, ledger) = (dir.path().join("hero_010.png"), ledger.to_str().unwrap());
    let root = dir.path().to_str().unwrap();
    assert_eq!(code(&countersign(&["scan", root])), 1);
    let output = countersign(&[
        "approve",
        file.to_str().unwrap(),
        "--by",
        "Jane Doe",
        "--scope",
        "final-deliverable",
        "--reference",
        "T-1",
        "--approvals",
        ledger,
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output = countersign(&["scan", root, "--approvals", ledger, "--color", "never"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).contains("Jane Doe"), "{}", stdout(&output));
}

#[test]
fn inspect_lists_every_tag_with_its_place() {
    let output = countersign(&["inspect", "--json", "fixtures/delivery/final/hero_010.png"]);
    assert_eq!(code(&output), 0);
    let value: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&value["format"], &value["ai"]), (&"png".into(), &"generated".into()));
    let tags = value["tags"].as_array().unwrap();
    assert!(!tags.is_empty());
    assert!(tags.iter().all(|t| !t["where"].as_str().unwrap().is_empty() && t["offset"].is_u64()), "{tags:#?}");
    let output = countersign(&["inspect", "fixtures/delivery/final/reel_2.mov"]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("Problem"));
}

#[test]
fn a_wrong_name_is_met_with_the_right_one() {
    let output = countersign(&["rules", "unaproved-ai-in-final"]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("unapproved-ai-in-final"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn hostile_names_are_inert_on_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let name = "a\u{1b}[2J\u{202e}gnp.png";
    std::fs::copy(project().join("fixtures/delivery/final/hero_010.png"), dir.path().join(name)).unwrap();
    let output = countersign(&["scan", dir.path().to_str().unwrap()]);
    let text = stdout(&output);
    assert!(text.contains("\\u{1b}[2J\\u{202e}"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn files_beside_an_asset_speak_for_it() {
    let dir = folder(&[("formats/plain.jpg", "a.jpg"), ("formats/plain.jpg", "b.jpg"), ("formats/plain.jpg", "c.jpg")]);
    for name in ["d.jpg", "e.jpg"] {
        std::fs::copy(dir.path().join("a.jpg"), dir.path().join(name)).unwrap();
    }
    std::fs::copy(project().join("fixtures/formats/xmp-dst.xmp"), dir.path().join("c.xmp")).unwrap();
    let parameters = "a fox\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64";
    let graph = r#"{"3":{"class_type":"KSampler","inputs":{"seed":1}},"8":{"class_type":"VAEDecode","inputs":{"samples":["3",0]}}}"#;
    for (name, text) in
        [("a.txt", parameters), ("b.json", graph), ("d.txt", "Midjourney, Steps: 20, Seed"), ("e.json", "{}")]
    {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let (_, report) = json_report(&[dir.path().to_str().unwrap()]);
    for (name, ai) in
        [("a.jpg", "generated"), ("b.jpg", "generated"), ("c.jpg", "generated"), ("d.jpg", "none"), ("e.jpg", "none")]
    {
        let asset = asset(&report, name);
        assert_eq!(asset["ai"], ai, "{name}");
        let evidence = asset["evidence"].as_array().unwrap();
        assert!(evidence.iter().all(|e| e["via"] == "sidecar"), "{name}");
    }
}
