//! Clips as bags of frames: which stretches of a clip show which reference.

use serde::Serialize;

use crate::{PictureMatch, Relation};

/// Frames that are farther apart than this belong to two stretches, in milliseconds.
const STRETCH_GAP_MS: u32 = 2500;
/// A single frame of a clip may be a look-alike; a copy shows at least this many.
const LEAST_FRAMES: usize = 2;

/// A stretch of a clip that shows a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MatchedSpan {
    /// The time of the first frame that matches, in milliseconds.
    pub start_ms: u32,
    /// The time of the last one.
    pub end_ms: u32,
    /// The time in the reference of what the first frame shows; 0 for a still.
    pub reference_start_ms: u32,
    /// How many frames match.
    pub frames: u32,
}

/// A reference that is recognized in a clip.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClipMatch {
    /// The number of the reference in the index.
    pub reference: usize,
    /// `Copy` or `Look`.
    pub relation: Relation,
    /// How many frames match.
    pub frames: u32,
    /// The nearest frame.
    pub best: PictureMatch,
    /// Where, in order of time.
    pub spans: Vec<MatchedSpan>,
}

/// Gathers the matches of single frames, each with its time in the clip, to one match a reference. `frames_of` gives
/// the number of comparable frames of a reference, and `probed` is that of the clip.
pub(crate) fn gather(
    mut found: Vec<(u32, PictureMatch)>,
    probed: usize,
    frames_of: impl Fn(usize) -> usize,
) -> Vec<ClipMatch> {
    found.sort_by_key(|(time, found)| (found.reference, *time, found.order()));
    let mut clips: Vec<ClipMatch> = found
        .chunk_by(|a, b| a.1.reference == b.1.reference)
        .filter_map(|group| {
            let best = group.iter().map(|(_, found)| found).min_by_key(|found| found.order())?.clone();
            let copies = group.iter().filter(|(_, found)| found.relation == Relation::Copy).count();
            let needed = LEAST_FRAMES.min(probed).min(frames_of(best.reference));
            let relation = if copies >= needed.max(1) { Relation::Copy } else { Relation::Look };
            let told = group.iter().filter(|(_, found)| found.relation <= relation);
            let spans = spans(&told.collect::<Vec<_>>());
            let frames = spans.iter().map(|span| span.frames).sum();
            Some(ClipMatch { reference: best.reference, relation, frames, best, spans })
        })
        .collect();
    clips.sort_by_key(|clip| (clip.relation, clip.best.distance, clip.reference));
    clips
}

fn spans(found: &[&(u32, PictureMatch)]) -> Vec<MatchedSpan> {
    let runs = found.chunk_by(|a, b| b.0 - a.0 <= STRETCH_GAP_MS);
    runs.map(|run| MatchedSpan {
        start_ms: run[0].0,
        end_ms: run[run.len() - 1].0,
        reference_start_ms: run[0].1.time_ms,
        frames: run.len() as u32,
    })
    .collect()
}
