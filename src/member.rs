//! Members of archives as bytes that can be opened: read where they stand when they are stored, unfolded when they are
//! packed. Nothing is ever written under a member's own path, and nothing below a scanned root.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::GzDecoder;
use flate2::read::DeflateDecoder;

use crate::framing::zip;
use crate::limits;
use crate::model::{Problem, ProblemKind};
use crate::source::{Held, Stream};

/// The longest name that a temporary file takes over.
const NAME: usize = 200;

/// How a member's bytes are had.
#[derive(Clone, Debug)]
pub enum Member {
    /// They stand somewhere as they are; with what is wrong with them.
    Plain(Held, Option<Problem>),
    /// In a ZIP archive.
    Zip(Held, Arc<zip::Member>),
    /// Not at all.
    Shut(Problem),
}

/// A member's bytes.
#[derive(Debug)]
pub struct Opened {
    pub held: Held,
    /// Why they are not all, or not what was packed.
    pub problem: Option<Problem>,
    /// What a sound archive would not have, in words.
    pub oddity: Option<String>,
    /// The CRC-32 that they must have, where nobody compared it yet.
    crc: Option<u32>,
}

impl Opened {
    fn whole(held: Held, problem: Option<Problem>) -> Self {
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
    /// The bytes that it unfolds to, where it is packed.
    #[must_use]
    pub fn unfolds(&self) -> Option<u64> {
        match self {
            Self::Zip(_, member) if member.method != zip::STORED => Some(member.size),
            _ => None,
        }
    }

    /// Opens it; what is packed is unfolded in memory, or in `room` where it is long.
    ///
    /// # Errors
    /// What keeps all of it from being read.
    pub fn open(&self, room: &Room) -> Result<Opened, Problem> {
        match self {
            Self::Plain(held, problem) => Ok(Opened::whole(held.clone(), problem.clone())),
            Self::Shut(problem) => Err(problem.clone()),
            Self::Zip(archive, member) => open_zip(archive, member, room),
        }
    }
}

fn open_zip(archive: &Held, member: &zip::Member, room: &Room) -> Result<Opened, Problem> {
    if let Some(obstacle) = zip::obstacle(member) {
        return Err(obstacle);
    }
    let found = zip::locate(&mut archive.source(), member)?;
    let packed = archive.section(found.start, member.packed);
    if packed.len() < member.packed {
        let what = format!("{} bytes stated, {} there", member.packed, packed.len());
        return Err(Problem::truncated("ZIP", found.start, what));
    }
    let mut opened = match member.method {
        zip::STORED if member.packed != member.size => {
            let what = format!("stored as it is, with {} bytes and {} unfolded", member.packed, member.size);
            Opened::whole(packed, Some(Problem::malformed("ZIP", member.local, what)))
        }
        zip::STORED => Opened { crc: Some(member.crc), ..Opened::whole(packed, None) },
        _ => {
            let mut decoder = DeflateDecoder::new(packed.stream());
            let (held, problem, sum) = unfold(&mut decoder, member.size, room)?;
            let problem = problem.map(|p| p.within("ZIP")).or_else(|| {
                let size = held.len();
                let short = || Problem::malformed("ZIP", 0, format!("unfolds to {size} bytes and not {}", member.size));
                let odd = || Problem::malformed("ZIP", 0, "bytes stand behind what is packed");
                (size != member.size)
                    .then(short)
                    .or_else(|| (sum != member.crc).then(|| mismatch(sum, member.crc)))
                    .or_else(|| (decoder.total_in() != member.packed).then(odd))
            });
            Opened::whole(held, problem)
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
pub fn gunzip(packed: &Held, most: u64, room: &Room) -> Result<(Held, Option<Problem>), Problem> {
    let (held, problem, _) = unfold(&mut Parts::of(packed), allowance(packed.len()).min(most), room)?;
    Ok((held, problem.map(|p| p.within("gzip"))))
}

/// The parts of a gzip stream one after the other (RFC 1952, 2.2). Tapes pad what is written to them: zeros at the end
/// are none of it.
struct Parts {
    part: Option<GzDecoder<BufReader<Stream>>>,
}

impl Parts {
    fn of(packed: &Held) -> Self {
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
fn unfold(from: &mut impl Read, most: u64, room: &Room) -> Result<(Held, Option<Problem>, u32), Problem> {
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
            let mut new = room.file()?;
            new.write_all(&memory).map_err(|e| room.full(&e))?;
            memory = Vec::new();
            file = Some(new);
        }
        match &mut file {
            Some(file) => file.write_all(got).map_err(|e| room.full(&e))?,
            None => memory.extend_from_slice(got),
        }
        if problem.is_some() {
            break;
        }
    }
    let held = match file {
        Some(file) => Held::file(file).map_err(|e| room.full(&e))?,
        None => Held::memory(memory),
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

/// Where temporary files go: never below what is scanned.
#[derive(Debug)]
pub struct Room {
    folder: Result<PathBuf, String>,
}

impl Room {
    /// The system's folder for temporary files, unless that lies in one of the scanned folders.
    #[must_use]
    pub fn outside(scanned: &[PathBuf]) -> Self {
        let folder = std::env::temp_dir();
        let real = std::fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        let inside = |root: &&PathBuf| std::fs::canonicalize(root).is_ok_and(|r| r.is_dir() && real.starts_with(r));
        let folder = match scanned.iter().find(inside) {
            None => Ok(folder),
            Some(root) => Err(format!(
                "{} lies in {}, which is scanned: nothing is written there; set TMPDIR to a folder elsewhere",
                folder.display(),
                root.display()
            )),
        };
        Self { folder }
    }

    fn place(&self) -> Result<&Path, Problem> {
        let refused = |what: &String| {
            Problem::new(ProblemKind::Io, "temporary file", None, format!("needed to unfold it, but {what}"))
        };
        self.folder.as_deref().map_err(refused)
    }

    /// A file that nobody else sees and that vanishes with its last reader.
    fn file(&self) -> Result<File, Problem> {
        tempfile::tempfile_in(self.place()?).map_err(|e| self.full(&e))
    }

    /// Gives bytes a name on disk, for what can only open files: all of them in one folder, under the last part of
    /// their paths.
    ///
    /// # Errors
    /// Where there is no room.
    pub fn lay_out(&self, files: &[(&Path, &Held)]) -> Result<Laid, Problem> {
        let folder = tempfile::Builder::new().prefix("countersign-").tempdir_in(self.place()?);
        let folder = folder.map_err(|e| self.full(&e))?;
        let mut paths = Vec::with_capacity(files.len());
        for (path, held) in files {
            let path = folder.path().join(safe(path));
            let mut to = File::create_new(&path).map_err(|e| self.full(&e))?;
            io::copy(&mut held.stream(), &mut to).map_err(|e| self.full(&e))?;
            paths.push(path);
        }
        Ok(Laid { paths, _folder: folder })
    }

    fn full(&self, error: &io::Error) -> Problem {
        let place = self.folder.as_deref().unwrap_or(Path::new("")).display();
        Problem::new(ProblemKind::Io, "temporary file", None, format!("cannot be written in {place}: {error}"))
    }
}

/// Files on disk until this is dropped.
#[derive(Debug)]
pub struct Laid {
    pub paths: Vec<PathBuf>,
    _folder: tempfile::TempDir,
}

/// The last part of a path as a name that every system takes.
fn safe(path: &Path) -> OsString {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("member");
    let fit = |c: char| !c.is_control() && !r#"<>:"/\|?*"#.contains(c);
    let mut name: String = name.chars().filter(|c| fit(*c)).collect();
    // The ending says what it is: of a long name it is kept.
    while name.len() > NAME {
        name.remove(0);
    }
    if name.is_empty() { "member".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(bytes: &[u8]) -> Held {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(bytes).unwrap();
        Held::memory(to.finish().unwrap())
    }

    #[test]
    fn long_members_go_to_a_file_and_short_ones_stay() {
        let room = Room::outside(&[]);
        for len in [0, 5, limits::UNFOLDED_MEMORY, limits::UNFOLDED_MEMORY + 1] {
            let bytes: Vec<u8> = (0..len).map(|n| (n / 1000) as u8).collect();
            let (held, problem) = gunzip(&folded(&bytes), u64::MAX, &room).unwrap();
            assert_eq!((held.len(), problem), (len as u64, None));
            assert_eq!(matches!(held, Held::File { .. }), len > limits::UNFOLDED_MEMORY);
            let mut back = Vec::new();
            held.stream().read_to_end(&mut back).unwrap();
            assert!(back == bytes);
        }
    }

    #[test]
    fn zeros_behind_gzip_are_padding_and_nothing_else_is() {
        let room = Room::outside(&[]);
        let packed = |parts: &[&[u8]]| Held::memory(parts.concat());
        let mut part = Vec::new();
        folded(b"words").stream().read_to_end(&mut part).unwrap();
        let read = |held: &Held| {
            let (held, problem) = gunzip(held, u64::MAX, &room).unwrap();
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
        let room = Room::outside(&[std::env::temp_dir()]);
        let long = folded(&vec![7; limits::UNFOLDED_MEMORY + 1]);
        let problem = gunzip(&long, u64::MAX, &room).unwrap_err();
        assert!(problem.blocking && problem.what.contains("TMPDIR"), "{problem:?}");
        assert!(gunzip(&folded(b"short"), u64::MAX, &room).is_ok());
        assert!(room.lay_out(&[(Path::new("a"), &long)]).is_err());
    }

    #[test]
    fn laid_out_names_lead_nowhere() {
        for (path, name) in
            [("a/b.png", "b.png"), ("../..", "member"), ("a/..\\..\\x.png", "....x.png"), ("/", "member")]
        {
            assert_eq!(safe(Path::new(path)), name, "{path}");
        }
        assert!(safe(Path::new(&format!("{}.png", "x".repeat(999)))).to_str().unwrap().ends_with("xx.png"));
    }
}
