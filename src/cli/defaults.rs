//! `config.toml` and the environment: defaults of options, under what the command line says.
//!
//! A key is an option's long name. At the top of the file it holds for every command that has the option, in a table
//! named after a command for that command only. Relative paths are relative to the file. Only options of [`OPTIONS`]
//! can be set so: what changes the question from run to run (`--as-of`, `--baseline`) or reaches beyond this machine
//! is typed.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::builder::{BoolishValueParser, Resettable};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{config, trust_lists};
use countersign_judge::policy::known;
use countersign_model::error::{Error, Result};

/// The longest file that is read.
const LONGEST: u64 = 1024 * 1024;

/// Options that can have a default, with the variable that gives one.
pub(super) const OPTIONS: &[(&str, &str)] = &[
    // One a line, in the order of the documentation.
    ("policy", "COUNTERSIGN_POLICY"),
    ("approvals", "COUNTERSIGN_APPROVALS"),
    ("key", "COUNTERSIGN_KEY"),
    ("trust", "COUNTERSIGN_TRUST"),
    ("role", "COUNTERSIGN_ROLE"),
    ("verify", "COUNTERSIGN_VERIFY"),
    ("integrity", "COUNTERSIGN_INTEGRITY"),
    ("pixels", "COUNTERSIGN_PIXELS"),
    ("exclude", "COUNTERSIGN_EXCLUDE"),
    ("max-archive-depth", "COUNTERSIGN_MAX_ARCHIVE_DEPTH"),
    ("jobs", "COUNTERSIGN_JOBS"),
    ("cache", "COUNTERSIGN_CACHE"),
    ("no-cache", "COUNTERSIGN_NO_CACHE"),
    ("fail-on", "COUNTERSIGN_FAIL_ON"),
    ("report", "COUNTERSIGN_REPORT"),
    ("show-suppressed", "COUNTERSIGN_SHOW_SUPPRESSED"),
    ("tags", "COUNTERSIGN_TAGS"),
    ("no-progress", "COUNTERSIGN_NO_PROGRESS"),
    ("color", "COUNTERSIGN_COLOR"),
];

/// The commands with their variables, and switches that can be switched off again (`--pixels=no`).
pub(super) fn prepared(command: Command) -> Command {
    let command = command.mut_args(|arg| match variable(&arg) {
        Some(name) => switch(arg).env(variable_in_force(name)),
        None => arg,
    });
    command.mut_subcommands(prepared)
}

/// The variable of an option whose field is called as the option is: `approve --role` is not the role of files.
fn variable(arg: &Arg) -> Option<&'static str> {
    let long = arg.get_long()?;
    let (_, name) = OPTIONS.iter().find(|(option, _)| *option == long)?;
    (arg.get_id().as_str().replace('_', "-") == long).then_some(*name)
}

/// An empty variable is none.
fn variable_in_force(name: &'static str) -> Resettable<clap::builder::OsStr> {
    match std::env::var_os(name).is_some_and(|value| value.is_empty()) {
        true => Resettable::Reset,
        false => Resettable::Value(OsStr::new(name).into()),
    }
}

fn switch(arg: Arg) -> Arg {
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        return arg;
    }
    arg.action(ArgAction::Set)
        .value_parser(BoolishValueParser::new())
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("yes")
        .default_value("no")
        .hide_default_value(true)
        .hide_possible_values(true)
        .value_name("yes|no")
}

/// Whether the command that was given has options that can have a default.
pub(super) fn concern(command: &Command, given: &ArgMatches) -> bool {
    match given.subcommand() {
        Some((name, given)) => command.find_subcommand(name).is_some_and(|command| concern(command, given)),
        None => !longs(command).is_empty(),
    }
}

/// The user's file, where there is one.
pub(super) fn file() -> Option<PathBuf> {
    config::existing("config.toml")
}

/// The commands with the defaults of this file.
///
/// # Errors
/// A file that cannot be read or is wrong at a place that is pointed at.
pub(super) fn applied(command: Command, path: &Path) -> Result<Command> {
    let failed = |what: String| Error::File {
        path: path.to_owned(),
        what: format!("cannot read the configuration: {what}"),
        hint: "it is optional: correct it, or move it away".to_owned(),
    };
    let meta = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?;
    if meta.len() > LONGEST {
        return Err(failed(format!("it is longer than {LONGEST} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    File { text: &text, path }.apply(command)
}

/// The file under check, for errors that point into it.
struct File<'a> {
    text: &'a str,
    path: &'a Path,
}

impl File<'_> {
    fn error(&self, span: Range<usize>, what: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::Policy {
            path: self.path.to_string_lossy().into_owned(),
            text: self.text.to_owned(),
            span: Some((span.start, span.len())),
            what: what.into(),
            hint: hint.into(),
        }
    }

    fn apply(&self, mut command: Command) -> Result<Command> {
        let table = DeTable::parse(self.text).map_err(|e| {
            let what = e.message().lines().next().unwrap_or_default().to_owned();
            self.error(e.span().unwrap_or_default(), what, "a line looks like: jobs = 4")
        })?;
        let table = table.into_inner();
        let (sections, keys): (Vec<_>, Vec<_>) =
            table.iter().partition(|(_, value)| matches!(value.get_ref(), DeValue::Table(_)));
        for (key, value) in keys {
            command = self.option(command, None, key, value)?;
        }
        for (name, section) in sections {
            let word: &str = name.get_ref();
            let DeValue::Table(section) = section.get_ref() else { continue };
            if command.find_subcommand(word).is_none_or(|c| c.is_hide_set() || longs(c).is_empty()) {
                let with = command.get_subcommands().filter(|c| !c.is_hide_set() && !longs(c).is_empty());
                let with: Vec<&str> = with.map(Command::get_name).collect();
                let what = format!("no command with defaults is called `{word}`");
                return Err(self.error(name.span(), what, known::suggestion(word, &with)));
            }
            for (key, value) in section {
                command = self.option(command, Some(word), key, value)?;
            }
        }
        Ok(command)
    }

    /// Gives every command below `section` that has the option this default.
    fn option(
        &self,
        command: Command,
        section: Option<&str>,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Command> {
        let long: &str = key.get_ref();
        let own = section.and_then(|name| command.find_subcommand(name)).unwrap_or(&command);
        let Some(arg) = find(own, long) else {
            let can = longs(own);
            if has(own, long) {
                let what = format!("`{long}` has no default: it is typed with each command");
                return Err(self.error(key.span(), what, format!("can be set: {}", can.join(", "))));
            }
            let what = match section {
                Some(name) => format!("`{name}` has no option `{long}`"),
                None => format!("no command has an option `{long}`"),
            };
            return Err(self.error(key.span(), what, known::suggestion(long, &can)));
        };
        let values = self.values(&arg, value)?;
        Ok(match section {
            None => with_default(command, long, &values),
            Some(name) => command.mut_subcommand(name, |c| with_default(c, long, &values)),
        })
    }

    /// The values as the command line would spell them.
    fn values(&self, arg: &Arg, value: &Spanned<DeValue<'_>>) -> Result<Vec<&'static OsStr>> {
        let many = matches!(arg.get_action(), ArgAction::Append);
        match value.get_ref() {
            DeValue::Array(items) if many => items.iter().map(|item| self.value(arg, item)).collect(),
            _ => Ok(vec![self.value(arg, value)?]),
        }
    }

    fn value(&self, arg: &Arg, value: &Spanned<DeValue<'_>>) -> Result<&'static OsStr> {
        let long = arg.get_long().unwrap_or_default();
        let switch = arg.get_num_args().is_some_and(|n| n.min_values() == 0);
        let text = match value.get_ref() {
            DeValue::Boolean(yes) if switch => if *yes { "yes" } else { "no" }.to_owned(),
            DeValue::String(text) if !switch => text.to_string(),
            DeValue::Integer(number) if !switch && number.radix() == 10 => number.as_str().to_owned(),
            other => {
                let wants = if switch { "true or false" } else { "a text in quotes" };
                let what = format!("`{long}` is no {}", other.type_str());
                return Err(self.error(value.span(), what, format!("it wants {wants}")));
            }
        };
        // The option's own parser decides, so that file and command line take the same values.
        let alone = Arg::new("value").value_parser(arg.get_value_parser().clone()).allow_hyphen_values(true);
        let parser = Command::new("value").no_binary_name(true).arg(alone.required(true));
        if let Err(e) = parser.try_get_matches_from([&text]) {
            let known: Vec<_> = arg.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect();
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            let why = std::error::Error::source(&e).map(|why| format!(": {why}")).unwrap_or_default();
            let what = format!("`{text}` is no value for `{long}`{why}");
            return Err(self.error(value.span(), what, known::suggestion(&text, &known)));
        }
        let base = self.path.parent().unwrap_or(Path::new(""));
        // For the rest of the program, once for each value of a short file.
        Ok(Box::leak(placed(arg, &text, base).into_boxed_os_str()))
    }
}

/// The text with its path, where it holds one, below `base`.
fn placed(arg: &Arg, text: &str, base: &Path) -> OsString {
    let below = |path: &str| match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest).into_os_string(),
        _ => base.join(path).into_os_string(),
    };
    match arg.get_long() {
        Some("policy") if known::BUILT_IN.iter().any(|(name, _)| *name == text) => text.into(),
        Some("trust") if [trust_lists::NONE, trust_lists::OFFICIAL].contains(&text) => text.into(),
        Some("report") => match text.split_once('=') {
            Some((format, path)) if path != "-" => {
                let mut whole = OsString::from(format!("{format}="));
                whole.push(below(path));
                whole
            }
            _ => text.into(),
        },
        _ if arg.get_value_hint() == ValueHint::AnyPath && text != "-" => below(text),
        _ => text.into(),
    }
}

fn with_default(command: Command, long: &str, values: &[&'static OsStr]) -> Command {
    let command = command.mut_args(|arg| match arg.get_long() == Some(long) && variable(&arg).is_some() {
        true => {
            // An option that takes one value has the first of several: the ledger that is written to, of those read.
            let many = matches!(arg.get_action(), ArgAction::Append);
            let taken = if many { values.len() } else { 1 };
            arg.default_values(values.iter().take(taken).copied()).hide_default_value(false)
        }
        false => arg,
    });
    command.mut_subcommands(|c| with_default(c, long, values))
}

/// The option of this name, here or below, that can have a default: of several commands' one that takes several values,
/// whatever the order of the commands is.
fn find(command: &Command, long: &str) -> Option<Arg> {
    let own = command.get_arguments().find(|arg| arg.get_long() == Some(long) && variable(arg).is_some()).cloned();
    let below = || {
        let mut found: Vec<Arg> = command.get_subcommands().filter_map(|c| find(c, long)).collect();
        let several = found.iter().position(|arg| matches!(arg.get_action(), ArgAction::Append)).unwrap_or(0);
        (several < found.len()).then(|| found.swap_remove(several))
    };
    own.or_else(below)
}

fn has(command: &Command, long: &str) -> bool {
    command.get_arguments().any(|arg| arg.get_long() == Some(long)) || command.get_subcommands().any(|c| has(c, long))
}

/// The options of a command, or of those below it, that can have a default.
pub(super) fn longs(command: &Command) -> Vec<&'static str> {
    OPTIONS.iter().map(|(long, _)| *long).filter(|long| find(command, long).is_some()).collect()
}
