//! Every role with every claim, decision and day, against a table that says what must come out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::Arc;

use crate::shared::asset;

use asset::{DECISIONS, facts};
use chrono::NaiveDate;
use countersign::approvals::{Approvals, Decision, Ledger, Person, Record, Subject};
use countersign::judge::{Baseline, ExaminedAsset, Judge};
use countersign::marks;
use countersign::model::*;
use countersign::policy::{Policy, Scope};

const SHA: &str = "1111111111111111111111111111111111111111111111111111111111111111";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn asset(role: Role) -> Asset {
    asset::asset("/d/s/a.png", "s/a.png", role)
}

fn evidence(claim: Claim) -> Vec<Evidence> {
    vec![asset::evidence(claim)]
}

/// The one record of the table: decided on 1 March, good through 30 June.
fn ledger(decision: Decision, folder: &std::path::Path) -> Arc<Approvals> {
    let mut record = Record::new(decision, Person::named("A"), day("2026-03-01"));
    record.expires_on = Some(day("2026-06-30"));
    record.scopes = vec![Scope::FinalDeliverable];
    record.subjects = vec![Subject::new("s/a.png", Some(SHA))];
    let path = folder.join(decision.word());
    Ledger::append(&path, &[record], None).unwrap();
    Arc::new(Approvals::load(&path, &[]).unwrap())
}

const BEFORE: &str = "2026-02-28";
const LAST: &str = "2026-06-30";
const AFTER: &str = "2026-07-01";

/// What must come out: rules with `+` where a record clears them.
fn expected(role: Role, claim: Claim, decision: Option<Decision>, on: &str) -> Vec<&'static str> {
    use Decision::*;
    let live = decision.filter(|_| on == LAST);
    let approved = matches!(live, Some(Approved | Conditional));
    let told = approved || matches!(live, Some(Notified | Disclosed));
    let disclosed = live == Some(Disclosed);
    let ran_out = on == AFTER && matches!(decision, Some(Approved | Conditional));
    let pick = |clear: bool, yes: &'static str, no: &'static str| vec![if clear { yes } else { no }];
    match (role, claim) {
        (Role::Final, Claim::Generated | Claim::Composite) if ran_out => vec!["expired-approval"],
        (Role::Final, Claim::Generated | Claim::Composite) => {
            pick(approved, "unapproved-ai-in-final+", "unapproved-ai-in-final")
        }
        (Role::Final, _) if live == Some(Denied) => vec!["unapproved-ai-in-final"],
        (Role::Final, Claim::Enhanced | Claim::Possible) => pick(approved, "possible-ai+", "possible-ai"),
        (Role::Temporary, Claim::Generated | Claim::Composite) => {
            pick(told, "unnotified-ai-in-temporary+", "unnotified-ai-in-temporary")
        }
        (Role::Temporary, Claim::Enhanced | Claim::Possible) => pick(told, "possible-ai+", "possible-ai"),
        (Role::Archival, Claim::Generated | Claim::Composite) => pick(disclosed, "ai-in-archival+", "ai-in-archival"),
        (Role::Archival, Claim::Enhanced) if approved || disclosed => vec!["enhanced-archival+"],
        (Role::Archival, Claim::Enhanced) => vec!["unauthenticated-archival", "enhanced-archival"],
        (Role::Archival, Claim::Possible) if approved || disclosed => vec!["possible-ai+"],
        (Role::Archival, Claim::Possible) => vec!["unauthenticated-archival", "possible-ai"],
        (Role::Archival, Claim::Captured | Claim::NotAi) if approved || disclosed => vec![],
        (Role::Archival, Claim::Captured | Claim::NotAi) => vec!["unauthenticated-archival"],
        _ => vec![],
    }
}

#[test]
fn every_combination_comes_out_as_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    // That an approval runs out soon changes no standing.
    let off = "[rules.expiring-approval]\noff = true\nreason = \"no standing\"\n";
    let policy = Arc::new(Policy::parse(off, "netflix-genai").unwrap());
    let ledgers: Vec<_> = DECISIONS.map(|d| (Some(d), Some(ledger(d, folder.path())))).into_iter().collect();
    let claims = [
        Claim::Generated,
        Claim::Composite,
        Claim::Enhanced,
        Claim::Possible,
        Claim::Captured,
        Claim::Digitized,
        Claim::NotAi,
    ];
    let mut seen = 0;
    for (decision, approvals) in ledgers.iter().chain([&(None, None)]) {
        for role in [Role::Final, Role::Temporary, Role::Archival] {
            for claim in claims {
                for on in [BEFORE, LAST, AFTER] {
                    let judge = Judge::new(Arc::clone(&policy), approvals.clone(), day(on));
                    let evidence = evidence(claim);
                    let ai = marks::ai(&evidence);
                    let found = judge.asset(&ExaminedAsset {
                        asset: &asset(role),
                        facts: &facts(),
                        evidence: &evidence,
                        ai,
                        sha256: Some(SHA),
                    });
                    let found: Vec<_> = found
                        .iter()
                        .map(|f| format!("{}{}", f.rule, if f.state == FindingState::Approved { "+" } else { "" }))
                        .collect();
                    let wanted = expected(role, claim, *decision, on);
                    assert_eq!(found, wanted, "{role:?} {claim:?} {decision:?} {on}");
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 7 * 3 * 7 * 3);
}

#[test]
fn the_baseline_holds_for_the_same_bytes_only() {
    let policy = Arc::new(Policy::builtin("netflix-genai").unwrap());
    let evidence = evidence(Claim::Generated);
    let judge = || Judge::new(Arc::clone(&policy), None, day(LAST));
    let (place, other) = (asset(Role::Final), "2".repeat(64));
    let findings = judge().asset(&ExaminedAsset {
        asset: &place,
        facts: &facts(),
        evidence: &evidence,
        ai: Ai::Generated,
        sha256: Some(SHA),
    });
    let mut report = AssetReport {
        path: place.rel.clone(),
        root: 0,
        format: None,
        bytes: 9,
        sha256: Some(SHA.into()),
        role: Role::Final,
        role_basis: String::new(),
        role_above: None,
        package: None,
        plays: vec![],
        uses: vec![],
        in_cut: None,
        ai: Ai::Generated,
        recipe: None,
        evidence: vec![],
        c2pa: None,
        archive: None,
        findings,
        problems: vec![],
        records: vec![],
        tags: None,
        frames: None,
    };
    let state = |report: &AssetReport, sha: &str| {
        let judge = judge().with_baseline(Arc::new(Baseline::new([report])));
        let examined =
            ExaminedAsset { asset: &place, facts: &facts(), evidence: &evidence, ai: Ai::Generated, sha256: Some(sha) };
        judge.asset(&examined)[0].state
    };
    assert_eq!(state(&report, SHA), FindingState::Baseline);
    assert_eq!(state(&report, &other), FindingState::Open);
    report.findings[0].state = FindingState::Approved;
    assert_eq!(state(&report, SHA), FindingState::Open, "an approval of then is none of now");
}

#[test]
fn a_digest_is_asked_for_where_a_record_could_matter() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Arc::new(Policy::builtin("netflix-genai").unwrap());
    let approvals = ledger(Decision::Approved, folder.path());
    let place = asset(Role::Final);
    let elsewhere = Asset { path: "/d/t/a.png".into(), rel: "t/a.png".into(), ..place.clone() };
    let judge = Judge::new(Arc::clone(&policy), Some(approvals), day(LAST));
    assert!(judge.needs_digest(&place, Ai::None), "a record names it");
    assert!(!judge.needs_digest(&elsewhere, Ai::None));
    assert!(!judge.needs_digest(&elsewhere, Ai::Possible));
    assert!(judge.needs_digest(&elsewhere, Ai::Enhanced));
    assert!(Judge::new(Arc::clone(&policy), None, day(LAST)).needs_digest(&place, Ai::Generated));
}
