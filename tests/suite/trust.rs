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

    assert!(text(&run(&config, &["trust", "list"])).contains("No trust list is in force"));
    assert!(text(&run(&config, &["inspect", still])).contains("State     valid"));

    let list = folder.path().join("list.json");
    std::fs::write(&list, official(&signed::authority(&signer), "2020-08-05T00:11:39Z")).unwrap();
    let said = text(&run(&config, &["trust", "import", list.to_str().unwrap()]));
    assert!(said.contains("c2pa-trust-list.pem"), "{said}");
    let listed = text(&run(&config, &["trust", "list"]));
    for part in ["C2PA Trust List", "official", "2019-08-05", "2020-08-05: overdue", "1 certificate"] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let json: serde_json::Value = serde_json::from_str(&text(&run(&config, &["trust", "list", "--json"]))).unwrap();
    assert_eq!((&json["standing"], &json["overdue"]), (&"official".into(), &true.into()));

    let inspected = text(&run(&config, &["inspect", still]));
    assert!(inspected.contains("State     trusted") && inspected.contains("C2PA Trust List"), "{inspected}");
    let scanned = String::from_utf8(run(&config, &["scan", still]).stdout).unwrap();
    assert!(scanned.contains("C2PA Trust List (official, 2019-08-05, past its next"), "{scanned}");
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
