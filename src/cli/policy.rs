//! `countersign policy init|show|check|explain`: write a starter policy, print the effective one, validate a file, say
//! what it amounts to for a path.

mod explain;

use std::path::{Path, PathBuf};

use chrono::{Local, NaiveDate};
use clap::Subcommand;

use super::config::load_policy;
use super::console::{there_already, warn};
use countersign_credentials::trust::TrustList;
use countersign_judge::policy::{self, Policy};
use countersign_model::error::{Error, Result};
use countersign_model::text::shell_word;

/// Write a starter policy, print the effective one, validate a file, explain what it says of a path.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented starter policy
    Init {
        /// File to write; never overwritten
        #[arg(default_value = "countersign.toml")]
        file: PathBuf,
    },
    /// Print the policy in force
    Show {
        /// Policy file, or the name of a built-in policy
        #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
        policy: Option<PathBuf>,
    },
    /// Validate a policy file and point at what is wrong
    Check {
        /// Policy file
        file: PathBuf,
    },
    /// What the policy says of a path: role, demanded scopes, rules, and the line that says so
    Explain(explain::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    match &arguments.command {
        Command::Init { file } => {
            write_new(file, policy::starter())?;
            super::console::print(&used(file))?;
        }
        Command::Show { policy } => super::console::print(&load_policy(policy.as_deref())?.effective())?,
        Command::Explain(arguments) => explain::run(arguments)?,
        Command::Check { file } => {
            let policy = Policy::checked(file)?;
            for list in &policy.trust.lists {
                TrustList::load(list)?;
            }
            overdue(&policy, Local::now().date_naive()).iter().for_each(|what| warn(what));
            super::console::print(&format!("{}: policy '{}' is valid\n", file.display(), policy.name))?;
        }
    }
    Ok(0)
}

/// How a policy is used that was just written.
fn used(file: &Path) -> String {
    let name = shell_word(file.as_os_str().as_encoded_bytes());
    format!(
        "wrote {}\n\nEdit it, then:\n  countersign policy check {name}\n  countersign scan PATH --policy {name}\n\n\
         It is used where it is named: with --policy, in COUNTERSIGN_POLICY, as\n\
         `policy = \"...\"` in config.toml, or as policy.toml in your configuration folder.\n\
         Keep it outside of what is scanned. What it amounts to for a path:\n  \
         countersign policy explain PATH --policy {name}\n",
        file.display()
    )
}

/// What the policy says that has run out: it is valid, and does nothing any more.
fn overdue(policy: &Policy, today: NaiveDate) -> Vec<String> {
    let suppressions = policy.suppress.iter().filter(|s| s.expires < today).map(|s| {
        format!("the suppression of {} for '{}' expired on {}: it hides nothing", s.rule, s.pattern.text(), s.expires)
    });
    let keys = policy.trust.keys.iter().filter_map(|key| {
        let until = key.until.filter(|day| *day < today)?;
        Some(format!("the key '{}' was valid until {until}: it signs no later decision", key.name))
    });
    suppressions.chain(keys).collect()
}

fn write_new(file: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| Error::File {
        path: file.to_owned(),
        what: there_already(&e),
        hint: "name a file that does not exist yet, in a folder that may be written to".to_owned(),
    };
    super::whole_file::write_new(file, text.as_bytes()).map_err(failed)
}
