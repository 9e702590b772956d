//! MPEG audio streams (ISO/IEC 11172-3, 13818-3): tags before and behind the frames, and the Xing/LAME header in the first.

use crate::containers::{ends, stray_tags};
use crate::formats::{Format, Info, Media, Probe, Score, aac, ape, flac, musepack, wavpack};
use crate::framing::mpeg_audio::{Frame, frame, run};
use crate::tags::{Place, charset, id3, push, push_problem, stream};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Mp3;

const FILE: &str = "MP3";
/// Frames that must follow one another before bytes without any magic are taken for sound.
const FRAMES: usize = 3;
/// How far from the start the first frame of an untagged file may stand, behind zeros or other debris.
const DEBRIS: usize = 4096;
/// Bytes that hold the first frames of any bit rate.
const NEAR: usize = 8 * 1024;

pub(super) static INFO: Info = Info {
    id: FormatId::new("mp3"),
    name: "MPEG audio",
    extensions: &["mp3", "mp2", "mpa", "mp1", "m2a"],
    media: Media::Audio,
    specification: "ISO/IEC 11172-3, ISO/IEC 13818-3; id3.org",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Mp3 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if id3::length(probe.head).is_some() {
            return Score::LIKELY;
        }
        let rest = |at: usize| probe.head.get(at..).unwrap_or_default();
        let whole = probe.head.len() as u64 == probe.len;
        if run(probe.head, frame, FRAMES) >= if whole { 2 } else { FRAMES } {
            return Score::WEAK;
        }
        if only_zeros_before_sound(probe.head, probe.len).is_some() {
            return Score(Score::WEAK.0 - 10);
        }
        let near = probe.head.get(..probe.head.len().min(DEBRIS)).unwrap_or_default();
        let found = memchr::memchr_iter(0xFF, near).find(|at| run(rest(*at), frame, FRAMES * 2) == FRAMES * 2);
        if found.is_some() { Score(Score::WEAK.0 - 10) } else { Score::NO }
    }

    fn sniff_above(&self, probe: &Probe<'_>, score: Score) -> Score {
        if score >= Score::LIKELY { Score::NO } else { self.sniff(probe) }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let start = ends::leading(source, FILE, out)?;
        // A tag longer than the head hides what it stands before.
        if flac::at(source, start)? {
            out.facts.format = Some(flac::INFO.id);
            return flac::read_stream(source, start, out);
        }
        let end = ends::trailing(source, FILE, start, out)?;
        stray_tags::read(source, FILE, start, end, out)?;
        if let Some(other) = other(source, start)? {
            out.facts.format = Some(other);
            return match other == wavpack::INFO.id {
                true => wavpack::read_blocks(source, start, end, out).map_err(|p| p.within("wavpack (blocks)")),
                false => Ok(()),
            };
        }
        let Some((pos, first)) = search(source, start, end)? else {
            if aac::search(source, start, end)?.is_some() {
                out.facts.format = Some(aac::INFO.id);
                return aac::read_stream(source, start, end, out);
            }
            let offset = source.absolute(start);
            if start > 0 && musepack::is_old(source.up_to(start, 8)?) {
                out.facts.format = Some(musepack::INFO.id);
                return Ok(());
            }
            return Err(if start >= end {
                Problem::truncated("mp3 (frames)", offset, "no sound behind the tags")
            } else {
                Problem::malformed("mp3 (frames)", offset, "no frame where the sound should start")
            });
        };
        let at = Place::new(format!("{FILE} frame"), source.absolute(pos));
        let mut about = stream::Audio {
            codec: first.kind.name().into(),
            rate: first.rate,
            channels: first.channels,
            ..Default::default()
        };
        let xing = encoder(source, pos, &first, out)?;
        about.seconds = xing.map_or(0.0, |frames| f64::from(frames) * f64::from(first.samples) / f64::from(first.rate));
        stream::audio(&about, &at, out);
        if pos + first.len as u64 > end {
            let problem = Problem::truncated("mp3 (frames)", source.absolute(end), "the first frame is cut");
            // With tags at the end, the end is there: the sound is odd, but nothing that a file says is lost.
            push_problem(out, if end < source.len() { problem.harmless() } else { problem });
        }
        Ok(())
    }
}

/// Where the sound starts in a file that begins with zeros: one whole frame behind them is enough.
fn only_zeros_before_sound(head: &[u8], len: u64) -> Option<usize> {
    let at = head.iter().take(DEBRIS).position(|b| *b != 0).filter(|at| *at > 0)?;
    let rest = head.get(at..)?;
    let first = frame(rest)?;
    (run(rest, frame, FRAMES) >= 2 || (at + first.len) as u64 == len).then_some(at)
}

/// Another format that carries its words at both ends only.
fn other(source: &mut Source, start: u64) -> Result<Option<FormatId>, Problem> {
    let len = source.len().saturating_sub(start);
    let probe = Probe { head: source.up_to(start, 64)?, len };
    let others: [&dyn Format; 3] = [&ape::Monkey, &musepack::Musepack, &wavpack::Wavpack];
    Ok(others.iter().find(|f| f.sniff(&probe) == Score::SURE).map(|f| f.info().id))
}

/// The first frame from which at least one more follows (or the end).
fn search(source: &mut Source, start: u64, end: u64) -> Result<Option<(u64, Frame)>, Problem> {
    // Nearly always the sound starts right behind the tags.
    for span in [NEAR, limits::HEAD] {
        let span = span.min(usize::try_from(end.saturating_sub(start)).unwrap_or(span));
        let bytes = source.up_to(start, span)?;
        // Every frame begins with these eight bits.
        for at in memchr::memchr_iter(0xFF, bytes) {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(first) = frame(rest) else { continue };
            let nothing_before = bytes.iter().take(at).all(|b| *b == 0);
            let all = nothing_before && start + (at + first.len) as u64 >= end;
            if all || run(rest, frame, FRAMES) >= 2 {
                return Ok(Some((start + at as u64, first)));
            }
        }
    }
    Ok(None)
}

/// The Xing/Info header, and LAME's name behind it; the number of frames where it is stated.
fn encoder(source: &mut Source, pos: u64, first: &Frame, out: &mut Extraction) -> Result<Option<u32>, Problem> {
    let bytes = source.up_to(pos, first.len.min(1024))?.to_vec();
    // Behind the header and the side information, whose length goes by version and channels.
    for by in [36, 21, 13] {
        let Some(head) = bytes.get(by..).filter(|b| b.starts_with(b"Xing") || b.starts_with(b"Info")) else { continue };
        let long = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let flags = long(4).unwrap_or(0);
        let frames = if flags & 1 != 0 { long(8) } else { None };
        let fields = [(1, 4), (2, 4), (4, 100), (8, 4)];
        let name = 8 + fields.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, len)| len).sum::<usize>();
        if let Some(text) = head.get(name..name + 9).and_then(charset::printable) {
            let at = Place::new(format!("{FILE} Xing"), source.absolute(pos + (by + name) as u64));
            push(out, ("mp3", "Encoder"), text.trim_end(), &at, 0);
        }
        return Ok(frames);
    }
    Ok(None)
}
