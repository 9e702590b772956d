//! DSF, the DSD stream file of Sony ("DSF File Format Specification 1.01"): the ID3v2 tag that its header points to.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{le32, le64};
use crate::tags::{Place, id3, stream};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Dsf;

static INFO: Info = Info {
    id: FormatId::new("dsf"),
    name: "DSF",
    extensions: &["dsf"],
    media: Media::Audio,
    specification: "Sony DSF File Format Specification 1.01",
    version: 1,
    ..Info::DEFAULT
};

/// The first chunk, the one that describes the sound, and the head of the sound's.
const FILE: u64 = 28;
const FORMAT: usize = 52;

impl Format for Dsf {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let sure = probe.head.starts_with(b"DSD \x1c\0\0\0\0\0\0\0");
        if sure { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = source.at(0, FILE as usize).map_err(|p| p.within("dsf (header)"))?.to_vec();
        let (stated, tag) = (le64(&header, 12).unwrap_or_default(), le64(&header, 20).unwrap_or_default());
        let format = source.up_to(FILE, FORMAT)?.to_vec();
        let mut sound = FILE;
        if format.starts_with(b"fmt ") {
            let field = |at| le32(&format, at).unwrap_or_default();
            let about = stream::Audio {
                codec: "DSD".into(),
                channels: field(24),
                rate: field(28),
                bits: field(32),
                ..Default::default()
            };
            stream::audio(&about, &Place::new("DSF fmt", source.absolute(FILE)), out);
            sound = FILE.saturating_add(le64(&format, 4).unwrap_or_default());
        }
        let data = source.up_to(sound, 12)?.to_vec();
        let end = match data.starts_with(b"data") {
            true => sound.saturating_add(le64(&data, 4).unwrap_or_default()),
            false => sound,
        };
        out.coverage.add(0, end);
        if tag != 0 {
            let there = source.len().saturating_sub(tag);
            let at = Place::new("DSF ID3v2", source.absolute(tag));
            let len = id3::length(source.up_to(tag, 10)?).unwrap_or(there);
            let blob = source.read_bounded(tag, len.min(there), limits::BLOB).map_err(|p| p.within("DSF ID3v2"))?;
            id3::read(&blob, &at, out);
            out.coverage.add(tag, tag.saturating_add(len));
        }
        let wanted = end.max(stated).max(tag);
        if wanted > source.len() || end == sound {
            let what = format!("{wanted} bytes stated, {} present", source.len());
            return Err(Problem::truncated("dsf", source.absolute(source.len()), what));
        }
        Ok(())
    }
}
