//! Hash lists, histories and bags: what holds passes, what does not is named.

#![allow(clippy::unwrap_used, clippy::type_complexity, reason = "a test may")]

use std::path::Path;
use std::process::{Command, Output};

use crate::shared::prerequisite;
use serde_json::Value;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn countersign(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap()
}

fn scan(root: &Path, more: &[&str]) -> Value {
    let root = root.to_str().unwrap();
    let output = countersign(&[&["scan", root, "--report", "json"], more].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// (kind, rule, message) of all findings about packages.
fn told(report: &Value) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    for package in report["packages"].as_array().unwrap() {
        for finding in package["findings"].as_array().unwrap() {
            let text = |v: &Value| v.as_str().unwrap().to_owned();
            out.push((text(&package["kind"]), text(&finding["rule"]), text(&finding["message"])));
        }
    }
    out
}

fn errors(report: &Value) -> Vec<(String, String, String)> {
    told(report).into_iter().filter(|(_, rule, _)| rule != "package-unlisted-file").collect()
}

/// The sample packages of a corpus that is not part of the project, by what its table says of them.
#[test]
fn the_sample_packages_are_judged_as_labelled() {
    let Some(folder) = prerequisite::corpus().map(|corpus| corpus.join("packages")) else { return };
    let table = std::fs::read_to_string(folder.join("PACKAGES.tsv")).unwrap();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let (path, kind, label) = (cells[0], cells[5], cells[6]);
        let ours = ["BagIt", "ASC MHL", "MHL"].iter().any(|k| kind.starts_with(k));
        let valid = match label {
            "valid" | "warning" => true,
            "invalid" | "linux-only" | "windows-only" => false,
            _ => continue,
        };
        if !ours {
            continue;
        }
        seen += 1;
        let report = scan(&folder.join(path), &["--integrity"]);
        let errors = errors(&report);
        let remarks = report["packages"][0]["remarks"].as_array().map_or(0, Vec::len);
        let warned = label != "warning" || remarks > 0 || !told(&report).is_empty();
        if errors.is_empty() != valid || report["packages"].as_array().unwrap().is_empty() || !warned {
            wrong.push(format!("{path} is {label}: {errors:#?} {:?}", report["packages"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 40, "{seen}");
}

/// A copy of one of the project's own packages, to be damaged.
fn package(name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&project().join("fixtures/custody").join(name), dir.path());
    dir
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn edit(root: &Path, path: &str, change: impl Fn(&str) -> String) {
    let path = root.join(path);
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "{} was not changed", path.display());
    std::fs::write(path, changed).unwrap();
}

/// The bytes of a file with one of them changed, so that the size stays.
fn damage(root: &Path, path: &str) {
    let path = root.join(path);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Rules of all that is told of packages, but notes.
fn rules(root: &Path, more: &[&str]) -> Vec<String> {
    errors(&scan(root, more)).into_iter().map(|(_, rule, _)| rule).collect()
}

#[test]
fn our_own_packages_hold() {
    for (name, kinds) in [("mhl", vec!["mhl"]), ("ascmhl", vec!["ascmhl", "ascmhl"]), ("bag", vec!["bagit"])] {
        let report = scan(&project().join("fixtures/custody").join(name), &["--integrity"]);
        let found: Vec<_> =
            report["packages"].as_array().unwrap().iter().map(|p| p["kind"].as_str().unwrap()).collect();
        assert_eq!(found, kinds, "{name}");
        assert!(told(&report).is_empty(), "{name}: {:#?}", told(&report));
        for asset in report["assets"].as_array().unwrap().iter().filter(|a| a["format"] == "dpx") {
            assert_eq!((&asset["role"], &asset["role_basis"]), (&"final".into(), &"manifest".into()), "{asset}");
        }
    }
}

#[test]
fn a_changed_byte_shows_with_integrity_only() {
    for (name, files) in [
        ("mhl", &["clips/a.dpx", "clips/b.dpx", "clips/c.dpx", "clips/d.dpx", "clips/e.dpx"][..]),
        ("ascmhl", &["A002/clip.dpx", "notes.txt"]),
        ("bag", &["data/still.dpx", "data/100%.txt"]),
    ] {
        for file in files {
            let dir = package(name);
            damage(dir.path(), file);
            assert_eq!(rules(dir.path(), &[]), Vec::<String>::new(), "{name} {file}");
            let found = rules(dir.path(), &["--integrity"]);
            assert!(
                !found.is_empty() && found.iter().all(|r| r == "package-hash-mismatch"),
                "{name} {file}: {found:?}"
            );
        }
    }
}

#[test]
fn lost_grown_and_added_files_are_named() {
    for (name, file) in [("mhl", "clips/c.dpx"), ("ascmhl", "A002/clip.dpx"), ("bag", "data/letters/first.txt")] {
        let dir = package(name);
        std::fs::remove_file(dir.path().join(file)).unwrap();
        assert!(rules(dir.path(), &[]).contains(&"package-missing-asset".to_owned()), "{name}");
        let dir = package(name);
        let mut bytes = std::fs::read(dir.path().join(file)).unwrap();
        bytes.push(0);
        std::fs::write(dir.path().join(file), bytes).unwrap();
        assert_eq!(rules(dir.path(), &[]), ["package-size-mismatch"], "{name}");
        let dir = package(name);
        std::fs::write(dir.path().join(file).with_file_name("more.txt"), b"x").unwrap();
        let all: Vec<_> = told(&scan(dir.path(), &[])).into_iter().map(|(_, rule, _)| rule).collect();
        // A bag promises that its manifests are whole; a hash list does not.
        let expected = if name == "bag" { "package-malformed" } else { "package-unlisted-file" };
        assert!(all.iter().any(|r| r == expected), "{name}: {all:?}");
    }
    let dir = package("ascmhl");
    std::fs::write(dir.path().join("cache.tmp"), b"x").unwrap();
    assert!(told(&scan(dir.path(), &[])).is_empty(), "ignored patterns are not unlisted");
}

#[test]
fn a_forged_history_shows_without_reading_media() {
    let first = "ascmhl/0001_ascmhl_2026-05-04_100000Z.mhl";
    let cases: [(&str, &str, fn(&str) -> String, &str); 6] = [
        ("list edited", first, |t| t.replace("example", "other"), "package-hash-mismatch"),
        (
            "inner list edited",
            "A002/ascmhl/0001_A002_2026-05-04_100000Z.mhl",
            |t| t.replace("example", "other"),
            "package-hash-mismatch",
        ),
        (
            "chain renumbered",
            "ascmhl/ascmhl_chain.xml",
            |t| t.replace("sequencenr=\"2\"", "sequencenr=\"3\""),
            "package-malformed",
        ),
        ("chain without hashes", "ascmhl/ascmhl_chain.xml", |t| t.replace("c4>", "note>"), "package-malformed"),
        ("chain cut", "ascmhl/ascmhl_chain.xml", |t| t[..t.len() / 2].to_owned(), "package-malformed"),
        ("list out of its folder", first, |t| t.replace("notes.txt", "../notes.txt"), "package-malformed"),
    ];
    for (what, file, change, rule) in cases {
        let dir = package("ascmhl");
        edit(dir.path(), file, change);
        let found = rules(dir.path(), &[]);
        assert!(found.iter().any(|r| r == rule), "{what}: {found:?}");
    }
    let dir = package("ascmhl");
    std::fs::remove_file(dir.path().join("ascmhl/ascmhl_chain.xml")).unwrap();
    assert_eq!(rules(dir.path(), &[]), ["package-malformed"]);
}

/// Makes the chain fit again, as somebody who forges a list would.
fn rechain(root: &Path, list: &str) {
    use countersign::digest::{Algorithm, Digest};
    let c4 = Digest::of(Algorithm::C4, &std::fs::read(root.join("ascmhl").join(list)).unwrap()).text();
    edit(root, "ascmhl/ascmhl_chain.xml", |text| {
        let at = text.find(list).unwrap();
        let from = at + text[at..].find("<c4>").unwrap() + 4;
        format!("{}{c4}{}", &text[..from], &text[from + 90..])
    });
}

#[test]
fn generations_must_not_disagree() {
    let second = "0002_ascmhl_2026-05-05_100000Z.mhl";
    let sha1 = |text: &str| {
        let from = text.find("<sha1 action=\"verified\">").unwrap() + 24;
        format!("{}{}{}", &text[..from], "0".repeat(40), &text[from + 40..])
    };
    let dir = package("ascmhl");
    edit(dir.path(), &format!("ascmhl/{second}"), sha1);
    rechain(dir.path(), second);
    assert_eq!(rules(dir.path(), &["--integrity"]), ["package-malformed"]);
    // Noted as failed, it records what a tool saw once; the first hash still holds.
    edit(dir.path(), &format!("ascmhl/{second}"), |t| {
        t.replace("<sha1 action=\"verified\">", "<sha1 action=\"failed\">")
    });
    rechain(dir.path(), second);
    let report = scan(dir.path(), &["--integrity"]);
    assert!(errors(&report).is_empty(), "{:?}", errors(&report));
    assert!(report["packages"][0]["remarks"][0].as_str().unwrap().contains("notes.txt"));
}

#[test]
fn folder_hashes_are_those_of_what_is_in_them() {
    let first = "0001_ascmhl_2026-05-04_100000Z.mhl";
    for part in ["content", "structure"] {
        let dir = package("ascmhl");
        edit(dir.path(), &format!("ascmhl/{first}"), |text| {
            let from = text.find(&format!("<{part}>\n        <xxh64>")).unwrap() + part.len() + 18;
            format!("{}0123456789abcdef{}", &text[..from], &text[from + 16..])
        });
        rechain(dir.path(), first);
        let found = errors(&scan(dir.path(), &[]));
        assert!(found.len() == 1 && found[0].2.contains(&format!("the {part} hash of the root")), "{found:?}");
    }
}

#[test]
fn bags_may_not_reach_outside() {
    for path in [
        "../x",
        "data/../../x",
        "/etc/passwd",
        "~/x",
        "~root/x",
        "C:\\x",
        "C:/x",
        "\\\\host\\share\\x",
        "\\\\?\\UNC\\host\\x",
        "%HOME%\\x",
        "data\\..\\x",
        "bagit.txt",
    ] {
        let dir = package("bag");
        edit(dir.path(), "manifest-sha256.txt", |t| format!("{t}{}  {path}\n", "0".repeat(64)));
        let found = errors(&scan(dir.path(), &[]));
        assert!(found.iter().any(|(_, rule, _)| rule == "package-malformed"), "{path}: {found:?}");
        let dir = package("bag");
        std::fs::write(dir.path().join("fetch.txt"), format!("https://example.com/x - {path}\n")).unwrap();
        let found = errors(&scan(dir.path(), &[]));
        assert!(found.iter().any(|(_, rule, _)| rule == "package-malformed"), "fetch {path}: {found:?}");
    }
}

#[test]
fn a_bag_that_is_not_sound_is_told_why() {
    let cases: [(&str, &str, fn(&str) -> String); 9] = [
        ("bagit.txt", "MAJOR.MINOR", |t| t.replace("1.0", ".97")),
        ("bagit.txt", "white space", |t| t.replace("Version:", "Version :")),
        ("bagit.txt", "Tag-File-Character-Encoding", |t| t.lines().next().unwrap().to_owned()),
        ("bagit.txt", "unknown encoding", |t| t.replace("UTF-8", "KLINGON-1")),
        ("bag-info.txt", "states", |t| t.replace(".3", ".4")),
        ("bag-info.txt", "BYTES.FILES", |t| t.replace("Oxum: ", "Oxum: many")),
        ("manifest-sha256.txt", "does not list", |t| t.lines().skip(1).map(|l| format!("{l}\n")).collect()),
        ("manifest-sha256.txt", "twice", |t| t.repeat(2)),
        ("manifest-sha512.txt", "no hash of this kind", |t| t.replacen(|c: char| c.is_ascii_hexdigit(), "z", 1)),
    ];
    for (file, what, change) in cases {
        let dir = package("bag");
        edit(dir.path(), file, change);
        let found = errors(&scan(dir.path(), &[]));
        assert!(found.iter().any(|(_, _, message)| message.contains(what)), "{file}, {what}: {found:?}");
    }
}

#[test]
fn hostile_manifests_are_read_or_refused() {
    for (name, file) in [
        ("bag", "manifest-sha512.txt"),
        ("bag", "bagit.txt"),
        ("ascmhl", "ascmhl/ascmhl_chain.xml"),
        ("ascmhl", "ascmhl/0002_ascmhl_2026-05-05_100000Z.mhl"),
        ("mhl", "A001.mhl"),
    ] {
        let whole = std::fs::read(project().join("fixtures/custody").join(name).join(file)).unwrap();
        let bombs: [Vec<u8>; 6] = [
            vec![],
            vec![0; 4096],
            b"<hashlist version=\"1.1\">".repeat(5000),
            b"<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><hashlist version=\"1.1\"><hash><file>&c;</file></hash></hashlist>".to_vec(),
            whole[..whole.len() / 2].to_vec(),
            [&whole[..whole.len() / 2], &[0xFF, 0xFE, 0x00], &whole[whole.len() / 2..]].concat(),
        ];
        for (n, bomb) in bombs.iter().enumerate() {
            let dir = package(name);
            std::fs::write(dir.path().join(file), bomb).unwrap();
            let report = scan(dir.path(), &["--integrity"]);
            let said = errors(&report).len() + usize::from(report["packages"].as_array().unwrap().is_empty());
            // The third and fourth are sound hash lists to look at for MHL 1, of nothing.
            assert!(said > 0 || n == 3, "{name}/{file}, {n}");
        }
    }
}

#[test]
fn a_checked_hash_is_custody_for_archives() {
    let unproven = |more: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        copy(&project().join("fixtures/custody/mhl"), &dir.path().join("archive/reel"));
        let report = scan(dir.path(), more);
        let rows = report["assets"].as_array().unwrap().clone();
        let open =
            |a: &&Value| a["findings"].as_array().unwrap().iter().any(|f| f["rule"] == "unauthenticated-archival");
        rows.iter().filter(open).count()
    };
    assert_eq!((unproven(&[]), unproven(&["--integrity"])), (5, 0));
}

/// Frames of a sequence in a folder of their own.
fn frames(names: impl IntoIterator<Item = String>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let frame = std::fs::read(project().join("fixtures/formats/plain.dpx")).unwrap();
    for name in names {
        std::fs::write(dir.path().join(name), &frame).unwrap();
    }
    dir
}

fn rows(report: &Value) -> Vec<(String, u64)> {
    let row = |a: &Value| (a["path"].as_str().unwrap().to_owned(), a["frames"]["count"].as_u64().unwrap_or(1));
    report["assets"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn frames_are_told_as_one_asset_with_their_gaps() {
    let report = scan(&project().join("fixtures/custody/sequence"), &[]);
    assert_eq!(rows(&report), [("shot_010.[1001-1012].dpx".to_owned(), 11)]);
    let row = &report["assets"][0];
    assert_eq!((&row["frames"]["missing"], &row["frames"]["apart"]), (&1.into(), &0.into()));
    assert_eq!(row["findings"][0]["rule"], "sequence-gap");
    assert!(row["findings"][0]["message"].as_str().unwrap().contains("1 frame: 1007"), "{row}");
    let one = std::fs::metadata(project().join("fixtures/custody/sequence/shot_010.1001.dpx")).unwrap().len();
    assert_eq!((row["bytes"].as_u64(), report["summary"]["assets"].as_u64()), (Some(one * 11), Some(11)));
    assert_eq!(report["summary"]["findings"]["warning"], 1);
}

#[test]
fn a_frame_of_which_more_is_said_keeps_its_row() {
    let dir = frames((1..=20).map(|n| format!("a.{n:04}.dpx")));
    let marked = project().join("fixtures/formats/user-xmp-generated.dpx");
    std::fs::copy(marked, dir.path().join("a.0007.dpx")).unwrap();
    for jobs in ["1", "2", "7"] {
        let report = scan(dir.path(), &["--jobs", jobs]);
        assert_eq!(rows(&report), [("a.[0001-0020].dpx".to_owned(), 19), ("a.0007.dpx".to_owned(), 1)]);
        assert_eq!(report["assets"][0]["frames"]["apart"], 1);
        assert_eq!(report["assets"][1]["ai"], "generated");
        assert_eq!(report["summary"]["by_ai"]["generated"], 1);
        assert!(report["assets"][0]["findings"].as_array().unwrap().is_empty());
    }
}

#[test]
fn what_is_no_run_of_frames_stays_as_it_is() {
    let camera = frames((1..=20).map(|n| format!("IMG_{n:04}.JPG")));
    assert_eq!(rows(&scan(camera.path(), &[])).len(), 20);
    let few = frames((1..=7).map(|n| format!("a.{n}.dpx")));
    assert_eq!(rows(&scan(few.path(), &[])).len(), 7);
    let several = frames((1..=4).flat_map(|n| ["a", "b", "c"].map(|p| format!("{p}.{n}.dpx"))));
    assert_eq!(rows(&scan(several.path(), &[])).len(), 12);
    let takes = frames((1..=9).map(|n| format!("shot_{n}.take.dpx")));
    assert_eq!(rows(&scan(takes.path(), &[])), [("shot_[1-9].take.dpx".to_owned(), 9)]);
}

#[test]
fn a_change_of_padding_is_told() {
    let grown = frames((95..=105).map(|n| format!("a.{n}.dpx")));
    let report = scan(grown.path(), &[]);
    assert_eq!(rows(&report), [("a.[95-105].dpx".to_owned(), 11)]);
    assert!(report["assets"][0]["findings"].as_array().unwrap().is_empty());
    let mixed = frames((1..=20).map(|n| if n < 12 { format!("a.{n:04}.dpx") } else { format!("a.{n:05}.dpx") }));
    let report = scan(mixed.path(), &[]);
    let message = report["assets"][0]["findings"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the padding changes at 00012"), "{message}");
}
