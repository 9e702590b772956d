//! Extraction of a sound or picture stream: codec, rate, channels, duration, size. Spaces `audio` and `image`.

use crate::tags::{Place, push};
use countersign_model::Extraction;

/// What a header says of its sound; zero and empty mean unsaid.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audio {
    /// The codec's name: `PCM`, `AAC`, `FLAC`.
    pub codec: String,
    /// Hertz.
    pub rate: u32,
    /// How many channels.
    pub channels: u32,
    /// Bits of a sample.
    pub bits: u32,
    /// Duration in seconds.
    pub seconds: f64,
}

/// Writes what is known.
pub fn audio(stream: &Audio, at: &Place, out: &mut Extraction) {
    if !stream.codec.is_empty() {
        push(out, ("audio", "Codec"), stream.codec.as_str(), at, 0);
    }
    for (key, value) in [("SampleRate", stream.rate), ("Channels", stream.channels), ("BitsPerSample", stream.bits)] {
        if value != 0 {
            push(out, ("audio", key), value.to_string(), at, 0);
        }
    }
    if stream.seconds.is_finite() && stream.seconds > 0.0 {
        push(out, ("audio", "Duration"), format!("{:.3}", stream.seconds), at, 0);
    }
}

/// Writes a picture's size in pixels.
pub fn picture(width: u32, height: u32, at: &Place, out: &mut Extraction) {
    push(out, ("image", "Width"), width.to_string(), at, 0);
    push(out, ("image", "Height"), height.to_string(), at, 0);
}
