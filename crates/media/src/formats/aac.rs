//! AAC in ADTS frames (ISO/IEC 13818-7): tags before and behind them.

use crate::containers::{ends, stray_tags};
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::mpeg_audio::{Frame, adts, run};
use crate::tags::{Place, id3, stream};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Aac;

const FILE: &str = "AAC";
const FRAMES: usize = 3;

pub(super) static INFO: Info = Info {
    id: FormatId::new("aac"),
    name: "AAC (ADTS)",
    extensions: &["aac", "adts"],
    media: Media::Audio,
    specification: "ISO/IEC 13818-7",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Aac {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let tag = id3::length(probe.head);
        let Some(rest) = usize::try_from(tag.unwrap_or(0)).ok().and_then(|n| probe.head.get(n..)) else {
            return Score::NO;
        };
        let whole = probe.head.len() as u64 == probe.len;
        let only = adts(rest).is_some_and(|f| f.len == rest.len());
        let enough = run(rest, adts, FRAMES) >= if whole { 2 } else { FRAMES } || (whole && only);
        match (enough, tag) {
            (true, Some(_)) => Score(Score::LIKELY.0 + 10),
            (true, None) => Score::WEAK,
            _ => Score::NO,
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let start = ends::leading(source, FILE, out)?;
        let end = ends::trailing(source, FILE, start, out)?;
        stray_tags::read(source, FILE, start, end, out)?;
        read_stream(source, start, end, out)
    }
}

/// The first frame from which another follows.
pub(super) fn search(source: &mut Source, start: u64, end: u64) -> Result<Option<(u64, Frame)>, Problem> {
    // Two frames are at most 16 KiB; nearly always the sound starts right behind the tags.
    for span in [2 * 8192, limits::HEAD] {
        let span = span.min(usize::try_from(end.saturating_sub(start)).unwrap_or(span));
        let bytes = source.up_to(start, span)?;
        let rest = |at: usize| bytes.get(at..).unwrap_or_default();
        let only = |at: usize| adts(rest(at)).is_some_and(|f| start + (at + f.len) as u64 == end);
        // Every frame begins with these eight bits.
        let found = memchr::memchr_iter(0xFF, bytes).find(|at| run(rest(*at), adts, 2) == 2 || only(*at));
        if let Some((at, first)) = found.and_then(|at| Some((at, adts(rest(at))?))) {
            return Ok(Some((start + at as u64, first)));
        }
    }
    Ok(None)
}

/// Reads what stands between the tags.
pub(super) fn read_stream(source: &mut Source, start: u64, end: u64, out: &mut Extraction) -> Result<(), Problem> {
    let Some((pos, first)) = search(source, start, end)? else {
        let what = "no frame where the sound should start";
        return Err(Problem::malformed("aac (frames)", source.absolute(start), what));
    };
    let at = Place::new(format!("{FILE} frame"), source.absolute(pos));
    let about = stream::Audio {
        codec: first.kind.name().into(),
        rate: first.rate,
        channels: first.channels,
        ..Default::default()
    };
    stream::audio(&about, &at, out);
    Ok(())
}
