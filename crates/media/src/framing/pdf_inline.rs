//! Inline images of PDF content streams (ISO 32000-2, section 8.9.7): `BI`, keys and values, `ID`, data, `EI`.
//!
//! Only those that hold a JPEG are of interest: samples of any other kind carry no metadata.

use crate::framing::pdf_filters;
use crate::framing::pdf_objects::{Object, Parser};

/// Bytes of keys and values of one image.
const KEYS: usize = 4096;

/// A JPEG between `ID` and `EI`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Its bytes.
    Jpeg(Vec<u8>),
    /// It stands behind a filter that is not undone here.
    Behind(String),
}

/// The JPEG pictures that a content stream draws inline, in its order, at most `most`.
#[must_use]
pub fn jpegs(content: &[u8], most: usize) -> Vec<Inline> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(by) = content.get(at..).and_then(|rest| memchr::memmem::find(rest, b"BI")) {
        let start = at + by;
        at = start + 2;
        if found.len() >= most {
            break;
        }
        let Some((filters, data)) = image(content, start) else { continue };
        let Some(place) = filters.iter().position(|name| matches!(name.as_str(), "DCT" | "DCTDecode")) else {
            continue;
        };
        let Some(bytes) = content.get(data..) else { break };
        let (before, _) = filters.split_at(place);
        let len = end(bytes, before.is_empty());
        found.push(undone(bytes.get(..len).unwrap_or(bytes), before));
        at = data + len;
    }
    found
}

/// The filters of the image whose `BI` stands here, and where its data begin.
fn image(content: &[u8], start: usize) -> Option<(Vec<String>, usize)> {
    let before = start.checked_sub(1).and_then(|at| content.get(at));
    if before.is_some_and(|byte| !byte.is_ascii_whitespace()) || !content.get(start + 2)?.is_ascii_whitespace() {
        return None;
    }
    let keys = content.get(start + 2..)?;
    let mut parser = Parser::new(keys.get(..keys.len().min(KEYS))?);
    let mut filters = Vec::new();
    loop {
        parser.space();
        if parser.word("ID") {
            // One blank ends the word; the data follow.
            return Some((filters, start + 2 + parser.at + 1));
        }
        let Some(Object::Name(key)) = parser.object() else { return None };
        let value = parser.object()?;
        if matches!(key.as_str(), "F" | "Filter") {
            let all = if let Object::Array(all) = value { all } else { vec![value] };
            filters = all
                .into_iter()
                .filter_map(|name| if let Object::Name(name) = name { Some(name) } else { None })
                .collect();
        }
    }
}

/// The length of the data: up to `EI` between blanks, behind the end of the JPEG where it is not filtered again.
fn end(bytes: &[u8], bare: bool) -> usize {
    let is_end = |at: usize| {
        let blank = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        blank(bytes.get(at + 2)) && (before.is_some_and(u8::is_ascii_whitespace) || !bare || before == Some(&0xD9))
    };
    let is_after_image =
        |at: usize| !bare || bytes.get(..at).unwrap_or_default().trim_ascii_end().ends_with(&[0xFF, 0xD9]);
    memchr::memmem::find_iter(bytes, b"EI").find(|at| is_end(*at) && is_after_image(*at)).unwrap_or(bytes.len())
}

fn undone(bytes: &[u8], filters: &[String]) -> Inline {
    let mut bytes = bytes.to_vec();
    for filter in filters {
        bytes = match filter.as_str() {
            "A85" | "ASCII85Decode" => pdf_filters::ascii85(bytes.trim_ascii_start()),
            "AHx" | "ASCIIHexDecode" => pdf_filters::hexadecimal(&bytes),
            "RL" | "RunLengthDecode" => pdf_filters::run_lengths(&bytes),
            other => return Inline::Behind(other.to_owned()),
        };
    }
    // The blank before `EI` is none of the picture's.
    bytes.truncate(bytes.trim_ascii_end().len());
    Inline::Jpeg(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = b"\xFF\xD8\xFF\xFE\x00\x08 EI  \xFF\xD9";

    fn content(filter: &str, data: &[u8]) -> Vec<u8> {
        let keys = format!("q 1 0 0 1 0 0 cm\nBI /W 8 /H 8 /BPC 8 /CS /RGB {filter}\nID ");
        [keys.as_bytes(), data, b"\nEI Q\nBT (BI EI) Tj ET\n"].concat()
    }

    #[test]
    fn pictures_are_found_behind_the_filters_of_text() {
        let hex: String = JPEG.iter().map(|byte| format!("{byte:02x}")).collect();
        for (filter, data) in [
            ("/F /DCT", JPEG.to_vec()),
            ("/Filter [ /DCTDecode ]", JPEG.to_vec()),
            ("/F [ /AHx /DCT ]", format!("{hex}>").into_bytes()),
        ] {
            let found = jpegs(&content(filter, &data), 8);
            let [Inline::Jpeg(bytes)] = found.as_slice() else { panic!("{filter}: {found:?}") };
            assert_eq!(bytes, JPEG, "{filter}");
        }
        let packed = jpegs(&content("/F [/Fl /DCT]", b"x\x9c"), 8);
        assert_eq!(packed, [Inline::Behind("Fl".to_owned())]);
    }

    #[test]
    fn samples_words_and_cut_streams_are_none() {
        assert_eq!(jpegs(&content("/F /Fl", JPEG), 8), []);
        assert_eq!(jpegs(b"(BI) Tj /BI gs BInary ID \xFF\xD8", 8), []);
        let whole = content("/F /DCT", JPEG);
        for len in 0..whole.len() {
            let _ = jpegs(&whole[..len], 8);
        }
        assert_eq!(jpegs(&[whole.as_slice(), &whole].concat(), 1).len(), 1);
        assert_eq!(jpegs(&[whole.as_slice(), &whole].concat(), 8).len(), 2);
    }
}
