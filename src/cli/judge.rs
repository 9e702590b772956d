//! `countersign judge DIR...`: rows of `countersign extract`, judged as one delivery.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{SecondsFormat, Utc};
use serde_json::json;

use super::console::warn;
use super::judging_options::{Earlier, JudgingOptions};
use super::output::Outputs;
use super::progress::Progress;
use super::reporting::Reporting;
use super::rows_apart::Fetched;
use super::shared_options::{SharedOptions, globs, working_directory};
use countersign_engine::rows::{Header, Recorded, Refusal, Rows};
use countersign_engine::walk::lossless;
use countersign_engine::{Engine, ScanOptions, cache, extract};
use countersign_io::TempSpace;
use countersign_judge::judge::Baseline;
use countersign_media::decoders;
use countersign_model::error::{Error, Result};
use countersign_model::{Outcome, Run};
use countersign_report::RenderOptions;

/// Judge what `countersign extract` found, all shards as one delivery.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign judge rows --approvals approvals.jsonl --report html=report.html\n  \
    countersign judge rows --report json=report.json --as-of 2026-06-01")]
pub(super) struct Arguments {
    /// Folders with all the shards of one extraction, or their addresses: s3://BUCKET/PREFIX
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    shared: SharedOptions,
    #[command(flatten)]
    judging: JudgingOptions,
    #[command(flatten)]
    reporting: Reporting,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let fetched = Fetched::of(&arguments.folders, arguments.shared.endpoint())?;
    let rows = match Recorded::open(&fetched.folders, &TempSpace::outside(&fetched.folders)) {
        Ok(rows) => Arc::new(rows),
        Err(Refusal::Incomplete(incomplete)) => {
            warn(&format!("incomplete, and nothing is judged: {}", fetched.told(&incomplete.faults.join("; "))));
            return Ok(2);
        }
        Err(Refusal::Unfit { file, what }) => {
            let hint =
                "judge the shards of one extraction: same roots, options, version and number of shards".to_owned();
            return Err(Error::File { path: fetched.told(&file.to_string_lossy()).into(), what, hint });
        }
        Err(Refusal::Io(path, error)) => {
            let hint = "name folders that `countersign extract --out` filled".to_owned();
            return Err(Error::File {
                path: fetched.told(&path.to_string_lossy()).into(),
                what: error.to_string(),
                hint,
            });
        }
    };
    let header = rows.header();
    let policy = Arc::new(arguments.shared.policy()?);
    let approvals = JudgingOptions::approvals(&arguments.judging.ledgers(), &policy, &[])?;
    let catalogue = arguments.shared.catalogue(&policy)?;
    if cache::readers(&catalogue) != header.basis {
        return Err(Error::Usage {
            what: "the rows were extracted by another build of the program, or for other marks".to_owned(),
            hint: "judge with the program, the --marks and the marks of the policy that extracted".to_owned(),
        });
    }
    let pixels = header.options.get("pixels").and_then(serde_json::Value::as_bool).unwrap_or_default();
    let engine = Engine::new(policy, usize::from(arguments.shared.jobs))?
        .with_approvals(approvals)
        .with_extract(extract::Options {
            decoders: decoders::Options { pixels, thumbnails: pixels },
            catalogue,
            ..extract::Options::default()
        })
        .in_directory(&working_directory());
    let Earlier { baseline, findings: earlier, mut compared } = arguments.judging.earlier()?;
    let options = options(arguments, header, (&rows, baseline))?;
    let look = RenderOptions { earlier, ..arguments.reporting.render_options() };
    let mut outputs = Outputs::open(&arguments.reporting.wanted(), &[], &look)?;
    outputs.begin(&of_run(arguments, header, &engine, &options))?;
    let progress =
        Progress::new(arguments.shared.progress() && !arguments.reporting.quiet, Arc::new(AtomicBool::new(false)));
    let summary = engine.scan(&rows.roots(), options, &progress, &mut |asset| {
        if let Some(compared) = compared.as_mut() {
            compared.saw(asset);
        }
        outputs.asset(asset)
    });
    progress.finish();
    let summary = summary?;
    outputs.end(&summary, arguments.reporting.quiet)?;
    if let (Some(compared), Some(path)) = (&compared, &arguments.judging.baseline) {
        compared.end(path);
    }
    Ok(match summary.outcome {
        Outcome::Pass => 0,
        Outcome::Fail => 1,
        Outcome::Incomplete => 2,
    })
}

fn options(
    arguments: &Arguments,
    header: &Header,
    (rows, baseline): (&Arc<Recorded>, Baseline),
) -> Result<ScanOptions> {
    let of_extraction = |name: &str| header.options.get(name);
    // What was passed over when it was extracted is not there, and passed over again.
    let excluded = of_extraction("exclude").and_then(serde_json::Value::as_array).into_iter().flatten();
    let excluded = excluded.filter_map(|pattern| pattern.as_str().map(str::to_owned));
    let depth = of_extraction("max_archive_depth").and_then(serde_json::Value::as_u64);
    let usual = ScanOptions::on(arguments.judging.as_of());
    Ok(ScanOptions {
        baseline: Arc::new(baseline),
        role: arguments.shared.role(),
        exclude: globs(&excluded.chain(arguments.shared.exclude.iter().cloned()).collect::<Vec<_>>())?,
        integrity: arguments.shared.integrity,
        tags: arguments.judging.tags,
        max_archive_depth: depth.and_then(|depth| depth.try_into().ok()).unwrap_or(usual.max_archive_depth),
        timelines: arguments.judging.timelines(&[])?,
        fail_on: arguments.judging.fail_on(),
        rows: Some(Rows::Take(Arc::clone(rows))),
        ..usual
    })
}

fn of_run(arguments: &Arguments, header: &Header, engine: &Engine, options: &ScanOptions) -> Run {
    let repeated = json!({
        "role": arguments.shared.role_name(),
        "integrity": arguments.shared.integrity,
        "as_of": options.as_of.to_string(),
        "fail_on": arguments.judging.fail_on_name(),
        "exclude": arguments.shared.exclude,
        "baseline": arguments.judging.baseline.as_deref().map(lossless),
        "extraction": header.options,
        "shards": header.shard.1,
    });
    let approvals = engine.approvals();
    let trust = header.options.get("trust").cloned().unwrap_or_default();
    Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        roots: header.roots.clone(),
        policy: engine.policy().reference(),
        approvals: approvals.map(|approvals| approvals.reference()),
        further_approvals: approvals.map(|approvals| approvals.further_references()).unwrap_or_default(),
        trust: serde_json::from_value(trust).unwrap_or_default(),
        catalogue: engine.extract().catalogue.reference(),
        options: repeated.as_object().cloned().unwrap_or_default(),
        report: arguments.reporting.heading(&engine.policy().report),
    }
}
