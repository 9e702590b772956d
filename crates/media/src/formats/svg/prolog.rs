//! What may stand before the root element (XML 1.0, section 2.8), and whether that element is `svg`.

/// Whether the prolog leads to an `svg` element.
pub(super) fn leads_to_svg(head: &[u8]) -> bool {
    let mut rest = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    loop {
        rest = rest.trim_ascii_start();
        let after = match rest {
            [b'<', b'?', ..] => after(rest, b"?>"),
            [b'<', b'!', b'-', b'-', ..] => after(rest, b"-->"),
            [b'<', b'!', ..] => match after_doctype(rest) {
                // The subset may be longer than the bytes at hand.
                None => return names_svg(rest),
                after => after,
            },
            [b'<', name @ ..] => return is_svg(name),
            _ => None,
        };
        match after {
            Some(next) => rest = next,
            None => return false,
        }
    }
}

fn after<'a>(bytes: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(end.len()).position(|w| w == end)?;
    bytes.get(at + end.len()..)
}

/// An internal subset may hold `>` and `]` of its own, in quotes.
fn after_doctype(bytes: &[u8]) -> Option<&[u8]> {
    let (mut quote, mut inside) = (None, false);
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if open == *byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'[') => inside = true,
            (None, b']') => inside = false,
            (None, b'>') if !inside => return bytes.get(at + 1..),
            _ => {}
        }
    }
    None
}

/// Whether a document type is called `svg`.
fn names_svg(doctype: &[u8]) -> bool {
    let name = doctype.get(..9).filter(|word| word.eq_ignore_ascii_case(b"<!DOCTYPE")).and_then(|_| doctype.get(9..));
    name.is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_whitespace) && is_svg(rest.trim_ascii_start()))
}

fn is_svg(name: &[u8]) -> bool {
    let Some(end) = name.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')) else { return false };
    let name = &name[..end];
    let local = name.rsplit(|b| *b == b':').next().unwrap_or(name);
    local == b"svg"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_decides() {
        assert!(leads_to_svg(b"<svg>"));
        assert!(leads_to_svg(b"\xEF\xBB\xBF <?xml version='1.0'?>\n<!-- <html> -->\n<!DOCTYPE svg PUBLIC 'a' 'b' [\n<!ENTITY x 'y>'>]>\n<svg:svg a='b'"));
        assert!(leads_to_svg(b"<!DOCTYPE svg [<!ENTITY a ']>'>]><svg/>"));
        assert!(leads_to_svg(b"<!DOCTYPE svg [<!ENTITY a 'never ends"));
        assert!(!leads_to_svg(b"<!DOCTYPE html [<!ENTITY a 'never ends"));
        assert!(!leads_to_svg(b"<html><svg></svg></html>"));
        assert!(!leads_to_svg(b"<svgfont>"));
        assert!(!leads_to_svg(b"<!-- never ends <svg>"));
        assert!(!leads_to_svg(b"svg"));
    }
}
