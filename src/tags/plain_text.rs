//! Text without a declared encoding, as comments and keyword fields carry it.

/// UTF-8 where it is valid, else Windows-1252 (a superset of the printable part of Latin-1); trailing NULs are dropped.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let bytes = &bytes[..end];
    match std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// A field of fixed size: up to the first NUL, without surrounding space.
#[must_use]
pub fn field(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    decode(&bytes[..end]).trim().to_owned()
}

/// Whether bytes are UTF-8 text and not some binary structure.
#[must_use]
pub fn is_text(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    match std::str::from_utf8(&bytes[..end]) {
        Ok(text) => !text.contains(control),
        // The sample may end in the middle of a character.
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(&bytes[..e.valid_up_to()]).is_ok_and(|text| !text.contains(control))
        }
        Err(_) => false,
    }
}

/// The JSON of a bare `AIGC{…}` label (TC260 practice), from its brace on.
#[must_use]
pub fn aigc(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let rest = bytes.strip_prefix(b"AIGC")?;
    let gap = rest.iter().take(4).position(|b| *b == b'{')?;
    let filler = |b: &u8| matches!(b, 0 | b' ' | b':' | b'=' | b'\n');
    rest[..gap].iter().all(filler).then_some((4 + gap, &rest[gap..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        assert_eq!(decode("Größe\0".as_bytes()), "Größe");
        assert_eq!(decode(b"Gr\xF6\xDFe\0\0"), "Größe");
        assert_eq!(field(b" Arri \0garbage"), "Arri");
        assert!(is_text("{\"a\":\"ä\"}".as_bytes()));
        assert!(is_text(&"ä".as_bytes()[..1]));
        assert!(!is_text(b"\x01\x02abc"));
    }

    #[test]
    fn bare_labels() {
        assert_eq!(aigc(b"AIGC{\"Label\":\"1\"}"), Some((4, &b"{\"Label\":\"1\"}"[..])));
        assert_eq!(aigc(b"AIGC\0{}"), Some((5, &b"{}"[..])));
        assert_eq!(aigc(b"AIGC guide {"), None);
        assert_eq!(aigc(b"AIGC"), None);
    }
}
