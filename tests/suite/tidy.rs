//! The architecture as a test, as far as Cargo cannot say it: which crate may use which, what has one home, what never
//! stands where, how long a file may be and what it starts with, and that each list of plug-ins names every file.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeSet;
use std::fs;

use crate::shared::source_tree::{self, files};

/// The order of the house: a crate uses only those before it.
const ORDER: &[&str] = &[
    "model",
    "io",
    "worker",
    "timelines",
    "media",
    "credentials",
    "matching",
    "delivery",
    "judge",
    "report",
    "engine",
    "objects",
    "server",
];

/// Crates that use less than the order would let them, and all that they use of ours.
const FEW: &[(&str, &[&str])] =
    &[("timelines", &[]), ("matching", &[]), ("judge", &["model", "io", "timelines"]), ("report", &["model"])];

/// The order inside of a crate that has several rooms: a module uses only those before it.
const ROOMS: &[(&str, &[&str])] = &[
    ("crates/media", &["framing", "member", "tags", "containers", "formats", "identify", "decoders"]),
    ("crates/judge", &["marks", "roles", "policy", "approvals", "archive", "rules", "judge", "verdict"]),
    ("crates/engine", &["extract", "walk", "survey", "archives", "cache", "attest", "scan"]),
];

/// Crates that hold tests only, outside of the order.
const TESTS: &[&str] = &["second-opinion"];

/// Other people's crates, and those of ours whose manifests may name them.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("c2pa", &["crates/credentials"]),
    ("ureq", &["crates/credentials", "crates/objects", "crates/server"]),
    ("image", &["crates/worker", "crates/media"]),
    ("symphonia", &["crates/worker"]),
    ("rayon", &["crates/engine"]),
    ("rusqlite", &["crates/engine", "crates/judge", "crates/server"]),
    ("axum", &["crates/server"]),
    ("minijinja", &["crates/server"]),
    ("tokio", &["crates/server"]),
    ("openidconnect", &["crates/server"]),
    ("tokio-rustls", &["crates/server"]),
    ("clap", &["."]),
    ("indicatif", &["."]),
    ("miette", &["."]),
];

/// What has one home, and where that is: files whose names begin so. Parts of libraries, of the standard one, macros.
const HOMES: &[(&str, &[&str])] = &[
    (
        "ureq",
        &[
            "crates/credentials/src/fetch.rs",
            "crates/objects/src/",
            "crates/server/src/hooks.rs",
            "crates/server/src/identity.rs",
        ],
    ),
    ("openidconnect", &["crates/server/src/identity.rs"]),
    ("rustls", &["crates/server/src/tls.rs"]),
    ("tokio_rustls", &["crates/server/src/tls.rs"]),
    // Decoders of pictures run in workers; the thumbnail's decoder works on pixels that one gave it.
    ("image", &["crates/worker/src/", "crates/media/src/decoders/thumbnail.rs"]),
    ("image::ImageReader", &["crates/worker/src/picture.rs"]),
    ("image::codecs", &["crates/worker/src/picture.rs"]),
    ("image::load_from_memory", &[]),
    ("image::open", &[]),
    ("symphonia", &["crates/worker/src/sound.rs"]),
    ("rayon", &["crates/engine/src/scan", "crates/engine/src/cut/", "crates/engine/src/attest.rs"]),
    ("rusqlite", &["crates/engine/src/cache", "crates/judge/src/approvals/", "crates/server/src/"]),
    ("clap", &["src/cli/"]),
    ("indicatif", &["src/cli/progress.rs"]),
    ("miette", &["src/cli/"]),
    ("rustix", &["crates/io/src/os.rs", "crates/worker/src/", "src/cli/"]),
    // A scan is a process of its own, and so is the command that is told of verdicts.
    ("std::process::Command", &["crates/worker/src/", "crates/server/src/runner.rs", "crates/server/src/hooks.rs"]),
    ("std::process::exit", &["src/cli/scan.rs"]),
    ("std::process::abort", &[]),
    ("std::panic::catch_unwind", &["crates/engine/src/scan/", "crates/engine/src/cut/", "crates/worker/src/"]),
    // What is of one operating system. The last three: who may read a key, which process a signal reaches, and names as the
    // system has them.
    (
        "std::os",
        &[
            "crates/io/src/os.rs",
            "crates/worker/src/process.rs",
            "crates/judge/src/approvals/keys.rs",
            "crates/server/src/runner.rs",
            "src/cli/listing.rs",
        ],
    ),
    ("std::io::stdout", &["src/cli/", "crates/worker/src/serve.rs"]),
    ("std::io::stderr", &["src/cli/"]),
    ("println!", &[]),
    ("print!", &[]),
    ("dbg!", &[]),
    ("eprintln!", &["src/cli/"]),
    ("eprint!", &["src/cli/"]),
    // Connections are opened by one file, through its client.
    ("std::net::TcpStream", &[]),
    ("std::net::TcpListener", &["crates/server/src/lib.rs", "crates/server/src/web.rs", "src/cli/serve.rs"]),
    ("std::net::UdpSocket", &[]),
    ("std::net::ToSocketAddrs", &[]),
];

/// Rooms that touch no file of the operating system: they get bytes, a `Source`, or a `Tree`.
const PURE: &[&str] = &[
    "crates/model/src/",
    "crates/media/src/framing/",
    "crates/media/src/tags/",
    "crates/media/src/containers/",
    "crates/media/src/formats/",
    "crates/media/src/decoders/",
    "crates/media/src/identify.rs",
    "crates/delivery/src/",
    "crates/timelines/src/",
    "crates/judge/src/rules/",
    "crates/judge/src/judge.rs",
    "crates/judge/src/marks/catalogue",
    "crates/judge/src/marks/conditions.rs",
    "crates/judge/src/marks/credentials.rs",
    "crates/judge/src/marks/mark.rs",
    "crates/judge/src/marks/matching.rs",
    "crates/judge/src/marks/passed.rs",
    "crates/judge/src/marks/selector.rs",
    "crates/judge/src/marks/shape.rs",
    "crates/judge/src/marks/source_type.rs",
    "crates/judge/src/marks/terms.rs",
    "crates/judge/src/marks/tool_names.rs",
    "crates/judge/src/roles.rs",
    "crates/report/src/",
    "crates/engine/src/survey",
    "crates/engine/src/archives/tree.rs",
];

/// What touches the disk without the name of `std::fs`: methods of paths.
const DISK: &[&str] =
    &[".canonicalize(", ".exists(", ".try_exists(", ".is_symlink(", ".read_dir(", ".read_link(", ".symlink_metadata("];

/// Words that stand in no code of ours: what would hide a file from this test, and what only tests may ask for.
const NOWHERE: &[(&str, &str)] = &[
    ("#[path", "a module stands where its name says"),
    ("include!(", "code is compiled where it stands"),
    ("extern crate", "an import says what is used"),
];

/// Lines that a file may have, tests included.
const LONGEST: usize = 600;

/// Files that are one table each, of any length.
const TABLES: &[&str] = &["crates/media/src/decoders/flow/classes.rs"];

/// Folders of plug-ins, and the file with the list `ALL` that names every file in them. A file that is no plug-in but a
/// part of several says so in its first words: `//! Shared`.
const PLUGS: &[(&str, &str)] = &[
    ("crates/media/src/formats", "mod.rs"),
    ("crates/media/src/decoders", "mod.rs"),
    ("crates/delivery/src/packages", "mod.rs"),
    ("crates/judge/src/rules", "mod.rs"),
    ("crates/report/src", "lib.rs"),
];

/// Whether a path begins with these segments: `std::fs` in `std::fs::File`, not in `std::fs2`; `std::*` brings it as well.
fn leads(path: &str, to: &str) -> bool {
    let globbed = path.strip_suffix("::*").and_then(|before| to.strip_prefix(before));
    let begins = path.strip_prefix(to).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    begins || globbed.is_some_and(|rest| rest.starts_with("::"))
}

/// The crates that a manifest names for its code, tests left out.
fn dependencies(package: &str) -> Vec<String> {
    let manifest = fs::read_to_string(source_tree::root().join(package).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let of = |table: &toml::Table| -> Vec<String> {
        let names = ["dependencies", "build-dependencies"].iter().filter_map(|key| table.get(*key)?.as_table());
        // A dependency may go by another name.
        let named = |(key, value): (&String, &toml::Value)| {
            value.get("package").and_then(toml::Value::as_str).unwrap_or(key).to_owned()
        };
        names.flat_map(|names| names.iter().map(named)).collect()
    };
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flat_map(|t| t.values()).filter_map(toml::Value::as_table).flat_map(of);
    of(&manifest).into_iter().chain(targets.collect::<Vec<_>>()).collect()
}

/// The folders of the command and of all crates.
fn packages() -> Vec<String> {
    let crates = source_tree::crates().into_iter().map(|name| format!("crates/{name}"));
    [".".to_owned()].into_iter().chain(crates).collect()
}

#[test]
fn every_crate_has_its_place_in_the_order() {
    let placed: BTreeSet<_> = ORDER.iter().chain(TESTS).map(|name| (*name).to_owned()).collect();
    assert_eq!(source_tree::crates().into_iter().collect::<BTreeSet<_>>(), placed);
    let architecture = fs::read_to_string(source_tree::root().join("ARCHITECTURE.md")).unwrap();
    let silent: Vec<_> = placed.iter().filter(|name| !architecture.contains(&format!("`crates/{name}`"))).collect();
    assert!(silent.is_empty(), "ARCHITECTURE.md says nothing of {silent:?}");
}

fn has(used: &[String], library: &str) -> bool {
    used.iter().any(|name| name == library)
}

#[test]
fn crates_use_those_before_them() {
    let mut wrong = Vec::new();
    for (place, name) in ORDER.iter().enumerate() {
        let few = FEW.iter().find(|(of, _)| of == name).map(|(_, few)| *few);
        let allowed = few.unwrap_or(&ORDER[..place]);
        let used = dependencies(&format!("crates/{name}"));
        let ours = used.iter().filter_map(|used| used.strip_prefix("countersign-"));
        wrong.extend(ours.filter(|used| !allowed.contains(used)).map(|used| format!("{name} uses {used}")));
    }
    for package in packages() {
        let used = dependencies(&package);
        let strange = LIBRARIES.iter().filter(|(of, homes)| !homes.contains(&package.as_str()) && has(&used, of));
        wrong.extend(strange.map(|(library, homes)| format!("{package} uses {library}, whose homes are {homes:?}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rooms_of_a_crate_use_those_before_them() {
    let mut wrong = Vec::new();
    for file in files() {
        let Some((_, order)) = ROOMS.iter().find(|(package, _)| *package == file.package) else { continue };
        let place = |room: &str| order.iter().position(|known| *known == room);
        let Some(own) = file.module.first().and_then(|room| place(room)) else { continue };
        let rooms = file.paths.iter().filter_map(|path| path.strip_prefix("crate::")?.split("::").next());
        let later = rooms.filter(|room| *room == "*" || place(room).is_some_and(|place| place > own));
        wrong.extend(later.map(|room| format!("{} uses {room}", file.name)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_crate_forbids_unsafe_code() {
    for package in packages() {
        let manifest = fs::read_to_string(source_tree::root().join(&package).join("Cargo.toml")).unwrap();
        let own = manifest.contains("[lints]\nworkspace = true") || manifest.contains("unsafe_code = \"forbid\"");
        assert!(own, "{package} has no [lints] that forbid unsafe code");
    }
}

#[test]
fn what_has_one_home_is_nowhere_else() {
    let mut wrong = Vec::new();
    for file in files() {
        for (what, homes) in HOMES {
            // The name of a crate alone may be a variable's; what is used of the crate stands behind it.
            let used = file
                .paths
                .iter()
                .any(|path| (path != what || what.contains("::")) && leads(path, what) || is_macro(path, what));
            if used && !homes.iter().any(|home| file.name.starts_with(home)) {
                wrong.push(format!("{} uses {what}, whose home is {homes:?}", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a path is this macro, by its name alone or that of the library.
fn is_macro(path: &str, what: &str) -> bool {
    what.ends_with('!') && path.strip_prefix("std::").unwrap_or(path) == what
}

#[test]
fn pure_rooms_touch_no_disk() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| PURE.iter().any(|room| file.name.starts_with(room))) {
        let named = ["std::fs", "std::env", "tempfile"].into_iter();
        let named = named.filter(|what| file.paths.iter().any(|path| leads(path, what)));
        let asked = DISK.iter().copied().filter(|what| file.code.contains(what));
        wrong.extend(named.chain(asked).map(|what| format!("{} has {what}", file.name)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_hides_from_this_test() {
    let mut wrong = Vec::new();
    for file in files() {
        let found = NOWHERE.iter().filter(|(word, _)| file.code.contains(word));
        wrong.extend(found.map(|(word, why)| format!("{} has {word}: {why}", file.name)));
        if file.package == "." && file.code.contains("loopback") {
            wrong.push(format!("{} has loopback: only tests may ask this machine", file.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = files();
    let circles = source_tree::circles(&source_tree::imports(files));
    let named = |circle: &Vec<usize>| circle.iter().map(|index| files[*index].name.clone()).collect::<Vec<_>>();
    let wrong: Vec<_> = circles.iter().map(named).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_test_file_belongs_to_a_program() {
    let tests = source_tree::root().join("tests");
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
    for file in files() {
        let first = file.text.lines().next().and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
        if first.trim().is_empty() {
            wrong.push(format!("{} does not start by saying what it holds", file.name));
        }
        let lines = file.text.lines().count();
        if lines > LONGEST && !TABLES.contains(&file.name.as_str()) {
            wrong.push(format!("{} has {lines} lines", file.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_plug_in_is_listed() {
    let all = files();
    let mut wrong = Vec::new();
    for (folder, list) in PLUGS {
        let list = &all.iter().find(|file| file.name == format!("{folder}/{list}")).unwrap().code;
        let list = list.split_once("static ALL: &[").and_then(|(_, rest)| rest.split_once("= &[")).unwrap().1;
        let list = list.split_once("];").unwrap().0;
        let listed: BTreeSet<_> = list.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        // A file in a folder of its own is a part of the plug-in that is called as the folder.
        let plugs = all.iter().filter(|file| file.folder() == *folder && !file.text.starts_with("//! Shared"));
        let plugs = plugs.filter(|file| !file.name.ends_with("/mod.rs") && !file.name.ends_with("/lib.rs"));
        let unlisted = plugs.filter(|file| !listed.contains(file.module.last().unwrap().as_str()));
        wrong.extend(unlisted.map(|file| format!("{} is not in ALL of {folder}", file.name)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
