//! What a manifest says is checked, or told as not checked: kinds of hash, versions, forms, second statements, names.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::Path;
use std::process::Command;

use crate::samples::archives::{stored, zip};
use crate::shared::archived::{marked, sample, words};
use countersign::digest::{Algorithm, Digest};
use data_encoding::BASE64;
use serde_json::Value;

/// Files by path below a folder of their own.
fn tree(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    dir
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .args(["--verify", "off", "--no-progress"])
        .env("COUNTERSIGN_CONFIG", std::env::temp_dir().join("countersign-tests-no-configuration"))
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    // Messages are broken into lines and drawn in a frame.
    let told = text(output.stderr).replace(['│', '×'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code().unwrap(), text(output.stdout), told)
}

fn scan(root: &Path, more: &[&str]) -> (i32, Value) {
    let (code, text, trouble) = run(&[&["scan", root.to_str().unwrap(), "--report", "json"], more].concat());
    (code, serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {trouble}")))
}

/// The (rule, severity) of all that is found in packages and assets.
fn found(report: &Value) -> Vec<(String, String)> {
    let parts = ["packages", "assets"].map(|part| report[part].as_array().unwrap().clone()).concat();
    let findings = parts.iter().flat_map(|part| part["findings"].as_array().unwrap().clone());
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    findings.map(|f| (text(&f["rule"]), text(&f["severity"]))).collect()
}

fn has(report: &Value, rule: &str, severity: &str) -> bool {
    found(report).contains(&(rule.to_owned(), severity.to_owned()))
}

fn hex(algorithm: Algorithm, bytes: &[u8]) -> String {
    Digest::of(algorithm, bytes).text()
}

fn bag(name: &str, manifest: &str) -> tempfile::TempDir {
    tree(&[
        ("bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_vec()),
        (name, manifest.as_bytes().to_vec()),
        ("data/a.txt", b"one".to_vec()),
    ])
}

#[test]
fn bags_are_checked_by_every_usual_kind_of_hash() {
    for (name, algorithm) in [
        ("sha512-256", Algorithm::Sha512To256),
        ("sha512_224", Algorithm::Sha512To224),
        ("sha3_256", Algorithm::Sha3To256),
        ("sha3-512", Algorithm::Sha3To512),
        ("blake2b", Algorithm::Blake2b),
        ("blake2s", Algorithm::Blake2s),
    ] {
        let file = format!("manifest-{name}.txt");
        for (bytes, code) in [(b"one", 0), (b"two", 1)] {
            let bag = bag(&file, &format!("{}  data/a.txt\n", hex(algorithm, bytes)));
            let (got, report) = scan(bag.path(), &["--integrity"]);
            assert_eq!(got, code, "{name}: {:?}", found(&report));
            assert_eq!(has(&report, "package-hash-mismatch", "error"), code == 1, "{name}");
            assert!(!found(&report).iter().any(|(rule, _)| rule == "package-unverified"), "{name}");
        }
    }
}

#[test]
fn an_unknown_kind_of_hash_is_an_error_where_hashes_are_to_be_checked() {
    let bag = bag("manifest-whirlpool.txt", "00ff  data/a.txt\n");
    let (code, report) = scan(bag.path(), &[]);
    assert!(code == 0 && has(&report, "package-unverified", "note"), "{:?}", found(&report));
    let (code, report) = scan(bag.path(), &["--integrity"]);
    assert!(code == 1 && has(&report, "package-unverified", "error"), "{:?}", found(&report));
    assert_eq!(report["summary"]["not_looked_at"]["unverified_packages"], 1);
}

#[test]
fn bags_of_later_versions_and_without_their_first_file_are_told() {
    let line = format!("{}  data/a.txt\n", hex(Algorithm::Md5, b"one"));
    let later = bag("manifest-md5.txt", &line);
    std::fs::write(later.path().join("bagit.txt"), "BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n").unwrap();
    assert!(has(&scan(later.path(), &["--integrity"]).1, "package-unverified", "error"));
    let headless = bag("manifest-md5.txt", &line);
    std::fs::remove_file(headless.path().join("bagit.txt")).unwrap();
    let (code, report) = scan(headless.path(), &[]);
    assert!(code == 1 && has(&report, "package-malformed", "error"));
    assert_eq!(report["packages"][0]["kind"], "bagit");
    // What is only called like it is no bag.
    let plain = tree(&[("manifest-final.txt", b"cast and crew".to_vec()), ("data/a.txt", b"one".to_vec())]);
    assert!(scan(plain.path(), &[]).1["packages"].as_array().unwrap().is_empty());
}

fn hash_list(version: &str, entries: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?>\n<hashlist{version}>{entries}</hashlist>").into_bytes()
}

#[test]
fn hash_lists_of_every_version_are_compared_or_told() {
    let md5 = hex(Algorithm::Md5, b"one");
    let other = hex(Algorithm::Md5, b"two");
    let entry = |hash: &str| format!("<hash><file>a.txt</file><size>3</size><md5>{hash}</md5></hash>");
    let packing = |hash: &str| format!("<hashes><hash><path size=\"3\">a.txt</path><md5>{hash}</md5></hash></hashes>");
    let cases = [
        (" version=\"0.1\"", entry(&md5), 0, None),
        (" version=\"0.1\"", entry(&other), 1, Some("package-hash-mismatch")),
        (" version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"", packing(&md5), 0, None),
        (" version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"", packing(&other), 1, Some("package-hash-mismatch")),
        ("", entry(&md5), 1, Some("package-unverified")),
        (" version=\"7\"", entry(&md5), 1, Some("package-unverified")),
        (" version=\"1.1\"", "<hash><file>a.txt</file><size>3</size></hash>".to_owned(), 1, Some("package-unverified")),
        (
            " version=\"1.1\"",
            "<hash><file>a.txt</file><size>3</size><tiger>00</tiger></hash>".to_owned(),
            1,
            Some("package-unverified"),
        ),
    ];
    for (version, entries, code, rule) in cases {
        let dir = tree(&[("a.txt", b"one".to_vec()), ("list.mhl", hash_list(version, &entries))]);
        let (got, report) = scan(dir.path(), &["--integrity"]);
        assert_eq!(got, code, "{version} {entries}: {:?}", found(&report));
        match rule {
            Some(rule) => assert!(has(&report, rule, "error"), "{version} {entries}"),
            None => assert!(!found(&report).iter().any(|(rule, _)| rule.starts_with("package-")), "{version}"),
        }
    }
}

#[test]
fn names_that_are_handed_on_in_one_generation_stay_with_their_files() {
    let entry = |path: &str, previous: &str, bytes: &[u8]| {
        let previous =
            if previous.is_empty() { String::new() } else { format!("<previousPath>{previous}</previousPath>") };
        let hash = hex(Algorithm::Xxh64, bytes);
        format!("<hash><path size=\"1\">{path}</path><xxh64 action=\"original\">{hash}</xxh64>{previous}</hash>")
    };
    let list = |entries: &str| {
        hash_list(" version=\"2.0\" xmlns=\"urn:ASC:MHL:v2.0\"", &format!("<hashes>{entries}</hashes>"))
    };
    let first = list(&[entry("1.txt", "", b"a"), entry("2.txt", "", b"b"), entry("3.txt", "", b"c")].concat());
    // Each name goes to the file behind it, and the two last ones change places.
    let second =
        list(&[entry("2.txt", "1.txt", b"a"), entry("4.txt", "2.txt", b"b"), entry("1.txt", "3.txt", b"c")].concat());
    let link = |number: usize, name: &str, bytes: &[u8]| {
        let c4 = hex(Algorithm::C4, bytes);
        format!("<hashlist sequencenr=\"{number}\"><path>{name}</path><c4>{c4}</c4></hashlist>")
    };
    let (one, two) = ("0001_x_2026-05-04_100000Z.mhl", "0002_x_2026-05-05_100000Z.mhl");
    let chain = format!(
        "<ascmhldirectory xmlns=\"urn:ASC:MHL:DIRECTORY:v2.0\">{}{}</ascmhldirectory>",
        link(1, one, &first),
        link(2, two, &second)
    );
    let dir = tree(&[
        ("2.txt", b"a".to_vec()),
        ("4.txt", b"b".to_vec()),
        ("1.txt", b"c".to_vec()),
        (&format!("ascmhl/{one}"), first),
        (&format!("ascmhl/{two}"), second),
        ("ascmhl/ascmhl_chain.xml", chain.into_bytes()),
    ]);
    let (code, report) = scan(dir.path(), &["--integrity"]);
    let told: Vec<_> = found(&report).into_iter().filter(|(rule, _)| rule.starts_with("package-")).collect();
    assert_eq!((code, told), (0, vec![]));
}

/// What an IMF package is made of, to be changed.
struct Imf {
    /// Where the picture lies.
    picture: &'static str,
    bytes: Vec<u8>,
    /// What stands in the composition beside the picture's id.
    composition_hash: String,
    composition_id: &'static str,
    packed_algorithm: &'static str,
    packed_hash: Option<String>,
    signature: &'static str,
    map: bool,
}

impl Default for Imf {
    fn default() -> Self {
        Self {
            picture: "picture.png",
            bytes: words(),
            composition_hash: String::new(),
            composition_id: "c1",
            packed_algorithm: "",
            packed_hash: None,
            signature: "",
            map: true,
        }
    }
}

fn sha1(bytes: &[u8]) -> String {
    BASE64.encode(&Digest::of(Algorithm::Sha1, bytes).value)
}

impl Imf {
    fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let composition = format!(
            "<CompositionPlaylist xmlns=\"http://www.smpte-ra.org/schemas/2067-3/2016\"><Id>urn:uuid:{}</Id>\
             <ContentTitle>T</ContentTitle><EditRate>24 1</EditRate><SegmentList><Segment><SequenceList>\
             <MainImageSequence><ResourceList><Resource><IntrinsicDuration>24</IntrinsicDuration>\
             <TrackFileId>urn:uuid:a1</TrackFileId>{}</Resource></ResourceList></MainImageSequence></SequenceList>\
             </Segment></SegmentList>{}</CompositionPlaylist>",
            self.composition_id, self.composition_hash, self.signature
        );
        let packed = |id: &str, name: &str, hash: String, size: usize, algorithm: &str| {
            format!(
                "<Asset><Id>urn:uuid:{id}</Id><Hash>{hash}</Hash><Size>{size}</Size>{algorithm}\
                 <OriginalFileName>{name}</OriginalFileName></Asset>"
            )
        };
        let picture = self.packed_hash.clone().unwrap_or_else(|| sha1(&self.bytes));
        let list = format!(
            "<PackingList xmlns=\"http://www.smpte-ra.org/schemas/2067-2/2016/PKL\"><Id>urn:uuid:b1</Id><AssetList>{}{}\
             </AssetList></PackingList>",
            packed("a1", self.picture, picture, self.bytes.len(), self.packed_algorithm),
            packed("c1", "CPL.xml", sha1(composition.as_bytes()), composition.len(), "")
        );
        let mapped = |id: &str, flag: &str, path: &str| {
            format!(
                "<Asset><Id>urn:uuid:{id}</Id>{flag}<ChunkList><Chunk><Path>{path}</Path></Chunk></ChunkList></Asset>"
            )
        };
        let map = format!(
            "<AssetMap xmlns=\"http://www.smpte-ra.org/schemas/429-9/2007/AM\"><Id>urn:uuid:m1</Id><AssetList>{}{}{}\
             </AssetList></AssetMap>",
            mapped("a1", "", self.picture),
            mapped("c1", "", "CPL.xml"),
            mapped("b1", "<PackingList>true</PackingList>", "PKL.xml")
        );
        let mut files = vec![
            ("CPL.xml", composition.into_bytes()),
            ("PKL.xml", list.into_bytes()),
            (self.picture, self.bytes.clone()),
        ];
        if self.map {
            files.push(("ASSETMAP.xml", map.into_bytes()));
        }
        files
    }
}

#[test]
fn what_a_composition_says_of_bytes_and_ids_is_compared() {
    let hash = |text: String| format!("<Hash>{text}</Hash>");
    let right = Imf { composition_hash: hash(sha1(&words())), ..Imf::default() };
    let (code, report) = scan(tree(&right.files()).path(), &["--integrity"]);
    assert_eq!((code, found(&report)), (0, vec![]));

    // List and composition disagree: that shows without reading the file.
    let other = Imf { composition_hash: hash(sha1(b"other")), ..Imf::default() };
    let dir = tree(&other.files());
    assert!(has(&scan(dir.path(), &[]).1, "package-malformed", "error"));
    assert!(has(&scan(dir.path(), &["--integrity"]).1, "package-hash-mismatch", "error"));

    let renamed = Imf { composition_id: "c2", ..Imf::default() };
    assert!(has(&scan(tree(&renamed.files()).path(), &[]).1, "package-malformed", "error"));

    let unknown = "<HashAlgorithm Algorithm=\"http://www.w3.org/2001/04/xmlenc#ripemd160\"/>";
    let unknown = Imf { packed_algorithm: unknown, ..Imf::default() };
    let dir = tree(&unknown.files());
    assert!(has(&scan(dir.path(), &[]).1, "package-unverified", "note"));
    assert!(has(&scan(dir.path(), &["--integrity"]).1, "package-unverified", "error"));

    let sha3 = BASE64.encode(&Digest::of(Algorithm::Sha3To256, &words()).value);
    let known = "<HashAlgorithm Algorithm=\"http://www.w3.org/2007/05/xmldsig-more#sha3-256\"/>";
    let known = Imf { packed_algorithm: known, packed_hash: Some(sha3), ..Imf::default() };
    let (code, report) = scan(tree(&known.files()).path(), &["--integrity"]);
    assert_eq!((code, found(&report)), (0, vec![]));
}

#[test]
fn a_signature_that_is_not_verified_is_a_note_and_never_more() {
    let signature =
        "<dsig:Signature xmlns:dsig=\"http://www.w3.org/2000/09/xmldsig#\"><dsig:SignedInfo/></dsig:Signature>";
    let dir = tree(&Imf { signature, ..Imf::default() }.files());
    for more in [[].as_slice(), &["--integrity"]] {
        let (code, report) = scan(dir.path(), more);
        assert_eq!((code, found(&report)), (0, vec![("package-unverified".to_owned(), "note".to_owned())]));
        let message = report["packages"][0]["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("CPL.xml") && message.contains("not verified"), "{message}");
    }
}

#[test]
fn a_package_without_its_map_is_no_plain_folder() {
    let dir = tree(&Imf { map: false, bytes: marked(), ..Imf::default() }.files());
    let (code, report) = scan(dir.path(), &["--integrity"]);
    assert_eq!(code, 1);
    let found = found(&report);
    assert!(has(&report, "package-malformed", "error") && has(&report, "unapproved-ai-in-final", "error"), "{found:?}");
    let picture = report["assets"].as_array().unwrap().iter().find(|a| a["path"] == "picture.png").unwrap();
    assert_eq!((&report["packages"][0]["kind"], &picture["role_basis"]), (&"imf".into(), &"cpl".into()));
    // The index of volumes alone is what is left of a package; a document that is only called like a packing list is none.
    let index = b"<VolumeIndex xmlns=\"http://www.smpte-ra.org/schemas/429-9/2007/AM\"><Index>1</Index></VolumeIndex>";
    let left = tree(&[("VOLINDEX.xml", index.to_vec()), ("picture.png", words())]);
    assert!(has(&scan(left.path(), &[]).1, "package-malformed", "error"));
    let plain = tree(&[("pkl_notes.xml", b"<notes/>".to_vec()), ("picture.png", words())]);
    assert!(scan(plain.path(), &[]).1["packages"].as_array().unwrap().is_empty());
    // A history without its chain, and one that was emptied.
    let emptied = tree(&[("a.txt", b"x".to_vec()), ("ascmhl/.DS_Store", b"x".to_vec())]);
    assert!(has(&scan(emptied.path(), &[]).1, "package-malformed", "error"));
    let other = tree(&[("a.txt", b"x".to_vec()), ("ascmhl/__init__.py", b"x".to_vec())]);
    assert!(scan(other.path(), &[]).1["packages"].as_array().unwrap().is_empty());
}

#[test]
fn what_a_composition_plays_is_read_whatever_the_name_around_it() {
    for picture in [".Trashes/insert.png", "$RECYCLE.BIN/insert.png", "#recycle/insert.png", "Thumbs.db"] {
        let files = Imf { picture, bytes: marked(), ..Imf::default() }.files();
        let dir = tree(&files);
        let litter = dir.path().join(".Trashes");
        std::fs::create_dir_all(&litter).unwrap();
        std::fs::write(litter.join("unnamed.png"), marked()).unwrap();
        let (code, report) = scan(dir.path(), &[]);
        assert_eq!(code, 1, "{picture}");
        let paths: Vec<_> = report["assets"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|a| a["ai"] == "generated")
            .map(|a| &a["path"])
            .collect();
        assert_eq!(paths, [picture]);
        assert_eq!(report["summary"]["not_looked_at"]["system"], 1, "what nobody names is passed over and counted");

        let members: Vec<_> = files.iter().map(|(name, bytes)| stored(name, bytes)).collect();
        let packed = tree(&[("delivery.zip", zip(&members))]);
        let (code, report) = scan(packed.path(), &[]);
        assert_eq!(code, 1, "{picture} in an archive: {:?}", found(&report));
        assert!(has(&report, "unapproved-ai-in-final", "error") && !has(&report, "package-missing-asset", "error"));
    }
}

#[test]
fn junk_is_passed_over_and_counted() {
    let junk =
        ["#recycle/old.png", "@eaDir/a.png/SYNOPHOTO_THUMB_M.png", ".Trash-1000/files/b.png", "lost+found/c.png"];
    let mut files: Vec<_> = junk.iter().map(|path| (*path, marked())).collect();
    files.push(("a.png", words()));
    let (code, report) = scan(tree(&files).path(), &[]);
    assert_eq!((code, found(&report)), (0, vec![]));
    let not = &report["summary"]["not_looked_at"];
    assert_eq!((&not["system"], not["paths"].as_array().unwrap().len()), (&4.into(), 4));
}

#[test]
fn a_package_inside_of_a_bin_is_counted_and_never_lost() {
    for bin in ["$RECYCLE.BIN", "#recycle", ".Trash-1000", "@Recycle"] {
        let package = Imf { picture: "insert.png", bytes: marked(), ..Imf::default() }.files();
        let moved: Vec<_> = package.iter().map(|(name, bytes)| (format!("{bin}/IMP/{name}"), bytes.clone())).collect();
        let mut files: Vec<(&str, Vec<u8>)> =
            moved.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        files.push(("a.png", words()));
        let dir = tree(&files);
        let (code, report) = scan(dir.path(), &[]);
        let not = &report["summary"]["not_looked_at"];
        assert_eq!((code, &not["system"], &not["paths"][0]["path"]), (0, &1.into(), &bin.into()));
        // Who names the folder wants what is in it.
        let (code, report) = scan(&dir.path().join(bin), &[]);
        assert_eq!((code, has(&report, "unapproved-ai-in-final", "error")), (1, true), "{bin}");
    }
}

#[test]
fn every_report_says_what_was_not_looked_at() {
    let dir = tree(&[("a.png", words()), ("b.tmp", b"x".to_vec()), (".DS_Store", b"x".to_vec())]);
    let root = dir.path().to_str().unwrap();
    for format in ["terminal", "json", "ndjson", "csv", "html", "sarif", "junit", "cue-sheet"] {
        let (code, text, _) = run(&["scan", root, "--exclude", "*.tmp", "--report", format]);
        assert_eq!(code, 0);
        let said = match format {
            "json" | "ndjson" | "sarif" => "\"excluded\":1,\"system\":1",
            _ => "1 file or folder that --exclude names; 1 system file or folder",
        };
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = if format == "html" {
            "1 file or folder that --exclude names</div><div>1 system file or folder"
        } else {
            said
        };
        assert!(text.contains(said), "{format}: {text}");
    }
    let (_, text, _) = run(&["scan", root, "--exclude", "*.tmp", "-v"]);
    assert!(text.contains("b.tmp (excluded)") && text.contains(".DS_Store (system file or folder)"), "{text}");
    let (_, text, _) = run(&["scan", dir.path().join("a.png").to_str().unwrap()]);
    assert!(!text.contains("not looked at"), "{text}");
}

#[test]
fn a_root_without_files_is_refused_beside_others() {
    let dir = tree(&[("full/a.png", words()), ("litter/.DS_Store", b"x".to_vec())]);
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for empty in ["empty", "litter"] {
        let (code, out, told) = run(&["scan", &path("full"), &path(empty), "--report", "json"]);
        assert!(code == 3 && told.contains(empty) && out.is_empty(), "{empty}: {code} {told} {out}");
    }
    assert_eq!(run(&["scan", &path("empty"), &path("litter")]).0, 4);
    let (code, _, told) = run(&["scan", &path("full"), "--exclude", "*.png"]);
    assert!(code == 4 && told.contains("--exclude passes over everything"), "{told}");
    let (code, _, told) = run(&["scan", &path("full"), &path("litter"), "--exclude", "*.png"]);
    assert!(code == 4 && told.contains("--exclude passes over everything"), "{told}");
}

#[test]
fn roots_that_overlap_are_scanned_once() {
    let dir = tree(&[("reel/a.png", marked()), ("b.png", words())]);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for roots in [[path("reel"), path("")], [path(""), path("reel/a.png")], [path(""), path("./")]] {
        let (code, text, told) = run(&["scan", &roots[0], &roots[1], "--report", "json"]);
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &report["summary"]["assets"]), (1, &2.into()), "{roots:?}");
        assert_eq!(report["run"]["roots"].as_array().unwrap().len(), 1);
        assert!(told.contains("scanned with it"), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_of_temporary_material_is_final_where_the_final_cut_links_to_it() {
    let dir = tree(&[("work/temp/ai/poster.png", marked()), ("final/clean.png", words()), ("a/temp/x.png", words())]);
    let target = dir.path().join("work/temp/ai");
    std::os::unix::fs::symlink(&target, dir.path().join("a/temp/ref")).unwrap();
    std::os::unix::fs::symlink(&target, dir.path().join("final/stills")).unwrap();
    let (code, report) = scan(dir.path(), &[]);
    let roles: Vec<_> = report["assets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a["ai"] == "generated")
        .map(|a| (a["path"].as_str().unwrap(), a["role"].as_str().unwrap()))
        .collect();
    assert!(roles.contains(&("final/stills/poster.png", "final")) && roles.len() == 3, "{roles:?}");
    assert_eq!(code, 1);
}

#[test]
fn frames_are_counted_by_the_number_that_changes() {
    let frame = sample("formats/plain.dpx");
    let gap = |name: &dyn Fn(u32) -> String, numbers: &[u32]| {
        let names: Vec<String> = numbers.iter().map(|n| name(*n)).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), frame.clone())).collect();
        let (_, report) = scan(tree(&files).path(), &[]);
        (has(&report, "sequence-gap", "warning"), report["assets"].as_array().unwrap().len())
    };
    let whole: Vec<u32> = (1001..1021).collect();
    let cut: Vec<u32> = whole.iter().copied().filter(|n| *n != 1014).collect();
    for name in [
        (|n| format!("shot010_{n}_2k.dpx")) as fn(u32) -> String,
        |n| format!("shot010_{n}_v002.dpx"),
        |n| format!("plate-{n}-1920x1080.dpx"),
        |n| format!("shot010.{n}.{}", if n % 2 == 0 { "DPX" } else { "dpx" }),
    ] {
        assert!(!gap(&name, &whole).0, "{}", name(1001));
        assert!(gap(&name, &cut).0, "{}", name(1001));
    }
    // Shots are no frames, and tiles have no gaps.
    let shots: Vec<u32> = (1..13).map(|n| n * 10).collect();
    assert_eq!(gap(&|n| format!("sh{n:03}_comp_v001.dpx"), &shots), (false, 12));
    let tiles = [1001, 1002, 1003, 1011, 1012, 1013, 1021, 1022, 1031];
    assert_eq!(gap(&|n| format!("body_basecolor.{n}.dpx"), &tiles), (false, 1));
}
