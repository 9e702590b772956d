//! Every container with a mark in it, and with the same words where people write: a caption, title, keyword, lyric, artist.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use countersign::extract;
use countersign::formats;
use countersign::marks::{ai, catalogue};
use countersign::model::Ai;

/// A sample and what it amounts to.
type Hit = (&'static str, Ai);

/// Container and place, samples with a mark, samples with words only.
const ROWS: &[(&str, &[Hit], &[&str])] = &[
    ("aac", &[("aac-aigc.aac", Ai::Generated)], &["aac-caption.aac"]),
    ("aiff", &[("aiff-xmp.aiff", Ai::Generated)], &["aiff-caption.aiff"]),
    ("ape", &[("monkey-ape.ape", Ai::Generated)], &["monkey-caption.ape"]),
    ("asf", &[("asf-aigc.wmv", Ai::Generated), ("asf-xmp.wmv", Ai::Generated)], &["asf-words.wmv"]),
    ("au", &[("au-suno.au", Ai::Generated)], &["au-words.au"]),
    ("avi", &[("avi-aigc.avi", Ai::Generated)], &["avi-caption.avi"]),
    ("avif", &[("avif_xmp.avif", Ai::Generated)], &["avif_xmp_caption.avif"]),
    ("caf", &[("caf-suno.caf", Ai::Generated)], &["caf-words.caf"]),
    ("cineon", &[("cineon-xmp.cin", Ai::Generated)], &["cineon-caption.cin"]),
    ("dff", &[("dff-suno.dff", Ai::Generated)], &["dff-words.dff"]),
    (
        "dpx",
        &[("creator-graph.dpx", Ai::Generated), ("user-xmp-generated.dpx", Ai::Generated)],
        &["user-xmp-caption.dpx"],
    ),
    ("dsf", &[("dsf-aigc.dsf", Ai::Generated)], &["dsf-caption.dsf"]),
    ("eps", &[("eps-xmp.eps", Ai::Generated)], &["eps-words.eps"]),
    (
        "exr",
        &[("graph.exr", Ai::Generated), ("xmp-generated.exr", Ai::Generated)],
        &["comments-words.exr", "xmp-caption.exr"],
    ),
    ("flac", &[("flac-aigc.flac", Ai::Generated)], &["flac-caption.flac"]),
    ("flv", &[("flv_aigc.flv", Ai::Generated), ("flv_xmp.flv", Ai::Generated)], &["flv_words_in_title.flv"]),
    (
        "gif",
        &[("comment-parameters.gif", Ai::Generated), ("xmp-generated.gif", Ai::Generated)],
        &["comment-instrument.gif", "xmp-caption.gif"],
    ),
    (
        "heif",
        &[
            ("heif_exif_software.heic", Ai::Generated),
            ("heif_samsung_sefd.heic", Ai::Composite),
            ("heif_xmp_and_exif.heic", Ai::Generated),
        ],
        &["heif_xmp_caption.heic"],
    ),
    ("ico", &[("ico-parameters.ico", Ai::Generated)], &["ico-plain.ico"]),
    ("jng", &[("jng-parameters.jng", Ai::Generated)], &["jng-instrument.jng"]),
    ("jp2", &[("jp2_exif.jp2", Ai::Generated), ("jp2_xmp.jp2", Ai::Generated)], &["jp2_xmp_caption.jp2"]),
    (
        "jpeg",
        &[
            ("app9-aigc.jpg", Ai::Generated),
            ("comment-parameters.jpg", Ai::Generated),
            ("exif-parameters.jpg", Ai::Generated),
            ("iim-credit.jpg", Ai::Generated),
            ("samsung-trailer.jpg", Ai::Composite),
            ("xmp-extended.jpg", Ai::Generated),
            ("xmp-generated.jpg", Ai::Generated),
        ],
        &["app9-aigc-words.jpg", "comment-instrument.jpg", "xmp-caption.jpg"],
    ),
    ("jpeg-xr", &[("jxr-xmp.jxr", Ai::Generated)], &["jxr-caption.jxr"]),
    (
        "jxl",
        &[("jxl_exif.jxl", Ai::Generated), ("jxl_packed_xmp.jxl", Ai::Generated), ("jxl_xmp.jxl", Ai::Generated)],
        &["jxl_xmp_caption.jxl"],
    ),
    ("m4a", &[("m4a_itunes.m4a", Ai::Generated)], &["m4a_lyrics_with_words.m4a"]),
    ("matroska", &[("matroska-aigc-late.mkv", Ai::Generated)], &["matroska-words.mkv"]),
    ("mng", &[("mng-parameters.mng", Ai::Generated)], &["mng-instrument.mng"]),
    (
        "mov",
        &[("mov_keys_without_version.mov", Ai::Generated), ("mov_xmp_in_udta.mov", Ai::Generated)],
        &["mov_words_in_title.mov"],
    ),
    (
        "mp3",
        &[
            ("mp3-aigc.mp3", Ai::Generated),
            ("mp3-ape.mp3", Ai::Generated),
            ("mp3-suno.mp3", Ai::Generated),
            ("mp3-xmp.mp3", Ai::Generated),
        ],
        &["mp3-caption.mp3"],
    ),
    (
        "mp4",
        &[
            ("mp4_aigc_keyless.mp4", Ai::Generated),
            ("mp4_aigc_keys.mp4", Ai::Generated),
            ("mp4_aigc_meta_in_moov.mp4", Ai::Generated),
            ("mp4_xmp_uuid.mp4", Ai::Generated),
        ],
        &["mp4_words_in_title.mp4", "mp4_xmp_caption.mp4"],
    ),
    (
        "mpeg-ps",
        &[("mpeg-ps-xmp.mpg", Ai::Generated), ("mpeg-es-xmp.m2v", Ai::Generated)],
        &["mpeg-ps-words.mpg", "mpeg-ps.mpg"],
    ),
    ("mpeg-ts", &[("mpeg-ts-xmp.ts", Ai::Generated)], &["mpeg-ts-service.ts"]),
    ("musepack", &[("musepack-aigc.mpc", Ai::Generated)], &["musepack-ape.mpc"]),
    (
        "mxf",
        &[("mxf-aigc-tagged-value.mxf", Ai::Generated), ("mxf-xmp-generic-stream.mxf", Ai::Generated)],
        &["mxf-words.mxf"],
    ),
    ("ogg", &[("opus-suno.opus", Ai::Generated), ("vorbis-aigc.ogg", Ai::Generated)], &["ogg-caption.ogg"]),
    ("ooxml", &[("aigc.docx", Ai::Generated)], &["title.docx"]),
    ("pdf", &[("pdf-aigc-info.pdf", Ai::Generated), ("pdf-xmp.pdf", Ai::Generated)], &["pdf-words.pdf"]),
    (
        "png",
        &[
            ("aigc.png", Ai::Generated),
            ("comf-after-image.png", Ai::Generated),
            ("graph.png", Ai::Generated),
            ("parameters-after-image.png", Ai::Generated),
            ("parameters-packed.png", Ai::Generated),
            ("raw-profile-iptc.png", Ai::Generated),
            ("raw-profile-xmp.png", Ai::Generated),
            ("xmp-generated.png", Ai::Generated),
        ],
        &["aigc-words.png", "parameters-instrument.png", "prompt-words.png", "xmp-caption.png"],
    ),
    (
        "psd",
        &[("psb-linked.psb", Ai::Generated), ("psd-dst.psd", Ai::Generated), ("psd-linked.psd", Ai::Generated)],
        &["psd-caption.psd"],
    ),
    ("realmedia", &[("rm-suno.rm", Ai::Generated)], &["rm-words.rm"]),
    (
        "svg",
        &[("picture-with-parameters.svg", Ai::Generated), ("xmp-generated.svg", Ai::Generated)],
        &["xmp-caption.svg"],
    ),
    ("tga", &[("tga-parameters.tga", Ai::Generated)], &["tga-instrument.tga"]),
    (
        "tiff",
        &[("tiff-dst.tif", Ai::Generated), ("tiff-pages.btf", Ai::Generated), ("tiff-parameters.tif", Ai::Generated)],
        &["tiff-caption.tif"],
    ),
    ("tta", &[("tta-aigc.tta", Ai::Generated)], &["tta-caption.tta"]),
    (
        "wav",
        &[
            ("rf64-aigc.wav", Ai::Generated),
            ("wav-aigc.wav", Ai::Generated),
            ("wav-xmp.wav", Ai::Generated),
            ("wave64-aigc.w64", Ai::Generated),
        ],
        &["wav-broadcast.wav"],
    ),
    ("wavpack", &[("wavpack-ape.wv", Ai::Generated), ("wavpack-wrapped.wv", Ai::Generated)], &["wavpack-caption.wv"]),
    ("webm", &[("webm-live-aigc.webm", Ai::Generated)], &["webm-live-words.webm"]),
    ("webp", &[("webp-xmp.webp", Ai::Generated)], &["webp-caption.webp"]),
    ("xmp", &[("xmp-dst.xmp", Ai::Generated), ("xmp-tc260-misdeclared.xmp", Ai::Generated)], &["xmp-caption.xmp"]),
];

/// Formats without a row, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("appledouble", "a companion: what it says is of another file"),
    ("bmp", "no place for words"),
    ("c2pa", "a manifest store on its own; its marks are signed and tested there"),
    ("cr3", "boxes as in mp4"),
    ("dng", "directories as in tiff"),
    ("epub", "members as in ooxml"),
    ("gzip", "its member is an asset of its own: tests/suite/archives.rs"),
    ("media-not-read", "not read, and said to be so"),
    ("mrw", "directories as in tiff"),
    ("ole-document", "compound files are made by the test: tests/suite/ole.rs"),
    ("opendocument", "members as in ooxml"),
    ("raf", "directories as in tiff"),
    ("raw-tiff", "directories as in tiff"),
    ("sealed-archive", "not opened, and said to be so"),
    ("tar", "its members are assets of their own: tests/suite/archives.rs"),
    ("zip", "its members are assets of their own: tests/suite/archives.rs"),
];

#[test]
fn marks_are_found_in_every_container_and_words_are_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let read = |name: &str| {
        let facts = extract::facts(&folder.join(name), &[], &extract::Options::default());
        let evidence = catalogue().evidence(&facts);
        (facts.format.map(|id| id.to_string()).unwrap_or_default(), ai(&evidence), evidence)
    };
    let mut wrong = Vec::new();
    for (format, hits, misses) in ROWS {
        assert!(!hits.is_empty() && !misses.is_empty(), "{format}");
        let misses = misses.iter().map(|name| (*name, Ai::None));
        for (name, wanted) in hits.iter().copied().chain(misses) {
            let (found, got, evidence) = read(name);
            if found != *format || got != wanted {
                wrong.push(format!("{name}: {found}, {got:?} and not {wanted:?}: {evidence:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_format_has_a_row_or_a_reason() {
    for format in formats::ALL {
        let id = format.info().id.as_str();
        let (row, reason) = (ROWS.iter().any(|r| r.0 == id), WITHOUT.iter().any(|r| r.0 == id));
        assert!(row != reason, "{id}: row {row}, reason {reason}");
    }
}
