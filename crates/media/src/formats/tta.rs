//! True Audio (TTA1 and TTA2; "TTA Lossless Audio Codec, format description"): the ID3 and APE tags at both ends.

use crate::containers::ends;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{le16, le32};
use crate::tags::{Place, stream};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Tta;

static INFO: Info = Info {
    id: FormatId::new("tta"),
    name: "True Audio",
    extensions: &["tta"],
    media: Media::Audio,
    specification: "TTA1 and TTA2 format description",
    version: 1,
    ..Info::DEFAULT
};

/// The header with its checksum.
const HEADER: u64 = 22;

impl Format for Tta {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let rest = ends::behind_id3(probe.head);
        if rest.starts_with(b"TTA1") || rest.starts_with(b"TTA2") { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let (start, end) = ends::both(source, "TTA", "tta", HEADER, out)?;
        let header = source.up_to(start, HEADER as usize)?.to_vec();
        if header.starts_with(b"TTA1") {
            let [channels, bits] = [6, 8].map(|at| le16(&header, at).map_or(0, u32::from));
            let rate = le32(&header, 10).unwrap_or_default();
            let samples = le32(&header, 14).unwrap_or_default();
            let seconds = f64::from(samples) / f64::from(rate);
            let about = stream::Audio { codec: "TTA".into(), rate, channels, bits, seconds };
            stream::audio(&about, &Place::new("TTA header", source.absolute(start)), out);
            if let Some(frames) = frames(source, start, rate, samples) {
                let stop = frames?;
                out.coverage.close();
                out.coverage.add(0, stop);
                out.coverage.add(end, source.len());
                if stop > end {
                    let what = format!("{} bytes of sound stated, {} present", stop - start, end - start);
                    return Err(Problem::truncated("tta", source.absolute(end), what));
                }
            }
        }
        Ok(())
    }
}

/// Where the sound ends by the table of its frames' lengths; `None` where the header is not one that can be counted with.
fn frames(source: &mut Source, start: u64, rate: u32, samples: u32) -> Option<Result<u64, Problem>> {
    let length = u64::from(rate).checked_mul(256)? / 245;
    let count = u64::from(samples).div_ceil(length.max(1));
    let table = start + HEADER;
    let lengths = match source.read_bounded(table, count.checked_mul(4)?, 4 * 1024 * 1024) {
        Ok(lengths) if length > 0 => lengths,
        Ok(_) => return None,
        Err(problem) => return Some(Err(problem.within("TTA seek table"))),
    };
    let sum: u64 = lengths.chunks_exact(4).filter_map(|four| le32(four, 0)).map(u64::from).sum();
    Some(Ok(table + 4 * count + 4 + sum))
}
