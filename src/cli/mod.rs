//! The command line: one file per subcommand, one place for what they share.

mod approvals;
mod approve;
mod attest;
mod baseline;
mod clip;
mod columns;
mod compare;
mod comparison_clips;
mod comparison_page;
mod completions;
mod config;
mod console;
mod convert;
mod defaults;
mod delivery_root;
mod diagnostic;
mod environment;
mod extract;
mod fingerprint;
mod headings;
mod index;
mod inside;
mod inspect;
mod inspect_address;
mod judge;
mod judging_options;
mod keys;
mod listing;
mod manual;
mod marks;
mod names;
mod output;
mod overlap;
mod partials;
mod policy;
mod progress;
mod reading_options;
mod reporting;
mod roots;
mod rows_apart;
mod rules;
mod scan;
#[cfg(feature = "serve")]
mod serve;
mod shared_options;
mod timeline;
mod tree;
mod trust;
mod trust_lists;
mod verify_verdict;
mod whole_file;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use countersign_model::error::{Error, Result};

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
    Scan(Box<scan::Arguments>),
    /// The events of a timeline, and the assets they conform to
    Timeline(timeline::Arguments),
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
    /// Which trust lists are in force, with their dates; add one, remove one
    Trust(trust::Arguments),
    /// Render a saved report in another format, without a new scan
    Convert(convert::Arguments),
    /// Fingerprints of known AI material, to be given to `scan --known FILE`
    Index(index::Arguments),
    /// What two files have in common: same bytes, same pixels or samples, copy, look, different
    Compare(compare::Arguments),
    /// What assets say, as rows that travel to where they are judged
    Extract(extract::Arguments),
    /// Judge what `extract` found, all shards as one delivery
    Judge(judge::Arguments),
    /// Check a signed verdict against a drive
    VerifyVerdict(verify_verdict::Arguments),
    /// Hot folders, a queue, review and approval in a browser
    #[cfg(feature = "serve")]
    Serve(Box<serve::Arguments>),
    /// Print shell completions
    Completions(completions::Arguments),
    /// Print the manual page, or that of one command
    Man(manual::Arguments),
}

/// Runs the program and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    // A process of this program asks for it, never a person: neither help nor completions know it.
    if std::env::args_os().nth(1).is_some_and(|first| first == worker::NAME) {
        return ExitCode::from(worker::run());
    }
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
    let mut command = headings::grouped(defaults::prepared(Arguments::command()));
    // Most people have no file: then what was typed is parsed once, and the commands need not be there twice.
    let file = defaults::file().map(|path| (path, command.clone()));
    let plain = match command.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => matches,
        Err(error) => return environment::blamed(error, std::env::args_os()),
    };
    let matches = match defaults::concern(&command, &plain) {
        true => {
            environment::check()?;
            match file {
                Some((path, command)) => defaults::applied(command, &path)?.try_get_matches(),
                None => Ok(plain),
            }
        }
        false => Ok(plain),
    };
    Ok(matches.and_then(|matches| Arguments::from_arg_matches(&matches)))
}

fn dispatch(command: Command) -> Result<u8> {
    match command {
        Command::Scan(arguments) => scan::run(*arguments),
        Command::Timeline(arguments) => timeline::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Approve(arguments) => approve::run(*arguments),
        Command::Approvals(arguments) => approvals::run(arguments),
        Command::Keys(arguments) => keys::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Marks(arguments) => marks::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Trust(arguments) => trust::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Index(arguments) => index::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Extract(arguments) => extract::run(&arguments),
        Command::Judge(arguments) => judge::run(&arguments),
        Command::VerifyVerdict(arguments) => verify_verdict::run(&arguments),
        #[cfg(feature = "serve")]
        Command::Serve(arguments) => serve::run(*arguments),
        Command::Completions(arguments) => completions::run(&arguments, defaults::prepared(Arguments::command())),
        Command::Man(arguments) => manual::run(&arguments, headings::grouped(defaults::prepared(Arguments::command()))),
    }
}

fn fail(error: Error) -> ExitCode {
    let code = error.exit_code();
    // Where nobody can be told, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "{:?}", diagnostic::report(error));
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// The modules of this folder by their paths below it, each with its code.
    fn modules() -> BTreeMap<String, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
        let mut out = BTreeMap::new();
        for (folder, prefix) in [(root.clone(), ""), (root.join("approvals"), "approvals/")] {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let name = entry.file_name().into_string().unwrap();
                if let Some(name) = name.strip_suffix(".rs") {
                    let text = std::fs::read_to_string(entry.path()).unwrap();
                    let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                    out.insert(format!("{prefix}{name}"), code);
                }
            }
        }
        out
    }

    /// The names after each `path` in the code, those in braces too.
    fn names<'a>(code: &'a str, path: &str) -> Vec<&'a str> {
        let after = |(at, _): (usize, &str)| &code[at + path.len()..];
        let whole = |(at, _): &(usize, &str)| !code[..*at].ends_with("super::");
        let lists = code.match_indices(path).filter(whole).map(after).map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next().unwrap_or_default(),
        });
        lists.flat_map(|list| list.split(',')).map(|name| name.trim()).filter(|name| !name.is_empty()).collect()
    }

    /// What a module imports of this folder, as modules; what is no module is of the folder's own `mod.rs`.
    fn imports(module: &str, code: &str, known: &BTreeMap<String, String>) -> BTreeSet<String> {
        let inner = module.starts_with("approvals/");
        let beside: &[&str] = if inner { &["approvals/"] } else { &[""] };
        let mut paths: Vec<(&str, &[&str])> = vec![("crate::cli::", &[""]), ("super::", beside)];
        if inner {
            paths.push(("super::super::", &[""]));
        }
        let mut out = BTreeSet::new();
        for (path, folders) in paths {
            for name in names(code, path).into_iter().filter(|name| !name.starts_with("super")) {
                let parts: Vec<_> = name.split("::").filter(|part| !part.is_empty()).collect();
                let longest = [2, 1].into_iter().filter_map(|n| Some(parts.get(..n)?.join("/")));
                let found = longest
                    .flat_map(|n| folders.iter().map(move |f| format!("{f}{n}")))
                    .find(|n| known.contains_key(n));
                let folder = parts.first() == Some(&"approvals") && parts.len() == 1;
                out.insert(
                    found.unwrap_or_else(|| {
                        if folder { "approvals/mod".to_owned() } else { format!("{}mod", folders[0]) }
                    }),
                );
            }
        }
        out
    }

    #[test]
    fn no_two_files_import_each_other() {
        let modules = modules();
        assert!(modules.len() > 20 && modules.contains_key("approvals/terms"), "the files were not found");
        let mut left: BTreeMap<_, _> =
            modules.iter().map(|(m, code)| (m.clone(), imports(m, code, &modules))).collect();
        let of_judging = &left["judging_options"];
        assert!(of_judging.contains("config") && of_judging.contains("approvals/terms"), "{left:#?}");
        // A folder's own file declares the others, and so is imported by none of them.
        left.retain(|module, _| module != "mod" && module != "approvals/mod");
        let parents: Vec<_> =
            left.iter().filter(|(_, of)| of.contains("mod") || of.contains("approvals/mod")).collect();
        assert!(parents.is_empty(), "{parents:#?}");
        loop {
            let done: Vec<_> = left
                .iter()
                .filter(|(_, of)| of.iter().all(|o| !left.contains_key(o)))
                .map(|(m, _)| m.clone())
                .collect();
            if done.is_empty() {
                break;
            }
            done.iter().for_each(|module| drop(left.remove(module)));
        }
        assert!(left.is_empty(), "these import each other: {left:#?}");
    }
}
