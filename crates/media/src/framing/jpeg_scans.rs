//! The way through a JPEG's scans (ISO/IEC 10918-1, B.1.1.5 and B.2.3) to the end of the image, and the marker segments
//! that stand between and behind them.
//!
//! Nothing of the image data is kept: the bytes stream by in blocks.

use crate::framing::jpeg_segments::Segment;
use crate::framing::numbers::be16;
use countersign_io::source::Source;
use countersign_io::{Buffer, ByteRange};
use countersign_model::Problem;
use countersign_model::limits;

/// How the image data end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The image ends here (offset after EOI).
    At(u64),
    /// No EOI up to the end of the source.
    Never,
    /// No EOI within [`LONGEST`].
    Unknown,
}

/// What stands between the first scan and the end of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scans {
    /// Application segments and comments.
    pub segments: Vec<Segment>,
    /// Where the image ends, as far as that was found.
    pub ending: Ending,
}

/// Image data that are walked: no encoder makes more.
const LONGEST: u64 = 8 * 1024 * 1024 * 1024;
/// A stretch of image data this long without a byte FF is none: one in 256 bytes of entropy-coded data is.
const SMOOTH: usize = 4096;
/// Bytes of a marker and the length behind it.
const MARKER: u64 = 4;

/// Walks entropy-coded data, and the segments between scans, from `from` to EOI.
///
/// # Errors
/// I/O, and `limit` for too many segments.
pub fn walk(source: &mut Source, from: u64) -> Result<Scans, Problem> {
    let base = source.absolute(0);
    let mut buffer = None;
    let mut segments = Vec::new();
    let mut at = from;
    loop {
        let done = |segments, ending| Ok(Scans { segments, ending });
        if at.saturating_sub(from) > LONGEST {
            return done(segments, Ending::Unknown);
        }
        let bytes = block_at(source, at, &mut buffer)?;
        if bytes.len() < 2 {
            return done(segments, Ending::Never);
        }
        match step(bytes, at, &mut segments) {
            (by, true) => return done(segments, Ending::At(at.saturating_add(by as u64))),
            (by, false) => at = at.saturating_add(by.max(1) as u64),
        }
        if segments.len() > limits::ITEMS {
            let what = format!("more than {} segments between scans", limits::ITEMS);
            return Err(Problem::limit("", base.saturating_add(at), what));
        }
    }
}

/// The bytes from `at` on, as many as come at once: those of the head and of the tail are asked for by others as well and
/// kept by the source, those between go into the buffer.
fn block_at<'b>(source: &'b mut Source, at: u64, buffer: &'b mut Option<Buffer>) -> Result<&'b [u8], Problem> {
    let in_head = (Buffer::LEN as u64).saturating_sub(at);
    if in_head > MARKER || source.len() <= Buffer::LEN as u64 {
        return source.up_to(at, in_head as usize);
    }
    let tail = source.len().saturating_sub(limits::TAIL as u64);
    if at >= tail {
        source.tail()?;
        return source.up_to(at, limits::TAIL);
    }
    let block = buffer.get_or_insert_with(Buffer::take);
    // A marker that reaches into the tail is read in one piece.
    let upto = usize::try_from(tail - at).ok().filter(|upto| *upto as u64 > MARKER && *upto < block.len());
    let len = upto.unwrap_or(block.len());
    let room = block.get_mut(..len).unwrap_or_default();
    let got = fill(&source.range(), at, room).map_err(|e| Problem::from(e).at(source.absolute(at)))?;
    Ok(block.get(..got).unwrap_or_default())
}

/// As many bytes as fit, fewer only at the end.
fn fill(range: &ByteRange, at: u64, block: &mut [u8]) -> std::io::Result<usize> {
    let mut had = 0;
    while let Some(room) = block.get_mut(had..).filter(|room| !room.is_empty()) {
        match range.read_at(room, at.saturating_add(had as u64)) {
            Ok(0) => break,
            Ok(got) => had += got,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(had)
}

/// Walks one block that stands at `start`: how far it goes, and whether the end of the image was passed there.
///
/// The walk stops before a marker that is not wholly in the block, and may end behind it inside a segment.
fn step(block: &[u8], start: u64, segments: &mut Vec<Segment>) -> (usize, bool) {
    let mut at = 0;
    while let Some(rest) = block.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((by, code)) = next_marker(rest) else {
            // A last 0xFF may begin a marker.
            let kept = usize::from(block.last() == Some(&0xFF) && block.len() > 1);
            return (block.len() - kept, false);
        };
        at += by;
        if code == 0xD9 {
            return (at + 2, true);
        }
        let Some(len) = be16(block, at + 2) else {
            // With the marker at the start of a block there is no more to come.
            return if at == 0 { (block.len(), false) } else { (at, false) };
        };
        if matches!(code, 0xE0..=0xEF | 0xFE) && len > 2 {
            let data = start.saturating_add(at as u64 + 4);
            segments.push(Segment { marker: code, data, len: usize::from(len - 2) });
        }
        // A broken length in the middle of a scan must not end the search.
        at += 2 + usize::from(len.max(2));
    }
    (at, false)
}

/// The first marker in entropy-coded data that is neither stuffing, restart nor fill: offset of its `FF`, code.
///
/// Reserved codes (table B.1) do not lead a segment: they are damage.
fn next_marker(block: &[u8]) -> Option<(usize, u8)> {
    memchr::memchr_iter(0xFF, block).find_map(|at| match block.get(at + 1)? {
        0x00..=0xBF | 0xD0..=0xD8 | 0xFF => None,
        code => Some((at, *code)),
    })
}

/// Whether these last bytes of a file, which should be image data and EOI, could be anything else: they hold a marker, or
/// are too smooth for image data.
#[must_use]
pub fn is_doubtful(tail: &[u8]) -> bool {
    let body = tail.get(..tail.len().saturating_sub(2)).unwrap_or_default();
    if next_marker(body).is_some() {
        return true;
    }
    let (mut last, mut gap) = (0, 0);
    for at in memchr::memchr_iter(0xFF, body).chain([body.len()]) {
        gap = gap.max(at - last);
        last = at;
    }
    gap > SMOOTH
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn walked(bytes: &[u8]) -> Scans {
        walk(&mut Source::memory(bytes.to_vec(), 0), 0).unwrap()
    }

    #[test]
    fn segments_between_scans_are_kept_at_any_distance() {
        let block = Buffer::LEN;
        for before in [0, 10, block - 30, block - 3, block - 1, block, block * 2 + 7] {
            let mut bytes = vec![0x5A; before];
            bytes.extend(b"\xFF\x00\xFF\xD0\xFF\xFE\x00\x05abc\x01\x02\xFF\xD9behind");
            let found = walked(&bytes);
            let segment = Segment { marker: 0xFE, data: before as u64 + 8, len: 3 };
            assert_eq!(found, Scans { segments: vec![segment], ending: Ending::At(before as u64 + 15) }, "{before}");
        }
    }

    #[test]
    fn a_segment_is_found_wherever_the_tail_begins() {
        let (block, tail) = (Buffer::LEN, limits::TAIL);
        for before in [block, block * 2 + 7] {
            for behind in (tail - 20)..=(tail + 8) {
                let mut bytes = vec![0x5A; before];
                bytes.extend(b"\xFF\xFE\x00\x05abc\x01\x02\xFF\xD9");
                bytes.resize(bytes.len() + behind, 0);
                let segment = Segment { marker: 0xFE, data: before as u64 + 4, len: 3 };
                let expected = Scans { segments: vec![segment], ending: Ending::At(before as u64 + 11) };
                let mut file = tempfile::NamedTempFile::new().unwrap();
                file.write_all(&bytes).unwrap();
                let found = walk(&mut Source::open(file.path()).unwrap(), 0).unwrap();
                assert_eq!(found, expected, "{before} {behind}");
                assert_eq!(walked(&bytes), expected, "{before} {behind}");
            }
        }
    }

    #[test]
    fn every_cut_ends_and_never_finds_an_end() {
        let bytes = b"\x01\xFF\x00\xFF\xC4\x00\x04ab\xFF\xFE\x00\x05abc\x01\xFF\xD9";
        for len in 0..bytes.len() {
            assert_eq!(walked(&bytes[..len]).ending, Ending::Never, "{len}");
        }
        assert_eq!(walked(bytes).ending, Ending::At(bytes.len() as u64));
    }

    #[test]
    fn image_data_are_not_doubted() {
        let plain = [b"\x12\x34\xFF\x00".repeat(2000), b"\xFF\xD9".to_vec()].concat();
        assert!(!is_doubtful(&plain));
        assert!(is_doubtful(&[vec![0; 8000], b"\xFF\xD9".to_vec()].concat()));
        assert!(is_doubtful(b"\x12\xFF\xEB\x00\x04ab\xFF\xD9"));
    }
}
