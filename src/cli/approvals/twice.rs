//! A withdrawal of what was withdrawn already: it would change nothing, and says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use countersign_judge::approvals::{Approvals, Decision, LedgerEntry, Subject};
use countersign_model::error::{Error, Result};

/// Nothing where a record that is withdrawn is still in force, or may be one day.
///
/// # Errors
/// All of them have been withdrawn.
pub(super) fn refuse(ledger: &Approvals, ids: &[String], subjects: &[Subject], day: NaiveDate) -> Result<()> {
    let named: Vec<Arc<LedgerEntry>> = match ids.is_empty() {
        false => ids.iter().filter_map(|id| ledger.by_id(id)).collect(),
        true => subjects.iter().filter_map(Subject::sha256).flat_map(|sha256| ledger.about(sha256)).collect(),
    };
    let decides = |known: &LedgerEntry| !matches!(known.record.decision, Decision::Revoked | Decision::Denied);
    let mut told = BTreeSet::new();
    for known in named.iter().filter(|known| decides(known)) {
        let state = ledger.state(known, day);
        // A state that begins with this word names the record that ended it as a whole.
        if !state.starts_with("revoked by ") {
            return Ok(());
        }
        told.insert(format!("{} ({state})", known.record.id));
    }
    if told.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = told.into_iter().take(super::shown::TOLD).collect();
    Err(Error::Usage {
        what: format!("withdrawn already: {}", told.join(", ")),
        hint: "nothing was recorded; `countersign approvals list` shows what is in force".to_owned(),
    })
}
