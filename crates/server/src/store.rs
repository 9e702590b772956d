//! The database: queue, people, sessions, requests, audit. SQLite in WAL mode, so that pages are read while a scan is written.
//!
//! Everything here can be made anew from the folders and the ledger but people and their requests. Each change is one
//! transaction, on the disk when the call returns: a crash at any moment loses none.

mod assets;
mod audit;
mod deliveries;
mod hooks;
mod people;
mod provided;
mod requests;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

pub use assets::{AssetRow, FindingRow, RuleCount};
pub use audit::AuditRow;
pub use deliveries::{Delivery, FolderName, Scan, State, Told, Verdict};
pub use hooks::Hook;
pub use people::{Person, Role, Session, TokenRow};
pub use provided::Provided;
pub use requests::{Draft, Request};

/// What a query gives.
pub type Result<T> = rusqlite::Result<T>;

/// The open database. Methods take a lock for as long as one statement or transaction takes.
pub struct Store {
    connection: Mutex<Connection>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// The version of the tables below.
const VERSION: i64 = 2;

const TABLES: &str = "
CREATE TABLE delivery (
  id TEXT PRIMARY KEY, root TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, digest TEXT NOT NULL DEFAULT '',
  scanned TEXT, quiet_since INTEGER NOT NULL, first_seen INTEGER NOT NULL, files INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0, why TEXT, gone INTEGER NOT NULL DEFAULT 0, UNIQUE (root, name));
CREATE TABLE scan (
  id INTEGER PRIMARY KEY, delivery TEXT NOT NULL REFERENCES delivery, started INTEGER NOT NULL, ended INTEGER,
  code INTEGER, outcome TEXT, digest TEXT NOT NULL, summary TEXT, why TEXT);
CREATE INDEX scan_delivery ON scan (delivery, id);
CREATE TABLE asset (
  scan INTEGER NOT NULL REFERENCES scan, number INTEGER NOT NULL, path TEXT NOT NULL, root INTEGER NOT NULL,
  sha256 TEXT, role TEXT NOT NULL, ai TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (scan, number)) WITHOUT ROWID;
CREATE TABLE finding (
  scan INTEGER NOT NULL, number INTEGER NOT NULL, asset INTEGER, path TEXT NOT NULL, rule TEXT NOT NULL, severity TEXT NOT NULL,
  state TEXT NOT NULL, message TEXT NOT NULL, help TEXT NOT NULL, PRIMARY KEY (scan, number)) WITHOUT ROWID;
CREATE INDEX finding_rule ON finding (scan, rule, path);
CREATE INDEX asset_bytes ON asset (scan, sha256);
CREATE TABLE person (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, display TEXT NOT NULL, role TEXT NOT NULL, password TEXT,
  subject TEXT UNIQUE, public_key TEXT, disabled INTEGER NOT NULL DEFAULT 0, given TEXT);
CREATE TABLE session (
  digest TEXT PRIMARY KEY, person INTEGER NOT NULL REFERENCES person, csrf TEXT NOT NULL, created INTEGER NOT NULL,
  used INTEGER NOT NULL);
CREATE TABLE token (
  digest TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, created INTEGER NOT NULL, made_by TEXT NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE invitation (digest TEXT PRIMARY KEY, role TEXT NOT NULL, expires INTEGER NOT NULL);
CREATE TABLE request (
  id TEXT PRIMARY KEY, delivery TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, ai TEXT NOT NULL,
  requester INTEGER NOT NULL REFERENCES person, approver INTEGER REFERENCES person, state TEXT NOT NULL, json TEXT NOT NULL,
  created INTEGER NOT NULL, decided INTEGER, decided_by TEXT, record TEXT);
CREATE INDEX request_state ON request (state, created);
CREATE TABLE hook (
  id INTEGER PRIMARY KEY, body TEXT NOT NULL, kind TEXT NOT NULL, tried INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0, why TEXT);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, about TEXT NOT NULL);
";

/// What was added to the tables since the first version, by the version that it led to.
const CHANGES: [(i64, &str); 1] = [(2, "ALTER TABLE person ADD COLUMN given TEXT;")];

impl Store {
    /// Opens the database, making its tables where there are none.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence for people.
    pub fn open(path: &Path) -> std::result::Result<Self, String> {
        let told = |e: rusqlite::Error| format!("{}: {e}", path.display());
        let connection = Connection::open(path).map_err(told)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(told)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(told)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(told)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(told)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(told)?;
        match version {
            0 => {
                let batch = format!("BEGIN;{TABLES}PRAGMA user_version = {VERSION};COMMIT;");
                connection.execute_batch(&batch).map_err(told)?;
            }
            VERSION => {}
            1..VERSION => {
                let changes = CHANGES.iter().filter(|(to, _)| *to > version).map(|(_, sql)| *sql).collect::<String>();
                let batch = format!("BEGIN;{changes}PRAGMA user_version = {VERSION};COMMIT;");
                connection.execute_batch(&batch).map_err(told)?;
            }
            other => {
                let name = path.display();
                return Err(format!(
                    "{name}: written by another version of countersign (tables {other}, {VERSION} here)"
                ));
            }
        }
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since the Unix epoch.
#[must_use]
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().try_into().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_an_earlier_version_gain_what_they_lack() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.sqlite");
        let early = TABLES.replace(", given TEXT", "");
        assert_ne!(early, TABLES);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(&format!("{early}PRAGMA user_version = 1;")).unwrap();
        connection.execute("INSERT INTO person (name, display, role) VALUES ('ada', 'Ada', 'admin')", []).unwrap();
        drop(connection);
        for _ in 0..2 {
            let store = Store::open(&path).unwrap();
            assert_eq!(store.person_named("ada").unwrap().unwrap().role, Role::Admin);
            let sam = Provided { subject: "x y", name: "sam", display: "Sam", role: Role::Qc };
            assert_eq!(store.meet(&sam).unwrap().0.role, Role::Qc);
        }
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(Store::open(&path).unwrap_err().contains("another version"));
    }
}
