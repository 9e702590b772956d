//! A medium as a clip: what its facts say of start timecode, rate, length, size, reel and identity, in one shape for all
//! formats. Timelines are conformed by it, and `inspect` shows it.

use countersign_model::Tag;
use countersign_timelines::{Identity, Rate, TimeRange, Timecode};

/// What a medium says of itself as a clip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clip {
    /// The timecode of the first frame as it is written; of sound hours, minutes and seconds.
    pub start: Option<String>,
    /// Frames per second.
    pub rate: Option<Rate>,
    /// Samples since midnight and how many a second, where sound counts so.
    pub samples: Option<(u64, u32)>,
    /// The length in seconds.
    pub seconds: Option<f64>,
    /// Width and height in pixels.
    pub size: Option<(u64, u64)>,
    /// The reels or tapes that it came from.
    pub reels: Vec<String>,
    /// UMIDs that stand in the file, each in every order of bytes in which it may be written elsewhere.
    pub identities: Vec<Identity>,
}

/// The keys of a start timecode, surest first.
const STARTS: &[(&str, &str)] = &[("clip", "StartTimecode"), ("dpx", "TimeCode"), ("exr", "timeCode")];
/// The keys of a rate.
const RATES: &[(&str, &str)] = &[("clip", "FrameRate"), ("exr", "framesPerSecond")];
/// The keys of a length in seconds.
const LENGTHS: &[(&str, &str)] = &[("clip", "Duration"), ("image", "Duration"), ("audio", "Duration")];
/// The keys of UMIDs.
const UMIDS: &[(&str, &str)] = &[("clip", "UMID"), ("bext", "UMID")];
/// The keys of reels.
const REELS: &[(&str, &str)] = &[("clip", "Reel"), ("exr", "reelName"), ("iXML", "TAPE")];

impl Clip {
    /// What the tags of a file say; what others say of it (covers, sidecars) is not its own.
    #[must_use]
    pub fn of(tags: &[Tag]) -> Self {
        let all = |keys: &'static [(&str, &str)]| {
            keys.iter().flat_map(|(space, key)| {
                tags.iter().filter(move |tag| tag.via.is_own() && tag.space == *space && tag.key == *key)
            })
        };
        let first = |keys| all(keys).next().map(|tag| tag.value.as_str());
        let number = |space, key| {
            let tag = tags.iter().find(|tag| tag.via.is_own() && tag.space == space && tag.key == key)?;
            tag.value.parse::<u64>().ok()
        };
        let hertz =
            number("audio", "SampleRate").and_then(|hertz| u32::try_from(hertz).ok()).filter(|hertz| *hertz > 0);
        let samples = number("bext", "TimeReference").filter(|samples| *samples > 0).zip(hertz);
        let mut identities: Vec<Identity> = Vec::new();
        for spelled in all(UMIDS).filter_map(|tag| Identity::parse(&tag.value)).flat_map(|umid| umid.spellings()) {
            if !identities.contains(&spelled) {
                identities.push(spelled);
            }
        }
        Self {
            start: first(STARTS).map(str::to_owned).or_else(|| samples.map(|(count, hertz)| clock(count, hertz))),
            rate: first(RATES).and_then(rate),
            samples,
            seconds: first(LENGTHS).and_then(|text| text.parse().ok()),
            size: number("image", "Width").zip(number("image", "Height")),
            reels: all(REELS).map(|tag| tag.value.to_string()).collect(),
            identities,
        }
    }

    /// Start and length in units, where both are known; `rate` counts where the file does not say how.
    #[must_use]
    pub fn range(&self, rate: Rate) -> Option<TimeRange> {
        let seconds = self.seconds.filter(|seconds| *seconds > 0.0)?;
        let (start, rate) = match (self.samples, &self.start) {
            (Some((samples, hertz)), _) => (i64::try_from(samples).ok()?, Rate::new(hertz, 1)?),
            (None, Some(text)) => {
                let rate = self.rate.unwrap_or(rate);
                (Timecode::parse(text, rate, text.contains(';'))?.frames, rate)
            }
            (None, None) => return None,
        };
        Some(TimeRange { start, duration: (seconds * rate.as_f64()).round() as i64, rate })
    }
}

/// A rate as headers write it: `24`, `24000/1001`.
fn rate(text: &str) -> Option<Rate> {
    let mut parts = text.split('/').map(|part| part.trim().parse::<u32>().ok());
    let (over, under) = (parts.next()??, parts.next().unwrap_or(Some(1))?);
    Rate::new(over, under)
}

/// Samples since midnight as a time of day.
fn clock(samples: u64, hertz: u32) -> String {
    let milliseconds = u128::from(samples) * 1000 / u128::from(hertz.max(1));
    let seconds = milliseconds / 1000;
    format!("{:02}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, milliseconds % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tags: &[(&str, &str, &str)]) -> Clip {
        let tag = |(space, key, value): &(&str, &str, &str)| Tag {
            space: (*space).into(),
            key: (*key).into(),
            value: (*value).into(),
            ..Tag::default()
        };
        Clip::of(&tags.iter().map(tag).collect::<Vec<_>>())
    }

    #[test]
    fn pictures_count_frames_and_sounds_count_samples() {
        let movie = of(&[
            ("clip", "StartTimecode", "01:00:00;02"),
            ("clip", "FrameRate", "30000/1001"),
            ("clip", "Duration", "2.002"),
        ]);
        let range = movie.range(Rate::FILM).unwrap();
        assert_eq!((range.start, range.duration), (107_894, 60));
        let sound = of(&[
            ("bext", "TimeReference", "172800000"),
            ("audio", "SampleRate", "48000"),
            ("audio", "Duration", "1.0"),
        ]);
        assert_eq!(sound.start.as_deref(), Some("01:00:00.000"));
        assert_eq!(sound.range(Rate::FILM).map(|range| (range.start, range.duration)), Some((172_800_000, 48_000)));
        let frame = of(&[("exr", "timeCode", "01:00:00:05"), ("image", "Width", "4"), ("image", "Height", "2")]);
        assert_eq!((frame.range(Rate::FILM), frame.size), (None, Some((4, 2))));
    }

    #[test]
    fn what_is_written_wrongly_is_not_known() {
        assert_eq!(
            of(&[("clip", "FrameRate", "1/0"), ("clip", "Duration", "x"), ("bext", "UMID", "00")]),
            Clip::default()
        );
    }
}
