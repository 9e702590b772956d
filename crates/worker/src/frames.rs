//! Small gray frames of a video, one a second, from ffmpeg, if that is installed: run without a shell, on one file, for a
//! bounded time. They come as Netpbm PGM (`P5`), each with its own width and height.
//!
//! Runs in a worker process, whose bounds ffmpeg inherits; in a program without workers, from its own.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::protocol::GrayCopy;
use super::protocol::Refusal;
use super::video;

/// How long ffmpeg may take for all frames.
const TIME: Duration = Duration::from_secs(60);
/// The longest header of a frame.
const HEADER: u64 = 64;
/// Frames that wait to be taken.
const WAITING: usize = 8;

/// The frames, in their order; whether the video was read to its end.
pub(super) fn frames(
    path: &Path,
    side: u32,
    most: u32,
    take: &mut dyn FnMut(GrayCopy) -> bool,
) -> Result<bool, Refusal> {
    let refused = || Refusal::Undecodable("no frame of a video (ffmpeg is asked for them)".to_owned());
    let scale = format!("fps=1,scale={side}:{side}:force_original_aspect_ratio=decrease,format=gray");
    let wanted = most.to_string();
    let output = ["-an", "-sn", "-frames:v", &wanted, "-vf", &scale, "-c:v", "pgm", "-f", "image2pipe"];
    let mut child = video::start(path, &output).ok_or_else(refused)?;
    let Some(out) = child.stdout.take() else { return Err(refused()) };
    let (send, receive) = mpsc::sync_channel(WAITING);
    let reading = std::thread::spawn(move || {
        let mut input = BufReader::new(out);
        while let Some(frame) = next(&mut input, side) {
            if send.send(frame).is_err() {
                return;
            }
        }
    });
    let (end, mut count, mut whole) = (Instant::now() + TIME, 0_u32, true);
    loop {
        match receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(frame) if count < most => {
                count += 1;
                if !take(frame) {
                    whole = false;
                    break;
                }
            }
            Ok(_) | Err(mpsc::RecvTimeoutError::Timeout) => {
                whole = false;
                break;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    drop(receive);
    if !whole {
        let _ = child.kill();
    }
    let ended = child.wait();
    let _ = reading.join();
    // A limit of the system ends ffmpeg as well, and damage makes it fail: then there may be more than came.
    whole &= count < most && ended.is_ok_and(|status| status.success());
    if count == 0 { Err(refused()) } else { Ok(whole) }
}

/// The next frame; nothing at the end, and at what is no frame of the size that was asked for.
pub(super) fn next(input: &mut impl BufRead, side: u32) -> Option<GrayCopy> {
    let mut numbers = Vec::new();
    let mut header = String::new();
    while numbers.len() < 4 {
        header.clear();
        input.by_ref().take(HEADER).read_line(&mut header).ok().filter(|len| *len > 0)?;
        numbers.extend(header.split_ascii_whitespace().map(str::to_owned));
    }
    let [magic, width, height, levels] = <[String; 4]>::try_from(numbers).ok()?;
    let (width, height): (u32, u32) = (width.parse().ok()?, height.parse().ok()?);
    let sides = 1..=side;
    let fits = magic == "P5" && levels == "255" && sides.contains(&width) && sides.contains(&height);
    let len = usize::try_from(u64::from(width) * u64::from(height)).ok().filter(|_| fits)?;
    let mut bytes = vec![0; len];
    input.read_exact(&mut bytes).ok()?;
    Some(GrayCopy { width, height, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_one_after_another_and_nothing_else_is() {
        let two = b"P5\n2 1\n255\nabP5\n1 2\n255\n\ncd".to_vec();
        let mut input = BufReader::new(two.as_slice());
        assert_eq!(next(&mut input, 8), Some(GrayCopy { width: 2, height: 1, bytes: b"ab".to_vec() }));
        assert_eq!(next(&mut input, 8), Some(GrayCopy { width: 1, height: 2, bytes: b"\nc".to_vec() }));
        assert_eq!(next(&mut input, 8), None);
        for bad in
            [&b"P5\n9 1\n255\n123456789"[..], b"P6\n1 1\n255\nabc", b"P5\n2 2\n255\nabc", b"P5 1 1", b"", b"\n\n"]
        {
            assert_eq!(next(&mut BufReader::new(bad), 8), None, "{bad:?}");
        }
    }
}
