//! The ledger: what is appended reads back, and whatever else happens to it is named with its line.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::Path;
use std::sync::Barrier;

use chrono::NaiveDate;
use countersign::approvals::ledger::ORIGIN;
use countersign::approvals::{Approvals, Decision, Ledger, Person, Record, Subject};
use countersign::error::Error;
use countersign::policy::{Grade, Scope, TrustedKey};
use ed25519_dalek::SigningKey;

fn record(name: &str) -> Record {
    let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    let mut record = Record::new(Decision::Approved, Person::named("A. Smith"), day);
    record.subjects = vec![Subject::new(name, Some(&"ab".repeat(32)))];
    record.scopes = vec![Scope::FinalDeliverable];
    record
}

/// The lines of a ledger with `n` records, without their line feeds.
fn lines(n: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let records: Vec<_> = (0..n).map(|i| record(&format!("f/{i}.png"))).collect();
    Ledger::append(&path, &records, None).unwrap();
    std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect()
}

/// The line and the words of the error that this text gives.
fn broken(text: &str) -> (usize, String) {
    match Ledger::parse(Path::new("l.jsonl"), text.as_bytes()) {
        Err(Error::Ledger { line, what, .. }) => (line, what),
        other => panic!("{other:?}"),
    }
}

fn joined(lines: &[&String]) -> String {
    lines.iter().map(|l| format!("{l}\n")).collect()
}

#[test]
fn what_is_appended_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let mut full = record("stills/a.png");
    full.conditions = vec!["background only".into()];
    full.expires_on = NaiveDate::from_ymd_opt(2027, 1, 1);
    full.subjects[0].annotations =
        Some(countersign::approvals::record::Annotations { range: Some("1-9".into()), fingerprint: None });
    let ids = Ledger::append(&path, &[full.clone(), record("b/c.png")], None).unwrap();
    let more = Ledger::append(&path, &[record("d/e.png")], None).unwrap();
    let ledger = Ledger::read(&path).unwrap();
    full.id.clone_from(&ids[0]);
    assert_eq!(ledger.entries[0].record, full);
    assert_eq!(ledger.entries.iter().map(|e| e.record.id.clone()).collect::<Vec<_>>(), [ids, more].concat());
    assert!(ledger.entries[2].record.id.starts_with("000003-"));
    let last = std::fs::read_to_string(&path).unwrap().lines().last().unwrap().to_owned();
    use sha2::Digest;
    assert_eq!(ledger.head, data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(last.as_bytes())));
}

#[test]
fn an_empty_ledger_has_a_head() {
    assert_eq!(Ledger::parse(Path::new("l"), b"").unwrap().head, ORIGIN);
}

#[test]
fn a_missing_ledger_is_an_error() {
    assert!(matches!(Ledger::read(Path::new("/nonexistent/l.jsonl")), Err(Error::File { .. })));
}

#[test]
fn changes_are_named_with_their_line() {
    let l = lines(4);
    let (a, b, c, d) = (&l[0], &l[1], &l[2], &l[3]);
    let cases = [
        ("first deleted", joined(&[b, c, d]), 1, "missing"),
        ("middle deleted", joined(&[a, c, d]), 2, "record 3 stands where record 2 should"),
        ("swapped", joined(&[a, c, b, d]), 2, "out of order"),
        ("repeated", joined(&[a, b, b, c]), 3, "repeated"),
        ("blank line", joined(&[a, &String::new(), b]), 2, "not an envelope"),
        ("other text", joined(&[a, &"{}".to_owned()]), 2, "not an envelope"),
    ];
    for (name, text, line, what) in cases {
        let (found, said) = broken(&text);
        assert_eq!(found, line, "{name}: {said}");
        assert!(said.contains(what), "{name}: {said}");
    }
    assert!(Ledger::parse(Path::new("l"), joined(&[a, b, c]).as_bytes()).is_ok(), "a cut end shows in the head only");
}

#[test]
fn an_edited_line_breaks_the_chain() {
    let l = lines(3);
    // The same statement in other words: the envelope still opens, the next line's link does not hold.
    let edited = l[1].replacen("\"signatures\":[]", "\"signatures\": []", 1);
    assert_ne!(edited, l[1]);
    let (line, what) = broken(&joined(&[&l[0], &edited, &l[2]]));
    assert_eq!((line, what.contains("line 2 was edited")), (3, true), "{what}");
}

#[test]
fn every_torn_last_line_is_named() {
    let l = lines(2);
    let whole = joined(&[&l[0], &l[1]]);
    let first = l[0].len() + 1;
    for cut in 1..whole.len() {
        if cut == first {
            continue;
        }
        let (line, what) = broken(&whole[..cut]);
        assert_eq!(line, if cut < first { 1 } else { 2 });
        assert!(what.contains("torn"), "{what}");
    }
}

#[test]
fn flipped_bytes_never_pass_for_a_ledger_and_never_panic() {
    let l = lines(2);
    let whole = joined(&[&l[0], &l[1]]).into_bytes();
    for at in 0..l[0].len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        assert!(Ledger::parse(Path::new("l"), &bytes).is_err(), "byte {at}");
    }
}

#[test]
fn a_broken_ledger_is_not_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let torn = &lines(1)[0][..40];
    std::fs::write(&path, torn).unwrap();
    assert!(matches!(Ledger::append(&path, &[record("x/y")], None), Err(Error::Ledger { line: 1, .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), torn);
}

#[test]
fn a_taken_id_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let mine = Record { id: "mine".into(), ..record("a/b") };
    assert!(Ledger::append(&path, &[mine.clone(), mine.clone()], None).is_err());
    Ledger::append(&path, std::slice::from_ref(&mine), None).unwrap();
    assert!(Ledger::append(&path, &[mine], None).is_err());
    assert_eq!(Ledger::read(&path).unwrap().entries.len(), 1);
}

#[test]
fn writers_at_the_same_time_do_not_lose_each_others_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let barrier = Barrier::new(4);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (path, barrier) = (&path, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for i in 0..5 {
                    Ledger::append(path, &[record(&format!("{writer}/{i}.png"))], None).unwrap();
                }
            });
        }
    });
    let ledger = Ledger::read(&path).unwrap();
    let mut names: Vec<_> = ledger.entries.iter().map(|e| e.record.subjects[0].name.clone()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 20);
}

#[test]
fn signatures_give_the_grade() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let key = SigningKey::from_bytes(&[7; 32]);
    Ledger::append(&path, &[record("a/b")], Some(&key)).unwrap();
    Ledger::append(&path, &[record("c/d")], Some(&SigningKey::from_bytes(&[8; 32]))).unwrap();
    Ledger::append(&path, &[record("e/f")], None).unwrap();
    let known = TrustedKey::new("Legal", key.verifying_key().to_bytes());
    let approvals = Approvals::load(&path, &[known]).unwrap();
    let grades: Vec<_> = approvals.records().map(|k| k.grade).collect();
    assert_eq!(grades, [Grade::SignedKnown, Grade::Signed, Grade::Imported]);
}

#[test]
fn a_signed_line_with_another_payload_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("1"), folder.path().join("2"));
    let key = SigningKey::from_bytes(&[7; 32]);
    Ledger::append(&one, &[record("a/b")], Some(&key)).unwrap();
    Ledger::append(&two, &[record("c/d")], Some(&key)).unwrap();
    let read = |p| serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(p).unwrap()).unwrap();
    let (mut mixed, other) = (read(&one), read(&two));
    mixed["payload"] = other["payload"].clone();
    let (line, what) = broken(&format!("{mixed}\n"));
    assert_eq!((line, what.contains("signature does not hold")), (1, true), "{what}");
}

#[test]
fn the_schema_knows_every_field_that_is_written() {
    use countersign::approvals::record::{Annotations, SourceAsset, UseClass};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let (text, day) = (|| Some("x".to_owned()), NaiveDate::from_ymd_opt(2027, 1, 1));
    let person = Person { name: "P".into(), role: text(), organization: text() };
    let mut full = Record {
        use_class: Some(UseClass::Altered),
        tool: text(),
        vendor: text(),
        version: text(),
        model: text(),
        prompt: text(),
        sources: vec![SourceAsset { name: "s".into(), rights: text() }],
        consents: vec!["c".into()],
        conditions: vec!["c".into()],
        requester: Some(person.clone()),
        approver: person,
        expires_on: day,
        reference: text(),
        note: text(),
        source_system: text(),
        archive: text(),
        collection: text(),
        object: text(),
        licence: text(),
        disclosure_text: text(),
        ..record("a/b.png")
    };
    full.subjects[0].annotations = Some(Annotations { range: text(), fingerprint: None });
    let first = Ledger::append(&path, &[record("c/d.png")], None).unwrap();
    full.supersedes = first;
    Ledger::append(&path, &[full], None).unwrap();
    let line = std::fs::read_to_string(&path).unwrap().lines().last().unwrap().to_owned();
    let envelope: serde_json::Value = serde_json::from_str(&line).unwrap();
    let payload = data_encoding::BASE64.decode(envelope["payload"].as_str().unwrap().as_bytes()).unwrap();
    let written: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../docs/approval.schema.json")).unwrap();
    let keys = |value: &serde_json::Value| {
        value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    let predicate = &schema["properties"]["predicate"]["properties"];
    assert_eq!(keys(&written), keys(&schema["properties"]));
    assert_eq!(keys(&written["predicate"]), keys(predicate));
    assert_eq!(keys(&written["predicate"]["approver"]), keys(&schema["$defs"]["person"]["properties"]));
    assert_eq!(keys(&written["subject"][0]), keys(&schema["properties"]["subject"]["items"]["properties"]));
    assert_eq!(written["predicateType"], schema["properties"]["predicateType"]["const"]);
    for (word, list) in [("decision", &predicate["decision"]["enum"]), ("useClass", &predicate["useClass"]["enum"])] {
        assert!(list.as_array().unwrap().contains(&written["predicate"][word]), "{word}");
    }
    let scopes: Vec<_> = Scope::ALL.iter().map(|s| serde_json::json!(s.word())).collect();
    assert_eq!(predicate["scopes"]["items"]["enum"].as_array().unwrap(), &scopes);
}

#[test]
fn a_record_may_only_end_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let unknown = Record { supersedes: vec!["000009-00000000".into()], ..record("a/b") };
    let error = Ledger::append(&path, &[unknown], None).unwrap_err();
    assert!(error.to_string().contains("no record 000009-00000000"), "{error}");
}

#[test]
fn a_key_is_known_in_its_time_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let key = SigningKey::from_bytes(&[7; 32]);
    Ledger::append(&path, &[record("a/b")], Some(&key)).unwrap();
    let day = |text: &str| Some(text.parse().unwrap());
    let grade = |from, until| {
        let known = TrustedKey { from, until, ..TrustedKey::new("Legal", key.verifying_key().to_bytes()) };
        Approvals::load(&path, &[known]).unwrap().records().next().unwrap().grade
    };
    assert_eq!(grade(day("2026-03-01"), day("2026-03-01")), Grade::SignedKnown);
    assert_eq!(grade(day("2026-03-02"), None), Grade::Signed);
    assert_eq!(grade(None, day("2026-02-28")), Grade::Signed);
}

#[test]
fn a_withdrawal_of_one_file_leaves_the_others_of_its_record() {
    use countersign::approvals::Verdict;
    use countersign::approvals::status::CoverageQuery;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let (one, two) = ("11".repeat(32), "22".repeat(32));
    let mut both = record("s/a.png");
    both.subjects = vec![Subject::new("s/a.png", Some(&one)), Subject::new("s/b.png", Some(&two))];
    let mut revoked = Record { decision: Decision::Revoked, ..record("s/a.png") };
    revoked.subjects = vec![Subject::new("s/a.png", Some(&one))];
    Ledger::append(&path, &[both, revoked], None).unwrap();
    let approvals = Approvals::load(&path, &[]).unwrap();
    let policy = countersign::policy::Policy::builtin("netflix-genai").unwrap();
    let covered = |name: &str, sha: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "x").unwrap();
        let mut assets = countersign::walk::Walk::new(&[file], globset::GlobSet::empty()).flatten();
        let matches = approvals.matches(&assets.next().unwrap(), Some(sha));
        let question = CoverageQuery {
            policy: &policy,
            role: countersign::model::Role::Final,
            decisions: &[Decision::Approved],
            scopes: [Scope::FinalDeliverable].into(),
            as_of: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
        };
        matches!(matches.status(&question).verdict, Verdict::Covered(_))
    };
    assert!(!covered("s/a.png", &one));
    assert!(covered("s/b.png", &two));
    assert!(approvals.in_force(NaiveDate::from_ymd_opt(2026, 4, 1).unwrap()).contains(&0));
}
