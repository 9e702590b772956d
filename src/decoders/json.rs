//! Shared by decoders and the mark catalogue: JSON as generators write it, with Python's `NaN` and `Infinity`, and ends that were cut.

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
        Err(e) if e.is_eof() => closed(&without_non_numbers(text)),
        Err(_) => {
            let mended = without_non_numbers(text);
            serde_json::from_str(&mended).ok().or_else(|| closed(&mended))
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

/// A cut object with what is open closed: in the middle of its last text, or after its last whole member.
fn closed(text: &str) -> Option<Value> {
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
    let end = |text: &str, within: &str, depth: usize| {
        let mut out = String::with_capacity(text.len() + within.len() + depth);
        out.push_str(text);
        out.push_str(within);
        out.extend(open.iter().take(depth).rev());
        serde_json::from_str(&out).ok()
    };
    // An escape may be cut too: `\` or `\u00`.
    let before = text.rfind('\\').filter(|at| text.len() - at < 6).and_then(|at| text.get(..at));
    let texts = [Some(text), before].into_iter().flatten().filter(|_| quoted);
    let at_text = texts.map(|text| end(text, "\"", open.len())).find_map(|value| value);
    at_text.or_else(|| whole.and_then(|(to, depth)| end(text.get(..to)?, "", depth)))
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
        for cut in [r#"{"a": {"b": "long te"#, r#"{"a": {"b": "long te\"#, r#"{"a": {"b": "long te\u00"#] {
            assert_eq!(parse(cut), Some(json!({"a": {"b": "long te"}})), "{cut}");
        }
    }

    #[test]
    fn other_text_is_not_json() {
        for text in ["", "{", "{]", "{}}", "Steps: 20", "{a: 1}", "{\"a\": }"] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_none());
    }
}
