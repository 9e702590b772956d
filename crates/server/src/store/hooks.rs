//! What is still to be told to hooks: kept until it was told.

use rusqlite::{OptionalExtension, params};

use super::{Result, Store, now};

/// Something to be told.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its number.
    pub id: i64,
    /// `command` or `webhook`.
    pub kind: String,
    /// JSON.
    pub body: String,
    /// How often it was tried.
    pub tried: u32,
}

/// How often a hook is tried.
const TRIES: u32 = 8;

impl Store {
    /// The next that is due.
    ///
    /// # Errors
    /// The database's.
    pub fn due_hook(&self) -> Result<Option<Hook>> {
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Hook { id: row.get(0)?, kind: row.get(1)?, body: row.get(2)?, tried: row.get(3)? })
        };
        let sql =
            "SELECT id, kind, body, tried FROM hook WHERE done = 0 AND due <= ? AND tried < ? ORDER BY id LIMIT 1";
        self.lock().query_row(sql, params![now(), TRIES], row).optional()
    }

    /// Notes that it was told, or why not: then it is tried again later, each time after twice as long.
    ///
    /// # Errors
    /// The database's.
    pub fn hook_tried(&self, hook: &Hook, failed: Option<&str>) -> Result<()> {
        let wait = 5_i64 << hook.tried.min(10);
        self.lock().execute(
            "UPDATE hook SET tried = tried + 1, done = ?, why = ?, due = ? WHERE id = ?",
            params![failed.is_none(), failed, now() + wait, hook.id],
        )?;
        Ok(())
    }
}
