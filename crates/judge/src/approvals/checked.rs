//! That the signatures of a ledger's lines hold, remembered in the user's cache: checking those of a large ledger takes
//! most of the time that reading it takes.
//!
//! Nothing that decides is kept here. Every run reads every line, checks the chain from the first to the last ([`again`]),
//! and makes its index from what the lines say. What is remembered is that up to some line, whose digest is named, all signatures
//! were checked: where the chain does not come by that digest there, they are all checked again. Whoever forges the note
//! gains nothing, for the line of every record that decides anything is checked once more, signature and all, when it is
//! read.
//!
//! An append needs the last line only, and those that nobody has checked yet: it goes on from the line of the note, if that
//! still stands there. What stands before it is not proven by an append, and is on the next run.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::index::Index;
use super::lines::{End, Lines, unreadable};
use super::{again, outline};
use countersign_model::error::Result;
use countersign_model::limits;

/// What a note must say: another version may check lines in another way.
const SCHEMA: &str = concat!("countersign.ledger-checked/1 ", env!("CARGO_PKG_VERSION"));
/// The longest note that is read.
const NOTE: u64 = 64 * 1024;

/// Where notes are kept, and of which ledgers.
#[derive(Clone, Copy, Debug)]
pub struct Cache<'a> {
    /// The folder that holds one note for each ledger.
    pub folder: &'a Path,
    /// Of ledgers of fewer bytes nothing is kept.
    pub least: u64,
}

impl<'a> Cache<'a> {
    /// For ledgers that take a while to check: from 1 MiB on.
    #[must_use]
    pub fn new(folder: &'a Path) -> Self {
        Self { folder, least: 1024 * 1024 }
    }
}

/// Up to where the signatures of a ledger were checked.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    schema: String,
    /// The ledger's canonical path.
    ledger: String,
    records: usize,
    /// SHA-256 of the last of those lines.
    head: String,
    bytes: u64,
    /// Where that line begins.
    #[serde(default)]
    last: u64,
}

impl Note {
    fn end(&self) -> End {
        End { records: self.records, head: self.head.clone(), bytes: self.bytes }
    }
}

/// The index of a ledger, and why the note of it could not be kept where it could not.
pub(super) fn index(path: &Path, file: &mut File, cache: Option<&Cache<'_>>) -> Result<(Index, Option<String>)> {
    let size = file.metadata().map_err(|e| unreadable(path, &e))?.len();
    let Some(cache) = cache.filter(|cache| size >= cache.least) else {
        return Ok((whole(path, file)?, None));
    };
    let place = Place::new(cache.folder, path);
    let note = place.as_ref().ok().and_then(Place::read);
    let index = match note.as_ref().and_then(|note| again::index(path, file, &note.end())) {
        Some(index) => index,
        None => {
            file.rewind().map_err(|e| unreadable(path, &e))?;
            whole(path, file)?
        }
    };
    let same = note.is_some_and(|note| note.head == index.end.head && note.bytes == index.end.bytes);
    let kept = place.and_then(|place| if same { Ok(()) } else { place.write(&index.end, index.last()) });
    Ok((index, kept.err().map(|e| format!("{}: {e}", cache.folder.display()))))
}

/// Every line and every signature checked.
fn whole(path: &Path, file: &mut File) -> Result<Index> {
    Index::over(path, &mut Lines::new(path, file))
}

/// Where the lines end that were checked once, if the last of them still stands where it did; the file is left there.
pub(super) fn resume(path: &Path, file: &mut File, cache: &Cache<'_>) -> Option<End> {
    let size = file.metadata().ok()?.len();
    let note = Place::new(cache.folder, path).ok()?.read().filter(|note| note.bytes <= size && size >= cache.least)?;
    let length = usize::try_from(note.bytes.checked_sub(note.last)?).ok()?;
    if length > limits::LEDGER_LINE || (note.last == 0) != (note.records == 1) {
        return None;
    }
    let mut line = vec![0; length];
    file.seek(SeekFrom::Start(note.last)).ok()?;
    file.read_exact(&mut line).ok()?;
    let whole = line.strip_suffix(b"\n")?.trim_ascii_end();
    // A note that counts otherwise than the line itself would have the next record called by a wrong number.
    let counted = outline::read(whole).is_some_and(|said| said.sequence == note.records as u64);
    let same = HEXLOWER.encode(&Sha256::digest(whole)) == note.head;
    (counted && same && !whole.contains(&b'\n')).then(|| note.end())
}

/// Notes that the ledger was checked up to here, where `last` is the beginning of its last line. It costs nothing but time
/// where that cannot be kept.
pub(super) fn keep(path: &Path, cache: &Cache<'_>, end: &End, last: u64) {
    if end.bytes >= cache.least {
        let _ = Place::new(cache.folder, path).and_then(|place| place.write(end, last));
    }
}

/// Where the note of one ledger is kept.
struct Place {
    note: PathBuf,
    folder: PathBuf,
    ledger: String,
    name: String,
}

impl Place {
    fn new(folder: &Path, path: &Path) -> io::Result<Self> {
        let ledger = std::fs::canonicalize(path)?.to_string_lossy().into_owned();
        let digest = HEXLOWER.encode(&Sha256::digest(ledger.as_bytes()));
        let name = format!("ledger-{}", digest.get(..24).unwrap_or_default());
        Ok(Self { note: folder.join(format!("{name}.json")), folder: folder.to_owned(), ledger, name })
    }

    fn read(&self) -> Option<Note> {
        countersign_io::regular(&self.note).ok()?;
        let mut text = Vec::new();
        File::open(&self.note).ok()?.take(NOTE).read_to_end(&mut text).ok()?;
        let note: Note = serde_json::from_slice(&text).ok()?;
        (note.schema == SCHEMA && note.ledger == self.ledger && note.records > 0).then_some(note)
    }

    /// A note takes the place of an earlier one by a rename: any number of processes can read and write one.
    fn write(&self, end: &End, last: u64) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let note = Note {
            schema: SCHEMA.to_owned(),
            ledger: self.ledger.clone(),
            records: end.records,
            head: end.head.clone(),
            bytes: end.bytes,
            last,
        };
        let prefix = format!("{}-", self.name);
        let mut text = tempfile::Builder::new().prefix(&prefix).suffix(".partial").tempfile_in(&self.folder)?;
        serde_json::to_writer(&mut text, &note).map_err(io::Error::from)?;
        text.flush()?;
        text.persist(&self.note).map_err(|e| e.error)?;
        self.tidy();
        Ok(())
    }

    /// Earlier versions kept an index in the same folder, which nobody reads any more.
    fn tidy(&self) {
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&format!("{}-", self.name)) && name.ends_with(".sqlite") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}
