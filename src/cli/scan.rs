//! `countersign scan PATH...`: judge a delivery.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{Local, NaiveDate, SecondsFormat, Utc};
use clap::ValueEnum;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Value, json};

use super::approvals::terms::{day, open};
use super::output::{self, Outputs, Wanted, pages};
use super::progress::Progress;
use super::{Color, config, convert, listing, trust, worker};
use crate::approvals::Approvals;
use crate::c2pa::{self, Verifier, Verify};
use crate::error::{Error, Result};
use crate::judge::Judge;
use crate::model::{Outcome, Role, Run, Severity};
use crate::policy::Policy;
use crate::preview::Files;
use crate::report::{Look, Preview};
use crate::scan::{self, Scan};
use crate::{decoders, extract, marks};

/// The policy when none is named.
const DEFAULT_POLICY: &str = "netflix-genai";

/// Judge a delivery: walk, read, match, judge, report.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign scan /mnt/drive\n  \
    countersign scan /mnt/drive --approvals approvals.jsonl --report json=report.json\n  \
    countersign scan stills --role archival --policy archival.toml\n  \
    countersign scan /mnt/drive --report html=report.html --report sarif=report.sarif\n  \
    countersign scan /mnt/drive --baseline yesterday.json --fail-on warning\n  \
    git ls-files '*.png' '*.mov' | countersign scan --files-from -")]
pub(super) struct Arguments {
    /// Folders or files to judge
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    roots: Vec<PathBuf>,
    /// Policy file, or the name of a built-in policy (netflix-genai, archival, observe)
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// Ledger of recorded approvals
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_APPROVALS")]
    approvals: Option<PathBuf>,
    /// Role of files that nothing else places [default: final]
    #[arg(long, value_enum)]
    role: Option<RoleName>,
    #[arg(long = "report", value_name = "FORMAT[=FILE]", help = super::output::help())]
    reports: Vec<Wanted>,
    /// How far C2PA Content Credentials are checked
    #[arg(long, value_enum, default_value_t = VerifyName::Full)]
    verify: VerifyName,
    /// Trust list in PEM, repeatable
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Also hash every file that a package lists with a hash, and compare
    #[arg(long)]
    integrity: bool,
    /// Also decode pixels for invisible marks (lossless images only)
    #[arg(long)]
    pixels: bool,
    /// Threads [default: one for each core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// The day approvals are judged on [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    as_of: Option<NaiveDate>,
    /// The least severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Findings that this earlier report (json or ndjson) already held do not count
    #[arg(long, value_name = "REPORT")]
    baseline: Option<PathBuf>,
    /// Read the paths to judge from a file (`-` for standard input), one a line or ended by zero bytes
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Pass over paths that match, repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Also show suppressed findings
    #[arg(long)]
    show_suppressed: bool,
    /// JSON and NDJSON carry every tag that was read
    #[arg(long)]
    tags: bool,
    /// No progress bar
    #[arg(long)]
    no_progress: bool,
    /// When to use color
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// Only the verdict
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// List every note by name
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    Final,
    Temporary,
    Archival,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VerifyName {
    /// Bytes, signature and trust
    Full,
    /// Signature and trust, without hashing the asset
    Signature,
    /// Read only
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    Error,
    Warning,
}

pub(super) fn run(arguments: Arguments) -> Result<u8> {
    let (roots, listed) = roots(&arguments)?;
    let policy = load_policy(arguments.policy.as_deref())?;
    let approvals = arguments.approvals.clone().or_else(config::approvals);
    let approvals = approvals.map(|path| open(&path, &policy.trust.keys, &roots)).transpose()?;
    let as_of = arguments.as_of.unwrap_or_else(|| Local::now().date_naive());
    let verifier = Verifier::new(&c2pa::Options {
        verify: match arguments.verify {
            VerifyName::Full => Verify::Full,
            VerifyName::Signature => Verify::Signature,
            VerifyName::Off => Verify::Off,
        },
        trust: trust::in_force(Some(&policy), &arguments.trust)?,
        worker: worker::program(),
    })?;
    let baseline = arguments.baseline.as_deref().map(convert::baseline).transpose()?.unwrap_or_default();
    let scan = Scan {
        policy: &policy,
        judge: Judge::new(&policy, approvals.as_ref(), as_of).with_baseline(baseline),
        extract: extract::Options {
            decoders: decoders::Options { pixels: arguments.pixels, thumbnails: arguments.pixels },
            verifier: Some(&verifier),
        },
        role: arguments.role.map(|role| match role {
            RoleName::Final => Role::Final,
            RoleName::Temporary => Role::Temporary,
            RoleName::Archival => Role::Archival,
        }),
        exclude: globs(&arguments.exclude)?,
        listed,
        integrity: arguments.integrity,
        jobs: arguments.jobs,
        tags: arguments.tags,
        fail_on: match arguments.fail_on {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
        },
    };
    let mut outputs =
        Outputs::open(&wanted(&arguments), &scanned(&arguments, scan.listed.as_deref()), &look(&arguments, &roots))?;
    outputs.begin(&Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        roots: roots.iter().map(|r| crate::walk::lossless(r)).collect(),
        policy: policy.reference(),
        approvals: approvals.as_ref().map(Approvals::reference),
        trust: verifier.trust().to_vec(),
        catalogue: marks::catalogue().reference(),
        options: options(&arguments, as_of),
    })?;
    judge(&scan, &roots, &arguments, outputs)
}

fn judge(scan: &Scan<'_>, roots: &[PathBuf], arguments: &Arguments, mut outputs: Outputs) -> Result<u8> {
    let stop = Arc::new(AtomicBool::new(false));
    on_interrupt(&stop);
    let progress = Progress::new(!arguments.no_progress && !arguments.quiet, Arc::clone(&stop));
    let done = Arc::new(AtomicBool::new(false));
    if progress.shown() {
        let (roots, listed, exclude) = (roots.to_vec(), scan.listed.clone(), scan.exclude.clone());
        let (done, told) = (Arc::clone(&done), progress.on_measured());
        std::thread::spawn(move || {
            let (files, bytes) = scan::measure(&roots, listed.as_deref(), &exclude, &done);
            if !done.load(Ordering::Relaxed) {
                told(files, bytes);
            }
        });
    }
    let summary = scan::run(scan, roots, &progress, &mut |asset| outputs.asset(asset));
    done.store(true, Ordering::Relaxed);
    progress.finish();
    let summary = summary?;
    outputs.end(&summary)?;
    Ok(match summary.outcome {
        _ if summary.interrupted => 130,
        Outcome::Pass => 0,
        Outcome::Fail => 1,
        Outcome::Incomplete => 2,
    })
}

/// The first interrupt ends the run with what is judged so far, the second at once.
fn on_interrupt(stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    // Without a handler an interrupt still ends the program, only without a partial report.
    let _ = ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            output::discard();
            #[expect(clippy::exit, reason = "the user asked twice")]
            std::process::exit(130);
        }
    });
}

/// The roots, and the paths below the last of them where they were listed.
fn roots(arguments: &Arguments) -> Result<(Vec<PathBuf>, Option<Vec<PathBuf>>)> {
    let mut roots = arguments.roots.clone();
    for root in &roots {
        present(root)?;
    }
    let listed = arguments.files_from.as_deref().map(listing::read).transpose()?;
    let listed = listed.map(|(root, paths)| {
        roots.push(root);
        paths
    });
    Ok((roots, listed))
}

/// The folders and files that are scanned whole, and so never written to.
fn scanned(arguments: &Arguments, listed: Option<&[PathBuf]>) -> Vec<PathBuf> {
    let listed = listed.unwrap_or_default().iter().filter(|path| path.is_dir());
    arguments.roots.iter().chain(listed).cloned().collect()
}

/// That there is something under this name.
pub(super) fn present(path: &Path) -> Result<()> {
    std::fs::symlink_metadata(path).map(drop).map_err(|e| Error::File {
        path: path.to_path_buf(),
        what: e.to_string(),
        hint: "check that the drive is mounted and the path is the one you mean".to_owned(),
    })
}

/// The policy that was asked for, else the user's own, else the built-in default.
pub(super) fn load_policy(given: Option<&Path>) -> Result<Policy> {
    match given.map(Path::to_path_buf).or_else(config::policy) {
        Some(path) => Policy::named(&path),
        None => Policy::builtin(DEFAULT_POLICY),
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|e| Error::Usage {
            what: format!("--exclude: {e}"),
            hint: "patterns look like '**/cache/**' or '*.tmp'".to_owned(),
        })?;
        set.add(glob);
    }
    set.build().map_err(|e| Error::Usage { what: format!("--exclude: {e}"), hint: String::new() })
}

fn wanted(arguments: &Arguments) -> Vec<Wanted> {
    if arguments.reports.is_empty() { vec![Wanted::default_report()] } else { arguments.reports.clone() }
}

fn look(arguments: &Arguments, roots: &[PathBuf]) -> Look {
    let detail = match (arguments.quiet, arguments.verbose) {
        (true, _) => -1,
        (_, true) => 1,
        _ => 0,
    };
    let preview: Arc<dyn Preview> = Arc::new(Files::new(roots));
    Look {
        preview: Some(preview),
        color: arguments.color.wanted(),
        suppressed: arguments.show_suppressed,
        detail,
        pages: pages(),
        ..Look::default()
    }
}

/// The options as the report repeats them.
fn options(arguments: &Arguments, as_of: NaiveDate) -> serde_json::Map<String, Value> {
    let name = |value: Option<clap::builder::PossibleValue>| value.map(|v| v.get_name().to_owned());
    let value = json!({
        "role": arguments.role.and_then(|r| name(r.to_possible_value())),
        "verify": name(arguments.verify.to_possible_value()),
        "integrity": arguments.integrity,
        "pixels": arguments.pixels,
        "as_of": as_of.to_string(),
        "fail_on": name(arguments.fail_on.to_possible_value()),
        "exclude": arguments.exclude,
        "baseline": arguments.baseline.as_deref().map(crate::walk::lossless),
        "jobs": arguments.jobs,
    });
    value.as_object().cloned().unwrap_or_default()
}
