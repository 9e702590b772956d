//! Where two clips or sounds agree, in words, and the frames that a page of a comparison shows of clips.

use std::path::Path;

use serde_json::Value;

use countersign_engine::shown::Shown;
use countersign_matching::{Asset, Comparison, PictureProbe, PictureReference, compare};

/// Stretches that are told one by one.
const TOLD: usize = 3;
/// Speeds that differ by less than this are equal.
const SPEED: f64 = 1e-6;

/// The times in the first and the second file, in milliseconds, of frames that show the same: those at the beginning of the
/// longest stretch, and the first frames where there is none.
pub(super) fn times(comparison: &Comparison) -> [u32; 2] {
    let spans = comparison.picture.iter().flat_map(|found| &found.spans);
    let longest = spans.max_by_key(|span| (span.frames, std::cmp::Reverse(span.start_ms)));
    let [picture, reference] = longest.map_or([0, 0], |span| [span.start_ms, span.reference_start_ms]);
    if comparison.reversed { [reference, picture] } else { [picture, reference] }
}

/// What two frames, or a still and a frame, have in common.
pub(super) fn of_frames(a: &Shown, b: &Shown) -> Comparison {
    let asset = |shown: &Shown| Asset {
        probes: vec![(0, PictureProbe::new(&shown.luma))],
        frames: vec![PictureReference::new(&shown.luma, 0)],
        ..Asset::default()
    };
    compare(&asset(a), &asset(b))
}

/// What a file is called on the page that shows a frame of it.
pub(super) fn name(path: &Path, time_ms: Option<u32>) -> String {
    let name = countersign_engine::walk::lossless(path);
    time_ms.map_or_else(|| name.clone(), |time| format!("{name}, at {}", clock(time)))
}

/// Titles and sentences about where two clips or sounds agree; nothing for two stills.
pub(super) fn words(value: &Value, moves: bool) -> Vec<(&'static str, String)> {
    let reversed = value.get("reversed").and_then(Value::as_bool).unwrap_or_default();
    let [one, other] = if reversed { ["B", "A"] } else { ["A", "B"] };
    let mut out = Vec::new();
    let spans = || value.pointer("/picture/spans").and_then(Value::as_array).into_iter().flatten();
    for span in spans().take(TOLD).filter(|_| moves) {
        let time = |key: &str| clock(span.get(key).and_then(Value::as_u64).unwrap_or_default() as u32);
        let (from, to, there) = (time("start_ms"), time("end_ms"), time("reference_start_ms"));
        out.push(("Frames", format!("{one} from {from} to {to} shows {other} from {there} on")));
    }
    let more = spans().count().saturating_sub(TOLD);
    if moves && more > 0 {
        out.push(("Frames", format!("and {more} more stretches: --json has them all")));
    }
    out.extend(heard(value, [one, other]).map(|words| ("Sound", words)));
    out
}

/// The sentence about a stretch of sound that was found in both.
fn heard(value: &Value, [one, other]: [&str; 2]) -> Option<String> {
    let sound = value.get("sound").filter(|sound| sound["relation"] != "different")?;
    let number = |key: &str| sound.get(key).and_then(Value::as_f64);
    let time = |key: &str| number(key).map(|seconds| clock((seconds.max(0.0) * 1000.0) as u32));
    let speed = number("speed").filter(|speed| (speed - 1.0).abs() > SPEED);
    let speed = speed.map(|speed| format!(", at {speed:.3} of its speed")).unwrap_or_default();
    let share = number("heard")? * 100.0;
    Some(format!(
        "in {one} from {} to {} is heard {other} from {} on{speed}; {share:.0} % of its peaks are there",
        time("start")?,
        time("end")?,
        time("reference_start")?
    ))
}

/// `0:01:02.5`.
fn clock(milliseconds: u32) -> String {
    let (seconds, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100);
    format!("{}:{:02}:{:02}.{tenths}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
