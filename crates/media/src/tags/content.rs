//! Metadata that stand where no specification puts them, told by their own first bytes: Exif, XMP, IPTC-IIM, Photoshop
//! resources, a bare AIGC label, a C2PA manifest store; and other files in parts that nobody knows.

use super::{Place, charset, exif, iptc, other_file, photoshop, plain_text, push, push_problem, push_store, xmp};
use crate::framing::{beginnings, jumbf};
use countersign_model::{Extraction, Problem, Store};

/// How far from the start an XMP packet may begin.
const LEAD: usize = 128;

/// Where the TIFF structure of an Exif block starts, with or without its identifier in any case.
#[must_use]
pub fn exif_start(bytes: &[u8]) -> Option<usize> {
    let named = bytes.get(..4).is_some_and(|id| id.eq_ignore_ascii_case(b"Exif"));
    let start = if named { 6 } else { 0 };
    let tiff = bytes.get(start..)?;
    (tiff.starts_with(b"II*\0") || tiff.starts_with(b"MM\0*")).then_some(start)
}

/// Where an XMP packet starts, behind whatever identifier.
#[must_use]
pub fn packet_start(bytes: &[u8]) -> Option<usize> {
    const STARTS: [&[u8]; 4] = [b"<?xpacket", b"<x:xmpmeta", b"<x:xapmeta", b"<rdf:RDF"];
    let near = bytes.get(..bytes.len().min(LEAD))?;
    STARTS.iter().filter_map(|mark| memchr::memmem::find(near, mark)).min()
}

/// Whether IPTC-IIM datasets follow one another here.
fn is_iim(bytes: &[u8]) -> bool {
    let [0x1C, 1..=9, _, high, low, rest @ ..] = bytes else { return false };
    let next = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..);
    high & 0x80 == 0 && next.is_some_and(|next| matches!(next, [] | [0x1C, 1..=9, ..]))
}

/// Reads what these bytes are, where they are any of it; a bare label goes to the container's own `space`.
pub fn read(bytes: &[u8], space: &str, at: &Place, out: &mut Extraction) -> bool {
    let shifted = |by: usize| Place { offset: at.offset.map(|o| o.saturating_add(by as u64)), ..at.clone() };
    if let Some(by) = exif_start(bytes) {
        exif::read(bytes.get(by..).unwrap_or_default(), &shifted(by), out);
    } else if let Some(by) = packet_start(bytes) {
        xmp::read(bytes.get(by..).unwrap_or_default(), &shifted(by), out);
    } else if bytes.starts_with(b"8BIM") && bytes.len() > 12 {
        photoshop::read(bytes, at, out);
    } else if let Some((by, json)) = plain_text::aigc(bytes) {
        push(out, (space, "AIGC"), charset::decode(json), at, by as u64);
    } else if jumbf::is_store(bytes) {
        let damage = Some("the store stands where no specification puts it".to_owned());
        let offset = at.offset.unwrap_or_default();
        push_store(out, Store { place: at.container.to_string(), offset, bytes: bytes.to_vec(), damage });
    } else if is_iim(bytes) {
        iptc::read(bytes, at, out);
    } else {
        return false;
    }
    true
}

/// Reads a part of which nobody knows what it is for: metadata by their first bytes, and another file that begins in it,
/// packed or not, which is kept to be read as one of its own. False where it is neither.
pub fn unknown(bytes: &[u8], space: &str, at: &Place, out: &mut Extraction) -> bool {
    if bytes.len() < SHORT {
        return read(bytes, space, at, out);
    }
    if plain(bytes, space, at, out) {
        return true;
    }
    other_file::packed(bytes, at, out)
        .is_some_and(|unfolded| plain(&unfolded, space, &Place { offset: None, ..at.clone() }, out))
}

/// The shortest part that is looked through.
const SHORT: usize = 32;

fn plain(bytes: &[u8], space: &str, at: &Place, out: &mut Extraction) -> bool {
    let file = beginnings::first(bytes);
    // A picture has its own metadata near its start: those are read as the picture's.
    let tiff = file.is_some_and(|by| matches!(bytes.get(by..by + 4), Some(b"II*\0" | b"MM\0*")));
    let inside = file.is_some_and(|file| !tiff && packet_start(bytes).is_none_or(|packet| file < packet));
    let told = !inside && read(bytes, space, at, out);
    match file {
        Some(by) if !(told && tiff) => {
            other_file::keep(bytes, by, at, out);
            true
        }
        _ => told,
    }
}

/// Says that an XMP packet stands in a stretch of a stream from which no XMP was read: the tags from `first` on are those
/// of the stretch. A stream is only known by codes that no checksum covers, and a damaged one must not hide a mark.
pub fn tell_unread_packet(bytes: &[u8], first: usize, at: &Place, out: &mut Extraction) {
    if out.facts.tags.iter().skip(first).any(|tag| tag.space == "xmp") {
        return;
    }
    let marks: [&[u8]; 2] = [b"<?xpacket", b"<x:xmpmeta"];
    if let Some(by) = marks.iter().filter_map(|mark| memchr::memmem::find(bytes, mark)).min() {
        let what = "an XMP packet stands where no user data begins: it cannot be read whole";
        let offset = at.offset.unwrap_or_default().saturating_add(by as u64);
        push_problem(out, Problem::malformed(&*at.container, offset, what));
    }
}
