//! Settings that stand encoded in a field, and sidecars under every name and in every encoding.

#![allow(clippy::unwrap_used, reason = "a test may")]

use countersign::extract;
use countersign::formats::SIDECARS;
use countersign::marks::{ai, catalogue};
use countersign::model::{Ai, Facts};
use data_encoding::BASE64;

use crate::shared::archived::{folder, sample};

const PARAMETERS: &str = "a harbor at dawn\nNegative prompt: blurry\nSteps: 28, Sampler: Euler a, CFG scale: 7, Seed: 1234567, Size: 512x512, Model: sdxl";
const SETTINGS: &str =
    r#"{"prompt":"a harbor at dawn","negative_prompt":"","steps":28,"sampler":"Euler a","cfg_scale":7,"seed":1234567}"#;
const XML: &str = "<generation><prompt>a harbor at dawn</prompt><negative_prompt/><steps>28</steps><sampler>Euler a</sampler><cfg_scale>7</cfg_scale><seed>1234567</seed></generation>";

fn read(files: &[(&str, Vec<u8>)]) -> Facts {
    let dir = folder(files);
    let beside: Vec<_> = files.iter().skip(1).map(|(name, _)| dir.path().join(name)).collect();
    extract::facts(&dir.path().join(files[0].0), &beside, &extract::Options::default())
}

fn claim(facts: &Facts) -> Ai {
    ai(&catalogue().evidence(facts))
}

fn comment(text: &str) -> Vec<u8> {
    let plain = sample("formats/plain.jpg");
    let len = (text.len() as u16 + 2).to_be_bytes();
    [&plain[..2], &[0xFF, 0xFE], &len[..], text.as_bytes(), &plain[2..]].concat()
}

#[test]
fn encoded_settings_are_settings() {
    let packet = String::from_utf8(sample("formats/xmp-dst.xmp")).unwrap();
    for text in [
        BASE64.encode(SETTINGS.as_bytes()),
        BASE64.encode(PARAMETERS.as_bytes()),
        format!("data:application/json;base64,{}", BASE64.encode(SETTINGS.as_bytes())),
        format!("data:image/png;base64,{}", BASE64.encode(&sample("formats/parameters.png"))),
        SETTINGS.replace('"', "&quot;"),
        XML.to_owned(),
        BASE64.encode(XML.as_bytes()),
        packet,
    ] {
        let facts = read(&[("a.jpg", comment(&text))]);
        assert_eq!(claim(&facts), Ai::Generated, "{text}");
    }
}

#[test]
fn settings_under_many_layers_are_settings_or_told() {
    for layers in [2, 4, 9, 16, 17, 20] {
        let text = (0..layers).fold(SETTINGS.to_owned(), |text, _| BASE64.encode(text.as_bytes()));
        let packed = read(&[("a.png", sample("formats/plain.png")), ("a.txt", text.into_bytes())]);
        let told = packed.problems.iter().any(|problem| problem.blocking && problem.what.contains("encoded"));
        assert_eq!(
            (claim(&packed), told),
            if layers > 16 { (Ai::None, true) } else { (Ai::Generated, false) },
            "{layers}"
        );
    }
}

#[test]
fn encoded_notes_and_settings_of_other_trades_are_none() {
    let note = "A long note of the archive: harbor, 1931, press photo, see box 12. Seed: none. Steps: see the book.";
    for text in [
        BASE64.encode(note.as_bytes()),
        format!("data:image/png;base64,{}", BASE64.encode(&sample("formats/plain.png"))),
        "<noise><seed>12</seed><steps>20</steps><scale>7</scale><sampler>grid</sampler></noise>".to_owned(),
        "<export><quality>90</quality><model>A7</model><steps>2</steps><seed>x</seed></export>".to_owned(),
    ] {
        let facts = read(&[("a.jpg", comment(&text))]);
        assert_eq!(claim(&facts), Ai::None, "{text}");
        assert!(!facts.problems.iter().any(|problem| problem.blocking), "{text}: {:?}", facts.problems);
    }
}

#[test]
fn sidecars_are_read_under_every_name() {
    for ending in SIDECARS.iter().filter(|ending| !["c2pa", "xmp"].contains(ending)) {
        let beside = format!("a.{ending}");
        let marked = read(&[("a.png", sample("formats/plain.png")), (&beside, PARAMETERS.as_bytes().to_vec())]);
        // A caption quotes at most.
        let least = if *ending == "caption" { Ai::Possible } else { Ai::Generated };
        assert_eq!(claim(&marked), least, "{ending}");
        let notes = b"# Notes\nSteps: see the call sheet. Seed: none. Model: A7\n".to_vec();
        let plain = read(&[("a.png", sample("formats/plain.png")), (&beside, notes)]);
        assert_eq!(claim(&plain), Ai::None, "{ending}");
    }
    let toml =
        b"prompt = \"a harbor at dawn\"\nsteps = 28\nsampler = \"euler\"\ncfg_scale = 7.0\nseed = 1234567\n".to_vec();
    assert_eq!(claim(&read(&[("a.png", sample("formats/plain.png")), ("a.toml", toml)])), Ai::Generated);
    let label = b"---\nAIGC:\n  Label: \"1\"\n  ContentProducer: \"x\"\n  ProduceID: \"1\"\n---\n# Text\n".to_vec();
    assert_eq!(claim(&read(&[("a.png", sample("formats/plain.png")), ("a.md", label)])), Ai::Generated);
    let xml = read(&[("a.png", sample("formats/plain.png")), ("a.xml", XML.as_bytes().to_vec())]);
    assert_eq!(claim(&xml), Ai::Generated);
    let packet = read(&[("a.png", sample("formats/plain.png")), ("a.xml", sample("formats/xmp-dst.xmp"))]);
    assert_eq!(claim(&packet), Ai::Generated);
}

#[test]
fn sidecars_are_read_in_every_encoding() {
    let utf16: Vec<u16> = PARAMETERS.encode_utf16().collect();
    let utf32: Vec<u32> = PARAMETERS.chars().map(u32::from).collect();
    let forms: [Vec<u8>; 5] = [
        utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        utf32.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        utf32.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        std::iter::once(&0xFEFF).chain(&utf32).flat_map(|unit| unit.to_le_bytes()).collect(),
        std::iter::once(&0xFEFF).chain(&utf32).flat_map(|unit| unit.to_be_bytes()).collect(),
    ];
    for (n, bytes) in forms.into_iter().enumerate() {
        let facts = read(&[("a.png", sample("formats/plain.png")), ("a.txt", bytes)]);
        assert_eq!(claim(&facts), Ai::Generated, "form {n}");
    }
}
