//! Small gray copies of pictures in formats that only ffmpeg decodes here, if that is installed: AVIF, HEIF, JPEG XL,
//! JPEG 2000, OpenEXR, DPX, Photoshop. Run without a shell, on one file, as one kind of file, for a bounded time.
//!
//! Runs in a worker process, whose bounds ffmpeg inherits; in a program without workers, from its own.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use super::frames;
use super::protocol::{ForeignFormat, GrayCopy, Refusal};
use super::video;

/// How long ffmpeg may take for one picture.
const TIME: Duration = Duration::from_secs(20);
/// Where the properties of items stand.
const ITEMS: u64 = 256 * 1024;

impl ForeignFormat {
    /// What ffmpeg is to take the file for: it never guesses. Linear light becomes that of a screen.
    fn input(self) -> &'static [&'static str] {
        match self {
            Self::Heif => &["-f", "mov"],
            Self::JpegXl => &["-f", "jpegxl_pipe"],
            Self::Jpeg2000 => &["-f", "j2k_pipe"],
            Self::OpenExr => &["-apply_trc", "iec61966_2_1", "-f", "exr_pipe"],
            Self::Dpx => &["-f", "dpx_pipe"],
            Self::Photoshop => &["-f", "psd_pipe"],
        }
    }
}

/// The picture with no side longer than this.
pub(super) fn gray(path: &Path, format: ForeignFormat, side: u32) -> Result<GrayCopy, Refusal> {
    let refused = |what: &str| Refusal::Undecodable(what.to_owned());
    if format == ForeignFormat::Heif && of_parts(path) {
        return Err(refused("a picture of several parts, or turned by its container, is not decoded"));
    }
    let scale = format!("scale={side}:{side}:force_original_aspect_ratio=decrease,format=gray");
    let output = ["-an", "-sn", "-frames:v", "1", "-vf", &scale, "-c:v", "pgm", "-f", "image2pipe"];
    let not_decoded = || refused("it cannot be decoded (ffmpeg is asked for pictures of this format)");
    let mut child = video::start_as(path, format.input(), &output).ok_or_else(not_decoded)?;
    let out = child.stdout.take().ok_or_else(not_decoded)?;
    let (send, receive) = mpsc::sync_channel(1);
    let reading = std::thread::spawn(move || send.send(frames::next(&mut BufReader::new(out), side)));
    let frame = receive.recv_timeout(TIME).ok().flatten();
    if frame.is_none() {
        let _ = child.kill();
    }
    let ended = child.wait();
    let _ = reading.join();
    // Damage in the middle makes ffmpeg fail or not, as the format has it: a whole picture is one that it calls so.
    frame.filter(|_| ended.is_ok_and(|status| status.success())).ok_or_else(not_decoded)
}

/// Whether a HEIF file may hold a picture in tiles, or one that is turned or mirrored: many versions of ffmpeg give a tile,
/// or the picture as it is stored. A word at another place means only that a picture is not compared.
fn of_parts(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(ITEMS).read_to_end(&mut head));
    read.is_err() || head.windows(4).any(|word| matches!(word, b"grid" | b"irot" | b"imir" | b"iovl"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_of_parts_is_refused_before_ffmpeg_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.heic");
        std::fs::write(&path, b"....ftypheic....infe....grid").unwrap();
        let Err(Refusal::Undecodable(what)) = gray(&path, ForeignFormat::Heif, 64) else { panic!("decoded") };
        assert!(what.contains("several parts"), "{what}");
        std::fs::write(&path, b"no picture").unwrap();
        for format in [ForeignFormat::Heif, ForeignFormat::OpenExr, ForeignFormat::JpegXl, ForeignFormat::Dpx] {
            assert!(gray(&path, format, 64).is_err());
        }
    }
}
