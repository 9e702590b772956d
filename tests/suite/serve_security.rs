//! What a hostile page, client, file name or visitor gets from `countersign serve`: nothing.

#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::json;

use crate::shared::serving::{Client, FORM, PASSWORD, Serving, form};

/// What every answer carries.
fn assert_guarded(reply: &crate::shared::serving::Reply, about: &str) {
    let policy = reply.header("content-security-policy");
    assert!(!policy.is_empty() && policy.contains("frame-ancestors 'none'"), "{about}: {policy}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{about}");
    assert_eq!(reply.header("x-frame-options"), "DENY", "{about}");
    assert_eq!(reply.header("referrer-policy"), "same-origin", "{about}");
}

#[test]
fn every_answer_is_guarded_and_no_script_or_style_stands_in_a_page() {
    let serving = Serving::start(&["--settle", "1"]);
    let mut admin = serving.admin();
    let mut visitor = Client::new(&serving.host);
    for path in
        ["/", "/login", "/setup?token=x", "/nothing", "/static/app.js", "/api/v1/deliveries", "/people", "/account"]
    {
        for client in [&mut admin, &mut visitor] {
            let reply = client.get(path);
            assert_guarded(&reply, path);
            let text = reply.text();
            assert!(
                !text.contains("<script>") && !text.contains("<style") && !text.contains(" style="),
                "{path}: {text}"
            );
        }
    }
    let policy = visitor.get("/login").header("content-security-policy").to_owned();
    assert!(!policy.contains("unsafe") && policy.contains("script-src 'self'"), "{policy}");
}

#[test]
fn a_host_of_another_name_gets_nothing() {
    let serving = Serving::start(&[]);
    let mut admin = serving.admin();
    let port = serving.host.split(':').nth(1).unwrap().to_owned();
    for host in [
        format!("evil.example:{port}"),
        "localhost".to_owned(),
        format!("localhost:{port}.evil.example"),
        String::new(),
    ] {
        for path in ["/", "/login", "/api/v1/openapi.json", "/static/app.js"] {
            let reply = admin.send("GET", path, &[("Host", &host)], b"");
            assert!(matches!(reply.status, 421 | 400), "{host:?} {path}: {}", reply.status);
        }
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("LOCALHOST:{port}")] {
        assert_eq!(admin.send("GET", "/", &[("Host", &host)], b"").status, 200, "{host}");
    }
}

#[test]
fn a_change_needs_the_origin_and_the_token_of_the_session() {
    let serving = Serving::start(&[]);
    let mut admin = serving.admin();
    admin.page("/people");
    let good = admin.csrf.clone();
    let mut other = serving.person(&mut admin.clone(), "viewer", "vic", "Vic Viewer");
    other.page("/account");
    let (own, port) = (admin.origin(), serving.host.split(':').nth(1).unwrap().to_owned());
    let try_it = |client: &mut Client, origin: Option<&str>, csrf: &str| {
        let body = form(&[("role", "viewer"), ("csrf", csrf)]);
        let mut headers = vec![FORM];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        client.send("POST", "/people/invite", &headers, body.as_bytes()).status
    };
    assert_eq!(try_it(&mut admin, Some(&own), &good), 200);
    for origin in ["https://evil.example", "null", &format!("https://localhost:{port}"), "http://localhost", ""] {
        assert_eq!(try_it(&mut admin, Some(origin), &good), 403, "{origin}");
    }
    assert_eq!(try_it(&mut admin, None, &good), 403);
    for csrf in ["", "x", other.csrf.as_str()] {
        assert_eq!(try_it(&mut admin, Some(&own), csrf), 403, "{csrf}");
    }
    // To sign in needs a token as well: nobody is signed in as somebody else without knowing.
    let mut visitor = Client::new(&serving.host);
    let body = form(&[("name", "ada"), ("password", PASSWORD), ("csrf", "")]);
    assert_eq!(visitor.send("POST", "/login", &[("Origin", &own), FORM], body.as_bytes()).status, 403);
    // What is read changes nothing.
    assert_eq!(admin.get("/people/invite").status, 404);
    assert_eq!(admin.get("/logout").status, 404);
    assert_eq!(admin.get("/").status, 200);
}

#[test]
fn a_session_is_new_at_each_sign_in_and_ends_when_told() {
    let serving = Serving::start(&[]);
    let mut admin = serving.admin();
    let first = admin.cookies["__Host-countersign"].clone();
    // Somebody has put a cookie of their own into this browser.
    let mut victim = Client::new(&serving.host);
    victim.cookies.insert("__Host-countersign".to_owned(), "chosen-by-somebody-else".to_owned());
    let reply = victim.sign_in("ada", PASSWORD);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let second = victim.cookies["__Host-countersign"].clone();
    assert!(second != "chosen-by-somebody-else" && second != first && second.len() == 43);
    let cookie = reply.headers.iter().find(|(_, v)| v.starts_with("__Host-countersign=")).unwrap().1.clone();
    for word in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let mut thief = Client::new(&serving.host);
    thief.cookies.insert("__Host-countersign".to_owned(), "chosen-by-somebody-else".to_owned());
    assert_eq!(thief.get("/").status, 303);
    // Signing in once more ends the session before.
    victim.page("/");
    victim.get("/login");
    let csrf = victim.csrf.clone();
    let mut again = victim.clone();
    assert_eq!(
        again.post("/login", &[("name", "ada"), ("password", PASSWORD), ("next", "//evil.example")]).header("location"),
        "/"
    );
    assert_eq!(victim.get("/").status, 303, "{csrf}");
    // A password that changes ends the sessions elsewhere; signing out ends this one.
    again.page("/account");
    let fields = [("old", PASSWORD), ("new", "another long password"), ("again", "another long password")];
    assert_eq!(again.post("/account/password", &fields).status, 303);
    assert_eq!(admin.get("/").status, 303);
    let copy = again.clone();
    again.page("/account");
    assert_eq!(again.post("/logout", &[]).status, 303);
    assert_eq!(copy.clone().get("/").status, 303);
    // The database holds no secret that would let its reader in.
    let bytes = ["server.sqlite", "server.sqlite-wal"]
        .map(|name| std::fs::read(serving.path("data").join(name)).unwrap_or_default());
    let all = bytes.concat();
    for secret in [second.as_str(), first.as_str(), "another long password", PASSWORD] {
        assert!(!all.windows(secret.len()).any(|piece| piece == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn each_role_may_do_its_own_and_no_more() {
    let serving = Serving::start(&["--settle", "1"]);
    let mut admin = serving.admin();
    let token = serving.token(&mut admin, "viewer");
    let mut viewer = serving.person(&mut admin, "viewer", "vic", "Vic Viewer");
    let mut qc = serving.person(&mut admin, "qc", "quinn", "Quinn QC");
    let mut approver = serving.person(&mut admin, "approver", "dana", "Dana Reyes");
    serving.drop_in("Show", &["final/end_credits.mp3"]);
    let id = serving.until(&token, "Show", "held")["id"].as_str().unwrap().to_owned();
    let rescan = format!("/deliveries/{id}/rescan");
    for (client, allowed) in [(&mut viewer, false), (&mut qc, true), (&mut approver, true)] {
        client.page(&format!("/deliveries/{id}"));
        assert_eq!(client.post(&rescan, &[]).status == 303, allowed);
        for path in ["/people/invite", "/people/tokens", "/people/1", "/people/tokens/revoke"] {
            assert_eq!(client.post(path, &[("role", "admin"), ("name", "x")]).status, 403, "{path}");
        }
    }
    assert_eq!(
        viewer.post(&format!("/deliveries/{id}/assets/0/request"), &[("scope", "final-deliverable")]).status,
        403
    );
    assert_eq!(qc.post("/requests/any/approve", &[("scope", "final-deliverable")]).status, 403);
    // Tokens: none, a wrong one, one of too low a role, one that was revoked; a session is no token.
    let mut nobody = Client::new(&serving.host);
    let body = json!({ "root": "drops", "name": "Show" }).to_string();
    for (bearer, status) in [("", 401), ("Bearer x", 401), ("Basic x", 401), (&*format!("Bearer {token}"), 403)] {
        let reply = nobody.send("POST", "/api/v1/deliveries", &[("Authorization", bearer)], body.as_bytes());
        assert_eq!(reply.status, status, "{bearer}");
    }
    assert_eq!(admin.get("/api/v1/deliveries").status, 401);
    let page = admin.page("/people");
    let digest = page.split("name=\"digest\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    admin.post("/people/tokens/revoke", &[("digest", &digest)]);
    let bearer = format!("Bearer {token}");
    assert_eq!(nobody.send("GET", "/api/v1/deliveries", &[("Authorization", &bearer)], b"").status, 401);
    // The last admin stays one; who is shut out is out at once.
    admin.page("/people");
    assert_eq!(admin.post("/people/1", &[("role", "viewer")]).status, 422);
    assert_eq!(admin.post("/people/2", &[("role", "viewer"), ("disabled", "on")]).status, 303);
    assert_eq!(viewer.get("/").status, 303);
    assert_eq!(viewer.sign_in("vic", PASSWORD).status, 422);
    // An invitation makes one person.
    let page = admin.post("/people/invite", &[("role", "viewer")]).text();
    let link = page.split("/setup?token=").nth(1).unwrap().get(..43).unwrap().to_owned();
    serving.join(&link, "wim", "Wim");
    assert_eq!(Client::new(&serving.host).get(&format!("/setup?token={link}")).status, 404);
}

#[test]
fn no_address_leads_out_of_a_delivery() {
    let serving = Serving::start(&["--settle", "1"]);
    let mut admin = serving.admin();
    let token = serving.token(&mut admin, "qc");
    std::fs::write(serving.path("secret.txt"), "the secret").unwrap();
    serving.drop_in("Show", &["final/hero_010.png"]);
    std::os::unix::fs::symlink(serving.folder.path(), serving.path("drops/Link")).unwrap();
    let id = serving.until(&token, "Show", "held")["id"].as_str().unwrap().to_owned();
    let escapes =
        ["..", "../..", "%2e%2e", "..%2f..%2fsecret.txt", "%2e%2e%2fsecret.txt", "-1", "999999", "0x0", "0%00", "a"];
    for part in escapes {
        for path in [
            format!("/deliveries/{part}"),
            format!("/deliveries/{id}/assets/{part}"),
            format!("/deliveries/{id}/assets/{part}/picture"),
            format!("/deliveries/{part}/report.json"),
            format!("/requests/{part}/file"),
            format!("/static/{part}"),
            format!("/static/../{part}"),
        ] {
            let reply = admin.get(&path);
            assert_eq!(reply.status, 404, "{path}: {}", reply.text());
            assert!(!reply.text().contains("the secret"), "{path}");
        }
    }
    let bearer = format!("Bearer {token}");
    for (root, name) in [
        ("drops", ".."),
        ("drops", "../drops/Show"),
        ("drops", "Show/final"),
        ("drops", "/etc"),
        ("drops", ""),
        ("drops", "."),
        ("..", "drops"),
        ("/etc", "ssl"),
        ("drops", "Link"),
        ("drops", "Show\u{0}"),
        ("drops", "absent"),
    ] {
        let body = json!({ "root": root, "name": name }).to_string();
        let reply = admin.send("POST", "/api/v1/deliveries", &[("Authorization", &bearer)], body.as_bytes());
        assert!(matches!(reply.status, 404 | 422), "{root} {name}: {} {}", reply.status, reply.text());
    }
    let more = json!({ "root": "drops", "name": "Show", "path": "/etc" }).to_string();
    assert_eq!(admin.send("POST", "/api/v1/deliveries", &[("Authorization", &bearer)], more.as_bytes()).status, 422);
    // A format is a word, not a name of a file.
    let odd = format!("/api/v1/deliveries/{id}/report?format=../../server.sqlite");
    assert_eq!(admin.send("GET", &odd, &[("Authorization", &bearer)], b"").status, 422);
    // A link in a root is no delivery.
    let all = serving.api(&token, "/api/v1/deliveries");
    assert_eq!(all["deliveries"].as_array().unwrap().len(), 1, "{all}");
}

/// A PNG whose text says that a generator made it of this prompt.
fn generated(prompt: &str) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
    };
    let text =
        format!("parameters\0{prompt}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: v1-5");
    let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
    [b"\x89PNG\r\n\x1A\n".to_vec(), chunk(b"IHDR", &header), chunk(b"tEXt", text.as_bytes()), chunk(b"IEND", &[])]
        .concat()
}

#[test]
fn names_and_tags_are_text_wherever_they_are_shown() {
    let serving = Serving::start(&["--settle", "1"]);
    let mut admin = serving.admin();
    let token = serving.token(&mut admin, "qc");
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let name = "<img src=x onerror=alert(3)> \"' {{ 7*7 }} {% raw %}";
    let made = serving.path("made");
    std::fs::create_dir_all(made.join("final")).unwrap();
    std::fs::write(made.join("final").join(format!("{name}.png")), generated(hostile)).unwrap();
    std::fs::rename(made, serving.path("drops").join(name)).unwrap();
    let id = serving.until(&token, name, "held")["id"].as_str().unwrap().to_owned();
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
    let fields = [
        ("scope", "final-deliverable"),
        ("reason", hostile),
        ("tool", hostile),
        ("prompt", hostile),
        ("reference", hostile),
    ];
    let asked = admin.post(&format!("/deliveries/{id}/assets/{number}/request"), &fields);
    assert_eq!(asked.status, 303, "{}", asked.text());
    let request = asked.header("location").split('?').next().unwrap().to_owned();
    admin.page(&request);
    let decided = admin.post(
        &format!("{request}/approve"),
        &[("scope", "final-deliverable"), ("note", hostile), ("condition", hostile)],
    );
    assert_eq!(decided.status, 303, "{}", decided.text());
    let odd = format!("/?state={}&said={}", "%3Cscript%3E", "%3Cscript%3E");
    let mut seen = 0;
    for path in [
        "/",
        "/requests?state=approved",
        "/approvals",
        "/audit",
        &request,
        &format!("/deliveries/{id}"),
        &odd,
        &format!("/deliveries/{id}/assets/{number}"),
        &format!("/deliveries/{id}?rule=%3Cscript%3E"),
        &format!("/deliveries/{id}/difference"),
        "/login?next=%22%3E%3Cscript%3E",
    ] {
        let reply = admin.get(path);
        let text = reply.text();
        for raw in ["<script>alert", "<img src=x", "onerror=alert(3)>", "\"'>", "<script>\""] {
            assert!(!text.contains(raw), "{path} has {raw}: {text}");
        }
        assert!(!text.contains(" 49 "), "{path} runs a template of a name");
        seen += usize::from(text.contains("&lt;img src=x onerror=alert(3)&gt;"));
    }
    assert!(seen >= 5, "the name is shown on {seen} pages");
}

#[test]
fn what_is_too_long_too_much_or_half_is_refused() {
    let serving = Serving::start(&[]);
    let mut admin = serving.admin();
    admin.page("/people");
    let long = "x".repeat(1_100_000);
    assert_eq!(admin.post("/people/tokens", &[("name", &long), ("role", "qc")]).status, 413);
    assert_eq!(admin.post("/people/tokens", &[("name", &long[..5_000]), ("role", "qc")]).status, 422);
    assert_eq!(admin.send("GET", "/", &[("X-Long", &long[..600_000])], b"").status, 431);
    assert_eq!(admin.send("BREW", "/", &[], b"").status, 405);
    assert_eq!(admin.send("DELETE", "/people/1", &[], b"").status, 405);
    // Ten wrong passwords, and nobody gets in under this name for a while, not with the right one either.
    let mut guesser = Client::new(&serving.host);
    let codes: Vec<u16> = (0..11).map(|n| guesser.sign_in("ada", &format!("wrong password {n}")).status).collect();
    assert_eq!(codes, [&[422; 10][..], &[429]].concat());
    assert_eq!(guesser.sign_in("ada", PASSWORD).status, 429);
    // Others still do.
    assert_eq!(admin.get("/").status, 200);
}

#[test]
fn what_would_be_unsafe_is_not_started() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("drops/in")).unwrap();
    let run = |arguments: &[&str]| {
        let out = crate::shared::document::program(folder.path(), env!("CARGO_BIN_EXE_countersign"))
            .args(["serve", "--root", "drops=drops"])
            .args(arguments)
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    for (arguments, word) in [
        (&["--data", "data", "--listen", "0.0.0.0:0"][..], "--public"),
        (&["--data", "data", "--public", "http://review.example.com"], "TLS"),
        (&["--data", "drops/data"], "inside the scanned tree"),
        (&["--data", "data", "--approvals", "drops/in/approvals.jsonl"], "inside the scanned tree"),
        (&["--data", "data", "--root", "a=absent"], "no folder"),
        (&["--data", "data", "--root", "drops=drops/in"], "two roots"),
        (&["--data", "data", "--webhook", "https://example.com"], "COUNTERSIGN_WEBHOOK_SECRET"),
        (&["--data", "data", "--policy", "absent.toml"], "absent.toml"),
    ] {
        let (code, said) = run(arguments);
        let squeezed = crate::shared::document::squeezed(&said);
        assert_eq!(code, Some(3), "{arguments:?}: {said}");
        assert!(squeezed.contains(&crate::shared::document::squeezed(word)), "{arguments:?}: {said}");
    }
}
