//! What is asked of a ledger: whatever it is, the answer is the one that the lines themselves give, and what is kept of them
//! between runs changes nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::shared::asset;

use std::collections::BTreeSet;
use std::path::Path;

use asset::{DECISIONS, asset};
use chrono::NaiveDate;
use countersign::approvals::{Approvals, Cache, Decision, Ledger, MatchKind, Person, Record, Subject, export};
use countersign::model::{Asset, Role};
use countersign::policy::TrustedKey;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use sha2::Digest;

const NAMES: [&str; 7] = ["a/x.png", "A/X.png", "r/a/x.png", r"D:\a\x.png", "b/x.png", "x.png", ""];
fn day(of_month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, of_month).unwrap()
}

fn sha(n: usize) -> String {
    format!("{:064X}", n + 10)
}

/// What one record is made of: decision, subjects (name, digest), day, last day, ended records, signed.
type Seed = (usize, Vec<(usize, Option<usize>)>, u32, Option<u32>, Vec<usize>, bool);

fn seeds(most: usize) -> impl Strategy<Value = Vec<Seed>> {
    let subject = (0..NAMES.len(), proptest::option::of(0..4usize));
    let subjects = proptest::collection::vec(subject, 0..4);
    let ended = proptest::collection::vec(0..20usize, 0..2);
    let seed = (0..6usize, subjects, 1..9u32, proptest::option::of(1..9u32), ended, any::<bool>());
    proptest::collection::vec(seed, 1..most)
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn known() -> Vec<TrustedKey> {
    vec![TrustedKey::new("Legal", key().verifying_key().to_bytes())]
}

fn append(path: &Path, seeds: &[Seed]) {
    for (decision, subjects, decided, expires, ended, signed) in seeds {
        let mut record = Record::new(DECISIONS[*decision], Person::named("A"), day(*decided));
        let subject = |(name, digest): &(usize, Option<usize>)| Subject::new(NAMES[*name], digest.map(sha).as_deref());
        record.subjects = subjects.iter().map(subject).collect();
        record.expires_on = expires.map(day);
        let earlier = Ledger::read(path).map(|l| l.entries).unwrap_or_default();
        let id = |i: &usize| earlier.get(*i).map(|e| e.record.id.clone());
        record.supersedes = ended.iter().filter_map(id).collect();
        Ledger::append(path, &[record], signed.then(key).as_ref()).unwrap();
    }
}

fn assets() -> Vec<Asset> {
    let places = ["a/x.png", "x.png", "b/x.png", "r/a/x.png", "c/y.png"];
    let asset = |rel: &str| asset(Path::new("/mnt/drive").join(rel), rel, Role::Final);
    places.map(asset).to_vec()
}

/// Everything that can be asked of a ledger, or why it cannot.
fn answers(opened: countersign::error::Result<Approvals>) -> String {
    let approvals = match opened {
        Ok(approvals) => approvals,
        Err(error) => return format!("{error:?}"),
    };
    let mut out = String::new();
    for on in [1, 4, 8].map(day) {
        out.push_str(&format!("{}\n{:?}\n", export::json(&approvals, on), approvals.in_force(on)));
    }
    let digests: Vec<_> = (0..5).map(sha).collect();
    for asset in assets() {
        for digest in digests.iter().map(|d| Some(d.as_str())).chain([None]) {
            let rows = approvals.matches(&asset, digest).rows;
            let rows: Vec<_> = rows.iter().map(|(k, by)| (k.index, *by, k.grade, k.signers.clone())).collect();
            out.push_str(&format!("{} {digest:?} {} {rows:?}\n", asset.rel, approvals.name(&asset)));
        }
    }
    approvals.check_ledger_intact().unwrap();
    out
}

fn cached(path: &Path, cache: &Path) -> countersign::error::Result<Approvals> {
    Approvals::open(path, &known(), Some(&Cache { folder: cache, least: 0 }))
}

fn plain(path: &Path) -> countersign::error::Result<Approvals> {
    Approvals::load(path, &known())
}

/// What matching comes to when every line is looked at, in as few words as it can be said.
fn looked_at(path: &Path, asset: &Asset, sha256: Option<&str>) -> Vec<(usize, MatchKind)> {
    let parts = |text: &str| -> Vec<String> {
        text.split(['/', '\\']).filter(|p| !p.is_empty()).map(str::to_lowercase).collect()
    };
    let tail = |a: &[String], b: &[String]| match a.len().min(b.len()) {
        0 => false,
        1 => a == b,
        _ => a.ends_with(b) || b.ends_with(a),
    };
    let (below, whole) = (parts(&asset.rel), parts(asset.path.to_str().unwrap()));
    let fits = |s: &&Subject| tail(&parts(&s.name), &below) || tail(&parts(&s.name), &whole);
    let entries = Ledger::read(path).unwrap().entries;
    let by = |record: &Record| {
        let digest = |s: &Subject| s.sha256().zip(sha256).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        let named: Vec<_> = record.subjects.iter().filter(fits).collect();
        match () {
            () if record.subjects.iter().any(digest) => Some(MatchKind::Digest),
            () if named.iter().any(|s| s.sha256().is_none()) => Some(MatchKind::Path),
            () if !named.is_empty() && sha256.is_some() => Some(MatchKind::OtherBytes),
            () => None,
        }
    };
    entries.iter().enumerate().filter_map(|(i, e)| Some((i, by(&e.record)?))).collect()
}

/// Which records others of no lower grade end as a whole by this day, line by line.
fn ended(path: &Path, on: NaiveDate) -> BTreeSet<usize> {
    let entries = Ledger::read(path).unwrap().entries;
    let mut out = BTreeSet::new();
    for (i, later) in entries.iter().enumerate().filter(|(_, e)| e.record.decided_on <= on) {
        let refuses = matches!(later.record.decision, Decision::Denied | Decision::Revoked);
        for (j, earlier) in entries[..i].iter().enumerate() {
            let named = later.record.supersedes.contains(&earlier.record.id);
            let digests = |r: &Record| r.sha256().map(str::to_owned).collect::<BTreeSet<_>>();
            let (own, other) = (digests(&earlier.record), digests(&later.record));
            let whole = !own.is_empty() && earlier.record.subjects.iter().all(|s| s.sha256().is_some());
            let bare = |s: &Subject| s.sha256().is_none() && !s.name.is_empty();
            let same_path = |s: &Subject| bare(s) && earlier.record.subjects.iter().any(|e| e.name == s.name);
            let same = (whole && own.is_subset(&other)) || later.record.subjects.iter().any(same_path);
            let names = later.record.decision == Decision::Revoked && !later.record.supersedes.is_empty();
            let grade =
                |e: &countersign::approvals::Entry| countersign::approvals::grade(&e.record, &e.keys, &known()).0;
            let strong = grade(later) >= grade(earlier);
            if strong && (named || (refuses && !names && same)) {
                out.insert(j);
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_answers_as_the_lines_do(first in seeds(14), more in seeds(5), at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let folder = tempfile::tempdir().unwrap();
        let (path, cache) = (folder.path().join("l.jsonl"), folder.path().join("cache"));
        append(&path, &first);
        for asset in assets() {
            for digest in [Some(sha(0)), Some(sha(3)), None] {
                let approvals = plain(&path).unwrap();
                let rows = approvals.matches(&asset, digest.as_deref()).rows;
                let rows: Vec<_> = rows.iter().map(|(k, by)| (k.index, *by)).collect();
                prop_assert_eq!(rows, looked_at(&path, &asset, digest.as_deref()));
            }
        }
        for on in [1, 4, 8].map(day) {
            let entries = Ledger::read(&path).unwrap().entries;
            let ended = ended(&path, on);
            let live = |(i, e): (usize, &countersign::approvals::Entry)| {
                let r = &e.record;
                let allows = !matches!(r.decision, Decision::Denied | Decision::Revoked);
                let days = r.decided_on <= on && r.expires_on.is_none_or(|d| d >= on);
                (allows && days && !ended.contains(&i)).then_some(i)
            };
            let live: Vec<_> = entries.iter().enumerate().filter_map(live).collect();
            prop_assert_eq!(plain(&path).unwrap().in_force(on), live);
        }
        let wanted = answers(plain(&path));
        prop_assert_eq!(&answers(cached(&path, &cache)), &wanted, "made");
        prop_assert_eq!(&answers(cached(&path, &cache)), &wanted, "used");
        append(&path, &more);
        let wanted = answers(plain(&path));
        prop_assert_eq!(&answers(cached(&path, &cache)), &wanted, "extended");
        prop_assert_eq!(&answers(cached(&path, &cache)), &wanted, "used again");
        // Somebody changes a byte of the ledger and puts its times back.
        let times = std::fs::metadata(&path).unwrap().modified().unwrap();
        let mut text = std::fs::read(&path).unwrap();
        let at_byte = at.index(text.len());
        text[at_byte] ^= flip;
        std::fs::write(&path, &text).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(times).unwrap();
        prop_assert_eq!(&answers(cached(&path, &cache)), &answers(plain(&path)), "tampered");
        // And cuts it.
        text.truncate(at.index(text.len()));
        std::fs::write(&path, &text).unwrap();
        prop_assert_eq!(&answers(cached(&path, &cache)), &answers(plain(&path)), "cut");
    }

    #[test]
    fn a_damaged_note_is_made_anew(first in seeds(9), at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let folder = tempfile::tempdir().unwrap();
        let (path, cache) = (folder.path().join("l.jsonl"), folder.path().join("cache"));
        append(&path, &first);
        let wanted = answers(cached(&path, &cache));
        for entry in std::fs::read_dir(&cache).unwrap().flatten() {
            let whole = std::fs::read(entry.path()).unwrap();
            let mut bytes = whole.clone();
            bytes[at.index(whole.len())] ^= flip;
            for damaged in [&bytes[..], &whole[..at.index(whole.len())], b""] {
                std::fs::write(entry.path(), damaged).unwrap();
                let approvals = cached(&path, &cache).unwrap();
                prop_assert_eq!(approvals.warning(), None);
                prop_assert_eq!(&answers(Ok(approvals)), &wanted);
            }
        }
    }
}

fn many(path: &Path, from: usize, to: usize) {
    let record = |n: usize| Record {
        subjects: vec![Subject::new(format!("s/{n}.png"), Some(&sha(n)))],
        ..Record::new(Decision::Approved, Person::named("A"), day(1))
    };
    Ledger::append(path, &(from..to).map(record).collect::<Vec<_>>(), None).unwrap();
}

#[test]
fn a_note_that_cannot_be_kept_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cache) = (folder.path().join("l.jsonl"), folder.path().join("cache"));
    many(&path, 0, 9);
    std::fs::write(&cache, "a file").unwrap();
    let approvals = cached(&path, &cache).unwrap();
    assert!(approvals.warning().is_some_and(|why| why.contains("cache")));
    assert_eq!(answers(Ok(approvals)), answers(plain(&path)));
    let small = Approvals::open(&path, &[], Some(&Cache::new(&cache))).unwrap();
    assert_eq!(small.warning(), None, "of a small ledger nothing is kept");
}

#[test]
fn a_line_that_is_changed_while_the_ledger_is_in_use_stops_everything() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cache) = (folder.path().join("l.jsonl"), folder.path().join("cache"));
    many(&path, 0, 9);
    for opened in [plain(&path), cached(&path, &cache)] {
        let approvals = opened.unwrap();
        let whole = std::fs::read(&path).unwrap();
        let third: usize = whole.split_inclusive(|b| *b == b'\n').take(2).map(<[u8]>::len).sum();
        let mut text = whole.clone();
        text[third + 40] ^= 1;
        std::fs::write(&path, &text).unwrap();
        let matched = |n: usize| approvals.matches(&assets()[4], Some(&sha(n))).rows.len();
        assert_eq!(matched(0), 1);
        assert!(approvals.check_ledger_intact().is_ok());
        assert_eq!(matched(2), 0);
        assert!(approvals.check_ledger_intact().unwrap_err().to_string().contains("l.jsonl:3: the line was changed"));
        std::fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn readers_and_a_writer_at_the_same_time_see_whole_ledgers() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cache) = (folder.path().join("l.jsonl"), folder.path().join("cache"));
    many(&path, 0, 50);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (path, cache) = (&path, &cache);
            scope.spawn(move || {
                for _ in 0..10 {
                    let approvals = cached(path, cache).unwrap();
                    let n = approvals.len();
                    assert!(n >= 50);
                    assert_eq!(approvals.warning(), None);
                    assert_eq!(approvals.records().count(), n);
                    assert_eq!(approvals.matches(&assets()[4], Some(&sha(n - 1))).rows.len(), 1);
                    approvals.check_ledger_intact().unwrap();
                }
            });
        }
        for n in 50..70 {
            many(&path, n, n + 1);
        }
    });
    assert_eq!(cached(&path, &cache).unwrap().len(), 70);
}

/// What somebody can do who may write to the cache: a note of a ledger that was never checked, with all that it must say.
#[test]
fn a_forged_note_neither_clears_nor_revives() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cache) = (folder.path().join("l.jsonl"), folder.path().join("cache"));
    let record = |decision| Record {
        subjects: vec![Subject::new("s/1.png", Some(&sha(1)))],
        ..Record::new(decision, Person::named("A"), day(1))
    };
    Ledger::append(&path, &[record(Decision::Approved)], Some(&key())).unwrap();
    cached(&path, &cache).unwrap();
    let note = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let right = |path: &Path, note: &Path| {
        let audit = Ledger::audit(path, None, |_| {}).unwrap();
        let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(note).unwrap()).unwrap();
        value["records"] = audit.records.into();
        value["head"] = audit.head.into();
        value["bytes"] = std::fs::metadata(path).unwrap().len().into();
        std::fs::write(note, value.to_string()).unwrap();
    };
    Ledger::append(&path, &[record(Decision::Revoked)], Some(&key())).unwrap();
    // A note of the ledger before the withdrawal, and one of the ledger as it is: the withdrawal counts in both.
    for forged in [false, true] {
        if forged {
            right(&path, &note);
        }
        let approvals = cached(&path, &cache).unwrap();
        assert!(approvals.in_force(day(2)).is_empty(), "forged: {forged}");
        assert_eq!(approvals.matches(&assets()[4], Some(&sha(1))).rows.len(), 2);
        approvals.check_ledger_intact().unwrap();
    }
    // An approval with the signature of another text, and a note that it was checked: it is never believed.
    let text = std::fs::read_to_string(&path).unwrap();
    let mut line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let payload = data_encoding::BASE64.decode(line["payload"].as_str().unwrap().as_bytes()).unwrap();
    let other = String::from_utf8(payload).unwrap().replace(&sha(1).to_lowercase(), &sha(2).to_lowercase());
    assert!(other.contains(&sha(2).to_lowercase()));
    line["payload"] = data_encoding::BASE64.encode(other.as_bytes()).into();
    let forged = format!("{line}\n");
    std::fs::write(&path, &forged).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&note).unwrap()).unwrap();
    value["records"] = 1.into();
    value["head"] = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(forged.trim_end().as_bytes())).into();
    value["bytes"] = forged.len().into();
    std::fs::write(&note, value.to_string()).unwrap();
    let approvals = cached(&path, &cache).unwrap();
    assert!(approvals.matches(&assets()[4], Some(&sha(2))).rows.is_empty());
    assert!(approvals.check_ledger_intact().unwrap_err().to_string().contains("l.jsonl:1"));
    assert!(plain(&path).is_err());
}

#[test]
fn blanks_behind_lines_are_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    many(&path, 0, 3);
    let wanted = answers(plain(&path));
    let head = plain(&path).unwrap().head().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    for (line_end, behind) in [("\r\n", ""), ("  \n", "  "), ("\n", "\n\n"), ("\n", " \t\r\n  ")] {
        let blanks = (line_end, behind);
        std::fs::write(&path, text.replace('\n', line_end) + behind).unwrap();
        assert_eq!(answers(plain(&path)), wanted, "{blanks:?}");
        many(&path, 3, 4);
        let longer = plain(&path).unwrap();
        assert_eq!((longer.len(), Ledger::audit(&path, Some(&head), |_| {}).unwrap().line), (4, Some(3)), "{blanks:?}");
        assert_eq!(longer.records().count(), 4);
    }
}

/// A pipe that nobody writes to would be read forever.
#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
        let refused = [
            plain(path).map(drop),
            Ledger::read(path).map(drop),
            Ledger::append(path, &[], None).map(drop),
            Ledger::audit(path, None, |_| {}).map(drop),
            Ledger::repair(path).map(drop),
            countersign::policy::Policy::load(path).map(drop),
            countersign::c2pa::trust::TrustList::load(path).map(drop),
        ];
        assert!(refused.iter().all(Result::is_err), "{}: {refused:?}", path.display());
    }
}
