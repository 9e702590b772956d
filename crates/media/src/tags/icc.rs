//! ICC profiles (ICC.1, section 7): only what names the profile.

use crate::framing::numbers::{array, be32};
use crate::tags::{Place, charset, push};
use countersign_model::Extraction;

/// Reads the description and copyright of a profile, as far as they stand in `blob`.
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    let count = be32(blob, 128).unwrap_or_default().min(100) as usize;
    for entry in (0..count).map(|n| 132 + n * 12) {
        let key = match array::<4>(blob, entry).as_ref() {
            Some(b"desc") => "ProfileDescription",
            Some(b"cprt") => "ProfileCopyright",
            _ => continue,
        };
        let (Some(offset), Some(size)) = (be32(blob, entry + 4), be32(blob, entry + 8)) else { continue };
        let end = (offset as usize).saturating_add(size as usize);
        if let Some(text) = blob.get(offset as usize..end).and_then(text) {
            push(out, ("icc", key), text, at, u64::from(offset));
        }
    }
}

fn text(tag: &[u8]) -> Option<String> {
    match &array::<4>(tag, 0)? {
        b"text" => Some(charset::field(tag.get(8..)?)),
        b"desc" => {
            let len = be32(tag, 8)? as usize;
            Some(charset::field(tag.get(12..12usize.checked_add(len)?)?))
        }
        b"mluc" => {
            let (len, start) = (be32(tag, 20)? as usize, be32(tag, 24)? as usize);
            let utf16 = tag.get(start..start.checked_add(len)?)?;
            Some(encoding_rs::UTF_16BE.decode_without_bom_handling(utf16).0.trim_end_matches('\0').to_owned())
        }
        _ => None,
    }
}
