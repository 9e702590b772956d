//! Who did what when: appended to, never changed.

use rusqlite::params;
use serde::Serialize;

use super::{Result, Store, now};

/// One deed.
#[derive(Clone, Debug, Serialize)]
pub struct AuditRow {
    /// Seconds since the Unix epoch.
    pub at: i64,
    /// Name of the person or token.
    pub who: String,
    /// What was done.
    pub what: String,
    /// With what.
    pub about: String,
}

impl Store {
    /// Notes a deed.
    ///
    /// # Errors
    /// The database's.
    pub fn note(&self, who: &str, what: &str, about: &str) -> Result<()> {
        self.lock().execute(
            "INSERT INTO audit (at, who, what, about) VALUES (?, ?, ?, ?)",
            params![now(), who, what, about],
        )?;
        Ok(())
    }

    /// The last deeds, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn audit(&self, from: u32, most: u32) -> Result<Vec<AuditRow>> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT at, who, what, about FROM audit ORDER BY id DESC LIMIT ? OFFSET ?")?;
        let row = |row: &rusqlite::Row<'_>| {
            Ok(AuditRow { at: row.get(0)?, who: row.get(1)?, what: row.get(2)?, about: row.get(3)? })
        };
        statement.query_map(params![most, from], row)?.collect()
    }
}
