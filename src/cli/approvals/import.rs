//! `countersign approvals import FILE.csv`: records from a sheet; every bad row named, nothing recorded unless all are good.

use std::path::PathBuf;

use serde_json::json;

use super::bind;
use super::terms::Place;
use crate::cli::console::warn;
use countersign_judge::approvals::Approvals;
use countersign_judge::approvals::import::{self, Plan, Sheet};
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::count;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Fields: id path sha256 sha1 md5 xxh64 c4 imf-uuid c2pa-instance range decision scopes use tool vendor\n\
    version model prompt sources consents conditions requester by role organization decided-on expires-on\n\
    reference note supersedes. A cell with several values separates them by | or ;.\n\n\
    Examples:\n  countersign approvals import tracker.csv --dry-run --approvals approvals.jsonl\n  \
    countersign approvals import tracker.csv --root /mnt/drive --approvals approvals.jsonl\n  \
    countersign approvals import list.csv --delimiter ';' --encoding windows-1252 --date-format %d.%m.%Y \\\n    \
    --map path=Datei --map by=Freigabe --set decision=approved --approvals approvals.jsonl"
)]
pub(super) struct Arguments {
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Name of the column that gives a field, repeatable [default: the field's own name]
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = pair)]
    map: Vec<(String, String)>,
    /// What a field is in every row that does not say it, repeatable
    #[arg(long, value_name = "FIELD=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// What separates the cells: one character, or tab
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    delimiter: u8,
    /// The sheet's encoding, as the WHATWG names it
    #[arg(long, value_name = "NAME", default_value = "utf-8", value_parser = encoding)]
    encoding: &'static encoding_rs::Encoding,
    /// How the sheet writes dates, as strftime has it
    #[arg(long, value_name = "FORMAT", default_value = "%Y-%m-%d")]
    date_format: String,
    /// Find the files that rows name below this folder, and bind the records to their bytes
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Only say what would be imported
    #[arg(long)]
    dry_run: bool,
    /// Import the good rows, and leave the bad ones
    #[arg(long)]
    skip_bad: bool,
    #[command(flatten)]
    place: Place,
    /// What was done as JSON
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("write FIELD=VALUE")?;
    Ok((field.trim().to_lowercase(), value.trim().to_owned()))
}

fn delimiter(text: &str) -> std::result::Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [one] if one.is_ascii() && !b"\"\r\n".contains(one) => Ok(*one),
        _ => Err("one character, or tab".to_owned()),
    }
}

fn encoding(text: &str) -> std::result::Result<&'static encoding_rs::Encoding, String> {
    encoding_rs::Encoding::for_label(text.as_bytes()).ok_or_else(|| "such as utf-8, utf-16le, windows-1252".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let failed = |what: String, hint: &str| Error::Data { path: arguments.file.clone(), what, hint: hint.to_owned() };
    let bytes = std::fs::read(&arguments.file).map_err(|e| failed(e.to_string(), "nothing was imported"))?;
    let plan = Plan {
        columns: arguments.map.clone(),
        fixed: arguments.set.clone(),
        delimiter: arguments.delimiter,
        encoding: arguments.encoding,
        date_format: arguments.date_format.clone(),
        source: arguments.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    };
    let ledger = arguments.place.read()?;
    let taken = ledger.as_ref().map(Approvals::ids).unwrap_or_default();
    let mut sheet = import::read(&bytes, &plan, &taken)
        .map_err(|what| failed(what, "nothing was imported; `countersign approvals import --help` names the fields"))?;
    sheet.leave_out(ledger.iter().flat_map(Approvals::records));
    ledger.as_ref().map_or(Ok(()), Approvals::check_ledger_intact)?;
    let bound = arguments.root.as_deref().map(|root| bind::bind(root, &mut sheet.records)).transpose()?;
    if arguments.root.is_some() {
        // A row that a bound record repeats is seen only now.
        sheet.leave_out(ledger.iter().flat_map(Approvals::records));
    }
    bind::idle(&sheet.records, bound.as_ref()).iter().for_each(|what| warn(what));
    let wanted = !arguments.dry_run && (sheet.bad.is_empty() || arguments.skip_bad) && !sheet.records.is_empty();
    let imported = if wanted { arguments.place.append(&sheet.records)?.1.len() } else { 0 };
    crate::cli::console::print(&describe_import(arguments, &sheet, imported))?;
    if !sheet.bad.is_empty() && !arguments.skip_bad {
        let what = format!("{} of {} rows cannot be records", sheet.all_bad(), sheet.all_bad() + sheet.records.len());
        return Err(failed(what, "nothing was imported: mend these rows, or leave them with --skip-bad"));
    }
    Ok(0)
}

fn describe_import(arguments: &Arguments, sheet: &Sheet, imported: usize) -> String {
    if arguments.json {
        let bad: Vec<_> = sheet.bad.iter().map(|bad| json!({"line": bad.line, "reason": bad.reason})).collect();
        let value = json!({
            "good": sheet.records.len(), "bad": bad, "more_bad": sheet.more_bad, "imported": imported, "recorded_already": sheet.repeated, "ignored_columns": sheet.ignored,
        });
        return format!("{value}\n");
    }
    let mut out = String::new();
    for bad in &sheet.bad {
        let place = format!("{}:{}: {}", arguments.file.display(), bad.line, bad.reason);
        out.push_str(&format!("{}\n", terminal(&place)));
    }
    if sheet.more_bad > 0 {
        out.push_str(&format!("and {} more bad rows\n", sheet.more_bad));
    }
    if !sheet.ignored.is_empty() {
        out.push_str(&format!("no field is taken from: {}\n", terminal(&sheet.ignored.join(", "))));
    }
    if sheet.repeated > 0 {
        let rows = count(sheet.repeated as u64, "row that is", "rows that are");
        out.push_str(&format!("left out {rows} recorded already, word for word\n"));
    }
    if arguments.dry_run {
        let (good, bad) = (sheet.records.len(), sheet.all_bad());
        let good = count(good as u64, "row is", "rows are");
        out.push_str(&format!("{good} good, {bad} bad; nothing was imported (--dry-run)\n"));
    } else if imported > 0 {
        let left = if sheet.bad.is_empty() {
            String::new()
        } else {
            format!(", left {}", count(sheet.all_bad() as u64, "bad row", "bad rows"))
        };
        out.push_str(&format!("imported {}{left}\n", count(imported as u64, "record", "records")));
    }
    out
}
