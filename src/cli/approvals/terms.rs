//! What every recorded decision says beside the bytes: who, when, for what, with which tool, on what conditions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{Local, NaiveDate};
use serde::de::DeserializeOwned;

use super::files::Selection;
use super::flagged::Made;
use super::holding::Holding;
use super::opened::cache_folder;
pub(in crate::cli) use super::opened::open;
use super::shown;
use crate::cli::config::{self, load_policy};
use crate::cli::console::{print, warn};
use crate::cli::keys;
use countersign_judge::approvals::import;
use countersign_judge::approvals::record::{Annotations, UseClass};
use countersign_judge::approvals::{Approvals, Cache, Decision, Ledger, Person, Record, Subject};
use countersign_judge::policy::known::nearest;
use countersign_judge::policy::{Grade, Policy, Scope};
use countersign_model::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Terms {
    /// Who decides
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Role of whoever decides, such as 'head of legal'
    #[arg(long = "role", value_name = "TEXT")]
    approver_role: Option<String>,
    /// Organization of whoever decides
    #[arg(long, value_name = "TEXT")]
    organization: Option<String>,
    /// What is covered, repeatable: final-deliverable, talent-likeness, personal-data, third-party-ip
    #[arg(long, value_name = "SCOPE", value_parser = word::<Scope>)]
    pub(in crate::cli) scope: Vec<Scope>,
    /// Ticket or contract
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// The day of the decision [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    decided: Option<NaiveDate>,
    /// The last day on which it holds
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    expires: Option<NaiveDate>,
    /// The generative tool
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Who makes the tool
    #[arg(long, value_name = "TEXT")]
    vendor: Option<String>,
    /// Version of the tool
    #[arg(long, value_name = "TEXT")]
    tool_version: Option<String>,
    /// The tool's model
    #[arg(long, value_name = "TEXT")]
    model: Option<String>,
    /// The prompt, or where it is kept
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// How the tool was used: assistive, altered, generated, digital-replica
    #[arg(long = "use", value_name = "CLASS", value_parser = word::<UseClass>)]
    class: Option<UseClass>,
    /// What went into the tool, and its rights; repeatable
    #[arg(long, value_name = "NAME[=RIGHTS]")]
    source: Vec<String>,
    /// Reference to a consent given, repeatable
    #[arg(long, value_name = "TEXT")]
    consent: Vec<String>,
    /// Frames or timecodes that it is about: 01:02:03:00-01:02:09:12, 1001-1096
    #[arg(long, value_name = "RANGE")]
    range: Option<String>,
    /// Who asked
    #[arg(long, value_name = "NAME")]
    requester: Option<String>,
    /// Id of an earlier record that this one ends, repeatable
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) supersedes: Vec<String>,
    /// Anything else worth knowing
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    holding: Holding,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
}

/// Where a record goes, and what signs it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Place {
    /// Ledger to record it in [default: approvals.jsonl in your configuration folder]
    #[arg(long, value_name = "LEDGER", env = "COUNTERSIGN_APPROVALS")]
    approvals: Option<PathBuf>,
    /// Sign with this Ed25519 key (OpenSSH; `countersign keys new` makes one)
    #[arg(long, value_name = "KEY", env = "COUNTERSIGN_KEY")]
    key: Option<PathBuf>,
}

impl Place {
    pub(in crate::cli) fn append(&self, records: &[Record]) -> Result<(PathBuf, Vec<String>)> {
        let key = self.key.as_deref().map(keys::load).transpose()?;
        let path = to_write(self.approvals.as_deref())?;
        let folder = cache_folder(&path, &[]);
        let cache = folder.as_deref().map(Cache::new);
        let ids = Ledger::append_noted(&path, records, key.as_ref(), cache.as_ref())?;
        Ok((path, ids))
    }

    /// Where the ledger is, or will be.
    pub(in crate::cli) fn path(&self) -> Result<PathBuf> {
        to_write(self.approvals.as_deref())
    }

    /// The ledger as it is before the append, where there is one yet.
    pub(in crate::cli) fn read(&self) -> Result<Option<Approvals>> {
        let path = to_write(self.approvals.as_deref())?;
        path.exists().then(|| open(&path, &[], &[])).transpose()
    }
}

impl Terms {
    /// Records the decision about what was selected, and tells it: what the program picked itself is shown, and recorded
    /// only where the user says so.
    pub(in crate::cli) fn decide(&self, decision: Decision, selection: Selection, conditions: &[String]) -> Result<u8> {
        let Selection { groups, warnings, picked, passed, yes, dry_run, request } = selection;
        let records = groups.into_iter().map(|(made, group)| self.record(decision, (made, group.subjects), conditions));
        let mut records = records.collect::<Result<Vec<_>>>()?;
        if let Some(request) = &request {
            records.iter_mut().for_each(|record| request.complete(record));
        }
        warnings.iter().for_each(|what| warn(what));
        if picked || dry_run {
            let path = self.place.path()?;
            print(&shown::planned(&records, passed, &path))?;
            if dry_run {
                print("nothing was recorded (--dry-run)\n")?;
                return Ok(0);
            }
            if !yes && !shown::agreed(records.len())? {
                print("nothing was recorded\n")?;
                return Ok(0);
            }
        }
        let (path, ids) = self.place.append(&records)?;
        let mut out = String::new();
        for (record, id) in records.iter().zip(&ids) {
            out.push_str(&shown::recorded(record, id, &path));
        }
        print(&out)?;
        records.iter().try_for_each(|record| self.warn_of_stronger(record))?;
        Ok(0)
    }

    /// The day of the decision.
    pub(in crate::cli) fn decided_on(&self) -> NaiveDate {
        self.decided.unwrap_or_else(|| Local::now().date_naive())
    }

    /// Tells of signed records that this one, having no signature, does not end.
    fn warn_of_stronger(&self, record: &Record) -> Result<()> {
        let refuses = matches!(record.decision, Decision::Denied | Decision::Revoked);
        if self.place.key.is_some() || (!refuses && record.supersedes.is_empty()) {
            return Ok(());
        }
        let Some(ledger) = self.place.read()? else { return Ok(()) };
        let named = record.supersedes.iter().filter_map(|id| ledger.by_id(id));
        let same = record.sha256().filter(|_| refuses).flat_map(|sha256| ledger.about(sha256));
        let signed: BTreeSet<String> = named
            .chain(same)
            .filter(|known| {
                known.grade > Grade::Imported && !matches!(known.record.decision, Decision::Denied | Decision::Revoked)
            })
            .map(|known| known.record.id.clone())
            .collect();
        if !signed.is_empty() {
            let ids: Vec<_> = signed.iter().take(shown::TOLD).map(String::as_str).collect();
            warn(&format!(
                "this record is not signed, and so it does not end what is: {}; record it again with --key",
                ids.join(", ")
            ));
        }
        Ok(())
    }

    fn record(
        &self,
        decision: Decision,
        (made, mut subjects): (Made, Vec<Subject>),
        conditions: &[String],
    ) -> Result<Record> {
        // What is typed of the tool is all that is said of it; of a prompt the marks know more than nobody.
        let made = match self.system.is_some() {
            true => Made { prompt: made.prompt, ..Made::default() },
            false => made,
        };
        let decided = self.decided_on();
        if let Some(day) = self.expires.filter(|day| *day < decided) {
            let what = format!("it would expire on {day}, before it is decided on {decided}");
            return Err(Error::Usage { what, hint: "--expires is the last day on which it holds".to_owned() });
        }
        if self.by.trim().is_empty() {
            return Err(Error::Usage { what: "--by is empty".to_owned(), hint: "say who decides".to_owned() });
        }
        for subject in subjects.iter_mut().filter(|_| self.range.is_some()) {
            subject.annotations.get_or_insert_with(Annotations::default).range.clone_from(&self.range);
        }
        let approver =
            Person { name: self.by.clone(), role: self.approver_role.clone(), organization: self.organization.clone() };
        Ok(self.holding.of(Record {
            subjects,
            scopes: self.scope.clone(),
            use_class: self.class,
            tool: self.system.clone().or(made.tool),
            vendor: self.vendor.clone(),
            version: self.tool_version.clone().or(made.version),
            model: self.model.clone().or(made.model),
            prompt: self.prompt.clone().or(made.prompt),
            sources: self.source.iter().map(|text| import::source(text)).collect(),
            consents: self.consent.clone(),
            conditions: conditions.to_vec(),
            requester: self.requester.as_ref().map(Person::named),
            expires_on: self.expires,
            reference: self.reference.clone(),
            note: self.note.clone(),
            supersedes: self.supersedes.clone(),
            ..Record::new(decision, approver, decided)
        }))
    }
}

/// A word of a fixed set, as records spell it.
pub(in crate::cli) fn word<T: DeserializeOwned>(text: &str) -> std::result::Result<T, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|e| {
        let what = e.to_string();
        let known: Vec<&str> = what.split('`').skip(3).step_by(2).collect();
        match nearest(text, known.iter().copied()) {
            Some(near) => format!("did you mean '{near}'? There are {}", known.join(", ")),
            None => format!("there are {}", known.join(", ")),
        }
    })
}

/// A day, as people write it to machines.
pub(in crate::cli) fn day(text: &str) -> std::result::Result<NaiveDate, String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    day.ok_or_else(|| "write year, month and day of a day that there is: 2027-06-30".to_owned())
}

/// The ledger to write: the one named, else the user's own, whose folder is made.
fn to_write(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.to_path_buf());
    }
    let path = config::default_ledger().ok_or_else(no_ledger)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::File {
            path: folder.to_path_buf(),
            what: e.to_string(),
            hint: "name a ledger elsewhere: --approvals approvals.jsonl".to_owned(),
        })?;
    }
    Ok(path)
}

/// A ledger to read, and the policy that knows its keys.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Read {
    /// Ledger [default: the one in your configuration folder]
    #[arg(long, value_name = "LEDGER", env = "COUNTERSIGN_APPROVALS")]
    approvals: Option<PathBuf>,
    /// Policy whose keys are known
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
}

impl Read {
    /// The ledger named, else the user's own, and the policy.
    pub(in crate::cli) fn found(&self) -> Result<(PathBuf, Policy)> {
        let path = self.approvals.clone().or_else(config::approvals).ok_or_else(no_ledger)?;
        Ok((path, load_policy(self.policy.as_deref())?))
    }
}

fn no_ledger() -> Error {
    Error::Usage {
        what: "no ledger is named, and none is in your configuration folder".to_owned(),
        hint: "name one: --approvals approvals.jsonl".to_owned(),
    }
}
