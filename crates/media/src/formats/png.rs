//! PNG and APNG (W3C Portable Network Graphics, third edition), with XMP, Exif, C2PA (`caBX`) and ComfyUI's `comf`.

use crate::containers::samsung;
use crate::formats::{Format, FrameUse, Info, Media, Pixels, Probe, Score};
use crate::framing::png_chunks::{self, Chunk};
use crate::framing::{appended, deflate, jumbf, numbers};
use crate::tags::{self, Place, charset, content, exif, other_file, png_text, push, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, FormatId, Problem, Store};

/// The reader.
pub struct Png;

static INFO: Info = Info {
    id: FormatId::new("png"),
    name: "PNG",
    extensions: &["png", "apng"],
    media: Media::Image,
    specification: "W3C PNG, third edition; XMP part 3; C2PA 2.x, annex A.3",
    version: 3,
    pixels: Pixels::Lossless,
    thumbnails: true,
    frames: FrameUse::Possible,
    ..Info::DEFAULT
};

/// All text that may be unfolded from one file.
pub(super) const ROOM: usize = 4 * limits::INFLATED;

impl Format for Png {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(png_chunks::SIGNATURE) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let (chunks, end) = png_chunks::walk(source, png_chunks::SIGNATURE.len() as u64);
        let mut room = ROOM;
        read_all(source, &chunks, &mut room, out);
        let end = end?;
        out.coverage.add(0, end);
        leave(&chunks, out);
        after_end(source, end, &mut room, out)
    }
}

/// The longest data of a chunk whose meaning is fixed and that is not read; suggested palettes have any length.
fn longest(kind: [u8; 4]) -> u32 {
    match &kind {
        b"PLTE" | b"hIST" | b"tRNS" => 768,
        b"iCCP" => u32::MAX,
        b"IEND" | b"sPLT" => 0,
        _ => 64,
    }
}

/// Leaves what nobody reads: chunks of no known type, and those that are longer than what they are for.
fn leave(chunks: &[Chunk], out: &mut Extraction) {
    let fixed = |chunk: &Chunk| KNOWN.contains(&&chunk.kind) || is_told(&chunk.kind) && !is_read(&chunk.kind);
    let unread = |chunk: &&Chunk| match fixed(chunk) {
        true => chunk.len > longest(chunk.kind),
        false => !is_read(&chunk.kind),
    };
    for chunk in chunks.iter().filter(unread) {
        out.coverage.leave(chunk.data(), chunk.end().saturating_sub(4));
    }
}

fn read_all(source: &mut Source, chunks: &[Chunk], room: &mut usize, out: &mut Extraction) {
    for chunk in chunks {
        if let Err(problem) = read_chunk(source, chunk, room, out) {
            tags::push_problem(out, problem.within(&format!("PNG {}", chunk.kind.escape_ascii())));
        }
    }
}

pub(super) fn read_chunk(
    source: &mut Source,
    chunk: &Chunk,
    room: &mut usize,
    out: &mut Extraction,
) -> Result<(), Problem> {
    let at = Place::new(format!("PNG {}", chunk.kind.escape_ascii()), source.absolute(chunk.data()));
    match &meant(chunk.kind) {
        b"IHDR" => header(&data(source, chunk, 64)?, &at, out),
        b"tEXt" | b"zTXt" | b"iTXt" => {
            let text = checked(source, chunk, limits::INFLATED, &at, out)?;
            png_text::read(chunk.kind, &text, &at, room, out);
        }
        b"eXIf" => {
            let blob = checked(source, chunk, limits::INFLATED, &at, out)?;
            match blob.strip_prefix(b"Exif\0\0") {
                Some(tiff) => {
                    let at = Place { offset: at.offset.map(|o| o + 6), ..at };
                    exif::read(tiff, &at, out);
                }
                None => exif::read(&blob, &at, out),
            }
        }
        b"tXMP" => xmp::read(&data(source, chunk, limits::INFLATED)?, &at, out),
        b"iCCP" => profile(&data(source, chunk, limits::INFLATED)?, &at, room, out),
        b"comf" => comfy(&checked(source, chunk, limits::INFLATED, &at, out)?, &at, out),
        b"caBX" => store(source, chunk, &at, out)?,
        b"tIME" => time(&data(source, chunk, 7)?, &at, out),
        b"pHYs" => density(&data(source, chunk, 9)?, &at, out),
        b"acTL" => {
            let frames = numbers::be32(&data(source, chunk, 8)?, 0).unwrap_or_default();
            push(out, ("png", "AnimationFrames"), frames.to_string(), &at, 0);
        }
        kind if !KNOWN.contains(&kind) => {
            // The type is covered by the CRC: where that is wrong, this may be a chunk that is known by another name.
            if chunk.len <= CHECKED {
                let bytes = checked(source, chunk, CHECKED as usize, &at, out)?;
                unknown(&bytes, &at, room, out);
            } else if jumbf::is_store(source.up_to(chunk.data(), jumbf::HEAD)?) {
                store(source, chunk, &at, out)?;
            }
            push(out, ("png", "chunk"), kind.escape_ascii().to_string(), &at, 0);
        }
        _ => {}
    }
    Ok(())
}

/// The type that a chunk is read as: the case of its letters says what editors may do with it (section 5.4), and private
/// copies of text chunks and stores are read with any. Of other chunks the content tells.
fn meant(kind: [u8; 4]) -> [u8; 4] {
    const FOLDED: &[&[u8; 4]] = &[b"tEXt", b"zTXt", b"iTXt", b"caBX"];
    const EXACT: &[&[u8; 4]] = &[b"eXIf", b"tXMP", b"comf"];
    if KNOWN.contains(&&kind) || EXACT.contains(&&kind) {
        return kind;
    }
    FOLDED.iter().find(|read| read.eq_ignore_ascii_case(&kind)).map_or(kind, |read| **read)
}

/// A chunk of no known type, by its content: what ExifTool calls `zxIf` is Exif that was packed.
fn unknown(bytes: &[u8], at: &Place, room: &mut usize, out: &mut Extraction) {
    if content::read(bytes, "png", at, out) {
        return;
    }
    // A zero, and in some the length that it unfolds to, before a zlib stream.
    let packed = [5, 1, 0].into_iter().filter_map(|by| bytes.get(by..));
    for packed in packed.filter(|rest| matches!(rest, [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..])) {
        let (unfolded, problem) = deflate::zlib(packed, (*room).min(limits::INFLATED));
        *room = room.saturating_sub(unfolded.len());
        other_file::tell_rest(problem, at, out);
        if content::unknown(&unfolded, "png", &Place { offset: None, ..at.clone() }, out) {
            return;
        }
    }
}

/// The color profile: a name, how it is packed, the profile. Programs that show pictures mind no more than its tables.
fn profile(data: &[u8], at: &Place, room: &mut usize, out: &mut Extraction) {
    let packed = memchr::memchr(0, data).and_then(|end| data.get(end + 2..)).unwrap_or_default();
    let (unfolded, problem) = deflate::zlib(packed, (*room).min(limits::INFLATED));
    *room = room.saturating_sub(unfolded.len());
    content::unknown(&unfolded, "png", &Place { offset: None, ..at.clone() }, out);
    other_file::tell_rest(problem, at, out);
}

/// Chunks that are looked for behind the image too, whole or cut.
pub(super) fn is_read(kind: &[u8; 4]) -> bool {
    matches!(&meant(*kind), b"tEXt" | b"zTXt" | b"iTXt" | b"eXIf" | b"tXMP" | b"comf" | b"caBX")
}

/// Chunks whose content is told.
fn is_told(kind: &[u8; 4]) -> bool {
    is_read(kind) || matches!(kind, b"IHDR" | b"tIME" | b"pHYs" | b"acTL")
}

/// Chunks that say nothing about where the picture comes from.
const KNOWN: &[&[u8; 4]] = &[
    b"IEND", b"PLTE", b"IDAT", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI",
    b"bKGD", b"hIST", b"sPLT", b"fcTL", b"fdAT", b"oFFs", b"vpAg", b"orNT", b"iDOT", b"CgBI",
];

/// A chunk's data, fewer only where the file is cut short.
fn data(source: &mut Source, chunk: &Chunk, most: usize) -> Result<Vec<u8>, Problem> {
    let left = source.len().saturating_sub(chunk.data()).min(u64::from(chunk.len));
    source.read_bounded(chunk.data(), left, most)
}

/// Unknown chunks up to this length have their CRC checked and are told by their content.
const CHECKED: u32 = 1024 * 1024;

/// As [`data`]; the data are read all the same where the CRC is wrong, but nobody knows what else they said.
fn checked(
    source: &mut Source,
    chunk: &Chunk,
    most: usize,
    at: &Place,
    out: &mut Extraction,
) -> Result<Vec<u8>, Problem> {
    let bytes = data(source, chunk, most)?;
    if let Ok(stored) = source.array::<4>(chunk.end().saturating_sub(4)) {
        let right = png_chunks::crc(&[&chunk.kind, bytes.as_slice()].concat()).to_be_bytes();
        if right != stored {
            at.problem(Problem::malformed("", source.absolute(chunk.offset), "the CRC is wrong"), out);
        }
    }
    Ok(bytes)
}

fn header(data: &[u8], at: &Place, out: &mut Extraction) {
    let (Some(width), Some(height)) = (numbers::be32(data, 0), numbers::be32(data, 4)) else { return };
    push(out, ("image", "Width"), width.to_string(), at, 0);
    push(out, ("image", "Height"), height.to_string(), at, 4);
    if let (Some(bits), Some(colors)) = (data.get(8), data.get(9)) {
        push(out, ("image", "BitsPerSample"), bits.to_string(), at, 8);
        let colors = match colors {
            0 => "grayscale",
            2 => "RGB",
            3 => "palette",
            4 => "grayscale with alpha",
            6 => "RGB with alpha",
            _ => "unknown",
        };
        push(out, ("png", "ColorType"), colors, at, 9);
    }
}

fn time(data: &[u8], at: &Place, out: &mut Extraction) {
    if let ([year, century, month, day, hour, minute, second], 7) = (data, data.len()) {
        let year = u16::from_be_bytes([*year, *century]);
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        push(out, ("png", "ModifyTime"), text, at, 0);
    }
}

fn density(data: &[u8], at: &Place, out: &mut Extraction) {
    if let (Some(x), Some(y), Some(unit)) = (numbers::be32(data, 0), numbers::be32(data, 4), data.get(8)) {
        let unit = if *unit == 1 { " per meter" } else { "" };
        push(out, ("png", "PixelDensity"), format!("{x} x {y}{unit}"), at, 0);
    }
}

/// ComfyUI's animation metadata: a key, NUL, JSON. The same keys as in its tEXt chunks.
fn comfy(data: &[u8], at: &Place, out: &mut Extraction) {
    let end = data.iter().position(|b| *b == 0).unwrap_or_default();
    let (key, value) = if end == 0 { (&b"comf"[..], data) } else { (&data[..end], &data[end + 1..]) };
    let by = data.len() - value.len();
    push(out, ("png", &charset::decode(key)), charset::decode(value), at, by as u64);
}

fn store(source: &mut Source, chunk: &Chunk, at: &Place, out: &mut Extraction) -> Result<(), Problem> {
    let bytes = data(source, chunk, limits::STORE)?;
    let cut = bytes.len() < chunk.len as usize;
    let damage = jumbf::damage(&bytes).or_else(|| cut.then(|| "the file ends inside it".to_owned()));
    tags::push_store(
        out,
        Store { place: at.container.to_string(), offset: at.offset.unwrap_or_default(), bytes, damage },
    );
    Ok(())
}

/// What follows IEND: more chunks, other media, or nothing that is known.
fn after_end(source: &mut Source, end: u64, room: &mut usize, out: &mut Extraction) -> Result<(), Problem> {
    let rest = source.len().saturating_sub(end);
    let peek = source.up_to(end, 1024)?.to_vec();
    if peek.iter().all(|b| matches!(b, 0 | b'\r' | b'\n')) {
        return Ok(());
    }
    let here = source.absolute(end);
    let (place, what) = ("png", format!("{rest} bytes after IEND"));
    let chunk = png_chunks::parse(&peek, end).filter(|c| c.end() <= source.len() || is_read(&c.kind));
    if chunk.is_some() {
        let (chunks, ended) = png_chunks::walk(source, end);
        chunks.iter().for_each(|chunk| out.coverage.add(chunk.offset, chunk.end()));
        leave(&chunks, out);
        if let Ok(ended) = &ended {
            out.coverage.add(end, *ended);
        }
        read_all(source, &chunks, room, out);
        // No second IEND is needed, but a chunk that is cut is.
        let cut = chunks.last().is_some_and(|c| c.end() > source.len() && is_read(&c.kind));
        if let Some(problem) = ended.err().filter(|_| cut) {
            tags::push_problem(out, problem.within("png"));
        }
    } else if source.tail()?.1.ends_with(b"SEFT") {
        samsung::read(source, end, source.len(), "PNG SEF trailer", out);
    } else if appended::is_media(&peek) {
        let bytes = source.read_bounded(end, rest, limits::EMBEDDED_BYTES).map_err(|p| p.within("PNG trailer"))?;
        out.coverage.open_from(end);
        tags::push_embedded(out, Embedded { place: "PNG trailer".into(), offset: here, bytes, name: None });
    }
    tags::push_problem(out, Problem::malformed(place, here, what).harmless());
    Ok(())
}
