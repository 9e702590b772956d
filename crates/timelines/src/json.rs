//! The shape of `countersign timeline --json`.

use crate::model::{Event, Part, Speed, TimeRange, Timeline};
use serde::Serialize;
use serde_json::{Value, json};

/// A range as it is printed.
#[derive(Debug, Serialize)]
struct Range {
    start: i64,
    duration: i64,
    rate: f64,
}

impl From<TimeRange> for Range {
    fn from(range: TimeRange) -> Self {
        Self { start: range.start, duration: range.duration, rate: rounded(range.rate.as_f64()) }
    }
}

fn rounded(rate: f64) -> f64 {
    (rate * 1000.0).round() / 1000.0
}

/// All timelines; `asset` says what each event conforms to.
pub fn timelines(timelines: &[Timeline], mut asset: impl FnMut(usize, &Event) -> Option<String>) -> Value {
    let listed: Vec<Value> = timelines
        .iter()
        .enumerate()
        .map(|(index, timeline)| {
            let edits = timeline.events.iter().filter(|event| event.part == Part::Edit);
            let events: Vec<Value> = edits.map(|event| event_json(event, asset(index, event))).collect();
            json!({
                "name": timeline.name,
                "format": timeline.format.id(),
                "rate": timeline.rate.to_string(),
                "start": timeline.start.map(|start| start.to_string()),
                "events": events,
            })
        })
        .collect();
    json!({ "timelines": listed })
}

fn event_json(event: &Event, asset: Option<String>) -> Value {
    let mut source = json!(Range::from(event.source));
    if let (Some(position), Some(fields)) = (event.source_position, source.as_object_mut()) {
        fields.insert("start".into(), json!(position.units));
        fields.insert("start_rate".into(), json!(rounded(position.rate.as_f64())));
    }
    let speed = match event.speed {
        Speed::Normal => Value::Null,
        Speed::Constant(factor) => json!(factor),
        Speed::Freeze => json!(0.0),
        Speed::Varying => json!("varying"),
    };
    json!({
        "id": event.id,
        "track": event.track,
        "kind": event.kind.id(),
        "name": event.name,
        "media": event.media,
        "reel": event.reel,
        "source": source,
        "shown": event.shown.map(Range::from),
        "speed": speed,
        "record": Range::from(event.record),
        "played": event.played.filter(|_| event.enabled).map(Range::from),
        "enabled": event.enabled,
        "asset": asset,
    })
}
