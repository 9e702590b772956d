//! Text of documents that do not say their encoding: UTF-8, UTF-16 (by its byte order mark or its first characters), else
//! Windows-1252.

use std::borrow::Cow;

/// The text of a document; a byte order mark is dropped.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(decode_utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(decode_utf16(rest, u16::from_be_bytes)),
        // Two characters of Latin without a mark before them.
        [1..=255, 0, 1..=255, 0, ..] => Cow::Owned(decode_utf16(bytes, u16::from_le_bytes)),
        [0, 1..=255, 0, 1..=255, ..] => Cow::Owned(decode_utf16(bytes, u16::from_be_bytes)),
        _ => {
            let rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            match std::str::from_utf8(rest) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(rest.iter().map(|&byte| western(byte)).collect()),
            }
        }
    }
}

/// Whether a name is a whole path, as some lists write where others write names: `/Volumes/…`, `D:\\…`, `\\\\server\\…`.
pub(crate) fn is_absolute_path(name: &str) -> bool {
    let drive = name.get(1..3).is_some_and(|rest| matches!(rest, ":\\" | ":/"));
    drive || name.starts_with('/') || name.starts_with("\\\\")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_the_encoding_that_its_first_bytes_show() {
        let wide = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let title = "TITLE: Caf\u{e9}";
        for bytes in [
            title.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", title.as_bytes()].concat(),
            b"TITLE: Caf\xE9".to_vec(),
            [b"\xFF\xFE".to_vec(), wide(title, u16::to_le_bytes)].concat(),
            [b"\xFE\xFF".to_vec(), wide(title, u16::to_be_bytes)].concat(),
            wide(title, u16::to_le_bytes),
            wide(title, u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes), title, "{bytes:x?}");
        }
    }

    #[test]
    fn paths_are_told_from_names() {
        for path in ["/Volumes/a.mov", "D:\\a.mov", "d:/a.mov", "\\\\server\\share\\a.mov"] {
            assert!(is_absolute_path(path), "{path}");
        }
        for name in ["a.mov", "A/B cam.mov", "12: night", ""] {
            assert!(!is_absolute_path(name), "{name}");
        }
    }
}
