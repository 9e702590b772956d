//! EXIF blocks: values and their places, pointers that lead astray, and hostile blocks.

use countersign::model::{Extraction, Facts, ProblemKind};
use countersign::tags::{Place, exif};
use proptest::prelude::*;

/// A directory to lay out: tag, type, value bytes (already in the block's byte order).
type Fields = Vec<(u16, u16, Vec<u8>)>;

fn put16(out: &mut Vec<u8>, big: bool, number: u16) {
    out.extend(if big { number.to_be_bytes() } else { number.to_le_bytes() });
}

fn put32(out: &mut Vec<u8>, big: bool, number: u32) {
    out.extend(if big { number.to_be_bytes() } else { number.to_le_bytes() });
}

/// The bytes of a directory at `start`, its values behind it.
fn directory(big: bool, start: u32, fields: &Fields, next: u32) -> Vec<u8> {
    let (mut out, mut values): (Vec<u8>, Vec<u8>) = Default::default();
    let behind = start + 2 + 12 * fields.len() as u32 + 4;
    put16(&mut out, big, fields.len() as u16);
    for (tag, kind, value) in fields {
        let size = match kind {
            3 => 2,
            4 => 4,
            5 => 8,
            _ => 1,
        };
        put16(&mut out, big, *tag);
        put16(&mut out, big, *kind);
        put32(&mut out, big, (value.len() / size) as u32);
        if value.len() <= 4 {
            out.extend(value);
            out.resize(out.len() + 4 - value.len(), 0);
        } else {
            put32(&mut out, big, behind + values.len() as u32);
            values.extend(value);
        }
    }
    put32(&mut out, big, next);
    out.extend(values);
    out
}

/// IFD0 with a Software and a pointer to an ExifIFD with a comment.
fn block(big: bool, comment: &[u8]) -> Vec<u8> {
    let long = |number: u32| if big { number.to_be_bytes() } else { number.to_le_bytes() }.to_vec();
    let mut out = if big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
    put32(&mut out, big, 8);
    let fields = |exif| vec![(0x0131, 2, b"Fooocus v2.5\0".to_vec()), (0x8769, 4, long(exif))];
    let exif = 8 + directory(big, 8, &fields(0), 0).len() as u32;
    out.extend(directory(big, 8, &fields(exif), 0));
    let ratio = [long(1), long(250)].concat();
    out.extend(directory(big, exif, &vec![(0x829A, 5, ratio), (0x9286, 7, comment.to_vec())], 0));
    out
}

fn read(blob: &[u8]) -> Facts {
    let mut out = Extraction::default();
    exif::read(blob, &Place::new("JPEG APP1", 30), &mut out);
    out.facts
}

fn pairs(facts: &Facts) -> Vec<(&str, &str)> {
    facts.tags.iter().map(|t| (t.key.as_str(), t.value.as_str())).collect()
}

#[test]
fn fields_and_places() {
    for big in [false, true] {
        let blob = block(big, b"ASCII\0\0\0Steps: 20");
        let facts = read(&blob);
        let expected = [("Software", "Fooocus v2.5"), ("ExposureTime", "1/250"), ("UserComment", "Steps: 20")];
        assert_eq!(pairs(&facts), expected);
        assert_eq!(facts.tags[0].place, "JPEG APP1, EXIF IFD0 Software");
        assert_eq!(facts.tags[2].place, "JPEG APP1, EXIF ExifIFD UserComment");
        let offset = blob.windows(7).position(|w| w == b"Fooocus").unwrap() as u64;
        assert_eq!(facts.tags[0].offset, Some(30 + offset));
        assert_eq!(facts.problems, []);
        let prefixed = [b"Exif\0\0".to_vec(), blob].concat();
        assert_eq!(pairs(&read(&prefixed)), expected);
    }
}

#[test]
fn every_cut_is_told() {
    let blob = block(false, b"ASCII\0\0\0Steps: 20");
    for len in 1..blob.len() {
        assert!(read(&blob[..len]).problems.iter().any(|p| p.blocking), "{len}");
    }
    assert_eq!(read(&[]), Facts::default());
    assert!(read(b"not a header").problems[0].blocking);
}

#[test]
fn loops_and_lost_thumbnails_are_harmless() {
    let long = |number: u32| number.to_le_bytes().to_vec();
    let mut looped = b"II*\0\x08\0\0\0".to_vec();
    looped.extend(directory(false, 8, &vec![(0x0131, 2, b"x\0".to_vec())], 8));
    let facts = read(&looped);
    assert_eq!(pairs(&facts), [("Software", "x")]);
    assert!(facts.problems.iter().all(|p| !p.blocking));

    let mut lost = b"II*\0\x08\0\0\0".to_vec();
    let fields = vec![(0x0201, 4, long(99_999)), (0x8825, 4, long(99_999)), (0x927C, 7, b"12345".to_vec())];
    let mut raw = directory(false, 8, &fields, 77_777);
    let cut = raw.len() - 5;
    raw.truncate(cut);
    lost.extend(raw);
    let facts = read(&lost);
    assert_eq!(pairs(&facts), [("JPEGInterchangeFormat", "99999")]);
    assert_eq!(facts.problems.len(), 3);
    assert!(facts.problems.iter().all(|p| !p.blocking), "{:?}", facts.problems);
}

#[test]
fn values_that_point_at_the_same_bytes_are_bounded() {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    let count = 60_000u16;
    out.extend(count.to_le_bytes());
    for _ in 0..count {
        out.extend([0x31, 1, 2, 0, 0, 0, 8, 0, 8, 0, 0, 0]);
    }
    let facts = read(&out);
    assert!(facts.problems.iter().any(|p| p.kind == ProblemKind::Limit && p.blocking));
}

/// EXIF whose only field holds image resources, whose only resource is EXIF, and so on.
#[test]
fn blocks_inside_blocks_are_bounded() {
    let mut blob = Vec::new();
    for _ in 0..2_000 {
        let mut resources = b"8BIM\x04\x22\0\0".to_vec();
        resources.extend((blob.len() as u32).to_be_bytes());
        resources.extend(&blob);
        blob = b"II*\0\x08\0\0\0".to_vec();
        blob.extend(directory(false, 8, &vec![(0x8649, 7, resources)], 0));
    }
    let facts = read(&blob);
    assert!(facts.problems.iter().any(|p| p.kind == ProblemKind::Limit && p.blocking));
}

#[test]
fn any_byte_may_change() {
    let blob = block(true, b"UNICODE\0\0S\0t\0e\0p\0s");
    for index in 0..blob.len() {
        for value in 0..=255 {
            let mut changed = blob.clone();
            changed[index] = value;
            read(&changed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_behind_a_header_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300), big: bool) {
        let header: &[u8] = if big { b"MM\0*\0\0\0\x08" } else { b"II*\0\x08\0\0\0" };
        read(&[header, &bytes].concat());
    }
}
