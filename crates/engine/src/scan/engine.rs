//! What a service keeps, and what each scan is asked: an [`Engine`] is made once and scans as often as it is asked to, from
//! as many threads as ask.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use globset::GlobSet;
use rayon::ThreadPool;

use super::{Watch, run};
use crate::attest::FileDigests;
use crate::cache::Cache;
use crate::cut::NamedTimeline;
use crate::extract;
use crate::known::Known;
use crate::preview::Files;
use crate::rows::Rows;
use countersign_io::Roots;
use countersign_judge::approvals::Approvals;
use countersign_judge::judge::{Baseline, Judge};
use countersign_judge::policy::Policy;
use countersign_model::error::{Error, Result};
use countersign_model::{AssetReport, Role, Severity, Summary, limits};

/// Everything that scans have in common: policy, ledger, readers, cache and threads. Cheap to clone; clones share all of it.
///
/// ```
/// use std::sync::atomic::AtomicBool;
/// use std::sync::Arc;
///
/// use countersign_engine::{Engine, ScanOptions};
/// use countersign_engine::scan::Watch;
/// use countersign_io::Roots;
/// use countersign_judge::policy::Policy;
/// use countersign_model::{Finding, Outcome};
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
/// // Made once, with two threads that all of its scans share.
/// let engine = Engine::new(Arc::new(Policy::builtin("netflix-genai")?), 2)?;
///
/// // Two threads of the service, each with a delivery of its own, and the second one with another after that.
/// let scan = |folder: &str| {
///     let options = ScanOptions::on("2026-06-01".parse().unwrap());
///     let mut marked = 0;
///     let roots = Roots::local(&[folder.into()]);
///     let summary = engine.scan(&roots, options, &Silent(AtomicBool::new(false)), &mut |row| {
///         marked += usize::from(!row.evidence.is_empty());
///         Ok(())
///     })?;
///     Ok::<_, countersign_model::error::Error>((summary.outcome, marked))
/// };
/// std::thread::scope(|threads| {
///     let first = threads.spawn(|| scan("../../fixtures/delivery"));
///     let second = threads.spawn(|| (scan("../../fixtures/custody"), scan("../../fixtures/delivery")));
///     let (first, (custody, second)) = (first.join().unwrap(), second.join().unwrap());
///     let (outcome, marked) = first.unwrap();
///     assert!(outcome == Outcome::Fail && marked > 0);
///     assert!(custody.is_ok());
///     // A scan leaves nothing behind in the engine: the same delivery is judged alike.
///     assert_eq!(second.unwrap(), (outcome, marked));
/// });
/// # Ok::<(), countersign_model::error::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) policy: Arc<Policy>,
    pub(crate) approvals: Option<Arc<Approvals>>,
    pub(crate) extract: extract::Options,
    pub(crate) cache: Option<Arc<Cache>>,
    pub(crate) working_directory: PathBuf,
    pub(crate) pool: Arc<ThreadPool>,
}

impl Engine {
    /// An engine that judges by this policy, without a ledger, a verifier or a cache, by the built-in marks; `jobs` threads
    /// read, as many as there are cores where it is 0.
    ///
    /// # Errors
    /// Threads that cannot be started.
    pub fn new(policy: Arc<Policy>, jobs: usize) -> Result<Self> {
        let pool = Arc::new(threads(jobs)?);
        let (extract, working_directory) = (extract::Options::default(), PathBuf::new());
        Ok(Self { policy, approvals: None, extract, cache: None, working_directory, pool })
    }

    /// Approvals are looked up in this ledger.
    #[must_use]
    pub fn with_approvals(mut self, approvals: Option<Arc<Approvals>>) -> Self {
        self.approvals = approvals;
        self
    }

    /// Assets are read in this way, and these marks are looked for.
    #[must_use]
    pub fn with_extract(mut self, extract: extract::Options) -> Self {
        self.extract = extract;
        self
    }

    /// Facts are kept here between scans.
    #[must_use]
    pub fn with_cache(mut self, cache: Option<Arc<Cache>>) -> Self {
        self.cache = cache;
        self
    }

    /// Relative paths of roots, of the policy and of the ledger start from this folder. Nothing here asks the operating
    /// system for one.
    #[must_use]
    pub fn in_directory(mut self, working_directory: &Path) -> Self {
        working_directory.clone_into(&mut self.working_directory);
        self
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The ledger in use.
    #[must_use]
    pub fn approvals(&self) -> Option<&Arc<Approvals>> {
        self.approvals.as_ref()
    }

    /// How assets are read, and the marks that are looked for.
    #[must_use]
    pub fn extract(&self) -> &extract::Options {
        &self.extract
    }

    /// Where facts are kept between scans.
    #[must_use]
    pub fn cache(&self) -> Option<&Arc<Cache>> {
        self.cache.as_ref()
    }

    /// Judges everything below `roots` and hands each asset's report to `tell`, in walking order.
    ///
    /// # Errors
    /// Roots that hold no file, a ledger that changed meanwhile, and whatever `tell` returns. Nothing that is wrong with an
    /// asset is an error here.
    pub fn scan(
        &self,
        roots: &Roots,
        options: ScanOptions,
        watch: &dyn Watch,
        tell: &mut dyn FnMut(&AssetReport) -> Result<()>,
    ) -> Result<Summary> {
        // What stands beside assets is read once per scan, and anew in the next one.
        let sidecars = Some(Arc::default());
        let extract = extract::Options { sidecars, ..self.extract.clone() };
        run(&Self { extract, ..self.clone() }, roots, options, watch, tell)
    }

    /// The judge of one scan.
    pub(crate) fn judge(&self, options: &ScanOptions) -> Judge {
        Judge::new(Arc::clone(&self.policy), self.approvals.clone(), options.as_of)
            .with_baseline(Arc::clone(&options.baseline))
            .with_integrity(options.integrity)
            .with_every_digest(options.digests || options.attest.is_some())
            .in_directory(&self.working_directory)
    }
}

pub(crate) fn threads(jobs: usize) -> Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(|e| Error::Usage {
        what: format!("cannot start {jobs} threads: {e}"),
        hint: "use a smaller --jobs".to_owned(),
    })
}

/// What one scan is asked.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The day on which approvals and suppressions must hold.
    pub as_of: NaiveDate,
    /// Findings that an earlier report held already.
    pub baseline: Arc<Baseline>,
    /// Role of files that nothing else places.
    pub role: Option<Role>,
    /// The folder in which the delivery begins, where a scan of a part of it is asked for: names from there down place files.
    /// A root that does not lie in it is judged by its own names only.
    pub delivery_root: Option<PathBuf>,
    /// Patterns of paths, below their roots, that are not scanned.
    pub exclude: GlobSet,
    /// Where given, only these paths below the last root are scanned.
    pub listed: Option<Vec<PathBuf>>,
    /// Whether the digests that packages claim are computed and compared.
    pub integrity: bool,
    /// Whether asset reports carry every tag.
    pub tags: bool,
    /// Archives inside archives that are opened; 0 opens none.
    pub max_archive_depth: usize,
    /// Timelines that the user named, read already.
    pub timelines: Vec<NamedTimeline>,
    /// The least severity of an open finding that fails the run.
    pub fail_on: Severity,
    /// What copies are looked for of: the indexes and the ledger; the assets of the scan itself are added to a copy of it.
    /// Without it none are looked for.
    pub known: Option<Arc<Known>>,
    /// Where small pictures of assets go that are told; made while the assets are open.
    pub previews: Option<Arc<Files>>,
    /// Where the digests of all files are kept for a signed verdict; every file is hashed then.
    pub attest: Option<Arc<FileDigests>>,
    /// Whether the SHA-256 of every asset is computed, and not only where a record may be about it.
    pub digests: bool,
    /// Where what assets say is kept instead of judged, or comes from instead of being read.
    pub rows: Option<Rows>,
}

impl ScanOptions {
    /// A scan of everything, judged as of a day: errors fail it, archives are opened as deep as is usual.
    #[must_use]
    pub fn on(as_of: NaiveDate) -> Self {
        Self {
            as_of,
            baseline: Arc::default(),
            role: None,
            delivery_root: None,
            exclude: GlobSet::empty(),
            listed: None,
            integrity: false,
            tags: false,
            max_archive_depth: limits::ARCHIVE_DEPTH,
            timelines: Vec::new(),
            fail_on: Severity::Error,
            known: None,
            previews: None,
            attest: None,
            digests: false,
            rows: None,
        }
    }
}
