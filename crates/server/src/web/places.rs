//! What is in force: the ledger's records, the policy, and who did what.

use chrono::{Days, Local};
use serde_json::{Value, json};

use super::deliveries::cut;
use super::pages::page;
use super::{Answer, Asked, Refusal};
use crate::ledger;

/// Rows on a page; one more is asked for, to know whether there are more.
const PAGE: u32 = 100;
/// Days before its end from which on a record is said to run out.
const EXPIRING: u64 = 30;

pub(super) fn approvals(asked: &Asked) -> Answer {
    let known = ledger::read(&asked.server).map_err(Refusal::failed)?;
    let (today, number) = (Local::now().date_naive(), asked.page());
    let soon = today.checked_add_days(Days::new(EXPIRING)).unwrap_or(today);
    // The newest first.
    let last = known.len().saturating_sub(asked.before(PAGE) as usize);
    let first = last.saturating_sub(PAGE as usize);
    let rows: Vec<_> = known.records().skip(first).take(last - first).collect();
    let row = |entry: &std::sync::Arc<countersign_judge::approvals::LedgerEntry>| -> Value {
        let record = &entry.record;
        let subjects: Vec<Value> =
            record.subjects.iter().map(|s| json!({ "name": s.name, "sha256": s.sha256() })).collect();
        json!({
            "id": record.id,
            "state": known.state(entry, today),
            "decision": serde_json::to_value(record.decision).unwrap_or_default(),
            "approver": record.approver.to_string(),
            "decided_on": record.decided_on.to_string(),
            "expires_on": record.expires_on.map(|day| day.to_string()),
            "expiring": record.expires_on.is_some_and(|day| today <= day && day <= soon),
            "reference": record.reference,
            "grade": entry.grade.word(),
            "signers": entry.signers,
            "subjects": subjects,
            "conditions": record.conditions,
        })
    };
    let records: Vec<Value> = rows.iter().rev().map(row).collect();
    known.check_ledger_intact().map_err(|e| Refusal::failed(e.to_string()))?;
    let path = asked.server.settings.approvals.display().to_string();
    let known = json!({ "ledger": path, "head": known.head(), "records": records, "page": number, "more": first > 0 });
    page(asked, "approvals.html", known)
}

pub(super) fn policy(asked: &Asked) -> Answer {
    let policy = ledger::policy(&asked.server).map_err(Refusal::failed)?;
    let named = asked.server.settings.policy.as_deref();
    let text = named.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_else(|| policy.effective());
    page(asked, "policy.html", json!({ "name": policy.name, "sha256": policy.sha256, "text": text }))
}

pub(super) fn audit(asked: &Asked) -> Answer {
    let number = asked.page();
    let (rows, more) = cut(asked.server.store.audit(asked.before(PAGE), PAGE + 1)?);
    page(asked, "audit.html", json!({ "rows": rows, "page": number, "more": more }))
}
