//! Documents in ZIP archives: their properties, what is in them, their credentials, hostile ones.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::Arc;

use crate::samples::signed;
use crate::samples::zip;

use countersign::c2pa::{Options, Verifier, Verify};
use countersign::extract;
use countersign::marks;
use countersign::model::{Ai, CredentialState, Facts, Media, Via};

fn facts(name: &str, bytes: &[u8]) -> Facts {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let verifier = Arc::new(Verifier::new(&Options::default()).unwrap());
    extract::facts(
        &path,
        &[],
        &extract::Options { verifier: Some(Arc::clone(&verifier)), ..extract::Options::default() },
    )
}

fn ai(facts: &Facts) -> Ai {
    marks::ai(&marks::catalogue().evidence(facts))
}

#[test]
fn properties_are_tags_and_only_the_label_is_a_mark() {
    for (name, bytes) in zip::samples() {
        let found = facts(name, &bytes);
        assert_eq!(found.problems, vec![], "{name}");
        assert_eq!(found.extension_fits, Some(true), "{name}");
        assert_eq!(ai(&found), if name == "aigc.docx" { Ai::Generated } else { Ai::None }, "{name}");
    }
    let book = facts("a.epub", &zip::book(&[]));
    let value = |key: &str| book.tags.iter().find(|t| t.space == "epub" && t.key == key).map(|t| t.value.as_str());
    assert_eq!(value("title"), Some("A book"));
    assert_eq!(value("dcterms:modified"), Some("2026-01-01T00:00:00Z"));
    assert_eq!(value("generator"), Some("Book Maker 1"));
}

#[test]
fn credentials_of_a_plain_archive_are_about_the_whole() {
    let plain = zip::archive(&[("one.txt", b"first"), ("two.txt", b"second")]);
    let bytes = signed::sign("zip", &plain, &signed::created(signed::GENERATED));
    let found = facts("a.zip", &bytes);
    assert_eq!(found.c2pa.as_ref().map(|c| c.state), Some(CredentialState::Valid), "{:#?}", found.c2pa);
    assert_eq!((found.format.as_deref(), ai(&found)), (Some("zip"), Ai::Generated));
    let at = bytes.windows(6).position(|w| w == b"second").unwrap();
    let mut changed = bytes;
    changed[at] = b'S';
    assert_eq!(facts("a.zip", &changed).c2pa.unwrap().state, CredentialState::Invalid);
}

#[test]
fn credentials_of_a_book_are_found_and_verified() {
    let bytes = signed::sign("application/epub+zip", &zip::book(&[]), &signed::created(signed::GENERATED));
    let found = facts("a.epub", &bytes);
    let credentials = found.c2pa.clone().unwrap();
    assert_eq!((credentials.state, &credentials.failures), (CredentialState::Valid, &vec![]), "{credentials:#?}");
    assert_eq!(credentials.place.as_deref(), Some("ZIP META-INF/content_credential.c2pa"));
    assert_eq!(ai(&found), Ai::Generated);
    // Without the bytes nothing is said about them.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.epub");
    std::fs::write(&path, &bytes).unwrap();
    let signature = Arc::new(Verifier::new(&Options { verify: Verify::Signature, ..Options::default() }).unwrap());
    let options = extract::Options { verifier: Some(Arc::clone(&signature)), ..extract::Options::default() };
    let found = extract::facts(&path, &[], &options).c2pa.unwrap();
    assert_eq!((found.state, found.damage, found.failures), (CredentialState::Unverified, None, vec![]));
    let at = bytes.windows(6).position(|w| w == b"A book").unwrap();
    let mut changed = bytes;
    changed[at] = b'B';
    let found = facts("a.epub", &changed).c2pa.unwrap();
    assert_eq!(found.state, CredentialState::Invalid, "{found:#?}");
}

#[test]
fn pictures_inside_speak_for_themselves() {
    let picture = signed::sign("image/png", &signed::png(), &signed::created(signed::GENERATED));
    let found = facts("a.docx", &zip::document("Subject", "x", &[("word/media/image1.png", &picture)]));
    let evidence = marks::catalogue().evidence(&found);
    assert!(evidence.iter().any(|e| e.via == Via::CoverArt), "{evidence:#?}");
    assert_eq!(found.c2pa.unwrap().via, Via::CoverArt);
}

#[test]
fn pictures_inside_are_known_by_every_extension_that_their_formats_use() {
    let picture = signed::sign("image/png", &signed::png(), &signed::created(signed::GENERATED));
    let of = |name: &str| ai(&facts("a.pptx", &zip::document("Subject", "x", &[(name, &picture)])));
    for format in countersign::formats::ALL.iter().map(|f| f.info()).filter(|info| info.media == Media::Image) {
        for extension in format.extensions {
            assert_eq!(of(&format!("ppt/media/IMAGE1.{}", extension.to_uppercase())), Ai::Generated, "{extension}");
        }
    }
    // What no name tells is told by the bytes.
    assert_eq!(of("ppt/media/image1.bin"), Ai::Generated);
}

#[test]
fn what_cannot_be_read_is_said() {
    let whole = zip::document("AIGC", "x", &[("word/media/image1.png", &signed::png())]);
    // From the end of the first member's name on, which tells what it is.
    for len in 49..whole.len() {
        let cut = extract::bytes(whole[..len].to_vec(), &extract::Options::default());
        assert!(cut.problems.iter().any(|p| p.blocking), "{len} of {}", whole.len());
    }
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 0xFF;
        let _ = extract::bytes(bad, &extract::Options::default());
    }
    // An encrypted picture, and more of them than are read.
    let mut locked = whole.clone();
    let at = locked.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    locked[at + 8] |= 1;
    let found = extract::bytes(locked, &extract::Options::default());
    assert!(found.problems.iter().any(|p| p.blocking && p.what.contains("encrypted")), "{:?}", found.problems);
    let names: Vec<_> = (0..70).map(|n| format!("word/media/{n}.png")).collect();
    let small = signed::png();
    let many: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), small.as_slice())).collect();
    let found = extract::bytes(zip::document("a", "b", &many), &extract::Options::default());
    assert!(found.problems.iter().any(|p| p.blocking && p.what.contains("more than 64")), "{:?}", found.problems);
    // A plain archive is no document.
    let plain = extract::bytes(zip::archive(&[("a.txt", b"x")]), &extract::Options::default());
    assert_eq!((plain.format.as_deref(), plain.problems), (Some("zip"), vec![]));
}
