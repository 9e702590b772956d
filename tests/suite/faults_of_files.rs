//! What fails around commands that write one file or record rows: there is no room, nobody may write there, there is no
//! home, descriptors run out. A file is whole or not there, what was there before stays, and the exit code says so.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use countersign::approvals::Ledger;

use crate::shared::document::squeezed;
use crate::shared::limited::{FULL, delivery, limited, said};

/// Not one byte more.
const FULLER: &str = "trap '' XFSZ; ulimit -f 0";
const SHEET_ROWS: usize = 40;

/// A folder with the bundled delivery, a key, a report and a sheet of approvals.
fn place() -> tempfile::TempDir {
    let folder = delivery();
    let mut sheet = "path,sha256,by,reference,decision,decided-on\n".to_owned();
    for n in 0..SHEET_ROWS {
        writeln!(sheet, "final/{n}.png,{n:064x},Jane Doe,T-{n},approved,2026-04-02").unwrap();
    }
    std::fs::write(folder.path().join("sheet.csv"), sheet).unwrap();
    folder
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Commands that write one file, with a limit that it does not fit into, and the option or argument that names the file.
const WRITERS: &[(&str, &[&str])] = &[
    (FULL, &["policy", "init"]),
    (FULL, &["index", "delivery", "--out"]),
    (FULL, &["compare", "delivery/final/hero_010.png", "delivery/final/poster_020.jpg", "--report"]),
    (FULLER, &["keys", "new"]),
    (FULL, &["scan", "delivery", "--no-progress", "-q", "--key", "key", "--attest"]),
    (FULL, &["convert", "report.json", "-q", "--report"]),
    (FULL, &["approvals", "export", "--format", "json", "--approvals", "ledger.jsonl", "-o"]),
];

/// What must be there before them.
fn prepared() -> tempfile::TempDir {
    let folder = place();
    for (arguments, code) in [
        (&["keys", "new", "key"][..], 0),
        (&["scan", "delivery", "--no-progress", "-q", "--report", "json=report.json"], 1),
        (&["approvals", "import", "sheet.csv", "--approvals", "ledger.jsonl"], 0),
    ] {
        let output = limited(folder.path(), ":", arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    }
    folder
}

/// The file as the command's last argument is told it.
fn target(arguments: &[&str], file: &str) -> String {
    if arguments.last() == Some(&"--report") { format!("html={file}") } else { file.to_owned() }
}

#[test]
fn a_file_for_which_there_is_no_room_is_told_and_not_left_behind() {
    let folder = prepared();
    let before = names(folder.path());
    for (limits, arguments) in WRITERS {
        let output =
            limited(folder.path(), limits, &[*arguments, &[&target(arguments, "out")]].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", said(&output));
        assert!(!said(&output).is_empty(), "{arguments:?}");
        assert_eq!(names(folder.path()), before, "{arguments:?}");
    }
}

#[test]
fn a_file_that_was_there_stays_where_its_successor_has_no_room() {
    let folder = prepared();
    std::fs::write(folder.path().join("out"), "an older one").unwrap();
    for (limits, arguments) in WRITERS {
        let output =
            limited(folder.path(), limits, &[*arguments, &[&target(arguments, "out")]].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", said(&output));
        assert_eq!(std::fs::read(folder.path().join("out")).unwrap(), b"an older one", "{arguments:?}");
    }
}

#[test]
fn where_nobody_may_write_every_command_says_so() {
    let folder = prepared();
    let more: &[(&str, &[&str])] = &[
        (":", &["approvals", "init"]),
        (":", &["man", "--out"]),
        (":", &["approvals", "import", "sheet.csv", "--approvals"]),
    ];
    for (_, arguments) in WRITERS.iter().chain(more) {
        // Where nobody, not even root, makes files; elsewhere a folder that is not there.
        let output = limited(folder.path(), ":", &[*arguments, &[&target(arguments, "/proc/self/out")]].concat())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", said(&output));
        assert!(squeezed(&said(&output)).contains("/proc/self/"), "{arguments:?}: {}", said(&output));
    }
}

/// A pipe or a device is written to, never replaced.
#[test]
fn what_is_no_file_stays_what_it_is() {
    use std::os::unix::fs::FileTypeExt;
    let folder = prepared();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (_, arguments) in WRITERS.iter().filter(|(_, a)| matches!(a[0], "index" | "compare" | "scan" | "convert")) {
        let read = {
            let pipe = pipe.clone();
            std::thread::spawn(move || std::fs::read(pipe).unwrap())
        };
        let output =
            limited(folder.path(), ":", &[*arguments, &[&target(arguments, "pipe")]].concat()).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {}", said(&output));
        assert!(std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo(), "{arguments:?} replaced the pipe");
        assert!(!read.join().unwrap().is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_import_without_room_records_no_row_and_the_ledger_stays() {
    let folder = prepared();
    let ledger = folder.path().join("ledger.jsonl");
    let before = std::fs::read(&ledger).unwrap();
    std::fs::write(
        folder.path().join("more.csv"),
        std::fs::read_to_string(folder.path().join("sheet.csv"))
            .unwrap()
            .replace("final/", "reel/")
            .replace(",00", ",aa"),
    )
    .unwrap();
    // There is room for some of the rows and not for all.
    let limits = format!("trap '' XFSZ; ulimit -f {}", before.len() / 512 + 4);
    let import = ["approvals", "import", "more.csv", "--approvals", "ledger.jsonl"];
    let output = limited(folder.path(), &limits, &import).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(squeezed(&said(&output)).contains("nothingwas"), "{}", said(&output));
    assert_eq!(std::fs::read(&ledger).unwrap(), before);
    assert_eq!(limited(folder.path(), ":", &import).output().unwrap().status.code(), Some(0));
    assert_eq!(Ledger::read(&ledger).unwrap().entries.len(), 2 * SHEET_ROWS);
}

#[test]
fn without_a_home_files_that_are_named_are_written() {
    let folder = prepared();
    let bare = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.current_dir(folder.path()).env_clear().args(arguments).output().unwrap()
    };
    for (index, (_, arguments)) in WRITERS.iter().enumerate() {
        let name = format!("out-{index}");
        let output = bare(&[*arguments, &[&target(arguments, &name)]].concat());
        assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {}", said(&output));
        assert!(folder.path().join(&name).metadata().unwrap().len() > 0, "{arguments:?}");
    }
    let output = bare(&["approvals", "import", "sheet.csv"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(bare(&["approvals", "init", "empty.jsonl"]).status.code(), Some(0));
}

#[test]
fn out_of_descriptors_rows_are_judged_whole_or_not_at_all() {
    let folder = place();
    let extract = ["extract", "delivery", "--no-progress", "--out", "rows"];
    assert_eq!(limited(folder.path(), ":", &extract).output().unwrap().status.code(), Some(0));
    let judge = |limits: &str| {
        let _ = std::fs::remove_file(folder.path().join("r.json"));
        let arguments = ["judge", "rows", "--no-progress", "-q", "--jobs", "8", "--report", "json=r.json"];
        let output = limited(folder.path(), limits, &arguments).output().unwrap();
        let rows = std::fs::read(folder.path().join("r.json")).ok();
        let rows = rows.map(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["assets"].take());
        (output, rows)
    };
    let (output, whole) = judge(":");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let mut refused = 0;
    for descriptors in [3, 4, 5, 6, 8, 16, 32, 64] {
        let (output, rows) = judge(&format!("ulimit -n {descriptors}"));
        match output.status.code() {
            Some(1) => assert_eq!(rows, whole, "{descriptors}"),
            code => {
                refused += 1;
                assert!(matches!(code, Some(2..=4 | 127)), "{descriptors}: {code:?}");
                assert!(!said(&output).is_empty(), "{descriptors}");
            }
        }
    }
    assert!(refused > 0, "no limit was small enough to be felt");
}

#[test]
fn out_of_descriptors_an_import_is_whole_or_refused_and_an_index_says_what_it_lacks() {
    let folder = place();
    let ledger = folder.path().join("l.jsonl");
    let mut felt = 0;
    for descriptors in [3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64] {
        let limits = format!("ulimit -n {descriptors}");
        let _ = std::fs::remove_file(&ledger);
        let output = limited(folder.path(), &limits, &["approvals", "import", "sheet.csv", "--approvals", "l.jsonl"])
            .output()
            .unwrap();
        let recorded = Ledger::read(&ledger).map_or(0, |ledger| ledger.entries.len());
        let whole = output.status.success();
        assert_eq!(recorded, if whole { SHEET_ROWS } else { 0 }, "{descriptors}: {}", said(&output));
        felt += i32::from(!whole);

        let _ = std::fs::remove_file(folder.path().join("known"));
        let output =
            limited(folder.path(), &limits, &["index", "delivery", "--out", "known", "--jobs", "8"]).output().unwrap();
        let told = said(&output);
        match output.status.code() {
            Some(0) => assert!(!told.contains("open files") || told.contains("is not in the index"), "{told}"),
            code => {
                felt += 1;
                assert!(!told.is_empty() && !folder.path().join("known").exists(), "{descriptors}: {code:?} {told}");
            }
        }
    }
    assert!(felt > 0, "no limit was small enough to be felt");
    assert!(!names(folder.path()).iter().any(|name| name.ends_with(".partial")));
}
