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
