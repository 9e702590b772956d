//! AIFF and AIFF-C sound (Apple "Audio Interchange File Format" 1.3, AIFF-C draft), hopping over the sound itself.

use crate::containers::riff as chunks;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::iff::{self, Chunk};
use crate::tags::{Place, bext, charset, id3, ixml, push, push_problem, stream, xmp};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Aiff;

const FILE: &str = "AIFF";
/// Chunks without words: sound, markers, instruments, padding.
const SILENT: &[&[u8; 4]] =
    &[b"SSND", b"FVER", b"MARK", b"INST", b"MIDI", b"AESD", b"FLLR", b"PEAK", b"SAXL", b"basc", b"trns", b"CHAN"];

pub(super) static INFO: Info = Info {
    id: FormatId::new("aiff"),
    name: "AIFF",
    extensions: &["aif", "aiff", "aifc", "afc"],
    media: Media::Audio,
    specification: "Apple AIFF 1.3; AIFF-C",
    version: 1,
    ..Info::DEFAULT
};

impl Format for Aiff {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if iff::is_form(probe.head, &[b"AIFF", b"AIFC"]) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = iff::header(source)?;
        let walk = iff::top(source, &header);
        chunks::account(&walk.chunks, &header, out);
        let mut frames = None;
        for chunk in &walk.chunks {
            if let Err(problem) = read_chunk(source, chunk, &header.form, &mut frames, out) {
                push_problem(out, problem.within(&chunks::place(source, FILE, chunk).container));
            }
        }
        // A file without samples needs no sound chunk.
        if frames != Some(0) && !walk.chunks.iter().any(|c| &c.id == b"SSND") {
            let problem = Problem::truncated("aiff (FORM)", source.absolute(source.len()), "missing SSND");
            // Where all that the file states is there, nothing hides.
            push_problem(out, if iff::is_whole(&header, &walk, source) { problem.harmless() } else { problem });
        }
        walk.problem.map_or(Ok(()), |p| Err(p.within("aiff (FORM)")))
    }
}

fn read_chunk(
    source: &mut Source,
    chunk: &Chunk,
    form: &[u8; 4],
    frames: &mut Option<u32>,
    out: &mut Extraction,
) -> Result<(), Problem> {
    let at = chunks::place(source, FILE, chunk);
    match &chunk.id {
        b"COMM" => *frames = Some(common(source, chunk, form == b"AIFC", &at, out)?),
        b"NAME" | b"AUTH" | b"(c) " | b"ANNO" => {
            let text = charset::guess(charset::trim(&chunks::content(source, chunk)?));
            push(out, ("aiff", charset::fourcc(chunk.id).trim_end()), text, &at, 0);
        }
        b"COMT" => comments(&chunks::content(source, chunk)?, &at, out),
        b"ID3 " | b"id3 " => id3::read(&chunks::content(source, chunk)?, &at, out),
        b"APPL" => application(source, chunk, &at, out)?,
        b"iXML" => ixml::read(&chunks::content(source, chunk)?, &at, out),
        b"bext" => bext::read(&chunks::content(source, chunk)?, &at, out),
        b"C2PA" => chunks::keep(source, chunk, None, &at, out),
        id if SILENT.contains(&id) => {}
        _ => chunks::text_chunk(source, FILE, chunks::ChunkKeys { space: "aiff", prefix: "" }, chunk, out),
    }
    Ok(())
}

/// The number of sample frames.
fn common(
    source: &mut Source,
    chunk: &Chunk,
    compressed: bool,
    at: &Place,
    out: &mut Extraction,
) -> Result<u32, Problem> {
    let [a, b, c, d, e, f, g, h, rate @ ..]: [u8; 18] = source.array(chunk.data)?;
    let frames = u32::from_be_bytes([c, d, e, f]);
    let rate = extended(rate);
    let codec = if compressed { charset::fourcc(source.array(chunk.data + 18)?) } else { "PCM".to_owned() };
    let about = stream::Audio {
        codec,
        rate: rate as u32,
        channels: u16::from_be_bytes([a, b]).into(),
        bits: u16::from_be_bytes([g, h]).into(),
        seconds: f64::from(frames) / rate,
    };
    stream::audio(&about, at, out);
    Ok(frames)
}

/// An 80-bit IEEE 754 number.
fn extended([a, b, mantissa @ ..]: [u8; 10]) -> f64 {
    let exponent = i32::from(u16::from_be_bytes([a, b]) & 0x7FFF) - 16_383 - 63;
    u64::from_be_bytes(mantissa) as f64 * 2f64.powi(exponent)
}

/// Comments with time stamp and marker.
fn comments(blob: &[u8], at: &Place, out: &mut Extraction) {
    let short = |at: usize| Some(u16::from_be_bytes(blob.get(at..at + 2)?.try_into().ok()?));
    let mut pos = 2;
    for _ in 0..short(0).unwrap_or(0) {
        let text = short(pos + 6).and_then(|len| blob.get(pos + 8..pos + 8 + usize::from(len)));
        let Some(text) = text else {
            let by = at.offset.unwrap_or(0).saturating_add(pos as u64);
            return at.problem(Problem::truncated("", by, "a comment is cut"), out);
        };
        push(out, ("aiff", "COMT"), charset::guess(text), at, pos as u64 + 8);
        pos += 8 + text.len() + text.len() % 2;
    }
}

/// Private data of an application; XMP travels under the signature `XMP ` (XMP specification part 3).
fn application(source: &mut Source, chunk: &Chunk, at: &Place, out: &mut Extraction) -> Result<(), Problem> {
    if chunk.len < 4 {
        return Ok(());
    }
    let signature: [u8; 4] = source.array(chunk.data)?;
    let rest = Chunk { data: chunk.data + 4, len: chunk.len - 4, ..*chunk };
    if &signature == b"XMP " {
        let inside = Place::new(at.container.clone(), source.absolute(rest.data));
        xmp::read(&chunks::content(source, &rest)?, &inside, out);
    } else {
        let named = Chunk { id: signature, ..rest };
        let keys = chunks::ChunkKeys { space: "aiff", prefix: "APPL:" };
        chunks::text_chunk(source, &format!("{FILE} APPL"), keys, &named, out);
    }
    Ok(())
}
