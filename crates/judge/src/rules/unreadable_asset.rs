//! The asset could not be read or parsed far enough to be judged: it is never counted as clean.
//!
//! Speaks for files that the system will not open, that are cut short or broken where marks live, that reach a limit,
//! that are empty, whose name promises a media format that the bytes are not, or that are media of a kind that is not
//! read.
//!
//! **Why it matters.** A mark could stand in the part that was not read. A delivery with such a file is incomplete,
//! not clean.
//!
//! **What to do.** Copy the file again from its source and compare checksums; open it in the program that made it; if
//! it is sound and only Countersign cannot read it, look at it by other means and suppress the finding with a reason.
//!
//! **Example.** `reel2.mov` ends in the middle of its `moov` box: the copy to the drive was interrupted.

use super::{AssetContext, Info, Manual, RawFinding, Rule, wording};
use countersign_model::{FindingAction, FindingSubject, Problem, ProblemKind, Severity};

pub(super) struct UnreadableAsset;

static INFO: Info = Info {
    id: "unreadable-asset",
    severity: Severity::Error,
    subject: FindingSubject::Unreadable,
    explains: &[],
    manual: Manual::Source(include_str!("unreadable_asset.rs")),
};

/// The id that stands for media of all kinds that are not read.
const UNREAD: &str = "media-not-read";
/// Problems that one message names.
const NAMED: usize = 3;

impl Rule for UnreadableAsset {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_changed(&self, out: &mut Vec<RawFinding>) {
        out.push(changed());
    }

    fn check_asset(&self, context: &AssetContext, out: &mut Vec<RawFinding>) {
        let mut blocking: Vec<&Problem> = context.asset.obstacle.iter().filter(|p| p.blocking).collect();
        for problem in context.facts.problems.iter().filter(|p| p.blocking) {
            if !blocking.contains(&problem) {
                blocking.push(problem);
            }
        }
        if let Some(first) = blocking.first() {
            let named: Vec<_> = blocking.iter().take(NAMED).map(|p| say(p)).collect();
            let more = blocking.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            let message = format!("not read far enough to be judged: {}{more}", named.join("; "));
            return out.push(RawFinding::new(message, advice(first.kind)));
        }
        let Some(named) = context.facts.named.as_deref().filter(|_| context.facts.format.is_none()) else { return };
        let message = match context.asset.size {
            0 => format!("the file is empty, though its name says {named}"),
            _ if named == UNREAD => "its name says that it is media of a kind that is not read".to_owned(),
            _ => format!("its name says {named}, but the bytes are not {named} nor any other format that is read"),
        };
        out.push(RawFinding::new(message, advice(ProblemKind::Malformed)));
    }
}

/// Its approval is for bytes that are not there any more.
fn changed() -> RawFinding {
    let message = "the file changed after it was judged: the approval that was found is for the bytes that were there";
    RawFinding::new(message, advice(ProblemKind::Changed))
}

fn say(problem: &Problem) -> String {
    let at = problem.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    format!("{}: {}{at}", problem.place, wording::quote(&problem.what, false))
}

fn advice(kind: ProblemKind) -> FindingAction {
    match kind {
        ProblemKind::Io => FindingAction::CheckDriveAndScanAgain,
        ProblemKind::Truncated | ProblemKind::Malformed => FindingAction::CopyAgainFromSource,
        ProblemKind::Limit => FindingAction::InspectOversizedFile,
        ProblemKind::Unsupported => FindingAction::InspectUnsupportedFile,
        ProblemKind::Panic => FindingAction::ReportProgramFault,
        ProblemKind::Changed => FindingAction::WaitForTheCopyAndScanAgain,
    }
}
