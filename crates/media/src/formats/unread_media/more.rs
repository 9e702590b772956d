//! The names of media that are not read, and the less common of their signatures.
//!
//! Signatures as the formats' own specifications, FFmpeg's demuxers and the database of file(1) have them.

use super::Test;
use crate::framing::numbers::{be16, be32, le16, le32};

/// Names that nothing but media go by.
pub(super) const EXTENSIONS: &[&str] = &[
    // Pictures.
    "sgi",
    "rgbe",
    "pcx",
    "dcx",
    "ppm",
    "pgm",
    "pbm",
    "pnm",
    "pam",
    "pfm",
    "qoi",
    "flif",
    "bpg",
    "djvu",
    "djv",
    "xcf",
    "dds",
    "icns",
    "ilbm",
    "lbm",
    "iff",
    "x3f",
    "psp",
    "pspimage",
    "cdr",
    "wmf",
    "emf",
    "emz",
    "wmz",
    "pict",
    "pct",
    "pic",
    "qtif",
    "qti",
    "j6i",
    "fits",
    "fts",
    "dcm",
    "dicom",
    "svs",
    "ndpi",
    "ktx",
    "ktx2",
    "pvr",
    "blp",
    "vtf",
    "astc",
    "basis",
    "jls",
    "jxs",
    "jbig",
    "jbig2",
    "jb2",
    "rla",
    "rpf",
    "wbmp",
    "pcd",
    "pgf",
    "miff",
    "xwd",
    "xbm",
    "xpm",
    "pxr",
    "ras",
    "sixel",
    "indd",
    "indt",
    "glb",
    "cpt",
    "afphoto",
    "afdesign",
    "pdn",
    "procreate",
    // Sound.
    "ac3",
    "eac3",
    "ec3",
    "ac4",
    "dtshd",
    "thd",
    "mlp",
    "amr",
    "awb",
    "ofr",
    "ofs",
    "shn",
    "voc",
    "mid",
    "midi",
    "kar",
    "rmi",
    "tak",
    "oma",
    "aa3",
    "at3",
    "at9",
    "aax",
    "gsm",
    "g722",
    "g723",
    "g729",
    "sbc",
    "aptx",
    "sd2",
    "sox",
    "vqf",
    "dss",
    "ds2",
    "qcp",
    "xwma",
    "xma",
    "adx",
    "hca",
    "fsb",
    "s3m",
    "xm",
    "mptm",
    "latm",
    "loas",
    "ircam",
    "mmf",
    "paf",
    "pvf",
    "sph",
    "apm",
    "rso",
    "spdif",
    "mogg",
    "lc3",
    "dsm",
    // Moving pictures.
    "dv",
    "dif",
    "h261",
    "h263",
    "h264",
    "h265",
    "hevc",
    "avc",
    "264",
    "265",
    "266",
    "vvc",
    "obu",
    "ivf",
    "y4m",
    "yuv",
    "r3d",
    "braw",
    "ari",
    "arx",
    "cine",
    "gxf",
    "lxf",
    "mlv",
    "m1v",
    "mpv",
    "mp2v",
    "mpgv",
    "wtv",
    "dvr-ms",
    "bik",
    "bk2",
    "smk",
    "swf",
    "roq",
    "drc",
    "dirac",
    "vc1",
    "vc2",
    "rcv",
    "avs2",
    "avs3",
    "cavs",
    "mjpg",
    "mjpeg",
    "mjp",
    "prores",
    "apv",
    "xvid",
    "tod",
    "evo",
    "nsv",
    "nsa",
    "mve",
    "flc",
    "fli",
    "flx",
    "flm",
    "cpk",
    "smjpeg",
    "thp",
    "pva",
    "dpg",
    "amv",
    "mtv",
    "viv",
    "vivo",
    "vqa",
    "dxa",
    "bfi",
    "4xm",
    "rmj",
    "camrec",
    "usm",
    "pmp",
    "psmf",
    "rpl",
];

/// Where which bytes stand, and what has them.
pub(super) const KINDS: &[(usize, &[u8], &str)] = &[
    // Pictures.
    (0, b"Paint Shop Pro Image File\n\x1a", "a picture of Paint Shop Pro"),
    (0, b"\xb1\x68\xde\x3a", "PCX pictures (DCX)"),
    (0, b"\x53\x80\xf6\x34", "a Softimage picture"),
    (0, b"PVR\x03\0\0\0\0", "a PowerVR texture"),
    (0, b"\x13\xab\xa1\x5c", "an ASTC texture"),
    (0, b"VTF\0\x07\0\0\0", "a Valve texture"),
    (0, b"BLP1\0\0\0\0", "a Blizzard texture"),
    (0, b"BLP2\x01\0\0\0", "a Blizzard texture"),
    (0, b"/* XPM */", "an X pixmap"),
    (0, b"id=ImageMagick", "a picture of ImageMagick (MIFF)"),
    (2048, b"PCD_IPI", "a Photo CD picture"),
    (0, b"\xd7\xcd\xc6\x9a\0\0", "a Windows metafile"),
    (0, b"\xff\x10\xff\x50", "a JPEG XS picture"),
    (0, b"\0\0\0\x0cJXS \r\n\x87\n", "a JPEG XS picture"),
    (0, b"\0\0\0\x0cJXSV", "JPEG XS pictures"),
    (0, b"PGF6", "a progressive graphics file"),
    (0, b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1d", "a document of InDesign"),
    (0, b"CSFCHUNK", "a picture of Clip Studio"),
    (0, b"PDN3", "a picture of paint.net"),
    (0, b"CPT9FILE", "a picture of Corel"),
    // Sound.
    (0, b"tBaK", "TAK sound"),
    (0, b"ea3\x03\0\0\0\0", "sound of OpenMG"),
    (0, b"EA3\x01\0\x60", "sound of OpenMG"),
    (0, b"EA3\x02\0\x60", "sound of OpenMG"),
    (0, b"\x64\xa3\x01\0", "IRCAM sound"),
    (0, b"\x64\xa3\x02\0", "IRCAM sound"),
    (0, b"\x64\xa3\x03\0", "IRCAM sound"),
    (0, b"\x64\xa3\x04\0", "IRCAM sound"),
    (0, b"\x02dss", "dictated sound (DSS)"),
    (0, b"\x03ds2", "dictated sound (DSS)"),
    (0, b"SNES-SPC700 Sound File Data", "SNES sound"),
    (0, b"NESM\x1a", "NES sound"),
    (0, b"FSB4", "an FMOD bank"),
    (0, b"FSB5", "an FMOD bank"),
    (0, b"HCA\0", "HCA sound"),
    (0, b"\xc8\xc3\xc1\0", "HCA sound"),
    (0, b" paf\0\0\0", "Ensoniq PARIS sound"),
    (0, b"fap \0\0\0", "Ensoniq PARIS sound"),
    (0, b"PVF1\n", "portable voice format"),
    (0, b"PVF2\n", "portable voice format"),
    (0, b"NIST_1A\n", "NIST SPHERE sound"),
    (0, b"MMMD\0", "a Yamaha ringtone (SMAF)"),
    (44, b"SCRM", "a tracker's module"),
    (4, b"\x57\x90\x75\x36", "an Audible book"),
    // Moving pictures.
    (0, b"Interplay MVE File\x1a\0", "Interplay pictures (MVE)"),
    (0, b"NSVf", "Nullsoft video"),
    (0, b"NSVs", "Nullsoft video"),
    (0, b"\0\nSMJPEG", "motion JPEG (SMJPEG)"),
    (0, b"THP\0\0\x01", "THP pictures"),
    (0, b"BF&I", "BFI pictures"),
    (0, b"DEXA", "DXA pictures"),
    (0, b"DPG0", "DPG pictures"),
    (0, b"DPG4", "DPG pictures"),
    (0, b"\x84\x10\xff\xff\xff\xff", "RoQ pictures"),
    (0, b"CRID", "media of CRI (USM)"),
    (0, b"PSMF00", "media of the PSP"),
    (0, b"ARMovie\n", "an ARMovie"),
    (0, b"RMJ2", "Motion JPEG 2000 of Radvision"),
];

/// Forms of IFF and RIFF, by their type.
pub(super) const FORMS: &[(&[u8], &[u8], &str)] = &[
    (b"FORM", b"WVQA", "Westwood pictures (VQA)"),
    (b"FORM", b"ACBM", "an IFF picture"),
    (b"FORM", b"RGB8", "an IFF picture"),
    (b"FORM", b"RGBN", "an IFF picture"),
    (b"FORM", b"DEEP", "an IFF picture"),
    (b"FORM", b"TVPP", "a picture of TVPaint"),
    (b"FORM", b"SMUS", "an IFF score"),
    (b"FOR4", b"XIMG", "a picture of Maya"),
    (b"RIFF", b"XWMA", "xWMA sound"),
    (b"RIFF", b"4XMV", "4X pictures"),
    (b"RIFF", b"AMV ", "AMV pictures"),
    (b"RIFF", b"sfbk", "a bank of sounds (SoundFont)"),
    (b"RIFF", b"DLS ", "a bank of sounds"),
];

/// Kinds whose magic number is too short to be believed alone.
pub(super) fn checked(head: &[u8], len: u64) -> Option<&'static str> {
    let tests: &[(Test, &str)] = &[
        (x_window_dump, "a dump of an X window"),
        (x_bitmap, "an X bitmap"),
        (enhanced_metafile, "a Windows metafile"),
        (coreldraw, "a drawing of CorelDRAW"),
        (flic, "FLIC pictures"),
        (cineform_high_speed, "a recording of a Phantom camera"),
        (wavefront, "a Wavefront picture"),
        (gxf, "media in GXF"),
        (latm, "AAC sound (LOAS)"),
        (mpeg4_visual, "MPEG-4 pictures without a container"),
        (mpeg_visual, "MPEG pictures without a container"),
        (pva, "a recording in PVA"),
        (cpk, "Sega FILM pictures"),
        (apm, "sound of a game (APM)"),
        (module, "a tracker's module"),
        (gltf, "a scene in glTF, which holds its pictures"),
        (adx, "ADX sound"),
        (spdif, "sound as S/PDIF carries it"),
        (sox, "sound of SoX"),
    ];
    tests.iter().find(|(test, _)| test(head, len)).map(|kind| kind.1)
}

/// Version 7, with sizes and a depth that pictures have.
fn x_window_dump(head: &[u8], len: u64) -> bool {
    let header = be32(head, 0).is_some_and(|header| (100..4096).contains(&header) && u64::from(header) < len);
    let depth = be32(head, 12).is_some_and(|depth| (1..=32).contains(&depth));
    header && be32(head, 4) == Some(7) && be32(head, 8).is_some_and(|format| format <= 2) && depth
}

fn x_bitmap(head: &[u8], _: u64) -> bool {
    if !head.starts_with(b"#define ") {
        return false;
    }
    let text = head.get(..head.len().min(1024)).unwrap_or_default();
    let start = memchr::memmem::find(text, b"#define ").and_then(|at| text.get(at..)).unwrap_or_default();
    let holds = |word: &[u8]| memchr::memmem::find(start, word).is_some();
    holds(b"_width ") && holds(b"_height ") && holds(b"_bits[")
}

fn enhanced_metafile(head: &[u8], _: u64) -> bool {
    head.starts_with(&[1, 0, 0, 0]) && head.get(40..44) == Some(b" EMF")
}

fn coreldraw(head: &[u8], _: u64) -> bool {
    head.starts_with(b"RIFF") && matches!(head.get(8..11), Some(b"CDR" | b"cdr" | b"CMX"))
}

/// The length of the file, the type, and sizes.
fn flic(head: &[u8], len: u64) -> bool {
    let kind = matches!(le16(head, 4), Some(0xAF11 | 0xAF12 | 0xAF44 | 0xAF30 | 0xAF31));
    let sides = [8, 10].iter().all(|at| le16(head, *at).is_some_and(|side| (1..=4096).contains(&side)));
    kind && sides && le32(head, 0).is_some_and(|stated| u64::from(stated) <= len.saturating_add(64))
}

fn cineform_high_speed(head: &[u8], _: u64) -> bool {
    matches!(head, [b'C', b'I', 0x2C, 0, 0..=2, 0, 0 | 1, 0, ..])
}

/// A window, an active window within it, and a count of channels: the header of RLA and RPF.
fn wavefront(head: &[u8], len: u64) -> bool {
    let side = |left: usize| Some((be16(head, left)?, be16(head, left + 2)?));
    let fits = |at: usize| side(at).is_some_and(|(from, to)| from == 0 && (7..16_384).contains(&to));
    let revision = matches!(be16(head, 30), Some(0xFFFE | 0xFFFD));
    len > 740 && fits(0) && fits(4) && revision
}

/// The first packet's header (SMPTE ST 360): zeros, one, the type of a material packet, a length, the trailer.
fn gxf(head: &[u8], _: u64) -> bool {
    matches!(head, [0, 0, 0, 0, 1, 0xBC, _, _, _, _, 0, 0, 0, 0, 0xE1, 0xE2, ..])
}

/// Frames of LOAS that follow one another (ISO/IEC 14496-3, 1.7.2).
fn latm(head: &[u8], len: u64) -> bool {
    let mut at = 0;
    for _ in 0..4 {
        match head.get(at..) {
            Some([0x56, second @ 0xE0..=0xFF, third, ..]) => {
                at += 3 + (usize::from(second & 0x1F) << 8 | usize::from(*third));
            }
            _ => return at as u64 == len && at > 0,
        }
    }
    true
}

/// A visual object sequence, or a video object with its layer (ISO/IEC 14496-2).
fn mpeg4_visual(head: &[u8], _: u64) -> bool {
    if !matches!(head, [0, 0, 1, 0xB0 | 0xB5 | 0x00..=0x1F, ..]) {
        return false;
    }
    let near = head.get(..head.len().min(256)).unwrap_or_default();
    memchr::memmem::find_iter(near, &[0, 0, 1]).any(|at| matches!(near.get(at + 3), Some(0x20..=0x2F)))
}

/// A group or picture of MPEG-1 or -2 without the sequence's header before it, and slices behind it.
fn mpeg_visual(head: &[u8], _: u64) -> bool {
    let near = head.get(..head.len().min(4096)).unwrap_or_default();
    matches!(head, [0, 0, 1, 0xB8, ..]) && memchr::memmem::find(near, &[0, 0, 1, 1]).is_some()
}

fn pva(head: &[u8], _: u64) -> bool {
    matches!(head, [b'A', b'V', 1 | 2, _, 0x55, flags, ..] if flags & 0xE0 == 0)
}

fn cpk(head: &[u8], _: u64) -> bool {
    head.starts_with(b"FILM") && head.get(16..20) == Some(b"FDSC")
}

fn apm(head: &[u8], _: u64) -> bool {
    matches!(head, [0, 0x20, 1 | 2, 0, ..])
        && head.get(16..20) == Some(&[0, 0, 0, 0][..])
        && head.get(20..24) == Some(b"vs12")
        || matches!(head, [0, 0x20, 1 | 2, 0, ..])
            && memchr::memmem::find(head.get(..128).unwrap_or_default(), b"vs12").is_some()
}

/// The channels of a ProTracker module, behind its 31 samples.
fn module(head: &[u8], len: u64) -> bool {
    let kind =
        head.get(1080..1084).is_some_and(|id| matches!(id, b"M.K." | b"M!K!" | b"FLT4" | b"FLT8" | b"6CHN" | b"8CHN"));
    kind && len > 2_108 - 1_024
}

fn gltf(head: &[u8], len: u64) -> bool {
    head.starts_with(b"glTF")
        && matches!(le32(head, 4), Some(1 | 2))
        && le32(head, 8).is_some_and(|all| u64::from(all) <= len)
}

/// The offset of the sound and the text that stands before it.
fn adx(head: &[u8], _: u64) -> bool {
    let Some(offset) = be16(head, 2).map(usize::from).filter(|_| head.starts_with(&[0x80, 0])) else { return false };
    offset >= 6 && head.get(offset - 2..offset + 4) == Some(b"(c)CRI")
}

/// The length of the header behind the magic, in either order.
fn sox(head: &[u8], len: u64) -> bool {
    let header = match head.get(..4) {
        Some(b".SoX") => le32(head, 4),
        Some(b"XoS.") => be32(head, 4),
        _ => None,
    };
    header.is_some_and(|header| header >= 28 && u64::from(header) <= len)
}

/// The two sync words of IEC 61937, and one of its kinds of data.
fn spdif(head: &[u8], _: u64) -> bool {
    let at = head.iter().take(4096).position(|b| *b != 0).unwrap_or(0);
    matches!(head.get(at..), Some([0x72, 0xF8, 0x1F, 0x4E, 1..=0x16, ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_magic_numbers_need_more_that_fits() {
        let gxf_packet = b"\0\0\0\0\x01\xbc\0\0\0\x80\0\0\0\0\xe1\xe2";
        assert_eq!(checked(gxf_packet, 1000), Some("media in GXF"));
        assert_eq!(checked(b"\0\0\0\0\x01\xbc\0\0\0\x80\0\0\0\x01\xe1\xe2", 1000), None);
        let loas = [&[0x56, 0xE0, 2, 1, 1][..]; 4].concat();
        assert_eq!(checked(&loas, 20), Some("AAC sound (LOAS)"));
        assert_eq!(checked(b"V\xe0 is a letter with an accent", 29), None);
        assert_eq!(
            checked(b"#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {1};", 64),
            Some("an X bitmap")
        );
        assert_eq!(checked(b"#define FRAME_width 8\nint main() { return 0; }", 46), None);
        assert_eq!(checked(b"CI is short for continuous integration", 38), None);
        assert_eq!(checked(b"AV1 is a kind of video and VP9 another", 38), None);
        assert_eq!(checked(b"glTF is a format", 16), None);
        let module = [&[1; 1080][..], b"M.K.", &[0; 1024]].concat();
        assert_eq!(checked(&module, module.len() as u64), Some("a tracker's module"));
    }

    #[test]
    fn names_are_no_names_of_what_is_read() {
        let read = crate::formats::ALL.iter().filter(|format| format.info().id != *"media-not-read");
        let read: Vec<_> = read.flat_map(|format| format.info().extensions).collect();
        let both: Vec<_> = EXTENSIONS.iter().filter(|name| read.contains(name) && **name != "ra").collect();
        // RealAudio before RealMedia has the same name.
        assert!(both.is_empty(), "{both:?}");
    }
}
