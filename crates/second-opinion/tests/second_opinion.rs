//! A second verifier, written by other people, asked about the same files: every difference has a reason here.
//!
//! Files of our own making always; those of a corpus where `COUNTERSIGN_CORPUS` names a folder with `TRUTH.tsv`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may")]

#[path = "../../../tests/suite/shared/prerequisite.rs"]
mod prerequisite;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::c2pa::{Options, Verifier};
use countersign::extract;
use countersign::model::CredentialState;
use encypher_c2pa::{TelemetryOptions, VerifyOptions, mime_from_path, verify_with_options};

/// What both can say of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Bytes and signature hold.
    Intact,
    /// They do not.
    Broken,
    /// No store.
    Nothing,
    /// There is something, and no verdict.
    Open,
}

/// One file, two opinions, with the codes that each gives.
struct Row {
    name: String,
    ours: (Word, Vec<String>),
    theirs: (Word, Vec<String>),
}

fn ours(path: &Path, verifier: &Arc<Verifier>) -> (Word, Vec<String>) {
    let options = extract::Options { verifier: Some(Arc::clone(verifier)), ..extract::Options::default() };
    let Some(found) = extract::facts(path, &[], &options).c2pa else { return (Word::Nothing, Vec::new()) };
    let word = match found.state {
        CredentialState::Trusted | CredentialState::Valid => Word::Intact,
        CredentialState::Invalid => Word::Broken,
        CredentialState::Unverified | CredentialState::Unreadable => Word::Open,
        CredentialState::Remote => Word::Nothing,
    };
    (word, found.failures.into_iter().chain(found.damage).collect())
}

fn theirs(path: &Path) -> (Word, Vec<String>) {
    let Some(mime) = mime_from_path(path) else { return (Word::Open, vec!["no such format".to_owned()]) };
    let telemetry = TelemetryOptions { enabled: Some(false), ..TelemetryOptions::default() };
    let options = VerifyOptions { no_default_trust: true, online: Some(false), telemetry, ..VerifyOptions::default() };
    let report = match verify_with_options(&std::fs::read(path).unwrap(), mime, &options) {
        Ok(report) => report,
        Err(e) => return (Word::Open, vec![e.to_string()]),
    };
    let word = match report.validation_state.as_str() {
        "Valid" | "Trusted" => Word::Intact,
        "None" => Word::Nothing,
        _ => Word::Broken,
    };
    let mut codes: Vec<_> = report.validation_results.failure.iter().map(|s| s.code.clone()).collect();
    codes.sort();
    codes.dedup();
    (word, codes)
}

/// Why opinions may differ: what both say, what must stand among the codes and reasons of either, and who is right.
struct Difference {
    ours: Word,
    theirs: Word,
    /// Part of a code or reason of ours or theirs, or the end of a file's name.
    sign: &'static str,
    why: &'static str,
}

const fn differs(ours: Word, theirs: Word, sign: &'static str, why: &'static str) -> Difference {
    Difference { ours, theirs, sign, why }
}

use Word::{Broken, Intact, Nothing, Open};

/// Differences that any file may have.
const DIFFERENCES: &[Difference] = &[
    differs(
        Nothing,
        Broken,
        "manifest.inaccessible",
        "a manifest kept elsewhere is not fetched, and that is no tampering",
    ),
    differs(Nothing, Open, "no such format", "the other verifier does not read the format"),
    differs(Intact, Open, "no such format", "the other verifier goes by the name, and the name is another format's"),
    differs(Intact, Open, "not a valid Png", "the other verifier goes by the name, and the name is another format's"),
    differs(
        Open,
        Nothing,
        "XMP points to a manifest store",
        "a pointer to a store that is gone is told, not passed over",
    ),
    differs(Open, Broken, "exclusionsWider", "bytes before the store are not bound: nothing is known to be changed"),
    differs(Open, Broken, "together with its fragments", "an initialization segment alone is not tampering"),
    differs(Open, Broken, "unknown algorithm", "a hash that names no algorithm can be computed by nobody"),
    differs(Open, Broken, "prerelease content", "a store of a draft before version 1: no verdict is possible"),
    differs(Open, Broken, "no JUMBF superbox", "what stands where the store should be is none"),
    differs(Open, Intact, "is not one of a manifest store", "a retagged box is told, and its store is not relied on"),
];

/// Differences of one file each, looked into by hand.
const FILES: &[Difference] = &[
    differs(
        Intact,
        Broken,
        "fmt_capture.tif",
        "two stores: the writer left an unsigned draft in the fifth directory; the signed one stands in the last, where it \
         belongs, and its Ed25519 signature holds over its claim",
    ),
    differs(Intact, Broken, "fmt_trained.tif", "as fmt_capture.tif"),
    differs(Intact, Broken, "express-signed.pdf", "the other verifier does not find the store of this PDF"),
    differs(
        Intact,
        Broken,
        "update_manifest.jpg",
        "the other verifier wants newer forms of an update manifest; every hash and the signature hold",
    ),
    differs(
        Intact,
        Broken,
        "case_https.png",
        "the https address of a source type, as real products write it, is malformed to the other verifier",
    ),
    differs(
        Broken,
        Intact,
        "adobe-20220124-E-uri-CIE-sig-CA.jpg",
        "the actions of an ingredient do not have the hash that its claim states; the other verifier looks at the active \
         manifest only",
    ),
];

impl Difference {
    fn explains(&self, row: &Row) -> bool {
        let codes = row.ours.1.iter().chain(&row.theirs.1);
        let said = codes.map(String::as_str).any(|code| code.contains(self.sign)) || row.name.ends_with(self.sign);
        (self.ours, self.theirs) == (row.ours.0, row.theirs.0) && said
    }
}

fn rows(files: impl IntoIterator<Item = (String, PathBuf)>) -> Vec<Row> {
    let verifier = Arc::new(Verifier::new(&Options::default()).unwrap());
    let row = |(name, path): (String, PathBuf)| Row { name, ours: ours(&path, &verifier), theirs: theirs(&path) };
    files.into_iter().map(row).collect()
}

/// Prints the table of differences and fails where one has no reason; returns the reasons that were needed.
fn compared(rows: &[Row]) -> BTreeSet<&'static str> {
    let (mut needed, mut unexplained) = (BTreeSet::new(), Vec::new());
    let same = rows.iter().filter(|row| row.ours.0 == row.theirs.0).count();
    println!("{same} of {} alike", rows.len());
    for row in rows.iter().filter(|row| row.ours.0 != row.theirs.0) {
        let why = FILES.iter().chain(DIFFERENCES).find(|d| d.explains(row));
        let line = format!(
            "{}: ours {:?} {:?}, theirs {:?} {:?}",
            row.name, row.ours.0, row.ours.1, row.theirs.0, row.theirs.1
        );
        match why {
            Some(difference) => {
                println!("{line}: {}", difference.why);
                needed.insert(difference.sign);
            }
            None => unexplained.push(line),
        }
    }
    assert!(unexplained.is_empty(), "no reason is known for\n{}", unexplained.join("\n"));
    needed
}

#[test]
fn samples_of_our_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/c2pa");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let rows = rows(paths.into_iter().map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), p)));
    compared(&rows);
    // Both verifiers know good from bad, and none of them is asleep.
    for (word, least) in [(Intact, 5), (Broken, 2)] {
        let agreed = rows.iter().filter(|r| (r.ours.0, r.theirs.0) == (word, word)).count();
        assert!(agreed >= least, "{agreed} files are {word:?} to both");
    }
}

#[test]
fn samples_of_the_corpus() {
    let Some(corpus) = prerequisite::corpus() else { return };
    let truth = std::fs::read_to_string(corpus.join("TRUTH.tsv")).unwrap();
    let names = truth.lines().filter(|l| l.starts_with("c2pa/")).filter_map(|l| l.split('\t').next());
    let rows = rows(names.map(|n| (n.to_owned(), corpus.join(n))));
    let needed = compared(&rows);
    assert!(rows.iter().filter(|r| r.ours.0 == r.theirs.0).count() >= 150);
    let stale: Vec<_> = FILES.iter().chain(DIFFERENCES).map(|d| d.sign).filter(|s| !needed.contains(s)).collect();
    assert!(stale.is_empty(), "reasons that nothing needs: {stale:?}");
}
