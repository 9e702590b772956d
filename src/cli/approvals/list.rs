//! `countersign approvals list`: the records, each with what it amounts to on a day; which of them are about a file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use serde_json::json;

use super::files;
use super::show::{View, printed};
use crate::cli::reporting::width;
use countersign_engine::walk::lossless;
use countersign_judge::approvals::{Approvals, LedgerEntry, MatchKind, export};
use countersign_model::Asset;
use countersign_model::error::Result;
use countersign_report::escape::terminal;
use countersign_report::layout::{count, wrap};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign approvals list --approvals approvals.jsonl\n  \
    countersign approvals list --file final/poster.jpg\n  \
    countersign approvals list --by 'Jane Doe' --expiring 30\n  \
    countersign approvals list --policy show.toml --as-of 2026-12-31 --json")]
pub(super) struct List {
    #[command(flatten)]
    view: View,
    /// Only records about this file: about its bytes, or naming its path; repeatable
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Only records by whom this is a part of the name, role or organization
    #[arg(long, value_name = "TEXT")]
    by: Option<String>,
    /// Only records in force that run out within so many days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    expiring: Option<u32>,
    /// One JSON object with these records
    #[arg(long)]
    json: bool,
}

/// Records, and how each is about the files that were asked for.
type Rows = Vec<(Arc<LedgerEntry>, Option<&'static str>)>;

pub(super) fn list(arguments: &List) -> Result<u8> {
    let (approvals, as_of) = arguments.view.open()?;
    let asked = !arguments.file.is_empty() || arguments.by.is_some() || arguments.expiring.is_some();
    if arguments.json && !asked {
        let value = export::json(&approvals, as_of);
        approvals.check_ledger_intact()?;
        return printed(&format!("{value}\n"));
    }
    let rows = match arguments.file.is_empty() {
        true => approvals.records().map(|known| (known, None)).collect(),
        false => about(&approvals, &arguments.file)?,
    };
    let rows: Rows = rows.into_iter().filter(|(known, _)| arguments.wants(&approvals, known, as_of)).collect();
    approvals.check_ledger_intact()?;
    if arguments.json {
        let records: Vec<_> = rows
            .iter()
            .map(|(known, how)| {
                let mut value = export::value(&approvals, known, as_of);
                if let Some(how) = how {
                    value["about"] = json!(how);
                }
                value
            })
            .collect();
        let mut value = export::head(&approvals, as_of);
        value["records"] = json!(records);
        return printed(&format!("{value}\n"));
    }
    let mut out: String = rows.iter().map(|(known, how)| line(&approvals, known, as_of, *how)).collect();
    let ledger = terminal(&approvals.path().to_string_lossy());
    let all = count(approvals.len() as u64, "record", "records");
    out.push_str(&match asked {
        true => format!("{} of {all} in {ledger}\n", rows.len()),
        false => format!("{all} in {ledger}\n"),
    });
    printed(&out)
}

impl List {
    fn wants(&self, approvals: &Approvals, known: &LedgerEntry, as_of: NaiveDate) -> bool {
        let by = |text: &String| known.record.approver.to_string().to_lowercase().contains(&text.trim().to_lowercase());
        let soon = |days: &u32| {
            let last = as_of.checked_add_days(Days::new(u64::from(*days))).unwrap_or(NaiveDate::MAX);
            let ends = known.record.expires_on.is_some_and(|day| as_of <= day && day <= last);
            ends && ["in force", "partly"].iter().any(|state| approvals.state(known, as_of).starts_with(state))
        };
        self.by.as_ref().is_none_or(by) && self.expiring.as_ref().is_none_or(soon)
    }
}

/// The records about these files, in the ledger's order.
fn about(approvals: &Approvals, names: &[PathBuf]) -> Result<Rows> {
    let mut found: BTreeMap<usize, (Arc<LedgerEntry>, MatchKind)> = BTreeMap::new();
    for name in names {
        for (path, subject) in files::named_files(name)? {
            let asset = Asset::new(path.clone(), lossless(&path), 0, 0, None);
            for (known, by) in approvals.matches(&asset, subject.sha256()).rows {
                let place = found.entry(known.index).or_insert((known, by));
                place.1 = place.1.min(by);
            }
        }
    }
    let word = |by: MatchKind| match by {
        MatchKind::Digest => "these bytes",
        MatchKind::Path => "this path, whatever its bytes",
        MatchKind::OtherBytes => "other bytes of this path",
    };
    Ok(found.into_values().map(|(known, by)| (known, Some(word(by)))).collect())
}

fn line(approvals: &Approvals, known: &LedgerEntry, as_of: NaiveDate, how: Option<&str>) -> String {
    let record = &known.record;
    let name = record.subjects.first().map(|s| s.name.as_str()).unwrap_or("nothing");
    let more = record.subjects.len().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let until = record.expires_on.map(|day| format!("; until {day}")).unwrap_or_default();
    let how = how.map(|how| format!("; about {how}")).unwrap_or_default();
    let head = format!("{:<16} {:<11} {} ", record.id, record.decision.word(), record.decided_on);
    let state = approvals.state(known, as_of);
    wrap(&head, &terminal(&format!("{name}{more}, by {}; {state}{until}{how}", record.approver)), width())
}
