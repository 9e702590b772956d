//! `countersign extract ROOT... --out DIR`: what assets say, as rows that travel; judged by `countersign judge`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::Local;
use serde_json::json;

use super::console::tell;
use super::inside::Trees;
use super::progress::Progress;
use super::reading_options::ReadingOptions;
use super::roots;
use super::rows_apart::Target;
use super::scan::on_interrupt;
use super::shared_options::{SharedOptions, working_directory, written};
use countersign_credentials::Verifier;
use countersign_engine::rows::{Header, MOST_SHARDS, Recorder, Rows, SCHEMA};
use countersign_engine::scan::above;
use countersign_engine::{Engine, ScanOptions, cache};
use countersign_io::Roots;
use countersign_model::error::Result;

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
    /// Also compute the SHA-256 of every file: approvals about files without marks need it
    #[arg(long)]
    digests: bool,
    #[command(flatten)]
    shared: SharedOptions,
    #[command(flatten)]
    reading: ReadingOptions,
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
    let target = Target::of(&arguments.out, &arguments.roots, arguments.shared.endpoint())?;
    let policy = Arc::new(arguments.shared.policy()?);
    Trees::new(local, false).keep_out("the policy", arguments.shared.policy.as_deref())?;
    let stop = Arc::new(AtomicBool::new(false));
    let verifier = arguments.reading.verifier(&policy)?;
    on_interrupt(&stop, &verifier);
    let extract = arguments.reading.extract(&policy, &verifier, arguments.shared.catalogue(&policy)?);
    let engine = Engine::new(Arc::clone(&policy), roots::jobs(arguments.shared.jobs, &arguments.roots))?
        .with_extract(extract)
        .in_directory(&working_directory());
    let trees = arguments.shared.trees(&arguments.roots)?;
    let header = header(arguments, &engine, &verifier, &trees);
    let recorder = Recorder::begin(target.folder(), &header).map_err(|e| target.refused(&e))?;
    target.announce(recorder.file())?;
    let recorder = Arc::new(recorder);
    let watched = trees.iter().enumerate().map(|(root, tree)| recorder.watch(root, Arc::clone(tree.tree())));
    let watched = Roots::of(watched.collect::<Vec<_>>());
    let options = ScanOptions {
        role: arguments.shared.role(),
        exclude: arguments.shared.exclude()?,
        integrity: arguments.shared.integrity,
        digests: arguments.digests,
        max_archive_depth: arguments.reading.archive_depth(&policy),
        rows: Some(Rows::Keep(Arc::clone(&recorder))),
        ..ScanOptions::on(Local::now().date_naive())
    };
    let progress = Progress::new(arguments.shared.progress(), Arc::clone(&stop));
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

fn header(arguments: &Arguments, engine: &Engine, verifier: &Verifier, trees: &Roots) -> Header {
    let options = json!({
        "verify": arguments.reading.verify_name(),
        "fetch_remote": arguments.reading.fetch_remote,
        "integrity": arguments.shared.integrity,
        "digests": arguments.digests,
        "pixels": arguments.reading.pixels,
        "exclude": arguments.shared.exclude,
        "max_archive_depth": arguments.reading.archive_depth(engine.policy()),
        "seconds_per_asset": engine.extract().seconds,
        "trust": verifier.trust(),
        "policy": engine.policy().reference(),
        "marks": written(&arguments.shared.marks),
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
