//! The member that a path like `a.zip!/dir/x.png` names. A file that is really called so comes first, and is not
//! looked for here.

use std::path::{Path, PathBuf};

use globset::GlobSet;

use super::{Budget, Container, Inside, MARK, OpenContext, open, opens};
use crate::extract;
use countersign_io::{ByteRange, TempSpace};
use countersign_media::formats;
use countersign_model::limits;
use countersign_model::{Asset, Problem, ProblemKind};

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
pub fn find(path: &Path, space: &TempSpace) -> Result<Option<(Asset, Inside)>, Problem> {
    let Some(found) = members(path, &path.to_string_lossy(), space)? else { return Ok(None) };
    let absent = || Problem::new(ProblemKind::Io, "archive", None, "the archive has no such member");
    found.into_iter().next().ok_or_else(absent).map(Some)
}

/// The members right in a folder of an archive (`a.zip!/dir`, or `a.zip!` for those in none): paths and sizes; `None`
/// where the path names no archive.
///
/// # Errors
/// An archive that cannot be opened.
pub fn folder(path: &Path, space: &TempSpace) -> Result<Option<Vec<(PathBuf, u64)>>, Problem> {
    let found = members(path, &format!("{}/", path.to_string_lossy()), space)?;
    Ok(found.map(|found| found.into_iter().map(|(asset, _)| (asset.path, asset.size)).collect()))
}

/// What `text` names, which is all that is right in a folder where it ends with `/`.
fn members(path: &Path, text: &str, space: &TempSpace) -> Result<Option<Vec<(Asset, Inside)>>, Problem> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Ok(None);
    }
    for (at, _) in text.match_indices(MARK) {
        let rel = text.get(..at).unwrap_or_default();
        let Some(meta) = std::fs::metadata(rel).ok().filter(std::fs::Metadata::is_file) else { continue };
        let file =
            Asset::new(PathBuf::from(rel), rel.to_owned(), 0, meta.len(), countersign_io::stat_of(&meta).modified);
        let bytes =
            ByteRange::open(&file.path).map_err(|e| Problem::new(ProblemKind::Io, "file", None, e.to_string()))?;
        return search(&file, Container::File(&bytes), text, &mut Budget::of(meta.len()), space).map(Some);
    }
    Ok(None)
}

/// Looks in one archive, and in those of its members whose paths lead on; no deeper than the path has marks.
fn search(
    asset: &Asset,
    container: Container<'_>,
    wanted: &str,
    budget: &mut Budget,
    space: &TempSpace,
) -> Result<Vec<(Asset, Inside)>, Problem> {
    let (depth, bytes) = match container {
        Container::Member(inside) => (inside.depth, inside.open(space)?.held),
        Container::File(bytes) => (0, bytes.clone()),
    };
    let mut found = Vec::new();
    if depth >= limits::DEPTH {
        return Ok(found);
    }
    let folder = wanted.ends_with('/');
    let mut nested = Vec::new();
    let named = asset.path.extension().and_then(|extension| formats::by_extension(&extension.to_string_lossy()));
    let parts = extract::archives(&bytes, named)?;
    let mut members = Vec::new();
    for part in parts.iter().filter(|part| opens(Some(part.format))) {
        members
            .extend(open(asset, container, part, budget, OpenContext { space, exclude: &GlobSet::empty() })?.flatten());
    }
    for (member, inside) in members {
        let fits = match folder {
            true => member.rel.strip_prefix(wanted).is_some_and(|name| !name.contains('/')),
            false => member.rel == wanted,
        };
        if fits {
            found.push((member, inside));
            if !folder {
                return Ok(found);
            }
        } else if wanted.strip_prefix(&member.rel).is_some_and(|rest| rest.starts_with(MARK)) {
            nested.push((member, inside));
        }
    }
    for (member, inside) in nested {
        if !found.is_empty() {
            break;
        }
        found = search(&member, Container::Member(&inside), wanted, budget, space)?;
    }
    Ok(found)
}
