//! Recorded decisions about files: the ledger that holds them, and which of them are about an asset.
//!
//! [`record`] is one decision, [`envelope`] its signed wrapping, [`keys`] what signs it, [`ledger`] the append-only file,
//! [`paths`] says when a path hint fits, [`standing`] what the records about one asset amount to on a day; [`import`] and
//! [`export`] exchange records with spreadsheets.

mod envelope;
pub mod export;
pub mod import;
pub mod keys;
pub mod ledger;
mod paths;
pub mod record;
pub mod standing;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::error::Result;
use crate::model::{ApprovalsRef, Asset};
use crate::policy::{Grade, TrustedKey};

pub use envelope::key_id;
pub use ledger::{Entry, Ledger};
pub use record::{Decision, Person, Record, Subject};
pub use standing::{Standing, Verdict};

/// A ledger, ready to be asked about assets.
#[derive(Debug)]
pub struct Approvals {
    path: PathBuf,
    head: String,
    /// The folder that relative paths of assets start from.
    here: PathBuf,
    entries: Vec<Known>,
    by_sha256: HashMap<String, Vec<usize>>,
    /// By the last part of a path hint, lower-case.
    by_name: HashMap<String, Vec<usize>>,
}

/// One record and what the ledger as a whole makes of it.
#[derive(Debug)]
pub struct Known {
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

/// How a later record ends an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ending {
    by: usize,
    /// False where it ends it for some of its subjects only: those that the later record is about.
    whole: bool,
}

/// How a record is about an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The digests are equal.
    Digest,
    /// The path fits and the record has no digest that could be compared.
    Path,
    /// The path fits, the digest is another one.
    OtherBytes,
}

/// The records about one asset, in the ledger's order.
#[derive(Debug, Default)]
pub struct Matches<'a> {
    pub rows: Vec<(&'a Known, By)>,
    all: &'a [Known],
    /// Digest of the asset's bytes, where it was computed.
    sha256: Option<String>,
}

impl Approvals {
    /// Reads the ledger at `path`; `keys` are those that the policy names.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub fn load(path: &Path, keys: &[TrustedKey]) -> Result<Self> {
        Ok(Self::new(Ledger::read(path)?, keys))
    }

    /// Indexes a ledger.
    #[must_use]
    pub fn new(ledger: Ledger, keys: &[TrustedKey]) -> Self {
        let mut out = Self {
            path: ledger.path,
            head: ledger.head,
            here: std::env::current_dir().unwrap_or_default(),
            entries: Vec::with_capacity(ledger.entries.len()),
            by_sha256: HashMap::new(),
            by_name: HashMap::new(),
        };
        let mut by_id = HashMap::new();
        for (index, Entry { record, keys: signed, .. }) in ledger.entries.into_iter().enumerate() {
            out.end_earlier(&record, index, &by_id);
            out.index(&record, index);
            by_id.insert(record.id.clone(), index);
            let trusted = keys.iter().filter(|k| signed.contains(&k.key) && k.valid_on(record.decided_on));
            let signers: Vec<String> = trusted.map(|k| k.name.clone()).collect();
            let grade = match (signers.is_empty(), signed.is_empty()) {
                (false, _) => Grade::SignedKnown,
                (true, true) => Grade::Imported,
                (true, false) => Grade::Signed,
            };
            out.entries.push(Known { index, record, grade, signers, ended_by: Vec::new() });
        }
        out
    }

    fn index(&mut self, record: &Record, index: usize) {
        let add = |map: &mut HashMap<String, Vec<usize>>, key: String| {
            let rows = map.entry(key).or_default();
            if rows.last() != Some(&index) {
                rows.push(index);
            }
        };
        for subject in &record.subjects {
            if let Some(hex) = subject.sha256() {
                add(&mut self.by_sha256, hex.to_lowercase());
            }
            if !subject.name.is_empty() {
                add(&mut self.by_name, paths::name(&subject.name));
            }
        }
    }

    /// Notes which earlier records this one ends: those it names, or, for a withdrawal or a denial that names none,
    /// all about the same bytes (the same path, where it has no digest).
    fn end_earlier(&mut self, record: &Record, index: usize, by_id: &HashMap<String, usize>) {
        let mut ended: Vec<(usize, bool)> =
            record.supersedes.iter().filter_map(|id| by_id.get(id)).map(|i| (*i, true)).collect();
        if record.supersedes.is_empty() && matches!(record.decision, Decision::Revoked | Decision::Denied) {
            for subject in &record.subjects {
                match subject.sha256() {
                    Some(hex) => {
                        let rows = self.by_sha256.get(&hex.to_lowercase()).into_iter().flatten();
                        ended.extend(rows.map(|i| (*i, self.is_within(*i, record))));
                    }
                    None => ended.extend(self.named_so(&subject.name).into_iter().map(|i| (i, true))),
                }
            }
        }
        ended.sort_unstable();
        ended.dedup();
        for (earlier, whole) in ended {
            if let Some(known) = self.entries.get_mut(earlier) {
                known.ended_by.push(Ending { by: index, whole });
            }
        }
    }

    /// Whether everything that the earlier record is about, the later one is about too.
    fn is_within(&self, earlier: usize, later: &Record) -> bool {
        let same = |a: &Subject| later.sha256().any(|hex| a.sha256().is_some_and(|own| own.eq_ignore_ascii_case(hex)));
        self.entries.get(earlier).is_some_and(|known| known.record.subjects.iter().all(same))
    }

    fn named_so(&self, name: &str) -> Vec<usize> {
        let rows = self.by_name.get(&paths::name(name)).map(Vec::as_slice).unwrap_or_default();
        let same = |i: &usize| self.entries.get(*i).is_some_and(|k| k.record.subjects.iter().any(|s| s.name == name));
        rows.iter().copied().filter(same).collect()
    }

    /// The ledger's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All records, in the ledger's order.
    #[must_use]
    pub fn records(&self) -> &[Known] {
        &self.entries
    }

    /// Numbers of the records that others ended by this day.
    #[must_use]
    pub fn ended(&self, as_of: NaiveDate) -> BTreeSet<usize> {
        let by = |e: &Ending| e.whole && self.entries.get(e.by).is_some_and(|k| k.record.decided_on <= as_of);
        self.entries.iter().filter(|k| k.ended_by.iter().any(by)).map(|k| k.index).collect()
    }

    /// The state of one record as a whole on a day: `in force`, `not yet`, `expired`, or what ended it.
    #[must_use]
    pub fn state(&self, known: &Known, as_of: NaiveDate) -> String {
        let record = &known.record;
        let enders = known.ended_by.iter().filter_map(|e| Some((e.whole, self.entries.get(e.by)?)));
        let last = enders.rev().find(|(_, k)| k.record.decided_on <= as_of);
        let word = |by: &Known| match by.record.decision {
            Decision::Revoked => "revoked",
            Decision::Denied => "denied",
            _ => "superseded",
        };
        match last {
            _ if record.decided_on > as_of => format!("from {}", record.decided_on),
            Some((true, by)) => format!("{} by {}", word(by), by.record.id),
            _ if record.expires_on.is_some_and(|day| day < as_of) => "expired".to_owned(),
            Some((false, by)) => format!("partly {} by {}", word(by), by.record.id),
            None => "in force".to_owned(),
        }
    }

    /// SHA-256 of the ledger's last line.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The record with this id.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Known> {
        self.entries.iter().find(|known| known.record.id == id)
    }

    /// What the report says of the ledger.
    #[must_use]
    pub fn reference(&self) -> ApprovalsRef {
        let path = self.path.to_string_lossy().into_owned();
        ApprovalsRef { path, head: self.head.clone(), records: self.entries.len() }
    }

    /// Whether a record's path hint fits this asset.
    #[must_use]
    pub fn name(&self, asset: &Asset) -> bool {
        let paths = paths::Paths::of(asset, &self.here);
        self.by_path(&paths).next().is_some()
    }

    fn by_path<'a, 'p>(&'a self, paths: &'p paths::Paths) -> impl Iterator<Item = &'a Known> + use<'a, 'p> {
        let rows = self.by_name.get(paths.name()).map(Vec::as_slice).unwrap_or_default();
        let known = rows.iter().filter_map(|i| self.entries.get(*i));
        known.filter(|k| k.record.subjects.iter().any(|s| paths.fit(&s.name)))
    }

    /// The records about this asset; `sha256` is the digest of its bytes in hex, where it was computed.
    #[must_use]
    pub fn matches(&self, asset: &Asset, sha256: Option<&str>) -> Matches<'_> {
        let paths = paths::Paths::of(asset, &self.here);
        let hex = sha256.map(str::to_lowercase);
        let by_digest = hex.as_ref().and_then(|h| self.by_sha256.get(h)).map(Vec::as_slice).unwrap_or_default();
        let digest = by_digest.iter().filter_map(|i| self.entries.get(*i)).map(|k| (k, By::Digest));
        let mut rows: Vec<_> = digest.collect();
        for known in self.by_path(&paths).filter(|k| by_digest.binary_search(&k.index).is_err()) {
            // A record of many files has this one's digest among the subjects of this name only.
            let fitting = || known.record.subjects.iter().filter(|s| paths.fit(&s.name));
            if fitting().any(|s| s.sha256().is_none()) {
                rows.push((known, By::Path));
            } else if hex.is_some() {
                rows.push((known, By::OtherBytes));
            }
        }
        rows.sort_by_key(|(known, _)| known.index);
        Matches { rows, all: &self.entries, sha256: hex }
    }
}
