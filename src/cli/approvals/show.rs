//! `countersign approvals show|export`: what the ledger holds.

use std::path::PathBuf;

use chrono::{Local, NaiveDate};
use clap::ValueEnum;
use serde_json::Value;

use super::terms::{Read, day, open};
use crate::cli::reporting::width;
use countersign_judge::approvals::{Approvals, export};
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::wrap;

/// Which ledger, seen by which policy on which day.
#[derive(Debug, clap::Args)]
pub(super) struct View {
    #[command(flatten)]
    read: Read,
    /// The day the records are judged on [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    as_of: Option<NaiveDate>,
}

impl View {
    pub(super) fn open(&self) -> Result<(Approvals, NaiveDate)> {
        let (path, policy) = self.read.found()?;
        let approvals = open(&path, &policy.trust.keys, &[])?;
        Ok((approvals, self.as_of.unwrap_or_else(|| Local::now().date_naive())))
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  countersign approvals show 000012-5be2a1c0 --approvals approvals.jsonl")]
pub(super) struct Show {
    /// Id of the record, as `approvals list` and reports show it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    view: View,
    /// The record as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign approvals export -o approvals.csv --approvals approvals.jsonl\n  \
    countersign approvals export --format cue-sheet -o cues.csv\n  \
    countersign approvals export --format json | jq '.records[].state'")]
pub(super) struct Export {
    /// What to write: rows that can be imported again, everything, or what a cue sheet of generative uses asks for
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// File to write, never overwritten [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    view: View,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
    CueSheet,
}

pub(super) fn show(arguments: &Show) -> Result<u8> {
    let (approvals, as_of) = arguments.view.open()?;
    let Some(known) = approvals.by_id(&arguments.id) else {
        let ids = approvals.ids();
        let near = countersign_judge::policy::known::nearest(&arguments.id, ids.iter().map(String::as_str));
        return Err(Error::Usage {
            what: format!("no record {} in {}", arguments.id, approvals.path().display()),
            hint: match near {
                Some(id) => format!("did you mean {id}?"),
                None => "`countersign approvals list` shows the ids".to_owned(),
            },
        });
    };
    let value = export::value(&approvals, &known, as_of);
    if arguments.json {
        return printed(&format!("{value}\n"));
    }
    let mut out = String::new();
    for (key, value) in value.as_object().into_iter().flatten().filter(|(_, v)| !empty(v)) {
        for (row, text) in value_lines(value).iter().enumerate() {
            let label = if row == 0 { key.as_str() } else { "" };
            out.push_str(&wrap(&format!("{label:<14} "), &terminal(text), width()));
        }
    }
    printed(&out)
}

fn empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// A value in lines that people read.
fn value_lines(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(value_lines).collect(),
        Value::Object(fields) => {
            let parts: Vec<_> = fields.iter().map(|(k, v)| format!("{k}: {}", value_lines(v).join(", "))).collect();
            vec![parts.join("; ")]
        }
        other => vec![other.to_string()],
    }
}

pub(super) fn export(arguments: &Export) -> Result<u8> {
    let (approvals, as_of) = arguments.view.open()?;
    let text = match arguments.format {
        _ if arguments.json => format!("{:#}\n", export::json(&approvals, as_of)),
        Format::Json => format!("{:#}\n", export::json(&approvals, as_of)),
        Format::Csv => export::csv(&approvals, as_of),
        Format::CueSheet => export::cue_sheet(&approvals, as_of),
    };
    approvals.check_ledger_intact()?;
    let Some(path) = &arguments.output else { return printed(&text) };
    let failed = |e: std::io::Error| Error::File {
        path: path.clone(),
        what: e.to_string(),
        hint: "nothing was written: name a file that does not exist yet, in a folder that may be written to".to_owned(),
    };
    crate::cli::whole_file::write_new(path, text.as_bytes()).map_err(failed)?;
    printed(&format!("wrote {}\n", path.display()))
}

pub(super) fn printed(text: &str) -> Result<u8> {
    crate::cli::console::print(text)?;
    Ok(0)
}
