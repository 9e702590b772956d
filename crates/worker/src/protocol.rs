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
    /// What is to be done.
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
    Pixels {
        /// The format of the payload, told by its bytes and not by its name.
        format: PictureFormat,
        /// Pixels beyond which the picture is refused.
        most_pixels: u64,
    },
    /// Reduce the pictures in the payload, which stand one after another, to gray ones.
    Grays {
        /// How long each of them is, in the order of the payload.
        pictures: Vec<EncodedPicture>,
        /// Pixels of one picture beyond which it is left out.
        most_pixels: u64,
        /// The longest side of each gray copy in pixels.
        side: u32,
    },
    /// Make a small JPEG of the picture in a file, or in the payload where no path is given.
    PreviewPicture {
        /// The file; `None` where the picture is the payload.
        path: Option<OsString>,
        /// The longest side of the preview in pixels.
        side: u32,
    },
    /// Measure the loudness of the sound in a file, or in the payload where no path is given, in so many columns.
    Waveform {
        /// The file; `None` where the sound is the payload.
        path: Option<OsString>,
        /// How many equal parts the sound is divided into.
        columns: usize,
    },
    /// Make a small JPEG of the first good frame of a video.
    VideoFrame {
        /// The file.
        path: OsString,
        /// The longest side of the preview in pixels.
        side: u32,
    },
    /// Make a small gray copy of a picture in a file that ffmpeg decodes.
    ForeignPicture {
        /// The file.
        path: OsString,
        /// What it is, told by its bytes and not by its name.
        format: ForeignFormat,
        /// The longest side of the copy in pixels.
        side: u32,
    },
    /// Make small gray frames of a video, one a second and at most so many, in several replies.
    Frames {
        /// The file.
        path: OsString,
        /// The longest side of each frame in pixels.
        side: u32,
        /// Frames after which decoding ends.
        most: u32,
    },
    /// Decode the sound in a file to one channel of 16-bit samples at this rate, in several replies.
    Sound {
        /// The file.
        path: OsString,
        /// Samples a second.
        rate: u32,
        /// Samples after which decoding ends.
        most_samples: u64,
    },
    /// Decode the sound in a file to all its samples in all its channels, in several replies.
    ExactSound {
        /// The file.
        path: OsString,
    },
}

/// A picture in a payload: of its own format where none is said.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EncodedPicture {
    /// Its format; `None` where its first bytes are to tell.
    pub format: Option<PictureFormat>,
    /// Its length in the payload in bytes.
    pub bytes: u64,
}

/// Picture formats that a worker is asked to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureFormat {
    /// Windows bitmap.
    Bmp,
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// PNG (W3C, third edition).
    Png,
    /// TIFF 6.0.
    Tiff,
    /// WebP (RFC 9649).
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

/// A picture format that is decoded by ffmpeg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForeignFormat {
    /// AVIF and HEIF (ISO/IEC 23008-12), of one item that is not turned.
    Heif,
    /// JPEG XL (ISO/IEC 18181).
    JpegXl,
    /// JPEG 2000 (ISO/IEC 15444).
    Jpeg2000,
    /// OpenEXR.
    OpenExr,
    /// DPX (SMPTE ST 268).
    Dpx,
    /// Photoshop, its merged picture.
    Photoshop,
}

impl ForeignFormat {
    /// The format whose files usually have this extension.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "avif" | "heic" | "heif" | "hif" => Self::Heif,
            "jxl" => Self::JpegXl,
            "jp2" | "j2k" | "j2c" => Self::Jpeg2000,
            "exr" => Self::OpenExr,
            "dpx" => Self::Dpx,
            "psd" => Self::Photoshop,
            _ => return None,
        })
    }
}

/// The answer to a request; its payload follows the line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply {
    /// What came of the job.
    pub answer: Answer,
    /// Bytes that follow.
    pub payload: u64,
    /// Whether another reply to the same request follows.
    #[serde(default)]
    pub more: bool,
    /// Milliseconds of computing that the job has taken so far.
    #[serde(default)]
    pub computed: u64,
}

/// What came of a job.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The verdict, for the credentials module.
    Verified(Value),
    /// Pixels row by row in the payload.
    Pixels {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Bytes a pixel: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
        channels: u8,
    },
    /// Width and height of each gray picture that could be made; the pixels stand one after another in the payload.
    Grays(Vec<Option<(u32, u32)>>),
    /// A JPEG file in the payload.
    Jpeg,
    /// Loudness of each column, 0 to 100.
    Waveform(Vec<u8>),
    /// A piece of sound in the payload, the channels interleaved, as 32-bit floats, little-endian.
    ExactSamples {
        /// How many samples stand for one moment.
        channels: u16,
        /// Samples a second in each channel.
        rate: u32,
    },
    /// A gray frame in the payload.
    Frame {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// No further frame follows; whether the video was read to its end.
    FramesEnded {
        /// False where it broke off, or reached the number of frames that was asked for.
        whole: bool,
    },
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

/// A small gray picture, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrayCopy {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` levels, 0 black to 255 white.
    pub bytes: Vec<u8>,
}
