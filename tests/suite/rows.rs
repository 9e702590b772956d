//! Facts that travel: shards of any number and order are judged as the delivery itself would be, and what is missing is told.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::objects::{assert_same, delivery, program, scan};
use crate::shared::object_store::{Fault, Server};

fn bundled(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).to_str().unwrap().to_owned()
}

/// Extracts a root in so many shards.
fn extract(roots: &[&str], shards: u32, options: &[&str]) -> tempfile::TempDir {
    let out = tempfile::tempdir().unwrap();
    for shard in 1..=shards {
        shard_of(roots, &format!("{shard}/{shards}"), out.path(), options);
    }
    out
}

fn shard_of(roots: &[&str], shard: &str, out: &Path, options: &[&str]) {
    let all =
        [&["extract", "--no-progress", "--out", out.to_str().unwrap(), "--shard", shard], roots, options].concat();
    let output = program(&all);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The exit code, what was said, and the report without what a run says of itself.
fn judge(folders: &[&Path], roots: &[&str], options: &[&str]) -> (i32, String, Option<Value>) {
    let out = tempfile::tempdir().unwrap();
    let report = out.path().join("r.json");
    let target = format!("json={}", report.display());
    let folders: Vec<_> = folders.iter().map(|folder| folder.to_str().unwrap()).collect();
    let all = [&["judge", "--no-progress", "--tags", "--report", &target], folders.as_slice(), options].concat();
    let output = program(&all);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = std::fs::read_to_string(&report).ok().map(|mut text| {
        for (number, root) in roots.iter().enumerate() {
            text = text.replace(root.trim_end_matches('/'), &format!("ROOT{number}"));
        }
        let mut report: Value = serde_json::from_str(&text).unwrap();
        report.as_object_mut().unwrap().remove("run");
        report
    });
    (output.status.code().unwrap(), said, text)
}

fn shards(folder: &Path) -> Vec<PathBuf> {
    let mut out: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    out.sort();
    out
}

#[test]
fn shards_are_judged_as_the_delivery_itself() {
    let made = delivery();
    let made = made.path().to_str().unwrap().to_owned();
    let ledger = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/approvals.jsonl");
    let ledger = ledger.to_str().unwrap();
    for (name, folder, options, judged, counts) in [
        ("made", made, &["--integrity"][..], &[][..], &[1, 4, 16][..]),
        ("delivery", bundled("delivery"), &["--digests"], &["--approvals", ledger], &[1, 4]),
        ("packages", bundled("packages"), &["--integrity"], &[], &[1, 4]),
        ("custody", bundled("custody"), &["--integrity"], &[], &[4]),
        ("c2pa", bundled("c2pa"), &[], &[], &[4]),
        ("formats", bundled("formats"), &["--pixels"], &[], &[4]),
    ] {
        let roots = [folder.as_str()];
        let scanning: Vec<_> = options.iter().copied().filter(|option| *option != "--digests").collect();
        let (code, whole) = scan(&roots, &[&scanning, judged].concat());
        let judging: Vec<_> = options.iter().copied().filter(|option| *option == "--integrity").collect();
        for count in counts {
            let rows = extract(&roots, *count, options);
            let (judged_code, said, report) = judge(&[rows.path()], &roots, &[&judging, judged].concat());
            let report = report.unwrap_or_else(|| panic!("{name}, {count} shards: {said}"));
            assert_same(&format!("{name}, {count} shards"), &whole, &report);
            assert_eq!(code, judged_code, "{name}");
        }
    }
}

#[test]
fn shards_of_a_store_and_a_drive_come_in_any_order_and_folder() {
    let made = delivery();
    let server = Server::of_folder(made.path(), "0");
    let roots = [&bundled("delivery"), "s3://bucket/0"];
    let endpoint = ["--endpoint", server.address.as_str()];
    let (code, whole) = scan(&roots, &endpoint);
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    for shard in [3, 1, 2] {
        shard_of(&roots, &format!("{shard}/3"), folders[3 - shard].path(), &endpoint);
    }
    let paths: Vec<_> = folders.iter().map(tempfile::TempDir::path).collect();
    let (judged, said, report) = judge(&paths, &roots, &[]);
    assert_same("a store and a drive", &whole, &report.unwrap_or_else(|| panic!("{said}")));
    assert_eq!(code, judged);
}

#[test]
fn rows_travel_by_a_store() {
    let made = delivery();
    let root = made.path().to_str().unwrap();
    let (code, whole) = scan(&[root], &["--integrity"]);
    let server = Server::new(&[]);
    let endpoint = ["--endpoint", server.address.as_str()];
    let out = ["--out", "s3://bucket/runs/7", "--integrity", "--no-progress"];
    for shard in ["2/3", "3/3", "1/3"] {
        // A store that is busy for the moment gets them all the same.
        server.fail(&[Fault::Busy; 2]);
        let said = program(&[&["extract", root, "--shard", shard], &out[..], &endpoint].concat());
        assert_eq!(said.status.code(), Some(0), "{}", String::from_utf8_lossy(&said.stderr));
        assert!(String::from_utf8_lossy(&said.stderr).contains("s3://bucket/runs/7/shard-0000"));
    }
    let place = [Path::new("s3://bucket/runs/7")];
    let (judged, said, report) = judge(&place, &[root], &[&["--integrity"], &endpoint[..]].concat());
    assert_same("rows in a store", &whole, &report.unwrap_or_else(|| panic!("{said}")));
    assert_eq!(code, judged);
    // One was lost, one is cut: told by the addresses that were typed.
    let key = |shard: u32| format!("runs/7/shard-{shard:05}-of-00003.ndjson.gz");
    {
        let mut state = server.state.lock().unwrap();
        state.objects.remove(&key(1)).unwrap();
        state.objects.get_mut(&key(2)).unwrap().truncate(100);
    }
    let (judged, said, report) = judge(&place, &[root], &[&["--integrity"], &endpoint[..]].concat());
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(judged == 2 && report.is_none(), "{said}");
    assert!(said.contains("shard 1 of 3 is missing") && said.contains("s3://bucket/runs/7/shard-00002"), "{said}");
    // One that was begun and never ended: what an earlier run said of it is gone.
    server.state.lock().unwrap().objects.insert(key(1), Vec::new());
    let (judged, said, report) = judge(&place, &[root], &[&["--integrity"], &endpoint[..]].concat());
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        judged == 2 && report.is_none() && said.contains("s3://bucket/runs/7/shard-00001-of-00003.ndjson.gz is cut"),
        "{said}"
    );
    server.state.lock().unwrap().objects.remove(&key(1)).unwrap();
    // A store that refuses them: there is no shard, and the run has failed.
    server.fail(&[Fault::Refused("AccessDenied"); 8]);
    let said = program(&[&["extract", root, "--shard", "1/3"], &out[..], &endpoint].concat());
    assert_eq!(said.status.code(), Some(3), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(!server.state.lock().unwrap().objects.contains_key(&key(1)));
    // Rows below a root would be files of the delivery.
    let said = program(&[&["extract", "s3://bucket/runs", "--out", "s3://bucket/runs/8"], &endpoint[..]].concat());
    assert_eq!(said.status.code(), Some(3));
}

#[test]
fn what_is_missing_or_does_not_fit_is_never_clean() {
    let made = delivery();
    let roots = [made.path().to_str().unwrap()];
    let rows = extract(&roots, 4, &[]);
    let files = shards(rows.path());
    assert_eq!(files.len(), 4);
    let refused = |folders: &[&Path], expected: i32, says: &str| {
        let (code, said, report) = judge(folders, &roots, &[]);
        let said = said.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert_eq!(code, expected, "{says}: {said}");
        assert!(said.contains(says), "{says}: {said}");
        assert!(report.is_none(), "{says}: a report was written");
    };
    // Missing.
    let whole = std::fs::read(&files[2]).unwrap();
    std::fs::remove_file(&files[2]).unwrap();
    refused(&[rows.path()], 2, "shard 3 of 4 is missing");
    // Killed: cut anywhere, the last byte included.
    for len in [0, 10, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        std::fs::write(&files[2], &whole[..len]).unwrap();
        refused(&[rows.path()], 2, "incomplete");
    }
    // The first of them, and all.
    let all: Vec<_> = files.iter().map(|file| (file, std::fs::read(file).unwrap())).collect();
    std::fs::write(&files[2], &whole).unwrap();
    for (file, bytes) in &all {
        std::fs::write(file, &bytes[..bytes.len().min(10)]).unwrap();
        refused(&[rows.path()], 2, "is cut");
    }
    all.iter().for_each(|(file, bytes)| std::fs::write(file, bytes).unwrap());
    // Damaged.
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 4;
    std::fs::write(&files[2], &damaged).unwrap();
    // It may be the first line that is damaged: then it is one of another extraction.
    let (code, said, report) = judge(&[rows.path()], &roots, &[]);
    assert!(matches!(code, 2 | 3) && report.is_none(), "{said}");
    // There twice.
    std::fs::write(&files[2], &whole).unwrap();
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(&files[0], other.path().join("shard-00001-of-00004.ndjson.gz")).unwrap();
    refused(&[rows.path(), other.path()], 2, "is there twice");
    // Of another extraction.
    shard_of(&[&bundled("delivery")], "3/4", rows.path(), &[]);
    refused(&[rows.path()], 3, "of other roots");
    shard_of(&roots, "3/4", rows.path(), &["--pixels"]);
    refused(&[rows.path()], 3, "read in another way");
    shard_of(&roots, "3/5", other.path(), &[]);
    refused(&[rows.path(), other.path()], 3, "first");
    // Of the same root, which had changed.
    std::fs::write(made.path().join("final/more.png"), b"later").unwrap();
    shard_of(&roots, "3/4", rows.path(), &[]);
    refused(&[rows.path()], 3, "not the same");
    // None at all.
    let empty = tempfile::tempdir().unwrap();
    refused(&[empty.path()], 2, "there is no shard");
}

#[test]
fn what_was_not_computed_is_a_problem_and_not_clean() {
    let roots = [bundled("custody")];
    let roots = [roots[0].as_str()];
    let rows = extract(&roots, 1, &[]);
    // Without --integrity nothing was hashed.
    let (code, _, report) = judge(&[rows.path()], &roots, &["--integrity"]);
    let report = report.unwrap();
    assert_ne!(code, 0);
    assert!(report.to_string().contains("was not computed in extraction"), "{report:#}");
    // A place that is archival only where it is judged: thumbnails were not looked into.
    let (code, _, report) = judge(&[rows.path()], &roots, &["--role", "archival"]);
    assert_ne!(code, 0);
    assert!(report.unwrap().to_string().contains("was not where it was extracted"));
}

#[test]
fn rows_are_not_written_below_a_root() {
    let made = delivery();
    let out = made.path().join("rows");
    let output = program(&["extract", made.path().to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(!out.exists());
}

/// One of more shards than can be: a clause for each missing one would fill the memory.
#[test]
fn very_many_shards_are_refused_and_not_all_named() {
    let made = delivery();
    let rows = extract(&[made.path().to_str().unwrap()], 1, &[]);
    let [file] = shards(rows.path()).try_into().unwrap();
    let mut lines = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(&file).unwrap()).read_to_string(&mut lines).unwrap();
    for (of, code, says) in
        [(u32::MAX, 3, "one of 4294967295 shards"), (1_000_000, 2, "999899 more shards are missing")]
    {
        let changed = lines.replacen("\"shard\":[1,1]", &format!("\"shard\":[1,{of}]"), 1);
        assert_ne!(changed, lines);
        let mut packed =
            flate2::write::GzEncoder::new(std::fs::File::create(&file).unwrap(), flate2::Compression::fast());
        packed.write_all(changed.as_bytes()).unwrap();
        packed.finish().unwrap();
        let (ended, said, report) = judge(&[rows.path()], &[], &[]);
        let said = said.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(ended == code && said.contains(says) && report.is_none(), "{ended}: {said}");
    }
    let out = rows.path().to_str().unwrap();
    let refused = program(&["extract", made.path().to_str().unwrap(), "--out", out, "--shard", "1/4000000000"]);
    assert_ne!(refused.status.code(), Some(0));
}
