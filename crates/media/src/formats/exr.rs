//! OpenEXR headers (Technical Introduction to OpenEXR, file layout): the attributes of every part.

use crate::formats::{Format, FrameUse, Info, Media, Probe, Score};
use crate::framing::numbers::{array, le32};
use crate::tags::{Place, charset, push, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Exr;

static INFO: Info = Info {
    id: FormatId::new("exr"),
    name: "OpenEXR",
    extensions: &["exr", "sxr", "mxr"],
    media: Media::Image,
    specification: "OpenEXR file layout, version 2",
    version: 3,
    frames: FrameUse::Usual,
    ..Info::DEFAULT
};

const MAGIC: &[u8] = b"\x76\x2F\x31\x01";
const TILED: u32 = 0x200;
const DEEP: u32 = 0x800;
const MULTIPART: u32 = 0x1000;
/// The longest name of an attribute or a type (255 with the long-names flag).
const NAME: usize = 256;
/// Bytes of a table of chunks that are read at once.
const TABLE: usize = 4096;
/// Parts of one file.
const PARTS: usize = 4096;

impl Format for Exr {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(MAGIC) { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let version = u32::from_le_bytes(source.array(4)?);
        let multipart = version & MULTIPART != 0;
        let mut at = 8;
        for part in 1..=PARTS {
            let place = if multipart { format!("EXR part {part} header") } else { "EXR header".to_owned() };
            let (end, empty) = header(source, at, &place, part == 1, out).map_err(|p| p.within(&place))?;
            at = end;
            if empty || !multipart {
                let layout = Layout { multipart, tiled: version & TILED != 0, deep: version & DEEP != 0 };
                return has_pixels(source, at, layout, out).map_err(|p| p.within("EXR"));
            }
        }
        Err(Problem::limit("", source.absolute(at), format!("more than {PARTS} parts")))
    }
}

/// How the chunks of a file begin.
#[derive(Clone, Copy)]
struct Layout {
    multipart: bool,
    tiled: bool,
    deep: bool,
}

/// The tables of chunk offsets must follow the headers, and what they name must be there: where the last chunk ends, the
/// file does.
fn has_pixels(source: &mut Source, at: u64, layout: Layout, out: &mut Extraction) -> Result<(), Problem> {
    let here = source.absolute(source.len());
    let cut = |what: &str| Err(Problem::truncated("", here, what));
    if at >= source.len() {
        return cut("the file ends after its header");
    }
    if source.len() - at < 8 {
        return cut("the file ends in its table of chunks");
    }
    // A table that stands at zero was never finished by its writer.
    let Some((first, last)) = chunks(source, at)? else { return Ok(()) };
    if first >= source.len() {
        return cut("the file ends before its first chunk");
    }
    match end_of_chunk(source, last, layout, out)?.filter(|end| *end <= source.len()) {
        Some(end) => out.coverage.add(0, end),
        None => return cut("the file ends before its last chunk"),
    }
    Ok(())
}

/// The offsets of the first and of the last chunk. The tables of all parts stand behind one another, and the chunks right
/// behind them: the first of these tells how long the tables are.
fn chunks(source: &mut Source, at: u64) -> Result<Option<(u64, u64)>, Problem> {
    let (mut first, mut last, mut next) = (u64::MAX, 0, at);
    let table = source.absolute(at);
    while next < first && (next - at) / 8 < limits::ITEMS as u64 {
        let bytes = source.up_to(next, TABLE)?;
        for offset in bytes.chunks_exact(8).filter_map(|bytes| array(bytes, 0)).map(u64::from_le_bytes) {
            if next >= first {
                break;
            }
            match offset {
                0 if next == at => return Ok(None),
                // A chunk that was never written.
                0 => {}
                _ if offset < at => {
                    let what = "the table of chunks leads into the header";
                    return Err(Problem::malformed("", table, what));
                }
                _ => (first, last) = (first.min(offset), last.max(offset)),
            }
            next += 8;
        }
        if bytes.len() < TABLE {
            break;
        }
    }
    Ok((first != u64::MAX).then_some((first, last)))
}

/// Where a chunk ends: its part in files of several, the place of its pixels, lengths, data.
fn end_of_chunk(source: &mut Source, at: u64, layout: Layout, out: &Extraction) -> Result<Option<u64>, Problem> {
    let bytes = source.up_to(at, 48)?;
    let Layout { multipart, mut tiled, mut deep } = layout;
    let mut pos = 0;
    if multipart {
        pos = 4;
        let mut types = out.facts.tags.iter().filter(|tag| tag.space == "exr" && tag.key == "type");
        let part = le32(bytes, 0).and_then(|part| types.nth(part as usize));
        let kind = part.map(|tag| tag.value.as_str()).unwrap_or_default();
        (tiled, deep) = (kind.ends_with("tile") || kind.starts_with("tiled"), kind.starts_with("deep"));
    }
    pos += if tiled { 16 } else { 4 };
    let wide = |at: usize| array(bytes, at).map(u64::from_le_bytes);
    let (len, pos) = match deep {
        true => (wide(pos).zip(wide(pos + 8)).map(|(table, data)| table.saturating_add(data)), pos + 24),
        false => (le32(bytes, pos).map(u64::from), pos + 4),
    };
    Ok(len.map(|len| at.saturating_add(pos as u64).saturating_add(len)))
}

/// Reads attributes up to the empty name that ends the header; says where it ended and whether it held none.
fn header(
    source: &mut Source,
    from: u64,
    place: &str,
    main: bool,
    out: &mut Extraction,
) -> Result<(u64, bool), Problem> {
    let mut at = from;
    for _ in 0..limits::ITEMS {
        let (name, after) = name(source, at)?;
        if name.is_empty() {
            return Ok((after, at == from));
        }
        let (kind, after) = self::name(source, after)?;
        let len = u32::from_le_bytes(source.array(after)?);
        let data = after.saturating_add(4);
        let end = data.saturating_add(u64::from(len));
        if end > source.len() {
            let what = format!("the file ends inside attribute {name}");
            return Err(Problem::truncated("", source.absolute(at), what));
        }
        let here = Place::new(place, source.absolute(data));
        if len as usize > limits::INFLATED {
            here.problem(Problem::limit("", source.absolute(data), format!("attribute {name} of {len} bytes")), out);
        } else {
            let bytes = source.vec(data, len as usize)?;
            attribute(&Attribute { name: &name, kind: &kind, bytes: &bytes }, main, &here, out);
        }
        at = end;
    }
    Err(Problem::limit("", source.absolute(at), format!("more than {} attributes", limits::ITEMS)))
}

fn name(source: &mut Source, at: u64) -> Result<(String, u64), Problem> {
    let here = source.absolute(at);
    let bytes = source.up_to(at, NAME)?;
    match bytes.iter().position(|b| *b == 0) {
        Some(end) => Ok((String::from_utf8_lossy(&bytes[..end]).into_owned(), at + end as u64 + 1)),
        None if bytes.len() < NAME => Err(Problem::truncated("", here, "the file ends inside the header")),
        None => Err(Problem::malformed("", here, "a name that does not end")),
    }
}

/// An attribute of the header: its name, its type as the file spells it, its value.
struct Attribute<'a> {
    name: &'a str,
    kind: &'a str,
    bytes: &'a [u8],
}

fn attribute(attribute: &Attribute, main: bool, at: &Place, out: &mut Extraction) {
    let Attribute { name, kind, bytes } = *attribute;
    if name.eq_ignore_ascii_case("xmp") {
        return xmp::read(bytes, at, out);
    }
    if name == "dataWindow" && main {
        dimensions(bytes, at, out);
    }
    match kind {
        "stringvector" => {
            let mut pos = 0;
            while let Some(len) = le32(bytes, pos) {
                let Some(text) = bytes.get(pos + 4..).and_then(|rest| rest.get(..len as usize)) else { break };
                push(out, ("exr", name), charset::decode(text), at, pos as u64 + 4);
                pos += 4 + len as usize;
            }
        }
        _ => push(out, ("exr", name), value(kind, bytes), at, 0),
    }
}

fn dimensions(bytes: &[u8], at: &Place, out: &mut Extraction) {
    let corner = |n: usize| array(bytes, n * 4).map(|b| i64::from(i32::from_le_bytes(b)));
    if let (Some(left), Some(top), Some(right), Some(bottom)) = (corner(0), corner(1), corner(2), corner(3)) {
        push(out, ("image", "Width"), (right - left + 1).to_string(), at, 0);
        push(out, ("image", "Height"), (bottom - top + 1).to_string(), at, 4);
    }
}

/// An attribute as text, by its type.
fn value(kind: &str, bytes: &[u8]) -> String {
    let ints = || bytes.chunks_exact(4).filter_map(|b| array(b, 0)).map(|b| i32::from_le_bytes(b).to_string());
    let floats = || bytes.chunks_exact(4).filter_map(|b| array(b, 0)).map(|b| f32::from_le_bytes(b).to_string());
    let doubles = || bytes.chunks_exact(8).filter_map(|b| array(b, 0)).map(|b| f64::from_le_bytes(b).to_string());
    let join = |parts: Vec<String>| parts.join(" ");
    let word = |words: &[&str]| {
        let index = bytes.first().copied().unwrap_or_default();
        words.get(usize::from(index)).map_or_else(|| index.to_string(), |w| (*w).to_owned())
    };
    match kind {
        "string" => charset::decode(bytes),
        "int" | "v2i" | "v3i" | "box2i" | "keycode" => join(ints().collect()),
        "float" | "v2f" | "v3f" | "box2f" | "m33f" | "m44f" | "chromaticities" => join(floats().collect()),
        "double" | "v2d" | "v3d" | "m33d" | "m44d" => join(doubles().collect()),
        "rational" => join(ints().collect()).replace(' ', "/"),
        "timecode" => timecode(bytes),
        "chlist" => channels(bytes),
        "compression" => {
            word(&["none", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB", "HTJ2K256", "HTJ2K32"])
        }
        "lineOrder" => word(&["increasing Y", "decreasing Y", "random Y"]),
        "envmap" => word(&["latitude-longitude", "cube"]),
        _ if kind != "preview" && !bytes.is_empty() && charset::is_text(bytes) => charset::decode(bytes),
        _ => format!("({kind}, {} bytes)", bytes.len()),
    }
}

/// SMPTE ST 12 binary-coded decimal, as ST 268 packs it.
fn timecode(bytes: &[u8]) -> String {
    let packed = le32(bytes, 0).unwrap_or_default();
    let two = |shift: u32, tens: u32| (packed >> (shift + 4) & tens) * 10 + (packed >> shift & 15);
    let mark = if packed >> 6 & 1 == 1 { ';' } else { ':' };
    format!("{:02}:{:02}:{:02}{mark}{:02}", two(24, 3), two(16, 7), two(8, 7), two(0, 3))
}

/// Channel names; each is followed by its type, three flags and two samplings (16 bytes).
fn channels(bytes: &[u8]) -> String {
    let mut names = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|b| *b == 0).filter(|end| *end > 0) {
        names.push(String::from_utf8_lossy(&rest[..end]).into_owned());
        rest = rest.get(end + 17..).unwrap_or_default();
    }
    names.join(" ")
}
