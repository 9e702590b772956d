//! What a medium says of itself as a clip: length, size, rate, the timecode of its first frame. For `inspect`.

use serde_json::{Map, Value, json};

use countersign_model::Tag;

/// The keys that say it, surest first.
const START: &[(&str, &str)] = &[("clip", "StartTimecode"), ("dpx", "TimeCode"), ("exr", "timeCode")];
const RATE: &[(&str, &str)] = &[("clip", "FrameRate"), ("exr", "framesPerSecond")];
const SECONDS: &[(&str, &str)] = &[("clip", "Duration"), ("image", "Duration"), ("audio", "Duration")];
const WIDTH: &[(&str, &str)] = &[("image", "Width")];
const HEIGHT: &[(&str, &str)] = &[("image", "Height")];

/// What is known of the clip; of files beside it and covers nothing is taken.
pub(super) struct Clip<'t> {
    start: Option<&'t str>,
    rate: Option<&'t str>,
    seconds: Option<f64>,
    size: Option<(u64, u64)>,
}

impl<'t> Clip<'t> {
    pub(super) fn of(tags: &'t [Tag]) -> Self {
        let said = |keys: &[(&str, &str)]| {
            keys.iter().find_map(|(space, key)| {
                let own = |tag: &&Tag| tag.via.is_own() && tag.space == *space && tag.key == *key;
                tags.iter().find(own).map(|tag| tag.value.as_str())
            })
        };
        let number = |keys| said(keys).and_then(|text| text.parse::<u64>().ok());
        Self {
            start: said(START),
            rate: said(RATE),
            seconds: said(SECONDS).and_then(|text| text.parse().ok()).filter(|seconds: &f64| seconds.is_finite()),
            size: number(WIDTH).zip(number(HEIGHT)),
        }
    }

    /// `1920 × 1080 pixels, 12.480 s, 24000/1001 frames a second, starts at 01:00:00:00`; nothing where nothing is known.
    pub(super) fn line(&self) -> Option<String> {
        let size = self.size.map(|(width, height)| format!("{width} × {height} pixels"));
        let seconds = self.seconds.map(duration);
        let rate = self.rate.map(|rate| format!("{rate} frames a second"));
        let start = self.start.map(|start| format!("starts at {start}"));
        let known: Vec<String> = [size, seconds, rate, start].into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.join(", "))
    }

    /// The same for machines, with what is known only.
    pub(super) fn json(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Option<Value>| out.extend(value.map(|value| (name.to_owned(), value)));
        put("width", self.size.map(|(width, _)| json!(width)));
        put("height", self.size.map(|(_, height)| json!(height)));
        put("seconds", self.seconds.map(|seconds| json!(seconds)));
        put("rate", self.rate.map(|rate| json!(rate)));
        put("start", self.start.map(|start| json!(start)));
        Value::Object(out)
    }
}

/// `12.480 s`, `1 min 30.500 s`, `2 h 0 min 1.000 s`.
fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0);
    let (hours, minutes) = ((whole / 3600.0).floor(), (whole % 3600.0 / 60.0).floor());
    let rest = format!("{:.3} s", whole % 60.0);
    match (hours > 0.0, minutes > 0.0) {
        (true, _) => format!("{hours:.0} h {minutes:.0} min {rest}"),
        (false, true) => format!("{minutes:.0} min {rest}"),
        (false, false) => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_is_told_as_far_as_it_is_known() {
        let tag = |space: &str, key: &str, value: &str| Tag {
            space: space.into(),
            key: key.into(),
            value: value.into(),
            ..Tag::default()
        };
        assert_eq!(Clip::of(&[]).line(), None);
        let tags = [
            tag("image", "Width", "1920"),
            tag("image", "Height", "1080"),
            tag("clip", "Duration", "90.5"),
            tag("clip", "StartTimecode", "01:00:00:00"),
        ];
        let clip = Clip::of(&tags);
        assert_eq!(clip.line().unwrap(), "1920 × 1080 pixels, 1 min 30.500 s, starts at 01:00:00:00");
        assert_eq!(clip.json(), json!({"width": 1920, "height": 1080, "seconds": 90.5, "start": "01:00:00:00"}));
        assert_eq!(duration(7201.0), "2 h 0 min 1.000 s");
    }
}
