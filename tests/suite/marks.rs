//! The mark catalogue: its own examples, its manual, and the traps that no mark may answer.

use std::collections::BTreeSet;
use std::path::Path;

use countersign::extract;
use countersign::marks::{catalogue, credentials, manual};
use countersign::model::{Evidence, Facts, Tag, Via};

fn facts(tags: &[(String, String, String)]) -> Facts {
    let tag = |(space, key, value): &(String, String, String)| Tag {
        space: space.as_str().into(),
        key: key.as_str().into(),
        value: value.clone().into(),
        place: format!("test, {space} {key}").into(),
        ..Tag::default()
    };
    Facts { tags: tags.iter().map(tag).collect(), ..Facts::default() }
}

fn evidence(tags: &[(String, String, String)]) -> Vec<Evidence> {
    catalogue().evidence(&facts(tags))
}

#[test]
fn every_hit_gives_evidence_of_its_mark() {
    let mut wrong = Vec::new();
    for mark in catalogue().marks() {
        for hit in &mark.examples().hits {
            let got = evidence(&hit.tags);
            let fits = |e: &&Evidence| {
                e.mark == mark.id
                    && e.claim == hit.claim
                    && hit.strength.is_none_or(|s| s == e.strength)
                    && hit.system.as_ref().is_none_or(|s| Some(s) == e.system.as_ref())
            };
            if !got.iter().any(|e| fits(&e)) {
                wrong.push(format!("{}: {:?}\n    gave {got:?}", mark.id, hit));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_miss_gives_evidence() {
    let mut wrong = Vec::new();
    for mark in catalogue().marks() {
        for miss in &mark.examples().misses {
            let got = evidence(&miss.tags);
            if got.iter().any(|e| miss.trap || e.mark == mark.id) {
                wrong.push(format!("{}: {:?}\n    gave {got:?}", mark.id, miss));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn marks_that_code_looks_for_are_in_the_catalogue() {
    let told: BTreeSet<_> = catalogue().marks().filter(|m| m.code.is_some()).map(|m| m.id.as_str()).collect();
    let looked_for = credentials::ALL.iter().map(|mark| mark.id).chain([countersign::known::MARK]);
    assert_eq!(told, looked_for.collect());
}

#[test]
fn a_condition_looks_at_the_same_medium_only() {
    let fields = [
        ("xmp", "Iptc4xmpExt:AISystemUsed", "DALL-E", Via::Own),
        ("xmp", "Iptc4xmpExt:DigitalSourceType", "digitalCapture", Via::CoverArt),
    ];
    let tag = |(space, key, value, via): (&str, &str, &str, Via)| Tag {
        space: space.into(),
        key: key.into(),
        value: value.into(),
        via,
        ..Tag::default()
    };
    let facts = Facts { tags: fields.map(tag).to_vec(), ..Facts::default() };
    let got = catalogue().evidence(&facts);
    assert_eq!(
        got.iter().map(|e| (e.mark.as_str(), e.via)).collect::<Vec<_>>(),
        [("iptc.ai-fields", Via::Own), ("iptc.digital-source-type", Via::CoverArt)]
    );
}

#[test]
fn long_values_are_quoted_short_and_cut_ones_still_read() {
    let prompt = "barn ".repeat(10_000);
    let cut: String = format!(r#"{{"sui_image_params": {{"prompt": "{prompt}"}}}}"#).chars().take(16 * 1024).collect();
    let got = evidence(&[("exif".into(), "UserComment".into(), cut)]);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].mark, "swarmui.image-params");
    assert!(got[0].value.chars().count() <= 201);
}

#[test]
fn evidence_is_sorted_without_repeats() {
    let tag = |key: &str| ("exif".to_owned(), key.to_owned(), "Ideogram AI".to_owned());
    let got = evidence(&[tag("Make"), tag("Make"), tag("Software")]);
    let marks: Vec<_> = got.iter().map(|e| e.mark.as_str()).collect();
    assert_eq!(marks, ["ideogram.make", "tool.name", "tool.name"]);
}

#[test]
fn the_manual_is_the_checked_in_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/marks.md");
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, manual()).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == manual(), "docs/marks.md is not what the catalogue says: bless it");
}

#[test]
fn the_reference_counts_and_names_the_data() {
    let reference = catalogue().reference();
    assert_eq!(reference.marks, catalogue().marks().count());
    assert_eq!(reference.sha256.len(), 64);
}

/// What a fixture's name promises: a part of the name, and the mark that must be found.
const PROMISED: &[(&str, &str)] = &[
    ("aigc", "tc260.aigc"),
    ("suno", "suno.comment"),
    ("-parameters", "a1111.parameters"),
    ("graph", "comfyui.graph"),
    ("samsung", "samsung.gen-ai"),
    ("xmp-generated", "iptc.digital-source-type"),
    ("-dst", "iptc.digital-source-type"),
    ("iim-credit", "google.credit"),
];
/// Parts of the names of fixtures in which the same words stand where people write.
const WORDS: &[&str] = &["words", "caption", "instrument", "lyrics", "plain"];

#[test]
fn fixtures_carry_the_marks_that_they_promise_and_words_are_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let (mut wrong, mut marked, mut silent) = (Vec::new(), 0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".facts.json") {
            continue;
        }
        let got = catalogue().evidence(&extract::facts(&path, &[], &extract::Options::default()));
        if WORDS.iter().any(|w| name.contains(w)) {
            silent += 1;
            if !got.is_empty() {
                wrong.push(format!("{name}: {got:?}"));
            }
        } else if let Some((_, mark)) = PROMISED.iter().find(|(part, _)| name.contains(part)) {
            marked += 1;
            if !got.iter().any(|e| e.mark == *mark) {
                wrong.push(format!("{name}: no {mark} in {got:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(marked > 30 && silent > 30, "{marked} fixtures with marks, {silent} with words");
}

/// A PNG with one international text chunk.
fn png_with_text(key: &str, text: &str) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let text = [key.as_bytes(), &[0; 5], text.as_bytes()].concat();
    let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
    [&b"\x89PNG\r\n\x1A\n"[..], &chunk(b"IHDR", &header), &chunk(b"iTXt", &text), &chunk(b"IEND", &[])].concat()
}

#[test]
fn the_deciding_member_of_a_long_object_is_never_cut_away() {
    let prompt = "barn \\\"é ".repeat(25_000);
    let cases = [
        ("swarmui.image-params", "parameters", format!(r#"{{"note": "{prompt}", "sui_image_params": {{"seed": 1}}}}"#)),
        ("tc260.aigc", "AIGC", format!(r#"{{"ContentProducer": "{prompt}", "Label": "1"}}"#)),
        ("fooocus.metadata", "parameters", format!(r#"{{"prompt": "{prompt}", "metadata_scheme": "fooocus"}}"#)),
    ];
    for (mark, key, text) in cases {
        assert!(text.len() > 200 * 1024);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, &png_with_text(key, &text)).unwrap();
        let facts = extract::facts(file.path(), &[], &extract::Options::default());
        let tag = facts.tags.iter().find(|t| t.key == key).unwrap();
        assert!(tag.value.len() <= countersign::limits::VALUE);
        assert_eq!(tag.cut.as_ref().unwrap().bytes, text.len() as u64);
        let got = catalogue().evidence(&facts);
        assert!(got.iter().any(|e| e.mark == mark), "{mark}: {got:?}");
    }
}
