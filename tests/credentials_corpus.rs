//! Credentials of a corpus of real and made files, compared with labels: skipped unless `COUNTERSIGN_CORPUS` names
//! a folder with `TRUTH.tsv` (path, SHA-256, truth, note with `full=STATE`, …) and `COUNTERSIGN_TRUST` a folder of lists.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use countersign::c2pa::trust::TrustList;
use countersign::c2pa::{Options, Verifier, Verify};
use countersign::model::{CredentialState, Facts, Store};
use countersign::{extract, marks};

fn lists(folder: &Path, names: &[&str]) -> Vec<TrustList> {
    names.iter().map(|n| TrustList::load(&folder.join(n)).unwrap()).collect()
}

/// The facts of a file; where no reader of ours finds a store yet, the crate's own does.
fn facts(path: &Path) -> Facts {
    let mut facts = extract::facts(path, &extract::Options::default());
    let known = path.to_string_lossy().contains("tiff_poc")
        || path.extension().is_some_and(|e| e == "pdf" && facts.format.is_some());
    if facts.stores.is_empty() && facts.format.is_none() && !known {
        let whole = std::fs::read(path).unwrap();
        if let Ok(bytes) = c2pa::jumbf_io::load_jumbf_from_file(path) {
            let head = &bytes[..bytes.len().min(40)];
            let offset = whole.windows(head.len()).position(|w| w == head).unwrap_or(0) as u64;
            let place = if whole.starts_with(b"<") { "SVG" } else { "found by the crate" };
            facts.stores.push(Store { place: place.into(), offset, bytes, ..Store::default() });
        }
    }
    facts
}

#[test]
fn states_and_claims_agree_with_the_labels() {
    let (Some(corpus), Some(trust)) = (std::env::var_os("COUNTERSIGN_CORPUS"), std::env::var_os("COUNTERSIGN_TRUST"))
    else {
        eprintln!("skipped: COUNTERSIGN_CORPUS and COUNTERSIGN_TRUST are not set");
        return;
    };
    let (corpus, trust) = (PathBuf::from(corpus), PathBuf::from(trust));
    let official = lists(&trust, &["C2PA-TRUST-LIST.json", "C2PA-TSA-TRUST-LIST.json"]);
    let mut interim = official.clone();
    interim.extend(lists(&trust, &["interim-anchors.pem", "interim-allowed.pem", "store.cfg"]));
    let make = |trust, verify| Verifier::new(&Options { verify, trust }).unwrap();
    let with_official = make(official, Verify::Full);
    let with_interim = make(interim, Verify::Full);
    let off = make(Vec::new(), Verify::Off);

    let truth = std::fs::read_to_string(corpus.join("TRUTH.tsv")).unwrap();
    let (mut checked, mut wrong) = (0, Vec::new());
    let mut spent = [0_f64; 3];
    for line in truth.lines().filter(|l| l.starts_with("c2pa/")) {
        let fields: Vec<_> = line.split('\t').collect();
        let (path, label, note) = (corpus.join(fields[0]), fields[2], fields[3]);
        let sidecars: Vec<_> = [path.with_extension("c2pa")].into_iter().filter(|p| p.exists() && *p != path).collect();
        let read = facts(&path);
        let mut states = Vec::new();
        for (index, verifier) in [&with_official, &with_interim, &off].into_iter().enumerate() {
            let mut facts = read.clone();
            let start = Instant::now();
            verifier.credentials(&path, &mut facts, &sidecars);
            spent[index] += start.elapsed().as_secs_f64();
            states.push(facts.c2pa);
        }
        let word = |index: usize| states[index].as_ref().map_or("None", |c| name(c.state));
        let evidence: Vec<_> = states[0].iter().flat_map(marks::credentials::evidence).collect();
        let ai = marks::ai(&evidence).word();
        checked += 1;
        let expected = |key: &str| {
            let value = note.split(' ').find_map(|p| p.strip_prefix(key)).unwrap_or_default();
            if value.is_empty() { "?".to_owned() } else { value.to_lowercase() }
        };
        for (index, key) in ["full=", "full+interim="].into_iter().enumerate() {
            let (want, got) = (expected(key), word(index).to_lowercase());
            if want != "?" && want != got {
                let c = states[index].as_ref();
                let damage = c.and_then(|c| c.damage.clone()).unwrap_or_default();
                let failures = c.map(|c| c.failures.clone()).unwrap_or_default();
                wrong.push(format!("{}\n    {key}{want}, ours {got} {failures:?} {damage}", fields[0]));
            }
        }
        if ai != label {
            wrong.push(format!("{}\n    labelled {label}, ours {ai}: {evidence:#?}", fields[0]));
        }
    }
    eprintln!("{checked} files; seconds with official list, with interim list, without verification: {spent:.2?}");
    for line in &wrong {
        eprintln!("{line}");
    }
}

fn name(state: CredentialState) -> &'static str {
    match state {
        CredentialState::Trusted => "Trusted",
        CredentialState::Valid => "Valid",
        CredentialState::Invalid => "Invalid",
        CredentialState::Unverified => "Unverified",
        CredentialState::Unreadable => "Unreadable",
        CredentialState::Remote => "Remote",
    }
}
