//! Lists of checksums that name their files by another folder than their own: which files they mean, and where nobody can tell.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::checksums::{findings, remarks, report, scan, tree};
use crate::samples::archives::{stored, zip};
use crate::shared::archived::{folder, sample};
use countersign::digest::{Algorithm, Digest};

type Files = Vec<(String, Vec<u8>)>;

fn pictures(below: &str) -> Files {
    [("a.png", "plain.png"), ("x/b.jpg", "plain.jpg"), ("c.gif", "plain.gif")]
        .map(|(path, name)| (format!("{below}{path}"), sample(&format!("formats/{name}"))))
        .into()
}

/// A list of `files`, whose names begin with `before` in the place of `below`.
fn list(files: &Files, below: &str, before: &str) -> Vec<u8> {
    let line = |(path, bytes): &(String, Vec<u8>)| {
        let named = format!("{before}{}", path.strip_prefix(below).unwrap());
        let named = if before.contains('\\') { named.replace('/', "\\") } else { named };
        format!("{}  {named}\n", Digest::of(Algorithm::Md5, bytes).text())
    };
    files.iter().map(line).collect::<String>().into_bytes()
}

/// Where the files lie, where the list lies, and how it names the files.
const PLACES: &[(&str, &str, &str)] = &[
    ("show/", "show.md5", "/Volumes/X/show/"),
    ("show/", "show.md5", "D:\\show\\"),
    ("show/", "show/show.md5", "/Volumes/X/show/"),
    ("", "show.md5", "/Volumes/X/show/"),
    ("", "show.md5", "\\\\server\\share\\show\\"),
    ("show/", "show.md5", ""),
    ("show/", "show/lists/show.md5", ""),
    ("show/", "show/show.md5", "./show/"),
    ("media/", "lists/show.md5", "../media/"),
    ("media/", "lists/show.md5", ""),
    ("media/", "lists/show.md5", "../../../show/media/"),
    ("show/", "show/show.md5", "../show/"),
];

#[test]
fn files_are_found_by_the_endings_of_their_paths() {
    for (below, at, before) in PLACES {
        let case = format!("{below} {at} {before}");
        let whole = pictures(below);
        let with = |files: &Files| {
            let list = vec![((*at).to_owned(), list(&whole, below, before))];
            let dir = tree(&[files.clone(), list].concat());
            report(dir.path(), &["--integrity"])
        };
        let rules = |files: &Files| {
            let (code, report) = with(files);
            (code, findings(&report).iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(rules(&whole), (0, vec![]), "{case}");
        let said = remarks(&with(&whole).1);
        let as_written = before.starts_with("../") && !before.starts_with("../../..");
        assert_eq!(
            said.iter().filter(|said| said.contains("3 of 3 files")).count(),
            usize::from(!as_written),
            "{case}: {said:?}"
        );
        let mut changed = whole.clone();
        changed[1].1 = sample("formats/prompt-words.png");
        assert_eq!(rules(&changed).1.iter().filter(|rule| *rule == "package-hash-mismatch").count(), 1, "{case}");
        let mut lost = whole.clone();
        lost.remove(1);
        assert_eq!(rules(&lost), (1, vec!["package-missing-asset".to_owned()]), "{case}");
    }
}

#[test]
fn where_two_files_may_be_meant_none_is_taken() {
    let (one, two) = (pictures("one/show/"), pictures("two/show/"));
    let named = list(&one, "one/", "/Volumes/X/");
    let beside = |at: &str| tree(&[one.clone(), two.clone(), vec![(at.to_owned(), named.clone())]].concat());
    assert_eq!(scan(beside("show.md5").path(), &["--integrity"]), (1, vec!["package-unverified".to_owned()]));
    // What lies with the list is meant.
    assert_eq!(scan(beside("two/show.md5").path(), &["--integrity"]), (0, vec![]));
    // A longer ending elsewhere, and a file of that name beside the list.
    let alone: Files = vec![("show/a.png".into(), one[0].1.clone()), ("copy/a.png".into(), one[0].1.clone())];
    let named = list(&vec![alone[0].clone()], "", "/Volumes/X/");
    let dir = tree(&[alone, vec![("copy/show.md5".to_owned(), named)]].concat());
    assert_eq!(scan(dir.path(), &["--integrity"]), (1, vec!["package-unverified".to_owned()]));
}

#[test]
fn a_changed_file_is_not_excused_by_its_copy() {
    let (mut show, copy) = (pictures("show/"), pictures("copy/"));
    let named = list(&show, "", "/Volumes/X/");
    show[0].1 = sample("formats/prompt-words.png");
    let dir = tree(&[show, copy, vec![("show.md5".to_owned(), named)]].concat());
    let (code, found) = scan(dir.path(), &["--integrity"]);
    assert!(code == 1 && found.contains(&"package-hash-mismatch".to_owned()), "{found:?}");
}

#[test]
fn names_of_two_files_are_not_one_file() {
    let files = pictures("show/");
    let named = [list(&files, "", "/Volumes/X/"), list(&files, "", "/Volumes/Y/")].concat();
    let dir = tree(&[files, vec![("show.md5".to_owned(), named)]].concat());
    let (code, found) = scan(dir.path(), &["--integrity"]);
    assert_eq!((code, found), (1, vec!["package-unverified".to_owned(); 3]));
}

#[test]
fn nothing_outside_of_the_root_is_looked_for() {
    let outer = tree(&[pictures("media/"), vec![("show/lists/own.txt".to_owned(), b"x".to_vec())]].concat());
    let named = list(&pictures("media/"), "", "../../");
    std::fs::write(outer.path().join("show/lists/show.md5"), &named).unwrap();
    let (code, found) = scan(&outer.path().join("show"), &["--integrity"]);
    assert!(code == 1 && found.contains(&"package-unverified".to_owned()), "{found:?}");
    assert!(!found.contains(&"package-missing-asset".to_owned()), "{found:?}");
}

#[test]
fn a_file_that_is_excluded_is_not_missing() {
    let files = pictures("show/");
    let named = list(&files, "", "/Volumes/X/");
    let dir = tree(&[files, vec![("show.md5".to_owned(), named)]].concat());
    assert_eq!(scan(dir.path(), &["--integrity", "--exclude", "show/x"]), (0, vec![]));
}

#[test]
fn lists_in_archives_are_matched_in_their_archive() {
    let files = pictures("show/");
    let named = list(&files, "", "/Volumes/X/");
    let packed = |files: &Files| {
        let members = files.iter().map(|(path, bytes)| stored(path, bytes));
        let members: Vec<_> = members.chain([stored("lists/show.md5", &named)]).collect();
        scan(folder(&[("show.zip", zip(&members))]).path(), &["--integrity"])
    };
    assert_eq!(packed(&files), (0, vec![]));
    let mut changed = files.clone();
    changed[1].1.push(0);
    assert!(packed(&changed).1.contains(&"package-hash-mismatch".to_owned()));
}

#[test]
fn a_list_that_names_itself_is_not_compared_with_itself() {
    let files = pictures("show/");
    let own = format!("{}  /Volumes/X/show/show.md5\n", Digest::of(Algorithm::Md5, b"").text());
    let named = [list(&files, "", "/Volumes/X/"), own.into_bytes()].concat();
    let dir = tree(&[files, vec![("show/show.md5".to_owned(), named)]].concat());
    assert_eq!(scan(dir.path(), &["--integrity"]), (0, vec![]));
}

#[test]
fn findings_name_the_list_in_which_an_entry_stands() {
    let files = pictures("show/");
    let only = |n: usize| list(&vec![files[n].clone()], "show/", "");
    let mut there = files.clone();
    there[0].1.push(0);
    there.remove(2);
    there.extend([("show/a.md5".to_owned(), only(0)), ("show/c.md5".to_owned(), only(2))]);
    let dir = tree(&there);
    let (_, report) = report(dir.path(), &["--integrity"]);
    let message = |rule: &str| {
        let found = findings(&report).into_iter().find(|f| f["rule"] == rule);
        found.unwrap_or_else(|| panic!("{rule}"))["message"].as_str().unwrap().to_owned()
    };
    assert!(message("package-hash-mismatch").contains("listed in a.md5"), "{}", message("package-hash-mismatch"));
    assert!(message("package-missing-asset").contains("listed in c.md5"), "{}", message("package-missing-asset"));
    let missing = report["packages"][0]["missing"].as_array().unwrap();
    assert_eq!(missing, &["show/c.gif"]);
}

#[test]
fn two_lists_that_contradict_each_other_are_told() {
    let files = pictures("");
    let named = list(&files, "", "");
    let other = list(&vec![("a.png".to_owned(), b"another".to_vec())], "", "");
    let with = |lists: &[(&str, &Vec<u8>)]| {
        let lists: Files = lists.iter().map(|(name, bytes)| ((*name).to_owned(), (*bytes).clone())).collect();
        let dir = tree(&[files.clone(), lists].concat());
        report(dir.path(), &[])
    };
    assert_eq!(with(&[("one.md5", &named), ("two.md5", &named)]).0, 0);
    let (code, report) = with(&[("one.md5", &named), ("two.md5", &other)]);
    let found = findings(&report);
    assert_eq!((code, found.len()), (1, 1));
    let message = found[0]["message"].as_str().unwrap();
    assert!(
        found[0]["rule"] == "package-malformed" && message.contains("in one.md5") && message.contains("in two.md5")
    );
}

#[test]
fn a_list_that_is_called_like_its_one_file_lies_beside_it() {
    let picture = sample("formats/plain.png");
    let digits = Digest::of(Algorithm::Md5, &picture).text();
    for (name, text) in [
        ("a.png.md5", digits.clone()),
        ("a.png.md5", format!("{digits}  a.png")),
        ("a.md5", format!("{digits} *a.png")),
    ] {
        let dir = tree(&[("other.png".into(), picture.clone()), (name.to_owned(), text.into_bytes())]);
        assert_eq!(scan(dir.path(), &[]), (1, vec!["package-missing-asset".to_owned()]), "{name}");
    }
}
