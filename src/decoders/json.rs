//! JSON as generators write it: Python's `NaN` and `Infinity`, and ends that were cut.
//!
//! Not a decoder: the decoders and the mark catalogue read objects through it.

use serde_json::Value;

use crate::limits;

/// How far from the end an open element may be given up.
const OPEN: usize = 128;

/// The JSON value in a text: as it stands, or with Python's non-numbers read as null and a cut end closed.
#[must_use]
pub fn parse(text: &str) -> Option<Value> {
    if text.len() > limits::INFLATED {
        return None;
    }
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(e) if e.is_eof() => serde_json::from_str(&closed(&without_non_numbers(text))?).ok(),
        Err(_) => {
            let mended = without_non_numbers(text);
            serde_json::from_str(&mended).ok().or_else(|| serde_json::from_str(&closed(&mended)?).ok())
        }
    }
}

/// The text with `NaN`, `Infinity` and `-Infinity` outside of strings replaced by null.
fn without_non_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !quoted && let Some(word) = ["NaN", "-Infinity", "Infinity"].iter().find(|w| rest.starts_with(**w)) {
            out.push_str("null");
            rest = &rest[word.len()..];
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// A cut object up to its last whole member, with what is open closed. `None` where it is not cut.
fn closed(text: &str) -> Option<String> {
    let (mut quoted, mut escaped) = (false, false);
    let mut open: Vec<char> = Vec::new();
    // Where the last whole element ends and how many were open there: whatever closes later moves it on.
    let mut whole: Option<(usize, usize)> = None;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                if open.pop() != Some(c) || open.is_empty() {
                    return None;
                }
                whole = Some((at + 1, open.len()));
            }
            ',' => whole = Some((at, open.len())),
            _ => {}
        }
        if open.len() > OPEN {
            return None;
        }
    }
    let (end, depth) = whole?;
    let mut out = text.get(..end)?.to_owned();
    out.extend(open.iter().take(depth).rev());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn python_non_numbers_are_null() {
        let text = r#"{"a": [NaN, -Infinity], "b": "NaN \" Infinity"}"#;
        assert_eq!(parse(text), Some(json!({"a": [null, null], "b": "NaN \" Infinity"})));
    }

    #[test]
    fn a_cut_end_is_closed_after_the_last_whole_member() {
        let text = r#"{"3": {"class_type": "KSampler", "inputs": {"seed": 1, "text": "a, b"}}, "4": {"x": [1, 2"#;
        for end in 0..text.len() {
            if let Some(value) = parse(&text[..end]) {
                assert!(value.is_object());
            }
        }
        let value = parse(&text[..text.len() - 2]).unwrap();
        assert_eq!(value["3"]["class_type"], "KSampler");
    }

    #[test]
    fn other_text_is_not_json() {
        for text in ["", "{", "{]", "{}}", "Steps: 20", "{a: 1}", "{\"a\": }"] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_none());
    }
}
