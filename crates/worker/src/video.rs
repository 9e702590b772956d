//! A frame of a video from ffmpeg, if that is installed: run without a shell, on one file, for a few seconds.
//!
//! Runs in a worker process, whose bounds ffmpeg inherits; in a program without workers, from its own.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::picture;
use super::protocol::Refusal;

/// The containers that ffmpeg may open. A playlist, whatever it is called, would have it open other files.
const CONTAINERS: &str = "mov,mp4,matroska,webm,avi,mxf,asf,flv,mpegts,mpeg,ogg,dv,gif,exr_pipe,dpx_pipe";
/// The most memory that ffmpeg may ask for at once.
const ALLOCATION: &str = "268435456";
/// How long ffmpeg may take.
const TIME: Duration = Duration::from_secs(8);
/// Bytes of a frame that are read.
const FRAME: u64 = 1024 * 1024;

/// The first good frame of a video as a small JPEG; nothing where ffmpeg is not installed or takes too long.
pub(super) fn frame(path: &Path, side: u32) -> Result<Vec<u8>, Refusal> {
    let bytes = run(path, side).ok_or_else(|| Refusal::Undecodable("no frame of a video".to_owned()))?;
    picture::preview(&bytes, side)
}

/// ffmpeg, started on one video with these options for its output, which goes to a pipe.
pub(super) fn start(path: &Path, output: &[&str]) -> Option<Child> {
    start_as(path, &["-format_whitelist", CONTAINERS], output)
}

/// As [`start`], with options that say as what kinds of file ffmpeg may open the file.
pub(super) fn start_as(path: &Path, kinds: &[&str], output: &[&str]) -> Option<Child> {
    let path = std::fs::canonicalize(path).ok()?;
    // The scheme keeps a name from being taken for an option or another protocol.
    let mut input = std::ffi::OsString::from("file:");
    input.push(&path);
    Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-max_alloc", ALLOCATION, "-threads", "1"])
        .args(["-protocol_whitelist", "file"])
        .args(kinds)
        .arg("-i")
        .arg(input)
        .args(["-map", "0:v:0"])
        .args(output)
        .args(["-protocol_whitelist", "pipe", "pipe:1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

fn run(path: &Path, side: u32) -> Option<Vec<u8>> {
    let scale = format!("scale={side}:-2");
    let mut child = start(path, &["-frames:v", "1", "-vf", &scale, "-c:v", "mjpeg", "-f", "image2pipe"])?;
    let out = child.stdout.take()?;
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = out.take(FRAME).read_to_end(&mut bytes);
        bytes
    });
    let end = Instant::now() + TIME;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    reading.join().ok()
}
