//! Text of a stated or unknown encoding: UTF-8, Latin-1 as Windows-1252, UTF-16 with or without byte order mark.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The longest unknown chunk whose content is tried as text.
pub const UNKNOWN: usize = 64 * 1024;

/// Latin-1, read as Windows-1252 since that is what writers put there.
#[must_use]
pub fn latin1(bytes: &[u8]) -> String {
    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

/// UTF-8 where the bytes are valid, else Windows-1252; nothing falls away.
#[must_use]
pub fn utf8_or_latin1(bytes: &[u8]) -> String {
    text(bytes).into_owned()
}

/// As [`utf8_or_latin1`], borrowed where the bytes are valid UTF-8.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(latin1(bytes)), Cow::Borrowed)
}

/// UTF-16: a byte order mark wins over `default`.
#[must_use]
pub fn utf16(bytes: &[u8], default: &'static Encoding) -> String {
    let (encoding, text) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (UTF_16LE, rest),
        [0xFE, 0xFF, rest @ ..] => (UTF_16BE, rest),
        _ => (default, bytes),
    };
    encoding.decode_without_bom_handling(text).0.into_owned()
}

/// UTF-8 where the bytes are valid, UTF-16 behind a byte order mark, else Windows-1252; NULs and blanks at the end fall away.
#[must_use]
pub fn guess(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => utf16(bytes, UTF_16LE),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => utf8_or_latin1(trim(bytes)),
    };
    text.trim_end_matches(['\0', ' ']).to_owned()
}

/// UTF-32 behind a byte order mark, or where three of four bytes are zero as in Latin letters; `None` for anything else.
fn utf32(bytes: &[u8]) -> Option<String> {
    let big = match bytes {
        [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, 1..=0x7F, 0, 0, 0, ..] => true,
        [0xFF, 0xFE, 0, 0, ..] | [1..=0x7F, 0, 0, 0, _, 0, 0, 0, ..] => false,
        _ => return None,
    };
    let number = |unit: [u8; 4]| if big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
    let units = bytes.as_chunks::<4>().0.iter().map(|unit| char::from_u32(number(*unit)));
    let text: Option<String> = units.collect();
    text.map(|text| text.trim_start_matches('\u{feff}').trim_end_matches('\0').to_owned())
        .filter(|text| !text.contains('\0'))
}

/// The text of a file beside an asset: UTF-8, UTF-16 or UTF-32 with or without a byte order mark, else Latin-1; `None` for
/// what is no text.
#[must_use]
pub fn sidecar(bytes: &[u8]) -> Option<String> {
    if let Some(text) = utf32(bytes) {
        return Some(text);
    }
    let sample = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let zeros = |at: usize| sample.iter().skip(at).step_by(2).filter(|b| **b == 0).count();
    let marked = matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]);
    // In UTF-16 of Latin letters nearly every second byte is zero.
    let (even, odd, half) = (zeros(0), zeros(1), sample.len() / 2);
    if marked || (half > 4 && (even > half * 3 / 4 || odd > half * 3 / 4)) {
        return Some(utf16(bytes, if even > odd { UTF_16BE } else { UTF_16LE }));
    }
    (!trim(sample).contains(&0)).then(|| guess(bytes))
}

/// A fixed field: text up to the first NUL.
#[must_use]
pub fn fixed(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    guess(bytes.get(..end).unwrap_or_default())
}

/// UTF-8 where it is valid, else Windows-1252 (a superset of the printable part of Latin-1); trailing NULs are dropped.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let bytes = trim(bytes);
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(text).map_or_else(|_| latin1(bytes), str::to_owned)
}

/// A field of fixed size: up to the first NUL, without surrounding space.
#[must_use]
pub fn field(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    decode(bytes.get(..end).unwrap_or_default()).trim().to_owned()
}

/// Whether bytes are UTF-8 text and not some binary structure.
#[must_use]
pub fn is_text(bytes: &[u8]) -> bool {
    let bytes = trim(bytes);
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    match std::str::from_utf8(bytes) {
        Ok(text) => !text.contains(control),
        // The sample may end in the middle of a character.
        Err(e) if e.error_len().is_none() => std::str::from_utf8(bytes.get(..e.valid_up_to()).unwrap_or_default())
            .is_ok_and(|text| !text.contains(control)),
        Err(_) => false,
    }
}

/// The bytes as text, if they are nothing but printable text (tabs and line ends included) and are not too long.
#[must_use]
pub fn printable(bytes: &[u8]) -> Option<String> {
    let body = trim(bytes);
    if body.is_empty() || body.len() > UNKNOWN {
        return None;
    }
    let text = match body {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => utf16(bytes, UTF_16LE).trim_end_matches('\0').to_owned(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok()?.to_owned(),
        _ => std::str::from_utf8(body).ok()?.to_owned(),
    };
    let fits = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    (!text.is_empty() && text.chars().all(fits) && !text.contains('\u{FFFD}')).then_some(text)
}

/// Without NULs at the end.
#[must_use]
pub fn trim(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

/// A four-character code for people: unprintable bytes as `\xNN`, blanks at the end kept.
#[must_use]
pub fn fourcc(id: [u8; 4]) -> String {
    use std::fmt::Write as _;
    let mut name = String::with_capacity(4);
    for byte in id {
        if (0x20..0x7F).contains(&byte) {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "\\x{byte:02x}");
        }
    }
    name
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
    fn text_is_told_from_binary() {
        assert_eq!(printable(b"plain\r\ntext\0\0").as_deref(), Some("plain\r\ntext"));
        assert_eq!(printable(&[0xFF, 0xFE, b'h', 0, b'i', 0]).as_deref(), Some("hi"));
        assert_eq!(printable(b"a\x01b"), None);
        assert_eq!(printable(b"a\0b"), None);
        assert_eq!(printable(&[0x80, 0x81]), None);
        assert_eq!(printable(b"\0\0"), None);
        assert_eq!(printable(&vec![b'a'; UNKNOWN + 1]), None);
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(sidecar(&wide("Steps: 20")).as_deref(), Some("Steps: 20"));
        assert_eq!(sidecar(&[&[0xFF, 0xFE][..], &wide("Stufen: ä")].concat()).as_deref(), Some("Stufen: ä"));
        let wider = |text: &str| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect::<Vec<_>>();
        assert_eq!(sidecar(&wider("Steps: ä")).as_deref(), Some("Steps: ä"));
        assert_eq!(sidecar(&wider("\u{feff}Größe €")).as_deref(), Some("Größe €"));
        let mut little = wider("Steps: 20");
        little.as_chunks_mut::<4>().0.iter_mut().for_each(|unit| unit.reverse());
        assert_eq!(sidecar(&little).as_deref(), Some("Steps: 20"));
        assert_eq!(sidecar(b"Gr\xfc\xdfe").as_deref(), Some("Grüße"));
        assert_eq!(sidecar("\u{feff}Grüße".as_bytes()).as_deref(), Some("Grüße"));
        assert_eq!(sidecar(b"\x89PNG\0\0\0\x01binary"), None);
    }

    #[test]
    fn guesses_go_from_strict_to_loose() {
        assert_eq!(guess("Zürich\0".as_bytes()), "Zürich");
        assert_eq!(guess(b"Z\xFCrich "), "Zürich");
        assert_eq!(guess(&[0xFE, 0xFF, 0, b'A']), "A");
        assert_eq!(fixed(b"one\0two"), "one");
        assert_eq!(fourcc(*b"id3 "), "id3 ");
        assert_eq!(fourcc([b'a', 0, b'b', 0xFF]), "a\\x00b\\xff");
    }
}
