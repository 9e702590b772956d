//! Requests for approval: who asks whom for which bytes.

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{Result, Store, now};

/// What is asked for, as it was typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Why, in words.
    pub reason: String,
    /// Name of the generative tool.
    pub tool: String,
    /// Version of the tool, or the model.
    pub model: String,
    /// The prompt, or where it is kept.
    pub prompt: String,
    /// Ticket or contract.
    pub reference: String,
    /// Scopes, as records spell them.
    pub scopes: Vec<String>,
}

/// A request.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// Random; stands in addresses.
    pub id: String,
    /// In which delivery the asset was found.
    pub delivery: String,
    /// Where it was.
    pub path: String,
    /// Its bytes.
    pub sha256: String,
    /// The strongest claim.
    pub ai: String,
    /// Number of who asks.
    pub requester: i64,
    /// What records call who asks.
    pub requester_name: String,
    /// Number of who is asked; none where any approver may decide.
    pub approver: Option<i64>,
    /// What records call who is asked.
    pub approver_name: Option<String>,
    /// `open`, `approved`, `denied`, `withdrawn`.
    pub state: String,
    /// What is asked for.
    pub draft: Draft,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// Seconds since the Unix epoch.
    pub decided: Option<i64>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// The id of the ledger's record.
    pub record: Option<String>,
}

const REQUEST: &str = "r.id, r.delivery, r.path, r.sha256, r.ai, r.requester, q.display, r.approver, a.display, r.state, r.json, \
                       r.created, r.decided, r.decided_by, r.record";
const FROM: &str = "request r JOIN person q ON q.id = r.requester LEFT JOIN person a ON a.id = r.approver";

fn request(row: &Row<'_>) -> Result<Request> {
    Ok(Request {
        id: row.get(0)?,
        delivery: row.get(1)?,
        path: row.get(2)?,
        sha256: row.get(3)?,
        ai: row.get(4)?,
        requester: row.get(5)?,
        requester_name: row.get(6)?,
        approver: row.get(7)?,
        approver_name: row.get(8)?,
        state: row.get(9)?,
        draft: serde_json::from_str(&row.get::<_, String>(10)?).unwrap_or_default(),
        created: row.get(11)?,
        decided: row.get(12)?,
        decided_by: row.get(13)?,
        record: row.get(14)?,
    })
}

impl Store {
    /// Asks for a decision; the request that is open already for these bytes, where there is one.
    ///
    /// # Errors
    /// The database's.
    pub fn ask(&self, new: &Request) -> Result<String> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let sql = "SELECT id FROM request WHERE sha256 = ? AND delivery = ? AND state = 'open'";
        let open: Option<String> =
            transaction.query_row(sql, params![new.sha256, new.delivery], |row| row.get(0)).optional()?;
        if let Some(id) = open {
            return Ok(id);
        }
        let json = serde_json::to_string(&new.draft).unwrap_or_default();
        transaction.execute(
            "INSERT INTO request (id, delivery, path, sha256, ai, requester, approver, state, json, created) \
             VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
            params![new.id, new.delivery, new.path, new.sha256, new.ai, new.requester, new.approver, json, now()],
        )?;
        transaction.commit()?;
        Ok(new.id.clone())
    }

    /// One request.
    ///
    /// # Errors
    /// The database's.
    pub fn request(&self, id: &str) -> Result<Option<Request>> {
        self.lock().query_row(&format!("SELECT {REQUEST} FROM {FROM} WHERE r.id = ?"), [id], request).optional()
    }

    /// Requests in a state, the newest first; of those that wait, only what this approver may decide, where one is named.
    ///
    /// # Errors
    /// The database's.
    pub fn requests(&self, state: &str, approver: Option<i64>, most: u32) -> Result<Vec<Request>> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {REQUEST} FROM {FROM} WHERE r.state = ?1 AND (?2 IS NULL OR r.approver IS NULL OR r.approver = ?2) \
             ORDER BY r.created DESC LIMIT ?3"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![state, approver, most], request)?.collect()
    }

    /// How many requests wait for this approver; those of the approver's own do not where others must decide them.
    ///
    /// # Errors
    /// The database's.
    pub fn waiting(&self, approver: i64, four_eyes: bool) -> Result<u32> {
        let sql = "SELECT count(*) FROM request WHERE state = 'open' AND (approver IS NULL OR approver = ?1) \
                   AND (NOT ?2 OR requester != ?1)";
        self.lock().query_row(sql, params![approver, four_eyes], |row| row.get(0))
    }

    /// The requests about these bytes in a delivery, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub fn requests_about(&self, delivery: &str, sha256: &str) -> Result<Vec<Request>> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {REQUEST} FROM {FROM} WHERE r.delivery = ? AND r.sha256 = ? ORDER BY r.created DESC LIMIT 50"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![delivery, sha256], request)?.collect()
    }

    /// The open requests of a delivery by the path of their asset, with the last state of each.
    ///
    /// # Errors
    /// The database's.
    pub fn requests_of(&self, delivery: &str) -> Result<Vec<(String, String, String)>> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT path, id, state FROM request WHERE delivery = ? ORDER BY created")?;
        statement.query_map([delivery], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
    }

    /// Takes a request back that nobody has decided; false where somebody has.
    ///
    /// # Errors
    /// The database's.
    pub fn withdraw(&self, id: &str, by: &str) -> Result<bool> {
        self.claim(id, "withdrawn", by)
    }

    /// Claims a request for one who decides, so that two reviewers at once make one record; false where another was first.
    ///
    /// # Errors
    /// The database's.
    pub fn claim(&self, id: &str, state: &str, by: &str) -> Result<bool> {
        let sql = "UPDATE request SET state = ?, decided = ?, decided_by = ? WHERE id = ? AND state = 'open'";
        Ok(self.lock().execute(sql, params![state, now(), by, id])? > 0)
    }

    /// Notes the record that a decided request led to.
    ///
    /// # Errors
    /// The database's.
    pub fn recorded(&self, id: &str, record: &str) -> Result<()> {
        self.lock().execute("UPDATE request SET record = ? WHERE id = ?", params![record, id])?;
        Ok(())
    }

    /// Opens a request again whose record could not be written.
    ///
    /// # Errors
    /// The database's.
    pub fn reopen(&self, id: &str) -> Result<()> {
        let sql =
            "UPDATE request SET state = 'open', decided = NULL, decided_by = NULL WHERE id = ? AND record IS NULL";
        self.lock().execute(sql, [id])?;
        Ok(())
    }

    /// Requests that were claimed and have no record: the server ended between the two. Open again.
    ///
    /// # Errors
    /// The database's.
    pub fn reopen_interrupted(&self) -> Result<usize> {
        let sql = "UPDATE request SET state = 'open', decided = NULL, decided_by = NULL WHERE state IN ('approved', 'denied') AND record IS NULL";
        self.lock().execute(sql, [])
    }
}
