//! Deliveries and their scans: the queue.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{Result, Store, now};
use crate::settle::Snapshot;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Still changing, or not quiet for long enough.
    Arriving,
    /// In the queue.
    Waiting,
    /// A process reads it.
    Scanning,
    /// Findings stand in its way.
    Held,
    /// Nothing stands in its way.
    Passed,
    /// It could not be judged.
    Failed,
}

impl State {
    /// As the database and the API spell it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Arriving => "arriving",
            Self::Waiting => "waiting",
            Self::Scanning => "scanning",
            Self::Held => "held",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }

    fn read(word: &str) -> Self {
        let all = [Self::Arriving, Self::Waiting, Self::Scanning, Self::Held, Self::Passed];
        all.into_iter().find(|state| state.word() == word).unwrap_or(Self::Failed)
    }
}

/// A folder below a watched root.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// Random; stands in addresses.
    pub id: String,
    /// The root's name.
    pub root: String,
    /// The folder's name below the root.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// Of the last look at it.
    pub digest: String,
    /// Since when nothing in it has changed, in seconds since the Unix epoch.
    pub quiet_since: i64,
    /// When it was first seen.
    pub first_seen: i64,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
    /// Why it failed.
    pub why: Option<String>,
    /// Whether the folder is not there any more.
    pub gone: bool,
}

/// One scan of a delivery.
#[derive(Clone, Debug, Serialize)]
pub struct Scan {
    /// Counts up; names the report.
    pub id: i64,
    /// Which delivery.
    pub delivery: String,
    /// Seconds since the Unix epoch.
    pub started: i64,
    /// Seconds since the Unix epoch, where it has ended.
    pub ended: Option<i64>,
    /// Exit code of the scan.
    pub code: Option<i64>,
    /// `pass`, `fail`, `incomplete`, as the report says.
    pub outcome: Option<String>,
    /// `summary` of the report.
    pub summary: Option<String>,
    /// Why there is no report.
    pub why: Option<String>,
}

/// What came of a scan.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Exit code.
    pub code: i64,
    /// As the report says.
    pub outcome: String,
    /// `summary` of the report, as JSON.
    pub summary: String,
    /// Why there is no report.
    pub why: Option<String>,
    /// What the delivery looked like when the scan ended.
    pub digest: String,
}

/// What hooks are told of a state: kind and body.
pub type Told<'a> = dyn Fn(State) -> Vec<(&'static str, String)> + 'a;

const DELIVERY: &str = "id, root, name, state, digest, quiet_since, first_seen, files, bytes, why, gone";

fn delivery(row: &Row<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        root: row.get(1)?,
        name: row.get(2)?,
        state: State::read(&row.get::<_, String>(3)?),
        digest: row.get(4)?,
        quiet_since: row.get(5)?,
        first_seen: row.get(6)?,
        files: row.get::<_, i64>(7)?.unsigned_abs(),
        bytes: row.get::<_, i64>(8)?.unsigned_abs(),
        why: row.get(9)?,
        gone: row.get(10)?,
    })
}

const SCAN: &str = "id, delivery, started, ended, code, outcome, summary, why";

fn scan(row: &Row<'_>) -> Result<Scan> {
    Ok(Scan {
        id: row.get(0)?,
        delivery: row.get(1)?,
        started: row.get(2)?,
        ended: row.get(3)?,
        code: row.get(4)?,
        outcome: row.get(5)?,
        summary: row.get(6)?,
        why: row.get(7)?,
    })
}

/// What a folder below a watched root is known by.
#[derive(Clone, Copy, Debug)]
pub struct FolderName<'a> {
    /// The root's name.
    pub root: &'a str,
    /// The folder's name below the root.
    pub name: &'a str,
    /// The delivery's id where it is not known yet.
    pub new_id: &'a str,
}

impl Store {
    /// Notes what a delivery looks like now, and puts it into the queue where it has come to rest and was not judged in this
    /// state. Returns its id, and whether its state has changed.
    ///
    /// # Errors
    /// The database's.
    pub fn seen(&self, folder: FolderName<'_>, look: &Snapshot, settle: i64) -> Result<(String, bool)> {
        let FolderName { root, name, new_id } = folder;
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let now = now();
        transaction.execute(
            "INSERT OR IGNORE INTO delivery (id, root, name, state, digest, quiet_since, first_seen) VALUES (?, ?, ?, 'arriving', '', ?, ?)",
            params![new_id, root, name, now, now],
        )?;
        let sql = format!("SELECT {DELIVERY} FROM delivery WHERE root = ? AND name = ?");
        let known = transaction.query_row(&sql, params![root, name], delivery)?;
        let scanned: Option<String> =
            transaction.query_row("SELECT scanned FROM delivery WHERE id = ?", [&known.id], |row| row.get(0))?;
        let same = known.digest == look.digest;
        let quiet_since = if same { known.quiet_since } else { now };
        // A manifest that says that all is there is believed at the second look only: a size says nothing of bytes that are
        // still being written over.
        let settled = same && (look.complete || now - quiet_since >= settle);
        let state = match known.state {
            // A scan decides itself, at its end, whether what it read has changed.
            State::Scanning => State::Scanning,
            _ if look.files == 0 => State::Arriving,
            state if scanned.as_deref() == Some(look.digest.as_str()) => match state {
                State::Arriving => State::Waiting,
                state => state,
            },
            _ if settled => State::Waiting,
            _ => State::Arriving,
        };
        transaction.execute(
            "UPDATE delivery SET digest = ?, quiet_since = ?, files = ?, bytes = ?, state = ?, gone = 0, \
             scanned = CASE WHEN ? = 'waiting' THEN NULL ELSE scanned END WHERE id = ?",
            params![
                look.digest,
                quiet_since,
                look.files.cast_signed(),
                look.bytes.cast_signed(),
                state.word(),
                state.word(),
                known.id
            ],
        )?;
        transaction.commit()?;
        Ok((known.id, state != known.state))
    }

    /// Notes which deliveries of a root are there no more.
    ///
    /// # Errors
    /// The database's.
    pub fn only_there(&self, root: &str, names: &[String]) -> Result<()> {
        let there = serde_json::to_string(names).unwrap_or_default();
        self.lock().execute(
            "UPDATE delivery SET gone = 1, state = CASE WHEN state IN ('arriving', 'waiting') THEN 'failed' ELSE state END, \
             why = 'the folder is not there any more' \
             WHERE root = ? AND gone = 0 AND state != 'scanning' AND name NOT IN (SELECT value FROM json_each(?))",
            params![root, there],
        )?;
        Ok(())
    }

    /// Takes the delivery that has waited longest, and begins a scan of it. Nobody else gets it.
    ///
    /// # Errors
    /// The database's.
    pub fn take(&self) -> Result<Option<(Delivery, i64)>> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let sql = format!(
            "SELECT {DELIVERY} FROM delivery WHERE state = 'waiting' AND gone = 0 ORDER BY quiet_since, id LIMIT 1"
        );
        let Some(next) = transaction.query_row(&sql, [], delivery).optional()? else { return Ok(None) };
        transaction.execute("UPDATE delivery SET state = 'scanning', why = NULL WHERE id = ?", [&next.id])?;
        transaction.execute(
            "INSERT INTO scan (delivery, started, digest) VALUES (?, ?, ?)",
            params![next.id, now(), next.digest],
        )?;
        let scan = transaction.last_insert_rowid();
        transaction.commit()?;
        Ok(Some((next, scan)))
    }

    /// Ends a scan with what came of it, and notes what hooks are to be told. Where the delivery does not look as it did when
    /// the scan began, the verdict is of files that have changed, and the delivery arrives anew.
    ///
    /// # Errors
    /// The database's.
    pub fn ended(&self, id: &str, scan: i64, verdict: &Verdict, told: &Told<'_>) -> Result<State> {
        let digest = verdict.digest.as_str();
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let before: String = transaction.query_row("SELECT digest FROM scan WHERE id = ?", [scan], |row| row.get(0))?;
        let changed = before != digest;
        let state = match (changed, verdict.code) {
            (true, _) => State::Arriving,
            (false, 0) => State::Passed,
            (false, 1) => State::Held,
            (false, _) => State::Failed,
        };
        let why = match changed {
            true => {
                Some("files changed while they were scanned: it is scanned again when it has come to rest".to_owned())
            }
            false => verdict.why.clone(),
        };
        transaction.execute(
            "UPDATE scan SET ended = ?, code = ?, outcome = ?, summary = ?, why = ? WHERE id = ?",
            params![now(), verdict.code, verdict.outcome, verdict.summary, why, scan],
        )?;
        transaction.execute(
            "UPDATE delivery SET state = ?, scanned = ?, why = ?, quiet_since = CASE WHEN ? THEN ? ELSE quiet_since END WHERE id = ?",
            params![state.word(), (!changed).then_some(digest), why, changed, now(), id],
        )?;
        for (kind, body) in told(state) {
            transaction.execute("INSERT INTO hook (kind, body, due) VALUES (?, ?, ?)", params![kind, body, now()])?;
        }
        transaction.commit()?;
        Ok(state)
    }

    /// Puts a delivery into the queue, whatever was said of it; false where it is being scanned or is gone.
    ///
    /// # Errors
    /// The database's.
    pub fn requeue(&self, id: &str) -> Result<bool> {
        let sql = "UPDATE delivery SET state = 'waiting', scanned = NULL WHERE id = ? AND gone = 0 AND state IN ('held', 'passed', 'failed')";
        Ok(self.lock().execute(sql, [id])? > 0)
    }

    /// Puts back what was being scanned when the last server ended; no verdict was given on it.
    ///
    /// # Errors
    /// The database's.
    pub fn requeue_interrupted(&self) -> Result<()> {
        self.lock().execute_batch(
            "BEGIN; UPDATE scan SET ended = started, why = 'the server ended during this scan' WHERE ended IS NULL; \
             UPDATE delivery SET state = 'waiting', scanned = NULL WHERE state = 'scanning'; COMMIT;",
        )
    }

    /// Deliveries, those first that changed last.
    ///
    /// # Errors
    /// The database's.
    pub fn deliveries(&self, state: Option<&str>, from: u32, most: u32) -> Result<Vec<Delivery>> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {DELIVERY} FROM delivery WHERE ?1 IS NULL OR state = ?1 ORDER BY quiet_since DESC, id LIMIT ?2 OFFSET ?3"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![state, most, from], delivery)?.collect()
    }

    /// How many deliveries stand where.
    ///
    /// # Errors
    /// The database's.
    pub fn states(&self) -> Result<Vec<(String, u32)>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT state, count(*) FROM delivery GROUP BY state")?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// One delivery.
    ///
    /// # Errors
    /// The database's.
    pub fn delivery(&self, id: &str) -> Result<Option<Delivery>> {
        let sql = format!("SELECT {DELIVERY} FROM delivery WHERE id = ?");
        self.lock().query_row(&sql, [id], delivery).optional()
    }

    /// The scans of a delivery that came to an end, the last one first.
    ///
    /// # Errors
    /// The database's.
    pub fn scans(&self, delivery: &str, most: u32) -> Result<Vec<Scan>> {
        let connection = self.lock();
        let sql = format!("SELECT {SCAN} FROM scan WHERE delivery = ? AND ended IS NOT NULL ORDER BY id DESC LIMIT ?");
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![delivery, most], scan)?.collect()
    }

    /// The last scan of a delivery that has a report.
    ///
    /// # Errors
    /// The database's.
    pub fn last_report(&self, delivery: &str) -> Result<Option<Scan>> {
        let sql = format!(
            "SELECT {SCAN} FROM scan WHERE delivery = ? AND summary IS NOT NULL AND summary != '' ORDER BY id DESC LIMIT 1"
        );
        self.lock().query_row(&sql, [delivery], scan).optional()
    }
}
