//! `countersign verify-verdict FILE PATH…`: whether a drive still is what a signed verdict is about.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::config::load_policy;
use super::console::print;
use super::listing::present;
use countersign_engine::attest::{self, Comparison, DifferenceKind};
use countersign_io::Roots;
use countersign_judge::approvals::{Ledger, key_id, keys};
use countersign_judge::verdict::VerdictStatement;
use countersign_model::Outcome;
use countersign_model::error::{Error, Result};
use countersign_report::escape::terminal;
use countersign_report::layout::{count, size};

/// The longest verdict that is read: some millions of files.
const LONGEST: u64 = 2 * 1024 * 1024 * 1024;
/// Differences that are told by name.
const TOLD: usize = 40;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits with 0 where the signature holds and every file is the one that was judged, with 1 where anything \
    differs, with 3 where the verdict or a path cannot be read.\n\nExamples:\n  \
    countersign verify-verdict verdict.json /mnt/drive --signed-by legal.pub\n  \
    countersign verify-verdict verdict.json /mnt/drive --policy house.toml --approvals approvals.jsonl"
)]
pub(super) struct Arguments {
    /// The verdict that `scan --attest FILE` wrote
    #[arg(value_name = "FILE")]
    verdict: PathBuf,
    /// The drive or the folders, in the order in which they were scanned
    #[arg(value_name = "PATH", required = true)]
    roots: Vec<PathBuf>,
    /// The public key, or a file with it, of whoever must have signed
    #[arg(long, value_name = "KEY")]
    signed_by: Option<PathBuf>,
    /// The policy that it must have been judged by: a file or the name of a built-in one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The ledger that it must have been judged with, or a later state of it
    #[arg(long, value_name = "LEDGER")]
    approvals: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    for root in &arguments.roots {
        present(root)?;
    }
    let text = read(&arguments.verdict)?;
    let (statement, keys) = match VerdictStatement::open(&text) {
        Ok(opened) => opened,
        Err(what) => {
            print(&format!("DOES NOT HOLD  {}: {}\n", arguments.verdict.display(), terminal(&what)))?;
            return Ok(1);
        }
    };
    let mut wrong = Vec::new();
    let signers: Vec<_> = keys.iter().map(key_id).collect();
    wrong.extend(other_signer(arguments, &keys)?);
    wrong.extend(other_policy(arguments, &statement)?);
    wrong.extend(other_ledger(arguments, &statement));
    let judged = statement.predicate.roots.len();
    if judged != arguments.roots.len() {
        return Err(Error::Usage {
            what: format!(
                "the verdict is about {}, and {} given",
                count(judged as u64, "root", "roots"),
                arguments.roots.len()
            ),
            hint: format!("name them in this order: {}", terminal(&statement.predicate.roots.join(", "))),
        });
    }
    let roots = Roots::local(&arguments.roots);
    let found = attest::compare(&statement, &roots, &exclude(&statement)?, &AtomicBool::new(false));
    wrong.extend(differences(arguments, &found));
    print(&told(arguments, &statement, &signers, (&found, &wrong)))?;
    Ok(u8::from(!wrong.is_empty()))
}

fn read(path: &Path) -> Result<String> {
    let failed = |what: String| Error::File {
        path: path.to_path_buf(),
        what,
        hint: "name a file that `countersign scan PATH --attest FILE --key KEY` wrote".to_owned(),
    };
    let len = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if len > LONGEST {
        return Err(failed("it is too long to be a verdict".to_owned()));
    }
    std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))
}

/// What to say where the one who must have signed did not.
fn other_signer(arguments: &Arguments, signers: &[[u8; 32]]) -> Result<Option<String>> {
    let Some(named) = &arguments.signed_by else { return Ok(None) };
    let typed = named.to_str().and_then(countersign_judge::policy::public_key::parse);
    let wanted = match typed.filter(|_| !named.exists()) {
        Some(key) => key,
        None => keys::public(named)?,
    };
    Ok((!signers.contains(&wanted)).then(|| format!("it was not signed by {}", named.display())))
}

fn other_policy(arguments: &Arguments, statement: &VerdictStatement) -> Result<Option<String>> {
    let Some(named) = &arguments.policy else { return Ok(None) };
    let policy = load_policy(Some(named))?.reference();
    let judged = &statement.predicate.policy;
    let differs = policy.sha256 != judged.sha256;
    Ok(differs.then(|| {
        format!(
            "it was judged by another policy: {} (SHA-256 {}), and {} has SHA-256 {}",
            terminal(&judged.name),
            terminal(&judged.sha256),
            named.display(),
            policy.sha256
        )
    }))
}

fn other_ledger(arguments: &Arguments, statement: &VerdictStatement) -> Option<String> {
    let named = arguments.approvals.as_ref()?;
    let said = &statement.predicate;
    let judged: Vec<_> = said.approvals.iter().chain(&said.further_approvals).map(|ledger| &ledger.head).collect();
    if judged.is_empty() {
        return Some(format!("it was judged without a ledger, and not with {}", named.display()));
    }
    for head in &judged {
        match Ledger::audit(named, Some(head), |_| {}) {
            Ok(audit) if audit.line.is_some() || audit.head == **head => return None,
            Ok(_) => {}
            Err(e) => return Some(format!("{} does not hold: {e}", named.display())),
        }
    }
    let heads = judged.into_iter().map(|head| terminal(head)).collect::<Vec<_>>().join(", ");
    Some(format!("{} never had the head that it was judged with, {heads}", named.display()))
}

/// The patterns that were passed over then.
fn exclude(statement: &VerdictStatement) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    let patterns = statement.predicate.options.get("exclude").and_then(serde_json::Value::as_array);
    let failed = |e: globset::Error| Error::Usage { what: format!("the verdict's pattern: {e}"), hint: String::new() };
    for pattern in patterns.into_iter().flatten().filter_map(serde_json::Value::as_str) {
        set.add(GlobBuilder::new(pattern).literal_separator(true).build().map_err(failed)?);
    }
    set.build().map_err(failed)
}

fn differences(arguments: &Arguments, found: &Comparison) -> Vec<String> {
    let several = arguments.roots.len() > 1;
    let one = |d: &attest::Difference| {
        let path = match arguments.roots.get(d.root) {
            Some(root) if several => format!("{}/{}", root.display(), d.path),
            _ => d.path.clone(),
        };
        let what = match &d.kind {
            DifferenceKind::Changed => "has other bytes than those that were judged".to_owned(),
            DifferenceKind::Added => "was not there when it was judged".to_owned(),
            DifferenceKind::Missing => "was judged, and is not there".to_owned(),
            DifferenceKind::Unread(why) => format!("cannot be read: {why}"),
        };
        terminal(&format!("{path}: {what}"))
    };
    found.differences.iter().map(one).collect()
}

fn told(
    arguments: &Arguments,
    statement: &VerdictStatement,
    signers: &[String],
    (found, wrong): (&Comparison, &[String]),
) -> String {
    let said = &statement.predicate;
    let outcome = match said.outcome {
        Outcome::Pass => "PASS",
        Outcome::Fail => "FAIL",
        Outcome::Incomplete => "INCOMPLETE",
    };
    let mut out = match wrong.is_empty() {
        true => "HOLDS  the signature holds, and every file is the one that was judged\n\n".to_owned(),
        false => format!("DOES NOT HOLD  {}\n\n", count(wrong.len() as u64, "difference", "differences")),
    };
    let files = count(statement.subject.len() as u64, "file", "files");
    let _ = writeln!(
        out,
        "  Verdict   {outcome} on {files}, {} (Countersign {})",
        terminal(&said.started),
        terminal(&said.version)
    );
    let _ = writeln!(out, "  Policy    {} (SHA-256 {})", terminal(&said.policy.name), terminal(&said.policy.sha256));
    for ledger in said.approvals.iter().chain(&said.further_approvals) {
        let _ = writeln!(out, "  Ledger    {} records, head {}", ledger.records, terminal(&ledger.head));
    }
    let _ = writeln!(out, "  Signed    {}", signers.join(", "));
    let _ = writeln!(out, "  Compared  {}, {} read", count(found.same, "file", "files"), size(found.bytes));
    if !said.without_digest.is_empty() {
        let n = count(said.without_digest.len() as u64, "file", "files");
        let _ = writeln!(out, "  Unhashed  {n} could not be hashed then: only their sizes were compared");
    }
    if !said.not_looked_at.is_empty() {
        let not = &said.not_looked_at;
        let _ = writeln!(out, "  Left out  {} excluded, {} of the system, then as now", not.excluded, not.system);
    }
    if wrong.is_empty() && arguments.signed_by.is_none() {
        out.push_str(
            "\nWhose key it is, the file does not prove: name the key that must have signed with --signed-by.\n",
        );
    }
    if !wrong.is_empty() {
        out.push('\n');
    }
    for line in wrong.iter().take(TOLD) {
        let _ = writeln!(out, "  {line}");
    }
    if wrong.len() > TOLD {
        let _ = writeln!(out, "  and {} more", wrong.len() - TOLD);
    }
    out
}
