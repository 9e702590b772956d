//! Photoshop image resources (8BIM): IIM, EXIF and XMP inside (Adobe Photoshop File Formats, "Image Resources Section").

use crate::tags::{self, Place};
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

/// Signatures of resource blocks: Photoshop, PhotoDeluxe, ImageReady, Adobe Graphics, Elements.
const SIGNATURES: &[&[u8]] = &[b"8BIM", b"PHUT", b"MeSa", b"AgHg", b"DCSR"];

/// Reads a resource block (a run of `8BIM` resources, without the `Photoshop 3.0\0` prefix).
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    let prefix = b"Photoshop 3.0\0";
    let mut position = if blob.starts_with(prefix) { prefix.len() } else { 0 };
    for _ in 0..limits::ITEMS {
        let rest = blob.get(position..).unwrap_or_default();
        if rest.iter().all(|b| *b == 0) {
            return;
        }
        if !SIGNATURES.iter().any(|s| rest.starts_with(s)) {
            let what = "photoshop: no 8BIM where the next resource should start";
            return at.problem(Problem::malformed("", absolute(at, position), what), out);
        }
        let Some((id, start, len)) = header(blob, position) else {
            let what = "photoshop: cut inside a resource header";
            return at.problem(Problem::truncated("", absolute(at, position), what), out);
        };
        let value = blob.get(start..).unwrap_or_default();
        let whole = value.len() >= len;
        resource(id, value.get(..len).unwrap_or(value), &place(id, at, start as u64), out);
        if !whole {
            let what = format!("photoshop: resource 0x{id:04X} states {len} bytes, {} left", value.len());
            return at.problem(Problem::truncated("", absolute(at, start), what), out);
        }
        position = start.saturating_add(len).saturating_add(len % 2);
    }
    at.problem(Problem::limit("", absolute(at, position), "photoshop: too many resources"), out);
}

fn absolute(at: &Place, by: usize) -> u64 {
    at.offset.unwrap_or(0).saturating_add(by as u64)
}

/// Id, start and length of the resource at `position`.
fn header(blob: &[u8], position: usize) -> Option<(u16, usize, usize)> {
    let id = blob.get(position + 4..position + 6)?;
    let id = u16::from_be_bytes([*id.first()?, *id.get(1)?]);
    let name = usize::from(*blob.get(position + 6)?);
    // A Pascal string, padded so that its length byte and text are even.
    let after = position + 6 + (name + 2) / 2 * 2;
    let len = blob.get(after..after + 4)?;
    let len = len.iter().fold(0usize, |sum, b| sum << 8 | usize::from(*b));
    Some((id, after + 4, len))
}

/// Where a resource stands, `by` bytes into the block; what holds a block of its own kind is named by its last resource.
fn place(id: u16, at: &Place, by: u64) -> Place {
    let name = ["8BIM ", &tags::hexadecimal(id)].concat();
    if at.container.contains("8BIM") {
        return Place { container: at.container.replace("8BIM", &name).into(), ..at.clone() }.inside(&name, by);
    }
    at.inside(&name, by)
}

fn resource(id: u16, value: &[u8], here: &Place, out: &mut Extraction) {
    let mut say = |key: &str, value: String| tags::push(out, ("photoshop", key), value, here, 0);
    match id {
        0x0404 => tags::iptc::read(value, here, out),
        0x0422 | 0x0423 => tags::exif_directories::read(value, None, here, out),
        0x0424 => tags::xmp::read(value, here, out),
        0x0425 => say("IPTCDigest", data_encoding::HEXLOWER.encode(value)),
        // After a header of 28 bytes; format 1 is JPEG (section "Thumbnail Resource Format").
        0x040C if value.starts_with(&[0, 0, 0, 1]) => {
            tags::push_thumbnail(out, here, "thumbnail", 28, value.get(28..).unwrap_or_default().to_vec());
        }
        0x040A => say("CopyrightFlag", value.iter().any(|b| *b != 0).to_string()),
        0x040B => say("URL", tags::charset::utf8_or_latin1(value).trim_matches('\0').to_owned()),
        // The thumbnail of Photoshop 4 is not compressed in a way that says more; the other one is told above.
        0x0409 | 0x040C => {}
        _ => {
            tags::other_file::read(value, here, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(id: u16, name: &[u8], value: &[u8]) -> Vec<u8> {
        let mut out = b"8BIM".to_vec();
        out.extend(id.to_be_bytes());
        out.push(name.len() as u8);
        out.extend(name);
        out.resize(out.len() + (name.len() + 1) % 2, 0);
        out.extend((value.len() as u32).to_be_bytes());
        out.extend(value);
        out.resize(out.len() + value.len() % 2, 0);
        out
    }

    fn facts(blob: &[u8]) -> Extraction {
        let mut out = Extraction::default();
        read(blob, &Place::new("JPEG APP13", 10), &mut out);
        out
    }

    #[test]
    fn resources_lead_to_their_readers() {
        let mut blob = resource(0x03ED, b"abc", &[1, 2, 3]);
        blob.extend(resource(0x0404, b"", b"\x1c\x02\x6e\0\x03abc"));
        blob.extend(resource(0x0425, b"", &[0xAB; 16]));
        let out = facts(&blob);
        assert_eq!(out.facts.tags[0].place, "JPEG APP13, 8BIM 0x0404, IPTC Credit");
        assert_eq!(out.facts.tags[0].value, "abc");
        let offset = blob.windows(3).rposition(|w| w == b"abc").unwrap() as u64;
        assert_eq!(out.facts.tags[0].offset, Some(10 + offset));
        assert_eq!(out.facts.tags[1].value, "ab".repeat(16));
        assert!(out.facts.problems.is_empty());
    }

    #[test]
    fn every_cut_is_told() {
        let blob = resource(0x0404, b"", b"\x1c\x02\x6e\0\x03abc");
        for len in 1..blob.len() {
            assert!(facts(&blob[..len]).facts.problems.iter().any(|p| p.blocking), "{len}");
        }
        assert!(facts(&blob).facts.problems.is_empty());
        assert!(facts(b"8BIX\0\0").facts.problems[0].blocking);
    }
}
