//! The formats that are read: one file each, all of them in [`ALL`].
//!
//! A format says how it is recognized and reads what the file carries into [`Extraction`]. It knows nothing
//! of marks, rules or policy.

pub mod aac;
pub mod aiff;
pub mod ape;
pub mod appledouble;
pub mod asf;
pub mod au;
pub mod avi;
mod avif;
pub mod bmp;
pub mod c2pa_sidecar;
pub mod caf;
pub mod cineon;
mod cr3;
pub mod dff;
mod dng;
pub mod dpx;
pub mod dsf;
pub mod eps;
pub mod exr;
pub mod flac;
mod flv;
pub mod gif;
pub mod gzip;
mod heif;
pub mod ico;
mod jp2;
pub mod jpeg;
pub mod jpeg_xr;
mod jxl;
mod m4a;
pub mod matroska;
pub mod mng;
mod mov;
pub mod mp3;
mod mp4;
pub mod mpeg_ps;
pub mod mpeg_ts;
mod mrw;
pub mod musepack;
pub mod mxf;
pub mod ogg;
pub mod ole;
pub mod pdf;
pub mod png;
mod psd;
mod raf;
mod raw_tiff;
pub mod realmedia;
pub mod sealed;
pub mod svg;
pub mod tar;
pub mod tga;
mod tiff;
mod tiff_structure;
pub mod tta;
pub mod unread_media;
pub mod wav;
pub mod wavpack;
pub mod webm;
pub mod webp;
mod xmp_sidecar;
pub mod zip;
pub mod zip_document;
pub mod zip_store;

use std::collections::HashMap;
use std::sync::OnceLock;

use foldhash::fast::RandomState;

use countersign_io::source::Source;
pub use countersign_model::Media;
use countersign_model::{Extraction, FormatId, Problem};

/// What a format is: everything that the rest of the program needs to know of it, as data.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// The id in reports: `jpeg`.
    pub id: FormatId,
    /// The name for people: `JPEG`.
    pub name: &'static str,
    /// Lower-case extensions without the dot; the first is the usual one.
    pub extensions: &'static [&'static str],
    /// What kind of thing it carries.
    pub media: Media,
    /// The specification that the reader follows.
    pub specification: &'static str,
    /// Raised with every change of what is read; part of every cache key.
    pub version: u32,
    /// Whether it holds files, and whether they are judged as assets of their own.
    pub archive: Archive,
    /// Whether its files go by the name of another one, whose extension they bear (`._a.mov`).
    pub borrowed_name: bool,
    /// Whether its pixels can be decoded, and whether they are those that were written.
    pub pixels: Pixels,
    /// Whether thumbnails in it are of the whole picture, which is decoded to compare the two.
    pub thumbnails: bool,
    /// How its files are numbered where they are the frames of a sequence.
    pub frames: FrameUse,
    /// What the `c2pa` crate's own readers know it as.
    pub c2pa_mime: C2paMime,
    /// Whether a member of a document is read as media of its own where it is called so and the format is one of media.
    pub in_documents: bool,
}

impl Info {
    /// What most formats are; each says where it differs.
    pub const DEFAULT: Self = Self {
        id: FormatId::new(""),
        name: "",
        extensions: &[],
        media: Media::Image,
        specification: "",
        version: 1,
        archive: Archive::No,
        borrowed_name: false,
        pixels: Pixels::NotDecoded,
        thumbnails: false,
        frames: FrameUse::No,
        c2pa_mime: C2paMime::Id,
        in_documents: true,
    };
}

/// Whether a format holds files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// It holds none that count as assets.
    No,
    /// They are listed and read.
    Opened(Contents),
    /// They are not: a mark could lie in any of them.
    Sealed,
}

/// How the files in an archive are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// As members of a ZIP archive.
    Zip,
    /// As members of a TAR archive.
    Tar,
    /// As the single file that is packed, by gzip.
    Gzip,
}

/// Whether the pixels of a format are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// No decoder here makes pixels of it.
    NotDecoded,
    /// They are changed by compression: nothing that was hidden in their lowest bits is left.
    Lossy,
    /// They are those that were written.
    Lossless,
    /// Either; the file says which.
    LossyOrLossless,
}

/// How the frames of a sequence come in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameUse {
    /// Its files are no frames.
    No,
    /// Its files may be frames.
    Possible,
    /// Its files nearly always are: cameras do not number pictures of this kind by themselves.
    Usual,
}

/// How the `c2pa` crate knows a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum C2paMime {
    /// By the id that we use as well, if at all.
    Id,
    /// By another word.
    Named(&'static str),
    /// It is kept from the bytes, because its reader has no bounds on them.
    Withheld,
}

/// The bytes that a format is recognized by.
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// The first bytes, at most [`countersign_model::limits::HEAD`].
    pub head: &'a [u8],
    /// Length of the whole file in bytes.
    pub len: u64,
}

/// How sure a format is that the bytes are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(pub u8);

impl Score {
    /// The bytes are not of this format.
    pub const NO: Self = Self(0);
    /// A pattern that other data shows by chance (an MPEG frame sync).
    pub const WEAK: Self = Self(30);
    /// A general container that a more specific format may claim.
    pub const LIKELY: Self = Self(60);
    /// A magic number that nothing else has.
    pub const SURE: Self = Self(100);
}

/// A format: what it is, whether these bytes are it, what the file says.
///
/// ```
/// use countersign_io::source::Source;
/// use countersign_media::formats::{Format, Info, Probe, Score};
/// use countersign_media::tags::{Place, push};
/// use countersign_model::{Extraction, FormatId, Problem};
///
/// /// Slates: `SLT1`, the length of a text, the text.
/// struct Slate;
///
/// static INFO: Info = Info { id: FormatId::new("slate"), name: "Slate", extensions: &["slt"], ..Info::DEFAULT };
///
/// impl Format for Slate {
///     fn info(&self) -> &'static Info {
///         &INFO
///     }
///
///     fn sniff(&self, probe: &Probe<'_>) -> Score {
///         if probe.head.starts_with(b"SLT1") { Score::SURE } else { Score::NO }
///     }
///
///     fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
///         let len = u32::from_be_bytes(source.array(4)?);
///         // A length that the file states is bounded before anything is read.
///         let text = source.read_bounded(8, u64::from(len), 64 * 1024)?;
///         let at = Place::new("slate", source.absolute(8));
///         push(out, ("slate", "Text"), String::from_utf8_lossy(&text), &at, 0);
///         Ok(())
///     }
/// }
///
/// let bytes = b"SLT1\0\0\0\x06take 3".to_vec();
/// assert_eq!(Slate.sniff(&Probe { head: &bytes, len: 14 }), Score::SURE);
/// let mut out = Extraction::default();
/// Slate.read(&mut Source::memory(bytes, 0), &mut out)?;
/// assert_eq!((out.facts.tags[0].value.as_str(), out.facts.tags[0].offset), ("take 3", Some(8)));
/// # Ok::<(), Problem>(())
/// ```
pub trait Format: Sync {
    /// What it is, as data; the same for every call.
    fn info(&self) -> &'static Info;

    /// Never fails and never reads: the probe is all there is.
    fn sniff(&self, probe: &Probe<'_>) -> Score;

    /// As [`Format::sniff`], where another format has this score already: one that is no surer may be told without a look,
    /// as any score that is not above it.
    fn sniff_above(&self, probe: &Probe<'_>, _score: Score) -> Score {
        self.sniff(probe)
    }

    /// Whether the last bytes of a file tell it: asked only where nobody knows the first ones.
    fn ends(&self, _tail: &[u8]) -> bool {
        false
    }

    /// Writes into `out` as it goes, so that what was read survives an error.
    ///
    /// # Errors
    /// The problem that ended the reading; problems that did not are in `out` already.
    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem>;
}

/// Every format: the best score wins, the first of equals, and [`Score::SURE`] ends the search.
pub static ALL: &[&dyn Format] = &[
    &aiff::Aiff,
    &ape::Monkey,
    &appledouble::AppleDouble,
    &asf::Asf,
    &au::Au,
    &avi::Avi,
    &avif::Avif,
    &bmp::Bmp,
    &c2pa_sidecar::C2paSidecar,
    &caf::Caf,
    &cineon::Cineon,
    &cr3::Cr3,
    &dff::Dff,
    &dng::Dng,
    &dpx::Dpx,
    &dsf::Dsf,
    &eps::Eps,
    &exr::Exr,
    &flac::Flac,
    &flv::Flv,
    &gif::Gif,
    &gzip::Gzip,
    &heif::Heif,
    &ico::Ico,
    &jp2::Jp2,
    &jpeg::Jpeg,
    &jpeg_xr::JpegXr,
    &jxl::Jxl,
    &m4a::M4a,
    &matroska::Matroska,
    &mng::JNG,
    &mng::MNG,
    &mov::Mov,
    &mp4::Mp4,
    &mpeg_ps::MpegPs,
    &mrw::Mrw,
    &musepack::Musepack,
    &ogg::Ogg,
    &ole::Ole,
    &pdf::Pdf,
    &png::Png,
    &psd::Psd,
    &raf::Raf,
    &raw_tiff::RawTiff,
    &realmedia::RealMedia,
    &sealed::Sealed,
    &svg::Svg,
    &tar::Tar,
    &tiff::Tiff,
    &tta::Tta,
    &unread_media::UnreadMedia,
    &wav::Wav,
    &wavpack::Wavpack,
    &webm::WebM,
    &webp::Webp,
    &xmp_sidecar::XmpSidecar,
    &zip::Zip,
    &zip_document::EPUB,
    &zip_document::OOXML,
    &zip_document::OPEN_DOCUMENT,
    // These search the head for their pattern: whatever has a magic number of its own is known before.
    &aac::Aac,
    &mpeg_ts::MpegTs,
    &mp3::Mp3,
    &mxf::Mxf,
    &tga::Tga,
];

/// The format that an extension (any case, no dot) promises.
#[must_use]
pub fn by_extension(extension: &str) -> Option<&'static dyn Format> {
    static BY_EXTENSION: OnceLock<HashMap<&'static str, &'static dyn Format, RandomState>> = OnceLock::new();
    let by_extension = BY_EXTENSION.get_or_init(|| {
        // The first of those that use an extension has it.
        let formats = ALL.iter().rev();
        formats.flat_map(|format| format.info().extensions.iter().map(|extension| (*extension, *format))).collect()
    });
    if extension.bytes().any(|b| b.is_ascii_uppercase()) {
        return by_extension.get(extension.to_ascii_lowercase().as_str()).copied();
    }
    by_extension.get(extension).copied()
}

/// The format with this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static dyn Format> {
    static BY_ID: OnceLock<HashMap<&'static str, &'static dyn Format, RandomState>> = OnceLock::new();
    let by_id = BY_ID.get_or_init(|| ALL.iter().rev().map(|format| (format.info().id.as_str(), *format)).collect());
    by_id.get(id).copied()
}

/// What is known of the format with this id; ids that are no format's (a package's manifest) have no properties.
///
/// ```
/// use countersign_media::formats;
/// use countersign_model::{FormatId, Media};
///
/// let png = formats::info(FormatId::new("png")).unwrap();
/// assert_eq!((png.media, png.extensions[0]), (Media::Image, "png"));
/// // The id of a package's manifest is no format's: nothing is known of it.
/// assert!(formats::info(FormatId::new("imf-cpl")).is_none());
/// ```
#[must_use]
pub fn info(id: FormatId) -> Option<&'static Info> {
    static BY_ID: OnceLock<HashMap<FormatId, &'static Info, RandomState>> = OnceLock::new();
    BY_ID.get_or_init(|| ALL.iter().rev().map(|format| (format.info().id, format.info())).collect()).get(&id).copied()
}

/// Endings of projects of editors and other programs that are archives of some kind: their names tell what is in them, and
/// nothing is wrong with them.
pub const PROJECTS: &[&str] = &[
    "prproj",
    "mogrt",
    "aegraphic",
    "als",
    "adg",
    "adv",
    "alc",
    "drp",
    "drt",
    "dra",
    "key",
    "pages",
    "numbers",
    "sketch",
    "fig",
    "xd",
    "procreate",
    "fla",
    "xmind",
    "idml",
    "vsdx",
    "vstx",
    "hip",
    "hiplc",
    "hipnc",
    "hda",
    "hdalc",
    "hdanc",
    "mscz",
    "musx",
    "xps",
    "oxps",
    "sbsar",
    "spp",
    "lottie",
    "fcpxmld",
    "otiod",
    "mlt",
    "veg",
    "song",
    "kth",
    "ggb",
    "skp",
    "bbmodel",
    "xrns",
    "xrni",
    "dtproj",
    "capx",
    "unitypackage",
    "vpk",
    "wdp",
    "logicx",
    "band",
    "cmproj",
];

/// Endings of files that describe another one when they are called `name.ENDING` or `name.ext.ENDING`.
pub const SIDECARS: &[&str] = &[
    "c2pa",
    "xmp",
    "txt",
    "json",
    "yaml",
    "yml",
    "toml",
    "md",
    "markdown",
    "xml",
    "text",
    "ini",
    "cfg",
    "conf",
    "properties",
    "prompt",
    "caption",
    "meta",
    "metadata",
    "info",
    "nfo",
    "log",
    "csv",
    "tsv",
    "html",
    "htm",
    "rtf",
    "jsonl",
    "ndjson",
    "json5",
];

/// As [`identify`], for bytes at hand.
#[must_use]
pub fn surest(probe: &Probe<'_>) -> Option<&'static dyn Format> {
    let mut found: Option<(Score, &'static dyn Format)> = None;
    for format in ALL {
        let score = found.map_or_else(|| format.sniff(probe), |(best, _)| format.sniff_above(probe, best));
        // The first of equals wins, and nothing is surer than sure.
        if score > found.map_or(Score::NO, |(best, _)| best) {
            found = Some((score, *format));
        }
        if score >= Score::SURE {
            break;
        }
    }
    found.map(|(_, format)| format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_surer_is_never_told_as_surer() {
        let partition = *b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02\x04\0\x83\0\0\x78";
        let heads: [Vec<u8>; 9] = [
            partition.to_vec(),
            [&[7; 9][..], &partition].concat(),
            [&[0xFF, 0xFB, 0x90, 0x00][..], &[0; 413]].concat().repeat(30),
            b"ID3\x04\0\0\0\0\0\0".to_vec(),
            b"qoif\0".to_vec(),
            b"7z\xbc\xaf\x27\x1c".to_vec(),
            b"\x89PNG\r\n\x1a\n".to_vec(),
            b"\0\0\0\x20ftypisom\0\0\0\0".to_vec(),
            Vec::new(),
        ];
        for head in heads.map(|head| [head, vec![0; 64]].concat()) {
            let probe = Probe { head: &head, len: head.len() as u64 };
            for (format, other) in ALL.iter().flat_map(|format| (0..=100).map(move |score| (format, Score(score)))) {
                let (alone, above) = (format.sniff(&probe), format.sniff_above(&probe, other));
                assert!(if alone > other { above == alone } else { above <= other }, "{}", format.info().id);
            }
        }
    }

    #[test]
    fn the_first_format_that_uses_an_extension_has_it() {
        for extension in ALL.iter().flat_map(|format| format.info().extensions) {
            let first = ALL.iter().find(|format| format.info().extensions.contains(extension)).unwrap();
            let found = by_extension(&extension.to_ascii_uppercase()).unwrap();
            assert_eq!(found.info().id, first.info().id, "{extension}");
        }
        assert!(by_extension("").is_none() && by_extension("no such").is_none());
        for format in ALL {
            let first = ALL.iter().find(|other| other.info().id == format.info().id).unwrap();
            assert_eq!(info(format.info().id).unwrap().name, first.info().name);
            assert_eq!(by_id(format.info().id.as_str()).unwrap().info().name, first.info().name);
        }
    }
}
