//! Archives, packed files and disk images that are recognized and not opened: a mark could lie in any of them.
//!
//! Magic numbers as their own specifications and the database of file(1) have them.

use crate::formats::{Archive, Format, Info, Media, Probe, Score};
use crate::framing::numbers::le32;
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem, ProblemKind};

/// Recognizes them.
pub struct Sealed;

static INFO: Info = Info {
    id: FormatId::new("sealed-archive"),
    name: "archive that is not opened",
    extensions: &[
        "7z",
        "rar",
        "xz",
        "txz",
        "bz2",
        "tbz2",
        "tbz",
        "zst",
        "tzst",
        "lz4",
        "lz",
        "tlz",
        "lzma",
        "lzo",
        "lrz",
        "rz",
        "lzh",
        "lha",
        "cab",
        "cpio",
        "cpgz",
        "deb",
        "rpm",
        "pkg",
        "mpkg",
        "xar",
        "sit",
        "sitx",
        "wim",
        "arj",
        "ace",
        "alz",
        "egg",
        "zoo",
        "zpaq",
        "pea",
        "taz",
        "tz",
        "uue",
        "hqx",
        "iso",
        "udf",
        "nrg",
        "mdf",
        "toast",
        "dmg",
        "sparseimage",
        "squashfs",
        "sqfs",
        "vhd",
        "vhdx",
        "vdi",
        "vmdk",
        "qcow",
        "qcow2",
        "e01",
        "gpg",
        "pgp",
        "p7m",
        "axx",
    ],
    media: Media::Archive,
    specification: "magic numbers of file(1)",
    version: 2,
    archive: Archive::Sealed,
    ..Info::DEFAULT
};

/// Where which bytes stand, and what has them.
const KINDS: &[(usize, &[u8], &str)] = &[
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"\xfd7zXZ\0", "packed by xz"),
    (0, b"\x28\xb5\x2f\xfd", "packed by Zstandard"),
    (0, b"\x04\x22\x4d\x18", "packed by LZ4"),
    (0, b"LZIP\x01", "packed by lzip"),
    (0, b"MSCF\0\0\0\0", "a Microsoft cabinet"),
    (0, b"!<arch>\n", "an ar archive"),
    (0, b"xar!\0\x1c", "a xar archive"),
    (10, b"rLau", "a StuffIt archive"),
    (0, b"StuffIt (c)", "a StuffIt archive"),
    (0, b"MSWIM\0\0\0", "a Windows image"),
    (0, b"\x89LZO\0\r\n\x1a\n", "packed by lzop"),
    (0, b"LRZI\0", "packed by lrzip"),
    (0, b"RZIP\x02", "packed by rzip"),
    (0, b"\xff\x06\0\0sNaPpY", "packed by Snappy"),
    (0, b"zPQ\x01", "a ZPAQ archive"),
    (0, b"7kSt", "a ZPAQ archive"),
    (0, b"\xed\xab\xee\xdb", "an RPM package"),
    (20, b"\xdc\xa7\xc4\xfd", "a ZOO archive"),
    (0, b"ALZ\x01", "an ALZ archive"),
    (0, b"EGGA\0\x01", "an EGG archive"),
    (0, b"PEA\x01", "a PEA archive"),
    (0, b"(This file must be converted with BinHex", "encoded as BinHex"),
    (0, b"-----BEGIN PGP MESSAGE-----", "encrypted by PGP"),
    (0, b"AES\x02\0", "encrypted by AES Crypt"),
    (0, b"hsqs", "a disk image (SquashFS)"),
    (0, b"QFI\xfb\0\0\0", "a disk image (QCOW)"),
    (0, b"KDMV\x01\0\0\0", "a disk image (VMDK)"),
    (0, b"# Disk DescriptorFile", "a disk image (VMDK)"),
    (0, b"vhdxfile", "a disk image (VHDX)"),
    (0, b"conectix", "a disk image (VHD)"),
    (64, b"\x7f\x10\xda\xbe", "a disk image (VDI)"),
    (0, b"sprs\0\0\0", "a disk image (macOS, sparse)"),
    (0, b"EVF\x09\r\n\xff\0", "a disk image (EnCase)"),
    (0, b"AFF10\r\n\0", "a disk image (AFF)"),
    (512, b"EFI PART", "a disk image with partitions"),
    (1024, b"H+\0\x04", "a disk image (HFS+)"),
    (1024, b"HX\0\x05", "a disk image (HFS+)"),
    (32, b"NXSB", "a disk image (APFS)"),
    (3, b"NTFS    ", "a disk image (NTFS)"),
    (3, b"EXFAT   ", "a disk image (exFAT)"),
    (82, b"FAT32   ", "a disk image (FAT)"),
    (54, b"FAT16   ", "a disk image (FAT)"),
    (54, b"FAT12   ", "a disk image (FAT)"),
    (7, b"**ACE**", "an ACE archive"),
    (2, b"-lh5-", "an LHA archive"),
    (2, b"-lh6-", "an LHA archive"),
    (2, b"-lh7-", "an LHA archive"),
    (2, b"-lh0-", "an LHA archive"),
    (0x8001, b"CD001", "a disk image (ISO 9660)"),
    (0x8001, b"BEA01", "a disk image (UDF)"),
];
/// The trailer of a disk image of macOS.
const KOLY: &[u8] = b"koly\0\0\0\x04\0\0\x02\0";

fn kind(head: &[u8]) -> Option<&'static str> {
    // The first byte sorts out nearly every one of them.
    let at = |(at, magic, _): &&(usize, &[u8], &str)| {
        head.get(*at) == magic.first() && head.get(*at..).is_some_and(|rest| rest.starts_with(magic))
    };
    let bzip2 = head.starts_with(b"BZh") && matches!(head.get(4..10), Some(b"1AY&SY" | b"\x17\x72\x45\x38\x50\x90"));
    let compress = head.starts_with(b"\x1f\x9d") && head.get(2).is_some_and(|b| matches!(b & 0x1f, 9..=16));
    // Its magic is digits: the fields behind it are as well.
    let digits = head.get(6..32).is_some_and(|rest| rest.iter().all(u8::is_ascii_hexdigit));
    let cpio = digits && [&b"070701"[..], b"070702", b"070707"].iter().any(|magic| head.starts_with(magic));
    if let Some(kind) = checked(head) {
        return Some(kind);
    }
    match (bzip2, compress, cpio) {
        (true, ..) => Some("packed by bzip2"),
        (_, true, _) => Some("packed by compress"),
        (_, _, true) => Some("a cpio archive"),
        _ => KINDS.iter().find(at).map(|kind| kind.2),
    }
}

/// Kinds whose magic number is too short to be believed alone.
fn checked(head: &[u8]) -> Option<&'static str> {
    let number = |at: usize| le32(head, at).unwrap_or(0);
    // A frame that is skipped, and the next one behind it (RFC 8878, section 3.1.2).
    let skipped = head.first().is_some_and(|b| b >> 4 == 5) && head.get(1..4) == Some(b"\x2a\x4d\x18");
    let behind = usize::try_from(number(4)).ok().and_then(|len| head.get(8usize.saturating_add(len)..));
    // Properties and dictionary of LZMA alone, and a length that is unknown or one of a file.
    let dictionary = number(1);
    let lzma = head.starts_with(&[0x5D, 0, 0]) && dictionary >= 0x1000 && dictionary.is_power_of_two();
    let length = head.get(5..13).is_some_and(|len| len.iter().all(|b| *b == 0xFF) || len[5..] == [0, 0, 0]);
    // The size of ARJ's main header, and of its first part.
    let arj = head.starts_with(b"\x60\xea") && matches!(head, [_, _, _, 0..=0x0A, 0x1E..=0x40, 1..=0x66, 1..=0x66, ..]);
    // The superblock of ext2 to ext4: its magic, state and what to do on errors.
    let ext = head.get(1080..1082) == Some(b"\x53\xef") && matches!(head.get(1082..1086), Some([0..=7, 0, 0..=3, 0]));
    let uuencoded =
        head.starts_with(b"begin ") && matches!(head.get(6..10), Some([b'0'..=b'7', b'0'..=b'7', b'0'..=b'7', b' ']));
    // The head of a disk: a jump, who formatted it, bytes of a sector, and the mark of a boot sector.
    let disk =
        matches!(head, [0xEB, _, 0x90, ..] | [0xE9, ..]) && matches!(head.get(11..13), Some([0, 2 | 4 | 8 | 16]));
    match () {
        () if skipped && behind.is_some_and(|rest| rest.starts_with(b"\x28\xb5\x2f\xfd")) => {
            Some("packed by Zstandard")
        }
        () if lzma && length => Some("packed by LZMA"),
        () if arj => Some("an ARJ archive"),
        () if ext => Some("a disk image (ext2, ext3 or ext4)"),
        () if uuencoded => Some("encoded by uuencode"),
        () if disk && head.get(510..512) == Some(b"\x55\xaa") => Some("a disk image"),
        () => None,
    }
}

impl Format for Sealed {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if kind(probe.head).is_some() { Score::LIKELY } else { Score::NO }
    }

    fn sniff_above(&self, probe: &Probe<'_>, score: Score) -> Score {
        if score >= Score::LIKELY { Score::NO } else { self.sniff(probe) }
    }

    fn ends(&self, tail: &[u8]) -> bool {
        let last = |len: usize| tail.len().checked_sub(len).and_then(|at| tail.get(at..)).unwrap_or_default();
        last(512).starts_with(KOLY) || last(512).starts_with(b"conectix") || last(12).starts_with(b"NER5")
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        out.coverage.add(0, source.len());
        let kind = kind(source.head()?).unwrap_or("a disk image (DMG, VHD or NRG)");
        let what = format!("{kind} is not opened: unpack it and scan what it holds");
        Err(Problem::new(ProblemKind::Unsupported, "archive", Some(0), what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_known_by_their_first_bytes() {
        for (at, magic, name) in KINDS {
            let head = [&vec![0; *at][..], magic, &[0; 16]].concat();
            assert_eq!(kind(&head), Some(*name));
            assert_eq!(kind(&head[..at + magic.len() - 1]), None, "{name}");
        }
        assert_eq!(kind(b"BZh91AY&SY"), Some("packed by bzip2"));
        assert_eq!(kind(b"BZh9 is a word"), None);
        let lzma = [&[0x5D, 0, 0, 0x80, 0][..], &[0xFF; 8], &[0; 20]].concat();
        assert_eq!(kind(&lzma), Some("packed by LZMA"));
        assert_eq!(kind(b"]\0\0 is no start of anything at all"), None);
        let mut skipped = [&b"\x50\x2a\x4d\x18\x04\0\0\0abcd"[..], b"\x28\xb5\x2f\xfd", &[0; 16]].concat();
        assert_eq!(kind(&skipped), Some("packed by Zstandard"));
        skipped[12] = 0;
        assert_eq!(kind(&skipped), None);
        assert_eq!(kind(b"begin 644 still.png\nM"), Some("encoded by uuencode"));
        assert_eq!(kind(b"begin with the first act, page 644"), None);
        assert_eq!(kind(b"\x60\xea is the start of an archive"), None);
        assert_eq!(kind(&b"0707010000a1b2000081a4000003e8".repeat(2)), Some("a cpio archive"));
        assert_eq!(kind(b"070701, 070702 and 070703 are dates, and text is what follows"), None);
    }
}
