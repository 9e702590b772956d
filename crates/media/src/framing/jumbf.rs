//! The outermost JUMBF box (ISO/IEC 19566-5): enough to tell a C2PA manifest store from other JUMBF content.
//!
//! The store itself is read elsewhere; formats only find and hand over its bytes (C2PA 2.x, section 11.1).

use crate::framing::numbers::{array, be32, be64};

/// Content type of a C2PA manifest store.
pub const C2PA: [u8; 16] = *b"c2pa\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71";

/// What a blob is, judged by its first box and that box's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A C2PA manifest store as it should be.
    Store,
    /// A superbox whose label, or the beginning of whose type, says `c2pa`, but not the type as a whole: a store that
    /// something touched.
    Retagged,
    /// Another JUMBF superbox, with its label.
    Other(String),
    /// No JUMBF superbox.
    None,
}

/// Bytes that tell [`kind`]: a superbox, its description box, the type and the label of a store.
pub const HEAD: usize = 40;

/// Whether a C2PA manifest store starts here, as it should be or touched.
#[must_use]
pub fn is_store(bytes: &[u8]) -> bool {
    matches!(kind(bytes), Kind::Store | Kind::Retagged)
}

/// Judges the first bytes of a blob.
#[must_use]
pub fn kind(bytes: &[u8]) -> Kind {
    if array(bytes, 4) != Some(*b"jumb") {
        return Kind::None;
    }
    let header = if be32(bytes, 0) == Some(1) { 16 } else { 8 };
    if array(bytes, header + 4) != Some(*b"jumd") {
        return Kind::None;
    }
    let label = label(bytes, header);
    match array::<16>(bytes, header + 8) {
        Some(C2PA) => Kind::Store,
        Some(_) if label == "c2pa" => Kind::Retagged,
        // What is left of the type tells a store that breaks off, or whose type was changed further on.
        _ if array(bytes, header + 8) == Some(*b"c2pa") => Kind::Retagged,
        _ => Kind::Other(label),
    }
}

fn label(bytes: &[u8], at: usize) -> String {
    let Some(toggles) = bytes.get(at + 24) else { return String::new() };
    if toggles & 2 == 0 {
        return String::new();
    }
    let rest = bytes.get(at + 25..).unwrap_or_default();
    let end = rest.iter().take(256).position(|b| *b == 0).unwrap_or_default();
    String::from_utf8_lossy(&rest[..end]).into_owned()
}

/// The length that the first box states, in bytes; `None` for "to the end" or no header.
#[must_use]
pub fn stated_len(bytes: &[u8]) -> Option<u64> {
    match be32(bytes, 0)? {
        0 => None,
        1 => be64(bytes, 8),
        len => Some(u64::from(len)),
    }
}

/// Why these bytes are not a store as the specification wants it; `None` for a store, or for content that is no store at all.
#[must_use]
pub fn damage(bytes: &[u8]) -> Option<String> {
    match kind(bytes) {
        Kind::Retagged => return Some("the content type of the manifest store was changed or cut off".to_owned()),
        Kind::None => return Some("no JUMBF superbox".to_owned()),
        Kind::Other(_) | Kind::Store => {}
    }
    let have = bytes.len() as u64;
    let stated = stated_len(bytes).filter(|stated| *stated > have)?;
    Some(format!("{stated} bytes stated, {have} present"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn superbox(uuid: [u8; 16], label: &[u8]) -> Vec<u8> {
        let mut jumd = (8 + 16 + 1 + label.len() as u32 + 1).to_be_bytes().to_vec();
        jumd.extend(b"jumd");
        jumd.extend(uuid);
        jumd.push(3);
        jumd.extend(label);
        jumd.push(0);
        let mut out = (8 + jumd.len() as u32).to_be_bytes().to_vec();
        out.extend(b"jumb");
        out.extend(jumd);
        out
    }

    #[test]
    fn stores_are_told_from_other_boxes() {
        let store = superbox(C2PA, b"c2pa");
        assert_eq!(kind(&store), Kind::Store);
        assert_eq!(damage(&store), None);
        assert_eq!(kind(&superbox([7; 16], b"c2pa")), Kind::Retagged);
        let mut changed = C2PA;
        changed[15] ^= 1;
        assert_eq!(kind(&superbox(changed, b"other")), Kind::Retagged);
        assert_eq!(kind(&store[..20]), Kind::Retagged);
        assert_eq!(kind(&superbox([7; 16], b"jpeg.360")), Kind::Other("jpeg.360".into()));
        assert_eq!(kind(b"....ftyp"), Kind::None);
        for cut in 0..store.len() {
            let _ = (kind(&store[..cut]), damage(&store[..cut]));
        }
        assert!(damage(&store[..store.len() - 1]).unwrap().contains("stated"));
    }
}
