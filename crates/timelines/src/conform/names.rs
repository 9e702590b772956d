//! Names and paths brought into one form: separators, percent-encoding, Unicode composition, case, frame numbers.

use unicode_normalization::UnicodeNormalization;

/// The longest path that is looked at, in bytes.
const MOST_BYTES: usize = 8192;

/// A name for comparison: composed (NFC) and in lower case, since the file systems of editors ignore case.
pub(super) fn key(name: &str) -> String {
    let name = name.trim();
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.nfc().flat_map(char::to_lowercase).nfc().collect() }
}

/// The parts of a path or URL in every form it may mean: percent-decoded first where it is a URL, else as it stands.
pub(super) fn path_forms(media: &str) -> Vec<Vec<String>> {
    if media.len() > MOST_BYTES {
        return Vec::new();
    }
    let (is_url, path) = match media.find("://") {
        Some(at) if at < 16 => (true, media.get(at + 3..).unwrap_or_default()),
        _ => (false, media),
    };
    let plain = parts(path);
    let mut forms = Vec::new();
    if let Some(decoded) = percent_decode(path) {
        forms.push(parts(&decoded));
    }
    forms.push(plain);
    if !is_url {
        forms.reverse();
    }
    forms.retain(|form| !form.is_empty());
    forms
}

fn parts(path: &str) -> Vec<String> {
    path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").map(key).collect()
}

/// The decoded text; none when nothing is encoded or what is encoded is no UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    (decoded != bytes).then(|| String::from_utf8(decoded).ok()).flatten()
}

/// A name and its extension: up to five letters and digits, not only digits.
pub(super) fn split_extension(name: &str) -> Option<(&str, &str)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let is_extension = (1..=5).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !extension.bytes().all(|byte| byte.is_ascii_digit());
    (is_extension && !stem.is_empty()).then_some((stem, extension))
}

/// A name without extension, and without the place of a frame number at its end.
pub(super) fn stem(name: &str) -> String {
    let stem = split_extension(name).map_or(name, |(stem, _)| stem);
    match stem.strip_suffix('#') {
        Some(base) => base.trim_end_matches(['.', '_', '-']).to_owned(),
        None => stem.to_owned(),
    }
}

/// A sequence's name with one `#` for its frame number, however it is written: `####`, `%04d`, `@@@`, `[1001-1100]`.
pub(super) fn pattern_key(name: &str) -> Option<String> {
    let (start, end) =
        ['#', '@'].iter().find_map(|mark| run_of(name, *mark)).or_else(|| printf(name)).or_else(|| bracketed(name))?;
    Some(format!("{}#{}", name.get(..start)?, name.get(end..)?))
}

fn run_of(name: &str, mark: char) -> Option<(usize, usize)> {
    let start = name.find(mark)?;
    let length = name.get(start..)?.bytes().take_while(|byte| *byte == mark as u8).count();
    Some((start, start + length))
}

/// `%d`, `%4d`, `%04d`.
fn printf(name: &str) -> Option<(usize, usize)> {
    let start = name.find('%')?;
    let digits = name.get(start + 1..)?.bytes().take_while(u8::is_ascii_digit).count();
    let end = start + 1 + digits;
    (name.as_bytes().get(end) == Some(&b'd')).then_some((start, end + 1))
}

/// `[1001-1100]`, as Resolve writes it.
fn bracketed(name: &str) -> Option<(usize, usize)> {
    let start = name.find('[')?;
    let end = start + name.get(start..)?.find(']')?;
    let inside = name.get(start + 1..end)?;
    let is_range = inside.contains('-') && inside.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_range.then_some((start, end + 1))
}

/// A frame file's name as its sequence's pattern, and its number: `sh010.1001.exr` is `sh010.#.exr` at 1001.
pub(super) fn frame_file_pattern(name: &str) -> Option<(String, i64)> {
    let (stem, extension) = split_extension(name)?;
    let digits = stem.bytes().rev().take_while(u8::is_ascii_digit).count();
    if !(1..=12).contains(&digits) {
        return None;
    }
    let (base, number) = stem.split_at(stem.len() - digits);
    Some((format!("{base}#.{extension}"), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_path_agree() {
        assert_eq!(path_forms("file:///A/b%20c.MOV")[0], ["a", "b c.mov"]);
        assert_eq!(path_forms("C:\\A\\b c.mov")[0], ["c:", "a", "b c.mov"]);
        assert_eq!(path_forms("/x/100%25.mov"), [["x", "100%25.mov"], ["x", "100%.mov"]]);
        assert_eq!(key("Cafe\u{301}"), key("CAF\u{c9}"));
    }

    #[test]
    fn frame_numbers_in_every_spelling_are_one_pattern() {
        for name in ["sh.####.exr", "sh.%04d.exr", "sh.%d.exr", "sh.@@.exr", "sh.[1001-1100].exr"] {
            assert_eq!(pattern_key(name).as_deref(), Some("sh.#.exr"), "{name}");
        }
        assert_eq!(pattern_key("sh.exr"), None);
        assert_eq!(frame_file_pattern("sh.1001.exr"), Some(("sh.#.exr".to_owned(), 1001)));
        assert_eq!(frame_file_pattern("sh.exr"), None);
        assert_eq!(stem("sh.#.exr"), "sh");
        assert_eq!(stem("a.b.mov"), "a.b");
        assert_eq!(split_extension("take.0101"), None);
    }
}
