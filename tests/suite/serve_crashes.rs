//! A server that is killed at any moment loses no delivery and no record, and gives no verdict twice; and how long pages take
//! with a full queue.

#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::time::{Duration, Instant};

use countersign::approvals::Ledger;
use serde_json::Value;

use crate::shared::serving::{Client, Serving};

#[test]
fn killed_at_any_moment_it_loses_no_delivery_and_judges_none_twice() {
    killed_while_judging(24);
}

#[test]
fn killed_while_decisions_are_recorded_it_loses_none_and_doubles_none() {
    killed_while_deciding(18);
}

#[test]
#[ignore = "takes minutes: run it with `cargo test --test suite -- --ignored killed_at_a_hundred`"]
fn killed_at_a_hundred_moments_it_loses_no_delivery_and_no_record() {
    killed_while_judging(100);
    killed_while_deciding(100);
}

#[test]
fn ended_at_a_terminal_it_makes_no_verdict_of_half_a_scan() {
    let mut serving = Serving::start(&["--settle", "1"]);
    let mut admin = serving.admin();
    let token = serving.token(&mut admin, "qc");
    let mut caught = 0;
    for n in 0..6 {
        let name = format!("Show_{n}");
        serving.drop_in(&name, &["final/end_credits.mp3"]);
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let all = serving.api(&token, "/api/v1/deliveries");
            let state = all["deliveries"].as_array().unwrap().iter().find(|d| d["name"] == name).map(|d| &d["state"]);
            match state.and_then(Value::as_str).unwrap_or_default() {
                "scanning" => break,
                // The scan was shorter than the look.
                "held" => break,
                _ => assert!(Instant::now() < end, "{all}"),
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        serving.interrupt();
        serving.again();
        let id = serving.until(&token, &name, "held")["id"].as_str().unwrap().to_owned();
        let told = serving.api(&token, &format!("/api/v1/deliveries/{id}"));
        let codes: Vec<_> = told["scans"].as_array().unwrap().iter().map(|scan| scan["code"].as_i64()).collect();
        assert_eq!(codes.iter().filter(|code| code.is_some()).count(), 1, "{told}");
        assert!(codes.contains(&Some(1)), "{told}");
        caught += usize::from(codes.len() > 1);
    }
    assert!(caught > 0, "not once in the middle of a scan");
}

fn killed_while_judging(moments: u64) {
    let mut serving = Serving::start(&["--settle", "1"]);
    let mut admin = serving.admin();
    let token = serving.token(&mut admin, "qc");
    let shows = moments.div_ceil(3);
    for moment in 0..moments {
        // Something arrives, waits or is scanned at most moments.
        if moment % 3 == 0 {
            serving.drop_in(&format!("Show_{}", moment / 3), &["final/end_credits.mp3"]);
        }
        // Shorter and longer than it takes to look, to take, to scan, and to keep what was found.
        std::thread::sleep(Duration::from_millis(40 + moment * 137 % 1_900));
        serving.kill();
        serving.again();
    }
    for n in 0..shows {
        serving.until(&token, &format!("Show_{n}"), "held");
    }
    let all = serving.api(&token, "/api/v1/deliveries");
    let all = all["deliveries"].as_array().unwrap();
    assert_eq!(all.len() as u64, shows, "{all:?}");
    let mut interrupted = 0;
    for delivery in all {
        let told = serving.api(&token, &format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap()));
        let scans = told["scans"].as_array().unwrap();
        let verdicts = scans.iter().filter(|scan| scan["code"].is_i64()).count();
        interrupted += scans.len() - verdicts;
        assert_eq!(verdicts, 1, "{told}");
    }
    eprintln!("{moments} kills, {interrupted} of them in the middle of a scan");
}

fn killed_while_deciding(moments: usize) {
    let mut serving = Serving::start(&["--settle", "1"]);
    let mut admin = serving.admin();
    let token = serving.token(&mut admin, "qc");
    // At each moment a request is open, or one that was decided just now is decided again.
    let shows = moments.div_ceil(3);
    for n in 0..shows {
        serving.drop_in(&format!("Show_{n}"), &["final/end_credits.mp3"]);
    }
    let mut requests = Vec::new();
    for n in 0..shows {
        let id = serving.until(&token, &format!("Show_{n}"), "held")["id"].as_str().unwrap().to_owned();
        let page = admin.page(&format!("/deliveries/{id}"));
        let number = page
            .split(&format!("/deliveries/{id}/assets/"))
            .nth(1)
            .unwrap()
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap()
            .to_owned();
        admin.page(&format!("/deliveries/{id}/assets/{number}"));
        let asked = admin.post(&format!("/deliveries/{id}/assets/{number}/request"), &[("scope", "final-deliverable")]);
        requests.push(asked.header("location").split('?').next().unwrap().to_owned());
    }
    for moment in 0..moments {
        let request = &requests[moment % shows];
        admin.page(request);
        let mut client: Client = admin.clone();
        let path = format!("{request}/deny");
        let sent = std::thread::spawn(move || client.post(&path, &[]).status);
        std::thread::sleep(Duration::from_millis((moment as u64 * 7) % 23));
        serving.kill();
        let _ = sent.join();
        serving.again();
        admin.moved(&serving.host);
    }
    // What is still open is decided now; then each request has its one record.
    for request in &requests {
        admin.page(request);
        admin.post(&format!("{request}/deny"), &[]);
    }
    let ledger = Ledger::read(&serving.ledger()).unwrap();
    let mut of: Vec<_> = ledger.entries.iter().map(|entry| entry.record.source_system.clone().unwrap()).collect();
    of.sort();
    let mut wanted: Vec<_> = requests
        .iter()
        .map(|path| format!("countersign serve, request {}", path.rsplit('/').next().unwrap()))
        .collect();
    wanted.sort();
    assert_eq!(of, wanted);
    for request in &requests {
        let page = admin.page(request);
        let id = ledger
            .entries
            .iter()
            .find(|e| e.record.source_system.as_deref().unwrap().ends_with(request.rsplit('/').next().unwrap()));
        assert!(page.contains(&id.unwrap().record.id), "{page}");
    }
    let (code, said) = serving.command(&["approvals", "verify", "--approvals", "data/approvals.jsonl"]);
    assert_eq!(code, 0, "{said}");
}

/// Fills the database as scans of 200 deliveries would: 5,000 files each, every tenth of them with a finding.
pub(crate) fn filled(path: &std::path::Path) {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    let transaction = connection.transaction().unwrap();
    let state = ["waiting", "held", "passed", "failed"];
    for n in 0..200 {
        transaction
            .execute(
                "INSERT INTO delivery (id, root, name, state, digest, scanned, quiet_since, first_seen, files, bytes, gone) \
                 VALUES (?1, 'drops', ?2, ?3, 'd', 'd', 1700000000 + ?4, 1700000000, 5000, 5000000000, 1)",
                rusqlite::params![format!("delivery-{n}"), format!("Show_{n:03}"), state[n % 4], n as i64],
            )
            .unwrap();
        for scan in [n * 2 + 1, n * 2 + 2] {
            let summary = r#"{"assets":5000,"bytes":5000000000,"by_ai":{"generated":500},"findings":{"error":500,"warning":0,"note":0},"outcome":"fail"}"#;
            transaction
                .execute(
                    "INSERT INTO scan (id, delivery, started, ended, code, outcome, digest, summary) VALUES (?1, ?2, 1, 2, 1, 'fail', 'd', ?3)",
                    rusqlite::params![scan as i64, format!("delivery-{n}"), summary],
                )
                .unwrap();
            let mut finding = transaction
                .prepare_cached("INSERT INTO finding VALUES (?1, ?2, ?2, ?3, 'unapproved-ai-in-final', 'error', 'open', ?4, 'approve it')")
                .unwrap();
            let mut asset = transaction
                .prepare_cached("INSERT INTO asset VALUES (?1, ?2, ?3, 0, ?4, 'final', 'generated', ?5)")
                .unwrap();
            let count = if n == 1 { 10_000 } else { 500 };
            for file in 0..count {
                let path = format!("final/reel_{:02}/shot_{file:05}.png", file / 100);
                let message = "says that it was made by Midjourney, and nobody approved it";
                finding.execute(rusqlite::params![scan as i64, file, path, message]).unwrap();
                let json = format!(
                    r#"{{"path":"{path}","ai":"generated","role":"final","bytes":100000,"evidence":[],"findings":[],"problems":[]}}"#
                );
                asset.execute(rusqlite::params![scan as i64, file, path, "ab".repeat(32), json]).unwrap();
            }
        }
    }
    transaction.commit().unwrap();
}

#[test]
fn pages_are_quick_with_two_hundred_deliveries() {
    let serving = Serving::start(&[]);
    let mut admin = serving.admin();
    filled(&serving.path("data/server.sqlite"));
    let mut slowest = (Duration::ZERO, "");
    for path in [
        "/",
        "/?state=waiting",
        "/?page=2",
        "/deliveries/delivery-1",
        "/deliveries/delivery-1?page=100",
        "/deliveries/delivery-1?rule=unapproved-ai-in-final&page=50",
        "/deliveries/delivery-5",
        "/deliveries/delivery-1/difference",
        "/deliveries/delivery-1/assets/9999",
        "/requests",
        "/approvals",
        "/audit",
        "/policy",
    ] {
        let best = (0..3)
            .map(|_| {
                let start = Instant::now();
                admin.page(path);
                start.elapsed()
            })
            .min()
            .unwrap();
        slowest = slowest.max((best, path));
        assert!(best < Duration::from_millis(200), "{path} takes {best:?}");
    }
    eprintln!("the slowest page takes {:?}: {}", slowest.0, slowest.1);
    let page: Value = Value::from(admin.page("/deliveries/delivery-1"));
    assert!(page.as_str().unwrap().contains("10,000"), "{page}");
}
