//! What a test needs that a machine may lack: a browser, ffmpeg, a sample corpus.
//!
//! Where it is absent, the test says `skipped: …` and passes. Under `CI` it fails, unless `COUNTERSIGN_WITHOUT` names the
//! prerequisite (`COUNTERSIGN_WITHOUT=browser,corpus`): what a check did not try is then written in the check itself.

#![allow(
    dead_code,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests use parts of it, and say what they skip"
)]

use std::path::PathBuf;

/// What `COUNTERSIGN_WITHOUT` may name, and what it means.
pub(crate) const KNOWN: &[(&str, &str)] = &[
    ("browser", "Chromium or Google Chrome, for the HTML report"),
    ("corpus", "a folder of labeled samples, named by COUNTERSIGN_CORPUS"),
    ("ffmpeg", "ffmpeg, for pictures of videos"),
    ("moto", "moto_server (pip install 'moto[server]'), which answers as Amazon S3 does"),
    ("sparse-files", "a file system with files of a terabyte that take no room"),
    ("strace", "strace, to see which processes a run starts and which files it opens"),
    ("trust-lists", "a folder of trust lists, named by COUNTERSIGN_TRUST_LISTS"),
];

/// Says that a test cannot be run here; fails under `CI` where the absence was not declared.
pub(crate) fn absent(name: &str, why: &str) {
    let ci = std::env::var("CI").unwrap_or_default();
    let without = std::env::var("COUNTERSIGN_WITHOUT").unwrap_or_default();
    if let Err(fault) = decide(name, why, &ci, &without) {
        panic!("{fault}");
    }
    eprintln!("skipped: {why}");
}

/// Whether a test may be skipped: what stands in `CI` and `COUNTERSIGN_WITHOUT` decides.
fn decide(name: &str, why: &str, ci: &str, without: &str) -> Result<(), String> {
    let known = |name: &str| KNOWN.iter().any(|(known, _)| *known == name);
    let declared: Vec<_> = without.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    if let Some(word) = declared.iter().chain([&name]).find(|word| !known(word)) {
        return Err(format!("COUNTERSIGN_WITHOUT: `{word}` is no prerequisite of these tests"));
    }
    if matches!(ci, "" | "0" | "false") || declared.contains(&name) {
        return Ok(());
    }
    Err(format!("{why}: under CI this must be there, or be named in COUNTERSIGN_WITHOUT={name}"))
}

/// A folder that a variable names. Not set: the prerequisite is absent. Set to what is no folder: the test fails.
fn folder(variable: &str, name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from) else {
        absent(name, &format!("{variable} is not set"));
        return None;
    };
    assert!(folder.is_dir(), "{variable} names {}, which is no folder", folder.display());
    Some(folder)
}

/// The sample corpus: `TRUTH.tsv` and what it labels.
pub(crate) fn corpus() -> Option<PathBuf> {
    folder("COUNTERSIGN_CORPUS", "corpus")
}

/// The trust lists that the labels of the corpus were made with.
pub(crate) fn trust_lists() -> Option<PathBuf> {
    folder("COUNTERSIGN_TRUST_LISTS", "trust-lists")
}

#[cfg(test)]
mod tests {
    use super::decide;

    #[test]
    fn an_absence_passes_by_hand_and_fails_under_ci_unless_declared() {
        for (ci, without, passes) in [
            ("", "", true),
            ("false", "", true),
            ("1", "", false),
            ("true", "corpus", false),
            ("true", "corpus, ffmpeg", true),
            ("", "ffmpg", false),
        ] {
            assert_eq!(decide("ffmpeg", "no ffmpeg here", ci, without).is_ok(), passes, "CI={ci} without {without}");
        }
        assert!(decide("ffmpge", "a slip of the pen", "", "").is_err());
    }
}
