//! Hostile and odd input for sound and RIFF readers: cut at every length, every byte flipped, bombs, sizes beyond memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use countersign::extract;
use countersign::formats::{self, Probe};
use countersign::identify;
use countersign::model::{Extraction, Facts, ProblemKind};
use countersign::source::Source;

const KINDS: &[&str] = &["wav", "w64", "avi", "webp", "aiff", "mp3", "aac", "flac", "ogg", "opus", "wv", "mpc", "ape"];

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut out: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().and_then(|e| e.to_str()).is_some_and(|e| KINDS.contains(&e)))
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect();
    out.sort();
    assert!(out.len() >= 25, "{} samples", out.len());
    out
}

fn format_of(bytes: &[u8]) -> &'static dyn formats::Format {
    identify::best(&Probe { head: bytes, len: bytes.len() as u64 }).unwrap()
}

fn read_as(format: &dyn formats::Format, bytes: Vec<u8>) -> Extraction {
    let mut out = Extraction::from(Facts { format: Some(format.info().id), ..Facts::default() });
    if let Err(problem) = format.read(&mut Source::memory(bytes, 0), &mut out) {
        out.facts.problems.push(problem.within(&format.info().id));
    }
    out
}

#[test]
fn no_sample_is_faulted() {
    for (name, bytes) in samples() {
        let format = format_of(&bytes);
        let found = read_as(format, bytes);
        assert!(found.facts.problems.is_empty(), "{name}: {:?}", found.facts.problems);
        let extension = name.rsplit('.').next().unwrap();
        assert!(format.info().extensions.contains(&extension), "{name} is taken for {}", format.info().id.as_str());
    }
}

/// What a chunked file loses to a cut, its sizes tell.
#[test]
fn a_cut_riff_file_is_never_clean() {
    for (name, bytes) in samples() {
        let format = format_of(&bytes);
        if !["wav", "avi", "webp", "aiff"].contains(&format.info().id.as_str()) {
            continue;
        }
        // Sizes that are wrong by a header's length are forgiven.
        for len in 0..bytes.len() - 8 {
            let found = read_as(format, bytes[..len].to_vec());
            assert!(found.facts.problems.iter().any(|p| p.blocking), "{name} cut at {len} of {}", bytes.len());
        }
    }
}

#[test]
fn a_cut_in_the_metadata_is_never_clean() {
    for (name, bytes) in samples() {
        let format = format_of(&bytes);
        let sound = match format.info().id.as_str() {
            "flac" => bytes.len() - 8,
            "ogg" => bytes.len(),
            "mp3" if bytes.starts_with(b"ID3") => bytes.windows(4).position(|w| w == [0xFF, 0xFB, 0x10, 0xC0]).unwrap(),
            _ => continue,
        };
        for len in 0..sound {
            let found = read_as(format, bytes[..len].to_vec());
            // A chain that ends with a whole link is whole.
            if name == "ogg-chained.ogg" && found.facts.tags.iter().any(|t| t.key == "Duration") {
                continue;
            }
            assert!(found.facts.problems.iter().any(|p| p.blocking), "{name} cut at {len} of {}", bytes.len());
        }
    }
}

#[test]
fn flipped_bytes_never_panic_and_stay_bounded() {
    for (_, bytes) in samples() {
        let format = format_of(&bytes);
        for at in 0..bytes.len() {
            for flip in [0xFF, 0x80, 0x01] {
                let mut bad = bytes.clone();
                bad[at] ^= flip;
                let found = read_as(format, bad);
                assert!(found.facts.tags.len() < 2_000);
            }
        }
    }
}

fn tag(version: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![b'I', b'D', b'3', version, 0, flags];
    out.extend([21, 14, 7, 0].map(|shift| (body.len() >> shift & 0x7F) as u8));
    out.extend(body);
    out
}

fn mp3(tag: Vec<u8>) -> Extraction {
    let mut frame = vec![0xFF, 0xFB, 0x10, 0xC0];
    frame.resize(104, 0);
    read_as(formats::by_id("mp3").unwrap(), [tag, frame.repeat(2)].concat())
}

fn value<'a>(found: &'a Extraction, key: &str) -> Option<&'a str> {
    found.facts.tags.iter().find(|t| t.key == key).map(|t| t.value.as_str())
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn frame3(id: &str, flags: u8, content: &[u8]) -> Vec<u8> {
    [id.as_bytes(), &(content.len() as u32).to_be_bytes(), &[0, flags], content].concat()
}

#[test]
fn compressed_frames_unfold_and_bombs_do_not() {
    let packed = [&[0, 0, 0, 6][..], &zlib(b"\x03AIGC\0words")].concat();
    let found = mp3(tag(3, 0, &frame3("TXXX", 0x80, &packed)));
    assert_eq!(value(&found, "TXXX:AIGC"), Some("words"));
    assert!(found.facts.problems.is_empty());

    let bomb = [&[0, 0, 0, 6][..], &zlib(&vec![0; 64 << 20])].concat();
    let found = mp3(tag(3, 0, &[frame3("TXXX", 0x80, &bomb), frame3("TIT2", 0, b"\x03behind")].concat()));
    assert_eq!(found.facts.problems[0].kind, ProblemKind::Limit);
    assert!(found.facts.problems[0].blocking);
    assert_eq!(value(&found, "TIT2"), Some("behind"));
}

#[test]
fn many_small_bombs_share_one_budget() {
    let bomb = [&[0, 0, 0, 6][..], &zlib(&vec![0; 15 << 20])].concat();
    let start = std::time::Instant::now();
    let found = mp3(tag(3, 0, &frame3("TXXX", 0x80, &bomb).repeat(1000)));
    assert!(found.facts.problems.iter().any(|p| p.kind == ProblemKind::Limit));
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn unsynchronization_is_undone_where_it_was_done() {
    // The whole tag in 2.3: the frame's size counts the bytes before.
    let found = mp3(tag(3, 0x80, b"TIT2\0\0\0\x05\0\0\x01\xFF\x00\xFEA\0"));
    assert_eq!(value(&found, "TIT2"), Some("A"));
    // One frame in 2.4: the size counts the bytes as they stand.
    let found = mp3(tag(4, 0, b"TIT2\0\0\0\x06\0\x02\x01\xFF\x00\xFEA\0TALB\0\0\0\x02\0\0\x03B"));
    assert_eq!((value(&found, "TIT2"), value(&found, "TALB")), (Some("A"), Some("B")));
    // Not unsynchronized: FF 00 stays.
    let found = mp3(tag(4, 0, b"TIT2\0\0\0\x05\0\0\x02\0A\0\xFF"));
    assert_eq!(value(&found, "TIT2"), Some("A\u{FF}"));
    assert!(found.facts.problems.is_empty());
}

#[test]
fn data_length_grouping_and_encryption_are_skipped_as_the_flags_say() {
    let found = mp3(tag(4, 0, b"TIT2\0\0\0\x07\0\x41g\0\0\0\x02\x03A"));
    assert_eq!(value(&found, "TIT2"), Some("A"));
    let found = mp3(tag(4, 0, b"TIT2\0\0\0\x03\0\x04e??TALB\0\0\0\x02\0\0\x03B"));
    assert_eq!((value(&found, "TIT2"), value(&found, "TALB")), (None, Some("B")));
    assert_eq!((found.facts.problems[0].kind, found.facts.problems[0].blocking), (ProblemKind::Unsupported, false));
}

#[test]
fn plain_sizes_in_a_2_4_tag_are_forgiven() {
    let mut body = b"TIT2\0\0\0\xC9\0\0\x03".to_vec();
    body.extend([b'a'; 200]);
    body.extend(b"TALB\0\0\0\x02\0\0\x03B");
    let found = mp3(tag(4, 0, &body));
    assert_eq!((value(&found, "TIT2").map(str::len), value(&found, "TALB")), (Some(200), Some("B")));
    let mut body = b"TIT2\0\0\x01\x01\0\0\x03".to_vec();
    body.extend([b'a'; 256]);
    body.extend(b"TALB\0\0\0\x02\0\0\x03B");
    let found = mp3(tag(4, 0, &body));
    assert_eq!((value(&found, "TIT2").map(str::len), value(&found, "TALB")), (Some(256), Some("B")));
}

#[test]
fn a_manifest_store_and_a_cover_are_handed_on() {
    let store = frame3("GEOB", 0, b"\0application/x-c2pa-manifest-store\0c2pa\0c2pa manifest store\0\0\0\0\x08jumb");
    let cover = frame3("APIC", 0, b"\0image/png\0\x03front\0\x89PNG");
    let found = mp3(tag(3, 0, &[store, cover].concat()));
    assert_eq!((found.stores[0].place.as_str(), &found.stores[0].bytes[..]), ("ID3 GEOB", &b"\0\0\0\x08jumb"[..]));
    // Both headers, the encoding, three strings.
    assert_eq!(found.stores[0].offset, 10 + 10 + 1 + 34 + 5 + 20);
    assert_eq!(found.embedded[0].bytes, b"\x89PNG");
    assert_eq!(found.embedded[0].name.as_deref(), Some("front"));
}

#[test]
fn chapters_within_chapters_end() {
    let mut inner = frame3("TIT2", 0, b"\x03deep");
    for _ in 0..50 {
        inner = frame3("CHAP", 0, &[&b"c\0"[..], &[0; 16], &inner].concat());
    }
    let found = mp3(tag(3, 0, &inner));
    assert!(found.facts.problems.iter().any(|p| p.kind == ProblemKind::Limit));
}

#[test]
fn lists_within_lists_end() {
    let mut list = Vec::new();
    for _ in 0..2_000 {
        let body = [b"INFO".to_vec(), list].concat();
        list = [b"LIST".to_vec(), (body.len() as u32).to_le_bytes().to_vec(), body].concat();
    }
    for (form, id) in [(b"WAVE", "wav"), (b"AVI ", "avi")] {
        let bytes = [b"RIFF", &(list.len() as u32 + 4).to_le_bytes()[..], form, &list].concat();
        let found = read_as(formats::by_id(id).unwrap(), bytes);
        assert!(found.facts.problems.iter().any(|p| p.kind == ProblemKind::Limit && p.blocking), "{id}");
    }
}

#[test]
fn three_gibibytes_of_sound_are_hopped_over() {
    const SOUND: u64 = 3 << 30;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.wav");
    let mut file = std::fs::File::create(&path).unwrap();
    let mut head = b"RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0".to_vec();
    head.extend((SOUND + 4 + 36 + 24 + 8 + 13 + 1).to_le_bytes());
    head.extend(SOUND.to_le_bytes());
    head.extend([0; 12]);
    head.extend(b"fmt \x10\0\0\0\x01\0\x01\0\x80\xBB\0\0\0\x77\x01\0\x02\0\x10\0data\xFF\xFF\xFF\xFF");
    file.write_all(&head).unwrap();
    file.set_len(head.len() as u64 + SOUND).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(b"AIGC\x05\0\0\0label\0").unwrap();
    drop(file);
    let mut source = Source::open(&path).unwrap();
    let mut found = Extraction::default();
    let done = formats::by_id("wav").unwrap().read(&mut source, &mut found);
    assert_eq!(done, Ok(()));
    assert!(found.facts.problems.is_empty(), "{:?}", found.facts.problems);
    assert_eq!(value(&found, "AIGC"), Some("label"));
    assert!(source.spent().bytes < 1 << 20, "{} bytes read", source.spent().bytes);
    assert_eq!(extract::facts(&path, &[], &extract::Options::default()).format.as_deref(), Some("wav"));
}

#[test]
fn a_tag_longer_than_the_head_does_not_hide_what_it_stands_before() {
    let big = tag(4, 0, &[0; 100_000]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    for (name, id) in [("flac-aigc.flac", "flac"), ("wavpack-ape.wv", "wavpack")] {
        let bytes = [big.clone(), std::fs::read(folder.join(name)).unwrap()].concat();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let found: Extraction = extract::facts(file.path(), &[], &extract::Options::default()).into();
        assert_eq!(found.facts.format.as_deref(), Some(id));
        assert!(value(&found, "AIGC").is_some(), "{name}");
        assert!(found.facts.problems.is_empty(), "{:?}", found.facts.problems);
    }
}

#[test]
fn a_second_part_of_an_avi_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let first = std::fs::read(folder.join("avi-caption.avi")).unwrap();
    let part = b"RIFF\x28\0\0\0AVIXLIST\x04\0\0\0moviLIST\x10\0\0\0INFOAIGC\x04\0\0\0late";
    let found = read_as(formats::by_id("avi").unwrap(), [&first[..], part].concat());
    assert_eq!(value(&found, "INFO:AIGC"), Some("late"));
    assert!(found.facts.problems.is_empty(), "{:?}", found.facts.problems);
    let found = read_as(formats::by_id("avi").unwrap(), [&first[..], &part[..part.len() - 3]].concat());
    assert!(found.facts.problems.iter().any(|p| p.blocking));
}

#[test]
fn stores_are_taken_from_riff_as_they_stand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    for (name, place) in [
        ("wav-aigc.wav", "WAV C2PA"),
        ("avi-aigc.avi", "AVI C2PA"),
        ("webp-plain.webp", "WebP C2PA"),
        ("rf64-aigc.wav", "WAV C2PA"),
    ] {
        let mut bytes = std::fs::read(folder.join(name)).unwrap();
        let at = bytes.len() as u64 + 8;
        bytes.extend(b"C2PA\x09\0\0\0\0\0\0\x09jumbx\0");
        let format = format_of(&bytes);
        let found = read_as(format, bytes);
        assert_eq!(found.stores.len(), 1, "{name}");
        assert_eq!((found.stores[0].place.as_str(), found.stores[0].offset), (place, at));
        assert_eq!(found.stores[0].bytes, b"\0\0\0\x09jumbx");
    }
}

/// Three frames of 104 bytes.
fn frames() -> Vec<u8> {
    let mut frame = vec![0xFF, 0xFB, 0x10, 0xC0];
    frame.resize(104, 0);
    frame.repeat(3)
}

#[test]
fn several_tags_before_and_behind_are_all_read() {
    let first = tag(3, 0, &frame3("TIT2", 0, b"\x03first"));
    let second = tag(4, 0, b"TALB\0\0\0\x07\0\0\x03second");
    let mut appended = tag(4, 0x10, b"TCOM\0\0\0\x06\0\0\x03third");
    let foot = [b"3DI", &appended[3..10]].concat();
    appended.extend(foot);
    let words = "LYRICSBEGINLYR00011made here ok";
    let lyrics = format!("{words}{:06}LYRICS200", words.len());
    let mut v1 = b"TAGfourth".to_vec();
    v1.resize(128, 0);
    let bytes = [first, second, frames(), appended, lyrics.into_bytes(), v1].concat();
    let found = read_as(formats::by_id("mp3").unwrap(), bytes);
    let got = ["TIT2", "TALB", "TCOM", "LYR", "Title"].map(|key| value(&found, key));
    assert_eq!(got, [Some("first"), Some("second"), Some("third"), Some("made here o"), Some("fourth")]);
}

#[test]
fn lyrics_of_the_first_version_are_read() {
    let bytes = [&frames()[..], b"LYRICSBEGINla la laLYRICSEND"].concat();
    let found = read_as(formats::by_id("mp3").unwrap(), bytes);
    assert_eq!(value(&found, "LYR"), Some("la la la"));
}

#[test]
fn comments_that_span_pages_are_put_together() {
    let field = format!("LYRICS={}", "x".repeat(100_000));
    let mut comments = b"\x03vorbis\0\0\0\0\x02\0\0\0".to_vec();
    for field in [field.as_bytes(), b"AIGC=label"] {
        comments.extend((field.len() as u32).to_le_bytes());
        comments.extend(field);
    }
    let page = |flags: u8, granule: i64, lacing: &[u8], data: &[u8]| {
        let mut out =
            [b"OggS\0", &[flags][..], &granule.to_le_bytes(), &[7; 4], &[0; 8], &[lacing.len() as u8], lacing].concat();
        out.extend(data);
        out
    };
    let mut first = b"\x01vorbis\0\0\0\0\x01\x40\x1F\0\0".to_vec();
    first.resize(30, 0);
    let mut bytes = page(2, 0, &[30], &first);
    let (one, two) = comments.split_at(255 * 255);
    bytes.extend(page(0, -1, &[255; 255], one));
    let mut lacing = vec![255; two.len() / 255];
    lacing.push((two.len() % 255) as u8);
    bytes.extend(page(1, 0, &lacing, two));
    bytes.extend(page(4, 100, &[9], &[0; 9]));
    let found = read_as(formats::by_id("ogg").unwrap(), bytes.clone());
    assert_eq!((value(&found, "LYRICS").map(str::len), value(&found, "AIGC")), (Some(100_000), Some("label")));
    assert!(found.facts.problems.is_empty(), "{:?}", found.facts.problems);
    // Without its second page the packet breaks off.
    let at = bytes.len() - 37 - (27 + lacing.len() + two.len());
    let found = read_as(formats::by_id("ogg").unwrap(), [&bytes[..at], &bytes[bytes.len() - 37..]].concat());
    assert!(found.facts.problems.iter().any(|p| p.blocking));
}

#[test]
fn a_store_under_another_name_is_found_and_said_to_be_damaged() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let store = b"\0\0\0\x14jumb\0\0\0\x0Cjumdc2pa";
    for id in [b"JUNK", b"c2pa", b"XXXX"] {
        for name in ["wav-aigc.wav", "avi-aigc.avi", "webp-plain.webp"] {
            let mut bytes = std::fs::read(folder.join(name)).unwrap();
            bytes.extend([id, &20u32.to_le_bytes()[..], store].concat());
            let found = read_as(format_of(&bytes), bytes);
            assert_eq!(found.stores.len(), 1, "{name}");
            assert!(found.stores[0].damage.is_some());
        }
    }
    let geob = [b"\0application/octet-stream\0\0\0", &store[..]].concat();
    let found = mp3(tag(3, 0, &frame3("GEOB", 0, &geob)));
    assert_eq!(found.stores[0].bytes, store);
    assert!(found.stores[0].damage.is_some());
    // Other boxes are no stores.
    let geob = b"\0application/octet-stream\0\0\0\0\0\0\x14jumb\0\0\0\x0Cjumdjson";
    assert!(mp3(tag(3, 0, &frame3("GEOB", 0, geob))).stores.is_empty());
}

#[test]
fn noise_is_no_sound() {
    let mut seed = 1u32;
    for _ in 0..200 {
        let noise: Vec<u8> = (0..16_384)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        assert!(identify::best(&Probe { head: &noise, len: 1 << 20 }).is_none());
    }
    // One frame's sync is not enough.
    let mut one = vec![0xFF, 0xFB, 0x90, 0xC0];
    one.resize(2_000, 0x55);
    assert!(identify::best(&Probe { head: &one, len: 2_000 }).is_none());
}
