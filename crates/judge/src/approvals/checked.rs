//! That the signatures of a ledger's lines hold, remembered in the user's cache: checking those of a large ledger takes
//! most of the time that reading it takes.
//!
//! Nothing that decides is kept here. Every run reads every line, checks the chain from the first to the last, and makes
//! its index from what the lines say. What is remembered is that up to some line, whose digest is named, all signatures
//! were checked: where the chain does not come by that digest there, they are all checked again. Whoever forges the note
//! gains nothing, for the line of every record that decides anything is checked once more, signature and all, when it is
//! read.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::index::Index;
use super::lines::{Lines, unreadable};
use countersign_model::error::Result;

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
}

/// The index of a ledger, and why the note of it could not be kept where it could not.
pub(super) fn index(path: &Path, file: &mut File, cache: Option<&Cache<'_>>) -> Result<(Index, Option<String>)> {
    let size = file.metadata().map_err(|e| unreadable(path, &e))?.len();
    let Some(cache) = cache.filter(|cache| size >= cache.least) else {
        return Ok((whole(path, file)?, None));
    };
    let place = Place::new(cache.folder, path);
    let note = place.as_ref().ok().and_then(Place::read);
    let index = match note.as_ref().and_then(|note| as_noted(path, file, note)) {
        Some(index) => index,
        None => {
            file.rewind().map_err(|e| unreadable(path, &e))?;
            whole(path, file)?
        }
    };
    let same = note.is_some_and(|note| note.head == index.end.head && note.bytes == index.end.bytes);
    let kept = place.and_then(|place| if same { Ok(()) } else { place.write(&index) });
    Ok((index, kept.err().map(|e| format!("{}: {e}", cache.folder.display()))))
}

/// Every line and every signature checked.
fn whole(path: &Path, file: &mut File) -> Result<Index> {
    Index::over(path, &mut Lines::new(path, file), |_| {})
}

/// The lines and the chain checked, and the signatures of lines behind those of the note; `None` where any of that does
/// not hold or the chain is another one: then all is checked, and the first line that does not hold is named.
fn as_noted(path: &Path, file: &mut File, note: &Note) -> Option<Index> {
    let mut met = false;
    let mut lines = Lines::proven(path, file, note.bytes);
    let index = Index::over(path, &mut lines, |entry| {
        met |= entry.line == note.records && HEXLOWER.encode(&entry.digest) == note.head && entry.offset < note.bytes;
    });
    index.ok().filter(|index| met && index.end.bytes >= note.bytes)
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
    fn write(&self, index: &Index) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let note = Note {
            schema: SCHEMA.to_owned(),
            ledger: self.ledger.clone(),
            records: index.end.records,
            head: index.end.head.clone(),
            bytes: index.end.bytes,
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
