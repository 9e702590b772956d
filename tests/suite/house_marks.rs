//! The command with marks of a house's own, and approvals of what touches a person.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).env_remove("COUNTERSIGN_POLICY").env_remove("COUNTERSIGN_APPROVALS");
    command.env("XDG_CONFIG_HOME", folder.join("none")).args(arguments).output().expect("the program runs")
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

fn png(key: &str, value: &str) -> Vec<u8> {
    let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
    let text = [key.as_bytes(), &[0], value.as_bytes()].concat();
    [b"\x89PNG\r\n\x1A\n".to_vec(), chunk(b"IHDR", &header), chunk(b"tEXt", &text), chunk(b"IEND", &[])].concat()
}

const MARKS: &str = r#"
[[mark]]
id = "house.pipeline"
name = "Pipeline of the house"
system = "Dreamhouse"
lives = "PNG text `dh:job`"
claim = "generated"
strength = "declared"
guard = "Other jobs."
source = "Our own pipeline"
hits = [{ claim = "generated", tags = [["png", "dh:job", "gen-17"]] }]
misses = [{ trap = true, tags = [["png", "dh:job", "comp-17"]] }]
[[mark.test]]
in = ["png:dh:job"]
pattern = '^gen-\d+$'
"#;

fn report(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let all = [&["scan", "in", "--no-progress", "--report", "json=report.json"], arguments].concat();
    let code = countersign(folder, &all).status.code();
    (code, serde_json::from_slice(&std::fs::read(folder.join("report.json")).unwrap_or_default()).unwrap_or_default())
}

#[test]
fn marks_of_a_house_are_looked_for_listed_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir(path.join("in")).unwrap();
    std::fs::write(path.join("in/a.png"), png("dh:job", "gen-4")).unwrap();
    std::fs::write(path.join("house.toml"), MARKS).unwrap();
    let (code, without) = report(path, &[]);
    assert_eq!((code, &without["assets"][0]["ai"]), (Some(0), &"none".into()));
    assert!(without["run"]["catalogue"].get("files").is_none());
    let (code, with) = report(path, &["--marks", "house.toml"]);
    assert_eq!((code, &with["assets"][0]["evidence"][0]["mark"]), (Some(1), &"house.pipeline".into()));
    let file = &with["run"]["catalogue"]["files"][0];
    assert_eq!(
        (&file["path"], &file["marks"], file["sha256"].as_str().unwrap().len()),
        (&"house.toml".into(), &1.into(), 64)
    );
    std::fs::write(path.join("policy.toml"), "name = \"house\"\nmarks = [\"house.toml\"]\n").unwrap();
    assert_eq!(report(path, &["--policy", "policy.toml"]).0, Some(1));
    let listed = countersign(path, &["marks", "--marks", "house.toml"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("house.pipeline"));
    let told = countersign(path, &["scan", "in", "--no-progress", "--marks", "house.toml"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("house.toml") && told.contains("Dreamhouse"), "{told}");
}

#[test]
fn wrong_marks_stop_the_run_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir(path.join("in")).unwrap();
    std::fs::write(path.join("in/a.png"), png("dh:job", "gen-4")).unwrap();
    std::fs::write(path.join("house.toml"), MARKS.replace("gen-17", "other")).unwrap();
    let out = countersign(path, &["scan", "in", "--no-progress", "--marks", "house.toml"]);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(3));
    assert!(told.contains("house.toml") && told.contains("line 3") && told.contains("hit 1"), "{told}");
}

#[test]
fn what_touches_a_person_needs_the_scope_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir(path.join("in")).unwrap();
    let graph = r#"{"1":{"class_type":"LoadImage","inputs":{"image":"a.png"}},"2":{"class_type":"ReActorFaceSwap","inputs":{"input_image":["1",0]}},"3":{"class_type":"SaveImage","inputs":{"images":["2",0]}}}"#;
    std::fs::write(path.join("in/a.png"), png("prompt", graph)).unwrap();
    let approve = |scopes: &[&str]| {
        let mut all = vec!["approve", "in/a.png", "--approvals", "l.jsonl", "--by", "A", "--reference", "R"];
        scopes.iter().for_each(|scope| all.extend(["--scope", scope]));
        let out = countersign(path, &all);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    let rules = |report: &Value| -> Vec<(String, String)> {
        let findings = report["assets"][0]["findings"].as_array().unwrap();
        findings.iter().map(|f| (f["rule"].as_str().unwrap().into(), f["state"].as_str().unwrap().into())).collect()
    };
    approve(&["final-deliverable"]);
    let (code, first) = report(path, &["--approvals", "l.jsonl"]);
    assert_eq!(code, Some(1));
    assert!(rules(&first).contains(&("approval-scope-missing".into(), "open".into())), "{:?}", rules(&first));
    assert!(first.to_string().contains("talent-likeness"));
    approve(&["final-deliverable", "talent-likeness"]);
    let (code, second) = report(path, &["--approvals", "l.jsonl"]);
    assert_eq!(
        (code, rules(&second).iter().all(|(_, state)| state == "approved")),
        (Some(0), true),
        "{:?}",
        rules(&second)
    );
}
