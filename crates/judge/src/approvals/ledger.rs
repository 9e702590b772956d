//! The ledger: append-only text, one envelope a line, each line naming its number and the line before.
//!
//! An edit, a deletion, a repetition or a new order shows as a broken chain, and the error names the line. What the
//! chain cannot show, lines cut from the end, the head digest in every report does.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

use super::checked::{self, Cache};
use super::envelope::Envelope;
use super::lines::{self, End, Lines, unreadable};
pub use super::lines::{Entry, ORIGIN};
use super::record::{Record, Statement};
use countersign_model::error::{Error, Result};

/// A ledger that was read from its first line to its last, with every link checked.
///
/// ```
/// use chrono::NaiveDate;
/// use countersign_judge::approvals::{Ledger, Person, Record, Subject};
/// use countersign_model::Decision;
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("approvals.jsonl");
/// let day = NaiveDate::from_ymd_opt(2026, 5, 4).unwrap();
/// let mut record = Record::new(Decision::Approved, Person::named("Dana Reyes"), day);
/// record.subjects.push(Subject::new("final/poster.jpg", Some(&"ab".repeat(32))));
/// let ids = Ledger::append(&path, &[record], None)?;
///
/// let ledger = Ledger::read(&path)?;
/// assert_eq!((ledger.entries.len(), &ledger.entries[0].record.id), (1, &ids[0]));
/// // Who changes a line breaks the chain, and the error names the line.
/// let text = std::fs::read_to_string(&path).unwrap().replacen("payload", "paylaod", 1);
/// assert!(Ledger::parse(&path, text.as_bytes()).is_err());
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Where it was read from.
    pub path: PathBuf,
    /// Its records in the order of the lines.
    pub entries: Vec<Entry>,
    /// SHA-256 of the last line, in hex; [`ORIGIN`] where there is none.
    pub head: String,
}

impl Ledger {
    /// Reads and checks the ledger at `path`.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be read, [`Error::Ledger`] at the first line that does not hold.
    pub fn read(path: &Path) -> Result<Self> {
        countersign_io::regular(path).map_err(|e| unreadable(path, &e))?;
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

    fn stream(path: &Path, from: impl Read) -> Result<Self> {
        let (mut entries, mut lines) = (Vec::new(), Unique::new(path, from));
        while let Some(entry) = lines.next()? {
            entries.push(entry);
        }
        Ok(Self { path: path.to_owned(), entries, head: lines.lines.finish().1.head })
    }

    /// Appends records to the ledger at `path`, making the file where there is none; all of them or none.
    ///
    /// A record without an id gets one. Returns the ids, once the disk holds the lines. The caller sees to it that
    /// the ledger does not lie in a scanned tree.
    ///
    /// # Errors
    /// As [`Ledger::read`], for a ledger that does not hold is not added to; also where writing fails.
    pub fn append(path: &Path, records: &[Record], key: Option<&SigningKey>) -> Result<Vec<String>> {
        Self::append_noted(path, records, key, None)
    }

    /// As [`Ledger::append`]; of a large ledger of which `cache` knows that its lines were checked, only those behind them
    /// are read, unless the records bring ids or name those of others. A line that was changed since is found on the next
    /// reading.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    pub fn append_noted(
        path: &Path,
        records: &[Record],
        key: Option<&SigningKey>,
        cache: Option<&Cache<'_>>,
    ) -> Result<Vec<String>> {
        let failed = |e: std::io::Error| unwritable(path, &e);
        countersign_io::regular(path).map_err(failed)?;
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
        file.lock().map_err(failed)?;
        // Ids that we give hold the record's number; others are compared with all.
        let plain = records.iter().all(|record| record.id.is_empty() && record.supersedes.is_empty());
        let known = cache.filter(|_| plain).and_then(|cache| checked::resume(path, &mut file, cache));
        let start = known.clone().unwrap_or_default();
        file.seek(SeekFrom::Start(start.bytes)).map_err(failed)?;
        let mut earlier = Unique::behind(path, &mut file, start);
        while earlier.next()?.is_some() {}
        let Unique { lines, ids, .. } = earlier;
        let end = lines.finish().1;
        let (lines, ids) = Addition { path, end: &end, ids }.lines(records, key)?;
        // What may stand behind the last line are blanks.
        let written = file.set_len(end.bytes).and_then(|()| file.write_all(&lines)).and_then(|()| file.sync_all());
        if let Err(e) = written {
            // Half a line is worse than none; the length is put back where the disk lets us.
            let _ = file.set_len(end.bytes).and_then(|()| file.sync_all());
            return Err(failed(e));
        }
        if end.records == 0 {
            sync_folder(path);
        }
        if let Some((cache, (new, last))) = cache.zip(end.and(&lines)) {
            checked::keep(path, cache, &new, last);
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
        countersign_io::regular(path).map_err(|e| unreadable(path, &e))?;
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(|e| unreadable(path, &e))?;
        file.lock().map_err(failed)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let (kept, torn) = text.split_at(whole);
        let ledger = Self::parse(path, kept)?;
        if torn.trim_ascii().is_empty() {
            return Ok(None);
        }
        let mut torn_copy = path.as_os_str().to_os_string();
        torn_copy.push(format!(".torn-{}", ledger.entries.len() + 1));
        let torn_copy = PathBuf::from(torn_copy);
        let mut copy =
            OpenOptions::new().write(true).create_new(true).open(&torn_copy).map_err(|e| unwritable(&torn_copy, &e))?;
        copy.write_all(torn).and_then(|()| copy.sync_all()).map_err(|e| unwritable(&torn_copy, &e))?;
        file.set_len(kept.len() as u64).and_then(|()| file.sync_all()).map_err(failed)?;
        sync_folder(path);
        Ok(Some(torn_copy))
    }

    /// Checks every line and every signature of the ledger at `path`, without keeping them; `head` is one that it had
    /// once, `each` is told of every record and of the keys that signed it.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub fn audit(path: &Path, head: Option<&str>, mut each: impl FnMut(&Entry)) -> Result<Audit> {
        countersign_io::regular(path).map_err(|e| unreadable(path, &e))?;
        let mut file = File::open(path).map_err(|e| unreadable(path, &e))?;
        let locked = file.lock_shared().is_ok();
        let mut lines = Unique::new(path, &mut file);
        let mut line = head.filter(|head| head.eq_ignore_ascii_case(ORIGIN)).map(|_| 0);
        while let Some(entry) = lines.next()? {
            let same = |head: &str| HEXLOWER.encode(&entry.digest).eq_ignore_ascii_case(head);
            line = line.or(head.is_some_and(same).then_some(entry.line));
            each(&entry);
        }
        let End { records, head, .. } = lines.lines.finish().1;
        if locked {
            let _ = file.unlock();
        }
        Ok(Audit { records, head, line })
    }
}

/// What a whole ledger amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// How many records it holds.
    pub records: usize,
    /// SHA-256 of the last line, in hex.
    pub head: String,
    /// The line that was the head once, where it was asked for and is there; 0 for an empty ledger's.
    pub line: Option<usize>,
}

/// Lines whose ids are all different.
struct Unique<R> {
    path: PathBuf,
    lines: Lines<R>,
    ids: HashSet<String>,
}

impl<R: Read> Unique<R> {
    fn new(path: &Path, from: R) -> Self {
        Self::behind(path, from, End::default())
    }

    fn behind(path: &Path, from: R, end: End) -> Self {
        Self { path: path.to_owned(), lines: Lines::behind(path, from, end), ids: HashSet::new() }
    }

    fn next(&mut self) -> Result<Option<Entry>> {
        let Some(entry) = self.lines.next()? else { return Ok(None) };
        match self.ids.insert(entry.record.id.clone()) {
            true => Ok(Some(entry)),
            false => Err(lines::taken(&self.path, entry.line, &entry.record.id)),
        }
    }
}

/// What is known of a ledger that is added to.
struct Addition<'a> {
    path: &'a Path,
    end: &'a End,
    ids: HashSet<String>,
}

impl Addition<'_> {
    /// The lines that `records` become behind the last one, and their ids.
    fn lines(mut self, records: &[Record], key: Option<&SigningKey>) -> Result<(Vec<u8>, Vec<String>)> {
        let mut head = self.end.head.clone();
        let (mut out, mut given) = (Vec::new(), Vec::with_capacity(records.len()));
        for (index, record) in records.iter().enumerate() {
            let sequence = (self.end.records + index + 1) as u64;
            let mut statement = Statement::new(record, sequence, &head);
            if record.id.is_empty() {
                statement.predicate.record.id = id(&statement)?;
            } else if self.ids.contains(record.id.as_str()) {
                let what = format!("the id {} is taken", record.id);
                return Err(Error::Usage { what, hint: "leave the id out to get a new one".to_owned() });
            }
            if let Some(unknown) = record.supersedes.iter().find(|id| !self.ids.contains(id.as_str())) {
                let what = format!("no record {unknown} that could be superseded");
                return Err(Error::Usage { what, hint: "`countersign approvals list` shows the ids".to_owned() });
            }
            self.ids.insert(statement.predicate.record.id.clone());
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
        Error::File { path: self.path.to_owned(), what: format!("cannot write the record: {e}"), hint: String::new() }
    }
}

/// An id that tells the record's place and depends on all that it says.
pub(super) fn id(statement: &Statement) -> Result<String> {
    let bytes = serde_json::to_vec(statement).map_err(|e| Error::Usage { what: e.to_string(), hint: String::new() })?;
    let digest = HEXLOWER.encode(&Sha256::digest(&bytes));
    Ok(format!("{:06}-{}", statement.predicate.sequence, digest.get(..8).unwrap_or_default()))
}

pub(super) fn unwritable(path: &Path, e: &std::io::Error) -> Error {
    let hint = "nothing was recorded; choose a ledger in a folder that can be written and locked".to_owned();
    Error::File { path: path.to_owned(), what: format!("cannot write the approvals: {e}"), hint }
}

/// A new file's name must reach the disk too; not every system lets a folder be opened for that.
pub(super) fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
