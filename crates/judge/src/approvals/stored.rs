//! The index in a file of the user's cache, so that a large ledger is not read line by line on every run.
//!
//! The ledger is the authority. An index is used only where the SHA-256 of all the lines that it covers is the one that
//! the ledger has there now, read anew on every run: sizes and times can be put back, and one pass of SHA-256 costs little
//! beside the parsing of every line. Lines behind those are checked and added; where anything else differs, the index is
//! made anew. A finished index is never written to: the next one gets a name of its own and takes its place by a rename,
//! so that any number of processes can read and make one at the same time. The seal beside it names the index in force,
//! what it covers, and its own SHA-256, by which a damaged one shows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::index::{self, Failure, Index};
use super::lines::{End, Lines};
use countersign_io::digest;

/// What a seal must say: another version may check lines in another way.
const SCHEMA: &str = concat!("countersign.ledger-index/1 ", env!("CARGO_PKG_VERSION"));
/// The longest seal that is read.
const SEAL: u64 = 64 * 1024;
/// How long files that no seal names are left for others who may be about to read them.
const LEFT: Duration = Duration::from_secs(3600);

/// Where indexes are kept, and for which ledgers.
#[derive(Clone, Copy, Debug)]
pub struct Cache<'a> {
    /// Where indexes are kept, one file a ledger; made where it is not there.
    pub folder: &'a Path,
    /// Ledgers of fewer bytes are read as a whole.
    pub least: u64,
}

impl<'a> Cache<'a> {
    /// For ledgers that are not read faster than an index is opened: from 1 MiB on.
    #[must_use]
    pub fn new(folder: &'a Path) -> Self {
        Self { folder, least: 1024 * 1024 }
    }
}

/// What an index covers.
#[derive(Debug, Serialize, Deserialize)]
struct Seal {
    schema: String,
    /// The ledger's canonical path.
    ledger: String,
    records: usize,
    head: String,
    bytes: u64,
    /// SHA-256 of those bytes of the ledger.
    sha256: String,
    /// Name of the index's file, and its SHA-256.
    index: String,
    index_sha256: String,
}

/// An index that can be used, or added to.
struct Agreeing {
    index: Index,
    seal: Seal,
    /// Of the lines that it covers.
    hash: Sha256,
}

/// Where the index of one ledger is kept.
pub(super) struct IndexDir {
    folder: PathBuf,
    /// The canonical path of the ledger, and the beginning of its files' names.
    ledger: String,
    name: String,
}

impl IndexDir {
    /// The place in `folder` for the ledger at `path`.
    pub(super) fn new(folder: &Path, path: &Path) -> io::Result<Self> {
        let ledger = std::fs::canonicalize(path)?.to_string_lossy().into_owned();
        let digest = HEXLOWER.encode(&Sha256::digest(ledger.as_bytes()));
        let name = format!("ledger-{}", digest.get(..24).unwrap_or_default());
        Ok(Self { folder: folder.to_owned(), ledger, name })
    }

    /// The index of the ledger that `file` is, used, extended or made as the case may be; `path` is how errors call it.
    pub(super) fn index(&self, path: &Path, file: &mut File) -> Result<Index, Failure> {
        let size = file.metadata()?.len();
        match self.agreeing(file, size) {
            Some(agreeing) if agreeing.seal.bytes == size => Ok(agreeing.index),
            earlier => self.made(path, file, earlier),
        }
    }

    fn seal(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    fn stored(&self, seal: &Seal) -> Result<Index, Failure> {
        Index::stored(&self.folder.join(&seal.index), seal.end())
    }

    /// An index that is whole and of which every line is still in the ledger.
    fn agreeing(&self, file: &mut File, size: u64) -> Option<Agreeing> {
        let mut text = Vec::new();
        File::open(self.seal()).ok()?.take(SEAL).read_to_end(&mut text).ok()?;
        let seal: Seal = serde_json::from_slice(&text).ok()?;
        let ours = seal.schema == SCHEMA && seal.ledger == self.ledger && seal.bytes <= size;
        let inside = seal.index.starts_with(&self.name) && !seal.index.contains(['/', '\\']);
        if !ours || !inside || digest::sha256(&self.folder.join(&seal.index)).ok()? != seal.index_sha256 {
            return None;
        }
        file.seek(SeekFrom::Start(0)).ok()?;
        let mut hashing = Hashing { from: file.take(seal.bytes), hash: Sha256::new() };
        let read = io::copy(&mut hashing, &mut io::sink()).ok()?;
        let same = read == seal.bytes && HEXLOWER.encode(&hashing.hash.clone().finalize()) == seal.sha256;
        let index = self.stored(&seal).ok().filter(|_| same)?;
        Some(Agreeing { index, seal, hash: hashing.hash })
    }

    /// Makes the index, from an earlier one where that agrees, and puts it in its place.
    fn made(&self, path: &Path, file: &mut File, earlier: Option<Agreeing>) -> Result<Index, Failure> {
        std::fs::create_dir_all(&self.folder)?;
        let new = self.partial()?;
        let (hash, end) = match earlier {
            Some(Agreeing { seal, hash, .. }) => {
                std::fs::copy(self.folder.join(&seal.index), new.path())?;
                (hash, seal.end())
            }
            None => (Sha256::new(), End::default()),
        };
        let mut db = Connection::open(new.path())?;
        // What a crash leaves behind has no seal.
        db.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA cache_size = -65536;",
        )?;
        if end.records == 0 {
            index::create(&db)?;
        }
        file.seek(SeekFrom::Start(end.bytes))?;
        let mut lines = Lines::after(path, Hashing { from: file, hash }, end);
        index::fill(&mut db, &mut lines)?;
        let (hashing, end) = lines.finish();
        db.close().map_err(|(_, e)| e)?;
        self.keep(new, &end, hashing.hash)
    }

    /// Gives a finished index its name, and then the seal.
    fn keep(&self, new: NamedTempFile, end: &End, hash: Sha256) -> Result<Index, Failure> {
        let own = digest::sha256(new.path())?;
        let name = format!("{}-{}.sqlite", self.name, own.get(..16).unwrap_or_default());
        new.persist(self.folder.join(&name)).map_err(|e| e.error)?;
        let seal = Seal {
            schema: SCHEMA.to_owned(),
            ledger: self.ledger.clone(),
            records: end.records,
            head: end.head.clone(),
            bytes: end.bytes,
            sha256: HEXLOWER.encode(&hash.finalize()),
            index: name,
            index_sha256: own,
        };
        let mut text = self.partial()?;
        serde_json::to_writer(&mut text, &seal).map_err(io::Error::from)?;
        text.flush()?;
        text.persist(self.seal()).map_err(|e| e.error)?;
        self.tidy(&seal.index);
        self.stored(&seal)
    }

    fn partial(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(&format!("{}-", self.name)).suffix(".partial").tempfile_in(&self.folder)
    }

    /// Removes older indexes of this ledger, and what a crash left unfinished.
    fn tidy(&self, current: &str) {
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let own = name.starts_with(&format!("{}-", self.name)) && name != current;
            let modified = entry.metadata().and_then(|meta| meta.modified()).unwrap_or_else(|_| SystemTime::now());
            if own && modified.elapsed().is_ok_and(|age| age > LEFT) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

impl Seal {
    fn end(&self) -> End {
        End { records: self.records, head: self.head.clone(), bytes: self.bytes }
    }
}

/// Hashes what passes through it.
struct Hashing<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(out)?;
        self.hash.update(out.get(..read).unwrap_or_default());
        Ok(read)
    }
}
