//! `countersign trust list|import FILE|remove NAME`: whose signatures are vouched for.

use std::path::{Path, PathBuf};

use chrono::Utc;
use clap::Subcommand;

use super::config;
use super::config::load_policy;
use super::reporting::width;
use super::trust_lists::{self, Origin};
use countersign_credentials::trust::TrustList;
use countersign_credentials::{Options, Verifier, official};
use countersign_judge::policy::{Policy, known};
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::wrap;

/// List the trust lists in force, add one, remove one.
#[derive(Debug, clap::Args)]
#[command(after_help = "The official C2PA lists are built in, with their dates. Later ones are published at \
    https://github.com/c2pa-org/conformance-public; nothing is fetched.\nExamples:\n  \
    countersign trust import C2PA-TRUST-LIST.json\n  countersign trust remove 'C2PA Trust List'")]
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
    /// Remove an imported list: from then on it is not in force
    Remove {
        /// Its name, as `trust list` shows it
        name: String,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    match &arguments.command {
        Command::List { policy, json } => list(&load_policy(policy.as_deref())?, *json),
        Command::Import { file, name } => import(file, name.as_deref()),
        Command::Remove { name } => remove(name),
    }
}

fn list(policy: &Policy, json: bool) -> Result<u8> {
    let lists = trust_lists::all(Some(policy), &[])?;
    let mut out = String::new();
    for (list, origin) in &lists {
        match json {
            true => out.push_str(&format!("{}\n", line(list, origin))),
            false => out.push_str(&page(list, origin)),
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

fn line(list: &TrustList, origin: &Origin) -> serde_json::Value {
    let mut value = serde_json::json!(list.reference());
    value["origin"] = origin.word().into();
    value["time_stamps_only"] = list.stamps_only.into();
    value["certificates"] = count(list).into();
    value["overdue"] = list.reference().is_overdue(&today()).into();
    value
}

fn page(list: &TrustList, origin: &Origin) -> String {
    let reference = list.reference();
    let mut out = format!("{}\n", terminal(&list.name));
    let mut row = |label: &str, value: &str| out.push_str(&wrap(&format!("  {label:<12}"), &terminal(value), width()));
    let standing = reference.standing.as_deref().unwrap_or("your own choice");
    row("Standing", &format!("{standing}, {}", origin.word()));
    row("Issued", list.issued.as_deref().unwrap_or("no date stated"));
    if let Some(next) = &list.next_update {
        let late = if reference.is_overdue(&today()) { ": overdue, import the current list" } else { "" };
        row("Next update", &format!("{next}{late}"));
    }
    row("Holds", &holds(list));
    out
}

fn holds(list: &TrustList) -> String {
    let kind = match (list.stamps_only, list.allowed_pem.is_empty()) {
        (true, _) => "time-stamping authorities",
        (false, true) => "certification authorities",
        (false, false) => "signing certificates",
    };
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
    let built_in = official::lists();
    let earlier: Vec<_> = config::trust_lists().iter().filter_map(|path| TrustList::load(path).ok()).collect();
    let mut list = TrustList::load(file)?.dated_like(built_in.iter().chain(&earlier));
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
    takes_the_place_of(&list, &path)?;
    let written =
        std::fs::create_dir_all(&folder).and_then(|()| super::whole_file::write(&path, list.pem().as_bytes()));
    written.map_err(|e| Error::File {
        path: path.clone(),
        what: e.to_string(),
        hint: "check the permissions of your configuration folder".to_owned(),
    })?;
    super::console::print(&format!(
        "imported as {}; from now on in force\n{}",
        path.display(),
        page(&list, &Origin::Imported(path.clone()))
    ))?;
    Ok(0)
}

/// That nothing is lost by it: another list that only its file is called like, or a date that the new one does not state.
fn takes_the_place_of(list: &TrustList, path: &Path) -> Result<()> {
    let kept = TrustList::load(path).ok();
    // An imported list of its name takes the place of a built-in one too.
    let built_in = official::lists().into_iter().find(|own| own.name.eq_ignore_ascii_case(&list.name));
    for earlier in kept.iter().chain(&built_in) {
        keeps_dates(list, earlier, path)?;
    }
    match kept {
        Some(earlier) if earlier.name != list.name => {
            Err(refused(path, format!("another list is kept here: {}", earlier.name)))
        }
        _ => Ok(()),
    }
}

/// That a list states every date that the one states whose place it takes.
fn keeps_dates(list: &TrustList, earlier: &TrustList, path: &Path) -> Result<()> {
    if let (Some(issued), None) = (&earlier.issued, &list.issued) {
        let of = format!("the list in force is of {issued}, and the new one states no date");
        return Err(refused(path, format!("{of}: import the list in its JSON form, which does")));
    }
    match (&earlier.next_update, &list.next_update) {
        (Some(next), None) => {
            let of =
                format!("the list in force names {next} as the day of its next update, and the new one names none");
            Err(refused(path, format!("{of}: import the list in its JSON form, which does")))
        }
        _ => Ok(()),
    }
}

fn refused(path: &Path, what: String) -> Error {
    let hint = "import it under another --name, or remove the other first: countersign trust remove NAME".to_owned();
    Error::Data { path: path.to_path_buf(), what, hint }
}

fn remove(name: &str) -> Result<u8> {
    let kept = config::trust_lists().into_iter().filter_map(|path| Some((TrustList::load(&path).ok()?.name, path)));
    let kept: Vec<(String, PathBuf)> = kept.collect();
    let wanted = name.trim();
    let called = |(own, path): &&(String, PathBuf)| {
        own.eq_ignore_ascii_case(wanted) || path.file_stem().is_some_and(|stem| stem == wanted)
    };
    let Some((own, path)) = kept.iter().find(called) else {
        let built_in = official::lists().iter().any(|list| list.name.eq_ignore_ascii_case(wanted));
        let hint = match built_in {
            true => "it is built in: name lists in its place with --trust FILE, or none with --trust none".to_owned(),
            false => {
                let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
                known::suggestion(wanted, &names)
            }
        };
        return Err(Error::Usage { what: format!("no imported list is called {wanted}"), hint });
    };
    std::fs::remove_file(path).map_err(|e| Error::File {
        path: path.clone(),
        what: e.to_string(),
        hint: "check the permissions of your configuration folder".to_owned(),
    })?;
    super::console::print(&format!("removed {}; it is in force no more\n", terminal(own)))?;
    Ok(0)
}

/// A file name from a list's name.
fn slug(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let slug = plain.split_whitespace().collect::<Vec<_>>().join("-");
    if slug.is_empty() { "list".to_owned() } else { slug.chars().take(80).collect() }
}
