//! Records from a spreadsheet or a production tracker: CSV (RFC 4180) with a column map.
//!
//! Every row is read before anything is recorded, and every row that cannot be one is named with its line and the reason.
//! Encoding, delimiter and date format are said, not guessed: a day and a month swapped would go unnoticed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use encoding_rs::{Encoding, UTF_8};
use sha2::{Digest, Sha256};

use super::record::{Annotations, SourceAsset};
use super::{Decision, LedgerEntry, Person, Record, Subject};
use crate::policy::Scope;
use crate::policy::known::nearest;
use countersign_model::text::from_csv_cell;

/// How a sheet is to be read.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Field and the name of its column, where they are not called alike.
    pub columns: Vec<(String, String)>,
    /// Field and what it is in every row.
    pub fixed: Vec<(String, String)>,
    /// The byte between two cells: `,`, `;` or a tab.
    pub delimiter: u8,
    /// How the sheet's bytes stand for text, unless a byte order mark says otherwise.
    pub encoding: &'static Encoding,
    /// As `strftime` has it: `%d.%m.%Y`.
    pub date_format: String,
    /// What the sheet is called in the records.
    pub source: String,
}

impl Plan {
    /// Commas, UTF-8, ISO dates, columns named after the fields.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            columns: Vec::new(),
            fixed: Vec::new(),
            delimiter: b',',
            encoding: UTF_8,
            date_format: "%Y-%m-%d".to_owned(),
            source: source.into(),
        }
    }
}

/// Columns of a sheet.
const COLUMNS: usize = 10_000;
/// Bad rows that are named one by one.
pub const BAD: usize = 100_000;

/// What a sheet holds.
#[derive(Debug, Default)]
pub struct Sheet {
    /// One record for each good row, in their order.
    pub records: Vec<Record>,
    /// The rows that cannot be records, with the reason: the first [`BAD`] of them.
    pub bad: Vec<Bad>,
    /// How many more of them there are.
    pub more_bad: usize,
    /// Rows left out because the same is recorded already.
    pub repeated: usize,
    /// Columns that no field is taken from.
    pub ignored: Vec<String>,
}

impl Sheet {
    /// How many rows cannot be records.
    #[must_use]
    pub fn all_bad(&self) -> usize {
        self.bad.len() + self.more_bad
    }

    /// Leaves out rows without an id that say what one of these records, or an earlier row, says.
    pub fn leave_out(&mut self, recorded: impl IntoIterator<Item = Arc<LedgerEntry>>) {
        if self.records.iter().all(|record| !record.id.is_empty()) {
            return;
        }
        let mut known: HashSet<Vec<u8>> = recorded.into_iter().filter_map(|r| content(&r.record)).collect();
        let rows = self.records.len();
        self.records
            .retain(|record| !record.id.is_empty() || content(record).is_none_or(|content| known.insert(content)));
        self.repeated = rows - self.records.len();
    }
}

/// A digest of all that a record says, but for its id and the sheet that it comes from.
fn content(record: &Record) -> Option<Vec<u8>> {
    let unnumbered = Record { id: String::new(), source_system: None, ..record.clone() };
    let text = serde_json::to_vec(&(&unnumbered, &unnumbered.subjects)).ok()?;
    Some(Sha256::digest(&text).to_vec())
}

/// A row that cannot be a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// Where the row begins, from 1; the header is line 1.
    pub line: u64,
    /// What is wrong with it, as one clause without a period.
    pub reason: String,
}

/// One row on its way to a record.
struct Row<'a> {
    record: Record,
    subject: Subject,
    plan: &'a Plan,
}

type Set = fn(&mut Row<'_>, &str) -> Result<(), String>;

/// The fields of a record, their other names in headers, and how each is set from a cell that is not empty.
static FIELDS: &[(&str, &[&str], Set)] = &[
    ("id", &[], |r, v| keep(&mut r.record.id, v)),
    ("path", &["file", "filename", "file-name", "asset"], |r, v| keep(&mut r.subject.name, v)),
    ("sha256", &["sha-256", "checksum-sha256"], |r, v| r.digest("sha256", v, 64)),
    ("sha1", &["sha-1"], |r, v| r.digest("sha1", v, 40)),
    ("md5", &[], |r, v| r.digest("md5", v, 32)),
    ("xxh64", &[], |r, v| r.digest("xxh64", v, 16)),
    ("c4", &["c4-id"], |r, v| r.other("c4", v)),
    ("imf-uuid", &[], |r, v| r.other("imfUuid", v)),
    ("c2pa-instance", &[], |r, v| r.other("c2paInstance", v)),
    ("range", &["timecode", "timecodes", "frames"], |r, v| {
        r.subject.annotations = Some(Annotations { range: Some(v.to_owned()), fingerprint: None });
        Ok(())
    }),
    ("decision", &["status"], |r, v| word(v).map(|decision| r.record.decision = decision)),
    ("scopes", &["scope"], |r, v| {
        r.record.scopes = many(v).map(word::<Scope>).collect::<Result<_, _>>()?;
        Ok(())
    }),
    ("use", &["use-class"], |r, v| word(v).map(|class| r.record.use_class = Some(class))),
    ("tool", &["system"], |r, v| some(&mut r.record.tool, v)),
    ("vendor", &[], |r, v| some(&mut r.record.vendor, v)),
    ("version", &["tool-version"], |r, v| some(&mut r.record.version, v)),
    ("model", &[], |r, v| some(&mut r.record.model, v)),
    ("prompt", &[], |r, v| some(&mut r.record.prompt, v)),
    ("sources", &["source-material"], |r, v| {
        r.record.sources = many(v).map(source).collect();
        Ok(())
    }),
    ("consents", &["consent"], |r, v| list(&mut r.record.consents, v)),
    ("conditions", &["condition"], |r, v| list(&mut r.record.conditions, v)),
    ("requester", &["requested-by"], |r, v| {
        r.record.requester = Some(Person::named(v));
        Ok(())
    }),
    ("by", &["approver", "approved-by"], |r, v| keep(&mut r.record.approver.name, v)),
    ("role", &["approver-role"], |r, v| some(&mut r.record.approver.role, v)),
    ("organization", &["approver-organization"], |r, v| some(&mut r.record.approver.organization, v)),
    ("decided-on", &["date", "approved-on", "decided"], |r, v| r.date(v).map(|day| r.record.decided_on = day)),
    ("expires-on", &["expires", "expiry"], |r, v| r.date(v).map(|day| r.record.expires_on = Some(day))),
    ("reference", &["ticket"], |r, v| some(&mut r.record.reference, v)),
    ("note", &["notes", "comment"], |r, v| some(&mut r.record.note, v)),
    ("archive", &["repository"], |r, v| some(&mut r.record.archive, v)),
    ("collection", &["fonds"], |r, v| some(&mut r.record.collection, v)),
    ("object", &["object-number", "inventory-number"], |r, v| some(&mut r.record.object, v)),
    ("licence", &["license"], |r, v| some(&mut r.record.licence, v)),
    ("disclosure-text", &["disclosure"], |r, v| some(&mut r.record.disclosure_text, v)),
    ("supersedes", &[], |r, v| list(&mut r.record.supersedes, v)),
];

/// Fields without which a row says nothing, and those of which one will do.
const NEEDED: &[&[&str]] = &[&["path", "sha256"], &["decision"], &["by"], &["decided-on"]];

/// The names of all fields.
pub fn fields() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(name, ..)| *name)
}

fn keep(to: &mut String, value: &str) -> Result<(), String> {
    value.clone_into(to);
    Ok(())
}

fn some(to: &mut Option<String>, value: &str) -> Result<(), String> {
    *to = Some(value.to_owned());
    Ok(())
}

fn list(to: &mut Vec<String>, value: &str) -> Result<(), String> {
    *to = many(value).map(str::to_owned).collect();
    Ok(())
}

/// The parts of a cell that holds several values.
fn many(value: &str) -> impl Iterator<Item = &str> {
    value.split(['|', ';', '\n']).map(str::trim).filter(|part| !part.is_empty())
}

/// `photo of 1931 = in the public domain`.
pub fn source(text: &str) -> SourceAsset {
    match text.split_once('=') {
        Some((name, rights)) => SourceAsset { name: name.trim().to_owned(), rights: Some(rights.trim().to_owned()) },
        None => SourceAsset { name: text.to_owned(), rights: None },
    }
}

/// A word of a fixed set, whatever its case, spaces for hyphens.
fn word<T: serde::de::DeserializeOwned>(value: &str) -> Result<T, String> {
    let plain = value.trim().to_lowercase().replace([' ', '_'], "-");
    serde_json::from_value(plain.as_str().into()).map_err(|e| {
        let names = e.to_string();
        let names: Vec<&str> = names.split('`').skip(3).step_by(2).collect();
        let near = nearest(&plain, names.iter().copied()).map(|near| format!("; did you mean {near:?}?"));
        format!("{value:?} is none of {}{}", names.join(", "), near.unwrap_or_default())
    })
}

impl Row<'_> {
    fn digest(&mut self, algorithm: &str, value: &str, digits: usize) -> Result<(), String> {
        let hex = value.to_lowercase();
        if hex.len() != digits || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!("{value:?} is no {algorithm}: {digits} hexadecimal digits"));
        }
        self.subject.digest.insert(algorithm.to_owned(), hex);
        Ok(())
    }

    fn other(&mut self, algorithm: &str, value: &str) -> Result<(), String> {
        self.subject.digest.insert(algorithm.to_owned(), value.to_owned());
        Ok(())
    }

    fn date(&self, value: &str) -> Result<NaiveDate, String> {
        let format = &self.plan.date_format;
        NaiveDate::parse_from_str(value, format).map_err(|_| format!("{value:?} is no date of the form {format}"))
    }

    /// The record, where the row as a whole makes sense.
    fn finish(self) -> Result<Record, String> {
        let Self { mut record, subject, plan } = self;
        if record.approver.name.is_empty() {
            return Err("nobody is named who decided (by)".to_owned());
        }
        if subject.name.is_empty() && subject.digest.is_empty() {
            return Err("neither path nor digest: it is about nothing".to_owned());
        }
        if let Some(day) = record.expires_on.filter(|day| *day < record.decided_on) {
            return Err(format!("it expires on {day}, before it was decided on {}", record.decided_on));
        }
        record.subjects = vec![subject];
        record.source_system = Some(plan.source.clone());
        Ok(record)
    }
}

/// Reads a sheet. `taken` are the ids that no row may bring.
///
/// # Errors
/// What is wrong with the sheet as a whole: its encoding, its header, the plan's fields.
pub fn read(bytes: &[u8], plan: &Plan, taken: &HashSet<String>) -> Result<Sheet, String> {
    let text = decoded(bytes, plan)?;
    let mut reader = csv::ReaderBuilder::new().delimiter(plan.delimiter).flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> =
        reader.headers().map_err(|e| e.to_string())?.iter().map(|name| name.trim().to_owned()).collect();
    if header.len() > COLUMNS {
        return Err(format!("{} columns: at most {COLUMNS} are read", header.len()));
    }
    let columns = columns(&header, plan)?;
    let ignored = (0..header.len()).filter(|i| !columns.iter().any(|(at, _)| at == i));
    let mut sheet = Sheet { ignored: ignored.map(|i| header[i].clone()).collect(), ..Sheet::default() };
    let fixed = plan.fixed.iter().map(|(name, value)| Ok((field(name)?, value.as_str())));
    let fixed = fixed.collect::<Result<Vec<_>, String>>()?;
    let mut ids = taken.clone();
    for row in reader.records() {
        let (line, read) = match row {
            Ok(row) => {
                let line = row.position().map_or(0, csv::Position::line);
                (line, record(&row, header.len(), &columns, &fixed, plan))
            }
            Err(e) => (e.position().map_or(0, csv::Position::line), Err(e.to_string())),
        };
        let unique = |record: Record| match record.id.is_empty() || ids.insert(record.id.clone()) {
            true => Ok(record),
            false => Err(format!("the id {} is taken", record.id)),
        };
        match read.and_then(unique) {
            Ok(record) => sheet.records.push(record),
            Err(reason) if sheet.bad.len() < BAD => sheet.bad.push(Bad { line, reason }),
            Err(_) => sheet.more_bad += 1,
        }
    }
    Ok(sheet)
}

fn record(
    row: &csv::StringRecord,
    width: usize,
    columns: &[(usize, usize)],
    fixed: &[(usize, &str)],
    plan: &Plan,
) -> Result<Record, String> {
    if row.len() != width {
        return Err(format!("{} cells where the header has {width}", row.len()));
    }
    let nobody = Record::new(Decision::Denied, Person::default(), NaiveDate::default());
    let subject = Subject { name: String::new(), digest: BTreeMap::new(), annotations: None };
    let mut out = Row { record: nobody, subject, plan };
    let cells = columns.iter().filter_map(|(at, field)| Some((*field, cell(row.get(*at)?))));
    // A cell that says something stands above what is said of every row.
    for (field, value) in fixed.iter().copied().chain(cells) {
        let Some((name, _, set)) = FIELDS.get(field) else { continue };
        let given = fixed.iter().any(|(f, _)| *f == field);
        match value {
            "" if !given && ["decision", "decided-on"].contains(name) => return Err(format!("{name} is empty")),
            "" => {}
            value => set(&mut out, value).map_err(|e| format!("{name}: {e}"))?,
        }
    }
    out.finish()
}

/// A cell without the apostrophe that keeps spreadsheets from computing it.
fn cell(text: &str) -> &str {
    from_csv_cell(text.trim())
}

/// Which column gives which field, by their numbers.
fn columns(header: &[String], plan: &Plan) -> Result<Vec<(usize, usize)>, String> {
    let mut out = Vec::new();
    for (name, column) in &plan.columns {
        let number = field(name)?;
        let at = header.iter().position(|h| h.eq_ignore_ascii_case(column)).ok_or_else(|| {
            let near = nearest(column, header.iter().map(String::as_str));
            let near = near.map(|n| format!("; did you mean {n:?}?")).unwrap_or_default();
            format!("no column is called {column:?}{near} (the header has {})", header.join(", "))
        })?;
        out.push((at, number));
    }
    for (number, (name, others, _)) in FIELDS.iter().enumerate() {
        let plain = |h: &String| h.to_lowercase().replace([' ', '_'], "-");
        let at = header.iter().position(|h| plain(h) == *name || others.contains(&plain(h).as_str()));
        let free = |at: &usize| !out.iter().any(|(a, f)| a == at || *f == number);
        if let Some(at) = at.filter(free) {
            out.push((at, number));
        }
    }
    for group in NEEDED {
        let known =
            |name: &&str| out.iter().any(|(_, f)| FIELDS[*f].0 == *name) || plan.fixed.iter().any(|(f, _)| f == *name);
        if !group.iter().any(known) {
            let name = group.join(" or ");
            let other = [';', '\t', '|'].into_iter().find(|c| header.len() == 1 && header[0].contains(*c));
            if let Some(other) = other {
                let other = if other == '\t' { "tab".to_owned() } else { format!("'{other}'") };
                return Err(format!(
                    "the header is one column, {:?}: name what separates them, --delimiter {other}",
                    header[0]
                ));
            }
            return Err(format!(
                "no column gives {name} (the header has {}): name it with --map {}=COLUMN, or say it of every row \
                 with --set {}=VALUE",
                header.join(", "),
                group[0],
                group[0]
            ));
        }
    }
    Ok(out)
}

fn field(name: &str) -> Result<usize, String> {
    FIELDS.iter().position(|(field, ..)| *field == name).ok_or_else(|| match nearest(name, fields()) {
        Some(near) => format!("no field is called {name:?}; did you mean {near:?}?"),
        None => format!("no field is called {name:?}; there are {}", fields().collect::<Vec<_>>().join(", ")),
    })
}

fn decoded<'a>(bytes: &'a [u8], plan: &Plan) -> Result<std::borrow::Cow<'a, str>, String> {
    let (text, used, broken) = plan.encoding.decode(bytes);
    if !broken {
        return Ok(text);
    }
    let line = text.split('\u{fffd}').next().map_or(1, |good| good.matches('\n').count() + 1);
    Err(format!("line {line} is not {}: name the sheet's encoding with --encoding, such as windows-1252", used.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn very_many_columns_are_refused_and_very_many_bad_rows_counted() {
        let plan = Plan::new("sheet.csv");
        let wide = format!("path,decision,by,decided-on{}\n", ",x".repeat(COLUMNS));
        assert!(read(wide.as_bytes(), &plan, &HashSet::new()).unwrap_err().contains("at most 10000"));
        let long = format!("path,decision,by,decided-on\n{}", "x\n".repeat(BAD + 7));
        let sheet = read(long.as_bytes(), &plan, &HashSet::new()).unwrap();
        assert_eq!((sheet.bad.len(), sheet.more_bad, sheet.all_bad()), (BAD, 7, BAD + 7));
    }
}
