//! WAVE sound: RIFF, RIFX, RF64, BW64 and Wave64 (Microsoft RIFF, EBU Tech 3285 and 3306, ITU-R BS.2088, Sony), hopping over the sound itself.

use std::ops::Range;

use crate::containers::riff as chunks;
use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::riff::{self, Chunk, Header, Order};
use crate::framing::wave64;
use crate::tags::{Place, bext, charset, ixml, push, push_problem, stream};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem};

/// The format.
pub struct Wav;

const FILE: &str = "WAV";
/// Chunks without words: sound, its peaks, envelopes, cue points, padding.
const SILENT: &[&[u8; 4]] = &[
    b"data", b"fact", b"ds64", b"levl", b"PEAK", b"cue ", b"plst", b"smpl", b"inst", b"acid", b"slnt", b"wavl",
    b"chna", b"dbmd", b"elm1", b"regn", b"minf", b"umid", b"r64m", b"bxml", b"CSET",
];

/// Scenes of object-based sound are described by documents of any length: those longer than this stream by.
const LONG: u64 = 8 * 1024 * 1024;

pub(super) static INFO: Info = Info {
    id: FormatId::new("wav"),
    name: "WAVE",
    extensions: &["wav", "wave", "bwf", "rf64", "bw64", "w64", "amb"],
    media: Media::Audio,
    specification: "Microsoft RIFF; EBU Tech 3285, 3306; ITU-R BS.2088",
    version: 2,
    ..Info::DEFAULT
};

impl Format for Wav {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let riff = [b"RIFF", b"RIFX", b"RF64", b"BW64"].iter().any(|id| probe.head.starts_with(id.as_slice()));
        let wave = riff && probe.head.get(8..12) == Some(b"WAVE");
        if wave || wave64::is_wave64(probe.head) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let header = riff::header(source)?;
        let walk = if &header.id == b"riff" { wave64::top(source) } else { riff::top(source, &header) };
        chunks::account(&walk.chunks, &header, out);
        let mut format = stream::Audio::default();
        for chunk in &walk.chunks {
            if let Err(problem) = read_chunk(source, chunk, &header, &mut format, out) {
                push_problem(out, problem.within(&chunks::place(source, FILE, chunk).container));
            }
        }
        let fmt = walk.chunks.iter().find(|c| &c.id == b"fmt ").map_or(0, |c| c.data);
        stream::audio(&format, &Place::new(format!("{FILE} fmt"), source.absolute(fmt)), out);
        if !walk.chunks.iter().any(|c| matches!(&c.id, b"data" | b"wavl")) {
            let problem = Problem::truncated("wav (RIFF)", source.absolute(source.len()), "missing data");
            // Where all that the file states is there, nothing hides.
            push_problem(out, if riff::is_whole(&header, &walk, source) { problem.harmless() } else { problem });
        }
        if !walk.chunks.iter().any(|c| &c.id == b"fmt ") {
            push_problem(out, Problem::malformed("wav (RIFF)", source.absolute(0), "missing fmt").harmless());
        }
        walk.problem.map_or(Ok(()), |p| Err(p.within("wav (RIFF)")))
    }
}

/// Reads chunks that stand elsewhere (in WavPack); what ended the walk early.
pub(super) fn read_chunks(
    source: &mut Source,
    span: Range<u64>,
    header: &Header,
    out: &mut Extraction,
) -> Option<Problem> {
    let walk = riff::list(source, span, header);
    let mut format = stream::Audio::default();
    for chunk in walk.chunks.iter().filter(|c| &c.id != b"data") {
        if let Err(problem) = read_chunk(source, chunk, header, &mut format, out) {
            push_problem(out, problem.within(&chunks::place(source, FILE, chunk).container));
        }
    }
    let whole = walk.chunks.last().is_some_and(|c| &c.id == b"data");
    walk.problem.filter(|_| !whole)
}

fn read_chunk(
    source: &mut Source,
    chunk: &Chunk,
    header: &Header,
    format: &mut stream::Audio,
    out: &mut Extraction,
) -> Result<(), Problem> {
    let at = chunks::place(source, FILE, chunk);
    match &chunk.id {
        b"fmt " => *format = format_chunk(source, chunk, header.order)?,
        b"data" => {
            format.seconds = chunk.len as f64
                / (f64::from(format.channels) * f64::from(format.rate))
                / f64::from(format.bits.div_ceil(8))
        }
        b"bext" => bext::read(&chunks::content(source, chunk)?, &at, out),
        b"cart" => bext::read_cart(&chunks::content(source, chunk)?, &at, out),
        b"iXML" => ixml::read(&chunks::content(source, chunk)?, &at, out),
        b"axml" if chunk.len > LONG => {
            let document = source.range().section(chunk.data, chunk.len).stream();
            ixml::read_long_axml(document, &at, out);
        }
        b"axml" => ixml::read_axml(&chunks::content(source, chunk)?, &at, out),
        b"afsp" => {
            // AFsp: `name: value` texts that end in NUL.
            for text in chunks::content(source, chunk)?.split(|b| *b == 0).filter(|t| !t.is_empty()) {
                push(out, ("riff", "afsp"), charset::guess(text), &at, 0);
            }
        }
        b"LIST" | b"list" => list(source, chunk, header, out)?,
        b"DISP" => display(&chunks::content(source, chunk)?, header.order, &at, out),
        b"JUNK" | b"junk" | b"PAD " | b"FLLR" => {
            chunks::stray(source, FILE, chunk, out);
        }
        id if SILENT.contains(&id) => {}
        _ => {
            if !chunks::shared(source, FILE, chunk, out)? {
                chunks::unknown(source, FILE, "", chunk, out);
            }
        }
    }
    Ok(())
}

/// A clipboard format and its content; 1 is text.
fn display(blob: &[u8], order: Order, at: &Place, out: &mut Extraction) {
    if let Some((kind, text)) = blob.split_first_chunk::<4>().filter(|(kind, _)| order.u32(**kind) == 1) {
        push(out, ("riff", "DISP"), charset::fixed(text), at, kind.len() as u64);
    }
}

fn list(source: &mut Source, chunk: &Chunk, header: &Header, out: &mut Extraction) -> Result<(), Problem> {
    if chunk.len < 4 {
        return Ok(());
    }
    match &source.array::<4>(chunk.data)? {
        b"wavl" => {}
        b"adtl" => labels(source, chunk, header, out),
        b"exif" => chunks::texts(source, chunks::TextLists { file: FILE, kind: "exif", header }, chunk, out),
        b"INFO" => chunks::texts(source, chunks::TextLists { file: FILE, kind: "INFO", header }, chunk, out),
        kind => {
            let name = charset::fourcc(*kind);
            out.coverage.leave(chunk.data + 4, chunk.end());
            for inner in riff::list(source, chunk.inner(), header).chunks {
                if !chunks::shared(source, FILE, &inner, out)? {
                    chunks::unknown(source, &format!("{FILE} LIST {name}"), &format!("{name}:"), &inner, out);
                }
            }
        }
    }
    Ok(())
}

/// Notes at points in time: `labl` and `note` begin with a number, `ltxt` with 20 bytes.
fn labels(source: &mut Source, chunk: &Chunk, header: &Header, out: &mut Extraction) {
    for label in riff::list(source, chunk.inner(), header).chunks {
        let skip = match &label.id {
            b"labl" | b"note" => 4,
            b"ltxt" => 20,
            _ => continue,
        };
        let by = label.len.min(skip);
        let text = Chunk { data: label.data + by, len: label.len - by, ..label };
        chunks::unknown(source, &format!("{FILE} LIST adtl"), "adtl:", &text, out);
    }
}

fn format_chunk(source: &mut Source, chunk: &Chunk, order: Order) -> Result<stream::Audio, Problem> {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 14] = source.array(chunk.data)?;
    let rest = source.up_to(chunk.data + 14, (chunk.len.saturating_sub(14)).min(12) as usize)?;
    let bits = rest.first_chunk::<2>().map_or(0, |b| order.u16(*b));
    let mut code = order.u16([a, b]);
    if let (0xFFFE, Some([x, y])) = (code, rest.get(10..12)) {
        code = order.u16([*x, *y]);
    }
    let codec = match code {
        1 => "PCM".to_owned(),
        2 => "ADPCM".to_owned(),
        3 => "IEEE float".to_owned(),
        6 => "A-law".to_owned(),
        7 => "mu-law".to_owned(),
        0x50 => "MPEG audio".to_owned(),
        0x55 => "MPEG audio layer III".to_owned(),
        other => format!("0x{other:04X}"),
    };
    let pcm = matches!(code, 1 | 3 | 6 | 7);
    Ok(stream::Audio {
        codec,
        channels: order.u16([c, d]).into(),
        rate: order.u32([e, f, g, h]),
        bits: if pcm { bits.into() } else { 0 },
        seconds: 0.0,
    })
}
