//! The unit for systemd and the recipe for containers: what they start is what this program takes, and systemd takes the unit.

#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::shared::document::program;

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Starts a server with these words, and ends it: what it says first.
fn started(words: &[String]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for name in ["data", "drops"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let own = |word: &String| {
        let here = folder.path().display();
        match word.as_str() {
            "/var/lib/countersign" | "/data" => format!("{here}/data"),
            "drops=/mnt/drops" | "drops=/drops" | "drops=/srv/drops" => format!("drops={here}/drops"),
            "0.0.0.0:8750" => "127.0.0.1:0".to_owned(),
            "/etc/countersign/policy.toml" => "observe".to_owned(),
            other => other.to_owned(),
        }
    };
    let words: Vec<String> = words.iter().map(own).collect();
    let mut command = program(folder.path(), env!("CARGO_BIN_EXE_countersign"));
    command.args(&words).stdout(Stdio::piped());
    if !words.iter().any(|word| word == "--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    said
}

#[test]
fn what_the_unit_and_the_recipe_start_is_started() {
    let unit = page("packaging/systemd/countersign.service");
    let from_docs = page("docs/serve.md");
    let starts = unit
        .lines()
        .chain(from_docs.lines())
        .filter_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/countersign "));
    let mut starts: Vec<Vec<String>> = starts.map(|line| line.split(' ').map(str::to_owned).collect()).collect();
    assert_eq!(starts.len(), 2, "the unit starts it, and the page shows an override");
    let recipe = page("packaging/container/compose.yaml");
    let command = recipe.split("    command:\n").nth(1).unwrap();
    starts.push(command.lines().map_while(|line| line.strip_prefix("      - ")).map(str::to_owned).collect());
    for words in starts {
        assert_eq!(started(&words), "serving https://review.example.com\n", "{words:?}");
    }
}

#[test]
fn the_recipe_gives_no_more_rights_than_are_needed() {
    let recipe = page("packaging/container/compose.yaml");
    for line in [
        "read_only: true",
        "- no-new-privileges:true",
        "- ALL",
        "- ${DROPS:-/mnt/drops}:/drops:ro",
        "- 127.0.0.1:8750:8750",
    ] {
        assert!(recipe.lines().any(|own| own.trim() == line), "{line}");
    }
    // The volume belongs to the user of the image, who is not root.
    let image = page("Dockerfile");
    let user = image.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(image.contains(&format!("install --directory --owner {user} --mode 700 /data")));
    assert!(recipe.contains("- data:/data"));
}

#[test]
fn systemd_takes_the_unit_and_finds_it_tight() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        return eprintln!("skipped: no systemd-analyze here");
    };
    let version = String::from_utf8_lossy(&version.stdout).split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.service");
    // The program is not installed here, nor is its manual page.
    let unit = page("packaging/systemd/countersign.service")
        .replace("/usr/local/bin/countersign", env!("CARGO_BIN_EXE_countersign"));
    let unit: String =
        unit.lines().filter(|line| !line.starts_with("Documentation=")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, unit).unwrap();
    let checked = Command::new("systemd-analyze").arg("verify").arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && !said.contains("countersign.service"), "{said}");
    if version < 250 {
        return eprintln!("skipped: systemd-analyze {version} does not judge files");
    }
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=25"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
}
