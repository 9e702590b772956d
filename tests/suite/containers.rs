//! Matroska, MXF, PDF and their neighbors: what is found, what is noticed when it is cut, what it costs.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its samples has failed")]

use crate::samples::mxf;
use crate::samples::pdf;
use crate::samples::ts;
use crate::samples::{Sample, matroska};

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use countersign::identify::identify;
use countersign::model::{Extraction, ProblemKind};
use countersign::source::Source;

const GIB_2: u64 = 2 << 30;
const MIB: u64 = 1 << 20;

fn read_source(source: &mut Source) -> Extraction {
    let mut out = Extraction::default();
    if let Some(format) = identify(source).unwrap() {
        out.facts.format = Some(format.info().id);
        if let Err(problem) = format.read(source, &mut out) {
            out.facts.problems.push(problem.within(&format.info().id));
        }
    }
    out
}

fn read(bytes: &[u8]) -> Extraction {
    read_source(&mut Source::memory(bytes.to_vec(), 0))
}

fn all() -> Vec<Sample> {
    [matroska::samples(), mxf::samples(), pdf::samples(), ts::samples()].concat()
}

fn value<'a>(found: &'a Extraction, key: &str) -> &'a str {
    found.facts.tags.iter().find(|t| t.key == key).map_or("", |t| &t.value)
}

/// Pieces at offsets in a sparse file of `len` bytes, read as a file is.
fn sparse(pieces: &[(u64, &[u8])], len: u64) -> (Extraction, u64) {
    let temporary = tempfile::NamedTempFile::new().unwrap();
    let mut file = File::options().write(true).open(temporary.path()).unwrap();
    for (at, bytes) in pieces {
        file.seek(SeekFrom::Start(*at)).unwrap();
        file.write_all(bytes).unwrap();
    }
    file.set_len(len).unwrap();
    let mut source = Source::open(temporary.path()).unwrap();
    let found = read_source(&mut source);
    (found, source.spent().bytes)
}

#[test]
fn whole_samples_have_no_blocking_problem() {
    for (name, bytes) in all() {
        let found = read(&bytes);
        assert!(found.facts.format.is_some(), "{name}");
        let blocking: Vec<_> = found.facts.problems.iter().filter(|p| p.blocking).collect();
        assert!(blocking.is_empty(), "{name}: {blocking:?}");
    }
}

#[test]
fn no_prefix_panics() {
    for (_, bytes) in all() {
        for end in 0..bytes.len() {
            read(&bytes[..end]);
        }
    }
}

#[test]
fn no_flipped_byte_panics() {
    for (_, bytes) in all() {
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xFF] {
                let mut broken = bytes.clone();
                broken[at] ^= flip;
                read(&broken);
            }
        }
    }
}

#[test]
fn cut_files_are_never_clean() {
    for (name, bytes) in matroska::samples().into_iter().chain(mxf::samples()) {
        // The live stream has no stated end: cut between two elements it is whole.
        if name.contains("live") {
            continue;
        }
        // The random index pack at an MXF file's end only saves a search.
        let needed = bytes.len() - if name.contains("mxf") { 65 } else { 0 };
        for end in 400..needed {
            let found = read(&bytes[..end]);
            assert!(found.facts.problems.iter().any(|p| p.blocking), "{name} cut at {end} of {}", bytes.len());
        }
    }
}

#[test]
fn a_live_stream_cut_inside_its_tags_is_truncated() {
    let (_, bytes) = matroska::samples().into_iter().find(|(name, _)| *name == "webm-live-aigc.webm").unwrap();
    let found = read(&bytes[..bytes.len() - 1]);
    assert!(
        found.facts.problems.iter().any(|p| p.blocking && p.kind == ProblemKind::Truncated),
        "{:?}",
        found.facts.problems
    );
    assert!(value(&read(&bytes), "AIGC").starts_with("{\"Label\""));
}

#[test]
fn nested_tags_and_targets_are_in_the_place() {
    let (_, bytes) = matroska::samples().into_iter().find(|(name, _)| name.contains("late")).unwrap();
    let found = read(&bytes);
    let artist = found.facts.tags.iter().find(|t| t.key == "ARTIST").unwrap();
    assert_eq!(artist.place, "Matroska Segment/Tags/Tag/SimpleTag/SimpleTag, Matroska ARTIST");
    assert_eq!(&bytes[artist.offset.unwrap() as usize..][..8], b"Somebody");
    assert_eq!(value(&found, "DateUTC"), "2023-03-08T20:26:40Z");
}

#[test]
fn simple_tags_nested_too_deep_are_a_problem_and_no_crash() {
    let mut tag = matroska::simple("AIGC", "deep");
    for _ in 0..5_000 {
        tag = matroska::element(0x67C8, &tag);
    }
    let body = matroska::tags(&[tag]);
    let found = read(&[matroska::ebml("matroska"), matroska::element(0x1853_8067, &body)].concat());
    assert!(found.facts.problems.iter().any(|p| p.blocking && p.kind == ProblemKind::Limit));
}

#[test]
fn matroska_tags_at_the_end_of_two_gibibytes_cost_little() {
    let tags = matroska::tags(&[matroska::simple("AIGC", "late")]);
    let ebml = matroska::ebml("matroska");
    let body = (ebml.len() + 12) as u64;
    let tags_at = GIB_2 - tags.len() as u64;
    let seek = matroska::seek_head(0x1254_C367, tags_at - body);
    let segment = matroska::header(0x1853_8067, GIB_2 - body);
    let cluster_at = body + seek.len() as u64;
    let cluster = matroska::header(0x1F43_B675, tags_at - cluster_at - 12);
    let front = [ebml, segment, seek, cluster].concat();
    let (found, spent) = sparse(&[(0, &front), (tags_at, &tags)], GIB_2);
    assert_eq!(value(&found, "AIGC"), "late");
    assert_eq!(found.facts.problems, []);
    assert!(spent < MIB / 8, "{spent}");
}

#[test]
fn clusters_are_hopped_over_where_no_seek_head_helps() {
    let (count, size) = (1_000u64, 2_000_000u64);
    let ebml = matroska::ebml("matroska");
    let body = (ebml.len() + 12) as u64;
    let tags = matroska::tags(&[matroska::simple("AIGC", "late")]);
    let len = body + count * size + tags.len() as u64;
    let front = [ebml, matroska::header(0x1853_8067, len - body)].concat();
    let cluster = matroska::header(0x1F43_B675, size - 12);
    let mut pieces: Vec<(u64, &[u8])> = vec![(0, &front)];
    pieces.extend((0..count).map(|n| (body + n * size, cluster.as_slice())));
    pieces.push((body + count * size, &tags));
    let (found, spent) = sparse(&pieces, len);
    assert_eq!(value(&found, "AIGC"), "late");
    assert_eq!(found.facts.problems, []);
    assert!(spent < MIB / 4, "{spent}");
}

#[test]
fn mxf_of_two_gibibytes_costs_little() {
    let (front, back) = mxf::front_and_back(&mxf::metadata("Reel", "AIGC", "said"), "{\"said\":1}", GIB_2);
    let at = front.len() as u64 + GIB_2;
    let (found, spent) = sparse(&[(0, &front), (at, &back)], at + back.len() as u64);
    assert_eq!(value(&found, "TaggedValue.AIGC"), "said");
    assert_eq!(value(&found, "RP2057:text"), "{\"said\":1}");
    assert_eq!(found.facts.problems, []);
    assert!(spent < MIB / 8, "{spent}");
}

#[test]
fn mxf_partitions_are_found_without_an_index_pack() {
    let (_, bytes) = mxf::samples().into_iter().find(|(name, _)| name.contains("tagged")).unwrap();
    let index = bytes.len() - 65;
    let without = read(&bytes[..index]);
    assert_eq!(value(&without, "RP2057:text"), value(&read(&bytes), "RP2057:text"));
    assert_ne!(value(&without, "RP2057:text"), "");
    assert_eq!(value(&without, "Identification.ProductName"), "Fixture");
    assert_eq!(value(&without, "0e7f0102.03040506.0x8002"), "house note");
    assert!(!without.facts.tags.iter().any(|t| t.key.ends_with("0x8003")));
}

/// A header, a body and a footer partition: metadata in the first two.
fn mxf_with_body(header: &[u8], body: &[u8], stated: u64) -> Vec<u8> {
    let closed = mxf::Partition { status: 4, ..mxf::Partition::default() };
    let pack = mxf::partition(&closed).len() as u64;
    let body_at = pack + header.len() as u64;
    let footer_at = body_at + pack + body.len() as u64;
    let closed = mxf::Partition { footer: footer_at, ..closed };
    [
        mxf::partition(&mxf::Partition { kind: 2, header: header.len() as u64, ..closed }),
        header.to_vec(),
        mxf::partition(&mxf::Partition { kind: 3, this: body_at, header: stated, sid: 1, ..closed }),
        body.to_vec(),
        mxf::partition(&mxf::Partition { kind: 4, this: footer_at, previous: body_at, ..closed }),
    ]
    .concat()
}

#[test]
fn metadata_of_an_mxf_body_partition_is_read_where_it_is_not_the_same_again() {
    let (first, other) = (mxf::metadata("Reel", "Comment", "graded"), mxf::metadata("Reel", "AIGC", "said late"));
    let found = read(&mxf_with_body(&first, &other, other.len() as u64));
    assert_eq!(found.facts.problems, []);
    assert_eq!(value(&found, "TaggedValue.Comment"), "graded");
    let late = found.facts.tags.iter().find(|tag| tag.value == "said late").unwrap();
    assert!(late.place.starts_with("MXF body metadata"), "{}", late.place);
    // What only repeats the header's is told once.
    let again = read(&mxf_with_body(&first, &first, first.len() as u64));
    assert_eq!(again.facts.problems, []);
    assert!(again.facts.tags.iter().all(|tag| !tag.place.starts_with("MXF body metadata")));
    // What cannot be read is never clean.
    let mut damaged = other.clone();
    damaged[0] = 0;
    for (body, stated) in [(&damaged, damaged.len() as u64), (&other, other.len() as u64 - 5)] {
        let problems = read(&mxf_with_body(&first, body, stated)).facts.problems;
        assert!(problems.iter().any(|problem| problem.blocking), "{problems:?}");
    }
}

#[test]
fn pdf_says_what_it_holds() {
    let found = |wanted: &str| read(&pdf::samples().into_iter().find(|(name, _)| name.contains(wanted)).unwrap().1);
    assert!(value(&found("aigc-info"), "AIGC").contains("Label"));
    assert_eq!(value(&found("words"), "Subject"), "AI");
    assert_eq!(value(&found("object-stream"), "AIGC"), "in an object stream");
    assert!(value(&found("no-tables"), "AIGC").contains("Label"));
    let manifest = found("manifest");
    assert_eq!(manifest.stores.len(), 1);
    assert_eq!(&manifest.stores[0].bytes[4..8], b"jumb");
    assert_eq!(manifest.stores[0].place, "PDF embedded file");
}

#[test]
fn encrypted_pdf_is_not_clean() {
    let catalog = b"<< /Type /Catalog >>".to_vec();
    let found = read(&pdf::file(&[catalog], "/Encrypt << /Filter /Standard /V 2 >>"));
    assert!(found.facts.problems.iter().any(|p| p.blocking && p.kind == ProblemKind::Unsupported));
}

#[test]
fn an_update_of_a_pdf_without_its_end_is_not_clean() {
    let whole = pdf::file(&[b"<< /Type /Catalog >>".to_vec()], "");
    assert_eq!(read(&whole).facts.problems, []);
    let begun = [&whole[..], b"\n7 0 obj\n<< /Type /Metadata /Subtype /XML /Length 2000 >>\nstream\n<?xpac"].concat();
    let found = read(&begun);
    assert!(
        found.facts.problems.iter().any(|p| p.blocking && p.kind == ProblemKind::Truncated),
        "{:?}",
        found.facts.problems
    );
    // A note of a mail gateway is no object.
    let noted = [&whole[..], b"\nscanned, no objections 3 0 objects\n"].concat();
    assert!(read(&noted).facts.problems.iter().all(|p| !p.blocking));
}

#[test]
fn postscript_without_its_last_comment_is_whole_where_the_page_is_closed() {
    let blocking = |text: &str| read(text.as_bytes()).facts.problems.iter().any(|p| p.blocking);
    let head = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n";
    assert!(!blocking(&format!("{head}gsave\n00ff\n%%%%EndBinary\ngrestore end\n")));
    assert!(!blocking(&format!("{head}showpage\n")));
    assert!(blocking(&format!("{head}gsave\n00ff\n")));
    assert!(blocking(&format!("{head}gsave\nlegend\n")));
    assert!(blocking(&format!("{head}showpa")));
    assert!(blocking(&format!("{head}%%Title: (atend)\nshowpage\n")));
}

#[test]
fn a_pdf_that_leads_to_itself_ends() {
    let catalog = b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 2 0 R >> >>".to_vec();
    let pages = b"<< /Kids [2 0 R 1 0 R] /Names [(a) 2 0 R] /Resources << /XObject << /A 2 0 R >> >> >>".to_vec();
    let found = read(&pdf::file(&[catalog, pages, b"3 0 R".to_vec()], "/Info 3 0 R"));
    assert_eq!(found.facts.format.as_deref(), Some("pdf"));
}

#[test]
fn pdf_of_two_gibibytes_costs_little() {
    let small = pdf::file(&[b"<< /Type /Catalog >>".to_vec(), b"<< /AIGC (said) >>".to_vec()], "/Info 2 0 R");
    let table = small.windows(5).position(|w| w == b"xref\n").unwrap();
    let gap = GIB_2 - small.len() as u64;
    let tail = String::from_utf8_lossy(&small[table..])
        .replace(&format!("startxref\n{table}"), &format!("startxref\n{}", table as u64 + gap));
    let (found, spent) = sparse(&[(0, &small[..table]), (table as u64 + gap, tail.as_bytes())], GIB_2 + 8);
    assert_eq!(value(&found, "AIGC"), "said");
    assert!(spent < MIB / 8, "{spent}");
}

#[test]
fn service_names_and_comments() {
    let found = |wanted: &str| read(&ts::samples().into_iter().find(|(name, _)| name.contains(wanted)).unwrap().1);
    assert_eq!(value(&found("ts-service"), "service_name"), "trainedAlgorithmicMedia");
    assert_eq!(value(&found("bdav"), "service_name"), "Disc");
    assert_eq!(value(&found("asf-aigc"), "Title"), "shot");
    assert!(value(&found("asf-aigc"), "AIGC").contains("Label"));
    assert_eq!(value(&found("eps-words"), "Title"), "AIGC trainedAlgorithmicMedia");
}
