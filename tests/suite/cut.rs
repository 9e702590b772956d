//! The cut decides: timelines in a delivery and named ones, through the real program.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

#[allow(dead_code, unreachable_pub, missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]
#[path = "../../crates/timelines/examples/made_show/show.rs"]
mod show;

/// A picture with a mark of AI.
fn marked() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats/aigc.png")).unwrap()
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

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The report of a scan of this folder with further options.
fn scan(folder: &Path, options: &[&str]) -> Value {
    let out = tempfile::tempdir().unwrap();
    let report = out.path().join("r.json");
    let target = format!("json={}", report.display());
    let all = [&["scan", folder.to_str().unwrap(), "--no-progress", "--report", &target], options].concat();
    let output = countersign(&all);
    let text = std::fs::read(&report).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    serde_json::from_slice(&text).unwrap()
}

fn row<'r>(report: &'r Value, path: &str) -> &'r Value {
    let rows = report["assets"].as_array().unwrap();
    rows.iter().find(|row| row["path"] == path).unwrap_or_else(|| panic!("no row {path} in {rows:#?}"))
}

fn rules(row: &Value) -> Vec<&str> {
    row["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

/// A picture event of an EDL.
fn edl(events: &[(&str, &str, &str)]) -> String {
    let mut out = "TITLE: REEL\nFCM: NON-DROP FRAME\n\n".to_owned();
    for (index, (track, name, times)) in events.iter().enumerate() {
        out.push_str(&format!("{:03}  AX       {track}     C        {times}\n* FROM CLIP NAME: {name}\n", index + 1));
    }
    out
}

const FIRST: &str = "00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00";
const SECOND: &str = "00:00:02:00 00:00:03:00 01:00:01:00 01:00:02:00";

/// All uses of a report: path, kind, record and source as far as every format states them alike.
fn uses(report: &Value) -> BTreeSet<[String; 5]> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = report["assets"].as_array().unwrap().iter();
    rows.flat_map(|row| row["uses"].as_array().into_iter().flatten().map(move |of| (row, of)))
        .map(|(row, of)| {
            [
                text(&row["path"]),
                text(&of["kind"]),
                text(&of["record"]["in"]),
                text(&of["record"]["out"]),
                text(&of["source"]["in"]),
            ]
        })
        .collect()
}

/// The delivery of the made show: everything lies in a folder for temporary material. The still is real; movies and MXF
/// tell their timecode and their UMID, and one of them was renamed.
fn show_media(folder: &Path) {
    for media in &show::MEDIA {
        let name = media.delivered;
        let other = || if name.ends_with(".png") { marked() } else { format!("not a medium: {name}").into_bytes() };
        write(folder, &format!("temp/{name}"), show::media::bytes(media).unwrap_or_else(other));
    }
}

#[test]
fn a_made_show_conforms_to_the_same_uses_in_all_five_formats() {
    assert_eq!(show::FORMATS.len(), 5);
    let mut all = Vec::new();
    for format in show::FORMATS {
        let folder = tempfile::tempdir().unwrap();
        show_media(folder.path());
        for reel in show::reels() {
            let (name, bytes) = show::write(&reel, format);
            write(folder.path(), &name, bytes);
        }
        let report = scan(folder.path(), &[]);
        let still = row(&report, "temp/stills/Caf\u{e9} 100%.png");
        assert_eq!(still["role"], "final", "{format}");
        assert!(
            still["role_basis"].as_str().unwrap().starts_with(&format!("timeline:reel1.{format} event ")),
            "{still}"
        );
        assert_eq!(rules(still)[0], "unapproved-ai-in-final", "{format}");
        let message = still["findings"][0]["message"].as_str().unwrap();
        let times = still["uses"][0]["record"]["in"].as_str().unwrap();
        assert!(message.contains(times) && message.contains(&format!("reel1.{format} event")), "{message}");
        let unused = row(&report, "temp/unused/A009C001_0109.mov");
        assert_eq!((unused["role"].as_str(), unused.get("uses")), (Some("temporary"), None), "{format}");
        for reel in 1..=3 {
            let timeline = row(&report, &format!("reel{reel}.{format}"));
            // An EDL has no paths: of two takes of one name the timecode inside the files decides.
            assert!(rules(timeline).is_empty(), "{timeline:#}");
        }
        all.push((format, uses(&report)));
    }
    let (_, first) = all.last().cloned().unwrap();
    assert_eq!(first.len(), 24, "three reels of seven shots and a sound");
    let takes: BTreeSet<_> = first.iter().filter(|of| of[0].ends_with("A001C002_0101.mov")).map(|of| &of[0]).collect();
    assert_eq!(takes.len(), 2, "two takes of one name are played");
    assert!(first.iter().any(|of| of[0] == "temp/mxf/renamed.mxf"), "found by its UMID");
    for (format, of) in &all {
        assert_eq!(of, &first, "{format}: {:#?}", of.symmetric_difference(&first).collect::<Vec<_>>());
    }
}

#[test]
fn takes_in_archives_and_runs_of_frames_are_told_apart_by_timecode() {
    let folder = tempfile::tempdir().unwrap();
    let take = |number: usize| show::media::bytes(&show::MEDIA[number]).unwrap();
    write(folder.path(), "a/one.zip", zip_of(&[("take.mov", &take(1))]));
    write(folder.path(), "b/two.zip", zip_of(&[("take.mov", &take(2))]));
    for (name, seconds) in [("one", 0), ("two", 30)] {
        for frame in 1..=24_u32 {
            write(folder.path(), &format!("{name}/plate.{frame:04}.dpx"), dpx(10 * 3600 + seconds, frame - 1));
        }
    }
    // Twenty frames from 02:18:54:08 on: in the second take, and not in the first.
    let of_take = "02:18:54:08 02:18:55:04 01:00:00:00 01:00:00:20";
    let of_plate = "10:00:30:04 10:00:30:14 01:00:00:20 01:00:01:06";
    let events = [("V", "take.mov", of_take), ("V", "plate.[0001-0024].dpx", of_plate)];
    write(folder.path(), "reel.edl", edl(&events));
    let report = scan(folder.path(), &[]);
    let played: BTreeSet<_> = uses(&report).into_iter().map(|[path, ..]| path).collect();
    assert_eq!(rules(row(&report, "reel.edl")), [] as [&str; 0], "{played:?}");
    assert!(played.contains("b/two.zip!/take.mov") && !played.contains("a/one.zip!/take.mov"), "{played:?}");
    assert!(played.iter().any(|path| path.starts_with("two/plate.")), "{played:?}");
    assert!(!played.iter().any(|path| path.starts_with("one/plate.")), "{played:?}");
}

/// The headers of a DPX frame with a timecode at 24 frames a second, and one black pixel.
fn dpx(seconds: u32, frame: u32) -> Vec<u8> {
    let mut bytes = vec![0; 2048 + 4];
    bytes[..4].copy_from_slice(b"SDPX");
    bytes[4..8].copy_from_slice(&2048_u32.to_be_bytes());
    bytes[8..12].copy_from_slice(b"V2.0");
    bytes[16..20].copy_from_slice(&2052_u32.to_be_bytes());
    let two = |value: u32| ((value / 10) << 4) | (value % 10);
    let code = two(seconds / 3600) << 24 | two(seconds / 60 % 60) << 16 | two(seconds % 60) << 8 | two(frame);
    bytes[1920..1924].copy_from_slice(&code.to_be_bytes());
    bytes[1724..1728].copy_from_slice(&24_f32.to_be_bytes());
    bytes
}

#[test]
fn media_inside_of_a_timeline_are_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "reel1.aaf", show::aaf::with_essence(&show::reels()[0]));
    write(folder.path(), "reel2.aaf", show::aaf::write(&show::reels()[1]));
    let report = scan(folder.path(), &[]);
    assert!(rules(row(&report, "reel1.aaf")).contains(&"unreadable-asset"), "{report:#}");
    assert!(!rules(row(&report, "reel2.aaf")).contains(&"unreadable-asset"), "{report:#}");
}

#[test]
fn inspect_shows_length_size_and_start_timecode() {
    let folder = tempfile::tempdir().unwrap();
    for number in [2, 5] {
        let media = &show::MEDIA[number];
        let name = media.file_name();
        write(folder.path(), name, show::media::bytes(media).unwrap());
        let output = countersign(&["inspect", folder.path().join(name).to_str().unwrap()]);
        let text = String::from_utf8(output.stdout).unwrap();
        let start = if number == 2 { "02:18:53:08" } else { "00:03:28:08" };
        let length = if number == 2 { "0:00:20.000" } else { "0:00:12.500" };
        assert!(text.contains(&format!("starts at {start}")) && text.contains(length), "{text}");
        assert!(text.contains("1920 x 960 pixels") || text.contains("1920 x 1080 pixels"), "{text}");
    }
}

#[test]
fn a_folder_is_named_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = countersign(&["timeline", folder.path().to_str().unwrap()]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text.contains("is a folder") && text.contains("--against"), "{text}");
}

#[test]
fn sound_alone_does_not_make_a_picture_final_and_what_is_off_is_not_played() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "temp/a.png", marked());
    write(folder.path(), "temp/b.png", marked());
    write(folder.path(), "temp/c.png", marked());
    write(folder.path(), "reel.edl", edl(&[("A", "a.png", FIRST), ("V", "b.png", SECOND)]));
    let off = r#"{"OTIO_SCHEMA":"Timeline.1","name":"x","tracks":{"OTIO_SCHEMA":"Stack.1","children":[{"OTIO_SCHEMA":"Track.1","kind":"Video","children":[{"OTIO_SCHEMA":"Clip.2","enabled":false,"name":"c","source_range":{"OTIO_SCHEMA":"TimeRange.1","start_time":{"OTIO_SCHEMA":"RationalTime.1","value":0,"rate":24},"duration":{"OTIO_SCHEMA":"RationalTime.1","value":24,"rate":24}},"media_references":{"DEFAULT_MEDIA":{"OTIO_SCHEMA":"ExternalReference.1","target_url":"temp/c.png"}},"active_media_reference_key":"DEFAULT_MEDIA"}]}]}}"#;
    write(folder.path(), "off.otio", off);
    let report = scan(folder.path(), &[]);
    let role = |name: &str| row(&report, name)["role"].as_str().unwrap().to_owned();
    assert_eq!(
        (role("temp/a.png"), role("temp/b.png"), role("temp/c.png")),
        ("temporary".into(), "final".into(), "temporary".into())
    );
    assert_eq!(row(&report, "temp/a.png")["uses"][0]["kind"], "audio");
    assert!(row(&report, "temp/c.png").get("uses").is_none());
    assert!(row(&report, "temp/c.png").get("in_cut").is_none(), "a delivered timeline says nothing of what is out");
}

#[test]
fn members_of_archives_are_played_and_timelines_are_found_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let zip = |members: &[(&str, &[u8])]| zip_of(members);
    let plays = edl(&[("V", "inner.png", FIRST), ("V", "loose.png", SECOND)]);
    write(folder.path(), "a/temp.zip", zip(&[("temp/inner.png", &marked()), ("temp/other.png", &marked())]));
    write(folder.path(), "b/turnover.zip", zip(&[("cut/reel7.edl", plays.as_bytes())]));
    write(folder.path(), "temp/loose.png", marked());
    let report = scan(folder.path(), &[]);
    let basis = |path: &str| row(&report, path)["role_basis"].as_str().unwrap().to_owned();
    assert_eq!(basis("a/temp.zip!/temp/inner.png"), "timeline:b/turnover.zip!/cut/reel7.edl event 001");
    assert_eq!(basis("temp/loose.png"), "timeline:b/turnover.zip!/cut/reel7.edl event 002");
    assert_eq!(row(&report, "a/temp.zip!/temp/other.png")["role"], "temporary");
    assert_eq!(row(&report, "b/turnover.zip!/cut/reel7.edl")["format"], "edl");
}

#[test]
fn bundles_of_otio_play_their_own_media() {
    let reel = &show::reels()[0];
    let (_, otio) = show::write(reel, "otio");
    let folder = tempfile::tempdir().unwrap();
    let still = "media/Caf\u{e9} 100%.png";
    write(folder.path(), "cut.otioz", zip_of(&[("content.otio", &otio), (still, &marked())]));
    write(folder.path(), "other/cut.otiod/content.otio", &otio);
    write(folder.path(), &format!("other/cut.otiod/{still}"), marked());
    let report = scan(folder.path(), &[]);
    assert_eq!(row(&report, "cut.otioz!/content.otio")["format"], "otio");
    assert_eq!(row(&report, "other/cut.otiod/content.otio")["format"], "otio");
    assert_eq!(rules(row(&report, "cut.otioz!/content.otio")), ["timeline-missing-media"]);
    let inside = row(&report, &format!("cut.otioz!/{still}"));
    assert_eq!(inside["role_basis"].as_str().unwrap().split(" event").next(), Some("timeline:cut.otioz!/content.otio"));
}

#[test]
fn the_frames_of_a_sequence_that_are_played_are_final() {
    let folder = tempfile::tempdir().unwrap();
    for frame in 1001..=1020 {
        write(folder.path(), &format!("temp/sh010.{frame}.png"), marked());
    }
    // Frames 1005 to 1012: counted in the frames' own numbers.
    let times = "00:00:41:21 00:00:42:05 01:00:00:00 01:00:00:08";
    write(folder.path(), "reel.edl", edl(&[("V", "sh010.[1001-1020].png", times)]));
    let report = scan(folder.path(), &[]);
    let rows = report["assets"].as_array().unwrap();
    let shown: Vec<_> = rows.iter().map(|row| (row["path"].as_str().unwrap(), row["role"].as_str().unwrap())).collect();
    assert!(shown.contains(&("temp/sh010.[1005-1012].png", "final")), "{shown:?}");
    assert!(shown.contains(&("temp/sh010.[1001-1020].png", "temporary")), "{shown:?}");
}

#[test]
fn a_named_timeline_says_what_is_not_in_the_cut_and_the_policy_decides() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.png", marked());
    write(folder.path(), "b.png", marked());
    let cut = edl(&[("V", "a.png", FIRST)]);
    write(outside.path(), "cut.edl", &cut);
    write(outside.path(), "p.toml", "[timelines]\nunused = \"temporary\"\n");
    let path = |name: &str| outside.path().join(name).to_str().unwrap().to_owned();
    let (timeline, policy) = (path("cut.edl"), path("p.toml"));
    let report = scan(folder.path(), &["--timeline", &timeline]);
    let of = |report: &Value, name: &str| {
        let row = row(report, name);
        (row["in_cut"].as_bool(), row["role"].as_str().unwrap().to_owned())
    };
    assert_eq!(of(&report, "a.png"), (Some(true), "final".to_owned()));
    assert_eq!(of(&report, "b.png"), (Some(false), "final".to_owned()));
    let report = scan(folder.path(), &["--timeline", &timeline, "--policy", &policy]);
    assert_eq!(of(&report, "a.png"), (Some(true), "final".to_owned()));
    assert_eq!(of(&report, "b.png"), (Some(false), "temporary".to_owned()));
    assert_eq!(row(&report, "b.png")["role_basis"], "policy:timelines.unused");
    // What came with the delivery lowers nothing, even where it is named.
    write(folder.path(), "cut.edl", &cut);
    let inner = folder.path().join("cut.edl");
    let report = scan(folder.path(), &["--timeline", inner.to_str().unwrap(), "--policy", &policy]);
    assert_eq!(of(&report, "b.png"), (Some(false), "final".to_owned()));
    assert_eq!(row(&report, "a.png")["uses"].as_array().unwrap().len(), 1, "read once, not twice");
}

#[test]
fn what_is_no_timeline_is_refused() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(folder.path(), "a.png", marked());
    for (name, bytes) in [
        ("a.edl", &b"hello"[..]),
        ("b.otio", b"{\"OTIO_SCHEMA\": \"Timeline.1\", \"tracks\": 7"),
        ("c.png", &marked()),
        ("d.edl", b"TITLE: EMPTY\nFCM: NON-DROP FRAME\n"),
    ] {
        write(outside.path(), name, bytes);
        let path = outside.path().join(name);
        let output = countersign(&["scan", folder.path().to_str().unwrap(), "--timeline", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let gone = countersign(&["scan", folder.path().to_str().unwrap(), "--timeline", "/nowhere/x.edl"]);
    assert_eq!(gone.status.code(), Some(3));
}

#[test]
fn several_assets_are_told_and_none_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "temp/one/a.png", marked());
    write(folder.path(), "temp/two/a.png", marked());
    write(folder.path(), "reel.edl", edl(&[("V", "a.png", FIRST), ("V", "gone.png", SECOND)]));
    let report = scan(folder.path(), &[]);
    assert_eq!(rules(row(&report, "reel.edl")), ["timeline-missing-media", "timeline-ambiguous"]);
    assert_eq!(row(&report, "temp/one/a.png")["role"], "temporary");
    assert_eq!(report["summary"]["timelines"][0]["ambiguous"], 1);
}

#[test]
fn reports_have_a_line_for_each_use() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(folder.path(), "temp/a.png", marked());
    write(folder.path(), "reel.edl", edl(&[("V", "a.png", FIRST), ("V", "a.png", SECOND)]));
    let path = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    let reports = ["csv", "cue-sheet", "html"].map(|kind| format!("{kind}={}", path(kind)));
    let options: Vec<&str> = reports.iter().flat_map(|report| ["--report", report.as_str()]).collect();
    countersign(&[&["scan", folder.path().to_str().unwrap(), "--no-progress"], &options[..]].concat());
    let lines = |kind: &str, what: &str| {
        let text = std::fs::read_to_string(path(kind)).unwrap();
        text.lines().filter(|line| line.contains(what)).count()
    };
    assert_eq!(lines("csv", "reel.edl,002,V1,01:00:01:00,01:00:02:00,24,00:00:02:00,00:00:03:00"), 1);
    assert_eq!(lines("cue-sheet", "reel.edl,001,V1,01:00:00:00,01:00:01:00"), 1);
    assert_eq!(lines("cue-sheet", "reel.edl,002,V1,01:00:01:00,01:00:02:00"), 1);
    assert_eq!(lines("html", "\"in\":\"01:00:01:00\""), 1, "the row has its uses");
    assert_eq!(lines("html", "\"timelines\":[{"), 1, "the summary has the cut");
}

#[test]
fn the_command_prints_events_and_their_assets_within_80_columns() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "media/a.png", marked());
    let long = format!("{}.png", "very long clip name ".repeat(8));
    write(folder.path(), "reel.edl", edl(&[("V", "a.png", FIRST), ("V", &long, SECOND)]));
    let (root, reel) = (folder.path().to_str().unwrap(), folder.path().join("reel.edl"));
    let output = countersign(&["timeline", reel.to_str().unwrap(), "--against", root]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("01:00:00:00 to 01:00:01:00") && text.contains("media/a.png (by file-name)"), "{text}");
    let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 80 && !line.contains(root)).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    let output = countersign(&["timeline", reel.to_str().unwrap(), "--against", root, "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let events = value["timelines"][0]["events"].as_array().unwrap();
    assert_eq!(
        (events.len(), &events[0]["asset"], &events[1]["asset"]),
        (2, &Value::from("media/a.png"), &Value::Null)
    );
}

/// A ZIP file of stored members.
fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let mut sum = flate2::Crc::new();
        sum.update(data);
        let size = (data.len() as u32).to_le_bytes();
        let common = [&[0, 8, 0, 0, 0, 0, 0, 0][..], &sum.sum().to_le_bytes(), &size, &size].concat();
        let lengths = [&(name.len() as u16).to_le_bytes()[..], &[0; 2]].concat();
        let at = (file.len() as u32).to_le_bytes();
        file.extend([b"PK\x03\x04\x14\0", &common[..], &lengths, name.as_bytes(), data].concat());
        directory.extend([b"PK\x01\x02\x14\0\x14\0", &common[..], &lengths, &[0; 10], &at, name.as_bytes()].concat());
    }
    let (at, count) = ((file.len() as u32).to_le_bytes(), (members.len() as u16).to_le_bytes());
    let length = (directory.len() as u32).to_le_bytes();
    [file, directory, b"PK\x05\x06\0\0\0\0".to_vec(), [count, count].concat(), length.to_vec(), at.to_vec(), vec![0; 2]]
        .concat()
}
