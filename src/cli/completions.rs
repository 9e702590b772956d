//! `countersign completions SHELL`: generated from the arguments, with the values that the program knows.

use clap::builder::{PossibleValuesParser, Resettable};
use clap::{Arg, Command, Id};
use clap_complete::Shell;

use countersign_judge::{marks, rules};
use countersign_model::error::Result;

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

pub(super) fn run(arguments: &Arguments, command: Command) -> Result<u8> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, &mut with_values(command), "countersign", &mut out);
    super::console::print(&String::from_utf8_lossy(&out))?;
    Ok(0)
}

/// The commands with the values that an argument can have where its parser does not name them.
fn with_values(command: Command) -> Command {
    let pages: Vec<_> = pages(&command).collect();
    let command = command.mut_subcommand("rules", |c| {
        c.mut_arg("rule", |arg| values(arg, rules::ALL.iter().map(|rule| rule.info().id).collect()))
    });
    let command = command.mut_subcommand("marks", |c| {
        let known = marks::built_in();
        c.mut_arg("mark", |arg| values(arg, known.marks().map(|mark| kept(&mark.id)).collect()))
    });
    let command = command.mut_subcommand("man", |man| {
        // Names of commands stand below each other as the commands themselves do: `man approvals import`.
        let options = man.get_arguments().filter(|arg| !arg.is_positional()).cloned();
        // What they conflict with is no argument here.
        let options: Vec<_> = options.map(|arg| arg.conflicts_with(Resettable::<Id>::Reset)).collect();
        Command::new("man").about(about(&man)).args(options).disable_help_subcommand(true).subcommands(pages)
    });
    reports(command)
}

/// The names of commands that have a manual page, with those of the commands below them.
fn pages(command: &Command) -> impl Iterator<Item = Command> {
    let shown = command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help");
    shown.map(|c| {
        let page = Command::new(kept(c.get_name())).about(about(c));
        page.disable_help_subcommand(true).disable_help_flag(true).subcommands(pages(c).collect::<Vec<_>>())
    })
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// Every `--report` with the formats.
fn reports(command: Command) -> Command {
    let formats = || countersign_report::ALL.iter().map(|kind| kind.info.id).collect();
    let command = command.mut_args(|arg| match arg.get_long() {
        Some("report") => values(arg, formats()),
        _ => arg,
    });
    command.mut_subcommands(reports)
}

/// A name for the rest of the program, which only writes a script and ends.
fn kept(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

fn values(arg: Arg, values: Vec<&'static str>) -> Arg {
    arg.value_parser(PossibleValuesParser::new(values))
}
