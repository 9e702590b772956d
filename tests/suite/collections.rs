//! One manifest for the files of a folder: signed here, verified against what lies there.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::signed;
use crate::samples::zip;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use countersign::c2pa::{Options, Program, Verifier, Verify};
use countersign::model::{Ai, CredentialState, Credentials, Via};
use countersign::{extract, marks, walk};

const FRAMES: &[(&str, &[u8])] =
    &[("frame_0001.dpx", b"the first"), ("frame_0002.dpx", b"the second"), ("sub/take 2.wav", b"a sound")];

/// A folder of these files with a manifest for them.
fn folder(array: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    for (name, bytes) in FRAMES {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    std::fs::write(folder.path().join("shot.c2pa"), signed::collection(FRAMES, array)).unwrap();
    folder
}

fn judged(path: &Path, verify: Verify) -> Option<Credentials> {
    let worker = Program { path: env!("CARGO_BIN_EXE_countersign").into(), argument: "worker" };
    let sidecars = walk::sidecars(path);
    let mut found = None;
    for worker in [None, Some(worker)] {
        let verifier = Arc::new(Verifier::new(&Options { verify, worker, ..Options::default() }).unwrap());
        let options = extract::Options { verifier: Some(Arc::clone(&verifier)), ..extract::Options::default() };
        let facts = extract::facts(path, &sidecars, &options);
        assert!(found.is_none_or(|f| f == facts.c2pa), "a worker finds something else");
        found = Some(facts.c2pa);
    }
    found.flatten()
}

#[test]
fn every_file_of_the_folder_is_compared() {
    for array in [false, true] {
        let folder = folder(array);
        let store = folder.path().join("shot.c2pa");
        let state = || judged(&store, Verify::Full).unwrap();
        let whole = state();
        // The crate cannot check the signature over members in an array; the files are compared all the same.
        let intact = if array { CredentialState::Unverified } else { CredentialState::Valid };
        assert_eq!((whole.state, &whole.failures, &whole.files), (intact, &vec![], &vec![]), "{array}: {whole:#?}");
        assert_eq!(whole.damage.is_some(), array, "{whole:#?}");
        assert_eq!(marks::ai(&marks::credentials::evidence(&whole)), Ai::Generated);
        assert_eq!(judged(&store, Verify::Signature).unwrap().state, CredentialState::Unverified);

        // What is not listed is not bound.
        std::fs::write(folder.path().join("frame_0003.dpx"), b"more").unwrap();
        assert_eq!(state().state, intact);

        std::fs::write(folder.path().join("frame_0002.dpx"), b"the Second").unwrap();
        let changed = state();
        assert_eq!(changed.state, CredentialState::Invalid);
        assert_eq!(changed.failures, ["assertion.collectionHash.mismatch"]);
        assert_eq!(changed.files, ["frame_0002.dpx"]);

        std::fs::remove_file(folder.path().join("sub/take 2.wav")).unwrap();
        let gone = state();
        assert_eq!(gone.failures, ["assertion.collectionHash.incorrectFileCount", "assertion.collectionHash.mismatch"]);
        assert_eq!(gone.files, ["frame_0002.dpx", "sub/take 2.wav (missing)"]);
    }
}

#[test]
fn a_manifest_of_many_speaks_of_a_file_of_its_stem_only_if_it_lists_it() {
    let folder = folder(false);
    let path = folder.path().join("shot.dpx");
    std::fs::write(&path, b"not listed").unwrap();
    assert_eq!(judged(&path, Verify::Full), None);
    let listed: &[(&str, &[u8])] = &[("shot.dpx", b"listed"), FRAMES[0]];
    std::fs::write(folder.path().join("shot.c2pa"), signed::collection(listed, false)).unwrap();
    let changed = judged(&path, Verify::Full).unwrap();
    assert_eq!((changed.state, changed.via), (CredentialState::Invalid, Via::Sidecar), "{changed:#?}");
    std::fs::write(&path, b"listed").unwrap();
    assert_eq!(judged(&path, Verify::Full).unwrap().state, CredentialState::Valid);
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(outer.path().join("secret"), b"x").unwrap();
    std::fs::write(folder.join("shot.c2pa"), signed::collection(&[("../secret", b"x")], true)).unwrap();
    let found = judged(&folder.join("shot.c2pa"), Verify::Full).unwrap();
    assert_eq!(found.state, CredentialState::Invalid);
    assert_eq!(found.failures, ["assertion.collectionHash.invalidURI"]);
    assert_eq!(found.files, ["../secret (outside of the folder)"]);
}

#[test]
fn the_finding_names_the_file() {
    let folder = folder(true);
    std::fs::write(folder.path().join("frame_0001.dpx"), b"The first").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["scan", ".", "--report", "json"]).env("COUNTERSIGN_CONFIG", folder.path().join("none"));
    let output = command.current_dir(folder.path()).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let assets = report["assets"].as_array().unwrap();
    let store = assets.iter().find(|a| a["path"] == "shot.c2pa").unwrap();
    let findings = store["findings"].as_array().unwrap();
    let tampered = findings.iter().find(|f| f["rule"] == "tampered-credentials").unwrap();
    let message = tampered["message"].as_str().unwrap();
    assert!(message.contains("the files that they bind") && message.contains("\"frame_0001.dpx\""), "{message}");
    assert_eq!(store["c2pa"]["files"], serde_json::json!(["frame_0001.dpx"]));
}

/// What an archive holds beside the manifest was not laid out with it: that is no tampering.
#[test]
fn a_collection_in_an_archive_is_not_called_tampered() {
    let folder = tempfile::tempdir().unwrap();
    let store = signed::collection(FRAMES, false);
    let members: Vec<(&str, &[u8])> = FRAMES.iter().copied().chain([("shot.c2pa", store.as_slice())]).collect();
    std::fs::write(folder.path().join("shot.zip"), zip::archive(&members)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["scan", ".", "--report", "json"]).env("COUNTERSIGN_CONFIG", folder.path().join("none"));
    let output = command.current_dir(folder.path()).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let assets = report["assets"].as_array().unwrap();
    let store = assets.iter().find(|a| a["path"].as_str().unwrap().ends_with("shot.c2pa")).unwrap();
    assert_eq!((&store["ai"], &store["c2pa"]["state"]), (&"generated".into(), &"unverified".into()), "{store}");
    assert!(store["c2pa"]["damage"].as_str().unwrap().contains("not beside it"), "{store}");
}
