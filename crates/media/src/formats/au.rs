//! AU sound of Sun and NeXT (Sun "Audio File Format", audio.h): the annotation between header and sound.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{be32, le32};
use crate::tags::{Place, charset, push, stream};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Au;

static INFO: Info = Info {
    id: FormatId::new("au"),
    name: "AU",
    extensions: &["au", "snd"],
    media: Media::Audio,
    specification: "Sun Microsystems audio file format",
    version: 1,
    ..Info::DEFAULT
};

/// The fixed part of the header.
const HEADER: u64 = 24;

impl Format for Au {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // A digital recorder of DEC wrote it the other way round.
        let offset = match probe.head.get(..4) {
            Some(b".snd") => be32(probe.head, 4),
            Some(b"dns.") => le32(probe.head, 4),
            _ => None,
        };
        if offset.is_some_and(|offset| u64::from(offset) >= HEADER) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = source.at(0, HEADER as usize).map_err(|p| p.within("au (header)"))?.to_vec();
        let number = |at| if header.starts_with(b".snd") { be32(&header, at) } else { le32(&header, at) };
        let field = |at| number(at).unwrap_or_default();
        let (start, size) = (u64::from(field(4)), field(8));
        let codec = match field(12) {
            1 => "mu-law".to_owned(),
            2..=5 => "PCM".to_owned(),
            6 | 7 => "IEEE float".to_owned(),
            23..=26 => "ADPCM".to_owned(),
            27 => "A-law".to_owned(),
            other => other.to_string(),
        };
        let about = stream::Audio { codec, rate: field(16), channels: field(20), ..stream::Audio::default() };
        stream::audio(&about, &Place::new("AU header", source.absolute(0)), out);
        let at = Place::new("AU annotation", source.absolute(HEADER));
        let there = start.min(source.len()).saturating_sub(HEADER);
        let note = source.read_bounded(HEADER, there, limits::BLOB).map_err(|p| p.within("AU annotation"))?;
        annotation(&note, &at, out);
        let end = if size == u32::MAX { source.len() } else { start.saturating_add(size.into()) };
        out.coverage.add(0, end);
        if end > source.len() {
            let what = format!("{end} bytes stated, {} present", source.len());
            return Err(Problem::truncated("au", source.absolute(source.len()), what));
        }
        Ok(())
    }
}

/// Text, or lines of `key=value` as some programs put their tags there.
fn annotation(note: &[u8], at: &Place, out: &mut Extraction) {
    let words = charset::guess(charset::trim(note));
    let pairs: Option<Vec<_>> =
        words.lines().filter(|line| !line.is_empty()).map(|line| line.split_once('=')).collect();
    let plain = |key: &str| !key.is_empty() && key.len() < 32 && key.bytes().all(|b| b.is_ascii_alphabetic());
    match pairs.filter(|pairs| pairs.iter().all(|(key, _)| plain(key))) {
        Some(pairs) => pairs.iter().for_each(|(key, value)| push(out, ("au", key), *value, at, 0)),
        None => push(out, ("au", "annotation"), words, at, 0),
    }
}
