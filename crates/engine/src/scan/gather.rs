//! The pass that makes AI-marked assets known before anything is judged: what is marked is fingerprinted, in walking
//! order, whatever the number of jobs. With `all`, everything that can be: that makes an index.
//!
//! It reads the same files as the pass that judges. The other way, to hold every row back until all are known, would take
//! memory in proportion to the delivery, and a copy that stands before its original must be told in its own row.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use globset::GlobSet;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::asset::{AssetFiles, Job, archives_in, catch_panic, extract_guarded, open_again};
use super::engine::threads;
use super::kept_facts::KeptFacts;
use crate::archives::{self, Budget, Container, OpenContext};
use crate::cache::Cache;
use crate::extract;
use crate::fingerprints::{self, Material};
use crate::open_files::OpenFiles;
use crate::walk::Walk;
use countersign_io::digest::{self, Algorithm};
use countersign_io::{Roots, TempSpace};
use countersign_judge::archive::same_picture;
use countersign_judge::marks;
use countersign_matching::{Digest, Reference};
use countersign_media::formats;
use countersign_model::error::Result;
use countersign_model::{Ai, AppendedArchive, Asset, Facts, Media, SamePicture};

/// What is gathered, and how it is read.
pub struct Gather<'a> {
    /// What readers may do, and by which marks material is known.
    pub extract: extract::Options,
    /// Facts of earlier runs.
    pub cache: Option<&'a Cache>,
    /// Patterns of paths, below their roots, that are passed over.
    pub exclude: &'a GlobSet,
    /// Archives inside archives that are opened.
    pub depth: usize,
    /// Whether all pictures, videos and sounds are wanted, with the digests of their bytes; else only marked ones.
    pub all: bool,
    /// Pictures that are wanted whatever their marks are, to be compared among themselves.
    pub also: Option<&'a (dyn Fn(&Asset) -> bool + Sync)>,
    /// Told of each asset that was looked at, from any thread.
    pub seen: &'a (dyn Fn() + Sync),
}

/// One asset that was wanted.
pub struct Gathered {
    /// Index of the root below which it lies.
    pub root: usize,
    /// Its path below that root, with `/` between the parts.
    pub rel: String,
    /// Its fingerprints, or why there are none.
    pub reference: std::result::Result<Reference, String>,
    /// Whether it is wanted for its marks, or because everything is.
    pub known: bool,
    /// What it says of its capture, where [`Gather::also`] wants it.
    pub picture: Option<SamePicture>,
}

/// Fingerprints everything below the roots, and tells it in walking order.
///
/// # Errors
/// A thread pool that cannot start.
pub fn everything(gather: &Gather<'_>, roots: &[PathBuf], jobs: usize, tell: &mut dyn FnMut(Gathered)) -> Result<()> {
    let (pool, from_cache) = (threads(jobs)?, AtomicU64::new(0));
    let (space, trees) = (TempSpace::outside(roots), Roots::local(roots));
    let walk = Walk::over(&trees, gather.exclude.clone());
    gather.run(
        walk,
        (
            &pool,
            AssetFiles {
                roots: &trees,
                space: &space,
                open: &OpenFiles::default(),
                kept: &KeptFacts::default(),
                from_cache: &from_cache,
            },
            &AtomicBool::new(false),
        ),
        tell,
    );
    Ok(())
}

/// What came of one asset: what is told of it, and what is to be opened because archives are in it.
type Examined = (Option<Gathered>, Option<Job>);

impl Gather<'_> {
    pub(super) fn run(
        &self,
        walk: Walk,
        (pool, files, stop): (&ThreadPool, AssetFiles<'_>, &AtomicBool),
        tell: &mut dyn FnMut(Gathered),
    ) {
        let mut budget = Budget::of(0);
        let mut pass = Pass { gather: self, pool, files, stop, budget: &mut budget, tell };
        for batch in walk {
            let jobs = batch.into_iter().map(|asset| Job::of(asset, None)).collect();
            pass.batch(jobs);
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn examine(&self, job: Job, files: AssetFiles<'_>) -> Examined {
        let Job { asset, inside, ahead, .. } = job;
        let _reading = super::asset::budget(&asset, inside.as_ref(), &self.extract).enter();
        let (mut facts, mut opened) = extract_guarded(&asset, inside.as_ref(), files, (&self.extract, self.cache));
        let depth = inside.as_ref().map_or(0, |inside| inside.depth);
        let is_archive = archives::opens(facts.format);
        if inside.is_none() && !is_archive && !self.all && files.is_local(&asset) {
            files.kept.keep(&asset, &facts);
        }
        let archives = if depth < self.depth { archives_in(&mut facts) } else { Vec::new() };
        let ai = marks::ai(&self.extract.catalogue.evidence(&facts));
        let content = matches!(facts.media, Some(Media::Image | Media::Video | Media::Audio));
        let known = self.all || ai > Ai::Possible;
        let also = facts.media == Some(Media::Image) && self.also.is_some_and(|also| also(&asset));
        if is_archive || !(content && (known || also)) {
            let unread = unread(&facts).filter(|_| self.all && !is_archive && !content);
            let unread = unread.map(|why| Gathered {
                root: asset.root,
                rel: asset.rel.clone(),
                reference: Err(why),
                known: true,
                picture: None,
            });
            return (unread, (!archives.is_empty()).then_some(Job { asset, inside, archives, ahead }));
        }
        let made = open_again((&asset, inside.as_ref()), &mut opened, files).map_err(|problem| problem.what);
        let made = made.and_then(|()| {
            let bytes = opened.as_ref().ok_or("it could not be opened")?;
            let local = inside.is_none() && files.is_local(&asset);
            let material = Material { bytes: &bytes.held, path: &asset.path, local, facts: &facts, space: files.space };
            // What shows half a picture is no good to know others by.
            let damage = facts.problems.iter().find(|problem| self.all && problem.blocking);
            if let Some(damage) = damage {
                return Err(damage.what.clone());
            }
            let made = catch_panic(|| fingerprints::reference(&material)).map_err(|problem| problem.what);
            let sha256 = if self.all { sha256(&mut bytes.stream(), asset.size) } else { None };
            // Whoever indexes unmarked files says that they are known AI material.
            let ai = if ai > Ai::Possible { ai } else { Ai::Generated };
            Ok(Reference { name: asset.rel.clone(), claim: ai.word().to_owned(), bytes: sha256, ..made.flatten()? })
        });
        let picture = also.then(|| same_picture(&asset.rel, &facts));
        let found = Gathered { root: asset.root, rel: asset.rel.clone(), reference: made, known, picture };
        (Some(found), (!archives.is_empty()).then_some(Job { asset, inside, archives, ahead }))
    }
}

/// Why what is named like a picture, video or sound is not read as one; `None` for everything else.
fn unread(facts: &Facts) -> Option<String> {
    let named = facts.named.and_then(formats::info).filter(|info| info.media.is_content())?;
    let read = facts.format.and_then(formats::info).map(|info| info.name);
    Some(match read {
        Some(read) => format!("it is named like {}, and is {read}", named.name),
        None => format!("it is named like {}, and is none", named.name),
    })
}

fn sha256(bytes: &mut impl std::io::Read, size: u64) -> Option<Digest> {
    let digests = digest::stream(bytes, size, &[Algorithm::Sha256], &mut |_| true).ok()?;
    let hex = digests.first()?.text();
    data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok().map(Digest)
}

struct Pass<'p, 'a> {
    gather: &'p Gather<'a>,
    pool: &'p ThreadPool,
    files: AssetFiles<'p>,
    stop: &'p AtomicBool,
    /// Of the file that is open, however deep.
    budget: &'p mut Budget,
    tell: &'p mut dyn FnMut(Gathered),
}

impl Pass<'_, '_> {
    fn batch(&mut self, jobs: Vec<Job>) {
        let (gather, files, stop) = (self.gather, self.files, self.stop);
        let examine = |job| match stop.load(Ordering::Relaxed) {
            true => (None, None),
            false => {
                let examined = gather.examine(job, files);
                (gather.seen)();
                examined
            }
        };
        let examined: Vec<Examined> = self.pool.install(|| jobs.into_par_iter().map(examine).collect());
        for (found, archive) in examined {
            found.into_iter().for_each(|found| (self.tell)(found));
            let Some(job) = archive else { continue };
            for part in &job.archives {
                self.enter(&job, part);
            }
        }
    }

    /// Goes into an archive; what is wrong with it is told by the pass that judges.
    fn enter(&mut self, job: &Job, part: &AppendedArchive) {
        if job.inside.is_none() && job.archives.first() == Some(part) {
            *self.budget = Budget::with_seconds(job.asset.size, self.gather.extract.seconds);
        }
        let (asset, files) = (&job.asset, self.files);
        let reach = OpenContext { space: files.space, exclude: self.gather.exclude };
        let budget = &mut *self.budget;
        let opened = catch_panic(|| match &job.inside {
            Some(inside) => archives::open(asset, Container::Member(inside), part, budget, reach),
            None => archives::open(asset, Container::File(&files.open(asset)?), part, budget, reach),
        });
        let Ok(members) = opened.flatten() else { return };
        for batch in members {
            let jobs = batch.into_iter().map(|(asset, inside)| Job::of(asset, Some(inside))).collect();
            self.batch(jobs);
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}
