//! The ledger's lines, one after the other, each checked against the one before, with its signatures.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::envelope::Envelope;
use super::record::{PREDICATE, Record, STATEMENT, Statement};
use countersign_model::error::{Error, Result};
use countersign_model::limits;

/// What the first line names as the line before, and the head of an empty ledger.
pub const ORIGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The line's number, from 1; also its sequence number.
    pub line: usize,
    /// What the line's statement says.
    pub record: Record,
    /// Public keys whose signatures hold.
    pub keys: Vec<[u8; 32]>,
    /// SHA-256 of the line: the ledger's head when it was the last one.
    pub digest: [u8; 32],
    /// Where the line begins, in bytes.
    pub offset: u64,
    /// Its bytes, without the line feed.
    pub length: usize,
}

/// Where the lines that were read end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) records: usize,
    /// SHA-256 of the last line, in hex; [`ORIGIN`] where there is none.
    pub(super) head: String,
    /// Length of the lines, line feeds included.
    pub(super) bytes: u64,
}

impl End {
    /// Where the lines end with these behind them, and where the last of these begins; `None` where there are none.
    pub(super) fn and(&self, lines: &[u8]) -> Option<(Self, u64)> {
        let whole = lines.strip_suffix(b"\n")?;
        let last = whole.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let digest = Sha256::digest(whole.get(last..)?);
        let records = self.records + lines.iter().filter(|byte| **byte == b'\n').count();
        let bytes = self.bytes + lines.len() as u64;
        Some((Self { records, head: HEXLOWER.encode(&digest), bytes }, self.bytes + last as u64))
    }
}

impl Default for End {
    fn default() -> Self {
        Self { records: 0, head: ORIGIN.to_owned(), bytes: 0 }
    }
}

/// Reads a ledger line by line: one of a whole house is never in memory as a whole.
pub(super) struct Lines<R> {
    path: PathBuf,
    from: BufReader<R>,
    line: Vec<u8>,
    end: End,
}

impl<R: Read> Lines<R> {
    /// From the first line; `path` is how errors call the ledger.
    pub(super) fn new(path: &Path, from: R) -> Self {
        Self::behind(path, from, End::default())
    }

    /// Those behind lines that end so.
    pub(super) fn behind(path: &Path, from: R, end: End) -> Self {
        Self { path: path.to_owned(), from: BufReader::with_capacity(READ, from), line: Vec::new(), end }
    }

    /// The next line, `None` behind the last one.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be read, [`Error::Ledger`] where it does not hold.
    pub(super) fn next(&mut self) -> Result<Option<Entry>> {
        if !self.read()? {
            return Ok(None);
        }
        if self.line.trim_ascii().is_empty() {
            // Blanks behind the last line are no difference; lines between others are none that an append left there.
            let blank = self.line.clone();
            loop {
                match self.read()? {
                    false => return Ok(None),
                    true if self.line.trim_ascii().is_empty() => {}
                    true => break,
                }
            }
            self.line = blank;
        }
        self.entry().map(Some)
    }

    /// Takes the next line as it is; false behind the last one.
    fn read(&mut self) -> Result<bool> {
        self.line.clear();
        let most = limits::LEDGER_LINE as u64 + 1;
        let read = self.from.by_ref().take(most).read_until(b'\n', &mut self.line);
        Ok(read.map_err(|e| unreadable(&self.path, &e))? > 0)
    }

    /// The line that was read.
    fn entry(&mut self) -> Result<Entry> {
        let line = self.end.records + 1;
        let bad =
            |what: String, hint: &str| Error::Ledger { path: self.path.clone(), line, what, hint: hint.to_owned() };
        let Some(whole) = self.line.strip_suffix(b"\n") else {
            if self.line.len() > limits::LEDGER_LINE {
                return Err(bad(format!("the line is longer than {} bytes", limits::LEDGER_LINE), EDITED));
            }
            let keep = self.end.bytes;
            let what = format!("the last line is torn: it has no end, so writing it was interrupted (byte {keep})");
            return Err(bad(what, TORN));
        };
        // Blanks behind a line are no difference: editors and other systems leave them.
        let whole = whole.trim_ascii_end();
        let offset = self.end.bytes;
        let (statement, keys) = open(whole).map_err(|what| bad(what, EDITED))?;
        follows(&statement, line as u64, &self.end.head).map_err(|what| bad(what, EDITED))?;
        let digest: [u8; 32] = Sha256::digest(whole).into();
        let length = whole.len();
        let bytes = self.end.bytes + self.line.len() as u64;
        self.end = End { records: line, head: HEXLOWER.encode(&digest), bytes };
        Ok(Entry { line, record: record(statement), keys, digest, offset, length })
    }

    /// Where the lines end that were read.
    pub(super) fn end(&self) -> &End {
        &self.end
    }

    /// The source, and where the lines end that were read.
    pub(super) fn finish(self) -> (R, End) {
        (self.from.into_inner(), self.end)
    }
}

/// Bytes that are read at a time.
const READ: usize = 256 * 1024;
const TORN: &str = "that record was never confirmed: `countersign approvals verify --repair` puts the torn end aside; then record it again";
const EDITED: &str = "the ledger was changed by something else than an append: restore it from a copy, and compare its head with the one in earlier reports";

/// What one line says, without its place in the chain, and the keys that signed it.
pub(super) fn read(line: &[u8]) -> std::result::Result<(Record, Vec<[u8; 32]>), String> {
    open(line).map(|(statement, keys)| (record(statement), keys))
}

fn whole(line: &[u8]) -> std::result::Result<(Statement, Vec<[u8; 32]>), String> {
    let envelope: Envelope = serde_json::from_slice(line).map_err(|e| format!("not an envelope: {e}"))?;
    let (payload, keys) = envelope.open()?;
    let statement = serde_json::from_slice(&payload).map_err(|e| format!("not an approval: {e}"))?;
    Ok((statement, keys))
}

fn record(statement: Statement) -> Record {
    Record { subjects: statement.subject, ..statement.predicate.record }
}

fn open(line: &[u8]) -> std::result::Result<(Statement, Vec<[u8; 32]>), String> {
    let (statement, keys) = whole(line)?;
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

/// The line brings an id that an earlier one has.
pub(super) fn taken(path: &Path, line: usize, id: &str) -> Error {
    let what = format!("the id {id} is taken by an earlier line");
    Error::Ledger { path: path.to_owned(), line, what, hint: EDITED.to_owned() }
}

/// The line is not any more what it was when it was checked.
pub(super) fn changed(path: &Path, line: usize) -> Error {
    let what = "the line was changed while the ledger was in use".to_owned();
    Error::Ledger { path: path.to_owned(), line, what, hint: EDITED.to_owned() }
}

pub(super) fn unreadable(path: &Path, e: &std::io::Error) -> Error {
    let hint = "`countersign approve FILE --approvals LEDGER` makes a ledger with its first record".to_owned();
    Error::File { path: path.to_owned(), what: format!("cannot read the approvals: {e}"), hint }
}
