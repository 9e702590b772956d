//! Golden facts: every `fixtures/formats/NAME` has a `NAME.facts.json` that says what is read from it.
//!
//! A new case is two dropped files. `COUNTERSIGN_BLESS=1 cargo test formats::` rewrites the goldens.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use countersign::extract;

#[test]
fn every_fixture_reads_as_its_golden_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let bless = std::env::var_os("COUNTERSIGN_BLESS").is_some();
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|p| !p.to_string_lossy().ends_with(".facts.json"));
    names.sort();
    assert!(!names.is_empty(), "no fixture in {}", folder.display());
    let mut wrong = Vec::new();
    for path in names {
        let facts = extract::facts(&path, &[], &extract::Options::default());
        let got = serde_json::to_string_pretty(&facts).unwrap() + "\n";
        let golden = path.with_file_name(format!("{}.facts.json", path.file_name().unwrap().to_str().unwrap()));
        if bless {
            std::fs::write(&golden, &got).unwrap();
        } else if std::fs::read_to_string(&golden).ok().as_deref() != Some(got.as_str()) {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "facts differ from the golden files: {wrong:#?}");
}
