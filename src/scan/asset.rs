//! One asset of a run from bytes to findings: a file, or a member of an archive. Panics of readers end here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;

use super::around::Around;
use super::{Scan, Watch};
use crate::archives::{self, Inside};
use crate::digest::{self, Algorithm, Digest};
use crate::extract;
use crate::marks;
use crate::member::{Opened, Room};
use crate::model::{Asset, AssetReport, Facts, PackageFault, PackageFaultKind, Problem, ProblemKind, Recipe, Role};
use crate::packages::Wanted;
use crate::roles;

/// The format that reports name for a delivery package's own manifests.
const MANIFEST: &str = "package-manifest";

/// What is to be judged: a file, or a member of an archive.
pub(super) struct Job {
    pub(super) asset: Asset,
    pub(super) inside: Option<Inside>,
}

/// What came of it, and the job again where it is an archive to be opened.
pub(super) struct Judged {
    pub(super) report: AssetReport,
    pub(super) archive: Option<Job>,
    /// What a member shows of its archive when it is opened.
    pub(super) oddity: Option<String>,
}

/// One asset from bytes to findings; `None` when the run was stopped before its end: what was read by then is not all.
pub(super) fn one(scan: &Scan<'_>, job: Job, around: &Around<'_>, room: &Room, watch: &dyn Watch) -> Option<Judged> {
    if watch.stop().load(Ordering::Relaxed) {
        return None;
    }
    let Job { mut asset, inside } = job;
    let place = around.place(asset.root, &asset.rel);
    asset.package = place.package;
    (asset.role, asset.role_basis) = roles::place(&asset.rel, &scan.policy.roles, place.membership, scan.role);
    let (mut facts, opened) = isolated(&asset, inside.as_ref(), room, scan);
    if facts.format.is_none() && facts.problems.is_empty() && around.deliveries.is_manifest(asset.root, &asset.rel) {
        facts.format = Some(MANIFEST.to_owned());
    }
    let depth = inside.as_ref().map_or(0, |inside| inside.depth);
    let opens = archives::opens(facts.format.as_deref());
    if opens && depth >= scan.max_archive_depth {
        let what = format!("not opened: it lies deeper than --max-archive-depth {}", scan.max_archive_depth);
        facts.problems.push(Problem::new(ProblemKind::Limit, "archive", None, what));
    }
    let evidence = scan.catalogue.evidence(&facts);
    let ai = marks::ai(&evidence);
    let claims = if scan.integrity { around.deliveries.digests(asset.root, &asset.rel) } else { vec![] };
    let mut hashed = Hashed { claims, recorded: scan.judge.needs_digest(&asset, ai), ..Hashed::default() };
    match (&inside, &opened) {
        (Some(inside), Some(opened)) => {
            hash_member(&mut hashed, opened, (&mut asset, inside), &mut facts, around, watch);
        }
        (Some(_), None) => {}
        (None, _) => hash(&mut hashed, &mut asset, &mut facts, around, watch),
    }
    if watch.stop().load(Ordering::Relaxed) {
        return None;
    }
    let sha256 = hashed.sha256;
    let findings = scan.judge.asset(&asset, &facts, &evidence, ai, sha256.as_deref());
    let records = scan.judge.records(&asset, sha256.as_deref());
    let recipe = Recipe::of(&facts, ai);
    match inside {
        None => watch.judged(asset.size.saturating_sub(hashed.bytes), &findings),
        Some(_) => watch.judged_member(&findings),
    }
    let report = AssetReport {
        path: asset.rel.clone(),
        root: asset.root,
        format: facts.format,
        bytes: asset.size,
        sha256,
        role: asset.role,
        role_basis: asset.role_basis.clone(),
        package: asset.package,
        plays: place.plays.into_iter().cloned().collect(),
        ai,
        recipe,
        evidence,
        c2pa: facts.c2pa,
        findings,
        problems: facts.problems,
        records,
        tags: scan.tags.then_some(facts.tags),
        frames: None,
    };
    let oddity = opened.and_then(|opened| opened.oddity);
    let archive = (opens && depth < scan.max_archive_depth).then_some(Job { asset, inside });
    Some(Judged { report, archive, oddity })
}

/// Extraction behind a wall: a reader that panics is a problem of this asset only. A member's bytes come along.
fn isolated(asset: &Asset, inside: Option<&Inside>, room: &Room, scan: &Scan<'_>) -> (Facts, Option<Opened>) {
    if let Some(obstacle) = &asset.obstacle {
        return (Facts { problems: vec![obstacle.clone()], ..Facts::default() }, None);
    }
    let mut options = scan.extract;
    // Decoding takes its time; where a picture is shown as a record, it is worth it.
    options.decoders.thumbnails |= asset.role == Role::Archival;
    let read = || {
        let read = walled(|| match inside {
            Some(inside) => inside.read(&asset.path, room, &options),
            None => (extract::facts(&asset.path, &asset.sidecars, &options), None),
        });
        read.unwrap_or_else(|problem| (Facts { problems: vec![problem], ..Facts::default() }, None))
    };
    let (mut facts, opened) = match scan.cache.filter(|_| inside.is_none()) {
        Some(cache) => (cache.facts(asset, options.decoders, || read().0), None),
        None => read(),
    };
    if facts.problems.iter().any(|p| p.blocking) {
        note_change(seen(asset, inside), &mut facts);
    }
    (facts, opened)
}

/// What `read` gives, or its panic as a problem.
pub(super) fn walled<T>(read: impl FnOnce() -> T) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|cause| {
        let text = cause.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| cause.downcast_ref::<String>().cloned());
        let what = format!("a reader failed: {}", text.as_deref().unwrap_or("no reason given"));
        Problem::new(ProblemKind::Panic, "reader", None, what)
    })
}

/// What is to be hashed of an asset, and what came of it.
#[derive(Default)]
struct Hashed<'a> {
    claims: Vec<Wanted<'a>>,
    /// Whether records may be about these bytes.
    recorded: bool,
    /// Of the bytes that were judged: a file that changes meanwhile has none.
    sha256: Option<String>,
    bytes: u64,
}

impl Hashed<'_> {
    fn wanted(&self) -> Vec<Algorithm> {
        let own = self.recorded.then_some(Algorithm::Sha256);
        self.claims.iter().map(|c| c.digest.algorithm).chain(own).collect()
    }

    /// Takes up what came of [`Hashed::wanted`], and compares what packages claim.
    fn compare(&mut self, digests: &[Digest], asset: &mut Asset, around: &Around<'_>) {
        self.sha256 = digests.last().filter(|_| self.recorded).map(Digest::text);
        let mut agreed = vec![];
        for (claim, found) in self.claims.iter().zip(digests) {
            let name = claim.digest.algorithm.name();
            if claim.digest.agrees(found) {
                agreed.push(name);
                continue;
            }
            let what = format!("its {name} is {} and not {}", found.text(), claim.digest.text());
            let fault = PackageFault { kind: PackageFaultKind::HashMismatch, path: asset.rel.clone(), what };
            around.deliveries.fault(claim.package, fault);
        }
        if !agreed.is_empty() && agreed.len() == self.claims.len() {
            asset.custody = Some(agreed.join(", "));
        }
    }
}

/// Reads the asset once for all digests that anybody wants of it, and compares those that packages claim.
fn hash(hashed: &mut Hashed, asset: &mut Asset, facts: &mut Facts, around: &Around<'_>, watch: &dyn Watch) {
    let wanted = hashed.wanted();
    if wanted.is_empty() || asset.obstacle.is_some() {
        return;
    }
    let bytes = &mut hashed.bytes;
    let digests = digest::file(&asset.path, &wanted, &mut |more| {
        *bytes += more;
        watch.hashed(more);
        !watch.stop().load(Ordering::Relaxed)
    });
    let digests = match digests {
        Ok(digests) => digests,
        Err(e) => {
            return facts.problems.push(Problem::new(ProblemKind::Io, "file (hashing)", None, e.to_string()));
        }
    };
    if note_change(seen(asset, None), facts) {
        return;
    }
    hashed.compare(&digests, asset, around);
}

/// As [`hash`], for a member of an archive.
fn hash_member(
    hashed: &mut Hashed,
    opened: &Opened,
    (asset, inside): (&mut Asset, &Inside),
    facts: &mut Facts,
    around: &Around<'_>,
    watch: &dyn Watch,
) {
    let wanted = hashed.wanted();
    if wanted.is_empty() {
        return;
    }
    let mut bytes = opened.stream();
    let mut told = |_| !watch.stop().load(Ordering::Relaxed);
    let digests = match digest::stream(&mut bytes, asset.size, &wanted, &mut told) {
        Ok(digests) => digests,
        Err(e) => return facts.problems.push(Problem::new(ProblemKind::Io, "file (hashing)", None, e.to_string())),
    };
    if note_change(seen(asset, Some(inside)), facts) {
        return;
    }
    facts.problems.extend(bytes.problem());
    hashed.compare(&digests, asset, around);
}

/// The file that holds an asset, as the walk saw it: path, size, modification time.
type Seen<'a> = (&'a Path, u64, Option<i128>);

fn seen<'a>(asset: &'a Asset, inside: Option<&'a Inside>) -> Seen<'a> {
    match inside {
        None => (&asset.path, asset.size, asset.mtime),
        Some(Inside { outer, .. }) => (&outer.path, outer.size, outer.mtime),
    }
}

/// Notes it when the file is not any more what the walk saw.
fn note_change((path, size, mtime): Seen<'_>, facts: &mut Facts) -> bool {
    let now = std::fs::metadata(path).ok();
    let same = now.is_some_and(|meta| meta.len() == size && crate::walk::modified(&meta) == mtime);
    if !same {
        let what = "the file changed or vanished while it was read";
        facts.problems.push(Problem::new(ProblemKind::Changed, "file", None, what));
    }
    !same
}
