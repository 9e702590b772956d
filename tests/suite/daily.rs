//! The daily work by the real program: what operators see at the end of a long report, what ingest scripts are told, and
//! what of a mistyped name or a wrong baseline.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::shared::{document, run as made};
use countersign::model::{Finding, FindingState, PackageReport, Severity};

const MARKED: &str = "final/hero_010.png";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program(folder: &Path) -> Command {
    document::program(folder, env!("CARGO_BIN_EXE_countersign"))
}

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn sample(name: &str) -> PathBuf {
    project().join("fixtures/delivery").join(name)
}

/// A folder with copies of samples: (sample, name in the folder).
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (from, to) in files {
        let to = dir.path().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(sample(from), to).unwrap();
    }
    dir
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_demo_shows_its_verdict_on_the_first_and_on_the_last_screen() {
    let output = countersign(project(), &["scan", "fixtures/delivery", "--approvals", "fixtures/approvals.jsonl"]);
    let text = out(&output);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines[..24].join("\n");
    for says in ["FAIL", "12 files", "6 errors, 1 warning, 2 notes, 1 approved", "netflix-genai"] {
        assert!(first.contains(says), "the first screen does not say {says}:\n{first}");
    }
    let last = lines[lines.len() - 24..].join("\n");
    assert_eq!(lines.last(), Some(&"FAIL  6 errors, 1 warning, 2 notes, 1 approved"));
    for rule in ["unapproved-ai-in-final", "ai-in-archival", "tampered-credentials", "unreadable-asset"] {
        assert!(last.contains(rule), "the last screen does not name {rule}:\n{last}");
    }
    assert!(last.contains("final/end_credits.mp3 and 2 more"), "{last}");
}

#[test]
fn each_rule_stands_once_and_packages_behind_assets() {
    let assets = made::assets();
    let mut summary = made::summary(&assets, made::packages());
    let like = |finding: &Finding, path: &str, message: &str| Finding {
        path: Some(path.to_owned()),
        message: message.to_owned(),
        ..finding.clone()
    };
    let unused = summary.findings_of_run[0].clone();
    summary.findings_of_run =
        (0..101).map(|n| Finding { message: format!("record {n} matched no asset"), ..unused.clone() }).collect();
    let missing = summary.packages[0].findings[0].clone();
    summary.packages = (0..12)
        .map(|n| PackageReport {
            id: n,
            kind: "dcp".into(),
            root: format!("reels/ECL{n:02}_A_LONG_NAME_OF_A_PACKAGE"),
            title: Some(format!("ECL{n:02}_A_LONG_NAME_OF_A_PACKAGE")),
            findings: (0..9)
                .map(|file| {
                    let path = format!("reels/ECL{n:02}_A_LONG_NAME_OF_A_PACKAGE/{file}.mxf");
                    like(&missing, &path, &format!("{path}: listed in the package, but not there"))
                })
                .collect(),
            ..PackageReport::default()
        })
        .collect();
    let text = made::render("terminal", &assets, &summary, made::look());
    for rule in ["unused-approval", "package-missing-asset", "unapproved-ai-in-final"] {
        assert_eq!(text.matches(&format!("[{rule}]")).count(), 1, "{rule}:\n{text}");
    }
    assert!(text.contains("[unused-approval]  101 notes") && text.contains("and 93 more (-v lists all)"), "{text}");
    assert!(text.contains("[package-missing-asset]  108 findings in 12 packages"), "{text}");
    assert!(text.contains("9 files listed in the package, but not there\n           0.mxf\n"), "{text}");
    assert!(text.contains("and 4 packages more with 36 findings (-v lists all)"), "{text}");
    let at = |what: &str| text.find(what).unwrap();
    assert!(at("[unapproved-ai-in-final]") < at("[package-missing-asset]"), "{text}");
    assert!(text.lines().count() < 260, "{} lines", text.lines().count());
    // All of it on demand.
    let look = countersign::report::RenderOptions { detail: 1, ..made::look() };
    let all = made::render("terminal", &assets, &summary, look);
    assert!(all.contains("record 100 matched no asset") && all.contains("8.mxf") && !all.contains("-v lists all"));
    assert_eq!(missing.severity, Severity::Error);
    assert_eq!(missing.state, FindingState::Open);
}

#[test]
fn many_flagged_files_are_cut_to_what_a_person_reads() {
    let many: Vec<_> = (0..60)
        .map(|n| {
            let mut asset = made::flagged(&format!("final/shot_{n}.png"), "Midjourney", "v");
            asset.sha256 = Some(format!("{n:064x}"));
            asset
        })
        .collect();
    let text = made::render("terminal", &many, &made::summary(&many, vec![]), made::look());
    assert!(
        text.contains("[unapproved-ai-in-final]  60 files") && text.contains("and 49 more (-v lists all)"),
        "{text}"
    );
    assert_eq!(text.matches("    Mark   ").count(), 3, "the first are told in full");
    assert!(text.lines().count() < 90, "{text}");
    // The same bytes in several places are one thing.
    let same: Vec<_> = (0..5).map(|n| made::flagged(&format!("reel_{n}/title.png"), "Midjourney", "v")).collect();
    let text = made::render("terminal", &same, &made::summary(&same, vec![]), made::look());
    assert_eq!(text.matches("    Mark   ").count(), 1, "{text}");
    assert!(text.contains("    Same   bytes in /mnt/drive one/reel_1/title.png,"), "{text}");
    assert_eq!(text.matches("reel_4/title.png").count(), 1, "{text}");
}

#[test]
fn frames_of_a_sequence_are_files_in_one_row() {
    let files: Vec<String> = (1..=24).map(|n| format!("delivery/shot.{n:04}.png")).collect();
    let files: Vec<_> = files.iter().map(|name| (MARKED, name.as_str())).collect();
    let dir = folder(&[files.as_slice(), &[(MARKED, "delivery/poster.png")]].concat());
    let text = out(&countersign(dir.path(), &["scan", "delivery"]));
    assert!(text.contains("Scanned     25 files in 2 rows"), "{text}");
    assert!(text.contains("[unapproved-ai-in-final]  25 files in 2 rows"), "{text}");
}

#[test]
fn reports_in_files_leave_the_verdict_on_standard_error() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    let arguments = ["scan", "delivery", "--report", "json=r.json", "--report", "csv=r.csv"];
    let output = countersign(dir.path(), &arguments);
    assert_eq!(out(&output), "");
    assert_eq!(err(&output), "FAIL  1 error, 0 warnings, 0 notes\nwrote r.json\nwrote r.csv\n");
    let output = countersign(dir.path(), &[arguments.as_slice(), &["-q"]].concat());
    assert_eq!(err(&output), "FAIL  1 error, 0 warnings, 0 notes\n");
    // Somebody who reads standard output is told there.
    let output = countersign(dir.path(), &["scan", "delivery", "--report", "json=r.json", "--report", "terminal"]);
    assert_eq!(err(&output), "");
    let output = countersign(dir.path(), &["convert", "r.json", "--report", "csv=again.csv"]);
    assert_eq!(err(&output), "FAIL  1 error, 0 warnings, 0 notes\nwrote again.csv\n");
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    let partials = || -> Vec<String> {
        let names = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".partial")).collect()
    };
    let long = dir.path().join("delivery/b.png");
    std::fs::copy(sample(MARKED), &long).unwrap();
    // Its digest takes longer than anybody waits.
    if std::fs::File::options().append(true).open(&long).unwrap().set_len(1 << 40).is_err() {
        return crate::shared::prerequisite::absent("sparse-files", "this file system has no large sparse files");
    }
    let scan = ["scan", "delivery", "--report", "json=report.json"];
    let mut child = program(dir.path()).args(scan).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while partials().is_empty() {
        assert!(Instant::now() < end, "the scan did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Another run beside it leaves what is written alone.
    let short = [scan.as_slice(), &["--exclude", "b.png"]].concat();
    countersign(dir.path(), &short);
    assert_eq!(partials().len(), 1, "{:?}", partials());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(partials().len(), 1, "nobody could tidy up");
    countersign(dir.path(), &short);
    assert_eq!(partials(), Vec::<String>::new());
    assert_eq!(json(&dir.path().join("report.json"))["summary"]["assets"], 1);
}

#[test]
fn help_shows_the_options_of_scan_in_groups() {
    for help in ["--help", "-h"] {
        let text = out(&countersign(project(), &["scan", help]));
        let at: Vec<_> =
            ["What is judged:", "How it is judged:", "What is looked for:", "Speed:", "Reports:", "Examples:"]
                .iter()
                .map(|heading| text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading} in {text}")))
                .collect();
        assert!(at.is_sorted(), "{text}");
        let report = text.find("--report <FORMAT").unwrap();
        assert!(at[4] < report && report < at[5], "{text}");
    }
}

#[test]
fn a_misspelt_variable_is_an_error_with_its_name() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    let with =
        |name: &str, value: &str| program(dir.path()).args(["scan", "delivery"]).env(name, value).output().unwrap();
    for (name, meant) in [
        ("COUNTERSIGN_POLCY", "COUNTERSIGN_POLICY"),
        ("COUNTERSIGN_APROVALS", "COUNTERSIGN_APPROVALS"),
        ("COUNTERSIGN_CONFIGURATION", "COUNTERSIGN_CONFIG"),
        ("COUNTERSIGN_PASSPRASE", "COUNTERSIGN_PASSPHRASE"),
    ] {
        let output = with(name, "observe");
        assert_eq!(output.status.code(), Some(3), "{name}");
        assert!(err(&output).contains(name) && err(&output).contains(meant), "{name}: {}", err(&output));
    }
    let output = with("COUNTERSIGN_JOBS", "many");
    assert!(output.status.code() == Some(3) && err(&output).contains("COUNTERSIGN_JOBS"), "{}", err(&output));
    let output = with("COUNTERSIGN_ROLE", "finale");
    assert!(err(&output).contains("COUNTERSIGN_ROLE") && err(&output).contains("temporary"), "{}", err(&output));
    // What is typed is blamed on what was typed; a page of help needs no environment.
    let mut typed = program(dir.path());
    let output = typed.args(["scan", "delivery", "--jobs", "many"]).env("COUNTERSIGN_JOBS", "many").output().unwrap();
    assert!(err(&output).contains("--jobs") && !err(&output).contains("COUNTERSIGN_JOBS"), "{}", err(&output));
    let output = program(dir.path()).args(["rules"]).env("COUNTERSIGN_POLCY", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(with("COUNTERSIGN_PORT_80_TCP_ADDR", "10.0.0.1").status.code(), Some(1), "Kubernetes sets such names");
}

#[test]
fn a_baseline_that_is_about_other_paths_says_so() {
    let dir = folder(&[(MARKED, "media/a.png"), (MARKED, "elsewhere/deep/b.png")]);
    let here = dir.path();
    countersign(here, &["scan", "media", "--report", "json=then.json"]);
    let output = countersign(here, &["scan", "media", "--baseline", "then.json"]);
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()));
    let output = countersign(here, &["scan", "elsewhere", "--baseline", "then.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("no path of the baseline then.json"), "{}", err(&output));
    assert!(err(&output).contains("a.png") && err(&output).contains("deep/b.png"), "{}", err(&output));
    // A list of files names them from here, a scan of their folder from there: it is the same file.
    std::fs::write(here.join("list"), "media/a.png\n").unwrap();
    let output = countersign(here, &["scan", "--files-from", "list", "--baseline", "then.json"]);
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()));
}

#[test]
fn listed_paths_are_told_as_they_were_typed() {
    let dir = folder(&[(MARKED, "delivery/final/a.png"), (MARKED, "work/b.png")]);
    let base = std::fs::canonicalize(dir.path()).unwrap();
    let work = base.join("work");
    let absolute = base.join("delivery/final/a.png").display().to_string();
    for typed in ["../delivery/final/a.png", &absolute, "b.png"] {
        std::fs::write(work.join("list"), format!("{typed}\n")).unwrap();
        let text = out(&countersign(&work, &["scan", "--files-from", "list"]));
        assert!(text.contains(&format!("\n  {typed}\n")), "{typed}:\n{text}");
    }
}

#[test]
fn folders_and_standard_input_can_be_inspected() {
    let dir = folder(&[
        (MARKED, "d/one.png"),
        ("final/end_credits.mp3", "d/deep/two.mp3"),
        ("final/reel_2.mov", "d/deep/cut.mov"),
        ("delivery_notes.txt", "d/notes.txt"),
    ]);
    let output = countersign(dir.path(), &["inspect", "--json", "d"]);
    assert_eq!(output.status.code(), Some(2), "one of them is cut: {}", err(&output));
    let lines: Vec<Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let paths: Vec<_> = lines.iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["d/one.png", "d/deep/cut.mov", "d/deep/two.mp3"]);
    let clip = &lines[0]["clip"];
    assert!(clip["width"].as_u64().unwrap() > 0 && clip["height"].as_u64().unwrap() > 0, "{clip}");
    let page = out(&countersign(dir.path(), &["inspect", "d/one.png"]));
    assert!(page.contains("Picture") && page.contains("pixels"), "{page}");

    let mut child = program(dir.path())
        .args(["inspect", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::copy(&mut std::fs::File::open(sample(MARKED)).unwrap(), &mut child.stdin.take().unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    let piped: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((output.status.code(), &piped["path"], &piped["ai"]), (Some(0), &"-".into(), &"generated".into()));
    assert_eq!(piped["evidence"], lines[0]["evidence"], "the same bytes say the same");
    // Credentials are verified there too, which takes a file.
    let signed = project().join("fixtures/c2pa/generated.png");
    let output =
        program(dir.path()).args(["inspect", "--json", "-"]).stdin(std::fs::File::open(&signed).unwrap()).output();
    let piped: Value = serde_json::from_str(&out(&output.unwrap())).unwrap();
    let alone = countersign(dir.path(), &["inspect", "--json", signed.to_str().unwrap()]);
    let alone: Value = serde_json::from_str(&out(&alone)).unwrap();
    assert_eq!(piped["c2pa"]["state"], alone["c2pa"]["state"]);
}

#[test]
fn machine_reports_name_their_schema_a_line_and_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let from = project().join("fixtures/packages");
    for entry in walkdir::WalkDir::new(&from).into_iter().map(|e| e.unwrap()).filter(|e| e.file_type().is_file()) {
        let to = dir.path().join("d").join(entry.path().strip_prefix(&from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(entry.path(), to).unwrap();
    }
    std::fs::remove_file(dir.path().join("d/imf/insert.mxf")).unwrap();
    let reports = ["--report", "json=r.json", "--report", "ndjson=r.ndjson", "--report", "sarif=r.sarif"];
    countersign(dir.path(), &[["scan", "d"].as_slice(), &reports].concat());
    let report = json(&dir.path().join("r.json"));
    let packages = report["packages"].as_array().unwrap();
    let imf = packages.iter().find(|package| package["kind"] == "imf").unwrap();
    assert_eq!(imf["missing"], serde_json::json!(["imf/insert.mxf"]));
    let lines = std::fs::read_to_string(dir.path().join("r.ndjson")).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["schema"], "countersign.report/1");
    assert!(first["run"]["version"].is_string());
    let sarif = json(&dir.path().join("r.sarif"));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let placed: Vec<_> = results.iter().filter_map(|result| result.pointer("/locations/0/physicalLocation")).collect();
    assert!(placed.len() > 3);
    assert!(placed.iter().all(|place| place["region"]["startLine"] == 1), "{placed:?}");
    // What is written is read back.
    let output = countersign(dir.path(), &["convert", "r.ndjson", "--report", "json=again.json"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(json(&dir.path().join("again.json")), report);
}

#[test]
fn an_import_in_the_place_of_a_built_in_list_loses_no_date() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    let official = project().join("crates/credentials/lists/C2PA-TRUST-LIST.json");
    let text = std::fs::read_to_string(&official).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    let import = |name: &str, list: &Value| {
        std::fs::write(here.join(name), list.to_string()).unwrap();
        countersign(here, &["trust", "import", name])
    };
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut other = list.clone();
        change(&mut other["LoTE"]["ListAndSchemeInformation"]);
        other
    };
    let listed = || out(&countersign(here, &["trust", "list", "--json"]));
    let before = listed();
    for (name, change) in [
        (
            "undated.json",
            &(|info: &mut Value| drop(info.as_object_mut().unwrap().remove("ListIssueDateTime")))
                as &dyn Fn(&mut Value),
        ),
        ("no-next.json", &|info: &mut Value| drop(info.as_object_mut().unwrap().remove("NextUpdate"))),
    ] {
        let mut other = changed(change);
        // One authority less, or it would be known as the built-in list.
        other["LoTE"]["TrustedEntitiesList"].as_array_mut().unwrap().pop();
        let output = import(name, &other);
        assert_eq!(output.status.code(), Some(3), "{name}: {}", out(&output));
        assert!(err(&output).contains("trust remove"), "{name}: {}", err(&output));
        assert_eq!(listed(), before, "{name} changed what is in force");
    }
    let newer = changed(&|info| info["ListIssueDateTime"] = "2099-01-01T00:00:00Z".into());
    assert!(import("newer.json", &newer).status.success());
    assert!(listed().contains("2099-01-01"));
    assert!(countersign(here, &["trust", "remove", "C2PA Trust List"]).status.success());
    assert_eq!(listed(), before);
}

#[test]
fn ffmpeg_is_asked_about_videos_only() {
    let dir = folder(&[
        ("final/end_title.mp4", "delivery/title.mp4"),
        (MARKED, "delivery/hero.png"),
        ("delivery_notes.txt", "delivery/notes.txt"),
    ]);
    for name in ["script.py", "README.md", "list.txt", "page.html"] {
        std::fs::write(dir.path().join("delivery").join(name), "import os\nprint(1)\n# heading\n".repeat(40)).unwrap();
    }
    let bin = dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let log = dir.path().join("log");
    std::fs::write(bin.join("ffmpeg"), format!("#!/bin/sh\necho \"$@\" >>{}\nexit 1\n", log.display())).unwrap();
    std::fs::set_permissions(bin.join("ffmpeg"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut scan = program(dir.path());
    scan.args(["scan", "delivery", "--report", "html=r.html"]).env("PATH", path);
    let output = scan.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let asked = std::fs::read_to_string(&log).unwrap_or_default();
    let others: Vec<_> = asked.lines().filter(|line| !line.contains("title.mp4")).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(asked.contains("title.mp4"), "a video without a picture of its own is asked about: {asked}");
    let page = std::fs::read_to_string(dir.path().join("r.html")).unwrap();
    assert_eq!(page.matches("\"jpeg\":").count(), 1, "the still has its picture");
}
