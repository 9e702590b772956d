//! Ogg pages (RFC 3533).

use countersign_io::source::Source;
use countersign_model::Problem;

/// The longest a page can be: 27 bytes, 255 lacing values, 255 segments of 255 bytes.
pub const LONGEST: usize = 27 + 255 + 255 * 255;

/// One page's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Offset of the capture pattern `OggS`.
    pub start: u64,
    /// Which logical stream the page is of.
    pub serial: u32,
    /// The codec's position at the end of the page; -1 where no packet ends on it.
    pub granule: i64,
    /// The first packet on it began on an earlier page.
    pub continued: bool,
    /// First page of its stream.
    pub first: bool,
    /// Last page of its stream.
    pub last: bool,
    /// Offset of the first segment.
    pub data: u64,
    /// Length of each segment in bytes; one below 255 ends its packet.
    pub lacing: Vec<u8>,
}

impl Page {
    /// Offset of the first byte behind the page.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.data + self.lacing.iter().map(|n| u64::from(*n)).sum::<u64>()
    }
}

/// The page that starts at `pos`, or `None` where no page does.
///
/// # Errors
/// `truncated` where the source ends inside the header, and I/O.
pub fn page(source: &mut Source, pos: u64) -> Result<Option<Page>, Problem> {
    let head: [u8; 27] = source.array(pos)?;
    let Some([0, flags, rest @ ..]) = head.strip_prefix(b"OggS") else { return Ok(None) };
    let (granule, rest) = rest.split_at(8);
    let serial = rest.first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b));
    let segments = usize::from(head.last().copied().unwrap_or(0));
    let lacing = source.vec(pos + 27, segments)?;
    Ok(Some(Page {
        start: pos,
        serial,
        granule: granule.first_chunk::<8>().map_or(-1, |b| i64::from_le_bytes(*b)),
        continued: flags & 1 != 0,
        first: flags & 2 != 0,
        last: flags & 4 != 0,
        data: pos + 27 + segments as u64,
        lacing,
    }))
}

/// The polynomial of the checksum (RFC 3533, section 6, field 7): not turned around, starts at zero.
const POLYNOMIAL: u32 = 0x04C1_1DB7;
const CHECKSUM: std::ops::Range<usize> = 22..26;

/// What each byte does to the checksum.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = (value << 1) ^ if value >> 31 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

/// Whether the bytes of a page have the checksum that it states. A page that states zero was never summed.
#[must_use]
pub fn is_whole(page: &[u8]) -> bool {
    let stated = page.get(CHECKSUM).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let sum = page.iter().enumerate().fold(0_u32, |sum, (at, byte)| {
        let byte = if CHECKSUM.contains(&at) { 0 } else { *byte };
        let index = (sum >> 24) as u8 ^ byte;
        (sum << 8) ^ TABLE.get(usize::from(index)).copied().unwrap_or(0)
    });
    stated == 0 || stated == sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_changes_the_sum() {
        // The last page of an empty stream as libogg writes it.
        let mut page = b"OggS\0\x04\0\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x01\x03abc".to_vec();
        assert!(is_whole(&page), "a sum of zero is none");
        page[22..26].copy_from_slice(&0x1234_5678_u32.to_le_bytes());
        assert!(!is_whole(&page));
        let sum = page.iter().enumerate().fold(0_u32, |sum, (at, byte)| {
            let mut value = sum ^ u32::from(if CHECKSUM.contains(&at) { 0 } else { *byte }) << 24;
            for _ in 0..8 {
                value = if value >> 31 == 1 { (value << 1) ^ POLYNOMIAL } else { value << 1 };
            }
            value
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        assert!(is_whole(&page));
        page[30] ^= 1;
        assert!(!is_whole(&page));
    }
}
