//! The member that a path like `a.zip!/dir/x.png` names. A file that is really called so comes first, and is not
//! looked for here.

use std::path::{Path, PathBuf};

use globset::GlobSet;

use super::{Budget, Inside, MARK, open, opens};
use crate::identify::identify;
use crate::limits;
use crate::member::Room;
use crate::model::{Asset, Problem, ProblemKind};
use crate::source::Held;
use crate::walk::modified;

/// The path to open of what a report calls `rel` below this root: a root may be a single file, which is its own asset.
#[must_use]
pub fn below(root: &Path, rel: &Path) -> PathBuf {
    if !root.is_file() {
        return root.join(rel);
    }
    let text = rel.to_string_lossy();
    match text.split_once(MARK) {
        Some((_, member)) => {
            let mut path = root.as_os_str().to_owned();
            path.push(MARK);
            path.push(member);
            path.into()
        }
        None => root.to_path_buf(),
    }
}

/// The member; `None` where the path names a file or no archive.
///
/// # Errors
/// An archive that cannot be opened, or that has no such member.
pub fn find(path: &Path, room: &Room) -> Result<Option<(Asset, Inside)>, Problem> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Ok(None);
    }
    let text = path.to_string_lossy();
    for (at, _) in text.match_indices(MARK) {
        let outer = Path::new(text.get(..at).unwrap_or_default());
        let Some(meta) = std::fs::metadata(outer).ok().filter(std::fs::Metadata::is_file) else { continue };
        let rel = text.get(..at).unwrap_or_default().to_owned();
        let file = Asset::new(outer.to_path_buf(), rel, 0, meta.len(), modified(&meta));
        let mut budget = Budget::of(meta.len());
        if let Some(found) = search(&file, None, &text, &mut budget, room)? {
            return Ok(Some(found));
        }
        let what = "the archive has no such member";
        return Err(Problem::new(ProblemKind::Io, "archive", None, what));
    }
    Ok(None)
}

/// Looks in one archive, and in those of its members whose paths lead on; no deeper than the path has marks.
fn search(
    asset: &Asset,
    inside: Option<&Inside>,
    wanted: &str,
    budget: &mut Budget,
    room: &Room,
) -> Result<Option<(Asset, Inside)>, Problem> {
    let depth = inside.map_or(0, |i| i.depth);
    let held = match inside {
        Some(inside) => inside.open(room)?.held,
        None => Held::open(&asset.path).map_err(|e| Problem::new(ProblemKind::Io, "file", None, e.to_string()))?,
    };
    let format = identify(&mut held.source())?.map(|format| format.info().id);
    let Some(format) = format.filter(|id| opens(Some(id)) && depth < limits::DEPTH) else { return Ok(None) };
    let mut nested = Vec::new();
    for (member, inside) in open(asset, inside, format, budget, room, &GlobSet::empty())?.flatten() {
        if member.rel == wanted {
            return Ok(Some((member, inside)));
        }
        if wanted.strip_prefix(&member.rel).is_some_and(|rest| rest.starts_with(MARK)) {
            nested.push((member, inside));
        }
    }
    for (member, inside) in nested {
        if let Some(found) = search(&member, Some(&inside), wanted, budget, room)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
