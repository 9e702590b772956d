//! The asset could not be read or parsed far enough to be judged: it is never counted as clean.
//!
//! Speaks for files that the system will not open, that are cut short or broken where marks live, that reach a limit,
//! that are empty, or whose name promises a media format that the bytes are not.
//!
//! **Why it matters.** A mark could stand in the part that was not read. A delivery with such a file is incomplete,
//! not clean.
//!
//! **What to do.** Copy the file again from its source and compare checksums; open it in the program that made it; if
//! it is sound and only Countersign cannot read it, look at it by other means and suppress the finding with a reason.
//!
//! **Example.** `reel2.mov` ends in the middle of its `moov` box: the copy to the drive was interrupted.

use super::{Case, Draft, Info, Rule, wording};
use crate::model::{Problem, ProblemKind, Severity};

pub(super) struct UnreadableAsset;

static INFO: Info =
    Info { id: "unreadable-asset", severity: Severity::Error, source: include_str!("unreadable_asset.rs") };

/// Problems that one message names.
const NAMED: usize = 3;

impl Rule for UnreadableAsset {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn check_asset(&self, case: &Case, out: &mut Vec<Draft>) {
        let mut blocking: Vec<&Problem> = case.asset.obstacle.iter().filter(|p| p.blocking).collect();
        for problem in case.facts.problems.iter().filter(|p| p.blocking) {
            if !blocking.contains(&problem) {
                blocking.push(problem);
            }
        }
        if let Some(first) = blocking.first() {
            let named: Vec<_> = blocking.iter().take(NAMED).map(|p| say(p)).collect();
            let more = blocking.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            let message = format!("not read far enough to be judged: {}{more}", named.join("; "));
            return out.push(Draft::new(message, advice(first.kind)));
        }
        let Some(named) = case.facts.named.as_deref().filter(|_| case.facts.format.is_none()) else { return };
        let message = match case.asset.size {
            0 => format!("the file is empty, though its name says {named}"),
            _ => format!("its name says {named}, but the bytes are not {named} nor any other format that is read"),
        };
        out.push(Draft::new(message, advice(ProblemKind::Malformed)));
    }
}

fn say(problem: &Problem) -> String {
    let at = problem.offset.map(|o| format!(" at byte {o}")).unwrap_or_default();
    format!("{}: {}{at}", problem.place, wording::quote(&problem.what, false))
}

fn advice(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Io => "Check the drive, the permissions and the connection, then scan again.",
        ProblemKind::Truncated | ProblemKind::Malformed => {
            "Copy the file again from its source and compare checksums; ask the supplier for a sound one."
        }
        ProblemKind::Limit => {
            "Look at the file by other means: it is built to be, or happens to be, larger than is safe to read."
        }
        ProblemKind::Unsupported => "Look at the file by other means, or ask for it in an open or unencrypted form.",
        ProblemKind::Panic => "This is a fault of Countersign: please report it, with the file if you can share it.",
        ProblemKind::Changed => "The file changed while it was read: wait until the copy is complete and scan again.",
    }
}
