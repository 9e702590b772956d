//! Looks for the beginning of another file inside of bytes of which nothing is known.
//!
//! First bytes alone are not believed: the format's own test must be sure of what stands there, and short magic numbers
//! must be followed by what a file of their kind begins with.

use super::known;
use crate::formats::{self, Format};
use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;
use std::ops::Range;

/// Bytes that are searched in one file.
pub(super) const MOST: u64 = 64 * 1024 * 1024;
/// Places that look like the beginning of a file and are none, in one stretch.
const TRIED: usize = 256;
/// Bytes that are searched at once.
const STEP: u64 = 1024 * 1024;
/// Bytes that decide whether a place is worth to be asked.
const NEAR: usize = 64;

/// How files begin, and how far behind the file's first byte that stands.
const BEGINNINGS: &[(&[u8], u64)] = &[
    (b"\x89PNG\r\n\x1a\n", 0),
    (b"\x8aMNG\r\n\x1a\n", 0),
    (b"\x8bJNG\r\n\x1a\n", 0),
    (b"\xff\xd8\xff", 0),
    (b"GIF87a", 0),
    (b"GIF89a", 0),
    (b"II*\0", 0),
    (b"MM\0*", 0),
    (b"8BPS\0", 0),
    (b"RIFF", 0),
    (b"RF64", 0),
    (b"FORM", 0),
    (b"ftyp", 4),
    (b"\0\0\0\x0cjP  \r\n\x87\n", 0),
    (b"\0\0\0\x0cJXL \r\n\x87\n", 0),
    (b"\x1a\x45\xdf\xa3", 0),
    (b"FLV\x01", 0),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0),
    (b".RMF\0\0\0", 0),
    (b"fLaC\0\0\0\x22", 0),
    (b"OggS\0\x02", 0),
    (b"ID3", 0),
    (b"caff\0\x01", 0),
    (b"%PDF-", 0),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", 0),
    (b"PK\x03\x04", 0),
    (b"\x1f\x8b\x08", 0),
    (b"BZh", 0),
    (b"7z\xbc\xaf\x27\x1c", 0),
    (b"Rar!\x1a\x07", 0),
    (b"\xfd7zXZ\0", 0),
    (b"\x28\xb5\x2f\xfd", 0),
    (b"ustar", 257),
];

/// Whether bytes that begin like a file go on like one: chance makes short magic numbers, and not what follows them.
fn goes_on(near: &[u8]) -> bool {
    let at = |from: usize, len: usize| near.get(from..from + len).unwrap_or_default();
    match near {
        [0xFF, 0xD8, 0xFF, marker, high, low, ..] => {
            let len = usize::from(*high) << 8 | usize::from(*low);
            match marker {
                0xE0 => at(6, 4) == b"JFIF" || at(6, 4) == b"JFXX",
                0xE1 => matches!(at(6, 4), b"Exif" | b"EXIF" | b"http"),
                0xE2..=0xEF | 0xFE => (4..=0xFFFF).contains(&len) && at(6, 4).iter().all(|b| (0x20..0x7F).contains(b)),
                // One quantization table, or several of them.
                0xDB => len >= 67 && (len - 2) % 65 == 0 && at(6, 1).first().is_some_and(|id| *id < 4),
                _ => false,
            }
        }
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => {
            let [a, b, c, d] = at(4, 4) else { return false };
            let bytes = [*a, *b, *c, *d];
            let first = if near[0] == b'I' { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
            first >= 8 && first.is_multiple_of(2)
        }
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] => {
            matches!(at(8, 4), b"WAVE" | b"WEBP" | b"AVI " | b"AMV " | b"RMID" | b"CDXA" | b"sfbk")
        }
        [b'F', b'O', b'R', b'M', ..] => {
            at(8, 4).iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ')
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            let size = u32::from_be_bytes(at(0, 4).try_into().unwrap_or_default());
            (16..=512).contains(&size) && at(8, 4).iter().all(|b| (0x20..0x7F).contains(b))
        }
        [b'I', b'D', b'3', version, revision, flags, size @ ..] => {
            let size = size.get(..4).unwrap_or_default();
            let sized = size.len() == 4 && size.iter().all(|b| *b < 0x80);
            (2..=4).contains(version) && *revision == 0 && flags & 0x0F == 0 && sized
        }
        // Deflated, with the system that wrote it; bit 5 and above of the flags are never set.
        [0x1F, 0x8B, 0x08, flags, _, _, _, _, extra, system, ..] => {
            flags & 0xE0 == 0 && matches!(extra, 0 | 2 | 4) && (*system <= 13 || *system == 255)
        }
        [b'B', b'Z', b'h', level, ..] => level.is_ascii_digit() && at(4, 6) == b"1AY&SY",
        _ => true,
    }
}

/// The first file that begins in this stretch, as far as `budget` lasts.
///
/// # Errors
/// I/O, and limits of the source.
pub(super) fn first(
    source: &mut Source,
    span: &Range<u64>,
    budget: &mut u64,
) -> Result<Option<(u64, &'static dyn Format)>, Problem> {
    let mut from = span.start;
    let mut tried = 0;
    while from < span.end && *budget > 0 {
        let upto = from.saturating_add(STEP.min(*budget)).min(span.end);
        // Steps overlap by what a place may lack.
        let ahead = upto.saturating_add(257 + NEAR as u64).min(span.end);
        let bytes = source.part(from, ahead - from).up_to(0, (ahead - from) as usize)?.to_vec();
        if bytes.is_empty() {
            break;
        }
        *budget = budget.saturating_sub(upto - from);
        for at in places(&bytes, (upto - from) as usize) {
            tried += 1;
            if tried > TRIED {
                return Ok(None);
            }
            let begin = from + at as u64;
            if let Some(format) = known(&mut source.part(begin, span.end - begin))? {
                return Ok(Some((begin, format)));
            }
        }
        from = upto;
    }
    Ok(None)
}

/// The places in these bytes, sorted, where a file may begin before `upto`.
fn places(bytes: &[u8], upto: usize) -> Vec<usize> {
    let mut out = Vec::new();
    for (magic, behind) in BEGINNINGS {
        let behind = *behind as usize;
        let found = memchr::memmem::find_iter(bytes, magic).filter_map(|at| at.checked_sub(behind));
        let fits = |at: &usize| {
            let near = bytes.get(*at..bytes.len().min(at + NEAR)).unwrap_or_default();
            behind == 257 || goes_on(near)
        };
        out.extend(found.filter(|at| *at < upto).filter(fits).take(TRIED));
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The format of a disk image that only its last bytes tell.
pub(super) fn by_end(source: &mut Source) -> Result<Option<&'static dyn Format>, Problem> {
    let sealed = formats::by_id("sealed-archive");
    let (_, tail) = source.tail()?;
    Ok(sealed.filter(|format| format.ends(tail)))
}

/// The end of the last word of this kind in the last bytes of a source, or further before where there is none.
///
/// # Errors
/// I/O, and limits of the source.
pub(super) fn behind_last(source: &mut Source, word: &[u8], budget: &mut u64) -> Result<Option<u64>, Problem> {
    let len = source.len();
    let mut end = len;
    let mut step = limits::TAIL as u64;
    while end > 0 && *budget > 0 {
        let start = end.saturating_sub(step.min(*budget));
        let upto = (end + word.len() as u64).min(len);
        let bytes = source.part(start, upto - start).up_to(0, (upto - start) as usize)?.to_vec();
        if let Some(at) = memchr::memmem::rfind(&bytes, word) {
            return Ok(Some(start + (at + word.len()) as u64));
        }
        *budget = budget.saturating_sub(end - start);
        (end, step) = (start, STEP);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: Vec<u8>) -> Option<(u64, String)> {
        let len = bytes.len() as u64;
        let mut source = Source::memory(bytes, 0);
        let first = first(&mut source, &(0..len), &mut MOST.clone()).unwrap();
        first.map(|(at, format)| (at, format.info().id.to_string()))
    }

    #[test]
    fn a_file_is_found_behind_any_bytes_and_chance_is_none() {
        let png =
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\0IEND\xae\x42\x60\x82";
        for before in [0, 1, 5_000, STEP as usize - 4, STEP as usize + 3] {
            let bytes = [&vec![b'x'; before][..], png, &[b'y'; 100]].concat();
            assert_eq!(found(bytes), Some((before as u64, "png".to_owned())), "{before}");
        }
        for chance in [
            &b"a RIFF is what a guitar plays, and FORM follows function"[..],
            b"\xff\xd8\xff\x10 not a picture",
            b"\xff\xd8\xff\xe0\0\x10 no name",
            b"ID3 is a tag, BZh9 a word, II* a footnote",
            b"\x1f\x8b\x08\xff\xff\xff\xff\xff\xff\xff\xff",
            b"the box ftyp says what a file is",
        ] {
            assert_eq!(found([&[b'.'; 100][..], chance, &[b'.'; 600]].concat()), None, "{}", chance.escape_ascii());
        }
    }
}
