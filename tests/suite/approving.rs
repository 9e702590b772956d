//! The daily work with approvals by the real program: folders, sheets bound to files, lists, withdrawals, several ledgers.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::shared::document;

use std::path::{Path, PathBuf};
use std::process::Output;

use countersign::approvals::{Cache, Decision, Ledger, Person, Record, Subject};
use document::{program, squeezed, steps};
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, env!("CARGO_BIN_EXE_countersign")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    squeezed(&(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)))
}

/// A delivery of two marked stills of two tools, an unmarked one, and a cut one.
fn delivery() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join("d").join(name);
    std::fs::create_dir_all(at("final")).unwrap();
    std::fs::copy(fixture("delivery/final/hero_010.png"), at("final/hero.png")).unwrap();
    std::fs::copy(fixture("delivery/final/end_credits.mp3"), at("final/song.mp3")).unwrap();
    std::fs::write(at("final/notes.txt"), "nothing made this").unwrap();
    let whole = std::fs::read(fixture("delivery/final/hero_010.png")).unwrap();
    std::fs::write(at("cut.png"), &whole[..60]).unwrap();
    folder
}

fn records(folder: &Path, ledger: &str) -> Vec<Record> {
    Ledger::read(&folder.join(ledger)).map(|l| l.entries.into_iter().map(|e| e.record).collect()).unwrap_or_default()
}

#[test]
fn what_a_scan_flags_in_a_folder_is_shown_and_recorded_when_that_is_said() {
    let folder = delivery();
    let approve = |more: &[&str]| {
        countersign(folder.path(), &[&["approve", "d", "--by", "J", "--approvals", "l.jsonl"], more].concat())
    };
    let asked = approve(&[]);
    assert_eq!((asked.status.code(), records(folder.path(), "l.jsonl").len()), (Some(3), 0));
    assert!(said(&asked).contains(&squeezed("this is no terminal")), "{}", said(&asked));
    let dry = approve(&["--dry-run"]);
    assert_eq!((dry.status.code(), records(folder.path(), "l.jsonl").len()), (Some(0), 0));
    for part in
        ["d/final/hero.png", "d/final/song.mp3", "nothing was recorded (--dry-run)", "cut.png: it could not be read"]
    {
        assert!(said(&dry).contains(&squeezed(part)), "{part}: {}", said(&dry));
    }
    assert!(!said(&dry).contains("notes.txt"));
    assert_eq!(approve(&["--yes"]).status.code(), Some(0));
    let recorded = records(folder.path(), "l.jsonl");
    let mut names: Vec<_> = recorded.iter().flat_map(|r| &r.subjects).map(|s| s.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["d/final/hero.png", "d/final/song.mp3"], "from the folder's own name on");
    let of = |name: &str| recorded.iter().find(|r| r.subjects.iter().any(|s| s.name.ends_with(name))).unwrap();
    assert_eq!(of("song.mp3").tool.as_deref(), Some("Suno"), "as the marks say");
    assert_eq!(of("hero.png").tool.as_deref(), Some("Midjourney"));
    assert!(of("hero.png").prompt.as_deref().is_some_and(|prompt| prompt.contains("harbor at dusk")));
    assert!(of("hero.png").subjects[0].annotations.as_ref().is_some_and(|a| a.fingerprint.is_some()));
    // What is approved is flagged no more, whatever its mount point is.
    std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
    std::fs::rename(folder.path().join("d"), folder.path().join("elsewhere/d")).unwrap();
    let scan = countersign(folder.path(), &["scan", "elsewhere/d", "--approvals", "l.jsonl"]);
    assert_eq!(scan.status.code(), Some(2), "only the cut file is left: {}", said(&scan));
    let again = countersign(folder.path(), &["approve", "elsewhere/d", "--by", "J", "--approvals", "l.jsonl", "--yes"]);
    assert_eq!(again.status.code(), Some(3));
    assert!(said(&again).contains(&squeezed("nothing in elsewhere/d is flagged")), "{}", said(&again));
}

#[test]
fn an_approval_takes_only_what_an_approval_clears() {
    let folder = delivery();
    let root = folder.path();
    for place in ["archival", "temp"] {
        std::fs::create_dir(root.join("d").join(place)).unwrap();
        std::fs::copy(fixture("delivery/final/end_credits.mp3"), root.join(format!("d/{place}/{place}.mp3"))).unwrap();
    }
    let asked = |verb: &[&str], what: &str| {
        let more = ["d", "--by", "J", "--approvals", "l.jsonl", "--dry-run"];
        let output = countersign(root, &[verb, &[what], &more[1..]].concat());
        (output.status.code(), said(&output))
    };
    let takes = |told: &str, name: &str| told.contains(&squeezed(&format!("    d/{name}")));
    let (code, told) = asked(&["approve"], "d");
    assert_eq!(code, Some(0));
    assert!(takes(&told, "final/song.mp3") && takes(&told, "temp/temp.mp3") && !takes(&told, "archival/"), "{told}");
    assert!(told.contains(&squeezed("`countersign approvals disclose` would: archival/archival.mp3")), "{told}");
    let (_, told) = asked(&["approvals", "disclose"], "d");
    assert!(
        takes(&told, "archival/archival.mp3") && takes(&told, "temp/temp.mp3") && !takes(&told, "final/"),
        "{told}"
    );
    let (_, told) = asked(&["approvals", "notify"], "d");
    assert!(takes(&told, "temp/temp.mp3") && !takes(&told, "archival/") && !takes(&told, "final/"), "{told}");
    let (code, told) = asked(&["approve"], "d/archival");
    assert_eq!(code, Some(3));
    assert!(told.contains(&squeezed("that an approval does not clear")), "{told}");
    // A refusal may be of anything that is flagged.
    let denied =
        countersign(root, &["approve", "d/archival", "--deny", "--by", "J", "--approvals", "l.jsonl", "--yes"]);
    assert_eq!((denied.status.code(), records(root, "l.jsonl").len()), (Some(0), 1), "{}", said(&denied));
}

#[test]
fn tampered_files_are_warned_of_and_typed_terms_win() {
    let folder = tempfile::tempdir().unwrap();
    let d = folder.path().join("d");
    std::fs::create_dir(&d).unwrap();
    let mut poster = std::fs::read(fixture("delivery/final/poster_020.jpg")).unwrap();
    let last = poster.len() - 100;
    poster[last] ^= 1;
    std::fs::write(d.join("poster.jpg"), &poster).unwrap();
    std::fs::copy(fixture("delivery/final/end_credits.mp3"), d.join("song.mp3")).unwrap();
    let terms = ["approve", "d", "--by", "J", "--system", "Own Tool", "--approvals", "l.jsonl", "--yes"];
    let output = countersign(folder.path(), &terms);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        records(folder.path(), "l.jsonl").iter().all(|r| r.tool.as_deref() == Some("Own Tool") && r.version.is_none())
    );
    let tampered: Value = serde_json::from_slice(
        &countersign(folder.path(), &["scan", "d", "--report", "json=-", "--no-progress"]).stdout,
    )
    .unwrap();
    if tampered.to_string().contains("tampered-credentials") {
        assert!(
            said(&output).contains(&squeezed("its bytes do not match its Content Credentials")),
            "{}",
            said(&output)
        );
    }
    // The ledger may not lie in the folder.
    let inside = countersign(folder.path(), &["approve", "d", "--by", "J", "--approvals", "d/l.jsonl", "--yes"]);
    assert_eq!(inside.status.code(), Some(3));
    assert!(!d.join("l.jsonl").exists());
}

#[test]
fn a_sheet_is_bound_to_the_files_that_it_names() {
    let folder = delivery();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(
        at("s.csv"),
        "path,by,decision,decided-on,expires-on,scopes\nfinal/hero.png,J,approved,2026-01-02,,final-deliverable\n\
         D:\\show\\d\\final\\song.mp3,J,approved,2026-01-02,2026-02-01,final-deliverable\n\
         final/lost.png,J,approved,2026-01-02,,final-deliverable\n",
    )
    .unwrap();
    let import = |more: &[&str]| {
        countersign(folder.path(), &[&["approvals", "import", "s.csv", "--approvals", "l.jsonl"], more].concat())
    };
    let bare = import(&["--dry-run"]);
    assert!(said(&bare).contains(&squeezed("3 files are recorded without a digest")), "{}", said(&bare));
    let bound = import(&["--root", "d"]);
    assert_eq!(bound.status.code(), Some(0));
    for part in [
        "1 file is named and not found below --root: final/lost.png",
        "recorded as run out already",
        "imported 3 records",
    ] {
        assert!(said(&bound).contains(&squeezed(part)), "{part}: {}", said(&bound));
    }
    let recorded = records(folder.path(), "l.jsonl");
    let digests: Vec<_> = recorded.iter().map(|r| r.sha256().count()).collect();
    assert_eq!(digests, [1, 1, 0]);
    assert_eq!(recorded[1].subjects[0].name, "d/final/song.mp3");
    std::fs::remove_file(at("d/cut.png")).unwrap();
    let scan = countersign(folder.path(), &["scan", "d", "--approvals", "l.jsonl", "--as-of", "2026-01-15"]);
    assert_eq!(scan.status.code(), Some(0), "{}", said(&scan));
    assert!(said(&import(&["--root", "d"])).contains(&squeezed("recorded already")), "a second time adds nothing");
    assert_eq!(import(&["--root", "nowhere"]).status.code(), Some(3));
    std::fs::write(
        at("s.csv"),
        format!("path,sha256,by,decision,decided-on\nfinal/hero.png,{},J,approved,2026-01-02\n", "0".repeat(64)),
    )
    .unwrap();
    assert!(said(&import(&["--root", "d", "--dry-run"])).contains(&squeezed("with other bytes than the sheet says")));
    // A bare name is one right below the root: the only file of that name further in is told and not taken.
    std::fs::write(at("s.csv"), "path,by,decision,decided-on\nhero.png,J,approved,2026-01-02\n").unwrap();
    let bare = said(&import(&["--root", "d", "--dry-run"]));
    assert!(bare.contains(&squeezed("not found below --root: hero.png (there is final/hero.png)")), "{bare}");
}

#[test]
fn lists_say_state_and_expiry_and_which_record_covers_a_file() {
    let folder = delivery();
    let run = |arguments: &[&str]| countersign(folder.path(), &[arguments, &["--approvals", "l.jsonl"]].concat());
    assert_eq!(countersign(folder.path(), &["approvals", "init", "l.jsonl"]).status.code(), Some(0));
    assert_eq!(countersign(folder.path(), &["approvals", "init", "--approvals", "other.jsonl"]).status.code(), Some(0));
    assert!(folder.path().join("other.jsonl").is_file());
    assert_eq!(
        countersign(folder.path(), &["approvals", "init", "l.jsonl"]).status.code(),
        Some(3),
        "never overwritten"
    );
    assert!(said(&run(&["approvals", "list"])).contains(&squeezed("0 records in l.jsonl")));
    for (file, by, expires) in [("d/final/hero.png", "Ann", "2026-07-10"), ("d/final/song.mp3", "Bob", "2027-07-10")] {
        let done = run(&["approve", file, "--by", by, "--decided", "2026-03-01", "--expires", expires]);
        assert!(done.status.success(), "{}", said(&done));
    }
    let list = |more: &[&str]| said(&run(&[&["approvals", "list", "--as-of", "2026-07-01"], more].concat()));
    assert!(list(&[]).contains(&squeezed("by Ann; in force; until 2026-07-10")), "{}", list(&[]));
    let only = |text: &str, has: &str, lacks: &str| assert!(text.contains(has) && !text.contains(lacks), "{text}");
    only(&list(&["--expiring", "30"]), "hero.png", "song.mp3");
    only(&list(&["--by", "bob"]), "song.mp3", "hero.png");
    only(&list(&["--file", "d/final/hero.png"]), &squeezed("about these bytes"), "song.mp3");
    assert!(list(&["--file", "d/final/notes.txt"]).contains(&squeezed("0 of 2 records")));
    let json = run(&["approvals", "list", "--by", "bob", "--json"]);
    let value: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((value["records"].as_array().unwrap().len(), &value["schema"]), (1, &"countersign.approvals/1".into()));
    // The file changes: the record is about other bytes of its path.
    std::fs::write(folder.path().join("d/final/hero.png"), "other").unwrap();
    assert!(list(&["--file", "d/final/hero.png"]).contains(&squeezed("about other bytes of this path")));
}

#[test]
fn what_is_withdrawn_is_not_withdrawn_again() {
    let folder = delivery();
    let run = |arguments: &[&str]| {
        countersign(
            folder.path(),
            &[arguments, &["--by", "J", "--decided", "2026-03-01", "--approvals", "l.jsonl"]].concat(),
        )
    };
    assert!(run(&["approve", "d/final/hero.png"]).status.success());
    let id = records(folder.path(), "l.jsonl")[0].id.clone();
    assert!(run(&["approvals", "revoke", &id]).status.success());
    for what in [id.as_str(), "d/final/hero.png"] {
        let again = run(&["approvals", "revoke", what]);
        assert_eq!(again.status.code(), Some(3), "{what}");
        assert!(
            said(&again).contains(&squeezed(&format!("withdrawn already: {id} (revoked by 000002-"))),
            "{}",
            said(&again)
        );
    }
    assert!(run(&["approve", "d/final/hero.png"]).status.success());
    assert!(run(&["approvals", "revoke", "d/final/hero.png"]).status.success(), "the new one is in force");
    assert_eq!(records(folder.path(), "l.jsonl").len(), 4);
}

#[test]
fn several_ledgers_are_judged_by_together() {
    let folder = delivery();
    std::fs::remove_file(folder.path().join("d/cut.png")).unwrap();
    let record = |arguments: &[&str], ledger: &str, day: &str| {
        let output =
            countersign(folder.path(), &[arguments, &["--by", "J", "--decided", day, "--approvals", ledger]].concat());
        assert!(output.status.success(), "{}", said(&output));
    };
    record(&["approve", "d/final/hero.png"], "a.jsonl", "2026-03-01");
    record(&["approve", "d/final/song.mp3"], "b.jsonl", "2026-03-01");
    let scan = |ledgers: &[&str]| {
        let named: Vec<&str> = ledgers.iter().flat_map(|ledger| ["--approvals", ledger]).collect();
        let output = countersign(
            folder.path(),
            &[&["scan", "d", "--report", "json=-", "--no-progress", "--as-of", "2026-06-01"], &named[..]].concat(),
        );
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    assert_eq!((scan(&["a.jsonl"]).0, scan(&["b.jsonl"]).0), (Some(1), Some(1)));
    for ledgers in [["a.jsonl", "b.jsonl"], ["b.jsonl", "a.jsonl"]] {
        let (code, report) = scan(&ledgers);
        assert_eq!(code, Some(0), "{report}");
        assert_eq!(report["run"]["approvals"]["path"], ledgers[0]);
        assert_eq!(report["run"]["further_approvals"][0]["path"], ledgers[1]);
        assert!(!report.to_string().contains("unused-approval"), "each is used");
    }
    assert_eq!(scan(&["a.jsonl", "./a.jsonl"]).1["run"].get("further_approvals"), None, "one ledger is one");
    // The page names them all, as the terminal does.
    let page = folder.path().join("r.html");
    countersign(
        folder.path(),
        &["scan", "d", "--approvals", "a.jsonl", "--approvals", "b.jsonl", "--report", "html=r.html"],
    );
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<div>a.jsonl (") && page.contains("<div>b.jsonl ("), "both ledgers");
    let config = folder.path().join("no-configuration");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("config.toml"), "approvals = [\"../a.jsonl\", \"../b.jsonl\"]\n").unwrap();
    assert_eq!(scan(&[]).0, Some(0), "from the configuration");
    std::fs::remove_dir_all(&config).unwrap();
    // A refusal in one ledger ends what another one allows, of that day and before.
    record(&["approve", "d/final/hero.png", "--deny"], "c.jsonl", "2026-04-01");
    for ledgers in [["a.jsonl", "b.jsonl", "c.jsonl"], ["c.jsonl", "b.jsonl", "a.jsonl"]] {
        assert_eq!(scan(&ledgers).0, Some(1), "{ledgers:?}");
    }
    record(&["approve", "d/final/hero.png"], "b.jsonl", "2026-05-01");
    assert_eq!(scan(&["a.jsonl", "b.jsonl", "c.jsonl"]).0, Some(0), "a later approval counts again");
    let verified = |report: &str, ledger: &str| {
        countersign(folder.path(), &["approvals", "verify", "--approvals", ledger, "--report", report]).status.code()
    };
    std::fs::write(folder.path().join("r.json"), scan(&["a.jsonl", "c.jsonl"]).1.to_string()).unwrap();
    assert_eq!((verified("r.json", "a.jsonl"), verified("r.json", "c.jsonl")), (Some(0), Some(0)));
    assert_eq!(verified("r.json", "b.jsonl"), Some(3));
}

fn many(from: usize, to: usize) -> Vec<Record> {
    let record = |n: usize| Record {
        subjects: vec![Subject::new(format!("show/reel/{n}.png"), Some(&format!("{n:064x}")))],
        ..Record::new(Decision::Approved, Person::named("J"), "2026-03-01".parse().unwrap())
    };
    (from..to).map(record).collect()
}

/// What an append knows of a large ledger, it knows of its end only: an edit before that is found by the next reading.
#[test]
fn an_append_goes_on_from_the_end_and_proves_nothing_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cache) = (folder.path().join("l.jsonl"), folder.path().join("cache"));
    let cache = Cache { folder: &cache, least: 1 };
    let append = |from, to| Ledger::append_noted(&path, &many(from, to), None, Some(&cache));
    append(0, 3).unwrap();
    let ids = append(3, 5).unwrap();
    assert!(ids[1].starts_with("000005-"));
    Ledger::append(&path, &many(5, 6), None).unwrap();
    append(6, 7).unwrap();
    assert_eq!(Ledger::read(&path).unwrap().entries.len(), 7);
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let edited = whole.replacen(lines[1], &lines[1].replacen("\"signatures\":[]", "\"signatures\": []", 1), 1);
    assert_ne!(edited, whole);
    for (what, text) in [("shorter", lines[..4].join("\n") + "\n"), ("last line edited", edited_last(&lines))] {
        std::fs::write(&path, &text).unwrap();
        let ids = append(7, 8);
        match what {
            "shorter" => assert!(ids.unwrap()[0].starts_with("000005-"), "read from the first line"),
            _ => assert!(ids.is_err(), "{what}"),
        }
    }
    std::fs::write(&path, &whole).unwrap();
    append(7, 8).unwrap();
    // A forged note gives no record a wrong number.
    let note = std::fs::read_dir(cache.folder).unwrap().flatten().next().unwrap().path();
    let kept = std::fs::read_to_string(&note).unwrap();
    assert!(kept.contains("\"records\":8"), "{kept}");
    std::fs::write(&note, kept.replace("\"records\":8", "\"records\":80")).unwrap();
    assert!(append(8, 9).unwrap()[0].starts_with("000009-"));
    // The end is as it was, so an append takes place; whoever reads the ledger refuses it.
    let more = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, more.replacen(lines[1], edited.lines().nth(1).unwrap(), 1)).unwrap();
    assert!(Ledger::read(&path).is_err());
    assert!(countersign::approvals::Approvals::open(&path, &[], Some(&cache)).is_err());
    // Ids that the caller brings and names are compared with all.
    std::fs::write(&path, &whole).unwrap();
    let taken = Record { id: ids[1].clone(), ..many(9, 10).remove(0) };
    assert!(Ledger::append_noted(&path, &[taken], None, Some(&cache)).is_err());
    let unknown = Record { supersedes: vec!["nobody".into()], ..many(9, 10).remove(0) };
    assert!(Ledger::append_noted(&path, &[unknown], None, Some(&cache)).is_err());
}

fn edited_last(lines: &[&str]) -> String {
    let last = lines[lines.len() - 1].replacen("eyJ", "eyK", 1);
    [&lines[..lines.len() - 1], &[last.as_str()]].concat().join("\n") + "\n"
}

/// Found again by several threads, a ledger gives the same answers as read line by line; every edit is named all the same.
#[test]
fn a_ledger_that_is_read_again_says_the_same() {
    use countersign::approvals::Approvals;
    let folder = tempfile::tempdir().unwrap();
    let (path, cache) = (folder.path().join("l.jsonl"), folder.path().join("cache"));
    let cache = Cache { folder: &cache, least: 1 };
    let mut records = many(0, 40);
    records[7].expires_on = Some("2026-04-01".parse().unwrap());
    let ids = Ledger::append(&path, &records, None).unwrap();
    let day = "2026-03-02".parse().unwrap();
    let refusal = Record {
        subjects: vec![Subject::new("", Some(&format!("{:064x}", 9)))],
        ..Record::new(Decision::Denied, Person::named("K"), day)
    };
    let ended = Record { supersedes: vec![ids[11].clone()], ..Record::new(Decision::Revoked, Person::named("K"), day) };
    Ledger::append(&path, &[refusal, ended], None).unwrap();
    let states = |approvals: &Approvals| -> Vec<String> {
        let day = "2026-05-01".parse().unwrap();
        approvals.records().map(|known| approvals.state(&known, day)).collect()
    };
    let first = Approvals::open(&path, &[], Some(&cache)).unwrap();
    let again = Approvals::open(&path, &[], Some(&cache)).unwrap();
    let plain = Approvals::load(&path, &[]).unwrap();
    for approvals in [&first, &again] {
        assert_eq!(states(approvals), states(&plain));
        assert_eq!((approvals.head(), approvals.in_force(day)), (plain.head(), plain.in_force(day)));
    }
    assert!(states(&plain)[9].starts_with("denied by") && states(&plain)[11].starts_with("revoked by"));
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    for (line, expected) in [(0, 1), (9, 10), (40, 41)] {
        let mut edited = lines.clone();
        let other = lines[line].replacen("eyJ", "eyK", 1);
        edited[line] = &other;
        std::fs::write(&path, edited.join("\n") + "\n").unwrap();
        let error = Approvals::open(&path, &[], Some(&cache)).unwrap_err().to_string();
        assert!(error.contains(&format!("l.jsonl:{expected}")), "{error}");
    }
    for left_out in [0, 9, 40] {
        let kept: Vec<&str> = lines.iter().enumerate().filter(|(n, _)| *n != left_out).map(|(_, l)| *l).collect();
        std::fs::write(&path, kept.join("\n") + "\n").unwrap();
        assert!(Approvals::open(&path, &[], Some(&cache)).is_err(), "without line {}", left_out + 1);
    }
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let stills = folder.path().join("delivery/final");
    std::fs::create_dir_all(&stills).unwrap();
    std::fs::copy(fixture("delivery/final/hero_010.png"), stills.join("hero.png")).unwrap();
    std::fs::copy(fixture("delivery/final/end_credits.mp3"), stills.join("song.mp3")).unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/approving.md");
    let steps = steps(&std::fs::read_to_string(page).unwrap());
    assert!(steps.len() >= 10, "the page has lost its commands");
    document::run(folder.path(), &steps);
}
