//! The range of an approval, as people write it (`frames 1001-1048`, `01:02:03:00-01:02:09:12`), and whether what a cut
//! plays lies in it.
//!
//! Timecode is SMPTE ST 12-1. A range may be meant of the medium or of the programme, and its last frame as in it or not:
//! what holds in either reading is covered.

use countersign_model::{TimelineRange, Use};
use countersign_timelines::{Rate, Timecode};

/// Ranges of one record that are read.
const MOST: usize = 64;

/// One range as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Written {
    Frames(i64, i64),
    Timecodes(String, String),
}

/// Whether a played use lies in the written range; `None` where the text is no range that can be compared.
#[must_use]
pub fn covers(text: &str, of: &Use) -> Option<bool> {
    let ranges = parse(text)?;
    Some(ranges.iter().any(|range| [&of.source, &of.record].into_iter().any(|played| holds(range, played))))
}

fn parse(text: &str) -> Option<Vec<Written>> {
    let parts: Vec<_> = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > MOST {
        return None;
    }
    parts.into_iter().map(one).collect()
}

fn one(text: &str) -> Option<Written> {
    let lower = text.to_ascii_lowercase();
    let words = ["frames", "frame", "timecodes", "timecode", "tc"];
    let plain = words.iter().find_map(|word| lower.strip_prefix(word)).unwrap_or(&lower).trim_start_matches(':').trim();
    let (from, to) = ["..", "\u{2013}", "\u{2014}", " to ", "-"]
        .iter()
        .find_map(|between| plain.split_once(between))
        .unwrap_or((plain, plain));
    let (from, to) = (from.trim(), to.trim());
    if let (Ok(from), Ok(to)) = (from.parse::<i64>(), to.parse::<i64>()) {
        return (from <= to).then_some(Written::Frames(from, to));
    }
    let is_timecode = |text: &str| Timecode::parse(text, Rate::FILM, false).is_some();
    (is_timecode(from) && is_timecode(to)).then(|| Written::Timecodes(from.to_owned(), to.to_owned()))
}

fn holds(range: &Written, played: &TimelineRange) -> bool {
    let (start, end) = (played.start, played.start.saturating_add(played.duration));
    match range {
        Written::Frames(from, to) => {
            let inside = |start: i64, end: i64| start >= from.saturating_sub(1) && end <= to.saturating_add(1);
            // A medium with a timecode of its own counts from there: how many frames are played can be told all the same.
            let hours = rate(&played.rate).map_or(i64::MAX, |rate| i64::from(rate.nominal()).saturating_mul(3600));
            let apart = start > *to && start >= hours;
            inside(start, end) || (apart && played.duration <= to.saturating_sub(*from).saturating_add(1))
        }
        Written::Timecodes(from, to) => {
            let Some(rate) = rate(&played.rate) else { return false };
            let drop = played.from.contains(';');
            let frames = |text: &str| Timecode::parse(text, rate, drop).map(|timecode| timecode.frames);
            match (frames(from), frames(to)) {
                (Some(from), Some(to)) => start >= from && end <= to.saturating_add(1),
                _ => false,
            }
        }
    }
}

fn rate(text: &str) -> Option<Rate> {
    let (over, under) = text.split_once('/').unwrap_or((text, "1"));
    Rate::new(over.trim().parse().ok()?, under.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(start: i64, duration: i64, record: i64) -> Use {
        let range = |start| TimelineRange { rate: "24".to_owned(), start, duration, ..TimelineRange::default() };
        Use { source: range(start), record: range(record), ..Use::default() }
    }

    #[test]
    fn what_is_played_lies_in_the_range_or_not() {
        let use_of = played(10, 24, 86_400);
        for (text, expected) in [
            ("frames 0-100", Some(true)),
            ("frames 10-33", Some(true)),
            ("0-9, 10-34", Some(true)),
            ("frames 0-20", Some(false)),
            ("frame 10", Some(false)),
            ("01:00:00:00-01:00:01:00", Some(true)),
            ("01:00:00:00 to 01:00:00:12", Some(false)),
            ("00:00:00:00\u{2013}00:00:02:00", Some(true)),
            ("the second shot", None),
            ("", None),
            ("20-10", None),
        ] {
            assert_eq!(covers(text, &use_of), expected, "{text}");
        }
        let of_a_day = played(90_000, 24, 86_400);
        assert_eq!((covers("frames 0-30", &of_a_day), covers("frames 0-9", &of_a_day)), (Some(true), Some(false)));
    }
}
