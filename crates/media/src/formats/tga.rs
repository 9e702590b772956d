//! Truevision TGA ("TGA File Format Specification 2.0"): the identification of any version, and the extension area that
//! the footer of version 2 points to.

use crate::formats::{Format, FrameUse, Info, Media, Probe, Score};
use crate::framing::numbers::{le16, le32};
use crate::tags::{Place, charset, push, stream};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

/// The reader.
pub struct Tga;

static INFO: Info = Info {
    id: FormatId::new("tga"),
    name: "TGA",
    extensions: &["tga", "targa", "vda", "icb", "vst"],
    media: Media::Image,
    specification: "Truevision TGA File Format Specification 2.0",
    version: 1,
    frames: FrameUse::Possible,
    ..Info::DEFAULT
};

const HEADER: usize = 18;
const SIGNATURE: &[u8] = b"TRUEVISION-XFILE.\0";
const FOOTER: u64 = 26;
/// Texts of the extension area: key, offset, length.
const TEXTS: &[(&str, usize, usize)] =
    &[("Author", 2, 41), ("Comments", 43, 324), ("JobName", 379, 41), ("Software", 426, 41)];
const EXTENSION: usize = 495;
/// Entries of the developer directory that are looked at.
const TAGS: u16 = 256;

/// What the header says of the pixels.
struct Layout {
    /// Where they end; where packed ones can end at the earliest.
    end: u64,
    packed: bool,
    width: u16,
    height: u16,
}

impl Format for Tga {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        // There is no magic number: pixels that fill the file to its last byte are as good as one.
        match layout(probe.head) {
            Some(layout) if !layout.packed && layout.end == probe.len => Score::WEAK,
            _ => Score::NO,
        }
    }

    fn ends(&self, tail: &[u8]) -> bool {
        tail.ends_with(SIGNATURE)
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let head = source.at(0, HEADER).map_err(|p| p.within("tga (header)"))?.to_vec();
        let named = source.up_to(HEADER as u64, head.first().copied().unwrap_or_default().into())?.to_vec();
        let at = Place::new("TGA header", source.absolute(0));
        if let Some(text) = charset::printable(charset::trim(&named)).filter(|text| !text.is_empty()) {
            push(out, ("tga", "ImageId"), text, &at, HEADER as u64);
        }
        let Some(layout) = layout(&head) else {
            return Err(Problem::malformed("tga (header)", source.absolute(0), "it states no picture"));
        };
        stream::picture(layout.width.into(), layout.height.into(), &at, out);
        let len = source.len();
        let footed = source.tail()?.1.ends_with(SIGNATURE);
        // How long packed pixels are is not said.
        let open = if footed { len.saturating_sub(FOOTER) } else { len };
        out.coverage.add(0, if layout.packed { open } else { layout.end });
        if footed {
            out.coverage.add(len.saturating_sub(FOOTER), len);
            let foot: [u8; 8] = source.array(len.saturating_sub(FOOTER))?;
            let [extension, developer] = [0, 4].map(|at| u64::from(le32(&foot, at).unwrap_or_default()));
            self::extension(source, extension, out)?;
            self::developer(source, developer, out)?;
        }
        if layout.end > len {
            let what = format!("{} bytes expected, {len} present", layout.end);
            return Err(Problem::truncated("tga", source.absolute(len), what));
        }
        Ok(())
    }
}

/// The pixels, where the header is one that the specification allows.
fn layout(head: &[u8]) -> Option<Layout> {
    let [id, mapped, kind, ..] = *head.first_chunk::<HEADER>()?;
    let packed = kind & 8 != 0;
    if !matches!(kind, 1..=3 | 9..=11) || mapped > 1 || (kind & 7 == 1) != (mapped == 1) {
        return None;
    }
    let (length, depth) = (le16(head, 5)?, *head.get(7)?);
    if mapped == 0 && head.get(3..8)?.iter().any(|b| *b != 0) {
        return None;
    }
    let (width, height, bits, flags) = (le16(head, 12)?, le16(head, 14)?, *head.get(16)?, *head.get(17)?);
    let known = matches!(bits, 8 | 15 | 16 | 24 | 32) && width > 0 && height > 0 && flags >> 6 == 0;
    if !known {
        return None;
    }
    let map = u64::from(length) * u64::from(depth.div_ceil(8)) * u64::from(mapped);
    let start = HEADER as u64 + u64::from(id) + map;
    let pixels = u64::from(width) * u64::from(height) * u64::from(bits.div_ceil(8));
    let end = start + if packed { 1 } else { pixels };
    Some(Layout { end, packed, width, height })
}

fn extension(source: &mut Source, start: u64, out: &mut Extraction) -> Result<(), Problem> {
    if start == 0 {
        return Ok(());
    }
    let area = source.at(start, EXTENSION).map_err(|p| p.within("TGA extension area"))?.to_vec();
    let size = u64::from(le16(&area, 0).unwrap_or_default());
    out.coverage.add(start, start.saturating_add(size.max(EXTENSION as u64)));
    let at = Place::new("TGA extension area", source.absolute(start));
    for (key, from, len) in TEXTS {
        let field = area.get(*from..from + len).unwrap_or_default();
        let text = match *key {
            "Comments" => comments(field),
            _ => charset::field(field),
        };
        if !text.is_empty() {
            push(out, ("tga", key), text, &at, *from as u64);
        }
    }
    // A table of scan lines, a small picture and a table of colors may follow.
    let picture = u64::from(le32(&area, 486).unwrap_or_default());
    if let (Some([width, height]), true) = (source.up_to(picture, 2).ok().map(|b| [b.first(), b.get(1)]), picture > 0) {
        let pixels = u64::from(width.copied().unwrap_or_default()) * u64::from(height.copied().unwrap_or_default());
        out.coverage.add(picture, picture.saturating_add(2 + 4 * pixels));
    }
    for (field, entry) in [(482, 0_u64), (490, 256 * 8)] {
        let table = u64::from(le32(&area, field).unwrap_or_default());
        let lines = out.facts.tags.iter().find(|tag| tag.key == "Height").and_then(|tag| tag.value.parse::<u64>().ok());
        if table > 0 {
            let len = if entry == 0 { 4 * lines.unwrap_or_default() } else { entry };
            out.coverage.add(table, table.saturating_add(len));
        }
    }
    Ok(())
}

/// Four lines of 80 characters, each with its NUL; text that fills one goes on in the next.
fn comments(field: &[u8]) -> String {
    let mut text = Vec::new();
    for line in field.chunks(81) {
        let end = line.iter().position(|b| *b == 0).unwrap_or(line.len());
        text.extend_from_slice(line.get(..end).unwrap_or_default());
        if end < 80 && !text.is_empty() {
            text.push(b'\n');
        }
    }
    charset::decode(&text).trim().to_owned()
}

/// The developer area: a directory of numbered stretches, of which texts are told.
fn developer(source: &mut Source, start: u64, out: &mut Extraction) -> Result<(), Problem> {
    if start == 0 {
        return Ok(());
    }
    let count = u16::from_le_bytes(source.array(start).map_err(|p| p.within("TGA developer area"))?);
    out.coverage.add(start, start.saturating_add(2 + 10 * u64::from(count)));
    for n in 0..count.min(TAGS) {
        let entry: [u8; 10] =
            source.array(start + 2 + 10 * u64::from(n)).map_err(|p| p.within("TGA developer area"))?;
        let [from, len] = [2, 6].map(|at| u64::from(le32(&entry, at).unwrap_or_default()));
        let blob = source.read_bounded(from, len, limits::BLOB).map_err(|p| p.within("TGA developer area"))?;
        if let Some(text) = charset::printable(charset::trim(&blob)).filter(|text| !text.is_empty()) {
            out.coverage.add(from, from.saturating_add(len));
            let at = Place::new("TGA developer area", source.absolute(from));
            let number = le16(&entry, 0).unwrap_or_default();
            push(out, ("tga", &format!("tag {number}")), text, &at, 0);
        }
    }
    if count > TAGS {
        return Err(Problem::limit("TGA developer area", source.absolute(start), "more tags than are read"));
    }
    Ok(())
}
