//! Still images: hostile variants of every sample, what large files cost, and facts that the goldens cannot show.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::io::Write;
use std::path::Path;

use countersign::formats;
use countersign::identify;
use countersign::model::{Extraction, Problem, ProblemKind};
use countersign::source::Source;

const EXTENSIONS: &[&str] = &["jpg", "png", "gif", "svg", "svgz", "exr", "dpx", "bmp", "appledouble", "c2pa"];

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let paths = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let ours = paths.filter(|p| p.extension().and_then(|e| e.to_str()).is_some_and(|e| EXTENSIONS.contains(&e)));
    let mut all: Vec<_> =
        ours.map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap())).collect();
    all.sort();
    assert!(all.len() > 30, "the samples of this family are missing");
    all
}

fn read(bytes: Vec<u8>) -> Extraction {
    read_source(&mut Source::memory(bytes, 0))
}

fn read_source(source: &mut Source) -> Extraction {
    let mut out = Extraction::default();
    if let Some(format) = identify::identify(source).unwrap() {
        out.facts.format = Some(format.info().id);
        if let Err(problem) = format.read(source, &mut out) {
            out.facts.problems.push(problem);
        }
    }
    out
}

fn tag<'a>(found: &'a Extraction, space: &str, key: &str) -> Option<&'a str> {
    found.facts.tags.iter().find(|t| t.space == space && t.key == key).map(|t| t.value.as_str())
}

fn blocking(found: &Extraction) -> Vec<&Problem> {
    found.facts.problems.iter().filter(|p| p.blocking).collect()
}

#[test]
fn every_prefix_of_every_sample_is_read_without_panic() {
    for (name, bytes) in samples() {
        for len in 0..bytes.len() {
            let found = read(bytes[..len].to_vec());
            assert!(found.facts.tags.len() < 1000, "{name} cut at {len}");
        }
    }
}

#[test]
fn a_cut_jpeg_or_png_is_never_clean() {
    for (name, bytes) in samples() {
        let whole = name.ends_with(".jpg") || name.ends_with(".png");
        // Samples with something behind the image are whole images at some of their prefixes.
        let simple = !["afcp", "fotostation", "samsung", "second", "bytes-after", "after-end", "no-end", "cut"]
            .iter()
            .any(|w| name.contains(w));
        if whole && simple {
            for len in 16..bytes.len() {
                let found = read(bytes[..len].to_vec());
                assert!(!blocking(&found).is_empty(), "{name} cut at {len} of {} looks whole", bytes.len());
            }
        }
    }
}

#[test]
fn every_flipped_byte_of_every_sample_is_read_without_panic() {
    for (_, bytes) in samples() {
        // Beyond the headers fewer flips are enough.
        for at in (0..bytes.len()).filter(|at| *at < 512 || at % 3 == 0) {
            for flip in if at < 64 { &[0xFF, 0x80, 0x01][..] } else { &[0xFF] } {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                read(bytes);
            }
        }
    }
}

#[test]
fn extensions_belong_to_one_format() {
    let ours = ["jpeg", "png", "gif", "svg", "exr", "dpx", "bmp", "appledouble", "c2pa"];
    let all: Vec<_> =
        formats::ALL.iter().flat_map(|f| f.info().extensions.iter().map(|e| (*e, f.info().id.as_str()))).collect();
    for (extension, id) in all.iter().filter(|(_, id)| ours.contains(id)) {
        assert_eq!(*extension, extension.to_ascii_lowercase());
        assert!(all.iter().filter(|(e, _)| e == extension).count() == 1, "{extension} of {id} is claimed twice");
    }
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

/// A PNG of about `total` bytes of image data in chunks of `each`, then these chunks.
fn large_png(total: usize, each: usize, after: &[Vec<u8>]) -> Vec<u8> {
    let mut noise = 0x2545_F491_4F6C_DD1Du64;
    let mut data = Vec::with_capacity(total);
    while data.len() < total {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        data.extend(noise.to_le_bytes());
    }
    let mut png = b"\x89PNG\r\n\x1A\n".to_vec();
    png.extend(chunk(b"IHDR", &[0, 0, 4, 0, 0, 0, 4, 0, 8, 2, 0, 0, 0]));
    for part in data.chunks(each) {
        png.extend(chunk(b"IDAT", part));
    }
    png.extend(after.concat());
    png.extend(chunk(b"IEND", b""));
    png
}

fn from_disk(bytes: &[u8]) -> (Extraction, Source) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut source = Source::open(file.path()).unwrap();
    let found = read_source(&mut source);
    (found, source)
}

#[test]
fn a_large_png_costs_its_head_its_tail_and_the_headers_between() {
    let text = chunk(b"tEXt", b"parameters\0late text");
    let long = chunk(b"tEXt", &[b"workflow\0", vec![b'x'; 20_000].as_slice()].concat());
    for (each, after) in [
        (8 * 1024, vec![text.clone()]),
        (8 * 1024, vec![]),
        (32 * 1024, vec![text.clone()]),
        (65_445, vec![text.clone()]),
        (1 << 20, vec![text.clone()]),
        (usize::MAX, vec![text.clone()]),
        (8 * 1024, vec![long, text]),
    ] {
        let each = each.min(3_000_000);
        let late = after.len();
        let (found, source) = from_disk(&large_png(3_000_000, each, &after));
        assert_eq!(found.facts.problems, [], "chunks of {each}");
        assert_eq!(tag(&found, "png", "parameters").is_some(), late > 0, "chunks of {each}");
        assert_eq!(tag(&found, "png", "workflow").is_some(), late > 1, "chunks of {each}");
        let spent = source.spent();
        let headers = 3_000_000 / each as u64 + 1;
        assert!(spent.reads <= headers + 10 && spent.bytes <= 128 * 1024, "chunks of {each}: {spent:?}");
        assert!(late > 1 || spent.bytes <= 96 * 1024, "chunks of {each}: {spent:?}");
    }
}

#[test]
fn text_between_odd_image_chunks_is_found_the_slow_way() {
    // Chunks of many sizes, and the last of them longer than the tail: nothing can be leapt over.
    let sizes: Vec<usize> = (0..200).map(|n| 3_000 + n * 37).chain([40_000]).collect();
    let mut png = b"\x89PNG\r\n\x1A\n".to_vec();
    png.extend(chunk(b"IHDR", &[0, 0, 4, 0, 0, 0, 4, 0, 8, 2, 0, 0, 0]));
    for size in sizes {
        png.extend(chunk(b"IDAT", &vec![0x5A; size]));
    }
    png.extend(chunk(b"tEXt", b"parameters\0late text"));
    png.extend(chunk(b"IEND", b""));
    let (found, _) = from_disk(&png);
    assert_eq!(tag(&found, "png", "parameters"), Some("late text"));
    assert_eq!(found.facts.problems, []);
    let cut = png.len() - 30;
    let (found, _) = from_disk(&png[..cut]);
    assert_eq!(blocking(&found)[0].kind, ProblemKind::Truncated);
}

#[test]
fn a_bomb_in_a_text_chunk_is_a_limit() {
    let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..20 {
        to.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    let text = chunk(b"zTXt", &[b"parameters\0\0", to.finish().unwrap().as_slice()].concat());
    let found = read(large_png(100, 100, &[text]));
    assert_eq!(blocking(&found).iter().map(|p| p.kind).collect::<Vec<_>>(), [ProblemKind::Limit]);
    assert_eq!(tag(&found, "png", "parameters").map(str::len), Some(16 << 20));
}

#[test]
fn a_raw_profile_is_read_whatever_its_second_line_calls_it() {
    let packet = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/png"/></rdf:RDF></x:xmpmeta>"#;
    let digits: String = packet.iter().map(|b| format!("{b:02x}")).collect();
    let profile = |text: String| {
        read(large_png(100, 100, &[chunk(b"tEXt", &[b"Raw profile type xmp\0", text.as_bytes()].concat())]))
    };
    for name in ["xmp", "generic profile", "XMP profile"] {
        let found = profile(format!("\n{name}\n{:8}\n{digits}\n", packet.len()));
        assert_eq!(tag(&found, "xmp", "dc:format"), Some("image/png"), "{name}");
        assert_eq!(found.facts.problems, [], "{name}");
    }
    for broken in [
        format!("\nxmp\n{:8}\n{}\n", packet.len(), &digits[..digits.len() - 100]),
        format!("\nxmp\n{:8}\nzzzz\n", packet.len()),
        "\nxmp\n".to_owned(),
    ] {
        assert_eq!(
            blocking(&profile(broken)).iter().map(|p| p.kind).collect::<Vec<_>>().first(),
            Some(&ProblemKind::Malformed)
        );
    }
}

/// An OpenEXR file of scan lines: `chunks` of them, each with 16 bytes of pixels.
fn exr(chunks: u64) -> Vec<u8> {
    let mut file = b"\x76\x2F\x31\x01\x02\0\0\0comments\0string\0\x05\0\0\0hello\0".to_vec();
    let first = file.len() as u64 + chunks * 8;
    (0..chunks).for_each(|n| file.extend((first + n * 24).to_le_bytes()));
    for n in 0..chunks as u32 {
        file.extend(n.to_le_bytes());
        file.extend([16, 0, 0, 0]);
        file.extend([7; 16]);
    }
    file
}

#[test]
fn a_cut_exr_is_never_clean() {
    let whole = exr(5);
    assert_eq!(read(whole.clone()).facts.problems, []);
    for end in 12..whole.len() {
        let found = read(whole[..end].to_vec());
        assert_eq!(blocking(&found).len(), 1, "cut at {end} of {}", whole.len());
    }
}

/// A JPEG with `filler` bytes of entropy-coded data.
fn large_jpeg(segments: &[u8], filler: usize, after: &[u8]) -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8];
    jpeg.extend(segments);
    jpeg.extend([0xFF, 0xC0, 0, 11, 8, 0x0B, 0xB8, 0x0F, 0xA0, 1, 1, 0x11, 0]);
    jpeg.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]);
    jpeg.extend((0..filler).map(|n| (n * 31 % 251) as u8));
    jpeg.extend(after);
    jpeg
}

#[test]
fn a_large_jpeg_costs_its_head_and_its_tail() {
    let comment = [&[0xFF, 0xFE, 0, 7][..], b"hello"].concat();
    let (found, source) = from_disk(&large_jpeg(&comment, 3_000_000, &[0xFF, 0xD9]));
    assert_eq!(found.facts.problems, []);
    assert_eq!(tag(&found, "jpeg", "COM"), Some("hello"));
    assert_eq!((tag(&found, "image", "Width"), tag(&found, "image", "Height")), (Some("4000"), Some("3000")));
    assert!(source.spent().reads == 2 && source.spent().bytes <= 96 * 1024, "{:?}", source.spent());
}

#[test]
fn the_end_of_a_jpeg_is_found_before_a_long_trailer() {
    // An end of image far before the tail, then data that no directory names.
    let trailer = [&[0xFF, 0xD9][..], &vec![0x11; 40_000]].concat();
    let (found, _) = from_disk(&large_jpeg(&[], 200_000, &trailer));
    assert_eq!(blocking(&found), Vec::<&Problem>::new());
    assert!(found.facts.problems[0].what.contains("40000 bytes"), "{:?}", found.facts.problems);
    let (found, _) = from_disk(&large_jpeg(&[], 200_000, &[]));
    assert_eq!(blocking(&found)[0].kind, ProblemKind::Truncated);
    // A file system that filled the lost part with zeros.
    let (found, _) = from_disk(&large_jpeg(&[], 200_000, &vec![0; 50_000]));
    assert_eq!(blocking(&found)[0].kind, ProblemKind::Truncated);
}

#[test]
fn media_behind_the_image_are_handed_on() {
    let video = [b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec(), vec![7; 30_000]].concat();
    let found = read(large_jpeg(&[], 1000, &[&[0xFF, 0xD9][..], &video].concat()));
    assert_eq!(found.embedded.len(), 1);
    assert_eq!(found.embedded[0].bytes, video);
    assert_eq!(blocking(&found), Vec::<&Problem>::new());
}

#[test]
fn a_small_image_behind_the_image_is_read_too() {
    let second = large_jpeg(&segment(0xFE, b"of the second"), 500, &[0xFF, 0xD9]);
    let found = read(large_jpeg(&[], 1000, &[&[0xFF, 0xD9][..], &second].concat()));
    assert_eq!(tag(&found, "jpeg", "COM"), Some("of the second"));
    assert_eq!(tag(&found, "image", "Width"), Some("4000"));
    assert_eq!(found.facts.problems, []);
}

#[test]
fn no_format_trips_over_noise() {
    // Every reader is asked about heads that begin like something and go on like nothing.
    let starts: Vec<Vec<u8>> = samples().into_iter().map(|(_, bytes)| bytes[..bytes.len().min(16)].to_vec()).collect();
    let mut noise = 0x9E37_79B9_7F4A_7C15u64;
    for round in 0..4000 {
        let mut bytes = starts[round % starts.len()].clone();
        bytes.truncate(round / 7 % 17);
        for _ in 0..40 {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            // Runs of ones are where sums overflow.
            let value = if noise.is_multiple_of(3) { u64::MAX } else { noise };
            bytes.extend(value.to_le_bytes());
        }
        read(bytes);
    }
}

/// A segment with its length.
fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &(data.len() as u16 + 2).to_be_bytes(), data].concat()
}

/// An ExtendedXMP segment with `part` of a packet of `total` bytes.
fn extended(total: usize, offset: usize, part: &[u8]) -> Vec<u8> {
    let guid = [b'A'; 32];
    let numbers = [(total as u32).to_be_bytes(), (offset as u32).to_be_bytes()].concat();
    segment(0xE1, &[b"http://ns.adobe.com/xmp/extension/\0", &guid[..], &numbers, part].concat())
}

#[test]
fn a_gap_in_extended_xmp_is_never_clean() {
    let packet = b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'></rdf:RDF>";
    let (first, second) = packet.split_at(30);
    let whole = [extended(packet.len(), 0, first), extended(packet.len(), 30, second)].concat();
    assert_eq!(blocking(&read(large_jpeg(&whole, 100, &[0xFF, 0xD9]))), Vec::<&Problem>::new());
    let gap = extended(packet.len(), 30, second);
    let found = read(large_jpeg(&gap, 100, &[0xFF, 0xD9]));
    assert_eq!(blocking(&found)[0].kind, ProblemKind::Truncated);
    assert!(blocking(&found)[0].place.contains("ExtendedXMP"), "{:?}", found.facts.problems);
}

#[test]
fn a_store_over_several_segments_is_put_together() {
    let store = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats/store.c2pa")).unwrap();
    let part = |instance: u16, sequence: u32, bytes: &[u8]| {
        segment(0xEB, &[b"JP", &instance.to_be_bytes()[..], &sequence.to_be_bytes(), bytes].concat())
    };
    let cut = |bytes: &[u8]| [&store[..8], bytes].concat();
    let (first, second, third) = (&store[..15], &store[15..25], &store[25..]);
    let stores = |segments: &[Vec<u8>]| read(large_jpeg(&segments.concat(), 100, &[0xFF, 0xD9])).stores;
    let whole = stores(&[part(5, 1, first), part(5, 2, &cut(second)), part(5, 3, &cut(third))]);
    assert_eq!((whole.len(), whole[0].bytes.as_slice(), &whole[0].damage), (1, store.as_slice(), &None));
    assert_eq!(whole[0].place, "JPEG APP11");
    // Two stores side by side, of different instances and of the same.
    assert_eq!(stores(&[part(5, 1, &store), part(6, 1, &store)]).len(), 2);
    assert_eq!(stores(&[part(5, 1, &store), part(5, 1, &store)]).len(), 2);
    // A missing segment, a missing end, a changed content type.
    let gap = stores(&[part(5, 1, &store[..30]), part(5, 3, &cut(&store[30..]))]);
    assert!(gap[0].damage.as_deref().unwrap().contains("segment 3"), "{gap:?}");
    let short = stores(&[part(5, 1, &store[..store.len() - 1])]);
    assert!(short[0].damage.as_deref().unwrap().contains("stated"), "{short:?}");
    let mut other = store.clone();
    other[17] ^= 1;
    assert!(stores(&[part(5, 1, &other)])[0].damage.as_deref().unwrap().contains("content type"));
}

/// Samsung's trailer (SEF) with these entries.
fn sef(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let entry = |(name, payload): &(&str, &[u8])| {
        [&[0, 0, 1, 0][..], &(name.len() as u32).to_le_bytes(), name.as_bytes(), payload].concat()
    };
    let entries: Vec<_> = entries.iter().map(entry).collect();
    let mut out = entries.concat();
    let mut left = out.len();
    let mut directory = [&b"SEFH\x6A\0\0\0"[..], &(entries.len() as u32).to_le_bytes()].concat();
    for entry in &entries {
        directory
            .extend([&[0, 0, 1, 0][..], &(left as u32).to_le_bytes(), &(entry.len() as u32).to_le_bytes()].concat());
        left -= entry.len();
    }
    out.extend(&directory);
    out.extend([&(directory.len() as u32).to_le_bytes()[..], b"SEFT"].concat());
    out
}

#[test]
fn a_picture_in_a_samsung_trailer_is_handed_on() {
    let picture = large_jpeg(&segment(0xFE, b"of the inner one"), 500, &[0xFF, 0xD9]);
    let movie = [b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec(), vec![7; 3_000]].concat();
    let trailer =
        sef(&[("Image_UTC_Data", b"1600000000000"), ("Original_Path_Hash", &picture), ("MotionPhoto_Data", &movie)]);
    let found = read(large_jpeg(&[], 1000, &[&[0xFF, 0xD9][..], &trailer].concat()));
    assert_eq!(blocking(&found), Vec::<&Problem>::new());
    let inside: Vec<_> = found.embedded.iter().map(|e| (e.place.as_str(), &e.bytes)).collect();
    let places = ["JPEG SEF trailer, Original_Path_Hash", "JPEG SEF trailer, MotionPhoto_Data"];
    assert_eq!(inside, [(places[0], &picture), (places[1], &movie)]);
    assert_eq!(tag(&found, "samsung", "Image_UTC_Data"), Some("1600000000000"));
}

#[test]
fn entries_that_share_their_bytes_are_bounded() {
    // A Samsung directory that names one text of a megabyte five thousand times.
    let mut file = large_jpeg(&[], 100, &[0xFF, 0xD9]);
    let start = file.len();
    let entry = [&b"\0\0\x01\0\x04\0\0\0name"[..], &vec![b'x'; 1 << 20]].concat();
    file.extend(&entry);
    let header = file.len();
    file.extend(b"SEFH\x6A\0\0\0");
    file.extend(5000u32.to_le_bytes());
    for _ in 0..5000 {
        file.extend([0, 0, 1, 0]);
        file.extend(((header - start) as u32).to_le_bytes());
        file.extend((entry.len() as u32).to_le_bytes());
    }
    let len = (file.len() - header) as u32;
    file.extend(len.to_le_bytes());
    file.extend(b"SEFT");
    let found = read(file);
    assert_eq!(blocking(&found).len(), 1);
    assert!(found.facts.tags.iter().map(|t| t.value.len()).sum::<usize>() < 64 << 20);
    // What was read before an entry shared its bytes stays.
    assert_eq!(tag(&found, "samsung", "name").map(str::len), Some(1 << 20));
}

#[test]
fn a_trailer_without_its_end_is_never_clean() {
    for name in ["afcp-credit.jpg", "fotostation-credit.jpg", "samsung-trailer.jpg"] {
        let bytes = samples().into_iter().find(|(n, _)| n == name).unwrap().1;
        let end = bytes.windows(2).rposition(|w| w == [0xFF, 0xD9]).unwrap() + 2;
        for len in end + 40..bytes.len() {
            let found = read(bytes[..len].to_vec());
            let read = tag(&found, "iptc", "Credit").is_some();
            assert!(read || !blocking(&found).is_empty(), "{name} cut at {len} of {}", bytes.len());
        }
    }
}
