//! Shared by the reports: what a verdict does not rest on, in a few words each.

use crate::layout::count;
use countersign_model::{NotLookedAt, PassedOverReason, Summary};

/// A short phrase for each kind of thing that the run did not look at or was told not to count; none where all was seen.
#[must_use]
pub fn phrases(summary: &Summary) -> Vec<String> {
    let not: &NotLookedAt = &summary.not_looked_at;
    let mut out = Vec::new();
    let mut say = |n: u64, one: &str, many: &str| {
        if n > 0 {
            out.push(count(n, one, many));
        }
    };
    say(not.excluded, "file or folder that --exclude names", "files or folders that --exclude names");
    say(not.system, "system file or folder", "system files or folders");
    say(
        not.unverified_packages,
        "package whose hashes or statements were not all checked",
        "packages whose hashes or statements were not all checked",
    );
    say(not.closed_archives, "archive that was not opened", "archives that were not opened");
    say(not.media_not_read, "file that was not read to its end", "files that were not read to their end");
    say(not.suppressed, "finding suppressed by the policy", "findings suppressed by the policy");
    say(not.baseline, "finding known from the baseline", "findings known from the baseline");
    out.extend(not.rules_off.iter().map(|off| format!("rule {} is off ({})", off.rule, off.reason)));
    out
}

/// All of them on one line; empty where all was seen.
#[must_use]
pub fn line(summary: &Summary) -> String {
    phrases(summary).join("; ")
}

/// As [`phrases`], with the files that were not read again because an earlier run knew them.
#[must_use]
pub fn with_cache(summary: &Summary) -> Vec<String> {
    let mut out = phrases(summary);
    if summary.from_cache > 0 {
        let many = "files known from an earlier run and not read again";
        out.push(count(summary.from_cache, "file known from an earlier run and not read again", many));
    }
    out
}

/// Why a path was passed over.
#[must_use]
pub fn why(reason: PassedOverReason) -> &'static str {
    match reason {
        PassedOverReason::Excluded => "excluded",
        PassedOverReason::System => "system file or folder",
        PassedOverReason::UnverifiedPackage => "package not all checked",
        PassedOverReason::ClosedArchive => "archive not opened",
        PassedOverReason::NotRead => "not read to its end",
    }
}

/// The summary without the paths: for reports that have no room for a list of them.
#[must_use]
pub fn counts_only(summary: &Summary) -> Summary {
    let mut counts = summary.clone();
    counts.not_looked_at.paths.clear();
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::RuleOff;

    #[test]
    fn files_that_were_not_read_again_are_told_with_the_rest() {
        let mut summary = Summary::default();
        assert!(with_cache(&summary).is_empty());
        summary.from_cache = 2;
        summary.not_looked_at.pass(0, "a.tmp", PassedOverReason::Excluded);
        assert_eq!(with_cache(&summary).len(), 2);
        assert_eq!(with_cache(&summary)[1], "2 files known from an earlier run and not read again");
        assert_eq!(phrases(&summary).len(), 1, "the terminal tells them on a line of their own");
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let mut summary = Summary::default();
        assert_eq!(line(&summary), "");
        summary.not_looked_at.pass(0, "a.tmp", PassedOverReason::Excluded);
        summary.not_looked_at.rules_off = vec![RuleOff { rule: "possible-ai".into(), reason: "noise".into() }];
        assert_eq!(line(&summary), "1 file or folder that --exclude names; rule possible-ai is off (noise)");
        assert_eq!(counts_only(&summary).not_looked_at.paths, []);
    }
}
