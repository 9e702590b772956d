//! What the user names must not lie in what is scanned, links resolved, unless that is said; and bytes that are exchanged
//! while a scan runs never count as approved.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const MARKED: &str = "fixtures/delivery/final/hero_010.png";

/// `d` is the delivery, `x` lies outside.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.at("d")).unwrap();
        std::fs::create_dir(place.at("x")).unwrap();
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(MARKED), place.at("d/hero.png")).unwrap();
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COUNTERSIGN_")) {
            command.env_remove(name);
        }
        command.current_dir(self.0.path()).env("COUNTERSIGN_CONFIG", self.at("none")).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.program(arguments).output().unwrap()
    }

    fn approve(&self, ledger: &str) {
        let output = self.run(&["approve", "d/hero.png", "--by", "J", "--approvals", ledger]);
        assert!(output.status.success(), "{}", said(&output));
    }

    /// What the user may name, each kind in this folder.
    fn fill(&self, folder: &str) {
        self.approve(&format!("{folder}/l.jsonl"));
        std::fs::write(self.at(folder).join("p.toml"), "name = 'p'\n").unwrap();
        std::fs::write(self.at(folder).join("list"), "d\n").unwrap();
        std::fs::write(self.at(folder).join("t.pem"), crate::samples::certificates::Authority::new().pem()).unwrap();
        self.run(&["scan", "d", "--report", "json=x/base.json"]);
        let _ = std::fs::rename(self.at("x/base.json"), self.at(folder).join("base.json"));
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn options(folder: &str) -> Vec<[String; 2]> {
    let report = |kind: &str, name: &str| ["--report".to_owned(), format!("{kind}={folder}/{name}")];
    let named = |option: &str, name: &str| [option.to_owned(), format!("{folder}/{name}")];
    vec![
        named("--approvals", "l.jsonl"),
        named("--policy", "p.toml"),
        named("--trust", "t.pem"),
        named("--baseline", "base.json"),
        named("--cache", "c.db"),
        report("json", "r.json"),
        report("html", "new/../r.html"),
    ]
}

fn refused(output: &Output) -> bool {
    let said: String = said(output).split(|c: char| c.is_whitespace() || c == '│').filter(|w| !w.is_empty()).collect();
    output.status.code() == Some(3) && said.contains("insidethescannedtree") && output.stdout.is_empty()
}

#[test]
fn what_the_user_names_inside_is_refused_unless_that_is_said() {
    let place = Place::new();
    place.fill("d");
    place.fill("x");
    std::fs::create_dir(place.at("d/new")).unwrap();
    std::fs::create_dir(place.at("x/new")).unwrap();
    for (inside, outside) in options("d").iter().zip(options("x")) {
        let [option, value] = inside;
        let output = place.run(&["scan", "d", option, value]);
        assert!(refused(&output), "{inside:?}: {:?} {}", output.status, said(&output));
        let output = place.run(&["scan", "d", option, value, "--allow-inside"]);
        assert!(output.status.code().is_some_and(|code| code < 2), "{inside:?}: {}", said(&output));
        let [option, value] = &outside;
        let output = place.run(&["scan", "d", option, value]);
        assert!(output.status.code().is_some_and(|code| code < 2), "{outside:?}: {}", said(&output));
    }
    let output = place.run(&["scan", "d", "--files-from", "d/list"]);
    assert!(refused(&output), "{}", said(&output));
    // A list that a policy names is named by the user as well.
    std::fs::write(place.at("x/q.toml"), "name = 'q'\n[trust]\nlists = ['../d/t.pem']\n").unwrap();
    let output = place.run(&["scan", "d", "--policy", "x/q.toml"]);
    assert!(refused(&output), "{}", said(&output));
}

#[cfg(unix)]
#[test]
fn a_listed_folder_is_scanned_whole_however_it_is_named() {
    let place = Place::new();
    std::fs::create_dir(place.at("y")).unwrap();
    let whole = place.at("d");
    for listed in ["d", "./d/", "x/../d", whole.to_str().unwrap()] {
        std::fs::write(place.at("x/list"), format!("{listed}\n")).unwrap();
        let output = place.run(&["scan", "--files-from", "x/list", "--report", "json=d/r.json"]);
        assert!(refused(&output), "{listed}: {}", said(&output));
        let output = place.run(&["scan", "--files-from", "x/list", "--report", "json=y/r.json"]);
        // What the files are is told by the folders that they lie in, which are others where the path is absolute.
        assert!(matches!(output.status.code(), Some(0 | 1)), "{listed}: {}", said(&output));
        assert!(std::fs::remove_file(place.at("y/r.json")).is_ok(), "{listed}");
    }
    std::fs::write(place.at("x/list"), "../y/../d\n").unwrap();
    let output = place.program(&["scan", "--files-from", "list", "--report", "json=../d/r.json"]);
    let output = { output }.current_dir(place.at("x")).output().unwrap();
    assert!(refused(&output), "{}", said(&output));
}

#[test]
fn links_do_not_hide_where_something_lies() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    place.fill("d");
    symlink("../d", place.at("x/link")).unwrap();
    for [option, value] in options("x/link") {
        let output = place.run(&["scan", "d", &option, &value]);
        assert!(refused(&output), "{option} {value}: {}", said(&output));
    }
    // A link to a file that is not there yet would make it in the tree.
    symlink("../d/new.json", place.at("x/dangling")).unwrap();
    for option in [["--report", "json=x/dangling"], ["--cache", "x/dangling"]] {
        let output = place.run(&[&["scan", "d"][..], &option].concat());
        assert!(refused(&output), "{option:?}: {}", said(&output));
    }
    assert!(!place.at("d/new.json").exists());
    // The tree by another name.
    symlink("d", place.at("delivery")).unwrap();
    let output = place.run(&["scan", "delivery", "--approvals", "d/l.jsonl"]);
    assert!(refused(&output), "{}", said(&output));
}

#[cfg(unix)]
#[test]
fn defaults_are_resolved_too() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    std::fs::create_dir_all(place.at("d/home/.config/countersign/trust")).unwrap();
    let inside = place.at("d/home/.config/countersign");
    symlink(place.at("d/home"), place.at("x/home")).unwrap();
    symlink(place.at("d/home/.config"), place.at("x/config")).unwrap();
    symlink(&inside, place.at("x/own")).unwrap();
    let pem = crate::samples::certificates::Authority::new().pem();
    for (name, text) in [
        ("policy.toml", "extends = 'observe'\n"),
        ("config.toml", "role = 'temporary'\n"),
        ("approvals.jsonl", ""),
        ("trust/t.pem", pem.as_str()),
    ] {
        std::fs::write(inside.join(name), text).unwrap();
        for (variable, value) in [("HOME", "x/home"), ("XDG_CONFIG_HOME", "x/config"), ("COUNTERSIGN_CONFIG", "x/own")]
        {
            let mut command = place.program(&["scan", "d"]);
            if variable != "COUNTERSIGN_CONFIG" {
                command.env_remove("COUNTERSIGN_CONFIG").env_remove("XDG_CONFIG_HOME");
            }
            let output = command.env(variable, place.at(value)).output().unwrap();
            assert!(refused(&output), "{name} by {variable}: {:?} {}", output.status, said(&output));
        }
        std::fs::remove_file(inside.join(name)).unwrap();
    }
    // A configuration folder without anything in it changes nothing.
    let output = place.program(&["scan", "d"]).env("COUNTERSIGN_CONFIG", place.at("x/own")).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_by_the_program_at_once() {
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.at("x/pipe")).status().unwrap().success());
    for option in ["--approvals", "--policy", "--trust", "--files-from"] {
        let start = std::time::Instant::now();
        let output = place.run(&["scan", "d", option, "x/pipe"]);
        assert_eq!(output.status.code(), Some(3), "{option}: {}", said(&output));
        assert!(said(&output).contains("pipe") && start.elapsed().as_secs() < 20, "{option}: {}", said(&output));
    }
    for arguments in [
        &["approve", "d/hero.png", "--by", "J", "--approvals", "x/pipe"][..],
        &["approvals", "list", "--approvals", "x/pipe"],
        &["approvals", "verify", "--approvals", "/dev/zero"],
    ] {
        assert_eq!(place.run(arguments).status.code(), Some(3), "{arguments:?}");
    }
}

#[test]
fn the_verdict_says_what_came_from_the_cache() {
    let place = Place::new();
    let scan = || {
        let output =
            place.run(&["scan", "d", "--cache", "x/c.db", "--report", "terminal", "--report", "json=x/r.json"]);
        let report: Value = serde_json::from_slice(&std::fs::read(place.at("x/r.json")).unwrap()).unwrap();
        (report["summary"]["from_cache"].as_u64().unwrap_or(0), String::from_utf8(output.stdout).unwrap())
    };
    // What has just changed is not kept.
    std::thread::sleep(std::time::Duration::from_millis(2_200));
    let (first, text) = scan();
    assert!(first == 0 && !text.contains("From cache"), "{text}");
    let (second, text) = scan();
    assert!(second == 1 && text.contains("From cache  1 file not read again"), "{second} {text}");
}

/// Approved bytes are exchanged for others after they were judged and before the scan has ended: by a report that the scan
/// writes to, which changes the file when it is told of its row.
#[test]
fn bytes_that_are_exchanged_during_the_scan_are_not_approved() {
    use countersign::approvals::{Approvals, Ledger};
    use std::sync::Arc;

    use countersign::model::{FindingState, Outcome};
    use countersign::policy::Policy;
    use countersign::scan::Watch;
    use countersign::{Engine, ScanOptions};

    struct Quiet(std::sync::atomic::AtomicBool);
    impl Watch for Quiet {
        fn hashed(&self, _: u64) {}
        fn judged(&self, _: u64, _: &[countersign::model::Finding]) {}
        fn stop(&self) -> &std::sync::atomic::AtomicBool {
            &self.0
        }
    }

    for exchange in [false, true] {
        let place = Place::new();
        place.approve("x/l.jsonl");
        assert_eq!(Ledger::read(&place.at("x/l.jsonl")).unwrap().entries.len(), 1);
        let policy = Policy::builtin("netflix-genai").unwrap();
        let approvals = Approvals::load(&place.at("x/l.jsonl"), &[]).unwrap();
        let today = chrono::Local::now().date_naive();
        let engine = Engine::new(Arc::new(policy), 1).unwrap().with_approvals(Some(Arc::new(approvals)));
        let options = ScanOptions { max_archive_depth: 1, ..ScanOptions::on(today) };
        let mut states = Vec::new();
        let roots = countersign::io::Roots::local(&[place.at("d")]);
        let summary = engine
            .scan(&roots, options, &Quiet(false.into()), &mut |asset| {
                states.extend(asset.findings.iter().map(|f| f.state));
                if exchange {
                    // Renamed over it, as whoever exchanges a file does: what is open is still the old one.
                    let other = place.at("other.png");
                    std::fs::write(&other, std::fs::read(place.at("d/hero.png")).unwrap().repeat(2)).unwrap();
                    std::fs::rename(&other, place.at("d/hero.png")).unwrap();
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(states, [FindingState::Approved]);
        let outcome = if exchange { Outcome::Incomplete } else { Outcome::Pass };
        assert_eq!(summary.outcome, outcome, "{summary:#?}");
        let said: Vec<_> = summary.findings_of_run.iter().filter(|f| f.rule == "unreadable-asset").collect();
        assert_eq!(said.len(), usize::from(exchange));
        assert!(said.iter().all(|f| f.path.as_deref() == Some("hero.png") && f.message.contains("changed after")));
    }
}
