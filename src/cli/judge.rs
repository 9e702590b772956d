//! `countersign judge DIR...`: rows of `countersign extract`, judged as one delivery.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::{Local, NaiveDate, SecondsFormat, Utc};
use serde_json::json;

use super::approvals::terms::{day, open};
use super::config::load_policy;
use super::console::warn;
use super::output::Outputs;
use super::progress::Progress;
use super::reporting::Reporting;
use super::rows_apart::Fetched;
use super::scan::{FailOn, RoleName, globs, ledgers};
use super::{baseline, timeline};
use countersign_engine::rows::{Header, Recorded, Refusal, Rows};
use countersign_engine::walk::lossless;
use countersign_engine::{Engine, ScanOptions, cache, extract};
use countersign_io::TempSpace;
use countersign_judge::approvals::Approvals;
use countersign_judge::judge::Baseline;
use countersign_judge::marks;
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
    /// Policy file, or the name of a built-in policy (netflix-genai, archival, observe)
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// Ledger of recorded approvals, repeatable
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_APPROVALS")]
    approvals: Vec<PathBuf>,
    /// Role of files that nothing else places [default: final]
    #[arg(long, value_enum)]
    role: Option<RoleName>,
    /// Compare what was hashed with what packages list
    #[arg(long)]
    integrity: bool,
    /// Marks of your own beside the built-in ones, in the catalogue's form, repeatable
    #[arg(long, value_name = "FILE")]
    marks: Vec<PathBuf>,
    /// Threads [default: one for each core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=1024))]
    jobs: u16,
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
    /// JSON and NDJSON carry every tag that was read
    #[arg(long)]
    tags: bool,
    /// Ask this S3-compatible store instead of Amazon's for s3:// addresses [default: AWS_ENDPOINT_URL, or Amazon's]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// No progress bar
    #[arg(long)]
    no_progress: bool,
    #[command(flatten)]
    reporting: Reporting,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let fetched = Fetched::of(&arguments.folders, arguments.endpoint.as_deref())?;
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
    let policy = Arc::new(load_policy(arguments.policy.as_deref())?);
    let ledgers = ledgers(&arguments.approvals);
    let here = std::env::current_dir().unwrap_or_default();
    let approvals = ledgers.iter().map(|path| open(path, &policy.trust.keys, &[])).collect::<Result<Vec<_>>>()?;
    let approvals = approvals.into_iter().map(|ledger| ledger.in_directory(&here)).reduce(Approvals::with);
    let catalogue = marks::with_files(&[policy.marks.as_slice(), &arguments.marks].concat())?;
    if cache::readers(&catalogue) != header.basis {
        return Err(Error::Usage {
            what: "the rows were extracted by another build of the program, or for other marks".to_owned(),
            hint: "judge with the program, the --marks and the marks of the policy that extracted".to_owned(),
        });
    }
    let pixels = header.options.get("pixels").and_then(serde_json::Value::as_bool).unwrap_or_default();
    let engine = Engine::new(policy, usize::from(arguments.jobs))?
        .with_approvals(approvals.map(Arc::new))
        .with_extract(extract::Options {
            decoders: decoders::Options { pixels, thumbnails: pixels },
            catalogue,
            ..extract::Options::default()
        })
        .in_directory(&here);
    let (baseline, earlier, mut compared) = match arguments.baseline.as_deref().map(baseline::load).transpose()? {
        Some((baseline, earlier, compared)) => (baseline, Some(earlier), Some(compared)),
        None => (Baseline::default(), None, None),
    };
    let options = options(arguments, header, (&rows, baseline))?;
    let look = RenderOptions { earlier, ..arguments.reporting.render_options() };
    let mut outputs = Outputs::open(&arguments.reporting.wanted(), &[], &look)?;
    outputs.begin(&of_run(arguments, header, &engine, &options))?;
    let progress =
        Progress::new(!arguments.no_progress && !arguments.reporting.quiet, Arc::new(AtomicBool::new(false)));
    let summary = engine.scan(&rows.roots(), options, &progress, &mut |asset| {
        if let Some(compared) = compared.as_mut() {
            compared.saw(asset);
        }
        outputs.asset(asset)
    });
    progress.finish();
    let summary = summary?;
    outputs.end(&summary, arguments.reporting.quiet)?;
    if let (Some(compared), Some(path)) = (&compared, &arguments.baseline) {
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
    let day = arguments.as_of.unwrap_or_else(|| Local::now().date_naive());
    let usual = ScanOptions::on(day);
    Ok(ScanOptions {
        baseline: Arc::new(baseline),
        role: arguments.role.map(RoleName::role),
        exclude: globs(&excluded.chain(arguments.exclude.iter().cloned()).collect::<Vec<_>>())?,
        integrity: arguments.integrity,
        tags: arguments.tags,
        max_archive_depth: depth.and_then(|depth| depth.try_into().ok()).unwrap_or(usual.max_archive_depth),
        timelines: timeline::named(&arguments.timeline, &[])?,
        fail_on: arguments.fail_on.severity(),
        rows: Some(Rows::Take(Arc::clone(rows))),
        ..usual
    })
}

fn of_run(arguments: &Arguments, header: &Header, engine: &Engine, options: &ScanOptions) -> Run {
    let repeated = json!({
        "role": arguments.role.map(RoleName::name),
        "integrity": arguments.integrity,
        "as_of": options.as_of.to_string(),
        "fail_on": arguments.fail_on.name(),
        "exclude": arguments.exclude,
        "baseline": arguments.baseline.as_deref().map(lossless),
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
