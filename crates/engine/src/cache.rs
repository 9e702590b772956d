//! Facts that earlier runs read, kept in an SQLite file of the user's choice and found again by what a file is.
//!
//! A key is the SHA-256 of everything facts depend on: the file's identity (path, device, inode, size, times of
//! modification and of status change), the same of its sidecars, the shape of facts, the program, the versions of its
//! readers and decoders, the catalogue of marks, and the options of extraction. Whatever changes gives another key; nothing is ever looked up
//! by name alone. A member of an archive is known by the archive's file, its path, and its place, length and checksum there.
//!
//! Not kept: what has Content Credentials (they are verified afresh: trust and files beside it count too), what could
//! not be read, and what changed within the last two seconds, when a further change may leave no trace.
//!
//! A cache that fails is a cache that is not there: the run goes on without it, and says so at its end.

mod hashes;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::extract;
use countersign_io::{Stat, asset_budget, stat_of};
use countersign_judge::marks::Catalogue;
use countersign_media::decoders;
use countersign_media::formats;
use countersign_media::framing::deflate;
use countersign_model::error::{Error, Result};
use countersign_model::limits;
use countersign_model::{Asset, FACTS_SCHEMA, Facts, ProblemKind};

pub use hashes::{HashesKey, KeptHashes};

/// Marks an SQLite file as ours (`PRAGMA application_id`): "CSfc".
const APPLICATION: i32 = 0x4353_6663;
/// Raised when the tables change.
const VERSION: i32 = 2;
/// Rows written together.
const ROWS: usize = 512;
/// Days that facts are kept after they were last of use.
const KEPT: i64 = 90;
/// How long another run may hold the file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// A file that changed less than this ago may change again within the same tick of its clock.
const SETTLED: Duration = Duration::from_secs(2);

type Key = [u8; 32];

/// A member of an archive, and what tells it from all others.
#[derive(Debug)]
pub struct MemberKey<'a> {
    /// The member as an asset; its path names it below the archive.
    pub asset: &'a Asset,
    /// The file that holds the archive, however deep.
    pub archive: &'a Path,
    /// That file as the walk saw it.
    pub seen: &'a Stat,
    /// Where in the archive its bytes are, their number and their checksum, and those of what stands beside it; `None`
    /// for what cannot be told apart.
    pub what: Option<String>,
}

/// An open cache, shared by all threads of a run.
///
/// ```
/// use countersign_engine::cache::Cache;
/// use countersign_engine::extract;
/// use countersign_model::Asset;
///
/// let folder = tempfile::tempdir().unwrap();
/// let cache = Cache::open(&folder.path().join("facts.sqlite"), &std::env::current_dir().unwrap())?;
/// let path = std::path::Path::new("../../fixtures/formats/aigc.png");
/// let asset = Asset::new(path.into(), "aigc.png".to_owned(), 0, path.metadata().unwrap().len(), None);
/// let options = extract::Options::default();
/// let read = || extract::facts(path, &[], &options);
/// let facts = cache.facts(&asset, &options, read);
/// // A later run gets the same, from the disk or from the file: nobody sees which.
/// assert_eq!(cache.facts(&asset, &options, read), facts);
/// assert_eq!(cache.close(), None);
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Cache {
    basis: Vec<u8>,
    /// The folder that relative paths start from.
    working_directory: PathBuf,
    today: i64,
    state: Mutex<State>,
    found: AtomicU64,
}

#[derive(Debug)]
struct State {
    /// `None` once it has failed.
    connection: Option<Connection>,
    waiting: Vec<Row>,
    /// Keys and hashes of pictures to keep.
    hashes: Vec<(Key, Vec<u8>)>,
    trouble: Option<String>,
}

/// Facts to keep, or (without them) a key that was of use today.
#[derive(Debug)]
struct Row {
    key: Key,
    facts: Option<Vec<u8>>,
}

impl Cache {
    /// Opens or makes the cache at `path`; relative paths of assets start from `working_directory`.
    ///
    /// # Errors
    /// A file that is no cache of ours (it is left alone), or that cannot be opened or made.
    pub fn open(path: &Path, working_directory: &Path) -> Result<Self> {
        let refused = |what: String| Error::File {
            path: path.to_path_buf(),
            what: format!("cannot be used as a cache: {what}"),
            hint: "name a file of its own for --cache, or remove this one".to_owned(),
        };
        let connection = Connection::open(path).map_err(|e| refused(e.to_string()))?;
        prepare(&connection).map_err(|e| refused(e.to_string()))?.map_err(|what| refused(what.to_owned()))?;
        let state = State { connection: Some(connection), waiting: Vec::new(), hashes: Vec::new(), trouble: None };
        let (working_directory, state) = (working_directory.to_path_buf(), Mutex::new(state));
        Ok(Self { basis: basis(), working_directory, today: today(), state, found: AtomicU64::new(0) })
    }

    /// The facts of an asset that is read by these options: those that are kept, else those that `read` gives.
    pub fn facts(&self, asset: &Asset, asked: &extract::Options, read: impl FnOnce() -> Facts) -> Facts {
        self.known(|| self.key(asset, asked), || (read(), true))
    }

    /// As [`Cache::facts`], for a member of an archive; `read` also says whether the facts are all that reading tells.
    pub fn member(
        &self,
        member: &MemberKey<'_>,
        asked: &extract::Options,
        read: impl FnOnce() -> (Facts, bool),
    ) -> Facts {
        self.known(|| self.member_key(member, asked), read)
    }

    fn known(&self, key: impl Fn() -> Option<(Key, bool)>, read: impl FnOnce() -> (Facts, bool)) -> Facts {
        let Some((found, settled)) = key() else { return read().0 };
        if let Some(facts) = self.find(&found) {
            self.found.fetch_add(1, Ordering::Relaxed);
            return facts;
        }
        let (facts, all) = read();
        // A change while it was read shows in the key.
        if all && settled && lasting(&facts) && key().is_some_and(|(after, _)| after == found) {
            self.keep(found, &facts);
        }
        facts
    }

    /// The key of a member: the archive's file, the paths that lead to the member, and what the archive says of it.
    fn member_key(&self, member: &MemberKey<'_>, asked: &extract::Options) -> Option<(Key, bool)> {
        let what = member.what.as_deref()?;
        if member.asset.sidecars.iter().any(|sidecar| is_store(sidecar)) {
            return None;
        }
        let stat = stat_of(&std::fs::metadata(member.archive).ok()?);
        if !member.seen.still(&stat) {
            return None;
        }
        let mut digest = self.digest(asked);
        self.identify(&mut digest, member.archive, &stat)?;
        let path = member.asset.path.as_os_str().as_encoded_bytes();
        digest.update(format!("member\0{}\0", path.len()));
        digest.update(path);
        digest.update(what);
        Some((digest.finalize().into(), is_settled(&stat)))
    }

    fn identify(&self, digest: &mut Sha256, path: &Path, stat: &Stat) -> Option<()> {
        let path: PathBuf = std::path::absolute(self.working_directory.join(path)).ok()?;
        let path = path.as_os_str().as_encoded_bytes();
        digest.update((path.len() as u64).to_le_bytes());
        digest.update(path);
        let row = format!("{}\0{:?}\0{:?}:{:?}\n", stat.len, stat.modified, stat.identity, stat.changed);
        digest.update(row.as_bytes());
        Some(())
    }

    fn digest(&self, asked: &extract::Options) -> Sha256 {
        let mut digest = Sha256::new();
        digest.update(&self.basis);
        digest.update(format!("{:?}\0{}\0", asked.decoders, asked.catalogue.sha256()));
        digest
    }

    /// How many files were not read because their facts were known.
    #[must_use]
    pub fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// Writes what is waiting and forgets what was of no use for long; says what went wrong, if anything did.
    #[must_use]
    pub fn close(&self) -> Option<String> {
        let mut state = self.state();
        state.flush(self.today);
        if let Some(connection) = &state.connection {
            let old = ["DELETE FROM facts WHERE used < ?1", "DELETE FROM hashes WHERE used < ?1"]
                .iter()
                .try_for_each(|old| connection.execute(old, params![self.today - KEPT]).map(|_| ()));
            state.fails(old.err());
        }
        state.trouble.clone()
    }

    /// The key of what the walk saw, and whether it has not changed for a while; `None` where it changed since.
    fn key(&self, asset: &Asset, asked: &extract::Options) -> Option<(Key, bool)> {
        let stat = stat_of(&std::fs::metadata(&asset.path).ok()?);
        if !crate::walk::stat_of(asset).still(&stat) {
            return None;
        }
        let mut settled = is_settled(&stat);
        let mut digest = self.digest(asked);
        self.identify(&mut digest, &asset.path, &stat)?;
        for sidecar in &asset.sidecars {
            // A store beside the asset is weighed against its neighbors.
            if is_store(sidecar) {
                return None;
            }
            let stat = stat_of(&std::fs::metadata(sidecar).ok()?);
            settled &= is_settled(&stat);
            self.identify(&mut digest, sidecar, &stat)?;
        }
        Some((digest.finalize().into(), settled))
    }

    fn find(&self, key: &Key) -> Option<Facts> {
        let mut state = self.state();
        let connection = state.connection.as_ref()?;
        let row = connection.prepare_cached("SELECT facts, used FROM facts WHERE key = ?1").and_then(|mut query| {
            let columns = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?));
            query.query_row(params![key], columns).optional()
        });
        let (packed, used) = match row {
            Ok(row) => row?,
            Err(error) => {
                state.fails(Some(error));
                return None;
            }
        };
        if used != self.today {
            state.waiting.push(Row { key: *key, facts: None });
        }
        drop(state);
        let (plain, None) = deflate::zlib(&packed, limits::INFLATED) else { return None };
        serde_json::from_slice(&plain).ok()
    }

    fn keep(&self, key: Key, facts: &Facts) {
        let Some(packed) = packed(facts) else { return };
        let mut state = self.state();
        state.waiting.push(Row { key, facts: Some(packed) });
        if state.waiting.len() >= ROWS {
            state.flush(self.today);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn flush(&mut self, today: i64) {
        let (rows, hashes) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.hashes));
        let Some(connection) = self.connection.as_mut() else { return };
        let written = write(connection, &rows, &hashes, today);
        self.fails(written.err());
    }

    fn fails(&mut self, error: Option<rusqlite::Error>) {
        let Some(error) = error else { return };
        self.connection = None;
        self.trouble.get_or_insert_with(|| error.to_string());
    }
}

fn write(connection: &mut Connection, rows: &[Row], hashes: &[(Key, Vec<u8>)], today: i64) -> rusqlite::Result<()> {
    let all = connection.transaction()?;
    {
        let mut keep = all.prepare_cached("INSERT OR REPLACE INTO facts (key, facts, used) VALUES (?1, ?2, ?3)")?;
        let mut touch = all.prepare_cached("UPDATE facts SET used = ?2 WHERE key = ?1")?;
        for row in rows {
            match &row.facts {
                Some(facts) => keep.execute(params![row.key, facts, today])?,
                None => touch.execute(params![row.key, today])?,
            };
        }
        let mut keep = all.prepare_cached("INSERT OR REPLACE INTO hashes (key, hashes, used) VALUES (?1, ?2, ?3)")?;
        for (key, hashes) in hashes {
            keep.execute(params![key, hashes, today])?;
        }
    }
    all.commit()
}

/// Makes the table in a new file, or anew in one of an older version; the inner error is a file that is not ours.
fn prepare(connection: &Connection) -> rusqlite::Result<std::result::Result<(), &'static str>> {
    connection.busy_timeout(LOCK_TIMEOUT)?;
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i32>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && number("application_id")? != APPLICATION {
        return Ok(Err("it holds another program's data"));
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    if tables > 0 && number("user_version")? == VERSION {
        return Ok(Ok(()));
    }
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; DROP TABLE IF EXISTS facts; DROP TABLE IF EXISTS hashes;
         CREATE TABLE facts (key BLOB PRIMARY KEY, facts BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
         CREATE TABLE hashes (key BLOB PRIMARY KEY, hashes BLOB NOT NULL, used INTEGER NOT NULL);
         PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;"
    ))?;
    Ok(Ok(()))
}

/// Whether the same bytes will give the same facts in another run.
fn lasting(facts: &Facts) -> bool {
    let passing = |kind| matches!(kind, ProblemKind::Io | ProblemKind::Changed | ProblemKind::Panic);
    // What was too much for a budget of time may fit into it another day.
    let whole = asset_budget::excess().is_none();
    whole && facts.c2pa.is_none() && !facts.problems.iter().any(|p| passing(p.kind))
}

fn packed(facts: &Facts) -> Option<Vec<u8>> {
    let plain = serde_json::to_vec(facts).ok().filter(|plain| plain.len() <= limits::INFLATED)?;
    let mut to = ZlibEncoder::new(Vec::new(), Compression::fast());
    to.write_all(&plain).ok()?;
    to.finish().ok()
}

fn versions() -> Vec<String> {
    let readers = formats::ALL.iter().map(|f| (f.info().id.as_str(), f.info().version));
    let decoders = decoders::ALL.iter().map(|d| (d.id, d.version));
    readers.chain(decoders).map(|(id, version)| format!("{id}={version}")).collect()
}

/// The readers with their versions and the marks that are looked for: what facts depend on wherever they are made.
#[must_use]
pub fn readers(catalogue: &Catalogue) -> String {
    format!("{FACTS_SCHEMA} {} {} {}", env!("CARGO_PKG_VERSION"), versions().join(","), catalogue.sha256())
}

/// What all facts of this run depend on, whatever the file.
fn basis() -> Vec<u8> {
    let versions = versions();
    let program = std::env::current_exe().and_then(|path| path.metadata()).ok();
    let program = program.map(|meta| (meta.len(), stat_of(&meta).modified));
    let version = env!("CARGO_PKG_VERSION");
    format!("{FACTS_SCHEMA}\0{version}\0{program:?}\0{}", versions.join(",")).into_bytes()
}

fn is_store(sidecar: &Path) -> bool {
    sidecar.extension().is_some_and(|e| e.eq_ignore_ascii_case("c2pa"))
}

fn is_settled(stat: &Stat) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
    let long_ago = |time: i128| now.saturating_sub(time) >= SETTLED.as_nanos() as i128;
    stat.modified.is_some_and(long_ago) && stat.changed.is_none_or(long_ago)
}

/// Days since 1970.
fn today() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (since.as_secs() / 86_400) as i64
}
