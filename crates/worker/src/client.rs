//! What the scanner asks of workers: pixels, small gray copies, previews, sound. Without a pool (see
//! [`super::set_decoding_pool`]) the same is done in this process.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::bounds::Grant;
use super::budget::Share;
use super::protocol::{Answer, EncodedPicture, Job};
pub use super::protocol::{ForeignFormat, GrayCopy, PictureFormat, Refusal};
use super::{Crash, Pool, WorkerFailure, decoding_pool, foreign, frames, picture, sound, video};
use countersign_io::{ByteRange, asset_budget};
use countersign_model::limits;

/// Time for one picture whose pixels are wanted, and for one preview.
const PIXELS_TIMEOUT: Duration = Duration::from_secs(60);
const PREVIEW_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for each piece of sound.
const SOUND_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for all frames of a video.
const FRAMES_TIMEOUT: Duration = Duration::from_secs(90);
/// Bytes of a small answer: gray copies, a JPEG, a piece of sound.
const SMALL_ANSWER: u64 = 4 * 1024 * 1024;

/// Why there are no pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The decoder refused.
    Refused(Refusal),
    /// The worker gave no answer.
    Worker(WorkerFailure),
}

impl From<WorkerFailure> for Failure {
    fn from(failure: WorkerFailure) -> Self {
        Self::Worker(failure)
    }
}

/// All pixels of a picture, eight bits a channel, row by row. Whoever holds one drops it before asking for the next: all
/// that are held at once share one budget of memory.
#[derive(Debug)]
pub struct PixelImage {
    width: u32,
    height: u32,
    /// 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
    channels: u8,
    bytes: Vec<u8>,
    /// What the pixels take of the memory budget, as long as they are kept.
    _share: Option<Share<'static>>,
}

impl PixelImage {
    fn new(width: u32, height: u32, channels: u8, bytes: Vec<u8>, share: Option<Share<'static>>) -> Option<Self> {
        let expected = u64::from(width).checked_mul(u64::from(height))?.checked_mul(u64::from(channels))?;
        let fits = (1..=4).contains(&channels) && bytes.len() as u64 == expected;
        fits.then_some(Self { width, height, channels, bytes, _share: share })
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Whether there is an alpha channel.
    #[must_use]
    pub fn has_alpha(&self) -> bool {
        matches!(self.channels, 2 | 4)
    }

    /// Every pixel as RGBA, row by row; opaque where there is no alpha channel.
    pub fn rgba(&self) -> impl Iterator<Item = [u8; 4]> {
        self.bytes.chunks_exact(usize::from(self.channels.max(1))).map(|pixel| match *pixel {
            [level] => [level, level, level, u8::MAX],
            [level, alpha] => [level, level, level, alpha],
            [r, g, b] => [r, g, b, u8::MAX],
            [r, g, b, a] => [r, g, b, a],
            _ => [0; 4],
        })
    }

    /// How many pixels there are.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The pixels as RGB, row by row: a copy where they are of another layout.
    #[must_use]
    pub fn rgb(&self) -> Cow<'_, [u8]> {
        match self.channels {
            3 => Cow::Borrowed(&self.bytes),
            _ => Cow::Owned(self.rgba().flat_map(|[r, g, b, _]| [r, g, b]).collect()),
        }
    }

    /// A gray copy with no side longer than this.
    #[must_use]
    pub fn gray(&self, side: u32) -> Option<GrayCopy> {
        let (width, height, bytes) =
            picture::gray_of_pixels(self.width, self.height, self.channels, &self.bytes, side)?;
        Some(GrayCopy { width, height, bytes })
    }
}

/// All pixels of the picture in these bytes, of which there may be so many.
///
/// ```
/// use countersign_io::{ByteRange, asset_budget};
/// use countersign_worker::client::{self, Failure, PictureFormat, Refusal};
///
/// // A bitmap of one pixel: file header, `BITMAPINFOHEADER`, blue, green, red, padding.
/// let mut bmp = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
/// bmp.extend([0; 24]);
/// bmp.extend([30, 20, 10, 0]);
/// let bytes = ByteRange::memory(bmp);
/// let image = client::pixels(&bytes, PictureFormat::Bmp, 1_000).unwrap();
/// assert_eq!((image.width(), image.height()), (1, 1));
/// assert_eq!(image.rgba().collect::<Vec<_>>(), [[10, 20, 30, 255]]);
/// // A picture of more pixels than are wanted is refused, and never unfolded.
/// let refused = client::pixels(&bytes, PictureFormat::Bmp, 0).unwrap_err();
/// assert!(matches!(refused, Failure::Refused(Refusal::TooLarge(_))));
/// ```
///
/// # Errors
/// Where the decoder refuses, and where the worker gives no answer.
pub fn pixels(bytes: &ByteRange, format: PictureFormat, most_pixels: u64) -> Result<PixelImage, Failure> {
    pixels_by(decoding_pool().map(Arc::as_ref), bytes, format, most_pixels)
}

/// As [`pixels`], by a worker of this pool, or in this process.
///
/// # Errors
/// As for [`pixels`].
pub fn pixels_by(
    pool: Option<&Pool>,
    bytes: &ByteRange,
    format: PictureFormat,
    most_pixels: u64,
) -> Result<PixelImage, Failure> {
    if bytes.len() > limits::BLOB as u64 {
        let what = format!("{} bytes are more than the {} that are decoded", bytes.len(), limits::BLOB);
        return Err(Failure::Refused(Refusal::TooLarge(what)));
    }
    let garbled = |what: &str| Failure::Worker(WorkerFailure::Crashed(Crash::Garbled(what.to_owned())));
    let Some(pool) = pool else { return pixels_here(bytes, format, most_pixels) };
    let grant = grant(pool, PIXELS_TIMEOUT, limits::DECODED, cost_of_pixels(bytes.len(), most_pixels));
    match pool.ask(Job::Pixels { format, most_pixels }, Some(bytes.clone()), grant)? {
        (Answer::Pixels { width, height, channels }, bytes, share) => {
            PixelImage::new(width, height, channels, bytes, share).ok_or_else(|| garbled("pixels that do not fit"))
        }
        (Answer::Refused(refusal), ..) => Err(Failure::Refused(refusal)),
        _ => Err(garbled("another answer")),
    }
}

fn pixels_here(bytes: &ByteRange, format: PictureFormat, most_pixels: u64) -> Result<PixelImage, Failure> {
    let unreadable = |what: String| Failure::Refused(Refusal::Undecodable(what));
    let bytes = in_memory(bytes).map_err(|e| unreadable(e.to_string()))?;
    let image = picture::decode(&bytes, Some(format), most_pixels).map_err(Failure::Refused)?;
    let (width, height, channels) = picture::shape(&image);
    let mut bytes = Vec::new();
    picture::write_pixels(&image, &mut bytes).map_err(|e| unreadable(e.to_string()))?;
    PixelImage::new(width, height, channels, bytes, None).ok_or_else(|| unreadable("pixels that do not fit".to_owned()))
}

/// Small gray copies of encoded pictures, in one job; `None` for each that cannot be decoded.
///
/// # Errors
/// Where the worker gives no answer.
pub fn grays(
    pictures: &[(Option<PictureFormat>, ByteRange)],
    most_pixels: u64,
    side: u32,
) -> Result<Vec<Option<GrayCopy>>, WorkerFailure> {
    let unreadable = |e: std::io::Error| WorkerFailure::Crashed(Crash::Garbled(e.to_string()));
    let described =
        |(format, bytes): &(Option<PictureFormat>, ByteRange)| EncodedPicture { format: *format, bytes: bytes.len() };
    let described: Vec<_> = pictures.iter().map(described).collect();
    let payload = match pictures {
        [(_, one)] => one.clone(),
        several => {
            let mut all = Vec::new();
            for (_, bytes) in several {
                all.extend_from_slice(&in_memory(bytes).map_err(unreadable)?);
            }
            ByteRange::memory(all)
        }
    };
    let (shapes, pixels) = match decoding_pool() {
        None => picture::grays(&in_memory(&payload).map_err(unreadable)?, &described, most_pixels, side),
        Some(pool) => {
            let cost = cost_of_pixels(payload.len(), most_pixels);
            let grant = grant(pool, PIXELS_TIMEOUT, SMALL_ANSWER, cost);
            match pool.ask(Job::Grays { pictures: described, most_pixels, side }, Some(payload), grant)? {
                (Answer::Grays(shapes), pixels, _) => (shapes, pixels),
                _ => return Err(WorkerFailure::Crashed(Crash::Garbled("another answer".to_owned()))),
            }
        }
    };
    let mut rest = pixels.as_slice();
    let copy = |shape: Option<(u32, u32)>| {
        let (width, height) = shape?;
        let len = usize::try_from(u64::from(width) * u64::from(height)).ok()?;
        let (own, after) = rest.split_at_checked(len)?;
        rest = after;
        Some(GrayCopy { width, height, bytes: own.to_vec() })
    };
    Ok(shapes.into_iter().map(copy).collect())
}

/// A small gray copy of a picture in a file that ffmpeg decodes, with no side longer than `side`.
///
/// # Errors
/// Where it cannot be decoded (ffmpeg is not installed, or does not know the format), and where the worker gives no answer.
pub fn foreign_gray(path: &Path, format: ForeignFormat, side: u32) -> Result<GrayCopy, Failure> {
    let Some(pool) = decoding_pool() else { return foreign::gray(path, format, side).map_err(Failure::Refused) };
    let job = Job::ForeignPicture { path: path.into(), format, side };
    match pool.ask(job, None, grant(pool, PIXELS_TIMEOUT, SMALL_ANSWER, limits::PREVIEW))? {
        (Answer::Frame { width, height }, bytes, _) if u64::from(width) * u64::from(height) == bytes.len() as u64 => {
            Ok(GrayCopy { width, height, bytes })
        }
        (Answer::Refused(refusal), ..) => Err(Failure::Refused(refusal)),
        _ => Err(WorkerFailure::Crashed(Crash::Garbled("another answer".to_owned())).into()),
    }
}

/// A small JPEG of a picture in a file.
#[must_use]
pub fn preview_of_file(path: &Path, side: u32) -> Option<Vec<u8>> {
    match decoding_pool() {
        None => picture::preview_of_file(path, side).ok(),
        Some(pool) => jpeg(pool, Job::PreviewPicture { path: Some(path.into()), side }, None),
    }
}

/// A small JPEG of a picture in memory or in a file that is open: nothing is opened for it. Of more than [`limits::BLOB`]
/// bytes there is none.
#[must_use]
pub fn preview(bytes: &ByteRange, side: u32) -> Option<Vec<u8>> {
    if bytes.len() > limits::BLOB as u64 {
        return None;
    }
    match decoding_pool() {
        None => picture::preview(&in_memory(bytes).ok()?, side).ok(),
        Some(pool) => jpeg(pool, Job::PreviewPicture { path: None, side }, Some(bytes.clone())),
    }
}

/// A small JPEG of a video's first good frame.
#[must_use]
pub fn video_frame(path: &Path, side: u32) -> Option<Vec<u8>> {
    match decoding_pool() {
        None => video::frame(path, side).ok(),
        Some(pool) => jpeg(pool, Job::VideoFrame { path: path.into(), side }, None),
    }
}

fn jpeg(pool: &Pool, job: Job, payload: Option<ByteRange>) -> Option<Vec<u8>> {
    match pool.ask(job, payload, grant(pool, PREVIEW_TIMEOUT, SMALL_ANSWER, limits::PREVIEW)).ok()? {
        (Answer::Jpeg, bytes, _) => Some(bytes),
        _ => None,
    }
}

/// Loudness of each of so many equal parts of the sound in a file, 0 to 100.
#[must_use]
pub fn waveform_of_file(path: &Path, columns: usize) -> Option<Vec<u8>> {
    let Some(pool) = decoding_pool() else { return sound::waveform_of_file(path, columns).ok() };
    levels(pool, Job::Waveform { path: Some(path.into()), columns }, None, columns)
}

/// As [`waveform_of_file`], of sound in memory or in a file that is open: nothing is opened for it. Of more than
/// [`limits::BLOB`] bytes there is none.
#[must_use]
pub fn waveform(bytes: &ByteRange, columns: usize) -> Option<Vec<u8>> {
    if bytes.len() > limits::BLOB as u64 {
        return None;
    }
    let Some(pool) = decoding_pool() else { return sound::waveform(in_memory(bytes).ok()?, columns).ok() };
    levels(pool, Job::Waveform { path: None, columns }, Some(bytes.clone()), columns)
}

fn levels(pool: &Pool, job: Job, payload: Option<ByteRange>, columns: usize) -> Option<Vec<u8>> {
    match pool.ask(job, payload, grant(pool, PREVIEW_TIMEOUT, SMALL_ANSWER, limits::PREVIEW)).ok()? {
        (Answer::Waveform(levels), ..) if levels.len() <= columns => Some(levels),
        _ => None,
    }
}

/// Small gray frames of a video, one a second and at most so many, with no side longer than `side`; `take` says whether it
/// wants more. Tells whether the video was read to its end: a long one is given up after some time.
///
/// # Errors
/// Where no frame can be decoded (ffmpeg is not installed, or the video is of another kind than it may open), and where
/// the worker gives no answer; what came before stays what it is.
pub fn frames(path: &Path, side: u32, most: u32, take: &mut dyn FnMut(GrayCopy) -> bool) -> Result<bool, Failure> {
    let Some(pool) = decoding_pool() else { return frames::frames(path, side, most, take).map_err(Failure::Refused) };
    let garbled = |what: &str| Failure::Worker(WorkerFailure::Crashed(Crash::Garbled(what.to_owned())));
    let job = Job::Frames { path: path.into(), side, most };
    let (mut ended, mut enough) = (Err(garbled("no answer")), false);
    let result =
        pool.ask_for_pieces(job, None, grant(pool, FRAMES_TIMEOUT, SMALL_ANSWER, limits::PREVIEW), &mut |answered| {
            match answered.reply.answer {
                Answer::Frame { width, height }
                    if u64::from(width) * u64::from(height) == answered.payload.len() as u64 =>
                {
                    enough = !take(GrayCopy { width, height, bytes: answered.payload });
                    return !enough;
                }
                Answer::FramesEnded { whole } => ended = Ok(whole),
                Answer::Refused(refusal) => ended = Err(Failure::Refused(refusal)),
                _ => ended = Err(garbled("another answer")),
            }
            true
        });
    match result {
        Err(WorkerFailure::Cancelled) if enough => Ok(false),
        Err(failure) => Err(Failure::Worker(failure)),
        Ok(()) => ended,
    }
}

/// The sound in a file as one channel of 16-bit samples at this rate, at most so many, in pieces; `take` says whether it
/// wants more.
///
/// # Errors
/// Where nothing can be decoded, and where the worker gives no answer; what came before stays what it is.
pub fn samples(path: &Path, rate: u32, most_samples: u64, take: &mut dyn FnMut(&[i16]) -> bool) -> Result<(), Failure> {
    samples_by(decoding_pool().map(Arc::as_ref), path, rate, most_samples, take)
}

/// As [`samples`], by a worker of this pool, or in this process.
///
/// # Errors
/// As for [`samples`].
pub fn samples_by(
    pool: Option<&Pool>,
    path: &Path,
    rate: u32,
    most_samples: u64,
    take: &mut dyn FnMut(&[i16]) -> bool,
) -> Result<(), Failure> {
    let Some(pool) = pool else {
        return sound::samples(path, rate, most_samples, take).map_err(Failure::Refused);
    };
    let job = Job::Sound { path: path.into(), rate, most_samples };
    let (mut refused, mut enough) = (None, false);
    let result =
        pool.ask_for_pieces(job, None, grant(pool, SOUND_TIMEOUT, SMALL_ANSWER, limits::SOUND), &mut |answered| {
            if let Answer::Refused(refusal) = answered.reply.answer {
                refused = Some(refusal);
                return true;
            }
            let pairs = answered.payload.chunks_exact(2);
            let piece: Vec<i16> = pairs.map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
            enough = !piece.is_empty() && !take(&piece);
            !enough
        });
    match (result, refused) {
        (Ok(()), Some(refusal)) => Err(Failure::Refused(refusal)),
        (Err(WorkerFailure::Cancelled), _) if enough => Ok(()),
        (result, _) => result.map_err(Failure::Worker),
    }
}

/// All samples of the sound in a file, the channels interleaved, in pieces, each with the number of channels and the rate;
/// `take` says whether it wants more.
///
/// # Errors
/// As for [`samples`].
pub fn exact_samples(path: &Path, take: &mut dyn FnMut(u16, u32, &[f32]) -> bool) -> Result<(), Failure> {
    let Some(pool) = decoding_pool() else { return sound::exact(path, take).map_err(Failure::Refused) };
    let job = Job::ExactSound { path: path.into() };
    let (mut refused, mut enough) = (None, false);
    let result =
        pool.ask_for_pieces(job, None, grant(pool, SOUND_TIMEOUT, SMALL_ANSWER, limits::SOUND), &mut |answered| {
            match answered.reply.answer {
                Answer::ExactSamples { channels, rate } => {
                    let values = answered.payload.chunks_exact(4);
                    let piece: Vec<f32> = values.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
                    enough = !take(channels, rate, &piece);
                }
                Answer::Refused(refusal) => refused = Some(refusal),
                _ => {}
            }
            !enough
        });
    match (result, refused) {
        (Ok(()), Some(refusal)) => Err(Failure::Refused(refusal)),
        (Err(WorkerFailure::Cancelled), _) if enough => Ok(()),
        (result, _) => result.map_err(Failure::Worker),
    }
}

fn grant(pool: &Pool, time: Duration, answer: u64, cost: u64) -> Grant {
    // A policy that grants verification less than that grants no more here, and no asset more than it has left.
    let left = asset_budget::computing_left().unwrap_or(Duration::MAX);
    Grant { memory: limits::DECODER_MEMORY, time: time.min(pool.bounds().time).min(left), answer, cost }
}

/// Bytes that decoding so many pixels takes, with the picture as it comes.
fn cost_of_pixels(payload: u64, pixels: u64) -> u64 {
    pixels.saturating_mul(4).min(limits::DECODED).saturating_add(payload)
}

fn in_memory(bytes: &ByteRange) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    std::io::copy(&mut bytes.stream(), &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_keep_their_colors_in_every_layout() {
        let made = |channels: u8, bytes: &[u8]| PixelImage::new(2, 1, channels, bytes.to_vec(), None).unwrap();
        for (channels, bytes, rgba, rgb) in [
            (1, &[7, 9][..], [[7, 7, 7, 255], [9, 9, 9, 255]], [7, 7, 7, 9, 9, 9]),
            (2, &[7, 1, 9, 2], [[7, 7, 7, 1], [9, 9, 9, 2]], [7, 7, 7, 9, 9, 9]),
            (3, &[1, 2, 3, 4, 5, 6], [[1, 2, 3, 255], [4, 5, 6, 255]], [1, 2, 3, 4, 5, 6]),
            (4, &[1, 2, 3, 0, 4, 5, 6, 8], [[1, 2, 3, 0], [4, 5, 6, 8]], [1, 2, 3, 4, 5, 6]),
        ] {
            let image = made(channels, bytes);
            assert_eq!(image.has_alpha(), channels % 2 == 0);
            assert_eq!(image.rgba().collect::<Vec<_>>(), rgba);
            assert_eq!(*image.rgb(), rgb);
        }
        assert!(PixelImage::new(2, 1, 3, vec![0; 5], None).is_none());
        assert!(PixelImage::new(1, 1, 5, vec![0; 5], None).is_none());
    }
}
