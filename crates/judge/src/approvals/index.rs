//! What matching needs of every record, in memory: where its line stands, which bytes and paths it is about, what ends it.
//!
//! It is made from the ledger's own lines on every run and kept nowhere: nobody can take a row out of it, or put one in,
//! but by an append to the ledger. What a record says is read again from its line, whose digest and signatures are checked
//! when it is read. That no line is missing the chain proves: each names its number and the digest of the one before.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use chrono::NaiveDate;
use data_encoding::HEXLOWER_PERMISSIVE;
use sha2::{Digest, Sha256};

use super::lines::{self, End, Entry, Lines};
use super::{Decision, Record, Subject, paths};
use countersign_model::error::Result;

/// Where a line stands, and what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: usize,
    pub(super) digest: [u8; 32],
}

/// How a later record ends an earlier one, if its grade does.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'i> {
    pub(super) line: usize,
    pub(super) name: &'i str,
    /// Whether it has no SHA-256.
    pub(super) without_digest: bool,
}

/// What is known of one line.
#[derive(Debug)]
struct Row {
    place: Place,
    /// Denies or withdraws.
    decides: bool,
    decided_on: NaiveDate,
    expires_on: Option<NaiveDate>,
    /// SHA-256 digests that it is about.
    digests: u32,
    /// Whether a subject has none.
    bare: bool,
}

/// A name of a subject: where it stands among all names, one behind the other.
#[derive(Debug)]
struct Name {
    key: i64,
    line: u32,
    length: u32,
    start: u64,
    without_digest: bool,
}

/// An index over all lines of a ledger.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) end: End,
    rows: Vec<Row>,
    /// The first bytes of the digest of an id, and its line; sorted.
    ids: Vec<(u64, u32)>,
    /// Sorted.
    digests: Vec<([u8; 32], u32)>,
    /// Sorted by key and line.
    names: Vec<Name>,
    text: String,
    endings: HashMap<u32, Vec<Ending>>,
}

/// What an earlier line is ended by, until all lines are known.
struct Ender {
    line: u32,
    decided_on: NaiveDate,
    supersedes: Vec<u64>,
    /// Whether it ends what is about the same bytes, too.
    same: bool,
    digests: BTreeSet<[u8; 32]>,
    bare: Vec<String>,
}

impl Index {
    /// An index over all that `lines` hold; told of each line.
    pub(super) fn over(path: &Path, lines: &mut Lines<impl Read>, mut each: impl FnMut(&Entry)) -> Result<Self> {
        let (mut out, mut enders) = (Self::default(), Vec::new());
        let mut seen = HashSet::new();
        while let Some(entry) = lines.next()? {
            let key = id_key(&entry.record.id);
            if !seen.insert(key) {
                return Err(lines::taken(path, entry.line, &entry.record.id));
            }
            each(&entry);
            enders.extend(out.add(&entry, key));
        }
        drop(seen);
        out.end = lines.end().clone();
        out.ids.sort_unstable();
        out.digests.sort_unstable();
        out.names.sort_unstable_by_key(|name| (name.key, name.line, name.start));
        for ender in &enders {
            out.end_earlier(ender);
        }
        Ok(out)
    }

    fn add(&mut self, entry: &Entry, id: u64) -> Option<Ender> {
        let record = &entry.record;
        let line = u32::try_from(entry.line).unwrap_or(u32::MAX);
        let digests: BTreeSet<_> = record.sha256().map(digest_key).collect();
        self.ids.push((id, line));
        self.digests.extend(digests.iter().map(|digest| (*digest, line)));
        for subject in record.subjects.iter().filter(|s| !s.name.is_empty()) {
            let (start, length) = (self.text.len() as u64, u32::try_from(subject.name.len()).unwrap_or(u32::MAX));
            self.text.push_str(&subject.name);
            let (key, without_digest) = (paths::key(&subject.name), subject.sha256().is_none());
            self.names.push(Name { key, line, length, start, without_digest });
        }
        let decides = matches!(record.decision, Decision::Denied | Decision::Revoked);
        self.rows.push(Row {
            place: Place { offset: entry.offset, length: entry.length, digest: entry.digest },
            decides,
            decided_on: record.decided_on,
            expires_on: record.expires_on,
            digests: u32::try_from(digests.len()).unwrap_or(u32::MAX),
            bare: record.subjects.iter().any(|s| s.sha256().is_none()),
        });
        ender(record, line, digests)
    }

    /// Notes which earlier records this one may end: those it names; for a denial, and for a withdrawal that names none,
    /// also all about the same bytes (the same path, where it has no digest).
    fn end_earlier(&mut self, ender: &Ender) {
        let mut ended: BTreeMap<u32, bool> = BTreeMap::new();
        for key in &ender.supersedes {
            ended.extend(of_key(&self.ids, *key, |row| row.0).iter().map(|(_, line)| (*line, true)));
        }
        if ender.same {
            let mut shared: BTreeMap<u32, u32> = BTreeMap::new();
            for digest in &ender.digests {
                for (_, line) in of_key(&self.digests, *digest, |row| row.0) {
                    *shared.entry(*line).or_default() += 1;
                }
            }
            for (line, count) in shared {
                let row = self.row(line as usize);
                *ended.entry(line).or_default() |= row.is_some_and(|row| row.digests == count && !row.bare);
            }
            for name in &ender.bare {
                for other in self.by_key(paths::key(name)).filter(|other| other.name == name.as_str()) {
                    ended.insert(u32::try_from(other.line).unwrap_or(u32::MAX), true);
                }
            }
        }
        for (line, whole) in ended.into_iter().filter(|(line, _)| *line < ender.line) {
            let ending = Ending { by: ender.line as usize, whole, decided_on: ender.decided_on };
            self.endings.entry(line).or_default().push(ending);
        }
    }

    fn row(&self, line: usize) -> Option<&Row> {
        self.rows.get(line.checked_sub(1)?)
    }

    fn by_key(&self, key: i64) -> impl Iterator<Item = Named<'_>> {
        of_key(&self.names, key, |name| name.key).iter().filter_map(|name| {
            let start = usize::try_from(name.start).ok()?;
            let text = self.text.get(start..start + name.length as usize)?;
            Some(Named { line: name.line as usize, name: text, without_digest: name.without_digest })
        })
    }

    /// Lines of the records about the bytes with this digest, in order.
    pub(super) fn by_digest(&self, sha256: &str) -> Vec<usize> {
        of_key(&self.digests, digest_key(sha256), |row| row.0).iter().map(|(_, line)| *line as usize).collect()
    }

    /// Subjects whose names end as these keys tell ([`paths::key`]).
    pub(super) fn by_name(&self, keys: [i64; 2]) -> impl Iterator<Item = Named<'_>> {
        let [first, second] = keys;
        let more = (first != second).then_some(second);
        self.by_key(first).chain(more.into_iter().flat_map(|key| self.by_key(key)))
    }

    /// Where a line stands.
    pub(super) fn place(&self, line: usize) -> Option<Place> {
        self.row(line).map(|row| row.place)
    }

    /// What may end the record on this line, in the ledger's order.
    pub(super) fn endings(&self, of: usize) -> Vec<Ending> {
        u32::try_from(of).ok().and_then(|line| self.endings.get(&line)).cloned().unwrap_or_default()
    }

    /// Lines of the records that allow or tell something on this day, in order, whatever may have ended them.
    pub(super) fn allowing(&self, as_of: NaiveDate) -> impl Iterator<Item = usize> {
        let on =
            move |row: &Row| !row.decides && row.decided_on <= as_of && row.expires_on.is_none_or(|last| last >= as_of);
        self.rows.iter().enumerate().filter(move |(_, row)| on(row)).map(|(index, _)| index + 1)
    }

    /// Lines of records that may have this id.
    pub(super) fn by_id(&self, id: &str) -> impl Iterator<Item = usize> {
        of_key(&self.ids, id_key(id), |row| row.0).iter().map(|(_, line)| *line as usize)
    }
}

fn ender(record: &Record, line: u32, digests: BTreeSet<[u8; 32]>) -> Option<Ender> {
    // A withdrawal that names records ends those alone, whatever else it is about.
    let same =
        record.decision == Decision::Denied || (record.decision == Decision::Revoked && record.supersedes.is_empty());
    if !same && record.supersedes.is_empty() {
        return None;
    }
    let without_digest = |s: &&Subject| s.sha256().is_none() && !s.name.is_empty();
    Some(Ender {
        line,
        decided_on: record.decided_on,
        supersedes: record.supersedes.iter().map(|id| id_key(id)).collect(),
        same,
        digests: if same { digests } else { BTreeSet::new() },
        bare: if same {
            record.subjects.iter().filter(without_digest).map(|s| s.name.clone()).collect()
        } else {
            vec![]
        },
    })
}

/// The rows with this key, of rows that are sorted by it.
fn of_key<T, K: Ord + Copy>(rows: &[T], key: K, of: impl Fn(&T) -> K) -> &[T] {
    let from = rows.partition_point(|row| of(row) < key);
    let count = rows.get(from..).unwrap_or_default().partition_point(|row| of(row) == key);
    rows.get(from..from + count).unwrap_or_default()
}

/// Blanks behind an id are no difference.
fn id_key(id: &str) -> u64 {
    let digest = Sha256::digest(id.trim_end().as_bytes());
    u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// The bytes of a SHA-256 that is written as one; whatever else stands in its place is found by its own.
fn digest_key(sha256: &str) -> [u8; 32] {
    let text = sha256.trim().to_lowercase();
    let hex = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    hex.unwrap_or_else(|| Sha256::digest(text.as_bytes()).into())
}
