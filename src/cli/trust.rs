//! `countersign trust list|import FILE`: whose signatures are vouched for.

use std::path::{Path, PathBuf};

use chrono::Utc;
use clap::Subcommand;

use super::config;
use super::config::load_policy;
use super::reporting::width;
use countersign_credentials::trust::TrustList;
use countersign_credentials::{Options, Verifier};
use countersign_judge::policy::Policy;
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::wrap;

/// List the trust lists in force, or add one.
#[derive(Debug, clap::Args)]
#[command(after_help = "The official C2PA lists are published at https://github.com/c2pa-org/conformance-public; \
    nothing is fetched.\nExample:\n  countersign trust import C2PA-TRUST-LIST.json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Which lists are in force for scan and inspect, with their dates
    List {
        /// Policy file, or the name of a built-in policy, whose lists are in force too
        #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
        policy: Option<PathBuf>,
        /// One JSON object a list, one a line
        #[arg(long)]
        json: bool,
    },
    /// Keep a list in your configuration folder: from then on it is in force
    Import {
        /// C2PA trust list (JSON), PEM bundle, or a list of key usages (store.cfg)
        file: PathBuf,
        /// What to call it [default: its own name, else the file's]
        #[arg(long)]
        name: Option<String>,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    match &arguments.command {
        Command::List { policy, json } => list(&load_policy(policy.as_deref())?, *json),
        Command::Import { file, name } => import(file, name.as_deref()),
    }
}

/// The lists in force: imported, named by the policy, typed.
pub(super) fn in_force(policy: Option<&Policy>, typed: &[PathBuf]) -> Result<Vec<TrustList>> {
    let imported = config::trust_lists();
    let named = policy.into_iter().flat_map(|p| &p.trust.lists);
    let mut lists: Vec<TrustList> = Vec::new();
    for path in imported.iter().chain(named).chain(typed) {
        let list = TrustList::load(path)?;
        // The same list by two ways is one list.
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    Ok(lists)
}

fn list(policy: &Policy, json: bool) -> Result<u8> {
    let lists = in_force(Some(policy), &[])?;
    let mut out = String::new();
    for list in &lists {
        match json {
            true => out.push_str(&format!("{}\n", line(list))),
            false => out.push_str(&page(list)),
        }
    }
    if lists.is_empty() && !json {
        out = wrap(
            "",
            "No trust list is in force: signatures are checked, but nobody vouches for the signers. \
             Add a list with `countersign trust import FILE`.",
            width(),
        );
    }
    super::console::print(&out)?;
    Ok(0)
}

fn line(list: &TrustList) -> serde_json::Value {
    let mut value = serde_json::json!(list.reference());
    value["certificates"] = count(list).into();
    value["overdue"] = list.reference().is_overdue(&today()).into();
    value
}

fn page(list: &TrustList) -> String {
    let reference = list.reference();
    let mut out = format!("{}\n", terminal(&list.name));
    let mut row = |label: &str, value: &str| out.push_str(&wrap(&format!("  {label:<12}"), &terminal(value), width()));
    row("ApprovalStatus", reference.standing.as_deref().unwrap_or("your own choice"));
    row("Issued", list.issued.as_deref().unwrap_or("no date stated"));
    if let Some(next) = &list.next_update {
        let late = if reference.is_overdue(&today()) { ": overdue, import the current list" } else { "" };
        row("Next update", &format!("{next}{late}"));
    }
    row("Holds", &holds(list));
    out
}

fn holds(list: &TrustList) -> String {
    let kind = if list.allowed_pem.is_empty() { "certification authorities" } else { "signing certificates" };
    match count(list) {
        0 => format!("{} key usages that signers may carry", list.config.lines().count()),
        1 => "1 certificate".to_owned(),
        n => format!("{n} {kind}"),
    }
}

fn count(list: &TrustList) -> usize {
    list.certificates().count()
}

fn today() -> String {
    Utc::now().date_naive().to_string()
}

fn import(file: &Path, name: Option<&str>) -> Result<u8> {
    let mut list = TrustList::load(file)?;
    if let Some(name) = name {
        // One line of a comment in the file that is kept.
        list.name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    // What nothing can parse is refused now, not passed over at the next scan.
    if list.broken() > 0 {
        return Err(Error::Data {
            path: file.to_path_buf(),
            what: format!("{} of its blocks are no X.509 certificates", list.broken()),
            hint: "fetch the list again from whoever publishes it".to_owned(),
        });
    }
    Verifier::new(&Options { trust: vec![list.clone()], ..Options::default() })?;
    let Some(folder) = config::trust_folder() else {
        return Err(Error::Usage {
            what: "there is no configuration folder to keep the list in".to_owned(),
            hint: "set COUNTERSIGN_CONFIG to a folder, or name the list each time: --trust FILE".to_owned(),
        });
    };
    let path = folder.join(format!("{}.pem", slug(&list.name)));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, list.pem()));
    written.map_err(|e| Error::File {
        path: path.clone(),
        what: e.to_string(),
        hint: "check the permissions of your configuration folder".to_owned(),
    })?;
    super::console::print(&format!("imported as {}; from now on in force\n{}", path.display(), page(&list)))?;
    Ok(0)
}

/// A file name from a list's name.
fn slug(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let slug = plain.split_whitespace().collect::<Vec<_>>().join("-");
    if slug.is_empty() { "list".to_owned() } else { slug.chars().take(80).collect() }
}
