//! `countersign man [COMMAND]...`: manual pages, generated from the arguments, with what man-pages(7) asks for beside them:
//! EXIT STATUS, ENVIRONMENT, FILES.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::console::print;
use super::defaults::{self, OPTIONS};
use super::environment::OTHERS;
use super::names::unknown;
use countersign_model::error::{Error, Result};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign man | man -l -\n  countersign man scan > countersign-scan.1\n  \
    countersign man approvals import | man -l -\n  countersign man --out ~/.local/share/man/man1")]
pub(super) struct Arguments {
    /// The command whose page is wanted: `scan`, `approvals import`
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    out: Option<PathBuf>,
}

/// What ends with which code: the command, the code, what it means.
const STATUS: &[(&str, &str, &str)] = &[
    ("", "0", "The command did what it was asked for."),
    ("scan", "0", "Everything was judged, and nothing was found at or above --fail-on."),
    ("scan", "1", "Findings at or above --fail-on."),
    ("scan", "2", "Incomplete: the only errors are files that could not be judged."),
    ("inspect", "2", "A file could not be read to its end; what could be read was told."),
    ("timeline", "2", "A timeline could not be read to its end; what could be read was told."),
    ("", "3", "A usage or configuration error, before anything was done; or a report that could not be written."),
    ("scan", "4", "Nothing to scan: the roots hold no file."),
    ("scan", "130", "Interrupted; the reports hold what was judged, and say so."),
];

/// Files of the user's configuration folder.
const FILES: &[(&str, &str)] = &[
    ("config.toml", "Defaults of options, under what the command line and the environment say."),
    ("policy.toml", "The policy, where none is named."),
    ("approvals.jsonl", "The ledger of approvals, where none is named."),
    ("trust/*.pem", "Trust lists that `countersign trust import` keeps."),
];

pub(super) fn run(arguments: &Arguments, mut command: Command) -> Result<u8> {
    // Options that come from above are only in the pages once the tree is built.
    command.build();
    match &arguments.out {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
            let mut pages = vec![(Vec::new(), command)];
            while let Some((path, command)) = pages.pop() {
                write_page(folder, &path, &command)?;
                for below in command.get_subcommands().filter(|c| c.get_name() != "help") {
                    pages.push(([path.as_slice(), &[below.get_name().to_owned()]].concat(), below.clone()));
                }
            }
        }
        None => {
            let mut found = command;
            for name in &arguments.command {
                let known: Vec<_> = found.get_subcommands().map(|c| c.get_name().to_owned()).collect();
                let below = found.get_subcommands().find(|c| c.get_name() == name).cloned();
                found = below.ok_or_else(|| unknown("command", name, known.iter().map(String::as_str)))?;
            }
            print(&page(&arguments.command, found).map_err(|e| failed(Path::new("standard output"), &e))?)?;
        }
    }
    Ok(0)
}

fn write_page(folder: &Path, path: &[String], command: &Command) -> Result<()> {
    let file = folder.join(format!("{}.1", title(path)));
    let page = page(path, command.clone()).map_err(|e| failed(&file, &e))?;
    super::whole_file::write(&file, page.as_bytes()).map_err(|e| failed(&file, &e))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let hint = "check that the folder exists and that it may be written to".to_owned();
    Error::File { path: path.to_path_buf(), what: error.to_string(), hint }
}

/// The beginning of a page with all five parts of its heading: an empty date is left out by what writes it, so that the
/// others stand in the wrong places.
fn headed(begun: &[u8], title: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let own = format!(".TH {title} 1 \"\" \"countersign {version}\" Countersign");
    let line = |line: &str| if line.starts_with(".TH ") { own.clone() } else { line.to_owned() };
    String::from_utf8_lossy(begun).lines().map(|text| line(text) + "\n").collect()
}

fn title(path: &[String]) -> String {
    std::iter::once("countersign").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join("-")
}

/// The page of a command that stands at this path below the program.
fn page(path: &[String], command: Command) -> io::Result<String> {
    let name = std::iter::once("countersign").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let examples = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    let variables = defaults::longs(&command);
    let commands = command.get_subcommands().next().is_some();
    let man = Man::new(command.bin_name(name).display_name(title(path))).manual("Countersign");
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    let mut out = headed(&out, &title(path)).into_bytes();
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if commands {
        man.render_subcommands_section(&mut out)?;
    }
    let mut more = Roff::default();
    status(&mut more, path);
    environment(&mut more, &variables, path.is_empty());
    files(&mut more);
    if let Some(examples) = examples {
        notes(&mut more, &examples);
    }
    more.to_writer(&mut out)?;
    man.render_version_section(&mut out)?;
    out.flush()?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn entry(roff: &mut Roff, name: &str, text: &str) {
    roff.control("TP", []).text([bold(name)]).text([roman(text)]);
}

fn status(roff: &mut Roff, path: &[String]) {
    roff.control("SH", ["EXIT STATUS"]);
    let own = path.first().map_or("scan", String::as_str);
    let has_own = |code: &str| STATUS.iter().any(|(of, other, _)| *of == own && *other == code);
    for (of, code, what) in STATUS {
        if *of == own || of.is_empty() && !has_own(code) {
            entry(roff, code, what);
        }
    }
}

/// The variables of the options that the command has; of the program, all.
fn environment(roff: &mut Roff, longs: &[&str], all: bool) {
    roff.control("SH", ["ENVIRONMENT"]);
    for (long, name) in OPTIONS.iter().filter(|(long, _)| all || longs.contains(long)) {
        entry(roff, name, &format!("As --{long}, which beats it."));
    }
    for (name, what) in OTHERS {
        entry(roff, name, &format!("Holds {what}."));
    }
    entry(roff, "NO_COLOR", "Where it is set and not empty, nothing is colored unless --color asks for it.");
    entry(roff, "TMPDIR", "Where temporary files go, unless that lies in what is scanned.");
}

fn files(roff: &mut Roff) {
    roff.control("SH", ["FILES"]);
    let folder = "In $COUNTERSIGN_CONFIG, else countersign in $XDG_CONFIG_HOME, ~/.config or, on Windows, %APPDATA%. \
                  Nothing is ever taken from what is scanned.";
    roff.text([roman(folder)]);
    for (name, what) in FILES {
        entry(roff, name, what);
    }
}

/// What stands behind the options in the help: examples line by line, as they are typed.
fn notes(roff: &mut Roff, text: &str) {
    let (before, examples) = text.split_once("Examples:").unwrap_or((text, ""));
    if !before.trim().is_empty() {
        roff.control("SH", ["NOTES"]).text([roman(before.trim())]);
    }
    if !examples.trim().is_empty() {
        roff.control("SH", ["EXAMPLES"]).control("nf", []);
        for line in examples.lines().filter(|line| !line.trim().is_empty()) {
            roff.text([roman(line.trim())]);
        }
        roff.control("fi", []);
    }
}
