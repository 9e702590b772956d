//! Shared by all reports: untrusted text made inert for the place it is printed in: names and tags can hold anything.

use std::fmt::Write;

use countersign_model::text::{csv_cell, deceives, is_formula};

/// For a terminal: control characters and the ones that reorder or hide text become visible escapes.
#[must_use]
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || deceives(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// At most `most` characters of `text`, with how many are left out.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let keep: String = text.chars().take(most).collect();
    format!("{keep}… ({} more)", count - most)
}

/// For one cell of CSV (RFC 4180), quoted where needed. What a spreadsheet would run as a formula gets an apostrophe
/// before it, and line breaks become visible, so that a row is a line; cells end before a spreadsheet cuts them.
#[must_use]
pub fn csv(text: &str) -> String {
    /// Microsoft Excel keeps 32,767 characters of a cell.
    const CELL: usize = 32_000;
    let cell = shorten(&terminal(text), CELL);
    // Of a line break or a tab at the start nothing is left to see, but what is behind it must not run either.
    let hidden = text.starts_with(['\t', '\r', '\n']) && !is_formula(&cell);
    csv_cell(&if hidden { format!("'{cell}") } else { cell }, &[';', '\'', '\t'])
}

/// For text and attribute values of XML 1.0 and HTML; what XML cannot hold becomes visible.
#[must_use]
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in terminal(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// For a plain-text SARIF message (§3.11): no embedded links, no placeholders, no control characters.
#[must_use]
pub fn sarif(text: &str) -> String {
    terminal(text).replace('[', "\\[").replace(']', "\\]").replace('{', "{{").replace('}', "}}")
}

/// JSON text for a script element: nothing in it can end the element or start another.
#[must_use]
pub fn script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// A relative path as a URI reference (RFC 3986): everything but unreserved characters and `/` is percent-encoded.
#[must_use]
pub fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte as char),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_text_is_inert() {
        assert_eq!(terminal("a\u{1b}[31mb\u{202e}c\u{9b}d\ne"), "a\\u{1b}[31mb\\u{202e}c\\u{9b}d\\ne");
        assert_eq!(terminal("München 東京 🎬"), "München 東京 🎬");
    }

    #[test]
    fn cells_are_no_formulas() {
        assert_eq!(csv("=cmd|'/c calc'!A1"), "\"'=cmd|'/c calc'!A1\"");
        assert_eq!((csv(" @x"), csv("-2"), csv("a,b")), ("\"' @x\"".into(), "\"'-2\"".into(), "\"a,b\"".into()));
        assert_eq!((csv("say \"hi\""), csv("a\nb")), ("\"say \"\"hi\"\"\"".into(), "a\\nb".into()));
        assert_eq!(csv("plain-name.png"), "plain-name.png");
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(xml("<a b='c'>&\u{1b}\u{ffff}"), "&lt;a b=&#39;c&#39;&gt;&amp;\\u{1b}\\u{ffff}");
        assert_eq!(script("{\"a\":\"</script><!--\"}"), "{\"a\":\"\\u003c/script\\u003e\\u003c!--\"}");
        assert_eq!(sarif("[x](http://y) {0}"), "\\[x\\](http://y) {{0}}");
        assert_eq!(uri("a b/ü#?.png"), "a%20b/%C3%BC%23%3F.png");
    }

    #[test]
    fn long_text_says_what_is_missing() {
        assert_eq!(shorten("abcdef", 4), "abcd… (2 more)");
        assert_eq!(shorten("abcd", 4), "abcd");
    }
}
