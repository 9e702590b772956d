//! Shared by TIFF, DNG and camera raw files: their directories (TIFF 6.0, BigTIFF).
//!
//! Only directories and the metadata that they point to are read; strips and tiles are checked to lie inside the file.

use crate::framing::tiff_ifd::{self, Directory, Entry, Header};
use crate::tags::{Place, exif};
use countersign_io::source::Source;
use countersign_model::{Extraction, Problem};

/// DNGVersion: a file whose first directory has it is a Digital Negative (Adobe DNG 1.7.1).
pub(super) const DNG_VERSION: u16 = 0xC612;
/// Strips or tiles whose ends are checked, counted from the last.
const CHECKED: u64 = 1_024;

/// Reads all directories of a TIFF-structured file.
pub(super) fn read(source: &mut Source, name: &str, out: &mut Extraction) -> Result<Vec<exif::Walked>, Problem> {
    let header = Header::parse(source.head()?).ok_or_else(|| Problem::malformed(name, 0, "no TIFF header"))?;
    let at = Place::new(name, source.absolute(0));
    let walked = exif::walk(source, header, &at, out);
    let mut pixels = 0;
    for directory in walked.iter().filter(|w| w.part.starts_with("IFD") || w.part.starts_with("SubIFD")) {
        for (offsets, lengths, what) in PIXELS {
            let end = check(source, header, &directory.directory, (*offsets, *lengths), |by| {
                let what = format!("{what} of {} end at byte {by}, behind the end of the file", directory.part);
                at.problem(Problem::truncated("", by, what), out);
            })?;
            pixels = pixels.max(end);
        }
    }
    previews(source, header, &walked, out);
    // Camera raw files keep more than their directories tell.
    let end = pixels.max(tiff_ifd::end(walked.iter().map(|w| &w.directory)));
    match name {
        "TIFF" if pixels > 0 => out.coverage.add(0, end),
        _ => {
            // All of them together, so that what stands behind the last is seen.
            out.coverage.add(0, end.min(source.len()));
            out.coverage.open_from(0);
        }
    }
    Ok(walked)
}

/// Offsets and lengths of pixel data.
const PIXELS: &[(u16, u16, &str)] = &[(0x0111, 0x0117, "strips"), (0x0144, 0x0145, "tiles")];

/// Accounts for the strips, tiles and small pictures that directories point to, so that none of them is taken for a file
/// behind the end.
fn previews(source: &mut Source, header: Header, walked: &[exif::Walked], out: &mut Extraction) {
    for directory in walked {
        for (offsets, lengths) in [(0x0111, 0x0117), (0x0144, 0x0145), (0x0201, 0x0202)] {
            let mut last = |tag: u16| {
                let entry = directory.directory.entries.iter().find(|e| e.tag == tag)?;
                tiff_ifd::integers(source, header, entry, CHECKED as usize).ok()
            };
            if let (Some(offsets), Some(lengths)) = (last(offsets), last(lengths)) {
                let pairs = offsets.iter().zip(&lengths);
                pairs.for_each(|(offset, len)| out.coverage.add(*offset, offset.saturating_add(*len)));
            }
        }
    }
}

/// Where the pixel data end; calls `short` with that where that is behind the end of the file.
fn check(
    source: &mut Source,
    header: Header,
    directory: &Directory,
    (offsets, lengths): (u16, u16),
    short: impl FnOnce(u64),
) -> Result<u64, Problem> {
    let find = |tag| directory.entries.iter().find(|e| e.tag == tag).copied();
    let (Some(offsets), Some(lengths)) = (find(offsets), find(lengths)) else { return Ok(0) };
    if offsets.count != lengths.count {
        return Ok(0);
    }
    let mut last = |entry: Entry| {
        let size = tiff_ifd::size_of(entry.kind);
        let skipped = entry.count.saturating_sub(CHECKED);
        let tail =
            Entry { at: entry.at.saturating_add(skipped.saturating_mul(size)), count: entry.count - skipped, ..entry };
        tiff_ifd::integers(source, header, &tail, CHECKED as usize)
    };
    let (offsets, lengths) = match (last(offsets), last(lengths)) {
        (Ok(offsets), Ok(lengths)) => (offsets, lengths),
        // The arrays themselves are behind the end.
        (Err(problem), _) | (_, Err(problem)) => return Err(problem.within("TIFF")),
    };
    // Panasonic writes this where another field has the offset.
    let known = |(offset, _): &(&u64, &u64)| **offset != u64::from(u32::MAX);
    let end =
        offsets.iter().zip(&lengths).filter(known).map(|(offset, len)| offset.saturating_add(*len)).max().unwrap_or(0);
    if end > source.len() {
        short(end);
    }
    Ok(end)
}

/// The first directory where it stands in the first bytes of the file.
pub(super) fn first_directory(head: &[u8]) -> Option<(Header, Directory)> {
    let header = Header::parse(head)?;
    Some((header, tiff_ifd::directory_of(head, header, header.first)?))
}
