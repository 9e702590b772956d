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
    countersign approve --from-report report.json --finding 'unapproved-ai-in-final:stills/**' --by 'Jane Doe'\n  \
    countersign approve --from-request request.json --by 'Jane Doe' --key ~/.ssh/approvals"
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
    let mut selection = files.selected(Some(&terms.place.path()?), decision)?;
    if terms.scope.is_empty() && decision != Decision::Denied {
        let asked = selection.request.as_ref().map(|request| request.scopes.clone()).unwrap_or_default();
        terms.scope = if asked.is_empty() { vec![Scope::FinalDeliverable] } else { asked };
    }
    // The bytes of a request lie where the server is.
    if selection.request.is_none() {
        super::fingerprint::add(&mut selection)?;
    }
    terms.decide(decision, selection, &condition)
}
