//! Looks for the beginning of another file inside of bytes of which nothing is known.
//!
//! First bytes alone are not believed: the format's own test must be sure of what stands there.

use super::known;
use crate::formats::{self, Format};
use crate::framing::beginnings::{FARTHEST, NEAR, places};
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
        let ahead = upto.saturating_add((FARTHEST + NEAR) as u64).min(span.end);
        let mut step = source.part(from, ahead - from);
        let bytes = step.up_to(0, (ahead - from) as usize)?;
        if bytes.is_empty() {
            break;
        }
        *budget = budget.saturating_sub(upto - from);
        for at in places(bytes, (upto - from) as usize) {
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
        let mut step_before = source.part(start, upto - start);
        if let Some(at) = memchr::memmem::rfind(step_before.up_to(0, (upto - start) as usize)?, word) {
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
