//! Marks where readers might leap over them: between what is usually passed over, behind what is usually enough, under
//! names that say nothing, and in stores that were damaged. Every sample is made here, and has a clean twin.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::path::Path;
use std::sync::Arc;

use countersign::c2pa::{Options, Verifier};
use countersign::model::{Ai, Facts};
use countersign::{extract, marks, walk};

const ADDRESS: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
const PARAMETERS: &str = "a barn\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: v1-5";

fn packet(value: &str) -> String {
    format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" Iptc4xmpExt:DigitalSourceType=\"{value}\"/></rdf:RDF></x:xmpmeta>"
    )
}

/// What the bytes are taken for, and whether any problem keeps them from being called clean.
fn told(bytes: Vec<u8>) -> (Ai, Vec<String>) {
    let facts = extract::bytes(bytes, &extract::Options::default());
    judged(&facts)
}

fn judged(facts: &Facts) -> (Ai, Vec<String>) {
    let blocking = facts.problems.iter().filter(|p| p.blocking).map(|p| format!("{}: {}", p.place, p.what)).collect();
    (marks::ai(&marks::catalogue().evidence(facts)), blocking)
}

fn assert_marked(name: &str, marked: Vec<u8>, clean: Vec<u8>) {
    assert_eq!(told(marked), (Ai::Generated, vec![]), "{name}");
    assert_eq!(told(clean), (Ai::None, vec![]), "{name}, without the mark");
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

fn png(parts: &[Vec<u8>]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 4, 0, 0, 0, 4, 0, 8, 2, 0, 0, 0]);
    [b"\x89PNG\r\n\x1A\n".to_vec(), header, parts.concat(), chunk(b"IEND", b"")].concat()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend(state.to_le_bytes());
    }
    out.truncate(len);
    out
}

/// An Exif block of one text field, without its identifier.
fn tiff(tag: u16, text: &str) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0\x01\0".to_vec();
    out.extend(tag.to_le_bytes());
    out.extend([2, 0]);
    out.extend((text.len() as u32 + 1).to_le_bytes());
    out.extend(26_u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend(text.bytes());
    out.push(0);
    out
}

const SOFTWARE: u16 = 0x0131;

#[test]
fn png_chunks_between_image_data_and_private_copies_are_read() {
    let data = |len| chunk(b"IDAT", &noise(len));
    let middle = |text: Vec<u8>| png(&[vec![data(8192); 40].concat(), text, vec![data(8192); 40].concat()]);
    let text = |value: &str| chunk(b"tEXt", &[b"parameters\0", value.as_bytes()].concat());
    assert_marked("text between image data", middle(text(PARAMETERS)), middle(text("a barn")));
    let mut zlib = flate2::write::ZlibEncoder::new(vec![0, 0, 0, 0, 9], flate2::Compression::best());
    std::io::Write::write_all(&mut zlib, &tiff(SOFTWARE, "Midjourney")).unwrap();
    let packed = zlib.finish().unwrap();
    for (kind, body) in [
        (b"exIf", tiff(SOFTWARE, "Midjourney")),
        (b"zxIf", packed),
        (b"txMp", packet(ADDRESS).into_bytes()),
        (b"prVt", [b"Exif\0\0".to_vec(), tiff(SOFTWARE, "Midjourney")].concat()),
    ] {
        let name = kind.escape_ascii().to_string();
        assert_marked(&name, png(&[chunk(kind, &body), data(64)]), png(&[chunk(kind, &noise(64)), data(64)]));
    }
    for (kind, body) in [("xmp", packet(ADDRESS).into_bytes()), ("exif", tiff(SOFTWARE, "Midjourney"))] {
        for lead in [String::new(), format!("\n{kind}\n    {}\n", body.len())] {
            let raw = [format!("Raw profile type {kind}\0{lead}").into_bytes(), body.clone()].concat();
            let (ai, blocking) = told(png(&[chunk(b"tEXt", &raw), data(64)]));
            assert_eq!((ai, blocking), (Ai::Generated, vec![]), "raw profile {kind}");
        }
    }
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &(data.len() as u16 + 2).to_be_bytes(), data].concat()
}

/// A frame of one component, and a scan of `len` bytes of image data.
fn scan(frame: u8, len: usize) -> Vec<u8> {
    let data: Vec<u8> = noise(len).into_iter().flat_map(|b| if b == 0xFF { vec![0xFF, 0] } else { vec![b] }).collect();
    [segment(frame, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]), segment(0xDA, &[1, 1, 0, 0, 63, 0]), data].concat()
}

#[test]
fn jpeg_segments_stand_anywhere_before_the_end() {
    let xmp = |value: &str| segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", packet(value).as_bytes()].concat());
    let more = |len| scan(0xC0, len).split_off(13);
    for (frame, len) in [(0xC0, 300), (0xC0, 400_000), (0xC2, 400_000)] {
        let late = |value: &str| [b"\xFF\xD8".to_vec(), scan(frame, len), xmp(value), b"\xFF\xD9".to_vec()].concat();
        assert_marked("before the end", late(ADDRESS), late("a barn"));
    }
    let between = |value: &str| {
        [b"\xFF\xD8".to_vec(), scan(0xC2, 400_000), xmp(value), more(400_000), b"\xFF\xD9".to_vec()].concat()
    };
    assert_marked("between scans", between(ADDRESS), between("a barn"));
    for (number, id) in [(1, b"EXIF\0\0"), (1, b"exif\0\0"), (7, b"Exif\0\0")] {
        let early = |text: &str| {
            let exif = segment(0xE0 + number, &[id.to_vec(), tiff(SOFTWARE, text)].concat());
            [b"\xFF\xD8".to_vec(), exif, scan(0xC0, 100), b"\xFF\xD9".to_vec()].concat()
        };
        assert_marked("Exif by its content", early("Midjourney"), early("darktable"));
    }
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

/// A movie whose comment is a classic text of any length, with the lower bits of it in the length field.
fn movie(comment: &str) -> Vec<u8> {
    let text = [&(comment.len() as u16).to_be_bytes()[..], &[0x55, 0xC4], comment.as_bytes()].concat();
    let user = boxed(b"udta", &boxed(b"\xA9cmt", &text));
    let header = boxed(b"mvhd", &[0; 100]);
    [boxed(b"ftyp", b"qt  \0\0\0\0qt  "), boxed(b"moov", &[header, user].concat()), boxed(b"mdat", &[0; 16])].concat()
}

#[test]
fn a_clip_behind_a_still_is_read_though_it_ends_like_one() {
    let photo = |comment: &str| {
        let end = boxed(b"free", &[vec![0; 30_000], vec![0xFF, 0xD9]].concat());
        [b"\xFF\xD8".to_vec(), scan(0xC0, 300_000), b"\xFF\xD9".to_vec(), movie(comment), end].concat()
    };
    assert_marked("clip", photo(PARAMETERS), photo("a barn"));
}

#[test]
fn classic_texts_longer_than_their_length_field_are_read() {
    let long = |end: &str| movie(&format!("{}\n{end}", "word ".repeat(30_000)));
    assert_marked("classic text", long(PARAMETERS), long("a barn"));
}

fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    [id, &(body.len() as u64 | 1 << 56).to_be_bytes(), body].concat()
}

fn matroska(parts: &[Vec<u8>]) -> Vec<u8> {
    let head = element(b"\x1A\x45\xDF\xA3", &element(b"\x42\x82", b"matroska"));
    [head, element(b"\x18\x53\x80\x67", &parts.concat())].concat()
}

#[test]
fn matroska_tags_between_clusters_and_attachments_by_their_bytes() {
    let cluster = element(b"\x1F\x43\xB6\x75", &element(b"\xE7", &[0; 5_000]));
    let tags = |value: &str| {
        let one = [element(b"\x45\xA3", b"COMMENT"), element(b"\x44\x87", value.as_bytes())].concat();
        element(b"\x12\x54\xC3\x67", &element(b"\x73\x73", &element(b"\x67\xC8", &one)))
    };
    // Cues that know the last cluster only.
    let file = |value: &str| {
        let last = (cluster.len() + tags(value).len() + 200) as u64;
        let positions = element(b"\xB7", &element(b"\xF1", &last.to_be_bytes()));
        let cues = element(b"\x1C\x53\xBB\x6B", &element(b"\xBB", &positions));
        let fill = element(b"\xEC", &vec![0; 200 - cues.len() - 9]);
        matroska(&[cues, fill, cluster.clone(), tags(value), cluster.clone()])
    };
    assert_marked("tags", file(PARAMETERS), file("a barn"));
    let font = |bytes: &[u8]| {
        let file = [
            element(b"\x46\x6E", b"cover.ttf"),
            element(b"\x46\x60", b"application/x-truetype-font"),
            element(b"\x46\x5C", bytes),
        ];
        matroska(&[element(b"\x19\x41\xA4\x69", &element(b"\x61\xA7", &file.concat())), cluster.clone()])
    };
    let text = chunk(b"tEXt", &[b"parameters\0", PARAMETERS.as_bytes()].concat());
    assert_marked("a picture called a font", font(&png(&[text])), font(b"\0\x01\0\0no font, but like one"));
}

/// MPEG audio of whole frames, with something between and behind them.
fn mp3(middle: &[u8], end: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 417];
    frame[..4].copy_from_slice(&[0xFF, 0xFB, 0x90, 0]);
    [frame.repeat(2000), middle.to_vec(), frame.repeat(200), end.to_vec()].concat()
}

#[test]
fn tags_in_the_middle_of_sound_and_before_junk_are_read() {
    let id3 = |text: &str| {
        let body = [&b"\0parameters\0"[..], text.as_bytes()].concat();
        let frame = [b"TXXX", &(body.len() as u32).to_be_bytes()[..], &[0, 0], &body].concat();
        let len = frame.len() as u32;
        let size = [0, (len >> 14) as u8, (len >> 7 & 127) as u8, (len & 127) as u8];
        [&b"ID3\x03\0\0"[..], &size, &frame].concat()
    };
    assert_marked("ID3v2 in the sound", mp3(&id3(PARAMETERS), b""), mp3(&id3("a barn"), b""));
    let ape = |text: &str| {
        let item = [&(text.len() as u32).to_le_bytes()[..], &[0; 4], b"parameters\0", text.as_bytes()].concat();
        let size = (item.len() as u32 + 32).to_le_bytes();
        let foot = [&b"APETAGEX"[..], &2000_u32.to_le_bytes(), &size, &1_u32.to_le_bytes(), &[0; 12]].concat();
        [item, foot, noise(3_000)].concat()
    };
    assert_marked("APE before junk", mp3(b"", &ape(PARAMETERS)), mp3(b"", &ape("a barn")));
}

#[test]
fn flash_metadata_behind_thousands_of_tags_are_read() {
    let flv = |text: &str| {
        let tag = |kind: u8, body: &[u8]| {
            let len = (body.len() as u32).to_be_bytes();
            let back = (body.len() as u32 + 11).to_be_bytes();
            [&[kind, len[1], len[2], len[3]][..], &[0; 7], body, &back].concat()
        };
        let string = |s: &str| [&(s.len() as u16).to_be_bytes()[..], s.as_bytes()].concat();
        let script =
            [&[2][..], &string("onMetaData"), &[8, 0, 0, 0, 1], &string("parameters"), &[2], &string(text), &[0, 0, 9]];
        [&b"FLV\x01\x01\0\0\0\x09\0\0\0\0"[..], &tag(9, &[0x17; 300]).repeat(6_000), &tag(18, &script.concat())]
            .concat()
    };
    assert_marked("onMetaData", flv(PARAMETERS), flv("a barn"));
}

#[test]
fn drawings_carry_pictures_however_they_name_them() {
    let text = |value: &str| png(&[chunk(b"tEXt", &[b"parameters\0", value.as_bytes()].concat())]);
    let coded = |value: &str| data_encoding::BASE64.encode(&text(value));
    for (before, after) in [
        ("<svg><foreignObject><img src=\"data:image/png;base64,", "\"/></foreignObject></svg>"),
        (
            "<!DOCTYPE svg [<!ENTITY a \"da\"><!ENTITY p '&a;ta:image/png;base64,",
            "'>]><svg><image href=\"&p;\"/></svg>",
        ),
        ("<!DOCTYPE svg [<!ENTITY i '<image href=\"data:;base64,", "\"/>'>]><svg>&i;</svg>"),
        ("<svg><image xlink:href=' DATA:image/png;BASE64,", "'/></svg>"),
        ("<svg><image href='&#100;at&#x61;:image/png;base64,", "'/></svg>"),
        ("<svg><style>.a{fill:url(\"data:image/png;base64,", "\")}</style></svg>"),
        ("<svg><rect style='fill:url(data:image/png;base64,", ")'/></svg>"),
        (
            "<svg><image href='data:image/svg+xml,%3Csvg%3E%3Cimage href=\"data:image/png;base64,",
            "\"/%3E%3C/svg%3E'/></svg>",
        ),
    ] {
        let drawing = |value: &str| format!("{before}{}{after}", coded(value)).into_bytes();
        assert_marked(before, drawing(PARAMETERS), drawing("a barn"));
    }
}

fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.extend(format!("{} 0 obj\n", index + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    let trailer = format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    out.extend(table.bytes().chain(trailer.bytes()));
    out
}

fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("<< {dictionary} /Length {} >>\nstream\n", bytes.len()).into_bytes();
    [head, bytes.to_vec(), b"\nendstream".to_vec()].concat()
}

fn photo(text: &str) -> Vec<u8> {
    let exif = segment(0xE1, &[b"Exif\0\0".to_vec(), tiff(SOFTWARE, text)].concat());
    [b"\xFF\xD8".to_vec(), exif, scan(0xC0, 100), b"\xFF\xD9".to_vec()].concat()
}

#[test]
fn documents_draw_pictures_through_anything() {
    let image = "/Type /XObject /Subtype /Image /Filter";
    let flat = |bytes: &[u8]| {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut zlib, bytes).unwrap();
        zlib.finish().unwrap()
    };
    let hex = |bytes: &[u8]| data_encoding::HEXUPPER.encode(bytes).into_bytes();
    let plain = |bytes: &[u8]| bytes.to_vec();
    type Wrap<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let wraps: [(&str, Wrap<'_>); 3] =
        [("[/FlateDecode /DCTDecode]", &flat), ("[/AHx /DCT]", &hex), ("/DCTDecode", &plain)];
    for (filter, wrap) in wraps {
        for page in [
            "/Resources << /Pattern << /P << /Resources << /XObject << /I 3 0 R >> >> >> >> >>",
            "/Resources << /ExtGState << /G << /SMask << /G << /Resources << /XObject << /I 3 0 R >> >> >> >> >> >> >>",
            "/Annots [<< /Subtype /Stamp /AP << /N << /Resources << /XObject << /I 3 0 R >> >> >> >> >>]",
        ] {
            let document = |text: &str| {
                let catalog = b"<< /Type /Catalog /Pages 2 0 R >>".to_vec();
                let pages = format!("<< /Type /Pages /Kids [<< /Type /Page {page} >>] >>").into_bytes();
                pdf(&[catalog, pages, stream(&format!("{image} {filter}"), &wrap(&photo(text)))])
            };
            assert_marked(&format!("{filter} {page}"), document("Midjourney"), document("darktable"));
        }
    }
    // A file in an annotation, and one behind hundreds of others.
    let attached = |text: &str| {
        let catalog = b"<< /Type /Catalog /Pages 2 0 R >>".to_vec();
        let media = "/Subtype /RichMedia /RichMediaContent << /Assets << /Names [(a) << /EF << /F 3 0 R >> >>] >> >>";
        let pages = format!("<< /Type /Pages /Kids [<< /Type /Page /Annots [<< {media} >>] >>] >>").into_bytes();
        pdf(&[catalog, pages, stream("/Type /EmbeddedFile", &photo(text))])
    };
    assert_marked("rich media", attached("Midjourney"), attached("darktable"));
    let many = |text: &str| {
        let files: String = (3..303).map(|n| format!("<< /F (n{n}) /EF << /F {n} 0 R >> >> ")).collect();
        let catalog = format!("<< /Type /Catalog /Pages 2 0 R /AF [{files}] >>").into_bytes();
        let small = (0..299).map(|_| stream("/Type /EmbeddedFile", b"a note"));
        let last = stream("/Type /EmbeddedFile", &photo(text));
        let all = [catalog, b"<< /Type /Pages /Kids [] >>".to_vec()].into_iter().chain(small).chain([last]);
        pdf(&all.collect::<Vec<_>>())
    };
    assert_marked("associated files", many("Midjourney"), many("darktable"));
}

#[test]
fn blanks_lists_and_escapes_hide_no_value() {
    let xmp = |value: &str| packet(value).into_bytes();
    let blank = " ".repeat(300);
    assert_marked("blanks", xmp(&format!("{blank}{ADDRESS}{blank}")), xmp(&blank));
    assert_marked("a list", xmp(&format!("digitalCapture, {ADDRESS}")), xmp("digitalCapture, minorHumanEdits"));
    let graph = |class: &str| {
        let text = format!("{{\"3\":{{\"\\u0063lass_type\":\"{class}\",\"inputs\":{{\"seed\":1}}}}}}");
        png(&[chunk(b"tEXt", &[b"prompt\0", text.as_bytes()].concat())])
    };
    assert_marked("escapes", graph("KSampler"), graph("LoadImage"));
}

/// Transport packets of one PID, with the counters that they should have.
fn transport(pid: u16, counter: &mut u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (n, part) in payload.chunks(184).enumerate() {
        let start = if n == 0 { 0x40 } else { 0 };
        let stuffing = 184 - part.len();
        let control = if stuffing > 0 { 0x30 } else { 0x10 } | *counter & 15;
        out.extend([0x47, start | (pid >> 8) as u8, pid as u8, control]);
        if stuffing > 0 {
            out.push(stuffing as u8 - 1);
            out.extend([0].iter().chain([0xFF].iter().cycle()).take(stuffing - 1));
        }
        out.extend(part);
        *counter = counter.wrapping_add(1);
    }
    out
}

/// User data of this text in an SEI unit.
fn user_data(text: &str) -> Vec<u8> {
    let payload = [&[0x91; 16][..], text.as_bytes()].concat();
    [&[6, 5, payload.len() as u8][..], &payload, &[0x80]].concat()
}

#[test]
fn transport_streams_are_told_by_their_headers_and_their_user_data_are_read() {
    let pat = [&[0, 0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xE1, 0][..], &[0; 4]].concat();
    let pmt = [&[0, 2, 0xB0, 18, 0, 1, 0xC1, 0, 0, 0xE1, 1, 0xF0, 0, 0x1B, 0xE1, 1, 0xF0, 0][..], &[0; 4]].concat();
    let pes =
        [&b"\0\0\x01\xE0\0\0\x80\0\0"[..], b"\0\0\0\x01\x09\x10\0\0\x01", &user_data("made by a machine")].concat();
    let picture = [pes, b"\0\0\x01\x65".to_vec(), noise(3_000).iter().map(|b| b | 1).collect()].concat();
    let stream =
        [transport(0, &mut 0, &pat), transport(0x100, &mut 0, &pmt), transport(0x101, &mut 0, &picture)].concat();
    let facts = extract::bytes(stream, &extract::Options::default());
    assert_eq!(facts.format.as_deref(), Some("mpeg-ts"));
    let said = facts.tags.iter().find(|t| t.space == "sei").map(|t| (t.key.as_str(), t.value.as_str()));
    assert_eq!(said, Some(("91919191-9191-9191-9191-919191919191", "made by a machine")));
    // Lines of text that begin with the same letter.
    for letter in ['.', '1', 'A', 'Z', 'k', 'w'] {
        let line: String = "G".chars().chain([letter].into_iter().cycle().take(186)).chain(['\n']).collect();
        let facts = extract::bytes(line.repeat(100).into_bytes(), &extract::Options::default());
        assert_ne!(facts.format.as_deref(), Some("mpeg-ts"), "{letter}");
    }
    let mut map: Vec<u8> = noise(188 * 100).iter().map(|b| 0x30 + b % 64).collect();
    map.iter_mut().step_by(188).for_each(|b| *b = b'G');
    assert_ne!(extract::bytes(map, &extract::Options::default()).format.as_deref(), Some("mpeg-ts"));
}

#[test]
fn user_data_before_the_first_pictures_of_matroska_are_read() {
    let entry =
        [element(b"\xD7", &[1]), element(b"\x86", b"V_MPEG4/ISO/AVC"), element(b"\x63\xA2", &[1, 66, 0, 30, 0xFF])];
    let unit = user_data("made by a machine");
    let block = [&[0x81, 0, 0, 0x80][..], &(unit.len() as u32).to_be_bytes(), &unit].concat();
    for block in [element(b"\xA3", &block), element(b"\xA0", &element(b"\xA1", &block))] {
        let tracks = element(b"\x16\x54\xAE\x6B", &element(b"\xAE", &entry.concat()));
        let file = matroska(&[tracks, element(b"\x1F\x43\xB6\x75", &[element(b"\xE7", &[0]), block].concat())]);
        let facts = extract::bytes(file, &extract::Options::default());
        assert!(facts.tags.iter().any(|t| t.space == "sei" && t.value == "made by a machine"), "{:?}", facts.tags);
    }
}

#[test]
fn a_sidecar_is_one_however_its_ending_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let asset = folder.path().join("photo.png");
    std::fs::write(&asset, png(&[])).unwrap();
    for name in ["photo.TXT", "photo.Txt", "photo.png.XMP"] {
        let beside = folder.path().join(name);
        std::fs::write(&beside, PARAMETERS).unwrap();
        assert_eq!(walk::sidecars(&asset).iter().filter(|found| **found == beside).count(), 1, "{name}");
        std::fs::remove_file(beside).unwrap();
    }
}

fn signed(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/c2pa").join(name)).unwrap()
}

/// The problems of a file with credentials that keep it from being called clean.
fn obstacles(name: &str, bytes: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let verifier = Arc::new(Verifier::new(&Options::default()).unwrap());
    let options = extract::Options { verifier: Some(Arc::clone(&verifier)), ..extract::Options::default() };
    judged(&extract::facts(&path, &[], &options)).1
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|w| w == what).unwrap()
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let found: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!found.is_empty(), "{}", from.escape_ascii());
    let mut out = bytes.to_vec();
    found.into_iter().for_each(|at| out[at..at + to.len()].copy_from_slice(to));
    out
}

/// As [`replaced`], in the assertion alone: the claim behind it still names it.
fn replaced_first(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = find(bytes, from);
    [&bytes[..at], to, &bytes[at + to.len()..]].concat()
}

/// Zeros from behind the first store's superbox header to its end.
fn zeroed(bytes: &[u8]) -> Vec<u8> {
    let at = find(bytes, b"jumb");
    let len = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
    let mut out = bytes.to_vec();
    // A JPEG's second segment would have a header of its own: the first bytes are enough to lose the store.
    let end = (at + len - 4).min(at + 60_000).min(out.len() - 64);
    out[at..end].fill(0);
    out
}

#[test]
fn a_store_that_cannot_be_read_is_never_clean() {
    for name in ["generated.jpg", "generated.png", "generated.wav", "generated.mp4"] {
        let whole = signed(name);
        assert_eq!(obstacles(name, &whole), Vec::<String>::new(), "{name}");
        for (what, damaged) in [
            ("type of the manifest", replaced(&whole, b"c2ma\0\x11", b"c2mb\0\x11")),
            (
                "both outer names",
                replaced(&replaced(&whole, b"c2pa\0\x11\0\x10", b"c2pX\0\x11\0\x10"), b"c2ma\0\x11", b"c2mX\0\x11"),
            ),
            ("zeros", zeroed(&whole)),
            ("label of the actions", replaced_first(&whole, b"c2pa.actions", b"c2pa.actionz")),
        ] {
            // A PNG chunk's checksum tells of its own; what counts is that the store does.
            let told = obstacles(name, &damaged);
            assert!(told.iter().any(|what| what.contains("C2PA") || what.contains("box")), "{name}, {what}: {told:?}");
        }
    }
}
