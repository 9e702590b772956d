//! Pictures carried inside sound files: the FLAC picture block (RFC 9639, 8.8) and the common way to keep one.

use crate::tags::{Place, push, push_embedded};
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, Problem};

/// Reads a FLAC picture block, also found base64-coded in Vorbis comments.
pub fn read(blob: &[u8], at: &Place, out: &mut Extraction) {
    let Some((kind, mime, description, image, by)) = parts(blob) else {
        return at.problem(Problem::truncated("", at.offset.unwrap_or(0), "the picture block is cut"), out);
    };
    let description = String::from_utf8_lossy(description).into_owned();
    let mime = String::from_utf8_lossy(mime).into_owned();
    push(out, ("flac", "PICTURE"), summary(&mime, kind, &description, image), at, 0);
    if mime == "-->" {
        return;
    }
    let place = Place { offset: at.offset.map(|o| o.saturating_add(by)), ..at.clone() };
    embed(image, Some(description).filter(|d| !d.is_empty()), &place, out);
}

/// Kind, MIME type, description, image, offset of the image.
type Parts<'a> = (u32, &'a [u8], &'a [u8], &'a [u8], u64);

fn parts(blob: &[u8]) -> Option<Parts<'_>> {
    let long = |at: usize| Some(u32::from_be_bytes(blob.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let slice = |at: usize| blob.get(at.checked_add(4)?..at.checked_add(4)?.checked_add(long(at)? as usize)?);
    let kind = long(0)?;
    let mime = slice(4)?;
    let at = 8 + mime.len();
    let description = slice(at)?;
    let at = at + 4 + description.len() + 16;
    let stated = long(at)? as usize;
    // Pictures over 16 MiB overflow the length of the block around them; what is there counts.
    let image = blob.get(at + 4..)?;
    Some((kind, mime, description, image.get(..stated).unwrap_or(image), at as u64 + 4))
}

/// One line for people about a picture.
#[must_use]
pub fn summary(mime: &str, kind: u32, description: &str, image: &[u8]) -> String {
    let kind = match kind {
        1 | 2 => "file icon",
        3 => "front cover",
        4 => "back cover",
        _ => "other",
    };
    let about = if description.is_empty() { String::new() } else { format!("; {description}") };
    format!("{mime}; {kind}{about}; {} bytes", image.len())
}

/// Keeps a picture or attachment to be read as an asset of its own, within the limits.
pub fn embed(bytes: &[u8], name: Option<String>, at: &Place, out: &mut Extraction) {
    if bytes.is_empty() {
        return;
    }
    let offset = at.offset.unwrap_or(0);
    if bytes.len() > limits::EMBEDDED_BYTES {
        let what = format!("an embedded picture of {} bytes is not read", bytes.len());
        return at.problem(Problem::limit("", offset, what), out);
    }
    if out.embedded.len() >= limits::EMBEDDED {
        return at.problem(Problem::limit("", offset, format!("more than {} embedded files", limits::EMBEDDED)), out);
    }
    push_embedded(out, Embedded { place: at.container.to_string(), offset, bytes: bytes.to_vec(), name });
}
