//! JPEG marker segments (ISO/IEC 10918-1, annex B) from SOI to the first scan.
//!
//! Also what spans several segments: ExtendedXMP (XMP specification part 3, section 1.1.3.1) and the boxes
//! of JPEG XT (ISO/IEC 18477-3, annex B) that carry JUMBF in APP11.

use crate::framing::numbers::{array, be16, be32};
use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;

/// Segments that most images have before their first scan.
const USUAL: usize = 16;
/// Bytes of a marker with the length behind it.
const MARKER: u64 = 4;

/// One marker segment: `FF marker length data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The byte after `FF`: 0xE1 for APP1.
    pub marker: u8,
    /// Offset of the data in the source, after the length field.
    pub data: u64,
    /// Length of the data in bytes.
    pub len: usize,
}

/// Where the walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At a start of scan; entropy-coded data begins here.
    Scan(u64),
    /// At an end of image without any scan; the offset after it.
    End(u64),
}

/// Walks the segments of the image whose SOI is at `start`; those found are kept even where the walk fails.
///
/// # Errors
/// `truncated` or `malformed` where the chain of segments breaks, in the second part.
pub fn walk(source: &mut Source, start: u64) -> (Vec<Segment>, Result<Stop, Problem>) {
    let mut found = Vec::with_capacity(USUAL);
    let stop = walk_into(source, start, &mut found);
    (found, stop)
}

fn walk_into(source: &mut Source, start: u64, found: &mut Vec<Segment>) -> Result<Stop, Problem> {
    let mut at = start.saturating_add(2);
    for _ in 0..limits::ITEMS {
        let here = source.absolute(at);
        // Nearly always the marker's length stands behind it: one look is enough for both.
        let (ff, mut marker, ahead) = if source.len().saturating_sub(at) >= MARKER {
            let [ff, marker, high, low] = source.array(at).map_err(|p| ends_early(p, here))?;
            (ff, marker, Some([high, low]).filter(|_| marker != 0xFF))
        } else {
            let [ff, marker] = source.array(at).map_err(|p| ends_early(p, here))?;
            (ff, marker, None)
        };
        if ff != 0xFF {
            return Err(Problem::malformed("", here, format!("0x{ff:02X} where a marker is expected")));
        }
        at = at.saturating_add(2);
        while marker == 0xFF {
            // Any number of fill bytes may precede a marker (B.1.1.2).
            [marker] = source.array::<1>(at).map_err(|p| ends_early(p, here))?;
            at = at.saturating_add(1);
        }
        match marker {
            0xD9 => return Ok(Stop::End(at)),
            0x01 | 0xD0..=0xD8 => continue,
            0x00 => return Err(Problem::malformed("", here, "stuffed byte outside a scan")),
            _ => {}
        }
        let len = match ahead {
            Some(len) => len,
            None => source.array(at).map_err(|p| ends_early(p, here))?,
        };
        let stated = u16::from_be_bytes(len);
        let Some(len) = stated.checked_sub(2) else {
            return Err(Problem::malformed("", here, format!("segment length {stated}")));
        };
        let segment = Segment { marker, data: at.saturating_add(2), len: usize::from(len) };
        let end = segment.data.saturating_add(u64::from(len));
        found.push(segment);
        if end > source.len() {
            let what = format!("the file ends inside a segment of {stated} bytes");
            return Err(Problem::truncated("", here, what));
        }
        if marker == 0xDA {
            return Ok(Stop::Scan(end));
        }
        at = end;
    }
    Err(Problem::limit("", source.absolute(at), format!("more than {} segments", limits::ITEMS)))
}

fn ends_early(mut problem: Problem, at: u64) -> Problem {
    if problem.kind == countersign_model::ProblemKind::Truncated {
        problem.offset = Some(at);
        "the file ends before the image data".clone_into(&mut problem.what);
    }
    problem
}

/// The first marker in entropy-coded data that is neither stuffing, restart nor fill: offset of its `FF`, code.
fn next_marker(block: &[u8]) -> Option<(usize, u8)> {
    block.windows(2).enumerate().find_map(|(at, pair)| match *pair {
        [0xFF, 0x00 | 0x01 | 0xD0..=0xD8 | 0xFF] => None,
        [0xFF, code] => Some((at, code)),
        _ => None,
    })
}

/// The end of the image inside the last bytes of a file: the offset in `tail` after the first EOI, provided that
/// everything before it can be entropy-coded data.
#[must_use]
pub fn ending_in(tail: &[u8]) -> Option<usize> {
    let mut at = 0;
    for _ in 0..=tail.len() {
        let (by, code) = next_marker(tail.get(at..)?)?;
        at += by;
        match code {
            0xD9 => return Some(at + 2),
            // Tables and headers between the scans of a progressive image.
            0xC4 | 0xDA..=0xDD => at += 2 + usize::from(be16(tail, at + 2)?.max(2)),
            _ => return None,
        }
    }
    None
}

/// Parts of one ExtendedXMP packet.
#[derive(Debug)]
pub struct ExtendedXmp {
    /// 32 hexadecimal digits.
    pub guid: String,
    /// Length of the whole packet in bytes, as stated.
    pub total: u32,
    parts: Vec<(u32, Vec<u8>)>,
}

/// Packets, and boxes, of one image that are kept apart; no writer makes more than a few.
pub const MOST: usize = 256;

/// Prefix of an ExtendedXMP segment.
pub const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// Adds a segment's data (with its prefix) to the packet that it belongs to; false where it is no such segment.
pub fn collect_extended(data: &[u8], packets: &mut Vec<ExtendedXmp>) -> bool {
    let Some(rest) = data.strip_prefix(EXTENDED_XMP) else { return false };
    let (Some(guid), Some(total), Some(offset), Some(part)) =
        (rest.get(..32), be32(rest, 32), be32(rest, 36), rest.get(40..))
    else {
        return false;
    };
    let guid = String::from_utf8_lossy(guid).into_owned();
    let full = packets.len() >= MOST;
    match packets.iter_mut().find(|p| p.guid == guid && p.total == total) {
        Some(packet) => packet.parts.push((offset, part.to_vec())),
        None if full => return false,
        None => packets.push(ExtendedXmp { guid, total, parts: vec![(offset, part.to_vec())] }),
    }
    true
}

impl ExtendedXmp {
    /// The packet from its start up to the first gap, and whether that is all of it.
    #[must_use]
    pub fn assemble(mut self) -> (Vec<u8>, bool) {
        self.parts.sort_by_key(|(offset, _)| *offset);
        let mut out = Vec::new();
        for (offset, part) in self.parts {
            let Some(overlap) = out.len().checked_sub(offset as usize) else { break };
            out.extend_from_slice(part.get(overlap..).unwrap_or_default());
        }
        let whole = out.len() == self.total as usize;
        (out, whole)
    }
}

/// A JPEG XT box collected from APP11 segments.
#[derive(Debug, PartialEq, Eq)]
pub struct XtBox {
    /// Box instance number.
    pub instance: u16,
    /// Offset of the box in its first segment.
    pub offset: u64,
    /// The box with its header, as far as it was found.
    pub bytes: Vec<u8>,
    /// What is wrong with the sequence.
    pub damage: Option<String>,
    next: u32,
    header: usize,
    stated: Option<u64>,
}

impl XtBox {
    fn whole(&self) -> bool {
        self.stated.is_some_and(|stated| self.bytes.len() as u64 >= stated)
    }
}

/// Adds an APP11 segment's data to the box that it belongs to; false where it carries no box.
pub fn collect_box(data: &[u8], offset: u64, boxes: &mut Vec<XtBox>) -> bool {
    let (Some(b"JP"), Some(instance), Some(sequence), Some(len)) =
        (data.get(..2), be16(data, 2), be32(data, 4), be32(data, 8))
    else {
        return false;
    };
    let Some(kind) = array::<4>(data, 12) else { return false };
    let header = if len == 1 { 16 } else { 8 };
    let same = |b: &&mut XtBox| b.instance == instance && b.bytes.get(4..8) == Some(&kind) && !b.whole();
    if let Some(known) = boxes.iter_mut().rev().find(same)
        && sequence != 1
    {
        if sequence != known.next && known.damage.is_none() {
            known.damage = Some(format!("APP11 segment {sequence} where {} is expected", known.next));
        }
        known.next = sequence.saturating_add(1);
        let part = data.get(8 + known.header..).unwrap_or_default();
        let room = limits::STORE.saturating_sub(known.bytes.len());
        known.bytes.extend_from_slice(&part[..part.len().min(room)]);
        return true;
    }
    if boxes.len() >= MOST {
        return false;
    }
    let damage = (sequence != 1).then(|| format!("APP11 segment {sequence} without the ones before"));
    let bytes = data.get(8..).unwrap_or_default().to_vec();
    let stated = crate::framing::jumbf::stated_len(&bytes);
    let next = sequence.saturating_add(1);
    boxes.push(XtBox { instance, offset: offset.saturating_add(8), bytes, damage, next, header, stated });
    true
}
