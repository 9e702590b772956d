//! JPEG 2000: the box formats JP2, JPX, JPM, JPH (ISO/IEC 15444-1 annex I and its parts) and the naked
//! codestream (annex A) with its comment markers.

use std::ops::Range;

use crate::containers::{c2pa_box, quicktime, uuid_box};
use crate::formats::{Format, FrameUse, Info, Media, Probe, Score};
use crate::framing::bmff::{self, Boxes, Header};
use crate::tags::{self, Place, push_problem, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem};

pub(super) struct Jp2;

static INFO: Info = Info {
    id: FormatId::new("jp2"),
    name: "JPEG 2000",
    extensions: &["jp2", "jpx", "j2k", "jpf", "jpm", "j2c", "jpc", "jph", "jhc", "mj2"],
    media: Media::Image,
    specification: "ISO/IEC 15444-1",
    version: 1,
    frames: FrameUse::Possible,
    ..Info::DEFAULT
};

const SIGNATURE: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n";
/// As the first drafts wanted it.
const SIGNATURE_OLD: &[u8] = b"\0\0\0\x0cjP\x1a\x1a\r\n\x87\n";
const CODESTREAM: &[u8] = b"\xff\x4f\xff\x51";
/// Boxes that hold boxes.
/// Boxes of the specification in which nothing else can stand; what any other one holds is looked at once more.
const KNOWN: &[[u8; 4]] =
    &[*b"jP  ", *b"ftyp", *b"rreq", *b"bpcc", *b"colr", *b"pclr", *b"cmap", *b"cdef", *b"resc", *b"resd"];
const SUPERBOXES: &[&bmff::FourCc] = &[b"jp2h", b"asoc", b"jpch", b"jplh", b"uinf", b"page", b"lobj", b"mhdr"];

impl Format for Jp2 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let known = [SIGNATURE, SIGNATURE_OLD, CODESTREAM].iter().any(|m| probe.head.starts_with(m));
        if known { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let head = source.head()?;
        if head.starts_with(CODESTREAM) {
            return codestream(source, 0, source.len(), "J2K", out);
        }
        // Motion JPEG 2000 (ISO/IEC 15444-3) is a movie with this signature.
        if head.get(12..).and_then(bmff::brands).is_some_and(|b| &b[0] == b"mjp2") {
            return quicktime::read(source, &quicktime::Flavor { title: "MJ2", id: INFO.id, of_items: false }, out);
        }
        let mut walk = Walk { items: 0, pixels: false, depth: 0 };
        walk.boxes(source, 0..source.len(), "JP2", out)?;
        if walk.pixels {
            return Ok(());
        }
        Err(Problem::truncated("jp2", source.absolute(source.len()), "missing codestream"))
    }
}

struct Walk {
    items: usize,
    pixels: bool,
    /// Superboxes that are being read, one in another.
    depth: usize,
}

impl Walk {
    fn boxes(
        &mut self,
        source: &mut Source,
        Range { start, end }: Range<u64>,
        title: &str,
        out: &mut Extraction,
    ) -> Result<(), Problem> {
        let mut boxes = Boxes::new(start, end);
        let depth = self.depth;
        if depth > limits::DEPTH {
            return Err(Problem::limit(title, source.absolute(start), "boxes nested too deep"));
        }
        loop {
            let header = match boxes.next(source) {
                Ok(Some(header)) => header,
                Ok(None) => return Ok(()),
                Err(problem) => {
                    push_problem(out, problem.within(title));
                    return Ok(());
                }
            };
            self.items += 1;
            let name = bmff::name(header.kind);
            let at = source.absolute(header.offset);
            if self.items > limits::ITEMS {
                return Err(Problem::limit(title, at, format!("more than {} boxes", limits::ITEMS)));
            }
            if !bmff::is_plausible(header.kind) && header.offset > 0 {
                let what = format!("{} bytes that are no box", end - header.offset);
                return Err(Problem::malformed(title, at, what));
            }
            // Another file type behind the first one is another file's.
            if depth == 0 && &header.kind == b"ftyp" && header.offset > 12 {
                return Ok(());
            }
            if depth == 0 {
                out.coverage.add(header.offset, header.end);
            }
            if header.is_cut() {
                let what = format!("box {name} ends after what holds it");
                push_problem(out, Problem::truncated(format!("jp2 ({name})"), at, what));
            }
            if SUPERBOXES.contains(&&header.kind) {
                let inner = if title == "JP2" { format!("JP2 {name}") } else { format!("{title}/{name}") };
                self.depth += 1;
                self.boxes(source, header.body..header.end, &inner, out)?;
                self.depth -= 1;
            } else {
                self.visit(source, &header, title, out)?;
            }
        }
    }

    fn visit(
        &mut self,
        source: &mut Source,
        header: &Header,
        title: &str,
        out: &mut Extraction,
    ) -> Result<(), Problem> {
        let name = bmff::name(header.kind);
        match &header.kind {
            b"jp2c" => {
                self.pixels = true;
                codestream(source, header.body, header.end, &format!("{title} jp2c"), out)?;
            }
            // Compositions may have all their pixels in fragments or in other files.
            b"ftbl" | b"mdat" | b"jpmh" => self.pixels = true,
            b"ihdr" => size(source, header, title, out),
            b"xml " | b"lbl " => uuid_box::blob(source, header, &format!("{title} {}", name.trim()), out, text),
            b"uuid" => uuid_box::read(source, header, title, out),
            b"jumb" => {
                c2pa_box::read_superbox(source, header, &format!("{title} jumb"), out);
            }
            kind => {
                if !c2pa_box::read_disguised(source, header, &format!("{title} {name}"), out) && !KNOWN.contains(kind) {
                    out.coverage.leave(header.body, header.end);
                }
            }
        }
        Ok(())
    }
}

fn size(source: &mut Source, header: &Header, title: &str, out: &mut Extraction) {
    if let Ok([a, b, c, d, e, f, g, h]) = source.array::<8>(header.body) {
        let (height, width) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
        let at = Place::new(format!("{title} ihdr"), source.absolute(header.body));
        tags::push(out, ("jp2", "ImageSize"), format!("{width}x{height}"), &at, 0);
    }
}

/// An `xml ` box (XMP as such, anything else whole) or a label.
fn text(bytes: &[u8], at: &Place, out: &mut Extraction) {
    if uuid_box::is_rdf(bytes) {
        xmp::read(bytes, at, out);
    } else {
        let key = if at.container.ends_with("lbl") { "lbl" } else { "xml" };
        tags::push(out, ("jp2", key), String::from_utf8_lossy(bytes).trim_end_matches('\0'), at, 0);
    }
}

/// Comment markers of a codestream's main header: `FF64, u16 length, u16 kind, text` (annex A.9.2).
fn codestream(source: &mut Source, start: u64, end: u64, title: &str, out: &mut Extraction) -> Result<(), Problem> {
    let mut at = start.saturating_add(2);
    for _ in 0..limits::ITEMS {
        if at.saturating_add(4) > end {
            return Err(Problem::truncated(title, source.absolute(end), "the codestream's header is cut short"));
        }
        let [mark, kind, high, low] = source.array::<4>(at)?;
        let len = u64::from(u16::from_be_bytes([high, low]));
        // Start of a tile, or the end: no comment follows in the main header.
        if mark != 0xFF || matches!(kind, 0x90 | 0xD9) || len < 2 {
            return Ok(());
        }
        if kind == 0x64 && len >= 4 {
            comment(source, at, len, title, out)?;
        }
        at = at.saturating_add(2 + len);
    }
    Ok(())
}

fn comment(source: &mut Source, marker: u64, len: u64, title: &str, out: &mut Extraction) -> Result<(), Problem> {
    let bytes = source.vec(marker + 4, len as usize - 2)?;
    let (kind, content) = bytes.split_at(2);
    let value = match (kind, std::str::from_utf8(content)) {
        (_, Ok(text)) if kind == [0, 1] || text.chars().all(|c| !c.is_control()) => text.to_owned(),
        ([0, 1], _) => content.iter().map(|b| char::from(*b)).collect(),
        _ => format!("({} bytes)", content.len()),
    };
    let at = Place::new(title, source.absolute(marker + 6));
    tags::push(out, ("jp2", "COM"), value.trim_end_matches('\0'), &at, 0);
    Ok(())
}
