//! Flash video (Adobe Flash Video File Format Specification 10.1, annex E): script tags with AMF0 values.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::tags::{self, Place, amf, push_problem, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem, ProblemKind};

pub(super) struct Flv;

static INFO: Info = Info {
    id: FormatId::new("flv"),
    name: "Flash video",
    extensions: &["flv"],
    media: Media::Video,
    specification: "Adobe Flash Video File Format Specification 10.1",
    version: 2,
    ..Info::DEFAULT
};

/// Tags that are hopped over in search of script tags: more than a day of pictures and sound.
const TAGS: usize = 10_000_000;

impl Format for Flv {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // The five reserved bits are zero.
        let sound = probe.head.get(4).is_some_and(|flags| flags & 0xFA == 0);
        if probe.head.starts_with(b"FLV\x01") && sound { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let head = source.array::<9>(0)?;
        // Each tag stands behind the length of the one before it.
        let mut at = u64::from(u32::from_be_bytes([head[5], head[6], head[7], head[8]])).saturating_add(4);
        let mut media = false;
        for _ in 0..TAGS {
            let left = source.len().saturating_sub(at);
            if left == 0 && media {
                return Ok(());
            }
            if left == 0 {
                let what = "no sound and no picture behind the header";
                return Err(Problem::truncated("flv", source.absolute(source.len()), what));
            }
            if left < 11 {
                return Err(truncated(source, at));
            }
            let tag = source.read_uncached(at, 11)?;
            let Ok(tag) = <[u8; 11]>::try_from(tag) else { return Err(truncated(source, at)) };
            let len = u64::from(u32::from_be_bytes([0, tag[1], tag[2], tag[3]]));
            if 11 + len > left {
                if matches!(tag[0] & 0x1F, 15 | 18) {
                    script(source, at + 11, left - 11, out);
                }
                return Err(truncated(source, at));
            }
            match tag[0] & 0x1F {
                15 | 18 if tag[0] & 0x20 != 0 => {
                    let what = "an encrypted script tag";
                    push_problem(out, Problem::new(ProblemKind::Unsupported, "flv", Some(source.absolute(at)), what));
                }
                15 | 18 => script(source, at + 11, len, out),
                8 | 9 => media = true,
                kind => {
                    let what = format!("a tag of the unknown type {kind}");
                    return Err(Problem::malformed("flv", source.absolute(at), what));
                }
            }
            at = at.saturating_add(11 + len + 4);
        }
        Err(Problem::limit("flv", source.absolute(at), format!("more than {TAGS} tags")))
    }
}

fn truncated(source: &Source, at: u64) -> Problem {
    let left = source.len().saturating_sub(at);
    Problem::truncated("flv", source.absolute(at), format!("a tag ends after the file, {left} bytes are left"))
}

fn script(source: &mut Source, at: u64, len: u64, out: &mut Extraction) {
    let bytes = match source.read_bounded(at, len, limits::BLOB) {
        Ok(bytes) => bytes,
        Err(problem) => return push_problem(out, problem.within("flv (script tag)")),
    };
    // AMF3 script tags begin with a zero and then hold AMF0 values.
    let by = usize::from(bytes.first() == Some(&0));
    let mut fields = Vec::new();
    let done = amf::read(&bytes[by..], &mut fields);
    let event = done.clone().ok().or_else(|| name(&bytes[by..])).unwrap_or_default();
    let place = Place::new(format!("FLV {event}"), source.absolute(at + by as u64));
    for field in fields {
        let by = field.offset as u64;
        if event == "onXMPData" && field.key == "liveXML" {
            // Marker and length stand before the text.
            let packet = Place { container: place.container.clone(), offset: place.offset.map(|o| o + by) };
            xmp::read(field.value.as_bytes(), &packet, out);
            continue;
        }
        let key = match (event.as_str(), field.key.as_str()) {
            (_, "") => event.clone(),
            ("onMetaData", key) => key.to_owned(),
            (event, key) => format!("{event}.{key}"),
        };
        tags::push(out, ("flv", &key), field.value, &place, by);
    }
    if let Err(stop) = done {
        let (kind, what) = match stop {
            amf::Stop::Cut => (ProblemKind::Truncated, "a value ends after its script tag".to_owned()),
            amf::Stop::Limit => (ProblemKind::Limit, "too many or too deeply nested values".to_owned()),
            amf::Stop::Unknown(marker) => (ProblemKind::Unsupported, format!("a value of type {marker}")),
        };
        place.problem(Problem::new(kind, "flv (script tag)", place.offset, what), out);
    }
}

/// The event's name where the values after it are damaged.
fn name(bytes: &[u8]) -> Option<String> {
    let len = usize::from(u16::from_be_bytes([*bytes.get(1)?, *bytes.get(2)?]));
    (bytes.first() == Some(&2)).then(|| bytes.get(3..3 + len)).flatten().map(|b| String::from_utf8_lossy(b).into())
}
