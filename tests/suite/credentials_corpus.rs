//! Credentials of a corpus of real and made files, compared with labels: skipped unless `COUNTERSIGN_CORPUS` names
//! a folder with `TRUTH.tsv` (path, SHA-256, truth, note with `full=STATE`, …) and `COUNTERSIGN_TRUST_LISTS` a folder of lists.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::shared::prerequisite;
use countersign::c2pa::trust::TrustList;
use countersign::c2pa::{Options, Verifier, Verify};
use countersign::model::CredentialState;
use countersign::{extract, marks};

fn lists(folder: &Path, names: &[&str]) -> Vec<TrustList> {
    names.iter().map(|n| TrustList::load(&folder.join(n)).unwrap()).collect()
}

#[test]
fn states_and_claims_agree_with_the_labels() {
    let (Some(corpus), Some(trust)) = (prerequisite::corpus(), prerequisite::trust_lists()) else { return };
    let official = lists(&trust, &["C2PA-TRUST-LIST.json", "C2PA-TSA-TRUST-LIST.json"]);
    let mut interim = official.clone();
    interim.extend(lists(&trust, &["interim-anchors.pem", "interim-allowed.pem", "store.cfg"]));
    let make = |trust, verify| Arc::new(Verifier::new(&Options { verify, trust, ..Options::default() }).unwrap());
    let with_official = make(official, Verify::Full);
    let with_interim = make(interim, Verify::Full);
    let off = make(Vec::new(), Verify::Off);

    let truth = std::fs::read_to_string(corpus.join("TRUTH.tsv")).unwrap();
    let (mut compared, mut trusted, mut wrong) = ([0; 2], [0; 2], Vec::new());
    let mut needed = BTreeSet::new();
    let mut spent = [0_f64; 3];
    for line in truth.lines().filter(|l| l.starts_with("c2pa/")) {
        let fields: Vec<_> = line.split('\t').collect();
        let (path, label, note) = (corpus.join(fields[0]), fields[2], fields[3]);
        let sidecars: Vec<_> = [path.with_extension("c2pa")].into_iter().filter(|p| p.exists() && *p != path).collect();
        let mut found = Vec::new();
        for (index, verifier) in [&with_official, &with_interim, &off].into_iter().enumerate() {
            let start = Instant::now();
            let options = extract::Options { verifier: Some(Arc::clone(verifier)), ..extract::Options::default() };
            let facts = extract::facts(&path, &sidecars, &options);
            spent[index] += start.elapsed().as_secs_f64();
            found.push(facts.c2pa);
        }
        let file = fields[0].rsplit('/').next().unwrap();
        for (column, (key, ours)) in ["full=", "full+interim="].into_iter().zip(&found).enumerate() {
            let want = note.split(' ').find_map(|p| p.strip_prefix(key)).unwrap_or_default().to_lowercase();
            let got = ours.as_ref().map_or("none", |c| name(c.state));
            let vouched = ours.as_ref().and_then(|c| c.trust_list.as_deref());
            trusted[column] += usize::from(got == "trusted");
            if got == "trusted" && vouched.is_none() {
                wrong.push(format!("{}: {got}, vouched for by {vouched:?}", fields[0]));
            }
            if want.is_empty() {
                continue;
            }
            compared[column] += 1;
            let accepted = DIFFERENT.iter().find(|(name, state, _)| *name == file && *state == got);
            match accepted {
                _ if want == got => {}
                Some((name, ..)) => drop(needed.insert(*name)),
                None => wrong.push(format!("{}: {key}{want}, ours {got}: {ours:#?}", fields[0])),
            }
        }
        for ours in &found {
            let evidence: Vec<_> = ours.iter().flat_map(marks::credentials::evidence).collect();
            let ai = marks::ai(&evidence).word();
            if ai != label {
                wrong.push(format!("{}: labelled {label}, ours {ai}: {evidence:#?}", fields[0]));
            }
        }
    }
    let stale: Vec<_> = DIFFERENT.iter().map(|d| d.0).filter(|name| !needed.contains(name)).collect();
    eprintln!(
        "{compared:?} compared, {trusted:?} trusted; seconds with official list, with interim list, off: {spent:.2?}"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(stale.is_empty(), "differences that nothing needs: {stale:?}");
    // Both columns are there, and the interim list vouches for more signers.
    assert!(compared[0] > 100 && compared[1] > 0, "{compared:?}");
    assert!(trusted[1] > trusted[0], "{trusted:?}");
}

/// Where our state differs from what the crate's file call says, and why ours is meant.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("nikon-20221019-building.jpeg", "valid", "bytes and signature hold; only the certificate has run out"),
    ("truepic-20230212-camera.jpg", "unverified", "its exclusion leaves the bytes before the store unbound"),
    ("dashinit.mp4", "unverified", "an initialization segment without its fragments is not tampering"),
    ("no_alg.jpg", "unreadable", "an error of the crate"),
    ("prerelease.jpg", "unreadable", "an error of the crate"),
    ("sample3.svg", "unreadable", "an error of the crate"),
    ("sample4.svg", "unreadable", "an error of the crate"),
    ("no_manifest.jpg", "unreadable", "XMP points to a store that is gone"),
    ("video1_no_manifest.mp4", "unreadable", "XMP points to a store that is gone"),
    ("bmff_purpose_retagged_trained.mp4", "unverified", "the crate sees no store in a retagged box"),
    ("truncated_trained.mp4", "unverified", "an error of the crate; the store survives"),
    ("remote_ai_with_local_sidecar.jpg", "valid", "the crate's file call does not look for the sidecar"),
    ("manifest_data.c2pa", "unverified", "a store on its own has no asset to match"),
    ("cloud_manifest.c2pa", "unverified", "a store on its own has no asset to match"),
    ("Purple Square.psd", "none", "the crate does not read it, and it holds no store"),
    ("nested_moov_1000.mp4", "none", "an error of the crate; no store"),
    ("sample3.invalid.wav", "none", "an error of the crate; no store"),
];

fn name(state: CredentialState) -> &'static str {
    match state {
        CredentialState::Trusted => "trusted",
        CredentialState::Valid => "valid",
        CredentialState::Invalid => "invalid",
        CredentialState::Unverified => "unverified",
        CredentialState::Unreadable => "unreadable",
        CredentialState::Remote => "remote",
    }
}
