//! Documents of Microsoft Office before 2007: pictures in their streams, and properties.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::io::{Cursor, Write};

use countersign::extract;
use countersign::marks::{ai, catalogue};
use countersign::model::{Ai, Facts};

use crate::shared::archived::{folder, marked, sample};

/// A compound file of these streams.
fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (path, bytes) in streams {
        if let Some((storage, _)) = path.rsplit_once('/') {
            file.create_storage_all(storage).unwrap();
        }
        file.create_stream(path).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// A record with a picture (MS-ODRAW, OfficeArtBlipPNG).
fn blip(picture: &[u8]) -> Vec<u8> {
    let len = (picture.len() + 17) as u32;
    [&[0x00, 0x6E, 0x1E, 0xF0][..], &len.to_le_bytes(), &[0xD1; 16], &[0xFF], picture].concat()
}

/// A workbook whose drawings go on over several records.
fn workbook(picture: &[u8]) -> Vec<u8> {
    let record = |kind: u16, body: &[u8]| [&kind.to_le_bytes()[..], &(body.len() as u16).to_le_bytes(), body].concat();
    let drawings = blip(picture);
    let mut parts = drawings.chunks(100);
    let first = record(0xEB, parts.next().unwrap());
    let rest: Vec<u8> = parts.flat_map(|part| record(0x3C, part)).collect();
    [record(0x809, &[0; 16]), first, rest, record(0x0A, &[])].concat()
}

/// The second stream of properties: no fixed ones, and one that a user named.
fn named_property(name: &str, value: &str) -> Vec<u8> {
    let (name, value) = ([name.as_bytes(), &[0]].concat(), [value.as_bytes(), &[0]].concat());
    let words = |all: &[u32]| all.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let names = [words(&[1, 2, name.len() as u32]), name].concat();
    let first = 8 + 16;
    let second = first + names.len() as u32;
    let text = [words(&[0x1E, value.len() as u32]), value].concat();
    let set = [words(&[second + text.len() as u32, 2, 0, first, 2, second]), names, text].concat();
    [&[0xFE, 0xFF, 0, 0][..], &[0; 20], &words(&[1]), &[0xD5; 16], &words(&[48]), &set].concat()
}

fn facts(name: &str, bytes: Vec<u8>) -> Facts {
    let dir = folder(&[(name, bytes)]);
    extract::facts(&dir.path().join(name), &[], &extract::Options::default())
}

fn documents(picture: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let plain = sample("formats/plain.png");
    let slides = [blip(&plain), blip(&sample("formats/plain.jpg")), blip(&plain), blip(picture)].concat();
    let data = [&[7; 68][..], &blip(picture), &[9; 300]].concat();
    let inserted = [&(picture.len() as u32).to_le_bytes()[..], b"\x02\0a.png\0", picture].concat();
    vec![
        ("a.doc", compound(&[("WordDocument", &[1; 5_000]), ("Data", &data)])),
        ("a.doc", compound(&[("WordDocument", &[1; 5_000]), ("ObjectPool/_1/\u{1}Ole10Native", &inserted)])),
        ("a.ppt", compound(&[("PowerPoint Document", &[1; 900]), ("Pictures", &slides)])),
        ("a.xls", compound(&[("Workbook", &workbook(picture))])),
    ]
}

#[test]
fn pictures_in_documents_are_read() {
    for (name, document) in documents(&marked()) {
        let found = facts(name, document);
        assert_eq!(ai(&catalogue().evidence(&found)), Ai::Generated, "{name}: {:?}", found.problems);
    }
    for (name, document) in documents(&sample("formats/plain.png")) {
        let found = facts(name, document);
        assert_eq!(found.format.as_deref(), Some("ole-document"));
        assert_eq!(ai(&catalogue().evidence(&found)), Ai::None, "{name}");
        assert!(!found.problems.iter().any(|problem| problem.blocking), "{name}: {:?}", found.problems);
    }
}

#[test]
fn properties_are_read() {
    let label = r#"{"Label":"1","ContentProducer":"x","ProduceID":"1"}"#;
    let properties = named_property("AIGC", label);
    let streams = [("WordDocument", &[1; 600][..]), ("\u{5}DocumentSummaryInformation", &properties)];
    assert_eq!(ai(&catalogue().evidence(&facts("a.doc", compound(&streams)))), Ai::Generated);
}

#[test]
fn other_compound_files_stay_what_they_were_and_cut_documents_are_told() {
    let other = facts("a.max", compound(&[("Scene", &[1; 5_000]), ("Config", &blip(&marked()))]));
    assert!(other.format.is_none() && other.problems.is_empty(), "{:?}", other.problems);
    let text = facts("a.doc", b"{\\rtf1 a letter}".to_vec());
    assert!(text.format.is_none() && text.named.is_none(), "{text:?}");
    for (name, document) in documents(&marked()) {
        for len in [600, document.len() / 2] {
            let cut = facts(name, document[..len].to_vec());
            let told = cut.problems.iter().any(|problem| problem.blocking);
            assert!(told || ai(&catalogue().evidence(&cut)) == Ai::Generated, "{name} of {len}");
        }
    }
}
