//! `countersign trust` and `inspect --tree` as the user runs them.

#![allow(clippy::unwrap_used, reason = "a test may")]

use crate::samples::signed;

use std::path::Path;
use std::process::{Command, Output};

fn run(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_CONFIG", config);
    command.env_remove("COUNTERSIGN_POLICY").env_remove("COUNTERSIGN_APPROVALS").output().unwrap()
}

fn text(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The C2PA list's JSON form with one authority.
fn official(pem: &str, next: &str) -> String {
    let base64: String = pem.lines().filter(|l| !l.starts_with("---")).collect();
    serde_json::json!({"LoTE": {
        "ListAndSchemeInformation": {"SchemeName": [{"value": "C2PA Trust List"}],
            "ListIssueDateTime": "2019-08-05T00:11:39Z", "NextUpdate": next},
        "TrustedEntitiesList": [{"TrustedEntityServices": [{"ServiceInformation": {
            "ServiceStatus": "http://c2pa.org/trusted",
            "ServiceDigitalIdentity": {"X509Certificates": [{"val": base64}]}}}]}]}})
    .to_string()
}

#[test]
fn an_imported_list_is_in_force_and_named_with_its_date() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let signer = signed::signer();
    let (bytes, _) = signed::sign_with(&signer, "image/png", &signed::png(), &signed::created(signed::CAPTURED), &[]);
    let still = folder.path().join("a.png");
    std::fs::write(&still, bytes).unwrap();
    let still = still.to_str().unwrap();

    let listed = text(&run(&config, &["trust", "list"]));
    for part in
        ["C2PA Trust List", "official, built in", "2026-08-05", "30 certification authorities", "22 time-stamping"]
    {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    assert!(text(&run(&config, &["inspect", still])).contains("State     valid"));

    let list = folder.path().join("list.json");
    std::fs::write(&list, official(&signed::authority(&signer), "2020-08-05T00:11:39Z")).unwrap();
    let said = text(&run(&config, &["trust", "import", list.to_str().unwrap()]));
    assert!(said.contains("c2pa-trust-list.pem"), "{said}");
    let listed = text(&run(&config, &["trust", "list"]));
    for part in ["C2PA Trust List", "official", "2019-08-05", "2020-08-05: overdue", "1 certificate"] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let lines = text(&run(&config, &["trust", "list", "--json"]));
    let json: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |n: usize| (json[n]["name"].as_str().unwrap(), json[n]["origin"].as_str().unwrap());
    assert_eq!([told(0), told(1)], [("C2PA TSA Trust List", "built in"), ("C2PA Trust List", "imported")]);
    assert_eq!((&json[1]["standing"], &json[1]["overdue"]), (&"official".into(), &true.into()));

    let inspected = text(&run(&config, &["inspect", still]));
    assert!(inspected.contains("State     trusted") && inspected.contains("C2PA Trust List"), "{inspected}");
    let scanned = String::from_utf8(run(&config, &["scan", still]).stdout).unwrap();
    let words: Vec<_> = scanned.split_whitespace().collect();
    assert!(words.join(" ").contains("C2PA Trust List (official, 2019-08-05, past its next update)"), "{scanned}");
    let warned = run(&config, &["scan", still]).stderr;
    assert!(String::from_utf8_lossy(&warned).contains("was to be replaced by 2020-08-05"), "{scanned}");

    // None at all, and only the built-in ones; then the imported one is removed.
    let trust = |value: &str| text(&run(&config, &["inspect", still, "--trust", value]));
    assert!(trust("none").contains("State     valid"));
    assert!(run(&config, &["inspect", still, "--trust", "none", "--trust", "official"]).status.code() == Some(3));
    let removed = run(&config, &["trust", "remove", "C2PA Trust List"]);
    assert!(text(&removed).contains("removed C2PA Trust List"));
    assert!(text(&run(&config, &["inspect", still])).contains("State     valid"));
    let again = run(&config, &["trust", "remove", "C2PA Trust List"]);
    assert_eq!(again.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&again.stderr).contains("built in"));
}

/// What a run says that it trusted.
fn trusted(config: &Path, still: &str, more: &[&str]) -> Vec<(String, String)> {
    let output = run(config, &[&["scan", still, "--report", "json"], more].concat());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    report["run"]["trust"].as_array().unwrap().iter().map(|t| (text(&t["name"]), text(&t["issued"]))).collect()
}

#[test]
fn the_built_in_lists_are_named_and_give_way() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let signer = signed::signer();
    let still = folder.path().join("a.png");
    std::fs::write(&still, signed::png()).unwrap();
    let still = still.to_str().unwrap();
    let pair = |name: &str, issued: &str| (name.to_owned(), issued.to_owned());
    let signers = pair("C2PA Trust List", "2026-08-05");
    let stamps = pair("C2PA TSA Trust List", "2026-08-05");
    assert_eq!(trusted(&config, still, &[]), [signers.clone(), stamps.clone()]);
    assert_eq!(trusted(&config, still, &["--trust", "none"]), []);
    let own = folder.path().join("own.pem");
    std::fs::write(&own, signed::authority(&signer)).unwrap();
    let own = own.to_str().unwrap();
    assert_eq!(trusted(&config, still, &["--trust", own]), [stamps.clone(), pair("own", "")]);
    let both = trusted(&config, still, &["--trust", own, "--trust", "official"]);
    assert_eq!(both, [signers, stamps, pair("own", "")]);
}

/// An authority that only stamps the time vouches for no signer, though it certified one.
#[test]
fn a_time_stamping_authority_vouches_for_no_signer() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let signer = signed::signer();
    let (bytes, _) = signed::sign_with(&signer, "image/png", &signed::png(), &signed::created(signed::CAPTURED), &[]);
    let still = folder.path().join("a.png");
    std::fs::write(&still, bytes).unwrap();
    let state = |json: &str| {
        let list = folder.path().join("list.json");
        std::fs::write(&list, json).unwrap();
        let trust = list.to_str().unwrap();
        text(&run(&config, &["inspect", still.to_str().unwrap(), "--trust", trust]))
    };
    let official = official(&signed::authority(&signer), "2090-08-05T00:11:39Z");
    assert!(state(&official).contains("State     trusted"));
    let stamps = state(&official.replace("C2PA Trust List", "C2PA TSA Trust List"));
    assert!(stamps.contains("State     valid") && !stamps.contains("Signer on"), "{stamps}");
}

#[test]
fn an_import_loses_no_date() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let signer = signed::signer();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let dates = || -> Vec<String> {
        let lines = text(&run(&config, &["trust", "list", "--json"]));
        let json = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        json.filter(|l| l["origin"] == "imported")
            .map(|l| format!("{} {} {}", l["name"], l["issued"], l["next_update"]))
            .collect()
    };
    let pem = signed::authority(&signer);
    let list = file("C2PA-TRUST-LIST.json", &official(&pem, "2090-08-05T00:11:39Z"));
    text(&run(&config, &["trust", "import", &list]));
    let dated = [r#""C2PA Trust List" "2019-08-05" "2090-08-05""#];
    assert_eq!(dates(), dated);
    // The same certificates without their date are the same list; others without a date do not take its place.
    text(&run(&config, &["trust", "import", &file("C2PA-TRUST-LIST.pem", &pem)]));
    assert_eq!(dates(), dated);
    let other = file("C2PA-TRUST-LIST.pem", &signed::authority(&signed::signer()));
    let refused = run(&config, &["trust", "import", &other]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("2019-08-05"));
    assert_eq!(dates(), dated);
    // A comment's date is a date, however it is written, and another list of the same file name is not lost either.
    let commented = file(
        "house.pem",
        &format!("## Issued: 2026-01-02\n# NEXT UPDATE: 2027-01-02\n{}", signed::authority(&signed::signer())),
    );
    text(&run(&config, &["trust", "import", &commented, "--name", "House list"]));
    assert_eq!(dates()[1], r#""House list" "2026-01-02" "2027-01-02""#);
    let clash = run(&config, &["trust", "import", &commented, "--name", "house-list"]);
    assert_eq!(clash.status.code(), Some(3), "{}", String::from_utf8_lossy(&clash.stdout));
}

#[test]
fn what_is_no_list_is_refused_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    for (name, content) in [
        ("a.pem", "hello"),
        ("b.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("c.json", "{\"LoTE\": {}}"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let output = run(&config, &["trust", "import", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
    assert!(!config.exists());
}

#[test]
fn the_tree_shows_who_made_what_from_what() {
    let folder = tempfile::tempdir().unwrap();
    let part = signed::sign("image/png", &signed::png(), &signed::created(signed::GENERATED));
    let edited = signed::manifest(r#"{"action": "c2pa.edited", "softwareAgent": "Example Editor"}"#);
    let parts: &[signed::Part<'_>] = &[("parentOf", "image/png", &part)];
    let (bytes, _) = signed::sign_with(&signed::signer(), "image/jpeg", &signed::jpeg(), &edited, parts);
    let still = folder.path().join("a.jpg");
    std::fs::write(&still, signed::flipped(bytes, 20)).unwrap();
    let tree = text(&run(folder.path(), &["inspect", "--tree", still.to_str().unwrap()]));
    for part in [
        "credentials in JPEG APP11: invalid",
        "failed: assertion.dataHash.mismatch (the file's bytes were changed after signing)",
        "└─ active manifest: sample",
        "- c2pa.edited, by Example Editor",
        "   └─ made from (parentOf): sample",
        "trainedAlgorithmicMedia, by Example Maker",
    ] {
        assert!(tree.contains(part), "{part}\n{tree}");
    }
}
