//! Blocks that picture catalogs append to images: AXS File Concatenation Protocol (AFCP), FotoStation, Photo Mechanic.
//!
//! AFCP ends with `AXS!` (big-endian) or `AXS*` (little-endian), the start of its directory, four bytes; the directory
//! repeats the mark, then version, count, four bytes, and count × { tag, length, offset }. FotoStation is a chain of
//! blocks, each followed by its type, its length with these ten bytes, and 0xA1B2C3D4.
//! Photo Mechanic's block is followed by its length and `cbipcbbl`.

use crate::framing::numbers::{array, be16, be32, le16, le32};
use countersign_io::source::Source;
use countersign_model::Problem;

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
        } else if foot.ends_with(b"cbipcbbl") {
            // Datasets of IIM's form with meanings of their own.
            let len = u64::from(be32(&foot, 0).unwrap_or_default());
            let Some(start) = at.checked_sub(12).and_then(|over| over.checked_sub(len)) else { break };
            found.push(Block { origin: "Photo Mechanic", iim: false, data: start, len });
            at = start;
        } else if foot.starts_with(b"AXS!") || foot.starts_with(b"AXS*") {
            let start = if foot[3] == b'!' { be32(&foot, 4) } else { le32(&foot, 4) };
            found.extend(afcp(source, u64::from(start.unwrap_or_default()), at)?.0);
            break;
        } else {
            break;
        }
    }
    Ok(found)
}

/// The blocks of the AFCP directory at `start`, and whether all of them end by `end`.
///
/// # Errors
/// I/O and limits.
pub fn afcp(source: &mut Source, start: u64, end: u64) -> Result<(Vec<Block>, bool), Problem> {
    let room = 12 + 12 * MOST as u64;
    let directory = source.up_to(start, end.saturating_sub(start).min(room) as usize)?.to_vec();
    let big = directory.starts_with(b"AXS!");
    if !big && !directory.starts_with(b"AXS*") {
        return Ok((Vec::new(), false));
    }
    let long = |at| if big { be32(&directory, at) } else { le32(&directory, at) };
    let count = if big { be16(&directory, 6) } else { le16(&directory, 6) };
    let entry = |n: usize| {
        let at = 12 + n * 12;
        let (len, data) = (u64::from(long(at + 4)?), u64::from(long(at + 8)?));
        let inside = data.checked_add(len).is_some_and(|over| over <= end);
        inside.then_some(Block { origin: "AFCP", iim: array(&directory, at) == Some(*b"IPTC"), data, len })
    };
    let count = usize::from(count.unwrap_or(u16::MAX));
    let found: Vec<_> = (0..count.min(MOST)).map_while(entry).collect();
    let whole = found.len() == count;
    Ok((found, whole))
}
