//! The whole pipeline on one screen: packages → walk → roles → extract → marks → judge → report.
//!
//! The only place with threads and with panic isolation. Batches are judged in parallel and told in walking
//! order, so the report of the same tree is the same whatever the number of jobs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use globset::GlobSet;
use rayon::prelude::*;

use crate::digest::{self, Algorithm, Digest};
use crate::error::{Error, Result};
use crate::extract;
use crate::judge::Judge;
use crate::marks;
use crate::model::{
    Ai, Asset, AssetReport, Facts, Finding, FindingState, Outcome, PackageFault, PackageFaultKind, PackageReport,
    Problem, ProblemKind, Role, Severity, Summary,
};
use crate::packages::{Deliveries, Row, Sequences, Wanted};
use crate::policy::Policy;
use crate::roles;
use crate::survey;
use crate::walk::Walk;

/// The format that reports name for a delivery package's own manifests.
const MANIFEST: &str = "package-manifest";

/// Everything that one run is judged with.
pub struct Scan<'a> {
    pub policy: &'a Policy,
    pub judge: Judge<'a>,
    pub extract: extract::Options<'a>,
    /// Role of files that nothing else places.
    pub role: Option<Role>,
    pub exclude: GlobSet,
    /// Where given, only these paths below the last root are scanned.
    pub listed: Option<Vec<PathBuf>>,
    /// Whether the digests that packages claim are computed and compared.
    pub integrity: bool,
    /// Threads; 0 for as many as there are cores.
    pub jobs: usize,
    /// Whether asset reports carry every tag.
    pub tags: bool,
    pub fail_on: Severity,
}

/// Who watches a run: told of each asset, asked whether to stop.
pub trait Watch: Sync {
    /// This many bytes of an asset were hashed, from any thread.
    fn hashed(&self, bytes: u64);

    /// An asset was judged, from any thread; `bytes` are those of its size that [`Watch::hashed`] was not told of.
    fn judged(&self, bytes: u64, findings: &[Finding]);

    /// Set by whoever wants the run to end early.
    fn stop(&self) -> &AtomicBool;
}

/// Judges everything below `roots` and hands each asset's report to `tell`, in walking order.
///
/// # Errors
/// Roots that hold no file, a thread pool that cannot start, and whatever `tell` returns. Nothing that is
/// wrong with an asset is an error here.
pub fn run(
    scan: &Scan<'_>,
    roots: &[PathBuf],
    watch: &dyn Watch,
    tell: &mut dyn FnMut(&AssetReport) -> Result<()>,
) -> Result<Summary> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(scan.jobs).build().map_err(|e| Error::Usage {
        what: format!("cannot start {} threads: {e}", scan.jobs),
        hint: "use a smaller --jobs".to_owned(),
    })?;
    // A list of files is no delivery: of a package that it names in part, the rest is not missing.
    let whole = if scan.listed.is_some() { roots.split_last().map_or(roots, |(_, whole)| whole) } else { roots };
    let mut deliveries = survey::deliveries(whole, &scan.exclude, watch.stop());
    let mut walk = Walk::new(roots, scan.exclude.clone()).listing(scan.listed.as_deref());
    let mut tally = Tally::new(scan.fail_on);
    let mut sequences = Sequences::default();
    for batch in walk.by_ref() {
        batch.iter().for_each(|asset| deliveries.saw(asset));
        let judge = |asset| one(scan, asset, &deliveries, watch);
        let judged: Vec<_> = pool.install(|| batch.into_par_iter().map(judge).collect());
        scan.judge.sound()?;
        for judged in judged {
            let Some(judged) = judged else {
                tally.summary.interrupted = true;
                continue;
            };
            for row in sequences.take(judged) {
                tell(&tally.row(row, &scan.judge))?;
            }
        }
        if tally.summary.interrupted {
            break;
        }
    }
    for row in sequences.finish(!tally.summary.interrupted) {
        tell(&tally.row(row, &scan.judge))?;
    }
    // Whoever stops the run while its last file is read stops it all the same.
    tally.summary.interrupted |= watch.stop().load(Ordering::Relaxed);
    if tally.summary.assets == 0 && !tally.summary.interrupted {
        return Err(Error::Nothing { roots: roots.iter().map(|r| r.display().to_string()).collect() });
    }
    tally.summary.ignored = walk.ignored();
    for (package, faults) in deliveries.finish(!tally.summary.interrupted) {
        tally.package(package, &faults, &scan.judge);
    }
    let summary = tally.finish(&scan.judge);
    scan.judge.sound()?;
    Ok(summary)
}

/// One asset from bytes to findings; `None` when the run was stopped before it.
fn one(scan: &Scan<'_>, mut asset: Asset, deliveries: &Deliveries, watch: &dyn Watch) -> Option<AssetReport> {
    if watch.stop().load(Ordering::Relaxed) {
        return None;
    }
    let place = deliveries.place(asset.root, &asset.rel);
    asset.package = place.package;
    (asset.role, asset.role_basis) = roles::place(&asset.rel, &scan.policy.roles, place.membership, scan.role);
    let mut facts = isolated(&asset, scan);
    if facts.format.is_none() && facts.problems.is_empty() && deliveries.is_manifest(asset.root, &asset.rel) {
        facts.format = Some(MANIFEST.to_owned());
    }
    let evidence = marks::catalogue().evidence(&facts);
    let ai = marks::ai(&evidence);
    let claims = if scan.integrity { deliveries.digests(asset.root, &asset.rel) } else { vec![] };
    let mut hashed = Hashed { claims, recorded: scan.judge.needs_digest(&asset, ai), ..Hashed::default() };
    hash(&mut hashed, &mut asset, &mut facts, deliveries, watch);
    let sha256 = hashed.sha256;
    let findings = scan.judge.asset(&asset, &facts, &evidence, ai, sha256.as_deref());
    let records = scan.judge.records(&asset, sha256.as_deref());
    watch.judged(asset.size.saturating_sub(hashed.bytes), &findings);
    Some(AssetReport {
        path: asset.rel,
        root: asset.root,
        format: facts.format,
        bytes: asset.size,
        sha256,
        role: asset.role,
        role_basis: asset.role_basis,
        package: asset.package,
        plays: place.plays.into_iter().cloned().collect(),
        ai,
        evidence,
        c2pa: facts.c2pa,
        findings,
        problems: facts.problems,
        records,
        tags: scan.tags.then_some(facts.tags),
        frames: None,
    })
}

/// Extraction behind a wall: a reader that panics is a problem of this asset only.
fn isolated(asset: &Asset, scan: &Scan<'_>) -> Facts {
    if let Some(obstacle) = &asset.obstacle {
        return Facts { problems: vec![obstacle.clone()], ..Facts::default() };
    }
    let mut options = scan.extract;
    // Decoding takes its time; where a picture is shown as a record, it is worth it.
    options.decoders.thumbnails |= asset.role == Role::Archival;
    let read = catch_unwind(AssertUnwindSafe(|| extract::facts(&asset.path, &asset.sidecars, &options)));
    let mut facts = read.unwrap_or_else(|cause| {
        let what = format!("a reader failed: {}", panic_text(&cause));
        Facts { problems: vec![Problem::new(ProblemKind::Panic, "reader", None, what)], ..Facts::default() }
    });
    if facts.problems.iter().any(|p| p.blocking) {
        note_change(asset, &mut facts);
    }
    facts
}

fn panic_text(cause: &Box<dyn std::any::Any + Send>) -> String {
    let text = cause.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
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

/// Reads the asset once for all digests that anybody wants of it, and compares those that packages claim.
fn hash(hashed: &mut Hashed, asset: &mut Asset, facts: &mut Facts, deliveries: &Deliveries, watch: &dyn Watch) {
    let own = hashed.recorded.then_some(Algorithm::Sha256);
    let wanted: Vec<_> = hashed.claims.iter().map(|c| c.digest.algorithm).chain(own).collect();
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
    if note_change(asset, facts) {
        return;
    }
    hashed.sha256 = own.and(digests.last()).map(Digest::text);
    let mut agreed = vec![];
    for (claim, found) in hashed.claims.iter().zip(&digests) {
        let name = claim.digest.algorithm.name();
        if claim.digest.agrees(found) {
            agreed.push(name);
            continue;
        }
        let what = format!("its {name} is {} and not {}", found.text(), claim.digest.text());
        let fault = PackageFault { kind: PackageFaultKind::HashMismatch, path: asset.rel.clone(), what };
        deliveries.fault(claim.package, fault);
    }
    if !agreed.is_empty() && agreed.len() == hashed.claims.len() {
        asset.custody = Some(agreed.join(", "));
    }
}

/// Notes it when the file is not any more what the walk saw.
fn note_change(asset: &Asset, facts: &mut Facts) -> bool {
    let now = std::fs::metadata(&asset.path).ok();
    let same = now.is_some_and(|meta| meta.len() == asset.size && crate::walk::modified(&meta) == asset.mtime);
    if !same {
        let what = "the file changed or vanished while it was read";
        facts.problems.push(Problem::new(ProblemKind::Changed, "file", None, what));
    }
    !same
}

/// Counts as assets come, decides the outcome at the end.
struct Tally {
    summary: Summary,
    fail_on: Severity,
    /// Open findings at or above `fail_on` other than `unreadable-asset`.
    failing: u64,
    unreadable: u64,
}

impl Tally {
    fn new(fail_on: Severity) -> Self {
        Self { summary: Summary::default(), fail_on, failing: 0, unreadable: 0 }
    }

    /// A row as it will be told, with what is wrong with the sequence that it stands for.
    fn row(&mut self, row: Row, judge: &Judge<'_>) -> AssetReport {
        let mut report = row.report;
        if !row.faults.is_empty() {
            let root = row.faults.first().map(|f| f.path.clone()).unwrap_or_default();
            let run = PackageReport { kind: "sequence".to_owned(), root, ..PackageReport::default() };
            report.findings.extend(judge.package(&run, &row.faults));
            report.findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        }
        self.add(&report);
        report
    }

    /// Counts the files that a row stands for; a finding that is told once is counted once.
    fn add(&mut self, report: &AssetReport) {
        let files = report.frames.map_or(1, |frames| frames.count);
        let summary = &mut self.summary;
        summary.assets += files;
        summary.bytes += report.bytes;
        *match report.ai {
            Ai::Generated => &mut summary.by_ai.generated,
            Ai::Composite => &mut summary.by_ai.composite,
            Ai::Enhanced => &mut summary.by_ai.enhanced,
            Ai::Possible => &mut summary.by_ai.possible,
            Ai::None => &mut summary.by_ai.none,
        } += files;
        let unjudged = |f: &Finding| f.rule == "unreadable-asset" || f.rule == "unrecognized-format";
        summary.not_judged += if report.findings.iter().any(unjudged) { files } else { 0 };
        for finding in &report.findings {
            self.count(finding);
        }
    }

    fn package(&mut self, mut package: PackageReport, faults: &[PackageFault], judge: &Judge<'_>) {
        package.findings = judge.package(&package, faults);
        package.findings.iter().for_each(|f| self.count(f));
        self.summary.packages.push(package);
    }

    fn count(&mut self, finding: &Finding) {
        self.summary.approved += u64::from(finding.state == FindingState::Approved);
        if finding.state != FindingState::Open {
            return;
        }
        let found = &mut self.summary.findings;
        *match finding.severity {
            Severity::Error => &mut found.error,
            Severity::Warning => &mut found.warning,
            Severity::Note => &mut found.note,
        } += 1;
        if finding.rule == "unreadable-asset" {
            self.unreadable += u64::from(finding.severity >= self.fail_on);
        } else {
            self.failing += u64::from(finding.severity >= self.fail_on);
        }
    }

    fn finish(mut self, judge: &Judge<'_>) -> Summary {
        // What matched nothing can only be said of a run that saw everything.
        if !self.summary.interrupted {
            let of_run = judge.finish();
            of_run.iter().for_each(|f| self.count(f));
            self.summary.findings_of_run = of_run;
        }
        self.summary.outcome = match (self.failing, self.unreadable) {
            (1.., _) => Outcome::Fail,
            (0, 1..) => Outcome::Incomplete,
            (0, 0) if self.summary.interrupted => Outcome::Incomplete,
            (0, 0) => Outcome::Pass,
        };
        self.summary
    }
}

/// How many files and bytes lie below the roots, for a progress bar; ends early when told to.
#[must_use]
pub fn measure(roots: &[PathBuf], listed: Option<&[PathBuf]>, exclude: &GlobSet, stop: &AtomicBool) -> (u64, u64) {
    let walk = Walk::new(roots, exclude.clone()).listing(listed);
    let batches = walk.take_while(|_| !stop.load(Ordering::Relaxed));
    batches.flatten().fold((0, 0), |(files, bytes), asset| (files + 1, bytes + asset.size))
}

/// Whether `path` (which need not exist yet) lies below one of the roots, links resolved.
#[must_use]
pub fn inside_roots(path: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let target = std::fs::canonicalize(path).or_else(|_| std::fs::canonicalize(folder)).ok()?;
    let below = |root: &&PathBuf| std::fs::canonicalize(root).is_ok_and(|root| target.starts_with(root));
    roots.iter().find(below).cloned()
}
