//! Sony Wave64: chunks named by GUID with 64-bit sizes that count their own headers, aligned to eight bytes.
//!
//! The first four bytes of a GUID are the RIFF name in lower case or, for `fmt ` and `data`, as it is; chunks are
//! handed on under that name.

use crate::framing::riff::{Chunk, Walk};
use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;

/// The GUID that a file starts with.
pub const RIFF: [u8; 16] = *b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\x00\x00";
/// The form, behind the file's size.
pub const WAVE: [u8; 16] = *b"wave\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";
/// Length of a chunk's header.
const HEADER: u64 = 24;

/// Whether these are the first bytes of a Wave64 file.
#[must_use]
pub fn is_wave64(head: &[u8]) -> bool {
    head.starts_with(&RIFF) && head.get(24..40) == Some(&WAVE[..])
}

/// The chunks of the whole file.
#[must_use]
pub fn top(source: &mut Source) -> Walk {
    let mut out = Walk::default();
    out.problem = chunks(source, &mut out.chunks).err();
    out
}

fn chunks(source: &mut Source, out: &mut Vec<Chunk>) -> Result<(), Problem> {
    let len = source.len();
    let promised = source.array(16).map(u64::from_le_bytes)?;
    let mut pos = 40u64;
    while pos < len {
        let at = source.absolute(pos);
        if out.len() >= limits::ITEMS {
            return Err(Problem::limit("", at, "too many chunks"));
        }
        let [a, b, c, d, ..]: [u8; 16] = source.array(pos)?;
        let size = source.array(pos + 16).map(u64::from_le_bytes)?;
        let Some(content) = size.checked_sub(HEADER) else {
            return Err(Problem::malformed("", at, "a chunk is shorter than its header"));
        };
        let data = pos + HEADER;
        let chunk = Chunk { id: [a, b, c, d], start: pos, data, len: content.min(len - data) };
        out.push(chunk);
        if content > len - data {
            return Err(Problem::truncated("", at, format!("{content} bytes stated, {} left", len - data)));
        }
        pos = chunk.end().next_multiple_of(8);
    }
    if promised > len.next_multiple_of(8) {
        return Err(Problem::truncated(
            "",
            source.absolute(len),
            format!("the file says {promised} bytes and has {len}"),
        ));
    }
    Ok(())
}
