//! EXIF values as text: strings in every encoding that writers use, numbers readable and short
//! (EXIF 3.1 section 4.6, TIFF 6.0 section 2).

use countersign_model::CompactString;
use encoding_rs::{ISO_2022_JP, SHIFT_JIS};

use super::exif_names::Vocabulary;
use super::exif_numbers::{SHOWN, numbers};
use crate::framing::tiff_ifd::{Entry, Header, size_of};
use crate::tags;

/// What is known of a field by its number alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    vocabulary: Vocabulary,
    /// Whether it holds text whatever its declared type is.
    pub(super) is_text: bool,
}

impl Field {
    /// The field of an entry.
    pub(super) fn of(vocabulary: Vocabulary, entry: &Entry) -> Self {
        let is_text = match vocabulary {
            Vocabulary::Gps => matches!(entry.tag, 0x1B | 0x1C),
            Vocabulary::Interoperability => false,
            Vocabulary::Main => matches!(
                entry.tag,
                0x000B | 0x010D..=0x0110 | 0x011D | 0x0131 | 0x013B | 0x013C | 0x8298 | 0x9213 | 0x927C | 0x9286
                    | 0x9C9B..=0x9C9F | 0xA430 | 0xA431 | 0xA433..=0xA43C
            ),
        };
        Self { vocabulary, is_text }
    }
}

/// How many bytes of the value are needed to write it out.
pub(super) fn needed(field: Field, entry: &Entry) -> u64 {
    if field.is_text || matches!(entry.kind, 2 | 129) || (entry.kind == 7 && entry.len <= OPAQUE) {
        return entry.len;
    }
    entry.len.min(size_of(entry.kind) * SHOWN as u64)
}

/// The longest undefined value that may be text although its tag does not promise it.
const OPAQUE: u64 = 4_096;

/// What a value says: a text, and further ones where a string holds several separated by NUL.
pub(super) struct Texts {
    pub(super) first: CompactString,
    pub(super) more: Vec<CompactString>,
}

impl From<CompactString> for Texts {
    fn from(first: CompactString) -> Self {
        Self { first, more: Vec::new() }
    }
}

impl From<String> for Texts {
    fn from(first: String) -> Self {
        CompactString::from(first).into()
    }
}

impl From<&str> for Texts {
    fn from(first: &str) -> Self {
        CompactString::from(first).into()
    }
}

/// The value's texts.
pub(super) fn texts(field: Field, entry: &Entry, bytes: &[u8], header: Header) -> Texts {
    let of_image = field.vocabulary != Vocabulary::Gps;
    let text = field.is_text;
    match entry.tag {
        0x1B | 0x1C if !of_image => prefixed(bytes, header).into(),
        0x9286 if of_image => prefixed(bytes, header).into(),
        0x9C9B..=0x9C9F if of_image && entry.kind != 2 => utf16(bytes, false).trim_end_matches('\0').into(),
        0x927C if of_image => {
            plain(bytes).map_or_else(|| maker_note(entry.len, bytes), |text| text.trim_end().to_owned()).into()
        }
        _ if matches!(entry.kind, 2 | 129) || text && matches!(entry.kind, 1 | 6 | 7) => strings(bytes),
        // Text under a type of numbers.
        _ if text && entry.len > 16 && plain(bytes).is_some() => strings(bytes),
        _ if entry.kind == 7 => match plain(bytes) {
            Some(text) => text.trim_end().into(),
            None if entry.len <= SHOWN as u64 => numbers(entry, bytes, header).into(),
            None => format!("<{} bytes>", entry.len).into(),
        },
        _ => numbers(entry, bytes, header).into(),
    }
}

/// Text that is plain ASCII or UTF-8 throughout, NULs at the end aside; `None` for anything else.
fn plain(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().rposition(|b| *b != 0)? + 1;
    let bytes = bytes.get(..end)?;
    if bytes.is_ascii() {
        let fine = bytes.iter().all(|b| matches!(b, b'\n' | b'\r' | b'\t' | b' '..=b'~'));
        if !fine || bytes.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        return std::str::from_utf8(bytes).ok();
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let fine = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    (fine && text.chars().any(|c| !c.is_whitespace())).then_some(text)
}

/// A maker note that is no text, by its length and the name that most makers begin it with: `<890 bytes, "Apple iOS">`.
pub(super) fn maker_note(len: u64, bytes: &[u8]) -> String {
    let name: String =
        bytes.iter().take(HEAD).map_while(|b| (b' '..=b'~').contains(b).then_some(char::from(*b))).collect();
    match name.trim_end() {
        name if name.len() >= 3 && !name.contains('"') => format!("<{len} bytes, \"{name}\">"),
        _ => format!("<{len} bytes>"),
    }
}

/// The longest name that a maker note is looked for at its beginning, in bytes.
pub(super) const HEAD: usize = 16;

/// NUL-separated strings; the first one is there even when empty.
fn strings(bytes: &[u8]) -> Texts {
    let wide = matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) && bytes.contains(&0);
    if wide {
        return utf16(bytes, false).trim_end_matches('\0').into();
    }
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    let (first, rest) = bytes.split_at(end);
    let first = tags::charset::text(first).trim_end().into();
    // Nearly all strings have but the NUL that ends them.
    if rest.len() <= 1 {
        return Texts { first, more: Vec::new() };
    }
    let parts = rest.split(|b| *b == 0).filter(|part| !part.is_empty()).take(SHOWN);
    let more = parts.filter_map(plain).map(str::trim_end).filter(|text| !text.is_empty());
    Texts { first, more: more.map(CompactString::from).collect() }
}

/// A comment with its eight-byte character code.
fn prefixed(bytes: &[u8], header: Header) -> String {
    let (code, body) = bytes.split_at_checked(8).unwrap_or((&[], bytes));
    let text = match code {
        b"ASCII\0\0\0" => tags::charset::utf8_or_latin1(body),
        b"UNICODE\0" | b"Unicode\0" => unicode(body, header.big_endian),
        b"JIS\0\0\0\0\0" if body.contains(&0x1B) => ISO_2022_JP.decode_without_bom_handling(body).0.into_owned(),
        b"JIS\0\0\0\0\0" => SHIFT_JIS.decode_without_bom_handling(body).0.into_owned(),
        [0, 0, 0, 0, 0, 0, 0, 0] => tags::charset::utf8_or_latin1(body),
        // Written without a code.
        _ if is_wide(bytes) => unicode(bytes, header.big_endian),
        _ => tags::charset::utf8_or_latin1(bytes),
    };
    text.trim_matches('\0').trim_end().to_owned()
}

/// Whether text without a code is UTF-16: a byte order mark, or every other byte zero at its beginning.
fn is_wide(bytes: &[u8]) -> bool {
    let half = |at: usize| bytes.iter().take(16).skip(at).step_by(2).filter(|b| **b == 0).count();
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) || bytes.len() >= 16 && half(0).abs_diff(half(1)) == 8
}

/// UTF-16 in the byte order that gives the more ordinary text: writers do not agree which one the code means.
fn unicode(bytes: &[u8], big_endian: bool) -> String {
    let ascii = !bytes.contains(&0) && bytes.len() > 16 && bytes.is_ascii();
    if ascii {
        return tags::charset::utf8_or_latin1(bytes);
    }
    let (big, little) = (ordinary(bytes, true), ordinary(bytes, false));
    utf16(bytes, if big == little { big_endian } else { big > little })
}

/// How ordinary the first characters look in a byte order.
fn ordinary(bytes: &[u8], big_endian: bool) -> i64 {
    let score = |unit: u16| match unit {
        0 => 0,
        0xFEFF => 1_000,
        0x09 | 0x0A | 0x0D | 0x20..=0x7E => 3,
        0xA0..=0x24F | 0x370..=0x52F => 2,
        0x2010..=0x2027 | 0x3000..=0x30FF | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3 | 0xFF00..=0xFF60 => 1,
        0xD800..=0xDFFF => 0,
        _ => -2,
    };
    units(bytes, big_endian).take(512).map(score).sum()
}

fn units(bytes: &[u8], big_endian: bool) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(move |unit| match *unit {
        [a, b] if big_endian => u16::from_be_bytes([a, b]),
        [a, b] => u16::from_le_bytes([a, b]),
        _ => 0,
    })
}

/// UTF-16 with a byte order mark, if there is one, obeyed.
fn utf16(bytes: &[u8], big_endian: bool) -> String {
    let (bytes, big_endian) = match bytes {
        [0xFE, 0xFF, rest @ ..] => (rest, true),
        [0xFF, 0xFE, rest @ ..] => (rest, false),
        _ => (bytes, big_endian),
    };
    char::decode_utf16(units(bytes, big_endian)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: Header = Header { big_endian: false, wide: false, magic: 42, first: 8 };

    fn wide(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    }

    #[test]
    fn comments_in_every_encoding() {
        let coded = |code: &[u8], body: &[u8]| prefixed(&[code, body].concat(), LITTLE);
        assert_eq!(coded(b"ASCII\0\0\0", b"Steps: 20\0"), "Steps: 20");
        for text in ["Steps: 20, Sampler: Euler a", "一只猫坐在窗边", "Кошка у окна"] {
            for big in [false, true] {
                assert_eq!(coded(b"UNICODE\0", &wide(text, big)), text, "{big}");
            }
        }
        assert_eq!(coded(b"UNICODE\0", b"Steps: 20, Sampler: Euler a"), "Steps: 20, Sampler: Euler a");
        assert_eq!(coded(b"JIS\0\0\0\0\0", b"\x1b$B$\"\x1b(B"), "あ");
        assert_eq!(coded(&[0; 8], "é".as_bytes()), "é");
        assert_eq!(prefixed(b"short", LITTLE), "short");
        assert_eq!(prefixed(b"no code at all", LITTLE), "no code at all");
        for big in [false, true] {
            assert_eq!(prefixed(&wide("Steps: 20, no code", big), LITTLE), "Steps: 20, no code", "{big}");
        }
    }

    #[test]
    fn strings_split_at_nul_and_drop_garbage() {
        let all = |bytes: &[u8]| {
            let Texts { first, more } = strings(bytes);
            [vec![first], more].concat()
        };
        assert_eq!(all(b"Ideogram AI\0\x01\xFFx\0"), ["Ideogram AI"]);
        assert_eq!(all(b"photographer\0editor\0"), ["photographer", "editor"]);
        assert_eq!(all(b"a \0\0 \0b\n\0"), ["a", "b"]);
        assert_eq!(all(b""), [""]);
    }

    #[test]
    fn plain_text_has_no_control_characters_and_is_not_blank() {
        assert_eq!(plain(b"a b\tc\0\0"), Some("a b\tc"));
        for bytes in [&b""[..], b"\0\0", b" \n", b"a\x7Fb", b"a\0b", "\u{85}".as_bytes(), "\u{a0} ".as_bytes()] {
            assert_eq!(plain(bytes), None, "{bytes:?}");
        }
        assert_eq!(plain("caf\u{e9}".as_bytes()), Some("caf\u{e9}"));
    }
}
