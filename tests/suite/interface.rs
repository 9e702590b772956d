//! The command line as its users meet it: listings, reports that are kept, converted and compared, interruption, help.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::shared::prerequisite;
use serde_json::Value;

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command
        .current_dir(folder)
        .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS");
    command
}

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/delivery").join(name)
}

const MARKED: &str = "final/hero_010.png";

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

fn paths(report: &Value) -> Vec<String> {
    report["assets"].as_array().unwrap().iter().map(|a| a["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_listing_is_one_root_relative_to_here() {
    let dir =
        folder(&[(MARKED, "a/one.png"), (MARKED, "b two.png"), (MARKED, "not listed.png"), (MARKED, "c/x/y.png")]);
    let report = dir.path().join("report.json");
    let mut child = program(dir.path())
        .args(["scan", "--files-from", "-", "--report", "json=report.json"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"./a/one.png\nb two.png\na/one.png\nc\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let report = json(&report);
    assert_eq!(report["run"]["roots"], serde_json::json!(["."]));
    assert_eq!(paths(&report), ["a/one.png", "b two.png", "c/x/y.png"]);

    std::fs::write(dir.path().join("list"), "gone.png\n").unwrap();
    let output = countersign(dir.path(), &["scan", "--files-from", "list"]);
    assert_eq!(code(&output), 3);
    assert!(err(&output).contains("gone.png"), "{}", err(&output));
    std::fs::write(dir.path().join("list"), "\n").unwrap();
    assert_eq!(code(&countersign(dir.path(), &["scan", "--files-from", "list"])), 4);
}

#[test]
fn a_listed_file_keeps_its_sidecars() {
    let dir = folder(&[("final/photo_030.jpg", "photo.jpg")]);
    let sidecar = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
        <rdf:Description rdf:about='' xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' \
        Iptc4xmpExt:DigitalSourceType='http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'/>\
        </rdf:RDF></x:xmpmeta>";
    std::fs::write(dir.path().join("photo.xmp"), sidecar).unwrap();
    std::fs::write(dir.path().join("list"), "photo.jpg").unwrap();
    countersign(dir.path(), &["scan", "--files-from", "list", "--report", "json=r.json"]);
    assert_eq!(json(&dir.path().join("r.json"))["assets"][0]["ai"], "generated");
}

#[test]
fn excluded_paths_are_passed_over() {
    let dir = folder(&[(MARKED, "keep/a.png"), (MARKED, "cache/b.png"), (MARKED, "keep/c.tmp.png")]);
    let out = tempfile::tempdir().unwrap();
    let file = format!("json={}", out.path().join("r.json").display());
    let root = dir.path().to_str().unwrap();
    countersign(dir.path(), &["scan", root, "--exclude", "cache", "--exclude", "**/*.tmp.png", "--report", &file]);
    assert_eq!(paths(&json(&out.path().join("r.json"))), ["keep/a.png"]);
    let output = countersign(dir.path(), &["scan", root, "--exclude", "a[", "--report", &file]);
    assert_eq!((code(&output), err(&output).contains("--exclude")), (3, true), "{}", err(&output));
}

#[test]
fn a_saved_report_converts_into_every_format() {
    let dir = folder(&[(MARKED, "delivery/a.png"), ("final/reel_2.mov", "delivery/b.mov")]);
    let here = dir.path();
    let saved = ["json", "ndjson", "csv", "sarif", "junit", "cue-sheet", "terminal"];
    let reports: Vec<String> = saved.iter().flat_map(|f| ["--report".to_owned(), format!("{f}=first.{f}")]).collect();
    let mut arguments = vec!["scan", "delivery"];
    arguments.extend(reports.iter().map(String::as_str));
    assert_eq!(code(&countersign(here, &arguments)), 1);
    for source in ["first.json", "first.ndjson"] {
        for format in saved {
            let output = countersign(here, &["convert", source, "--report", &format!("{format}=again")]);
            assert_eq!(code(&output), 0, "{}", err(&output));
            let text = |name: &str| std::fs::read_to_string(here.join(name)).unwrap();
            assert_eq!(text("again"), text(&format!("first.{format}")), "{format} from {source}");
        }
    }
    let output = countersign(here, &["convert", "first.json", "--report", "html=page.html"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(std::fs::read_to_string(here.join("page.html")).unwrap().contains("unapproved-ai-in-final"));
    // Not over the delivery, and not from anything.
    assert_eq!(code(&countersign(here, &["convert", "first.json", "--report", "csv=delivery/x.csv"])), 3);
    assert!(!here.join("delivery/x.csv").exists());
    let output = countersign(here, &["convert", "first.csv"]);
    assert_eq!((code(&output), err(&output).contains("not a report")), (3, true), "{}", err(&output));
}

#[test]
fn what_an_earlier_report_held_does_not_count() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    let here = dir.path();
    assert_eq!(code(&countersign(here, &["scan", "delivery", "--report", "json=then.json"])), 1);
    let again = |report: &str| countersign(here, &["scan", "delivery", "--baseline", "then.json", "--report", report]);
    assert_eq!(code(&again("sarif=now.sarif")), 0);
    let results = json(&here.join("now.sarif"))["runs"][0]["results"].clone();
    assert!(results.as_array().unwrap().iter().any(|r| r["baselineState"] == "unchanged"), "{results}");
    // Something new counts, and so does the old thing with other bytes.
    std::fs::copy(sample(MARKED), here.join("delivery/b.png")).unwrap();
    assert_eq!(code(&again("terminal")), 1);
    std::fs::remove_file(here.join("delivery/b.png")).unwrap();
    let mut bytes = std::fs::read(here.join("delivery/a.png")).unwrap();
    bytes.push(0);
    std::fs::write(here.join("delivery/a.png"), bytes).unwrap();
    assert_eq!(code(&again("terminal")), 1);
    let output = countersign(here, &["scan", "delivery", "--baseline", "delivery/a.png"]);
    assert_eq!(code(&output), 3, "{}", err(&output));
}

#[test]
fn a_report_that_cannot_be_written_ends_the_run_before_it_starts() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    for (report, says) in [
        ("json=no/such/folder/r.json", "cannot be written"),
        ("json=.", "cannot be written"),
        ("json=", "no file after"),
        ("jsn=r.json", "did you mean 'json'?"),
        ("markdown", "there are: terminal, html"),
    ] {
        let output = countersign(dir.path(), &["scan", "delivery", "--report", report]);
        assert_eq!(code(&output), 3, "{report}");
        assert!(err(&output).contains(says), "{report}: {}", err(&output));
        assert!(out(&output).is_empty(), "{report}");
    }
    std::fs::create_dir(dir.path().join("x")).unwrap();
    for same in ["r", "./r", "x/../r"] {
        let twice = format!("csv={same}");
        let twice = countersign(dir.path(), &["scan", "delivery", "--report", "json=r", "--report", &twice]);
        assert_eq!((code(&twice), err(&twice).contains("two reports")), (3, true), "{}", err(&twice));
    }
    let both = countersign(dir.path(), &["scan", "delivery", "--report", "json", "--report", "terminal=-"]);
    assert_eq!((code(&both), out(&both).is_empty()), (3, true), "{}", err(&both));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_no_half_report() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    let output = countersign(dir.path(), &["scan", "delivery", "--report", "json=/dev/full"]);
    assert_eq!(code(&output), 3);
    assert!(err(&output).contains("/dev/full") && err(&output).contains("cannot be written"), "{}", err(&output));
    assert!(!std::fs::metadata("/dev/full").unwrap().is_file(), "a device is not replaced");
    std::fs::write(dir.path().join("r.json"), "the report of yesterday").unwrap();
    let arguments = ["scan", "delivery", "--report", "json=r.json", "--report", "csv=/dev/full"];
    let output = countersign(dir.path(), &arguments);
    assert_eq!((code(&output), err(&output).contains("/dev/full")), (3, true), "{}", err(&output));
    assert_eq!(paths(&json(&dir.path().join("r.json"))), ["a.png"], "the report that has room is whole");
    assert!(partials(dir.path()).is_empty());
    // Nobody can be told, and still nothing breaks.
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let told = program(dir.path()).args(["scan", "no/such/folder"]).stderr(full()).status().unwrap();
    assert_eq!(told.code(), Some(3));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_changes_no_code() {
    use std::io::Read;
    let dir = folder(&[(MARKED, "delivery/0.png")]);
    // Letters: numbered names would be one row of frames.
    for i in 1..1_500_u32 {
        let name: String = i.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        std::fs::hard_link(dir.path().join("delivery/0.png"), dir.path().join(format!("delivery/{name}.png"))).unwrap();
    }
    let read_a_little = |arguments: &[&str]| {
        let mut child =
            program(dir.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0; 10]).unwrap();
        child.wait_with_output().unwrap()
    };
    std::fs::create_dir(dir.path().join("one")).unwrap();
    std::fs::copy(sample(MARKED), dir.path().join("one/a.png")).unwrap();
    for kind in countersign::report::ALL {
        // Pictures of all of them would take a while.
        let delivery = if kind.info.id == "html" { "one" } else { "delivery" };
        let output = read_a_little(&["scan", delivery, "--report", kind.info.id]);
        assert_eq!((code(&output), err(&output).as_str()), (1, ""), "{}", kind.info.id);
    }
    let output = read_a_little(&["scan", "delivery", "--report", "ndjson", "--report", "json=r.json"]);
    assert_eq!((code(&output), err(&output).as_str()), (1, ""), "another report is still written");
    assert_eq!(paths(&json(&dir.path().join("r.json"))).len(), 1_500);
    let output = read_a_little(&["convert", "r.json", "--report", "csv"]);
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
}

#[test]
fn standard_input_can_be_the_saved_report() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    let saved = countersign(dir.path(), &["scan", "delivery", "--report", "json"]).stdout;
    let with = |arguments: &[&str]| {
        let mut child =
            program(dir.path()).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&saved).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = with(&["convert", "-", "--report", "csv"]);
    assert!(code(&output) == 0 && out(&output).contains("a.png"), "{}", out(&output));
    assert_eq!(code(&with(&["scan", "delivery", "--baseline", "-"])), 0);
    let output = countersign(dir.path(), &["scan", "-"]);
    assert!(code(&output) == 3 && err(&output).contains("--files-from -"), "{}", err(&output));
    assert_eq!(code(&countersign(dir.path(), &["scan", "delivery", "--jobs", "100000"])), 3);
}

fn partials(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|n| n.ends_with(".partial")).collect()
}

/// Makes a file longer than anybody waits for; `false` where the file system has no large sparse files.
fn grown(path: &Path) -> bool {
    let grown = std::fs::File::options().append(true).open(path).unwrap().set_len(1 << 40).is_ok();
    if !grown {
        prerequisite::absent("sparse-files", "this file system has no large sparse files");
    }
    grown
}

/// Starts a scan of `delivery` and waits until it is under way.
#[cfg(unix)]
fn under_way(folder: &Path, report: &str) -> std::process::Child {
    let child = program(folder)
        .args(["scan", "delivery", "--jobs", "1", "--report", report])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while partials(folder).is_empty() {
        assert!(Instant::now() < end, "the scan did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    child
}

#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_was_judged() {
    const FILES: usize = 30_000;
    let dir = folder(&[(MARKED, "delivery/first.png")]);
    let first = dir.path().join("delivery/first.png");
    for i in 1..FILES {
        // Letters: numbers would be one image sequence and one row.
        let name: String = format!("{i:05}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        std::fs::hard_link(&first, dir.path().join(format!("delivery/{name}.png"))).unwrap();
    }
    let child = under_way(dir.path(), "json=report.json");
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 130, "{}", err(&output));
    let report = json(&dir.path().join("report.json"));
    assert_eq!(report["summary"]["interrupted"], true);
    assert!(report["assets"].as_array().unwrap().len() < FILES);
    assert_eq!(report["assets"].as_array().unwrap().len() as u64, report["summary"]["assets"].as_u64().unwrap());
    assert!(partials(dir.path()).is_empty());
}

/// The report of a scan of `delivery` that is interrupted while it is at its first file: soon, whole, and said to be so.
#[cfg(unix)]
fn interrupted(folder: &Path) -> Value {
    let mut child = under_way(folder, "json=report.json");
    let asked = Instant::now();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert!(partials(folder).is_empty());
    let report = json(&folder.join("report.json"));
    assert_eq!(report["summary"]["interrupted"], true);
    report
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_long_digest() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    // Marked, so its digest is wanted, and its digest takes longer than anybody waits.
    if !grown(&dir.path().join("delivery/a.png")) {
        return;
    }
    interrupted(dir.path());
}

#[test]
fn a_policy_bounds_the_time_for_a_file() {
    let dir = folder(&[("../c2pa/captured.jpg", "delivery/a.jpg"), ("../c2pa/captured.jpg", "delivery/b.jpg")]);
    std::fs::write(dir.path().join("p.toml"), "name = \"p\"\n[limits]\nseconds-per-file = 1\n").unwrap();
    // Its hash binds every byte that follows the manifest, and there are more than a second is enough for.
    if !grown(&dir.path().join("delivery/a.jpg")) {
        return;
    }
    let output = countersign(dir.path(), &["scan", "delivery", "--policy", "p.toml", "--report", "json=r.json"]);
    assert_eq!(code(&output), 2, "{}", err(&output));
    let report = json(&dir.path().join("r.json"));
    let rules = |asset: usize| -> Vec<_> {
        let findings = report["assets"][asset]["findings"].as_array().unwrap();
        findings.iter().filter(|f| f["severity"] == "error").map(|f| f["rule"].clone()).collect()
    };
    assert_eq!((rules(0), rules(1)), (vec!["unreadable-asset".into()], vec![]));
}

#[test]
fn what_has_run_out_in_a_policy_is_told() {
    let dir = folder(&[]);
    let keys = |name: &str, until: &str| {
        let output = countersign(dir.path(), &["keys", "new", name]);
        let key = out(&output).lines().find(|l| l.starts_with("key = ")).unwrap().to_owned();
        format!("[[trust.keys]]\nname = \"{name}\"\n{key}\nvalid-until = {until}\n")
    };
    let row = |pattern: &str, until: &str| {
        format!("[[suppress]]\nrule = \"possible-ai\"\npattern = \"{pattern}\"\nreason = \"r\"\nexpires = {until}\n")
    };
    let text =
        [row("old/", "2020-01-01"), row("new/", "9999-01-01"), keys("Past", "2020-01-02"), keys("Now", "9999-01-01")];
    std::fs::write(dir.path().join("p.toml"), text.concat()).unwrap();
    let output = countersign(dir.path(), &["policy", "check", "p.toml"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let warnings: Vec<_> = err(&output).lines().map(str::to_owned).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("old/") && warnings[0].contains("2020-01-01"), "{warnings:?}");
    assert!(warnings[1].contains("Past") && warnings[1].contains("2020-01-02"), "{warnings:?}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_is_told_whatever_the_report() {
    let dir = folder(&[(MARKED, "delivery/a.png"), (MARKED, "delivery/b.png")]);
    if !grown(&dir.path().join("delivery/b.png")) {
        return;
    }
    for kind in countersign::report::ALL {
        let id = kind.info.id;
        let child = under_way(dir.path(), &format!("{id}={id}.out"));
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        let told = format!("INTERRUPTED  1 error, 0 warnings, 0 notes\nwrote {id}.out\n");
        assert_eq!((code(&output), err(&output)), (130, told), "{id}");
        assert!(!std::fs::read(dir.path().join(format!("{id}.out"))).unwrap().is_empty(), "{id}");
    }
    assert!(partials(dir.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_long_verification() {
    let dir = folder(&[("../c2pa/generated.png", "delivery/a.png")]);
    // Its hash binds every byte that follows the manifest, and there are more than anybody waits for.
    if !grown(&dir.path().join("delivery/a.png")) {
        return;
    }
    let report = interrupted(dir.path());
    // What was not read to its end is not judged.
    assert_eq!(report["assets"].as_array().unwrap().len(), 0);
}

#[test]
fn help_shows_examples_and_every_format() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for command in ["scan", "inspect", "convert", "completions", "man"] {
        let long = countersign(here, &[command, "--help"]);
        assert_eq!(code(&long), 0);
        assert!(out(&long).contains("Examples:"), "{command} has no example");
        assert_eq!(code(&countersign(here, &[command, "-h"])), 0);
    }
    let help = out(&countersign(here, &["scan", "--help"]));
    for kind in countersign::report::ALL {
        assert!(help.contains(kind.info.id), "{}", kind.info.id);
    }
    assert!(help.contains("--baseline") && help.contains("--files-from"), "{help}");
    let output = countersign(here, &["scna", "."]);
    assert_eq!((code(&output), err(&output).contains("scan")), (3, true), "{}", err(&output));
    let output = countersign(here, &["scan", ".", "--polcy", "x"]);
    assert!(err(&output).contains("--policy"), "{}", err(&output));
}

#[test]
fn quiet_is_the_verdict_and_pipes_see_no_progress() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    let output = countersign(dir.path(), &["scan", "delivery", "-q"]);
    assert!(out(&output).starts_with("FAIL") && !out(&output).contains("[unapproved"), "{}", out(&output));
    let output = countersign(dir.path(), &["scan", "delivery"]);
    assert!(err(&output).is_empty(), "{}", err(&output));
    assert!(!out(&output).contains('\u{1b}'), "no color into a pipe");
}

#[test]
fn the_environment_names_the_policy() {
    let dir = folder(&[(MARKED, "delivery/a.png")]);
    let with = |policy: &str| {
        program(dir.path()).args(["scan", "delivery"]).env("COUNTERSIGN_POLICY", policy).output().unwrap()
    };
    assert_eq!((code(&with("observe")), code(&with("netflix-genai")), code(&with("no/such.toml"))), (0, 1, 3));
}
