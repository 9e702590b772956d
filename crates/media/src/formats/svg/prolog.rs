//! What may stand before the root element (XML 1.0, section 2.8), and whether that element is `svg`.

/// Whether the prolog leads to an `svg` element.
pub(super) fn leads_to_svg(head: &[u8]) -> bool {
    let mut rest = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    loop {
        rest = rest.trim_ascii_start();
        let after = match rest {
            [b'<', b'?', ..] => after(rest, b"?>"),
            [b'<', b'!', b'-', b'-', ..] => after(rest, b"-->"),
            [b'<', b'!', ..] => after_doctype(rest),
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

/// An internal subset may hold `>` of its own.
fn after_doctype(bytes: &[u8]) -> Option<&[u8]> {
    let stop = bytes.iter().position(|b| matches!(b, b'[' | b'>'))?;
    if bytes.get(stop) == Some(&b'[') { after(after(bytes, b"]")?, b">") } else { bytes.get(stop + 1..) }
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
        assert!(!leads_to_svg(b"<html><svg></svg></html>"));
        assert!(!leads_to_svg(b"<svgfont>"));
        assert!(!leads_to_svg(b"<!-- never ends <svg>"));
        assert!(!leads_to_svg(b"svg"));
    }
}
