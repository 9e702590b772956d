//! RIFF chunks: RIFF, big-endian RIFX, RF64/BW64 with 64-bit sizes in `ds64` (EBU Tech 3306, ITU-R BS.2088), LIST nesting.
//!
//! Microsoft "Multimedia Programming Interface and Data Specifications 1.0", chapter 2. IFF (EA IFF 85) is the
//! same in big-endian order and shares the walk.

use std::ops::Range;

use countersign_io::source::Source;
use countersign_model::Problem;
use countersign_model::limits;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Least significant byte first: RIFF.
    Little,
    /// Most significant byte first: RIFX, AIFF.
    Big,
}

impl Order {
    /// The number that two bytes stand for.
    #[must_use]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        if self == Self::Big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    /// The number that four bytes stand for.
    #[must_use]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        if self == Self::Big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// One chunk; offsets are into the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The chunk's type: `fmt `, `LIST`, `COMM`, …
    pub id: [u8; 4],
    /// Offset of the header.
    pub start: u64,
    /// Offset of the content.
    pub data: u64,
    /// Bytes of content that are there.
    pub len: u64,
}

impl Chunk {
    /// Offset of the first byte after the content, without padding.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.data.saturating_add(self.len)
    }

    /// The span of what a list of this kind holds, behind its type.
    #[must_use]
    pub fn inner(&self) -> Range<u64> {
        self.data.saturating_add(4).min(self.end())..self.end()
    }
}

/// What the start of a RIFF or IFF file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `RIFF`, `RIFX`, `RF64`, `BW64`, `FORM`.
    pub id: [u8; 4],
    /// `WAVE`, `AVI `, `WEBP`, `AIFF`, …
    pub form: [u8; 4],
    /// How the numbers of the file are written.
    pub order: Order,
    /// Where the file ends by its own account; `None` where it leaves that open.
    pub promised: Option<u64>,
    /// 64-bit sizes from `ds64`.
    pub large: Vec<([u8; 4], u64)>,
}

/// The most entries of a `ds64` table that are looked at.
const TABLE: u32 = 1024;

/// Reads the file header and, for RF64 and BW64, `ds64`.
///
/// # Errors
/// `truncated` and `malformed`.
pub fn header(source: &mut Source) -> Result<Header, Problem> {
    let bytes: [u8; 12] = source.array(0)?;
    let [a, b, c, d, e, f, g, h, form @ ..] = bytes;
    let id = [a, b, c, d];
    let order = if matches!(&id, b"RIFX" | b"FORM") { Order::Big } else { Order::Little };
    let size = order.u32([e, f, g, h]);
    let open = size == u32::MAX || (size == 0 && &id != b"FORM");
    let mut header = Header { id, form, order, promised: (!open).then(|| u64::from(size) + 8), large: Vec::new() };
    if matches!(&id, b"RF64" | b"BW64") {
        sizes(source, &mut header)?;
    }
    Ok(header)
}

fn sizes(source: &mut Source, header: &mut Header) -> Result<(), Problem> {
    let bytes: [u8; 36] = source.array(12)?;
    let long = |at: usize| -> u64 {
        bytes.get(at..at + 8).map_or(0, |b| u64::from_le_bytes(b.try_into().unwrap_or_default()))
    };
    if !bytes.starts_with(b"ds64") {
        return Err(Problem::malformed("", source.absolute(12), "ds64 is not the first chunk"));
    }
    header.promised = Some(long(8).saturating_add(8));
    header.large.push((*b"data", long(16)));
    let stated = source.array::<4>(16).map(u32::from_le_bytes)?;
    let room = stated.saturating_sub(28) / 12;
    let table: [u8; 4] = if stated >= 28 { source.array(44)? } else { [0; 4] };
    for n in 0..u32::from_le_bytes(table).min(room).min(TABLE) {
        let row: [u8; 12] = source.array(48 + u64::from(n) * 12)?;
        let [a, b, c, d, size @ ..] = row;
        header.large.push(([a, b, c, d], u64::from_le_bytes(size)));
    }
    Ok(())
}

/// Chunks of one level, and what ended the walk early or is odd about it.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// The chunks in the order of the file.
    pub chunks: Vec<Chunk>,
    /// What kept the rest from being found.
    pub problem: Option<Problem>,
}

/// How far past its own account a file may end without being called cut: wrong sizes by a header's length are common.
const SLACK: u64 = 8;

/// Chunks that are believed even behind the end that the file states: further parts of an AVI, and metadata.
pub(crate) const KNOWN: &[&[u8; 4]] = &[
    b"RIFF", b"LIST", b"data", b"bext", b"iXML", b"axml", b"id3 ", b"ID3 ", b"_PMX", b"XMP ", b"EXIF", b"C2PA", b"AIGC",
];

/// The chunks of the whole file, from behind the header to the end of the source.
///
/// The stated size of the file is only a hint: chunks past it are walked while they look like chunks.
#[must_use]
pub fn top(source: &mut Source, header: &Header) -> Walk {
    let len = source.len();
    let promised = header.promised.unwrap_or(len);
    let mut walk = walk(source, 12..len, promised, header);
    if walk.problem.is_none() && promised > len.saturating_add(SLACK) {
        let what = format!("the file says {promised} bytes and has {len}");
        walk.problem = Some(Problem::truncated("", source.absolute(len), what));
    }
    walk
}

/// Whether the file has exactly the bytes that it states, in whole chunks.
#[must_use]
pub fn is_whole(header: &Header, walk: &Walk, source: &Source) -> bool {
    header.promised == Some(source.len()) && walk.problem.is_none()
}

/// The chunks inside a list.
#[must_use]
pub fn list(source: &mut Source, span: Range<u64>, header: &Header) -> Walk {
    let end = span.end;
    walk(source, span, end, header)
}

fn walk(source: &mut Source, span: Range<u64>, promised: u64, header: &Header) -> Walk {
    let mut out = Walk::default();
    let mut pos = span.start;
    while pos < span.end {
        if out.chunks.len() >= limits::ITEMS {
            out.problem = Some(Problem::limit("", source.absolute(pos), "too many chunks"));
            break;
        }
        match next(source, pos, span.end, promised, header) {
            Ok(Step::Chunk(chunk, odd)) => {
                pos = chunk.end();
                out.chunks.push(chunk);
                if odd.is_some() {
                    out.problem = odd;
                    break;
                }
                match padding(source, &chunk, span.end, header.order) {
                    Ok(by) => pos = pos.saturating_add(by),
                    Err(problem) => {
                        out.problem = Some(problem);
                        break;
                    }
                }
            }
            Ok(Step::Stop(problem)) => {
                out.problem = problem.map(|p| unmeasured(&mut out.chunks, span.end, p));
                break;
            }
            Err(problem) => {
                out.problem = Some(problem);
                break;
            }
        }
    }
    out
}

enum Step {
    Chunk(Chunk, Option<Problem>),
    Stop(Option<Problem>),
}

fn next(source: &mut Source, pos: u64, end: u64, promised: u64, header: &Header) -> Result<Step, Problem> {
    let at = source.absolute(pos);
    let beyond = pos >= promised;
    if end - pos < 8 {
        let left = source.up_to(pos, (end - pos) as usize)?;
        if left.iter().all(|b| *b == 0) && left.len() < 4 {
            return Ok(Step::Stop(None));
        }
        let problem = Problem::truncated("", at, "a chunk header is cut");
        return Ok(Step::Stop(Some(if beyond { problem.harmless() } else { problem })));
    }
    let [a, b, c, d, size @ ..]: [u8; 8] = source.array(pos)?;
    let id = [a, b, c, d];
    if !plausible(id) {
        if beyond {
            return Ok(Step::Stop(Some(Problem::malformed("", at, "data behind the last chunk").harmless())));
        }
        if blank(source, pos, end)? {
            return Ok(Step::Stop(Some(Problem::malformed("", at, "zeros in place of a chunk").harmless())));
        }
        return Ok(Step::Stop(Some(Problem::malformed("", at, "no chunk where one should start"))));
    }
    let data = pos + 8;
    let room = end - data;
    let stated = header.order.u32(size);
    let len =
        if stated == u32::MAX { header.large.iter().find(|l| l.0 == id).map(|l| l.1) } else { Some(stated.into()) };
    let Some(len) = len else {
        let problem = Problem::malformed("", at, "a chunk leaves its size open").harmless();
        return Ok(Step::Chunk(Chunk { id, start: pos, data, len: room }, Some(problem)));
    };
    if len > room {
        if beyond && !KNOWN.contains(&&id) {
            return Ok(Step::Stop(Some(Problem::malformed("", at, "data behind the last chunk").harmless())));
        }
        let what = format!("chunk {}: {len} bytes stated, {room} left", id.escape_ascii());
        let problem = Problem::truncated("", at, what);
        return Ok(Step::Chunk(Chunk { id, start: pos, data, len: room }, Some(problem)));
    }
    Ok(Step::Chunk(Chunk { id, start: pos, data, len }, None))
}

/// A recorder that never came back to fill in the size leaves `data` at zero: then it runs to the end.
fn unmeasured(chunks: &mut [Chunk], end: u64, problem: Problem) -> Problem {
    match chunks.last_mut() {
        Some(last) if matches!(&last.id, b"data" | b"SSND") && last.len == 0 => {
            last.len = end.saturating_sub(last.data);
            Problem { what: "the size of the audio was never filled in".into(), ..problem }.harmless()
        }
        _ => problem,
    }
}

/// Content of odd length is followed by a byte of padding, which some writers forget: then a chunk that fits
/// stands right behind the content, and none does a byte further on. Others pad with zeros to the next four bytes.
fn padding(source: &mut Source, chunk: &Chunk, end: u64, order: Order) -> Result<u64, Problem> {
    let left = end.saturating_sub(chunk.end());
    let after = source.up_to(chunk.end(), 12)?;
    let fits = |by: usize| match after.get(by..by + 8) {
        Some([a, b, c, d, size @ ..]) => {
            let size = order.u32(size.try_into().unwrap_or_default());
            let printable = [a, b, c, d].iter().all(|b| (0x20..0x7F).contains(*b));
            printable && u64::from(size) <= left.saturating_sub(by as u64 + 8)
        }
        _ => false,
    };
    let usual = usize::from(!chunk.len.is_multiple_of(2) && (!fits(0) || fits(1)));
    if fits(usual) {
        return Ok(usual as u64);
    }
    let zeros = |by: &usize| after.iter().take(*by).filter(|b| **b == 0).count() == *by;
    // They count from the start of the file, or of the content.
    let even = |by: &usize| [chunk.end(), chunk.len].iter().any(|from| (from + *by as u64).is_multiple_of(4));
    let wider = (usual + 1..=4).filter(zeros).find(|by| fits(*by) && even(by));
    Ok(wider.unwrap_or(usual) as u64)
}

fn plausible(id: [u8; 4]) -> bool {
    let used = id.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    used > 0 && id.iter().take(used).all(|b| (0x20..0x7F).contains(b))
}

fn blank(source: &mut Source, pos: u64, end: u64) -> Result<bool, Problem> {
    let most = (end - pos).min(limits::HEAD as u64);
    Ok(most == end - pos && source.up_to(pos, most as usize)?.iter().all(|b| *b == 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::ProblemKind;

    fn file(id: &[u8; 4], size: u32, body: &[u8]) -> Source {
        let mut bytes = id.to_vec();
        bytes.extend(size.to_le_bytes());
        bytes.extend(b"WAVE");
        bytes.extend(body);
        Source::memory(bytes, 0)
    }

    fn ids(walk: &Walk) -> Vec<&[u8; 4]> {
        walk.chunks.iter().map(|c| &c.id).collect()
    }

    #[test]
    fn padding_is_honored_and_its_absence_forgiven() {
        let mut source = file(b"RIFF", 36, b"one \x03\0\0\0abc\0two \x03\0\0\0abcthre\0\0\0\0");
        let header = header(&mut source).unwrap();
        let walk = top(&mut source, &header);
        assert_eq!(ids(&walk), [b"one ", b"two ", b"thre"]);
        assert_eq!(walk.problem, None);
    }

    #[test]
    fn padding_to_four_bytes_counts_from_the_content_as_well() {
        // The first chunk ends at 2 modulo 4.
        let body = b"one \x02\0\0\0xyaxml\x06\0\0\0<a/>\n\n\0\0dbmd\x02\0\0\0xy";
        let mut source = file(b"RIFF", body.len() as u32 + 4, body);
        let header = header(&mut source).unwrap();
        let walk = top(&mut source, &header);
        assert_eq!((ids(&walk), walk.problem), (vec![b"one ", b"axml", b"dbmd"], None));
    }

    #[test]
    fn padding_to_four_bytes_is_passed_over() {
        // One, two and three zeros behind contents that end at 1, 2 and 3 modulo 4.
        for len in 1..=4_u32 {
            let mut body = b"axml".to_vec();
            body.extend(len.to_le_bytes());
            body.extend(b"abcd".iter().take(len as usize));
            body.resize(body.len().next_multiple_of(4), 0);
            body.extend(b"dbmd\x02\0\0\0xyLIST\0\0\0\0");
            let size = body.len() as u32 + 4;
            let mut source = file(b"RIFF", size, &body);
            let header = header(&mut source).unwrap();
            let walk = top(&mut source, &header);
            assert_eq!(ids(&walk), [b"axml", b"dbmd", b"LIST"], "{len}");
            assert_eq!(walk.problem, None, "{len}");
        }
    }

    #[test]
    fn a_chunk_past_the_end_is_cut() {
        let mut source = file(b"RIFF", 100, b"data\x40\0\0\0abc");
        let header = header(&mut source).unwrap();
        let walk = top(&mut source, &header);
        assert_eq!(walk.chunks[0].len, 3);
        let problem = walk.problem.unwrap();
        assert_eq!((problem.kind, problem.blocking), (ProblemKind::Truncated, true));
    }

    #[test]
    fn a_cut_between_chunks_shows_by_the_stated_size() {
        let mut source = file(b"RIFF", 100, b"data\x02\0\0\0ab");
        let header = header(&mut source).unwrap();
        assert!(top(&mut source, &header).problem.unwrap().blocking);
    }

    #[test]
    fn chunks_behind_a_stated_size_that_is_too_small_are_found_and_junk_is_harmless() {
        let mut source = file(b"RIFF", 14, b"data\x02\0\0\0abLIST\0\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08\x09");
        let header = header(&mut source).unwrap();
        let walk = top(&mut source, &header);
        assert_eq!(ids(&walk), [b"data", b"LIST"]);
        assert!(!walk.problem.unwrap().blocking);
    }

    #[test]
    fn a_cut_part_behind_the_stated_end_is_cut_not_junk() {
        let mut source = file(b"RIFF", 14, b"data\x02\0\0\0abRIFF\x40\0\0\0AVIX");
        let header = header(&mut source).unwrap();
        assert!(top(&mut source, &header).problem.unwrap().blocking);
    }

    #[test]
    fn sizes_of_64_bits_come_from_ds64() {
        let mut body = b"ds64\x28\0\0\0".to_vec();
        body.extend(82u64.to_le_bytes());
        body.extend(4u64.to_le_bytes());
        body.extend(1u64.to_le_bytes());
        body.extend(1u32.to_le_bytes());
        body.extend(b"big ");
        body.extend(2u64.to_le_bytes());
        body.extend(b"big \xFF\xFF\xFF\xFFhidata\xFF\xFF\xFF\xFFabcdtail\0\0\0\0");
        let mut source = file(b"RF64", u32::MAX, &body);
        let header = header(&mut source).unwrap();
        let walk = top(&mut source, &header);
        assert_eq!(ids(&walk), [b"ds64", b"big ", b"data", b"tail"]);
        assert_eq!(walk.chunks[2].len, 4);
        assert_eq!(walk.problem, None);
    }

    #[test]
    fn audio_whose_size_was_never_filled_in_runs_to_the_end() {
        let mut source = file(b"RIFF", 0, b"data\0\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08");
        let header = header(&mut source).unwrap();
        let walk = top(&mut source, &header);
        assert_eq!(walk.chunks[0].len, 8);
        assert!(!walk.problem.unwrap().blocking);
    }
}
