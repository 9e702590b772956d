//! Small pictures of flagged assets for the HTML report: images reduced, sound as a waveform, cover art, a video's
//! poster picture, and where none is carried a frame by way of ffmpeg, if that is installed.
//!
//! Everything is bounded (bytes, pixels, samples, seconds), every picture is made in a thread of its own so that a
//! decoder that panics costs only its picture, and whatever cannot be pictured is left out without a word.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageReader, Rgb, RgbImage};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::archives;
use crate::identify::identify;
use crate::io::TempSpace;
use crate::limits;
use crate::model::Extraction;
use crate::report::{Picture, Preview};
use crate::source::Source;
use crate::walk::from_lossless;

/// The longest side of a picture, in pixels.
const SIDE: u32 = 240;
/// Of one to a hundred.
const QUALITY: u8 = 72;
/// The longest image file that is decoded, and the most memory that its decoder may ask for.
const IMAGE_BYTES: u64 = 256 * 1024 * 1024;
/// Columns of a waveform.
const COLUMNS: usize = 160;
/// Frames of sound that make one measure, and how many measures are taken: about twelve minutes at 48 kHz.
const MEASURE: usize = 2_048;
const MEASURES: usize = 16_384;
/// How long one picture, and all of them, may take.
const ONE: Duration = Duration::from_secs(8);
const ALL: Duration = Duration::from_secs(90);

/// Pictures of files below these roots.
#[derive(Debug)]
pub struct Files {
    roots: Vec<PathBuf>,
    space: Arc<TempSpace>,
}

impl Files {
    /// For the roots of a run, in their order.
    #[must_use]
    pub fn new(roots: &[PathBuf]) -> Self {
        Self { roots: roots.to_vec(), space: Arc::new(TempSpace::outside(roots)) }
    }

    fn path(&self, root: usize, rel: &str) -> Option<PathBuf> {
        let root = self.roots.get(root)?;
        // Names of members of archives are not written in the way of the drive: they stay as they are told.
        let rel = if rel.contains(archives::MARK) { PathBuf::from(rel) } else { from_lossless(rel)? };
        Some(archives::below(root, &rel))
    }
}

impl Preview for Files {
    fn pictures(&self, wanted: &[(usize, String)], tell: &mut dyn FnMut(usize, Picture)) {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let (next, end) = (AtomicUsize::new(0), Instant::now() + ALL);
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel(workers * 2);
            for _ in 0..workers {
                let (send, next) = (send.clone(), &next);
                scope.spawn(move || {
                    while Instant::now() < end {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some((root, rel)) = wanted.get(index) else { return };
                        let Some(path) = self.path(*root, rel) else { continue };
                        let space = Arc::clone(&self.space);
                        let made = std::thread::spawn(move || found(&path, &space)).join();
                        if let Ok(Some(picture)) = made
                            && send.send((index, picture)).is_err()
                        {
                            return;
                        }
                    }
                });
            }
            drop(send);
            // Told in order, so that the same tree gives the same report.
            let mut made: Vec<(usize, Picture)> = receive.into_iter().collect();
            made.sort_by_key(|(index, _)| *index);
            made.into_iter().for_each(|(index, picture)| tell(index, picture));
        });
    }
}

/// The picture of a file, or of a member of an archive, which is laid out in `space` for it.
fn found(path: &Path, space: &TempSpace) -> Option<Picture> {
    let Some((member, inside)) = archives::find(path, space).ok()? else { return picture(path) };
    if member.size > IMAGE_BYTES {
        return None;
    }
    let opened = inside.open(space).ok()?;
    let laid = space.materialize(&[(path, &opened.held)]).ok()?;
    picture(laid.paths.first()?)
}

/// The picture of one file, if one can be made.
#[must_use]
pub fn picture(path: &Path) -> Option<Picture> {
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    image(path, meta.len()).or_else(|| carried(path)).or_else(|| waveform(path)).or_else(|| frame(path))
}

fn image(path: &Path, len: u64) -> Option<Picture> {
    if len > IMAGE_BYTES {
        return None;
    }
    let reader = ImageReader::open(path).ok()?.with_guessed_format().ok()?;
    reader.format()?;
    decoded(reader)
}

fn decoded(mut reader: ImageReader<impl std::io::BufRead + std::io::Seek>) -> Option<Picture> {
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(IMAGE_BYTES);
    bounds.max_image_width = Some(32_768);
    bounds.max_image_height = Some(32_768);
    reader.limits(bounds);
    Some(Picture::Jpeg(jpeg(&reader.decode().ok()?)?))
}

fn jpeg(image: &DynamicImage) -> Option<Vec<u8>> {
    let small = if image.width().max(image.height()) > SIDE { &image.thumbnail(SIDE, SIDE) } else { image };
    let small = small.to_rgba8();
    let flat = RgbImage::from_fn(small.width(), small.height(), |x, y| {
        let [r, g, b, a] = small.get_pixel(x, y).0;
        // Transparency over white, as most viewers show it.
        let over = |c: u8| ((u16::from(c) * u16::from(a) + 255 * (255 - u16::from(a))) / 255) as u8;
        Rgb([over(r), over(g), over(b)])
    });
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&flat).ok()?;
    Some(out)
}

/// Cover art or a poster picture that the file carries.
fn carried(path: &Path) -> Option<Picture> {
    let mut source = Source::open(path).ok()?;
    let format = identify(&mut source).ok().flatten()?;
    let mut read = Extraction::default();
    // Whatever was read before a problem is enough for a picture.
    let _ = format.read(&mut source, &mut read);
    let images = read.embedded.into_iter().filter(|e| e.bytes.len() <= limits::EMBEDDED_BYTES).take(limits::EMBEDDED);
    images.into_iter().find_map(|e| decoded(ImageReader::new(Cursor::new(e.bytes)).with_guessed_format().ok()?))
}

fn waveform(path: &Path) -> Option<Picture> {
    let end = Instant::now() + ONE;
    let stream = MediaSourceStream::new(Box::new(File::open(path).ok()?), Default::default());
    let probe = symphonia::default::get_probe();
    let mut format = probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default()).ok()?;
    // A film's sound says little about it; its picture is asked for instead.
    if format.tracks().iter().any(|t| t.codec_params.as_ref().is_some_and(|p| !p.is_audio())) {
        return None;
    }
    let track = format.default_track(TrackType::Audio)?;
    let (id, parameters) = (track.id, track.codec_params.as_ref()?.audio()?);
    let mut decoder =
        symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default()).ok()?;
    let (mut peaks, mut samples, mut peak, mut filled) = (Vec::new(), Vec::<f32>::new(), 0f32, 0usize);
    while let Ok(Some(packet)) = format.next_packet() {
        if peaks.len() >= MEASURES || Instant::now() > end {
            break;
        }
        if packet.track_id != id {
            continue;
        }
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            Err(Error::DecodeError(_)) => continue,
            Err(_) => break,
        };
        let channels = buffer.num_planes().max(1);
        samples.clear();
        buffer.copy_to_vec_interleaved(&mut samples);
        for frame in samples.chunks(channels) {
            peak = frame.iter().fold(peak, |most, s| most.max(s.abs()));
            filled += 1;
            if filled == MEASURE {
                peaks.push(peak);
                (peak, filled) = (0.0, 0);
            }
        }
    }
    if filled > 0 {
        peaks.push(peak);
    }
    columns(&peaks).map(Picture::Waveform)
}

/// The measures as at most [`COLUMNS`] columns, loudest first put to 100.
fn columns(peaks: &[f32]) -> Option<Vec<u8>> {
    let most = peaks.iter().copied().filter(|p| p.is_finite()).fold(0f32, f32::max);
    if peaks.is_empty() || most <= 0.0 {
        return (!peaks.is_empty()).then(|| vec![0; COLUMNS.min(peaks.len())]);
    }
    let parts = COLUMNS.min(peaks.len());
    let part = |i: usize| {
        let (from, to) = (i * peaks.len() / parts, (i + 1) * peaks.len() / parts);
        let loudest = peaks.get(from..to).unwrap_or_default().iter().copied().fold(0f32, f32::max);
        (loudest / most * 100.0).round() as u8
    };
    Some((0..parts).map(part).collect())
}

/// The containers that ffmpeg may open. A playlist, whatever it is called, would have it open other files.
const CONTAINERS: &str = "mov,mp4,matroska,webm,avi,mxf,asf,flv,mpegts,mpeg,ogg,dv,gif";
/// The most memory that ffmpeg may ask for at once.
const FRAME_BYTES: &str = "268435456";

/// The first good frame of a video, from ffmpeg; nothing where it is not installed or takes too long.
fn frame(path: &Path) -> Option<Picture> {
    let path = std::fs::canonicalize(path).ok()?;
    // The scheme keeps a name from being taken for an option or another protocol.
    let mut input = std::ffi::OsString::from("file:");
    input.push(&path);
    let mut child = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-max_alloc", FRAME_BYTES, "-threads", "1"])
        .args(["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i"])
        .arg(input)
        .args(["-map", "0:v:0", "-frames:v", "1", "-vf", "scale=240:-2", "-c:v", "mjpeg", "-f", "image2pipe"])
        .args(["-protocol_whitelist", "pipe", "pipe:1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let out = child.stdout.take()?;
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = out.take(1024 * 1024).read_to_end(&mut bytes);
        bytes
    });
    let end = Instant::now() + ONE;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let bytes = reading.join().ok()?;
    decoded(ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_the_loudest() {
        let mut peaks = vec![0.1; 1_600];
        peaks[805] = 0.5;
        let columns = columns(&peaks).unwrap();
        assert_eq!((columns.len(), columns[0], columns[80]), (COLUMNS, 20, 100));
        assert_eq!(super::columns(&[]), None);
        assert_eq!(super::columns(&[0.0, 0.0]), Some(vec![0, 0]));
        assert_eq!(super::columns(&[f32::NAN, 1.0]), Some(vec![0, 100]));
    }

    #[test]
    fn pictures_are_small_and_junk_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wide.png");
        RgbImage::from_pixel(900, 300, Rgb([10, 90, 200])).save(&path).unwrap();
        let Some(Picture::Jpeg(bytes)) = picture(&path) else { panic!("no picture") };
        let small = image::load_from_memory(&bytes).unwrap();
        assert_eq!((small.width(), small.height()), (240, 80));
        let bytes = std::fs::read(&path).unwrap();
        for cut in [0, 8, 30, bytes.len() / 2] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let _ = picture(&path);
        }
        std::fs::write(&path, b"no picture at all").unwrap();
        assert_eq!(picture(&path), None);
    }

    #[test]
    fn a_video_shows_its_own_frame_and_a_playlist_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "quiet", "-f", "lavfi", "-i", "testsrc=s=320x180:d=0.2"])
            .arg(dir.path().join("-a.mp4"))
            .stdin(Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return crate::prerequisite::absent("ffmpeg", "no ffmpeg here; pictures of videos were not tried");
        }
        let Some(Picture::Jpeg(bytes)) = picture(&dir.path().join("-a.mp4")) else { panic!("no frame") };
        assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 240);
        for (name, text) in [
            ("b.mov", "ffconcat version 1.0\nfile -a.mp4\n"),
            ("c.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n-a.mp4\n#EXT-X-ENDLIST\n"),
            ("d.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n-a.mp4\n#EXT-X-ENDLIST\n"),
        ] {
            std::fs::write(dir.path().join(name), text).unwrap();
            assert_eq!(picture(&dir.path().join(name)), None, "{name}");
        }
    }

    #[test]
    fn sound_is_a_waveform() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let data: Vec<u8> = (0..48_000u32).flat_map(|i| ((i / 2) as i16).to_le_bytes()).collect();
        let mut wav = b"RIFF".to_vec();
        wav.extend((36 + data.len() as u32).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        wav.extend(48_000u32.to_le_bytes());
        wav.extend(96_000u32.to_le_bytes());
        wav.extend(b"\x02\0\x10\0data");
        wav.extend((data.len() as u32).to_le_bytes());
        wav.extend(data);
        std::fs::write(&path, wav).unwrap();
        let Some(Picture::Waveform(columns)) = picture(&path) else { panic!("no waveform") };
        assert!(columns.is_sorted() && columns.last() == Some(&100), "{columns:?}");
    }
}
