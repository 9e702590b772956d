//! Rows of all shards, read and checked: that they are whole, that they fit together, that none is missing.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::index::{Index, IndexWriter, whole};
use super::{About, Answer, AssetRow, Footer, Header, KnownStat, Line, MOST_SHARDS, SCHEMA};
use countersign_io::TempSpace;

/// The longest line: the facts of one asset, or the bytes that one file carries along.
const LINE: u64 = 256 * 1024 * 1024;
/// Files in a folder of rows that are looked at.
const FILES: usize = MOST_SHARDS as usize;
/// Missing shards that are named one by one.
const TOLD: usize = 100;

/// Why rows are not judged as one delivery.
#[derive(Debug)]
pub enum Refusal {
    /// Shards are missing, cut or there twice: what they hold is not known, or not what was meant.
    Incomplete(Incomplete),
    /// They are no rows, of another form, or of different extractions.
    Unfit {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// They cannot be read.
    Io(PathBuf, io::Error),
}

/// What is missing, one clause each.
#[derive(Debug, Default)]
pub struct Incomplete {
    /// `shard 3 of 16 is missing`, …
    pub faults: Vec<String>,
}

type Place = (usize, String);
/// The names in a folder, and a letter for what each is.
type Names = Vec<(String, u8)>;

/// All that was kept, as trees again.
///
/// What grows with the number of assets (their rows, what is known of files, listings) is in a temporary file and found by an
/// index that is one, too. In memory is what few files have: links, refusals, where carried bytes are.
#[derive(Debug)]
pub struct Recorded {
    pub(super) header: Header,
    pub(super) few: Few,
    index: Index,
    /// Rows and bytes of files, one after the other.
    store: File,
}

/// What few files have.
#[derive(Debug, Default)]
pub(super) struct Few {
    pub(super) resolved: HashMap<Place, Answer<Option<String>>>,
    pub(super) links: HashMap<Place, ()>,
    pub(super) closed: HashMap<Place, (String, String)>,
    /// Where bytes of files are in the store, by their offsets in the file.
    pub(super) bytes: HashMap<Place, BTreeMap<u64, (u64, u32)>>,
}

/// What is written while shards are read.
struct Reading {
    few: Few,
    index: IndexWriter,
    to: BufWriter<File>,
    at: u64,
}

impl Recorded {
    /// Reads the shards in these folders.
    ///
    /// # Errors
    /// Where they are not all, not whole or not of one extraction.
    pub fn open(folders: &[PathBuf], space: &TempSpace) -> Result<Self, Refusal> {
        let files = files(folders)?;
        let Some(first) = files.first() else {
            let faults = vec!["there is no shard: no file is called shard-….ndjson.gz".to_owned()];
            return Err(Refusal::Incomplete(Incomplete { faults }));
        };
        let Some(header) = first_header(&files)? else {
            let faults = files.iter().map(|file| format!("{} is cut", file.display())).collect();
            return Err(Refusal::Incomplete(Incomplete { faults }));
        };
        let failed = |error: io::Error| Refusal::Io(first.clone(), error);
        let temporary = || space.file().map_err(|problem| failed(io::Error::other(problem.what)));
        let (store, index) = (temporary()?, IndexWriter::new(temporary()?));
        let to = BufWriter::with_capacity(1 << 20, store.try_clone().map_err(failed)?);
        let (mut reading, mut incomplete) = (Reading { few: Few::default(), index, to, at: 0 }, Incomplete::default());
        let (mut seen, mut trees) = (BTreeMap::<u32, PathBuf>::new(), BTreeMap::<String, PathBuf>::new());
        for file in &files {
            let own = match self::header(file) {
                Err(Refusal::Io(_, error)) => {
                    incomplete.faults.push(format!("{} is cut: {error}", file.display()));
                    continue;
                }
                own => own?,
            };
            fits(file, &header, &own)?;
            if let Some(other) = seen.insert(own.shard.0, file.clone()) {
                let (shard, of) = own.shard;
                let (one, two) = (other.display(), file.display());
                incomplete.faults.push(format!("shard {shard} of {of} is there twice: {one} and {two}"));
                continue;
            }
            match reading.shard(file) {
                Ok(footer) => drop(trees.insert(footer.tree, file.clone())),
                Err(error) => incomplete.faults.push(format!("{} is cut or damaged: {error}", file.display())),
            }
        }
        incomplete.faults.extend(missing(header.shard.1, &seen));
        let mut trees = trees.into_values();
        if let (Some(_), Some(file)) = (trees.next(), trees.next()) {
            let what = "the files were not the same when its shard was extracted as for the others".to_owned();
            return Err(Refusal::Unfit { file, what });
        }
        if !incomplete.faults.is_empty() {
            return Err(Refusal::Incomplete(incomplete));
        }
        reading.to.flush().map_err(failed)?;
        let index = reading.index.seal(temporary()?).map_err(failed)?;
        Ok(Self { header, few: reading.few, index, store })
    }

    /// What all shards have in common.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The row of an asset.
    ///
    /// # Errors
    /// What is wrong, in words, where there is none.
    pub(crate) fn asset(&self, root: usize, path: &str, member: &str) -> Result<AssetRow, String> {
        let row = self.row(About::Asset.place(root, path, member)).map_err(|e| e.to_string())?;
        match row {
            Some(Line::Asset(row)) => Ok(*row),
            _ => Err("no row of the extraction is about it: extract again".to_owned()),
        }
    }

    /// What a folder holds, where a row tells of it.
    pub(super) fn list(&self, root: usize, folder: &str) -> io::Result<Option<Answer<Names>>> {
        match self.row(About::List.place(root, folder, ""))? {
            Some(Line::List(_, _, answer)) => Ok(Some(answer)),
            _ => Ok(None),
        }
    }

    /// What is known of a file, where a row tells of it.
    pub(super) fn stat(&self, root: usize, path: &str) -> io::Result<Option<Answer<KnownStat>>> {
        match self.row(About::Stat.place(root, path, ""))? {
            Some(Line::Stat(_, _, answer)) => Ok(Some(answer)),
            _ => Ok(None),
        }
    }

    /// The one row of a place.
    fn row(&self, place: u128) -> io::Result<Option<Line>> {
        let mut rows = self.index.find(place)?.into_iter();
        let Some((at, len)) = rows.next() else { return Ok(None) };
        let first = self.stored(at, len)?;
        for (at, len) in rows {
            if self.stored(at, len)? != first {
                return Err(io::Error::other("two rows of the extraction say different things of it"));
            }
        }
        Ok(Some(serde_json::from_slice(&first)?))
    }

    pub(super) fn stored(&self, at: u64, len: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        whole(&self.store, &mut bytes, at)?;
        Ok(bytes)
    }
}

impl Reading {
    /// Reads one shard to its last line.
    fn shard(&mut self, file: &Path) -> io::Result<Footer> {
        let mut from = lines(file)?;
        let (mut sum, mut count, mut text) = (Sha256::new(), 0u64, Vec::new());
        loop {
            text.clear();
            if from.by_ref().take(LINE).read_until(b'\n', &mut text)? == 0 || text.last() != Some(&b'\n') {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "its last line is missing"));
            }
            // The first line was looked at already.
            if count > 0 {
                match serde_json::from_slice(&text)? {
                    Line::End(footer)
                        if footer.lines == count && footer.sha256 == HEXLOWER.encode(&sum.clone().finalize()) =>
                    {
                        // The end of the compressed file counts as well, and nothing stands behind it.
                        return match from.read(&mut [0])? {
                            0 => Ok(footer),
                            _ => Err(io::Error::other("something stands behind its last line")),
                        };
                    }
                    Line::End(_) => return Err(io::Error::other("its lines are not those that were written")),
                    line => self.keep(line, &text)?,
                }
            }
            sum.update(&text);
            count += 1;
        }
    }

    /// Keeps a line: in memory what few files have, and the text of all others in the store.
    fn keep(&mut self, line: Line, text: &[u8]) -> io::Result<()> {
        let few = &mut self.few;
        match line {
            Line::Resolve(root, path, answer) => drop(few.resolved.insert((root, path), answer)),
            Line::Link(root, path) => drop(few.links.insert((root, path), ())),
            Line::Closed(root, path, why) => drop(few.closed.insert((root, path), why)),
            Line::Bytes(root, path, offset, text) => {
                let bytes = BASE64.decode(text.as_bytes()).map_err(io::Error::other)?;
                let stored = self.store(&bytes)?;
                self.few.bytes.entry((root, path)).or_default().insert(offset, stored);
            }
            Line::List(root, path, _) => self.row(About::List.place(root, &path, ""), text)?,
            Line::Stat(root, path, _) => self.row(About::Stat.place(root, &path, ""), text)?,
            Line::Asset(row) => self.row(About::Asset.place(row.root, &row.path, &row.member), text)?,
            Line::End(_) => {}
        }
        Ok(())
    }

    /// Stores a row that is found by its place.
    fn row(&mut self, place: u128, text: &[u8]) -> io::Result<()> {
        let stored = self.store(text)?;
        self.index.add(place, stored)
    }

    fn store(&mut self, bytes: &[u8]) -> io::Result<(u64, u32)> {
        let (at, len) = (self.at, u32::try_from(bytes.len()).map_err(io::Error::other)?);
        self.to.write_all(bytes)?;
        self.at += u64::from(len);
        Ok((at, len))
    }
}

/// The shards of so many that were not seen, one clause each for the first of them.
fn missing(of: u32, seen: &BTreeMap<u32, PathBuf>) -> Vec<String> {
    let mut missing = (1..=of).filter(|number| !seen.contains_key(number));
    let mut told: Vec<_> =
        missing.by_ref().take(TOLD).map(|number| format!("shard {number} of {of} is missing")).collect();
    let more = missing.count();
    if more > 0 {
        told.push(format!("{more} more shards are missing"));
    }
    told
}

/// The files of shards in the folders, in the order of their names.
fn files(folders: &[PathBuf]) -> Result<Vec<PathBuf>, Refusal> {
    let mut out = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).map_err(|e| Refusal::Io(folder.clone(), e))?;
        for entry in entries.take(FILES) {
            let path = entry.map_err(|e| Refusal::Io(folder.clone(), e))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with("shard-") && name.ends_with(".ndjson.gz") {
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

fn lines(file: &Path) -> io::Result<BufReader<GzDecoder<BufReader<File>>>> {
    countersign_io::regular(file)?;
    Ok(BufReader::new(GzDecoder::new(BufReader::new(File::open(file)?))))
}

/// That of the first shard whose first line is there: one that was killed early may lack it.
fn first_header(files: &[PathBuf]) -> Result<Option<Header>, Refusal> {
    for file in files {
        match header(file) {
            Err(Refusal::Io(..)) => {}
            header => return header.map(Some),
        }
    }
    Ok(None)
}

fn header(file: &Path) -> Result<Header, Refusal> {
    let mut text = Vec::new();
    let read = lines(file).and_then(|from| from.take(LINE).read_until(b'\n', &mut text));
    read.map_err(|e| Refusal::Io(file.to_path_buf(), e))?;
    let unfit = |what: String| Refusal::Unfit { file: file.to_path_buf(), what };
    if text.last() != Some(&b'\n') {
        return Err(Refusal::Io(file.to_path_buf(), io::ErrorKind::UnexpectedEof.into()));
    }
    let header: Header =
        serde_json::from_slice(&text).map_err(|e| unfit(format!("its first line is none of an extraction: {e}")))?;
    let (number, of) = header.shard;
    if header.schema != SCHEMA {
        return Err(unfit(format!("it is of the form {}, and {SCHEMA} is read", header.schema)));
    }
    if of > MOST_SHARDS {
        return Err(unfit(format!("it is one of {of} shards, and {MOST_SHARDS} is the most that are read")));
    }
    if number == 0 || number > of || header.above.len() != header.roots.len() {
        return Err(unfit("its first line contradicts itself".to_owned()));
    }
    Ok(header)
}

/// That a shard is of the same extraction as another.
fn fits(file: &Path, first: &Header, own: &Header) -> Result<(), Refusal> {
    let parts = [
        ("of another version of the program", first.version == own.version),
        ("of other roots", first.roots == own.roots && first.above_roots() == own.above_roots()),
        ("of another number of shards", first.shard.1 == own.shard.1),
        ("read in another way (readers, options, marks)", first.basis == own.basis && first.options == own.options),
    ];
    match parts.into_iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((what, _)) => {
            Err(Refusal::Unfit { file: file.to_path_buf(), what: format!("it is {what} than the first") })
        }
    }
}
