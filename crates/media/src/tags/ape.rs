//! APEv1 and APEv2 items (hydrogenaudio "APEv2 specification"), as found at the end of MP3, WavPack, Monkey's Audio and Musepack.

use crate::tags::{Place, charset, content, picture, push};
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// Length of a header or footer.
pub const FOOTER: usize = 32;

/// What a header or footer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Length of the items and the footer in bytes.
    pub size: u32,
    /// How many items there are.
    pub items: u32,
    /// A header of [`FOOTER`] bytes stands before the items.
    pub has_header: bool,
    /// This is the header, not the footer.
    pub is_header: bool,
    version: u32,
}

/// Reads 32 bytes that start with `APETAGEX`.
#[must_use]
pub fn footer(bytes: &[u8]) -> Option<Footer> {
    let rest = bytes.get(..FOOTER)?.strip_prefix(b"APETAGEX")?;
    let long = |at: usize| Some(u32::from_le_bytes(rest.get(at..at + 4)?.try_into().ok()?));
    let (version, flags) = (long(0)?, long(12)?);
    let newer = version >= 2000;
    let has_header = newer && flags & 0x8000_0000 != 0;
    Some(Footer { size: long(4)?, items: long(8)?, has_header, is_header: newer && flags & 0x2000_0000 != 0, version })
}

/// Reads the items; space `ape`. Keys keep their case.
pub fn read(items: &[u8], footer: &Footer, at: &Place, out: &mut Extraction) {
    let mut pos = 0;
    for _ in 0..footer.items.min(limits::TAGS as u32) {
        let Some(item) = item(items, pos) else {
            let by = at.offset.unwrap_or(0).saturating_add(pos as u64);
            return at.problem(Problem::malformed("", by, "an item runs past the tag"), out);
        };
        let place =
            Place { container: at.container.clone(), offset: at.offset.map(|o| o.saturating_add(item.at as u64)) };
        value(&item, footer.version, &place, out);
        pos = item.at + item.value.len();
    }
    behind(items.get(pos..).unwrap_or_default(), &at.inside("APE behind the items", pos as u64), out);
}

/// What stands behind the items that are stated: more of them, or the rest of one that states too little.
fn behind(rest: &[u8], at: &Place, out: &mut Extraction) {
    let mut pos = 0;
    while let Some(item) =
        item(rest, pos).filter(|item| item.key.len() > 1 && item.key.iter().all(u8::is_ascii_graphic))
    {
        let place =
            Place { container: at.container.clone(), offset: at.offset.map(|o| o.saturating_add(item.at as u64)) };
        value(&item, 2000, &place, out);
        pos = item.at + item.value.len();
    }
    if let Some(text) = rest.get(pos..).and_then(charset::printable) {
        push(out, ("ape", "rest"), text, at, pos as u64);
    }
}

struct Item<'a> {
    flags: u32,
    key: &'a [u8],
    value: &'a [u8],
    at: usize,
}

fn item(items: &[u8], pos: usize) -> Option<Item<'_>> {
    let long = |at: usize| Some(u32::from_le_bytes(items.get(at..at + 4)?.try_into().ok()?));
    let (size, flags) = (long(pos)? as usize, long(pos + 4)?);
    let rest = items.get(pos + 8..)?;
    let end = rest.iter().take(256).position(|b| *b == 0)?;
    let at = pos + 8 + end + 1;
    Some(Item { flags, key: rest.get(..end)?, value: items.get(at..at.checked_add(size)?)?, at })
}

fn value(item: &Item<'_>, version: u32, at: &Place, out: &mut Extraction) {
    let key = charset::guess(item.key);
    if version >= 2000 && item.flags & 0b110 == 0b010 {
        let lower = key.to_ascii_lowercase();
        let (name, image) = match item.value.iter().position(|b| *b == 0) {
            Some(nul) => (item.value.get(..nul), item.value.get(nul + 1..).unwrap_or_default()),
            None => (None, item.value),
        };
        let name = name.map(charset::guess).filter(|n| !n.is_empty());
        let about = || match &name {
            Some(name) => format!("{name}; {} bytes", image.len()),
            None => format!("{} bytes", item.value.len()),
        };
        push(out, ("ape", &key), charset::printable(item.value).unwrap_or_else(about), at, 0);
        if lower.starts_with("cover art") {
            let by = (item.value.len() - image.len()) as u64;
            let inside = at.inside(&format!("APE {key}"), by);
            picture::embed(image, name, &inside, out);
        } else {
            content::unknown(item.value, "ape", &at.inside(&format!("APE {key}"), 0), out);
        }
        return;
    }
    for text in charset::trim(item.value).split(|b| *b == 0) {
        push(out, ("ape", &key), charset::guess(text), at, 0);
    }
}
