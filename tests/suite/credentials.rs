//! Content Credentials end to end: signed here, read and verified by the library.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::certificates;
use crate::samples::signed;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::c2pa::official;
use countersign::c2pa::trust::TrustList;
use countersign::c2pa::{Options, Verifier, Verify, signals, store};
use countersign::model::{Ai, Claim, CredentialState, Credentials, Evidence, Facts, Strength, Via};
use countersign::{extract, marks};
use signed::{CAPTURED, GENERATED};

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

pub(crate) fn verifier(verify: Verify, trust: Vec<TrustList>) -> Arc<Verifier> {
    Arc::new(Verifier::new(&Options { verify, trust, ..Options::default() }).unwrap())
}

pub(crate) fn facts(path: &Path, verifier: &Arc<Verifier>, sidecars: &[PathBuf]) -> Facts {
    extract::facts(
        path,
        sidecars,
        &extract::Options { verifier: Some(Arc::clone(verifier)), ..extract::Options::default() },
    )
}

/// Credentials and evidence of these bytes, checked in full against no list.
fn judged(name: &str, bytes: &[u8]) -> (Credentials, Vec<Evidence>) {
    let folder = Folder::new();
    let facts = facts(&folder.file(name, bytes), &verifier(Verify::Full, Vec::new()), &[]);
    let credentials = facts.c2pa.expect("credentials");
    let evidence = marks::credentials::evidence(&credentials);
    (credentials, evidence)
}

#[test]
fn intact_files_of_each_kind_are_valid_and_signed_as_generated() {
    for (name, mime, bytes) in [
        ("a.png", "image/png", signed::png()),
        ("a.jpg", "image/jpeg", signed::jpeg()),
        ("a.wav", "audio/wav", signed::wav()),
        ("a.mp4", "video/mp4", signed::mp4()),
    ] {
        let (credentials, evidence) = judged(name, &signed::sign(mime, &bytes, &signed::created(GENERATED)));
        assert_eq!((credentials.state, &credentials.failures), (CredentialState::Valid, &vec![]), "{name}");
        assert_eq!(credentials.signer.as_deref(), Some("samples.invalid"), "{name}");
        assert!(credentials.generator.as_deref().unwrap().starts_with("Countersign samples"), "{name}");
        assert_eq!((credentials.manifests, &credentials.damage), (1, &None), "{name}");
        let [one] = evidence.as_slice() else { panic!("{name}: {evidence:?}") };
        assert_eq!((one.claim, one.strength, one.via), (Claim::Generated, Strength::Signed, Via::Own), "{name}");
        assert_eq!((one.system.as_deref(), one.value.as_str()), (Some("Example Maker"), GENERATED), "{name}");
        assert!(
            one.place.ends_with("C2PA active manifest c2pa.actions c2pa.created digitalSourceType"),
            "{}",
            one.place
        );
        assert!(one.offset.is_some_and(|o| o > 0), "{name}");
    }
}

#[test]
fn what_is_only_gathered_is_not_vouched_for() {
    let json = signed::created(GENERATED).replace(r#""created": true, "#, "");
    let (credentials, evidence) = judged("a.png", &signed::sign("image/png", &signed::png(), &json));
    assert_eq!(credentials.state, CredentialState::Valid);
    assert_eq!((evidence[0].claim, evidence[0].strength), (Claim::Generated, Strength::Declared));
}

#[test]
fn one_changed_byte_is_invalid_and_the_mark_still_counts() {
    for (name, mime, bytes, code) in [
        ("a.png", "image/png", signed::png(), "assertion.dataHash.mismatch"),
        ("a.jpg", "image/jpeg", signed::jpeg(), "assertion.dataHash.mismatch"),
        ("a.mp4", "video/mp4", signed::mp4(), "assertion.bmffHash.mismatch"),
    ] {
        let bytes = signed::flipped(signed::sign(mime, &bytes, &signed::created(GENERATED)), 20);
        let (credentials, evidence) = judged(name, &bytes);
        assert_eq!(credentials.state, CredentialState::Invalid, "{name}");
        assert_eq!(credentials.failures, [code], "{name}");
        assert_eq!(marks::ai(&evidence), Ai::Generated, "{name}");
        assert_eq!(evidence[0].strength, Strength::Declared, "{name}");
    }
}

#[test]
fn a_list_that_vouches_is_named() {
    let signer = signed::signer();
    let (bytes, _) = signed::sign_with(&signer, "image/png", &signed::png(), &signed::created(CAPTURED), &[]);
    let folder = Folder::new();
    let path = folder.file("a.png", &bytes);
    let list = |name: &str, anchors_pem: String| TrustList { name: name.into(), anchors_pem, ..TrustList::default() };
    let other = list("other", signed::authority(&signed::signer()));
    let ours = list("ours", signed::authority(&signer));

    let trusted = facts(&path, &verifier(Verify::Full, vec![other.clone(), ours]), &[]).c2pa.unwrap();
    assert_eq!((trusted.state, trusted.trust_list.as_deref()), (CredentialState::Trusted, Some("ours")));
    let stranger = facts(&path, &verifier(Verify::Full, vec![other]), &[]).c2pa.unwrap();
    assert_eq!((stranger.state, stranger.trust_list), (CredentialState::Valid, None));
}

#[test]
fn an_authority_is_found_among_many() {
    let signer = signed::signer();
    let (bytes, _) = signed::sign_with(&signer, "image/png", &signed::png(), &signed::created(CAPTURED), &[]);
    let folder = Folder::new();
    let path = folder.file("a.png", &bytes);
    let list = |name: &str, anchors_pem: String| TrustList { name: name.into(), anchors_pem, ..TrustList::default() };
    let with = |own: TrustList| [official::lists(), vec![own]].concat();
    for verify in [Verify::Full, Verify::Signature] {
        let ours = list("ours", signed::authority(&signer));
        let trusted = facts(&path, &verifier(verify, with(ours)), &[]).c2pa.unwrap();
        let state = |full| if verify == Verify::Full { full } else { CredentialState::Unverified };
        assert_eq!((trusted.state, trusted.trust_list.as_deref()), (state(CredentialState::Trusted), Some("ours")));
        let other = list("other", signed::authority(&signed::signer()));
        let stranger = facts(&path, &verifier(verify, with(other)), &[]).c2pa.unwrap();
        assert_eq!((stranger.state, stranger.trust_list), (state(CredentialState::Valid), None));
    }
}

#[test]
fn less_verification_promises_less() {
    let folder = Folder::new();
    let good = signed::sign("image/png", &signed::png(), &signed::created(GENERATED));
    let bad_pixels = folder.file("pixels.png", &signed::flipped(good.clone(), 20));
    let at = good.windows(13).position(|w| w == b"Example Maker").unwrap();
    let mut bytes = good.clone();
    bytes[at] = b'e';
    let bad_manifest = folder.file("manifest.png", &bytes);
    let state = |path: &Path, verify| facts(path, &verifier(verify, Vec::new()), &[]).c2pa.unwrap();

    assert_eq!(state(&bad_pixels, Verify::Off).state, CredentialState::Unverified);
    assert_eq!(state(&bad_manifest, Verify::Off).state, CredentialState::Unverified);
    assert_eq!(state(&bad_pixels, Verify::Signature).state, CredentialState::Unverified);
    assert!(state(&bad_pixels, Verify::Signature).failures.is_empty());
    let found = state(&bad_manifest, Verify::Signature);
    assert_eq!((found.state, found.failures), (CredentialState::Invalid, vec!["assertion.hashedURI.mismatch".into()]));
}

#[test]
fn a_cut_file_is_not_called_tampered() {
    let mut bytes = signed::sign("video/mp4", &signed::mp4(), &signed::created(GENERATED));
    bytes.truncate(bytes.len() - 1_000);
    let (credentials, evidence) = judged("a.mp4", &bytes);
    assert_eq!(credentials.state, CredentialState::Unverified);
    assert!(credentials.damage.is_some());
    assert_eq!(marks::ai(&evidence), Ai::Generated);
}

#[test]
fn a_retagged_box_is_damage_and_its_marks_count() {
    let bytes = signed::retagged(signed::sign("video/mp4", &signed::mp4(), &signed::created(GENERATED)));
    let (credentials, evidence) = judged("a.mp4", &bytes);
    assert_eq!(credentials.state, CredentialState::Unverified);
    assert!(credentials.damage.is_some());
    assert_eq!(marks::ai(&evidence), Ai::Generated);
}

#[test]
fn ingredients_pass_on_what_they_are() {
    let generated = signed::sign("image/png", &signed::png(), &signed::created(GENERATED));
    let captured = signed::sign("image/jpeg", &signed::jpeg(), &signed::created(CAPTURED));
    let opened = signed::manifest(r#"{"action": "c2pa.edited"}"#);
    for (relationship, own, part, expected) in [
        ("parentOf", opened.clone(), &generated, (Ai::Generated, Some(Via::Parent))),
        ("componentOf", signed::created(CAPTURED), &generated, (Ai::Composite, Some(Via::Component))),
        ("inputTo", signed::created(CAPTURED), &generated, (Ai::Possible, Some(Via::Input))),
        ("inputTo", signed::created(GENERATED), &captured, (Ai::Generated, Some(Via::Own))),
        ("parentOf", opened, &captured, (Ai::None, None)),
    ] {
        let mime = if part == &generated { "image/png" } else { "image/jpeg" };
        let (bytes, _) =
            signed::sign_with(&signed::signer(), "image/jpeg", &signed::jpeg(), &own, &[(relationship, mime, part)]);
        let (credentials, evidence) = judged("a.jpg", &bytes);
        assert_eq!(credentials.chain.len(), 2, "{relationship}");
        let ai = marks::ai(&evidence);
        let raising = evidence.iter().find(|e| e.claim <= Claim::Possible).map(|e| e.via);
        assert_eq!((ai, raising), expected, "{relationship}: {evidence:#?}");
    }
}

#[test]
fn actions_are_sorted_as_the_rubrics_sort_them() {
    let action = |name: &str, term: &str| {
        let address = format!("https://cv.iptc.org/newscodes/digitalsourcetype/{term}/");
        signed::manifest(&format!(
            r#"{{"action": "c2pa.created", "digitalSourceType": "{CAPTURED}"}}, {{"action": "{name}", "digitalSourceType": "{address}"}}"#
        ))
    };
    for (name, term, expected) in [
        ("c2pa.edited", "compositeWithTrainedAlgorithmicMedia", Ai::Composite),
        ("c2pa.placed", "trainedAlgorithmicMedia", Ai::Composite),
        ("c2pa.edited", "composite", Ai::Possible),
        ("c2pa.enhanced", "algorithmicallyEnhanced", Ai::Enhanced),
        ("c2pa.transcoded", "trainedAlgorithmicMedia", Ai::Possible),
        ("c2pa.edited", "humanEdits", Ai::None),
        ("c2pa.edited", "algorithmicMedia", Ai::None),
        ("c2pa.edited", "somethingNew", Ai::None),
    ] {
        let (_, evidence) = judged("a.png", &signed::sign("image/png", &signed::png(), &action(name, term)));
        assert_eq!(marks::ai(&evidence), expected, "{name} {term}");
    }
}

#[test]
fn permissions_and_titles_are_not_origin() {
    let json = r#"{"title": "trainedAlgorithmicMedia by DALL-E", "claim_generator_info": [{"name": "Plain Editor"}], "assertions": [
        {"label": "c2pa.actions", "data": {"actions": [{"action": "c2pa.created", "description": "Adobe Firefly",
            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"}]}},
        {"label": "cawg.training-mining", "data": {"entries": {"cawg.ai_generative_training": {"use": "notAllowed"}}}}]}"#;
    let (_, evidence) = judged("a.png", &signed::sign("image/png", &signed::png(), json));
    assert_eq!(marks::ai(&evidence), Ai::None, "{evidence:#?}");
}

#[test]
fn assertions_of_vendors_are_marks() {
    let with = |assertion: &str, agent: &str| {
        format!(
            r#"{{"claim_generator_info": [{{"name": "{agent}"}}], "assertions": [{{"label": "c2pa.actions", "data": {{"actions":
            [{{"action": "c2pa.created", "softwareAgent": "{agent}"}}]}}}}{assertion}]}}"#
        )
    };
    let extra = |label: &str, data: &str| format!(r#", {{"label": "{label}", "data": {data}}}"#);
    for (assertion, agent, mark, expected) in [
        (
            extra("com.adobe.generative-ai", r#"{"prompt": "x"}"#),
            "Adobe Firefly",
            "c2pa.adobe-generative-ai",
            Ai::Generated,
        ),
        (
            extra("com.adobe.generative-ai", r#"{"prompt": "x"}"#),
            "Adobe Photoshop",
            "c2pa.adobe-generative-ai",
            Ai::Composite,
        ),
        (extra("c2pa.ai_generated_content", "{}"), "Some API", "c2pa.ai-generated-content", Ai::Generated),
        (String::new(), "Image Creator from Designer", "c2pa.generator", Ai::Generated),
        (
            extra(
                "c2pa.metadata",
                r#"{"@context": {"Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"}, "Iptc4xmpExt:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"}"#,
            ),
            "Some Tool",
            "c2pa.metadata-source-type",
            Ai::Generated,
        ),
    ] {
        let (_, evidence) = judged("a.png", &signed::sign("image/png", &signed::png(), &with(&assertion, agent)));
        assert!(evidence.iter().any(|e| e.mark == mark), "{mark}: {evidence:#?}");
        assert_eq!(marks::ai(&evidence), expected, "{mark} {agent}");
    }
}

#[test]
fn broken_stores_never_panic_and_are_never_clean() {
    let captured = signed::sign("image/jpeg", &signed::jpeg(), &signed::created(CAPTURED));
    let part: signed::Part<'_> = ("componentOf", "image/jpeg", &captured);
    let (bytes, store) =
        signed::sign_with(&signed::signer(), "image/png", &signed::png(), &signed::created(GENERATED), &[part]);
    for len in 0..store.len() {
        let said = store::read(&store[..len]);
        assert!(said.problem.is_some(), "{len} of {}", store.len());
        let _ = signals::chain(&said);
    }
    let folder = Folder::new();
    let full = verifier(Verify::Full, Vec::new());
    let begin = bytes.windows(32).position(|w| w == &store[..32]).unwrap();
    for at in (0..store.len()).step_by(7) {
        let mut bad = store.clone();
        bad[at] ^= 0x55;
        let _ = signals::chain(&store::read(&bad));
        if at % 5 == 0 {
            let mut whole = bytes.clone();
            whole[begin + at] ^= 0x55;
            let found = facts(&folder.file("bad.png", &whole), &full, &[]).c2pa;
            assert!(found.is_none_or(|c| c.state != CredentialState::Trusted), "{at}");
        }
    }
}

#[test]
fn fragments_are_verified_with_their_initialization_segment() {
    let folder = signed::fragmented();
    let full = verifier(Verify::Full, Vec::new());
    let init = folder.path().join("init.mp4");
    let state = || facts(&init, &full, &[]).c2pa.unwrap();
    let found = state();
    assert_eq!((found.state, &found.failures, &found.damage), (CredentialState::Valid, &vec![], &None), "{found:#?}");

    // A file that belongs to nothing here is left alone.
    std::fs::write(folder.path().join("other.m4s"), signed::mp4()).unwrap();
    assert_eq!(state().state, CredentialState::Valid);

    let second = folder.path().join("seg2.m4s");
    let good = std::fs::read(&second).unwrap();
    std::fs::write(&second, signed::flipped(good.clone(), 5)).unwrap();
    let found = state();
    assert_eq!((found.state, found.failures), (CredentialState::Invalid, vec!["assertion.bmffHash.mismatch".into()]));

    std::fs::remove_file(&second).unwrap();
    let found = state();
    assert_eq!(found.state, CredentialState::Unverified);
    assert!(found.damage.as_deref().unwrap().contains("only 2 of its 3 fragments"), "{found:?}");
    for name in ["seg1.m4s", "seg3.m4s"] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    assert!(state().damage.unwrap().contains("only together with its fragments"));
}

#[test]
fn an_exclusion_wider_than_the_store_is_said() {
    let signer = signed::signer();
    let bytes = signed::excluding(&signer, 2_000);
    let (credentials, evidence) = judged("a.jpg", &bytes);
    assert_eq!(credentials.state, CredentialState::Unverified, "{credentials:#?}");
    assert_eq!(credentials.failures, ["assertion.dataHash.exclusionsWider"]);
    assert_eq!(marks::ai(&evidence), Ai::Generated);
}

/// A directory of TIFF directories: minutes in the crate's own reader, which is never asked.
#[test]
fn a_small_tiff_of_many_directories_takes_no_time() {
    let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
    let count: u32 = 5_000;
    bytes.extend(330_u16.to_le_bytes());
    bytes.extend(4_u16.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(26_u32.to_le_bytes());
    bytes.extend([0; 4]);
    for _ in 0..count {
        bytes.extend(8_u32.to_le_bytes());
    }
    let folder = Folder::new();
    let asset = folder.file("a.tiff", &bytes);
    let beside =
        folder.file("a.c2pa", &signed::sidecar("application/octet-stream", &bytes, &signed::created(GENERATED)));
    let start = std::time::Instant::now();
    let facts = facts(&asset, &verifier(Verify::Full, Vec::new()), &[beside]);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    assert!(facts.problems.iter().any(|p| p.blocking), "{:?}", facts.problems);
    assert_eq!(facts.c2pa.unwrap().state, CredentialState::Valid);
}

#[test]
fn a_certificate_that_has_run_out_is_not_tampering() {
    let authority = certificates::Authority::new();
    let subject = |validity| certificates::Subject {
        common_name: "Camera 7",
        organization: "Example Cameras",
        usage: certificates::SIGNS,
        validity,
    };
    let list = TrustList { name: "ours".into(), anchors_pem: authority.pem(), ..TrustList::default() };
    let folder = Folder::new();
    let state = |validity, bytes: fn(Vec<u8>) -> Vec<u8>| {
        let signer = certificates::Disguised::new(&authority, &subject(validity));
        let (shown, _) = signed::sign_with(&signer, "image/jpeg", &signed::jpeg(), &signed::created(GENERATED), &[]);
        let path = folder.file("a.jpg", &bytes(signer.unmasked(&shown)));
        facts(&path, &verifier(Verify::Full, vec![list.clone()]), &[]).c2pa.unwrap()
    };
    let fresh = state(certificates::LONG, |b| b);
    assert_eq!((fresh.state, &fresh.failures), (CredentialState::Trusted, &vec![]), "{fresh:#?}");
    assert_eq!((fresh.signer.as_deref(), fresh.issuer.as_deref()), (Some("Camera 7"), Some("Countersign samples")));

    let expired = state(certificates::PAST, |b| b);
    assert_eq!(expired.state, CredentialState::Valid, "{expired:#?}");
    assert_eq!(expired.failures, ["signingCredential.expired"]);
    assert_eq!(marks::ai(&marks::credentials::evidence(&expired)), Ai::Generated);
    let tampered = state(certificates::PAST, |b| signed::flipped(b, 20));
    assert_eq!(tampered.state, CredentialState::Invalid);
    assert_eq!(tampered.failures, ["assertion.dataHash.mismatch", "signingCredential.expired"]);
}

/// The crate reads GIF a byte at a time, and an update manifest needs its reader: that must cost no system call each.
#[test]
fn a_large_gif_takes_no_time() {
    let signed = signed::sign("image/gif", &signed::gif(6_000_000), &signed::created(GENERATED));
    let updated = signed::updated("image/gif", &signed);
    let folder = Folder::new();
    for bytes in [signed, updated] {
        let path = folder.file("a.gif", &bytes);
        let start = std::time::Instant::now();
        let found = facts(&path, &verifier(Verify::Full, Vec::new()), &[]).c2pa.unwrap();
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
        assert_eq!((found.state, &found.failures), (CredentialState::Valid, &vec![]), "{found:#?}");
        assert_eq!(marks::ai(&marks::credentials::evidence(&found)), Ai::Generated);
    }
}

#[test]
fn soft_bindings_are_named_by_their_algorithm() {
    let json = signed::created(CAPTURED).replace(
        r#""assertions": ["#,
        r#""assertions": [{"label": "c2pa.soft-binding", "data": {"alg": "com.example.mark.1", "blocks": [{"scope": {}, "value": "AAAA"}]}}, "#,
    );
    let bytes = signed::sign("image/png", &signed::png(), &json);
    let (credentials, evidence) = judged("a.png", &bytes);
    assert_eq!(credentials.state, CredentialState::Valid, "{credentials:#?}");
    let named = ("c2pa.soft-binding".to_owned(), "com.example.mark.1".to_owned());
    assert!(credentials.chain[0].values.contains(&named), "{:?}", credentials.chain[0].values);
    assert_eq!(marks::ai(&evidence), Ai::None, "a watermark says nothing of how the asset was made");
    let folder = Folder::new();
    let path = folder.file("a.png", &bytes);
    for arguments in [&["inspect"][..], &["inspect", "--tree"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.args(arguments).arg(&path).env("COUNTERSIGN_CONFIG", folder.0.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("com.example.mark.1"), "{text}");
    }
}

/// Every code that the crate may fail with has words of its own.
#[test]
fn failures_have_words() {
    use c2pa::validation_status as codes;
    use countersign::model::validation_status;
    for code in [
        codes::ASSERTION_DATAHASH_MISMATCH,
        codes::ASSERTION_BMFFHASH_MISMATCH,
        codes::ASSERTION_BOXHASH_MISMATCH,
        codes::ASSERTION_COLLECTIONHASH_MISMATCH,
        codes::ASSERTION_HASHEDURI_MISMATCH,
        codes::CLAIM_SIGNATURE_MISMATCH,
        codes::SIGNING_CREDENTIAL_EXPIRED,
        codes::SIGNING_CREDENTIAL_UNTRUSTED,
        codes::INGREDIENT_MANIFEST_MISMATCH,
    ] {
        assert_ne!(validation_status::plain(code), validation_status::plain("no.such.code"), "{code}");
    }
}

/// What is wrong with credentials is told by its kind, on files that were signed and then treated so.
#[test]
fn malformed_changed_and_a_parents_fault_are_told_apart() {
    use countersign::model::CredentialFault;
    // A created action must say how (C2PA 2.2, section 18.15.2): nothing was changed after signing.
    let untyped = signed::manifest(r#"{"action": "c2pa.created"}"#);
    for (name, mime, bytes) in [("a.png", "image/png", signed::png()), ("a.mp4", "video/mp4", signed::mp4())] {
        let (found, _) = judged(name, &signed::sign(mime, &bytes, &untyped));
        assert_eq!(found.fault(), Some(CredentialFault::Malformed), "{name}: {found:#?}");
        let (found, _) = judged(name, &signed::flipped(signed::sign(mime, &bytes, &untyped), 20));
        assert_eq!(found.fault(), Some(CredentialFault::Mismatch), "{name}: {found:#?}");
    }
    // A parent that was malformed when it was taken in, whatever the signer noted of it.
    let parent = signed::sign("image/png", &signed::png(), &untyped);
    let opened = signed::manifest(r#"{"action": "c2pa.opened"}"#);
    let child = |parent: &[u8]| {
        let parts: &[signed::Part<'_>] = &[("parentOf", "image/png", parent)];
        signed::sign_with(&signed::signer(), "image/jpeg", &signed::jpeg(), &signed::created(CAPTURED), parts).0
    };
    let (found, _) = judged("a.jpg", &child(&parent));
    assert_ne!(found.fault(), Some(CredentialFault::Mismatch), "{found:#?}");
    assert!(found.own_failures().next().is_none(), "{found:#?}");
    drop(opened);
    // The same child, its parent's mark taken out afterwards: that is this file's own bytes.
    let generated = child(&signed::sign("image/png", &signed::png(), &signed::created(GENERATED)));
    let (whole, _) = judged("a.jpg", &generated);
    assert_eq!(whole.fault(), None, "{whole:#?}");
    let at = generated.windows(7).position(|w| w == b"trained").unwrap();
    let mut edited = generated.clone();
    edited[at..at + 7].copy_from_slice(b"untrain");
    let (found, _) = judged("a.jpg", &edited);
    assert_eq!((found.state, found.fault()), (CredentialState::Invalid, Some(CredentialFault::Mismatch)), "{found:#?}");
}
