//! Hostile deliveries of our own making: little on the drive, much to unfold, to match or to keep in memory.
//!
//! Each is a folder. Where one can be read whole within the bounds, a mark stands at its far end: a scan either finds that
//! mark or says that it stopped before.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::containers::{apic, bomb, jpeg_like_text, mp3, mp4, png, svg, text_chunk, zip, zlib};
use super::timelines;

/// One hostile delivery.
pub(crate) struct Attack {
    /// The folder's name.
    pub(crate) name: &'static str,
    /// What is tried, for people.
    pub(crate) what: &'static str,
    /// Writes it into an empty folder.
    pub(crate) make: fn(&Path),
    /// What `scan` is asked for beside the folder.
    pub(crate) arguments: &'static [&'static str],
    /// Whether there is no mark to be found, so that a scan must say that it did not read all.
    pub(crate) unreadable: bool,
}

/// Most attacks: nothing asked for, told or found.
const PLAIN: Attack = Attack { name: "", what: "", make: |_| {}, arguments: &[], unreadable: true };

/// Pictures in one file: as many as are read of one.
const PICTURES: usize = 60;
/// Bytes of what is called "20 MB of anything".
const ANYTHING: usize = 20_000_000;
/// What says that a picture was generated.
pub(crate) const MARK: &str = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/></rdf:RDF></x:xmpmeta>"#;

/// All of them.
pub(crate) static ALL: &[Attack] = &[
    Attack {
        name: "nested-document",
        what: "a small DOCX of pictures whose text unfolds to gigabytes",
        make: document,
        ..PLAIN
    },
    Attack { name: "nested-twice", what: "the same pictures in sounds in a DOCX", make: nested_twice, ..PLAIN },
    Attack {
        name: "heavy-document",
        what: "a DOCX of 60 sounds that unfold to 30 MB each",
        make: heavy_document,
        ..PLAIN
    },
    Attack { name: "many-tags", what: "a PNG of 10,000 tags", make: many_tags, unreadable: false, ..PLAIN },
    Attack { name: "many-marks", what: "6 PNGs of 19,000 marks each", make: many_marks, unreadable: false, ..PLAIN },
    Attack { name: "bombs-zip", what: "60 picture bombs in a ZIP", make: bombs_zip, ..PLAIN },
    Attack { name: "bombs-mp4", what: "60 picture bombs as covers of an MP4", make: bombs_mp4, ..PLAIN },
    Attack { name: "bombs-mp3", what: "60 picture bombs as APIC frames of an MP3", make: bombs_mp3, ..PLAIN },
    Attack { name: "bombs-svg", what: "60 picture bombs as data: addresses of an SVG", make: bombs_svg, ..PLAIN },
    Attack {
        name: "one-sidecar",
        what: "3,000 files with one stem, and long sidecars of it",
        make: one_sidecar,
        ..PLAIN
    },
    Attack { name: "ignore-patterns", what: "an ASC MHL of very many ignore patterns", make: ignore_patterns, ..PLAIN },
    Attack { name: "deep-xml", what: "XML that is nested a million times", make: deep_xml, ..PLAIN },
    Attack {
        name: "object-streams",
        what: "a PDF of object streams that unfold to 60 MB each",
        make: object_streams,
        ..PLAIN
    },
    Attack { name: "zip-of-zips", what: "ZIPs in ZIPs in ZIPs, 16 each, around a bomb", make: zip_of_zips, ..PLAIN },
    Attack {
        name: "wide-json",
        what: "JSON of eight million numbers, in a PNG and beside one",
        make: wide_json,
        ..PLAIN
    },
    Attack { name: "wide-xml", what: "manifests of 5 million empty elements", make: wide_xml, ..PLAIN },
    Attack { name: "wide-timelines", what: "timelines of a million small parts", make: timelines::wide, ..PLAIN },
    Attack {
        name: "many-references",
        what: "a timeline whose clips look for angles among 150,000",
        make: timelines::references,
        ..PLAIN
    },
    Attack { name: "many-sequences", what: "a project of 150,000 sequences", make: timelines::sequences, ..PLAIN },
    Attack {
        name: "archived-timelines",
        what: "a ZIP of 40 timelines of 17 MB each",
        make: timelines::archived,
        ..PLAIN
    },
    Attack {
        name: "archived-maps",
        what: "a ZIP of 200 asset maps of 480,000 elements",
        make: timelines::maps,
        ..PLAIN
    },
    Attack {
        name: "large-pictures",
        what: "8 black pictures of 81 million pixels",
        make: large_pictures,
        arguments: &["--pixels", "--jobs", "8"],
        unreadable: false,
    },
    Attack {
        name: "kept-tags",
        what: "8 PNGs of 6,000 long tags each that are to be kept",
        make: kept_tags,
        arguments: &["--tags", "--jobs", "8"],
        unreadable: false,
    },
    Attack {
        name: "random",
        what: "20 MB of random bytes under many names",
        make: |to| anything(to, &random(ANYTHING)),
        ..PLAIN
    },
    Attack {
        name: "zeros",
        what: "20 MB of zeros under many names",
        make: |to| anything(to, &vec![0; ANYTHING]),
        ..PLAIN
    },
    Attack {
        name: "less-than",
        what: "20 MB of < under many names",
        make: |to| anything(to, &vec![b'<'; ANYTHING]),
        ..PLAIN
    },
    Attack {
        name: "braces",
        what: "20 MB of { under many names",
        make: |to| anything(to, &vec![b'{'; ANYTHING]),
        ..PLAIN
    },
    Attack {
        name: "brackets",
        what: "20 MB of [ under many names",
        make: |to| anything(to, &vec![b'['; ANYTHING]),
        ..PLAIN
    },
    Attack {
        name: "elements",
        what: "20 MB of <a> under many names",
        make: |to| anything(to, &b"<a>".repeat(ANYTHING / 3)),
        ..PLAIN
    },
];

fn write(to: &Path, name: &str, bytes: &[u8]) {
    let path = to.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// What makes a ZIP a Word document, and then these members.
fn docx(members: &[(String, &[u8])]) -> Vec<u8> {
    let types =
        br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
    let body =
        br#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>"#;
    let own = [("[Content_Types].xml".to_owned(), &types[..]), ("word/document.xml".to_owned(), &body[..])];
    zip(own.into_iter().chain(members.iter().cloned()))
}

fn numbered<'a>(what: &str, count: usize, bytes: &'a [u8], ending: &str) -> Vec<(String, &'a [u8])> {
    (0..count).map(|n| (format!("{what}{n}.{ending}"), bytes)).collect()
}

fn document(to: &Path) {
    let picture = bomb();
    write(to, "letter.docx", &docx(&numbered("word/media/image", PICTURES, &picture, "png")));
}

fn nested_twice(to: &Path) {
    let sound = mp3(&vec![apic(&bomb()); PICTURES]);
    write(to, "letter.docx", &docx(&numbered("word/media/sound", PICTURES, &sound, "mp3")));
}

fn heavy_document(to: &Path) {
    let mut sound =
        b"RIFF\0\0\xC2\x01WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xBB\0\0\0\x77\x01\0\x02\0\x10\0data\xDC\xFF\xC1\x01"
            .to_vec();
    sound.resize(0x01C2_0008, 0);
    write(to, "letter.docx", &docx(&numbered("word/media/sound", PICTURES, &sound, "wav")));
}

fn many_tags(to: &Path) {
    let chunks =
        (0..10_000).map(|n| text_chunk(b"tEXt", &format!("Field {n}"), format!("value {n}, nothing more").as_bytes()));
    let mark = text_chunk(b"tEXt", "XML:com.adobe.xmp", MARK.as_bytes());
    write(to, "tags.png", &png(&chunks.chain([mark]).collect::<Vec<_>>()));
}

fn many_marks(to: &Path) {
    let chunk = text_chunk(b"tEXt", "Software", b"Midjourney v6");
    let picture = png(&vec![chunk; 19_000]);
    (0..6).for_each(|n| write(to, &format!("marks{n}.png"), &picture));
}

fn bombs_zip(to: &Path) {
    let picture = bomb();
    write(to, "stills.zip", &zip(numbered("still", PICTURES, &picture, "png").into_iter()));
}

fn bombs_mp4(to: &Path) {
    write(to, "clip.mp4", &mp4(&vec![bomb(); PICTURES]));
}

fn bombs_mp3(to: &Path) {
    write(to, "song.mp3", &mp3(&vec![apic(&bomb()); PICTURES]));
}

fn bombs_svg(to: &Path) {
    write(to, "drawing.svg", &svg(&vec![bomb(); PICTURES]));
}

fn one_sidecar(to: &Path) {
    let long = jpeg_like_text(15 * 1024 * 1024);
    for ending in ["txt", "json", "yaml"] {
        write(to, &format!("shot.{ending}"), long.as_bytes());
    }
    write(to, "shot.xmp", MARK.replace("trainedAlgorithmicMedia", "digitalCapture").as_bytes());
    let picture = png(&[text_chunk(b"tEXt", "Comment", b"nothing")]);
    for n in 0..3_000 {
        write(to, &format!("shot.{n:04}"), &picture);
    }
}

fn ignore_patterns(to: &Path) {
    let mut list = String::from(
        "<?xml version=\"1.0\"?><hashlist version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"><processinfo><ignore>",
    );
    for n in 0..400_000 {
        let _ = write!(list, "<pattern>*{n:x}?*[a-z]*{n}**/x{{a,b,c}}*{n:x}*[!q]*y*</pattern>");
    }
    list.push_str("</ignore></processinfo><hashes/></hashlist>");
    write(to, "ascmhl/0001_reel.mhl", list.as_bytes());
    (0..12).for_each(|n| write(to, &format!("reel/{n}/deep/below/a{n}.png"), &png(&[])));
}

fn deep_xml(to: &Path) {
    let deep = format!("{}x{}", "<a>".repeat(1_000_000), "</a>".repeat(1_000_000));
    let drawing = format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{deep}</svg>");
    let packet = format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\">{deep}</rdf:Description></rdf:RDF></x:xmpmeta>"
    );
    write(to, "drawing.svg", drawing.as_bytes());
    write(to, "still.xmp", packet.as_bytes());
    write(to, "still.png", &png(&[text_chunk(b"zTXt", "XML:com.adobe.xmp", packet.as_bytes())]));
    write(
        to,
        "ASSETMAP.xml",
        format!("<AssetMap xmlns=\"http://www.smpte-ra.org/schemas/429-9/2007/AM\">{deep}</AssetMap>").as_bytes(),
    );
    write(to, "cut.fcpxml", format!("<!DOCTYPE fcpxml><fcpxml version=\"1.10\">{deep}</fcpxml>").as_bytes());
    write(to, "cut.xml", format!("<!DOCTYPE xmeml><xmeml version=\"5\">{deep}</xmeml>").as_bytes());
}

/// Streams each of which holds the next: dictionaries of text fields.
fn object_streams(to: &Path) {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for n in 0..60 {
        let mut held = format!("{} 0 ", 1_000 + n);
        let first = held.len();
        let _ = write!(held, "<< /Type /Metadata /Next {} 0 R /Text (", 1_001 + n);
        held.push_str(&"{<\\(".repeat(15 * 1024 * 1024));
        held.push_str(") >>");
        let packed = zlib(held.as_bytes());
        places.push(pdf.len());
        let extends = if n > 0 { format!("/Extends {} 0 R", n) } else { String::new() };
        pdf.extend(
            format!(
                "{} 0 obj\n<< /Type /ObjStm /N 1 /First {first} {extends} /Filter /FlateDecode /Length {} >>\nstream\n",
                n + 1,
                packed.len()
            )
            .bytes(),
        );
        pdf.extend(packed);
        pdf.extend(b"\nendstream\nendobj\n");
    }
    // A cross-reference stream: objects in the streams, and the streams themselves.
    let mut rows = vec![0_u8; 7];
    for place in &places {
        rows.push(1);
        rows.extend((*place as u32).to_be_bytes());
        rows.extend([0, 0]);
    }
    let mut inner = Vec::new();
    for n in 0..60_u32 {
        inner.push(2);
        inner.extend((n + 1).to_be_bytes());
        inner.extend([0, 0]);
    }
    let (count, at) = (rows.len() / 7, pdf.len());
    rows.extend(inner);
    pdf.extend(format!("900 0 obj\n<< /Type /XRef /Size 2000 /W [1 4 2] /Index [0 {count} 1000 60] /Root 1000 0 R /Info 1001 0 R /Length {} >>\nstream\n", rows.len()).bytes());
    pdf.extend(rows);
    pdf.extend(format!("\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").bytes());
    write(to, "letter.pdf", &pdf);
}

fn zip_of_zips(to: &Path) {
    let (mut inner, mut ending) = (bomb(), "png");
    for _ in 0..4 {
        inner = zip(numbered("inner", 16, &inner, ending).into_iter());
        ending = "zip";
    }
    write(to, "stills.zip", &inner);
}

fn wide_json(to: &Path) {
    let numbers = format!("{{\"prompt\": [{}0]}}", "0,".repeat(8_000_000));
    write(
        to,
        "graph.png",
        &png(&[text_chunk(b"zTXt", "workflow", numbers.as_bytes()), text_chunk(b"zTXt", "prompt", numbers.as_bytes())]),
    );
    write(to, "still.png", &png(&[]));
    write(to, "still.json", numbers.as_bytes());
    write(
        to,
        "cut.otio",
        format!("{{\"OTIO_SCHEMA\": \"Timeline.1\", \"tracks\": [{}0]}}", "{},".repeat(8_000_000)).as_bytes(),
    );
}

fn wide_xml(to: &Path) {
    let wide = "<a/>".repeat(5_000_000);
    write(
        to,
        "dcp/ASSETMAP.xml",
        format!("<AssetMap xmlns=\"http://www.smpte-ra.org/schemas/429-9/2007/AM\">{wide}</AssetMap>").as_bytes(),
    );
    write(to, "list.mhl", format!("<hashlist version=\"1.1\">{wide}</hashlist>").as_bytes());
    write(to, "cut.fcpxml", format!("<!DOCTYPE fcpxml><fcpxml version=\"1.10\">{wide}</fcpxml>").as_bytes());
    write(to, "cut.xml", format!("<!DOCTYPE xmeml><xmeml version=\"5\">{wide}</xmeml>").as_bytes());
    write(to, "drawing.svg", format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{wide}</svg>").as_bytes());
}

fn large_pictures(to: &Path) {
    let side = 9_000_u32;
    let mut rows = Vec::new();
    for _ in 0..side {
        rows.push(0);
        rows.resize(rows.len() + 3 * side as usize, 0);
    }
    let picture =
        super::containers::picture(side, side, &rows, &[text_chunk(b"tEXt", "XML:com.adobe.xmp", MARK.as_bytes())]);
    (0..8).for_each(|n| write(to, &format!("black{n}.png"), &picture));
}

fn kept_tags(to: &Path) {
    let value = jpeg_like_text(40_000);
    let chunk = text_chunk(b"zTXt", "Comment", value.as_bytes());
    let mark = text_chunk(b"tEXt", "XML:com.adobe.xmp", MARK.as_bytes());
    let picture = png(&vec![chunk; 6_000].into_iter().chain([mark]).collect::<Vec<_>>());
    (0..8).for_each(|n| write(to, &format!("kept{n}.png"), &picture));
}

/// The same bytes under names that promise formats, sidecars, manifests and timelines: one file with many names, where the
/// file system has such.
fn anything(to: &Path, bytes: &[u8]) {
    const NAMES: &[&str] = &[
        "a.png",
        "a.json",
        "a.txt",
        "a.xmp",
        "a.yaml",
        "b.svg",
        "c.pdf",
        "d.mp3",
        "e.zip",
        "f.tar",
        "g.edl",
        "h.otio",
        "i.fcpxml",
        "j.xml",
        "k.aaf",
        "l.mhl",
        "m.mxf",
        "n.docx",
        "o.heic",
        "p.eps",
        "dcp/ASSETMAP",
        "dcp/VOLINDEX",
        "imf/ASSETMAP.xml",
        "bag/bagit.txt",
        "bag/manifest-md5.txt",
        "bag/bag-info.txt",
        "history/ascmhl/0001_a.mhl",
        "history/ascmhl/ascmhl_chain.xml",
    ];
    write(to, "bytes", bytes);
    for name in NAMES {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::hard_link(to.join("bytes"), &path).or_else(|_| fs::write(&path, bytes)).unwrap();
    }
}

/// Bytes without order, always the same.
pub(crate) fn random(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33).to_le_bytes()
    };
    std::iter::repeat_with(next).flat_map(|bytes| [bytes[0], bytes[1], bytes[2]]).take(len).collect()
}
