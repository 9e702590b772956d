//! `countersign extract ROOT... --out DIR`: what assets say, as rows that travel; judged by `countersign judge`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::Local;
use serde_json::json;

use super::config::load_policy;
use super::console::tell;
use super::inside::Trees;
use super::progress::Progress;
use super::roots;
use super::rows_apart::Target;
use super::scan::{RoleName, VerifyName, globs, on_interrupt};
use super::{trust_lists, worker};
use countersign_credentials::{self as c2pa, Bounds, Verifier};
use countersign_engine::rows::{Header, MOST_SHARDS, Recorder, Rows, SCHEMA};
use countersign_engine::scan::above;
use countersign_engine::walk::lossless;
use countersign_engine::{Engine, ScanOptions, cache, extract};
use countersign_io::Roots;
use countersign_judge::marks;
use countersign_judge::policy::Policy;
use countersign_media::decoders;
use countersign_model::error::Result;
use countersign_model::limits;

/// What assets say, as rows that travel to where they are judged.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign extract /mnt/drive --out rows\n  \
    countersign extract s3://deliveries/show/ep101 --out rows --shard 3/16 --jobs 64\n  \
    countersign judge rows --approvals approvals.jsonl --report html=report.html")]
pub(super) struct Arguments {
    /// Folders or files to read, or addresses of object stores
    #[arg(value_name = "ROOT", required = true)]
    roots: Vec<PathBuf>,
    /// Folder for the rows, made where it is not there, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Read one part of the files only, of so many, by a hash of their paths: 1/16 to 16/16
    #[arg(long, value_name = "I/N", default_value = "1/1", value_parser = shard)]
    shard: (u32, u32),
    /// Policy file, or the name of a built-in policy: says what is archival, and which marks there are
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// Role of files that nothing else places [default: final]
    #[arg(long, value_enum)]
    role: Option<RoleName>,
    /// How far C2PA Content Credentials are checked
    #[arg(long, value_enum, default_value_t = VerifyName::Full)]
    verify: VerifyName,
    #[arg(long, value_name = "FILE", help = trust_lists::HELP)]
    trust: Vec<PathBuf>,
    /// Also fetch manifests that files only point to: https, public addresses; opens connections
    #[arg(long)]
    fetch_remote: bool,
    /// Also hash every file that a package lists with a hash
    #[arg(long)]
    integrity: bool,
    /// Also compute the SHA-256 of every file: approvals about files without marks need it
    #[arg(long)]
    digests: bool,
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
    /// Pass over paths that match, repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// How many archives inside one another are opened [default: the policy's, or 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=16))]
    max_archive_depth: Option<u8>,
    /// Seconds of computing for one file and all that is inside it [default: the policy's, or 60 and more for long files]
    #[arg(long, value_name = "N")]
    seconds_per_asset: Option<NonZeroU32>,
    /// No progress bar
    #[arg(long)]
    no_progress: bool,
}

/// `3/16`
fn shard(text: &str) -> std::result::Result<(u32, u32), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    let sound = |(i, n): &(u32, u32)| (1..=*n).contains(i) && *n <= MOST_SHARDS;
    parts.filter(sound).ok_or_else(|| format!("a shard is I/N, I from 1 to N, N at most {MOST_SHARDS}: 3/16"))
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let local = roots::local(&arguments.roots);
    local.iter().try_for_each(|root| super::listing::present(root))?;
    let target = Target::of(&arguments.out, &arguments.roots, arguments.endpoint.as_deref())?;
    let policy = Arc::new(load_policy(arguments.policy.as_deref())?);
    Trees::new(local, false).keep_out("the policy", arguments.policy.as_deref())?;
    let stop = Arc::new(AtomicBool::new(false));
    let verifier = verifier(arguments, &policy)?;
    on_interrupt(&stop, &verifier);
    let seconds = arguments.seconds_per_asset.or(policy.limits.seconds_per_asset);
    let engine = Engine::new(Arc::clone(&policy), roots::jobs(arguments.jobs, &arguments.roots))?
        .with_extract(extract::Options {
            decoders: decoders::Options { pixels: arguments.pixels, thumbnails: arguments.pixels },
            verifier: Some(Arc::clone(&verifier)),
            catalogue: marks::with_files(&[policy.marks.as_slice(), &arguments.marks].concat())?,
            seconds,
            sidecars: None,
        })
        .in_directory(&std::env::current_dir().unwrap_or_default());
    let trees = roots::trees(&arguments.roots, arguments.endpoint.as_deref())?;
    let header = header(arguments, &engine, &verifier, &trees);
    let recorder = Recorder::begin(target.folder(), &header).map_err(|e| target.refused(&e))?;
    target.announce(recorder.file())?;
    let recorder = Arc::new(recorder);
    let watched = trees.iter().enumerate().map(|(root, tree)| recorder.watch(root, Arc::clone(tree.tree())));
    let watched = Roots::of(watched.collect::<Vec<_>>());
    let options = ScanOptions {
        role: arguments.role.map(RoleName::role),
        exclude: globs(&arguments.exclude)?,
        integrity: arguments.integrity,
        digests: arguments.digests,
        max_archive_depth: depth(arguments, &policy),
        rows: Some(Rows::Keep(Arc::clone(&recorder))),
        ..ScanOptions::on(Local::now().date_naive())
    };
    let progress = Progress::new(!arguments.no_progress, Arc::clone(&stop));
    let summary = engine.scan(&watched, options, &progress, &mut |_| Ok(()));
    progress.finish();
    if summary?.interrupted {
        tell("interrupted: this shard is not written, extract it again");
        return Ok(130);
    }
    let (file, lines) = recorder.finish().map_err(|e| target.refused(&e))?;
    tell(&format!("{}: {lines} rows", target.deliver(&file)?));
    Ok(0)
}

fn verifier(arguments: &Arguments, policy: &Policy) -> Result<Arc<Verifier>> {
    let trust = trust_lists::in_force(Some(policy), &arguments.trust)?;
    trust_lists::warn_of_overdue(&trust);
    let seconds = arguments.seconds_per_asset.or(policy.limits.seconds_per_asset);
    let verifier = Arc::new(Verifier::new(&c2pa::Options {
        verify: arguments.verify.verify(),
        trust,
        worker: worker::program(),
        bounds: seconds.map_or_else(Bounds::default, Bounds::of_seconds),
        fetch: arguments.fetch_remote.then(c2pa::Rules::default),
    })?);
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    Ok(verifier)
}

fn depth(arguments: &Arguments, policy: &Policy) -> usize {
    let depth = arguments.max_archive_depth.map(u32::from).or(policy.limits.archive_depth);
    depth.map_or(limits::ARCHIVE_DEPTH, |depth| depth as usize)
}

fn header(arguments: &Arguments, engine: &Engine, verifier: &Verifier, trees: &Roots) -> Header {
    let options = json!({
        "verify": arguments.verify.name(),
        "fetch_remote": arguments.fetch_remote,
        "integrity": arguments.integrity,
        "digests": arguments.digests,
        "pixels": arguments.pixels,
        "exclude": arguments.exclude,
        "max_archive_depth": depth(arguments, engine.policy()),
        "seconds_per_asset": engine.extract().seconds,
        "trust": verifier.trust(),
        "policy": engine.policy().reference(),
        "marks": arguments.marks.iter().map(|path| lossless(path)).collect::<Vec<_>>(),
    });
    Header {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        basis: cache::readers(&engine.extract().catalogue),
        roots: arguments.roots.iter().zip(trees.iter()).map(|(_, tree)| tree.tree().name()).collect(),
        above: above::names(trees, false, None).iter().map(ToString::to_string).collect(),
        uncounted: above::uncounted_of(trees, &engine.policy().roles),
        options: options.as_object().cloned().unwrap_or_default(),
        shard: arguments.shard,
    }
}
