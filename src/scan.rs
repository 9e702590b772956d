//! The whole pipeline on one screen: packages → walk → roles → extract → marks → judge → report.
//! What is an archive is opened when its row was told, and its members come the same way.
//!
//! The only place with threads and with panic isolation. Batches are judged in parallel and told in walking
//! order, so the report of the same tree is the same whatever the number of jobs.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use globset::GlobSet;
use rayon::prelude::*;

use crate::archives::{self, Budget, Inside};
use crate::cache::Cache;
use crate::digest::{self, Algorithm, Digest};
use crate::error::{Error, Result};
use crate::extract;
use crate::judge::Judge;
use crate::marks;
use crate::member::{Opened, Room};
use crate::model::{
    Ai, Asset, AssetReport, Facts, Finding, FindingState, Outcome, PackageFault, PackageFaultKind, PackageReport,
    Problem, ProblemKind, Recipe, Role, Severity, Summary,
};
use crate::packages::{Deliveries, Row, Sequences, Wanted, archive, capped};
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
    /// Facts of earlier runs, and where this one's are kept.
    pub cache: Option<&'a Cache>,
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
    /// Archives inside archives that are opened; 0 opens none.
    pub max_archive_depth: usize,
    pub fail_on: Severity,
}

/// Who watches a run: told of each asset, asked whether to stop.
pub trait Watch: Sync {
    /// This many bytes of an asset were hashed, from any thread.
    fn hashed(&self, bytes: u64);

    /// An asset was judged, from any thread; `bytes` are those of its size that [`Watch::hashed`] was not told of.
    fn judged(&self, bytes: u64, findings: &[Finding]);

    /// As [`Watch::judged`], for a member of an archive, whose bytes are counted with it.
    fn judged_member(&self, findings: &[Finding]) {
        self.judged(0, findings);
    }

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
    let room = Room::outside(&scanned(roots, scan.listed.as_deref()));
    let mut course = Course {
        scan,
        watch,
        pool: &pool,
        room: &room,
        tally: Tally::new(scan.fail_on),
        budget: Budget::of(0),
        first: deliveries.len(),
        opened: Vec::new(),
        ignored: 0,
        tell,
    };
    let mut rows = Rows::default();
    for batch in walk.by_ref() {
        batch.iter().for_each(|asset| deliveries.saw(asset));
        let jobs = batch.into_iter().map(|asset| Job { asset, inside: None }).collect();
        course.batch(jobs, &deliveries, None, &mut rows)?;
        if course.tally.summary.interrupted {
            break;
        }
    }
    course.end(&deliveries, None, rows)?;
    let Course { mut tally, opened, ignored, .. } = course;
    // Whoever stops the run while its last file is read stops it all the same.
    tally.summary.interrupted |= watch.stop().load(Ordering::Relaxed);
    if tally.summary.assets == 0 && !tally.summary.interrupted {
        return Err(Error::Nothing { roots: roots.iter().map(|r| r.display().to_string()).collect() });
    }
    tally.summary.ignored = walk.ignored() + ignored;
    let delivered = deliveries.finish(!tally.summary.interrupted);
    for (package, faults) in delivered.into_iter().chain(opened) {
        tally.package(package, &faults, &scan.judge);
    }
    let summary = tally.finish(&scan.judge);
    scan.judge.sound()?;
    Ok(summary)
}

/// The folders that are scanned whole: nothing is written in them.
fn scanned(roots: &[PathBuf], listed: Option<&[PathBuf]>) -> Vec<PathBuf> {
    match (listed, roots.split_last()) {
        (Some(listed), Some((last, whole))) => {
            let below = listed.iter().map(|path| last.join(path)).filter(|path| path.is_dir());
            whole.iter().cloned().chain(below).collect()
        }
        _ => roots.to_vec(),
    }
}

/// What is to be judged: a file, or a member of an archive.
struct Job {
    asset: Asset,
    inside: Option<Inside>,
}

/// What came of it, and the job again where it is an archive to be opened.
struct Judged {
    report: AssetReport,
    archive: Option<Job>,
    /// What a member shows of its archive when it is opened.
    oddity: Option<String>,
}

/// Rows of one walk that are not told yet, and the archives among them.
#[derive(Default)]
struct Rows {
    sequences: Sequences,
    archives: HashMap<(usize, String), VecDeque<Job>>,
}

/// A run under way: judges in parallel, tells in order, and goes into each archive right after its row.
struct Course<'a, 's> {
    scan: &'a Scan<'s>,
    watch: &'a dyn Watch,
    pool: &'a rayon::ThreadPool,
    room: &'a Room,
    tally: Tally,
    /// Of the file that is open, however deep.
    budget: Budget,
    /// The number of the first archive among the packages.
    first: usize,
    opened: Vec<(PackageReport, Vec<PackageFault>)>,
    ignored: u64,
    tell: &'a mut dyn FnMut(&AssetReport) -> Result<()>,
}

impl Course<'_, '_> {
    /// Judges a batch of the walk, or of the archive of this number.
    fn batch(&mut self, jobs: Vec<Job>, around: &Deliveries, archive: Option<usize>, rows: &mut Rows) -> Result<()> {
        let (scan, watch, room) = (self.scan, self.watch, self.room);
        let package = archive.map(|index| self.first + index);
        let judge = |job| one(scan, job, around, package, room, watch);
        let judged: Vec<_> = self.pool.install(|| jobs.into_par_iter().map(judge).collect());
        scan.judge.sound()?;
        for judged in judged {
            let Some(Judged { report, archive: job, oddity }) = judged else {
                self.tally.summary.interrupted = true;
                continue;
            };
            if let (Some(what), Some((_, faults))) = (oddity, archive.and_then(|n| self.opened.get_mut(n))) {
                faults.push(archive::fault(&report.path, what));
            }
            let alone = job.is_some();
            if let Some(job) = job {
                rows.archives.entry((report.root, report.path.clone())).or_default().push_back(job);
            }
            let ready = rows.sequences.take(report, alone);
            self.tell(ready, around, archive, rows)?;
        }
        Ok(())
    }

    /// Tells what is left of a walk.
    fn end(&mut self, around: &Deliveries, archive: Option<usize>, mut rows: Rows) -> Result<()> {
        let ready = rows.sequences.finish(!self.tally.summary.interrupted);
        self.tell(ready, around, archive, &mut rows)
    }

    fn tell(&mut self, ready: Vec<Row>, around: &Deliveries, archive: Option<usize>, rows: &mut Rows) -> Result<()> {
        for row in ready {
            let report = self.tally.row(row, &self.scan.judge, archive.is_some());
            (self.tell)(&report)?;
            let job = rows.archives.get_mut(&(report.root, report.path.clone())).and_then(VecDeque::pop_front);
            if let Some(job) = job.filter(|_| !self.tally.summary.interrupted) {
                self.enter(&job, report.format.as_deref().unwrap_or_default(), around)?;
            }
        }
        Ok(())
    }

    /// Opens an archive: its members are judged and told before anything else is.
    fn enter(&mut self, job: &Job, format: &str, around: &Deliveries) -> Result<()> {
        if job.inside.is_none() {
            self.budget = Budget::of(job.asset.size);
        }
        let (asset, inside) = (&job.asset, job.inside.as_ref());
        let opened = archives::open(asset, inside, format, &mut self.budget, self.room, &self.scan.exclude);
        let index = self.opened.len();
        let report = PackageReport {
            id: self.first + index,
            kind: archive::KIND.to_owned(),
            root: asset.rel.clone(),
            ..PackageReport::default()
        };
        let mut members = match opened {
            Ok(members) => members,
            Err(problem) => {
                self.opened.push((report, vec![archive::fault(&asset.rel, problem.what)]));
                return Ok(());
            }
        };
        self.opened.push((report, std::mem::take(&mut members.faults)));
        self.ignored += members.ignored;
        let mut rows = Rows::default();
        for batch in members {
            let jobs = batch.into_iter().map(|(asset, inside)| Job { asset, inside: Some(inside) }).collect();
            self.batch(jobs, around, Some(index), &mut rows)?;
            if self.tally.summary.interrupted {
                break;
            }
        }
        self.end(around, Some(index), rows)?;
        if let Some((_, faults)) = self.opened.get_mut(index) {
            *faults = capped(std::mem::take(faults));
        }
        Ok(())
    }
}

/// One asset from bytes to findings; `None` when the run was stopped before its end: what was read by then is not all. A member of an archive belongs to the
/// package that the archive is, and is what the file around it is for.
fn one(
    scan: &Scan<'_>,
    job: Job,
    deliveries: &Deliveries,
    package: Option<usize>,
    room: &Room,
    watch: &dyn Watch,
) -> Option<Judged> {
    if watch.stop().load(Ordering::Relaxed) {
        return None;
    }
    let Job { mut asset, inside } = job;
    let file = inside.as_ref().map_or(&asset.rel, |inside| &inside.outer.rel);
    let mut place = deliveries.place(asset.root, file);
    if inside.is_some() {
        (place.package, place.plays) = (package, vec![]);
    }
    asset.package = place.package;
    (asset.role, asset.role_basis) = roles::place(&asset.rel, &scan.policy.roles, place.membership, scan.role);
    let (mut facts, opened) = isolated(&asset, inside.as_ref(), room, scan);
    if facts.format.is_none() && facts.problems.is_empty() && deliveries.is_manifest(asset.root, &asset.rel) {
        facts.format = Some(MANIFEST.to_owned());
    }
    let depth = inside.as_ref().map_or(0, |inside| inside.depth);
    let opens = archives::opens(facts.format.as_deref());
    if opens && depth >= scan.max_archive_depth {
        let what = format!("not opened: it lies deeper than --max-archive-depth {}", scan.max_archive_depth);
        facts.problems.push(Problem::new(ProblemKind::Limit, "archive", None, what));
    }
    let evidence = marks::catalogue().evidence(&facts);
    let ai = marks::ai(&evidence);
    let listed = scan.integrity && inside.is_none();
    let claims = if listed { deliveries.digests(asset.root, &asset.rel) } else { vec![] };
    let mut hashed = Hashed { claims, recorded: scan.judge.needs_digest(&asset, ai), ..Hashed::default() };
    match (&inside, &opened) {
        (Some(inside), Some(opened)) => hash_member(&mut hashed, opened, (&asset, inside), &mut facts, watch),
        (Some(_), None) => {}
        (None, _) => hash(&mut hashed, &mut asset, &mut facts, deliveries, watch),
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
        let read = catch_unwind(AssertUnwindSafe(|| match inside {
            Some(inside) => inside.read(&asset.path, room, &options),
            None => (extract::facts(&asset.path, &asset.sidecars, &options), None),
        }));
        read.unwrap_or_else(|cause| {
            let what = format!("a reader failed: {}", panic_text(&cause));
            (Facts { problems: vec![Problem::new(ProblemKind::Panic, "reader", None, what)], ..Facts::default() }, None)
        })
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
    if note_change(seen(asset, None), facts) {
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

/// As [`hash`], for a member of an archive: only records may be about its bytes.
fn hash_member(
    hashed: &mut Hashed,
    opened: &Opened,
    (asset, inside): (&Asset, &Inside),
    facts: &mut Facts,
    watch: &dyn Watch,
) {
    if !hashed.recorded {
        return;
    }
    let mut bytes = opened.stream();
    let mut told = |_| !watch.stop().load(Ordering::Relaxed);
    let digests = match digest::stream(&mut bytes, asset.size, &[Algorithm::Sha256], &mut told) {
        Ok(digests) => digests,
        Err(e) => return facts.problems.push(Problem::new(ProblemKind::Io, "file (hashing)", None, e.to_string())),
    };
    if note_change(seen(asset, Some(inside)), facts) {
        return;
    }
    facts.problems.extend(bytes.problem());
    hashed.sha256 = digests.first().map(Digest::text);
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

    /// A row as it will be told, with what is wrong with the sequence that it stands for; the bytes of a `member` of
    /// an archive are counted with it.
    fn row(&mut self, row: Row, judge: &Judge<'_>, member: bool) -> AssetReport {
        let mut report = row.report;
        if !row.faults.is_empty() {
            let root = row.faults.first().map(|f| f.path.clone()).unwrap_or_default();
            let run = PackageReport { kind: "sequence".to_owned(), root, ..PackageReport::default() };
            report.findings.extend(judge.package(&run, &row.faults));
            report.findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        }
        self.add(&report);
        self.summary.bytes += if member { 0 } else { report.bytes };
        report
    }

    /// Counts the files that a row stands for; a finding that is told once is counted once.
    fn add(&mut self, report: &AssetReport) {
        let files = report.frames.map_or(1, |frames| frames.count);
        let summary = &mut self.summary;
        summary.assets += files;
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
