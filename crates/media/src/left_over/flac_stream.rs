//! Whether what ends a file of FLAC ends the stream that begins it: a second stream may stand behind the first (RFC 9639,
//! sections 8.2 and 9.1).

use countersign_io::source::Source;
use countersign_model::Problem;
use std::ops::Range;

/// A stream from its first bytes: the name, and the head of the first block, which is always as long.
const BEGINS: &[u8] = b"fLaC\0\0\0\x22";
/// Files up to this length are looked through for a second beginning.
const LOOKED_THROUGH: u64 = 8 * 1024 * 1024;
const STEP: u64 = 1024 * 1024;

/// What the first block says of the stream.
struct Stated {
    /// Samples of each block, where all have as many.
    block: Option<u64>,
    longest_frame: u64,
    samples: u64,
}

fn stated(source: &mut Source) -> Option<Stated> {
    let head = source.head().ok()?;
    let at = memchr::memmem::find(head, BEGINS)? + 8;
    let info = head.get(at..at + 18)?;
    let number =
        |range: Range<usize>| info.get(range).unwrap_or_default().iter().fold(0, |n, b| n << 8 | u64::from(*b));
    let (least, most) = (number(0..2), number(2..4));
    let samples = number(10..18) & 0xF_FFFF_FFFF;
    Some(Stated { block: (least == most && least > 0).then_some(least), longest_frame: number(7..10), samples })
}

/// The number of a frame, or of its first sample, from the frame's first byte: a number of one to seven bytes as UTF-8 has
/// them. `None` where it is none, or where blocks differ in length.
pub(super) fn number(frame: &[u8]) -> Option<u64> {
    if frame.get(1)? & 1 != 0 {
        return None;
    }
    let first = *frame.get(4)?;
    let more = match first.leading_ones() {
        0 => return Some(u64::from(first)),
        n @ 2..=7 => n as usize - 1,
        _ => return None,
    };
    let own = u64::from(first) & (0x7F >> (more + 1));
    let rest = frame.get(5..5 + more)?;
    rest.iter().all(|b| b & 0xC0 == 0x80).then(|| rest.iter().fold(own, |n, b| n << 6 | u64::from(b & 0x3F)))
}

/// Whether a frame of this number can be the last of the stream that the first block tells of, in so many bytes.
pub(super) fn may_end_with(source: &mut Source, essence: &Range<u64>, number: u64) -> bool {
    let Some(Stated { block: Some(block), longest_frame, samples: samples @ 1.. }) = stated(source) else {
        return true;
    };
    let frames = samples.div_ceil(block);
    let fits =
        longest_frame == 0 || essence.end - essence.start <= frames.saturating_mul(longest_frame).saturating_add(STEP);
    // A stream that was cut has fewer frames than it states.
    fits && (number == 0 || number < frames)
}

/// Whether another stream begins in the essence, where the file is short enough to be looked through.
///
/// # Errors
/// I/O, and limits of the source.
pub(super) fn begins_again(source: &mut Source, essence: &Range<u64>, budget: &mut u64) -> Result<bool, Problem> {
    if essence.end.saturating_sub(essence.start) > LOOKED_THROUGH {
        return Ok(false);
    }
    let mut at = essence.start;
    while at < essence.end && *budget > 0 {
        let upto = at.saturating_add(STEP + BEGINS.len() as u64).min(essence.end);
        let mut step = source.part(at, upto - at);
        if memchr::memmem::find(step.up_to(0, (upto - at) as usize)?, BEGINS).is_some() {
            return Ok(true);
        }
        *budget = budget.saturating_sub(STEP);
        at = at.saturating_add(STEP);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_frames_are_read() {
        let frame = |coded: &[u8]| [&[0xFF, 0xF8, 0xC9, 0x18][..], coded].concat();
        assert_eq!(number(&frame(&[5])), Some(5));
        assert_eq!(number(&frame(&[0xC2, 0x80])), Some(0x80));
        assert_eq!(number(&frame(&[0xE1, 0x80, 0x81])), Some(0x1001));
        assert_eq!(number(&frame(&[0xC2])), None);
        assert_eq!(number(&frame(&[0x80])), None);
        assert_eq!(number(&[0xFF, 0xF9, 0xC9, 0x18, 5]), None);
    }
}
