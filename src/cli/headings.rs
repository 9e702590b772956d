//! The headings under which `scan --help` and the manual show its options, and how other commands word those that they share
//! with it.

use clap::{Arg, Command};

/// Headings in the order in which they are shown, each with its options. What is not here stands under "Options".
const OF_SCAN: &[(&str, &[&str])] = &[
    (
        "What is judged",
        &["files-from", "exclude", "timeline", "max-archive-depth", "seconds-per-asset", "endpoint", "allow-inside"],
    ),
    ("How it is judged", &["policy", "approvals", "role", "delivery-root", "as-of", "fail-on", "baseline"]),
    (
        "What is looked for",
        &["verify", "trust", "fetch-remote", "integrity", "pixels", "marks", "match", "no-match", "known"],
    ),
    ("Speed", &["jobs", "cache", "no-cache", "seconds-per-asset"]),
    (
        "Reports",
        &["report", "title", "attest", "key", "tags", "show-suppressed", "color", "quiet", "verbose", "no-progress"],
    ),
];

/// Shared options that mean something else in another command: the command, the option, its help there.
const WORDED: &[(&str, &str, &str)] = &[
    (
        "extract",
        "policy",
        "Policy file, or the name of a built-in policy: says what is archival, and which marks there are",
    ),
    ("extract", "integrity", "Also hash every file that a package lists with a hash"),
    ("judge", "integrity", "Compare what was hashed with what packages list"),
    ("judge", "jobs", "Threads [default: one for each core]"),
    (
        "judge",
        "endpoint",
        "Ask this S3-compatible store instead of Amazon's for s3:// addresses [default: AWS_ENDPOINT_URL, or Amazon's]",
    ),
];

/// The commands with the options of `scan` in groups, and with their own words for what they share.
pub(super) fn grouped(command: Command) -> Command {
    // Each command keeps its place: the first one that has an option says how its default is read.
    command.mut_subcommands(|command| match command.get_name() {
        "scan" => command.mut_args(placed),
        name => {
            let worded = WORDED.iter().filter(|(of, _, _)| *of == name).collect::<Vec<_>>();
            let help = |arg: &Arg| worded.iter().find(|(_, long, _)| arg.get_long() == Some(long));
            command.mut_args(|arg| match help(&arg) {
                Some((_, _, help)) => arg.help(*help),
                None => arg,
            })
        }
    })
}

fn placed(arg: Arg) -> Arg {
    let long = arg.get_long().unwrap_or_default();
    let mut place = 0;
    for (heading, options) in OF_SCAN {
        match options.iter().position(|option| *option == long) {
            Some(at) => return arg.help_heading(*heading).display_order(place + at),
            None => place += options.len(),
        }
    }
    arg.display_order(place)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_option_that_is_worded_is_there() {
        let command = crate::cli::Arguments::command();
        for (name, option, _) in WORDED {
            let command = command.find_subcommand(name).unwrap();
            assert!(command.get_arguments().any(|arg| arg.get_long() == Some(option)), "{name} has no --{option}");
        }
    }

    #[test]
    fn every_option_of_scan_has_a_heading() {
        let command = grouped(crate::cli::Arguments::command());
        assert_eq!(command.get_subcommands().next().map(Command::get_name), Some("scan"), "commands keep their order");
        let scan = command.find_subcommand("scan").unwrap();
        let options = scan.get_arguments().filter(|arg| !arg.is_positional());
        let bare: Vec<_> = options.filter(|arg| arg.get_help_heading().is_none()).map(|arg| arg.get_id()).collect();
        assert!(bare.is_empty(), "without a heading: {bare:?}");
        for (_, options) in OF_SCAN {
            for option in *options {
                assert!(scan.get_arguments().any(|arg| arg.get_long() == Some(option)), "scan has no --{option}");
            }
        }
    }
}
