//! Hash lists, histories and bags: what holds passes, what does not is named.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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
    let folder =
        std::env::var_os("COUNTERSIGN_CORPUS").map_or_else(|| PathBuf::from("/work/shared/corpus"), PathBuf::from);
    let folder = folder.join("packages");
    let Ok(table) = std::fs::read_to_string(folder.join("PACKAGES.tsv")) else {
        println!("skipped: no sample packages in {}", folder.display());
        return;
    };
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
