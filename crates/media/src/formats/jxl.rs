//! JPEG XL: the box container (ISO/IEC 18181-2) with `Exif`, `xml `, `jumb` and Brotli-packed `brob` boxes, and
//! the naked codestream (ISO/IEC 18181-1), which carries no metadata.

use std::io::Read;

use crate::containers::{c2pa_box, uuid_box};
use crate::formats::{Format, FrameUse, Info, Media, Probe, Score};
use crate::framing::bmff::{self, Boxes, Header};
use crate::tags::{self, Place, content, exif, push_problem, xmp};
use countersign_io::asset_budget::Decompressed;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Extraction, FormatId, Problem, ProblemKind, Store};

pub(super) struct Jxl;

static INFO: Info = Info {
    id: FormatId::new("jxl"),
    name: "JPEG XL",
    extensions: &["jxl"],
    media: Media::Image,
    specification: "ISO/IEC 18181-2",
    version: 1,
    frames: FrameUse::Possible,
    ..Info::DEFAULT
};

/// Boxes that are read or are essence: what stands in any other one is looked at once more.
const READ: &[&[u8; 4]] =
    &[b"JXL ", b"ftyp", b"jxlc", b"jxlp", b"jxll", b"jxli", b"jbrd", b"Exif", b"xml ", b"jumb", b"brob", b"jhgm"];

const SIGNATURE: &[u8] = b"\0\0\0\x0cJXL \r\n\x87\n";

impl Format for Jxl {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if probe.head.starts_with(SIGNATURE) {
            Score::SURE
        } else if probe.head.starts_with(&[0xFF, 0x0A]) {
            Score::WEAK
        } else {
            Score::NO
        }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        if source.head()?.starts_with(&[0xFF, 0x0A]) {
            return Ok(());
        }
        let mut boxes = Boxes::new(0, source.len());
        let mut pixels = false;
        let mut budget = limits::INFLATED;
        for _ in 0..limits::ITEMS {
            let header = match boxes.next(source) {
                Ok(Some(header)) => header,
                ended => {
                    if let Err(problem) = ended {
                        push_problem(out, problem.within("jxl"));
                    }
                    let missing = || Problem::truncated("jxl", source.absolute(source.len()), "missing codestream");
                    return if pixels { Ok(()) } else { Err(missing()) };
                }
            };
            pixels |= matches!(&header.kind, b"jxlc" | b"jxlp");
            if !bmff::is_plausible(header.kind) {
                let what = format!("{} bytes that are no box", source.len() - header.offset);
                return Err(Problem::malformed("jxl", source.absolute(header.offset), what));
            }
            // Another file type behind the first one is another file's.
            if &header.kind == b"ftyp" && header.offset > 12 && pixels {
                return Ok(());
            }
            out.coverage.add(header.offset, header.end);
            if !READ.contains(&&header.kind) {
                out.coverage.leave(header.body, header.end);
            }
            if header.is_cut() {
                let name = bmff::name(header.kind);
                let what = format!("box {name} ends after the file");
                push_problem(out, Problem::truncated(format!("jxl ({name})"), source.absolute(header.offset), what));
            }
            visit(source, &header, &mut budget, out);
        }
        Err(Problem::limit("jxl", source.absolute(boxes.position()), format!("more than {} boxes", limits::ITEMS)))
    }
}

fn visit(source: &mut Source, header: &Header, budget: &mut usize, out: &mut Extraction) {
    match &header.kind {
        b"Exif" | b"xml " => {
            let place = format!("JXL {}", bmff::name(header.kind));
            let reader = if &header.kind == b"xml " { xml } else { exif_box };
            uuid_box::blob(source, header, &place, out, reader);
        }
        b"jumb" => {
            c2pa_box::read_superbox(source, header, "JXL jumb", out);
        }
        b"brob" => {
            if let Err(problem) = packed(source, header, budget, out) {
                push_problem(out, problem.within("jxl (brob)"));
            }
        }
        b"uuid" => uuid_box::read(source, header, "JXL", out),
        b"jxlc" | b"jxlp" | b"ftyp" | b"JXL " | b"jxll" | b"jxli" | b"jbrd" => {}
        kind => {
            let place = format!("JXL {}", bmff::name(*kind));
            c2pa_box::read_disguised(source, header, &place, out);
        }
    }
}

/// `u32` offset of the TIFF header behind itself, then the TIFF structure.
fn exif_box(bytes: &[u8], at: &Place, out: &mut Extraction) {
    match uuid_box::tiff_start(bytes) {
        Some(by) => {
            let at = Place { container: at.container.clone(), offset: at.offset.map(|o| o + by as u64) };
            exif::read(&bytes[by..], &at, out);
        }
        None if bytes.len() <= 4 => {}
        None => at.problem(Problem::new(ProblemKind::Malformed, "", at.offset, "no TIFF header"), out),
    }
}

fn xml(bytes: &[u8], at: &Place, out: &mut Extraction) {
    if uuid_box::is_rdf(bytes) {
        xmp::read(bytes, at, out);
    } else {
        tags::push(out, ("jxl", "xml"), String::from_utf8_lossy(bytes), at, 0);
    }
}

/// `brob`: the inner box's type, then its body as a Brotli stream (RFC 7932). The budget is the whole file's.
fn packed(source: &mut Source, header: &Header, budget: &mut usize, out: &mut Extraction) -> Result<(), Problem> {
    let bytes = source.read_bounded(header.body, header.len(), limits::BLOB)?;
    let bad = |what: &str| Problem::malformed("", source.absolute(header.offset), what);
    let Some((kind, stream)) = bytes.split_first_chunk::<4>() else { return Err(bad("no inner type")) };
    if *budget == 0 {
        return Err(Problem::limit("", source.absolute(header.offset), "no room left to unfold packed boxes"));
    }
    let mut body = Vec::new();
    let unfolded = Decompressed(brotli::Decompressor::new(stream, limits::WINDOW));
    let done = unfolded.take(*budget as u64 + 1).read_to_end(&mut body);
    if body.len() > *budget {
        *budget = 0;
        let what = format!("{}: packed boxes unfold to more than {} bytes", bmff::name(*kind), limits::INFLATED);
        return Err(Problem::limit("", source.absolute(header.offset), what));
    }
    *budget -= body.len();
    // What came out before the damage is read all the same.
    let at = Place { container: format!("JXL brob {}", bmff::name(*kind)).into(), offset: None };
    let offset = source.absolute(header.offset);
    match kind {
        b"Exif" => exif_box(&body, &at, out),
        b"xml " => xml(&body, &at, out),
        b"jumb" => {
            let size = u32::try_from(body.len() + 8).unwrap_or(0);
            let bytes = [&size.to_be_bytes()[..], b"jumb", &body].concat();
            if c2pa_box::is_superbox(&bytes) {
                tags::push_store(out, Store { place: at.container.to_string(), offset, bytes, damage: None });
            }
        }
        _ => {
            content::unknown(&body, "jxl", &at, out);
        }
    }
    done.map(|_| ()).map_err(|e| bad(&format!("{} does not unfold: {e}", bmff::name(*kind))))
}
