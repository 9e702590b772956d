//! What all readers of XML share (XML 1.0, fifth edition): the encoding, and what references stand for.
//!
//! Only the five predefined entities and characters by their number are ever replaced, so that nothing unfolds.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The encoding of a document in UTF-16, by its byte order mark or its first character; `None` for all others.
#[must_use]
pub fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xFE, 0xFF, ..] | [0, b'<', ..] => Some(UTF_16BE),
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => Some(UTF_16LE),
        _ => None,
    }
}

/// Replaces the references in an attribute's value; what is none stays as written.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        // No reference is longer; a bare ampersand stays as it is.
        let end = rest.bytes().take(12).position(|b| b == b';');
        match end {
            Some(end) => {
                out.push_str(&reference(&rest[..end]));
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

/// What `&name;` stands for; an unknown entity stays as written.
#[must_use]
pub fn reference(name: &str) -> String {
    let number = name.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => n.parse().ok(),
    });
    match (name, number.and_then(char::from_u32)) {
        (_, Some(c)) => c.to_string(),
        ("lt", _) => "<".to_owned(),
        ("gt", _) => ">".to_owned(),
        ("amp", _) => "&".to_owned(),
        ("apos", _) => "'".to_owned(),
        ("quot", _) => "\"".to_owned(),
        _ => format!("&{name};"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_nothing_else() {
        assert_eq!(unescape("a &amp; b &lt;&#x41;&#66;&quot;"), "a & b <AB\"");
        assert_eq!(unescape("R&D &unknown; &#xD800; &"), "R&D &unknown; &#xD800; &");
    }

    #[test]
    fn wide_documents_are_known_by_their_first_bytes() {
        assert_eq!(utf16(&[0xFF, 0xFE, b'<', 0]), Some(UTF_16LE));
        assert_eq!(utf16(&[0, b'<', 0, b'a']), Some(UTF_16BE));
        assert_eq!(utf16(b"<a/>"), None);
    }
}
