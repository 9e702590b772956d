//! Content Credentials that do not stand in the file: in a store beside it, or at an address.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use countersign::c2pa::Verify;
use countersign::marks;
use countersign::model::{Ai, Claim, CredentialState, Credentials, Extraction, Facts, Strength, Via};

use crate::credentials::{Folder, facts, verifier};
use crate::samples::signed::{self, CAPTURED, GENERATED};

#[test]
fn sidecars_speak_for_files_that_hold_nothing() {
    let folder = Folder::new();
    // A container that the crate does not read: only the bytes count.
    let bytes = b"no container that anybody reads, but bytes that can be hashed";
    let asset = folder.file("a.mxf", bytes);
    let beside =
        folder.file("a.mxf.c2pa", &signed::sidecar("application/octet-stream", bytes, &signed::created(GENERATED)));
    let full = verifier(Verify::Full, Vec::new());
    let found = facts(&asset, &full, std::slice::from_ref(&beside)).c2pa.unwrap();
    assert_eq!((found.state, found.via), (CredentialState::Valid, Via::Sidecar), "{found:#?}");
    assert_eq!(marks::credentials::evidence(&found)[0].via, Via::Sidecar);

    let changed = folder.file("a.mxf", b"No container that anybody reads, but bytes that can be hashed");
    let found = facts(&changed, &full, std::slice::from_ref(&beside)).c2pa.unwrap();
    assert_eq!(found.state, CredentialState::Invalid);
}

#[test]
fn pointers_without_a_store_are_told() {
    let tag = |value: &str| countersign::model::Tag {
        space: "xmp".into(),
        key: "dcterms:provenance".into(),
        value: value.into(),
        ..Default::default()
    };
    let verifier = verifier(Verify::Full, Vec::new());
    let pointed = |value: &str| {
        let mut read = Extraction::from(Facts { tags: vec![tag(value)], ..Facts::default() });
        verifier.credentials(Path::new("x.jpg"), &mut read, &[]);
        read.facts.c2pa
    };
    let remote = pointed("https://example.invalid/m.c2pa").unwrap();
    assert_eq!((remote.state, remote.present), (CredentialState::Remote, false));
    assert_eq!(remote.remote.as_deref(), Some("https://example.invalid/m.c2pa"));
    let gone = pointed("self#jumbf=c2pa/urn:uuid:1").unwrap();
    assert_eq!((gone.state, gone.present), (CredentialState::Unreadable, false));
    assert!(gone.damage.is_some());
    assert_eq!(pointed("a note about provenance"), None);
}

#[test]
fn one_store_for_two_files_of_a_stem_speaks_of_the_one_that_fits() {
    let folder = Folder::new();
    let full = verifier(Verify::Full, Vec::new());
    let ours = b"the bytes that were signed";
    let asset = folder.file("a.mxf", ours);
    let other = folder.file("a.dpx", b"bytes of another file");
    let store = folder.file("a.c2pa", &signed::sidecar("application/octet-stream", ours, &signed::created(GENERATED)));
    let beside = std::slice::from_ref(&store);
    assert_eq!(facts(&asset, &full, beside).c2pa.unwrap().state, CredentialState::Valid);
    assert_eq!(facts(&other, &full, beside).c2pa, None);

    // Without the bytes nobody can tell: both are told so, and the marks count for both.
    let read = verifier(Verify::Off, Vec::new());
    for path in [&asset, &other] {
        let found = facts(path, &read, beside).c2pa.unwrap();
        assert!(found.damage.as_deref().unwrap().contains("only their bytes would tell"), "{found:?}");
        assert_eq!(marks::ai(&marks::credentials::evidence(&found)), Ai::Generated);
    }

    let neither = Folder::new();
    let (a, b) = (neither.file("a.mxf", b"changed"), neither.file("a.dpx", b"bytes of another file"));
    neither.file("a.xmp", b"no rival");
    let store = neither.file("a.c2pa", &std::fs::read(&store).unwrap());
    for path in [&a, &b] {
        let found = facts(path, &verifier(Verify::Full, Vec::new()), std::slice::from_ref(&store)).c2pa.unwrap();
        assert_eq!(found.state, CredentialState::Unverified);
        assert!(found.damage.as_deref().unwrap().contains("fits none of them"), "{found:?}");
    }
    // Alone with its store, a file that does not fit was changed.
    std::fs::remove_file(&b).unwrap();
    let found = facts(&a, &verifier(Verify::Full, Vec::new()), std::slice::from_ref(&store)).c2pa.unwrap();
    assert_eq!((found.state, found.damage), (CredentialState::Invalid, None));
}

#[test]
fn what_the_file_holds_goes_before_what_lies_beside_it() {
    let folder = Folder::new();
    let bytes = signed::sign("image/png", &signed::png(), &signed::created(CAPTURED));
    let asset = folder.file("a.png", &bytes);
    let beside = folder.file("a.png.c2pa", &signed::sidecar("image/png", &bytes, &signed::created(GENERATED)));
    let found = facts(&asset, &verifier(Verify::Full, Vec::new()), &[beside]).c2pa.unwrap();
    assert_eq!((found.state, found.via), (CredentialState::Valid, Via::Own));
}

#[test]
fn a_remote_address_does_not_hide_the_store_beside_the_file() {
    let bytes = signed::pointing("https://example.invalid/a.c2pa");
    let folder = Folder::new();
    let asset = folder.file("a.jpg", &bytes);
    let full = verifier(Verify::Full, Vec::new());
    let alone = facts(&asset, &full, &[]).c2pa.unwrap();
    assert_eq!((alone.state, alone.present), (CredentialState::Remote, false));
    let beside = folder.file("a.c2pa", &signed::sidecar("image/jpeg", &bytes, &signed::created(GENERATED)));
    let found = facts(&asset, &full, &[beside]).c2pa.unwrap();
    assert_eq!((found.state, found.via), (CredentialState::Valid, Via::Sidecar), "{found:#?}");
    assert_eq!(found.remote.as_deref(), Some("https://example.invalid/a.c2pa"));
}

/// `name.ext.c2pa` and `name.c2pa` that differ: both speak, and the first whose seal holds leads.
#[test]
fn of_two_stores_beside_a_file_the_first_that_holds_leads_and_both_speak() {
    let bytes = b"bytes that can be hashed";
    let good = |kind| signed::sidecar("application/octet-stream", bytes, &signed::created(kind));
    let bad = |kind| signed::sidecar("application/octet-stream", b"other bytes", &signed::created(kind));
    let full = verifier(Verify::Full, Vec::new());
    for (exact, stem, lead, state, expected, strength) in [
        (good(CAPTURED), good(GENERATED), "a.mxf.c2pa", CredentialState::Valid, Ai::Generated, Strength::Signed),
        (bad(GENERATED), good(CAPTURED), "a.c2pa", CredentialState::Valid, Ai::Generated, Strength::Declared),
        (good(CAPTURED), bad(GENERATED), "a.mxf.c2pa", CredentialState::Valid, Ai::Generated, Strength::Declared),
        (bad(GENERATED), bad(CAPTURED), "a.mxf.c2pa", CredentialState::Invalid, Ai::Generated, Strength::Declared),
    ] {
        let folder = Folder::new();
        let asset = folder.file("a.mxf", bytes);
        let sidecars = [folder.file("a.c2pa", &stem), folder.file("a.mxf.c2pa", &exact)];
        let found = facts(&asset, &full, &sidecars);
        assert!(found.problems.iter().any(|p| p.what.contains("different manifests")), "{:?}", found.problems);
        let credentials = found.c2pa.unwrap();
        assert_eq!((credentials.state, credentials.place), (state, Some(format!("sidecar {lead}"))));
        let evidence =
            marks::credentials::evidence(&Credentials { place: None, ..facts(&asset, &full, &sidecars).c2pa.unwrap() });
        let generated = evidence.iter().find(|e| e.claim == Claim::Generated).unwrap();
        assert_eq!((marks::ai(&evidence), generated.strength), (expected, strength), "{lead}");
    }
    // The store of the stem that fits another file of it is that file's alone.
    let folder = Folder::new();
    let asset = folder.file("a.mxf", bytes);
    folder.file("a.wav", b"other bytes");
    let sidecars = [folder.file("a.c2pa", &bad(GENERATED)), folder.file("a.mxf.c2pa", &good(CAPTURED))];
    let found = facts(&asset, &full, &sidecars);
    assert_eq!((found.problems.len(), found.c2pa.as_ref().unwrap().chain.len()), (0, 1), "{found:#?}");
    // The same store by both names is one.
    let sidecars = [folder.file("a.c2pa", &std::fs::read(&sidecars[1]).unwrap()), sidecars[1].clone()];
    assert_eq!(facts(&asset, &full, &sidecars).problems, vec![]);
}
