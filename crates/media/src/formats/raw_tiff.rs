//! Camera raw files with the TIFF layout: NEF, ARW, CR2, RW2, ORF, PEF, SRW, IIQ and their like
//! (TIFF 6.0 and TIFF/EP; the makers publish no more).

use crate::formats::{Format, Info, Media, Probe, Score, tiff_structure};
use crate::framing::tiff_ifd::{self, Header};
use crate::tags::push_embedded;
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, FormatId, Problem};

pub(super) struct RawTiff;

static INFO: Info = Info {
    id: FormatId::new("raw-tiff"),
    name: "camera raw",
    extensions: &[
        "nef", "nrw", "arw", "sr2", "srf", "cr2", "rw2", "rwl", "raw", "orf", "pef", "srw", "iiq", "3fr", "fff", "dcr",
        "kdc", "mos", "mef", "erf",
    ],
    media: Media::Image,
    specification: "TIFF/EP (ISO 12234-2)",
    version: 1,
    ..Info::DEFAULT
};

/// Makers whose raw files start with a reduced image and keep the raw one in a sub-directory.
const MAKERS: &[&str] =
    &["nikon", "sony", "samsung", "pentax", "ricoh", "hasselblad", "kodak", "eastman", "epson", "leaf", "mamiya"];
/// Color filter array: no finished image has it.
const CFA: u64 = 32_803;
/// Compressions of raw data: ARW, SRW, NEF, KDC, PEF.
const COMPRESSIONS: &[u64] = &[32_767, 32_769, 32_770, 34_713, 65_000, 65_535];
/// The full-size JPEG in Panasonic raw files, which holds their EXIF.
const PANASONIC_JPEG: u16 = 0x002E;

impl Format for RawTiff {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let Some(header) = Header::parse(probe.head) else { return Score::NO };
        let own = header.magic == tiff_ifd::PANASONIC || tiff_ifd::OLYMPUS.contains(&header.magic);
        let phase = probe.head.get(8..12).is_some_and(|b| b == b"IIII" || b == b"MMMM");
        let canon = probe.head.get(8..11) == Some(b"CR\x02");
        // DNG is surer of itself where its version stands in the first directory.
        if own || phase || canon || camera(probe.head) { Score(90) } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let walked = tiff_structure::read(source, "RAW", out)?;
        let first = walked.iter().find(|w| w.part == "IFD0");
        let jpeg = first.and_then(|w| w.directory.entries.iter().find(|e| e.tag == PANASONIC_JPEG && e.kind == 7));
        if let Some(entry) = jpeg.filter(|e| e.len <= limits::EMBEDDED_BYTES as u64) {
            let bytes = source.vec(entry.at, entry.len as usize).map_err(|p| p.within("RAW IFD0 preview"))?;
            let offset = source.absolute(entry.at);
            push_embedded(out, Embedded { place: "RAW IFD0 preview".to_owned(), offset, bytes, name: None });
        }
        Ok(())
    }
}

/// Whether the first directory is that of a camera's raw file rather than of an image saved from one.
fn camera(head: &[u8]) -> bool {
    let Some((header, directory)) = tiff_structure::first_directory(head) else { return false };
    let bytes = |at: u64, len: u64| head.get(usize::try_from(at).ok()?..usize::try_from(at.checked_add(len)?).ok()?);
    let number = |tag| {
        let entry = directory.entries.iter().find(|e| e.tag == tag && e.count > 0)?;
        let value = bytes(entry.at, tiff_ifd::size_of(entry.kind))?;
        matches!(entry.kind, 1 | 3 | 4 | 7 | 13 | 16 | 18).then(|| header.number(value))
    };
    if number(0x0106) == Some(CFA) {
        return true;
    }
    let make = directory.entries.iter().find(|e| e.tag == 0x010F && e.len <= 64);
    let Some(make) = make.and_then(|e| bytes(e.at, e.len)) else { return false };
    let make = String::from_utf8_lossy(make).to_ascii_lowercase();
    if !MAKERS.iter().any(|m| make.starts_with(m)) {
        return false;
    }
    let raw = number(0x0103).is_some_and(|c| COMPRESSIONS.contains(&c));
    let reduced = number(0x00FE) == Some(1) && directory.entries.iter().any(|e| e.tag == 0x014A);
    raw || reduced
}
