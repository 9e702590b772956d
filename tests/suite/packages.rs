//! Delivery packages: what belongs to them, what plays it, and where they disagree with themselves.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use crate::shared::prerequisite;
use countersign::survey;
use globset::GlobSet;
use serde_json::Value;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn countersign(arguments: &[&str]) -> String {
    let nowhere = std::env::temp_dir().join("countersign-tests-no-configuration");
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .current_dir(project())
        .env("COUNTERSIGN_CONFIG", nowhere)
        .env_remove("COUNTERSIGN_POLICY")
        .env_remove("COUNTERSIGN_APPROVALS")
        .output()
        .unwrap();
    assert!(output.status.code().is_some_and(|c| c <= 2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn scan(root: &Path, options: &[&str]) -> Value {
    let arguments = [&["scan", root.to_str().unwrap(), "--report", "json", "--verify", "off"], options].concat();
    serde_json::from_str(&countersign(&arguments)).unwrap()
}

/// A copy of the fixtures to break.
fn copy() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = project().join("fixtures/packages");
    for entry in walkdir::WalkDir::new(&from) {
        let entry = entry.unwrap();
        let to = dir.path().join(entry.path().strip_prefix(&from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    dir
}

fn edit(path: PathBuf, change: impl Fn(String) -> String) {
    let text = change(fs::read_to_string(&path).unwrap());
    fs::write(path, text).unwrap();
}

fn asset<'a>(report: &'a Value, path: &str) -> &'a Value {
    report["assets"].as_array().unwrap().iter().find(|a| a["path"] == path).unwrap_or_else(|| panic!("no {path}"))
}

fn package<'a>(report: &'a Value, root: &str) -> &'a Value {
    report["packages"].as_array().unwrap().iter().find(|p| p["root"] == root).unwrap_or_else(|| panic!("no {root}"))
}

/// (rule, message) of what is found in a package.
fn faults(package: &Value) -> Vec<(String, String)> {
    let text = |f: &Value, key: &str| f[key].as_str().unwrap().to_owned();
    package["findings"].as_array().unwrap().iter().map(|f| (text(f, "rule"), text(f, "message"))).collect()
}

fn rules(value: &Value) -> Vec<&str> {
    value["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
}

#[test]
fn one_still_in_three_places_is_three_findings() {
    let report = scan(&project().join("fixtures/packages"), &[]);
    for (path, rule, basis, root) in [
        ("temporary/still.png", "unnotified-ai-in-temporary", "policy:**/temporary/**", None),
        ("imf/artwork/still.png", "unapproved-ai-in-final", "pkl", Some("imf")),
        ("imf/insert.mxf", "unapproved-ai-in-final", "cpl", Some("imf")),
        ("dcp/artwork/still.png", "unapproved-ai-in-final", "pkl", Some("dcp")),
        ("dcp/subtitles/still.png", "unapproved-ai-in-final", "cpl", Some("dcp")),
    ] {
        let asset = asset(&report, path);
        assert_eq!((rules(asset), asset["role_basis"].as_str()), (vec![rule], Some(basis)), "{path}");
        let id = root.map(|root| package(&report, root)["id"].clone()).unwrap_or_default();
        assert_eq!(asset["package"], id, "{path}");
    }
    let kinds: Vec<_> = report["packages"].as_array().unwrap().iter().map(|p| (&p["kind"], &p["title"])).collect();
    assert_eq!(kinds[0], (&"dcp".into(), &"NightHarbor_FTR_S_EN-EN_51_2K_EX_20260504_EXA_IOP_OV".into()));
    assert_eq!(kinds[1], (&"imf".into(), &"Night Harbor".into()));
    assert!(faults(package(&report, "imf")).is_empty() && faults(package(&report, "dcp")).is_empty());
    assert_eq!(asset(&report, "imf/CPL_night_harbor.xml")["format"], "package-manifest");
}

#[test]
fn a_track_file_tells_where_it_is_played() {
    let report = scan(&project().join("fixtures/packages"), &[]);
    let plays = |path| -> Vec<(String, String, String, u64, u64)> {
        let text = |p: &Value, key: &str| p[key].as_str().unwrap().to_owned();
        let number = |p: &Value, key: &str| p[key].as_u64().unwrap();
        let plays = asset(&report, path)["plays"].as_array().unwrap();
        plays
            .iter()
            .map(|p| (text(p, "title"), text(p, "from"), text(p, "to"), number(p, "entry"), number(p, "duration")))
            .collect()
    };
    let night = |from: &str, to: &str, entry, duration| {
        ("Night Harbor".to_owned(), from.to_owned(), to.to_owned(), entry, duration)
    };
    assert_eq!(plays("imf/picture.mxf"), [night("01:00:00:00", "01:00:02:00", 10, 48)]);
    assert_eq!(plays("imf/insert.mxf"), [night("01:00:02:00", "01:00:03:00", 0, 24)]);
    assert_eq!(plays("imf/sound.mxf"), [night("01:00:00:00", "01:00:03:00", 0, 144_000)]);
    assert_eq!(plays("dcp/picture.mxf").len(), 2);
    assert_eq!(plays("dcp/subtitles/still.png")[0].1, "00:00:02:00");
    assert!(asset(&report, "imf/artwork/still.png").get("plays").is_none());
}

#[test]
fn compositions_are_cuts_like_those_of_timelines() {
    let report = scan(&project().join("fixtures/packages"), &[]);
    let rows = report["summary"]["timelines"].as_array().unwrap();
    let of = |kind: &str| rows.iter().find(|row| row["format"] == kind).unwrap();
    let (imf, dcp) = (of("imf-cpl"), of("dcp-cpl"));
    assert_eq!(
        (rows.len(), &imf["file"], &imf["title"]),
        (2, &"imf/CPL_night_harbor.xml".into(), &"Night Harbor".into())
    );
    assert_eq!((&imf["events"], &imf["missing"], &imf["named"]), (&3.into(), &0.into(), &false.into()));
    assert_eq!((&imf["record"]["in"], &imf["record"]["out"]), (&"01:00:00:00".into(), &"01:00:03:00".into()));
    assert_eq!((&dcp["record"]["in"], &dcp["record"]["out"]), (&"00:00:00:00".into(), &"00:00:04:00".into()));
    // Its uses name the row, and count in its units.
    let sound = &asset(&report, "imf/sound.mxf")["uses"][0];
    assert_eq!(sound["timeline"], imf["timeline"]);
    assert_eq!((&sound["record"]["rate"], &sound["record"]["duration"]), (&"24".into(), &72.into()));
    assert_eq!((&sound["source"]["rate"], &sound["source"]["duration"]), (&"48000".into(), &144_000.into()));

    let dir = copy();
    fs::remove_file(dir.path().join("imf/picture.mxf")).unwrap();
    let report = scan(dir.path(), &[]);
    let rows = report["summary"]["timelines"].as_array().unwrap().iter();
    let missing: Vec<_> = rows.map(|row| (row["format"].as_str().unwrap(), row["missing"].as_u64().unwrap())).collect();
    assert_eq!(missing, [("dcp-cpl", 0), ("imf-cpl", 1)]);
}

#[test]
fn the_command_tells_what_a_composition_plays() {
    for (file, format, media) in [
        ("imf/CPL_night_harbor.xml", "imf-cpl", &["imf/picture.mxf", "imf/insert.mxf", "imf/sound.mxf"][..]),
        ("dcp/cpl.xml", "dcp-cpl", &["dcp/picture.mxf", "dcp/picture.mxf", "dcp/subtitles/reel_2.xml"][..]),
    ] {
        let file = format!("fixtures/packages/{file}");
        let told: Value =
            serde_json::from_str(&countersign(&["timeline", &file, "--against", "fixtures/packages", "--json"]))
                .unwrap();
        let timeline = &told["timelines"][0];
        let assets: Vec<_> =
            timeline["events"].as_array().unwrap().iter().map(|event| event["asset"].as_str()).collect();
        assert_eq!(timeline["format"], format);
        assert_eq!(assets, media.iter().map(|path| Some(*path)).collect::<Vec<_>>(), "{file}");
    }
}

#[test]
fn the_terminal_report_groups_by_package() {
    let text = countersign(&["scan", "fixtures/packages", "--color", "never"]);
    let text: Vec<_> = text.lines().skip_while(|l| *l != "Errors").collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_package_that_disagrees_with_itself_is_told() {
    let dir = copy();
    let root = dir.path();
    fs::remove_file(root.join("imf/sound.mxf")).unwrap();
    let mut longer = fs::read(root.join("imf/picture.mxf")).unwrap();
    longer.push(0);
    fs::write(root.join("imf/picture.mxf"), longer).unwrap();
    fs::write(root.join("imf/left_over.txt"), b"x").unwrap();
    let report = scan(root, &[]);
    let found = faults(package(&report, "imf"));
    let has = |rule: &str, part: &str| found.iter().any(|(r, m)| r == rule && m.contains(part));
    assert!(has("package-missing-asset", "imf/sound.mxf"), "{found:?}");
    assert!(has("package-size-mismatch", "imf/picture.mxf"), "{found:?}");
    assert!(has("package-unlisted-file", "imf/left_over.txt"), "{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(asset(&report, "imf/left_over.txt")["package"].is_null());
    assert!(faults(package(&report, "dcp")).is_empty());
}

#[test]
fn what_is_excluded_or_suppressed_does_not_count() {
    let dir = copy();
    let report = scan(dir.path(), &["--exclude", "imf/sound.mxf", "--exclude", "imf/artwork"]);
    assert!(faults(package(&report, "imf")).is_empty());
    fs::remove_file(dir.path().join("imf/sound.mxf")).unwrap();
    let policy = dir.path().with_extension("toml");
    let row = "[[suppress]]\nrule = \"package-missing-asset\"\npattern = \"imf/sound.mxf\"\nreason = \"comes later\"\n\
               expires = 2999-01-01\n";
    fs::write(&policy, format!("name = \"test\"\n{row}")).unwrap();
    let report = scan(dir.path(), &["--policy", policy.to_str().unwrap()]);
    fs::remove_file(&policy).unwrap();
    assert_eq!(package(&report, "imf")["findings"][0]["state"], "suppressed");
}

#[test]
fn a_file_belongs_to_the_innermost_package_that_lists_it() {
    let dir = copy();
    fs::rename(dir.path().join("dcp"), dir.path().join("imf/dcp")).unwrap();
    let report = scan(dir.path(), &[]);
    let (outer, inner) = (&package(&report, "imf")["id"], &package(&report, "imf/dcp")["id"]);
    assert_ne!(outer, inner);
    assert_eq!(&asset(&report, "imf/dcp/picture.mxf")["package"], inner);
    assert_eq!(&asset(&report, "imf/insert.mxf")["package"], outer);
    assert!(faults(package(&report, "imf")).is_empty() && faults(package(&report, "imf/dcp")).is_empty());
}

type Change = Box<dyn Fn(String) -> String>;

#[test]
fn hostile_manifests_are_malformed_and_do_no_harm() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><AssetMap>&c;</AssetMap>";
    let deep = format!("<AssetMap>{}", "<a>".repeat(50_000));
    let cases: [(&str, &str, Change); 7] = [
        ("imf/ASSETMAP.xml", "document type", Box::new(move |_| bomb.to_owned())),
        ("imf/ASSETMAP.xml", "nested", Box::new(move |_| deep.clone())),
        ("imf/ASSETMAP.xml", "leads out", Box::new(|t| t.replace(">sound.mxf<", ">../../../etc/passwd<"))),
        ("imf/ASSETMAP.xml", "absolute", Box::new(|t| t.replace(">sound.mxf<", ">/etc/passwd<"))),
        ("imf/ASSETMAP.xml", "mapped twice", Box::new(|t| t.replace("000000000003<", "000000000001<"))),
        ("imf/PKL.xml", "cut short", Box::new(|t| t[..t.len() / 2].to_owned())),
        ("imf/CPL_night_harbor.xml", "document type", Box::new(|t| t.replacen("<Comp", "<!DOCTYPE x><Comp", 1))),
    ];
    for (file, what, change) in cases {
        let dir = copy();
        edit(dir.path().join(file), change);
        let report = scan(dir.path(), &[]);
        let found = faults(package(&report, "imf"));
        let told = found.iter().any(|(rule, message)| rule == "package-malformed" && message.contains(what));
        assert!(told, "{file}: {found:?}");
        assert_ne!(report["summary"]["outcome"], "pass");
    }
}

#[test]
fn every_beginning_of_a_manifest_is_survived() {
    let dir = copy();
    for file in
        ["imf/ASSETMAP.xml", "imf/PKL.xml", "imf/CPL_night_harbor.xml", "dcp/ASSETMAP", "dcp/subtitles/reel_2.xml"]
    {
        let path = dir.path().join(file);
        let whole = fs::read(&path).unwrap();
        for end in (0..whole.len()).step_by(17) {
            fs::write(&path, &whole[..end]).unwrap();
            let roots = countersign::io::Roots::local(&[dir.path().to_path_buf()]);
            let found = survey::deliveries(&roots, &GlobSet::empty(), &AtomicBool::new(false));
            assert_eq!(found.finish(true).len(), 2, "{file} cut at {end}");
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_manifest_outside_the_root_is_not_read() {
    let (outside, dir) = (copy(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path().join("imf/ASSETMAP.xml"), dir.path().join("ASSETMAP.xml")).unwrap();
    let report = scan(dir.path(), &[]);
    let found = faults(package(&report, "."));
    assert!(found.iter().any(|(_, message)| message.contains("leads out of the scanned folder")), "{found:?}");
    assert!(package(&report, ".")["title"].is_null());
}

#[test]
fn what_another_package_plays_is_played() {
    let dir = copy();
    let root = dir.path();
    // The version file: the composition alone, in a package of its own.
    fs::create_dir(root.join("version")).unwrap();
    for name in ["ASSETMAP.xml", "PKL.xml", "CPL_night_harbor.xml"] {
        fs::copy(root.join("imf").join(name), root.join("version").join(name)).unwrap();
    }
    let keep = |text: String, ids: &[&str]| -> String {
        let rows = text.lines().filter(|line| !line.starts_with("<Asset>") || ids.iter().any(|id| line.contains(id)));
        rows.map(|line| format!("{line}\n")).collect()
    };
    edit(root.join("version/ASSETMAP.xml"), |t| keep(t, &["000010<", "00000f<"]));
    edit(root.join("version/PKL.xml"), |t| keep(t, &["000010<"]));
    // The original loses its composition.
    for name in ["imf/ASSETMAP.xml", "imf/PKL.xml"] {
        edit(root.join(name), |t| keep(t, &["000001<", "000002<", "000004<", "00000f<"]));
    }
    for name in ["imf/CPL_night_harbor.xml", "imf/OPL_night_harbor.xml", "imf/sound.mxf"] {
        fs::remove_file(root.join(name)).unwrap();
    }
    let report = scan(root, &[]);
    let insert = asset(&report, "imf/insert.mxf");
    assert_eq!((&insert["role_basis"], &insert["plays"][0]["from"]), (&"cpl".into(), &"01:00:02:00".into()));
    assert_eq!(asset(&report, "imf/artwork/still.png")["role_basis"], "pkl");
    let version = package(&report, "version");
    assert!(!faults(version).iter().any(|(rule, _)| rule == "package-missing-asset"), "{version}");
    let remarks = version["remarks"].as_array().unwrap();
    assert!(remarks.iter().any(|r| r.as_str().unwrap().contains("000000000003")), "{remarks:?}");
    assert_eq!(remarks.len(), 1);
}

#[test]
fn every_labelled_package_gets_its_verdict() {
    let Some(corpus) = prerequisite::corpus().map(|corpus| corpus.join("packages")) else { return };
    let table = fs::read_to_string(corpus.join("PACKAGES.tsv")).unwrap();
    let (mut judged, mut wrong) = (0, Vec::new());
    for row in table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let kind = match row[5] {
            kind if kind.starts_with("IMF") => "imf",
            kind if kind.contains("DCP") => "dcp",
            _ => continue,
        };
        let report = scan(&corpus.join(row[0]), &[]);
        let found = package(&report, ".");
        let errors = found["findings"].as_array().unwrap().iter().any(|f| f["severity"] == "error");
        judged += 1;
        if found["kind"] != kind || errors != (row[6] == "invalid") {
            wrong.push(format!("{}: {} is {found}", row[0], row[6]));
        }
    }
    assert!(judged > 15 && wrong.is_empty(), "{judged} judged, {wrong:#?}");
}

#[test]
fn the_cue_sheet_says_where_a_track_file_is_played() {
    let text = countersign(&["scan", "fixtures/packages", "--report", "cue-sheet"]);
    let row = text.lines().find(|line| line.starts_with("imf/insert.mxf")).unwrap();
    assert!(row.contains("“Night Harbor”, MainImageSequence, 01:00:02:00 to 01:00:03:00"), "{row}");
}
