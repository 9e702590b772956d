//! Hostile input: cut and damaged samples must neither panic nor pass as whole.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::{Path, PathBuf};

use countersign::extract::{Options, bytes};
use countersign::model::{Facts, Tag};
use proptest::prelude::*;

/// Formats whose end cannot be told from the bytes: a cut may go unnoticed, and why.
const NO_END: &[(&str, &str)] = &[
    ("mp3", "a stream of frames without a total length; tags may follow the last one"),
    ("aac", "a stream of frames without a total length"),
    ("mpeg-ts", "a stream of packets without a total length"),
    ("mpeg-ps", "a stream of packs that may end anywhere"),
    ("webm", "a live recording has no total length"),
    ("dpx", "user data is as long as the header says, the picture is not read"),
];

/// Prefixes tried per sample.
const CUTS: usize = 400;

fn samples() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut out: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    out.retain(|p| p.extension().is_none_or(|e| e != "json"));
    out.sort();
    assert!(!out.is_empty());
    out.into_iter().map(|p| (p.clone(), std::fs::read(p).unwrap())).collect()
}

fn facts(data: &[u8]) -> Facts {
    bytes(data.to_vec(), &Options::default())
}

/// A tag without its offset: a cut may move what is assembled from several places.
fn said(tags: &[Tag]) -> Vec<(String, String, String)> {
    tags.iter().map(|t| (t.space.clone(), t.key.clone(), t.value.clone())).collect()
}

#[test]
fn a_cut_file_never_passes_as_whole() {
    let mut wrong = Vec::new();
    for (path, data) in samples() {
        let whole = facts(&data);
        let format = whole.format.clone().unwrap_or_default();
        if NO_END.iter().any(|(id, _)| *id == format) {
            continue;
        }
        let step = (data.len() / CUTS).max(1);
        for cut in (0..data.len()).step_by(step) {
            let part = facts(&data[..cut]);
            // Bytes that no reader claims are judged by the file's name, not here.
            if part.format != whole.format || part.problems.iter().any(|p| p.blocking) {
                continue;
            }
            let (got, all) = (said(&part.tags), said(&whole.tags));
            if all.iter().any(|tag| !got.contains(tag)) {
                wrong.push(format!("{}: cut at {cut} of {} loses tags silently", path.display(), data.len()));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Damage anywhere: no panic, no runaway, every problem bounded.
    #[test]
    fn damage_is_survived(seed in any::<u64>(), flips in 1usize..24) {
        for (path, data) in samples() {
            let mut damaged = data.clone();
            let mut state = seed | 1;
            for _ in 0..flips {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if damaged.is_empty() { break; }
                let at = (state >> 33) as usize % damaged.len();
                damaged[at] ^= (state >> 17) as u8 | 1;
            }
            let facts = facts(&damaged);
            prop_assert!(facts.problems.len() <= countersign::limits::PROBLEMS, "{}", path.display());
            prop_assert!(facts.tags.len() <= countersign::limits::TAGS + 1, "{}", path.display());
        }
    }
}
