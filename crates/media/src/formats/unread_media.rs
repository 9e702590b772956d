//! Media of kinds that no reader here understands, by their first bytes and by their names: a mark could stand in any of
//! them, so that none is called clean.
//!
//! Signatures as the formats' own specifications and the database of file(1) have them. A name alone counts only where
//! nothing but media goes by it: `.nut`, `.dts` and `.hdr` are programs and texts as well, and are told by their bytes.

mod more;

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::numbers::{be16, le16};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem, ProblemKind};

/// Recognizes them.
pub struct UnreadMedia;

pub(super) static INFO: Info = Info {
    id: FormatId::new("media-not-read"),
    name: "media of a kind that is not read",
    extensions: more::EXTENSIONS,
    media: Media::Video,
    specification: "magic numbers of file(1)",
    version: 2,
    ..Info::DEFAULT
};

/// Where which bytes stand, and what has them. Short magic numbers are in [`checked`], with more that must fit.
const KINDS: &[(usize, &[u8], &str)] = &[
    // Pictures.
    (0, b"#?RADIANCE\n", "a Radiance picture"),
    (0, b"#?RGBE\n", "a Radiance picture"),
    (0, b"qoif\0", "a QOI picture"),
    (0, b"FLIF", "a FLIF picture"),
    (0, b"BPG\xfb", "a BPG picture"),
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"gimp xcf ", "a picture of GIMP"),
    (0, b"DDS \x7c\0\0\0", "a DirectDraw texture"),
    (0, b"\x59\xa6\x6a\x95\0", "a Sun raster picture"),
    (0, b"FOVb", "a raw picture of Sigma"),
    (0, b"SIMPLE  =                    T", "a FITS picture"),
    (128, b"DICM", "a DICOM picture"),
    (0, b"\x97JB2\r\n\x1a\n", "a JBIG2 picture"),
    (0, b"\xab\x4b\x54\x58\x20", "a Khronos texture"),
    // Sound.
    (0, b"DTSHDHDR", "DTS-HD sound"),
    (0, b"#!AMR", "AMR sound"),
    (0, b"#!SILK_V3", "SILK sound"),
    (0, b"OFR ", "OptimFROG sound"),
    (0, b"ajkg", "Shorten sound"),
    (0, b"LA02", "LA sound"),
    (0, b"LA03", "LA sound"),
    (0, b"LA04", "LA sound"),
    (0, b"Creative Voice File\x1a", "a Creative voice file"),
    (0, b"MThd\0\0\0\x06", "a MIDI file"),
    (0, b"ADIF", "AAC sound (ADIF)"),
    (0, b".ra\xfd", "RealAudio sound"),
    (0, b"Extended Module: ", "a tracker's module"),
    (0, b"IMPM", "a tracker's module"),
    (0, b"TWIN97012000", "TwinVQ sound"),
    (0, b"2BIT", "AVR sound"),
    (4, b"\xf8\x72\x6f\xba", "Dolby TrueHD sound"),
    (4, b"\xf8\x72\x6f\xbb", "Meridian lossless sound"),
    // Moving pictures.
    (0, b"YUV4MPEG2 ", "uncompressed pictures (Y4M)"),
    (0, b"DKIF\0\0 \0", "pictures in IVF"),
    (4, b"RED1", "a raw recording of RED"),
    (4, b"RED2", "a raw recording of RED"),
    (0, b"ARRI\x12\x34\x56\x78", "a raw picture of ARRI"),
    (0, b"ARRI\x78\x56\x34\x12", "a raw picture of ARRI"),
    (0, b"MLVI", "a raw recording of Magic Lantern"),
    (0, b"nut/multimedia container\0", "media in NUT"),
    (0, b"LEITCH\0\0", "media in LXF"),
    (0, b"BBCD", "Dirac pictures"),
    (0, b"\x1f\x07\0", "DV pictures"),
    (0, b"\xb7\xd8\0\x20\x37\x49\xda\x11\xa6\x4e\0\x07\xe9\x5e\xad\x8d", "a Windows recording (WTV)"),
    (0, b"SMK2", "Smacker pictures"),
    (0, b"SMK4", "Smacker pictures"),
    (0, b"DVDVIDEO-", "the tables of a DVD"),
];
/// Forms of IFF and RIFF, by their type.
const FORMS: &[(&[u8], &[u8], &str)] = &[
    (b"FORM", b"ILBM", "an IFF picture"),
    (b"FORM", b"PBM ", "an IFF picture"),
    (b"FORM", b"ANIM", "IFF pictures"),
    (b"FORM", b"8SVX", "IFF sound"),
    (b"FORM", b"16SV", "IFF sound"),
    (b"FORM", b"MAUD", "IFF sound"),
    (b"FORM", b"RGFX", "an IFF picture"),
    (b"FOR4", b"CIMG", "a picture of Maya"),
    (b"FOR4", b"YUVN", "IFF pictures"),
    (b"RIFF", b"CDXA", "the pictures of a Video CD"),
    (b"RIFF", b"RMID", "a MIDI file"),
    (b"RIFF", b"QLCM", "QCELP sound"),
    (b"RIFF", b"ACON", "a moving cursor"),
    (b"RIFX", b"FGDM", "a Shockwave film"),
    (b"RIFX", b"MV93", "a Shockwave film"),
    (b"XFIR", b"MDGF", "a Shockwave film"),
    (b"XFIR", b"39VM", "a Shockwave film"),
];

fn kind(head: &[u8], len: u64) -> Option<&'static str> {
    // The first byte sorts out nearly every one of them.
    let at = |(at, magic, _): &&(usize, &[u8], &str)| {
        head.get(*at) == magic.first() && head.get(*at..).is_some_and(|rest| rest.starts_with(magic))
    };
    let form = |(id, form, _): &&(&[u8], &[u8], &str)| {
        head.first() == id.first() && head.starts_with(id) && head.get(8..12) == Some(*form)
    };
    let known = KINDS.iter().chain(more::KINDS).find(at).map(|kind| kind.2);
    let known = known.or_else(|| FORMS.iter().chain(more::FORMS).find(form).map(|kind| kind.2));
    known.or_else(|| checked(head, len)).or_else(|| more::checked(head, len))
}

/// Whether these first bytes of a file of this length are of a kind.
type Test = fn(&[u8], u64) -> bool;

/// Kinds whose magic number is too short to be believed alone.
fn checked(head: &[u8], len: u64) -> Option<&'static str> {
    let tests: &[(Test, &str)] = &[
        (sgi, "an SGI picture"),
        (pcx, "a PCX picture"),
        (netpbm, "a Netpbm picture"),
        (icns, "an icon of macOS"),
        (ac3, "AC-3 sound"),
        (dts, "DTS sound"),
        (annex_b, "H.264, HEVC or VVC pictures without a container"),
        (obu, "AV1 pictures without a container"),
        (flash, "a Flash film"),
        (bink, "Bink pictures"),
    ];
    tests.iter().find(|(test, _)| test(head, len)).map(|kind| kind.1)
}

fn sgi(head: &[u8], _: u64) -> bool {
    let planes = be16(head, 4).is_some_and(|planes| (1..=3).contains(&planes));
    let size = [6, 8, 10].iter().all(|at| be16(head, *at).is_some_and(|side| side > 0));
    matches!(head, [0x01, 0xDA, 0 | 1, 1 | 2, ..]) && planes && size
}

fn pcx(head: &[u8], len: u64) -> bool {
    let sides = [(4, 8), (6, 10)].iter().all(|(low, high)| le16(head, *low) <= le16(head, *high));
    let planes = matches!(head.get(65), Some(1..=4)) && head.get(64) == Some(&0);
    let row = le16(head, 66).is_some_and(|row| row > 0 && row % 2 == 0);
    matches!(head, [0x0A, 0 | 2..=5, 1, 1 | 2 | 4 | 8, ..]) && sides && planes && row && len > 128
}

/// `P1` to `P7`, and behind it what a header has: numbers of a picture that the bytes are enough for.
fn netpbm(head: &[u8], len: u64) -> bool {
    let [b'P', kind @ (b'1'..=b'7' | b'F' | b'f'), b'\n' | b'\r' | b'\t' | b' ', ..] = head else { return false };
    let text = head.get(3..head.len().min(512)).unwrap_or_default();
    if *kind == b'7' {
        return text.starts_with(b"WIDTH ")
            || text.starts_with(b"#") && memchr::memmem::find(text, b"ENDHDR").is_some();
    }
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.starts_with(b"#"));
    let mut words = lines.flat_map(|line| line.split(u8::is_ascii_whitespace)).filter(|word| !word.is_empty());
    let mut number = || {
        let word = words.next().filter(|word| word.len() < 7)?;
        std::str::from_utf8(word).ok()?.parse::<u64>().ok().filter(|n| *n > 0)
    };
    let (Some(width), Some(height)) = (number(), number()) else { return false };
    // The least that the pixels take: a bit each where they are packed, a digit each where they are written out.
    let least = if *kind == b'4' { width.div_ceil(8) * height } else { width * height };
    len >= least
}

fn icns(head: &[u8], len: u64) -> bool {
    let stated = head.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    head.starts_with(b"icns") && stated.is_some_and(|stated| u64::from(stated) == len)
}

/// Bytes of a frame of AC-3 at 48 kHz, by pairs of codes (ATSC A/52, table 5.18).
const AC3: [usize; 19] =
    [128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2304, 2560];

/// The length of the AC-3 or E-AC-3 frame that starts here.
fn ac3_frame(bytes: &[u8]) -> Option<usize> {
    let [0x0B, 0x77, c, d, e, f, ..] = bytes else { return None };
    if f >> 3 > 10 {
        let size = usize::from(c & 7) << 8 | usize::from(*d);
        return (f >> 3 <= 16 && size > 2).then_some(2 * (size + 1));
    }
    let long = *AC3.get(usize::from(e & 0x3F) / 2)?;
    match e >> 6 {
        0 => Some(long),
        // 44.1 kHz: every other frame is a word longer.
        1 => Some((long / 2 * 480_000 / 441_000 + usize::from(e & 1)) * 2),
        2 => Some(long * 3 / 2),
        _ => None,
    }
}

fn ac3(head: &[u8], len: u64) -> bool {
    let Some(first) = ac3_frame(head) else { return false };
    let next = head.get(first..).unwrap_or_default();
    first as u64 == len || next.starts_with(&[0x0B, 0x77])
}

/// Sync words of DTS: 16 and 14 bits, either order, with the bits that follow them in any frame.
fn dts(head: &[u8], _: u64) -> bool {
    match head {
        [0x7F, 0xFE, 0x80, 0x01, e, ..] => e & 0xFC == 0xFC,
        [0xFE, 0x7F, 0x01, 0x80, _, f, ..] => f & 0xFC == 0xFC,
        [0x1F, 0xFF, 0xE8, 0x00, 0x07, f, ..] => f & 0xF0 == 0xF0,
        [0xFF, 0x1F, 0x00, 0xE8, e, 0x07, ..] => e & 0xF0 == 0xF0,
        _ => false,
    }
}

/// The parameter sets or delimiter that a stream of H.264, HEVC or VVC begins with (their annexes B), and another start
/// code behind it.
fn annex_b(head: &[u8], _: u64) -> bool {
    let unit = match head {
        [0, 0, 0, 1, unit @ ..] | [0, 0, 1, unit @ ..] => unit,
        _ => return false,
    };
    let starts = match unit {
        // H.264: sequence parameters or an access unit delimiter.
        [0x67 | 0x27 | 0x47, 66 | 77 | 88 | 100 | 110 | 122 | 244 | 44 | 118 | 128, ..] => true,
        [0x09, 0x10 | 0x30 | 0x50 | 0x70 | 0x90 | 0xB0 | 0xD0 | 0xF0, ..] => true,
        // HEVC: video parameters, delimiter; VVC: the same.
        [0x40, 0x01, 0x0C, ..] | [0x46, 0x01, 0x10 | 0x30 | 0x50, ..] => true,
        [0x00, 0x71 | 0x79 | 0xA1, ..] => true,
        _ => false,
    };
    starts && unit.get(..unit.len().min(4096)).is_some_and(|near| memchr::memmem::find(near, &[0, 0, 1]).is_some())
}

/// A temporal delimiter and a sequence header, as AV1's low-overhead format begins (AV1, section 5).
fn obu(head: &[u8], _: u64) -> bool {
    matches!(head, [0x12, 0x00, 0x0A, 0x0A..=0x20, ..])
}

fn flash(head: &[u8], len: u64) -> bool {
    let stated = head.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes).map(u64::from);
    matches!(head, [b'F', b'W', b'S', 1..=50, ..]) && stated == Some(len)
        || matches!(head, [b'C' | b'Z', b'W', b'S', 6..=50, ..]) && stated.is_some_and(|all| all > 8 && all < 1 << 31)
}

fn bink(head: &[u8], len: u64) -> bool {
    let stated = head.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    matches!(head, [b'B', b'I', b'K', b'b'..=b'k', ..] | [b'K', b'B', b'2', b'a'..=b'n', ..])
        && stated.is_some_and(|stated| u64::from(stated) + 8 == len)
}

impl Format for UnreadMedia {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if kind(probe.head, probe.len).is_some() { Score::LIKELY } else { Score::NO }
    }

    fn sniff_above(&self, probe: &Probe<'_>, score: Score) -> Score {
        if score >= Score::LIKELY { Score::NO } else { self.sniff(probe) }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let len = source.len();
        out.coverage.add(0, len);
        let kind = kind(source.head()?, len).unwrap_or("media");
        let what = format!("{kind}: media of this kind are not read, and a mark in them is not seen");
        Err(Problem::new(ProblemKind::Unsupported, "media", Some(source.absolute(0)), what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_known_and_their_beginnings_are_not() {
        for (at, magic, name) in KINDS.iter().chain(more::KINDS) {
            let head = [&vec![0xEE; *at][..], magic, &[0xEE; 16]].concat();
            assert_eq!(kind(&head, head.len() as u64), Some(*name));
            let cut = &head[..at + magic.len() - 1];
            assert_eq!(kind(cut, 1000), None, "{name}");
        }
    }

    #[test]
    fn short_magic_numbers_need_more_that_fits() {
        let ac3: Vec<u8> = [&[0x0B, 0x77, 1, 2, 0, 8 << 3][..], &[0; 122]].concat().repeat(2);
        assert_eq!(kind(&ac3, 256), Some("AC-3 sound"));
        assert_eq!(kind(&ac3[..128], 128), Some("AC-3 sound"));
        assert_eq!(kind(&ac3[..128], 4_000), None);
        assert_eq!(kind(b"P6\n# by hand\n2 2\n255\n............", 33), Some("a Netpbm picture"));
        assert_eq!(kind(b"P6\n2000 2000\n255\n....", 21), None);
        assert_eq!(kind(b"P1 is the first of the points that follow", 41), None);
        assert_eq!(kind(b"FWS is short for fixed wireless", 31), None);
        assert_eq!(
            kind(b"\0\0\0\x01\x67\x64\0\x1f\xac\0\0\0\x01\x68", 14),
            Some("H.264, HEVC or VVC pictures without a container")
        );
        assert_eq!(kind(b"\0\0\0\x01\x67\x64\0\x1f\xac\0\0\0\0\0", 14), None);
    }
}
