//! Hostile timelines in a scan: none ends it, and each that promises a timeline and is none is told.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn scan(folder: &Path) -> (Option<i32>, Value) {
    let out = tempfile::tempdir().unwrap();
    let report = out.path().join("r.json");
    let status = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["scan", folder.to_str().unwrap(), "--no-progress", "-q", "--report"])
        .arg(format!("json={}", report.display()))
        .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
        .output()
        .unwrap()
        .status;
    (status.code(), serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap())
}

/// Timelines that break, by name.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5_000), close.repeat(5_000)).into_bytes();
    let nested = deep(r#"{"OTIO_SCHEMA":"Stack.1","children":["#, "]}");
    let xml = |root: &str| deep(&format!("<{root}>"), &format!("</{root}>"));
    vec![
        ("cut.fcpxml", b"<?xml version=\"1.0\"?><fcpxml version=\"1.9\"><resources><asset id=".to_vec()),
        ("cut.xml", b"<?xml version=\"1.0\"?><xmeml version=\"5\"><sequence><media><video><track><clipitem".to_vec()),
        ("cut.otio", b"{\"OTIO_SCHEMA\": \"Timeline.1\", \"tracks\": {\"OTIO_SCHEMA\": \"Sta".to_vec()),
        ("cut.aaf", [&b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"[..], &[0xff; 600]].concat()),
        ("deep.otio", nested),
        ("deep.fcpxml", xml("fcpxml")),
        ("noise.otio", vec![0x80; 4096]),
        ("noise.aaf", vec![7; 4096]),
        ("noise.edl", b"\x00\x01\x02 nothing of an edit".to_vec()),
    ]
}

#[test]
fn each_is_told_and_nothing_else_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in broken() {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    std::fs::write(folder.path().join("note.txt"), "001 is a number in a note\n").unwrap();
    let (code, report) = scan(folder.path());
    assert_eq!(code, Some(1));
    let rows = report["assets"].as_array().unwrap();
    assert_eq!(rows.len(), broken().len() + 1);
    for row in rows {
        let told = row["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == "timeline-unreadable");
        assert_eq!(told, row["path"] != "note.txt", "{row:#}");
    }
}

#[test]
fn odd_numbers_in_a_timeline_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        "001 AX V C 99:59:59:99 00:00:00:00 99:59:59:99 00:00:00:00",
        "002 AX V C 00:00:00:00 99:59:59:99 00:00:00:00 99:59:59:99",
        "* FROM CLIP NAME: \u{1b}[2J\u{202e}../../../../etc/passwd",
        "M2 AX -999999.99 99:00:00:00",
    ];
    std::fs::write(folder.path().join("odd.edl"), format!("TITLE: \u{1b}]0;x\u{7}\n{}\n", lines.join("\n"))).unwrap();
    std::fs::write(folder.path().join("passwd.png"), b"x").unwrap();
    let (code, report) = scan(folder.path());
    assert!(matches!(code, Some(0..=2)), "{code:?}");
    assert_eq!(report["assets"].as_array().unwrap().len(), 2);
}

/// Files of general names in one delivery, more than are kept as timelines.
const MANY: usize = 10_050;

#[test]
fn a_timeline_behind_very_many_files_of_general_names_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..MANY {
        std::fs::write(folder.path().join(format!("a{n:05}.json")), "{}").unwrap();
    }
    std::fs::create_dir(folder.path().join("temp")).unwrap();
    std::fs::write(folder.path().join("temp/shot.mov"), b"").unwrap();
    let cut = "TITLE: REEL\nFCM: NON-DROP FRAME\n\n001  AX V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n\
               * FROM CLIP NAME: shot.mov\n";
    std::fs::write(folder.path().join("z.txt"), cut).unwrap();
    let (_, report) = scan(folder.path());
    let timelines: Vec<_> =
        report["summary"]["timelines"].as_array().unwrap().iter().map(|cut| &cut["timeline"]).collect();
    assert_eq!(timelines, ["z.txt"]);
    let assets = report["assets"].as_array().unwrap();
    let shot = assets.iter().find(|asset| asset["path"] == "temp/shot.mov").unwrap();
    assert_eq!((&shot["role"], &shot["in_cut"]), (&"final".into(), &true.into()), "{shot}");
}

#[test]
fn timelines_that_are_too_many_under_general_names_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let cut = "TITLE: REEL\n\n001  AX V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n";
    for n in 0..MANY {
        std::fs::write(folder.path().join(format!("a{n:05}.txt")), cut).unwrap();
    }
    let (code, report) = scan(folder.path());
    assert_eq!(code, Some(1));
    let told: Vec<_> = report["assets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a["findings"].to_string().contains("timeline-unreadable"))
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["path"], "a10000.txt");
    let message = told[0]["findings"].to_string();
    assert!(message.contains("not these last 50: scan its parts one by one"), "{message}");
}
