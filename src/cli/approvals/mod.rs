//! `countersign approvals …`: work with the ledger.

mod bind;
pub(super) mod files;
mod flagged;
mod holding;
mod import;
mod list;
mod opened;
mod request;
mod show;
mod shown;
pub(super) mod terms;
mod twice;
mod verify;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use countersign_judge::approvals::Decision;
use countersign_model::error::{Error, Result};
use files::{Files, Selection};
use terms::Terms;

/// Init, list, show, import, export, revoke, verify, notify, disclose.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign approvals list --approvals approvals.jsonl\n  \
    countersign approvals list --file final/poster.jpg --approvals approvals.jsonl\n  \
    countersign approvals notify previs/ --by 'Jane Doe' --reference PRJ-1042\n  \
    countersign approvals disclose archive/rally.tif --by 'Jane Doe' --note 'on-screen label, end credits'\n  \
    countersign approvals revoke 000012-5be2a1c0 --by 'Jane Doe'\n  \
    countersign approvals export --format cue-sheet -o cues.csv\n  \
    countersign approvals verify --report report.json\n\n\
    Without --approvals the ledger is the one of COUNTERSIGN_APPROVALS, else approvals.jsonl in your configuration folder.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const NOTICE_EXAMPLES: &str = "Examples:\n  countersign approvals notify previs/ --by 'Jane Doe' --reference PRJ-1042\n  \
    countersign approvals notify --from-report report.json --finding unnotified-ai-in-temporary --by 'Jane Doe'\n  \
    countersign approvals disclose 'archive/scan.[0001-0240].tif' --by 'Jane Doe' --note 'on-screen label'\n  \
    countersign approvals disclose archive/rally.tif --by 'Jane Doe' \\\n    \
      --archive 'City Archive' --object 'P-1187' --disclosure-text 'Colorized by software'";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an empty ledger
    Init {
        /// File to make; never overwritten [default: approvals.jsonl]
        file: Option<PathBuf>,
        /// The same, as the other commands are told it
        #[arg(long, value_name = "LEDGER", conflicts_with = "file")]
        approvals: Option<PathBuf>,
    },
    /// Records, one a line, with what each amounts to today: all, or those about a file, by somebody, soon to expire
    List(list::List),
    /// One record in full
    Show(show::Show),
    /// Records from a CSV file; all rows or none
    Import(import::Arguments),
    /// Records as CSV, as JSON, or as a cue sheet of generative uses
    Export(show::Export),
    /// Withdraw records, by their ids or by the files that they are about
    Revoke(Box<Revoke>),
    /// Check every line and every signature, and compare with the head of an earlier report
    Verify(verify::Arguments),
    /// Record that the contact was told of these files
    Notify(Box<Notice>),
    /// Record that production and audience were told of these files
    Disclose(Box<Notice>),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign approvals revoke 000012-5be2a1c0 --by 'Jane Doe' --approvals approvals.jsonl\n  \
    countersign approvals revoke stills/crowd.png --by 'Jane Doe' --reference PRJ-1042"
)]
struct Revoke {
    /// Ids of records, or files
    #[arg(value_name = "ID|FILE", required = true)]
    what: Vec<String>,
    #[command(flatten)]
    terms: Terms,
}

#[derive(Debug, clap::Args)]
#[command(after_help = NOTICE_EXAMPLES)]
struct Notice {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn run(arguments: Arguments) -> Result<u8> {
    match arguments.command {
        Command::Init { file, approvals } => init(&file.or(approvals).unwrap_or_else(|| "approvals.jsonl".into())),
        Command::List(arguments) => list::list(&arguments),
        Command::Show(arguments) => show::show(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Export(arguments) => show::export(&arguments),
        Command::Revoke(revoke) => revoked(*revoke),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Notify(notice) => noticed(&notice, Decision::Notified),
        Command::Disclose(notice) => noticed(&notice, Decision::Disclosed),
    }
}

fn noticed(notice: &Notice, decision: Decision) -> Result<u8> {
    let selection = notice.files.selected(Some(&notice.terms.place.path()?), decision)?;
    notice.terms.decide(decision, selection, &[])
}

/// An empty ledger, which commands that read one take; the first record would have made it, too.
fn init(path: &Path) -> Result<u8> {
    let failed = |e: std::io::Error| Error::File {
        path: path.to_owned(),
        what: crate::cli::console::there_already(&e),
        hint: "name a file that does not exist yet, in a folder that may be written to; a ledger is never overwritten"
            .to_owned(),
    };
    let file = std::fs::File::options().write(true).create_new(true).open(path).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let name = path.display();
    crate::cli::console::print(&format!(
        "made the empty ledger {name}\nKeep it outside of what is scanned. Next: countersign approve FILE --by NAME --approvals {name}\n"
    ))?;
    Ok(0)
}

/// A withdrawal names records, whose subjects it repeats, or is about all earlier records of some bytes.
fn revoked(revoke: Revoke) -> Result<u8> {
    let Revoke { what, mut terms } = revoke;
    let ledger = terms.place.read()?;
    let (mut subjects, mut paths) = (Vec::new(), Vec::new());
    for word in what {
        match ledger.as_ref().and_then(|ledger| ledger.by_id(&word)) {
            Some(known) => {
                subjects.extend(known.record.subjects.iter().cloned());
                terms.supersedes.push(word);
            }
            None => paths.push(word),
        }
    }
    if !paths.is_empty() && !terms.supersedes.is_empty() {
        return Err(Error::Usage {
            what: format!("ids and files in one withdrawal: {} is no id", paths.join(", ")),
            hint: "withdraw them one after the other; `countersign approvals list` shows the ids".to_owned(),
        });
    }
    let of = ledger.as_ref().map(|ledger| format!(" of {}", ledger.path().display())).unwrap_or_default();
    for path in paths {
        let there = std::path::Path::new(&path).exists() || path.contains(countersign_engine::archives::MARK);
        if !there && !files::is_pattern(&path) {
            return Err(Error::Usage {
                what: format!("{path} is neither a record{of} nor a file"),
                hint: "`countersign approvals list` shows the ids".to_owned(),
            });
        }
        let of_path = files::named_subjects(path.as_ref())?;
        let known = |digest: &str| ledger.as_ref().is_some_and(|ledger| ledger.holds(digest));
        if !of_path.iter().filter_map(|s| s.sha256()).any(known) {
            return Err(Error::Usage {
                what: format!("no record is about the bytes of {path}"),
                hint: "name the record by its id: `countersign approvals list` shows them".to_owned(),
            });
        }
        subjects.extend(of_path);
    }
    if let Some(ledger) = ledger {
        twice::refuse(&ledger, &terms.supersedes, &subjects, terms.decided_on())?;
        ledger.check_ledger_intact()?;
    }
    terms.decide(Decision::Revoked, Selection::of(subjects), &[])
}
