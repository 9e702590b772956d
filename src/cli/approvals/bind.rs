//! Records of a sheet bound to bytes: the files that they name, found below a folder; and records that clear nothing.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use chrono::Local;
use globset::GlobSet;

use super::files::named_files;
use super::flagged;
use super::shown::TOLD;
use countersign_engine::walk::{Walk, lossless};
use countersign_io::Roots;
use countersign_judge::approvals::{Decision, Record, Subject};
use countersign_model::error::{Error, Result};
use countersign_report::layout::count;

/// What came of looking for the files.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// Names that no file below the folder has.
    missing: BTreeSet<String>,
    /// Names of files whose bytes are others than the sheet says.
    other_bytes: BTreeSet<String>,
}

/// Gives every subject the digest of the file that it names, where there is one below `root`.
///
/// # Errors
/// `root` is no folder, or a file cannot be read.
pub(super) fn bind(root: &Path, records: &mut [Record]) -> Result<Bound> {
    if !root.is_dir() {
        return Err(Error::Usage {
            what: format!("--root {}: not a folder", root.display()),
            hint: "name the folder of the delivery, below which the files lie that the sheet names".to_owned(),
        });
    }
    let mut out = Bound::default();
    for record in records {
        let mut subjects = Vec::with_capacity(record.subjects.len());
        for subject in std::mem::take(&mut record.subjects) {
            subjects.extend(bound(root, subject, &mut out)?);
        }
        record.subjects = subjects;
    }
    Ok(out)
}

fn bound(root: &Path, subject: Subject, out: &mut Bound) -> Result<Vec<Subject>> {
    if subject.name.is_empty() {
        return Ok(vec![subject]);
    }
    let Some(path) = found(root, &subject.name) else {
        let namesake = namesake(root, &subject.name).map(|path| format!(" (there is {path})")).unwrap_or_default();
        out.missing.insert(format!("{}{namesake}", subject.name));
        return Ok(vec![subject]);
    };
    let files = named_files(&path)?;
    if let Some(stated) = subject.sha256() {
        if !files.iter().any(|(_, file)| file.sha256() == Some(stated)) {
            out.other_bytes.insert(subject.name.clone());
        }
        return Ok(vec![subject]);
    }
    let below = |path: &Path| path.strip_prefix(root).map(lossless).unwrap_or_else(|_| lossless(path));
    let with_digest = |(path, file): (PathBuf, Subject)| {
        let mut own = Subject { name: flagged::name(root, &below(&path)), ..subject.clone() };
        own.digest.extend(file.digest);
        own
    };
    Ok(files.into_iter().map(with_digest).collect())
}

/// The file below `root` that the name means: as it is written, or without folders in front that are of another machine.
fn found(root: &Path, name: &str) -> Option<PathBuf> {
    let written = name.replace('\\', "/");
    let parts: Vec<_> = Path::new(&written).components().collect();
    let plain: Vec<_> = parts.iter().filter(|part| matches!(part, Component::Normal(_))).collect();
    if parts.iter().any(|part| matches!(part, Component::ParentDir)) {
        return None;
    }
    // A bare name is one right below the root: in one folder it is another file than in the next.
    let most = plain.len().saturating_sub(1).max(1);
    (0..most).find_map(|from| {
        let path = plain.get(from..)?.iter().fold(root.to_owned(), |path, part| path.join(part));
        let there = path.is_file() || (!path.exists() && named_files(&path).is_ok());
        there.then_some(path)
    })
}

/// Files that are looked through for a file of the same name.
const ENTRIES: usize = 100_000;

/// The only file below `root` of this bare name, where it lies further in. It is named and not taken: in another folder it
/// may be another file.
fn namesake(root: &Path, name: &str) -> Option<String> {
    if name.contains(['/', '\\']) {
        return None;
    }
    let roots = Roots::local(&[root.to_owned()]);
    let files = Walk::over(&roots, GlobSet::empty()).flatten().take(ENTRIES);
    let mut same = files.map(|asset| asset.rel).filter(|rel| rel.rsplit('/').next() == Some(name));
    let only = same.next()?;
    same.next().is_none().then_some(only)
}

/// Warnings about records that clear nothing.
pub(super) fn idle(records: &[Record], bound: Option<&Bound>) -> Vec<String> {
    let today = Local::now().date_naive();
    let allows = |record: &&Record| !matches!(record.decision, Decision::Denied | Decision::Revoked);
    let names = |which: &dyn Fn(&Record) -> bool| -> BTreeSet<String> {
        let records = records.iter().filter(allows).filter(|record| which(record));
        records.map(|record| record.subjects.first().map_or_else(|| record.id.clone(), |s| s.name.clone())).collect()
    };
    let bare = names(&|record| record.subjects.iter().all(|s| s.digest.is_empty()));
    let past = names(&|record| record.expires_on.is_some_and(|day| day < today));
    let empty = BTreeSet::new();
    let (missing, other) = bound.map_or((&empty, &empty), |bound| (&bound.missing, &bound.other_bytes));
    let rows = [
        (missing, "named and not found below --root"),
        (other, "found below --root with other bytes than the sheet says: the record does not cover them"),
        (
            &bare,
            "recorded without a digest: a path clears nothing in a final deliverable; --root DIR binds it to bytes",
        ),
        (&past, "recorded as run out already: it clears nothing any more"),
    ];
    rows.iter().filter(|(names, _)| !names.is_empty()).map(|(names, what)| told(names, what)).collect()
}

fn told(names: &BTreeSet<String>, what: &str) -> String {
    let some: Vec<&str> = names.iter().take(TOLD).map(String::as_str).collect();
    let more = names.len().saturating_sub(TOLD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {what}: {}{more}", count(names.len() as u64, "file is", "files are"), some.join(", "))
}
