//! The architecture as a test: who may import what, how long a file may be, what every file starts with,
//! and that each plug-in folder's list names every file in it.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::shared::rust_code::{self, code};

/// Modules that all may import, and that import nothing but each other.
const FREE: &[&str] = &["error", "limits", "model", "text"];

/// The program and the list of modules: they see everything.
const ABOVE: &[&str] = &["lib", "main"];

/// The order of the house: a module imports only from those before it.
const ORDER: &[&str] = &[
    "io",
    "source",
    "worker",
    "framing",
    "member",
    "tags",
    "containers",
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
    ("tags", "std::fs", "readers get bytes"),
    ("containers", "std::fs", "readers get a Source"),
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
    ("ImageReader", "worker/picture.rs"),
    ("symphonia", "worker/sound.rs"),
    ("process::Command", "worker"),
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

/// Whether the code has this name, not as the end of a longer one (`println!` in `eprintln!`).
fn has_word(code: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| !code[..at].ends_with(part_of_name))
}

fn room(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Every path that a file names, from the root of its crate.
fn paths(name: &str, code: &str) -> Vec<String> {
    let module: Vec<&str> = name.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").collect();
    rust_code::paths(code, &module)
}

/// The modules of this crate that a path leads into; a glob of the whole crate leads into all of them.
fn rooms(paths: &[String]) -> Vec<&str> {
    paths.iter().filter_map(|path| path.strip_prefix("crate::")?.split("::").next()).collect()
}

/// Whether a path begins with these segments: `std::fs` in `std::fs::File`, not in `std::fs2`.
fn leads(path: &str, to: &str) -> bool {
    path.strip_prefix(to).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn every_module_has_its_place_in_the_order() {
    for (name, _) in files() {
        let room = room(&name);
        let places = [FREE, ABOVE, ORDER].iter().flat_map(|list| list.iter()).filter(|m| **m == room).count();
        assert!(places == 1, "{name} stands {places} times in FREE, ABOVE and ORDER");
    }
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for (name, text) in files().into_iter().filter(|(name, _)| !ABOVE.contains(&room(name))) {
        let code = code(&text);
        let paths = paths(&name, &code);
        let own = ORDER.iter().position(|m| *m == room(&name));
        let later = |module: &&str| ORDER.iter().position(|m| m == module).is_some_and(|place| Some(place) > own);
        wrong.extend(rooms(&paths).into_iter().filter(later).map(|later| format!("{name} imports {later}")));
        // What a whole crate is called by another name, or comes by `*`, could not be followed.
        if rooms(&paths).contains(&"*") || code.contains("crate as ") || code.contains("crate::{self") {
            wrong.push(format!("{name} imports the whole crate"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn reports_import_the_model_only() {
    let mut wrong = Vec::new();
    for (name, text) in files().into_iter().filter(|(name, _)| name.starts_with("report/")) {
        let paths = paths(&name, &code(&text));
        let other = |module: &&str| *module != "report" && !FREE.contains(module);
        wrong.extend(rooms(&paths).into_iter().filter(other).map(|module| format!("{name} imports {module}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_is_where_it_must_not_be() {
    let mut wrong = Vec::new();
    for (name, text) in files() {
        let code = code(&text);
        let paths = paths(&name, &code);
        let has = |what: &str| has_word(&code, what) || paths.iter().any(|path| leads(path, what));
        for (place, never, why) in NEVER {
            if (place.is_empty() || name.starts_with(place)) && (code.contains(never) || has(never)) {
                wrong.push(format!("{name} has {never}: {why}"));
            }
        }
        for (what, home) in HOMES {
            if has(what) && (home.is_empty() || !name.starts_with(home)) {
                wrong.push(format!("{name} has {what}, whose place is {home}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_test_file_belongs_to_a_program() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let stray: Vec<_> =
        fs::read_dir(&tests).unwrap().map(|e| e.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(stray.is_empty(), "tests stand in tests/suite, where main.rs names them: {stray:?}");
    for (folder, list) in [("suite", "suite/main.rs"), ("suite/shared", "suite/shared/mod.rs")] {
        let list = fs::read_to_string(tests.join(list)).unwrap();
        for entry in fs::read_dir(tests.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.extension().is_some_and(|e| e == "rs") && !["main", "mod"].contains(&module.as_str()) {
                assert!(list.contains(&format!("mod {module};")), "{} is in no program", path.display());
            }
        }
    }
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
