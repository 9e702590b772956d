//! Evidence for and against an archival asset's own claim, ranked into a grade.
//!
//! Facts only: no statistics of pixels and no guesses. What speaks for the claim is in [`supporting`], what speaks against
//! it in [`against`], [`dates`], [`cameras`] and [`history`]; [`tables`] holds what is known of makers, as data with its
//! sources. [`questions`] says what is still to be asked of the archive.

mod against;
mod cameras;
mod dates;
mod history;
mod questions;
mod same_picture;
mod supporting;
mod tables;
mod thumbnail;
pub(crate) mod traces;

use chrono::NaiveDate;

use crate::approvals::Record;
use countersign_model::text::one_line;
use countersign_model::{
    Ai, ArchiveEvidence, ArchiveGrade, ArchiveLine, ArchiveWeight, Asset, Evidence, Facts, Media, Role, Tag,
};

pub(crate) use against::is_algorithm_only;
pub(crate) use dates::{Earlier, out_of_order};
pub(crate) use history::editor;
pub use same_picture::same_picture;
pub(crate) use thumbnail::{ALIKE, unlike};

/// Characters of a value that a line repeats.
const VALUE: usize = 240;
/// Lines that one asset may have on one side.
const LINES: usize = 64;

/// What is known of an archival asset when its evidence is weighed.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveSubject<'a> {
    /// The file and its place.
    pub asset: &'a Asset,
    /// What it says.
    pub facts: &'a Facts,
    /// The marks that matched.
    pub evidence: &'a [Evidence],
    /// The strongest claim among them.
    pub ai: Ai,
    /// The record of these very bytes that covers the asset, where there is one.
    pub record: Option<&'a Record>,
    /// The day of the judgement: nothing was captured after it.
    pub as_of: NaiveDate,
}

/// The evidence for and against; `None` for what claims nothing, or is nothing that an audience sees or hears.
#[must_use]
pub fn evidence(subject: &ArchiveSubject<'_>) -> Option<ArchiveEvidence> {
    let content = subject.facts.media.is_some_and(Media::is_content);
    if subject.asset.role != Role::Archival || !content {
        return None;
    }
    let mut supporting = supporting::lines(subject);
    let mut against = against::lines(subject);
    supporting.truncate(LINES);
    against.truncate(LINES);
    let mut out = ArchiveEvidence {
        grade: grade(&supporting, &against),
        supporting,
        against,
        claims: supporting::claims(subject),
        questions: Vec::new(),
    };
    out.questions = questions::open(&out, subject.ai);
    Some(out)
}

/// What the lines amount to. Two lines that are independent of each other make a claim supported: one field alone is copied
/// or invented as easily as it is written.
fn grade(supporting: &[ArchiveLine], against: &[ArchiveLine]) -> ArchiveGrade {
    let weighs = |lines: &[ArchiveLine], weight| lines.iter().any(|line| line.weight == weight);
    match () {
        () if weighs(against, ArchiveWeight::Contradicts) => ArchiveGrade::Contradicted,
        () if weighs(supporting, ArchiveWeight::Authenticates) => ArchiveGrade::Authenticated,
        () if supporting.len() >= 2 => ArchiveGrade::Supported,
        () => ArchiveGrade::Unsupported,
    }
}

/// A line about a tag of the file.
fn line(kind: &str, what: impl Into<String>, weight: ArchiveWeight, tag: &Tag) -> ArchiveLine {
    ArchiveLine {
        what: what.into(),
        place: tag.place.to_string(),
        offset: tag.offset,
        value: clipped(&tag.value),
        kind: kind.to_owned(),
        weight,
    }
}

/// A line about a mark.
fn of_mark(kind: &str, what: impl Into<String>, weight: ArchiveWeight, mark: &Evidence) -> ArchiveLine {
    ArchiveLine {
        what: what.into(),
        place: mark.place.clone(),
        offset: mark.offset,
        value: clipped(&mark.value),
        kind: kind.to_owned(),
        weight,
    }
}

fn clipped(text: &str) -> String {
    one_line(text, VALUE)
}

/// The file's own tags.
fn own(facts: &Facts) -> impl Iterator<Item = &Tag> {
    facts.tags.iter().filter(|tag| tag.via.is_own())
}

/// Whether the tag is the field that `space:key` names, inside of a structure or a list too.
fn is_field(tag: &Tag, name: &str) -> bool {
    let Some((space, key)) = name.split_once(':') else { return false };
    if tag.space != space {
        return false;
    }
    let last = tag.key.rsplit('/').next().unwrap_or_default();
    [tag.key.as_str(), last].iter().any(|found| {
        let found = found.split_once('[').map_or(*found, |(name, _)| name);
        found == key
    })
}

/// The first own tag with a value that one of these fields names, in the order of the names.
fn first<'a>(facts: &'a Facts, names: &[impl AsRef<str>]) -> Option<&'a Tag> {
    names.iter().find_map(|name| own(facts).find(|tag| is_field(tag, name.as_ref()) && says_something(&tag.value)))
}

/// Whether a value is more than what programs write where nobody filled it in.
fn says_something(value: &str) -> bool {
    /// What cameras and programs write by themselves.
    const PLACEHOLDERS: &[&str] = &[
        "OLYMPUS DIGITAL CAMERA",
        "SONY DSC",
        "KONICA MINOLTA DIGITAL CAMERA",
        "MINOLTA DIGITAL CAMERA",
        "SAMSUNG",
        "DCIM",
        "unknown",
        "default",
        "none",
        "untitled",
    ];
    let value = value.trim();
    let filled = value.chars().any(|c| c.is_alphanumeric() && c != '0');
    filled && !PLACEHOLDERS.iter().any(|placeholder| value.eq_ignore_ascii_case(placeholder))
}

#[cfg(test)]
mod tests;
