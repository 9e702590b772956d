//! What manifests say, in every form in which they may say it: actions of both versions, templates, related actions,
//! gathered, redacted and compressed statements, updates, generators, certificates; and what is too much to read.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;

use crate::samples::certificates;
use crate::samples::signed;

use certificates::{Authority, Disguised, LONG, SIGNS, Subject};
use countersign::c2pa::{Options, Verifier, Verify, signals, store};
use countersign::model::{Ai, Claim, CredentialState, Evidence, Facts, ProblemKind, Strength, Via};
use countersign::{extract, marks};
use signed::{CAPTURED, GENERATED};

fn facts(name: &str, bytes: &[u8], verify: Verify) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let verifier = Arc::new(Verifier::new(&Options { verify, ..Options::default() }).unwrap());
    extract::facts(
        &path,
        &[],
        &extract::Options { verifier: Some(Arc::clone(&verifier)), ..extract::Options::default() },
    )
}

fn evidence(facts: &Facts) -> Vec<Evidence> {
    marks::credentials::evidence(facts.c2pa.as_ref().expect("credentials"))
}

/// Evidence in a PNG signed with these assertions, whose credentials hold.
fn stated(assertions: &str) -> Vec<Evidence> {
    let json = format!(r#"{{"claim_generator_info": [{{"name": "Plain Editor"}}], "assertions": [{assertions}]}}"#);
    let found = facts("a.png", &signed::sign("image/png", &signed::png(), &json), Verify::Full);
    let credentials = found.c2pa.as_ref().unwrap();
    assert_eq!((credentials.state, &found.problems), (CredentialState::Valid, &vec![]), "{credentials:#?}");
    evidence(&found)
}

const INTO: &str = r#"{"action": "c2pa.created", "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"}"#;

#[test]
fn both_versions_of_actions_speak() {
    for (assertion, expected, system) in [
        (
            format!(
                r#"{{"label": "c2pa.actions", "created": true, "data": {{"actions": [{{"action": "c2pa.created",
                "digitalSourceType": "{GENERATED}", "softwareAgent": "Maker One"}}]}}}}"#
            ),
            Ai::Generated,
            "Maker One",
        ),
        (
            format!(
                r#"{{"label": "c2pa.actions.v2", "created": true, "data": {{"actions": [{{"action": "c2pa.created",
                "digitalSourceType": "{GENERATED}", "softwareAgent": {{"name": "Maker Two", "version": "2"}}}}]}}}}"#
            ),
            Ai::Generated,
            "Maker Two 2",
        ),
        (
            format!(
                r#"{{"label": "c2pa.actions.v2", "created": true, "data": {{
                "softwareAgents": [{{"name": "Other"}}, {{"name": "Maker Three"}}],
                "actions": [{{"action": "c2pa.created", "digitalSourceType": "{GENERATED}", "softwareAgentIndex": 1}}]}}}}"#
            ),
            Ai::Generated,
            "Maker Three",
        ),
        (
            format!(
                r#"{{"label": "c2pa.actions.v2", "created": true, "data": {{"actions": [{INTO}, {{"action": "c2pa.edited",
                "softwareAgent": {{"name": "Maker Four"}},
                "parameters": {{"com.adobe.digitalSourceType": "{GENERATED}"}}}}]}}}}"#
            ),
            Ai::Composite,
            "Maker Four",
        ),
    ] {
        let evidence = stated(&assertion);
        let raising = evidence.iter().find(|e| e.claim <= Claim::Composite).unwrap();
        assert_eq!((marks::ai(&evidence), raising.system.as_deref()), (expected, Some(system)), "{evidence:#?}");
        assert_eq!(raising.strength, Strength::Signed);
    }
}

#[test]
fn every_spelling_of_a_source_type_speaks() {
    for term in [
        "https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia/",
        "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData",
        "trainedAlgorithmicMedia",
    ] {
        let action = format!(r#"{{"action": "c2pa.created", "digitalSourceType": "{term}"}}"#);
        let evidence =
            stated(&format!(r#"{{"label": "c2pa.actions", "created": true, "data": {{"actions": [{action}]}}}}"#));
        assert_eq!(marks::ai(&evidence), Ai::Generated, "{term}");
    }
}

#[test]
fn templates_speak_for_the_actions_of_their_name() {
    let with = |template: &str| {
        stated(&format!(
            r#"{{"label": "c2pa.actions.v2", "created": true, "data": {{"actions": [{INTO}, {{"action": "c2pa.edited"}}],
                "templates": [{{"action": "{template}", "softwareAgent": {{"name": "Template Maker"}},
                    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"}}]}}}}"#
        ))
    };
    let named = with("c2pa.edited");
    assert_eq!(marks::ai(&named), Ai::Composite, "{named:#?}");
    assert_eq!(named.iter().find(|e| e.claim == Claim::Composite).unwrap().system.as_deref(), Some("Template Maker"));
    // An action that says otherwise itself keeps its own word, and a template for none says nothing.
    assert_eq!(marks::ai(&with("c2pa.cropped")), Ai::None);
}

#[test]
fn what_is_gathered_is_declared_wherever_it_stands() {
    let created = format!(r#"{{"label": "c2pa.actions", "created": true, "data": {{"actions": [{INTO}]}}}}"#);
    for (flag, strength) in [(r#""created": true, "#, Strength::Signed), ("", Strength::Declared)] {
        let extra = format!(r#"{created}, {{"label": "com.adobe.generative-ai", {flag}"data": {{"prompt": "x"}}}}"#);
        let evidence = stated(&extra);
        let found = evidence.iter().find(|e| e.mark == "c2pa.adobe-generative-ai").unwrap();
        assert_eq!(found.strength, strength, "{evidence:#?}");
    }
}

#[test]
fn a_compressed_manifest_is_read_and_verified() {
    let bytes = signed::compressed("image/png", &signed::png(), &signed::created(GENERATED));
    assert!(bytes.windows(4).any(|w| w == b"brob"), "it is not compressed");
    let found = facts("a.png", &bytes, Verify::Full);
    let credentials = found.c2pa.clone().unwrap();
    assert_eq!((credentials.state, &found.problems), (CredentialState::Valid, &vec![]), "{credentials:#?}");
    assert_eq!(marks::ai(&evidence(&found)), Ai::Generated);
}

#[test]
fn an_update_speaks_with_what_it_updates() {
    let first = signed::sign("image/jpeg", &signed::jpeg(), &signed::created(GENERATED));
    let updated = signed::updated("image/jpeg", &first);
    let found = facts("a.jpg", &updated, Verify::Full);
    assert_eq!(found.c2pa.as_ref().unwrap().state, CredentialState::Valid, "{found:#?}");
    let evidence = evidence(&found);
    assert_eq!((marks::ai(&evidence), evidence[0].via), (Ai::Generated, Via::Parent));
    let changed = facts("a.jpg", &signed::flipped(updated, 20), Verify::Full);
    assert_eq!(changed.c2pa.unwrap().state, CredentialState::Invalid);
}

#[test]
fn certificates_and_further_generators_hint() {
    let authority = Authority::new();
    let subject = Subject { common_name: "Signer", organization: "OpenAI OpCo, LLC", usage: SIGNS, validity: LONG };
    let signer = Disguised::new(&authority, &subject);
    let silent = signed::manifest(r#"{"action": "c2pa.created"}"#);
    let (bytes, _) = signed::sign_with(&signer, "image/png", &signed::png(), &silent, &[]);
    let by_certificate = evidence(&facts("a.png", &bytes, Verify::Full));
    assert_eq!(marks::ai(&by_certificate), Ai::Possible, "{by_certificate:#?}");
    assert_eq!(by_certificate[0].system.as_deref(), Some("OpenAI"));

    // Where the manifest says how it was made, its signer adds nothing.
    let (bytes, _) = signed::sign_with(&signer, "image/png", &signed::png(), &signed::created(CAPTURED), &[]);
    assert_eq!(marks::ai(&evidence(&facts("a.png", &bytes, Verify::Full))), Ai::None);
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

fn superbox(kind: &[u8; 4], label: &str, body: &[u8]) -> Vec<u8> {
    let uuid = [kind, &b"\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"[..]].concat();
    let description = boxed(b"jumd", &[&uuid[..], b"\x03", label.as_bytes(), b"\0"].concat());
    boxed(b"jumb", &[description, body.to_vec()].concat())
}

fn text(text: &str) -> Vec<u8> {
    assert!(text.len() < 256);
    [&[0x78, text.len() as u8], text.as_bytes()].concat()
}

/// A manifest with these assertions, in boxes of this type, and a claim that lists nothing but these.
fn manifest(label: &str, assertions: &[(&str, &[u8; 4], Vec<u8>)], claim: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let inside: Vec<u8> =
        assertions.iter().flat_map(|(label, kind, body)| superbox(b"cbor", label, &boxed(kind, body))).collect();
    let assertions = superbox(b"c2as", "c2pa.assertions", &inside);
    let fields: Vec<u8> = claim.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    let claim = [&[0xa0 | claim.len() as u8][..], &fields].concat();
    let claim = superbox(b"c2cl", "c2pa.claim", &boxed(b"cbor", &claim));
    superbox(b"c2ma", label, &[assertions, claim].concat())
}

fn stored(manifests: &[Vec<u8>]) -> Vec<u8> {
    superbox(b"c2pa", "c2pa", &manifests.concat())
}

/// The facts of a file that is only this store, without verification.
fn read(store: &[u8]) -> Facts {
    facts("a.c2pa", store, Verify::Off)
}

fn actions(list: &[Vec<u8>]) -> Vec<u8> {
    let count = list.len() as u32;
    [&[0xa1][..], &text("actions"), &[0x9a], &count.to_be_bytes(), &list.concat()].concat()
}

fn action(name: &str, source_type: Option<&str>) -> Vec<u8> {
    let mut out = vec![0xa1 + u8::from(source_type.is_some())];
    out.extend([text("action"), text(name)].concat());
    out.extend(source_type.map(|t| [text("digitalSourceType"), text(t)].concat()).unwrap_or_default());
    out
}

#[test]
fn related_actions_speak_too() {
    let related = [text("related"), vec![0x81], action("c2pa.edited", Some(GENERATED))].concat();
    let mut with = action("c2pa.opened", None);
    with[0] += 1;
    with.extend(related);
    let found = read(&stored(&[manifest("urn:a", &[("c2pa.actions.v2", b"cbor", actions(&[with]))], &[])]));
    assert_eq!(marks::ai(&evidence(&found)), Ai::Composite, "{found:#?}");
}

#[test]
fn what_a_signer_says_of_an_ingredient_counts_beside_its_manifest() {
    let ingredient = |relation: &str| {
        let url = "self#jumbf=/c2pa/urn:part";
        let manifest = [text("activeManifest"), vec![0xa1], text("url"), text(url)].concat();
        [vec![0xa3], text("relationship"), text(relation), manifest, text("digitalSourceType"), text(GENERATED)]
            .concat()
    };
    let part =
        manifest("urn:part", &[("c2pa.actions", b"cbor", actions(&[action("c2pa.created", Some(CAPTURED))]))], &[]);
    for (relation, expected) in [("parentOf", Ai::Generated), ("componentOf", Ai::Composite), ("inputTo", Ai::Possible)]
    {
        let whole = manifest("urn:whole", &[("c2pa.ingredient.v3", b"cbor", ingredient(relation))], &[]);
        let found = read(&stored(&[part.clone(), whole]));
        assert_eq!(found.c2pa.as_ref().unwrap().chain.len(), 3);
        assert_eq!(marks::ai(&evidence(&found)), expected, "{relation}");
    }
}

#[test]
fn a_removed_assertion_leaves_its_name() {
    let listed = |url: &str| [vec![0x81, 0xa1], text("url"), text(url)].concat();
    let url = "self#jumbf=c2pa.assertions/com.adobe.generative-ai";
    let silent = || ("c2pa.actions", b"cbor", actions(&[action("c2pa.opened", None)]));
    let gone = read(&stored(&[manifest("urn:a", &[silent()], &[("assertions", listed(url))])]));
    assert_eq!(marks::ai(&evidence(&gone)), Ai::Composite);
    let uri = "self#jumbf=/c2pa/urn:b/c2pa.assertions/c2pa.metadata";
    let redacted = [vec![0x81], text(uri)].concat();
    let found = read(&stored(&[manifest("urn:a", &[silent()], &[("redacted_assertions", redacted)])]));
    assert_eq!(marks::ai(&evidence(&found)), Ai::None);
    let named = (signals::REDACTED.to_owned(), uri.to_owned());
    assert!(found.c2pa.unwrap().chain[0].values.contains(&named));
}

/// What could hold a mark and is not read keeps the file from being called clean.
#[test]
fn what_is_not_read_is_said() {
    let blocking = |found: &Facts, says: &str| found.problems.iter().any(|p| p.blocking && p.what.contains(says));
    let one = |name: &'static str, kind, body| read(&stored(&[manifest("urn:a", &[(name, kind, body)], &[])]));
    let good = one("c2pa.actions", b"cbor", actions(&[action("c2pa.opened", None)]));
    assert_eq!(good.problems, vec![]);

    let deep = [vec![0x81; 60], actions(&[action("c2pa.created", Some(GENERATED))])].concat();
    for found in [
        one("c2pa.actions.v2", b"cbor", deep),
        one("c2pa.actions", b"cbor", vec![0xa1]),
        one("c2pa.actions", b"json", b"{".to_vec()),
        one("c2pa.actions", b"bidb", actions(&[action("c2pa.created", Some(GENERATED))])),
    ] {
        assert!(blocking(&found, "cannot be decoded"), "{:?}", found.problems);
    }
    // A picture is no statement.
    assert_eq!(one("c2pa.thumbnail.claim.jpeg", b"bidb", vec![1, 2, 3]).problems, vec![]);

    let crowd: Vec<_> = (0..2_100).map(|_| action("c2pa.edited", None)).collect();
    assert!(blocking(&one("c2pa.actions", b"cbor", actions(&crowd)), "more actions"));

    let manifests: Vec<_> = (0..600).map(|n| manifest(&format!("urn:{n}"), &[], &[])).collect();
    let found = read(&stored(&manifests));
    assert!(found.problems.iter().any(|p| p.blocking && p.kind == ProblemKind::Limit), "{:?}", found.problems);
}

#[test]
fn hostile_statements_end() {
    let good = stored(&[manifest("urn:a", &[("c2pa.actions", b"cbor", actions(&[action("c2pa.opened", None)]))], &[])]);
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            let _ = signals::provenance(&store::read(&bad));
        }
    }
    // Manifests that are made of each other.
    let to = |label: &str| {
        let url = format!("self#jumbf=/c2pa/{label}");
        [
            vec![0xa2],
            text("relationship"),
            text("componentOf"),
            text("c2pa_manifest"),
            vec![0xa1],
            text("url"),
            text(&url),
        ]
        .concat()
    };
    let a = manifest(
        "urn:a",
        &[("c2pa.ingredient", b"cbor", to("urn:b")), ("c2pa.ingredient__1", b"cbor", to("urn:a"))],
        &[],
    );
    let b = manifest("urn:b", &[("c2pa.ingredient", b"cbor", to("urn:a"))], &[]);
    let told = signals::provenance(&store::read(&stored(&[a, b])));
    assert!(told.chain.len() <= 4, "{}", told.chain.len());
}
