//! `countersign serve` as people and programs use it: from a folder that is dropped to a recorded approval and a pass, with
//! the three ways of signing, and the command line checking the ledger afterwards.

#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::io::Write;
use std::time::{Duration, Instant};

use countersign::approvals::Ledger;
use data_encoding::BASE64;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use crate::samples::archives;
use crate::shared::serving::{Client, PASSWORD, Serving};

/// A file of the fixtures that says of itself that a generator made it.
const SONG: &str = "final/end_credits.mp3";

/// The number of the first asset that the delivery's report flags, by the link on its page.
fn flagged(client: &mut Client, id: &str) -> String {
    let page = client.page(&format!("/deliveries/{id}"));
    let start = format!("/deliveries/{id}/assets/");
    let after = page.split(&start).nth(1).unwrap_or_else(|| panic!("no asset in {page}"));
    after.split(|c: char| !c.is_ascii_digit()).next().unwrap().to_owned()
}

/// Asks for an approval of the flagged asset; the request's id.
fn ask(client: &mut Client, id: &str) -> String {
    let number = flagged(client, id);
    client.page(&format!("/deliveries/{id}/assets/{number}"));
    let fields = [
        ("approver", ""),
        ("scope", "final-deliverable"),
        ("reason", "the end credits need a song"),
        ("tool", "Suno"),
        ("reference", "PRJ-1042"),
    ];
    let reply = client.post(&format!("/deliveries/{id}/assets/{number}/request"), &fields);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let location = reply.header("location").to_owned();
    location.strip_prefix("/requests/").unwrap().split('?').next().unwrap().to_owned()
}

struct House {
    serving: Serving,
    token: String,
    admin: Client,
    qc: Client,
    approver: Client,
}

fn house(options: &[&str]) -> House {
    let serving = Serving::start(options);
    let mut admin = serving.admin();
    let token = serving.token(&mut admin, "qc");
    let qc = serving.person(&mut admin, "qc", "quinn", "Quinn QC");
    let approver = serving.person(&mut admin, "approver", "dana", "Dana Reyes");
    House { serving, token, admin, qc, approver }
}

/// A delivery with the song that is held, and its id.
fn held(house: &House, name: &str) -> String {
    house.serving.drop_in(name, &[SONG]);
    house.serving.until(&house.token, name, "held")["id"].as_str().unwrap().to_owned()
}

const APPROVAL: [(&str, &str); 3] = [("mode", "server"), ("scope", "final-deliverable"), ("expires", "2999-12-31")];

fn records(serving: &Serving) -> usize {
    Ledger::read(&serving.ledger()).unwrap().entries.len()
}

#[test]
fn from_a_dropped_folder_to_an_approval_and_a_pass() {
    let mut house = house(&["--settle", "1"]);
    let id = held(&house, "Show_104");
    let page = house.qc.page(&format!("/deliveries/{id}"));
    assert!(page.contains("end_credits.mp3") && page.contains("unapproved-ai-in-final"), "{page}");
    let request = ask(&mut house.qc, &id);
    assert!(house.approver.page("/requests").contains("end_credits.mp3"));
    // Who asks does not decide here: the role says so.
    house.qc.page(&format!("/requests/{request}"));
    assert_eq!(house.qc.post(&format!("/requests/{request}/approve"), &APPROVAL).status, 403);
    house.approver.page(&format!("/requests/{request}"));
    let reply = house.approver.post(&format!("/requests/{request}/approve"), &APPROVAL);
    assert_eq!((reply.status, reply.header("location")), (303, format!("/requests/{request}?said=approved").as_str()));
    // It is judged again by itself.
    house.serving.until(&house.token, "Show_104", "passed");
    let ledger = Ledger::read(&house.serving.ledger()).unwrap();
    let record = &ledger.entries[0].record;
    assert_eq!((ledger.entries.len(), record.approver.name.as_str()), (1, "Dana Reyes"));
    assert!(ledger.entries[0].keys.is_empty(), "the server signs nothing");
    assert_eq!(record.requester.as_ref().unwrap().name, "Quinn QC");
    assert_eq!((record.reference.as_deref(), record.tool.as_deref()), (Some("PRJ-1042"), Some("Suno")));
    assert_eq!(record.source_system.as_deref(), Some(format!("countersign serve, request {request}").as_str()));
    let (code, said) = house.serving.command(&["approvals", "verify", "--approvals", "data/approvals.jsonl"]);
    assert_eq!(code, 0, "{said}");
    // What was said of it before is told as resolved, the record is listed, and the deeds are in the log.
    assert!(house.qc.page(&format!("/deliveries/{id}/difference")).contains("end_credits.mp3"));
    assert!(house.qc.page("/approvals").contains(&record.id));
    let audit = house.admin.page("/audit");
    assert!(audit.contains("asked for an approval") && audit.contains("approved"), "{audit}");
    // The command line passes the same bytes with the same ledger.
    let (code, said) = house.serving.command(&["scan", "drops/Show_104", "--approvals", "data/approvals.jsonl"]);
    assert_eq!(code, 0, "{said}");
    // Somebody decides again what is decided.
    let again = house.approver.post(&format!("/requests/{request}/deny"), &[("mode", "server")]);
    assert_eq!((again.status, records(&house.serving)), (409, 1));
}

#[test]
fn all_pages_and_reports_are_served() {
    let mut house = house(&["--settle", "1"]);
    let id = held(&house, "Show_105");
    let number = flagged(&mut house.qc, &id);
    let request = ask(&mut house.qc, &id);
    for path in
        ["/", "/?state=held", "/?page=2", "/requests", "/requests?state=denied", "/approvals", "/policy", "/account"]
    {
        house.approver.page(path);
    }
    for path in ["/people", "/audit", "/audit?page=2"] {
        house.admin.page(path);
        assert_eq!(house.approver.get(path).status, 403, "{path}");
    }
    house.approver.page(&format!("/deliveries/{id}?rule=unapproved-ai-in-final"));
    house.approver.page(&format!("/deliveries/{id}/difference"));
    house.approver.page(&format!("/deliveries/{id}/assets/{number}"));
    let asked: Value = serde_json::from_str(&house.approver.page(&format!("/requests/{request}/file"))).unwrap();
    assert_eq!(asked["sha256"].as_str().unwrap().len(), 64);
    let json: Value = serde_json::from_str(&house.approver.page(&format!("/deliveries/{id}/report.json"))).unwrap();
    assert_eq!(json["summary"]["outcome"], "fail");
    let html = house.approver.get(&format!("/deliveries/{id}/report.html"));
    assert!(html.header("content-security-policy").starts_with("sandbox") && html.text().contains("end_credits.mp3"));
    let words: Vec<&str> = countersign::report::ALL.iter().map(|kind| kind.info.id).collect();
    assert!(words.len() > 10);
    for format in words {
        let path = format!("/api/v1/deliveries/{id}/report?format={format}");
        let bearer = format!("Bearer {}", house.token);
        let reply = house.admin.send("GET", &path, &[("Authorization", &bearer)], b"");
        assert_eq!(reply.status, 200, "{format}: {}", reply.text());
        // Sheets are of archival material only, of which there is none here; the text is the verdict only.
        assert!(
            format.starts_with("provenance")
                || reply.text().contains("end_credits.mp3")
                || reply.text().starts_with("FAIL"),
            "{format}: {}",
            reply.text()
        );
    }
    for paper in ["disclosure", "supplier", "provenance"] {
        let reply = house.approver.get(&format!("/deliveries/{id}/reports/{paper}"));
        assert!(reply.status == 200 && reply.header("content-security-policy").starts_with("sandbox"), "{paper}");
    }
    assert_eq!(house.approver.get(&format!("/deliveries/{id}/reports/telegram")).status, 422);
    let style = house.admin.get("/static/style.css");
    assert_eq!((style.status, style.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(house.admin.get("/static/app.js").status, 200);
}

#[test]
fn a_picture_is_made_anew_and_never_the_delivered_file() {
    let mut house = house(&["--settle", "1"]);
    house.serving.drop_in("Stills", &["final/hero_010.png"]);
    let id = house.serving.until(&house.token, "Stills", "held")["id"].as_str().unwrap().to_owned();
    let number = flagged(&mut house.qc, &id);
    let path = format!("/deliveries/{id}/assets/{number}/picture");
    for _ in 0..2 {
        let picture = house.qc.get(&path);
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"), "{}", picture.text());
        assert!(picture.body.starts_with(b"\xff\xd8\xff"));
    }
    // Other bytes under the same name have no picture here: the report is not about them.
    let cached = std::fs::read_dir(house.serving.path("data/pictures")).unwrap().flatten().next().unwrap().path();
    std::fs::remove_file(cached).unwrap();
    std::fs::write(house.serving.path("drops/Stills/final/hero_010.png"), b"another").unwrap();
    assert_eq!(house.qc.get(&path).status, 404);
}

#[test]
fn a_form_that_cannot_be_so_comes_back_with_what_was_typed() {
    let mut house = house(&["--settle", "1", "--four-eyes"]);
    let id = held(&house, "Show_111");
    let number = flagged(&mut house.approver, &id);
    let path = format!("/deliveries/{id}/assets/{number}");
    let page = house.approver.page(&path);
    let own = page.split("<option value=\"").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let wrong = |reply: &crate::shared::serving::Reply, field: &str, kept: &[&str]| {
        let text = reply.text();
        assert_eq!(reply.status, 422, "{text}");
        assert!(
            text.contains(&format!("id=\"wrong-{field}\"")) && text.contains("aria-invalid=\"true\""),
            "{field}: {text}"
        );
        for kept in kept {
            assert!(text.contains(kept), "{kept} is lost: {text}");
        }
    };
    // Whom one asks may not decide: a number that nobody has.
    let fields = [("approver", "999"), ("scope", "personal-data"), ("reason", "because <b>"), ("tool", "Suno 5")];
    let reply = house.approver.post(&format!("{path}/request"), &fields);
    wrong(&reply, "approver", &["because &lt;b&gt;", "value=\"Suno 5\"", "value=\"personal-data\" checked"]);
    assert!(!own.is_empty());
    let long = "x".repeat(5_000);
    let reply = house.approver.post(&format!("{path}/request"), &[("reason", "because"), ("prompt", &long)]);
    wrong(&reply, "prompt", &["because", &long]);
    let request = ask(&mut house.qc, &id);
    let path = format!("/requests/{request}");
    house.approver.page(&path);
    let late = [("scope", "final-deliverable"), ("expires", "2001-01-01"), ("note", "heard it"), ("reference", "T-9")];
    let reply = house.approver.post(&format!("{path}/approve"), &late);
    wrong(&reply, "expires", &["2001-01-01", "heard it", "value=\"T-9\""]);
    let reply = house.approver.post(&format!("{path}/approve"), &[("note", "heard it"), ("reference", "")]);
    wrong(&reply, "scope", &["heard it"]);
    assert!(!reply.text().contains("value=\"PRJ-1042\""), "what was emptied stays empty");
    assert_eq!(records(&house.serving), 0);
    // Secrets are not shown again.
    house.approver.page("/account");
    let fields = [("old", PASSWORD), ("new", "correct horse"), ("again", "battery staple")];
    let reply = house.approver.post("/account/password", &fields);
    wrong(&reply, "again", &[]);
    assert!(!reply.text().contains(PASSWORD) && !reply.text().contains("battery"), "{}", reply.text());
    house.admin.page("/people");
    wrong(&house.admin.post("/people/tokens", &[("name", "render farm"), ("role", "admin")]), "role", &["render farm"]);
    // The form that came back is one that can be sent.
    house.approver.post(&format!("{path}/approve"), &[("note", "heard it")]);
    assert_eq!(house.approver.post(&format!("{path}/approve"), &APPROVAL).status, 303);
}

#[test]
fn members_sounds_and_sequences_have_pictures() {
    let mut house = house(&["--settle", "1"]);
    let still = std::fs::read("fixtures/delivery/final/hero_010.png").unwrap();
    let folder = house.serving.path("made/final");
    std::fs::create_dir_all(&folder).unwrap();
    let zip = archives::zip(&[archives::deflated("stills/hero.png", &still)]);
    std::fs::write(folder.join("stills.zip"), zip).unwrap();
    std::fs::copy("fixtures/delivery/final/end_credits.mp3", folder.join("end_credits.mp3")).unwrap();
    for frame in 1..=20 {
        std::fs::write(folder.join(format!("shot.{frame:04}.png")), &still).unwrap();
    }
    std::fs::rename(house.serving.path("made"), house.serving.path("drops/Mixed")).unwrap();
    let id = house.serving.until(&house.token, "Mixed", "held")["id"].as_str().unwrap().to_owned();
    let report: Value = serde_json::from_str(&house.qc.page(&format!("/deliveries/{id}/report.json"))).unwrap();
    let assets = report["assets"].as_array().unwrap();
    let picture = |client: &mut Client, path: &str| {
        let number =
            assets.iter().position(|asset| asset["path"] == path).unwrap_or_else(|| panic!("{path}: {report}"));
        client.get(&format!("/deliveries/{id}/assets/{number}/picture"))
    };
    for path in ["final/stills.zip!/stills/hero.png", "final/shot.[0001-0020].png"] {
        for _ in 0..2 {
            let reply = picture(&mut house.qc, path);
            assert_eq!((reply.status, reply.header("content-type")), (200, "image/jpeg"), "{path}: {}", reply.text());
            assert!(reply.body.starts_with(b"\xff\xd8\xff"));
        }
    }
    let wave = picture(&mut house.qc, "final/end_credits.mp3");
    let text = wave.text();
    assert_eq!((wave.status, wave.header("content-type")), (200, "image/svg+xml"), "{text}");
    assert!(text.starts_with("<svg ") && text.matches('M').count() >= 2, "{text}");
    // The archive is another one now: what the report tells of is not in it.
    std::fs::remove_dir_all(house.serving.path("data/pictures")).unwrap();
    std::fs::create_dir(house.serving.path("data/pictures")).unwrap();
    let zip = archives::zip(&[archives::deflated("stills/hero.png", &[&still[..], b"more"].concat())]);
    std::fs::write(house.serving.path("drops/Mixed/final/stills.zip"), zip).unwrap();
    assert_eq!(picture(&mut house.qc, "final/stills.zip!/stills/hero.png").status, 404);
}

#[test]
fn what_still_grows_is_not_judged() {
    let house = house(&["--settle", "2"]);
    let path = house.serving.path("drops/Growing");
    std::fs::create_dir(&path).unwrap();
    let mut file = std::fs::File::create(path.join("reel.wav")).unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(7) {
        file.write_all(&[7; 4_096]).unwrap();
        file.sync_all().unwrap();
        let all = house.serving.api(&house.token, "/api/v1/deliveries");
        for delivery in all["deliveries"].as_array().unwrap() {
            assert_eq!(delivery["state"], "arriving", "judged while it grew: {delivery}");
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    drop(file);
    // Not one scan had begun; now there is one.
    let id = house.serving.until(&house.token, "Growing", "failed")["id"].as_str().unwrap().to_owned();
    let told = house.serving.api(&house.token, &format!("/api/v1/deliveries/{id}"));
    assert_eq!(told["scans"].as_array().unwrap().len(), 1, "{told}");
}

#[test]
fn a_client_follows_what_changes() {
    let house = house(&["--settle", "1"]);
    let mut stream = std::net::TcpStream::connect(house.serving.host.replace("localhost", "127.0.0.1")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let (host, token) = (&house.serving.host, &house.token);
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
    let id = held(&house, "Show_112");
    let mut said = String::new();
    while !said.contains(&format!("data: {id}")) {
        let mut piece = [0; 1_024];
        let got = std::io::Read::read(&mut stream, &mut piece).unwrap();
        assert!(got > 0, "{said}");
        said += &String::from_utf8_lossy(&piece[..got]);
    }
    assert!(
        said.starts_with("HTTP/1.1 200") && said.contains("text/event-stream") && said.contains("event: changed"),
        "{said}"
    );
}

#[test]
fn a_delivery_that_says_that_it_is_complete_is_not_waited_for() {
    let house = house(&["--settle", "3600", "--marker", "DONE"]);
    house.serving.drop_in("Marked", &[SONG]);
    std::thread::sleep(Duration::from_secs(3));
    let state = house.serving.api(&house.token, "/api/v1/deliveries")["deliveries"][0]["state"].clone();
    assert_eq!(state, "arriving");
    std::fs::write(house.serving.path("drops/Marked/DONE"), "").unwrap();
    house.serving.until(&house.token, "Marked", "held");
}

#[test]
fn what_changes_is_judged_again_and_what_is_gone_is_said_to_be() {
    let house = house(&["--settle", "1"]);
    let id = held(&house, "Show_106");
    std::fs::remove_file(house.serving.path("drops/Show_106/final/end_credits.mp3")).unwrap();
    std::fs::copy("fixtures/delivery/final/photo_030.jpg", house.serving.path("drops/Show_106/final/photo.jpg"))
        .unwrap();
    house.serving.until(&house.token, "Show_106", "passed");
    std::fs::remove_dir_all(house.serving.path("drops/Show_106")).unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while house.serving.api(&house.token, &format!("/api/v1/deliveries/{id}"))["gone"] != true {
        assert!(Instant::now() < end, "never gone");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_browser_signs_the_next_line_and_only_that() {
    let mut house = house(&["--settle", "1"]);
    let id = held(&house, "Show_107");
    let request = ask(&mut house.qc, &id);
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = json!({ "public_key": BASE64.encode(key.verifying_key().as_bytes()) });
    let terms = json!({ "decision": "approved", "scopes": ["final-deliverable"], "reference": "T-1" });
    let (prepare, sign) = (format!("/requests/{request}/prepare"), format!("/requests/{request}/sign"));
    house.approver.page(&format!("/requests/{request}"));
    // Without a registered key nothing is prepared.
    assert_eq!(house.approver.post_json(&prepare, &terms).status, 422);
    assert_eq!(house.approver.post_json("/account/key", &json!({ "public_key": "AAAA" })).status, 422);
    assert_eq!(house.approver.post_json("/account/key", &public).status, 200);
    let prepared = |client: &mut Client| -> (Vec<u8>, String) {
        let reply = client.post_json(&prepare, &terms);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let read: Value = serde_json::from_slice(&reply.body).unwrap();
        (BASE64.decode(read["pae"].as_str().unwrap().as_bytes()).unwrap(), read["ticket"].as_str().unwrap().to_owned())
    };
    let signed = |ticket: &str, pae: &[u8], key: &SigningKey| json!({ "ticket": ticket, "signature": BASE64.encode(&key.sign(pae).to_bytes()) });
    let (pae, ticket) = prepared(&mut house.approver);
    assert!(pae.starts_with(b"DSSEv1 28 application/vnd.in-toto+json "));
    // Another key's signature, and a ticket of somebody else.
    let other = SigningKey::from_bytes(&[8; 32]);
    assert_eq!(house.approver.post_json(&sign, &signed(&ticket, &pae, &other)).status, 422);
    let (pae, ticket) = prepared(&mut house.approver);
    house.admin.page("/account");
    house.admin.post_json("/account/key", &public);
    assert_eq!(house.admin.post_json(&sign, &signed(&ticket, &pae, &key)).status, 409);
    assert_eq!(records(&house.serving), 0);
    // Somebody writes to the ledger in between.
    let (pae, ticket) = prepared(&mut house.approver);
    let (code, said) = house.serving.command(&[
        "approve",
        "drops/Show_107/final/end_credits.mp3",
        "--by",
        "Sam",
        "--deny",
        "--approvals",
        "data/approvals.jsonl",
    ]);
    assert_eq!(code, 0, "{said}");
    let reply = house.approver.post_json(&sign, &signed(&ticket, &pae, &key));
    assert_eq!(reply.status, 409, "{}", reply.text());
    let (pae, ticket) = prepared(&mut house.approver);
    let body = signed(&ticket, &pae, &key);
    let reply = house.approver.post_json(&sign, &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(house.approver.post_json(&sign, &body).status, 409, "a ticket counts once");
    let ledger = Ledger::read(&house.serving.ledger()).unwrap();
    assert_eq!(ledger.entries.len(), 2);
    assert_eq!(ledger.entries[1].keys, [key.verifying_key().to_bytes()]);
    assert_eq!(ledger.entries[1].record.approver.name, "Dana Reyes");
    let (code, said) = house.serving.command(&["approvals", "verify", "--approvals", "data/approvals.jsonl"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_request_is_decided_on_the_command_line_and_the_server_finds_out() {
    let mut house = house(&["--settle", "1"]);
    let id = held(&house, "Show_108");
    let request = ask(&mut house.qc, &id);
    let file = house.qc.page(&format!("/requests/{request}/file"));
    std::fs::write(house.serving.path("request.json"), file).unwrap();
    let (code, said) = house.serving.command(&["keys", "new", "key"]);
    assert_eq!(code, 0, "{said}");
    let arguments = ["approve", "--from-request", "request.json", "--by", "Dana Reyes", "--key", "key"];
    let (code, said) = house.serving.command(&[&arguments[..], &["--approvals", "data/approvals.jsonl"]].concat());
    assert_eq!(code, 0, "{said}");
    house.serving.until(&house.token, "Show_108", "passed");
    let page = house.qc.page(&format!("/requests/{request}"));
    let ledger = Ledger::read(&house.serving.ledger()).unwrap();
    assert!(page.contains(&ledger.entries[0].record.id) && page.contains("Dana Reyes"), "{page}");
    assert_eq!((ledger.entries.len(), ledger.entries[0].keys.len()), (1, 1));
    assert_eq!(ledger.entries[0].record.reference.as_deref(), Some("PRJ-1042"));
}

#[test]
fn two_reviewers_at_once_make_one_record() {
    let mut house = house(&["--settle", "1"]);
    let mut second = house.serving.person(&mut house.admin, "approver", "eli", "Eli Novak");
    for round in 0..5 {
        let id = held(&house, &format!("Show_{round}"));
        // Records about these bytes must not clear the next delivery before it is asked for.
        let before = records(&house.serving);
        let request = ask(&mut house.qc, &id);
        for client in [&mut house.approver, &mut second] {
            client.page(&format!("/requests/{request}"));
        }
        let decide = |mut client: Client, how: &'static str| {
            let path = format!("/requests/{request}/{how}");
            std::thread::spawn(move || client.post(&path, &APPROVAL).status)
        };
        let both = [decide(house.approver.clone(), "deny"), decide(second.clone(), "deny")];
        let mut codes = both.map(|thread| thread.join().unwrap());
        codes.sort_unstable();
        assert_eq!((codes, records(&house.serving)), ([303, 409], before + 1));
    }
}

#[test]
fn where_four_eyes_are_wanted_nobody_decides_what_they_asked_for() {
    let mut house = house(&["--settle", "1", "--four-eyes"]);
    let id = held(&house, "Show_109");
    let request = ask(&mut house.approver, &id);
    house.approver.page(&format!("/requests/{request}"));
    assert_eq!(house.approver.post(&format!("/requests/{request}/approve"), &APPROVAL).status, 403);
    assert_eq!(records(&house.serving), 0);
    house.admin.page(&format!("/requests/{request}"));
    assert_eq!(house.admin.post(&format!("/requests/{request}/approve"), &APPROVAL).status, 303);
    assert_eq!(records(&house.serving), 1);
}

#[test]
fn hooks_are_told_of_verdicts() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/verdicts", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // The first call fails, so that it is made again.
        for answer in ["500 No", "204 Yes"] {
            let (mut stream, _) = listener.accept().unwrap();
            let request = crate::shared::serving::received(&mut stream);
            stream
                .write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes())
                .unwrap();
            tell.send(request).unwrap();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let hook = folder.path().join("hook");
    let script = format!(
        "#!/bin/sh\ncat >'{0}/body'\necho \"$DELIVERY_NAME $DELIVERY_STATE\" >'{0}/told'\nenv >'{0}/env'\n",
        folder.path().display()
    );
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let house = house(&["--settle", "1", "--webhook", &address, "--on-verdict", hook.to_str().unwrap()]);
    let id = held(&house, "Show_110");
    let first = told.recv_timeout(Duration::from_secs(60)).unwrap();
    let second = told.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(first.1, second.1, "the same is told again");
    let body: Value = serde_json::from_str(&second.1).unwrap();
    assert_eq!((&body["delivery"]["id"], &body["state"]), (&json!(id), &json!("held")));
    let signature = countersign_server::hooks::signature("a secret of the test", &second.1);
    assert!(second.0.to_ascii_lowercase().contains(&format!("x-countersign-signature: {signature}")), "{}", second.0);
    let end = Instant::now() + Duration::from_secs(30);
    while std::fs::read_to_string(folder.path().join("told")).unwrap_or_default() != "Show_110 held\n" {
        assert!(Instant::now() < end, "the command was not run");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("body")).unwrap(), second.1);
    let environment = || std::fs::read_to_string(folder.path().join("env")).unwrap_or_default();
    while !environment().contains("DELIVERY_ID=") {
        assert!(Instant::now() < end, "the command did not go on");
        std::thread::sleep(Duration::from_millis(100));
    }
    let environment = environment();
    assert!(!environment.contains("a secret of the test") && !environment.contains("a-secret:of+the"), "{environment}");
}

#[test]
fn the_pages_that_describe_it_are_true() {
    let page = std::fs::read_to_string("docs/serve.md").unwrap();
    assert!(page.lines().filter(|line| line.contains("countersign serve ")).count() >= 4, "the page starts servers");
    let page = section(&page, "## From nothing to the first approved delivery");
    // What it shows of the greeting is what the program prints.
    assert!(page.contains("http://localhost:8750/setup?token=…") && page.contains("There is no admin yet."));
    first_approved_delivery(&page);
    let readme = std::fs::read_to_string("README.md").unwrap();
    first_approved_delivery(&section(&readme, "## A hot folder, and approvals in a browser"));
}

fn section(page: &str, title: &str) -> String {
    let after = page.split(title).nth(1).unwrap_or_else(|| panic!("{title} is gone"));
    after.split("\n## ").next().unwrap().to_owned()
}

/// Goes through the steps of a page: the commands as they stand there, and what is done in a browser in between.
fn first_approved_delivery(text: &str) {
    let start = text.lines().find_map(|line| line.strip_prefix("countersign serve ")).unwrap();
    let options = start.strip_prefix("--data data --root drops=drops --settle 5 --poll 1").unwrap();
    assert_eq!(options, "", "it is started as `Serving` starts it");
    let serving = Serving::start(&["--settle", "5"]);
    std::os::unix::fs::symlink(std::path::absolute("fixtures").unwrap(), serving.path("fixtures")).unwrap();
    let mut admin = serving.admin();
    let token = serving.token(&mut admin, "qc");
    let steps = crate::shared::document::steps(&text.replace("   ", ""));
    let (drop, after) = steps.split_at(1);
    assert_eq!(after.len(), 2, "{steps:?}");
    let mut seen = admin.page("/");
    crate::shared::document::run(serving.folder.path(), drop);
    // A scan is too short to be seen for certain.
    serving.until(&token, "Show_104", "arriving");
    let id = serving.until(&token, "Show_104", "held")["id"].as_str().unwrap().to_owned();
    let number = flagged(&mut admin, &id);
    seen += &admin.page(&format!("/deliveries/{id}/assets/{number}"));
    let request = ask(&mut admin, &id);
    seen += &admin.page(&format!("/requests/{request}"));
    assert_eq!(admin.post(&format!("/requests/{request}/approve"), &APPROVAL).status, 303);
    serving.until(&token, "Show_104", "passed");
    seen += &admin.page(&format!("/deliveries/{id}"));
    crate::shared::document::run(serving.folder.path(), after);
    // What the page calls things is what they are called.
    let states = ["Arriving", "Scanning", "Held"];
    let told: Vec<&str> = text.split('*').skip(1).step_by(2).filter(|word| !word.is_empty()).collect();
    assert!(told.contains(&"Deliveries") && told.contains(&"Passed"), "{told:?}");
    for word in told.into_iter().filter(|word| !states.contains(word)) {
        assert!(seen.contains(word), "nothing is called {word}");
    }
}
