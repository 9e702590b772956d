//! PNG chunks (PNG third edition, section 5): length, type, data, CRC.
//!
//! Image data are passed over, a header at a time. They must be consecutive (section 5.6), but decoders read on where
//! another chunk stands between them: no header is leapt over.

use crate::framing::numbers::{array, be32};
use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;

/// The eight bytes that a PNG begins with.
pub const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";

/// Chunks of one file, image data included: those of the largest pictures come in pieces of 8 KiB.
const CHUNKS: usize = 4_000_000;

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
    for _ in 0..CHUNKS {
        let chunk = header(source, at)?;
        if !matches!(&chunk.kind, b"IDAT" | b"fdAT") {
            if found.len() >= limits::ITEMS {
                break;
            }
            found.push(chunk);
        }
        if chunk.end() > source.len() {
            let what = format!("the file ends inside chunk {}", chunk.kind.escape_ascii());
            return Err(Problem::truncated("", source.absolute(at), what));
        }
        at = chunk.end();
        if &chunk.kind == b"IEND" {
            return Ok(at);
        }
    }
    Err(Problem::limit("", source.absolute(at), "more chunks than are walked"))
}

/// The chunk header at `at`.
fn header(source: &mut Source, at: u64) -> Result<Chunk, Problem> {
    if source.len().saturating_sub(at) <= limits::TAIL as u64 {
        // The rest is wanted in one piece.
        source.tail()?;
    }
    let bytes = source.read_uncached(at, 8)?;
    if bytes.len() < 8 {
        return Err(Problem::truncated("", source.absolute(at), "no IEND: the file is cut short"));
    }
    parse(&bytes, at).ok_or_else(|| Problem::malformed("", source.absolute(at), "no chunk where one is expected"))
}

/// A chunk header from its bytes: the type is four letters, the length has 31 bits.
#[must_use]
pub fn parse(bytes: &[u8], offset: u64) -> Option<Chunk> {
    let (len, kind) = (be32(bytes, 0)?, array::<4>(bytes, 4)?);
    (kind.iter().all(u8::is_ascii_alphabetic) && len <= i32::MAX as u32).then_some(Chunk { kind, offset, len })
}

/// The CRC (annex D) of a chunk's type and data.
#[must_use]
pub fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
