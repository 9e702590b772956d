//! Exact digests of decoded content: equal digests are a fact, not a likeness.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::Pixels;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The digest of a picture as it is seen: its size and all pixels with the orientation applied, as red, green, blue and
/// alpha of 16 bits. An 8-bit picture equals the same picture kept in 16 bits, and gray equals the same gray in color.
pub fn pixel_digest(pixels: &Pixels<'_>) -> Digest {
    let (width, height) = pixels.seen_size();
    let mut hasher = Sha256::new();
    hasher.update(b"countersign.pixels/1\0");
    hasher.update((width as u64).to_le_bytes());
    hasher.update((height as u64).to_le_bytes());
    let mut row = Vec::with_capacity(width * 8);
    for y in 0..height {
        row.clear();
        pixels.each_seen_in_row(y, |pixel| {
            let [red, green, blue, alpha] = pixel.map(u64::from);
            // Four numbers of 16 bits, little-endian, at once.
            row.extend_from_slice(&(red | (green << 16) | (blue << 32) | (alpha << 48)).to_le_bytes());
        });
        hasher.update(&row);
    }
    Digest(hasher.finalize().into())
}

/// The digest of sound as it is decoded, taken in parts: number of channels, sample rate, and all samples.
///
/// Integers of up to 24 bits are given divided by the full scale of their type (2¹⁵, 2²³), which is exact: sound of
/// 16 bits equals the same sound kept in 24.
pub struct SampleDigest(Sha256);

impl SampleDigest {
    /// Begins a sound.
    pub fn new(channels: u16, sample_rate: u32) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"countersign.samples/1\0");
        hasher.update(channels.to_le_bytes());
        hasher.update(sample_rate.to_le_bytes());
        Self(hasher)
    }

    /// Adds samples, the channels interleaved.
    pub fn update(&mut self, samples: &[f32]) {
        let mut bytes = Vec::with_capacity(4096);
        for part in samples.chunks(1024) {
            bytes.clear();
            // Adding zero makes the negative zero that some decoders give equal to the plain one.
            part.iter().for_each(|sample| bytes.extend_from_slice(&(sample + 0.0).to_le_bytes()));
            self.0.update(&bytes);
        }
    }

    /// The digest of all that was added.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}
