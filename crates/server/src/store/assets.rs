//! What a scan said of single assets: the rows that pages show. The whole report is a file.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use super::{Result, Store};

/// An asset with something to say of it.
#[derive(Clone, Debug, Serialize)]
pub struct AssetRow {
    /// Its place in the report.
    pub number: i64,
    /// Below the delivery.
    pub path: String,
    /// Of its bytes, where they were hashed.
    pub sha256: Option<String>,
    /// Its role.
    pub role: String,
    /// The strongest claim.
    pub ai: String,
    /// The asset as the report has it.
    pub json: String,
}

/// A finding.
#[derive(Clone, Debug, Serialize)]
pub struct FindingRow {
    /// Its place among the findings of the scan.
    pub number: i64,
    /// The asset's place in the report, where it is about one.
    pub asset: Option<i64>,
    /// What it is about.
    pub path: String,
    /// The rule.
    pub rule: String,
    /// `error`, `warning`, `note`.
    pub severity: String,
    /// `open`, `approved`, `suppressed`, `baseline`.
    pub state: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// How many findings of a rule a scan has.
#[derive(Clone, Debug, Serialize)]
pub struct RuleCount {
    /// The rule.
    pub rule: String,
    /// `error`, `warning`, `note`.
    pub severity: String,
    /// Findings.
    pub count: u32,
}

fn finding(row: &Row<'_>) -> Result<FindingRow> {
    Ok(FindingRow {
        number: row.get(0)?,
        asset: row.get(1)?,
        path: row.get(2)?,
        rule: row.get(3)?,
        severity: row.get(4)?,
        state: row.get(5)?,
        message: row.get(6)?,
        help: row.get(7)?,
    })
}

const FINDING: &str = "number, asset, path, rule, severity, state, message, help";

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

impl Store {
    /// Keeps the rows of a report.
    ///
    /// # Errors
    /// The database's.
    pub fn keep_report(&self, scan: i64, report: &Value) -> Result<()> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut next = 0;
        let mut add = |about: Option<i64>, path: &str, found: &Value| {
            next += 1;
            let sql = format!("INSERT INTO finding (scan, {FINDING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
            let [rule, severity, state, message, help] =
                ["rule", "severity", "state", "message", "help"].map(|key| text(found, key));
            let mut statement = transaction.prepare_cached(&sql)?;
            statement.execute(params![scan, next, about, path, rule, severity, state, message, help])
        };
        for (number, asset) in items(report, "assets").iter().enumerate() {
            let findings = items(asset, "findings");
            let quiet =
                findings.is_empty() && items(asset, "evidence").is_empty() && items(asset, "problems").is_empty();
            if quiet {
                continue;
            }
            let (number, path) = (number as i64, text(asset, "path"));
            transaction
                .prepare_cached("INSERT INTO asset (scan, number, path, root, sha256, role, ai, json) VALUES (?, ?, ?, 0, ?, ?, ?, ?)")?
                .execute(params![
                    scan,
                    number,
                    path,
                    asset.get("sha256").and_then(Value::as_str),
                    text(asset, "role"),
                    text(asset, "ai"),
                    asset.to_string()
                ])?;
            for found in findings {
                add(Some(number), path, found)?;
            }
        }
        for package in items(report, "packages") {
            for found in items(package, "findings") {
                add(None, text(package, "path"), found)?;
            }
        }
        for found in report.get("summary").map(|summary| items(summary, "findings_of_run")).unwrap_or_default() {
            add(None, "", found)?;
        }
        drop(add);
        transaction.commit()
    }

    /// Findings of a scan, the gravest first.
    ///
    /// # Errors
    /// The database's.
    pub fn findings(&self, scan: i64, rule: Option<&str>, from: u32, most: u32) -> Result<Vec<FindingRow>> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {FINDING} FROM finding WHERE scan = ?1 AND (?2 IS NULL OR rule = ?2) AND state = 'open' \
             ORDER BY CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, rule, number LIMIT ?3 OFFSET ?4"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![scan, rule, most, from], finding)?.collect()
    }

    /// All findings about one asset, whatever their state.
    ///
    /// # Errors
    /// The database's.
    pub fn findings_of(&self, scan: i64, asset: i64) -> Result<Vec<FindingRow>> {
        let connection = self.lock();
        let sql = format!("SELECT {FINDING} FROM finding WHERE scan = ? AND asset = ? ORDER BY number");
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![scan, asset], finding)?.collect()
    }

    /// How many open findings there are of each rule.
    ///
    /// # Errors
    /// The database's.
    pub fn rule_counts(&self, scan: i64) -> Result<Vec<RuleCount>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT rule, severity, count(*) FROM finding WHERE scan = ? AND state = 'open' GROUP BY rule, severity \
             ORDER BY CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, rule",
        )?;
        let row = |row: &Row<'_>| Ok(RuleCount { rule: row.get(0)?, severity: row.get(1)?, count: row.get(2)? });
        statement.query_map([scan], row)?.collect()
    }

    /// One asset of a scan.
    ///
    /// # Errors
    /// The database's.
    pub fn asset(&self, scan: i64, number: i64) -> Result<Option<AssetRow>> {
        let row = |row: &Row<'_>| {
            Ok(AssetRow {
                number: row.get(0)?,
                path: row.get(1)?,
                sha256: row.get(2)?,
                role: row.get(3)?,
                ai: row.get(4)?,
                json: row.get(5)?,
            })
        };
        let sql = "SELECT number, path, sha256, role, ai, json FROM asset WHERE scan = ? AND number = ?";
        self.lock().query_row(sql, params![scan, number], row).optional()
    }

    /// The asset of a scan that has these bytes under this path, or else under another.
    ///
    /// # Errors
    /// The database's.
    pub fn asset_with(&self, scan: i64, path: &str, sha256: &str) -> Result<Option<i64>> {
        let sql = "SELECT number FROM asset WHERE scan = ?1 AND sha256 = ?3 ORDER BY path != ?2, number LIMIT 1";
        self.lock().query_row(sql, params![scan, path, sha256], |row| row.get(0)).optional()
    }

    /// How many findings one scan has and another has not.
    ///
    /// # Errors
    /// The database's.
    pub fn count_only_in(&self, scan: i64, other: i64) -> Result<u32> {
        let sql = "SELECT count(*) FROM finding a WHERE scan = ?1 AND state = 'open' AND NOT EXISTS (SELECT 1 FROM finding b INDEXED BY finding_rule \
                   WHERE b.scan = ?2 AND b.state = 'open' AND b.rule = a.rule AND b.path = a.path)";
        self.lock().query_row(sql, params![scan, other], |row| row.get(0))
    }

    /// Findings that one scan has and another has not: by rule and path. With the scans exchanged, what was resolved.
    ///
    /// # Errors
    /// The database's.
    pub fn only_in(&self, scan: i64, other: i64, most: u32) -> Result<Vec<FindingRow>> {
        let connection = self.lock();
        let sql = format!(
            "SELECT {FINDING} FROM finding a WHERE scan = ?1 AND state = 'open' AND NOT EXISTS (SELECT 1 FROM finding b INDEXED BY finding_rule \
             WHERE b.scan = ?2 AND b.state = 'open' AND b.rule = a.rule AND b.path = a.path) ORDER BY number LIMIT ?3"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![scan, other, most], finding)?.collect()
    }
}
