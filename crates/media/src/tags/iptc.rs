//! IPTC IIM datasets (IIM 4.2): record:dataset values.
//!
//! A dataset is `0x1C`, record, dataset, a 16-bit big-endian length (or, with the top bit set, the number of bytes
//! of a longer length) and the value. 1:90 names the character set of the text records.

use crate::tags::{self, Place};
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// Reads IIM bytes (0x1C markers). Keys are the dataset's name (`Credit`), `2:110` where unknown.
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    // TIFF writers that declare the block as 32-bit integers in the other byte order turn every four bytes round.
    if blob.first() != Some(&MARKER) && blob.get(3) == Some(&MARKER) && blob.get(2).is_some_and(|r| *r <= 9) {
        let turned: Vec<u8> = blob.chunks(4).flat_map(|c| c.iter().rev().copied()).collect();
        return datasets(&turned, at, out);
    }
    datasets(blob, at, out);
}

const MARKER: u8 = 0x1C;

fn datasets(blob: &[u8], at: &Place, out: &mut Extraction) {
    let mut position = 0;
    let mut utf8 = false;
    for _ in 0..limits::ITEMS {
        match blob.get(position) {
            None => return,
            Some(&MARKER) => {}
            Some(_) => {
                let rest = blob.get(position..).unwrap_or_default();
                if rest.iter().any(|b| *b != 0) {
                    let what = "iptc: no dataset marker where the next dataset should start";
                    at.problem(Problem::malformed("", absolute(at, position), what), out);
                }
                return;
            }
        }
        let Some((record, dataset, start, len)) = header(blob, position) else {
            at.problem(Problem::truncated("", absolute(at, position), "iptc: cut inside a dataset header"), out);
            return;
        };
        let value = blob.get(start..).unwrap_or_default();
        let whole = value.len() >= len;
        let value = value.get(..len).unwrap_or(value);
        if (record, dataset) == (1, 90) {
            utf8 = value == b"\x1b%G";
        }
        tags::push(out, ("iptc", &key(record, dataset)), rendered(record, dataset, value, utf8), at, start as u64);
        if !whole {
            let what = format!("iptc: {} states {len} bytes, {} left", key(record, dataset), value.len());
            at.problem(Problem::truncated("", absolute(at, start), what), out);
            return;
        }
        position = start.saturating_add(len);
    }
    at.problem(Problem::limit("", absolute(at, position), "iptc: too many datasets"), out);
}

fn absolute(at: &Place, by: usize) -> u64 {
    at.offset.unwrap_or(0).saturating_add(by as u64)
}

/// Record, dataset, start and length of the value.
fn header(blob: &[u8], position: usize) -> Option<(u8, u8, usize, usize)> {
    let head = blob.get(position..position.checked_add(5)?)?;
    let &[_, record, dataset, high, low] = head else { return None };
    let short = usize::from(high & 0x7F) << 8 | usize::from(low);
    let start = position + 5;
    if high & 0x80 == 0 {
        return Some((record, dataset, start, short));
    }
    let digits = blob.get(start..start.checked_add(short)?).filter(|d| d.len() <= 8)?;
    let len = digits.iter().fold(0u64, |sum, digit| sum << 8 | u64::from(*digit));
    Some((record, dataset, start + short, usize::try_from(len).ok()?))
}

fn rendered(record: u8, dataset: u8, value: &[u8], utf8: bool) -> String {
    let numeric = matches!((record, dataset), (1, 0 | 20 | 22) | (2, 0 | 200 | 201));
    if numeric && value.len() <= 8 {
        return value.iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b)).to_string();
    }
    match (record, dataset) {
        (1, 90) if utf8 => "UTF-8".to_owned(),
        (1, 90) => value.escape_ascii().to_string(),
        (2, 125 | 202) | (7..=9, _) => format!("<{} bytes>", value.len()),
        _ if utf8 => String::from_utf8_lossy(trimmed(value)).into_owned(),
        _ => tags::charset::utf8_or_latin1(trimmed(value)),
    }
}

fn trimmed(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    value.get(..end).unwrap_or_default()
}

fn key(record: u8, dataset: u8) -> String {
    let name = NAMES.iter().find(|(r, d, _)| (*r, *d) == (record, dataset)).map(|(_, _, name)| *name);
    name.map_or_else(|| format!("{record}:{dataset}"), str::to_owned)
}

/// Names of IIM 4.2, written as the field writes them.
static NAMES: &[(u8, u8, &str)] = &[
    (1, 0, "EnvelopeRecordVersion"),
    (1, 5, "Destination"),
    (1, 20, "FileFormat"),
    (1, 22, "FileVersion"),
    (1, 30, "ServiceIdentifier"),
    (1, 40, "EnvelopeNumber"),
    (1, 50, "ProductID"),
    (1, 60, "EnvelopePriority"),
    (1, 70, "DateSent"),
    (1, 80, "TimeSent"),
    (1, 90, "CodedCharacterSet"),
    (1, 100, "UniqueObjectName"),
    (1, 120, "ARMIdentifier"),
    (1, 122, "ARMVersion"),
    (2, 0, "ApplicationRecordVersion"),
    (2, 3, "ObjectTypeReference"),
    (2, 4, "ObjectAttributeReference"),
    (2, 5, "ObjectName"),
    (2, 7, "EditStatus"),
    (2, 8, "EditorialUpdate"),
    (2, 10, "Urgency"),
    (2, 12, "SubjectReference"),
    (2, 15, "Category"),
    (2, 20, "SupplementalCategories"),
    (2, 22, "FixtureIdentifier"),
    (2, 25, "Keywords"),
    (2, 26, "ContentLocationCode"),
    (2, 27, "ContentLocationName"),
    (2, 30, "ReleaseDate"),
    (2, 35, "ReleaseTime"),
    (2, 37, "ExpirationDate"),
    (2, 38, "ExpirationTime"),
    (2, 40, "SpecialInstructions"),
    (2, 42, "ActionAdvised"),
    (2, 45, "ReferenceService"),
    (2, 47, "ReferenceDate"),
    (2, 50, "ReferenceNumber"),
    (2, 55, "DateCreated"),
    (2, 60, "TimeCreated"),
    (2, 62, "DigitalCreationDate"),
    (2, 63, "DigitalCreationTime"),
    (2, 65, "OriginatingProgram"),
    (2, 70, "ProgramVersion"),
    (2, 75, "ObjectCycle"),
    (2, 80, "By-line"),
    (2, 85, "By-lineTitle"),
    (2, 90, "City"),
    (2, 92, "Sub-location"),
    (2, 95, "Province-State"),
    (2, 100, "Country-PrimaryLocationCode"),
    (2, 101, "Country-PrimaryLocationName"),
    (2, 103, "OriginalTransmissionReference"),
    (2, 105, "Headline"),
    (2, 110, "Credit"),
    (2, 115, "Source"),
    (2, 116, "CopyrightNotice"),
    (2, 118, "Contact"),
    (2, 120, "Caption-Abstract"),
    (2, 121, "LocalCaption"),
    (2, 122, "Writer-Editor"),
    (2, 125, "RasterizedCaption"),
    (2, 130, "ImageType"),
    (2, 131, "ImageOrientation"),
    (2, 135, "LanguageIdentifier"),
    (2, 150, "AudioType"),
    (2, 151, "AudioSamplingRate"),
    (2, 152, "AudioSamplingResolution"),
    (2, 153, "AudioDuration"),
    (2, 154, "AudioOutcue"),
    (2, 184, "JobID"),
    (2, 185, "MasterDocumentID"),
    (2, 186, "ShortDocumentID"),
    (2, 187, "UniqueDocumentID"),
    (2, 188, "OwnerID"),
    (2, 200, "ObjectPreviewFileFormat"),
    (2, 201, "ObjectPreviewFileVersion"),
    (2, 202, "ObjectPreviewData"),
    (2, 221, "Prefs"),
    (2, 225, "ClassifyState"),
    (2, 228, "SimilarityIndex"),
    (2, 230, "DocumentNotes"),
    (2, 231, "DocumentHistory"),
    (2, 232, "ExifCameraInfo"),
    (2, 255, "CatalogSets"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(record: u8, number: u8, value: &[u8]) -> Vec<u8> {
        let mut out = vec![MARKER, record, number];
        out.extend((value.len() as u16).to_be_bytes());
        out.extend(value);
        out
    }

    fn facts(blob: &[u8]) -> Extraction {
        let mut out = Extraction::default();
        read(blob, &Place::new("JPEG APP13", 100), &mut out);
        out
    }

    fn pairs(out: &Extraction) -> Vec<(&str, &str)> {
        out.facts.tags.iter().map(|t| (t.key.as_str(), t.value.as_str())).collect()
    }

    #[test]
    fn datasets_are_named_and_decoded() {
        let mut blob = dataset(1, 90, b"\x1b%G");
        blob.extend(dataset(2, 0, &[0, 4]));
        blob.extend(dataset(2, 110, "Été".as_bytes()));
        blob.extend([MARKER, 2, 120, 0x80, 4, 0, 0, 0, 2, b'o', b'k']);
        blob.extend(dataset(2, 199, b"x"));
        let out = facts(&blob);
        let expected = [
            ("CodedCharacterSet", "UTF-8"),
            ("ApplicationRecordVersion", "4"),
            ("Credit", "Été"),
            ("Caption-Abstract", "ok"),
            ("2:199", "x"),
        ];
        assert_eq!(pairs(&out), expected);
        assert_eq!(out.facts.tags[2].offset, Some(100 + 8 + 7 + 5));
        assert_eq!(out.facts.tags[2].place, "JPEG APP13, IPTC Credit");
        assert!(out.facts.problems.is_empty());
    }

    #[test]
    fn latin_1_is_the_fallback_and_turned_blocks_are_read() {
        assert_eq!(pairs(&facts(&dataset(2, 110, b"\xC9t\xE9"))), [("Credit", "Été")]);
        let mut blob = dataset(2, 110, b"abc");
        blob.extend(dataset(2, 115, b"abcdef"));
        blob.push(0);
        assert_eq!(blob.len() % 4, 0);
        let turned: Vec<u8> = blob.chunks(4).flat_map(|c| c.iter().rev().copied()).collect();
        assert_eq!(pairs(&facts(&turned)), [("Credit", "abc"), ("Source", "abcdef")]);
    }

    #[test]
    fn a_cut_block_says_so_and_padding_does_not() {
        let mut blob = dataset(2, 25, b"one");
        blob.extend(dataset(2, 110, b"credit line"));
        let first = dataset(2, 25, b"one").len();
        for len in 0..blob.len() {
            let out = facts(&blob[..len]);
            assert_eq!(out.facts.problems.is_empty(), len == 0 || len == first, "{len}");
            assert!(out.facts.problems.iter().all(|p| p.blocking));
        }
        blob.extend([0; 7]);
        assert!(facts(&blob).facts.problems.is_empty());
        blob.extend(b"junk");
        assert!(facts(&blob).facts.problems[0].blocking);
    }

    #[test]
    fn any_byte_may_change() {
        let mut blob = dataset(1, 90, b"\x1b%G");
        blob.extend([MARKER, 2, 120, 0x80, 4, 0, 0, 0, 2, b'o', b'k']);
        for index in 0..blob.len() {
            for value in 0..=255 {
                let mut changed = blob.clone();
                changed[index] = value;
                facts(&changed);
            }
        }
    }
}
