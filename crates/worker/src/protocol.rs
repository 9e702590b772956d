//! What scanner and worker say to each other: one line of JSON and the bytes that it announces, both ways.
//!
//! The first line is a [`Setup`] and has no answer. Each [`Request`] is followed by its payload and answered by one or
//! more [`Reply`]s with theirs; the last one says that no more follow. Neither side believes a length of the other's
//! beyond its own bound.

use std::ffi::OsString;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a worker is started with.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Setup {
    /// Bytes of address space that are granted at most.
    pub memory: u64,
    /// What verification needs; the credentials module writes and reads it.
    pub verification: Value,
}

/// One job, and what it may take; the payload follows the line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    pub job: Job,
    /// Bytes of address space that are granted.
    pub memory: u64,
    /// Seconds of computing that are granted.
    pub seconds: u64,
    /// Bytes that follow.
    pub payload: u64,
}

/// Kinds of work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Job {
    /// Verify Content Credentials; the payload is the manifest store, the rest is for the credentials module.
    Verify(Value),
    /// Decode the picture in the payload to all its pixels.
    Pixels { format: PictureFormat, most_pixels: u64 },
    /// Reduce the pictures in the payload, which stand one after another, to gray ones.
    Grays { pictures: Vec<EncodedPicture>, most_pixels: u64, side: u32 },
    /// Make a small JPEG of the picture in a file, or in the payload where no path is given.
    PreviewPicture { path: Option<OsString>, side: u32 },
    /// Measure the loudness of the sound in a file in so many columns.
    Waveform { path: OsString, columns: usize },
    /// Make a small JPEG of the first good frame of a video.
    VideoFrame { path: OsString, side: u32 },
    /// Make small gray frames of a video, one a second and at most so many, in several replies.
    Frames { path: OsString, side: u32, most: u32 },
    /// Decode the sound in a file to one channel of 16-bit samples at this rate, in several replies.
    Sound { path: OsString, rate: u32, most_samples: u64 },
    /// Decode the sound in a file to all its samples in all its channels, in several replies.
    ExactSound { path: OsString },
}

/// A picture in a payload: of its own format where none is said.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EncodedPicture {
    pub format: Option<PictureFormat>,
    pub bytes: u64,
}

/// Picture formats that a worker is asked to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureFormat {
    Bmp,
    Jpeg,
    Png,
    Tiff,
    WebP,
}

impl PictureFormat {
    /// The format whose files usually have this extension.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "bmp" => Self::Bmp,
            "jpg" => Self::Jpeg,
            "png" => Self::Png,
            "tif" => Self::Tiff,
            "webp" => Self::WebP,
            _ => return None,
        })
    }
}

/// The answer to a request; its payload follows the line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply {
    pub answer: Answer,
    /// Bytes that follow.
    pub payload: u64,
    /// Whether another reply to the same request follows.
    #[serde(default)]
    pub more: bool,
}

/// What came of a job.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The verdict, for the credentials module.
    Verified(Value),
    /// Pixels row by row in the payload.
    Pixels { width: u32, height: u32, channels: u8 },
    /// Width and height of each gray picture that could be made; the pixels stand one after another in the payload.
    Grays(Vec<Option<(u32, u32)>>),
    /// A JPEG file in the payload.
    Jpeg,
    /// Loudness of each column, 0 to 100.
    Waveform(Vec<u8>),
    /// A piece of sound in the payload, the channels interleaved, as 32-bit floats, little-endian.
    ExactSamples { channels: u16, rate: u32 },
    /// A gray frame in the payload.
    Frame { width: u32, height: u32 },
    /// No further frame follows; whether the video was read to its end.
    FramesEnded { whole: bool },
    /// A piece of sound in the payload, little-endian.
    Samples,
    /// Nothing could be made.
    Refused(Refusal),
}

/// Why a decoder made nothing of its input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// It is larger than is decoded.
    TooLarge(String),
    /// It is damaged, or of a kind that the decoder does not know.
    Undecodable(String),
}

/// A value as a line.
pub fn line<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// A line as a value.
pub fn parse<T: DeserializeOwned>(line: &str) -> serde_json::Result<T> {
    serde_json::from_str(line)
}
