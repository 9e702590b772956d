//! How other files begin, for parts in which nobody expects one.
//!
//! First bytes alone are not believed: short magic numbers must be followed by what a file of their kind begins with.

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, Input, Match, Span};
use std::sync::OnceLock;

/// Bytes that decide whether a place is worth to be asked.
pub const NEAR: usize = 64;
/// How far from a file's first byte the farthest magic number stands, that of tape archives.
pub const FARTHEST: usize = 257;
/// Places of one kind that are told of one stretch.
const MOST: usize = 256;
/// Fewer bytes are no file that says anything.
const SHORT: usize = 32;

/// How files begin, and how far behind the file's first byte that stands. None of them stands in another, and there are no
/// more than are searched for with one look at each byte.
const BEGINNINGS: &[(&[u8], usize)] = &[
    (b"\x89PNG\r\n\x1a\n", 0),
    (b"\x8aMNG\r\n\x1a\n", 0),
    (b"\x8bJNG\r\n\x1a\n", 0),
    (b"\xff\xd8\xff", 0),
    (b"GIF8", 0),
    (b"II*\0", 0),
    (b"MM\0*", 0),
    (b"8BPS\0", 0),
    (b"RIFF", 0),
    (b"RF64", 0),
    (b"FORM", 0),
    (b"ftyp", 4),
    (b"\0\0\0\x0cjP  \r\n\x87\n", 0),
    (b"\0\0\0\x0cJXL \r\n\x87\n", 0),
    (b"\x1a\x45\xdf\xa3", 0),
    (b"FLV\x01", 0),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0),
    (b".RMF\0\0\0", 0),
    (b"fLaC\0\0\0\x22", 0),
    (b"OggS\0\x02", 0),
    (b"ID3", 0),
    (b"caff\0\x01", 0),
    (b"%PDF-", 0),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", 0),
    (b"PK\x03\x04", 0),
    (b"\x1f\x8b\x08", 0),
    (b"BZh", 0),
    (b"7z\xbc\xaf\x27\x1c", 0),
    (b"Rar!\x1a\x07", 0),
    (b"\xfd7zXZ\0", 0),
    (b"\x28\xb5\x2f\xfd", 0),
    (b"ustar", FARTHEST),
];

/// Whether bytes that begin like a file go on like one: chance makes short magic numbers, and not what follows them.
fn goes_on(near: &[u8]) -> bool {
    let at = |from: usize, len: usize| near.get(from..from + len).unwrap_or_default();
    match near {
        [0xFF, 0xD8, 0xFF, marker, high, low, ..] => {
            let len = usize::from(*high) << 8 | usize::from(*low);
            match marker {
                0xE0 => at(6, 4) == b"JFIF" || at(6, 4) == b"JFXX",
                0xE1 => matches!(at(6, 4), b"Exif" | b"EXIF" | b"http"),
                0xE2..=0xEF | 0xFE => (4..=0xFFFF).contains(&len) && at(6, 4).iter().all(|b| (0x20..0x7F).contains(b)),
                // One quantization table, or several of them.
                0xDB => len >= 67 && (len - 2) % 65 == 0 && at(6, 1).first().is_some_and(|id| *id < 4),
                _ => false,
            }
        }
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => {
            let [a, b, c, d] = at(4, 4) else { return false };
            let bytes = [*a, *b, *c, *d];
            let first = if near[0] == b'I' { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
            first >= 8 && first.is_multiple_of(2)
        }
        [b'R', b'I', b'F', b'F', ..] | [b'R', b'F', b'6', b'4', ..] => {
            matches!(at(8, 4), b"WAVE" | b"WEBP" | b"AVI " | b"AMV " | b"RMID" | b"CDXA" | b"sfbk")
        }
        [b'F', b'O', b'R', b'M', ..] => {
            at(8, 4).iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ')
        }
        [b'G', b'I', b'F', b'8', ..] => matches!(at(4, 2), b"7a" | b"9a"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            let size = u32::from_be_bytes(at(0, 4).try_into().unwrap_or_default());
            (16..=512).contains(&size) && at(8, 4).iter().all(|b| (0x20..0x7F).contains(b))
        }
        [b'I', b'D', b'3', version, revision, flags, size @ ..] => {
            let size = size.get(..4).unwrap_or_default();
            let sized = size.len() == 4 && size.iter().all(|b| *b < 0x80);
            (2..=4).contains(version) && *revision == 0 && flags & 0x0F == 0 && sized
        }
        // Deflated, with the system that wrote it; bit 5 and above of the flags are never set.
        [0x1F, 0x8B, 0x08, flags, _, _, _, _, extra, system, ..] => {
            flags & 0xE0 == 0 && matches!(extra, 0 | 2 | 4) && (*system <= 13 || *system == 255)
        }
        [b'B', b'Z', b'h', level, ..] => level.is_ascii_digit() && at(4, 6) == b"1AY&SY",
        _ => true,
    }
}

/// The places in these bytes, sorted, where a file may begin before `upto`.
#[must_use]
pub fn places(bytes: &[u8], upto: usize) -> Vec<usize> {
    let mut out: Vec<usize> =
        found(bytes).take_while(|at| *at < upto + FARTHEST).filter(|at| *at < upto).take(MOST).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// The first place where a file may begin that is long enough to say anything.
#[must_use]
pub fn first(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(SHORT)?;
    let mut found = found(bytes).filter(|at| *at <= last);
    let first = found.next()?;
    // Of the next ones, one may begin before this: its magic number stands further on in it.
    found.take_while(|at| *at < first + 2 * FARTHEST).chain([first]).min()
}

/// Whether a file may begin with the first of these bytes.
#[must_use]
pub fn begins(bytes: &[u8]) -> bool {
    BEGINNINGS.iter().any(|(magic, behind)| {
        bytes.get(*behind..).is_some_and(|rest| rest.starts_with(magic)) && fits(bytes, 0, *behind)
    })
}

/// The places where a file may begin, nearly in their order.
fn found(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let hit = all()?.next(bytes, from)?;
            // What stands inside of one that is none may be one.
            from = hit.start() + 1;
            let (magic, behind) = BEGINNINGS.get(hit.pattern().as_usize())?;
            let whole = |start: &usize| bytes.get(*start..).is_some_and(|rest| rest.starts_with(magic));
            let start = hit.start().checked_sub(zeros(magic)).filter(whole);
            if let Some(at) = start.and_then(|start| start.checked_sub(*behind)).filter(|at| fits(bytes, *at, *behind))
            {
                return Some(at);
            }
        }
    })
}

/// How many zeros a magic number begins with. Those are not looked for: rows of zeros stand in most files.
fn zeros(magic: &[u8]) -> usize {
    magic.iter().take_while(|b| **b == 0).count()
}

/// What is looked for of each magic number.
fn sought() -> impl Iterator<Item = &'static [u8]> {
    BEGINNINGS.iter().map(|(magic, _)| magic.get(zeros(magic)..).unwrap_or_default())
}

/// What looks for all magic numbers at once.
enum Search {
    /// Many bytes at a time: most processors can.
    Packed(packed::Searcher),
    /// Byte by byte.
    Automaton(AhoCorasick),
}

impl Search {
    /// The next of them. Since none stands in another, the one that begins first also ends first, and both ways find the same.
    fn next(&self, bytes: &[u8], from: usize) -> Option<Match> {
        match self {
            Self::Packed(all) => all.find_in(bytes, Span { start: from, end: bytes.len() }),
            Self::Automaton(all) => all.find(Input::new(bytes).span(from..bytes.len())),
        }
    }
}

fn all() -> Option<&'static Search> {
    static ALL: OnceLock<Option<Search>> = OnceLock::new();
    ALL.get_or_init(|| packed().map(Search::Packed).or_else(|| automaton().map(Search::Automaton))).as_ref()
}

fn packed() -> Option<packed::Searcher> {
    packed::Searcher::new(sought())
}

fn automaton() -> Option<AhoCorasick> {
    AhoCorasick::new(sought()).ok()
}

fn fits(bytes: &[u8], at: usize, behind: usize) -> bool {
    let near = bytes.get(at..bytes.len().min(at + NEAR)).unwrap_or_default();
    behind == FARTHEST || goes_on(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_beginning_is_told_and_chance_is_none() {
        let gif = [&b"GIF89a"[..], &[0; 40]].concat();
        for before in [0, 1, 500] {
            assert_eq!(first(&[&vec![b'x'; before][..], &gif].concat()), Some(before));
        }
        assert_eq!(first(&[&b"RIFF follows form"[..], &[0; 40]].concat()), None);
        assert_eq!(first(&[&[0; 100][..], b"GIF89a"].concat()), None, "nothing of it follows");
        assert_eq!(first(b"GIF89a"), None);
        let jpeg = [&b"\xFF\xD8\xFF\xD8\xFF\xE0\0\x10JFIF\0"[..], &[0; 40]].concat();
        assert_eq!((first(&jpeg), places(&jpeg, 9)), (Some(2), vec![2]));
        let film = [&b"\0\0\0\x20ftypisom\0\0\0\0"[..], &[0; 40]].concat();
        assert_eq!((first(&film), begins(&film), begins(&gif), begins(&jpeg)), (Some(0), true, true, false));
    }

    #[test]
    fn no_magic_number_stands_in_another() {
        for (at, magic) in sought().enumerate() {
            for (_, other) in sought().enumerate().filter(|(other, _)| *other != at) {
                assert!(
                    memchr::memmem::find(other, magic).is_none(),
                    "{} {}",
                    magic.escape_ascii(),
                    other.escape_ascii()
                );
            }
        }
        // More of them would be looked for at half the speed.
        assert!(BEGINNINGS.len() <= 32);
    }

    #[test]
    fn both_ways_of_searching_find_the_same() {
        let automaton = Search::Automaton(automaton().unwrap());
        let Some(packed) = packed().map(Search::Packed) else { return };
        let all = |search: &Search, bytes: &[u8]| {
            let mut from = 0;
            std::iter::from_fn(|| {
                let hit = search.next(bytes, from)?;
                from = hit.start() + 1;
                Some((hit.start(), hit.pattern()))
            })
            .collect::<Vec<_>>()
        };
        let mut seed = 7_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize
        };
        // Magic numbers, beginnings and ends of them, and bytes of them, in a row without anything between.
        for round in 0..4_000 {
            let mut bytes = Vec::new();
            let len = round % 300;
            while bytes.len() < len {
                let (magic, _) = BEGINNINGS[random() % BEGINNINGS.len()];
                let at = random() % magic.len();
                match random() % 4 {
                    0 => bytes.extend_from_slice(magic),
                    1 => bytes.extend_from_slice(&magic[..at]),
                    2 => bytes.extend_from_slice(&magic[at..]),
                    _ => bytes.extend(std::iter::repeat_n(magic[at], random() % 20)),
                }
            }
            assert_eq!(all(&packed, &bytes), all(&automaton, &bytes), "{}", bytes.escape_ascii());
            let mut each: Vec<usize> = (0..bytes.len()).filter(|at| begins(&bytes[*at..])).collect();
            each.truncate(MOST);
            assert_eq!(places(&bytes, bytes.len()), each, "{}", bytes.escape_ascii());
        }
    }
}
