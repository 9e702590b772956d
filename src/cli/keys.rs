//! `countersign keys new|show`: make a key that signs approvals, print its public half.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use countersign_judge::approvals::keys;
use countersign_model::error::{Error, Result};

/// Make a signing key for approvals, or print its public half.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an Ed25519 key in OpenSSH's format
    #[command(
        after_help = "Example:\n  countersign keys new ~/.ssh/approvals --comment 'Jane Doe, Legal' --passphrase\n\n\
        COUNTERSIGN_PASSPHRASE holds the passphrase where nobody can be asked."
    )]
    New {
        /// File to write; never overwritten. The public half is written beside it, with .pub
        file: PathBuf,
        /// Whose key it is
        #[arg(long, value_name = "TEXT", default_value = "countersign approvals")]
        comment: String,
        /// Encrypt it with a passphrase, which is asked for
        #[arg(long)]
        passphrase: bool,
    },
    /// Print the public half of a key, as the policy wants it
    Show {
        /// Key file, or its public half
        file: PathBuf,
    },
}

/// The environment's passphrase, for programs.
const VARIABLE: &str = "COUNTERSIGN_PASSPHRASE";

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let (public, file) = match &arguments.command {
        Command::New { file, comment, passphrase } => {
            let passphrase = if *passphrase { Some(new_passphrase(file)?) } else { None };
            let public = keys::make(file, comment, passphrase.as_deref().map(String::as_str))?;
            let beside = keys::public_path(file);
            super::console::print(&format!("wrote {} and {}\n\n", file.display(), beside.display()))?;
            (public, file)
        }
        Command::Show { file } => (keys::public(file)?, file),
    };
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let key = data_encoding::BASE64.encode(&public);
    super::console::print(&format!(
        "# what a policy says to trust it\n[[trust.keys]]\nname = {}\nkey = \"{key}\"\n",
        toml::Value::from(name.into_owned())
    ))?;
    Ok(0)
}

/// The key that `--key` names, its passphrase asked for where it has one.
pub(super) fn load(path: &Path) -> Result<SigningKey> {
    keys::load(path, || ask(path, "Passphrase for"))
}

fn new_passphrase(file: &Path) -> Result<Zeroizing<String>> {
    let first = ask(file, "New passphrase for")?;
    let what = match () {
        () if first.is_empty() => "the passphrase is empty",
        () if std::env::var_os(VARIABLE).is_some() => return Ok(first),
        () if *first == *ask(file, "Once more, for")? => return Ok(first),
        () => "the two passphrases differ",
    };
    Err(Error::Usage { what: what.to_owned(), hint: "no key was made; try again".to_owned() })
}

fn ask(file: &Path, what: &str) -> Result<Zeroizing<String>> {
    if let Ok(given) = std::env::var(VARIABLE) {
        return Ok(Zeroizing::new(given));
    }
    let failed = |what: String| Error::File {
        path: file.to_owned(),
        what,
        hint: format!("run it in a terminal, or set {VARIABLE}"),
    };
    if !std::io::stdin().is_terminal() {
        return Err(failed("its passphrase is needed, and nobody can be asked".to_owned()));
    }
    let asked = rpassword::prompt_password(format!("{what} {}: ", file.display()));
    asked.map(Zeroizing::new).map_err(|e| failed(e.to_string()))
}
