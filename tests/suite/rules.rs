//! The rules on facts made up for them: every `fixtures/rules/*.json` holds cases with what must be found.
//!
//! A new case is a new entry in a file named after the rule. What a case leaves out has its default.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use countersign::approvals::{Approvals, Ledger, Record, Subject};
use countersign::judge::{ExaminedAsset, Judge};
use countersign::model::{
    Asset, AssetCut, Credentials, Evidence, Facts, Finding, PackageFault, PackageReport, Problem, Role,
};
use countersign::policy::Policy;
use countersign::{marks, rules};
use ed25519_dalek::SigningKey;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// TOML; `KEY7` stands for the public half of the key that `signed: 7` signs with.
    #[serde(default)]
    policy: String,
    #[serde(default = "usual_day")]
    as_of: NaiveDate,
    #[serde(default = "usual_path")]
    path: String,
    #[serde(default = "usual_role")]
    role: Role,
    #[serde(default = "usual_size")]
    size: u64,
    #[serde(default)]
    obstacle: Option<Problem>,
    /// What timelines say of it.
    #[serde(default)]
    cut: AssetCut,
    /// The hashes of its package that were checked and hold.
    #[serde(default)]
    verified_hashes: Option<String>,
    #[serde(default)]
    facts: Value,
    #[serde(default)]
    evidence: Vec<Value>,
    #[serde(default = "usual_digest")]
    sha256: Option<String>,
    #[serde(default)]
    records: Vec<Value>,
    #[serde(default)]
    package: Option<Vec<PackageFault>>,
    /// Whether the run compares the hashes that packages state.
    #[serde(default)]
    integrity: bool,
    /// What the asset or the package must show: all of it, in this order.
    expect: Vec<Expected>,
    /// What the run must show in the end; not looked at where it is left out.
    #[serde(default)]
    run: Option<Vec<Expected>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: String,
    severity: String,
    #[serde(default = "open")]
    state: String,
    #[serde(default)]
    approval: Option<String>,
    /// Texts that message or help must hold.
    #[serde(default)]
    says: Vec<String>,
}

fn usual_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}
fn usual_path() -> String {
    "stills/a.png".to_owned()
}
fn usual_role() -> Role {
    Role::Final
}
fn usual_size() -> u64 {
    1000
}
fn usual_digest() -> Option<String> {
    Some("aa".repeat(32))
}
fn open() -> String {
    "open".to_owned()
}

/// `given` laid over the default of its type.
fn over<T: DeserializeOwned + Default + serde::Serialize>(given: &Value, usual: T) -> T {
    let mut value = serde_json::to_value(usual).unwrap();
    for (key, part) in given.as_object().into_iter().flatten() {
        assert!(value.get(key).is_some() || !part.is_null(), "{key}");
        value[key] = part.clone();
    }
    serde_json::from_value(value).unwrap()
}

fn facts(given: &Value) -> Facts {
    let mut given = if given.is_null() { serde_json::json!({}) } else { given.clone() };
    if given.get("format").is_none() {
        given["format"] = "png".into();
        given["named"] = "png".into();
        given["extension_fits"] = true.into();
    }
    if let Some(c2pa) = given.get("c2pa") {
        given["c2pa"] = serde_json::to_value(over(c2pa, Credentials::default())).unwrap();
    }
    let facts: Facts = over(&given, Facts::default());
    Facts { media: facts.format.and_then(countersign::formats::info).map(|info| info.media), ..facts }
}

fn evidence(given: &Value) -> Evidence {
    let mut usual = serde_json::json!({
        "mark": "iptc.digital-source-type", "claim": "generated", "strength": "declared", "system": null,
        "where": "PNG iTXt, XMP Iptc4xmpExt:DigitalSourceType", "offset": 1234, "value": "trainedAlgorithmicMedia",
        "via": "self"
    });
    for (key, part) in given.as_object().unwrap() {
        usual[key] = part.clone();
    }
    serde_json::from_value(usual).unwrap()
}

/// The record, and the seed of the key that signs it.
fn record(given: &Value) -> (Record, Option<u8>) {
    let mut usual = serde_json::json!({
        "decision": "approved", "approver": {"name": "A. Smith", "role": "counsel", "organization": "Studio"},
        "decidedOn": "2026-03-01", "scopes": ["final-deliverable"]
    });
    let mut given = given.clone();
    let seed = given.as_object_mut().unwrap().remove("signed").map(|s| s.as_u64().unwrap() as u8);
    let subjects = given.as_object_mut().unwrap().remove("subjects");
    for (key, part) in given.as_object().unwrap() {
        usual[key] = part.clone();
    }
    let mut record: Record = serde_json::from_value(usual).unwrap();
    record.subjects = match subjects {
        Some(subjects) => serde_json::from_value(subjects).unwrap(),
        None => vec![Subject::new(usual_path(), usual_digest().as_deref())],
    };
    (record, seed)
}

fn approvals(case: &Case, policy: &Policy, folder: &Path) -> Option<Arc<Approvals>> {
    let path = folder.join("approvals.jsonl");
    for (record, seed) in case.records.iter().map(record) {
        let key = seed.map(|s| SigningKey::from_bytes(&[s; 32]));
        Ledger::append(&path, &[record], key.as_ref()).unwrap();
    }
    (!case.records.is_empty()).then(|| Arc::new(Approvals::load(&path, &policy.trust.keys).unwrap()))
}

fn compare(case: &Case, what: &str, found: &[Finding], expected: &[Expected], wrong: &mut Vec<String>) {
    let word = |v: &dyn erased::Word| v.word();
    let ids: Vec<_> =
        found.iter().map(|f| (f.rule.clone(), word(&f.severity), word(&f.state), f.approval.clone())).collect();
    let wanted: Vec<_> =
        expected.iter().map(|e| (e.rule.clone(), e.severity.clone(), e.state.clone(), e.approval.clone())).collect();
    if ids != wanted {
        return wrong.push(format!("{}: {what}: found {found:#?}, expected {expected:#?}", case.name));
    }
    for (finding, expected) in found.iter().zip(expected) {
        for text in &expected.says {
            if !format!("{}\n{}\n{:?}", finding.message, finding.help(), finding.reason).contains(text.as_str()) {
                wrong.push(format!("{}: {what}: {finding:#?} does not say {text}", case.name));
            }
        }
    }
}

/// The word that reports use for a value.
mod erased {
    pub(super) trait Word {
        fn word(&self) -> String;
    }
    impl<T: serde::Serialize> Word for T {
        fn word(&self) -> String {
            serde_json::to_value(self).unwrap().as_str().unwrap().to_owned()
        }
    }
}

fn run(case: &Case, wrong: &mut Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let key = data_encoding::BASE64.encode(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
    let policy = Arc::new(Policy::parse(&case.policy.replace("KEY7", &key), "case").unwrap());
    let approvals = approvals(case, &policy, folder.path());
    let judge = Judge::new(Arc::clone(&policy), approvals, case.as_of).with_integrity(case.integrity);
    let found = match &case.package {
        Some(faults) => judge.package(&PackageReport { root: "pkg".into(), ..PackageReport::default() }, faults),
        None => {
            let asset = Asset {
                role: case.role,
                obstacle: case.obstacle.clone(),
                cut: case.cut.clone(),
                verified_hashes: case.verified_hashes.clone(),
                ..Asset::new(PathBuf::from("/mnt/drive").join(&case.path), case.path.clone(), 0, case.size, None)
            };
            let evidence: Vec<_> = case.evidence.iter().map(evidence).collect();
            let ai = marks::ai(&evidence);
            // As in a run: a digest that nobody needs is not computed.
            let sha256 = case.sha256.as_deref().filter(|_| judge.needs_digest(&asset, ai));
            judge.asset(&ExaminedAsset { asset: &asset, facts: &facts(&case.facts), evidence: &evidence, ai, sha256 })
        }
    };
    compare(case, "asset", &found, &case.expect, wrong);
    if let Some(expected) = &case.run {
        compare(case, "run", &judge.finish(&[]), expected, wrong);
    }
}

#[test]
fn every_case_finds_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut wrong, mut covered, mut names) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        for case in cases {
            assert!(names.insert(case.name.clone()), "two cases are called {}", case.name);
            covered.extend(case.expect.iter().chain(case.run.iter().flatten()).map(|e| e.rule.clone()));
            run(&case, &mut wrong);
        }
    }
    let bare: Vec<_> = rules::ALL.iter().map(|r| r.info().id).filter(|id| !covered.contains(*id)).collect();
    assert!(bare.is_empty(), "no case finds {bare:?}");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_manual_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, rules::manual()).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == rules::manual(), "docs/rules.md differs: COUNTERSIGN_BLESS=1 cargo test rules::");
}
