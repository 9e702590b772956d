//! The whole pipeline on one screen: packages → walk → roles → extract → marks → judge → report.
//! What is an archive is opened when its row was told, and its members come the same way.
//!
//! The only place with threads; panics end in [`asset`]. Batches are judged in parallel and told in walking
//! order, so the report of the same tree is the same whatever the number of jobs.

mod around;
mod asset;
mod cut;
pub mod gather;
mod roots;
mod tally;

pub use roots::refuse_empty;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use globset::GlobSet;
use rayon::prelude::*;

use crate::archives::{self, Budget, Container};
use crate::attest::FileDigests;
use crate::cache::Cache;
use crate::cut::{Cuts, Delivery, NamedTimeline};
use crate::extract;
use crate::known::Known;
use crate::survey;
use crate::walk::{Named, Walk};
use around::PackageContext;
use asset::{Approved, AssetFiles, Job, Judged, catch_panic, process_asset};
use countersign_delivery::packages::{PackageIndex, Row, Sequences, archive, capped};
pub use countersign_io::inside_roots;
use countersign_io::{Roots, TempSpace};
use countersign_judge::judge::Judge;
use countersign_judge::marks::Catalogue;
use countersign_judge::policy::Policy;
use countersign_model::error::{Error, Result};
use countersign_model::{AppendedArchive, AssetReport, Finding, PackageFault, PackageReport, Role, Severity, Summary};
use gather::Gather;
use tally::Tally;

/// Everything that one run is judged with.
pub struct Scan<'a> {
    /// The policy in force.
    pub policy: &'a Policy,
    /// What turns facts into findings, with the ledger and the baseline.
    pub judge: Judge<'a>,
    /// How assets are read.
    pub extract: extract::Options<'a>,
    /// The marks that are looked for.
    pub catalogue: Arc<Catalogue>,
    /// Facts of earlier runs, and where this one's are kept.
    pub cache: Option<&'a Cache>,
    /// Role of files that nothing else places.
    pub role: Option<Role>,
    /// Patterns of paths, below their roots, that are not scanned.
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
    /// Timelines that the user named, read already.
    pub timelines: Vec<NamedTimeline>,
    /// The least severity of an open finding that fails the run.
    pub fail_on: Severity,
    /// What copies are looked for of: the indexes and the ledger; the assets of the scan itself are added. Without it none
    /// are looked for.
    pub known: Option<Mutex<Known>>,
    /// Where the digests of all files are kept for a signed verdict; the judge must want every digest then.
    pub attest: Option<&'a FileDigests>,
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
/// ```
/// use std::sync::atomic::AtomicBool;
///
/// use countersign_engine::extract;
/// use countersign_engine::scan::{self, Scan, Watch};
/// use countersign_io::Roots;
/// use countersign_judge::judge::Judge;
/// use countersign_judge::policy::Policy;
/// use countersign_model::{Finding, Outcome, Severity};
///
/// /// Shows nothing and never stops the run.
/// struct Silent(AtomicBool);
///
/// impl Watch for Silent {
///     fn hashed(&self, _: u64) {}
///
///     fn judged(&self, _: u64, _: &[Finding]) {}
///
///     fn stop(&self) -> &AtomicBool {
///         &self.0
///     }
/// }
///
/// let policy = Policy::builtin("netflix-genai")?;
/// let scan = Scan {
///     judge: Judge::new(&policy, None, "2026-06-01".parse().unwrap()),
///     policy: &policy,
///     extract: extract::Options::default(),
///     cache: None,
///     role: None,
///     exclude: globset::GlobSet::empty(),
///     listed: None,
///     integrity: false,
///     jobs: 1,
///     tags: false,
///     max_archive_depth: 4,
///     fail_on: Severity::Error,
///     catalogue: countersign_judge::marks::built_in(),
///     known: None,
///     attest: None,
///     timelines: Vec::new(),
/// };
/// let roots = Roots::local(&["../../fixtures/delivery".into()]);
/// let mut marked = 0;
/// let summary = scan::run(&scan, &roots, &Silent(AtomicBool::new(false)), &mut |row| {
///     marked += usize::from(!row.evidence.is_empty());
///     Ok(())
/// })?;
/// assert_eq!(summary.outcome, Outcome::Fail);
/// assert!(marked > 0 && summary.findings.error > 0);
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
///
/// # Errors
/// Roots that hold no file, a thread pool that cannot start, and whatever `tell` returns. Nothing that is
/// wrong with an asset is an error here.
pub fn run(
    scan: &Scan<'_>,
    roots: &Roots,
    watch: &dyn Watch,
    tell: &mut dyn FnMut(&AssetReport) -> Result<()>,
) -> Result<Summary> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(scan.jobs).build().map_err(|e| Error::Usage {
        what: format!("cannot start {} threads: {e}", scan.jobs),
        hint: "use a smaller --jobs".to_owned(),
    })?;
    // A list of files is no delivery: of a package that it names in part, the rest is not missing.
    let whole = roots.len() - usize::from(scan.listed.is_some());
    let mut deliveries = survey::deliveries(&roots.first(whole), &scan.exclude, watch.stop());
    let mut walk =
        Walk::over(roots, scan.exclude.clone()).listing(scan.listed.as_deref()).naming(Named::of(&deliveries));
    let space = TempSpace::outside(&scanned(&roots.local_paths(), scan.listed.as_deref()));
    let files = AssetFiles { roots, space: &space };
    let mut known = scan.known.as_ref().map(|known| known.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(known) = &mut known {
        let gather = Gather {
            extract: scan.extract,
            catalogue: &scan.catalogue,
            cache: scan.cache,
            exclude: &scan.exclude,
            depth: scan.max_archive_depth,
            all: false,
        };
        let stop = watch.stop();
        let walk = Walk::over(roots, scan.exclude.clone()).listing(scan.listed.as_deref());
        gather.run(walk, (&pool, files, stop), &mut |found| match found.reference {
            Ok(reference) => known.add_asset(reference, found.root),
            Err(_) => known.leave_out(),
        });
        known.prepare();
    }
    // What cuts play is final wherever it lies: they are read before the first asset is placed.
    let delivery = Delivery {
        roots,
        listed: scan.listed.as_deref(),
        exclude: &scan.exclude,
        space: &space,
        depth: scan.max_archive_depth,
        stop: watch.stop(),
    };
    let cuts = pool.install(|| Cuts::of(&delivery, &scan.timelines));
    let mut this_run = ScanRun {
        scan,
        watch,
        pool: &pool,
        cuts: &cuts,
        files,
        known: known.as_deref(),
        tally: Tally::new(scan.fail_on, scan.integrity),
        budget: Budget::of(0),
        first: deliveries.len(),
        opened: Vec::new(),
        approved: Vec::new(),
        tell,
    };
    let mut rows = Rows::default();
    for batch in walk.by_ref() {
        batch.iter().for_each(|asset| deliveries.saw(asset));
        let jobs = batch.into_iter().map(|asset| Job { asset, inside: None, archives: Vec::new() }).collect();
        this_run.batch(jobs, &PackageContext::drive(&deliveries), None, &mut rows)?;
        if this_run.tally.summary.interrupted {
            break;
        }
    }
    this_run.end(&PackageContext::drive(&deliveries), None, rows)?;
    let ScanRun { mut tally, opened, approved, .. } = this_run;
    // Whoever stops the run while its last file is read stops it all the same.
    tally.summary.interrupted |= watch.stop().load(Ordering::Relaxed);
    if tally.summary.assets == 0 && !tally.summary.interrupted {
        let names = roots.iter().map(|root| root.tree().name());
        return Err(Error::Nothing { roots: roots::with_reason(names, walk.passed_over()) });
    }
    tally.passed_over(walk.passed_over());
    tally.summary.timelines.clone_from(&cuts.reports);
    let delivered = deliveries.finish(!tally.summary.interrupted);
    for (package, faults) in delivered.into_iter().chain(opened) {
        tally.package(package, &faults, &scan.judge);
    }
    tally.summary.matching = known.as_deref().map(Known::summary);
    // Bytes that were exchanged since they were judged are not those that somebody approved.
    for changed in approved.iter().filter_map(|approved| approved.changed(roots)) {
        tally.of_run(scan.judge.changed(changed));
    }
    tally.summary.from_cache = scan.cache.map_or(0, Cache::found);
    let summary = tally.finish(&scan.judge);
    scan.judge.check_ledger_intact()?;
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

/// Rows of one walk that are not told yet, and the archives among them.
#[derive(Default)]
struct Rows {
    sequences: Sequences,
    archives: HashMap<(usize, String), VecDeque<Job>>,
}

/// A run under way: judges in parallel, tells in order, and goes into each archive right after its row.
struct ScanRun<'a, 's> {
    scan: &'a Scan<'s>,
    watch: &'a dyn Watch,
    pool: &'a rayon::ThreadPool,
    cuts: &'a Cuts,
    files: AssetFiles<'a>,
    known: Option<&'a Known>,
    tally: Tally,
    /// Of the file that is open, however deep.
    budget: Budget,
    /// The number of the first archive among the packages.
    first: usize,
    opened: Vec<(PackageReport, Vec<PackageFault>)>,
    approved: Vec<Approved>,
    tell: &'a mut dyn FnMut(&AssetReport) -> Result<()>,
}

impl ScanRun<'_, '_> {
    /// Judges a batch of the walk, or of the archive of this number.
    fn batch(
        &mut self,
        jobs: Vec<Job>,
        around: &PackageContext<'_>,
        archive: Option<usize>,
        rows: &mut Rows,
    ) -> Result<()> {
        let (scan, watch, files, known, cuts) = (self.scan, self.watch, self.files, self.known, self.cuts);
        let judge = |job| process_asset(scan, job, around, files, known, (cuts, watch));
        let judged: Vec<_> = self.pool.install(|| jobs.into_par_iter().map(judge).collect());
        scan.judge.check_ledger_intact()?;
        for judged in judged {
            let Some(Judged { report, archive: job, oddity, approved }) = judged else {
                self.tally.summary.interrupted = true;
                continue;
            };
            self.approved.extend(approved);
            if let (Some(what), Some((_, faults))) = (oddity, archive.and_then(|n| self.opened.get_mut(n))) {
                faults.push(archive::fault(&report.path, what));
            }
            let alone = job.is_some();
            if let Some(job) = job {
                rows.archives.entry((report.root, report.path.clone())).or_default().push_back(job);
            }
            let ready = rows.sequences.take(report, alone);
            self.emit_rows(ready, around, archive, rows)?;
        }
        Ok(())
    }

    /// Tells what is left of a walk.
    fn end(&mut self, around: &PackageContext<'_>, archive: Option<usize>, mut rows: Rows) -> Result<()> {
        let ready = rows.sequences.finish(!self.tally.summary.interrupted);
        self.emit_rows(ready, around, archive, &mut rows)
    }

    fn emit_rows(
        &mut self,
        ready: Vec<Row>,
        around: &PackageContext<'_>,
        archive: Option<usize>,
        rows: &mut Rows,
    ) -> Result<()> {
        for row in ready {
            let report = self.tally.row(row, &self.scan.judge, archive.is_some());
            (self.tell)(&report)?;
            let job = rows.archives.get_mut(&(report.root, report.path.clone())).and_then(VecDeque::pop_front);
            let Some(job) = job else { continue };
            for part in &job.archives {
                if !self.tally.summary.interrupted {
                    self.enter(&job, part, around)?;
                }
            }
        }
        Ok(())
    }

    /// Opens an archive: its members are judged and told before anything else is.
    fn enter(&mut self, job: &Job, part: &AppendedArchive, around: &PackageContext<'_>) -> Result<()> {
        // Archives in one file share what they may unfold to.
        if job.inside.is_none() && job.archives.first() == Some(part) {
            self.budget = Budget::of(job.asset.size);
        }
        let asset = &job.asset;
        let (budget, files, exclude) = (&mut self.budget, self.files, &self.scan.exclude);
        let opened = catch_panic(|| match &job.inside {
            Some(inside) => archives::open(asset, Container::Member(inside), part, budget, files.space, exclude),
            None => {
                let bytes = files.open(asset).map_err(|problem| problem.within("file"))?;
                archives::open(asset, Container::File(&bytes), part, budget, files.space, exclude)
            }
        });
        let opened = opened.flatten();
        let index = self.opened.len();
        let report = PackageReport {
            id: self.first + index,
            kind: archive::KIND.to_owned(),
            root: asset.rel.clone(),
            number: asset.root,
            ..PackageReport::default()
        };
        let mut members = match opened {
            Ok(members) => members,
            Err(problem) => {
                self.tally.closed(asset.root, &asset.rel);
                self.opened.push((report, vec![archive::fault(&asset.rel, problem.what)]));
                return Ok(());
            }
        };
        let budget = &mut self.budget;
        let found = catch_panic(|| members.deliveries(budget, files.space, exclude, self.watch.stop()));
        let mut inner = found.unwrap_or_else(|problem| {
            members.faults.push(archive::fault(&asset.rel, problem.what));
            PackageIndex::default()
        });
        self.opened.push((report, std::mem::take(&mut members.faults)));
        self.tally.passed_over(&members.passed_over);
        // Their places in the report, before those of archives further in.
        let start = self.opened.len();
        self.opened.resize_with(start + inner.len(), Default::default);
        let shell = (self.first + index, around.place(asset.root, &asset.rel).membership);
        let first = self.first + start;
        let mut rows = Rows::default();
        for batch in members {
            for (asset, _) in &batch {
                inner.saw(asset);
            }
            let jobs = batch
                .into_iter()
                .map(|(asset, inside)| Job { asset, inside: Some(inside), archives: Vec::new() })
                .collect();
            self.batch(jobs, &PackageContext::archive(&inner, first, shell), Some(index), &mut rows)?;
            if self.tally.summary.interrupted {
                break;
            }
        }
        self.end(&PackageContext::archive(&inner, first, shell), Some(index), rows)?;
        let packages = inner.finish(!self.tally.summary.interrupted).into_iter();
        for (n, (mut package, faults)) in packages.enumerate() {
            package.id = first + n;
            if let Some(place) = self.opened.get_mut(start + n) {
                *place = (package, faults);
            }
        }
        if let Some((_, faults)) = self.opened.get_mut(index) {
            *faults = capped(std::mem::take(faults));
        }
        Ok(())
    }
}

/// How many files and bytes lie below the roots, for a progress bar; ends early when told to.
#[must_use]
pub fn measure(roots: &Roots, listed: Option<&[PathBuf]>, exclude: &GlobSet, stop: &AtomicBool) -> (u64, u64) {
    let walk = Walk::over(roots, exclude.clone()).listing(listed);
    let batches = walk.take_while(|_| !stop.load(Ordering::Relaxed));
    batches.flatten().fold((0, 0), |(files, bytes), asset| (files + 1, bytes + asset.size))
}
