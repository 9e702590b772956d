//! PNG chunks (PNG third edition, section 5): length, type, data, CRC.
//!
//! Image data are passed over. A picture of many megabytes is thousands of small IDAT chunks; as they must be
//! consecutive (section 5.6), the walk leaps from the first that it would have to fetch to the end of their run.

use crate::framing::numbers::{array, be32};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Problem, ProblemKind};

/// The eight bytes that a PNG begins with.
pub const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";

const IEND: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";

/// Headers of large image data chunks that are fetched one by one before a leap is tried.
const HOPS: u64 = 4;

/// One chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The chunk's type: `IHDR`, `tEXt`, `caBX`, …
    pub kind: [u8; 4],
    /// Offset of the length field in the source.
    pub offset: u64,
    /// Length of the data in bytes, as stated.
    pub len: u32,
}

impl Chunk {
    /// Offset of the data in the source.
    #[must_use]
    pub fn data(&self) -> u64 {
        self.offset.saturating_add(8)
    }

    /// Offset after the CRC.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(12 + u64::from(self.len))
    }
}

/// Walks from `start` to the end of IEND, and returns all chunks but image data with the offset after IEND.
///
/// # Errors
/// `truncated` or `malformed` where the chain of chunks breaks, in the second part; a chunk that is cut short is the
/// last of the first part.
pub fn walk(source: &mut Source, start: u64) -> (Vec<Chunk>, Result<u64, Problem>) {
    let mut found = Vec::new();
    let end = walk_into(source, start, &mut found);
    (found, end)
}

fn walk_into(source: &mut Source, start: u64, found: &mut Vec<Chunk>) -> Result<u64, Problem> {
    let mut at = start;
    let mut may_leap = true;
    for _ in 0..limits::ITEMS {
        let chunk = header(source, at)?;
        let image = matches!(&chunk.kind, b"IDAT" | b"fdAT");
        if !image {
            found.push(chunk);
        }
        if chunk.end() > source.len() {
            let what = format!("the file ends inside chunk {}", chunk.kind.escape_ascii());
            return Err(Problem::truncated("", source.absolute(at), what));
        }
        // Between the frames of an animation any chunk may stand: every header is read.
        may_leap &= &chunk.kind != b"acTL";
        match &chunk.kind {
            b"IEND" => return Ok(chunk.end()),
            b"IDAT" if may_leap && far(source, &chunk) => {
                may_leap = false;
                at = leap(source, &chunk)?.unwrap_or(chunk.end());
            }
            _ => at = chunk.end(),
        }
    }
    Err(Problem::limit("", source.absolute(at), format!("more than {} chunks", limits::ITEMS)))
}

/// Whether many more headers would have to be fetched to get past this run of chunks.
fn far(source: &Source, chunk: &Chunk) -> bool {
    let left = source.len().saturating_sub(chunk.end());
    let fetched = chunk.end() >= limits::HEAD as u64;
    fetched && left > limits::TAIL as u64 && left / u64::from(chunk.len.max(1)) > HOPS
}

/// The chunk header at `at`.
fn header(source: &mut Source, at: u64) -> Result<Chunk, Problem> {
    if source.len().saturating_sub(at) <= limits::TAIL as u64 {
        // The rest is wanted in one piece.
        source.tail()?;
    }
    let bytes = source.array::<8>(at).map_err(|mut p| {
        if p.kind == ProblemKind::Truncated {
            "no IEND: the file is cut short".clone_into(&mut p.what);
        }
        p
    })?;
    parse(&bytes, at).ok_or_else(|| Problem::malformed("", source.absolute(at), "no chunk where one is expected"))
}

/// A chunk header from its bytes: the type is four letters, the length has 31 bits.
#[must_use]
pub fn parse(bytes: &[u8], offset: u64) -> Option<Chunk> {
    let (len, kind) = (be32(bytes, 0)?, array::<4>(bytes, 4)?);
    (kind.iter().all(u8::is_ascii_alphabetic) && len <= i32::MAX as u32).then_some(Chunk { kind, offset, len })
}

/// Where the walk may go on after `chunk`, close to the end of the file; `None` where that cannot be told.
///
/// Chunks are found again from the end: the longest chain in the tail whose every CRC is right and that ends in IEND.
/// Where it begins with image data, all before it is image data too. Else the end of the run is before the
/// tail, and looked for at multiples of the run's chunk size.
fn leap(source: &mut Source, chunk: &Chunk) -> Result<Option<u64>, Problem> {
    let (start, tail) = source.tail()?;
    let Some(by) = chain(tail) else { return Ok(None) };
    let first = start.saturating_add(by as u64);
    if parse(&tail[by..], first).is_some_and(|c| &c.kind == b"IDAT") {
        return Ok((first > chunk.offset).then_some(first));
    }
    Ok(last_of_run(source, chunk, first))
}

/// The last chunk of a run of image data whose chunks are all as long as `chunk`, provided that it ends by `before`.
///
/// Tried from the end in growing steps, then narrowed: what follows the run is mostly short.
fn last_of_run(source: &mut Source, chunk: &Chunk, before: u64) -> Option<u64> {
    let step = chunk.end() - chunk.offset;
    let place = |n: u64| chunk.offset.saturating_add(n * step);
    let mut is_image = |n: u64| header(source, place(n)).is_ok_and(|c| &c.kind == b"IDAT" && c.end() <= before);
    let most = before.saturating_sub(1).saturating_sub(chunk.offset) / step;
    let (mut low, mut high) = (0, most + 1);
    let mut back = 0;
    while let Some(n) = most.checked_sub(back).filter(|n| *n > 0) {
        if is_image(n) {
            low = n;
            break;
        }
        high = n;
        back = back * 2 + 1;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_image(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low > 0).then(|| place(low))
}

/// Where the longest chain of intact chunks that ends with the last IEND begins.
fn chain(tail: &[u8]) -> Option<usize> {
    let last = tail.windows(IEND.len()).rposition(|w| w == IEND)?;
    // From the back: from which offsets do lengths lead to that IEND?
    let mut leads = vec![false; last + 1];
    leads[last] = true;
    for at in (0..last).rev() {
        leads[at] = next(tail, at).is_some_and(|next| leads.get(next) == Some(&true));
    }
    (0..=last).find(|at| leads[*at] && intact(tail, *at, last))
}

fn next(tail: &[u8], at: usize) -> Option<usize> {
    let chunk = parse(tail.get(at..)?, 0)?;
    at.checked_add(12)?.checked_add(chunk.len as usize)
}

fn intact(tail: &[u8], from: usize, last: usize) -> bool {
    let mut at = from;
    while at < last {
        let Some(next) = next(tail, at) else { return false };
        let right = tail.get(at + 4..next - 4).map(crc) == be32(tail, next - 4);
        if !right {
            return false;
        }
        at = next;
    }
    true
}

/// The CRC (annex D) of a chunk's type and data.
#[must_use]
pub fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
