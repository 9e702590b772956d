//! Archives, packed files and disk images that are recognized and not opened: a mark could lie in any of them.
//!
//! Magic numbers as their own specifications and the database of file(1) have them.

use crate::formats::{Archive, Format, Info, Media, Probe, Score};
use countersign_io::source::Source;
use countersign_model::{Extraction, FormatId, Problem, ProblemKind};

/// Recognizes them.
pub struct Sealed;

static INFO: Info = Info {
    id: FormatId::new("sealed-archive"),
    name: "archive that is not opened",
    extensions: &[
        "7z", "rar", "xz", "txz", "bz2", "tbz2", "tbz", "zst", "tzst", "lz4", "lz", "lzma", "lzh", "lha", "cab",
        "cpio", "deb", "xar", "sit", "sitx", "wim", "arj", "iso", "dmg",
    ],
    media: Media::Archive,
    specification: "magic numbers of file(1)",
    version: 1,
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
    let at = |(at, magic, _): &&(usize, &[u8], &str)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    let bzip2 = head.starts_with(b"BZh") && matches!(head.get(4..10), Some(b"1AY&SY" | b"\x17\x72\x45\x38\x50\x90"));
    let compress = head.starts_with(b"\x1f\x9d") && head.get(2).is_some_and(|b| matches!(b & 0x1f, 9..=16));
    // Its magic is digits: the fields behind it are as well.
    let digits = head.get(6..32).is_some_and(|rest| rest.iter().all(u8::is_ascii_hexdigit));
    let cpio = digits && [&b"070701"[..], b"070702", b"070707"].iter().any(|magic| head.starts_with(magic));
    match (bzip2, compress, cpio) {
        (true, ..) => Some("packed by bzip2"),
        (_, true, _) => Some("packed by compress"),
        (_, _, true) => Some("a cpio archive"),
        _ => KINDS.iter().find(at).map(|kind| kind.2),
    }
}

impl Format for Sealed {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        if kind(probe.head).is_some() { Score::LIKELY } else { Score::NO }
    }

    fn ends(&self, tail: &[u8]) -> bool {
        tail.len().checked_sub(512).and_then(|at| tail.get(at..)).is_some_and(|rest| rest.starts_with(KOLY))
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        out.coverage.add(0, source.len());
        let kind = kind(source.head()?).unwrap_or("a disk image (DMG)");
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
        assert_eq!(kind(&b"0707010000a1b2000081a4000003e8".repeat(2)), Some("a cpio archive"));
        assert_eq!(kind(b"070701, 070702 and 070703 are dates, and text is what follows"), None);
    }
}
