//! Blocks that picture catalogs append to images: AXS File Concatenation Protocol (AFCP) and FotoStation.
//!
//! AFCP ends with `AXS!` (big-endian) or `AXS*` (little-endian), the start of its directory, four bytes; the directory
//! repeats the mark, then version, count, four bytes, and count × { tag, length, offset }. FotoStation is a chain of
//! blocks, each followed by its type, its length with these ten bytes, and 0xA1B2C3D4.

use crate::framing::numbers::{array, be16, be32, le16, le32};
use crate::model::Problem;
use crate::source::Source;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What wrote it: `AFCP` or `FotoStation`.
    pub origin: &'static str,
    /// Whether its content is IIM.
    pub iim: bool,
    /// Offset of the content in the source.
    pub data: u64,
    /// Length of the content in bytes.
    pub len: u64,
}

/// Blocks of one file; catalogs write a handful.
const MOST: usize = 64;

/// The blocks before `end`, last first; none where the bytes there are no such trailer.
///
/// # Errors
/// I/O and limits.
pub fn blocks(source: &mut Source, end: u64) -> Result<Vec<Block>, Problem> {
    let mut found = Vec::new();
    let mut at = end;
    while let Some(foot) = at.checked_sub(12)
        && found.len() < MOST
    {
        let foot = source.array::<12>(foot)?;
        if foot.ends_with(b"\xA1\xB2\xC3\xD4") {
            let len = u64::from(be32(&foot, 4).unwrap_or_default());
            let (Some(start), Some(content)) = (at.checked_sub(len), len.checked_sub(10)) else { break };
            let iim = be16(&foot, 2) == Some(1);
            found.push(Block { origin: "FotoStation", iim, data: start, len: content });
            at = start;
        } else if foot.starts_with(b"AXS!") || foot.starts_with(b"AXS*") {
            found.extend(afcp(source, &foot, at)?);
            break;
        } else {
            break;
        }
    }
    Ok(found)
}

fn afcp(source: &mut Source, foot: &[u8; 12], end: u64) -> Result<Vec<Block>, Problem> {
    let big = foot[3] == b'!';
    let long = |bytes: &[u8], at| if big { be32(bytes, at) } else { le32(bytes, at) };
    let start = u64::from(long(foot, 4).unwrap_or_default());
    let room = 12 + 12 * MOST as u64;
    let directory = source.up_to(start, end.saturating_sub(start).min(room) as usize)?.to_vec();
    if directory.get(..4) != foot.get(..4) {
        return Ok(Vec::new());
    }
    let count = if big { be16(&directory, 6) } else { le16(&directory, 6) }.unwrap_or_default();
    let entry = |n: usize| {
        let at = 12 + n * 12;
        let (len, data) = (u64::from(long(&directory, at + 4)?), u64::from(long(&directory, at + 8)?));
        let inside = data.checked_add(len).is_some_and(|over| over <= end);
        inside.then_some(Block { origin: "AFCP", iim: array(&directory, at) == Some(*b"IPTC"), data, len })
    };
    Ok((0..usize::from(count).min(MOST)).map_while(entry).collect())
}
