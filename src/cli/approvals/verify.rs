//! `countersign approvals verify`: every line and every signature, and whether it is still the ledger of a report.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::terms::Read;
use countersign_judge::approvals::ledger::Audit;
use countersign_judge::approvals::{Ledger, grade};
use countersign_judge::policy::Grade;
use countersign_model::error::{Error, Result};
use countersign_report::layout;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits with 3 where the ledger does not hold; the message names the first line that does not.\n\n\
    What lines cut from the end leave behind is a whole ledger: compare it with the head in an earlier report.\n\n\
    Example:\n  countersign approvals verify --approvals approvals.jsonl --report report.json"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    read: Read,
    /// A head that the ledger had once, as a report shows it
    #[arg(long, value_name = "SHA256")]
    head: Option<String>,
    /// A JSON report whose head the ledger had once
    #[arg(long = "report", value_name = "REPORT.json", conflicts_with = "head")]
    earlier: Option<PathBuf>,
    /// Put a last line that was torn while it was written aside, into a file beside the ledger
    #[arg(long)]
    repair: bool,
    /// The answer as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let (path, policy) = arguments.read.found()?;
    let aside = if arguments.repair { Ledger::repair(&path)? } else { None };
    let head = match &arguments.earlier {
        Some(report) => Some(reported(report, &path)?),
        None => arguments.head.as_deref().map(|head| head.trim().to_owned()),
    };
    let (mut known, mut signed, mut unsigned) = (0, 0, 0);
    // Every line is read, whatever an index says of them.
    let audit = Ledger::audit(&path, head.as_deref(), |entry| {
        *match grade(&entry.record, &entry.keys, &policy.trust.keys).0 {
            Grade::SignedKnown => &mut known,
            Grade::Signed => &mut signed,
            Grade::Imported | Grade::PathOnly => &mut unsigned,
        } += 1;
    })?;
    let since = head.map(|head| since(&path, &audit, &head)).transpose()?;
    let records = audit.records;
    let text = if arguments.json {
        let value = json!({
            "ledger": path.to_string_lossy(), "records": records, "head": audit.head,
            "signed_known": known, "signed": signed, "unsigned": unsigned, "added_since_head": since,
            "torn_line_in": aside.as_ref().map(|p| p.to_string_lossy()),
        });
        format!("{value}\n")
    } else {
        let mut out = String::new();
        if let Some(aside) = &aside {
            out.push_str(&format!("the torn last line was put into {}\n", aside.display()));
        }
        let counted = layout::count(records as u64, "record", "records");
        out.push_str(&format!("{}: {counted}, every line holds\n", path.display()));
        out.push_str(&format!("head {}\n", audit.head));
        out.push_str(&format!("{known} signed by known keys, {signed} by other keys, {unsigned} unsigned\n"));
        if let Some(since) = since {
            let since = layout::count(since as u64, "record was", "records were");
            out.push_str(&format!("the earlier head is in it; {since} added since\n"));
        }
        out
    };
    crate::cli::console::print(&text)?;
    Ok(0)
}

/// How many records came after the line with this digest.
fn since(path: &Path, audit: &Audit, head: &str) -> Result<usize> {
    match audit.line {
        Some(line) => Ok(audit.records.saturating_sub(line)),
        None => Err(Error::Ledger {
            path: path.to_owned(),
            line: audit.records,
            what: format!(
                "no line has the digest {head}: this ledger never had that head, or lines were cut from its end"
            ),
            hint: "restore the ledger from a copy, or find out who wrote another one".to_owned(),
        }),
    }
}

/// The head of the ledger at `path` in a report; of one that names a single ledger its head, wherever that lay.
fn reported(report: &Path, path: &Path) -> Result<String> {
    let failed = |what: String| Error::Data {
        path: report.to_path_buf(),
        what,
        hint: "name a JSON report of a scan with --approvals".to_owned(),
    };
    let text = std::fs::read(report).map_err(|e| failed(e.to_string()))?;
    let value: Value = serde_json::from_slice(&text).map_err(|e| failed(format!("not a JSON report: {e}")))?;
    let run = &value["run"];
    let further = run["further_approvals"].as_array().cloned().unwrap_or_default();
    let same = |ledger: &&Value| {
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        ledger["path"].as_str().is_some_and(|named| real(Path::new(named)) == real(path))
    };
    let named = std::iter::once(&run["approvals"]).chain(&further).find(same);
    let ledger = named.or_else(|| further.is_empty().then_some(&run["approvals"]));
    let ledger = ledger.ok_or_else(|| failed(format!("it names several ledgers, and none is {}", path.display())))?;
    ledger["head"].as_str().map(str::to_owned).ok_or_else(|| failed("it names no ledger".to_owned()))
}
