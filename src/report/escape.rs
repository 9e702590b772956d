//! Untrusted text made inert for the place it is printed in: names and tags can hold anything.

use std::fmt::Write;

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

/// Characters that print nothing and change how the rest is read (bidi controls, joiners, tags, variation selectors).
fn deceives(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
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

/// An argument as a POSIX shell reads it back.
#[must_use]
pub fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
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
    fn shell_words_come_back_whole() {
        assert_eq!(shell("final/a b's.png"), "'final/a b'\\''s.png'");
        assert_eq!(shell("final/a.png"), "final/a.png");
    }

    #[test]
    fn long_text_says_what_is_missing() {
        assert_eq!(shorten("abcdef", 4), "abcd… (2 more)");
        assert_eq!(shorten("abcd", 4), "abcd");
    }
}
