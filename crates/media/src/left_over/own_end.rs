//! Where a file of a kind that states no length ends, told by its last bytes: whole frames, packets or packs up to the end,
//! or the word that closes it. Another file may stand behind that.

use super::{flac_stream, search};
use crate::framing::mpeg_audio::{Frame, adts, frame};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Coverage, Problem};
use std::ops::Range;

/// What the last bytes of a file say.
pub(super) enum End {
    /// They are the file's own, or nothing is known of how such files end.
    Own,
    /// From here on they are not.
    Behind(u64),
    /// They are not the file's own, and it is not known since where in this stretch.
    Unknown(Range<u64>),
}

/// The words that close texts.
const CLOSING: &[(&str, &[u8])] = &[("pdf", b"%%EOF"), ("eps", b"%%EOF"), ("svg", b"</svg>"), ("xmp", b"</rdf:RDF>")];
/// Bytes behind the last whole frame that a recorder leaves when it is stopped: the longest frame, and some.
const CUT: usize = 8 * 1024;
/// The longest frame of FLAC that is usual: 4,608 samples of eight channels with 32 bits.
const LONGEST_FLAC: usize = 160 * 1024;
/// Bytes of a packet of a transport stream.
const PACKET: usize = 188;

/// Where the file ends that `id` was told to be.
///
/// # Errors
/// I/O, and limits of the source.
pub(super) fn of(id: &str, source: &mut Source, coverage: &Coverage, budget: &mut u64) -> Result<End, Problem> {
    let span = essence(source.len(), coverage);
    let last = |source: &Source, most: usize| Last::of(source, &span, most);
    let own = match id {
        "mp3" => frames(last(source, limits::TAIL).bytes()?, frame),
        "aac" => frames(last(source, limits::TAIL).bytes()?, adts),
        "flac" => {
            let own = flac(last(source, limits::TAIL).bytes()?)
                .or_else(|| last(source, LONGEST_FLAC).bytes().ok().and_then(flac));
            own.is_some_and(|number| flac_stream::may_end_with(source, &span, number))
                && !flac_stream::begins_again(source, &span, budget)?
        }
        // Without a table of its chunks, or with pixels that are packed as a whole, nothing tells where it ends.
        "exr" | "psd" => !coverage.is_unsaid() && !coverage.is_open(),
        "mpeg-ts" => packets(last(source, limits::TAIL).bytes()?),
        "mpeg-ps" => start_codes(last(source, limits::TAIL).bytes()?),
        // Behind the last byte that any directory tells of, camera raw files may keep what their makers know.
        "dng" | "raw-tiff" => {
            let end = coverage.end().min(source.len());
            return Ok(if end > 0 && end < source.len() { End::Behind(end) } else { End::Own });
        }
        // The DOS form has a preview behind the page, as its header says.
        "eps" if !source.head()?.starts_with(b"%!") => true,
        _ => match CLOSING.iter().find(|(of, _)| *of == id) {
            None => true,
            Some((_, word)) => match search::behind_last(source, word, budget)? {
                Some(at) => return Ok(End::Behind(at)),
                None => true,
            },
        },
    };
    Ok(if own || span.is_empty() { End::Own } else { End::Unknown(span) })
}

/// The last bytes of a stretch.
struct Last(Source);

impl Last {
    fn of(source: &Source, span: &Range<u64>, most: usize) -> Self {
        let from = span.end.saturating_sub(most as u64).max(span.start);
        Self(source.part(from, span.end - from))
    }

    fn bytes(&mut self) -> Result<&[u8], Problem> {
        let len = self.0.len() as usize;
        self.0.up_to(0, len)
    }
}

/// The essence: what stands before tags at the end, and behind those at the start.
fn essence(len: u64, coverage: &Coverage) -> Range<u64> {
    let mut end = len;
    while let Some(tag) = coverage.start_of_what_ends_at(end).filter(|start| *start > 0) {
        end = tag;
    }
    let told = coverage.end_of_what_starts_at(0);
    coverage.open_start().unwrap_or(0).max(told).min(end)..end
}

/// Whether frames follow one another up to the last byte, or to one that is cut, with nothing but filling behind.
fn frames(bytes: &[u8], read: fn(&[u8]) -> Option<Frame>) -> bool {
    let filled = bytes.iter().rposition(|b| !matches!(b, 0 | b' ' | 0x55)).map_or(0, |last| last + 1);
    let near = filled.saturating_sub(4 * CUT);
    let upto = |start: usize| {
        let (mut pos, mut count) = (start, 0);
        while let Some(frame) = bytes.get(pos..).and_then(read) {
            (pos, count) = (pos.saturating_add(frame.len), count + 1);
        }
        count >= 3 && pos.saturating_add(16) >= filled
    };
    let within = bytes.get(near..filled).unwrap_or_default();
    filled == 0 || memchr::memchr_iter(0xFF, within).take(4096).any(|at| upto(near + at))
}

/// The number of the last frame of FLAC, where it has the checksum that its last two bytes state (RFC 9639, section 9.3).
fn flac(bytes: &[u8]) -> Option<u64> {
    let filled = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let starts = |bytes: &[u8]| -> Vec<usize> {
        let syncs = memchr::memchr_iter(0xFF, bytes);
        syncs.filter(|at| bytes.get(at + 1).is_some_and(|second| matches!(second, 0xF8 | 0xF9))).collect()
    };
    // The checksum may itself end in zeros.
    (filled..bytes.len().min(filled + 3).saturating_add(1)).find_map(|end| {
        let whole = bytes.get(..end.min(bytes.len())).unwrap_or_default();
        let at = starts(whole).into_iter().rev().take(64).find(|at| checksum(&whole[*at..]) == 0)?;
        Some(flac_stream::number(&whole[at..]).unwrap_or_default())
    })
}

fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 != 0 { crc << 1 ^ 0x8005 } else { crc << 1 })
    })
}

/// Whether packets of a transport stream follow one another up to the end, in any of their lengths.
fn packets(bytes: &[u8]) -> bool {
    let len = bytes.len();
    [PACKET, 192, 204].iter().any(|packet| {
        (0..*packet).any(|phase| {
            let syncs = (1..=8usize).filter_map(|n| len.checked_sub(n * packet)?.checked_sub(phase));
            let mut count = 0;
            let all = syncs
                .inspect(|_| count += 1)
                .all(|at| bytes.get(at) == Some(&0x47) || (*packet == 192 && bytes.get(at + 4) == Some(&0x47)));
            all && count > 0
        })
    })
}

/// Whether start codes of a program or elementary stream stand near the end, or the code that ends it, and none of another
/// kind of file does: pictures have one at least every few kilobytes.
fn start_codes(bytes: &[u8]) -> bool {
    let filled = bytes.iter().rposition(|b| !matches!(b, 0 | 0xFF)).map_or(0, |last| last + 1);
    let own = bytes.get(..filled).unwrap_or_default();
    if own.ends_with(&[0, 0, 1, 0xB9]) || own.ends_with(&[0, 0, 1, 0xB7]) || filled == 0 {
        return true;
    }
    let packs =
        memchr::memmem::find_iter(own, &[0, 0, 1]).filter(|at| own.get(at + 3).is_some_and(|code| *code >= 0xBA));
    // A packet states its length: it reaches the end, or is the last that a recorder began.
    packs.into_iter().any(|at| match own.get(at + 3..at + 6) {
        Some([0xBA, ..]) => at + 14 >= filled,
        Some([_, high, low]) => {
            let end = at + 6 + (usize::from(*high) << 8 | usize::from(*low));
            end >= filled && end <= filled + 2048
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_flac() {
        // The check value of CRC-16 with this polynomial, begun with zero, not reflected.
        assert_eq!(checksum(b"123456789"), 0xFEE8);
        let frame = [0xFF, 0xF8, 1, 2, 3, 4];
        let crc = checksum(&frame).to_be_bytes();
        assert!(flac(&[&[7; 100][..], &frame, &crc].concat()).is_some());
        assert!(flac(&[&[7; 100][..], &frame, &crc, b"GIF89a"].concat()).is_none());
    }

    #[test]
    fn packets_and_packs_reach_the_end() {
        let packet = [&[0x47][..], &[1; 187]].concat();
        assert!(packets(&packet.repeat(12)));
        assert!(packets(&[packet.repeat(12), vec![0x47; 40]].concat()));
        assert!(!packets(&[packet.repeat(12), vec![2; 1_000]].concat()));
        let pack = [&[0, 0, 1, 0xE0, 0, 10][..], &[9; 10]].concat();
        assert!(start_codes(&pack.repeat(3)));
        assert!(start_codes(&[pack.repeat(3), vec![0, 0, 1, 0xB9]].concat()));
        assert!(!start_codes(&[pack.repeat(3), vec![9; 40]].concat()));
    }
}
