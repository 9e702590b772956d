//! Values that stand encoded in a text field: base64 (RFC 4648), `data:` addresses (RFC 2397), hexadecimal digits, percent
//! signs (RFC 3986), references of XML, packed or not, settings as XML, and XMP packets where plain text is expected.
//!
//! What comes out is told as a value of the same field, so that everything that is looked for in that field is looked for
//! in it; a picture or another file is kept to be read as one of its own.

mod settings_xml;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

use super::{Place, charset, content, picture, push_problem, xmp};
use crate::framing::{beginnings, deflate, xml};
use countersign_io::asset_budget;
use countersign_model::limits;
use countersign_model::{Extraction, Problem, Tag};

/// The way of a packet that stands as it is.
const XMP: &str = "XMP";
/// Fewer characters hold no settings.
const SHORT: usize = 48;
/// Characters of which the first decide whether a value may be encoded at all.
const FIRST: usize = 40;
/// Values that are decoded of one asset, and how often one that comes out may be encoded again: nobody but who hides
/// something writes so many layers.
const MOST: usize = 256;
const LAYERS: usize = 16;

/// Tells the values that stand encoded in others. What is left encoded behind the last layer is a problem that blocks.
pub fn unwrap(read: &mut Extraction) {
    let mut from = 0;
    let mut count = 0;
    for _ in 0..LAYERS {
        let upto = read.facts.tags.len();
        // The length sorts out nearly every value.
        let long = read.facts.tags.get(from..upto).unwrap_or_default().iter().filter(|tag| tag.value.len() >= SHORT);
        let found: Vec<(Tag, Decoded)> = long.filter_map(of).collect();
        for (tag, decoded) in found {
            count += 1;
            if count > MOST || asset_budget::check().is_err() {
                let what = format!("more than {MOST} encoded values are not decoded");
                return push_problem(read, Problem::limit(tag.place, tag.offset.unwrap_or_default(), what));
            }
            tell(tag, decoded, read);
        }
        from = upto;
        if read.facts.tags.len() == upto {
            return;
        }
    }
    if let Some((tag, _)) = read.facts.tags.get(from..).unwrap_or_default().iter().find_map(of) {
        let what = format!("a value is encoded more than {LAYERS} times over: what is left of it is not decoded");
        push_problem(read, Problem::limit(tag.place, tag.offset.unwrap_or_default(), what));
    }
}

/// What stands in a value, and the way in which it was written.
struct Decoded {
    way: &'static str,
    bytes: Vec<u8>,
}

fn of(tag: &Tag) -> Option<(Tag, Decoded)> {
    let decoded = decode(&tag.value)?;
    let place = format!("{}, {}", tag.place, decoded.way);
    Some((Tag { value: <_>::default(), place: place.into(), cut: None, ..tag.clone() }, decoded))
}

fn tell(mut tag: Tag, decoded: Decoded, out: &mut Extraction) {
    // Some readers take a packet in a field of text for what it is.
    let len = decoded.bytes.len() as u64;
    let span = tag.offset.map(|start| start..start.saturating_add(len)).filter(|_| decoded.way == XMP);
    let within = |other: &Tag| {
        other.space == "xmp" && other.offset.zip(span.as_ref()).is_some_and(|(at, span)| span.contains(&at))
    };
    if out.facts.tags.iter().any(within) {
        return;
    }
    let at = Place { container: (&tag.place).into(), offset: tag.offset };
    let unpacked = unpacked(&decoded.bytes);
    let bytes = unpacked.as_deref().unwrap_or(&decoded.bytes);
    if beginnings::begins(bytes) {
        return picture::embed(bytes, None, &at, out);
    }
    let Some(text) = text(bytes) else { return };
    if content::packet_start(text.as_bytes()).is_some() {
        return xmp::read(text.as_bytes(), &Place { offset: None, ..at }, out);
    }
    let kept = asset_budget::keep_text(text.len());
    if kept.is_ok() && out.facts.tags.len() < limits::TAGS {
        tag.value = text.into_owned().into();
        out.facts.tags.push(tag);
    }
}

/// What a zlib or gzip stream unfolds to.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let (unfolded, problem) = match bytes {
        [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..] => deflate::zlib(bytes, limits::INFLATED),
        [0x1F, 0x8B, 0x08, ..] => deflate::gzip(bytes, limits::INFLATED),
        _ => return None,
    };
    (problem.is_none() && !unfolded.is_empty()).then_some(unfolded)
}

/// Text, if all of it is.
fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Cow::Owned(charset::sidecar(bytes)?),
        _ => Cow::Borrowed(std::str::from_utf8(charset::trim(bytes)).ok()?),
    };
    let fits = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    (text.len() >= 12 && text.chars().all(fits)).then_some(text)
}

/// The bytes that a value stands for, where it is encoded in any way.
fn decode(value: &str) -> Option<Decoded> {
    if value.len() < SHORT || value.len() > limits::INFLATED {
        return None;
    }
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    let first = value.as_bytes().get(..FIRST)?;
    let decoded = |way, bytes| Some(Decoded { way, bytes });
    match first {
        [b'd' | b'D', b'a' | b'A', b't' | b'T', b'a' | b'A', b':', ..] => decoded("data address", address(value)?),
        [b'-', b'-', b'-', b'\r' | b'\n', ..] => decoded("front matter", label(value)?.into_bytes()),
        // A value that only begins with that sign stands for nothing else.
        [b'%', ..] => decoded("percent signs", percent(value).filter(|bytes| bytes != value.as_bytes())?),
        [b'<', ..] if content::packet_start(value.as_bytes()).is_some() => decoded(XMP, value.as_bytes().to_vec()),
        [b'<', ..] => decoded("XML", settings_xml::json(value)?.into_bytes()),
        [b'{' | b'&' | b'[', ..] if value.contains("&quot;") || value.starts_with("&lt;") => {
            decoded("references", xml::unescape(value).into_bytes())
        }
        _ if first.iter().all(|b| b.is_ascii_hexdigit()) => decoded("hexadecimal digits", hexadecimal(value)?),
        _ if first.iter().all(|b| is_base64(*b)) => decoded("base64", base64(value)?),
        _ => None,
    }
}

/// The label in the front matter of a text (TC260 practice for Markdown), as the object that it is elsewhere.
fn label(text: &str) -> Option<String> {
    let front = text.lines().skip(1).take_while(|line| line.trim_end() != "---");
    let mut lines = front.skip_while(|line| line.trim_end() != "AIGC:");
    lines.next()?;
    let members = lines.take_while(|line| line.starts_with([' ', '\t'])).take(MOST).filter_map(|line| {
        let (key, value) = line.trim().split_once(':')?;
        let value = value.trim().trim_matches(['"', '\'']);
        Some((key.trim_matches(['"', '\'']).to_owned(), Value::String(value.to_owned())))
    });
    let members: Map<String, Value> = members.collect();
    (!members.is_empty()).then(|| json!({ "AIGC": members }).to_string())
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n')
}

/// Base64 in either alphabet, in lines or not, with padding or without.
fn base64(value: &str) -> Option<Vec<u8>> {
    let lines = memchr::memchr3(b'\n', b'\r', b' ', value.as_bytes()).is_some();
    let plain =
        if lines { Cow::Owned(value.split_ascii_whitespace().collect::<String>()) } else { Cow::Borrowed(value) };
    let plain = plain.trim_end_matches('=').as_bytes();
    let bytes = BASE64_NOPAD.decode(plain).or_else(|_| BASE64URL_NOPAD.decode(plain)).ok()?;
    // Words without blanks may look like it; what they stand for is neither text nor a file.
    (beginnings::begins(&bytes) || text(&bytes).is_some() || unpacked(&bytes).is_some()).then_some(bytes)
}

fn hexadecimal(value: &str) -> Option<Vec<u8>> {
    let plain: Vec<u8> = value.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = HEXLOWER_PERMISSIVE.decode(&plain).ok()?;
    (beginnings::begins(&bytes) || text(&bytes).is_some() || unpacked(&bytes).is_some()).then_some(bytes)
}

/// `data:image/png;base64,…`, `data:application/json,%7B…`.
fn address(value: &str) -> Option<Vec<u8>> {
    let (kind, body) = value.get(5..)?.split_once(',')?;
    if kind.len() > 256 {
        return None;
    }
    match kind.to_ascii_lowercase().ends_with("base64") {
        true if body.contains('%') => base64(&String::from_utf8(percent(body)?).ok()?),
        true => base64(body),
        false => percent(body),
    }
}

fn percent(value: &str) -> Option<Vec<u8>> {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        let pair = (*b == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        match pair.and_then(|pair| HEXLOWER_PERMISSIVE.decode(pair).ok()) {
            Some(byte) => {
                out.extend(byte);
                at += 3;
            }
            None => {
                out.push(*b);
                at += 1;
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    const SETTINGS: &str = r#"{"prompt":"a red barn in fog","seed":7,"steps":20,"sampler":"euler"}"#;

    fn told(value: &str) -> Vec<String> {
        let mut read = Extraction::default();
        read.facts.tags = vec![Tag { space: "png".into(), key: "x".into(), value: value.into(), ..Tag::default() }];
        unwrap(&mut read);
        read.facts.tags.into_iter().skip(1).map(|tag| tag.value.into()).collect()
    }

    #[test]
    fn every_way_of_writing_is_undone() {
        let encoded = BASE64.encode(SETTINGS.as_bytes());
        let lines = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n");
        let hex = data_encoding::HEXUPPER.encode(SETTINGS.as_bytes());
        let signs: String = SETTINGS.bytes().map(|b| format!("%{b:02X}")).collect();
        for value in [
            encoded.clone(),
            encoded.trim_end_matches('=').replace('+', "-").replace('/', "_"),
            lines,
            hex,
            signs.clone(),
            format!("data:application/json;base64,{encoded}"),
            format!("data:application/json,{signs}"),
            SETTINGS.replace('"', "&quot;"),
            BASE64.encode(encoded.as_bytes()),
        ] {
            assert_eq!(told(&value).last().map(String::as_str), Some(SETTINGS), "{value}");
        }
    }

    /// What is told of settings that are encoded so many times over, and the problems beside it.
    fn layers(of: impl Fn(String) -> String, times: usize) -> Extraction {
        let value = (0..times).fold(SETTINGS.to_owned(), |value, _| of(value));
        let mut read = Extraction::default();
        read.facts.tags = vec![Tag { space: "png".into(), key: "x".into(), value: value.into(), ..Tag::default() }];
        unwrap(&mut read);
        read
    }

    #[test]
    fn layers_are_undone_to_the_last_and_more_of_them_are_told() {
        let base64 = |value: String| BASE64.encode(value.as_bytes());
        let address = |value: String| format!("data:text/plain;base64,{}", BASE64.encode(value.as_bytes()));
        for times in [1, 3, 4, 7, LAYERS] {
            for read in [layers(base64, times), layers(address, times)] {
                assert_eq!(read.facts.tags.last().map(|tag| tag.value.as_str()), Some(SETTINGS), "{times}");
                assert_eq!(read.facts.problems, [], "{times}");
            }
        }
        let read = layers(base64, LAYERS + 1);
        let [problem] = read.facts.problems.as_slice() else { panic!("{:?}", read.facts.problems) };
        assert!(problem.blocking && problem.what.contains("more than 16 times"), "{problem:?}");
    }

    #[test]
    fn a_sign_at_the_start_is_no_layer() {
        assert!(told("% of all frames that were lost in the transfer: 50, 60 and 70 of a hundred").is_empty());
    }

    #[test]
    fn labels_of_front_matter_are_labels() {
        let text =
            "---\ntitle: A harbor at dawn\nAIGC:\n  Label: \"1\"\n  ContentProducer: x\ntags: [a]\n---\n# Text\n";
        let labels: Vec<serde_json::Value> = told(text).iter().map(|label| label.parse().unwrap()).collect();
        assert_eq!(labels, [serde_json::json!({ "AIGC": { "Label": "1", "ContentProducer": "x" } })]);
        assert!(told("---\ntitle: A harbor at dawn, without any label\n---\nAIGC:\n  Label: 1\n").is_empty());
    }

    #[test]
    fn words_and_noise_are_left_alone() {
        let noise: Vec<u8> = (0..600u32).map(|n| (n * n * 31 % 251) as u8).collect();
        for value in [
            "Donaudampfschifffahrtsgesellschaftskapitaenswitwenrente/und/so/weiter/und/so/fort",
            &BASE64.encode(&noise),
            "a caption of several words that is longer than the shortest value that is looked at",
            &"0123456789abcdef".repeat(8),
        ] {
            assert!(told(value).is_empty(), "{value}");
        }
    }
}
