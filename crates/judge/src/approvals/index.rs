//! What matching needs of every record, in memory: where its line stands, which bytes and paths it is about, what ends it.
//!
//! It is made from the ledger's own lines on every run and kept nowhere: nobody can take a row out of it, or put one in,
//! but by an append to the ledger. What a record says is read again from its line, whose digest and signatures are checked
//! when it is read. That no line is missing the chain proves: each names its number and the digest of the one before.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use chrono::NaiveDate;

use super::lines::{self, End, Entry, Lines};
use super::outline::{LineOutline, digest_key, id_key};
use super::{Decision, paths};
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
    digests: Vec<[u8; 32]>,
    bare: Vec<String>,
}

/// An index that grows line by line.
#[derive(Default)]
pub(super) struct Growing {
    index: Index,
    enders: Vec<Ender>,
}

impl Growing {
    /// Takes up the next line.
    pub(super) fn add(&mut self, place: Place, said: LineOutline) {
        let line = u32::try_from(said.sequence).unwrap_or(u32::MAX);
        let index = &mut self.index;
        index.ids.push((said.id, line));
        let mut digests: Vec<[u8; 32]> = said.subjects.iter().filter_map(|s| s.digest).collect();
        digests.sort_unstable();
        digests.dedup();
        index.digests.extend(digests.iter().map(|digest| (*digest, line)));
        for subject in said.subjects.iter().filter(|s| !s.name.is_empty()) {
            let (start, length) = (index.text.len() as u64, u32::try_from(subject.name.len()).unwrap_or(u32::MAX));
            index.text.push_str(&subject.name);
            let without_digest = subject.digest.is_none();
            index.names.push(Name { key: subject.key, line, length, start, without_digest });
        }
        index.rows.push(Row {
            place,
            decides: matches!(said.decision, Decision::Denied | Decision::Revoked),
            decided_on: said.decided_on,
            expires_on: said.expires_on,
            digests: u32::try_from(digests.len()).unwrap_or(u32::MAX),
            bare: said.subjects.iter().any(|s| s.digest.is_none()),
        });
        self.enders.extend(ender(said, line, digests));
    }

    /// The index of all lines, which end here; `None` where two records have one id.
    pub(super) fn finish(self, end: End) -> Option<Index> {
        let Self { mut index, enders } = self;
        index.end = end;
        index.ids.sort_unstable();
        index.digests.sort_unstable();
        index.names.sort_unstable_by_key(|name| (name.key, name.line, name.start));
        for ender in &enders {
            index.end_earlier(ender);
        }
        let mut pairs = index.ids.windows(2);
        let twice = pairs.any(|pair| pair.first().map(|row| row.0) == pair.last().map(|row| row.0));
        (!twice).then_some(index)
    }
}

impl Index {
    /// An index over all that `lines` hold.
    pub(super) fn over(path: &Path, lines: &mut Lines<impl Read>) -> Result<Self> {
        let (mut growing, mut seen) = (Growing::default(), HashSet::new());
        while let Some(entry) = lines.next()? {
            if !seen.insert(id_key(&entry.record.id)) {
                return Err(lines::taken(path, entry.line, &entry.record.id));
            }
            growing.add(place(&entry), LineOutline::of(&entry.record, entry.line as u64));
        }
        let records = lines.end().records;
        growing.finish(lines.end().clone()).ok_or_else(|| lines::changed(path, records))
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

    /// Where the last line begins.
    pub(super) fn last(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.place.offset)
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

/// Where a line stands that was read as a whole.
pub(super) fn place(entry: &Entry) -> Place {
    Place { offset: entry.offset, length: entry.length, digest: entry.digest }
}

fn ender(said: LineOutline, line: u32, digests: Vec<[u8; 32]>) -> Option<Ender> {
    // A withdrawal that names records ends those alone, whatever else it is about.
    let same = said.decision == Decision::Denied || (said.decision == Decision::Revoked && said.supersedes.is_empty());
    if !same && said.supersedes.is_empty() {
        return None;
    }
    let bare = said.subjects.into_iter().filter(|s| same && s.digest.is_none() && !s.name.is_empty());
    Some(Ender {
        line,
        decided_on: said.decided_on,
        supersedes: said.supersedes,
        same,
        digests: if same { digests } else { Vec::new() },
        bare: bare.map(|s| s.name).collect(),
    })
}

/// The rows with this key, of rows that are sorted by it.
fn of_key<T, K: Ord + Copy>(rows: &[T], key: K, of: impl Fn(&T) -> K) -> &[T] {
    let from = rows.partition_point(|row| of(row) < key);
    let count = rows.get(from..).unwrap_or_default().partition_point(|row| of(row) == key);
    rows.get(from..from + count).unwrap_or_default()
}
