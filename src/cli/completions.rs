//! `countersign completions SHELL` and `countersign man`: both generated from the arguments.

use clap_complete::Shell;

use super::names::unknown;
use countersign_model::error::{Error, Result};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign completions bash > ~/.local/share/bash-completion/completions/countersign\n  \
    countersign completions zsh > ~/.zfunc/_countersign\n  \
    countersign completions fish > ~/.config/fish/completions/countersign.fish"
)]
pub(super) struct Arguments {
    /// The shell that will read them
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, command: &mut clap::Command) -> Result<u8> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, command, "countersign", &mut out);
    super::console::print(&String::from_utf8_lossy(&out))?;
    Ok(0)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign man | man -l -\n  countersign man scan > countersign-scan.1")]
pub(super) struct ManArguments {
    /// The command whose page is wanted
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub(super) fn man(arguments: &ManArguments, mut command: clap::Command) -> Result<u8> {
    // Options that come from above are only in the pages once the tree is built.
    command.build();
    let page = match &arguments.command {
        None => command,
        Some(name) => {
            let known: Vec<_> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
            let found = command.get_subcommands().find(|c| c.get_name() == name).cloned();
            let found = found.ok_or_else(|| unknown("command", name, known.iter().map(String::as_str)))?;
            let title = format!("countersign-{name}");
            found.bin_name(format!("countersign {name}")).display_name(title)
        }
    };
    let mut out = Vec::new();
    clap_mangen::Man::new(page).render(&mut out).map_err(|e| Error::File {
        path: "standard output".into(),
        what: e.to_string(),
        hint: String::new(),
    })?;
    super::console::print(&String::from_utf8_lossy(&out))?;
    Ok(0)
}
