//! Hostile input: cut and damaged samples must neither panic nor pass as whole.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::ops::RangeInclusive;
use std::path::Path;

use countersign::extract::{Options, bytes};
use countersign::limits;
use countersign::model::{Facts, Tag};

/// Formats whose end cannot be told from the bytes: a cut may go unnoticed, and why.
const NO_END: &[(&str, &str)] = &[
    ("mp3", "a stream of frames without a total length; tags may follow the last one"),
    ("aac", "a stream of frames without a total length"),
    ("mpeg-ts", "a stream of packets without a total length"),
    ("gzip", "what it unfolds to is judged as its member, and is cut with it"),
    ("mpeg-ps", "a stream of packs that may end anywhere"),
];

type Whole = (&'static str, &'static [RangeInclusive<usize>], &'static str);

/// Cuts that leave a whole, shorter file: sample, bytes that are left, why.
const WHOLE: &[Whole] = &[
    ("afcp-credit.jpg", &[870..=874], "the image is whole, and the trailer's mark is not there yet"),
    ("chunks-after-end.png", &[326..=333], "the image is whole, and a chunk's type is not there yet"),
    ("fotostation-credit.jpg", &[870..=873], "the image is whole, and the trailer's mark is at its end"),
    ("heif_samsung_sefd.heic", &[341..=344], "boxes stand alone; the first bytes of the next one look like padding"),
    ("monkey-ape.ape", &[140..=147], "the sound is whole, and the tag's mark is not there yet"),
    ("monkey-caption.ape", &[140..=147], "the sound is whole, and the tag's mark is not there yet"),
    ("mp4_fragmented.mp4", &[683..=686], "all that the index tells of is there"),
    ("mp4_xmp_caption.mp4", &[484..=485], "the movie is whole, and the next box looks like padding"),
    ("mp4_xmp_uuid.mp4", &[484..=485], "the movie is whole, and the next box looks like padding"),
    ("musepack-aigc.mpc", &[43..=43], "the stream has its last packet"),
    ("musepack-ape.mpc", &[43..=43], "the stream has its last packet"),
    ("ogg-chained.ogg", &[149..=149], "the first link of a chain is a whole file"),
    ("samsung-trailer.jpg", &[870..=900], "the image is whole, and the trailer's mark is at its end"),
    ("second-image-generated.jpg", &[936..=936], "the first image is whole and the second is not there"),
    ("tga-instrument.tga", &[66..=66], "the picture is whole, and the footer that tells of more is not there"),
    ("tga-parameters.tga", &[66..=66], "the picture is whole, and the footer that tells of more is not there"),
    ("tta-aigc.tta", &[94..=125], "the sound is whole, and too little of the tag is there to be told from padding"),
    ("tta-caption.tta", &[94..=125], "the sound is whole, and too little of the tag is there to be told from padding"),
    ("wavpack-caption.wv", &[32..=32], "all samples are there"),
    ("wavpack-ape.wv", &[32..=32], "all samples are there"),
    ("wavpack-wrapped.wv", &[106..=106], "all samples are there"),
    (
        "webm-live-aigc.webm",
        &[160..=160, 170..=170, 184..=184, 189..=189, 199..=199, 213..=213],
        "a live recording may stop behind any block",
    ),
    (
        "webm-live-words.webm",
        &[160..=160, 170..=170, 184..=184, 189..=189, 199..=199, 213..=213],
        "a live recording may stop behind any block",
    ),
];

/// Prefixes tried per sample.
const CUTS: usize = 200;
/// Damaged variants tried per sample.
const DAMAGED: u64 = 24;

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut out: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    out.retain(|p| p.extension().is_none_or(|e| e != "json"));
    out.sort();
    assert!(out.len() > 100);
    out.into_iter()
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect()
}

/// Runs a check over all samples on every core; what it says, in order.
fn each(check: fn(&str, &[u8]) -> Vec<String>) -> Vec<String> {
    let samples = samples();
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut said: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|n| {
                let own = samples.iter().skip(n).step_by(cores);
                scope.spawn(move || own.flat_map(|(name, data)| check(name, data)).collect::<Vec<_>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    said.sort();
    said
}

fn facts(data: &[u8]) -> Facts {
    bytes(data.to_vec(), &Options::default())
}

/// A tag without its offset: a cut may move what is assembled from several places.
fn said(tags: &[Tag]) -> Vec<(&str, &str, &str)> {
    tags.iter().map(|t| (t.space.as_str(), t.key.as_str(), t.value.as_str())).collect()
}

#[test]
fn a_cut_file_never_passes_as_whole() {
    let wrong = each(|name, data| {
        let whole = facts(data);
        let format = whole.format.map(|id| id.to_string()).unwrap_or_default();
        if NO_END.iter().any(|(id, _)| *id == format) {
            return Vec::new();
        }
        let all = said(&whole.tags);
        let step = (data.len() / CUTS).max(1);
        let mut wrong = Vec::new();
        for cut in (0..data.len()).step_by(step) {
            let part = facts(&data[..cut]);
            // Bytes that no reader claims are judged by the file's name, not here.
            if part.format != whole.format || part.problems.iter().any(|p| p.blocking) {
                continue;
            }
            let got = said(&part.tags);
            let lost = all.iter().any(|tag| !got.contains(tag));
            let whole = |(sample, cuts, _): &Whole| *sample == name && cuts.iter().any(|range| range.contains(&cut));
            if lost && !WHOLE.iter().any(whole) {
                wrong.push(cut);
            }
        }
        if wrong.is_empty() { Vec::new() } else { vec![format!("{name}: of {}, {wrong:?}", data.len())] }
    });
    assert!(wrong.is_empty(), "cuts that lose tags silently: {wrong:#?}");
}

#[test]
fn cuts_that_leave_a_whole_file_are_still_needed() {
    let samples = samples();
    for (name, cuts, why) in WHOLE {
        let (_, data) = samples.iter().find(|(sample, _)| sample == name).unwrap();
        for len in cuts.iter().flat_map(|range| [*range.start(), *range.end()]) {
            let part = facts(&data[..len]);
            assert!(!part.problems.iter().any(|p| p.blocking), "{name} cut at {len} ({why}): {:?}", part.problems);
        }
    }
}

/// Damage anywhere: no panic, no runaway, every problem bounded.
#[test]
fn damage_is_survived() {
    let wrong = each(|name, data| {
        let mut wrong = Vec::new();
        let mut state = data.len() as u64 | 1;
        for case in 0..DAMAGED {
            let mut damaged = data.to_vec();
            for _ in 0..=case {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Half of the damage goes where the structure is.
                let within = if case % 2 == 0 { data.len() } else { data.len().min(512) };
                let at = (state >> 33) as usize % within.max(1);
                if let Some(byte) = damaged.get_mut(at) {
                    *byte ^= (state >> 17) as u8 | 1;
                }
            }
            let facts = facts(&damaged);
            if facts.problems.len() > limits::PROBLEMS || facts.tags.len() > limits::TAGS + 1 {
                wrong.push(format!("{name}: {} problems, {} tags", facts.problems.len(), facts.tags.len()));
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}
