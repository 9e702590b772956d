//! `countersign approve FILE...`: record an approval for these exact bytes.

use super::approvals::files::Files;
use super::approvals::terms::Terms;
use countersign_judge::approvals::Decision;
use countersign_judge::policy::Scope;
use countersign_model::error::Result;

/// Record an approval for these exact bytes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign approve final/poster.jpg --by 'Jane Doe' --scope final-deliverable \\\n    \
    --reference PRJ-1042 --expires 2027-12-31 --approvals approvals.jsonl\n  \
    countersign approve /mnt/drive --by 'Jane Doe' --reference PRJ-1042 --dry-run\n  \
    countersign approve 'final/**/*.png' --by 'Jane Doe' --condition 'background only' --key ~/.ssh/approvals\n  \
    countersign approve --from-report report.json --finding 'unapproved-ai-in-final:stills/**' --by 'Jane Doe'"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// Approve on this condition, repeatable
    #[arg(long, value_name = "TEXT")]
    condition: Vec<String>,
    /// Record that it was refused
    #[arg(long, conflicts_with = "condition")]
    deny: bool,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn run(arguments: Arguments) -> Result<u8> {
    let Arguments { files, condition, deny, mut terms } = arguments;
    let decision = match (deny, condition.is_empty()) {
        (true, _) => Decision::Denied,
        (false, true) => Decision::Approved,
        (false, false) => Decision::Conditional,
    };
    if terms.scope.is_empty() && decision != Decision::Denied {
        terms.scope = vec![Scope::FinalDeliverable];
    }
    let mut selection = files.selected(Some(&terms.place.path()?), decision)?;
    super::fingerprint::add(&mut selection)?;
    terms.decide(decision, selection, &condition)
}
