//! Every combination of policy, role, claim, decision, scope, grade and day, against the table in `docs/decisions.md`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::shared::asset;

use std::path::Path;
use std::sync::Arc;

use asset::{DECISIONS, evidence, facts};
use countersign::approvals::{Approvals, Decision, Ledger, Person, Record, Subject};
use countersign::judge::{ExaminedAsset, Judge};
use countersign::marks;
use countersign::model::{Ai, Asset, Claim, FindingState, Role, Severity};
use countersign::policy::{Policy, Scope};
use countersign::walk::Walk;
use ed25519_dalek::SigningKey;

const SHA: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const POLICIES: [&str; 3] = ["netflix-genai", "archival", "observe"];
const CLAIMS: [(&str, Option<Claim>); 5] = [
    ("generated", Some(Claim::Generated)),
    ("composite", Some(Claim::Composite)),
    ("enhanced", Some(Claim::Enhanced)),
    ("possible", Some(Claim::Possible)),
    ("none", None),
];
/// What advertises decides as what is final.
const ROLES: [(&str, Role); 4] = [
    ("final", Role::Final),
    ("final", Role::Promotional),
    ("temporary", Role::Temporary),
    ("archival", Role::Archival),
];
const SCOPES: [(&str, Scope); 2] = [("final", Scope::FinalDeliverable), ("other", Scope::TalentLikeness)];
const GRADES: [&str; 4] = ["path", "imported", "signed", "known"];
const DAYS: [(&str, &str); 3] = [("before", "2026-02-28"), ("in force", "2026-06-30"), ("after", "2026-07-01")];

/// The table's rows: seven conditions, and what is found, worst first or not.
fn table() -> Vec<(Vec<String>, String)> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/decisions.md")).unwrap();
    let rows = page.lines().filter(|l| l.starts_with("| ")).skip(1);
    rows.map(|line| {
        let mut cells: Vec<_> = line.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
        let finds = cells.pop().unwrap();
        assert_eq!(cells.len(), 7, "{line}");
        (cells, finds)
    })
    .collect()
}

/// An asset as the walk finds it, at `s/a.png` of a folder of its own.
fn asset(folder: &Path, role: Role) -> Asset {
    let file = folder.join("s/a.png");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "x").unwrap();
    let mut asset = Walk::new(&[folder.to_path_buf()], globset::GlobSet::empty()).flatten().next().unwrap();
    asset.role = role;
    asset
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn ledger(path: &Path, policy: &Policy, decision: Decision, scope: Scope, grade: &str) -> Arc<Approvals> {
    let day = |text: &str| text.parse().unwrap();
    let mut record = Record::new(decision, Person::named("A"), day("2026-03-01"));
    record.expires_on = Some(day("2026-06-30"));
    record.scopes = vec![scope];
    record.subjects = vec![Subject::new("s/a.png", (grade != "path").then_some(SHA))];
    let signer = match grade {
        "signed" => Some(key(8)),
        "known" => Some(key(7)),
        _ => None,
    };
    let _ = std::fs::remove_file(path);
    Ledger::append(path, &[record], signer.as_ref()).unwrap();
    Arc::new(Approvals::load(path, &policy.trust.keys).unwrap())
}

struct Table {
    rows: Vec<(Vec<String>, String)>,
    used: Vec<bool>,
    wrong: Vec<String>,
    seen: usize,
}

impl Table {
    /// Compares what is found with what the first row that fits says.
    fn compare(&mut self, facts: [&str; 7], found: &str) {
        self.seen += 1;
        let fits = |cell: &str, fact: &str| cell == "any" || cell.split(", ").any(|word| word == fact);
        let row = self.rows.iter().position(|(cells, _)| cells.iter().zip(facts).all(|(c, f)| fits(c, f)));
        let Some(row) = row else { return self.wrong.push(format!("no row for {facts:?}")) };
        self.used[row] = true;
        if self.rows[row].1 != found {
            self.wrong.push(format!("{facts:?}: found {found}, the table says {}", self.rows[row].1));
        }
    }
}

#[test]
fn the_table_says_what_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.jsonl");
    let known = data_encoding::BASE64.encode(key(7).verifying_key().as_bytes());
    let rows = table();
    let mut table = Table { used: vec![false; rows.len()], rows, wrong: vec![], seen: 0 };
    let facts = facts();
    for name in POLICIES {
        // That an approval runs out soon is no decision; the cases of the rule tell of it.
        let off = "[rules.expiring-approval]\noff = true\nreason = \"no decision\"\n";
        let text = format!("extends = \"{name}\"\n[[trust.keys]]\nname = \"Legal\"\nkey = \"{known}\"\n{off}");
        let policy = Arc::new(Policy::parse(&text, "p").unwrap());
        let mut one = |words: [&str; 4], approvals: Option<&Arc<Approvals>>| {
            let [decision, scope, grade, day] = words;
            let on = DAYS.iter().find(|(d, _)| *d == day).unwrap().1.parse().unwrap();
            let judge = Judge::new(Arc::clone(&policy), approvals.cloned(), on);
            for (role_name, role) in ROLES {
                let place = asset(&folder.path().join("d"), role);
                for (claim_name, claim) in CLAIMS {
                    let evidence: Vec<_> = claim.map(evidence).into_iter().collect();
                    let ai: Ai = marks::ai(&evidence);
                    let sha256 = judge.needs_digest(&place, ai).then_some(SHA);
                    let found =
                        judge.asset(&ExaminedAsset { asset: &place, facts: &facts, evidence: &evidence, ai, sha256 });
                    assert!(name != "observe" || found.iter().all(|f| f.severity == Severity::Note));
                    let cleared = |s| if s == FindingState::Approved { " cleared" } else { "" };
                    let mut words: Vec<_> = found.iter().map(|f| (&f.rule, cleared(f.state))).collect();
                    // Severities differ among the policies; the table has one order.
                    words.sort_by_key(|(rule, _)| countersign::policy::known::RULES.iter().position(|r| r == rule));
                    let words: Vec<_> = words.into_iter().map(|(rule, state)| format!("{rule}{state}")).collect();
                    let words = if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
                    table.compare([name, role_name, claim_name, decision, scope, grade, day], &words);
                }
            }
        };
        for (day, _) in DAYS {
            one(["no record", "any", "any", day], None);
        }
        for decision in DECISIONS {
            for (scope_name, scope) in SCOPES {
                for grade in GRADES {
                    let approvals = ledger(&path, &policy, decision, scope, grade);
                    for (day, _) in DAYS {
                        one([decision.word(), scope_name, grade, day], Some(&approvals));
                    }
                }
            }
        }
    }
    let idle: Vec<_> = table.rows.iter().zip(&table.used).filter(|(_, used)| !**used).map(|(row, _)| row).collect();
    assert!(idle.is_empty(), "rows that nothing fits: {idle:#?}");
    assert_eq!(table.seen, 3 * ROLES.len() * 5 * (3 + 6 * 2 * 4 * 3));
    assert!(table.wrong.is_empty(), "{} wrong:\n{}", table.wrong.len(), table.wrong.join("\n"));
}
