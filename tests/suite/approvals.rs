//! The ledger by the real program: the documented life of an approval, sheets, and what a kill leaves behind.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::shared::document;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use countersign::approvals::Ledger;
use document::{program, squeezed, steps};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, env!("CARGO_BIN_EXE_countersign")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_documented_life_of_an_approval() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("delivery")).unwrap();
    let poster = project().join("fixtures/delivery/final/poster_020.jpg");
    std::fs::copy(poster, folder.path().join("delivery/poster.jpg")).unwrap();
    let steps = steps(&std::fs::read_to_string(project().join("docs/approvals.md")).unwrap());
    assert!(steps.len() > 15, "the page has lost its commands");
    document::run(folder.path(), &steps);
}

/// Ten thousand rows, of which seven are bad for seven reasons; the lines of those.
fn sheet() -> (String, Vec<(usize, &'static str)>) {
    let mut text = String::from("Filename,SHA256,Status,Scope,Approved by,Date,Expires\n");
    let digest = |n: usize| format!("{n:064x}");
    let bad = [
        (17, format!("f/17.png,{},aproved,final-deliverable,J,2026-03-01,", digest(17)), "decision"),
        (
            1_000,
            format!("f/1000.png,{},approved,final-deliverable,J,01/03/2026,", digest(1_000)),
            "no date of the form",
        ),
        (2_500, "f/2500.png,abc,approved,final-deliverable,J,2026-03-01,".to_owned(), "64 hexadecimal digits"),
        (5_000, format!("f/5000.png,{},approved,everything,J,2026-03-01,", digest(5_000)), "scope"),
        (7_777, format!("f/7777.png,{},approved,final-deliverable,,2026-03-01,", digest(7_777)), "nobody is named"),
        (9_001, format!("f/9001.png,{},approved,final-deliverable,J,2026-03-01,2026-02-01", digest(9_001)), "expires"),
        (10_000, "f/10000.png,approved".to_owned(), "2 cells where the header has 7"),
    ];
    for n in 1..=10_000 {
        match bad.iter().find(|(at, ..)| *at == n) {
            Some((_, row, _)) => writeln!(text, "{row}").unwrap(),
            None => writeln!(text, "f/{n}.png,{},Approved,final-deliverable,J,2026-03-01,", digest(n)).unwrap(),
        }
    }
    (text, bad.into_iter().map(|(n, _, reason)| (n + 1, reason)).collect())
}

#[test]
fn a_sheet_is_imported_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (text, bad) = sheet();
    std::fs::write(folder.path().join("list.csv"), text).unwrap();
    let import = ["approvals", "import", "list.csv", "--approvals", "l.jsonl"];
    let ledger = folder.path().join("l.jsonl");
    for more in [&[][..], &["--dry-run"]] {
        let output = countersign(folder.path(), &[&import, more].concat());
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        let rows: Vec<_> = said(&output).lines().filter(|l| l.starts_with("list.csv:")).map(str::to_owned).collect();
        assert_eq!(rows.len(), 7, "{rows:#?}");
        for ((line, reason), row) in bad.iter().zip(&rows) {
            assert!(row.starts_with(&format!("list.csv:{line}:")) && row.contains(reason), "{row}: {line} {reason}");
        }
        assert!(!ledger.exists() || std::fs::read(&ledger).unwrap().is_empty());
    }
    let output = countersign(folder.path(), &[&import[..], &["--skip-bad", "--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("\"imported\":9993"), "{}", said(&output));
    assert_eq!(Ledger::read(&ledger).unwrap().entries.len(), 9_993);
}

#[test]
fn a_sheet_that_comes_again_adds_what_is_new_only() {
    let folder = tempfile::tempdir().unwrap();
    let import = |name: &str, rows: &str| {
        std::fs::write(folder.path().join(name), format!("path,decision,by,decided-on,note\n{rows}")).unwrap();
        let output = countersign(folder.path(), &["approvals", "import", name, "--approvals", "l.jsonl"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        said(&output)
    };
    let (one, two) = ("a.png,approved,Jane,2026-01-02,x\n", "b.png,approved,Jane,2026-01-02,x\n");
    assert!(import("one.csv", &format!("{one}{one}")).contains("left out 1 row"));
    let again = import("renamed.csv", &format!("{one}{two}"));
    assert!(again.contains("left out 1 row") && again.contains("imported 1 record\n"), "{again}");
    // Another day, another note: other records.
    for near in [two.replace("01-02", "01-03"), two.replace(",x", ",y"), two.replace("b.png", "B.png")] {
        assert!(!import("near.csv", &near).contains("left out"), "{near}");
    }
    assert!(import("one.csv", &format!("{one}{two}")).contains("left out 2 rows"));
    assert_eq!(Ledger::read(&folder.path().join("l.jsonl")).unwrap().entries.len(), 5);
}

#[test]
fn other_sheets_are_read_as_they_are_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let row = |name: &str| format!("{name};{};31.12.2026;freigegeben von M\u{fc}ller\r\n", "ab".repeat(32));
    let text = format!("Datei;Pr\u{fc}fsumme;Datum;Notiz\r\n{}{}", row("a/b.png"), row("'=c/d.png"));
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(&text);
    std::fs::write(folder.path().join("list.csv"), latin).unwrap();
    let said_so = [
        "approvals",
        "import",
        "list.csv",
        "--approvals",
        "l.jsonl",
        "--delimiter",
        ";",
        "--map",
        "path=Datei",
        "--map",
        "sha256=Pr\u{fc}fsumme",
        "--map",
        "decided-on=Datum",
        "--map",
        "note=Notiz",
        "--set",
        "decision=approved",
        "--set",
        "by=Jane Doe",
        "--date-format",
        "%d.%m.%Y",
    ];
    let output = countersign(folder.path(), &said_so);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("line 1 is not UTF-8"), "{}", said(&output));
    let output = countersign(folder.path(), &[&said_so[..], &["--encoding", "windows-1252"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let ledger = Ledger::read(&folder.path().join("l.jsonl")).unwrap();
    let record = &ledger.entries[1].record;
    assert_eq!(record.subjects[0].name, "=c/d.png");
    assert_eq!((record.decided_on.to_string(), record.approver.name.as_str()), ("2026-12-31".into(), "Jane Doe"));
    assert_eq!(record.note.as_deref(), Some("freigegeben von M\u{fc}ller"));
    // What is exported comes in again, and a formula stays text on the way.
    let csv = said(&countersign(folder.path(), &["approvals", "export", "--approvals", "l.jsonl"]));
    assert!(csv.contains(",'=c/d.png,"), "{csv}");
    std::fs::write(folder.path().join("again.csv"), csv).unwrap();
    let output = countersign(folder.path(), &["approvals", "import", "again.csv", "--approvals", "m.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let again = Ledger::read(&folder.path().join("m.jsonl")).unwrap();
    assert_eq!(again.entries[1].record.subjects, record.subjects);
    assert_eq!(again.entries[1].record.note, record.note);
    let wrong =
        countersign(folder.path(), &["approvals", "import", "again.csv", "--map", "pth=path", "--approvals", "x"]);
    assert!(said(&wrong).contains("did you mean \"path\"?"), "{}", said(&wrong));
}

#[test]
fn what_was_confirmed_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bin"), b"bytes").unwrap();
    // Four writers at once, each its share of a thousand runs; the kill comes while they write.
    let line = "i=0; while [ $i -lt 250 ]; do i=$((i+1)); \
                \"$0\" approve a.bin --by W --note $1-$i --approvals l.jsonl > out.$1 && echo $1-$i >> done.$1; done";
    let binary = env!("CARGO_BIN_EXE_countersign");
    let mut writers: Vec<_> = (0..4)
        .map(|n| {
            let mut shell = program(folder.path(), "sh");
            shell.args(["-c", line, binary, &n.to_string()]).stderr(Stdio::null());
            std::os::unix::process::CommandExt::process_group(&mut shell, 0);
            shell.spawn().unwrap()
        })
        .collect();
    let confirmed = || -> Vec<String> {
        let read = |n| std::fs::read_to_string(folder.path().join(format!("done.{n}"))).unwrap_or_default();
        (0..4).flat_map(|n| read(n).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    while confirmed().len() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    for writer in &mut writers {
        let group = format!("-{}", writer.id());
        assert!(Command::new("kill").args(["-9", "--", &group]).status().unwrap().success());
        writer.wait().unwrap();
    }
    let path = folder.path().join("l.jsonl");
    // A line that was being written may be torn: then it is named, and put aside.
    if Ledger::read(&path).is_err() {
        assert!(said(&countersign(folder.path(), &["approvals", "verify", "--approvals", "l.jsonl"])).contains("torn"));
        Ledger::repair(&path).unwrap().unwrap();
    }
    let ledger = Ledger::read(&path).unwrap();
    let notes: std::collections::HashSet<_> = ledger.entries.iter().filter_map(|e| e.record.note.clone()).collect();
    let confirmed = confirmed();
    let lost: Vec<_> = confirmed.iter().filter(|c| !notes.contains(*c)).collect();
    assert!(confirmed.len() >= 60 && lost.is_empty(), "lost {lost:?}");
    assert_eq!(countersign(folder.path(), &["approvals", "verify", "--approvals", "l.jsonl"]).status.code(), Some(0));
}

#[test]
fn files_are_found_by_folder_glob_and_report() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["d/final/x/a.png", "d/final/b.png", "d/final/c.txt"] {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), name).unwrap();
    }
    let hero = project().join("fixtures/delivery/final/hero_010.png");
    std::fs::copy(hero, at("d/final/hero.png")).unwrap();
    let approve = |arguments: &[&str]| {
        let _ = std::fs::remove_file(at("l.jsonl"));
        let output =
            countersign(folder.path(), &[&["approve", "--by", "J", "--approvals", "l.jsonl"], arguments].concat());
        let ledger = Ledger::read(&at("l.jsonl")).map(|l| l.entries).unwrap_or_default();
        let base = format!("{}/", std::fs::canonicalize(folder.path()).unwrap().display());
        // By its whole path, unless a report knows its place in the delivery.
        let names = |s: &countersign::approvals::Subject| s.name.strip_prefix(&base).unwrap_or(&s.name).to_owned();
        let mut names: Vec<_> = ledger.iter().flat_map(|e| &e.record.subjects).map(names).collect();
        names.sort();
        (output.status.code().unwrap(), names, said(&output))
    };
    let pngs = ["d/final/b.png", "d/final/hero.png", "d/final/x/a.png"];
    assert_eq!(approve(&["d/final/**/*.png"]).1, pngs);
    assert_eq!(approve(&["d/final/*.png"]).1, pngs[..2]);
    assert_eq!(approve(&["d", "d/final/b.png", "--all"]).1.len(), 4, "each file once");
    assert_eq!(approve(&["d/*.mov"]).0, 3);
    assert_eq!(approve(&["d/missing.png"]).0, 3);
    countersign(folder.path(), &["scan", "d", "--report", "json=r.json"]);
    let reported = ["--from-report", "r.json", "--finding"];
    assert_eq!(approve(&[&reported[..], &["unapproved-ai-in-final"]].concat()).1, ["d/final/hero.png"]);
    assert_eq!(approve(&[&reported[..], &["unapproved-ai-in-final:x/**"]].concat()).0, 3);
    std::fs::write(at("d/final/hero.png"), "other").unwrap();
    let (code, names, said) = approve(&[&reported[..], &["unapproved-ai-in-final"]].concat());
    assert_eq!((code, names.len()), (3, 0));
    assert!(said.contains("changed since the report"), "{said}");
}

#[test]
fn a_passphrase_guards_a_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bin"), b"bytes").unwrap();
    let with = |word: Option<&str>, arguments: &[&str]| {
        let mut command = program(folder.path(), env!("CARGO_BIN_EXE_countersign"));
        word.map(|word| command.env("COUNTERSIGN_PASSPHRASE", word));
        command.args(arguments).stdin(Stdio::null()).output().unwrap()
    };
    assert!(with(Some("correct horse"), &["keys", "new", "k", "--passphrase"]).status.success());
    let approve = ["approve", "a.bin", "--by", "J", "--key", "k", "--approvals", "l.jsonl"];
    assert_eq!(with(None, &approve).status.code(), Some(3));
    assert_eq!(with(Some("wrong"), &approve).status.code(), Some(3));
    assert!(!folder.path().join("l.jsonl").exists(), "nothing is recorded without the signature that was asked for");
    assert!(with(Some("correct horse"), &approve).status.success());
    assert_eq!(Ledger::read(&folder.path().join("l.jsonl")).unwrap().entries[0].keys.len(), 1);
}

#[test]
fn a_torn_end_is_put_aside_and_a_cut_end_shows_in_the_head() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bin"), b"bytes").unwrap();
    let run = |arguments: &[&str]| countersign(folder.path(), &[arguments, &["--approvals", "l.jsonl"]].concat());
    for note in ["1", "2"] {
        assert!(run(&["approve", "a.bin", "--by", "J", "--note", note]).status.success());
    }
    let path = folder.path().join("l.jsonl");
    let head = Ledger::read(&path).unwrap().head;
    assert!(said(&run(&["approvals", "verify", "--head", &head])).contains("0 records were added since"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 9]).unwrap();
    assert_eq!(run(&["approve", "a.bin", "--by", "J"]).status.code(), Some(3));
    let output = run(&["approvals", "verify", "--repair"]);
    assert!(output.status.success() && said(&output).contains("l.jsonl.torn-2"), "{}", said(&output));
    assert!(text.contains(&std::fs::read_to_string(folder.path().join("l.jsonl.torn-2")).unwrap()));
    let output = run(&["approvals", "verify", "--head", &head]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("cut from its end"), "{}", said(&output));
}

/// A sequence of marked frames, one of which says something else, and the commands that its findings propose.
#[test]
fn the_command_that_a_sequence_proposes_records_its_frames_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let frames = folder.path().join("a reel's/d");
    std::fs::create_dir_all(&frames).unwrap();
    let hero = std::fs::read(project().join("fixtures/delivery/final/hero_010.png")).unwrap();
    let poster = std::fs::read(project().join("fixtures/delivery/final/poster_020.jpg")).unwrap();
    for n in 1001..=1012 {
        let bytes = if n == 1006 { &poster } else { &hero };
        std::fs::write(frames.join(format!("shot.{n}.png")), bytes).unwrap();
    }
    // Frames of another run, which no range of this one may take.
    std::fs::write(frames.join("other.1003.png"), &hero).unwrap();
    let report = || {
        let output =
            countersign(folder.path(), &["scan", "a reel's", "--approvals", "l.jsonl", "--report", "json=r.json"]);
        let text = std::fs::read_to_string(folder.path().join("r.json")).unwrap();
        std::fs::remove_file(folder.path().join("r.json")).unwrap();
        (output, serde_json::from_str::<serde_json::Value>(&text).unwrap())
    };
    let open = |report: &serde_json::Value| -> Vec<(String, String)> {
        let rows = report["assets"].as_array().unwrap().iter();
        rows.flat_map(|row| {
            let findings = row["findings"].as_array().unwrap().iter();
            let open = findings.filter(|f| f["rule"] == "unapproved-ai-in-final" && f["state"] == "open");
            open.map(|f| (row["path"].as_str().unwrap().to_owned(), f["help"].as_str().unwrap().to_owned()))
        })
        .collect()
    };
    std::fs::write(folder.path().join("l.jsonl"), "").unwrap();
    let (_, before) = report();
    let rows = open(&before);
    let names: Vec<_> = rows.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["d/other.1003.png", "d/shot.[1001-1012].png", "d/shot.1006.png"]);
    let command = rows[1].1.split('`').nth(1).unwrap();
    assert!(command.contains("shot.[1001-1005,1007-1012].png'"), "{command}");
    let command = command.replace("countersign", env!("CARGO_BIN_EXE_countersign"));
    let output = program(folder.path(), "sh").args(["-c", &command]).output().unwrap();
    assert!(output.status.success(), "{command}: {}", said(&output));
    let ledger = Ledger::read(&folder.path().join("l.jsonl")).unwrap();
    let names: Vec<_> = ledger.entries[0].record.subjects.iter().map(|s| s.name.clone()).collect();
    assert_eq!(names.len(), 11);
    assert!(names.iter().all(|n| n.contains("/shot.") && !n.contains("1006")), "{names:?}");
    let names: Vec<_> = open(&report().1).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["d/shot.1006.png"], "the other run's frame has the same bytes");

    // The same from the report, which names the frames that its row stands for.
    std::fs::write(folder.path().join("before.json"), before.to_string()).unwrap();
    let from_report = |finding: &str| {
        let _ = std::fs::remove_file(folder.path().join("m.jsonl"));
        countersign(
            folder.path(),
            &["approve", "--from-report", "before.json", "--finding", finding, "--by", "J", "--approvals", "m.jsonl"],
        )
    };
    let output = from_report("unapproved-ai-in-final:d/shot.*1012*");
    assert!(output.status.success(), "{}", said(&output));
    let subjects = &Ledger::read(&folder.path().join("m.jsonl")).unwrap().entries[0].record.subjects;
    assert_eq!(subjects.len(), 11);
    std::fs::write(frames.join("shot.1003.png"), "another").unwrap();
    let output = from_report("unapproved-ai-in-final:d/shot.*1012*");
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("frames"), "{}", said(&output));

    // Frames can be withdrawn as they were approved; a range that holds none says so.
    let run = |arguments: &[&str]| {
        countersign(folder.path(), &[arguments, &["--by", "J", "--approvals", "l.jsonl"]].concat())
    };
    let revoked = run(&["approvals", "revoke", "a reel's/d/shot.[1001-1002].png"]);
    assert!(revoked.status.success(), "{}", said(&revoked));
    let none = run(&["approve", "a reel's/d/shot.[2001-2012].png"]);
    assert_eq!(none.status.code(), Some(3));
    assert!(squeezed(&said(&none)).contains("noframeof"), "{}", said(&none));
    let glob = run(&["approve", "a reel's/d/other.100[1-9].png"]);
    assert!(glob.status.success(), "{}", said(&glob));
}

/// A ledger that is large enough for a note that it was checked, by the program: where that is kept, and that nothing
/// else changes.
#[test]
fn a_large_ledger_is_noted_in_the_cache_and_judged_alike() {
    use countersign::approvals::{Decision, Person, Record, Subject};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("d")).unwrap();
    std::fs::copy(project().join("fixtures/delivery/final/hero_010.png"), at("d/hero.png")).unwrap();
    let day = "2026-03-01".parse().unwrap();
    let record = |n: usize| Record {
        subjects: vec![Subject::new(format!("show/{n}.png"), Some(&format!("{n:064x}")))],
        ..Record::new(Decision::Approved, Person::named("J"), day)
    };
    Ledger::append(&at("l.jsonl"), &(0..2_000).map(record).collect::<Vec<_>>(), None).unwrap();
    assert!(std::fs::metadata(at("l.jsonl")).unwrap().len() > 1024 * 1024);
    let scan = |cache: &Path| {
        let output = program(folder.path(), env!("CARGO_BIN_EXE_countersign"))
            .args(["scan", "d", "--approvals", "l.jsonl", "--as-of", "2026-04-01", "--report", "json=r.json", "-q"])
            .env("COUNTERSIGN_CACHE_FOLDER", cache)
            .output()
            .unwrap();
        let report = std::fs::read_to_string(at("r.json")).unwrap_or_default();
        let _ = std::fs::remove_file(at("r.json"));
        let mut report: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
        report["run"]["started"] = "".into();
        (output.status.code(), report.to_string(), said(&output))
    };
    let files = |folder: &Path| std::fs::read_dir(folder).map_or(0, Iterator::count);
    let first = scan(&at("cache"));
    assert_eq!(first.0, Some(1));
    assert!(first.1.contains("1900 more records in force matched no asset"));
    assert_eq!(files(&at("cache")), 1, "a note");
    assert_eq!(scan(&at("cache")), first);
    // Not in the scanned tree, not beside the ledger, and not where nothing can be written.
    assert_eq!(scan(&at("d/deep/cache")), first);
    assert_eq!(files(&at("d")), 1);
    let before = files(folder.path());
    assert_eq!(scan(folder.path()), first);
    assert_eq!(files(folder.path()), before);
    std::fs::write(at("file"), "").unwrap();
    let warned = scan(&at("file/cache"));
    assert_eq!((warned.0, &warned.1), (first.0, &first.1));
    assert!(warned.2.contains("warning: it could not be remembered"), "{}", warned.2);
    // An approval is seen at once, and so is an edit.
    let approved = countersign(
        folder.path(),
        &["approve", "d/hero.png", "--by", "J", "--decided", "2026-03-02", "--approvals", "l.jsonl"],
    );
    assert!(approved.status.success());
    assert_eq!(scan(&at("cache")).0, Some(0));
    let text = std::fs::read_to_string(at("l.jsonl")).unwrap();
    let edited: Vec<_> =
        text.lines().enumerate().map(|(i, l)| if i == 6 { l.replace("eyJ", "eyK") } else { l.to_owned() }).collect();
    std::fs::write(at("l.jsonl"), edited.join("\n") + "\n").unwrap();
    let refused = scan(&at("cache"));
    assert_eq!(refused.0, Some(3));
    assert!(refused.2.contains("l.jsonl:7"), "{}", refused.2);
}

/// Whoever withdraws without a key what was signed is told that it does not end it, and the scan says so.
#[test]
fn an_unsigned_withdrawal_of_a_signed_approval_is_told_to_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("d")).unwrap();
    std::fs::copy(project().join("fixtures/delivery/final/hero_010.png"), folder.path().join("d/hero.png")).unwrap();
    let run = |arguments: &[&str]| countersign(folder.path(), arguments);
    assert!(run(&["keys", "new", "legal"]).status.success());
    let ledger = ["--approvals", "l.jsonl", "--decided", "2026-03-01"];
    let record = |more: &[&str]| run(&[more, &ledger, &["--by", "J"]].concat());
    assert!(record(&["approve", "d/hero.png", "--key", "legal"]).status.success());
    let weak = record(&["approvals", "revoke", "d/hero.png"]);
    assert!(weak.status.success() && said(&weak).contains("does not end what is: 000001-"), "{}", said(&weak));
    let scan = || run(&["scan", "d", "--approvals", "l.jsonl", "--as-of", "2026-03-02"]);
    let kept = scan();
    assert_eq!(kept.status.code(), Some(0), "{}", said(&kept));
    assert!(
        squeezed(&said(&kept)).contains(&squeezed("is of a lower grade (imported) and does not end it")),
        "{}",
        said(&kept)
    );
    let strong = record(&["approvals", "revoke", "d/hero.png", "--key", "legal"]);
    assert!(strong.status.success() && !said(&strong).contains("warning"), "{}", said(&strong));
    assert_eq!(scan().status.code(), Some(1));
    // And back again only with a key.
    assert!(record(&["approve", "d/hero.png"]).status.success());
    assert_eq!(scan().status.code(), Some(1));
    assert!(record(&["approve", "d/hero.png", "--key", "legal"]).status.success());
    assert_eq!(scan().status.code(), Some(0));
}
