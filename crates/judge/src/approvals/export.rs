//! Records for spreadsheets and for people: CSV (RFC 4180), JSON, and the cue sheet of generative uses.
//!
//! The CSV's columns are those that [`super::import`] reads, and a few that only tell what the ledger makes of a record.
//! The cue sheet follows the Archival Producers Alliance: what, where in the picture, how it was made, from what.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{Approvals, Decision, LedgerEntry, Subject};
use countersign_model::text::csv_cell;

/// One column: its header and what stands in it for a subject of a record.
type Column = (&'static str, fn(&Line<'_>) -> String);

/// What one row is made of.
struct Line<'a> {
    approvals: &'a Approvals,
    known: &'a LedgerEntry,
    subject: &'a Subject,
    as_of: NaiveDate,
}

fn text(of: &Option<String>) -> String {
    of.clone().unwrap_or_default()
}

fn hash(line: &Line<'_>, algorithm: &str) -> String {
    line.subject.digest.get(algorithm).cloned().unwrap_or_default()
}

fn range(line: &Line<'_>) -> String {
    line.subject.annotations.as_ref().and_then(|a| a.range.clone()).unwrap_or_default()
}

fn scopes(line: &Line<'_>) -> String {
    let words: Vec<_> = line.known.record.scopes.iter().map(|s| s.word()).collect();
    words.join("|")
}

fn class(line: &Line<'_>) -> String {
    json!(line.known.record.use_class).as_str().unwrap_or_default().to_owned()
}

fn sources(line: &Line<'_>) -> String {
    let spelled = |s: &super::record::SourceAsset| match &s.rights {
        Some(rights) => format!("{}={rights}", s.name),
        None => s.name.clone(),
    };
    line.known.record.sources.iter().map(spelled).collect::<Vec<_>>().join("|")
}

fn day(of: Option<NaiveDate>) -> String {
    of.map(|day| day.to_string()).unwrap_or_default()
}

fn state(line: &Line<'_>) -> String {
    line.approvals.state(line.known, line.as_of)
}

static CSV: &[Column] = &[
    ("record", |l| l.known.record.id.clone()),
    ("line", |l| (l.known.index + 1).to_string()),
    ("grade", |l| grade(l.known, l.subject).to_owned()),
    ("state", state),
    ("path", |l| l.subject.name.clone()),
    ("sha256", |l| hash(l, "sha256")),
    ("range", range),
    ("decision", |l| l.known.record.decision.word().to_owned()),
    ("scopes", scopes),
    ("use", class),
    ("tool", |l| text(&l.known.record.tool)),
    ("vendor", |l| text(&l.known.record.vendor)),
    ("version", |l| text(&l.known.record.version)),
    ("model", |l| text(&l.known.record.model)),
    ("prompt", |l| text(&l.known.record.prompt)),
    ("sources", sources),
    ("consents", |l| l.known.record.consents.join("|")),
    ("conditions", |l| l.known.record.conditions.join("|")),
    ("requester", |l| l.known.record.requester.as_ref().map(|p| p.name.clone()).unwrap_or_default()),
    ("by", |l| l.known.record.approver.name.clone()),
    ("role", |l| text(&l.known.record.approver.role)),
    ("organization", |l| text(&l.known.record.approver.organization)),
    ("decided-on", |l| l.known.record.decided_on.to_string()),
    ("expires-on", |l| day(l.known.record.expires_on)),
    ("reference", |l| text(&l.known.record.reference)),
    ("note", |l| text(&l.known.record.note)),
    ("archive", |l| text(&l.known.record.archive)),
    ("collection", |l| text(&l.known.record.collection)),
    ("object", |l| text(&l.known.record.object)),
    ("licence", |l| text(&l.known.record.licence)),
    ("disclosure-text", |l| text(&l.known.record.disclosure_text)),
    ("ends", |l| l.known.record.supersedes.join("|")),
];

static CUE_SHEET: &[Column] = &[
    ("asset", |l| l.subject.name.clone()),
    ("timecodes or frames", range),
    ("use", class),
    ("description", |l| text(&l.known.record.note)),
    ("prompt", |l| text(&l.known.record.prompt)),
    ("tool", |l| text(&l.known.record.tool)),
    ("version", |l| text(&l.known.record.version)),
    ("model", |l| text(&l.known.record.model)),
    ("vendor", |l| text(&l.known.record.vendor)),
    ("source material and its rights", sources),
    ("consents", |l| l.known.record.consents.join("|")),
    ("decision", |l| l.known.record.decision.word().to_owned()),
    ("conditions", |l| l.known.record.conditions.join("|")),
    ("by", |l| l.known.record.approver.to_string()),
    ("date", |l| l.known.record.decided_on.to_string()),
    ("until", |l| day(l.known.record.expires_on)),
    ("state", state),
    ("reference", |l| text(&l.known.record.reference)),
    ("record", |l| l.known.record.id.clone()),
    ("sha256", |l| hash(l, "sha256")),
];

/// The grade of a record for one of its subjects.
#[must_use]
pub fn grade(known: &LedgerEntry, subject: &Subject) -> &'static str {
    match subject.sha256() {
        None => "path-only",
        Some(_) => known.grade.word(),
    }
}

/// All records as CSV, one row for each subject.
#[must_use]
pub fn csv(approvals: &Approvals, as_of: NaiveDate) -> String {
    rows(approvals, CSV, as_of, |_| true)
}

/// What was allowed, told or disclosed, as a cue sheet in CSV.
#[must_use]
pub fn cue_sheet(approvals: &Approvals, as_of: NaiveDate) -> String {
    rows(approvals, CUE_SHEET, as_of, |k| !matches!(k.record.decision, Decision::Denied | Decision::Revoked))
}

fn rows(approvals: &Approvals, columns: &[Column], as_of: NaiveDate, wanted: impl Fn(&LedgerEntry) -> bool) -> String {
    let mut out = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",") + "\r\n";
    for known in approvals.records().filter(|known| wanted(known)) {
        for subject in &known.record.subjects {
            let line = Line { approvals, known: &known, subject, as_of };
            let cells: Vec<_> = columns.iter().map(|(_, of)| csv_cell(&of(&line), &[])).collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        }
    }
    out
}

/// One record as JSON: what it says, and what the ledger makes of it on a day.
#[must_use]
pub fn value(approvals: &Approvals, known: &LedgerEntry, as_of: NaiveDate) -> Value {
    let mut value = json!(known.record);
    value["subjects"] = json!(known.record.subjects);
    value["line"] = json!(known.index + 1);
    value["grade"] = json!(known.grade.word());
    value["signers"] = json!(known.signers);
    value["state"] = json!(approvals.state(known, as_of));
    value
}

/// The whole ledger as one JSON object.
#[must_use]
pub fn json(approvals: &Approvals, as_of: NaiveDate) -> Value {
    let records: Vec<_> = approvals.records().map(|known| value(approvals, &known, as_of)).collect();
    let mut out = head(approvals, as_of);
    out["records"] = json!(records);
    out
}

/// That object without its records.
#[must_use]
pub fn head(approvals: &Approvals, as_of: NaiveDate) -> Value {
    json!({
        "schema": "countersign.approvals/1",
        "ledger": approvals.path().to_string_lossy(),
        "head": approvals.head(),
        "as_of": as_of.to_string(),
    })
}
