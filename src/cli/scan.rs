//! `countersign scan PATH...`: judge a delivery.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::console::warn;
use super::inside::Trees;
use super::judging_options::{Earlier, JudgingOptions};
use super::listing::present;
use super::output::{self, Outputs};
use super::progress::{self, Progress};
use super::reading_options::ReadingOptions;
use super::reporting::Reporting;
use super::shared_options::{SharedOptions, working_directory, written};
use super::{attest, baseline, config, defaults, delivery_root, listing, overlap, roots, trust_lists};
use countersign_credentials::Verifier;
use countersign_engine::attest::FileDigests;
use countersign_engine::cache::Cache;
use countersign_engine::known::Known;
use countersign_engine::preview::Files;
use countersign_engine::scan;
use countersign_engine::{Engine, ScanOptions};
use countersign_io::Roots;
use countersign_judge::approvals::Approvals;
use countersign_model::error::{Error, Result};
use countersign_model::{Outcome, Run, Summary};
use countersign_report::{Preview, RenderOptions};

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
    #[command(flatten)]
    shared: SharedOptions,
    #[command(flatten)]
    reading: ReadingOptions,
    #[command(flatten)]
    judging: JudgingOptions,
    /// The folder in which the delivery begins, for a scan of a part of it: names from there down place files
    #[arg(long, value_name = "DIR")]
    delivery_root: Option<PathBuf>,
    /// Keep what files say in this file, and do not read unchanged files again
    #[arg(long, value_name = "FILE")]
    cache: Option<PathBuf>,
    /// Read every file, whatever `--cache` or the configuration says
    #[arg(long)]
    no_cache: bool,
    /// Policy, ledger, lists, cache and reports may lie inside what is scanned
    #[arg(long)]
    allow_inside: bool,
    /// Also look for copies of what this index holds (`countersign index`), repeatable; implies --match
    #[arg(long, value_name = "INDEX")]
    known: Vec<PathBuf>,
    /// Also look for copies of known AI material that have lost their marks: decodes every picture, video and sound
    #[arg(long = "match", overrides_with = "no_match")]
    matching: bool,
    /// Look for no copies [default, unless --known is given]
    #[arg(long, overrides_with = "matching")]
    no_match: bool,
    #[command(flatten)]
    attest: attest::Attestation,
    #[command(flatten)]
    reporting: Reporting,
}

pub(super) fn run(arguments: Arguments) -> Result<u8> {
    let Named { roots, listed, folders } = named(&arguments)?;
    let listed_roots = arguments.shared.trees(&roots)?;
    let local = roots::local(&roots);
    let trees = Trees::new(roots::local(&arguments.roots).into_iter().chain(folders).collect(), arguments.allow_inside);
    trees.keep_out("the configuration", defaults::file().as_deref())?;
    trees.keep_out("the list of --files-from", arguments.files_from.as_deref())?;
    trees.keep_out("the baseline", arguments.judging.baseline.as_deref())?;
    trees.keep_out("the policy", arguments.shared.policy.clone().or_else(config::policy).as_deref())?;
    let policy = arguments.shared.policy()?;
    for file in &policy.extended {
        trees.keep_out("a policy that the policy extends", Some(file))?;
    }
    let ledgers = arguments.judging.ledgers();
    for ledger in &ledgers {
        trees.keep_out("the approvals ledger", Some(ledger))?;
    }
    let imported = config::trust_lists();
    let lists = imported.iter().chain(&policy.trust.lists).map(PathBuf::as_path);
    for list in lists.chain(trust_lists::files(&arguments.reading.trust)) {
        trees.keep_out("a trust list", Some(list))?;
    }
    trees.keep_out("the cache", arguments.cache.as_deref().filter(|_| !arguments.no_cache))?;
    trees.keep_out("the signed verdict", arguments.attest.file())?;
    let attest = arguments.attest.open()?;
    let digests = Arc::new(FileDigests::default());
    let working_directory = working_directory();
    let approvals = JudgingOptions::approvals(&ledgers, &policy, &local)?;
    let verifier = arguments.reading.verifier(&policy)?;
    let Earlier { baseline, findings: earlier, mut compared } = arguments.judging.earlier()?;
    let cache = cache(&arguments, &working_directory)?;
    let known = known(&arguments, approvals.as_deref())?;
    let extract = arguments.reading.extract(&policy, &verifier, arguments.shared.catalogue(&policy)?);
    let engine = Engine::new(Arc::new(policy), roots::jobs(arguments.shared.jobs, &roots))?
        .with_approvals(approvals)
        .with_extract(extract)
        .with_cache(cache)
        .in_directory(&working_directory);
    let options = ScanOptions {
        baseline: Arc::new(baseline),
        role: arguments.shared.role(),
        delivery_root: delivery_root::checked(arguments.delivery_root.as_deref(), &local, listed.is_some())?,
        exclude: arguments.shared.exclude()?,
        listed,
        integrity: arguments.shared.integrity,
        tags: arguments.judging.tags,
        max_archive_depth: arguments.reading.archive_depth(engine.policy()),
        timelines: arguments.judging.timelines(&local)?,
        fail_on: arguments.judging.fail_on(),
        known,
        previews: Some(Arc::new(previews(&arguments, &local))),
        attest: attest.as_ref().map(|_| Arc::clone(&digests)),
        ..ScanOptions::on(arguments.judging.as_of())
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
    if let (Some(compared), Some(path), false) = (&compared, &arguments.judging.baseline, summary.interrupted) {
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
    let progress = Progress::new(arguments.shared.progress() && !arguments.reporting.quiet, Arc::clone(&stop));
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

/// What the command line names.
struct Named {
    roots: Vec<PathBuf>,
    /// The paths below the last of the roots, where they were listed.
    listed: Option<Vec<PathBuf>>,
    /// The listed folders: they are scanned whole, and so never written to.
    folders: Vec<PathBuf>,
}

fn named(arguments: &Arguments) -> Result<Named> {
    let mut roots = arguments.roots.clone();
    for root in roots.iter().filter(|root| !roots::is_address(root)) {
        present(root)?;
    }
    let exclude = arguments.shared.exclude()?;
    let addresses = roots::addresses_inside_others(&mut roots, &exclude);
    for (inner, outer) in overlap::inside_others(&mut roots, &exclude).into_iter().chain(addresses) {
        warn(&format!("{} lies in {} and is scanned with it, once", inner.display(), outer.display()));
    }
    let Some(list) = &arguments.files_from else { return Ok(Named { roots, listed: None, folders: Vec::new() }) };
    let listing::Listed { root, paths, folders } = listing::read(list)?;
    let listed = overlap::outside(&root, paths, &roots, &exclude);
    roots.extend(listed.is_some().then_some(root));
    Ok(Named { roots, listed, folders })
}

/// The maker of pictures, which tells how far it has come where that can be seen.
fn previews(arguments: &Arguments, roots: &[PathBuf]) -> Files {
    let shown = arguments.shared.progress() && !arguments.reporting.quiet;
    match progress::pictures(shown) {
        Some(tried) => Files::new(roots).watched(tried),
        None => Files::new(roots),
    }
}

/// The options as the report repeats them.
fn repeated(arguments: &Arguments, options: &ScanOptions) -> serde_json::Map<String, Value> {
    let value = json!({
        "role": arguments.shared.role_name(),
        "verify": arguments.reading.verify_name(),
        "fetch_remote": arguments.reading.fetch_remote,
        "integrity": arguments.shared.integrity,
        "pixels": arguments.reading.pixels,
        "as_of": options.as_of.to_string(),
        "fail_on": arguments.judging.fail_on_name(),
        "exclude": arguments.shared.exclude,
        "baseline": arguments.judging.baseline.as_deref().map(countersign_engine::walk::lossless),
        "cache": arguments.cache.as_deref().filter(|_| !arguments.no_cache).map(countersign_engine::walk::lossless),
        "match": options.known.is_some(),
        "known": written(&arguments.known),
        "jobs": arguments.shared.jobs,
        "endpoint": arguments.shared.endpoint(),
        "config": defaults::file().map(|file| countersign_engine::walk::lossless(&file)),
        "max_archive_depth": options.max_archive_depth,
    });
    let mut repeated = value.as_object().cloned().unwrap_or_default();
    if !arguments.judging.timeline.is_empty() {
        repeated.insert("timelines".to_owned(), json!(written(&arguments.judging.timeline)));
    }
    if let Some(root) = &options.delivery_root {
        repeated.insert("delivery_root".to_owned(), json!(countersign_engine::walk::lossless(root)));
    }
    repeated
}
