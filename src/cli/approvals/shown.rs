//! What will be recorded and what was, in words; and whether whoever is asked agrees.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use crate::cli::reporting::width;
use countersign_judge::approvals::Record;
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::{count, wrap};

/// Files that are told one by one; of more, the rest is counted.
pub(super) const TOLD: usize = 20;

/// What will be recorded, before it is.
pub(super) fn planned(records: &[Record], passed: usize, ledger: &Path) -> String {
    let files: usize = records.iter().map(|record| record.subjects.len()).sum();
    let ledger = terminal(&ledger.to_string_lossy());
    let mut out = format!(
        "to be recorded in {ledger}: {}\n",
        count(files as u64, "file that is flagged", "files that are flagged")
    );
    let mut left = TOLD;
    for record in records {
        out.push_str(&terms(record));
        for subject in record.subjects.iter().take(left) {
            out.push_str(&format!("    {}\n", terminal(&subject.name)));
        }
        let untold = record.subjects.len().saturating_sub(left);
        if untold > 0 {
            out.push_str(&format!("    and {untold} more\n"));
        }
        left = left.saturating_sub(record.subjects.len());
    }
    if passed > 0 {
        let passed = count(passed as u64, "other row of the scan is", "other rows of the scan are");
        let passed = format!("not taken: {passed} not flagged, or flagged for what such a record does not clear");
        out.push_str(&wrap("", &passed, width()));
    }
    out
}

/// What one record says of its files.
fn terms(record: &Record) -> String {
    let scopes: Vec<&str> = record.scopes.iter().map(|scope| scope.word()).collect();
    let mut parts = vec![format!("{} by {}", record.decision.word(), record.approver)];
    if !scopes.is_empty() {
        parts.push(format!("for {}", scopes.join(", ")));
    }
    parts.extend(record.expires_on.map(|day| format!("until {day}")));
    let made: Vec<&str> =
        [&record.tool, &record.version, &record.model].into_iter().flatten().map(String::as_str).collect();
    if !made.is_empty() {
        parts.push(format!("made by {}", made.join(" ")));
    }
    parts.extend(record.prompt.as_ref().map(|prompt| format!("prompt \u{201c}{}\u{201d}", short(prompt))));
    wrap("  ", &terminal(&parts.join("; ")), width())
}

fn short(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}\u{2026}", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What was recorded.
pub(super) fn recorded(record: &Record, id: &str, ledger: &Path) -> String {
    let (word, ledger) = (record.decision.word(), ledger.display());
    let mut out = String::new();
    for subject in record.subjects.iter().take(TOLD) {
        let digest = subject.sha256().map(|digest| format!(" (sha256 {digest})")).unwrap_or_default();
        out.push_str(&format!("{word} {}{digest} as {id} in {ledger}\n", terminal(&subject.name)));
    }
    match record.subjects.len() {
        0 => out.push_str(&format!("{word} {} as {id} in {ledger}\n", record.supersedes.join(", "))),
        n if n > TOLD => out.push_str(&format!("and {} more\n", n - TOLD)),
        _ => {}
    }
    out
}

/// Whether the user says yes.
///
/// # Errors
/// Where nobody can be asked.
#[expect(clippy::print_stderr, reason = "a question is no part of what is printed for others")]
pub(super) fn agreed(records: usize) -> Result<bool> {
    let unasked = |what: &str| Error::Usage {
        what: format!("nothing was recorded: {what}"),
        hint: "--yes records it without a question, --dry-run only shows it".to_owned(),
    };
    let (input, error) = (std::io::stdin(), std::io::stderr());
    if !input.is_terminal() || !error.is_terminal() {
        return Err(unasked("what was found in folders is asked about, and this is no terminal"));
    }
    eprint!("Record this as {}? [y/N] ", count(records as u64, "record", "records"));
    std::io::stderr().flush().map_err(|e| unasked(&e.to_string()))?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(|e| unasked(&e.to_string()))?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
