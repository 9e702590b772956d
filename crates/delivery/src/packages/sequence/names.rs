//! The names of frames, taken apart at their numbers.

use countersign_media::formats::{self, FrameUse};

use super::pictures::{self, Open};
use super::{LEAST, MANY, NARROW, PHOTOS, SOME, UNREAD, WIDE, file_name};

/// A file name taken apart at its last group of digits.
pub(super) struct Name<'a> {
    pub(super) prefix: &'a str,
    pub(super) digits: &'a str,
    pub(super) suffix: &'a str,
    pub(super) number: u64,
    pub(super) least: usize,
    pub(super) open: Option<Open>,
}

/// A frame's path taken apart, for who looks for the runs that timelines play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameName<'a> {
    /// What is before the number, its folder included.
    pub prefix: &'a str,
    /// The number of the frame.
    pub number: u64,
    /// How many digits it is written with.
    pub digits: usize,
    /// What follows the number.
    pub suffix: &'a str,
    /// The name is a frame's name; a numbered picture may be called the same otherwise.
    pub is_frame: bool,
    /// Files of the same prefix and suffix that become one row where the same is said of all of them.
    pub least: usize,
}

/// The parts of a path that may be a frame's.
#[must_use]
pub fn frame_name(path: &str) -> Option<FrameName<'_>> {
    let Name { prefix, digits, suffix, number, least, .. } = name(path, 0)?;
    Some(FrameName { prefix, number, digits: digits.len(), suffix, is_frame: least == LEAST, least })
}

/// The parts of a frame's path at a group of digits, 0 for the last one; the prefix includes its folder.
pub(super) fn name(path: &str, back: usize) -> Option<Name<'_>> {
    let (stem, extension) = path.rsplit_once('.')?;
    let start = path.len() - file_name(path).len();
    // Most names have no number at all.
    let (from, end) = group_of_digits(stem.as_bytes(), start, back)?;
    let lower = extension.to_ascii_lowercase();
    let unread = UNREAD.iter().find(|(known, _)| *known == lower).map(|(_, frames)| *frames);
    let read = formats::by_extension(&lower).map(|format| format.info().frames);
    // What is only recognized has a format as well, which knows nothing of frames.
    let frames = read.filter(|frames| *frames != FrameUse::No).or(unread)?;
    let (prefix, digits, suffix) = (path.get(..from)?, stem.get(from..end)?, path.get(end..)?);
    let number = digits.parse().ok().filter(|_| digits.len() <= 10)?;
    let camera = is_camera(file_name(prefix), digits, end == stem.len());
    let frames_only = frames == FrameUse::Usual;
    let dotted = prefix.ends_with('.') && digits.len() >= 4 && end == stem.len();
    let least = if frames_only || dotted { LEAST } else { MANY };
    let signed = file_name(prefix).is_empty() || prefix.ends_with(['_', '-', '.']);
    let photo = PHOTOS.contains(&lower.as_str());
    let open = match digits.len() {
        _ if end != stem.len() => None,
        WIDE.. if signed && !photo => Some(Open::Numbers(LEAST)),
        NARROW.. if pictures::is_still(file_name(prefix), digits) => None,
        WIDE.. if !photo => Some(Open::Pictures(LEAST)),
        NARROW.. => Some(Open::Pictures(SOME)),
        _ => None,
    };
    (!camera || frames_only).then_some(Name { prefix, digits, suffix, number, least, open })
}

/// Where a group of digits begins and ends that stands behind `start`, 0 for the last one.
fn group_of_digits(bytes: &[u8], start: usize, back: usize) -> Option<(usize, usize)> {
    let mut end = bytes.len();
    for passed in 0..=back {
        let behind = |digit: bool, end: usize| {
            let upto = bytes.get(start..end)?;
            upto.iter().rposition(|b| b.is_ascii_digit() == digit).map(|at| start + at + 1)
        };
        end = behind(true, end)?;
        let from = behind(false, end).unwrap_or(start);
        if passed == back {
            return Some((from, end));
        }
        end = from;
    }
    None
}

/// `DSC_0001`, `IMG_4711`, `_MG_0815`: four characters and four digits are a camera's count of single pictures (DCF).
fn is_camera(prefix: &str, digits: &str, whole: bool) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    whole && digits.len() == 4 && prefix.len() == 4 && prefix.bytes().all(plain)
}
