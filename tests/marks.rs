//! The mark catalogue: its own examples, its manual, and the traps that no mark may answer.

use std::path::Path;

use countersign::marks::{catalogue, manual};
use countersign::model::{Evidence, Facts, Tag};

fn facts(tags: &[(String, String, String)]) -> Facts {
    let tag = |(space, key, value): &(String, String, String)| Tag {
        space: space.clone(),
        key: key.clone(),
        value: value.clone(),
        place: format!("test, {space} {key}"),
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
        for hit in &mark.hits {
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
        for miss in &mark.misses {
            let got = evidence(&miss.tags);
            if got.iter().any(|e| miss.trap || e.mark == mark.id) {
                wrong.push(format!("{}: {:?}\n    gave {got:?}", mark.id, miss));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
