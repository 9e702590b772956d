//! Shared by the reports: folders that look archival or temporary, and of which no pattern of the policy speaks, in words.

use crate::layout::count;
use crate::words::word;
use countersign_model::{FolderHint, Summary};

/// Folders that are told one by one.
const TOLD: usize = 5;

/// A line for each, of many only the first ones.
pub(crate) fn lines(summary: &Summary) -> Vec<String> {
    let mut lines: Vec<String> = summary.folders.iter().take(TOLD).map(line).collect();
    let more = summary.folders.len().saturating_sub(TOLD) as u64;
    if more > 0 {
        lines.push(format!("and {} that look so", count(more, "more folder", "more folders")));
    }
    lines
}

fn line(hint: &FolderHint) -> String {
    let FolderHint { path, looks, judged, files, .. } = hint;
    let (files, looks) = (count(*files, "file", "files"), word(looks));
    if hint.above {
        let judged = word(judged);
        return format!(
            "'{path}', above what was scanned, looks {looks}, and nothing shows that it belongs to the delivery: {files} \
             judged as {judged}. If it does: --delivery-root, with the folder in which the delivery begins"
        );
    }
    format!(
        "'{path}' looks {looks}, and no pattern of the policy says so: {files} judged as {}. If it is: \"{path}/**\" = \
         \"{looks}\" in [roles]",
        word(judged)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::Role;

    #[test]
    fn of_many_folders_the_first_are_told() {
        let hint = |n| FolderHint {
            root: 0,
            path: format!("reel {n}/stock"),
            above: false,
            looks: Role::Archival,
            judged: Role::Final,
            files: n,
        };
        let summary = Summary { folders: (1..9).map(hint).collect(), ..Summary::default() };
        let above = Summary { folders: vec![FolderHint { above: true, ..hint(1) }], ..Summary::default() };
        assert!(lines(&above)[0].contains("above what was scanned, looks archival"), "{:?}", lines(&above));
        let lines = lines(&summary);
        assert!(
            lines[0].starts_with("'reel 1/stock' looks archival, and no pattern of the policy says so: 1 file judged")
        );
        assert_eq!((lines.len(), lines[5].as_str()), (6, "and 3 more folders that look so"));
    }
}
