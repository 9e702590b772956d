//! Roles by the real program: folders by the words of their names, wherever a scan starts; what is not placed is told;
//! what a policy says of a path and where; policies that build on others.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::shared::document;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use countersign::policy::Policy;
use countersign::roles::hidden;
use document::{program, squeezed, steps};
use serde_json::Value;

fn marked() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/delivery/final/hero_010.png")
}

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, env!("CARGO_BIN_EXE_countersign")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    squeezed(&(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)))
}

fn report(folder: &Path, root: &str, more: &[&str]) -> Value {
    let output = countersign(folder, &[&["scan", root, "--report", "json=-", "--no-progress"], more].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{root}: {e}: {}", said(&output)))
}

/// A folder for each name with a marked still in it.
fn drive(names: &[&str]) -> tempfile::TempDir {
    let drive = tempfile::tempdir().unwrap();
    for name in names {
        let folder = drive.path().join("show").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(marked(), folder.join("a.png")).unwrap();
    }
    drive
}

fn roles(report: &Value) -> BTreeMap<String, String> {
    let rows = report["assets"].as_array().unwrap().iter();
    rows.map(|row| (row["path"].as_str().unwrap().to_owned(), row["role"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn folders_are_placed_by_the_words_of_their_names() {
    let rows = [
        (
            "archival",
            vec!["08_ARCHIVAL", "Archive Footage", "stock-archive", "ArchivesPhotos", "archives", "2026 archive"],
        ),
        (
            "temporary",
            vec!["07_TEMP", "temp_vfx", "TempComps", "VFXTemps", "previs_v2", "Pre-Vis", "refs", "REF images"],
        ),
        (
            "temporary",
            vec!["01_WorkInProgress", "wip 3", "07_tmp", "tmp-01", "tmp", "colour_references", "postvis.final"],
        ),
        ("final", vec!["template", "Temperature", "archivist", "tmp.Xa81Bc", "tmpab12cd", "tmp_ab12cd", "reflections"]),
        ("final", vec!["prefs", "contempt", "final", "my temp folder", "attempts"]),
    ];
    let names: Vec<&str> = rows.iter().flat_map(|(_, names)| names.clone()).collect();
    let drive = drive(&names);
    let found = roles(&report(drive.path(), "show", &[]));
    for (role, names) in &rows {
        for name in names {
            assert_eq!(&found[&format!("{name}/a.png")], role, "{name}");
        }
    }
}

#[test]
fn a_file_has_the_same_role_wherever_the_scan_starts() {
    let names = ["07_TEMP", "archive", "final", "final/previs_v2", "stock-archive/1968/archive"];
    let drive = drive(&names);
    let whole = roles(&report(drive.path(), "show", &[]));
    for name in names {
        let below = roles(&report(drive.path(), &format!("show/{name}"), &[]));
        assert_eq!(below["a.png"], whole[&format!("{name}/a.png")], "{name}");
        let file = roles(&report(drive.path(), &format!("show/{name}/a.png"), &[]));
        assert_eq!(file["a.png"], whole[&format!("{name}/a.png")], "{name} as a file");
    }
    // Whoever types a role says what the scanned folder is.
    assert_eq!(roles(&report(drive.path(), "show/07_TEMP", &["--role", "final"]))["a.png"], "final");
}

#[test]
fn names_of_somebodys_disk_say_nothing() {
    let outer = tempfile::tempdir().unwrap();
    for above in ["archive/2026", "temp/incoming", "home/tmp"] {
        let show = outer.path().join(above).join("show");
        std::fs::create_dir_all(show.join("reel/shots")).unwrap();
        std::fs::copy(marked(), show.join("reel/shots/a.png")).unwrap();
        let path = show.to_str().unwrap().to_owned();
        assert_eq!(roles(&report(outer.path(), &path, &[]))["reel/shots/a.png"], "final", "{above}");
    }
    // A manifest above says where the delivery begins, and names from there on count.
    std::fs::create_dir(outer.path().join("temp/ascmhl")).unwrap();
    let shots = outer.path().join("temp/incoming/show/reel/shots");
    assert_eq!(roles(&report(outer.path(), shots.to_str().unwrap(), &[]))["a.png"], "temporary");
}

#[test]
fn where_the_delivery_begins_can_be_said() {
    let drive = drive(&["07_TEMP/shots/a", "archive/1968/box 2", "final/hero/x"]);
    std::fs::write(
        drive.path().join("p.toml"),
        "[roles]\n\"/final/hero/**\" = \"temporary\"\n[[require]]\npattern = \"/final/**\"\nscopes = [\"talent-likeness\"]\n\
         [[suppress]]\nrule = \"ai-in-archival\"\npattern = \"/archive/**\"\nreason = \"known\"\nexpires = 2099-01-01\n",
    )
    .unwrap();
    for policy in [vec![], vec!["--policy", "p.toml"]] {
        let whole = report(drive.path(), "show", &policy);
        let row = |report: &Value, path: &str| {
            let rows = report["assets"].as_array().unwrap();
            rows.iter().find(|row| row["path"] == path).unwrap_or_else(|| panic!("{path}: {report}")).clone()
        };
        for asset in whole["assets"].as_array().unwrap() {
            let path = asset["path"].as_str().unwrap();
            for (at, _) in path.match_indices('/') {
                let (above, rel) = path.split_at(at);
                let from = format!("show/{above}");
                let part = report(drive.path(), &from, &[policy.as_slice(), &["--delivery-root", "show"]].concat());
                let part = row(&part, &rel[1..]);
                for what in ["role", "role_basis"] {
                    assert_eq!(part[what], asset[what], "{path} from {from}");
                }
                let states = |row: &Value| {
                    let rows = row["findings"].as_array().unwrap().iter();
                    rows.map(|f| (f["rule"].clone(), f["state"].clone())).collect::<Vec<_>>()
                };
                assert_eq!(states(&part), states(asset), "{path} from {from}");
            }
        }
    }
    // The names that decided are told, since they do not stand in the path.
    let part = report(drive.path(), "show/07_TEMP/shots", &["--delivery-root", "show"]);
    assert_eq!(part["assets"][0]["role_above"], "show/07_TEMP/shots");
    assert_eq!(part["run"]["options"]["delivery_root"], "show");
    let told = said(&countersign(drive.path(), &["scan", "show/07_TEMP/shots", "--delivery-root", "show"]));
    assert!(
        told.contains(&squeezed("temporary (by policy:~temp/, of the scanned folder 'show/07_TEMP/shots')")),
        "{told}"
    );
    // Without it the folder above is told and does not count.
    let alone = report(drive.path(), "show/archive/1968/box 2", &[]);
    assert_eq!((&alone["assets"][0]["role"], &alone["assets"][0].get("role_above")), (&"final".into(), &None));
    let hint = &alone["summary"]["folders"][0];
    assert!(hint["path"].as_str().unwrap().ends_with("/show/archive"), "{hint}");
    assert_eq!((&hint["above"], &hint["looks"], &hint["files"]), (&true.into(), &"archival".into(), &1.into()));
    let page = drive.path().join("r.html");
    countersign(drive.path(), &["scan", "show/archive/1968/box 2", "--report", "html=r.html"]);
    assert!(std::fs::read_to_string(page).unwrap().contains("above what was scanned, looks archival"));
    for (root, delivery, what) in
        [("show", "show/archive", "show does not lie in it"), ("show", "gone", "no such folder")]
    {
        let refused = countersign(drive.path(), &["scan", root, "--delivery-root", delivery]);
        assert_eq!(refused.status.code(), Some(3));
        assert!(said(&refused).contains(&squeezed(what)), "{}", said(&refused));
    }
    let explained = ["policy", "explain", "--root", "show/archive/1968", "--delivery-root", "show", "box 2/a.png"];
    let told = said(&countersign(drive.path(), &explained));
    assert!(told.contains("archival,bythepattern"), "{told}");
    assert!(told.contains(&squeezed("of the scanned folder 'show/archive/1968'")), "{told}");
}

#[test]
fn what_looks_archival_or_temporary_and_is_not_placed_is_told() {
    let drive = drive(&["Stock Footage/1968", "Stock Footage/1969", "ep101_temp_comps", "stockholm"]);
    let found = report(drive.path(), "show", &[]);
    let hints: Vec<_> = found["summary"]["folders"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(hints.len(), 2, "{hints:?}");
    assert!(hints[0].contains(r#""files":2"#) && hints[0].contains(r#""looks":"archival""#), "{hints:?}");
    assert!(hints[0].contains(r#""path":"Stock Footage""#) && hints[0].contains(r#""judged":"final""#), "{hints:?}");
    let told = said(&countersign(drive.path(), &["scan", "show"]));
    assert!(told.contains(&squeezed("'Stock Footage' looks archival, and no pattern of the policy says so: 2 files")));
    // A role that is typed, and a pattern that speaks of it, answer the hint.
    assert_eq!(report(drive.path(), "show", &["--role", "archival"])["summary"].get("folders"), None);
    std::fs::write(
        drive.path().join("p.toml"),
        "[roles]\n\"Stock Footage/**\" = \"archival\"\n\"ep101_temp_comps/**\" = \"final\"\n",
    )
    .unwrap();
    assert_eq!(report(drive.path(), "show", &["--policy", "p.toml"])["summary"].get("folders"), None);
}

#[test]
fn a_pattern_that_never_decides_is_an_error_of_check_and_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("p.toml"), text).unwrap();
    let check = || countersign(folder.path(), &["policy", "check", "p.toml"]);
    write("[roles]\n\"**/temp/**\" = \"temporary\"\n\"*.mov\" = \"final\"\n\"reel/temp/*.png\" = \"final\"\n");
    let refused = check();
    assert_eq!(refused.status.code(), Some(3));
    assert!(said(&refused).contains(&squeezed("`reel/temp/*.png` never decides: `**/temp/**` on line 2 fits first")));
    assert_eq!(countersign(folder.path(), &["policy", "show", "--policy", "p.toml"]).status.code(), Some(0));
    write("[roles]\n\"reel/temp/*.png\" = \"final\"\n\"**/temp/**\" = \"temporary\"\n");
    assert_eq!(check().status.code(), Some(0), "{}", said(&check()));
    for name in ["netflix-genai", "archival", "observe"] {
        let policy = Policy::builtin(name).unwrap();
        let patterns: Vec<_> = policy.roles.rows().iter().map(|(pattern, _)| pattern.clone()).collect();
        assert_eq!(hidden::rows(&patterns), [], "{name}");
    }
}

#[test]
fn policies_build_on_files_of_the_house() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("house/marks")).unwrap();
    std::fs::create_dir(at("shows")).unwrap();
    let house = "extends = \"archival\"\nmarks = [\"marks/own.toml\"]\n\n[roles]\n\"**/offcuts/**\" = \"temporary\"\n\n\
                 [[require]]\npattern = \"**/hero/**\"\nscopes = [\"talent-likeness\"]\n";
    std::fs::write(at("house/house.toml"), house).unwrap();
    let show = "extends = \"../house/house.toml\"\n[rules.possible-ai]\nseverity = \"warning\"\n\n[[require]]\n\
                pattern = \"*.mov\"\nscopes = [\"third-party-ip\"]\n";
    std::fs::write(at("shows/show.toml"), show).unwrap();
    let policy = Policy::load(&at("shows/show.toml")).unwrap();
    assert_eq!(policy.extended.len(), 1);
    assert!(policy.digitized_needs_custody, "what the house's own base says");
    assert_eq!(policy.marks, [at("shows/../house/marks/own.toml")], "relative to the file that names it");
    let own = |name: &str| policy.origins.get(name).map(|o| (o.file.rsplit('/').next().unwrap().to_owned(), o.line));
    assert_eq!(own("roles.**/offcuts/**"), Some(("house.toml".to_owned(), 5)));
    assert_eq!(own("require.0"), Some(("house.toml".to_owned(), 7)));
    assert_eq!(own("require.1"), Some(("show.toml".to_owned(), 5)));
    assert_eq!(own("rules.possible-ai"), Some(("show.toml".to_owned(), 2)));
    let explained = countersign(
        folder.path(),
        &["policy", "explain", "hero/a.mov", "x/offcuts/a.mov", "--policy", "shows/show.toml", "--json"],
    );
    let value: Value = serde_json::from_slice(&explained.stdout).unwrap();
    let (hero, offcuts) = (&value["paths"][0], &value["paths"][1]);
    let scopes: Vec<_> = hero["scopes"].as_array().unwrap().iter().map(|s| s["what"].as_str().unwrap()).collect();
    assert_eq!(scopes, ["final-deliverable", "talent-likeness", "third-party-ip"]);
    assert_eq!((&offcuts["role"], &offcuts["origin"]["line"]), (&"temporary".into(), &5.into()));
    // Its digest is of all that it builds on.
    let before = policy.sha256.clone();
    std::fs::write(at("house/house.toml"), format!("{house}# changed\n")).unwrap();
    assert_ne!(Policy::load(&at("shows/show.toml")).unwrap().sha256, before);
}

#[test]
fn policies_that_build_on_themselves_or_on_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, base: &str| {
        std::fs::write(folder.path().join(name), format!("extends = \"{base}\"\n")).unwrap();
    };
    let refused = |name: &str, what: &str| {
        let output = countersign(folder.path(), &["policy", "check", name]);
        assert_eq!(output.status.code(), Some(3), "{name}");
        assert!(said(&output).contains(&squeezed(what)), "{name}: {}", said(&output));
    };
    write("self.toml", "self.toml");
    refused("self.toml", "builds on itself");
    write("a.toml", "./b.toml");
    write("b.toml", "a.toml");
    refused("a.toml", "builds on itself");
    write("lost.toml", "nowhere.toml");
    refused("lost.toml", "cannot read `nowhere.toml`");
    for n in 0..12 {
        write(&format!("d{n}.toml"), &format!("d{}.toml", n + 1));
    }
    write("d12.toml", "none");
    refused("d0.toml", "files build on one another");
    assert_eq!(countersign(folder.path(), &["policy", "check", "d6.toml"]).status.code(), Some(0));
    std::fs::write(folder.path().join("bad.toml"), "rolse = 1\n").unwrap();
    write("on-bad.toml", "bad.toml");
    refused("on-bad.toml", "bad.toml");
    assert!(Policy::parse("extends = \"house.toml\"", "text").is_err(), "a text has no folder");
    // A house's policy in the delivery is no house's policy.
    std::fs::create_dir(folder.path().join("d")).unwrap();
    std::fs::copy(marked(), folder.path().join("d/a.png")).unwrap();
    std::fs::write(folder.path().join("d/house.toml"), "ceiling = \"note\"\n").unwrap();
    write("show.toml", "d/house.toml");
    let output = countersign(folder.path(), &["scan", "d", "--policy", "show.toml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains(&squeezed("lies inside the scanned tree")), "{}", said(&output));
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md");
    let steps = steps(&std::fs::read_to_string(page).unwrap());
    assert!(steps.len() >= 5, "the page has lost its commands");
    document::run(folder.path(), &steps);
}
