//! What is installed and released: the archive with manual pages and completions, the container's recipe, and what the
//! published package needs.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::Command;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    std::fs::read_to_string(project().join(name)).unwrap()
}

#[test]
fn the_archive_of_a_release_holds_program_pages_and_completions() {
    let out = tempfile::tempdir().unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    // A copy without what only a debugger reads: it is packed as it is.
    let small = tempfile::tempdir().unwrap();
    let program = small.path().join("countersign");
    let stripped = Command::new("strip").arg("-o").arg(&program).arg(built.join("countersign")).status();
    if !stripped.is_ok_and(|status| status.success()) {
        std::fs::copy(built.join("countersign"), &program).unwrap();
    }
    let packed = Command::new("bash")
        .arg(project().join(".github/package"))
        .args(["x86_64-unknown-linux-gnu", small.path().to_str().unwrap(), out.path().to_str().unwrap()])
        .env("COUNTERSIGN_CONFIG", out.path().join("none"))
        .output()
        .unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let name = format!("countersign-{}-x86_64-unknown-linux-gnu", env!("CARGO_PKG_VERSION"));
    let listed = Command::new("tar").arg("-tzf").arg(out.path().join(format!("{name}.tar.gz"))).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for file in [
        "countersign",
        "man/man1/countersign.1",
        "man/man1/countersign-scan.1",
        "completions/countersign.bash",
        "completions/_countersign",
        "completions/countersign.fish",
        "LICENSE-MIT",
        "NOTICE",
    ] {
        assert!(listed.lines().any(|line| line == format!("{name}/{file}")), "{file} is not in\n{listed}");
    }
    let sum = std::fs::read_to_string(out.path().join(format!("{name}.tar.gz.sha256"))).unwrap();
    assert!(sum.trim().ends_with(&format!("{name}.tar.gz")), "{sum}");
}

#[test]
fn the_release_builds_what_the_script_packs() {
    let workflow = page(".github/workflows/release.yml");
    let targets: Vec<_> = workflow.lines().filter_map(|line| line.split("target: ").nth(1)).collect();
    for system in ["linux", "darwin", "windows"] {
        assert!(targets.iter().any(|target| target.contains(system)), "no archive for {system}: {targets:?}");
    }
    assert!(workflow.contains(".github/package \"$TARGET\"") && workflow.contains("cargo build --release --locked"));
    // Only what is read is granted, but where an archive is published; no action stands there without a version.
    assert!(workflow.contains("permissions:\n  contents: read"));
    for action in workflow.lines().filter_map(|line| line.split("uses: ").nth(1)) {
        assert!(action.contains('@'), "{action}");
    }
}

#[test]
fn the_container_is_small_and_runs_without_rights() {
    let recipe = page("Dockerfile");
    let lines: Vec<&str> = recipe.lines().collect();
    let from: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert!(from.len() == 2 && from[0].ends_with(" AS build"), "one stage builds, another runs: {from:?}");
    for image in &from {
        let image = image.split(' ').next().unwrap();
        let tag = image.split_once(':').unwrap_or_else(|| panic!("{image} has no tag")).1;
        assert!(tag != "latest" && tag.contains("bookworm"), "{image}");
    }
    let stated = page("Cargo.toml");
    let stated =
        stated.lines().find_map(|l| l.strip_prefix("rust-version = \"")).unwrap().trim_end_matches('"').to_owned();
    assert!(from[0].contains(&format!("rust:{stated}-")), "the container is built with another Rust than {stated}");
    let last = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    let user = lines[last..].iter().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.parse::<u32>().is_ok_and(|id| id > 0), "a number, which clusters can check: {user}");
    assert!(recipe.contains("cargo install --locked --path ."));
    // What is copied from here is here.
    for line in
        lines.iter().filter(|line| line.starts_with("COPY ") && !line.contains("--from=") && !line.contains(" . "))
    {
        let mut words: Vec<_> = line.split(' ').skip(1).collect();
        words.pop();
        assert!(words.iter().all(|file| project().join(file).exists()), "{line}");
    }
}

#[test]
fn installing_needs_nothing_of_the_tests() {
    // What only tests use is under dev-dependencies, which `cargo install` does not build.
    let manifest = page("Cargo.toml");
    let section = |name: &str| {
        let text = manifest.split(&format!("\n[{name}]\n")).nth(1).unwrap().split("\n[").next().unwrap().to_owned();
        text.lines().filter_map(|l| Some(l.split(['=', '.']).next()?.trim().to_owned())).collect::<Vec<_>>()
    };
    let (own, tests) = (section("dependencies"), section("dev-dependencies"));
    for only in ["insta", "proptest", "tempfile", "walkdir", "cfb"] {
        assert!(tests.iter().any(|name| name == only) && !own.iter().any(|name| name == only), "{only}");
    }
    assert!(manifest.contains("\n[[bin]]\nname = \"countersign\""), "the program is what is installed");
}
