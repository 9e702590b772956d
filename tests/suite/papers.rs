//! The papers that people sign, by the program: provenance, disclosure, supplier; and the signed verdict.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::shared::document::{self, program, steps};

use std::path::{Path, PathBuf};
use std::process::Output;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, env!("CARGO_BIN_EXE_countersign")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The demo delivery and its ledger in a folder of their own.
fn delivery() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&project().join("fixtures/delivery"), &folder.path().join("delivery"));
    std::fs::copy(project().join("fixtures/approvals.jsonl"), folder.path().join("approvals.jsonl")).unwrap();
    folder
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The page without what only a script shows.
fn markup(html: &str) -> &str {
    html.split("<script>").next().unwrap()
}

#[test]
fn the_page_for_archives_does_what_it_says() {
    let folder = delivery();
    let steps = steps(&read(project(), "docs/archive.md"));
    assert!(steps.len() > 8, "the page has lost its commands");
    document::run(folder.path(), &steps);
}

#[test]
fn every_archival_asset_has_a_sheet_and_every_use_of_ai_an_entry() {
    let folder = delivery();
    let output = countersign(
        folder.path(),
        &[
            "scan",
            "delivery",
            "--approvals",
            "approvals.jsonl",
            "--report",
            "provenance=sheets.html",
            "--report",
            "json=r.json",
            "--report",
            "disclosure=uses.html",
            "--title",
            "Episode 3",
            "-q",
        ],
    );
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report: serde_json::Value = serde_json::from_str(&read(folder.path(), "r.json")).unwrap();
    let (sheets, uses) = (read(folder.path(), "sheets.html"), read(folder.path(), "uses.html"));
    let (sheets, uses) = (markup(&sheets), markup(&uses));
    assert!(sheets.contains("<h1>Episode 3</h1>") && uses.contains("<h1>Episode 3</h1>"));
    assert_eq!(report["run"]["report"]["title"], "Episode 3");
    let mut seen = (0, 0);
    for asset in report["assets"].as_array().unwrap() {
        let path = asset["path"].as_str().unwrap();
        if asset["role"] == "archival" {
            seen.0 += 1;
            assert!(sheets.contains(&format!("<h3>{path}</h3>")), "{path} has no sheet");
        }
        if asset["ai"] != "none" {
            seen.1 += 1;
            assert!(uses.contains(&format!("<h3>{path}</h3>")), "{path} has no entry");
        }
    }
    assert!(seen.0 >= 2 && seen.1 >= 5, "{seen:?}");
    for words in ["To be asked of the archive", "Against it", "Rights and holding", "Where it is in the cut"] {
        assert!(sheets.contains(words), "{words}");
    }
    for words in ["Likeness or voice", "Consent", "Audience is told", "Sources and rights", "temporary/previs_010.png"]
    {
        assert!(uses.contains(words), "{words}");
    }
}

#[test]
fn the_name_of_the_file_chooses_page_or_table() {
    let folder = delivery();
    let reports = ["provenance=p.csv", "disclosure=d.csv", "provenance=p.html"].map(|name| ["--report", name]);
    let arguments = [&["scan", "delivery", "-q"][..], &reports.concat()].concat();
    countersign(folder.path(), &arguments);
    assert!(read(folder.path(), "p.csv").starts_with("asset,grade,title,"));
    assert!(read(folder.path(), "d.csv").starts_with("asset,place in the work,use,tool,"));
    assert!(read(folder.path(), "p.html").starts_with("<!doctype html>"));
    let rows: Vec<_> = read(folder.path(), "d.csv").lines().map(|line| line.split(',').count()).collect();
    assert!(rows.len() > 5);
}

#[test]
fn the_supplier_reads_the_verdict_the_difference_and_no_command_of_ours() {
    let folder = delivery();
    let scan = |more: &[&str]| countersign(folder.path(), &[&["scan", "delivery", "-q"][..], more].concat());
    scan(&["--report", "json=first.json"]);
    std::fs::remove_file(folder.path().join("delivery/final/insert_040.png")).unwrap();
    let marked = folder.path().join("delivery/final/hero_010.png");
    std::fs::copy(&marked, folder.path().join("delivery/final/hero_020.png")).unwrap();
    std::fs::write(
        folder.path().join("house.toml"),
        "[report]\nproject = \"The River\"\nepisode = \"3\"\nsender = \"Example Studio\"\ncontact = \"qc@example.com\"\ndue = 2026-12-24\n",
    )
    .unwrap();
    scan(&["--policy", "house.toml", "--baseline", "first.json", "--report", "supplier=page.html"]);
    let html = read(folder.path(), "page.html");
    let page = markup(&html);
    for words in [
        "The River",
        "Example Studio",
        "qc@example.com",
        "2026-12-24",
        "The delivery cannot be accepted as it is.",
        "Since the last delivery",
        "Resolved: <span class=\"mono\">final/insert_040.png</span>",
        "final/hero_020.png</span> <span class=\"tag new\">new</span>",
        "final/hero_010.png</span> <span class=\"tag old\">still open</span>",
        "<textarea",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    for words in ["countersign ", "--approvals", "`"] {
        let shown = page.split("<footer>").next().unwrap().split("<main>").nth(1).unwrap();
        assert!(!shown.contains(words), "the page holds {words}");
    }
}

struct Verdict {
    folder: tempfile::TempDir,
}

impl Verdict {
    /// The demo delivery, judged by a policy of the house and signed.
    fn new() -> Self {
        let folder = delivery();
        std::fs::write(folder.path().join("house.toml"), "name = \"house\"\n").unwrap();
        assert!(countersign(folder.path(), &["keys", "new", "legal"]).status.success());
        assert!(countersign(folder.path(), &["keys", "new", "other"]).status.success());
        let output = countersign(
            folder.path(),
            &[
                "scan",
                "delivery",
                "--policy",
                "house.toml",
                "--approvals",
                "approvals.jsonl",
                "--attest",
                "v.json",
                "--key",
                "legal",
                "-q",
            ],
        );
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("delivery").join(name)
    }

    fn verify(&self, more: &[&str]) -> (i32, String) {
        let usual =
            ["verify-verdict", "v.json", "delivery", "--policy", "house.toml", "--approvals", "approvals.jsonl"];
        let signed = if more.contains(&"--signed-by") { &[][..] } else { &["--signed-by", "legal.pub"] };
        let output = countersign(self.folder.path(), &[&usual[..], signed, more].concat());
        (output.status.code().unwrap(), said(&output))
    }

    fn fails(&self, words: &str) {
        let (code, text) = self.verify(&[]);
        assert!(code == 1 && text.contains("DOES NOT HOLD") && text.contains(words), "{words}: {code}\n{text}");
    }

    fn holds(&self) {
        let (code, text) = self.verify(&[]);
        assert!(code == 0 && text.contains("HOLDS"), "{code}\n{text}");
    }
}

#[test]
fn a_signed_verdict_holds_for_these_bytes_only() {
    let verdict = Verdict::new();
    verdict.holds();
    // One byte.
    let picture = verdict.file("final/photo_030.jpg");
    let whole = std::fs::read(&picture).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    std::fs::write(&picture, flipped).unwrap();
    verdict.fails("final/photo_030.jpg: has other bytes");
    std::fs::write(&picture, &whole).unwrap();
    verdict.holds();
    // One file more, one less.
    std::fs::write(verdict.file("final/more.png"), "x").unwrap();
    verdict.fails("final/more.png: was not there when it was judged");
    std::fs::remove_file(verdict.file("final/more.png")).unwrap();
    std::fs::remove_file(&picture).unwrap();
    verdict.fails("final/photo_030.jpg: was judged, and is not there");
    std::fs::write(&picture, &whole).unwrap();
    verdict.holds();
    // The name is part of it.
    std::fs::rename(&picture, verdict.file("final/photo_031.jpg")).unwrap();
    verdict.fails("final/photo_031.jpg: was not there");
}

#[test]
fn a_signed_verdict_holds_for_its_policy_ledger_and_signer_only() {
    let verdict = Verdict::new();
    let folder = verdict.folder.path();
    std::fs::write(folder.join("house.toml"), "name = \"house\"\n# laxer\n").unwrap();
    verdict.fails("judged by another policy");
    std::fs::write(folder.join("house.toml"), "name = \"house\"\n").unwrap();
    let (code, text) = verdict.verify(&["--signed-by", "other.pub"]);
    assert!(code == 1 && text.contains("was not signed by other.pub"), "{text}");
    // A ledger that goes on still holds the head, one that lost lines does not.
    let ledger = read(folder, "approvals.jsonl");
    let added = countersign(
        folder,
        &["approve", "delivery/final/hero_010.png", "--by", "Jane Doe", "--approvals", "approvals.jsonl"],
    );
    assert!(added.status.success(), "{}", said(&added));
    verdict.holds();
    let fewer: Vec<_> = ledger.lines().collect();
    std::fs::write(folder.join("approvals.jsonl"), fewer[..fewer.len() - 1].join("\n") + "\n").unwrap();
    verdict.fails("never had the head");
    std::fs::write(folder.join("approvals.jsonl"), ledger).unwrap();
    // An edited statement.
    let sealed = read(folder, "v.json");
    let mut envelope: serde_json::Value = serde_json::from_str(&sealed).unwrap();
    let payload = data_encoding::BASE64.decode(envelope["payload"].as_str().unwrap().as_bytes()).unwrap();
    let text = String::from_utf8(payload).unwrap();
    assert!(text.contains("\"outcome\":\"fail\""));
    let text = text.replace("\"outcome\":\"fail\"", "\"outcome\":\"pass\"");
    envelope["payload"] = data_encoding::BASE64.encode(text.as_bytes()).into();
    std::fs::write(folder.join("v.json"), envelope.to_string()).unwrap();
    verdict.fails("edited after it was signed");
}

#[test]
fn a_verdict_fits_its_schema_and_is_never_written_below_a_root() {
    let verdict = Verdict::new();
    let folder = verdict.folder.path();
    let envelope: serde_json::Value = serde_json::from_str(&read(folder, "v.json")).unwrap();
    let payload = data_encoding::BASE64.decode(envelope["payload"].as_str().unwrap().as_bytes()).unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&read(project(), "docs/verdict.schema.json")).unwrap();
    assert_eq!(crate::shared::schema::faults(&schema, &statement), Vec::<String>::new());
    let files = walk(&folder.join("delivery"));
    let left_by_systems = statement["predicate"]["notLookedAt"]["system"].as_u64().unwrap() as usize;
    let subjects = statement["subject"].as_array().unwrap().len();
    assert_eq!(subjects + left_by_systems, files, "every file is a subject");
    let inside = countersign(folder, &["scan", "delivery", "--attest", "delivery/v.json", "--key", "legal", "-q"]);
    assert_eq!(inside.status.code(), Some(3), "{}", said(&inside));
    assert!(!folder.join("delivery/v.json").exists());
    let keyless = countersign(folder, &["scan", "delivery", "--attest", "w.json"]);
    assert_eq!(keyless.status.code(), Some(3), "{}", said(&keyless));
}

fn walk(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { 1 }).sum()
}
