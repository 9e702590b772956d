//! What a medium says of itself as a clip, for `inspect`: size of the picture, length, start timecode, reels.

use serde_json::{Map, Value, json};

use super::reporting::width;
use countersign_engine::clip::Clip;
use countersign_report::escape::{shorten, terminal};
use countersign_report::layout::wrap;

/// Characters of a value that are shown.
const VALUE: usize = 200;

/// Rows for people; none where nothing is known.
pub(super) fn rows(out: &mut String, clip: &Clip) {
    let mut row = |label: &str, text: &str| out.push_str(&wrap(label, &terminal(&shorten(text, VALUE)), width()));
    let rate = clip.rate.map(|rate| format!(", {rate} frames a second")).unwrap_or_default();
    if let Some((width, height)) = clip.size {
        row("  Picture   ", &format!("{width} x {height} pixels{rate}"));
    }
    if let Some(seconds) = clip.seconds {
        row("  Duration  ", &length(seconds));
    }
    if let Some(start) = &clip.start {
        row("  Timecode  ", &format!("starts at {start}"));
    }
    for reel in clip.reels.iter().filter(|reel| !reel.is_empty()) {
        row("  Reel      ", reel);
    }
}

/// The same for machines, with what is known only.
pub(super) fn object(clip: &Clip) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| out.extend(value.map(|value| (name.to_owned(), value)));
    put("width", clip.size.map(|(width, _)| json!(width)));
    put("height", clip.size.map(|(_, height)| json!(height)));
    put("seconds", clip.seconds.filter(|seconds| seconds.is_finite()).map(|seconds| json!(seconds)));
    put("rate", clip.rate.map(|rate| json!(rate.to_string())));
    put("start", clip.start.as_ref().map(|start| json!(start)));
    put("reels", Some(json!(clip.reels)).filter(|_| !clip.reels.is_empty()));
    Value::Object(out)
}

/// Seconds as hours, minutes and seconds.
fn length(seconds: f64) -> String {
    let milliseconds = (seconds * 1000.0).round() as u64;
    let whole = milliseconds / 1000;
    format!("{}:{:02}:{:02}.{:03}", whole / 3600, whole / 60 % 60, whole % 60, milliseconds % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_model::Tag;

    #[test]
    fn a_clip_is_told_as_far_as_it_is_known() {
        let tag = |space: &str, key: &str, value: &str| Tag {
            space: space.into(),
            key: key.into(),
            value: value.into(),
            ..Tag::default()
        };
        let mut out = String::new();
        rows(&mut out, &Clip::of(&[]));
        assert_eq!(out, "");
        let tags = [
            tag("image", "Width", "1920"),
            tag("image", "Height", "1080"),
            tag("clip", "Duration", "7201.5"),
            tag("clip", "StartTimecode", "01:00:00:00"),
            tag("clip", "Reel", "A001"),
        ];
        let clip = Clip::of(&tags);
        rows(&mut out, &clip);
        for row in ["1920 x 1080 pixels\n", "2:00:01.500\n", "starts at 01:00:00:00\n", "A001\n"] {
            assert!(out.contains(row), "{out}");
        }
        let known =
            json!({"width": 1920, "height": 1080, "seconds": 7201.5, "start": "01:00:00:00", "reels": ["A001"]});
        assert_eq!(object(&clip), known);
    }
}
