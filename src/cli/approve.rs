//! `countersign approve FILE...`: record an approval for these exact bytes.

use std::path::{Path, PathBuf};

use chrono::{Local, NaiveDate};

use super::config;
use crate::approvals::{Decision, Ledger, Person, Record, Subject};
use crate::error::{Error, Result};
use crate::policy::Scope;
use crate::source;
use crate::walk::lossless;

/// Record an approval for these exact bytes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  countersign approve final/poster.jpg --by 'Jane Doe' --scope final-deliverable \\\n    \
    --reference PRJ-1042 --expires 2027-12-31 --approvals approvals.jsonl"
)]
pub(super) struct Arguments {
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Who approves
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What is approved, repeatable: final-deliverable, talent-likeness, personal-data, third-party-ip
    #[arg(long, value_name = "SCOPE", default_value = "final-deliverable", value_parser = scope)]
    scope: Vec<Scope>,
    /// Ticket or contract
    #[arg(long)]
    reference: Option<String>,
    /// The last day on which the approval holds
    #[arg(long, value_name = "YYYY-MM-DD")]
    expires: Option<NaiveDate>,
    /// The generative tool
    #[arg(long)]
    system: Option<String>,
    /// Reference to a consent given, repeatable
    #[arg(long)]
    consent: Vec<String>,
    #[arg(long)]
    note: Option<String>,
    /// Ledger to record it in [default: the one in your configuration folder]
    #[arg(long, value_name = "LEDGER", env = "COUNTERSIGN_APPROVALS")]
    approvals: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let ledger = ledger(arguments)?;
    let subjects = arguments.files.iter().map(|file| subject(file)).collect::<Result<Vec<_>>>()?;
    let record = Record {
        scopes: arguments.scope.clone(),
        tool: arguments.system.clone(),
        consents: arguments.consent.clone(),
        expires_on: arguments.expires,
        reference: arguments.reference.clone(),
        note: arguments.note.clone(),
        subjects,
        ..Record::new(Decision::Approved, Person::named(&arguments.by), Local::now().date_naive())
    };
    let ids = Ledger::append(&ledger, std::slice::from_ref(&record), None)?;
    for (id, subject) in ids.iter().cycle().zip(&record.subjects) {
        let digest = subject.sha256().unwrap_or_default();
        super::print(&format!("approved {} (sha256 {digest}) as {id} in {}\n", subject.name, ledger.display()))?;
    }
    Ok(0)
}

fn scope(word: &str) -> std::result::Result<Scope, String> {
    serde_json::from_value(serde_json::Value::from(word)).map_err(|e| e.to_string())
}

fn ledger(arguments: &Arguments) -> Result<PathBuf> {
    let Some(path) = arguments.approvals.clone().or_else(config::default_ledger) else {
        return Err(Error::Usage {
            what: "no ledger to record in".to_owned(),
            hint: "name one: --approvals approvals.jsonl".to_owned(),
        });
    };
    if let Some(folder) = path.parent().filter(|_| arguments.approvals.is_none()) {
        std::fs::create_dir_all(folder).map_err(|e| Error::File {
            path: folder.to_path_buf(),
            what: e.to_string(),
            hint: "name a ledger elsewhere: --approvals approvals.jsonl".to_owned(),
        })?;
    }
    Ok(path)
}

/// The bytes as they are now; the path is only a hint to find them again.
fn subject(file: &Path) -> Result<Subject> {
    let failed = |e: std::io::Error| Error::File {
        path: file.to_path_buf(),
        what: e.to_string(),
        hint: "nothing was recorded; approve wants files that exist and may be read".to_owned(),
    };
    let sha256 = source::sha256(file).map_err(failed)?;
    // From wherever a later scan starts, the whole path fits.
    let whole = std::path::absolute(file).map_err(failed)?;
    Ok(Subject::new(lossless(&whole), Some(&sha256)))
}
