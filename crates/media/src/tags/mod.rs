//! What a carried blob says: one file per vocabulary, each turning bytes into [`Tag`]s.
//!
//! A tag reader gets the blob, the [`Place`] it was found at, and the facts to write to; it never
//! fails as a whole: what it could read stays, what it could not is a problem beside it.

pub mod amf;
pub mod ape;
pub mod bext;
pub mod charset;
pub mod clip;
pub mod content;
pub mod document_xml;
pub mod encoded;
pub mod exif;
mod exif_directories;
mod exif_names;
mod exif_numbers;
mod exif_values;
pub mod icc;
pub mod id3;
pub mod iptc;
pub mod ixml;
pub mod matroska;
pub mod mpeg_user_data;
pub mod mxf;
pub mod mxf_packages;
pub mod other_file;
pub mod photoshop;
pub mod picture;
pub mod plain_text;
pub mod png_text;
pub mod sei;
pub mod stream;
pub mod vorbis;
pub mod xmp;
mod xmp_attributes;
mod xmp_names;

use countersign_io::asset_budget;
use countersign_model::limits;
use countersign_model::{
    CompactString, Embedded, Extraction, Facts, Payload, PayloadKind, Problem, Store, Tag, TagPlace, Via,
};
use std::sync::Arc;

/// Bytes that a tag takes beside its value and its key, about: its place, and the tag itself.
const TAG: usize = 256;
/// Tags that many files have.
const USUAL: usize = 80;

/// Where a blob was found.
///
/// ```
/// use countersign_media::tags::{Place, push_in};
/// use countersign_model::Extraction;
///
/// let mut out = Extraction::default();
/// let exif = Place::new("JPEG APP1", 20).inside("TIFF", 10);
/// push_in(&mut out, ("exif", "IFD0", "Software"), "GIMP", &exif, 4);
/// let tag = &out.facts.tags[0];
/// assert_eq!((tag.place.as_str(), tag.offset), ("JPEG APP1, TIFF, EXIF IFD0 Software", Some(34)));
/// ```
#[derive(Clone, Debug)]
pub struct Place {
    /// The container path: `JPEG APP1`.
    pub container: Arc<str>,
    /// Absolute offset of the blob's first byte; `None` where it was assembled or unfolded.
    pub offset: Option<u64>,
}

impl Place {
    /// A blob that stands in the file as it is.
    pub fn new(container: impl Into<Arc<str>>, offset: u64) -> Self {
        Self { container: container.into(), offset: Some(offset) }
    }

    /// A deeper place inside this one, `by` bytes further on.
    #[must_use]
    pub fn inside(&self, what: &str, by: u64) -> Self {
        Self {
            container: [&*self.container, ", ", what].concat().into(),
            offset: self.offset.map(|o| o.saturating_add(by)),
        }
    }

    /// Notes a problem at this place.
    pub fn problem(&self, mut problem: Problem, out: &mut Extraction) {
        if problem.place.is_empty() {
            problem.place = self.container.to_string();
        }
        if problem.offset.is_none() {
            problem.offset = self.offset;
        }
        push_problem(out, problem);
    }
}

/// Adds a tag whose value starts `by` bytes into the place.
///
/// The field is a vocabulary and a key in it, `("riff", "ISFT")`; the tag's `where` becomes `container, SPACE key`.
pub fn push(out: &mut Extraction, (space, key): (&str, &str), value: impl Into<CompactString>, at: &Place, by: u64) {
    push_field(out, (space.into(), CompactString::const_new(""), key.into()), value.into(), at, by);
}

/// As [`push`], for a field in a named part of the vocabulary: `("exif", "IFD0", "Software")` gives `EXIF IFD0 Software`.
pub fn push_in(
    out: &mut Extraction,
    (space, part, key): (&str, &str, &str),
    value: impl Into<CompactString>,
    at: &Place,
    by: u64,
) {
    push_field(out, (space.into(), part.into(), key.into()), value.into(), at, by);
}

/// A vocabulary, a part of it or nothing, and a key.
pub(crate) type FieldName = (CompactString, CompactString, CompactString);

/// As [`push_in`], for a name that is there as the tag keeps it: names of tables are never copied then.
pub(crate) fn push_field(
    out: &mut Extraction,
    (space, part, key): FieldName,
    value: CompactString,
    at: &Place,
    by: u64,
) {
    if out.facts.tags.len() >= limits::TAGS {
        return cut(at, out);
    }
    // Past what one asset may keep its budget says so: whoever reads it tells that once.
    if asset_budget::keep_tag(value.len(), key.len().saturating_add(TAG)).is_err() {
        return;
    }
    if out.facts.tags.is_empty() {
        out.facts.tags.reserve(USUAL);
    }
    let place = TagPlace::of_field(&at.container, (space.clone(), part, key.clone()));
    let offset = at.offset.map(|o| o.saturating_add(by));
    out.facts.tags.push(Tag { space, key, value, place, offset, cut: None, via: Via::Own });
}

/// Says once that there are more tags than are kept.
#[cold]
fn cut(at: &Place, out: &mut Extraction) {
    if out.facts.tags.len() == limits::TAGS {
        at.problem(Problem::limit("", at.offset.unwrap_or(0), format!("more than {} tags", limits::TAGS)), out);
        out.facts.tags.push(Tag { space: "countersign".into(), key: "cut".into(), ..Tag::default() });
    }
}

/// A number as fields without a name are told: `0x9286`.
pub(crate) fn hexadecimal(number: u16) -> CompactString {
    let digit = |shift: u32| char::from_digit(u32::from(number) >> shift & 0xF, 16).unwrap_or_default();
    let mut text = CompactString::const_new("0x");
    [12, 8, 4, 0].map(digit).iter().for_each(|digit| text.push(digit.to_ascii_uppercase()));
    text
}

/// Keeps media that an asset carries, to be read as assets of their own; past what one asset may keep, its budget says so.
pub fn push_embedded(out: &mut Extraction, embedded: Embedded) {
    if asset_budget::keep(embedded.bytes.len()).is_ok() {
        out.embedded.push(embedded);
    }
}

/// Keeps a manifest store, as [`push_embedded`].
pub fn push_store(out: &mut Extraction, store: Store) {
    if asset_budget::keep(store.bytes.len()).is_ok() {
        out.stores.push(store);
    }
}

/// Keeps a small picture of the whole image, `by` bytes into the place, for the decoder that compares the two. What is
/// too long, too many or no JPEG is left: nothing is told by a thumbnail alone.
pub fn push_thumbnail(out: &mut Extraction, at: &Place, what: &str, by: u64, bytes: Vec<u8>) {
    let count = out.payloads.iter().filter(|p| p.kind == PayloadKind::Thumbnail).count();
    if count < limits::THUMBNAILS && bytes.len() <= limits::THUMBNAIL && bytes.starts_with(&[0xFF, 0xD8]) {
        let offset = at.offset.unwrap_or(0).saturating_add(by);
        out.payloads.push(Payload {
            kind: PayloadKind::Thumbnail,
            place: [&*at.container, ", ", what].concat(),
            offset,
            bytes,
        });
    }
}

/// Adds a problem, bounded by [`limits::PROBLEMS`].
pub fn push_problem(out: &mut impl AsMut<Facts>, problem: Problem) {
    let out = out.as_mut();
    if out.problems.contains(&problem) {
        return;
    }
    if out.problems.len() < limits::PROBLEMS {
        out.problems.push(problem);
    } else if problem.blocking && out.problems.iter().all(|p| !p.blocking) {
        // Harmless problems never crowd out the one that keeps a file from being called clean.
        out.problems.truncate(limits::PROBLEMS - 1);
        out.problems.push(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_fields_have_four_digits() {
        for number in 0..=u16::MAX {
            assert_eq!(hexadecimal(number), format!("0x{number:04X}"));
        }
    }
}
