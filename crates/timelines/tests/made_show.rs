//! One cut in five formats: every format tells the same uses of the same files.

#![allow(dead_code, missing_docs, unreachable_pub, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "../examples/made_show/show.rs"]
mod show;

use countersign_timelines::{
    EventKind, Kind, Part, Speed, Timeline,
    conform::{Basis, Conform, Match},
    identify, read,
};
use std::collections::BTreeSet;

fn read_reel(reel: &show::Reel, format: &str) -> Timeline {
    let (name, bytes) = show::write(reel, format);
    let kind = identify(&name, &bytes).unwrap_or_else(|| panic!("{name} is not recognized"));
    let mut document = read(kind, &name, &bytes, &mut |_| None).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(document.problems.is_empty(), "{name}: {:?}", document.problems);
    assert_eq!(document.timelines.len(), 1, "{name}");
    document.timelines.remove(0)
}

/// Asset, kind, record start and duration, source start.
type Use = (usize, bool, i64, i64, i64);

fn uses(timeline: &Timeline, conform: &Conform<'_>) -> BTreeSet<Use> {
    let played = timeline.events.iter().filter(|event| event.is_played() && event.part == Part::Edit);
    played
        .map(|event| match conform.event(event) {
            Match::One(asset, _) => {
                let video = event.kind == EventKind::Video;
                (asset, video, event.record.start, event.record.duration, event.source.start)
            }
            other => panic!("{}: event {} {:?}: {other:?}", timeline.format.id(), event.id, event.name),
        })
        .collect()
}

#[test]
fn all_formats_conform_to_the_same_uses() {
    let assets = show::assets();
    let conform = Conform::new(&assets);
    for reel in show::reels() {
        let expected: BTreeSet<Use> = reel
            .shots
            .iter()
            .filter(|shot| !shot.disabled)
            .map(|shot| {
                (shot.media, !show::MEDIA[shot.media].is_sound, reel.start() + shot.record, shot.duration, shot.source)
            })
            .collect();
        assert_eq!(expected.len(), 8);
        for format in show::FORMATS {
            let timeline = read_reel(&reel, format);
            assert_eq!(timeline.name, reel.name(), "{format}");
            assert_eq!(uses(&timeline, &conform), expected, "{format} of {}", reel.name());
        }
    }
}

#[test]
fn a_clip_that_is_switched_off_is_told_but_not_played() {
    let assets = show::assets();
    let conform = Conform::new(&assets);
    let reel = &show::reels()[0];
    for format in show::FORMATS.into_iter().filter(|format| *format != "edl") {
        let timeline = read_reel(reel, format);
        let off: Vec<_> = timeline.events.iter().filter(|event| !event.is_played()).collect();
        assert_eq!(off.len(), 1, "{format}");
        assert!(matches!(conform.event(off[0]), Match::One(8, Basis::Path | Basis::FileName)), "{format}");
    }
}

#[test]
fn speed_is_told_by_every_format() {
    let reel = &show::reels()[1];
    for format in show::FORMATS {
        let timeline = read_reel(reel, format);
        let fast: Vec<_> = timeline.events.iter().filter(|event| event.speed != Speed::Normal).collect();
        assert_eq!(fast.len(), 1, "{format}");
        assert_eq!(fast[0].speed, Speed::Constant(2.0), "{format}");
        let shown = fast[0].shown.unwrap();
        assert_eq!((shown.duration, fast[0].source.duration), (60, 30), "{format}");
    }
}

#[test]
fn the_renamed_file_is_found_by_its_umid() {
    let assets = show::assets();
    let conform = Conform::new(&assets);
    for format in show::FORMATS {
        let timeline = read_reel(&show::reels()[2], format);
        let outcomes = conform.timeline(&timeline);
        assert_eq!(
            outcomes.iter().filter(|outcome| **outcome == Match::One(5, Basis::Identity)).count(),
            1,
            "{format}"
        );
    }
}

#[test]
fn folders_and_archives_hold_the_same_timeline() {
    let reel = &show::reels()[0];
    let (_, otio) = show::write(reel, "otio");
    let (_, fcpxml) = show::write(reel, "fcpxml");
    let plain = read_reel(reel, "otio").events.len();
    let folder = read(Kind::Otiod, "r.otiod", b"", &mut |name| (name == "content.otio").then(|| otio.clone())).unwrap();
    assert_eq!(folder.timelines[0].events.len(), plain);
    let folder =
        read(Kind::Fcpxmld, "r.fcpxmld", b"", &mut |name| (name == "Info.fcpxml").then(|| fcpxml.clone())).unwrap();
    assert_eq!(folder.timelines[0].events.len(), plain);
    for deflated in [false, true] {
        let archive = zip_of("content.otio", &otio, deflated);
        assert_eq!(identify("r.otioz", &archive), Some(Kind::Otioz));
        let packed = read(Kind::Otioz, "r.otioz", &archive, &mut |_| None).unwrap();
        assert_eq!(packed.timelines[0].events.len(), plain);
    }
    assert!(read(Kind::Otiod, "r.otiod", b"", &mut |_| None).is_err());
}

/// A ZIP file with one member.
fn zip_of(name: &str, content: &[u8], deflated: bool) -> Vec<u8> {
    use std::io::Write;
    let data = if deflated {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    } else {
        content.to_vec()
    };
    let sizes = [(data.len() as u32).to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
    let method = [if deflated { 8 } else { 0 }, 0];
    let common = [&method[..], &[0; 8], &sizes, &(name.len() as u16).to_le_bytes(), &[0; 2]].concat();
    let mut file = [b"PK\x03\x04\x14\0\0\0".as_slice(), &common, name.as_bytes(), &data].concat();
    let directory = file.len() as u32;
    file.extend([b"PK\x01\x02\x14\0\x14\0\0\0".as_slice(), &common, &[0; 14], name.as_bytes()].concat());
    let length = file.len() as u32 - directory;
    file.extend(
        [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &length.to_le_bytes(), &directory.to_le_bytes(), &[0; 2]]
            .concat(),
    );
    file
}
