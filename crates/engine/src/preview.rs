//! Small pictures of flagged assets for the HTML report: images reduced, sound as a waveform, cover art, a video's
//! poster picture, and where none is carried a frame by way of ffmpeg, if that is installed.
//!
//! What kind of thing an asset is decides what is tried: of what is no medium no picture is asked.
//!
//! A picture is made while its asset is open, from the handle by which it was read: what is sent to a worker are bytes. Only
//! what is longer than [`limits::BLOB`], and ffmpeg, needs a file of its own. Everything is bounded (bytes, pixels, samples,
//! seconds) and decoded in worker processes: a decoder that fails costs only its picture, and whatever cannot be pictured is
//! left out without a word.

mod later;
mod made;

use std::path::Path;

use countersign_io::source::Source;
use countersign_io::{ByteRange, TempSpace};
use countersign_media::formats::{Info, Media};
use countersign_media::identify::identify;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId};
use countersign_report::Picture;
use countersign_worker::client;

pub use later::{Found, OtherBytes, find};
pub use made::{Files, Tried};

/// The longest side of a picture, in pixels.
const SIDE: u32 = 240;
/// The longest asset without a file of its own that is laid out for a picture.
const MEMBER_BYTES: u64 = 256 * 1024 * 1024;
/// Columns of a waveform.
const COLUMNS: usize = 160;
/// Stills that stand in a container which ffmpeg opens.
const CONTAINED: [FormatId; 2] = [FormatId::new("heif"), FormatId::new("avif")];

/// An open asset of which a picture is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    /// Its bytes.
    pub bytes: &'a ByteRange,
    /// Its path, for its ending; whether it is a file of this machine that may be opened by that path.
    pub path: (&'a Path, bool),
    /// What it is.
    pub format: Option<&'static Info>,
    /// Where it is laid out for what can only open files, where it is none of its own.
    pub space: &'a TempSpace,
}

impl Open<'_> {
    /// The picture, if one can be made.
    #[must_use]
    pub fn picture(&self) -> Option<Picture> {
        match self.format?.media {
            Media::Image => self.still().or_else(|| self.carried()).or_else(|| self.contained()),
            Media::Audio => self.carried().or_else(|| self.sound()),
            Media::Video => self.carried().or_else(|| self.frame()).or_else(|| self.sound_of_file()),
            Media::Document => self.carried(),
            Media::Archive | Media::Companion => None,
        }
    }

    fn is_long(&self) -> bool {
        self.bytes.len() > limits::BLOB as u64
    }

    fn still(&self) -> Option<Picture> {
        let jpeg = match self.is_long() {
            true => self.with_file(|path| client::preview_of_file(path, SIDE)),
            false => client::preview(self.bytes, SIDE),
        };
        jpeg.map(Picture::Jpeg)
    }

    fn sound(&self) -> Option<Picture> {
        if self.is_long() {
            return self.sound_of_file();
        }
        client::waveform(self.bytes, COLUMNS).map(Picture::Waveform)
    }

    fn sound_of_file(&self) -> Option<Picture> {
        self.with_file(|path| client::waveform_of_file(path, COLUMNS)).map(Picture::Waveform)
    }

    fn frame(&self) -> Option<Picture> {
        self.with_file(|path| client::video_frame(path, SIDE)).map(Picture::Jpeg)
    }

    fn contained(&self) -> Option<Picture> {
        self.format.filter(|info| CONTAINED.contains(&info.id)).and_then(|_| self.frame())
    }

    /// Cover art or a poster picture that the asset carries.
    fn carried(&self) -> Option<Picture> {
        let mut source = Source::new(self.bytes);
        let format = identify(&mut source).ok().flatten()?;
        let mut read = Extraction::default();
        // Whatever was read before a problem is enough for a picture.
        let _ = format.read(&mut source, &mut read);
        let images = read.embedded.into_iter().filter(|e| e.bytes.len() <= limits::EMBEDDED_BYTES);
        let jpeg = images.take(limits::EMBEDDED).find_map(|e| client::preview(&ByteRange::memory(e.bytes), SIDE));
        jpeg.map(Picture::Jpeg)
    }

    fn with_file<T>(&self, make: impl FnOnce(&Path) -> Option<T>) -> Option<T> {
        let (path, is_file) = self.path;
        if is_file {
            return make(path);
        }
        if self.bytes.len() > MEMBER_BYTES {
            return None;
        }
        let laid = self.space.materialize(&[(path, self.bytes)]).ok()?;
        make(laid.paths.first()?)
    }
}

/// The picture of one file, if one can be made.
#[must_use]
pub fn picture(path: &Path) -> Option<Picture> {
    let bytes = ByteRange::open(path).ok()?;
    let format = identify(&mut Source::new(&bytes)).ok().flatten().map(|format| format.info());
    Open { bytes: &bytes, path: (path, true), format, space: &TempSpace::outside(&[]) }.picture()
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
