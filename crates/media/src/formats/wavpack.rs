//! WavPack sound (WavPack 4 and 5 file format): the tags at both ends, and the chunks of the WAVE file that it was made
//! from, which the first and the last block carry.

use crate::containers::{ends, stray_tags};
use crate::formats::{Format, Info, Media, Probe, Score, wav};
use crate::framing::riff::{Header, Order};
use crate::tags::push_problem;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Wavpack;

/// Length of a block's header.
const HEADER: u64 = 32;
/// Where the last block is looked for before the tags: as long as a block may be, if it is not nearer.
const TAILS: [u64; 2] = [64 * 1024, 1024 * 1024 + 8];

pub(super) static INFO: Info = Info {
    id: FormatId::new("wavpack"),
    name: "WavPack",
    extensions: &["wv", "wvc"],
    media: Media::Audio,
    specification: "WavPack 4 and 5 file format",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Wavpack {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if ends::behind_id3(probe.head).starts_with(b"wvpk") { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let start = ends::leading(source, "WavPack", out)?;
        let end = ends::trailing(source, "WavPack", start, out)?;
        stray_tags::near_end(source, "WavPack", start, end, out)?;
        read_blocks(source, start, end, out).map_err(|p| p.within("wavpack (blocks)"))
    }
}

/// Reads what the first and the last block between the tags carry of the WAVE file.
pub(super) fn read_blocks(source: &mut Source, start: u64, end: u64, out: &mut Extraction) -> Result<(), Problem> {
    block(source, start, end, out)?;
    let offset = source.absolute(end);
    let cut = |what| Err(Problem::truncated("", offset, what));
    let Some(last) = last(source, start, end)? else { return cut("the last block is cut") };
    if last > start {
        block(source, last, end, out)?;
    }
    let (first, last) = (Count::read(source, start)?, Count::read(source, last)?);
    // A last block without sound holds what stood behind the sound.
    let told = first.total.is_some_and(|total| last.samples > 0 && last.index.saturating_add(last.samples) < total);
    if told {
        return cut("the sound is shorter than the header says");
    }
    Ok(())
}

/// The block that ends where the tags begin.
fn last(source: &mut Source, start: u64, end: u64) -> Result<Option<u64>, Problem> {
    for tail in TAILS {
        let from = end.saturating_sub(tail).max(start);
        let bytes = source.up_to(from, (end - from) as usize)?;
        let ends = |at: &usize| {
            let head = bytes.get(*at..*at + 8).unwrap_or_default();
            matches!(head, [b'w', b'v', b'p', b'k', len @ ..]
                if u32::from_le_bytes(len.try_into().unwrap_or_default()) as usize == bytes.len() - at - 8)
        };
        if let Some(at) = memchr::memrchr_iter(b'w', bytes).find(ends) {
            return Ok(Some(from + at as u64));
        }
        if from == start {
            break;
        }
    }
    Ok(None)
}

/// What a block's header says of the sound, in samples of one channel.
struct Count {
    /// Of the whole file, where it is known.
    total: Option<u64>,
    index: u64,
    samples: u64,
}

impl Count {
    fn read(source: &mut Source, at: u64) -> Result<Self, Problem> {
        let head: [u8; HEADER as usize] = source.array(at)?;
        let field = |at: usize| {
            head.get(at..at + 4).map_or(0, |b| u64::from(u32::from_le_bytes(b.try_into().unwrap_or_default())))
        };
        // Bits 32 to 39 stand apart.
        let total = (field(12) != u64::from(u32::MAX)).then(|| field(12) | u64::from(head[11]) << 32);
        Ok(Self { total, index: field(16) | u64::from(head[10]) << 32, samples: field(20) })
    }
}

fn block(source: &mut Source, pos: u64, end: u64, out: &mut Extraction) -> Result<(), Problem> {
    let [b'w', b'v', b'p', b'k', len @ ..]: [u8; 8] = source.array(pos)? else {
        return Err(Problem::malformed("", source.absolute(pos), "no block where the sound should start"));
    };
    let stop = pos + 8 + u64::from(u32::from_le_bytes(len));
    if stop > end {
        let what = format!("the block ends at {stop}, the sound at {end}");
        return Err(Problem::truncated("", source.absolute(pos), what));
    }
    let mut at = pos + HEADER;
    while at + 2 <= stop {
        let [id, words] = source.array(at)?;
        // The top bit stands for a length of three bytes, the next for an odd length.
        let (size, head) = if id & 0x80 == 0 {
            (u64::from(words), 2)
        } else {
            let [a, b]: [u8; 2] = source.array(at + 2)?;
            (u64::from(u32::from_le_bytes([words, a, b, 0])), 4)
        };
        let data = at + head;
        let room = size * 2;
        if room > stop.saturating_sub(data) {
            return Err(Problem::malformed("", source.absolute(at), "data runs past its block"));
        }
        let len = room.saturating_sub(u64::from(id & 0x40 != 0));
        match id & 0x3F {
            0x21 => wrapped(source, data, len, 12, out)?,
            0x22 => wrapped(source, data, len, 0, out)?,
            _ => {}
        }
        at = data + room;
    }
    Ok(())
}

/// Chunks of a WAVE file from `skip` on; the sound itself is not among them.
fn wrapped(source: &mut Source, data: u64, len: u64, skip: u64, out: &mut Extraction) -> Result<(), Problem> {
    let bytes = source.read_bounded(data, len, limits::BLOB)?;
    let mut inner = Source::memory(bytes, source.absolute(data));
    let header = Header { id: *b"RIFF", form: *b"WAVE", order: Order::Little, promised: None, large: Vec::new() };
    if let Some(problem) = wav::read_chunks(&mut inner, skip.min(len)..len, &header, out) {
        // The header ends with that of `data`, whose content is elsewhere.
        push_problem(out, if skip > 0 { problem.harmless() } else { problem }.within("wavpack (RIFF)"));
    }
    Ok(())
}
