//! Digests of every file of a run, for a signed verdict, and the comparison of a drive with those of an earlier one.
//!
//! Members of archives are not hashed for themselves: the archive's bytes are. Members of a run's walk only: what operating
//! systems leave behind, and what was excluded, is in neither.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use globset::GlobSet;
use rayon::prelude::*;

use crate::survey;
use crate::walk::{Named, Walk};
use countersign_io::digest::{self, Algorithm};
use countersign_io::{ByteRange, Entry, Roots};
use countersign_judge::verdict::{VerdictPlace, VerdictStatement};
use countersign_model::Asset;

/// By root and path: the size, and the digest where there is one.
type Files = BTreeMap<(usize, String), (u64, Option<String>)>;

/// The digests of the files that a run judged, by root and path; from any thread.
#[derive(Debug, Default)]
pub struct FileDigests {
    files: Mutex<Files>,
}

impl FileDigests {
    /// Takes up a file, with its digest where it could be hashed.
    pub(crate) fn take(&self, asset: &Asset, sha256: Option<&str>) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert((asset.root, asset.rel.clone()), (asset.size, sha256.map(str::to_owned)));
    }

    /// The files with a digest, and those without, each in the order of their paths.
    #[must_use]
    pub fn split(&self) -> (Vec<(VerdictPlace, String)>, Vec<VerdictPlace>) {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for ((root, path), (bytes, sha256)) in self.files.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let place = VerdictPlace { root: *root, path: path.clone(), bytes: *bytes };
            match sha256 {
                Some(sha256) => with.push((place, sha256.clone())),
                None => without.push(place),
            }
        }
        (with, without)
    }
}

/// One way in which a drive is not what a verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Index into the roots.
    pub root: usize,
    /// The path below it.
    pub path: String,
    /// What is different.
    pub kind: DifferenceKind,
}

/// The kinds of [`Difference`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// Its bytes are others.
    Changed,
    /// The verdict does not know it.
    Added,
    /// It is not there any more.
    Missing,
    /// It cannot be read; why.
    Unread(String),
}

/// What came of the comparison of a drive with a verdict.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Files whose bytes are those of the verdict.
    pub same: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Where the two differ, in the order of the paths.
    pub differences: Vec<Difference>,
}

/// Compares every file below `roots` with what the verdict says.
#[must_use]
pub fn compare(statement: &VerdictStatement, roots: &Roots, exclude: &GlobSet, stop: &AtomicBool) -> Comparison {
    let known: BTreeMap<_, _> = statement
        .subject
        .iter()
        .map(|s| {
            ((s.annotations.root, s.annotations.path.as_str()), (s.annotations.bytes, Some(s.digest.sha256.as_str())))
        })
        .chain(statement.predicate.without_digest.iter().map(|p| ((p.root, p.path.as_str()), (p.bytes, None))))
        .collect();
    let deliveries = survey::deliveries(roots, exclude, stop);
    let walk = Walk::over(roots, exclude.clone()).naming(Named::of(&deliveries));
    let (same, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut seen = std::collections::BTreeSet::new();
    let mut differences = Vec::new();
    for batch in walk {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        seen.extend(batch.iter().map(|asset| (asset.root, asset.rel.clone())));
        let found: Vec<_> = batch
            .par_iter()
            .filter_map(|asset| {
                let expected = known.get(&(asset.root, asset.rel.as_str())).copied();
                let kind = difference(asset, expected, roots, &bytes);
                same.fetch_add(u64::from(kind.is_none()), Ordering::Relaxed);
                Some(Difference { root: asset.root, path: asset.rel.clone(), kind: kind? })
            })
            .collect();
        differences.extend(found);
    }
    let gone = known.keys().filter(|(root, path)| !seen.contains(&(*root, (*path).to_owned())));
    differences.extend(gone.map(|(root, path)| Difference {
        root: *root,
        path: (*path).to_owned(),
        kind: DifferenceKind::Missing,
    }));
    differences.sort();
    Comparison { same: same.into_inner(), bytes: bytes.into_inner(), differences }
}

fn difference(
    asset: &Asset,
    expected: Option<(u64, Option<&str>)>,
    roots: &Roots,
    read: &AtomicU64,
) -> Option<DifferenceKind> {
    let Some((size, sha256)) = expected else { return Some(DifferenceKind::Added) };
    if asset.size != size {
        return Some(DifferenceKind::Changed);
    }
    // What could not be hashed then is as unknown now: its size is all that there is.
    let sha256 = sha256?;
    match hashed(asset, roots, read) {
        Ok(found) if found.eq_ignore_ascii_case(sha256) => None,
        Ok(_) => Some(DifferenceKind::Changed),
        Err(why) => Some(DifferenceKind::Unread(why)),
    }
}

fn hashed(asset: &Asset, roots: &Roots, read: &AtomicU64) -> Result<String, String> {
    if let Some(obstacle) = &asset.obstacle {
        return Err(obstacle.what.clone());
    }
    let tree = roots.get(asset.root).ok_or("its root is not there")?.tree();
    let stat = tree.stat(&asset.rel).map_err(|e| e.to_string())?;
    let handle = tree.open(&Entry { path: asset.rel.clone(), stat }).map_err(|e| e.to_string())?;
    let mut bytes = ByteRange::of(handle).stream();
    let digests = digest::stream(&mut bytes, asset.size, &[Algorithm::Sha256], &mut |more| {
        read.fetch_add(more, Ordering::Relaxed);
        true
    });
    let digests = digests.map_err(|e| e.to_string())?;
    digests.first().map(digest::Digest::text).ok_or_else(|| "it has no digest".to_owned())
}
