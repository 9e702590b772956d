//! Names in ZIP archives: UTF-8 by flag (APPNOTE 6.3.10, appendix D), Info-ZIP's Unicode path (extra field 0x7075),
//! IBM code page 437, and what programs write who know of neither.

use super::numbers::{le16, le32};

/// The upper half of code page 437.
const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// Hosts on which `\` may be meant to part folders: FAT, NTFS, VFAT.
const BACKSLASH: &[u16] = &[0, 10, 11, 14];
/// Id of the extra field with the name in UTF-8.
const UNICODE_PATH: u16 = 0x7075;

/// The name of an entry.
#[must_use]
pub fn text(raw: &[u8], utf8: bool, extras: &[u8], host: u16) -> String {
    let name = unicode_path(raw, extras).unwrap_or_else(|| plain(raw, utf8));
    match BACKSLASH.contains(&host) && !name.contains('/') {
        true => name.replace('\\', "/"),
        false => name,
    }
}

/// The name that these bytes spell: UTF-8 where they are, by flag or by chance, else code page 437.
#[must_use]
pub fn plain(raw: &[u8], utf8: bool) -> String {
    match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) if utf8 => super::names::lossless(raw),
        Err(_) => raw.iter().map(|byte| page_437(*byte)).collect(),
    }
}

fn page_437(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(upper) => UPPER.chars().nth(usize::from(upper)).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// The name in UTF-8, where it was written for exactly this plain name.
fn unicode_path(raw: &[u8], extras: &[u8]) -> Option<String> {
    let body = extra(extras, UNICODE_PATH)?;
    let mut crc = flate2::Crc::new();
    crc.update(raw);
    let fits = body.first() == Some(&1) && le32(body, 1) == Some(crc.sum());
    std::str::from_utf8(body.get(5..)?).ok().filter(|_| fits).map(str::to_owned)
}

/// The body of the first extra field with this id.
#[must_use]
pub fn extra(mut extras: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (id, len) = (le16(extras, 0)?, usize::from(le16(extras, 2)?));
        let body = extras.get(4..4 + len)?;
        if id == wanted {
            return Some(body);
        }
        extras = extras.get(4 + len..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_their_makers_meant() {
        assert_eq!(UPPER.chars().count(), 128);
        assert_eq!(text(b"caf\x82.png", false, &[], 0), "café.png");
        assert_eq!(text("café.png".as_bytes(), false, &[], 3), "café.png");
        assert_eq!(text(b"a\xff", true, &[], 3), "a\\xFF");
        assert_eq!(text(b"a\\b.png", false, &[], 0), "a/b.png");
        assert_eq!(text(b"a\\b.png", false, &[], 3), "a\\b.png");
        let mut crc = flate2::Crc::new();
        crc.update(b"a_b");
        let field = [&[1][..], &crc.sum().to_le_bytes(), "a→b".as_bytes()].concat();
        let extras = [&[0x75, 0x70, field.len() as u8, 0][..], &field].concat();
        assert_eq!(text(b"a_b", false, &extras, 3), "a→b");
        assert_eq!(text(b"a_c", false, &extras, 3), "a_c", "renamed since");
    }
}
