//! The architecture as a test: who may import what, how long a file may be, what every file starts with,
//! and that each plug-in folder's list names every file in it.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};

/// The order of the house: a module imports only from those before it. `model`, `error`, `limits`, `text` are free to all.
const ORDER: &[&str] = &[
    "io",
    "source",
    "framing",
    "member",
    "tags",
    "formats",
    "identify",
    "c2pa",
    "decoders",
    "extract",
    "marks",
    "packages",
    "roles",
    "policy",
    "approvals",
    "rules",
    "judge",
    "walk",
    "survey",
    "archives",
    "cache",
    "scan",
    "report",
    "preview",
    "cli",
];

/// What must not be found where, beyond the order: (folder or file, text, why).
const NEVER: &[(&str, &str, &str)] = &[
    ("formats", "std::fs", "readers get a Source"),
    ("framing", "std::fs", "readers get a Source"),
    ("tags", "std::fs", "readers get a Source"),
    ("decoders", "std::fs", "decoders get a Source"),
    ("packages", "std::fs", "packages get a Folder"),
    ("walk.rs", "std::fs", "the walk asks trees"),
    ("survey.rs", "std::fs", "the survey asks trees"),
    ("archives/tree.rs", "std::fs", "members are no files"),
    ("rules", "std::fs", "rules are pure"),
    ("rules", "crate::source", "rules see facts, not files"),
    ("rules", "crate::formats", "rules see facts, not files"),
    ("judge.rs", "std::fs", "judgement is pure"),
    ("judge.rs", "crate::source", "judgement sees facts, not files"),
    ("judge.rs", "crate::formats", "judgement sees facts, not files"),
    ("", "unsafe {", "nothing here is unsafe"),
    ("", "std::net::Tcp", "connections are opened by c2pa/fetch.rs, through its client"),
    ("", "TcpStream", "connections are opened by c2pa/fetch.rs, through its client"),
    ("", "UdpSocket", "connections are opened by c2pa/fetch.rs, through its client"),
    ("", "UnixStream", "connections are opened by c2pa/fetch.rs, through its client"),
    ("", "ToSocketAddrs", "names are looked up by c2pa/fetch.rs, through its client"),
    ("cli", "loopback", "only tests may ask this machine"),
];

/// Crates with one home.
const HOMES: &[(&str, &str)] = &[
    ("c2pa::Reader", "c2pa"),
    ("ureq", "c2pa/fetch.rs"),
    ("MetadataExt", "io/os.rs"),
    ("FileExt", "io/os.rs"),
    ("rayon", "scan.rs"),
    ("catch_unwind", "scan/asset.rs"),
    ("indicatif", "cli/progress.rs"),
    ("println!", ""),
    ("eprintln!", "cli"),
];

/// Lines that a file may have, tests included.
const LONGEST: usize = 800;

/// Folders whose `mod.rs` has a list named `ALL` that must name every file.
const PLUGS: &[&str] = &["formats", "rules", "report", "decoders", "packages"];

/// Files of those folders that are shared parts, not entries.
const PARTS: &[&str] = &["report/escape.rs", "report/layout.rs"];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for entry in walkdir::WalkDir::new(src()).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(src()).unwrap().to_str().unwrap().replace('\\', "/");
            out.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(out.len() > 20, "the source tree was not found");
    out
}

/// The code of a file without its unit tests, comments cut off.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let body = body.split("#[cfg(all(test").next().unwrap_or(body);
    body.lines().map(|l| l.split("//").next().unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

/// Whether the code has this name, not as the end of a longer one (`println!` in `eprintln!`).
fn has_word(code: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| !code[..at].ends_with(part_of_name))
}

fn room(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let Some(own) = ORDER.iter().position(|m| *m == room(&name)) else { continue };
        let code = code(&text);
        for later in &ORDER[own + 1..] {
            if code.contains(&format!("crate::{later}::")) || code.contains(&format!("crate::{later};")) {
                wrong.push(format!("{name} imports {later}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn reports_import_the_model_only() {
    let wrong: Vec<_> = files()
        .into_iter()
        .filter(|(name, _)| name.starts_with("report/"))
        .flat_map(|(name, text)| {
            let code = code(&text);
            let rooms = ORDER.iter().filter(|m| **m != "report");
            rooms
                .filter(|m| code.contains(&format!("crate::{m}")))
                .map(|m| format!("{name} imports {m}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_is_where_it_must_not_be() {
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let code = code(&text);
        for (place, never, why) in NEVER {
            if (place.is_empty() || name.starts_with(place)) && code.contains(never) {
                wrong.push(format!("{name} has {never}: {why}"));
            }
        }
        for (what, home) in HOMES {
            if has_word(&code, what) && (home.is_empty() || !name.starts_with(home)) {
                wrong.push(format!("{name} has {what}, whose place is {home}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_say_what_they_hold_and_stay_short() {
    let mut wrong = Vec::new();
    for (name, text) in files() {
        if !text.starts_with("//!") {
            wrong.push(format!("{name} does not start by saying what it holds"));
        }
        let lines = text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{name} has {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_plug_in_is_listed() {
    let all = files();
    let mut wrong = Vec::new();
    for folder in PLUGS {
        let list = &all.iter().find(|(name, _)| *name == format!("{folder}/mod.rs")).unwrap().1;
        let list = list.split("ALL: &[").nth(1).and_then(|rest| rest.split("];").next()).unwrap().to_owned();
        for (name, text) in all.iter().filter(|(n, _)| n.starts_with(&format!("{folder}/")) && !n.ends_with("/mod.rs"))
        {
            let shared = PARTS.contains(&name.as_str()) || text.starts_with("//! Shared");
            let module = name.split('/').nth(1).unwrap().trim_end_matches(".rs");
            if !shared && !list.contains(&format!("{module}::")) {
                wrong.push(format!("{name} is not in ALL of {folder}/mod.rs"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
