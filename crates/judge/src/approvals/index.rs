//! What matching needs of every record, in SQLite: where its line stands, which bytes and paths it is about, what ends it.
//!
//! The index only finds lines. What a record says is always read from the ledger's own line, whose digest and signatures
//! are checked again when it is read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{Datelike, NaiveDate};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::lines::{self, End, Entry, Lines};
use super::{Decision, Record, Subject, paths};
use countersign_model::error::{Error, Result};

/// Days count from the first of January of the year 1. A record is `bare` where a subject of it has no SHA-256.
const TABLES: &str = "
    CREATE TABLE record (line INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, offset INTEGER NOT NULL,
        length INTEGER NOT NULL, digest BLOB NOT NULL, decides INTEGER NOT NULL, decided INTEGER NOT NULL,
        expires INTEGER, digests INTEGER NOT NULL, bare INTEGER NOT NULL);
    CREATE TABLE by_digest (digest BLOB NOT NULL, line INTEGER NOT NULL, PRIMARY KEY (digest, line)) WITHOUT ROWID;
    CREATE TABLE by_name (key INTEGER NOT NULL, line INTEGER NOT NULL, part INTEGER NOT NULL, name TEXT NOT NULL,
        bare INTEGER NOT NULL, PRIMARY KEY (key, line, part)) WITHOUT ROWID;
    CREATE TABLE ending (line INTEGER NOT NULL, by INTEGER NOT NULL, whole INTEGER NOT NULL, decided INTEGER NOT NULL,
        PRIMARY KEY (line, by)) WITHOUT ROWID;";

/// An index over all lines of a ledger up to its end.
pub(super) struct Index {
    db: Mutex<Connection>,
    pub(super) end: End,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({:?})", self.end)
    }
}

/// Why an index could not be made.
#[derive(Debug)]
pub(super) enum Failure {
    /// The ledger does not hold.
    Ledger(Error),
    /// The index itself cannot be written or read.
    Index(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ledger(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Index(error.to_string())
    }
}

/// Where a line stands, and what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: usize,
    pub(super) digest: [u8; 32],
}

/// How a later record ends an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// The later record's line.
    pub(super) by: usize,
    /// False where it ends it for some of its subjects only: those that the later record is about.
    pub(super) whole: bool,
    /// Day of the later record's decision.
    pub(super) decided_on: NaiveDate,
}

/// A subject that a path may fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) name: String,
    /// Whether it has no SHA-256.
    pub(super) without_digest: bool,
}

type Rows<T> = rusqlite::Result<T>;

impl Index {
    /// An index in memory over all that `from` holds.
    pub(super) fn memory(path: &Path, from: impl Read) -> Result<Self> {
        let made = || {
            let mut db = Connection::open_in_memory()?;
            let mut lines = Lines::new(path, from);
            create(&db)?;
            fill(&mut db, &mut lines)?;
            Ok(Self::new(db, lines.finish().1))
        };
        made().map_err(|failure| match failure {
            Failure::Ledger(error) => error,
            Failure::Index(what) => {
                let hint = "free some memory and try again".to_owned();
                Error::File { path: path.to_owned(), what: format!("its records cannot be indexed: {what}"), hint }
            }
        })
    }

    /// The finished index in the file at `path`.
    pub(super) fn stored(path: &Path, end: End) -> std::result::Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        // Nobody writes to a finished index: one lock for the whole run.
        db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16384;")?;
        let index = Self::new(db, end);
        let End { records, head, bytes } = &index.end;
        let last = index.place(*records)?;
        let same =
            |last: Place| HEXLOWER.encode(&last.digest) == *head && last.offset + last.length as u64 + 1 == *bytes;
        match last.is_some_and(same) {
            true => Ok(index),
            false => Err(Failure::Index("its last record is not the one that its seal names".to_owned())),
        }
    }

    fn new(db: Connection, end: End) -> Self {
        db.set_prepared_statement_cache_capacity(32);
        Self { db: Mutex::new(db), end }
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lines of the records about the bytes with this digest, in order.
    pub(super) fn by_digest(&self, sha256: &str) -> Rows<Vec<usize>> {
        self.lines("SELECT line FROM by_digest WHERE digest = ? ORDER BY line", [digest_key(sha256)])
    }

    /// Subjects whose names end as these keys tell ([`paths::key`]), in the ledger's order.
    pub(super) fn by_name(&self, keys: [i64; 2]) -> Rows<Vec<Named>> {
        let db = self.db();
        let sql = "SELECT line, name, bare FROM by_name WHERE key IN (?, ?) ORDER BY line";
        let mut statement = db.prepare_cached(sql)?;
        let named = |row: &rusqlite::Row<'_>| {
            Ok(Named { line: line(row.get(0)?), name: row.get(1)?, without_digest: row.get(2)? })
        };
        statement.query_map(keys, named)?.collect()
    }

    /// Where a line stands.
    pub(super) fn place(&self, line: usize) -> Rows<Option<Place>> {
        let db = self.db();
        let mut statement = db.prepare_cached("SELECT offset, length, digest FROM record WHERE line = ?")?;
        let place = |row: &rusqlite::Row<'_>| {
            let (offset, length): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(Place {
                offset: u64::try_from(offset).unwrap_or(u64::MAX),
                length: usize::try_from(length).unwrap_or(usize::MAX),
                digest: row.get(2)?,
            })
        };
        statement.query_row([line as i64], place).optional()
    }

    /// What ends the record on this line, in the ledger's order.
    pub(super) fn endings(&self, of: usize) -> Rows<Vec<Ending>> {
        let db = self.db();
        let mut statement = db.prepare_cached("SELECT by, whole, decided FROM ending WHERE line = ? ORDER BY by")?;
        let ending = |row: &rusqlite::Row<'_>| {
            Ok(Ending { by: line(row.get(0)?), whole: row.get(1)?, decided_on: day(row.get(2)?) })
        };
        statement.query_map([of as i64], ending)?.collect()
    }

    /// Lines of the records that allow or tell something on this day, in order.
    pub(super) fn in_force(&self, as_of: NaiveDate) -> Rows<Vec<usize>> {
        let sql = "SELECT line FROM record WHERE NOT decides AND decided <= ?1 AND ifnull(expires >= ?1, 1)
            AND NOT EXISTS (SELECT 1 FROM ending WHERE ending.line = record.line AND whole AND ending.decided <= ?1)
            ORDER BY line";
        self.lines(sql, [as_of.num_days_from_ce()])
    }

    /// The line of the record with this id.
    pub(super) fn by_id(&self, id: &str) -> Rows<Option<usize>> {
        Ok(self.lines("SELECT line FROM record WHERE id = ?", [id])?.pop())
    }

    /// All ids.
    pub(super) fn ids(&self) -> Rows<HashSet<String>> {
        let db = self.db();
        let mut statement = db.prepare_cached("SELECT id FROM record")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    fn lines(&self, sql: &str, params: impl rusqlite::Params) -> Rows<Vec<usize>> {
        let db = self.db();
        let mut statement = db.prepare_cached(sql)?;
        statement.query_map(params, |row| row.get(0).map(line))?.collect()
    }
}

fn line(of: i64) -> usize {
    usize::try_from(of).unwrap_or(0)
}

fn day(number: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(number).unwrap_or(NaiveDate::MAX)
}

/// The bytes of a SHA-256 that is written as one; whatever else stands in its place is found by its own.
fn digest_key(sha256: &str) -> Vec<u8> {
    let text = sha256.to_lowercase();
    let hex = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().filter(|bytes| bytes.len() == 32);
    hex.unwrap_or_else(|| Sha256::digest(text.as_bytes()).to_vec())
}

/// Makes the tables.
pub(super) fn create(db: &Connection) -> Rows<()> {
    db.execute_batch(TABLES)
}

/// Takes every line that is left; all of them or none.
pub(super) fn fill(db: &mut Connection, lines: &mut Lines<impl Read>) -> std::result::Result<(), Failure> {
    db.set_prepared_statement_cache_capacity(32);
    let together = db.transaction()?;
    while let Some(entry) = lines.next()? {
        if !add(&together, &entry)? {
            return Err(lines::taken(lines.path(), entry.line, &entry.record.id).into());
        }
    }
    Ok(together.commit()?)
}

/// Takes one line; false where its id is taken.
fn add(db: &Connection, entry: &Entry) -> Rows<bool> {
    let (record, line) = (&entry.record, entry.line as i64);
    end_earlier(db, entry)?;
    let digests: BTreeSet<_> = record.sha256().map(digest_key).collect();
    let decides = matches!(record.decision, Decision::Denied | Decision::Revoked);
    let row = params![
        line,
        record.id,
        i64::try_from(entry.offset).unwrap_or(i64::MAX),
        entry.length as i64,
        entry.digest,
        decides,
        record.decided_on.num_days_from_ce(),
        record.expires_on.map(|day| day.num_days_from_ce()),
        digests.len() as i64,
        record.subjects.iter().any(|s| s.sha256().is_none()),
    ];
    let added = db.prepare_cached("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?.execute(row);
    match added {
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => return Ok(false),
        added => added?,
    };
    let mut by_digest = db.prepare_cached("INSERT INTO by_digest VALUES (?, ?)")?;
    for digest in &digests {
        by_digest.execute(params![digest, line])?;
    }
    let mut by_name = db.prepare_cached("INSERT INTO by_name VALUES (?, ?, ?, ?, ?)")?;
    for (part, subject) in record.subjects.iter().enumerate().filter(|(_, s)| !s.name.is_empty()) {
        let without_digest = subject.sha256().is_none();
        by_name.execute(params![paths::key(&subject.name), line, part as i64, subject.name, without_digest])?;
    }
    Ok(true)
}

/// Notes which earlier records this one ends: those it names; for a denial, and for a withdrawal that names none, also all
/// about the same bytes (the same path, where it has no digest).
fn end_earlier(db: &Connection, entry: &Entry) -> Rows<()> {
    let record = &entry.record;
    let mut ended: BTreeMap<i64, bool> = BTreeMap::new();
    for id in &record.supersedes {
        let mut found = db.prepare_cached("SELECT line FROM record WHERE id = ?")?;
        if let Some(line) = found.query_row([id], |row| row.get(0)).optional()? {
            ended.insert(line, true);
        }
    }
    // A withdrawal that names records ends those alone, whatever else it is about.
    let all =
        record.decision == Decision::Denied || (record.decision == Decision::Revoked && record.supersedes.is_empty());
    for (line, whole) in if all { of_the_same(db, record)? } else { BTreeMap::new() } {
        *ended.entry(line).or_default() |= whole;
    }
    let mut ending = db.prepare_cached("INSERT INTO ending VALUES (?, ?, ?, ?)")?;
    for (line, whole) in ended {
        ending.execute(params![line, entry.line as i64, whole, record.decided_on.num_days_from_ce()])?;
    }
    Ok(())
}

/// Earlier records about what this one is about, and whether that is all that they are about.
fn of_the_same(db: &Connection, record: &Record) -> Rows<BTreeMap<i64, bool>> {
    let (mut shared, mut ended) = (BTreeMap::new(), BTreeMap::new());
    let digests: BTreeSet<_> = record.sha256().map(digest_key).collect();
    for digest in digests {
        let mut found = db.prepare_cached("SELECT line FROM by_digest WHERE digest = ?")?;
        for line in found.query_map([digest], |row| row.get(0))? {
            *shared.entry(line?).or_insert(0i64) += 1;
        }
    }
    for (line, count) in shared {
        let mut whole = db.prepare_cached("SELECT digests = ? AND NOT bare FROM record WHERE line = ?")?;
        ended.insert(line, whole.query_row([count, line], |row| row.get(0))?);
    }
    let without_digest = |s: &&Subject| s.sha256().is_none() && !s.name.is_empty();
    for subject in record.subjects.iter().filter(without_digest) {
        let mut found = db.prepare_cached("SELECT line FROM by_name WHERE key = ? AND name = ?")?;
        for line in found.query_map(params![paths::key(&subject.name), subject.name], |row| row.get(0))? {
            ended.insert(line?, true);
        }
    }
    Ok(ended)
}
