//! Bounds that hold together: hostile deliveries end within time and memory, and none of them is called clean.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

mod attacks;
mod containers;
mod measure;
mod timelines;

use std::process::{Command, Stdio};

use crate::shared::prerequisite;
use attacks::{ALL, Attack};

/// Seconds of computing for any of them; the program's own loops run several times slower where nothing is optimized.
const SECONDS: f64 = if cfg!(debug_assertions) { 75.0 } else { 15.0 };
/// Bytes of memory, of all processes together.
const MEMORY: u64 = 700_000_000;

/// Scans one of them; what is wrong with that.
fn tried(attack: &Attack) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let (delivery, report) = (folder.path().join("delivery"), folder.path().join("r.json"));
    std::fs::create_dir(&delivery).unwrap();
    (attack.make)(&delivery);
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder.path()).env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME");
    command.args(["scan", "delivery", "--no-progress", "--report", "json=r.json"]).args(attack.arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Some(taken) = measure::run(&mut command, SECONDS, MEMORY) else {
        prerequisite::absent("proc", "this system does not tell what processes take");
        return Ok(());
    };
    eprintln!("{}: {:.1} s, {} MB, {}", attack.name, taken.computing, taken.memory / 1_000_000, taken.status);
    let about = |what: String| format!("{} ({}): {what}", attack.name, attack.what);
    if taken.computing > SECONDS {
        return Err(about(format!("{:.1} s of computing", taken.computing)));
    }
    if taken.memory > MEMORY {
        return Err(about(format!("{} MB", taken.memory / 1_000_000)));
    }
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    match taken.status.code() {
        Some(code) if is_told(attack, &report) && code != 0 => Ok(()),
        // What was read to its end shows the mark that stands there.
        Some(1) if !attack.unreadable && is_marked(&report) => Ok(()),
        code => Err(about(format!("exit code {code:?}, and no bound is told"))),
    }
}

/// Whether a problem that blocks says that a bound was reached, or a package that not all of it was obeyed. Of bytes
/// without sense it is enough that they are not called clean.
fn is_told(attack: &Attack, report: &serde_json::Value) -> bool {
    let any_kind = ANYTHING.contains(&attack.name);
    let told = |asset: &serde_json::Value| {
        let mut problems = asset["problems"].as_array().into_iter().flatten();
        let limit = problems.any(|problem| problem["blocking"] == true && problem["kind"] == "limit");
        (any_kind || limit) && findings(asset).any(|rule| rule == "unreadable-asset")
    };
    // A timeline over its bound is told by its own rule.
    let cut = |asset: &serde_json::Value| findings(asset).any(|rule| rule == "timeline-unreadable");
    let mut packages = report["packages"].as_array().into_iter().flatten();
    let malformed = |package: &serde_json::Value| findings(package).any(|rule| rule == "package-malformed");
    let package = packages.any(|package| package.to_string().contains("ignore patterns") || malformed(package));
    report["assets"].as_array().unwrap().iter().any(|asset| told(asset) || cut(asset)) || package
}

fn findings(of: &serde_json::Value) -> impl Iterator<Item = &str> {
    of["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["rule"].as_str())
}

fn is_marked(report: &serde_json::Value) -> bool {
    report["assets"].as_array().unwrap().iter().any(|asset| asset["ai"] == "generated")
}

/// Tries those of these names, one after the other: their memory is measured.
fn all_of(names: &[&str]) {
    let tried_of: Vec<_> = ALL.iter().filter(|attack| names.contains(&attack.name)).collect();
    assert_eq!(tried_of.len(), names.len());
    let wrong: Vec<_> = tried_of.into_iter().filter_map(|attack| tried(attack).err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Each is named by one of the tests.
const NAMED: &[&[&str]] = &[DOCUMENTS, PICTURES, TAGS, FOLDERS, TEXT, TIMELINES, ANYTHING];
const DOCUMENTS: &[&str] = &["nested-document", "nested-twice", "heavy-document", "object-streams"];
const PICTURES: &[&str] = &["bombs-zip", "bombs-mp4", "bombs-mp3", "bombs-svg", "zip-of-zips", "large-pictures"];
const TAGS: &[&str] = &["many-tags", "many-marks", "kept-tags"];
const FOLDERS: &[&str] = &["one-sidecar", "ignore-patterns"];
const TEXT: &[&str] = &["deep-xml", "wide-json", "wide-xml"];
const TIMELINES: &[&str] =
    &["wide-timelines", "many-references", "many-sequences", "archived-timelines", "archived-maps"];
const ANYTHING: &[&str] = &["random", "zeros", "less-than", "braces", "brackets", "elements"];

#[test]
fn what_unfolds_in_documents_shares_one_budget() {
    all_of(DOCUMENTS);
}

#[test]
fn picture_bombs_share_the_budget_of_the_file_that_holds_them() {
    all_of(PICTURES);
}

#[test]
fn very_many_tags_and_marks_are_bounded() {
    all_of(TAGS);
}

#[test]
fn sidecars_and_patterns_are_bounded_for_a_folder() {
    all_of(FOLDERS);
}

#[test]
fn deep_and_wide_text_is_bounded() {
    all_of(TEXT);
}

#[test]
fn timelines_and_manifests_of_very_many_parts_are_bounded() {
    all_of(TIMELINES);
}

#[test]
fn twenty_megabytes_of_anything_are_bounded() {
    all_of(ANYTHING);
}

#[test]
fn every_hostile_delivery_is_tried() {
    let named = NAMED.concat();
    assert!(ALL.iter().all(|attack| named.contains(&attack.name)) && named.len() == ALL.len());
}

/// The seconds are for one file and all that is inside it: less than it takes ends in a problem, and the next file goes on.
#[test]
fn seconds_per_asset_end_one_asset_and_the_next_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let delivery = folder.path().join("delivery");
    std::fs::create_dir(&delivery).unwrap();
    // Some text costs time to match, and there is more of it than a second is enough for.
    let text = containers::jpeg_like_text(8 * 1024 * 1024);
    let chunks: Vec<_> =
        (0..3).map(|n| containers::text_chunk(b"tEXt", &format!("Comment{n}"), text.as_bytes())).collect();
    std::fs::write(delivery.join("a.png"), containers::png(&chunks)).unwrap();
    let mark = containers::text_chunk(b"tEXt", "XML:com.adobe.xmp", attacks::MARK.as_bytes());
    std::fs::write(delivery.join("b.png"), containers::png(&[mark])).unwrap();
    for option in ["--seconds-per-asset", "--seconds-per-file"] {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["scan", "delivery", "--no-progress", "--report", "json=r.json", option, "1"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let report: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.path().join("r.json")).unwrap()).unwrap();
        let [first, second] = report["assets"].as_array().unwrap().as_slice() else { panic!("{report}") };
        let said = first["problems"].to_string();
        // A fast machine may be done in time: then nothing is told, and nothing was missed.
        assert!(said == "[]" || said.contains("--seconds-per-asset"), "{said}");
        assert_eq!((second["ai"].as_str(), second["problems"].to_string().as_str()), (Some("generated"), "[]"));
    }
}
