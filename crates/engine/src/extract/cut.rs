//! Shortening the values that facts carry: length and SHA-256 name the whole.
//!
//! An object keeps its members and other text its beginning. Marks are matched later by what is left, so that a cut must
//! lose none: where it would, the value is taken apart, and the pieces are left out that no mark needs.

use countersign_io::asset_budget;
use countersign_judge::marks::Catalogue;
use countersign_media::tags::push_problem;
use countersign_model::json;
use countersign_model::limits;
use countersign_model::{Claim, Cut, Facts, Problem, Strength, Tag};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Bytes that may be looked at in the search for what can be left out, as a multiple of the value's length.
const SEARCHED: usize = 64;
/// And in any case.
const SEARCHED_AT_MOST: usize = 32 * 1024 * 1024;
/// Pieces that a text is taken apart into.
const PIECES: usize = 1024;

/// Shortens every value that is longer than [`limits::VALUE`]; where a mark would be lost, a problem says so.
pub(super) fn long_values(facts: &mut Facts, catalogue: &Catalogue) {
    for of_decoders in [false, true] {
        for index in 0..list(facts, of_decoders).len() {
            if list(facts, of_decoders).get(index).is_some_and(|tag| tag.value.len() > limits::VALUE) {
                shorten(facts, catalogue, of_decoders, index);
            }
        }
    }
}

fn list(facts: &mut Facts, of_decoders: bool) -> &mut Vec<Tag> {
    if of_decoders { &mut facts.decoded } else { &mut facts.tags }
}

fn shorten(facts: &mut Facts, catalogue: &Catalogue, of_decoders: bool, index: usize) {
    let Some(whole) = list(facts, of_decoders).get(index).cloned() else { return };
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(whole.value.as_bytes()));
    // Where the budget is used up, that is told and nothing more is matched here.
    let said = if asset_budget::check().is_ok() { said(&whole, facts, catalogue) } else { MatchedMarks::new() };
    let mut short = Tag {
        value: usual(&whole.value).into(),
        cut: Some(Cut { bytes: whole.value.len() as u64, sha256 }),
        ..whole.clone()
    };
    if self::said(&short, facts, catalogue) != said {
        match without_needless(&whole, &said, facts, catalogue) {
            Some(value) => short.value = value.into(),
            None => {
                let what = format!("{} says more than is kept of a value of {} bytes", whole.key, whole.value.len());
                let at = whole.offset.unwrap_or_default();
                push_problem(facts, Problem::limit(whole.place.clone(), at, what));
            }
        }
    }
    if let Some(tag) = list(facts, of_decoders).get_mut(index) {
        *tag = short;
    }
}

/// What a value is cut to where no mark depends on it.
fn usual(value: &str) -> String {
    json::abridged(value, limits::VALUE).unwrap_or_else(|| {
        let end = (0..=limits::VALUE).rev().find(|i| value.is_char_boundary(*i)).unwrap_or(0);
        value.get(..end).unwrap_or_default().to_owned()
    })
}

type MatchedMarks = Vec<(String, Claim, Strength, Option<String>)>;

/// What the catalogue makes of one tag among the others.
fn said(tag: &Tag, facts: &Facts, catalogue: &Catalogue) -> MatchedMarks {
    let evidence = catalogue.of_tag(tag, facts).into_iter();
    let mut said: MatchedMarks = evidence.map(|e| (e.mark, e.claim, e.strength, e.system)).collect();
    said.sort();
    said
}

/// A value of at most [`limits::VALUE`] bytes that says the same: members of an object, or stretches of a text, that are
/// not needed for it are left out, the largest groups first.
fn without_needless(whole: &Tag, said: &MatchedMarks, facts: &Facts, catalogue: &Catalogue) -> Option<String> {
    let mut pieces = Pieces::of(&whole.value);
    let mut room = whole.value.len().saturating_mul(SEARCHED).min(SEARCHED_AT_MOST);
    let mut group = pieces.len().div_ceil(2);
    while pieces.bytes() > limits::VALUE && group > 0 {
        let mut at = 0;
        while at < pieces.len() {
            let fewer = pieces.without(at, group);
            let value = fewer.text();
            room = room.checked_sub(value.len())?;
            asset_budget::check().ok()?;
            if self::said(&Tag { value: value.into(), ..whole.clone() }, facts, catalogue) == *said {
                pieces = fewer;
            } else {
                at += group;
            }
        }
        group = if group == 1 { 0 } else { group.div_ceil(2) };
    }
    Some(pieces.text()).filter(|text| text.len() <= limits::VALUE)
}

/// A value in pieces of which some can be left out.
enum Pieces {
    Members(Vec<(String, Value)>),
    Text(Vec<String>),
}

impl Pieces {
    fn of(value: &str) -> Self {
        if let Some(Value::Object(members)) = value.trim_start().starts_with('{').then(|| json::parse(value)).flatten()
        {
            return Self::Members(members.into_iter().collect());
        }
        let each = (value.len() / PIECES).max(16);
        let mut pieces = vec![String::with_capacity(each + 4)];
        for c in value.chars() {
            if pieces.last().is_some_and(|piece| piece.len() >= each) {
                pieces.push(String::with_capacity(each + 4));
            }
            if let Some(piece) = pieces.last_mut() {
                piece.push(c);
            }
        }
        Self::Text(pieces)
    }

    fn len(&self) -> usize {
        match self {
            Self::Members(members) => members.len(),
            Self::Text(pieces) => pieces.len(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Members(_) => self.text().len(),
            Self::Text(pieces) => pieces.iter().map(String::len).sum(),
        }
    }

    fn without(&self, at: usize, count: usize) -> Self {
        let kept = |index: usize| index < at || index >= at + count;
        match self {
            Self::Members(all) => {
                Self::Members(all.iter().enumerate().filter(|(i, _)| kept(*i)).map(|(_, m)| m.clone()).collect())
            }
            Self::Text(all) => {
                Self::Text(all.iter().enumerate().filter(|(i, _)| kept(*i)).map(|(_, p)| p.clone()).collect())
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Members(members) => {
                let object = Value::Object(members.iter().cloned().collect()).to_string();
                // What is left may still hold a long text or list.
                if object.len() <= limits::VALUE {
                    object
                } else {
                    json::abridged(&object, limits::VALUE).unwrap_or(object)
                }
            }
            Self::Text(pieces) => pieces.concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(tags: &[(&str, &str, &str)]) -> (Facts, Vec<String>) {
        let tag = |(space, key, value): &(&str, &str, &str)| Tag {
            space: (*space).into(),
            key: (*key).into(),
            value: (*value).into(),
            ..Tag::default()
        };
        let mut facts = Facts { tags: tags.iter().map(tag).collect(), ..Facts::default() };
        let catalogue = countersign_judge::marks::catalogue();
        long_values(&mut facts, catalogue);
        let marks = catalogue.evidence(&facts).into_iter().map(|e| e.mark).collect();
        (facts, marks)
    }

    const JOB: &str = "Job ID: 2b6e053b-9a65-4ca9-9e13-b6f4465164d4";

    #[test]
    fn a_mark_behind_a_long_text_is_kept() {
        let letters: String = (0..40_000).map(|n| char::from(b'a' + (n % 23) as u8)).collect();
        for filler in [" ".repeat(17_000), letters, "ä ".repeat(200_000)] {
            let value = format!("a barn --ar 4:3 {filler} {JOB}");
            let (facts, marks) = cut(&[("png", "Description", &value)]);
            assert_eq!(marks, ["midjourney.job-id"]);
            let tag = &facts.tags[0];
            assert!(
                tag.value.len() <= limits::VALUE && tag.cut.as_ref().is_some_and(|c| c.bytes == value.len() as u64)
            );
            assert_eq!(facts.problems, []);
        }
    }

    #[test]
    fn a_mark_behind_thousands_of_members_is_kept() {
        let many: Vec<String> = (0..20_000).map(|n| format!("\"member{n}\":{n}")).collect();
        let label = r#""AIGC":{"Label":"1","ContentProducer":"x"}"#;
        let value = format!("{{{},{label}}}", many.join(","));
        let (facts, marks) = cut(&[("exif", "UserComment", &value)]);
        assert_eq!(marks, ["tc260.aigc"]);
        assert!(facts.tags[0].value.len() <= limits::VALUE);
    }

    const HOUSE: &str = r#"
[[mark]]
id = "house.pipeline"
name = "Pipeline of the house"
lives = "PNG text `dh:job`"
claim = "generated"
strength = "declared"
guard = "Other jobs."
source = "Our own pipeline"
hits = [{ claim = "generated", tags = [["png", "dh:job", "gen-17"]] }]
misses = [{ trap = true, tags = [["png", "dh:job", "comp-17"]] }]
[[mark.test]]
in = ["png:dh:job"]
pattern = 'gen-[0-9]+$'
"#;

    #[test]
    fn a_mark_of_the_house_behind_a_long_text_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("house.toml");
        std::fs::write(&path, HOUSE).unwrap();
        let catalogue = countersign_judge::marks::with_files(&[path]).unwrap();
        let value = format!("{} gen-17", "x ".repeat(200_000));
        let tag = Tag { space: "png".into(), key: "dh:job".into(), value: value.into(), ..Tag::default() };
        let mut facts = Facts { tags: vec![tag], ..Facts::default() };
        long_values(&mut facts, &catalogue);
        let marks: Vec<_> = catalogue.evidence(&facts).into_iter().map(|e| e.mark).collect();
        assert_eq!(marks, ["house.pipeline"]);
        assert!(facts.tags[0].value.len() <= limits::VALUE && facts.problems.is_empty());
    }

    #[test]
    fn text_without_a_mark_keeps_its_beginning() {
        let value = "word ".repeat(10_000);
        let (facts, marks) = cut(&[("png", "Description", &value)]);
        assert!(marks.is_empty() && value.starts_with(facts.tags[0].value.as_str()));
        assert_eq!(facts.tags[0].value.len(), limits::VALUE);
    }
}
