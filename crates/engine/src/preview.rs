//! Small pictures of flagged assets for the HTML report: images reduced, sound as a waveform, cover art, a video's
//! poster picture, and where none is carried a frame by way of ffmpeg, if that is installed.
//!
//! What kind of thing a file is decides what is tried: of what is no medium (text, programs, lists) no picture is asked.
//!
//! Everything is bounded (bytes, pixels, samples, seconds) and decoded in worker processes: a decoder that fails costs
//! only its picture, and whatever cannot be pictured is left out without a word.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crate::archives;
use crate::walk::from_lossless;
use countersign_io::TempSpace;
use countersign_io::source::Source;
use countersign_media::formats::Format;
use countersign_media::identify::identify;
use countersign_model::limits;
use countersign_model::{Extraction, Media};
use countersign_report::{Picture, Preview};
use countersign_worker::client;

/// The longest side of a picture, in pixels.
const SIDE: u32 = 240;
/// The longest member of an archive that is laid out for a picture.
const MEMBER_BYTES: u64 = 256 * 1024 * 1024;
/// Columns of a waveform.
const COLUMNS: usize = 160;
/// How long all pictures together may take.
const ALL: Duration = Duration::from_secs(90);

/// Told how many of the wanted pictures were tried, and of how many.
pub type Tried = dyn Fn(usize, usize) + Send + Sync;

/// Pictures of files below these roots.
pub struct Files {
    roots: Vec<PathBuf>,
    space: Arc<TempSpace>,
    tried: Option<Box<Tried>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("roots", &self.roots).finish_non_exhaustive()
    }
}

impl Files {
    /// For the roots of a run, in their order.
    #[must_use]
    pub fn new(roots: &[PathBuf]) -> Self {
        Self { roots: roots.to_vec(), space: Arc::new(TempSpace::outside(roots)), tried: None }
    }

    /// With somebody who is told how far it has come, from any thread.
    #[must_use]
    pub fn watched(self, tried: Box<Tried>) -> Self {
        Self { tried: Some(tried), ..self }
    }

    fn path(&self, root: usize, rel: &str) -> Option<PathBuf> {
        let root = self.roots.get(root)?;
        // Names of members of archives are not written in the way of the drive: they stay as they are told.
        let rel = if rel.contains(archives::MARK) { PathBuf::from(rel) } else { from_lossless(rel)? };
        Some(archives::below(root, &rel))
    }
}

impl Preview for Files {
    fn pictures(&self, wanted: &[(usize, String)], give: &mut dyn FnMut(usize, Picture)) {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let (next, done, end) = (AtomicUsize::new(0), AtomicUsize::new(0), Instant::now() + ALL);
        let tried = |count| self.tried.iter().for_each(|tried| tried(count, wanted.len()));
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel(workers * 2);
            for _ in 0..workers {
                let (send, next, done, tried) = (send.clone(), &next, &done, &tried);
                scope.spawn(move || {
                    while Instant::now() < end {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some((root, rel)) = wanted.get(index) else { return };
                        let Some(path) = self.path(*root, rel) else { continue };
                        let space = Arc::clone(&self.space);
                        let made = std::thread::spawn(move || found(&path, &space)).join();
                        tried(done.fetch_add(1, Ordering::Relaxed) + 1);
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
            made.into_iter().for_each(|(index, picture)| give(index, picture));
        });
    }
}

/// The picture of a file, or of a member of an archive, which is laid out in `space` for it.
fn found(path: &Path, space: &TempSpace) -> Option<Picture> {
    let Some((member, inside)) = archives::find(path, space).ok()? else { return picture(path) };
    if member.size > MEMBER_BYTES {
        return None;
    }
    let opened = inside.open(space).ok()?;
    let laid = space.materialize(&[(path, &opened.held)]).ok()?;
    picture(laid.paths.first()?)
}

/// The picture of one file, if one can be made; what is no medium has none.
#[must_use]
pub fn picture(path: &Path) -> Option<Picture> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mut source = Source::open(path).ok()?;
    let format = identify(&mut source).ok().flatten()?;
    let image = || client::preview_of_file(path, SIDE).map(Picture::Jpeg);
    let sound = || client::waveform(path, COLUMNS).map(Picture::Waveform);
    let frame = || client::video_frame(path, SIDE).map(Picture::Jpeg);
    let mut carried = || carried(format, &mut source);
    match format.info().media {
        Media::Image => image().or_else(&mut carried).or_else(frame),
        Media::Audio => carried().or_else(sound),
        Media::Video => carried().or_else(frame).or_else(sound),
        Media::Document => carried(),
        Media::Archive | Media::Companion => None,
    }
}

/// Cover art or a poster picture that the file carries.
fn carried(format: &dyn Format, source: &mut Source) -> Option<Picture> {
    let mut read = Extraction::default();
    // Whatever was read before a problem is enough for a picture.
    let _ = format.read(source, &mut read);
    let images = read.embedded.into_iter().filter(|e| e.bytes.len() <= limits::EMBEDDED_BYTES).take(limits::EMBEDDED);
    let jpeg = images.into_iter().find_map(|e| client::preview(e.bytes, SIDE));
    jpeg.map(Picture::Jpeg)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use image::{Rgb, RgbImage};

    use super::*;

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
    fn frames_of_film_have_pictures_and_text_is_not_asked() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["frame.dpx", "frame.exr"] {
            let made = Command::new("ffmpeg")
                .args(["-nostdin", "-v", "quiet", "-f", "lavfi", "-i", "testsrc=s=320x180:d=0.1", "-frames:v", "1"])
                .arg(dir.path().join(name))
                .stdin(Stdio::null())
                .status();
            if !made.is_ok_and(|status| status.success()) {
                return crate::prerequisite::absent("ffmpeg", "no ffmpeg here; pictures of frames were not tried");
            }
            let Some(Picture::Jpeg(bytes)) = picture(&dir.path().join(name)) else { panic!("no picture of {name}") };
            assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 240, "{name}");
        }
        // A name does not make a medium.
        for name in ["notes.mp4", "script.py", "list.md"] {
            std::fs::write(dir.path().join(name), "# import os\n".repeat(50)).unwrap();
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
