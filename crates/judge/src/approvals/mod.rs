//! Recorded decisions about files: the ledger that holds them, and which of them are about an asset.
//!
//! [`record`] is one decision, [`envelope`] its signed wrapping, [`keys`] what signs it, [`ledger`] the append-only file and
//! [`lines`] its reading, [`detached`] adds a line whose signature is made elsewhere, [`index`] finds the lines that are about an asset, [`checked`] remembers between runs that signatures
//! were checked, [`again`] reads those lines again, [`outline`] of each what the index needs, [`paths`] says when a path hint fits, [`status`] what the records about one asset amount to on a day; [`import`] and [`export`]
//! exchange records with spreadsheets.

mod again;
mod checked;
pub mod detached;
pub(crate) mod envelope;
pub mod export;
pub mod import;
mod index;
pub mod keys;
pub mod ledger;
mod lines;
mod outline;
mod paths;
pub mod range;
pub mod record;
pub mod status;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::policy::{Grade, TrustedKey};
use countersign_model::error::Result;
use countersign_model::limits;
use countersign_model::{ApprovalsRef, Asset};
use index::{Ending, Index};

pub use crate::policy::public_key::key_id;
pub use checked::Cache;
pub use ledger::{Entry, Ledger};
pub use record::{Decision, Person, Record, Subject};
pub use status::{ApprovalStatus, Verdict};

/// A ledger, ready to be asked about assets.
///
/// It holds an index in memory, and reads the lines that are asked for. Whatever goes wrong with that is told
/// by [`Approvals::check_ledger_intact`]: an answer counts only where that finds nothing.
///
/// ```
/// use chrono::NaiveDate;
/// use countersign_judge::approvals::{Approvals, Ledger, MatchKind, Person, Record, Subject};
/// use countersign_model::{Asset, Decision};
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("approvals.jsonl");
/// let (bytes, day) = ("ab".repeat(32), NaiveDate::from_ymd_opt(2026, 5, 4).unwrap());
/// let mut record = Record::new(Decision::Approved, Person::named("Dana Reyes"), day);
/// record.subjects.push(Subject::new("final/poster.jpg", Some(&bytes)));
/// Ledger::append(&path, &[record], None)?;
///
/// let approvals = Approvals::load(&path, &[])?;
/// let asset = Asset::new("x".into(), "renamed.jpg".to_owned(), 0, 1_024, None);
/// // A record is about bytes: a file of another name is covered, and one of other bytes is not.
/// let matches = approvals.matches(&asset, Some(&bytes));
/// assert_eq!(matches.rows[0].1, MatchKind::Digest);
/// assert!(approvals.matches(&asset, Some(&"cd".repeat(32))).rows.is_empty());
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Approvals {
    path: PathBuf,
    file: File,
    keys: Vec<TrustedKey>,
    /// The folder that relative paths of assets start from.
    working_directory: PathBuf,
    index: Index,
    recent: Mutex<Recent>,
    /// The first line that is another one now.
    failure: OnceLock<usize>,
    warning: Option<String>,
    /// The number of its first record, behind those of the ledgers before it.
    first: usize,
    /// Further ledgers, each by itself; of them and of this one a day decides what came first.
    others: Vec<Approvals>,
}

/// One record and what the ledger as a whole makes of it.
#[derive(Debug)]
pub struct LedgerEntry {
    /// The record's number: 0 for the first line of the first ledger.
    pub index: usize,
    /// What was decided.
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
    /// The records, each with how it is about the asset.
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

    /// As [`Approvals::load`]; of large ledgers it is remembered in `cache` that their signatures were checked. The answers
    /// are the same.
    ///
    /// # Errors
    /// As [`Approvals::load`]; what cannot be kept is a [`Approvals::warning`].
    pub fn open(path: &Path, keys: &[TrustedKey], cache: Option<&Cache<'_>>) -> Result<Self> {
        countersign_io::regular(path).map_err(|e| lines::unreadable(path, &e))?;
        let mut file = File::open(path).map_err(|e| lines::unreadable(path, &e))?;
        // A lock keeps us from seeing half of somebody's append; where none can be had, the chain still tells.
        let locked = file.lock_shared().is_ok();
        let indexed = checked::index(path, &mut file, cache);
        if locked {
            let _ = file.unlock();
        }
        let (index, warning) = indexed?;
        Ok(Self {
            path: path.to_owned(),
            file,
            keys: keys.to_vec(),
            working_directory: PathBuf::new(),
            index,
            recent: Mutex::default(),
            failure: OnceLock::new(),
            warning,
            first: 0,
            others: Vec::new(),
        })
    }

    /// Relative paths of assets start from this folder: records may name their whole paths.
    #[must_use]
    pub fn in_directory(mut self, working_directory: &Path) -> Self {
        working_directory.clone_into(&mut self.working_directory);
        self
    }

    /// With a further ledger. Its records count as those of the first one do; what withdraws or denies the same bytes ends
    /// a record of another ledger that was not decided on a later day, if its grade is no lower.
    #[must_use]
    pub fn with(mut self, mut other: Self) -> Self {
        other.first = self.len();
        self.others.push(other);
        self
    }

    /// The ledgers, the first one first.
    fn ledgers(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    /// The ledger that holds the record of this number.
    fn ledger_of(&self, number: usize) -> &Self {
        self.others.iter().rev().find(|other| other.first <= number).unwrap_or(self)
    }

    /// Whether two records are of one ledger.
    pub(super) fn are_together(&self, one: &LedgerEntry, other: &LedgerEntry) -> bool {
        self.ledger_of(one.index).first == self.ledger_of(other.index).first
    }

    /// The ledger's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why it could not be remembered that signatures were checked, where it could not.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.ledgers().find_map(|ledger| ledger.warning.as_deref())
    }

    /// Whether everything that was asked since the ledger was opened could be answered.
    ///
    /// # Errors
    /// [`Error::Ledger`] where a line is not any more what it was.
    pub fn check_ledger_intact(&self) -> Result<()> {
        self.ledgers().try_for_each(|ledger| match ledger.failure.get() {
            Some(line) => Err(lines::changed(&ledger.path, *line)),
            None => Ok(()),
        })
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ledgers().map(|ledger| ledger.index.end.records).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All records, in the ledger's order, each read when it is asked for.
    pub fn records(&self) -> impl Iterator<Item = Arc<LedgerEntry>> {
        (0..self.len()).filter_map(|number| self.ledger_of(number).read(number)).map(|(known, _)| Arc::new(known))
    }

    /// Numbers of the records that allow or tell something on this day.
    #[must_use]
    pub fn in_force(&self, as_of: NaiveDate) -> Vec<usize> {
        self.ledgers().flat_map(|ledger| ledger.own_in_force(as_of)).collect()
    }

    fn own_in_force(&self, as_of: NaiveDate) -> Vec<usize> {
        let number = |line: usize| self.first + line - 1;
        let ended = |line: usize| {
            self.index.endings(line).iter().any(|e| e.whole && e.decided_on <= as_of)
                && self.own(number(line)).is_some_and(|known| self.enders(&known, as_of).any(|(whole, _)| whole))
        };
        self.index.allowing(as_of).filter(|line| !ended(*line)).map(number).collect()
    }

    /// The records that ended this one by this day, the latest first, and whether they did so as a whole. A record is ended
    /// only by one whose grade is no lower than its own.
    fn enders(&self, known: &LedgerEntry, as_of: NaiveDate) -> impl Iterator<Item = (bool, Arc<LedgerEntry>)> {
        let ledger = self.ledger_of(known.index);
        let by_then = known.ended_by.iter().rev().filter(move |e| e.decided_on <= as_of);
        by_then.filter_map(move |e| Some((e.whole, ledger.ending(e)?))).filter(|(_, by)| by.grade >= known.grade)
    }

    /// Records that would have ended this one by this day if their grade were not lower than its own.
    pub fn too_weak_to_end(&self, known: &LedgerEntry, as_of: NaiveDate) -> impl Iterator<Item = Arc<LedgerEntry>> {
        let ledger = self.ledger_of(known.index);
        let by_then = known.ended_by.iter().filter(move |e| e.decided_on <= as_of);
        by_then.filter_map(move |e| ledger.ending(e)).filter(|by| by.grade < known.grade)
    }

    /// The state of one record as a whole on a day: `in force`, `not yet`, `expired`, or what ended it.
    #[must_use]
    pub fn state(&self, known: &LedgerEntry, as_of: NaiveDate) -> String {
        let record = &known.record;
        let last = self.enders(known, as_of).next();
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
        self.ledgers().find_map(|ledger| {
            let mut known = ledger.index.by_id(id).filter_map(|line| ledger.on_line(line));
            known.find(|known| known.record.id.trim_end() == id.trim_end())
        })
    }

    /// The ids of all records.
    #[must_use]
    pub fn ids(&self) -> HashSet<String> {
        self.records().map(|known| known.record.id.clone()).collect()
    }

    /// Whether a record is about the bytes with this digest.
    #[must_use]
    pub fn holds(&self, sha256: &str) -> bool {
        self.ledgers().any(|ledger| !ledger.index.by_digest(sha256).is_empty())
    }

    /// The records about the bytes with this digest.
    #[must_use]
    pub fn about(&self, sha256: &str) -> Vec<Arc<LedgerEntry>> {
        let of = |ledger: &Self| -> Vec<_> {
            ledger.index.by_digest(sha256).into_iter().filter_map(|line| ledger.on_line(line)).collect()
        };
        self.ledgers().flat_map(of).collect()
    }

    /// What the report says of the ledger.
    #[must_use]
    pub fn reference(&self) -> ApprovalsRef {
        let path = self.path.to_string_lossy().into_owned();
        ApprovalsRef { path, head: self.head().to_owned(), records: self.index.end.records }
    }

    /// The same of the further ledgers.
    #[must_use]
    pub fn further_references(&self) -> Vec<ApprovalsRef> {
        self.others.iter().map(Self::reference).collect()
    }

    /// Whether a record's path hint fits this asset.
    #[must_use]
    pub fn name(&self, asset: &Asset) -> bool {
        self.ledgers().any(|ledger| !ledger.by_path(asset).is_empty())
    }

    /// Lines whose path hints fit, and whether one that fits stands without a digest.
    fn by_path(&self, asset: &Asset) -> BTreeMap<usize, bool> {
        let paths = paths::Paths::of(asset, &self.working_directory);
        let mut out = BTreeMap::new();
        for named in self.index.by_name(paths.keys()) {
            if paths.fit(named.name) {
                *out.entry(named.line).or_default() |= named.without_digest;
            }
        }
        out
    }

    /// The records about this asset; `sha256` is the digest of its bytes in hex, where it was computed.
    #[must_use]
    pub fn matches(&self, asset: &Asset, sha256: Option<&str>) -> Matches<'_> {
        let rows = self.ledgers().flat_map(|ledger| ledger.own_matches(asset, sha256)).collect();
        Matches { rows, all: Some(self), sha256: sha256.map(str::to_lowercase) }
    }

    fn own_matches(&self, asset: &Asset, sha256: Option<&str>) -> Vec<(Arc<LedgerEntry>, MatchKind)> {
        let by_digest = sha256.map(|hex| self.index.by_digest(hex)).unwrap_or_default();
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
        found.into_iter().filter_map(|(line, by)| Some((self.on_line(line)?, by))).collect()
    }

    /// The record with this number; `None` is a failure that is noted.
    pub(crate) fn known(&self, number: usize) -> Option<Arc<LedgerEntry>> {
        self.ledger_of(number).own(number)
    }

    /// The record on this line of this ledger.
    fn on_line(&self, line: usize) -> Option<Arc<LedgerEntry>> {
        self.own(self.first + line.checked_sub(1)?)
    }

    /// The record of this ledger with this number.
    fn own(&self, number: usize) -> Option<Arc<LedgerEntry>> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = recent().rows.get(&number) {
            return Some(Arc::clone(known));
        }
        let (known, bytes) = self.read(number)?;
        let known = Arc::new(known);
        let mut recent = recent();
        if recent.bytes.saturating_add(bytes) > limits::RECORDS {
            *recent = Recent::default();
        }
        recent.bytes = recent.bytes.saturating_add(bytes);
        recent.rows.insert(number, Arc::clone(&known));
        Some(known)
    }

    fn ending(&self, ending: &Ending) -> Option<Arc<LedgerEntry>> {
        self.on_line(ending.by)
    }

    /// Reads one line again, and checks that it is the one that was indexed.
    fn read(&self, number: usize) -> Option<(LedgerEntry, usize)> {
        let line = number.checked_sub(self.first)? + 1;
        let place = self.index.place(line);
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
            let _ = self.failure.set(line);
            return None;
        };
        let (grade, signers) = grade(&record, &signed, &self.keys);
        let ended_by = self.index.endings(line);
        Some((LedgerEntry { index: number, record, grade, signers, ended_by }, text.map_or(0, |t| t.len())))
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
