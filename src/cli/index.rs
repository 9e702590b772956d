//! `countersign index PATH... --out FILE`: fingerprints of known AI material, for `scan --known FILE`.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use globset::GlobSet;

use super::console::{print, warn};
use super::listing::present;
use super::progress::Progress;
use super::worker;
use countersign_credentials::{self as c2pa, Verifier, Verify};
use countersign_engine::extract;
use countersign_engine::scan::gather::{Gather, everything};
use countersign_engine::scan::{Watch, inside_roots};
use countersign_matching::{Index, MatchingError, write_index};
use countersign_model::error::{Error, Result};
use countersign_model::limits;
use countersign_report::escape::terminal;

/// Fingerprints of known AI material, to be given to `scan --known FILE`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every picture, video and sound below the paths is taken for AI material, marked or not. An index holds\n\
    names, hashes and rough outlines; no picture or sound can be restored from it.\n\n\
    Examples:\n  countersign index renders/ --out known.idx\n  countersign scan /mnt/drive --known known.idx"
)]
pub(super) struct Arguments {
    /// Folders or files that hold known AI material
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The index to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Threads [default: one for each core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=1024))]
    jobs: u16,
}

/// Files without fingerprints that are told one by one; of more, the rest is counted.
const TOLD: usize = 20;

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    for path in &arguments.paths {
        present(path)?;
    }
    if let Some(root) = inside_roots(&arguments.out, &arguments.paths) {
        return Err(failed(arguments, format!("lies inside {}, which is never written to", root.display())));
    }
    let options = c2pa::Options { verify: Verify::Off, worker: worker::program(), ..c2pa::Options::default() };
    let verifier = Arc::new(Verifier::new(&options)?);
    verifier.pool().cloned().into_iter().for_each(countersign_worker::set_decoding_pool);
    let (progress, seen) = (Progress::new(true, Arc::default()), AtomicU64::new(0));
    let gather = Gather {
        extract: extract::Options { verifier: Some(verifier), ..extract::Options::default() },
        cache: None,
        exclude: &GlobSet::empty(),
        depth: limits::ARCHIVE_DEPTH,
        all: true,
        also: None,
        seen: &|| {
            seen.fetch_add(1, Ordering::Relaxed);
            progress.gathered();
        },
    };
    let (mut index, mut known, mut left_out) = (Index::default(), 0_u64, Vec::new());
    everything(&gather, &arguments.paths, usize::from(arguments.jobs), &mut |found| {
        let added = found.reference.and_then(|reference| index.add(reference).map_err(|e| e.to_string()));
        match added {
            Ok(_) => known += 1,
            Err(why) => left_out.push((found.rel, why)),
        }
    })?;
    progress.finish();
    if seen.load(Ordering::Relaxed) == 0 {
        return Err(Error::Nothing { roots: arguments.paths.iter().map(|path| path.display().to_string()).collect() });
    }
    for (path, why) in left_out.iter().take(TOLD) {
        warn(&format!("{path} is not in the index: {why}"));
    }
    if known == 0 {
        return Err(nothing_known(arguments, left_out.len()));
    }
    write(&index, arguments).map_err(|e| failed(arguments, e.to_string()))?;
    let mut out = format!("wrote {}: {known} known\n", terminal(&arguments.out.display().to_string()));
    if !left_out.is_empty() {
        let _ = writeln!(out, "{} could not be fingerprinted", left_out.len());
    }
    print(&out)?;
    Ok(0)
}

/// The index gets its name only when it is whole.
fn write(index: &Index, arguments: &Arguments) -> std::result::Result<(), MatchingError> {
    let mut bytes = Vec::new();
    write_index(index, &mut bytes)?;
    super::whole_file::write(&arguments.out, &bytes)?;
    Ok(())
}

/// An index that holds nothing would let everything pass.
fn nothing_known(arguments: &Arguments, left_out: usize) -> Error {
    let what = match left_out {
        0 => "was not written: there is no picture, video or sound below the paths".to_owned(),
        _ => "was not written: nothing below the paths could be fingerprinted".to_owned(),
    };
    let hint = "name folders or files that hold known AI pictures, videos or sounds".to_owned();
    Error::File { path: arguments.out.clone(), what, hint }
}

fn failed(arguments: &Arguments, what: String) -> Error {
    let hint = "name a file outside of the paths for --out, on a drive with room".to_owned();
    Error::File { path: arguments.out.clone(), what, hint }
}
