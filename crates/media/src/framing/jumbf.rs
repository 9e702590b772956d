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

/// Judges the first bytes of a blob; the more of them, the surer a store is known whose own name is gone.
#[must_use]
pub fn kind(bytes: &[u8]) -> Kind {
    let superbox = array(bytes, 4) == Some(*b"jumb");
    let header = if be32(bytes, 0) == Some(1) { 16 } else { 8 };
    if !superbox || array(bytes, header + 4) != Some(*b"jumd") {
        return Kind::None;
    }
    let label = label(bytes, header);
    match array::<16>(bytes, header + 8) {
        Some(C2PA) => Kind::Store,
        Some(_) if label == "c2pa" || holds_manifest(bytes) => Kind::Retagged,
        // What is left of the type tells a store that breaks off, or whose type was changed further on.
        _ if array(bytes, header + 8) == Some(*b"c2pa") => Kind::Retagged,
        _ => Kind::Other(label),
    }
}

/// As [`kind`], for a blob from a place where only boxes stand: a store is also known where its own header is gone.
#[must_use]
pub fn kind_of_box(bytes: &[u8]) -> Kind {
    match kind(bytes) {
        Kind::None if holds_manifest(bytes) => Kind::Retagged,
        kind => kind,
    }
}

/// How far into a blob the parts of a manifest are looked for.
const NEAR: usize = 64 * 1024;

/// Whether parts stand here that only a manifest has: labels of C2PA 2.x, section 11.1.4, and the types of its boxes.
fn holds_manifest(bytes: &[u8]) -> bool {
    const PARTS: [&[u8]; 7] = [
        b"c2pa.assertions\0",
        b"c2pa.claim",
        b"c2pa.signature\0",
        b"c2ma\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71",
        b"c2cs\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71",
        b"c2as\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71",
        b"c2cl\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71",
    ];
    let near = bytes.get(..bytes.len().min(NEAR)).unwrap_or_default();
    // In boxes only: text about manifests has no box around it.
    let boxed = memchr::memmem::find(near, b"jumd").is_some();
    boxed && PARTS.iter().any(|part| memchr::memmem::find(near, part).is_some())
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
        Kind::Retagged => return Some("the content type or label of the manifest store was changed".to_owned()),
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
        // The outer names may all be gone: what is inside tells.
        let inside = superbox(*b"c2ma\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71", b"urn:c2pa:1");
        let mut renamed = [superbox([7; 16], b"c2pb"), inside].concat();
        assert_eq!(kind(&renamed), Kind::Retagged);
        renamed[4] ^= 1;
        assert_eq!((kind(&renamed), kind_of_box(&renamed)), (Kind::None, Kind::Retagged));
        assert_eq!(kind_of_box(b"an essay on c2pa.claim and other labels"), Kind::None);
        for cut in 0..store.len() {
            let _ = (kind(&store[..cut]), damage(&store[..cut]));
        }
        assert!(damage(&store[..store.len() - 1]).unwrap().contains("stated"));
    }
}
