//! Parts of a file of which nobody knows what they are for: a picture that stands there is read, marked or not, and one that
//! says nothing changes nothing.

#![allow(clippy::unwrap_used, reason = "a test may")]

use countersign::extract;
use countersign::marks::{ai, catalogue};
use countersign::model::{Ai, Facts};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

use crate::samples;
use crate::shared::archived::{folder, marked, sample};

fn facts(name: &str, bytes: Vec<u8>) -> Facts {
    let dir = folder(&[(name, bytes)]);
    extract::facts(&dir.path().join(name), &[], &extract::Options::default())
}

/// Builds a file with a part around these bytes.
type Build = fn(&[u8]) -> Vec<u8>;

/// Inserts bytes behind the first segment of a plain JPEG.
fn jpeg(part: &[u8]) -> Vec<u8> {
    let plain = sample("formats/plain.jpg");
    let at = 4 + usize::from(u16::from_be_bytes([plain[4], plain[5]]));
    [&plain[..at], part, &plain[at..]].concat()
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat()
}

fn gif(extension: &[u8]) -> Vec<u8> {
    let plain = sample("formats/plain.gif");
    let table = if plain[10] & 0x80 == 0 { 0 } else { 3 << ((plain[10] & 7) + 1) };
    [&plain[..13 + table], extension, &plain[13 + table..]].concat()
}

fn sub_blocks(bytes: &[u8]) -> Vec<u8> {
    let blocks = bytes.chunks(255).flat_map(|block| [&[block.len() as u8][..], block].concat());
    blocks.chain([0]).collect()
}

fn mp3(frames: &[u8]) -> Vec<u8> {
    let size = frames.len() as u32;
    let size = [size >> 21, size >> 14, size >> 7, size].map(|part| (part & 0x7F) as u8);
    [&b"ID3\x03\0\0"[..], &size, frames, &sample("formats/mp3-frames.mp3")].concat()
}

fn frame(name: &[u8], body: &[u8]) -> Vec<u8> {
    [name, &(body.len() as u32).to_be_bytes(), &[0, 0], body].concat()
}

fn png(chunks: &[u8]) -> Vec<u8> {
    let plain = sample("formats/plain.png");
    [&plain[..33], chunks, &plain[33..]].concat()
}

fn chunk(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(&[kind, body].concat());
    [&(body.len() as u32).to_be_bytes()[..], kind, body, &crc.sum().to_be_bytes()].concat()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut to = ZlibEncoder::new(Vec::new(), Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn boxed(kind: &[u8], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

fn wav(id: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = [&sample("formats/wav-broadcast.wav"), id, &(body.len() as u32).to_le_bytes(), body].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    let len = out.len() as u32 - 8;
    out[4..8].copy_from_slice(&len.to_le_bytes());
    out
}

/// A TIFF of one gray pixel with a field of bytes of its own.
fn tiff(tag: u16, kind: u16, body: &[u8]) -> Vec<u8> {
    let value = |n: u16| [n.to_le_bytes(), [0, 0]].concat();
    let after = 8 + 2 + 12 * 9 + 4;
    let pixels = after as u32 + body.len() as u32;
    let mut entries: Vec<(u16, u16, u32, Vec<u8>)> = [256, 257, 258, 259, 262, 277, 278, 279]
        .iter()
        .map(|known| (*known, 3, 1, value(if *known == 258 { 8 } else { 1 })))
        .collect();
    entries.push((273, 4, 1, pixels.to_le_bytes().to_vec()));
    entries.push((tag, kind, body.len() as u32, (after as u32).to_le_bytes().to_vec()));
    entries.retain(|entry| entry.0 != 277);
    entries.sort_by_key(|entry| entry.0);
    let mut out = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, kind, count, value) in entries {
        out.extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat());
    }
    out.extend([&[0; 4][..], body, &[0x40]].concat());
    out
}

fn ape(key: &str, body: &[u8]) -> Vec<u8> {
    let item = [&(body.len() as u32).to_le_bytes()[..], &[2, 0, 0, 0], key.as_bytes(), &[0], body].concat();
    let end = |flags: u32| {
        let numbers = [2000, item.len() as u32 + 32, 1, flags].map(u32::to_le_bytes).concat();
        [&b"APETAGEX"[..], &numbers, &[0; 8]].concat()
    };
    [sample("formats/mp3-frames.mp3"), end(0xA000_0000), item.clone(), end(0x8000_0000)].concat()
}

fn resource(body: &[u8]) -> Vec<u8> {
    let mut out = [b"8BIM\x0F\xA0\0\0", &(body.len() as u32).to_be_bytes()[..], body].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn caf(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let plain = sample("formats/caf-words.caf");
    [&plain[..52], kind, &(body.len() as u64).to_be_bytes(), body, &plain[52..]].concat()
}

/// A file over several segments, each behind an identifier and two numbers.
fn over_segments(bytes: &[u8]) -> Vec<u8> {
    let count = bytes.chunks(200).len() as u8;
    let parts = bytes.chunks(200).enumerate();
    parts.flat_map(|(n, part)| segment(0xE1, &[b"VENDOR\0\x01", &[n as u8, count][..], part].concat())).collect()
}

const PLACES: &[(&str, &str, Build)] = &[
    ("a.jpg", "an unknown segment", |b| jpeg(&segment(0xE5, &[b"VENDOR\0", b].concat()))),
    ("a.jpg", "the last kind of segment", |b| jpeg(&segment(0xEF, b))),
    ("a.jpg", "a segment of FlashPix", |b| jpeg(&segment(0xE2, &[b"FPXR\0\0\x02\0\0\0\0\0\0", b].concat()))),
    ("a.jpg", "a segment before boxes", |b| jpeg(&segment(0xEB, &[b"HDR_RI ver=11\0", b].concat()))),
    ("a.jpg", "several segments", |b| jpeg(&over_segments(b))),
    ("a.jpg", "a comment", |b| jpeg(&segment(0xFE, b))),
    ("a.jpg", "a color profile", |b| jpeg(&segment(0xE2, &[b"ICC_PROFILE\0\x01\x01", &[0; 128][..], b].concat()))),
    ("a.jpg", "a segment behind the scan", |b| {
        let plain = sample("formats/plain.jpg");
        let (scan, end) = plain.split_at(plain.len() - 2);
        [scan, &segment(0xE7, &[b"X\0", b].concat()), end].concat()
    }),
    ("a.jpg", "an image resource", |b| jpeg(&segment(0xED, &[&b"Photoshop 3.0\0"[..], &resource(b)].concat()))),
    ("a.jpg", "a private field of Exif", |b| jpeg(&segment(0xE1, &[&b"Exif\0\0"[..], &tiff(65_001, 7, b)].concat()))),
    ("a.tif", "a private field", |b| tiff(65_000, 7, b)),
    ("a.tif", "a private field of bytes", |b| tiff(50_999, 1, b)),
    ("a.gif", "an unknown application", |b| gif(&[&b"\x21\xFF\x0BVENDOR00001"[..], &sub_blocks(b)].concat())),
    ("a.gif", "an unknown extension", |b| gif(&[&b"\x21\x77"[..], &sub_blocks(b)].concat())),
    ("a.gif", "a comment", |b| gif(&[&b"\x21\xFE"[..], &sub_blocks(b)].concat())),
    ("a.mp3", "a private frame", |b| mp3(&frame(b"PRIV", &[b"com.example\0", b].concat()))),
    ("a.mp3", "an object of no kind", |b| mp3(&frame(b"GEOB", &[b"\0application/octet-stream\0\0x\0", b].concat()))),
    ("a.mp3", "an unknown frame", |b| mp3(&frame(b"XYZW", b))),
    ("a.mp3", "a table of contents", |b| mp3(&frame(b"MCDI", b))),
    ("a.mp3", "padding", |b| mp3(&[&frame(b"TIT2", b"\0song"), &[0; 40][..], b].concat())),
    ("a.mp3", "an item in bytes", |b| ape("Vendor Data", b)),
    ("a.png", "a packed chunk", |b| png(&chunk(b"vpIx", &packed(b)))),
    ("a.png", "a color profile", |b| {
        png(&chunk(b"iCCP", &[b"p\0\0", &packed(&[&[0; 128][..], b].concat())[..]].concat()))
    }),
    ("a.png", "a long chunk of a known kind", |b| png(&chunk(b"sPLT", &[b"p\0\x08", &[0; 900][..], b].concat()))),
    ("a.png", "a chunk behind the end", |b| [sample("formats/plain.png"), chunk(b"vpIx", b)].concat()),
    ("a.png", "packed text", |b| png(&chunk(b"zTXt", &[b"data\0\0", &packed(b)[..]].concat()))),
    ("a.wav", "a list of no kind", |b| wav(b"LIST", &[b"xyzw", b].concat())),
    ("a.caf", "an unknown chunk", |b| caf(b"abcd", b)),
    ("a.caf", "a chunk by identifier", |b| caf(b"uuid", &[&[0x5A; 16][..], b].concat())),
    ("a.jxl", "an unknown box", |b| {
        [sample("formats/jxl_xmp_caption.jxl"), boxed(b"abcd", &[b"xx", b].concat())].concat()
    }),
    ("a.mp4", "item data of no item", |b| [sample("formats/mp4_words_in_title.mp4"), boxed(b"idat", b)].concat()),
    ("a.mp4", "a box of user data", |b| {
        let inner = boxed(b"udta", &boxed(b"abcd", &[b"xx", b].concat()));
        [sample("formats/mp4_words_in_title.mp4"), boxed(b"moov", &inner)].concat()
    }),
    ("a.flac", "a cue sheet", |b| {
        let plain = sample("formats/flac-caption.flac");
        let len = (b.len() as u32).to_be_bytes();
        [&plain[..42], &[5], &len[1..], b, &plain[42..]].concat()
    }),
];

#[test]
fn a_marked_picture_in_a_part_that_nobody_knows_is_read() {
    let archive = samples::zip::archive(&[("still.png", &marked())]);
    let mut missed = Vec::new();
    for (name, place, build) in PLACES {
        for (guest, bytes) in
            [("PNG", marked()), ("JPEG", sample("formats/xmp-generated.jpg")), ("ZIP", archive.clone())]
        {
            let facts = facts(name, build(&bytes));
            let found = ai(&catalogue().evidence(&facts)) == Ai::Generated || !facts.archives.is_empty();
            if !found && !facts.problems.iter().any(|problem| problem.blocking) {
                missed.push(format!("{guest} in {place} of {name}"));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_picture_that_says_nothing_changes_nothing() {
    for (name, place, build) in PLACES {
        for bytes in [sample("formats/plain.png"), sample("formats/plain.jpg")] {
            let facts = facts(name, build(&bytes));
            let blocking: Vec<_> = facts.problems.iter().filter(|problem| problem.blocking).collect();
            assert_eq!(ai(&catalogue().evidence(&facts)), Ai::None, "{place} of {name}");
            assert!(blocking.is_empty(), "{place} of {name}: {blocking:?}");
        }
    }
}

/// A header of OpenEXR with the attributes that every one has.
fn exr_header(more: &[(&str, &str, Vec<u8>)]) -> Vec<u8> {
    let numbers = |n: &[i32]| n.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let channels = [&b"G\0"[..], &numbers(&[1, 0, 1, 1]), &[0]].concat();
    let attributes = [
        ("channels", "chlist", channels),
        ("compression", "compression", vec![0]),
        ("dataWindow", "box2i", numbers(&[0, 0, 1, 1])),
        ("displayWindow", "box2i", numbers(&[0, 0, 1, 1])),
        ("lineOrder", "lineOrder", vec![0]),
    ];
    let all = attributes.iter().chain(more);
    let one = |(name, kind, value): &(&str, &str, Vec<u8>)| {
        [name.as_bytes(), &[0], kind.as_bytes(), &[0], &(value.len() as u32).to_le_bytes()[..], value].concat()
    };
    all.flat_map(one).chain([0]).collect()
}

/// Headers, then the table of the chunks, then the chunks.
fn exr(flags: u32, headers: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = [&b"\x76\x2F\x31\x01"[..], &(2 | flags).to_le_bytes(), headers].concat();
    let mut at = (out.len() + 8 * chunks.len()) as u64;
    for chunk in chunks {
        out.extend(at.to_le_bytes());
        at += chunk.len() as u64;
    }
    out.extend(chunks.concat());
    out
}

#[test]
fn files_behind_pictures_of_every_layout_are_read() {
    let numbers = |n: &[i32]| n.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let line = |y: i32| [numbers(&[y, 4]), vec![7; 4]].concat();
    let tile = [numbers(&[0, 0, 0, 0, 8]), vec![7; 8]].concat();
    let tiles = ("tiles", "tiledesc", [numbers(&[2, 2]), vec![0]].concat());
    let part = |name: &str, kind: &str, count| {
        let more = [
            ("name", "string", name.as_bytes().to_vec()),
            ("type", "string", kind.as_bytes().to_vec()),
            ("chunkCount", "int", numbers(&[count])),
            tiles.clone(),
        ];
        exr_header(&more)
    };
    let parts = [part("a", "scanlineimage", 2), part("b", "tiledimage", 1), vec![0]].concat();
    let in_part = |part: i32, chunk: &[u8]| [numbers(&[part]), chunk.to_vec()].concat();
    let hosts = [
        ("a.exr", exr(0, &exr_header(&[]), &[line(0), line(1)])),
        ("a.exr", exr(0x200, &exr_header(std::slice::from_ref(&tiles)), std::slice::from_ref(&tile))),
        ("a.exr", exr(0x1000, &parts, &[in_part(0, &line(0)), in_part(0, &line(1)), in_part(1, &tile)])),
        ("a.psd", sample("formats/psd-caption.psd")),
        ("a.dng", sample("formats/dng.dng")),
        ("a.nef", sample("formats/raw.nef")),
        ("a.flac", sample("formats/flac-caption.flac")),
    ];
    let guests = [
        "xmp-generated.gif",
        "tiff-dst.tif",
        "mp4_aigc_keys.mp4",
        "flac-aigc.flac",
        "matroska-aigc-late.mkv",
        "xmp-generated.png",
    ];
    for (name, host) in hosts {
        let plain = facts(name, host.clone());
        assert!(!plain.problems.iter().any(|problem| problem.blocking), "{name}: {:?}", plain.problems);
        for guest in guests {
            let both = facts(name, [&host[..], &sample(&format!("formats/{guest}"))].concat());
            assert_eq!(ai(&catalogue().evidence(&both)), Ai::Generated, "{guest} behind {name}: {:?}", both.problems);
        }
        if name == "a.exr" {
            let cut = facts(name, host[..host.len() - 1].to_vec());
            assert!(cut.problems.iter().any(|problem| problem.blocking), "{name} without its last byte");
        }
    }
}
