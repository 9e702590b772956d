//! The whole pipeline on one screen: packages → walk → roles → extract → marks → judge → report.
//! What is an archive is opened when its row was told, and its members come the same way.
//!
//! The only place with threads; panics end in [`asset`]. Batches are judged in parallel and told in walking
//! order, so the report of the same tree is the same whatever the number of jobs.

pub mod above;
mod asset;
mod cut;
mod engine;
mod folders;
pub mod gather;
mod hashing;
mod kept_facts;
mod package_context;
mod picture_traits;
mod roots;
mod row;
mod tally;

pub use engine::{Engine, ScanOptions};
pub use roots::refuse_empty;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use globset::GlobSet;
use rayon::prelude::*;

use crate::archives::{self, Budget, Container, OpenContext};
use crate::cut::{Cuts, Delivery, composition_reports};
use crate::known::Known;
use crate::open_files::OpenFiles;
use crate::originals::Originals;
use crate::rows;
use crate::survey;
use crate::walk::{Named, Walk};
use asset::{Approved, AssetFiles, Job, Judged, Pass, catch_panic, process_asset};
use countersign_delivery::packages::{PackageIndex, Row, Sequences, archive, capped, frame_name};
pub use countersign_io::inside_roots;
use countersign_io::paths::below_root;
use countersign_io::{self as io, Kind, Roots, TempSpace};
use countersign_judge::judge::Judge;
use countersign_judge::roles;
use countersign_model::error::{Error, Result};
use countersign_model::limits;
use countersign_model::{AppendedArchive, Asset, AssetReport, Finding, PackageFault, PackageReport, Role, Summary};
use countersign_report::{Picture, first_frame};
use folders::Folders;
use gather::Gather;
use kept_facts::KeptFacts;
use package_context::PackageContext;
use tally::Tally;

/// One run: what the engine brings, what was asked, and the judge who remembers what was of use.
struct Scan<'a> {
    engine: &'a Engine,
    options: &'a ScanOptions,
    judge: Judge,
    /// Assets that were not read because their facts were known.
    from_cache: AtomicU64,
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

    /// An asset was looked at by the pass that makes AI-marked assets known, before any is judged; from any thread.
    fn gathered(&self) {}

    /// Set by whoever wants the run to end early.
    fn stop(&self) -> &AtomicBool;
}

/// What [`Engine::scan`] does.
pub(crate) fn run(
    engine: &Engine,
    roots: &Roots,
    mut options: ScanOptions,
    watch: &dyn Watch,
    tell: &mut dyn FnMut(&AssetReport) -> Result<()>,
) -> Result<Summary> {
    // What a scan makes known of its own assets is of this scan only.
    let mut known = options.known.take().map(Arc::unwrap_or_clone);
    let judge = engine.judge(&options);
    let (options, pool) = (&options, engine.pool.as_ref());
    let scan = Scan { engine, options, judge, from_cache: AtomicU64::new(0) };
    // A list of files is no delivery: of a package that it names in part, the rest is not missing.
    let whole = roots.len() - usize::from(options.listed.is_some());
    let mut deliveries = survey::deliveries(&roots.first(whole), &options.exclude, watch.stop());
    let walk =
        Walk::over(roots, options.exclude.clone()).listing(options.listed.as_deref()).naming(Named::of(&deliveries));
    let mut walk = walk.shared_by(pool.current_num_threads());
    let space = TempSpace::outside(&scanned(roots, options.listed.as_deref()));
    let open = OpenFiles::default();
    let kept = KeptFacts::default();
    let files = AssetFiles { roots, space: &space, open: &open, kept: &kept, from_cache: &scan.from_cache };
    let delivery_root = options.delivery_root.as_deref();
    let above = match &options.rows {
        Some(rows::Rows::Take(rows)) => rows.header().above_roots().0,
        _ => above::names(roots, options.listed.is_some(), delivery_root),
    };
    let mut originals = Originals::default();
    if let Some(known) = &mut known {
        let archival = |asset: &Asset| {
            let above = above.get(asset.root).map(|above| &**above).unwrap_or_default();
            let seen = roles::Seen { above, rel: &asset.rel };
            roles::place_from(seen, &engine.policy.roles, None, options.role).role == Role::Archival
        };
        let gather = Gather {
            extract: engine.extract.clone(),
            cache: engine.cache.as_deref(),
            exclude: &options.exclude,
            depth: options.max_archive_depth,
            all: false,
            also: Some(&archival),
            seen: &|| watch.gathered(),
        };
        let stop = watch.stop();
        let walk = Walk::over(roots, options.exclude.clone()).listing(options.listed.as_deref());
        gather.run(walk, (pool, files, stop), &mut |found| match found.reference {
            Ok(reference) => {
                if let Some(picture) = found.picture {
                    originals.add(reference.clone(), found.root, picture);
                }
                if found.known {
                    known.add_asset(reference, found.root);
                }
            }
            Err(_) if found.known => known.leave_out(),
            Err(_) => {}
        });
        known.prepare();
        originals.prepare();
    }
    // What cuts play is final wherever it lies: they are read before the first asset is placed.
    let delivery = Delivery {
        roots,
        files: &open,
        packages: &deliveries,
        listed: options.listed.as_deref(),
        exclude: &options.exclude,
        space: &space,
        depth: options.max_archive_depth,
        stop: watch.stop(),
    };
    let cuts = pool.install(|| Cuts::of(&delivery, &options.timelines));
    let uncounted = match &options.rows {
        Some(rows::Rows::Take(rows)) => rows.header().above_roots().1,
        _ => above::uncounted_of(&roots.first(whole), &engine.policy.roles),
    };
    let counts = |_: &(String, Role)| delivery_root.is_none();
    let folders = Folders::below(uncounted.into_iter().map(|found| found.filter(counts)).collect());
    let mut this_run = ScanRun {
        scan: &scan,
        watch,
        pool,
        cuts: Cut { cuts: &cuts, above: &above },
        files,
        known: known.as_ref(),
        originals: &originals,
        tally: Tally::new(options.fail_on, options.integrity, folders),
        budget: Budget::of(0),
        first: deliveries.len(),
        opened: Vec::new(),
        approved: Vec::new(),
        tell,
    };
    let mut rows = Rows::default();
    for batch in walk.by_ref() {
        batch.iter().for_each(|asset| deliveries.saw(asset));
        let jobs = batch.into_iter().map(|asset| Job::of(asset, None)).collect();
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
    let complete = !tally.summary.interrupted;
    let compositions = composition_reports(&deliveries, complete);
    // Those of packages in archives are there already.
    tally.summary.timelines.splice(0..0, cuts.reports.iter().cloned().chain(compositions));
    let delivered = deliveries.finish(complete);
    for (package, faults) in delivered.into_iter().chain(opened) {
        tally.package(package, &faults, &scan.judge);
    }
    tally.summary.matching = known.as_ref().map(Known::summary);
    // Bytes that were exchanged since they were judged are not those that somebody approved.
    for changed in approved.iter().filter_map(|approved| approved.changed(roots)) {
        tally.of_run(scan.judge.changed(changed));
    }
    tally.summary.from_cache = scan.from_cache.load(Ordering::Relaxed);
    let summary = tally.finish(&scan.judge);
    scan.judge.check_ledger_intact()?;
    Ok(summary)
}

/// The folders that are scanned whole: nothing is written in them.
fn scanned(roots: &Roots, listed: Option<&[PathBuf]>) -> Vec<PathBuf> {
    let mut whole = roots.local_paths();
    let Some(listed) = listed else { return whole };
    let (last, listings) = (whole.pop().unwrap_or_default(), roots.get(roots.len().saturating_sub(1)));
    let is_file = |path: &PathBuf| listings.is_some_and(|known| known.kind(&below_root(path)) == Some(Kind::File));
    whole.extend(listed.iter().filter(|path| !is_file(path)).map(|path| last.join(path)).filter(|path| path.is_dir()));
    whole
}

/// Rows of one walk that are not told yet, the archives among them, and their pictures.
#[derive(Default)]
struct Rows {
    sequences: Sequences,
    archives: HashMap<(usize, String), VecDeque<Job>>,
    pictures: HashMap<(usize, String), VecDeque<Option<Picture>>>,
    frames: FrameCounts,
}

/// Root, what stands before the number and what behind it → frames of such names so far.
type FrameCounts = HashMap<(usize, String, String), usize>;

/// Counts for each frame of a run how many of it stand before it. With too many runs to remember it begins anew.
fn number_frames(jobs: &mut [Job], runs: &mut FrameCounts) {
    if runs.len() > limits::BATCH {
        runs.clear();
    }
    for job in jobs {
        let Some(frame) = frame_name(&job.asset.rel) else { continue };
        let run = runs.entry((job.asset.root, frame.prefix.to_owned(), frame.suffix.to_owned())).or_default();
        job.ahead = *run;
        *run += 1;
    }
}

/// What places an asset beside the policy and the packages.
#[derive(Clone, Copy)]
struct Cut<'a> {
    cuts: &'a Cuts,
    /// Of each root the names above it that count.
    above: &'a [Arc<str>],
}

/// A run under way: judges in parallel, tells in order, and goes into each archive right after its row.
struct ScanRun<'a, 's> {
    scan: &'a Scan<'s>,
    watch: &'a dyn Watch,
    pool: &'a rayon::ThreadPool,
    cuts: Cut<'a>,
    files: AssetFiles<'a>,
    known: Option<&'a Known>,
    originals: &'a Originals,
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
        mut jobs: Vec<Job>,
        around: &PackageContext<'_>,
        archive: Option<usize>,
        rows: &mut Rows,
    ) -> Result<()> {
        let (scan, watch, files, known, placing) = (self.scan, self.watch, self.files, self.known, self.cuts);
        let pass = Pass { scan, around, files, known, originals: self.originals, placing, watch };
        if scan.options.previews.is_some() {
            number_frames(&mut jobs, &mut rows.frames);
        }
        let last = jobs.last().map(|job| (job.asset.root, io::parent(&job.asset.rel)));
        let judge = |job| process_asset(&pass, job);
        let judged: Vec<_> = self.pool.install(|| jobs.into_par_iter().map(judge).collect());
        scan.judge.check_ledger_intact()?;
        for judged in judged {
            let Some(Judged { report, archive: job, oddity, approved, picture, traits }) = judged else {
                self.tally.summary.interrupted = true;
                continue;
            };
            self.approved.extend(approved);
            if let (Some(what), Some((_, faults))) = (oddity, archive.and_then(|n| self.opened.get_mut(n))) {
                faults.push(archive::fault(&report.path, what));
            }
            let traits = job.is_none().then_some(traits);
            if let Some(job) = job {
                rows.archives.entry((report.root, report.path.clone())).or_default().push_back(job);
            }
            if let Some(picture) = picture {
                rows.pictures.entry((report.root, report.path.clone())).or_default().push_back(picture);
            }
            let ready = rows.sequences.take(report, traits);
            self.emit_rows(ready, around, archive, rows)?;
        }
        // All folders but the last are told: what is left of them are frames that became one row.
        rows.pictures
            .retain(|(root, path), _| last.as_ref().is_some_and(|last| last.0 == *root && last.1 == io::parent(path)));
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
            let place = (report.root, report.path.clone());
            if let Some(previews) = &self.scan.options.previews {
                let shown = (report.root, first_frame(&report));
                let picture = rows.pictures.get_mut(&shown).and_then(VecDeque::pop_front);
                picture.into_iter().for_each(|picture| previews.keep(&report, shown.1.clone(), picture));
            }
            (self.tell)(&report)?;
            let job = rows.archives.get_mut(&place).and_then(VecDeque::pop_front);
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
            self.budget = Budget::with_seconds(job.asset.size, self.scan.engine.extract.seconds);
        }
        let asset = &job.asset;
        let (budget, files, exclude) = (&mut self.budget, self.files, &self.scan.options.exclude);
        let reach = OpenContext { space: files.space, exclude };
        let opened = catch_panic(|| match &job.inside {
            Some(inside) => archives::open(asset, Container::Member(inside), part, budget, reach),
            None => {
                let bytes = files.open(asset).map_err(|problem| problem.within("file"))?;
                if job.archives.last() != Some(part) {
                    files.open.keep(asset.root, &asset.rel, &bytes);
                }
                archives::open(asset, Container::File(&bytes), part, budget, reach)
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
            let jobs = batch.into_iter().map(|(asset, inside)| Job::of(asset, Some(inside))).collect();
            self.batch(jobs, &PackageContext::archive(&inner, first, shell), Some(index), &mut rows)?;
            if self.tally.summary.interrupted {
                break;
            }
        }
        self.end(&PackageContext::archive(&inner, first, shell), Some(index), rows)?;
        let complete = !self.tally.summary.interrupted;
        self.tally.summary.timelines.extend(composition_reports(&inner, complete));
        let packages = inner.finish(complete).into_iter();
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
