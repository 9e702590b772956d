//! Archives: their members are assets of their own, wherever they stand, and whatever an archive is built to do.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::archives;
use crate::shared::archived;

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use archived::{folder, marked, sample, words};
use archives::{Zipped, deflated, gzip, pax, stored, taped, tar, zip};
use countersign::c2pa::{self, Verifier};
use countersign::judge::Judge;
use countersign::model::{Ai, AssetReport, Finding, FindingState, PackageReport, ProblemKind, Role, Severity, Summary};
use countersign::policy::Policy;
use countersign::scan::{self, Scan, Watch};
use countersign::source::Source;
use countersign::{extract, limits, packages};

struct Nobody(AtomicBool);

impl Watch for Nobody {
    fn hashed(&self, _: u64) {}

    fn judged(&self, _: u64, _: &[Finding]) {}

    fn stop(&self) -> &AtomicBool {
        &self.0
    }
}

/// What a run is asked besides its folder.
#[derive(Default)]
struct Asked<'a> {
    depth: Option<usize>,
    jobs: usize,
    exclude: &'a [&'a str],
    policy: Option<&'a str>,
    verifier: Option<&'a Verifier>,
}

fn judged(folder: &Path, asked: &Asked<'_>) -> (Vec<AssetReport>, Summary) {
    let policy = match asked.policy {
        Some(text) => {
            let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
            std::fs::write(file.path(), text).unwrap();
            Policy::named(file.path()).unwrap()
        }
        None => Policy::builtin("netflix-genai").unwrap(),
    };
    let mut exclude = globset::GlobSetBuilder::new();
    for pattern in asked.exclude {
        exclude.add(globset::GlobBuilder::new(pattern).literal_separator(true).build().unwrap());
    }
    let scan = Scan {
        judge: Judge::new(&policy, None, chrono::NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()),
        cache: None,
        policy: &policy,
        extract: extract::Options { verifier: asked.verifier, ..extract::Options::default() },
        catalogue: countersign::marks::built_in(),
        role: None,
        exclude: exclude.build().unwrap(),
        listed: None,
        integrity: false,
        jobs: asked.jobs,
        tags: true,
        max_archive_depth: asked.depth.unwrap_or(limits::ARCHIVE_DEPTH),
        timelines: vec![],
        fail_on: Severity::Error,
        attest: None,
        known: None,
    };
    let mut rows = Vec::new();
    let told = &mut |row: &AssetReport| {
        rows.push(row.clone());
        Ok(())
    };
    let summary = scan::run(
        &scan,
        &countersign::io::Roots::local(&[folder.to_path_buf()]),
        &Nobody(AtomicBool::new(false)),
        told,
    )
    .unwrap();
    (rows, summary)
}

/// The rows and packages of a folder with one file.
fn of(name: &str, bytes: Vec<u8>) -> (Vec<AssetReport>, Summary) {
    judged(folder(&[(name, bytes)]).path(), &Asked { jobs: 1, ..Asked::default() })
}

fn paths(rows: &[AssetReport]) -> Vec<&str> {
    rows.iter().map(|r| r.path.as_str()).collect()
}

fn row<'a>(rows: &'a [AssetReport], path: &str) -> &'a AssetReport {
    rows.iter().find(|r| r.path == path).unwrap_or_else(|| panic!("no {path} in {:?}", paths(rows)))
}

fn rules(row: &AssetReport) -> Vec<&str> {
    row.findings.iter().map(|f| f.rule.as_str()).collect()
}

fn faults(package: &PackageReport) -> Vec<&str> {
    assert!(package.findings.iter().all(|f| f.rule == "package-malformed"), "{:?}", package.findings);
    package.findings.iter().map(|f| f.message.as_str()).collect()
}

/// The kinds of the problems that keep an asset from being judged.
fn blocked(row: &AssetReport) -> Vec<ProblemKind> {
    row.problems.iter().filter(|p| p.blocking).map(|p| p.kind).collect()
}

#[test]
fn a_mark_is_found_in_every_kind_of_archive_and_words_are_none() {
    let (marked, words) = (marked(), words());
    let tape = tar(&[taped("d/m.png", &marked), taped("d/w.png", &words)]);
    let described = Zipped { described: true, ..deflated("d/m.png", &marked) };
    let wide = Zipped { wide: true, ..deflated("d/m.png", &marked) };
    let program =
        [&b"MZ\x90\0"[..], &[7; 400], &zip(&[stored("d/m.png", &marked), stored("d/w.png", &words)])].concat();
    let parts = [gzip(None, &tape[..700]), gzip(None, &tape[700..])].concat();
    let samples = [
        ("a.zip", zip(&[stored("d/m.png", &marked), stored("d/w.png", &words)]), "a.zip!/d/"),
        ("a.zip", zip(&[deflated("d/m.png", &marked), deflated("d/w.png", &words)]), "a.zip!/d/"),
        ("a.zip", zip(&[described, deflated("d/w.png", &words)]), "a.zip!/d/"),
        ("a.zip", zip(&[wide, stored("d/w.png", &words)]), "a.zip!/d/"),
        ("a.exe", program, "a.exe!/d/"),
        ("a.tar", tape.clone(), "a.tar!/d/"),
        ("a.tgz", gzip(None, &tape), "a.tgz!/a.tar!/d/"),
        ("a.tar.gz", gzip(Some("b.tar"), &tape), "a.tar.gz!/b.tar!/d/"),
        ("a.tar.gz", parts, "a.tar.gz!/a.tar!/d/"),
    ];
    for (name, bytes, below) in samples {
        let size = bytes.len() as u64;
        let (rows, summary) = of(name, bytes);
        let hit = row(&rows, &format!("{below}m.png"));
        assert_eq!(
            (hit.ai, rules(hit), hit.bytes),
            (Ai::Generated, vec!["unapproved-ai-in-final"], marked.len() as u64)
        );
        assert!(hit.sha256.is_some());
        let miss = row(&rows, &format!("{below}w.png"));
        assert_eq!((miss.ai, rules(miss), miss.problems.len()), (Ai::None, vec![], 0), "{name}");
        let own = row(&rows, name);
        let noted = if name == "a.exe" { vec!["mislabelled-format"] } else { vec![] };
        assert_eq!((rules(own), own.package, summary.bytes), (noted, None, size), "{name}: {:?}", own.problems);
        assert_eq!(summary.packages.len(), summary.packages.iter().filter(|p| p.kind == "archive").count());
        let around = summary.packages.iter().find(|p| Some(p.id) == hit.package).unwrap();
        assert_eq!(format!("{}!/d/", around.root), below);
        assert!(summary.packages.iter().all(|p| p.findings.is_empty()), "{name}: {:?}", summary.packages);
    }
}

#[test]
fn the_rows_come_in_order_and_the_same_with_any_number_of_threads() {
    let inner = zip(&[deflated("b.png", &words()), deflated("a.png", &marked())]);
    let outer = tar(&[taped("z/x.zip", &inner), taped("y.png", &words()), taped("./x.png", &marked())]);
    let dir = folder(&[("a.png", words()), ("b.tar", outer.clone()), ("c.zip", zip(&[stored("b.tar", &outer)]))]);
    let one = judged(dir.path(), &Asked { jobs: 1, ..Asked::default() });
    let below = ["!/x.png", "!/y.png", "!/z/x.zip", "!/z/x.zip!/a.png", "!/z/x.zip!/b.png"];
    let mut wanted = vec!["a.png".to_owned(), "b.tar".to_owned()];
    wanted.extend(below.iter().map(|rest| format!("b.tar{rest}")));
    wanted.extend(["c.zip".to_owned(), "c.zip!/b.tar".to_owned()]);
    wanted.extend(below.iter().map(|rest| format!("c.zip!/b.tar{rest}")));
    assert_eq!(paths(&one.0), wanted);
    for _ in 0..4 {
        assert!(judged(dir.path(), &Asked { jobs: 8, ..Asked::default() }) == one);
    }
}

#[test]
fn archives_deeper_than_allowed_are_named_and_not_clean() {
    let mut bytes = zip(&[stored("m.png", &marked())]);
    for level in 0..5 {
        bytes = zip(&[stored(&format!("{level}.zip"), &bytes)]);
    }
    let dir = folder(&[("a.zip", bytes)]);
    for depth in 0..7 {
        let (rows, _) = judged(dir.path(), &Asked { depth: Some(depth), ..Asked::default() });
        assert_eq!(rows.len(), depth.min(6) + 1);
        let last = rows.last().unwrap();
        match depth {
            6 => assert_eq!(last.ai, Ai::Generated),
            _ => assert_eq!(
                (blocked(last), rules(last)),
                (vec![ProblemKind::Limit], vec!["unreadable-asset"]),
                "{depth}"
            ),
        }
        assert!(rows.iter().rev().skip(1).all(|row| row.problems.is_empty()));
    }
}

#[test]
fn what_cannot_be_opened_is_named_and_not_clean() {
    let (marked, words) = (marked(), words());
    let members = [
        Zipped { flags: 1, ..stored("locked.png", &marked) },
        Zipped { method: Some(14), ..stored("lzma.png", &marked) },
        Zipped { crc: Some(7), ..deflated("sum.png", &marked) },
        Zipped { crc: Some(7), ..stored("sum-of-marked.png", &marked) },
        Zipped { size: Some(10), ..deflated("long.png", &marked) },
        Zipped { size: Some(9_999), ..deflated("short.png", &marked) },
        Zipped { size: Some(9), ..stored("sizes.png", &words) },
        stored("good.png", &words),
    ];
    let (rows, _) = of("a.zip", zip(&members));
    let kinds = |name: &str| blocked(row(&rows, &format!("a.zip!/{name}.png")));
    assert_eq!(kinds("locked"), [ProblemKind::Unsupported]);
    assert!(row(&rows, "a.zip!/locked.png").findings[0].message.contains("encrypted"));
    assert!(row(&rows, "a.zip!/lzma.png").findings[0].message.contains("LZMA"));
    for name in ["sum", "sum-of-marked", "short", "sizes"] {
        assert_eq!(kinds(name), [ProblemKind::Malformed], "{name}");
    }
    // What can be had of it is judged all the same.
    assert_eq!(row(&rows, "a.zip!/sum.png").ai, Ai::Generated);
    assert!(kinds("long").contains(&ProblemKind::Limit));
    assert_eq!(kinds("good"), []);

    for (name, magic) in
        [("a.7z", &b"7z\xbc\xaf\x27\x1c\0\x04"[..]), ("a.rar", b"Rar!\x1a\x07\x01\0"), ("a.txz", b"\xfd7zXZ\0\0")]
    {
        let (rows, _) = of(name, [magic, &[0; 64]].concat());
        assert_eq!((rules(&rows[0]), blocked(&rows[0])), (vec!["unreadable-asset"], vec![ProblemKind::Unsupported]));
        assert!(rows[0].findings[0].message.contains("unpack it and scan what it holds"));
    }
    // A name alone is no archive.
    assert_eq!(rules(&of("a.zip", b"no archive at all".to_vec()).0[0]), ["unreadable-asset"]);
}

#[test]
fn a_document_is_one_whatever_its_first_member_is_called() {
    let mark = "{&quot;Label&quot;:&quot;1&quot;,&quot;ContentProducer&quot;:&quot;example&quot;,&quot;ProduceID&quot;:&quot;1&quot;}";
    let custom = format!(
        "<Properties xmlns:vt=\"x\"><property name=\"AIGC\"><vt:lpwstr>{mark}</vt:lpwstr></property></Properties>"
    );
    let members = ["customXml/item1.xml", "[Content_Types].xml", "_rels/.rels"].map(|name| stored(name, b"<a/>"));
    let all = [&members[..], &[deflated("docProps/custom.xml", custom.as_bytes())]].concat();
    let (rows, _) = of("a.docx", zip(&all));
    assert_eq!((rows.len(), rows[0].format.as_deref(), rows[0].ai), (1, Some("ooxml"), Ai::Generated));
    // Only one of its parts: an archive of text files.
    assert_eq!(of("a.zip", zip(&members[..2])).0.len(), 3);
}

#[test]
fn dialects_of_tar_say_the_same() {
    let marked = marked();
    let long = format!("{}/m.png", "d/".repeat(120).trim_end_matches('/'));
    let plain = taped("short", &marked);
    let gnu = [archives::long_name(&long), plain.clone()].concat();
    let mut old = archives::header(b"m.png", 0, marked.len() as u64, b"");
    old.extend(archives::padded(&marked));
    let mut split = archives::header(b"m.png", b'0', marked.len() as u64, archives::USTAR);
    split[345..350].copy_from_slice(b"x/y/z");
    archives::sum(&mut split);
    split.extend(archives::padded(&marked));
    // A header that states no size at all, and a record that does.
    let sized = [archives::header(b"s.png", b'0', 0, archives::USTAR), archives::padded(&marked)].concat();
    let size = marked.len().to_string();
    let samples = [
        (gnu, long.clone()),
        (pax(&[("path", &long)], plain), long.clone()),
        (old, "m.png".to_owned()),
        (split, "x/y/z/m.png".to_owned()),
        (pax(&[("size", &size)], sized), "s.png".to_owned()),
    ];
    for (member, path) in samples {
        let link = archives::header(b"link.png", b'2', 0, archives::USTAR);
        let (rows, summary) = of("a.tar", tar(&[link, member]));
        assert_eq!(paths(&rows), ["a.tar".to_owned(), format!("a.tar!/{path}")]);
        assert_eq!((rows[1].ai, rows[0].problems.len()), (Ai::Generated, 0), "{path}: {:?}", rows[0].problems);
        assert!(summary.packages[0].findings.is_empty(), "{:?}", summary.packages[0].findings);
    }
    let sparse =
        [archives::header(b"s.png", b'S', marked.len() as u64, archives::GNU), archives::padded(&marked)].concat();
    for member in [sparse, pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.name", "s.png")], taped("x", &marked))] {
        let (rows, _) = of("a.tar", tar(&[member]));
        assert_eq!((rows[1].path.as_str(), blocked(&rows[1])), ("a.tar!/s.png", vec![ProblemKind::Unsupported]));
    }
    // Bytes behind a header that may have none are a member all the same.
    let hidden =
        [archives::header(b"l.png", b'1', marked.len() as u64, archives::USTAR), archives::padded(&marked)].concat();
    assert_eq!(of("a.tar", tar(&[hidden])).0[1].ai, Ai::Generated);
    let bare = archives::header(b"l.png", b'1', marked.len() as u64, archives::USTAR);
    assert_eq!(paths(&of("a.tar", tar(&[bare, taped("m.png", &marked)])).0), ["a.tar", "a.tar!/m.png"]);
}

#[test]
fn names_are_read_as_they_were_meant() {
    let mut sum = flate2::Crc::new();
    sum.update(b"caf_.png");
    let unicode = [&[1][..], &sum.sum().to_le_bytes(), "café 2.png".as_bytes()].concat();
    let members = [
        Zipped { name: b"caf\x82.png".to_vec(), ..stored("", &words()) },
        Zipped { flags: 1 << 11, ..stored("日本.png", &words()) },
        Zipped {
            extra: [&[0x75, 0x70, unicode.len() as u8, 0][..], &unicode].concat(),
            ..stored("caf_.png", &words())
        },
        stored("dir\\old.png", &words()),
        stored("folder/", b""),
        Zipped { mode: Some(0o120_777), ..stored("link.png", b"../elsewhere.png") },
    ];
    let (rows, summary) = of("a.zip", zip(&members));
    let wanted = ["a.zip", "a.zip!/café 2.png", "a.zip!/café.png", "a.zip!/日本.png", "a.zip!/dir/old.png"];
    assert_eq!(paths(&rows), wanted);
    assert_eq!(faults(&summary.packages[0]), Vec::<&str>::new());
    let (rows, _) = of("a.tar", tar(&[[archives::header(b"caf\xe9.png", b'0', 0, archives::USTAR)].concat()]));
    assert_eq!(rows[1].path, "a.tar!/caf\\xE9.png");
}

#[test]
fn names_that_lead_out_are_faults_and_their_bytes_are_judged() {
    let names = [
        "../up.png",
        "/abs.png",
        "C:\\x.png",
        "\\\\host\\s\\x.png",
        "a/../../b.png",
        "nul\0.png",
        "twice.png",
        "twice.png",
        "Twice.PNG",
    ];
    let members: Vec<_> =
        names.iter().map(|name| Zipped { mode: Some(0o100_644), ..stored(name, &marked()) }).collect();
    let around = tempfile::tempdir().unwrap();
    let dir = around.path().join("in");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("a.zip"), zip(&members)).unwrap();
    let (rows, summary) = judged(&dir, &Asked::default());
    assert_eq!(rows.len(), names.len() + 1);
    assert!(rows[1..].iter().all(|row| row.ai == Ai::Generated && row.problems.is_empty()));
    for name in names {
        row(&rows, &format!("a.zip!/{name}"));
    }
    let told = faults(&summary.packages[0]);
    assert_eq!(told.len(), 8, "{told:#?}");
    assert!(told.iter().any(|t| t.starts_with("a.zip!/../up.png") && t.contains("leads out")), "{told:#?}");
    let beside: Vec<_> = std::fs::read_dir(around.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(beside, ["in"]);

    let disagreeing = Zipped { local: Some(b"other.exe".to_vec()), ..stored("it.png", &marked()) };
    let (rows, summary) = of("a.zip", zip(&[disagreeing]));
    assert_eq!(rows[1].ai, Ai::Generated);
    let told = faults(&summary.packages[0]);
    assert!(told.len() == 1 && told[0].contains("other.exe"), "{told:?}");
}

#[test]
fn bytes_before_and_behind_are_told() {
    let good = zip(&[stored("w.png", &words())]);
    let before = [&b"something else"[..], &good].concat();
    let behind = [&good[..], b"something else"].concat();
    for bytes in [behind, before] {
        let (rows, summary) = of("a.zip", bytes);
        assert_eq!(paths(&rows), ["a.zip", "a.zip!/w.png"]);
        assert_eq!(faults(&summary.packages[0]).len(), 1);
    }
    // Members that only another program would find.
    let two = [zip(&[stored("m.png", &marked())]), good.clone()].concat();
    assert_eq!(blocked(&of("a.zip", two).0[0]), [ProblemKind::Malformed]);
    let mut hidden = zip(&[stored("w.png", &words()), stored("m.png", &marked()), stored("x.png", &words())]);
    let at = hidden.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(at, _)| at).collect::<Vec<_>>();
    let (entry, end) = (at[2] - at[1], hidden.len() - 22);
    hidden.drain(at[1]..at[2]);
    let end = end - entry;
    hidden[end + 8] = 2;
    hidden[end + 10] = 2;
    let size = u32::from_le_bytes(hidden[end + 12..end + 16].try_into().unwrap()) - entry as u32;
    hidden[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
    let (rows, _) = of("a.zip", hidden);
    assert_eq!(paths(&rows), ["a.zip", "a.zip!/w.png", "a.zip!/x.png"]);
    assert_eq!(blocked(&rows[1]), [ProblemKind::Malformed]);

    let twice = [tar(&[taped("w.png", &words())]), tar(&[taped("m.png", &marked())])].concat();
    let (rows, summary) = of("a.tar", twice);
    assert_eq!(row(&rows, "a.tar!/m.png").ai, Ai::Generated);
    assert_eq!(faults(&summary.packages[0]).len(), 1);
    let (_, summary) = of("a.tar", [tar(&[taped("w.png", &words())]), b"junk".to_vec()].concat());
    assert_eq!(faults(&summary.packages[0]).len(), 1);
}

/// Whether nothing at all keeps a run from being called clean.
fn clean(rows: &[AssetReport], summary: &Summary) -> bool {
    let open = |f: &&Finding| f.severity == Severity::Error && f.state == FindingState::Open;
    rows.iter().all(|row| !row.findings.iter().any(|f| open(&f)))
        && summary.packages.iter().all(|p| !p.findings.iter().any(|f| open(&f)))
}

#[test]
fn no_cut_or_damaged_archive_passes_as_whole() {
    let small = b"plain text".to_vec();
    let tape = tar(&[taped("one.txt", &small), taped("two.txt", &small)]);
    let samples = [
        ("a.zip", zip(&[stored("one.txt", &small), deflated("two.txt", &small)])),
        ("a.tar", tape.clone()),
        ("a.tar.gz", gzip(Some("a.tar"), &tape)),
    ];
    for (name, whole) in samples {
        let (rows, summary) = of(name, whole.clone());
        assert!(clean(&rows, &summary), "{name}");
        for len in 0..whole.len() {
            let (rows, summary) = of(name, whole[..len].to_vec());
            // Of the two blocks of zeros at the end of a TAR archive, one is enough.
            let enough = name == "a.tar" && len >= whole.len() - 512;
            assert!(enough || !clean(&rows, &summary), "{name} cut at {len}");
        }
        let mut state = 1_u64;
        for _ in 0..400 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut damaged = whole.clone();
            let at = (state >> 33) as usize % damaged.len();
            damaged[at] ^= (state >> 17) as u8 | 1;
            of(name, damaged);
        }
    }
}

#[test]
fn bombs_are_refused_at_once() {
    let start = Instant::now();
    // Ten thousand million zeros, as stated and as not stated.
    let zeros = archives::deflate(&vec![0; 10_000_000]);
    let mut honest =
        zip(&[Zipped { method: Some(8), size: Some(10_000_000_000), wide: true, ..stored("z.png", &zeros) }]);
    let (rows, _) = of("a.zip", std::mem::take(&mut honest));
    assert_eq!(blocked(&rows[1]), [ProblemKind::Limit]);
    let many: Vec<u8> = (0..60).flat_map(|_| gzip(None, &vec![0; 10_000_000])).collect();
    let (rows, _) = of("a.gz", many);
    assert_eq!(blocked(&rows[1]), [ProblemKind::Limit], "{:?}", rows[1].problems);

    // Members that share their bytes.
    let mut shared = zip(&[deflated("a", &vec![0; 100_000]), deflated("b", &vec![0; 100_000])]);
    let second = shared.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    shared[second + 42..second + 46].copy_from_slice(&0_u32.to_le_bytes());
    let (rows, _) = of("a.zip", shared);
    assert_eq!((rows.len(), blocked(&rows[0])), (1, vec![ProblemKind::Limit]));

    // Each level multiplies: what all levels unfold to is bounded together.
    let mut level = zip(&[Zipped { size: Some(200_000_000), ..deflated("zeros.png", &[0; 9_999]) }]);
    for _ in 0..3 {
        let members: Vec<_> = (0..16).map(|n| deflated(&format!("{n:02}.zip"), &level)).collect();
        level = zip(&members);
    }
    let (rows, summary) = of("a.zip", level);
    let refused = rows.iter().filter(|r| blocked(r) == [ProblemKind::Limit]).count();
    assert!(refused > 700, "{refused} of {}", rows.len());
    assert!(!clean(&rows, &summary));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn a_stored_film_of_two_gigabytes_is_read_in_few_bytes() {
    let film = sample("formats/mp4_xmp_uuid.mp4");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tar");
    let mut file = std::fs::File::create(&path).unwrap();
    let long = 2_u64 << 30;
    let free = [(long as u32).to_be_bytes().to_vec(), b"free".to_vec()].concat();
    let size = film.len() as u64 + long;
    file.write_all(&archives::header(b"film.mp4", b'0', size, archives::USTAR)).unwrap();
    // Metadata behind the long part: a box that only skips.
    let (head, rest) = film.split_at(u32::from_be_bytes(film[..4].try_into().unwrap()) as usize);
    file.write_all(&[head, &free[..]].concat()).unwrap();
    file.seek(SeekFrom::Current(long as i64 - 8)).unwrap();
    file.write_all(rest).unwrap();
    let end = (512 + size).next_multiple_of(512) + 1024;
    file.set_len(end).unwrap();
    drop(file);
    let start = Instant::now();
    let found = countersign::archives::find(&path.with_file_name("a.tar!").join("film.mp4"), &room()).unwrap().unwrap();
    let opened = found.1.open(&room()).unwrap();
    let mut source: Source = Source::new(&opened.held);
    let format = countersign::identify::identify(&mut source).unwrap().unwrap();
    let mut read = countersign::model::Extraction::default();
    format.read(&mut source, &mut read).unwrap();
    assert!(source.spent().bytes < 256 * 1024, "{:?}", source.spent());
    assert!(read.facts.tags.iter().any(|t| t.value.contains("trainedAlgorithmicMedia")));
    assert_eq!(found.0.size, size);
    assert!(start.elapsed() < Duration::from_secs(5));
}

fn room() -> countersign::io::TempSpace {
    countersign::io::TempSpace::outside(&[])
}

#[test]
fn sidecars_and_sequences_work_inside() {
    let xmp = sample("formats/xmp-dst.xmp");
    let plain = sample("formats/plain.png");
    let mut members = vec![deflated("x.png", &plain), stored("x.xmp", &xmp), stored("y.png", &plain)];
    members.extend((1..=20).filter(|n| *n != 7).map(|n| stored(&format!("shot/f.{n:04}.png"), &plain)));
    let (rows, _) = of("a.zip", zip(&members));
    assert_eq!((row(&rows, "a.zip!/x.png").ai, row(&rows, "a.zip!/y.png").ai), (Ai::Generated, Ai::None));
    let run = row(&rows, "a.zip!/shot/f.[0001-0020].png");
    assert_eq!((run.frames.unwrap().count, run.frames.unwrap().missing, rules(run)), (19, 1, vec!["sequence-gap"]));

    let signed = sample("c2pa/generated.png");
    let verifier = Verifier::new(&c2pa::Options::default()).unwrap();
    let dir = folder(&[
        ("loose.png", signed.clone()),
        ("a.zip", zip(&[deflated("d/s.png", &signed)])),
        ("a.tar", tar(&[taped("s.png", &signed)])),
    ]);
    let (rows, _) = judged(dir.path(), &Asked { verifier: Some(&verifier), ..Asked::default() });
    let loose = row(&rows, "loose.png");
    assert!(
        loose.c2pa.as_ref().is_some_and(|c| c.state == countersign::model::CredentialState::Valid),
        "{:?}",
        loose.c2pa
    );
    for path in ["a.zip!/d/s.png", "a.tar!/s.png"] {
        assert_eq!((&row(&rows, path).c2pa, row(&rows, path).ai), (&loose.c2pa, loose.ai), "{path}");
    }
}

#[test]
fn roles_excludes_and_litter_are_as_on_a_drive() {
    let litter = b"Bud1".to_vec();
    let members = [
        stored("temp/m.png", &marked()),
        stored("final/m.png", &marked()),
        stored("skip/m.png", &marked()),
        stored("final/.DS_Store", &litter),
        stored(".Trashes/501/info", &litter),
        stored(".Trashes/502/info", &litter),
        stored("__MACOSX/final/._m.png", &sample("formats/finder.appledouble")),
    ];
    let dir = folder(&[("a.zip", zip(&members))]);
    let policy = "name = \"t\"\n[roles]\n\"a.zip!/temp/**\" = \"temporary\"\n";
    let asked = Asked { policy: Some(policy), exclude: &["a.zip!/skip"], ..Asked::default() };
    let (rows, summary) = judged(dir.path(), &asked);
    assert_eq!(paths(&rows), ["a.zip", "a.zip!/__MACOSX/final/._m.png", "a.zip!/final/m.png", "a.zip!/temp/m.png"]);
    assert_eq!(rows[1].format.as_deref(), Some("appledouble"));
    assert_eq!((rows[2].role, rows[3].role), (Role::Final, Role::Temporary));
    assert_eq!(rows[3].role_basis, "policy:a.zip!/temp/**");
    let not = summary.not_looked_at;
    assert_eq!((not.system, not.excluded, summary.ignored), (2, 1, 3));
}

#[test]
fn a_member_is_for_what_its_archive_is_for() {
    let bag = tempfile::tempdir().unwrap();
    let bytes = zip(&[stored("m.png", &marked())]);
    std::fs::create_dir(bag.path().join("data")).unwrap();
    std::fs::write(bag.path().join("data/a.zip"), &bytes).unwrap();
    std::fs::write(bag.path().join("bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n").unwrap();
    let digest = packages::Digest::of(packages::Algorithm::Sha256, &bytes).text();
    std::fs::write(bag.path().join("manifest-sha256.txt"), format!("{digest}  data/a.zip\n")).unwrap();
    let (rows, summary) = judged(bag.path(), &Asked::default());
    let member = row(&rows, "data/a.zip!/m.png");
    assert_eq!((member.role, member.role_basis.as_str()), (Role::Final, "manifest"));
    let kinds: Vec<_> = summary.packages.iter().map(|p| (p.id, p.kind.as_str(), p.root.as_str())).collect();
    assert_eq!(kinds, [(0, "bagit", "."), (1, "archive", "data/a.zip")]);
    assert_eq!((row(&rows, "data/a.zip").package, member.package), (Some(0), Some(1)));
    assert!(summary.packages.iter().all(|p| p.findings.is_empty()), "{:?}", summary.packages);
}
