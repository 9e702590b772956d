//! Members of archives as bytes that can be opened: read where they stand when they are stored, unfolded when they are
//! packed. Nothing is ever written under a member's own path, and nothing below a scanned root.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;

use flate2::bufread::GzDecoder;
use flate2::read::DeflateDecoder;

use crate::framing::zip;
use countersign_io::source::Source;
use countersign_io::{ByteRange, Stream, TempSpace};
use countersign_model::limits;
use countersign_model::{Problem, ProblemKind};

/// How a member's bytes are had.
#[derive(Clone, Debug)]
pub enum Member {
    /// They stand somewhere as they are; with what is wrong with them.
    Stored(ByteRange, Option<Problem>),
    /// In a ZIP archive.
    Zip(ByteRange, Arc<zip::Member>),
    /// Not at all.
    Unreadable(Problem),
}

/// A member's bytes.
#[derive(Debug)]
pub struct MemberBytes {
    /// The bytes: where they stand in the archive, or in memory or a temporary file once decompressed.
    pub held: ByteRange,
    /// Why they are not all, or not what was packed.
    pub problem: Option<Problem>,
    /// What a sound archive would not have, in words.
    pub oddity: Option<String>,
    /// The CRC-32 that they must have, where nobody compared it yet.
    crc: Option<u32>,
}

impl MemberBytes {
    /// All of it, with what is wrong with it.
    #[must_use]
    pub fn whole(held: ByteRange, problem: Option<Problem>) -> Self {
        Self { held, problem, oddity: None, crc: None }
    }

    /// The bytes from the first to the last, and then whether they have the checksum they should.
    #[must_use]
    pub fn stream(&self) -> Summed {
        Summed { stream: self.held.stream(), sum: self.crc.map(|crc| (crc, flate2::Crc::new())) }
    }
}

/// Bytes that are read whole, and their checksum.
pub struct Summed {
    stream: Stream,
    sum: Option<(u32, flate2::Crc)>,
}

impl Summed {
    /// What is wrong with the bytes, all of them having been read.
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        let (wanted, sum) = self.sum.as_ref()?;
        (sum.sum() != *wanted).then(|| mismatch(sum.sum(), *wanted))
    }
}

impl Read for Summed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.stream.read(out)?;
        if let Some((_, sum)) = &mut self.sum {
            sum.update(out.get(..got).unwrap_or_default());
        }
        Ok(got)
    }
}

fn mismatch(found: u32, wanted: u32) -> Problem {
    Problem::malformed("ZIP", 0, format!("the CRC-32 of its bytes is {found:08x} and not {wanted:08x}"))
}

impl Member {
    /// What tells it from others in its archive, where it can be read: place, length and what is known of its bytes.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        match self {
            Self::Stored(ByteRange::File { start, len, .. }, problem) => {
                Some(format!("{start}+{len} {}", problem.is_some()))
            }
            Self::Stored(ByteRange::Memory { start, len, .. }, problem) => {
                Some(format!("{start}+{len} {}", problem.is_some()))
            }
            Self::Zip(_, member) => {
                Some(format!("{}+{} {} {:08x} {}", member.local, member.packed, member.size, member.crc, member.method))
            }
            Self::Unreadable(_) => None,
        }
    }

    /// The bytes that it unfolds to, where it is packed.
    #[must_use]
    pub fn decompressed_size(&self) -> Option<u64> {
        match self {
            Self::Zip(_, member) if member.method != zip::STORED => Some(member.size),
            _ => None,
        }
    }

    /// Opens it; what is packed is unfolded in memory, or in `room` where it is long.
    ///
    /// # Errors
    /// What keeps all of it from being read.
    pub fn open(&self, space: &TempSpace) -> Result<MemberBytes, Problem> {
        match self {
            Self::Stored(held, problem) => Ok(MemberBytes::whole(held.clone(), problem.clone())),
            Self::Unreadable(problem) => Err(problem.clone()),
            Self::Zip(archive, member) => open_zip(archive, member, space),
        }
    }
}

fn open_zip(archive: &ByteRange, member: &zip::Member, space: &TempSpace) -> Result<MemberBytes, Problem> {
    if let Some(obstacle) = zip::obstacle(member) {
        return Err(obstacle);
    }
    let found = zip::locate(&mut Source::new(archive), member)?;
    let packed = archive.section(found.start, member.packed);
    if packed.len() < member.packed {
        let what = format!("{} bytes stated, {} there", member.packed, packed.len());
        return Err(Problem::truncated("ZIP", found.start, what));
    }
    let mut opened = match member.method {
        zip::STORED if member.packed != member.size => {
            let what = format!("stored as it is, with {} bytes and {} unfolded", member.packed, member.size);
            MemberBytes::whole(packed, Some(Problem::malformed("ZIP", member.local, what)))
        }
        zip::STORED => MemberBytes { crc: Some(member.crc), ..MemberBytes::whole(packed, None) },
        _ => {
            let mut decoder = DeflateDecoder::new(packed.stream());
            let (held, problem, sum) = decompress(&mut decoder, member.size, space)?;
            let problem = problem.map(|p| p.within("ZIP")).or_else(|| {
                let size = held.len();
                let short = || Problem::malformed("ZIP", 0, format!("unfolds to {size} bytes and not {}", member.size));
                let odd = || Problem::malformed("ZIP", 0, "bytes stand behind what is packed");
                (size != member.size)
                    .then(short)
                    .or_else(|| (sum != member.crc).then(|| mismatch(sum, member.crc)))
                    .or_else(|| (decoder.total_in() != member.packed).then(odd))
            });
            MemberBytes::whole(held, problem)
        }
    };
    opened.oddity = found.oddity;
    if let Some(at) = found.hidden {
        let what = format!("a member that the directory does not list stands behind it, at byte {at} of the archive");
        opened.problem.get_or_insert(Problem::malformed("ZIP", 0, what));
    }
    Ok(opened)
}

/// What a gzip stream of all its parts unfolds to, at most `most`; what was had before a problem is kept beside it.
///
/// # Errors
/// Where there is no room for it.
pub fn gunzip(packed: &ByteRange, most: u64, space: &TempSpace) -> Result<(ByteRange, Option<Problem>), Problem> {
    let (held, problem, _) = decompress(&mut Parts::of(packed), allowance(packed.len()).min(most), space)?;
    Ok((held, problem.map(|p| p.within("gzip"))))
}

/// The parts of a gzip stream one after the other (RFC 1952, 2.2). Tapes pad what is written to them: zeros at the end
/// are none of it.
struct Parts {
    part: Option<GzDecoder<BufReader<Stream>>>,
}

impl Parts {
    fn of(packed: &ByteRange) -> Self {
        Self { part: Some(GzDecoder::new(BufReader::new(packed.stream()))) }
    }
}

impl Read for Parts {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(part) = &mut self.part {
            let got = part.read(out)?;
            if got > 0 || out.is_empty() {
                return Ok(got);
            }
            let Some(mut rest) = self.part.take().map(GzDecoder::into_inner) else { break };
            if more(&mut rest)? {
                self.part = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Whether anything but zeros follows; stands at it then.
fn more(rest: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = rest.fill_buf()?;
        if bytes.is_empty() {
            return Ok(false);
        }
        let zeros = bytes.iter().take_while(|b| **b == 0).count();
        let end = zeros == bytes.len();
        rest.consume(zeros);
        if !end {
            return Ok(true);
        }
    }
}

/// Bytes that so many packed ones may unfold to.
#[must_use]
pub fn allowance(packed: u64) -> u64 {
    packed.saturating_mul(limits::UNFOLDED_RATIO).clamp(limits::UNFOLDED_FREE, limits::UNFOLDED)
}

/// Unfolds at most `most` bytes: in memory while they are few, then in a temporary file; with their CRC-32.
fn decompress(
    from: &mut impl Read,
    most: u64,
    space: &TempSpace,
) -> Result<(ByteRange, Option<Problem>, u32), Problem> {
    let (mut memory, mut file) = (Vec::new(), None::<File>);
    let (mut sum, mut total, mut problem) = (flate2::Crc::new(), 0_u64, None);
    let mut block = vec![0; 64 * 1024];
    loop {
        let got = match from.read(&mut block) {
            Ok(0) => break,
            Ok(got) => got,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => {
                problem = Some(broken(&e, total));
                break;
            }
        };
        let mut got = block.get(..got).unwrap_or_default();
        if total + got.len() as u64 > most {
            got = got.get(..(most - total) as usize).unwrap_or_default();
            let what = format!("unfolds to more than the {most} bytes that were stated or are safe");
            problem = Some(Problem::limit("", total, what));
        }
        sum.update(got);
        total += got.len() as u64;
        if file.is_none() && memory.len() + got.len() > limits::UNFOLDED_MEMORY {
            let mut new = space.file()?;
            new.write_all(&memory).map_err(|e| space.full(&e))?;
            memory = Vec::new();
            file = Some(new);
        }
        match &mut file {
            Some(file) => file.write_all(got).map_err(|e| space.full(&e))?,
            None => memory.extend_from_slice(got),
        }
        if problem.is_some() {
            break;
        }
    }
    let held = match file {
        Some(file) => ByteRange::file(file).map_err(|e| space.full(&e))?,
        None => ByteRange::memory(memory),
    };
    Ok((held, problem, sum.sum()))
}

fn broken(error: &io::Error, at: u64) -> Problem {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            Problem::truncated("", at, format!("what is packed is cut short after {at} unfolded bytes"))
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Problem::malformed("", at, format!("what is packed is broken: {error}"))
        }
        _ => Problem::new(ProblemKind::Io, "", Some(at), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn folded(bytes: &[u8]) -> ByteRange {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(bytes).unwrap();
        ByteRange::memory(to.finish().unwrap())
    }

    #[test]
    fn long_members_go_to_a_file_and_short_ones_stay() {
        let space = TempSpace::outside(&[]);
        for len in [0, 5, limits::UNFOLDED_MEMORY, limits::UNFOLDED_MEMORY + 1] {
            let bytes: Vec<u8> = (0..len).map(|n| (n / 1000) as u8).collect();
            let (held, problem) = gunzip(&folded(&bytes), u64::MAX, &space).unwrap();
            assert_eq!((held.len(), problem), (len as u64, None));
            assert_eq!(matches!(held, ByteRange::File { .. }), len > limits::UNFOLDED_MEMORY);
            let mut back = Vec::new();
            held.stream().read_to_end(&mut back).unwrap();
            assert!(back == bytes);
        }
    }

    #[test]
    fn zeros_behind_gzip_are_padding_and_nothing_else_is() {
        let space = TempSpace::outside(&[]);
        let packed = |parts: &[&[u8]]| ByteRange::memory(parts.concat());
        let mut part = Vec::new();
        folded(b"words").stream().read_to_end(&mut part).unwrap();
        let read = |held: &ByteRange| {
            let (held, problem) = gunzip(held, u64::MAX, &space).unwrap();
            let mut back = Vec::new();
            held.stream().read_to_end(&mut back).unwrap();
            (String::from_utf8(back).unwrap(), problem.map(|p| p.kind))
        };
        for zeros in [0, 1, 511, 10_240, 100_000] {
            let zeros = vec![0; zeros];
            assert_eq!(read(&packed(&[&part, &zeros])), ("words".to_owned(), None));
            assert_eq!(read(&packed(&[&part, &part, &zeros])), ("wordswords".to_owned(), None));
            assert_eq!(read(&packed(&[&part, &zeros, &part])), ("wordswords".to_owned(), None));
            let odd = read(&packed(&[&part, &zeros, b"more"]));
            assert!(odd.0 == "words" && odd.1.is_some(), "{odd:?}");
        }
        assert!(read(&packed(&[&part[..part.len() - 1]])).1.is_some());
        assert!(read(&packed(&[&[0; 40]])).1.is_some());
    }

    #[test]
    fn nothing_is_written_where_is_scanned() {
        let space = TempSpace::outside(&[std::env::temp_dir()]);
        let long = folded(&vec![7; limits::UNFOLDED_MEMORY + 1]);
        let problem = gunzip(&long, u64::MAX, &space).unwrap_err();
        assert!(problem.blocking && problem.what.contains("TMPDIR"), "{problem:?}");
        assert!(gunzip(&folded(b"short"), u64::MAX, &space).is_ok());
        assert!(space.materialize(&[(Path::new("a"), &long)]).is_err());
    }
}
