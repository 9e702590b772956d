//! Values of QuickTime and iTunes metadata: the well-known types of `data` boxes and the text encodings
//! of user data (QuickTime File Format, "Metadata" and "User data text strings").

use encoding_rs::{MACINTOSH, SHIFT_JIS, UTF_16BE, UTF_16LE};

/// What a value turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// A picture, to be read as an asset of its own.
    Picture,
    /// Bytes that are neither.
    Binary,
}

/// The value of a `data` box of this type; `key` is the item's four-character code where it has one.
#[must_use]
pub(super) fn decode(kind: u32, key: [u8; 4], bytes: &[u8]) -> Value {
    if is_picture(bytes) && (matches!(kind, 12 | 13 | 14 | 27) || &key == b"covr" || kind == 0) {
        return Value::Picture;
    }
    let text = match kind {
        1 | 4 | 6 | 7 | 9 | 15 | 16 | 17 => Some(unicode(bytes)),
        2 | 5 => Some(UTF_16BE.decode(bytes).0.into_owned()),
        3 => Some(SHIFT_JIS.decode(bytes).0.into_owned()),
        21 | 65 | 66 | 67 | 74 => signed(bytes).map(|n| n.to_string()),
        22 | 75 | 76 | 77 | 78 => unsigned(bytes).map(|n| n.to_string()),
        23 => bytes.try_into().ok().map(|b| f32::from_be_bytes(b).to_string()),
        24 => bytes.try_into().ok().map(|b| f64::from_be_bytes(b).to_string()),
        0 => implicit(key, bytes),
        _ => None,
    };
    text.or_else(|| printable(bytes)).map_or(Value::Binary, Value::Text)
}

/// Type 0: the item's own code says what it holds.
fn implicit(key: [u8; 4], bytes: &[u8]) -> Option<String> {
    let short = |at: usize| bytes.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
    match &key {
        b"trkn" | b"disk" => match (short(2)?, short(4)) {
            (number, Some(total)) if total > 0 => Some(format!("{number}/{total}")),
            (number, _) => Some(number.to_string()),
        },
        b"gnre" | b"tmpo" => short(0).map(|n| n.to_string()),
        _ => printable(bytes).or_else(|| (bytes.len() <= 8).then(|| unsigned(bytes)).flatten().map(|n| n.to_string())),
    }
}

fn unsigned(bytes: &[u8]) -> Option<u64> {
    (1..=8).contains(&bytes.len()).then(|| bytes.iter().fold(0, |n, b| (n << 8) | u64::from(*b)))
}

fn signed(bytes: &[u8]) -> Option<i64> {
    let bits = 64 - 8 * u32::try_from(bytes.len()).ok()?.min(8);
    unsigned(bytes).map(|n| (n.cast_signed() << bits) >> bits)
}

/// JPEG, PNG, GIF, BMP, WebP, HEIF or AVIF by its magic.
#[must_use]
pub(super) fn is_picture(bytes: &[u8]) -> bool {
    const MAGICS: &[&[u8]] = &[b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8"];
    let boxed = bytes.get(4..8) == Some(b"ftyp") && matches!(bytes.get(8..11), Some(b"avi" | b"hei" | b"mif"));
    MAGICS.iter().any(|m| bytes.starts_with(m))
        || boxed
        || (bytes.starts_with(b"BM") && bytes.len() > 54 && bytes[6..10] == [0; 4])
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
}

/// Text in UTF-8, or UTF-16 with a byte order mark; a NUL at the end does not count.
#[must_use]
pub(super) fn unicode(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xFE, 0xFF, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0,
        [0xFF, 0xFE, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0,
        [0xEF, 0xBB, 0xBF, rest @ ..] | rest => String::from_utf8_lossy(rest),
    };
    text.trim_end_matches('\0').to_owned()
}

/// Classic user data: Unicode for language codes of 0x400 and up, else (or where it is no UTF-8) MacRoman.
#[must_use]
pub(super) fn classic(language: u16, bytes: &[u8]) -> String {
    let marked = bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]);
    if (marked && language >= 0x400) || std::str::from_utf8(bytes).is_ok() {
        return unicode(bytes);
    }
    MACINTOSH.decode(bytes).0.trim_end_matches('\0').to_owned()
}

/// The bytes as text where they are UTF-8 without control characters other than white space.
#[must_use]
pub(super) fn printable(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]) {
        return Some(unicode(bytes)).filter(|t| is_text(t));
    }
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    is_text(text).then(|| text.to_owned())
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

/// How bytes that are no text are shown: hexadecimal when short, else their length.
#[must_use]
pub(super) fn binary(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => String::new(),
        1..=32 => format!("0x{}", data_encoding::HEXLOWER.encode(bytes)),
        len => format!("({len} bytes)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: u32, key: &[u8; 4], bytes: &[u8]) -> String {
        match decode(kind, *key, bytes) {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn types_decode() {
        assert_eq!(text(1, b"\xa9cmt", "Grüße\0".as_bytes()), "Grüße");
        assert_eq!(text(2, b"\xa9cmt", b"\0A\0I"), "AI");
        assert_eq!(text(21, b"tmpo", &[0xFF, 0xFE]), "-2");
        assert_eq!(text(22, b"tmpo", &[0xFF, 0xFE]), "65534");
        assert_eq!(text(21, b"tmpo", &[0x80, 0, 0, 0, 0, 0, 0, 0]), i64::MIN.to_string());
        assert_eq!(text(0, b"trkn", &[0, 0, 0, 3, 0, 9, 0, 0]), "3/9");
        assert_eq!(text(23, b"\0\0\0\x01", &1.5f32.to_be_bytes()), "1.5");
        assert_eq!(decode(13, *b"covr", b"\xff\xd8\xff\xe0"), Value::Picture);
        assert_eq!(decode(0, *b"xxxx", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), Value::Binary);
        assert_eq!(decode(21, *b"tmpo", &[]), Value::Binary);
    }

    #[test]
    fn classic_text_takes_its_language_into_account() {
        assert_eq!(classic(0, b"caf\x8e"), "café");
        assert_eq!(classic(0x55c4, "café".as_bytes()), "café");
        assert_eq!(classic(0x55c4, b"\xfe\xff\0A"), "A");
    }
}
