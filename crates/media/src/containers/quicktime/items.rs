//! Metadata items of HEIF, AVIF and other files with a top-level `meta`: EXIF, XMP, other texts
//! (ISO/IEC 23008-12 annex A).

use std::io::Read;

use super::{Walk, unsupported, value};
use crate::containers::uuid_box;
use crate::framing::bmff;
use crate::framing::heif_items::{Item, Items};
use crate::tags::{self, Place, exif, xmp};
use countersign_io::asset_budget::Decompressed;
use countersign_model::limits;
use countersign_model::{Extraction, Problem};

const SPACE: &str = "heif";

pub(super) fn read(walk: &mut Walk<'_>, start: u64, end: u64) {
    let mut problems = Vec::new();
    let items = Items::read(walk.source, start, end, &mut problems);
    for problem in problems {
        // What the place holds so far is the table's name.
        let place = format!("{} (meta/{})", walk.id, problem.place);
        let place = if problem.place.is_empty() { format!("{} (meta)", walk.id) } else { place };
        tags::push_problem(walk.out, Problem { place, ..problem });
    }
    if let Some((width, height)) = items.size {
        let at = walk.place(start);
        tags::push(walk.out, (SPACE, "ImageSize"), format!("{width}x{height}"), &at, 0);
    }
    let mut texts = 0;
    let mut budget = limits::BLOB;
    for item in &items.list {
        let reader: fn(&mut Walk<'_>, &Items, &Item) -> Result<usize, Problem> = match &item.kind {
            b"Exif" => exif_item,
            b"mime" => mime_item,
            b"uri " => uri_item,
            _ => continue,
        };
        texts += 1;
        if texts > limits::EMBEDDED {
            walk.problem(Problem::limit("", walk.source.absolute(start), "too many metadata items"));
            break;
        }
        match reader(walk, &items, item) {
            Ok(bytes) => budget = budget.saturating_sub(bytes),
            Err(problem) => walk.problem(problem),
        }
        if budget == 0 {
            // Items may overlap: what they hold together is bounded too.
            walk.problem(Problem::limit("", walk.source.absolute(start), "too many bytes in metadata items"));
            break;
        }
    }
}

fn item_place(walk: &Walk<'_>, offset: u64, what: &str) -> Place {
    Place::new(format!("{} item {what}", walk.title), walk.source.absolute(offset))
}

/// `u32` offset of the TIFF header behind itself, perhaps `Exif\0\0`, the TIFF structure.
fn exif_item(walk: &mut Walk<'_>, items: &Items, item: &Item) -> Result<usize, Problem> {
    let (offset, bytes) = items.bytes(walk.source, item)?;
    match uuid_box::tiff_start(&bytes) {
        Some(by) => exif::read(&bytes[by..], &item_place(walk, offset + by as u64, "Exif"), walk.out),
        None if bytes.len() <= 4 => {}
        None => return Err(Problem::malformed("", walk.source.absolute(offset), "an Exif item without a TIFF header")),
    }
    Ok(bytes.len())
}

fn mime_item(walk: &mut Walk<'_>, items: &Items, item: &Item) -> Result<usize, Problem> {
    let (offset, bytes) = items.bytes(walk.source, item)?;
    let at = item_place(walk, offset, &item.content_type);
    let bytes = match item.content_encoding.as_str() {
        "" | "identity" => bytes,
        encoding => decompress(encoding, &bytes).ok_or_else(|| {
            let what = format!("item {} in the encoding {encoding:?} does not unfold", item.id);
            unsupported(what, walk.source.absolute(offset))
        })?,
    };
    mime(&item.content_type, &bytes, &at, walk.out);
    Ok(bytes.len())
}

fn mime(content_type: &str, bytes: &[u8], at: &Place, out: &mut Extraction) {
    if content_type == "application/rdf+xml" {
        return xmp::read(bytes, at, out);
    }
    let value = value::printable(bytes).unwrap_or_else(|| value::binary(bytes));
    tags::push(out, (SPACE, content_type), value, at, 0);
}

fn uri_item(walk: &mut Walk<'_>, items: &Items, item: &Item) -> Result<usize, Problem> {
    let (offset, bytes) = items.bytes(walk.source, item)?;
    let at = item_place(walk, offset, &bmff::name(item.kind));
    let value = value::printable(&bytes).unwrap_or_else(|| value::binary(&bytes));
    tags::push(walk.out, (SPACE, &item.uri), value, &at, 0);
    Ok(bytes.len())
}

fn decompress(encoding: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let reader: Box<dyn Read + '_> = match encoding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(bytes)),
        "deflate" if bytes.first().is_some_and(|b| b & 0xF == 8) => Box::new(flate2::read::ZlibDecoder::new(bytes)),
        "deflate" => Box::new(flate2::read::DeflateDecoder::new(bytes)),
        "br" => Box::new(brotli::Decompressor::new(bytes, limits::WINDOW)),
        _ => return None,
    };
    let mut out = Vec::new();
    Decompressed(reader).take(limits::INFLATED as u64 + 1).read_to_end(&mut out).ok()?;
    (out.len() <= limits::INFLATED).then_some(out)
}
