//! Text of documents that do not say their encoding: UTF-8, UTF-16 with a byte order mark, else Windows-1252.

use std::borrow::Cow;

/// The text of a document; a byte order mark is dropped.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(decode_utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(decode_utf16(rest, u16::from_be_bytes)),
        _ => {
            let rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            match std::str::from_utf8(rest) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(rest.iter().map(|&byte| western(byte)).collect()),
            }
        }
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        _ => 0,
    });
    char::decode_utf16(units).map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// A byte of Windows-1252: what editors on Windows write where they do not write UTF-8.
fn western(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => HIGH.get(usize::from(byte - 0x80)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(byte),
    }
}

/// UTF-16 (little-endian) up to its terminating zero, as AAF stores strings.
pub(crate) fn utf16_string(bytes: &[u8]) -> String {
    let text = decode_utf16(bytes, u16::from_le_bytes);
    match text.find('\0') {
        Some(end) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}
