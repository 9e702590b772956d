//! The command line: one file per subcommand, one place for what they share.

mod approvals;
mod approve;
mod completions;
mod config;
mod convert;
mod defaults;
mod inspect;
mod keys;
mod listing;
mod marks;
mod output;
mod policy;
mod progress;
mod reporting;
mod rules;
mod scan;
mod tree;
mod trust;
mod worker;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::error::{Error, Result};

/// Flags AI-marked media in a delivery that has no recorded approval.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 nothing found, 1 findings, 2 files that could not be judged, \
                        3 usage, configuration, or a report that could not be written, \
                        4 nothing to scan, 130 interrupted.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a delivery: walk, read, match, judge, report
    Scan(scan::Arguments),
    /// Everything a file says, without judgement
    Inspect(inspect::Arguments),
    /// Record an approval for these exact bytes
    Approve(Box<approve::Arguments>),
    /// Work with the ledger: list, show, import, export, revoke, verify, notify, disclose
    Approvals(approvals::Arguments),
    /// Make a signing key for approvals, or print its public half
    Keys(keys::Arguments),
    /// List the rules, or explain one
    Rules(rules::Arguments),
    /// List the marks, or explain one
    Marks(marks::Arguments),
    /// Write a starter policy, print the effective one, validate a file
    Policy(policy::Arguments),
    /// Which trust lists are in force, with their dates; add one
    Trust(trust::Arguments),
    /// Render a saved report in another format, without a new scan
    Convert(convert::Arguments),
    /// Print shell completions
    Completions(completions::Arguments),
    /// Print the manual page, or that of one command
    Man(completions::ManArguments),
    /// Verify Content Credentials and decode media for another process of this program
    #[command(name = worker::NAME, hide = true)]
    Worker,
}

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether to color what goes to standard output.
    fn wanted(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        }
    }
}

/// Runs the program and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match parsed() {
        Err(error) => return fail(error),
        Ok(Ok(arguments)) => arguments,
        Ok(Err(error)) => {
            // Help and version are answers, everything else is a usage error; clap's own code for it is 2,
            // which here means something else.
            let code = if error.use_stderr() { 3 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match dispatch(arguments.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(error),
    }
}

/// The command line over the environment over the user's file. What is wrong with the file stops only commands
/// that it is for, and only once what was typed makes sense.
fn parsed() -> Result<std::result::Result<Arguments, clap::Error>> {
    let command = defaults::prepared(Arguments::command());
    let plain = match command.clone().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return Ok(Err(error)),
    };
    let matches = match defaults::concern(&command, &plain) {
        true => defaults::applied(command)?.try_get_matches(),
        false => Ok(plain),
    };
    Ok(matches.and_then(|matches| Arguments::from_arg_matches(&matches)))
}

fn dispatch(command: Command) -> Result<u8> {
    match command {
        Command::Scan(arguments) => scan::run(arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Approve(arguments) => approve::run(*arguments),
        Command::Approvals(arguments) => approvals::run(arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Marks(arguments) => marks::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Trust(arguments) => trust::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, &mut defaults::prepared(Arguments::command())),
        Command::Man(arguments) => completions::man(&arguments, defaults::prepared(Arguments::command())),
        Command::Worker => Ok(worker::run()),
    }
}

fn fail(error: Error) -> ExitCode {
    let code = error.exit_code();
    // Where nobody can be told, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "{:?}", error.report());
    ExitCode::from(code)
}

/// Something that went wrong and ends nothing.
#[expect(clippy::print_stderr, reason = "the one place where warnings are told")]
fn warn(text: &str) {
    eprintln!("warning: {}", crate::report::escape::terminal(text));
}

/// Writes to standard output; a closed pipe ends quietly, as every filter does.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::File {
            path: "standard output".into(),
            what: e.to_string(),
            hint: "check the disk or the program that reads it".to_owned(),
        }),
        _ => Ok(()),
    }
}
