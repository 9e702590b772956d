//! What MXF header metadata says (SMPTE ST 377-1 annexes A to F, RP 2057, descriptive and dark sets).
//!
//! Known properties have names; every other property that holds text is reported under its local tag, so
//! that AS-11, DMS-1 and private schemes are seen without a dictionary of each.

use std::collections::HashMap;

use crate::framing::klv::{self, Key};
use crate::tags::{self, Place, xmp};
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

const SPACE: &str = "mxf";

/// Local tag to property label, from the primer pack (ST 377-1 section 9.2).
pub type Primer = HashMap<u16, Key>;

/// How a property's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// UTF-16, big-endian, perhaps ended by zero.
    Text,
    Timestamp,
    /// A UMID, a UUID, a universal label.
    Hex,
    /// Count, item length, labels.
    Labels,
    /// Five 16-bit numbers: major, minor, patch, build, release.
    Product,
    Number,
    /// Structure that says nothing to people.
    Skip,
}

/// Sets of ST 377-1: byte 15 of the key `060e2b34.02530101.0d010101.0101xx00`.
const SETS: &[(u8, &str)] = &[
    (0x2F, "Preface"),
    (0x30, "Identification"),
    (0x18, "ContentStorage"),
    (0x36, "MaterialPackage"),
    (0x37, "SourcePackage"),
    (0x38, "Track"),
    (0x39, "EventTrack"),
    (0x3A, "StaticTrack"),
    (0x3B, "TimelineTrack"),
    (0x3F, "TaggedValue"),
    (0x40, "KLVData"),
    (0x32, "NetworkLocator"),
    (0x33, "TextLocator"),
    (0x41, "DescriptiveMarker"),
    (0x11, "SourceClip"),
    (0x6A, "MCALabelSubDescriptor"),
    (0x6B, "AudioChannelLabelSubDescriptor"),
    (0x6C, "SoundfieldGroupLabelSubDescriptor"),
    (0x6D, "GroupOfSoundfieldGroupsLabelSubDescriptor"),
];

/// Descriptive sets, by the last eight bytes of the key.
const SCHEMES: &[([u8; 8], &str)] = &[
    ([0x0D, 1, 4, 1, 4, 1, 1, 0], "TextBasedFramework"),
    ([0x0D, 1, 4, 1, 4, 2, 1, 0], "GenericStreamTextBasedSet"),
    ([0x0D, 1, 4, 1, 4, 3, 1, 0], "TextBasedObject"),
    ([0x0D, 1, 4, 1, 1, 1, 1, 0], "ProductionFramework"),
    ([0x0D, 1, 4, 1, 1, 1, 2, 0], "ClipFramework"),
    ([0x0D, 1, 4, 1, 1, 1, 3, 0], "SceneFramework"),
    ([0x0D, 1, 4, 1, 2, 1, 0, 0], "CryptographicFramework"),
];

/// Properties with fixed local tags (ST 377-1 annexes).
const PROPERTIES: &[(u16, &str, Kind)] = &[
    (0x3C01, "CompanyName", Kind::Text),
    (0x3C02, "ProductName", Kind::Text),
    (0x3C03, "ProductVersion", Kind::Product),
    (0x3C04, "VersionString", Kind::Text),
    (0x3C05, "ProductUID", Kind::Hex),
    (0x3C06, "ModificationDate", Kind::Timestamp),
    (0x3C07, "ToolkitVersion", Kind::Product),
    (0x3C08, "Platform", Kind::Text),
    (0x3C09, "ThisGenerationUID", Kind::Skip),
    (0x3C0A, "InstanceUID", Kind::Skip),
    (0x0102, "GenerationUID", Kind::Skip),
    (0x3B02, "LastModifiedDate", Kind::Timestamp),
    (0x3B09, "OperationalPattern", Kind::Hex),
    (0x3B0A, "EssenceContainers", Kind::Labels),
    (0x3B0B, "DMSchemes", Kind::Labels),
    (0x4401, "PackageUID", Kind::Hex),
    (0x4402, "Name", Kind::Text),
    (0x4404, "PackageModifiedDate", Kind::Timestamp),
    (0x4405, "PackageCreationDate", Kind::Timestamp),
    (0x4802, "TrackName", Kind::Text),
    (0x4001, "URLString", Kind::Text),
    (0x4101, "LocatorName", Kind::Text),
    (0x0602, "EventComment", Kind::Text),
    (0x1101, "SourcePackageID", Kind::Skip),
];

/// Properties with labels only (the version byte left out): bytes 9 to 16.
const LABELLED: &[([u8; 8], &str, Kind)] = &[
    ([4, 6, 8, 6, 0, 0, 0, 0], "TextBasedMetadataPayloadSchemeID", Kind::Hex),
    ([4, 9, 2, 2, 0, 0, 0, 0], "TextMIMEMediaType", Kind::Text),
    ([3, 1, 1, 2, 2, 0x14, 0, 0], "RFC5646TextLanguageCode", Kind::Text),
    ([3, 2, 1, 6, 3, 2, 0, 0], "TextDataDescription", Kind::Text),
    ([1, 3, 4, 8, 0, 0, 0, 0], "GenericStreamID", Kind::Number),
];

const TAGGED_NAME: u16 = 0x5001;
const TAGGED_VALUE: u16 = 0x5003;

/// The primer pack's value: a batch of local tags and labels.
#[must_use]
pub fn primer(value: &[u8]) -> Primer {
    let items = value.get(8..).unwrap_or_default().chunks_exact(18);
    items
        .map(|item| (u16::from_be_bytes([item[0], item[1]]), <Key>::try_from(&item[2..]).unwrap_or_default()))
        .collect()
}

/// Whether a key names a local set that [`set`] can read.
#[must_use]
pub fn is_local_set(key: &Key) -> bool {
    key[..4] == klv::PREFIX && key[4] == 0x02 && matches!(key[5], 0x53 | 0x13)
}

/// A label or identifier as lower-case hexadecimal digits with dots after every fourth byte.
#[must_use]
pub fn dotted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2 + bytes.len() / 4);
    for (at, chunk) in bytes.chunks(4).enumerate() {
        text.push_str(if at > 0 { "." } else { "" });
        data_encoding::HEXLOWER.encode_append(chunk, &mut text);
    }
    text
}

fn set_name(key: &Key) -> String {
    let known = if key[8..14] == [0x0D, 1, 1, 1, 1, 1] {
        SETS.iter().find(|(byte, _)| *byte == key[14]).map(|(_, name)| *name)
    } else {
        SCHEMES.iter().find(|(tail, _)| *tail == key[8..]).map(|(_, name)| *name)
    };
    known.map_or_else(|| dotted(&key[8..]), str::to_owned)
}

/// Reads one local set.
pub fn set(key: &Key, body: &[u8], primer: &Primer, at: &Place, out: &mut Extraction) {
    let name = set_name(key);
    let place = Place { container: format!("{}/{name}", at.container).into(), offset: at.offset };
    let (mut tag_name, mut tag_value) = (None, None);
    for item in klv::locals(body, key[5]) {
        let item = match item {
            Ok(item) => item,
            Err(offset) => {
                let offset = place.offset.unwrap_or(0).saturating_add(offset as u64);
                place.problem(Problem::malformed("", offset, "an item is longer than its set"), out);
                break;
            }
        };
        match item.tag {
            TAGGED_NAME if name == "TaggedValue" => tag_name = text16(item.value),
            TAGGED_VALUE if name == "TaggedValue" => tag_value = Some(item),
            _ => property(&name, &item, primer, &place, out),
        }
    }
    if let Some(value) = tag_value {
        let key = format!("TaggedValue.{}", tag_name.unwrap_or_default());
        let text = indirect(value.value).unwrap_or_else(|| format!("({} bytes of binary)", value.value.len()));
        say(&key, &text, &place, value.offset, out);
    }
}

fn property(set: &str, item: &klv::Local<'_>, primer: &Primer, at: &Place, out: &mut Extraction) {
    let fixed = PROPERTIES.iter().find(|(tag, ..)| *tag == item.tag).map(|(_, name, kind)| (*name, *kind));
    let label = primer.get(&item.tag);
    let known = fixed.or_else(|| {
        let tail = label?.get(8..)?;
        LABELLED.iter().find(|(known, ..)| known == tail).map(|(_, name, kind)| (*name, *kind))
    });
    let value = match known {
        Some((_, Kind::Skip)) => None,
        Some((_, Kind::Text)) => text16(item.value),
        Some((_, Kind::Timestamp)) => timestamp(item.value),
        Some((_, Kind::Hex)) => Some(dotted(item.value)),
        Some((_, Kind::Labels)) => labels(item.value),
        Some((_, Kind::Product)) => product(item.value),
        Some((_, Kind::Number)) => {
            Some(item.value.iter().take(8).fold(0u64, |n, b| n << 8 | u64::from(*b)).to_string())
        }
        None => guessed(item.value),
    };
    let Some(value) = value.filter(|v| !v.is_empty()) else { return };
    let name = known.map_or_else(|| format!("0x{:04X}", item.tag), |(name, _)| name.to_owned());
    say(&format!("{set}.{name}"), &value, at, item.offset, out);
}

/// Pushes text, and reads it where it is an XMP packet.
pub fn say(key: &str, value: &str, at: &Place, by: usize, out: &mut Extraction) {
    tags::push(out, (SPACE, key), value, at, by as u64);
    if is_xmp(value) {
        xmp::read(value.as_bytes(), &at.inside(key, by as u64), out);
    }
}

/// Whether a text is RDF/XML with an XMP packet's outer elements.
#[must_use]
pub fn is_xmp(text: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    start.starts_with('<') && ["<?xpacket", "<x:xmpmeta", "<rdf:RDF"].iter().any(|mark| start.contains(mark))
}

pub(super) fn text16(value: &[u8]) -> Option<String> {
    let (text, _) = encoding_rs::UTF_16BE.decode_without_bom_handling(value);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let end = text.find('\0').unwrap_or(text.len());
    Some(text[..end].to_owned())
}

/// Text in a property that no table knows: UTF-16 or UTF-8 that reads as text to its last character.
fn guessed(value: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(value) {
        let text = text.trim_end_matches('\0');
        if text.len() >= 4 && text.chars().all(readable) {
            return Some(text.to_owned());
        }
    }
    if value.len() < 4 || !value.len().is_multiple_of(2) || value.starts_with(&klv::PREFIX) {
        return None;
    }
    let text = encoding_rs::UTF_16BE.decode_without_bom_handling_and_without_replacement(value)?;
    let text = text.trim_end_matches('\0').trim_start_matches('\u{feff}');
    if text.chars().count() < 2 || !text.chars().all(readable) {
        return None;
    }
    // Identifiers decode to a mixture of scripts by chance; text in other scripts is not 8 or 16 units long for long.
    let latin = text.chars().filter(|c| (*c as u32) < 0x250).count();
    let ideographs =
        text.chars().filter(|c| matches!(*c as u32, 0x3000..=0x30FF | 0x4E00..=0x9FFF | 0xFF00..=0xFFEF)).count();
    let all = text.chars().count();
    let plain = latin * 2 > all || (ideographs == all && !matches!(value.len(), 8 | 16 | 32));
    let other =
        text.chars().all(|c| matches!(c as u32, 0x20..=0x24F | 0x370..=0x6FF | 0x900..=0xDFF | 0xAC00..=0xD7A3));
    (plain || other).then(|| text.to_owned())
}

fn readable(c: char) -> bool {
    (!c.is_control() || matches!(c, '\n' | '\r' | '\t')) && !matches!(c as u32, 0xE000..=0xF8FF | 0xFFF0..)
}

/// An indirect value (ST 377-1 annex on TaggedValue): byte order, type label, value.
fn indirect(value: &[u8]) -> Option<String> {
    const UTF16: [u8; 4] = [0x01, 0x10, 0x02, 0x00];
    let order = *value.first()?;
    let (kind, content) = (value.get(1..17)?, value.get(17..)?);
    // The label's halves are swapped where it is written as an AUID, and its first fields are little-endian for `L`.
    let is_text = kind[8..12] == UTF16 || kind[..4] == UTF16 || kind[..4] == [0x00, 0x02, 0x10, 0x01];
    if is_text && order == b'L' {
        let (text, _) = encoding_rs::UTF_16LE.decode_without_bom_handling(content);
        return Some(text.trim_end_matches('\0').to_owned());
    }
    if is_text {
        return text16(content);
    }
    match content.len() {
        1 | 2 | 4 | 8 => {
            let bytes = content.iter();
            let join = |n: u64, b: &u8| n << 8 | u64::from(*b);
            let number = if order == b'L' { bytes.rev().fold(0, join) } else { bytes.fold(0, join) };
            Some(number.to_string())
        }
        _ => guessed(content),
    }
}

/// Year, month, day, hour, minute, second, units of 4 ms.
fn timestamp(value: &[u8]) -> Option<String> {
    let [y1, y2, month, day, hour, minute, second, fraction] = <[u8; 8]>::try_from(value).ok()?;
    let year = u16::from_be_bytes([y1, y2]);
    if year == 0 {
        return None;
    }
    let milliseconds = u16::from(fraction) * 4;
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z"))
}

fn product(value: &[u8]) -> Option<String> {
    let parts: Vec<String> =
        value.chunks_exact(2).take(4).map(|p| u16::from_be_bytes([p[0], p[1]]).to_string()).collect();
    (parts.len() == 4).then(|| parts.join("."))
}

fn labels(value: &[u8]) -> Option<String> {
    let items = value.get(8..)?.chunks_exact(16).take(limits::DEPTH).map(dotted);
    Some(items.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn text_is_told_from_identifiers_and_numbers() {
        assert_eq!(guessed(&utf16("Reel 1")).as_deref(), Some("Reel 1"));
        assert_eq!(guessed(&utf16("Ünïcode\0")).as_deref(), Some("Ünïcode"));
        assert_eq!(guessed(&utf16("完全片名稱")).as_deref(), Some("完全片名稱"));
        assert_eq!(guessed(b"{\"a\":1}").as_deref(), Some("{\"a\":1}"));
        assert_eq!(guessed(&[0, 0, 0, 0x41]), None);
        assert_eq!(
            guessed(&[0xD1, 0x0E, 0xCC, 0xEB, 0xB7, 0x10, 0x4D, 0xE6, 0xB8, 0xCB, 0x12, 0x79, 0xA6, 0x91, 0xA3, 0x9F]),
            None
        );
        assert_eq!(guessed(&[6, 0x0E, 0x2B, 0x34, 4, 1, 1, 1]), None);
    }

    #[test]
    fn indirect_text_is_read_in_either_byte_order() {
        let mut big = vec![b'B', 0x06, 0x0E, 0x2B, 0x34, 1, 4, 1, 1, 0x01, 0x10, 0x02, 0, 0, 0, 0, 0];
        big.extend(utf16("yes"));
        assert_eq!(indirect(&big).as_deref(), Some("yes"));
        let mut little = vec![b'L', 0x00, 0x02, 0x10, 0x01, 0, 0, 0, 0, 0x06, 0x0E, 0x2B, 0x34, 1, 4, 1, 1];
        little.extend("yes".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(indirect(&little).as_deref(), Some("yes"));
        assert_eq!(indirect(&[b'B'; 9]), None);
    }
}
