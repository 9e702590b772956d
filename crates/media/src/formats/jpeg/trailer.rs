//! The end of the image, segments between its scans, and what follows it: further images, a Samsung trailer, a video, unknown data.

use crate::containers::samsung;
use crate::framing::jpeg_scans::{self, Ending};
use crate::framing::jpeg_segments;
use crate::framing::{appended, catalog_trailer, numbers, sef};
use crate::tags::{self, Place, charset, iptc, plain_text, push};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, Problem};

use super::segments::{self, Image};

/// Reads whatever stands after the scan that begins at `from`; a missing end of image is a problem in `out`.
///
/// # Errors
/// I/O and limits.
pub(super) fn read(source: &mut Source, from: u64, image: &Image, out: &mut Extraction) -> Result<(), Problem> {
    let further = image.further.as_slice();
    let end = scans(source, from, image, out)?;
    if sef::ends_with(source.tail()?.1) {
        samsung::read(source, from, source.len(), "JPEG SEF trailer", out);
        return Ok(());
    }
    if catalog(source, out)? {
        return Ok(());
    }
    let (start, tail) = source.tail()?;
    let skip = usize::try_from(from.saturating_sub(start)).unwrap_or(usize::MAX);
    let tail = tail.get(skip..).unwrap_or_default();
    let filled = tail.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    if tail[..filled].ends_with(&[0xFF, 0xD9]) {
        if let Some(end) = end {
            let behind = end.saturating_add(2) <= start.max(from).saturating_add(filled as u64);
            return if behind { unknown(source, end, further, out) } else { Ok(()) };
        }
        // The last end of image may be that of another one, which began behind the first's.
        let next = memchr::memmem::find(tail, &[0xFF, 0xD9, 0xFF, 0xD8, 0xFF]);
        return match next {
            Some(by) => unknown(source, start.max(from).saturating_add(by as u64 + 2), further, out),
            None => Ok(()),
        };
    }
    let ending = match jpeg_segments::ending_in(tail) {
        Some(by) => Ending::At(start.max(from) + by as u64),
        None => jpeg_scans::walk(source, from)?.ending,
    };
    match ending {
        Ending::At(end) => unknown(source, end, further, out)?,
        Ending::Never => {
            let what = "no end of image: the file is cut short";
            tags::push_problem(out, Problem::truncated("jpeg", source.absolute(source.len()), what));
        }
        Ending::Unknown => {
            let what = "no end of image within the bytes that are walked";
            tags::push_problem(out, Problem::limit("jpeg", source.absolute(from), what));
        }
    }
    Ok(())
}

/// Files up to this length are walked to the end of the image in any case: nearly all of them is at hand.
const SHORT: u64 = 192 * 1024;

/// Reads segments behind the first scan; the end of the image where it was walked to.
///
/// Reading all image data of every file would cost the whole drive. It is done where more scans are to come, where the
/// last bytes are not those of a scan, and where the file says that it carries a clip.
fn scans(source: &mut Source, from: u64, image: &Image, out: &mut Extraction) -> Result<Option<u64>, Problem> {
    let short = source.len().saturating_sub(from) <= SHORT;
    if !(image.many_scans || short || carries_clip(out) || is_doubtful(source, from)?) {
        return Ok(None);
    }
    let found = jpeg_scans::walk(source, from)?;
    segments::read_late(source, &found.segments, "JPEG late ", out);
    Ok(match found.ending {
        Ending::At(end) => Some(end),
        Ending::Never | Ending::Unknown => None,
    })
}

/// Whether the file says that it carries a clip.
fn carries_clip(out: &Extraction) -> bool {
    let clip = |key: &str| key.contains("MotionPhoto") || key.contains("MicroVideo");
    out.facts.tags.iter().any(|tag| tag.space == "xmp" && clip(&tag.key))
}

/// Whether the last bytes of the file could be anything but image data.
fn is_doubtful(source: &mut Source, from: u64) -> Result<bool, Problem> {
    let (start, tail) = source.tail()?;
    let skip = usize::try_from(from.saturating_sub(start)).unwrap_or(usize::MAX);
    Ok(jpeg_scans::is_doubtful(tail.get(skip..).unwrap_or_default()))
}

/// Whether a catalog's trailer ends the file; its IIM is read.
fn catalog(source: &mut Source, out: &mut Extraction) -> Result<bool, Problem> {
    let blocks = catalog_trailer::blocks(source, source.len())?;
    read_iim(source, &blocks, out);
    Ok(!blocks.is_empty())
}

fn read_iim(source: &mut Source, blocks: &[catalog_trailer::Block], out: &mut Extraction) {
    let mut room = limits::INFLATED;
    for block in blocks.iter().filter(|b| b.iim) {
        let at = Place::new(format!("JPEG {} trailer", block.origin), source.absolute(block.data));
        match source.read_bounded(block.data, block.len, room) {
            Ok(bytes) => {
                room = room.saturating_sub(bytes.len());
                // The first dataset may stand behind a byte of padding.
                let by = bytes.iter().take(4).position(|b| *b == 0x1C).unwrap_or_default();
                let at = Place { offset: at.offset.map(|o| o.saturating_add(by as u64)), ..at };
                iptc::read(&bytes[by..], &at, out);
            }
            Err(problem) => at.problem(problem, out),
        }
    }
}

/// Data after the end of the image that no directory describes.
fn unknown(source: &mut Source, end: u64, further: &[u64], out: &mut Extraction) -> Result<(), Problem> {
    out.coverage.add(0, end);
    let rest = source.len().saturating_sub(end);
    let (blocks, whole) = catalog_trailer::afcp(source, end, source.len())?;
    read_iim(source, &blocks, out);
    let peek = source.up_to(end, 1024)?;
    if further.contains(&end) || whole {
        out.coverage.open_from(end);
    }
    if peek.iter().all(|b| *b == 0) || further.contains(&end) {
        return Ok(());
    }
    if let Some((by, json)) = plain_text::aigc(peek) {
        out.coverage.open_from(end);
        let value = charset::decode(json);
        push(out, ("jpeg", "AIGC"), value, &Place::new("JPEG trailer", source.absolute(end)), by as u64);
    } else if peek.starts_with(&[0xFF, 0xD8, 0xFF]) {
        out.coverage.open_from(end);
        let image = segments::read(source, end, "JPEG trailing image, ", false, out);
        if let Err(problem) = image.stop {
            tags::push_problem(out, problem.within("JPEG trailing image").harmless());
        }
    } else if appended::is_media(peek) {
        out.coverage.open_from(end);
        embed(source, end, rest, "trailer", out);
    } else if !whole && begins_trailer(peek) {
        let what = format!("{rest} bytes of a trailer whose end is missing");
        tags::push_problem(out, Problem::truncated("JPEG trailer", source.absolute(end), what));
    } else {
        let what = format!("{rest} bytes of unknown data after the end of the image");
        tags::push_problem(out, Problem::malformed("jpeg", source.absolute(end), what).harmless());
    }
    Ok(())
}

/// Whether data begin like a trailer that is known by its end: AFCP, IIM of a catalog, a named Samsung entry.
fn begins_trailer(peek: &[u8]) -> bool {
    let iim = matches!(peek, [0x1C, 1..=3, _, _, _, ..]);
    let named = numbers::le32(peek, 4)
        .filter(|len| (4..=64).contains(len))
        .and_then(|len| peek.get(8..8 + len as usize))
        .is_some_and(|name| name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'));
    peek.starts_with(b"AXS!\0\x01") || peek.starts_with(b"AXS*\x01\0") || iim || peek.starts_with(&[0, 0]) && named
}

fn embed(source: &mut Source, at: u64, len: u64, what: &str, out: &mut Extraction) {
    let place = format!("JPEG {what}");
    match source.read_bounded(at, len, limits::EMBEDDED_BYTES) {
        Ok(bytes) => tags::push_embedded(out, Embedded { place, offset: source.absolute(at), bytes, name: None }),
        Err(problem) => tags::push_problem(out, problem.within(&place)),
    }
}

/// The headers of the images that a Multi-Picture index names.
///
/// Editors keep the index and drop the images; an offset that leads nowhere is no loss.
pub(super) fn further_images(source: &mut Source, further: &[u64], out: &mut Extraction) {
    let mut read = 0u64;
    for (n, start) in further.iter().enumerate() {
        if read > limits::INFLATED as u64 {
            // Images that share their bytes would be read again and again.
            let what = format!("more than {} bytes of headers in further images", limits::INFLATED);
            return tags::push_problem(out, Problem::limit("jpeg", source.absolute(*start), what));
        }
        let name = format!("JPEG MPF image {}", n + 2);
        let wrong = match source.array::<3>(*start) {
            Ok([0xFF, 0xD8, 0xFF]) => {
                let image = segments::read(source, *start, &format!("{name}, "), false, out);
                read = read.saturating_add(image.len);
                if let Err(problem) = image.stop {
                    // It began, so it was not dropped: it is cut short.
                    tags::push_problem(out, problem.within(&name));
                }
                continue;
            }
            Ok(_) => "no image where the index says".to_owned(),
            Err(problem) => problem.what,
        };
        let problem = Problem::malformed(&name, source.absolute(*start), wrong);
        tags::push_problem(out, problem.harmless());
    }
}
