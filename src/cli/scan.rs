//! `countersign scan PATH...`: judge a delivery.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{Local, NaiveDate, SecondsFormat, Utc};
use clap::ValueEnum;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Value, json};

use super::approvals::terms::{day, open};
use super::config::load_policy;
use super::console::warn;
use super::inside::Trees;
use super::listing::present;
use super::output::{self, Outputs};
use super::progress::{self, Progress};
use super::reporting::Reporting;
use super::{
    attest, baseline, config, defaults, delivery_root, listing, overlap, roots, timeline, trust_lists, worker,
};
use countersign_credentials::{self as c2pa, Bounds, Verifier, Verify};
use countersign_engine::attest::FileDigests;
use countersign_engine::cache::Cache;
use countersign_engine::extract;
use countersign_engine::known::Known;
use countersign_engine::preview::Files;
use countersign_engine::scan;
use countersign_engine::{Engine, ScanOptions};
use countersign_io::Roots;
use countersign_judge::approvals::Approvals;
use countersign_judge::judge::Baseline;
use countersign_judge::marks;
use countersign_judge::policy::Policy;
use countersign_media::decoders;
use countersign_model::error::{Error, Result};
use countersign_model::limits;
use countersign_model::{Outcome, Role, Run, Severity, Summary};
use countersign_report::{Preview, RenderOptions};

/// Archives inside one another that are ever opened.
const DEEPEST: u32 = 16;

/// Judge a delivery: walk, read, match, judge, report.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign scan /mnt/drive\n  \
    countersign scan /mnt/drive --approvals approvals.jsonl --report json=report.json\n  \
    countersign scan stills --role archival --policy archival\n  \
    countersign scan /mnt/drive --report html=report.html --report sarif=report.sarif\n  \
    countersign scan /mnt/drive --baseline yesterday.json --fail-on warning\n  \
    countersign scan /mnt/drive --report provenance=sheets.html --title 'Episode 3'\n  \
    countersign scan /mnt/drive --attest verdict.json --key legal\n  \
    countersign scan s3://deliveries/show/ep101 --jobs 64\n  \
    git ls-files '*.png' '*.mov' | countersign scan --files-from -")]
pub(super) struct Arguments {
    /// Folders or files to judge, or addresses of object stores: s3://BUCKET/PREFIX, https://HOST/PATH/
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    roots: Vec<PathBuf>,
    /// Read the paths to judge from a file (`-` for standard input), one a line or ended by zero bytes
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Policy file, or the name of a built-in policy (netflix-genai, archival, observe)
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// Ledger of recorded approvals, repeatable
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_APPROVALS")]
    approvals: Vec<PathBuf>,
    /// Role of files that nothing else places [default: final]
    #[arg(long, value_enum)]
    role: Option<RoleName>,
    /// The folder in which the delivery begins, for a scan of a part of it: names from there down place files
    #[arg(long, value_name = "DIR")]
    delivery_root: Option<PathBuf>,
    /// How far C2PA Content Credentials are checked
    #[arg(long, value_enum, default_value_t = VerifyName::Full)]
    verify: VerifyName,
    #[arg(long, value_name = "FILE", help = trust_lists::HELP)]
    trust: Vec<PathBuf>,
    /// Also fetch manifests that files only point to: https, public addresses; opens connections
    #[arg(long)]
    fetch_remote: bool,
    /// Also hash every file that a package lists with a hash, and compare
    #[arg(long)]
    integrity: bool,
    /// Also decode pixels for invisible marks (lossless images only)
    #[arg(long)]
    pixels: bool,
    /// Marks of your own beside the built-in ones, in the catalogue's form, repeatable
    #[arg(long, value_name = "FILE")]
    marks: Vec<PathBuf>,
    /// Ask this S3-compatible store instead of Amazon's for s3:// paths [default: AWS_ENDPOINT_URL, or Amazon's]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Threads [default: one for each core, at least 32 for object stores]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=1024))]
    jobs: u16,
    /// Keep what files say in this file, and do not read unchanged files again
    #[arg(long, value_name = "FILE")]
    cache: Option<PathBuf>,
    /// Read every file, whatever `--cache` or the configuration says
    #[arg(long)]
    no_cache: bool,
    /// The day approvals are judged on [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    as_of: Option<NaiveDate>,
    /// The least severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Findings that this earlier report (json or ndjson; `-` for standard input) already held do not count
    #[arg(long, value_name = "REPORT")]
    baseline: Option<PathBuf>,
    /// Pass over paths that match, repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Timeline of the cut (EDL, OTIO, FCP7 XML, FCPXML, AAF, CPL), repeatable: also says what is not in the cut
    #[arg(long, value_name = "FILE")]
    timeline: Vec<PathBuf>,
    /// How many archives inside one another are opened [default: the policy's, or 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=16))]
    max_archive_depth: Option<u8>,
    /// Seconds of computing for one file and all that is inside it [default: the policy's, or 60 and more for long files]
    #[arg(long, value_name = "N", alias = "seconds-per-file")]
    seconds_per_asset: Option<NonZeroU32>,
    /// Policy, ledger, lists, cache and reports may lie inside what is scanned
    #[arg(long)]
    allow_inside: bool,
    /// JSON and NDJSON carry every tag that was read
    #[arg(long)]
    tags: bool,
    /// Also look for copies of what this index holds (`countersign index`), repeatable; implies --match
    #[arg(long, value_name = "INDEX")]
    known: Vec<PathBuf>,
    /// Also look for copies of known AI material that have lost their marks: decodes every picture, video and sound
    #[arg(long = "match", overrides_with = "no_match")]
    matching: bool,
    /// Look for no copies [default, unless --known is given]
    #[arg(long, overrides_with = "matching")]
    no_match: bool,
    /// No progress bar
    #[arg(long)]
    no_progress: bool,
    #[command(flatten)]
    attest: attest::Attestation,
    #[command(flatten)]
    reporting: Reporting,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum RoleName {
    Final,
    Temporary,
    Archival,
    Promotional,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum VerifyName {
    /// Bytes, signature and trust
    Full,
    /// Signature and trust, without hashing the asset
    Signature,
    /// Read only
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FailOn {
    Error,
    Warning,
}

/// The name of a value as it is typed.
fn typed(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

impl RoleName {
    pub(super) fn role(self) -> Role {
        match self {
            Self::Final => Role::Final,
            Self::Temporary => Role::Temporary,
            Self::Archival => Role::Archival,
            Self::Promotional => Role::Promotional,
        }
    }

    pub(super) fn name(self) -> String {
        typed(&self)
    }
}

impl VerifyName {
    pub(super) fn verify(self) -> Verify {
        match self {
            Self::Full => Verify::Full,
            Self::Signature => Verify::Signature,
            Self::Off => Verify::Off,
        }
    }

    pub(super) fn name(self) -> String {
        typed(&self)
    }
}

impl FailOn {
    pub(super) fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
        }
    }

    pub(super) fn name(self) -> String {
        typed(&self)
    }
}

pub(super) fn run(arguments: Arguments) -> Result<u8> {
    let (roots, listed) = roots(&arguments)?;
    let listed_roots = roots::trees(&roots, arguments.endpoint.as_deref())?;
    let local = roots::local(&roots);
    let trees = Trees::new(scanned(&arguments, listed.as_deref()), arguments.allow_inside);
    trees.keep_out("the configuration", defaults::file().as_deref())?;
    trees.keep_out("the list of --files-from", arguments.files_from.as_deref())?;
    trees.keep_out("the baseline", arguments.baseline.as_deref())?;
    trees.keep_out("the policy", arguments.policy.clone().or_else(config::policy).as_deref())?;
    let policy = load_policy(arguments.policy.as_deref())?;
    for file in &policy.extended {
        trees.keep_out("a policy that the policy extends", Some(file))?;
    }
    let ledgers = ledgers(&arguments.approvals);
    for ledger in &ledgers {
        trees.keep_out("the approvals ledger", Some(ledger))?;
    }
    let imported = config::trust_lists();
    let lists = imported.iter().chain(&policy.trust.lists).map(PathBuf::as_path);
    for list in lists.chain(trust_lists::files(&arguments.trust)) {
        trees.keep_out("a trust list", Some(list))?;
    }
    trees.keep_out("the cache", arguments.cache.as_deref().filter(|_| !arguments.no_cache))?;
    trees.keep_out("the signed verdict", arguments.attest.file())?;
    let attest = arguments.attest.open()?;
    let digests = Arc::new(FileDigests::default());
    let trust = trust_lists::in_force(Some(&policy), &arguments.trust)?;
    trust_lists::warn_of_overdue(&trust);
    let working_directory = working_directory();
    let approvals = ledgers.iter().map(|path| open(path, &policy.trust.keys, &local)).collect::<Result<Vec<_>>>()?;
    let approvals = approvals.into_iter().map(|ledger| ledger.in_directory(&working_directory)).reduce(Approvals::with);
    let approvals = approvals.map(Arc::new);
    let as_of = arguments.as_of.unwrap_or_else(|| Local::now().date_naive());
    let seconds = arguments.seconds_per_asset.or(policy.limits.seconds_per_asset);
    let verifier = Arc::new(Verifier::new(&c2pa::Options {
        verify: arguments.verify.verify(),
        trust,
        worker: worker::program(),
        bounds: seconds.map_or_else(Bounds::default, Bounds::of_seconds),
        fetch: arguments.fetch_remote.then(c2pa::Rules::default),
    })?);
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    let (baseline, earlier, mut compared) = match arguments.baseline.as_deref().map(baseline::load).transpose()? {
        Some((baseline, earlier, compared)) => (baseline, Some(earlier), Some(compared)),
        None => (Baseline::default(), None, None),
    };
    let cache = cache(&arguments, &working_directory)?;
    let known = known(&arguments, approvals.as_deref())?;
    let catalogue = marks::with_files(&[policy.marks.as_slice(), &arguments.marks].concat())?;
    let engine = Engine::new(Arc::new(policy), roots::jobs(arguments.jobs, &roots))?
        .with_approvals(approvals)
        .with_extract(extract::Options {
            decoders: decoders::Options { pixels: arguments.pixels, thumbnails: arguments.pixels },
            verifier: Some(Arc::clone(&verifier)),
            catalogue,
            seconds,
            sidecars: None,
        })
        .with_cache(cache)
        .in_directory(&working_directory);
    let options = ScanOptions {
        baseline: Arc::new(baseline),
        role: arguments.role.map(RoleName::role),
        delivery_root: delivery_root::checked(arguments.delivery_root.as_deref(), &local, listed.is_some())?,
        exclude: globs(&arguments.exclude)?,
        listed,
        integrity: arguments.integrity,
        tags: arguments.tags,
        max_archive_depth: archive_depth(&arguments, engine.policy()),
        timelines: timeline::named(&arguments.timeline, &local)?,
        fail_on: arguments.fail_on.severity(),
        known,
        previews: Some(Arc::new(previews(&arguments, &local))),
        attest: attest.as_ref().map(|_| Arc::clone(&digests)),
        ..ScanOptions::on(as_of)
    };
    // What is listed for this, the run does not list again.
    scan::refuse_empty(&listed_roots, options.listed.is_some(), &options.exclude)?;
    let preview: Option<Arc<dyn Preview>> = options.previews.clone().map(|previews| previews as Arc<dyn Preview>);
    let look = RenderOptions { preview, earlier, ..arguments.reporting.render_options() };
    let mut outputs = Outputs::open(&arguments.reporting.wanted(), trees.closed(), &look)?;
    let run = Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        roots: roots.iter().map(|root| roots::name(root)).collect(),
        policy: engine.policy().reference(),
        approvals: engine.approvals().map(|approvals| approvals.reference()),
        further_approvals: engine.approvals().map(|approvals| approvals.further_references()).unwrap_or_default(),
        trust: verifier.trust().to_vec(),
        catalogue: engine.extract().catalogue.reference(),
        options: repeated(&arguments, &options),
        report: arguments.reporting.heading(&engine.policy().report),
    };
    outputs.begin(&run)?;
    let stop = Arc::new(AtomicBool::new(false));
    on_interrupt(&stop, &verifier);
    let summary = judge(&engine, &listed_roots, options, &arguments, (outputs, compared.as_mut(), stop))?;
    if let (Some(compared), Some(path), false) = (&compared, &arguments.baseline, summary.interrupted) {
        compared.end(path);
    }
    match &attest {
        Some(_) if summary.interrupted => warn("the run was stopped: no verdict was signed"),
        Some(attest) => attest.write(&run, &summary, &digests)?,
        None => {}
    }
    Ok(match summary.outcome {
        _ if summary.interrupted => 130,
        Outcome::Pass => 0,
        Outcome::Fail => 1,
        Outcome::Incomplete => 2,
    })
}

fn judge(
    engine: &Engine,
    trees: &Roots,
    options: ScanOptions,
    arguments: &Arguments,
    (mut outputs, mut compared, stop): (Outputs, Option<&mut baseline::Compared>, Arc<AtomicBool>),
) -> Result<Summary> {
    // What the count for the progress bar lists, the run does not list again.
    let progress = Progress::new(!arguments.no_progress && !arguments.reporting.quiet, Arc::clone(&stop));
    let done = Arc::new(AtomicBool::new(false));
    if progress.shown() {
        let (trees, listed, exclude) = (trees.clone(), options.listed.clone(), options.exclude.clone());
        let (done, show_total) = (Arc::clone(&done), progress.on_measured());
        std::thread::spawn(move || {
            let (files, bytes) = scan::measure(&trees, listed.as_deref(), &exclude, &done);
            if !done.load(Ordering::Relaxed) {
                show_total(files, bytes);
            }
        });
    }
    let summary = engine.scan(trees, options, &progress, &mut |asset| {
        if let Some(compared) = compared.as_deref_mut() {
            compared.saw(asset);
        }
        outputs.asset(asset)
    });
    done.store(true, Ordering::Relaxed);
    progress.finish();
    if let Some(trouble) = engine.cache().and_then(|cache| cache.close()) {
        warn(&format!("the cache failed, and the files after that were read without it: {trouble}"));
    }
    let summary = summary?;
    outputs.end(&summary, arguments.reporting.quiet)?;
    Ok(summary)
}

/// What copies are looked for of, where they are: the named indexes and what the ledger holds fingerprints of.
fn known(arguments: &Arguments, approvals: Option<&Approvals>) -> Result<Option<Arc<Known>>> {
    if arguments.no_match || (!arguments.matching && arguments.known.is_empty()) {
        return Ok(None);
    }
    let mut known = Known::default();
    for path in &arguments.known {
        let failed = |what: String| Error::File {
            path: path.clone(),
            what,
            hint: "--known wants a file that `countersign index` of this version made: \
                   countersign index FOLDER --out known.idx"
                .to_owned(),
        };
        let file = std::fs::File::open(path).map_err(|e| failed(e.to_string()))?;
        let index = countersign_matching::read_index(file).map_err(|e| failed(e.to_string()))?;
        if index.references().is_empty() {
            warn(&format!("{} holds no fingerprints: nothing is found by it", path.display()));
        }
        known.add_index(&countersign_engine::walk::lossless(path), index).map_err(failed)?;
    }
    approvals.into_iter().for_each(|approvals| known.add_ledger(approvals));
    Ok(Some(Arc::new(known)))
}

/// The folder that relative paths start from; where the system does not tell it, they stay as they are.
fn working_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// The ledgers that are named, each once, else the user's own.
pub(super) fn ledgers(typed: &[PathBuf]) -> Vec<PathBuf> {
    if typed.is_empty() {
        return config::approvals().into_iter().collect();
    }
    let mut seen = HashSet::new();
    let named = typed.iter();
    named.filter(|path| seen.insert(std::fs::canonicalize(path).unwrap_or_else(|_| (*path).clone()))).cloned().collect()
}

/// The cache that was asked for.
fn cache(arguments: &Arguments, working_directory: &Path) -> Result<Option<Arc<Cache>>> {
    let path = arguments.cache.as_deref().filter(|_| !arguments.no_cache);
    path.map(|path| Cache::open(path, working_directory).map(Arc::new)).transpose()
}

/// The first interrupt ends the run with what is judged so far, the second at once.
pub(super) fn on_interrupt(stop: &Arc<AtomicBool>, verifier: &Arc<Verifier>) {
    let (stop, verifier) = (Arc::clone(stop), Arc::clone(verifier));
    // Without a handler an interrupt still ends the program, only without a partial report.
    let _ = ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            output::discard();
            #[expect(clippy::exit, reason = "the user asked twice")]
            std::process::exit(130);
        }
        verifier.cancel();
    });
}

/// The roots, and the paths below the last of them where they were listed.
fn roots(arguments: &Arguments) -> Result<(Vec<PathBuf>, Option<Vec<PathBuf>>)> {
    let mut roots = arguments.roots.clone();
    for root in roots.iter().filter(|root| !roots::is_address(root)) {
        present(root)?;
    }
    let exclude = globs(&arguments.exclude)?;
    let addresses = roots::addresses_inside_others(&mut roots, &exclude);
    for (inner, outer) in overlap::inside_others(&mut roots, &exclude).into_iter().chain(addresses) {
        warn(&format!("{} lies in {} and is scanned with it, once", inner.display(), outer.display()));
    }
    let listed = arguments.files_from.as_deref().map(listing::read).transpose()?;
    let listed =
        listed.and_then(|(root, paths)| Some((root.clone(), overlap::outside(&root, paths, &roots, &exclude)?)));
    let listed = listed.map(|(root, paths)| {
        roots.push(root);
        paths
    });
    Ok((roots, listed))
}

/// The folders and files that are scanned whole, and so never written to.
fn scanned(arguments: &Arguments, listed: Option<&[PathBuf]>) -> Vec<PathBuf> {
    let listed = listed.unwrap_or_default().iter().filter(|path| path.is_dir());
    roots::local(&arguments.roots).into_iter().chain(listed.cloned()).collect()
}

pub(super) fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|e| Error::Usage {
            what: format!("--exclude: {e}"),
            hint: "patterns look like '**/cache/**' or '*.tmp'".to_owned(),
        })?;
        set.add(glob);
    }
    set.build().map_err(|e| Error::Usage { what: format!("--exclude: {e}"), hint: String::new() })
}

/// The maker of pictures, which tells how far it has come where that can be seen.
fn previews(arguments: &Arguments, roots: &[PathBuf]) -> Files {
    let shown = !arguments.no_progress && !arguments.reporting.quiet;
    match progress::pictures(shown) {
        Some(tried) => Files::new(roots).watched(tried),
        None => Files::new(roots),
    }
}

/// What was asked for, else what the policy says; the stack bounds both.
fn archive_depth(arguments: &Arguments, policy: &Policy) -> usize {
    let depth = arguments.max_archive_depth.map(u32::from).or(policy.limits.archive_depth);
    depth.map_or(limits::ARCHIVE_DEPTH, |depth| depth.min(DEEPEST) as usize)
}

/// The options as the report repeats them.
fn repeated(arguments: &Arguments, options: &ScanOptions) -> serde_json::Map<String, Value> {
    let value = json!({
        "role": arguments.role.map(RoleName::name),
        "verify": arguments.verify.name(),
        "fetch_remote": arguments.fetch_remote,
        "integrity": arguments.integrity,
        "pixels": arguments.pixels,
        "as_of": options.as_of.to_string(),
        "fail_on": arguments.fail_on.name(),
        "exclude": arguments.exclude,
        "baseline": arguments.baseline.as_deref().map(countersign_engine::walk::lossless),
        "cache": arguments.cache.as_deref().filter(|_| !arguments.no_cache).map(countersign_engine::walk::lossless),
        "match": options.known.is_some(),
        "known": arguments.known.iter().map(|path| countersign_engine::walk::lossless(path)).collect::<Vec<_>>(),
        "jobs": arguments.jobs,
        "endpoint": arguments.endpoint,
        "config": defaults::file().map(|file| countersign_engine::walk::lossless(&file)),
        "max_archive_depth": options.max_archive_depth,
    });
    let mut repeated = value.as_object().cloned().unwrap_or_default();
    if !arguments.timeline.is_empty() {
        let named: Vec<_> = arguments.timeline.iter().map(|path| countersign_engine::walk::lossless(path)).collect();
        repeated.insert("timelines".to_owned(), json!(named));
    }
    if let Some(root) = &options.delivery_root {
        repeated.insert("delivery_root".to_owned(), json!(countersign_engine::walk::lossless(root)));
    }
    repeated
}
