//! Shared by decoders and the mark catalogue: JSON as generators write it, with Python's `NaN` and `Infinity`, and ends that were cut.

use serde_json::Value;

use crate::limits;

/// How far from the end an open element may be given up.
const OPEN: usize = 128;

/// Elements of one value: a list of numbers takes forty times its text in memory.
pub const ELEMENTS: usize = 1_000_000;

/// Whether a text may be JSON of more than [`ELEMENTS`] elements, which is not read. Commas in texts count as well.
#[must_use]
pub fn is_too_wide(text: &str) -> bool {
    // The length rules out nearly every value.
    text.len() > ELEMENTS
        && text.trim_start().starts_with(['{', '['])
        && text.bytes().filter(|b| *b == b',').count() > ELEMENTS
}

/// The JSON value in a text: as it stands, or with Python's non-numbers read as null and a cut end closed.
#[must_use]
pub fn parse(text: &str) -> Option<Value> {
    if text.len() > limits::INFLATED || is_too_wide(text) {
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

/// How much of a long object is kept: bytes of a text, elements of a list, levels.
struct Keep {
    text: usize,
    items: usize,
    levels: usize,
}

/// Tried in turn until the rest is short enough.
const KEEP: [Keep; 4] = [
    Keep { text: 1024, items: 64, levels: 16 },
    Keep { text: 256, items: 16, levels: 6 },
    Keep { text: 64, items: 4, levels: 4 },
    Keep { text: 24, items: 1, levels: 3 },
];
/// Bytes of a member's name that are kept in any case.
const NAME: usize = 256;
/// How far from the start of a value its object may begin.
const BEFORE: usize = 64;

/// A JSON object of at most `most` bytes with the members of a longer one: long texts lose their ends, long lists their
/// last elements, deep objects their content. `None` for what is no object, and where nothing helps.
#[must_use]
pub fn abridged(text: &str, most: usize) -> Option<String> {
    text.bytes().take(BEFORE).position(|b| b == b'{')?;
    KEEP.iter().find_map(|keep| abridge(text, keep, most))
}

fn abridge(text: &str, keep: &Keep, most: usize) -> Option<String> {
    let mut out = String::with_capacity(most.min(text.len()));
    // What is open, as far as it is kept: whether an object, elements so far.
    let mut open: Vec<(bool, usize)> = Vec::new();
    // Levels open inside what is left out.
    let mut hidden = 0usize;
    let mut full = false;
    let (mut quoted, mut escaped, mut room, mut name) = (false, false, 0usize, false);
    for (at, c) in text.char_indices() {
        if out.len() > most {
            return None;
        }
        if quoted {
            let ends = c == '"' && !escaped;
            // The second half of a character beyond 16 bits stays with the first.
            let low = || matches!(text.as_bytes().get(at + 1..at + 4), Some([b'u', b'd' | b'D', c]) if b"cdefCDEF".contains(c));
            if c == '\\' && !escaped && room < 12 && !(room > 0 && low()) {
                room = 0;
            }
            escaped = c == '\\' && !escaped;
            if hidden == 0 && !full && (ends || room > 0) {
                out.push(c);
            }
            // An escape that was begun is ended.
            room = if room > 0 { room.saturating_sub(c.len_utf8()).max(usize::from(escaped)) } else { 0 };
            quoted = !ends;
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                room = if name { NAME } else { keep.text };
            }
            '{' | '[' if hidden > 0 || full || open.len() >= keep.levels => {
                if hidden == 0 && !full {
                    out.push(c);
                }
                hidden += 1;
                continue;
            }
            '{' | '[' => {
                open.push((c == '{', 0));
                name = c == '{';
            }
            '}' | ']' if hidden > 0 => {
                hidden -= 1;
                if hidden == 0 && !full {
                    out.push(c);
                }
                continue;
            }
            '}' | ']' => {
                open.pop();
                full = false;
                name = false;
            }
            ',' if hidden == 0 => {
                if let Some((object, items)) = open.last_mut() {
                    *items += 1;
                    full |= !*object && *items >= keep.items;
                    name = *object;
                }
            }
            ':' => name = false,
            _ => {}
        }
        if hidden == 0 && !full {
            out.push(c);
        }
    }
    (out.len() <= most).then_some(out)
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
    use serde_json::{Map, json};

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
    fn a_long_object_keeps_its_members() {
        let list = vec![json!({"a": [1, {"b": "deep"}]}); 400];
        let long = "\u{1F600}\\\"é\n".repeat(9_000);
        let whole = json!({"first": 1, "prompt": long, "list": list, "in": {"er": {"kind": "x"}}, "last": "the end"});
        for text in [whole.to_string(), serde_json::to_string_pretty(&whole).unwrap(), ascii(&whole.to_string())] {
            assert!(text.len() > 40_000);
            for most in [16_384, 4_096, 1_024, 512] {
                let short = abridged(&text, most).unwrap();
                assert!(short.len() <= most);
                let value: Value = serde_json::from_str(&short).unwrap();
                assert_eq!(value["first"], 1);
                assert_eq!(value["in"]["er"]["kind"], "x", "{most}");
                assert_eq!(value["last"], "the end");
                assert!(long.starts_with(value["prompt"].as_str().unwrap()));
            }
        }
        assert_eq!(abridged("a caption", 16), None);
        let many: Map<String, Value> = (0..5_000).map(|n| (n.to_string(), json!(n))).collect();
        assert_eq!(abridged(&Value::Object(many).to_string(), 1_024), None);
    }

    /// As Python writes it: everything beyond ASCII escaped.
    fn ascii(text: &str) -> String {
        let escaped = |c: char| {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
        };
        text.chars().map(|c| if c.is_ascii() { c.to_string() } else { escaped(c) }).collect()
    }

    #[test]
    fn any_text_is_abridged_without_panic() {
        let text = r#"x{"a\"":["\ud83d\ude00",{"b":[[[[1,2]]]]},3],}]}"c""#;
        for (from, _) in text.char_indices() {
            for most in 0..text.len() {
                assert!(abridged(&text[from..], most).is_none_or(|short| short.len() <= most));
            }
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
