//! Recorded decisions about files: the ledger that holds them, and which of them are about an asset.
//!
//! [`record`] is one decision, [`envelope`] its signed wrapping, [`keys`] what signs it, [`ledger`] the append-only file and
//! [`lines`] its reading, [`index`] finds the lines that are about an asset and [`stored`] keeps it between runs, [`paths`]
//! says when a path hint fits, [`status`] what the records about one asset amount to on a day; [`import`] and [`export`]
//! exchange records with spreadsheets.

mod envelope;
pub mod export;
pub mod import;
mod index;
pub mod keys;
pub mod ledger;
mod lines;
mod paths;
pub mod range;
pub mod record;
pub mod status;
mod stored;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::policy::{Grade, TrustedKey};
use countersign_model::error::{Error, Result};
use countersign_model::limits;
use countersign_model::{ApprovalsRef, Asset};
use index::{Ending, Failure, Index};
use stored::IndexDir;

pub use crate::policy::public_key::key_id;
pub use ledger::{Entry, Ledger};
pub use record::{Decision, Person, Record, Subject};
pub use status::{ApprovalStatus, Verdict};
pub use stored::Cache;

/// A ledger, ready to be asked about assets.
///
/// It holds an index in memory or on disk, and reads the lines that are asked for. Whatever goes wrong with that is told
/// by [`Approvals::check_ledger_intact`]: an answer counts only where that finds nothing.
#[derive(Debug)]
pub struct Approvals {
    path: PathBuf,
    file: File,
    keys: Vec<TrustedKey>,
    /// The folder that relative paths of assets start from.
    here: PathBuf,
    index: Index,
    recent: Mutex<Recent>,
    failure: OnceLock<Broken>,
    warning: Option<String>,
}

/// One record and what the ledger as a whole makes of it.
#[derive(Debug)]
pub struct LedgerEntry {
    /// The record's number: 0 for the ledger's first line.
    pub index: usize,
    pub record: Record,
    /// The grade of its signature, or of the lack of one.
    pub grade: Grade,
    /// Names that the policy gives to the keys that signed it.
    pub signers: Vec<String>,
    /// Later records that withdraw, deny or replace it.
    ended_by: Vec<Ending>,
}

/// Records that were asked for, up to [`limits::RECORDS`] bytes of their lines.
#[derive(Debug, Default)]
struct Recent {
    rows: HashMap<usize, Arc<LedgerEntry>>,
    bytes: usize,
}

/// What went wrong while the ledger was in use.
#[derive(Debug)]
enum Broken {
    /// This line is another one now.
    Line(usize),
    Index(String),
}

/// How a record is about an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchKind {
    /// The digests are equal.
    Digest,
    /// The path fits and the record has no digest that could be compared.
    Path,
    /// The path fits, the digest is another one.
    OtherBytes,
}

impl LedgerEntry {
    /// Whether a later record ends it, as a whole or in part.
    #[must_use]
    pub(crate) fn is_ended(&self) -> bool {
        !self.ended_by.is_empty()
    }
}

/// The records about one asset, in the ledger's order.
#[derive(Debug, Default)]
pub struct Matches<'a> {
    pub rows: Vec<(Arc<LedgerEntry>, MatchKind)>,
    all: Option<&'a Approvals>,
    /// Digest of the asset's bytes, where it was computed.
    pub(crate) sha256: Option<String>,
}

impl Approvals {
    /// Reads the ledger at `path`; `keys` are those that the policy names.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be read, [`Error::Ledger`] at the first line that does not hold.
    pub fn load(path: &Path, keys: &[TrustedKey]) -> Result<Self> {
        Self::open(path, keys, None)
    }

    /// As [`Approvals::load`], with an index for large ledgers in `cache`. The answers are the same.
    ///
    /// # Errors
    /// As [`Approvals::load`]; an index that cannot be kept is a [`Approvals::warning`].
    pub fn open(path: &Path, keys: &[TrustedKey], cache: Option<&Cache<'_>>) -> Result<Self> {
        let mut file = File::open(path).map_err(|e| lines::unreadable(path, &e))?;
        // A lock keeps us from seeing half of somebody's append; where none can be had, the chain still tells.
        let locked = file.lock_shared().is_ok();
        let indexed = indexed(path, &mut file, cache);
        if locked {
            let _ = file.unlock();
        }
        let (index, warning) = indexed?;
        Ok(Self {
            path: path.to_owned(),
            file,
            keys: keys.to_vec(),
            here: std::env::current_dir().unwrap_or_default(),
            index,
            recent: Mutex::default(),
            failure: OnceLock::new(),
            warning,
        })
    }

    /// The ledger's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why the index could not be kept, where it could not.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Whether everything that was asked since the ledger was opened could be answered.
    ///
    /// # Errors
    /// [`Error::Ledger`] where a line is not any more what it was, [`Error::File`] where the index failed.
    pub fn check_ledger_intact(&self) -> Result<()> {
        match self.failure.get() {
            None => Ok(()),
            Some(Broken::Line(line)) => Err(lines::changed(&self.path, *line)),
            Some(Broken::Index(what)) => Err(Error::File {
                path: self.path.clone(),
                what: format!("its index cannot be read: {what}"),
                hint: "run it again: a damaged index is made anew".to_owned(),
            }),
        }
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.end.records
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All records, in the ledger's order, each read when it is asked for.
    pub fn records(&self) -> impl Iterator<Item = Arc<LedgerEntry>> {
        (0..self.len()).filter_map(|index| self.read(index)).map(|(known, _)| Arc::new(known))
    }

    /// Numbers of the records that allow or tell something on this day.
    #[must_use]
    pub fn in_force(&self, as_of: NaiveDate) -> Vec<usize> {
        let lines = self.answer(self.index.in_force(as_of));
        lines.into_iter().map(|line| line.saturating_sub(1)).collect()
    }

    /// The state of one record as a whole on a day: `in force`, `not yet`, `expired`, or what ended it.
    #[must_use]
    pub fn state(&self, known: &LedgerEntry, as_of: NaiveDate) -> String {
        let record = &known.record;
        let last = known.ended_by.iter().rfind(|e| e.decided_on <= as_of);
        let last = last.and_then(|e| Some((e.whole, self.ending(e)?)));
        let word = |by: &LedgerEntry| match by.record.decision {
            Decision::Revoked => "revoked",
            Decision::Denied => "denied",
            _ => "superseded",
        };
        match last {
            _ if record.decided_on > as_of => format!("from {}", record.decided_on),
            Some((true, by)) => format!("{} by {}", word(&by), by.record.id),
            _ if record.expires_on.is_some_and(|day| day < as_of) => "expired".to_owned(),
            Some((false, by)) => format!("partly {} by {}", word(&by), by.record.id),
            None => "in force".to_owned(),
        }
    }

    /// SHA-256 of the ledger's last line.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.index.end.head
    }

    /// The record with this id.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<Arc<LedgerEntry>> {
        self.known(self.answer(self.index.by_id(id))?.checked_sub(1)?)
    }

    /// The ids of all records.
    #[must_use]
    pub fn ids(&self) -> HashSet<String> {
        self.answer(self.index.ids())
    }

    /// Whether a record is about the bytes with this digest.
    #[must_use]
    pub fn holds(&self, sha256: &str) -> bool {
        !self.answer(self.index.by_digest(sha256)).is_empty()
    }

    /// What the report says of the ledger.
    #[must_use]
    pub fn reference(&self) -> ApprovalsRef {
        let path = self.path.to_string_lossy().into_owned();
        ApprovalsRef { path, head: self.head().to_owned(), records: self.len() }
    }

    /// Whether a record's path hint fits this asset.
    #[must_use]
    pub fn name(&self, asset: &Asset) -> bool {
        !self.by_path(asset).is_empty()
    }

    /// Lines whose path hints fit, and whether one that fits stands without a digest.
    fn by_path(&self, asset: &Asset) -> BTreeMap<usize, bool> {
        let paths = paths::Paths::of(asset, &self.here);
        let mut out = BTreeMap::new();
        for named in self.answer(self.index.by_name(paths.keys())) {
            if paths.fit(&named.name) {
                *out.entry(named.line).or_default() |= named.without_digest;
            }
        }
        out
    }

    /// The records about this asset; `sha256` is the digest of its bytes in hex, where it was computed.
    #[must_use]
    pub fn matches(&self, asset: &Asset, sha256: Option<&str>) -> Matches<'_> {
        let by_digest = sha256.map(|hex| self.answer(self.index.by_digest(hex))).unwrap_or_default();
        let mut found: BTreeMap<usize, MatchKind> =
            by_digest.into_iter().map(|line| (line, MatchKind::Digest)).collect();
        for (line, without_digest) in self.by_path(asset) {
            // A record of many files has this one's digest among the subjects of this name only.
            match (without_digest, sha256) {
                (true, _) => found.entry(line).or_insert(MatchKind::Path),
                (false, Some(_)) => found.entry(line).or_insert(MatchKind::OtherBytes),
                (false, None) => continue,
            };
        }
        let known = |(line, by): (usize, MatchKind)| Some((self.known(line.checked_sub(1)?)?, by));
        let rows = found.into_iter().filter_map(known).collect();
        Matches { rows, all: Some(self), sha256: sha256.map(str::to_lowercase) }
    }

    /// The record with this number; `None` is a failure that is noted.
    pub(crate) fn known(&self, index: usize) -> Option<Arc<LedgerEntry>> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = recent().rows.get(&index) {
            return Some(Arc::clone(known));
        }
        let (known, bytes) = self.read(index)?;
        let known = Arc::new(known);
        let mut recent = recent();
        if recent.bytes.saturating_add(bytes) > limits::RECORDS {
            *recent = Recent::default();
        }
        recent.bytes = recent.bytes.saturating_add(bytes);
        recent.rows.insert(index, Arc::clone(&known));
        Some(known)
    }

    fn ending(&self, ending: &Ending) -> Option<Arc<LedgerEntry>> {
        self.known(ending.by.checked_sub(1)?)
    }

    /// Reads one line again, and checks that it is the one that was indexed.
    fn read(&self, index: usize) -> Option<(LedgerEntry, usize)> {
        let line = index + 1;
        let place = self.answer(self.index.place(line));
        let text = place.and_then(|place| {
            let mut text = vec![0; place.length.min(limits::LEDGER_LINE)];
            let mut filled = 0;
            while let Some(rest) = text.get_mut(filled..).filter(|rest| !rest.is_empty()) {
                match countersign_io::read_at(&self.file, rest, place.offset + filled as u64) {
                    Ok(read @ 1..) => filled += read,
                    Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                    _ => return None,
                }
            }
            (<[u8; 32]>::from(Sha256::digest(&text)) == place.digest).then_some(text)
        });
        let Some((record, signed)) = text.as_ref().and_then(|text| lines::read(text).ok()) else {
            let _ = self.failure.set(Broken::Line(line));
            return None;
        };
        let (grade, signers) = grade(&record, &signed, &self.keys);
        let ended_by = self.answer(self.index.endings(line));
        Some((LedgerEntry { index, record, grade, signers, ended_by }, text.map_or(0, |t| t.len())))
    }

    /// What the index says; that it says nothing is noted.
    fn answer<T: Default>(&self, rows: rusqlite::Result<T>) -> T {
        rows.unwrap_or_else(|e| {
            let _ = self.failure.set(Broken::Index(e.to_string()));
            T::default()
        })
    }
}

/// The grade of a record that these keys signed, and the names that the policy gives to those it knows.
#[must_use]
pub fn grade(record: &Record, signed: &[[u8; 32]], keys: &[TrustedKey]) -> (Grade, Vec<String>) {
    let trusted = keys.iter().filter(|k| signed.contains(&k.key) && k.valid_on(record.decided_on));
    let signers: Vec<String> = trusted.map(|k| k.name.clone()).collect();
    let grade = match (signers.is_empty(), signed.is_empty()) {
        (false, _) => Grade::SignedKnown,
        (true, true) => Grade::Imported,
        (true, false) => Grade::Signed,
    };
    (grade, signers)
}

/// The index of a ledger, from the cache where it is large enough, and why it is not kept where it could not be.
fn indexed(path: &Path, file: &mut File, cache: Option<&Cache<'_>>) -> Result<(Index, Option<String>)> {
    let size = file.metadata().map_err(|e| lines::unreadable(path, &e))?.len();
    let mut warning = None;
    if let Some(Cache { folder, .. }) = cache.filter(|cache| size >= cache.least) {
        let index_dir = IndexDir::new(folder, path).map_err(Failure::from);
        match index_dir.and_then(|index_dir| index_dir.index(path, file)) {
            Ok(index) => return Ok((index, None)),
            Err(Failure::Ledger(error)) => return Err(error),
            Err(Failure::Index(what)) => warning = Some(format!("{}: {what}", folder.display())),
        }
        std::io::Seek::rewind(file).map_err(|e| lines::unreadable(path, &e))?;
    }
    Ok((Index::memory(path, file)?, warning))
}
