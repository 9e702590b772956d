//! The ledger: append-only text, one envelope a line, each line naming its number and the line before.
//!
//! An edit, a deletion, a repetition or a new order shows as a broken chain, and the error names the line. What the
//! chain cannot show, lines cut from the end, the head digest in every report does.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

use super::envelope::Envelope;
use super::record::{PREDICATE, Record, STATEMENT, Statement};
use crate::error::{Error, Result};

/// What the first line names as the line before, and the head of an empty ledger.
pub const ORIGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A ledger that was read from its first line to its last, with every link checked.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub path: PathBuf,
    pub entries: Vec<Entry>,
    /// SHA-256 of the last line, in hex; [`ORIGIN`] where there is none.
    pub head: String,
    /// Length of its lines, line feeds included.
    bytes: u64,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The line's number, from 1; also its sequence number.
    pub line: usize,
    pub record: Record,
    /// Public keys whose signatures hold.
    pub keys: Vec<[u8; 32]>,
    /// SHA-256 of the line: the ledger's head when it was the last one.
    pub digest: [u8; 32],
}

impl Ledger {
    /// Reads and checks the ledger at `path`.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be read, [`Error::Ledger`] at the first line that does not hold.
    pub fn read(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(|e| unreadable(path, &e))?;
        // A lock keeps us from seeing half of somebody's append; where none can be had, the chain still tells.
        let locked = file.lock_shared().is_ok();
        let ledger = Self::stream(path, &mut file);
        if locked {
            let _ = file.unlock();
        }
        ledger
    }

    /// Checks the ledger that `text` holds; `path` is how errors call it.
    ///
    /// # Errors
    /// [`Error::Ledger`] at the first line that does not hold.
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self> {
        Self::stream(path, text)
    }

    /// Line by line: a ledger of a whole house is not held in memory twice.
    fn stream(path: &Path, from: impl Read) -> Result<Self> {
        let mut ledger = Self { path: path.to_owned(), entries: Vec::new(), head: ORIGIN.to_owned(), bytes: 0 };
        let mut ids = std::collections::HashSet::new();
        let (mut from, mut line) = (BufReader::new(from), Vec::new());
        loop {
            line.clear();
            if from.read_until(b'\n', &mut line).map_err(|e| unreadable(path, &e))? == 0 {
                return Ok(ledger);
            }
            ledger.take(&line, &mut ids)?;
        }
    }

    /// Checks one line, its line feed included, and takes its record.
    fn take(&mut self, line: &[u8], ids: &mut std::collections::HashSet<String>) -> Result<()> {
        let number = self.entries.len() + 1;
        let bad = |what: String, hint: &str| Error::Ledger {
            path: self.path.clone(),
            line: number,
            what,
            hint: hint.to_owned(),
        };
        let Some(whole) = line.strip_suffix(b"\n") else {
            let keep = self.bytes;
            let what = format!("the last line is torn: it has no end, so writing it was interrupted (byte {keep})");
            return Err(bad(what, TORN));
        };
        let (statement, keys) = open(whole).map_err(|what| bad(what, EDITED))?;
        follows(&statement, number as u64, &self.head).map_err(|what| bad(what, EDITED))?;
        let mut record = statement.predicate.record;
        record.subjects = statement.subject;
        if !ids.insert(record.id.clone()) {
            return Err(bad(format!("the id {} is taken by an earlier line", record.id), EDITED));
        }
        let digest: [u8; 32] = Sha256::digest(whole).into();
        self.head = HEXLOWER.encode(&digest);
        self.bytes += line.len() as u64;
        self.entries.push(Entry { line: number, record, keys, digest });
        Ok(())
    }

    /// Appends records to the ledger at `path`, making the file where there is none; all of them or none.
    ///
    /// A record without an id gets one. Returns the ids, once the disk holds the lines. The caller sees to it that
    /// the ledger does not lie in a scanned tree.
    ///
    /// # Errors
    /// As [`Ledger::read`], for a ledger that does not hold is not added to; also where writing fails.
    pub fn append(path: &Path, records: &[Record], key: Option<&SigningKey>) -> Result<Vec<String>> {
        let failed = |e: std::io::Error| unwritable(path, &e);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
        file.lock().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let ledger = Self::stream(path, &mut file)?;
        let (lines, ids) = ledger.lines(records, key)?;
        let written = file.write_all(&lines).and_then(|()| file.sync_all());
        if let Err(e) = written {
            // Half a line is worse than none; the length is put back where the disk lets us.
            let _ = file.set_len(ledger.bytes).and_then(|()| file.sync_all());
            return Err(failed(e));
        }
        if ledger.entries.is_empty() {
            sync_folder(path);
        }
        file.unlock().map_err(failed)?;
        Ok(ids)
    }

    /// Puts a torn last line aside, into a new file beside the ledger, whose path is returned; `None` where none is torn.
    ///
    /// # Errors
    /// As [`Ledger::read`] for anything else that does not hold; also where writing fails.
    pub fn repair(path: &Path) -> Result<Option<PathBuf>> {
        let failed = |e: std::io::Error| unwritable(path, &e);
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(|e| unreadable(path, &e))?;
        file.lock().map_err(failed)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let (kept, torn) = text.split_at(whole);
        let ledger = Self::parse(path, kept)?;
        if torn.is_empty() {
            return Ok(None);
        }
        let mut aside = path.as_os_str().to_os_string();
        aside.push(format!(".torn-{}", ledger.entries.len() + 1));
        let aside = PathBuf::from(aside);
        let mut copy =
            OpenOptions::new().write(true).create_new(true).open(&aside).map_err(|e| unwritable(&aside, &e))?;
        copy.write_all(torn).and_then(|()| copy.sync_all()).map_err(|e| unwritable(&aside, &e))?;
        file.set_len(kept.len() as u64).and_then(|()| file.sync_all()).map_err(failed)?;
        sync_folder(path);
        Ok(Some(aside))
    }

    /// The line whose digest this is, 0 for the head of an empty ledger: what an earlier report named as its head.
    #[must_use]
    pub fn line_of(&self, head: &str) -> Option<usize> {
        if head.eq_ignore_ascii_case(ORIGIN) {
            return Some(0);
        }
        self.entries.iter().find(|e| HEXLOWER.encode(&e.digest).eq_ignore_ascii_case(head)).map(|e| e.line)
    }

    /// The lines that `records` become after this ledger's last one.
    fn lines(&self, records: &[Record], key: Option<&SigningKey>) -> Result<(Vec<u8>, Vec<String>)> {
        let mut ids: std::collections::HashSet<String> = self.entries.iter().map(|e| e.record.id.clone()).collect();
        let mut head = self.head.clone();
        let (mut out, mut given) = (Vec::new(), Vec::with_capacity(records.len()));
        for (index, record) in records.iter().enumerate() {
            let sequence = (self.entries.len() + index + 1) as u64;
            let mut statement = Statement::new(record, sequence, &head);
            if record.id.is_empty() {
                statement.predicate.record.id = id(&statement)?;
            } else if ids.contains(record.id.as_str()) {
                let what = format!("the id {} is taken", record.id);
                return Err(Error::Usage { what, hint: "leave the id out to get a new one".to_owned() });
            }
            if let Some(unknown) = record.supersedes.iter().find(|id| !ids.contains(id.as_str())) {
                let what = format!("no record {unknown} that could be superseded");
                return Err(Error::Usage { what, hint: "`countersign approvals list` shows the ids".to_owned() });
            }
            ids.insert(statement.predicate.record.id.clone());
            let payload = serde_json::to_vec(&statement).map_err(|e| self.unwritten(&e))?;
            let line = serde_json::to_vec(&Envelope::new(&payload, key)).map_err(|e| self.unwritten(&e))?;
            head = HEXLOWER.encode(&Sha256::digest(&line));
            out.extend_from_slice(&line);
            out.push(b'\n');
            given.push(statement.predicate.record.id);
        }
        Ok((out, given))
    }

    fn unwritten(&self, e: &serde_json::Error) -> Error {
        Error::File { path: self.path.clone(), what: format!("cannot write the record: {e}"), hint: String::new() }
    }
}

const TORN: &str = "that record was never confirmed: `countersign approvals verify --repair` puts the torn end aside; then record it again";
const EDITED: &str = "the ledger was changed by something else than an append: restore it from a copy, and compare its head with the one in earlier reports";

fn open(line: &[u8]) -> std::result::Result<(Statement, Vec<[u8; 32]>), String> {
    let envelope: Envelope = serde_json::from_slice(line).map_err(|e| format!("not an envelope: {e}"))?;
    let (payload, keys) = envelope.open()?;
    let statement: Statement = serde_json::from_slice(&payload).map_err(|e| format!("not an approval: {e}"))?;
    if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
        return Err(format!("not an approval but a {}", statement.predicate_type));
    }
    Ok((statement, keys))
}

/// Whether this statement belongs on this line.
fn follows(statement: &Statement, number: u64, head: &str) -> std::result::Result<(), String> {
    let sequence = statement.predicate.sequence;
    match sequence.cmp(&number) {
        std::cmp::Ordering::Greater => {
            Err(format!("record {sequence} stands where record {number} should: lines are missing or out of order"))
        }
        std::cmp::Ordering::Less => {
            Err(format!("record {sequence} stands where record {number} should: lines are repeated or out of order"))
        }
        std::cmp::Ordering::Equal if statement.predicate.previous == head => Ok(()),
        std::cmp::Ordering::Equal if number == 1 => {
            Err("the first record does not start a ledger: lines before it are missing".to_owned())
        }
        std::cmp::Ordering::Equal => Err(format!(
            "record {number} does not follow from the line before: line {} was edited or replaced",
            number - 1
        )),
    }
}

/// An id that tells the record's place and depends on all that it says.
fn id(statement: &Statement) -> Result<String> {
    let bytes = serde_json::to_vec(statement).map_err(|e| Error::Usage { what: e.to_string(), hint: String::new() })?;
    let digest = HEXLOWER.encode(&Sha256::digest(&bytes));
    Ok(format!("{:06}-{}", statement.predicate.sequence, digest.get(..8).unwrap_or_default()))
}

fn unreadable(path: &Path, e: &std::io::Error) -> Error {
    let hint = "`countersign approve FILE --approvals LEDGER` makes a ledger with its first record".to_owned();
    Error::File { path: path.to_owned(), what: format!("cannot read the approvals: {e}"), hint }
}

fn unwritable(path: &Path, e: &std::io::Error) -> Error {
    let hint = "nothing was recorded; choose a ledger in a folder that can be written and locked".to_owned();
    Error::File { path: path.to_owned(), what: format!("cannot write the approvals: {e}"), hint }
}

/// A new file's name must reach the disk too; not every system lets a folder be opened for that.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
