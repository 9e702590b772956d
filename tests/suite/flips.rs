//! One bit of a marked sample is flipped, at every byte: the mark is still found, or something keeps the file from being
//! called clean.
//!
//! Two kinds of bytes are beyond any reader. In the value itself, another bit is another value. In the name of a chunk,
//! box, field or keyword, another bit is another thing, of which no reader knows that it was meant to be this one, unless
//! a checksum says so. `NAMES` lists those names by format family, `OPEN` the places where a reader should see the damage
//! and does not yet.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use countersign::extract::{Options, bytes};
use countersign::marks;
use countersign::model::{Ai, Facts, Tag};

/// Flips tried per sample; longer samples are flipped at regular distances.
const FLIPS: usize = 3_000;

/// Formats of files: their members are assets of their own, and what is damaged there is said of the member.
const ARCHIVES: &[&str] = &["gzip", "tar", "zip"];

/// What names a place that a mark can stand in, where no checksum covers the name. The terminator of a keyword and the
/// sign between key and value belong to the name.
const NAMES: &[&[u8]] = &[
    // Chunk types of CAF and RealMedia.
    b"info",
    b"CONT",
    // IFF and RIFF chunk types, with those of the lists in them.
    b"APPL",
    b"LIST",
    b"INFO",
    b"IIST",
    b"_PMX",
    b"XMP ",
    // ASF objects: extended content description, XMP (GUIDs).
    b"\x40\xA4\xD0\xD2\x07\xE3\xD2\x11\x97\xF0\x00\xA0\xC9\x5E\xA8\x50",
    b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC",
    // ISO base media boxes, item types, user types of `uuid` boxes.
    b"Exif",
    b"XMP_",
    b"brobxml ",
    b"data",
    b"iinf",
    b"ilst",
    b"infe\x02",
    b"meta",
    b"mime\0application/rdf+xml\0",
    b"sefd",
    b"udta",
    b"uuid",
    b"JpgTiffExif->JP2",
    b"xml ",
    // GIF extensions.
    b"\x21\xFE",
    b"\x21\xFF",
    b"XMP DataXMP",
    // JPEG markers and what names their content; Photoshop resources; trailers.
    b"\xFF\xE1",
    b"\xFF\xED",
    b"\xFF\xFE",
    b"Exif\0\0",
    b"AIGC{",
    b"Photoshop 3.0\0",
    b"8BIM\x04\x04",
    b"AXS!",
    b"IPTC",
    // TIFF and Exif fields: tag and type.
    b"\x87\x69\0\x04",
    b"\x92\x86\0\x07",
    b"\xBC\x02\x01\0",
    b"\xBC\x02\x07\0",
    // Photoshop: linked files.
    b"8BIMlnk2",
    b"8BIMlnkD",
    b"liFD",
    // Matroska: Tags, Tag, SimpleTag, TagString.
    b"\x12\x54\xC3\x67",
    b"\x73\x73",
    b"\x67\xC8",
    b"\x44\x87",
    // MXF: tagged values (SMPTE ST 377-1), and the local tag of their value.
    b"\x06\x0E\x2B\x34\x02\x53\x01\x01\x0D\x01\x01\x01\x01\x01\x3F",
    b"\x50\x03",
    // ID3 frames, APE tags, Ogg codecs, FLV events.
    b"TXXX",
    b"COMM",
    b"PRIV",
    b"XMP\0",
    b"APETAGEX",
    b"\x01vorbis",
    b"OpusHead",
    b"onXMPData",
    b"liveXML",
    // What a packet begins with where bytes are searched for one (DPX, EPS), an attribute's name (OpenEXR), a PDF key.
    b"<?xpacket begin",
    b"xmp\0",
    b"/Metadata",
    b"docProps/app.xml",
    b"docProps/core.xml",
    b"docProps/custom.xml",
];

type Open = (&'static str, &'static [RangeInclusive<usize>], &'static str);

/// Places where damage goes unnoticed that a reader could see: sample, bytes, why it could.
const OPEN: &[Open] = &[
    ("aac-aigc.aac", &[25..=25], "an ID3 description that has no end is passed over"),
    ("asf-aigc.wmv", &[204..=204, 217..=217], "lengths within the object leave no descriptor"),
    (
        "avif_xmp.avif",
        &[91..=91, 97..=99, 118..=121, 152..=152],
        "a count or version of the item table is not compared with what is there",
    ),
    ("chunks-after-end.png", &[317..=317], "the length of a chunk behind the image leads past the end of the file"),
    ("dff-suno.dff", &[172..=173], "the length of a comment may leave most of it out"),
    ("dsf-aigc.dsf", &[176..=176, 181..=181], "an ID3 description that has no end is passed over"),
    ("exif-parameters.jpg", &[33..=33], "a value whose offset or length is damaged comes out empty"),
    (
        "flac-aigc.flac",
        &[42..=42, 74..=74],
        "the block is passed over as one of another type; a comment without `=` is passed over",
    ),
    ("flv_aigc.flv", &[69..=69], "the length of an AMF string leads past its end"),
    ("fotostation-credit.jpg", &[893..=894], "the trailer states what kind of record it is"),
    (
        "heif_exif_software.heic",
        &[91..=91, 97..=99, 314..=314, 323..=323],
        "a count or version of the item table is not compared with what is there",
    ),
    (
        "heif_xmp_and_exif.heic",
        &[91..=91, 97..=99, 118..=121, 152..=152],
        "a count or version of the item table is not compared with what is there",
    ),
    ("jp2_exif.jp2", &[90..=90, 99..=99], "the byte order, offset or count of a TIFF structure leaves no field"),
    ("jxl_exif.jxl", &[57..=57], "the byte order, offset or count of a TIFF structure leaves no field"),
    ("jxl_packed_xmp.jxl", &[51..=51, 252..=252], "Brotli has no checksum: the text comes out damaged"),
    ("jxl_xmp.jxl", &[149..=191], "a damaged namespace is one that nobody knows"),
    ("m4a_itunes.m4a", &[35..=35], "the size of `moov` ends it before its last box"),
    ("mov_keys_without_version.mov", &[35..=35], "the size of `moov` ends it before its last box"),
    ("mov_xmp_in_udta.mov", &[35..=35], "the size of `moov` ends it before its last box"),
    ("mp3-aigc.mp3", &[25..=25], "an ID3 description that has no end is passed over"),
    ("mp3-ape.mp3", &[475..=475], "the footer of the APE tag gives the header away, and the ID3v1 tag beside it"),
    (
        "mp3-suno.mp3",
        &[8..=8, 24..=24],
        "the size of the ID3 tag ends it before its last frame; a comment without an end is passed over",
    ),
    ("mp4_aigc_keyless.mp4", &[35..=35], "the size of `moov` ends it before its last box"),
    ("mp4_aigc_keys.mp4", &[35..=35], "the size of `moov` ends it before its last box"),
    ("mp4_aigc_meta_in_moov.mp4", &[35..=35], "the size of `moov` ends it before its last box"),
    (
        "mxf-xmp-generic-stream.mxf",
        &[524..=524, 567..=573, 575..=581, 627..=629, 631..=633],
        "the identity of a generic stream and of its partition are not compared with the descriptor",
    ),
    (
        "pdf-aigc-info.pdf",
        &[
            116..=116,
            118..=127,
            133..=133,
            146..=146,
            191..=193,
            203..=203,
            211..=213,
            296..=299,
            311..=323,
            328..=328,
            330..=331,
            334..=334,
            336..=336,
            338..=338,
            340..=355,
        ],
        "a token of an object is damaged, and the object passed over",
    ),
    (
        "pdf-no-tables.pdf",
        &[116..=127, 133..=133, 146..=146, 191..=193, 291..=303, 308..=311, 316..=330, 332..=335],
        "a token of an object is damaged, and the object passed over",
    ),
    (
        "picture-with-parameters.svg",
        &[390..=390, 396..=396, 402..=407, 413..=413, 423..=430, 432..=432, 434..=436, 440..=441],
        "a damaged reference or Base64 text gives no picture",
    ),
    (
        "psb-linked.psb",
        &[42..=49, 138..=141, 269..=272, 274..=277, 282..=282],
        "a length of zero passes a whole section over",
    ),
    (
        "psd-linked-later.psd",
        &[38..=41, 130..=133, 153..=153, 161..=161, 204..=204, 277..=280, 282..=285, 290..=290, 992..=995],
        "a length of zero passes a whole section over",
    ),
    (
        "psd-linked.psd",
        &[38..=41, 130..=133, 257..=260, 263..=265, 270..=270],
        "a length of zero passes a whole section over",
    ),
    ("samsung-trailer.jpg", &[873..=876], "the length of a record of the trailer is not compared with the directory"),
    ("second-image-generated.jpg", &[935..=936], "the directory points to an image that does not begin like one"),
    ("tta-aigc.tta", &[119..=119], "an ID3 description that has no end is passed over"),
    ("wavpack-wrapped.wv", &[138..=138], "the wrapped header ends early"),
    ("webm-live-aigc.webm", &[264..=264], "an element of another identity is passed over without a CRC-32"),
    (
        "matroska-attachment.mkv",
        &[109..=112, 121..=122, 178..=179, 189..=191, 197..=197, 199..=199, 205..=205, 207..=207, 209..=209],
        "no checksum covers the ids of elements, nor the names in an attached object",
    ),
    ("second-part.exr", &[591..=591], "the name of an attribute's type says how it is read"),
];

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.is_file() && p.extension().is_none_or(|e| e != "json"));
    paths.sort();
    let name = |p: &Path| p.file_name().unwrap().to_string_lossy().into_owned();
    paths.into_iter().map(|p| (name(&p), std::fs::read(&p).unwrap())).collect()
}

fn facts(data: &[u8]) -> Facts {
    bytes(data.to_vec(), &Options::default())
}

fn ai(facts: &Facts) -> Ai {
    marks::ai(&marks::catalogue().evidence(facts))
}

fn flipped(data: &[u8], at: usize) -> Vec<u8> {
    let mut out = data.to_vec();
    out[at] ^= 1 << (at % 8);
    out
}

/// Whether damaged facts keep the file from being called clean, or still show the mark.
fn noticed(whole: &Facts, damaged: &Facts) -> bool {
    ai(damaged) >= ai(whole)
        || damaged.problems.iter().any(|p| p.blocking)
        || damaged.format.as_deref().is_none_or(|format| ARCHIVES.contains(&format))
}

/// Whether the file says as much as before in other words: each lost tag came back under the same key or with the same value.
fn reworded(whole: &Facts, damaged: &Facts) -> bool {
    let said = |tags: &[Tag], tag: &Tag| {
        tags.iter().any(|t| (&t.space, &t.key, &t.value) == (&tag.space, &tag.key, &tag.value))
    };
    let lost: Vec<_> = whole.tags.iter().filter(|tag| !said(&damaged.tags, tag)).collect();
    let gained: Vec<_> = damaged.tags.iter().filter(|tag| !said(&whole.tags, tag)).collect();
    let again = |tag: &Tag| gained.iter().any(|g| g.space == tag.space && (g.key == tag.key || g.value == tag.value));
    !lost.is_empty() && lost.into_iter().all(again)
}

/// The bytes that belong to a name.
fn named(data: &[u8]) -> BTreeSet<usize> {
    let places = |name: &&[u8]| {
        let len = name.len();
        let name = name.to_vec();
        data.windows(len).enumerate().filter(move |(_, w)| *w == name).flat_map(move |(at, _)| at..at + len)
    };
    NAMES.iter().flat_map(places).collect()
}

/// Where a flip takes the mark and nothing tells.
fn silent(data: &[u8]) -> Vec<usize> {
    let whole = facts(data);
    if ai(&whole) == Ai::None {
        return Vec::new();
    }
    let names = named(data);
    let unnoticed = |at: &usize| {
        let damaged = facts(&flipped(data, *at));
        !noticed(&whole, &damaged) && !reworded(&whole, &damaged)
    };
    let step = data.len().div_ceil(FLIPS).max(1);
    (0..data.len()).step_by(step).filter(|at| !names.contains(at)).filter(unnoticed).collect()
}

/// Bytes as runs, to be read and to be written into `OPEN`.
fn runs(places: &[usize]) -> Vec<RangeInclusive<usize>> {
    let mut out: Vec<RangeInclusive<usize>> = Vec::new();
    for at in places {
        match out.last_mut() {
            Some(last) if last.end() + 1 == *at => *last = *last.start()..=*at,
            _ => out.push(*at..=*at),
        }
    }
    out
}

#[test]
fn a_flipped_bit_never_makes_a_marked_file_clean() {
    let samples = samples();
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let results: Vec<(&str, Vec<usize>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|n| {
                let own = samples.iter().skip(n).step_by(cores);
                scope.spawn(move || own.map(|(name, data)| (name.as_str(), silent(data))).collect::<Vec<_>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let marked = samples.iter().filter(|(_, data)| ai(&facts(data)) > Ai::None).count();
    assert!(marked > 80, "{marked} marked samples");
    let mut wrong = Vec::new();
    for (name, places) in &results {
        let ranges: Vec<_> =
            OPEN.iter().filter(|(sample, ..)| sample == name).flat_map(|(_, ranges, _)| *ranges).collect();
        let unknown: Vec<_> = places.iter().copied().filter(|at| !ranges.iter().any(|r| r.contains(at))).collect();
        if !unknown.is_empty() {
            wrong.push(format!("{name}: {:?} lose the mark silently", runs(&unknown)));
        }
        let mended = ranges.iter().filter(|range| !places.iter().any(|at| range.contains(at)));
        wrong.extend(mended.map(|range| format!("{name}: {range:?} is mended: take it from OPEN")));
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
