//! The readers of the ISO base media family and their neighbors under hostile and huge input.

#![expect(clippy::unwrap_used, reason = "a test may fail by panic, its helpers too")]

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use countersign::framing::bmff::Boxes;
use countersign::identify::best;
use countersign::model::{Extraction, Problem, ProblemKind};
use countersign::source::Source;
use countersign::{formats, limits};

const EXTENSIONS: &[&str] = &["mp4", "3gp", "mov", "m4a", "heic", "avif", "cr3", "jxl", "jp2", "j2k", "flv"];

fn read(bytes: Vec<u8>) -> (Option<&'static str>, Extraction) {
    let len = bytes.len() as u64;
    let head = &bytes[..bytes.len().min(limits::HEAD)];
    let mut out = Extraction::default();
    let Some(format) = best(&formats::Probe { head, len }) else { return (None, out) };
    if let Err(problem) = format.read(&mut Source::memory(bytes, 0), &mut out) {
        out.facts.problems.push(problem);
    }
    (Some(format.info().id.as_str()), out)
}

fn bx(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

fn ftyp() -> Vec<u8> {
    bx(b"ftyp", b"isom\0\0\x02\0isom")
}

fn aigc() -> Vec<u8> {
    let hdlr = bx(b"hdlr", &[&[0; 8][..], b"mdta", &[0; 13]].concat());
    let keys = bx(b"keys", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &bx(b"mdta", b"AIGC")].concat());
    let data = bx(b"data", b"\0\0\0\x01\0\0\0\0{\"Label\":\"1\"}");
    let ilst = bx(b"ilst", &bx(&[0, 0, 0, 1], &data));
    bx(b"udta", &bx(b"meta", &[&[0; 4][..], &hdlr, &keys, &ilst].concat()))
}

fn value<'a>(found: &'a Extraction, key: &str) -> Option<&'a str> {
    found.facts.tags.iter().find(|t| t.key == key).map(|t| t.value.as_str())
}

fn blocking(found: &Extraction) -> Vec<&Problem> {
    found.facts.problems.iter().filter(|p| p.blocking).collect()
}

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let files = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let ours = files.filter(|p| EXTENSIONS.iter().any(|e| p.extension().is_some_and(|x| x == *e)));
    let mut found: Vec<_> =
        ours.map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap())).collect();
    found.sort();
    found
}

#[test]
fn every_prefix_of_every_sample_is_read_without_panic_and_a_cut_is_told() {
    for (name, bytes) in samples() {
        let whole = read(bytes.clone()).1;
        let starts = top_level(&bytes);
        for len in 0..bytes.len() {
            let (format, found) = read(bytes[..len].to_vec());
            let lost = found.facts.tags.len() + found.stores.len() < whole.facts.tags.len() + whole.stores.len();
            let told = !blocking(&found).is_empty();
            // A file that ends between two boxes is whole as far as its bytes can tell.
            let between = name.ends_with(".flv") || starts.iter().any(|s| (*s..s + 8).contains(&(len as u64)));
            assert!(format.is_none() || !lost || told || between, "{name} cut at {len} loses found silently");
        }
    }
}

/// Where the boxes start that may be missing from a file.
fn top_level(bytes: &[u8]) -> Vec<u64> {
    let mut source = Source::memory(bytes.to_vec(), 0);
    let mut boxes = Boxes::new(0, bytes.len() as u64);
    let found = std::iter::from_fn(|| boxes.next(&mut source).ok().flatten());
    found.filter(|h| !matches!(&h.kind, b"moov" | b"meta" | b"ftyp")).map(|h| h.offset).collect()
}

#[test]
fn every_changed_byte_of_every_sample_is_survived() {
    for (_, bytes) in samples() {
        for at in 0..bytes.len() {
            for change in [0xFF, 0x01] {
                let mut bad = bytes.clone();
                bad[at] ^= change;
                read(bad);
            }
        }
    }
}

#[test]
fn nesting_is_bounded() {
    let mut deep = bx(b"udta", &aigc());
    for _ in 0..2000 {
        deep = bx(b"moov", &deep);
    }
    let (_, found) = read([ftyp(), deep].concat());
    assert!(found.facts.problems.iter().any(|p| p.kind == ProblemKind::Limit && p.blocking));
}

#[test]
fn size_zero_and_64_bit_sizes_are_followed() {
    let long = [&[0, 0, 0, 1][..], b"free", &20_u64.to_be_bytes(), &[0; 4]].concat();
    let mut last = bx(b"moov", &aigc());
    last[..4].fill(0);
    let (format, found) = read([ftyp(), long, last].concat());
    assert_eq!((format, value(&found, "AIGC")), (Some("mp4"), Some("{\"Label\":\"1\"}")));
    assert_eq!(blocking(&found), Vec::<&Problem>::new());
}

#[test]
fn millions_of_empty_boxes_end_at_a_bound() {
    let many = bx(b"free", &[]).repeat(limits::ITEMS + 10);
    let (_, found) = read([ftyp(), many].concat());
    assert!(found.facts.problems.iter().any(|p| p.kind == ProblemKind::Limit && p.blocking));
}

#[test]
fn a_movie_header_behind_gigabytes_of_media_costs_two_reads() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let media: u64 = 5 << 30;
    let head = [&ftyp()[..], &[0, 0, 0, 1], b"mdat", &(media + 16).to_be_bytes()].concat();
    file.write_all(&head).unwrap();
    file.seek(SeekFrom::Start(head.len() as u64 + media)).unwrap();
    file.write_all(&bx(b"moov", &aigc())).unwrap();
    let mut source = Source::open(file.path()).unwrap();
    let format = countersign::identify::identify(&mut source).unwrap().unwrap();
    let mut found = Extraction::default();
    format.read(&mut source, &mut found).unwrap();
    assert_eq!(value(&found, "AIGC"), Some("{\"Label\":\"1\"}"));
    let spent = source.spent();
    assert!(spent.reads <= 3 && spent.bytes < 96 * 1024, "{spent:?}");
}

#[test]
fn movie_tables_are_hopped_over() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let table = bx(b"stsz", &vec![0; 8 << 20]);
    let track = bx(b"trak", &bx(b"mdia", &bx(b"minf", &bx(b"stbl", &table))));
    file.write_all(&[ftyp(), bx(b"moov", &[track, aigc()].concat())].concat()).unwrap();
    let mut source = Source::open(file.path()).unwrap();
    let mut found = Extraction::default();
    countersign::identify::identify(&mut source).unwrap().unwrap().read(&mut source, &mut found).unwrap();
    assert!(value(&found, "AIGC").is_some());
    assert!(source.spent().bytes < 128 * 1024, "{:?}", source.spent());
}

#[test]
fn a_finished_file_without_movie_is_told() {
    let (_, found) = read([ftyp(), bx(b"mdat", &[1; 32])].concat());
    assert!(blocking(&found).iter().any(|p| p.what.contains("missing moov")));
}

#[test]
fn junk_after_the_boxes_is_told_and_zeros_are_not() {
    let movie = [ftyp(), bx(b"moov", &aigc())].concat();
    let (_, zeros) = read([&movie[..], &[0; 100]].concat());
    assert_eq!(blocking(&zeros), Vec::<&Problem>::new());
    let (_, junk) = read([&movie[..], &[0xC3; 100]].concat());
    assert_eq!(blocking(&junk).len(), 1);
}

#[test]
fn names_promise_the_family_they_belong_to() {
    let promised = |e: &str| formats::by_extension(e).map(|f| f.info().id.as_str());
    for (extension, id) in [("mp4", "mp4"), ("m4v", "mp4"), ("mov", "mov"), ("m4a", "m4a"), ("M4B", "m4a")] {
        assert_eq!(promised(extension), Some(id));
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats").join(name)).unwrap()
}

#[test]
fn manifest_stores_come_out_whole_wherever_and_however_they_are_tagged() {
    let cases = [
        ("mp4_c2pa_before_mdat.mp4", "MP4 uuid C2PA", None),
        ("mp4_c2pa_purpose_changed.mp4", "MP4 uuid C2PA", Some("purpose \"manifexx\"")),
        ("mp4_c2pa_cut_in_mdat.mp4", "MP4 uuid C2PA", None),
    ];
    for (name, place, damage) in cases {
        let bytes = fixture(name);
        let (_, found) = read(bytes.clone());
        let [store] = &found.stores[..] else { panic!("{name}: {:?}", found.stores) };
        assert_eq!(store.place, place);
        assert_eq!(&store.bytes[4..8], b"jumb");
        assert_eq!(bytes[store.offset as usize..][..store.bytes.len()], store.bytes[..]);
        assert_eq!(store.bytes.len(), 38, "{name}");
        match damage {
            None => assert_eq!(store.damage, None, "{name}"),
            Some(start) => assert!(store.damage.as_deref().is_some_and(|d| d.starts_with(start)), "{name}"),
        }
    }
}

/// The body of a C2PA box with this purpose around the sample's superbox.
fn c2pa_body(purpose: &str, gap: usize) -> Vec<u8> {
    let (_, found) = read(fixture("mp4_c2pa_before_mdat.mp4"));
    [&[0; 4], purpose.as_bytes(), &vec![0; gap + 1], &found.stores[0].bytes].concat()
}

const C2PA: &[u8] = b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";

#[test]
fn a_store_under_another_type_is_found_and_called_damaged() {
    let body = c2pa_body("manifest", 8);
    let jumbf = body[body.len() - 38..].to_vec();
    let other = [&[7; 16][..], &body].concat();
    let free = [C2PA, &body].concat();
    for (kind, body) in [(b"uuid", &other), (b"free", &free), (b"skip", &jumbf), (b"jumb", &jumbf[8..].to_vec())] {
        let (_, found) = read([ftyp(), bx(kind, body), bx(b"moov", &aigc())].concat());
        assert_eq!(found.stores.len(), 1, "{kind:?}");
        assert!(found.stores[0].damage.is_some(), "{kind:?}");
        assert_eq!(found.stores[0].bytes, jumbf);
    }
    let unrelated = [&[7; 16][..], b"vendor data with no store"].concat();
    assert!(read([ftyp(), bx(b"uuid", &unrelated), bx(b"moov", &aigc())].concat()).1.stores.is_empty());
}

#[test]
fn a_store_below_the_top_level_is_found_and_called_damaged() {
    let uuid = bx(b"uuid", &[C2PA, &c2pa_body("manifest", 8)].concat());
    let (_, found) = read([ftyp(), bx(b"moov", &bx(b"udta", &uuid))].concat());
    assert_eq!(found.stores.len(), 1);
    assert_eq!(found.stores[0].place, "MP4 moov/udta uuid C2PA");
    assert!(found.stores[0].damage.as_deref().is_some_and(|d| d.contains("top level")));
}

#[test]
fn purposes_of_stores_and_of_merkle_rows() {
    let with = |purpose: &str, gap| {
        let uuid = bx(b"uuid", &[C2PA, &c2pa_body(purpose, gap)].concat());
        read([ftyp(), uuid, bx(b"moov", &aigc())].concat()).1.stores
    };
    for purpose in ["manifest", "original", "update"] {
        for gap in [0, 8] {
            assert_eq!(with(purpose, gap)[0].damage, None, "{purpose} {gap}");
        }
    }
    assert!(with("merkle", 8)[0].damage.is_some());
    let row = bx(b"uuid", &[C2PA, b"\0\0\0\0merkle\0", &[0xA1; 40]].concat());
    assert!(read([ftyp(), row].concat()).1.stores.is_empty());
    let empty = bx(b"uuid", &[C2PA, b"\0\0\0\0manifest\0", &[0; 40]].concat());
    assert!(read([ftyp(), empty].concat()).1.stores[0].damage.as_deref().is_some_and(|d| d.contains("without")));
}

#[test]
fn a_compressed_movie_is_unfolded() {
    let movie = bx(b"moov", &aigc());
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(&movie).unwrap();
    let packed = [&(movie.len() as u32).to_be_bytes()[..], &packer.finish().unwrap()].concat();
    let cmov = bx(b"cmov", &[bx(b"dcom", b"zlib"), bx(b"cmvd", &packed)].concat());
    let (_, found) = read(bx(b"moov", &cmov));
    assert_eq!(value(&found, "AIGC"), Some("{\"Label\":\"1\"}"));
    let (_, found) = read(bx(b"moov", &bx(b"cmov", &bx(b"dcom", b"rle "))));
    assert_eq!(blocking(&found).len(), 1);
}

#[test]
fn bare_superboxes_of_jpeg_xl_and_jpeg_2000_are_stores() {
    for (name, place) in
        [("jxl_c2pa.jxl", "JXL jumb"), ("jp2_c2pa.jp2", "JP2 jumb"), ("heif_c2pa.heic", "HEIF uuid C2PA")]
    {
        let (_, found) = read(fixture(name));
        let stores: Vec<_> = found.stores.iter().map(|s| (s.place.as_str(), &s.damage, s.bytes.len())).collect();
        assert_eq!(stores, [(place, &None, 38)], "{name}");
    }
}

#[test]
fn a_packed_box_unfolds_to_a_bound() {
    let mut stream = b"xml ".to_vec();
    let mut writer = brotli::CompressorWriter::new(&mut stream, 1 << 16, 9, 22);
    for _ in 0..(limits::INFLATED >> 20) + 1 {
        writer.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    drop(writer);
    assert!(stream.len() < 4096);
    let head = fixture("jxl_codestream.jxl");
    let parts = [bx(b"JXL ", b"\r\n\x87\n"), bx(b"brob", &stream), bx(b"jxlc", &head)].concat();
    let (_, found) = read(parts);
    assert!(blocking(&found).iter().any(|p| p.kind == ProblemKind::Limit));
}

#[test]
fn samsung_entries_are_tags_of_their_own() {
    let (_, found) = read(fixture("heif_samsung_sefd.heic"));
    let entry = found.facts.tags.iter().find(|t| t.key == "PhotoEditor_Re_Edit_Data").unwrap();
    assert_eq!((entry.space.as_str(), entry.value.as_str()), ("samsung", "{\"genAIType\":1}"));
    assert_eq!(blocking(&found), Vec::<&Problem>::new());
}

#[test]
fn a_long_flash_video_costs_the_headers_of_its_tags() {
    let frame = |len: usize| {
        let size = (len as u32).to_be_bytes();
        [&[9][..], &size[1..], &[0; 7], &vec![0; len], &(len as u32 + 11).to_be_bytes()].concat()
    };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&fixture("flv_aigc.flv")).unwrap();
    for _ in 0..1000 {
        file.write_all(&frame(20_000)).unwrap();
    }
    let spent = |path: &Path| {
        let mut source = Source::open(path).unwrap();
        let mut found = Extraction::default();
        let format = countersign::identify::identify(&mut source).unwrap().unwrap();
        let done = format.read(&mut source, &mut found);
        assert!(value(&found, "AIGC").is_some());
        assert!(source.spent().bytes < 1_500_000, "{:?}", source.spent());
        (done, found)
    };
    let (done, found) = spent(file.path());
    assert!(done.is_ok() && found.facts.problems.is_empty(), "{:?}", found.facts.problems);
    file.write_all(&frame(20_000)[..500]).unwrap();
    assert!(spent(file.path()).0.is_err_and(|p| p.blocking));
}

fn list(items: &[u8]) -> Extraction {
    let hdlr = bx(b"hdlr", &[&[0; 8][..], b"mdir", &[0; 13]].concat());
    let meta = bx(b"meta", &[&[0; 4][..], &hdlr, &bx(b"ilst", items)].concat());
    read([ftyp(), bx(b"moov", &bx(b"udta", &meta))].concat()).1
}

#[test]
fn lists_without_keys_or_item_boxes_are_read_all_the_same() {
    let label = "{\"AIGC\":{\"Label\":\"1\"}}";
    let data = bx(b"data", &[b"\0\0\0\x01\0\0\0\0", label.as_bytes()].concat());
    let classic = [&(label.len() as u16).to_be_bytes()[..], b"\x15\xc7", label.as_bytes()].concat();
    let cases: [(&[u8], &str); 4] = [
        (&data, "data"),
        (&bx(&[0, 0, 0, 7], &data), "#7"),
        (&bx(b"AIGC", label.as_bytes()), "AIGC"),
        (&bx(b"\xa9cmt", &classic), "©cmt"),
    ];
    for (items, key) in cases {
        assert_eq!(value(&list(items), key), Some(label), "{key}");
    }
}

#[test]
fn one_long_key_for_many_values_does_not_multiply() {
    let key = bx(b"mdta", &[b'k'; 1 << 20]);
    let keys = bx(b"keys", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &key].concat());
    let item = bx(&[0, 0, 0, 1], &bx(b"data", b"\0\0\0\x01\0\0\0\0v"));
    let meta = bx(b"meta", &[keys, bx(b"ilst", &item.repeat(1000))].concat());
    let (_, found) = read([ftyp(), bx(b"moov", &meta)].concat());
    assert_eq!(found.facts.tags.iter().filter(|t| t.value == "v").count(), 1000);
    assert!(found.facts.tags.iter().all(|t| t.key.len() <= 1024));
}

#[test]
fn text_in_boxes_of_unknown_type_is_told() {
    let free = bx(b"free", b"Produced by an example encoder\0");
    let odd = bx(b"AIGC", b"{\"Label\":\"1\"}");
    let vendor = bx(b"uuid", &[&[7; 16][..], b"vendor text"].concat());
    let noise = bx(b"free", &[0xC3; 40]);
    let (_, found) = read([ftyp(), free, noise, vendor, bx(b"moov", &odd)].concat());
    assert_eq!(value(&found, "free"), Some("Produced by an example encoder"));
    assert_eq!(value(&found, "AIGC"), Some("{\"Label\":\"1\"}"));
    assert_eq!(value(&found, &"07".repeat(16)), Some("vendor text"));
    assert_eq!(found.facts.tags.iter().filter(|t| t.key == "free").count(), 1);
}

#[test]
fn packed_boxes_share_one_budget() {
    let mut stream = b"xml ".to_vec();
    let mut writer = brotli::CompressorWriter::new(&mut stream, 1 << 16, 9, 22);
    writer.write_all(&vec![b' '; limits::INFLATED / 2]).unwrap();
    drop(writer);
    let parts = [bx(b"JXL ", b"\r\n\x87\n"), bx(b"brob", &stream).repeat(300), bx(b"jxlc", b"\xff\x0a")].concat();
    let start = std::time::Instant::now();
    let (_, found) = read(parts);
    assert!(blocking(&found).iter().any(|p| p.kind == ProblemKind::Limit));
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn a_movie_photo_is_walked_in_its_place() {
    let movie = [ftyp(), bx(b"moov", &aigc()), bx(b"mdat", &[0; 16])].concat();
    let (format, found) = read([fixture("heif_exif_software.heic"), bx(b"mpvd", &movie)].concat());
    assert_eq!((format, value(&found, "AIGC")), (Some("heif"), Some("{\"Label\":\"1\"}")));
}

#[test]
fn metadata_that_the_item_table_places_outside_the_file_is_told() {
    let bytes = fixture("heif_xmp_and_exif.heic");
    let whole = read(bytes.clone()).1;
    assert_eq!(blocking(&whole), Vec::<&Problem>::new());
    // The EXIF item's length, one byte at a time, made far too large.
    let iloc = bytes.windows(4).position(|w| w == b"iloc").unwrap() + 4;
    let length = iloc + 8 + 16 + 12;
    let mut bad = bytes.clone();
    bad[length] = 0x7F;
    assert_eq!(blocking(&read(bad).1).len(), 1);
}

#[test]
fn harmless_problems_never_crowd_out_a_blocking_one() {
    let overrun = b"\0\0\x10\0stsz";
    let track = bx(b"trak", &bx(b"mdia", &bx(b"minf", &bx(b"stbl", overrun))));
    let movie = bx(b"moov", &track.repeat(limits::PROBLEMS * 2));
    let (_, whole) = read([&ftyp()[..], &movie, &bx(b"mdat", &[0; 8])].concat());
    assert_eq!((whole.facts.problems.len(), blocking(&whole).len()), (limits::PROBLEMS, 0));
    let (_, cut) = read([&ftyp()[..], &movie, b"\0\0\x10\0mdat"].concat());
    assert_eq!((cut.facts.problems.len(), blocking(&cut).len()), (limits::PROBLEMS, 1));
}

#[test]
fn damaged_sample_tables_leave_the_rest_readable() {
    let overrun = b"\0\0\x10\0stsz";
    let track = bx(b"trak", &bx(b"mdia", &bx(b"minf", &bx(b"stbl", overrun))));
    let (_, found) = read([ftyp(), bx(b"moov", &[track, aigc()].concat()), bx(b"mdat", &[0; 8])].concat());
    assert_eq!(value(&found, "AIGC"), Some("{\"Label\":\"1\"}"));
    assert_eq!(blocking(&found), Vec::<&Problem>::new());
}
